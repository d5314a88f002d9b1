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
same "a private address gets nothing, nor by a name" "0 0" "$(asked locked) $(asked named)"
like "and says why" 'public' "$(sql "select last_error from genhook.forwards where name = 'locked' limit 1")"
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
sed -i '/^forward locked/,/^}/d; /^forward named/,/^}/d' "$GENHOOK_CONF"
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
	same "after try $((++tries)) it waits for $wait" "$tries t" "$(sql "select attempts || ' ' || substr((next_attempt_at - now() between interval '$wait' * 0.9 - interval '1 min' and interval '$wait' * 1.1)::text, 1, 1) from genhook.forwards where name = 'shop' and status = 'pending'")"
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

# --- Retry-After, and a receiver that is gone
mood shop 429 40
mood all 410
id=$(order apimart seedream-5)
order apimart seedream-5 >/dev/null
settle
sweep
same "Retry-After is waited for" t "$(sql "select min(next_attempt_at - now()) > interval '25 s' from genhook.forwards where name = 'shop' and status = 'pending' and attempts > 0")"
same "by all of the forward" t "$(sql "select not_before > now() + interval '25 s' from genhook.forward_targets where name = 'shop'")"
n=$(asked shop)
sql "update genhook.forwards set next_attempt_at = now() where status = 'pending'" >/dev/null
sweep --dry-run
like "a dry run says what is due and waits" 'forward +shop: task.stored of apimart/.* waits: the receiver wants nothing before' "$(cat "$WORK/sweep.out")"
sweep
same "and nothing is sent meanwhile" "$n" "$(asked shop)"
gone=$(asked all)
rm "$MODES/shop" "$MODES/all"
due
sweep
same "410 ends a forward" "$gone" "$(asked all)"
same "which is in attention" 1 "$(attention 'forward ended')"
same "the other one goes on" "6 sent" "$(states shop)"
sed -i "s|/all\"|/all/new\"|" "$GENHOOK_CONF"
sweep
sweep
same "until its section changes" "12 sent" "$(states all)"
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
same "who is away has nothing lost" "2 pending, 6 sent" "$(states shop)"
receiver_start
due
sweep
same "and gets it when it is back" "8 sent" "$(states shop)"

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
