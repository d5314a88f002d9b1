#!/bin/bash
# Telling the application: one signed webhook, or a command, for all providers,
# once the files are there; and receivers that refuse, hang, redirect, are gone,
# ask for patience or are away.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/told.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
OLD_SECRET=whsec_$(openssl rand -base64 24)

events()	{ sql "select count(*) from genhook.forwards where name = '$1'${2:+ and $2}"; }
states()	{ sql "select string_agg(n || ' ' || status, ', ' order by status) from (select status, count(*) as n from genhook.forwards where name = '$1' group by status) as s"; }
finished()	{ [ "$(sql "select count(*) from genhook.tasks where status = 'pending'")" = 0 ]; }
attention()	{ sql "select count(*) from genhook.attention where reason = '$1'"; }
# sweeps until every task has ended and nothing is left to download
settle()
{
	soon 60 idle
	sweep_until "select (select count(*) from genhook.tasks where status = 'pending') + (select count(*) from genhook.outputs where status = 'pending')" 0
}

# --- before there is a forward, nothing is kept
before=$(order novita txt2img)
settle
same "without a forward nothing is kept" '0|0' "$(sql "select (select count(*) from genhook.forwards), (select count(*) from genhook.forward_checks)")"

cat >"$WORK/taken" <<-'END'
#!/bin/sh
cat >"$1/$WEBHOOK_ID.json"
END
chmod 755 "$WORK/taken"
mkdir "$WORK/taken.d"
receiver_start
forward shop
forward all 'on = {"task.stored", "task.failed", "task.finished", "request.refused", "request.unknown"}'
forward wave 'account = {"wavespeed default"}'
sed -i "s|secret = {\"$SECRET\"}|secret = {\"$SECRET\", \"$OLD_SECRET\"}|" "$GENHOOK_CONF"
cat >>"$GENHOOK_CONF" <<END
forward script {
	command = "'$WORK/taken' '$WORK/taken.d'"
}
forward locked {
	url = "https://127.0.0.1:$RECEIVER_PORT/locked"
	secret = {"$SECRET"}
}
forward named {
	url = "https://localhost:$RECEIVER_PORT/named"
	secret = {"$SECRET"}
}
forward plain {
	url = "http://127.0.0.1:$RECEIVER_PORT/plain"
	secret = {"$SECRET"}
	allow_private = no
}
END
"$BIN/genhook" --config "$GENHOOK_CONF" config check >"$WORK/check.out" 2>&1
same "the settings are well" 0 "$?"
sweep
same "what has happened before is not told" 0 "$(sql "select count(*) from genhook.forwards")"

# --- each kind of event
a=$(order apimart seedream-5)
w=$(order wavespeed vendor/flux)
f=$(order novita txt2img fail)
settle
sweep
same "a task whose files are there is told" "1 1" "$(told shop ".body | @base64d | fromjson | .type == \"task.stored\" and .data.task_id == \"$a\"") $(told shop ".body | @base64d | fromjson | .type == \"task.stored\" and .data.task_id == \"$w\"")"
same "and one that failed" 1 "$(told shop ".body | @base64d | fromjson | .type == \"task.failed\" and .data.task_id == \"$f\"")"
same "and nothing else" 3 "$(told shop)"
same "each with its row of task_results" "$(sql "select to_jsonb(t) from genhook.task_results t where task_id = '$a'" | jq -cS .)" \
    "$(jq -r "select(.path == \"shop\") | .body | @base64d | fromjson | select(.data.task_id == \"$a\") | .data" "$TOLD" | jq -cS .)"
same "the files that it names are there" '' "$(jq -r 'select(.path == "shop") | .body | @base64d | fromjson | .data.outputs[].location // empty' "$TOLD" | sed 's,^file://,,' | while read -r file; do [ -s "$file" ] || echo "$file"; done)"
same "who wants all gets the ends too, each before its files" '3 3' \
    "$(told all '.body | @base64d | fromjson | .type == "task.finished"') $(jq -r 'select(.path == "all") | .body | @base64d | fromjson | "\(.data.task_id) \(.type)"' "$TOLD" | awk '$2 == "task.finished" { seen[$1] = 1 } $2 != "task.finished" && seen[$1] { n++ } END { print n + 0 }')"
like "there the links are the provider's" '^http' "$(jq -r "select(.path == \"all\") | .body | @base64d | fromjson | select(.type == \"task.finished\" and .data.task_id == \"$a\") | .data.outputs[0].url" "$TOLD")"
same "who wants one account gets no other's" "$w" "$(jq -r 'select(.path == "wave") | .body | @base64d | fromjson | .data.task_id' "$TOLD" | sort -u)"
same "the command had them on its input" "$(printf '%s\n' "$a" "$w" "$f" | sort)" "$(jq -r .data.task_id "$WORK"/taken.d/*.json | sort)"
same "nothing came twice" "$(jq -r 'select(.id) | .id' "$TOLD" | sort -u | wc -l)" "$(jq -r 'select(.id) | .id' "$TOLD" | wc -l)"
same "and all of it is sent" "3 sent|6 sent|1 sent|3 sent" "$(states shop)|$(states all)|$(states wave)|$(states script)"
same "a private address gets nothing, nor by a name, nor without TLS" "0 0 0" "$(asked locked) $(asked named) $(asked plain)"
same "and each says why" 3 "$(sql "select count(distinct name) from genhook.forwards where name in ('locked', 'named', 'plain') and attempts > 0 and last_error ~ 'the address is no public address'")"
same "before the forwards it was not told" 0 "$(sql "select count(*) from genhook.forwards where task_id = '$before'")"

# --- the signatures, by other minds
signed()	# SECRET: does each have a signature of it?
{
	jq -r 'select(.path == "shop") | [.id, .headers["webhook-timestamp"], .headers["webhook-signature"], .body] | @tsv' "$TOLD" |
	while IFS=$'\t' read -r id at signatures body; do
		base64 -d <<<"$body" >"$WORK/signed"
		want=$(sign_event "$1" "$id" "$at" "$WORK/signed")
		[[ " $signatures " == *" $want "* ]] && echo good || echo bad
	done | sort | uniq -c | tr -s ' '
}
same "each is signed with every secret" " 3 good| 3 good" "$(signed "$SECRET")|$(signed "$OLD_SECRET")"
if command -v npm >/dev/null; then
	cp "$TOP"/tests/oracle/webhooks/* "$WORK"
	(cd "$WORK" && npm ci --no-audit --no-fund --loglevel=error) >"$WORK/npm.out" 2>&1 </dev/null
	same "standardwebhooks and svix verify them" "6 verified, 12 forgeries refused" \
	    "$(cd "$WORK" && node verify.js shop "$SECRET" "$OLD_SECRET" <"$TOLD" 2>&1)"
else
	echo "skipped: npm is not here"
fi
"$BIN/genhook" --config "$GENHOOK_CONF" forward test shop >"$WORK/test.out" 2>&1
same "a test is taken" "0 1" "$? $(told shop '.body | @base64d | fromjson | .type == "test"')"
mood shop 503
"$BIN/genhook" --config "$GENHOOK_CONF" forward test shop >"$WORK/test.out" 2>&1
same "or says why not" 1 "$?"
like "in words" 'answered 503' "$(cat "$WORK/test.out")"
"$BIN/genhook" --config "$GENHOOK_CONF" forward test nobody >"$WORK/test.out" 2>&1
same "one that is none is named" 1 "$?"

# --- receivers that do not take it.  The others hear of it at once.
sed -i '/^forward locked/,/^}/d; /^forward named/,/^}/d; /^forward plain/,/^}/d' "$GENHOOK_CONF"
forward other
sweep
mood shop 500
mood all 302
mood wave hang
id=$(order wavespeed vendor/flux)
settle
sweep
same "who is well hears of it" 1 "$(told other)"
same "500 is sent again later" "1 pending, 3 sent 500" "$(states shop) $(sql "select http_status from genhook.forwards where name = 'shop' and status = 'pending'")"
same "a redirect is not followed" "0 1 pending" "$(asked elsewhere) $(events all "status = 'pending' and http_status = 302 and type = 'task.finished'") pending"
same "and what comes behind it of the same task waits" 0 "$(events all "status = 'pending' and attempts > 0 and type = 'task.stored'")"
like "who hangs is cut off" 'time is up' "$(sql "select last_error from genhook.forwards where name = 'wave' and status = 'pending'")"
rm "$MODES/wave"
sql "update genhook.forwards set attempts = 0 where name = 'shop' and status = 'pending'"
tries=0
for wait in '5 s' '5 min' '30 min' '2 h' '5 h' '10 h' '10 h'; do
	sql "update genhook.forwards set next_attempt_at = now() where name = 'shop' and status = 'pending'" >/dev/null
	sweep
	same "after try $((++tries)) it waits for $wait" "$tries t" "$(sql "select attempts || ' ' || substr((next_attempt_at - now() between interval '$wait' - interval '1 min' and interval '$wait' * 1.1)::text, 1, 1) from genhook.forwards where name = 'shop' and status = 'pending'")"
done
sql "update genhook.forwards set next_attempt_at = now() where name = 'shop' and status = 'pending'" >/dev/null
sweep
same "then it is given up" "1 failed, 3 sent 8" "$(states shop) $(sql "select attempts from genhook.forwards where name = 'shop' and status = 'failed'")"
same "and in attention" 1 "$(attention 'forward failed')"
rm "$MODES/shop" "$MODES/all"
sql "$(sql "select cure from genhook.attention where reason = 'forward failed'")" >/dev/null
due
sweep
same "retry_forwards() tells it again, by the same id" "4 sent 1" \
    "$(states shop) $(told shop ".body | @base64d | fromjson | .data.task_id == \"$id\"")"
same "the others have had it, too" "8 sent|2 sent" "$(states all)|$(states wave)"

# --- receivers that answer oddly, at each stage: all at once, and none holds up another
odd_start()	# NAME LINES: a forward of its own, /odd-NAME
{
	forward "odd-$1" 'account = {"apixo default"}'
	mood "odd-$1" "${@:2}"
}
odd_start drip drip
odd_start stall-taken stall 200
odd_start stall-refused stall 500
odd_start flood-taken flood 201
odd_start flood-refused flood 503
odd_start heads heads
odd_start garbage garbage
odd_start cut cut
odd_start created 202
odd_start forever 200 86400
odd_start moved 308
odd_start unsaid 304
# One that accepts no connection: what waits to be accepted fills its queue.
/usr/bin/python3 "$TOP/tests/e2e/lib/full.py" "$WORK/full.port" &
RUNS+=($!)
soon 30 test -s "$WORK/full.port"
(RECEIVER_PORT=$(cat "$WORK/full.port"); forward odd-full 'account = {"apixo default"}')
sweep
id=$(order apixo flux-2)
settle
begin=$(now_ms)
sweep
took=$(($(now_ms) - begin))
odd_state()	{ sql "select concat_ws(' ', status, http_status, last_error) from genhook.forwards where name = 'odd-$1'"; }
like "a head that comes by the byte is cut off" '^pending .*time is up' "$(odd_state drip)"
same "a 200 counts, whatever becomes of its body" 'sent 200' "$(odd_state stall-taken)"
like "and so does a 500" '^pending 500 answered 500' "$(odd_state stall-refused)"
same "a body without end is cut off, and the 201 counts" 'sent 201' "$(odd_state flood-taken)"
like "and so does a 503" '^pending 503 answered 503' "$(odd_state flood-refused)"
same "nor need its head end" 'sent 200' "$(odd_state heads)"
like "what is no HTTP is no answer" '^pending ' "$(odd_state garbage)"
like "nor nothing" '^pending ' "$(odd_state cut)"
same "any 2xx is success, with whatever headers" 'sent 202|sent 200' "$(odd_state created)|$(odd_state forever)"
like "a redirect is none" '^pending 308 answered 308: redirects are not followed' "$(odd_state moved)"
like "of whatever kind" '^pending 304 ' "$(odd_state unsaid)"
like "one that accepts no connection is given up in time" '^pending .*[a-z]' "$(odd_state full)"
same "the others were told meanwhile" "1 1" "$(told shop ".body | @base64d | fromjson | .data.task_id == \"$id\"") $(told other ".body | @base64d | fromjson | .data.task_id == \"$id\"")"
check "all of it in the time that one has ($took ms)" [ "$took" -lt 25000 ]
same "who took it is not sent it again" '5 1' "$(sql "select count(*), max(attempts) from genhook.forwards where name like 'odd-%' and status = 'sent'" | tr '|' ' ')"
sed -i '/^forward odd-/,/^}/d' "$GENHOOK_CONF"
rm "$MODES"/odd-*
sweep
same "what waits for a section that is gone is in attention" 1 "$(sql "update genhook.forwards set happened_at = now() - interval '1 hour' where name = 'odd-cut'; select count(*) from genhook.attention where reason = 'forward waits' and details ~ 'odd-cut.*answered|odd-cut.*: '")"
sql "update genhook.forwards set happened_at = now() - interval '31 days' where name like 'odd-%' and status = 'pending' and name <> 'odd-drip'" >/dev/null
old=$(sql "update genhook.forwards set happened_at = now() - interval '31 days' where id = (select max(id) from genhook.forwards where name = 'shop' and status = 'sent') returning id" | head -n 1)
sql "update genhook.forwards set status = 'pending', next_attempt_at = now() + interval '1 hour', sent_at = null, settled_at = null where id = $old; select genhook.retain_deliveries(30)" >/dev/null
same "and goes with the deliveries of its time" 'odd-drip' "$(sql "select string_agg(distinct name, ' ') from genhook.forwards where name like 'odd-%' and status = 'pending'")"
same "what waits for one that is there stays" pending "$(sql "select status from genhook.forwards where id = $old")"
sql "delete from genhook.forwards where name like 'odd-%'; update genhook.forwards set status = 'sent', next_attempt_at = null, sent_at = now(), settled_at = now() where id = $old"

# --- Retry-After, and a receiver that is gone
mood shop 429 40
mood all 410
mood other 503 "$(TZ=GMT date -d '+40 minutes' '+%a, %d %b %Y %H:%M:%S GMT')"
id=$(order apimart seedream-5)
order apimart seedream-5 >/dev/null
settle
sweep
same "Retry-After is waited for" t "$(sql "select min(next_attempt_at - now()) > interval '25 s' from genhook.forwards where name = 'shop' and status = 'pending' and attempts > 0")"
same "by all of the forward" t "$(sql "select not_before > now() + interval '25 s' from genhook.forward_targets where name = 'shop'")"
same "also where it is a date" "t t" "$(sql "select bool_and(next_attempt_at between now() + interval '35 min' and now() + interval '41 min') from genhook.forwards where name = 'other' and status = 'pending' and attempts > 0") $(sql "select not_before between now() + interval '35 min' and now() + interval '41 min' from genhook.forward_targets where name = 'other'")"
n=$(asked shop)
sql "update genhook.forwards set next_attempt_at = now() where status = 'pending'" >/dev/null
sweep --dry-run
like "a dry run says what is due and waits" 'forward +shop: task.stored of apimart/.* waits: the receiver wants nothing before' "$(cat "$WORK/sweep.out")"
sweep
same "and nothing is sent meanwhile" "$n" "$(asked shop)"
gone=$(asked all)
rm "$MODES/shop" "$MODES/all" "$MODES/other"
due
sweep
same "410 ends a forward" "$gone" "$(asked all)"
same "which is in attention" 1 "$(attention 'forward ended')"
same "the other one goes on" "7 sent" "$(states shop)"
sed -i "s|/all\"|/all/new\"|" "$GENHOOK_CONF"
sweep
sweep
same "until its section changes" "14 sent" "$(states all)"
same "then it is well" 0 "$(attention 'forward ended')"

# --- a receiver that is away
receiver_stop
order novita txt2img >/dev/null
order novita txt2img lose >/dev/null
settle
for _ in 1 2 3; do
	due
	sweep
done
same "who is away has nothing lost" "2 pending, 7 sent" "$(states shop)"
receiver_start
due
sweep
same "and gets it when it is back" "9 sent" "$(states shop)"

# --- a run that is ended while a receiver thinks: that was no refusal
mood shop hang
before=$(asked shop)
post_text "$(hook apimart)" '{"id":"ended","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}' >/dev/null
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/ended.out" 2>&1 &
pid=$!
check "a receiver hangs" soon 60 eval '[ "$(asked shop)" -gt "$before" ]'
kill -TERM "$pid"
wait "$pid"
same "what was on its way is given back, and not counted" 'pending 0 t' \
    "$(sql "select concat_ws(' ', status, attempts, leased_until is null) from genhook.forwards where name = 'shop' and task_id = 'ended'")"
rm "$MODES/shop"
sweep
same "the next run tells it" sent "$(sql "select status from genhook.forwards where name = 'shop' and task_id = 'ended'")"

# --- who fails again and again gets no more in this run, however much waits
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, source)
    select 'apimart', 'heap-' || n, 'failed', now(), now(), 'callback' from generate_series(1, 60) as n;
    insert into genhook.forwards (name, provider, task_id, type, happened_at, webhook_id)
    select 'other', 'apimart', 'heap-' || n, 'task.failed', now(), 'msg_heap_' || n from generate_series(1, 60) as n" >/dev/null
mood other 500
sweep
heap=$(jq -r 'select(.path == "other" and .id) | .id' "$TOLD" | grep -c '^msg_heap_')
check "some of 60 are tried ($heap)" [ "$heap" -ge 3 ]
check "and not all" [ "$heap" -le 20 ]
rm "$MODES/other"
sql "delete from genhook.forwards where task_id like 'heap-%'; delete from genhook.tasks where task_id like 'heap-%'"

# --- out of the spool, an output that is given up, cancelled, lost, refused
sql "insert into genhook.requests (provider, model, request) values ('apimart', 'seedream-5', '{\"prompt\": \"x\"}')"
faults '{"submit-refuse":100}'
sweep
faults '{"submit-refuse":0}'
sweep
same "a refused request is told" 1 "$(told all/new '.body | @base64d | fromjson | .type == "request.refused" and .data.request_status == "refused"')"
register novita to-be-cancelled txt2img
"$BIN/genhook" --config "$GENHOOK_CONF" cancel novita/to-be-cancelled >/dev/null
done_by_callback dead "http://$SIMULATOR_ADDRESS:1/none.png" "$(($(date +%s) - 3600))"
sweep_until "select count(*) from genhook.outputs where status = 'pending'" 0
sweep
same "a cancelled task is told" 1 "$(told shop '.body | @base64d | fromjson | .type == "task.failed" and .data.status == "cancelled"')"
same "and one whose output is given up" 1 "$(told shop '.body | @base64d | fromjson | .type == "task.failed" and .data.task_id == "dead" and .data.status == "succeeded"')"
done_by_callback early "$SIMULATOR/files/none.png" >/dev/null
sql "delete from genhook.forwards where task_id = 'early'; delete from genhook.tasks where task_id = 'early'"
old=$(($(date +%s) - 7200))
sql "select genhook.receive(array[gen_random_uuid()], array[to_timestamp($old)], '{novita}', '{default}', '{callback}', '{accepted}', '{token}', array[null::text], array[null::text], array['{}'::bytea], array[null::text], '{from-the-spool}', '{failed}', array[null::text], array[null::text], array[null::text], '{f}', array[null::timestamptz], array[null::timestamptz], array['x'::bytea], '{}', '{}', '{}', '{}', '{}', '{}', '{}')" >/dev/null
sweep
same "what comes out of a spool after two hours is told" 1 "$(told shop '.body | @base64d | fromjson | .data.task_id == "from-the-spool"')"
"$BIN/genhook" --config "$GENHOOK_CONF" forwards --limit 1000 --json >"$WORK/list.out"
same "the command lists them" "$(sql "select count(*) from genhook.forwards")" "$(jq length "$WORK/list.out")"
same "a task's life has it" 1 "$(sql "select count(*) from jsonb_array_elements(genhook.web_life('apimart', '$a')) as e where e ->> 'what' = 'told' and e ->> 'forward' = 'shop'")"
same "none was told without its files in place" '' "$(jq -r '.absent[]?' "$TOLD" | sort -u)"
same "no row waits" 0 "$(events shop "status = 'pending'")"
finish
