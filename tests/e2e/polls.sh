#!/bin/bash
# Polls: what a status API may answer and what becomes of the task, and how
# much it is asked.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
origin_start
SHORT=static-token-0123456789abcdef0123456789abcdef
cat >>"$GENHOOK_CONF" <<END
apimart static {
	token = {"$SHORT"}
	api_key = "a-key-for-the-static-api"
	api_base = "$ORIGIN"
	poll_after = 1
	polls_per_minute = 6000
}
END
conf_set 'apixo default' 'trust = requery'
conf_set 'novita default' 'give_up_after = 60'
handlers_restart

polled()	{ ledger "select(.event == \"polled\" and .provider == \"$1\") | .http" | wc -l; }
summary()	{ tail -n 1 "$WORK/sweep.out"; }

# --- ends that only a poll finds
declare -A cancelled failed lost
for provider in "${PROVIDERS[@]}"; do
	model=flux
	[ "$provider" != wavespeed ] || model=vendor/flux
	cancelled[$provider]=$(order "$provider" "$model" lose,cancel)
	failed[$provider]=$(order "$provider" "$model" lose,fail)
	lost[$provider]=$(order "$provider" "$model" notfound,lose)
done
never=$(order novita flux never)
text=$(order wavespeed openai/whisper lose)
sql "select genhook.register_task('novita', 'strangers-own', 'm', 'stranger'), genhook.register_task('novita', 'young', 'm')" >/dev/null
sql "update genhook.tasks set next_poll_at = now() + case task_id when '$never' then interval '0' else interval '1 hour' end where task_id in ('$never', '$text')"
sql "update genhook.tasks set submitted_at = now() - case task_id when 'young' then interval '-1 hour' else interval '1 hour' end where task_id in ('young', 'strangers-own')"
sql "insert into genhook.outputs (provider, task_id, position, kind, url, attempts, next_attempt_at) select 'novita', '$never', n, 'image', 'https://127.0.0.1/', n, now() + n * interval '1 hour' from generate_series(0, 1) n"
sweep --dry-run
same "a dry run polls nobody" 0 "$(polled novita)"
like "and says who is due" "poll .*novita/$never " "$(cat "$WORK/sweep.out")"
fails "and nobody who is not, or is of no account" grep -q "$text\|young\|strangers-own" "$WORK/sweep.out"
same "so of downloads" "download  novita/$never/0 " "$(grep -o "download  novita/$never/[0-9] " "$WORK/sweep.out")"
sql "delete from genhook.tasks where task_id in ('young', 'strangers-own'); delete from genhook.outputs where task_id = '$never'"
soon 60 idle
due_now
sweep
for provider in novita apimart wavespeed; do
	same "cancelled at $provider" 'cancelled|poll' "$(task "$provider" "${cancelled[$provider]}" "status, source")"
done
for provider in "${PROVIDERS[@]}"; do
	like "failed at $provider, in its words" '^failed\|poll\|.+' \
	    "$(task "$provider" "${failed[$provider]}" "status, source, error_message")"
	same "$provider knows no such task, once: still pending" pending "$(task "$provider" "${lost[$provider]}")"
done
same "a text needs no download" 'inline|text' "$(output wavespeed "$text" "status, kind")"
due_now
sweep
same "twice: still pending" 'pending|2' "$(task apixo "${lost[apixo]}" "status, not_found_polls")"
due_now
sweep
same "a lost task is worth a person's look" 1 "$?"
for provider in "${PROVIDERS[@]}"; do
	same "thrice: lost at $provider" 'lost|not_found' "$(task "$provider" "${lost[$provider]}" "status, error_code")"
done
sql "update genhook.tasks set submitted_at = now() - interval '61 s' where task_id = '$never'"
sweep
same "what never ends is given up" 'lost|gave_up' "$(task novita "$never" "status, error_code")"
same "attention names them all" 5 "$(sql "select count(*) from genhook.attention where reason = 'lost task'")"
sql "select genhook.repoll_tasks()" >/dev/null
same "and how to go on" 0 "$(sql "select count(*) from genhook.tasks where status = 'lost'")"
sql "select genhook.cancel_tasks(provider, task_id) from genhook.tasks where status = 'pending'" >/dev/null

# --- very many at once are given up, some in each transaction
sql "insert into genhook.tasks (provider, task_id, account, submitted_at, polls, next_poll_at)
    select 'novita', 'overdue-' || n, 'default', now() - interval '1 hour', 1, now() + interval '1 hour' from generate_series(1, 3500) as n
    union all select 'novita', 'unasked', 'default', now() - interval '1 hour', 0, now() + interval '1 hour'"
sweep
same "3500 overdue tasks are lost" '3500|gave_up' \
    "$(sql "select count(*), error_code from genhook.tasks where task_id like 'overdue-%' and status = 'lost' group by error_code")"
same "in four transactions" 4 "$(sql "select count(distinct xmin::text) from genhook.tasks where task_id like 'overdue-%'")"
same "each is named once" '3500 3500' "$(sed -n 's/.*novita\/\(overdue-[0-9]*\): lost.*/\1/p' "$WORK/sweep.out" | sort | awk '{ n++ } $0 != last { u++ } { last = $0 } END { print n, u }')"
same "one that nobody asked for is not" pending "$(task novita unasked)"
sql "delete from genhook.tasks where task_id like 'overdue-%' or task_id = 'unasked'"

# --- a test event has no task behind it
test_hook="$(hook novita)"
curl -sS --noproxy '*' -o /dev/null -H "Authorization: Bearer $KEY_NOVITA" -H 'Content-Type: application/json' \
    -d '{"extra":{"webhook":{"url":"'"$test_hook"'","test_mode":{"enabled":true,"return_task_status":"TASK_STATUS_SUCCEED"}}}}' \
    "$SIMULATOR/novita/v3/async/flux"
soon 60 idle
sweep
same "a test event is marked as one" 'succeeded' "$(sql "select status from genhook.tasks where is_test")"
same "and alarms nobody" 0 "$(sql "select count(*) from genhook.attention a join genhook.tasks t using (provider, task_id) where is_test")"

# --- what is not believed
id=$(submit apixo flux -H 'X-Simulate: lose')
post_text "$(hook apixo)" '{"code":200,"message":"success","data":{"taskId":"'"$id"'","state":"failed","failMsg":"forged","resultJson":""}}' >/dev/null
register apixo "$id" flux
same "a forged callback only makes the poll due" 'pending|t' "$(task apixo "$id" "status, next_poll_at <= now()")"
soon 60 idle
sweep
same "and the provider's own word counts" 'succeeded|poll|stored' "$(task apixo "$id" "status, source")|$(output apixo "$id")"
id=$(order wavespeed vendor/flux lose)
printf '{"id":"%s","status":"failed","error":"stale","outputs":[]}' "$id" >"$WORK/stale"
same "a stale callback" '200 {"status":"stale"}' "$(post_signed "$WORK/stale" evt_9 $(($(date +%s) - 4000)))"
soon 60 idle
sweep
same "is settled by a poll" 'succeeded|poll' "$(task wavespeed "$id" "status, source")"

# --- odd answers of a status API
mkdir -p "$WORK/origin/v1/tasks/redirected"
api()	{ cat >"$WORK/origin/v1/tasks/$1"; }
echo '{"id":"dreaming","status":"dreaming"}' | api dreaming
echo '{"code":200,"data":{"id":"later","status":"processing"}}' | api later
echo '{"code":500,"message":"server on fire","data":null}' | api inside
apimart_task another "$ORIGIN/x.jpg" 1900000000 | api swapped
echo '{"id":"shapeless","status":"completed","result":7}' | api shapeless
echo '<html>busy</html>' | api page
printf '{"id":"huge","x":"' | api huge
truncate -s 257M "$WORK/origin/v1/tasks/huge"
echo 'not found' >"$WORK/origin/v1/tasks/redirected/index.html"
for id in dreaming later inside swapped page huge redirected; do
	sql "select genhook.register_task('apimart', '$id', 'm', 'static')" >/dev/null
done
due_now
sweep
while IFS='|' read -r id words; do
	like "status API: $id" "^pending\\|$words\$" "$(task apimart "$id" "status, coalesce(last_poll_error, '-')")"
done <<'CASES'
dreaming|unknown status "dreaming"
later|-
inside|.*server on fire.*
swapped|the answer is about another task
page|.+
huge|127.0.0.1: larger than 268435456 bytes
redirected|.*301.*
CASES
like "attention shows the unknown word" 'unknown status' "$(sql "select details from genhook.attention where task_id = 'dreaming'")"
same "no redirect is followed with a key" 0 "$(origin_log | grep -c 'redirected/')"
# Three of the seven are an account's troubles: where they were answered last, in a
# row, the account rests.
sql "delete from genhook.accounts where provider = 'apimart'"
echo '{"id":"dreaming","status":"cancelled"}' | api dreaming
due_now
sweep --provider apimart --task dreaming
same "--task polls this one alone" "cancelled 1" "$(task apimart dreaming) $(summary | sed 's/.*polled \([0-9]*\),.*/\1/')"
sql "select genhook.cancel_tasks(provider, task_id) from genhook.tasks where status = 'pending'" >/dev/null

# --- how much is asked
faults '{"busy":100}'
for _ in 1 2 3 4; do
	busy=$(order apimart flux lose)
done
other=$(order novita flux lose)
soon 60 idle
before=$(polled apimart)
due_now
sweep --provider apimart
same "a 429 stops the account" $((before + 1)) "$(polled apimart)"
same "in other runs too" 't' "$(sql "select not_before > now() - interval '5 minutes' and reason is not null from genhook.accounts where provider = 'apimart' and account = 'default'")"
sql "update genhook.accounts set not_before = now() + interval '1 hour' where provider = 'apimart'"
faults '{"busy":0}'
due_now
sweep
same "until its time is over" $((before + 1)) "$(polled apimart)"
same "no other account waits" succeeded "$(task novita "$other")"
sql "update genhook.accounts set not_before = now() - interval '1 s'"
sweep
same "then all goes on" 'succeeded' "$(task apimart "$busy")"

sed -i '/^novita default/,/^}/ s/polls_per_minute = .*/polls_per_minute = 3/' "$GENHOOK_CONF"
# The minutes of the budget are the clock's: when one ends just now, it is the
# turn of the next.
for _ in 1 2 3; do
	for _ in 1 2 3 4 5 6 7 8; do
		order novita flux lose >/dev/null
	done
	soon 60 idle
	sql "update genhook.accounts set polls = 0 where provider = 'novita'"
	before=$(polled novita)
	due_now
	minute=$(date +%H:%M)
	sweep &
	first=$!
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1
	wait "$first"
	sweep
	[ "$(date +%H:%M)" != "$minute" ] || break
done
same "a minute's budget holds for all sweeps together" $((before + 3)) "$(polled novita)"
sed -i 's/polls_per_minute = 3$/polls_per_minute = 6000/' "$GENHOOK_CONF"
sweep
same "the rest comes later" 0 "$(sql "select count(*) from genhook.tasks where status = 'pending' and provider = 'novita'")"

# --- a refused key
sed -i "s/$KEY_WAVESPEED/not-the-key-at-all/" "$GENHOOK_CONF"
for _ in 1 2 3 4 5; do
	id=$(order wavespeed vendor/flux lose)
	other=$(order novita flux lose)
done
soon 60 idle
before=$(polled wavespeed)
due_now
sweep
same "a refused key is exit status 1" 1 "$?"
same "said once" 1 "$(grep -c 'the API key is refused' "$WORK/sweep.out")"
same "the others are polled" succeeded "$(task novita "$other")"
same "its tasks wait" pending "$(task wavespeed "$id")"
same "no key is in the log" 0 "$(grep -c 'not-the-key' "$WORK/sweep.out")"
sed -i "s/not-the-key-at-all/$KEY_WAVESPEED/" "$GENHOOK_CONF"
due_now
sweep
same "with the right key all goes on" 'succeeded' "$(task wavespeed "$id")"

# --- many slow tasks of one account, three of another
faults '{"status-delay-ms":150}'
sed -i 's/allow_private_networks.*/&\n\tpolls_in_flight = 4\n\tmax_seconds = 6/' "$GENHOOK_CONF"
sql "select genhook.register_task('novita', 'slow-' || g) from generate_series(1, 400) as g" >/dev/null
few=()
for _ in 1 2 3; do
	few+=("$(order apixo flux lose)")
done
soon 60 idle
due_now
sweep
for id in "${few[@]}"; do
	same "three tasks beside 400 slow ones are polled" succeeded "$(task apixo "$id")"
done
# A run may also end when all that it has claimed is asked for.
given_back()
{
	at_least 1 sql "select count(*) from genhook.tasks
	    where task_id like 'slow-%' and polls = 0 and next_poll_at <= now()
	    and next_poll_at > (select max(started) from genhook.sweeps)"
}
for _ in 1 2 3 4 5; do
	! given_back || break
	sweep
done
check "what was claimed and not asked for is due again" given_back
# All of them would take 15 s.
check "a run ends by itself" test "$(sql "select finished - started < interval '10 s' from genhook.sweeps order by id desc limit 1")" = t
sed -i 's/max_seconds = 6$/max_seconds = 50/' "$GENHOOK_CONF"
due_now
was=$(polled novita)
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/term.out" 2>&1 &
pid=$!
check "a run is in the middle" soon 30 at_least $((was + 1)) polled novita
kill -TERM "$pid"
begin=$(now_ms)
wait "$pid"
check "asked to end, it ends" test $(($(now_ms) - begin)) -le 4000
like "and says so in its row" 'signal' "$(sql "select error from genhook.sweeps order by id desc limit 1")"
finish
