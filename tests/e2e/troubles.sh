#!/bin/bash
# An API that is down, wants money or stands behind a block page: the account
# waits as a whole, longer each time, one goes first, and in the end each request
# is taken once.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
sed -i 's/polls_per_minute = .*/&\n\tsubmits_per_minute = 60000/' "$GENHOOK_CONF"

marks()		{ jq -r 'select(.event == "submitted") | [.request | .. | .prompt? // empty][0] // empty' "$LEDGER"; }
away()		{ jq -r "select(.event == \"turned_away\" and .submit == $1) | .http" "$LEDGER" | wc -l; }
requests()	{ sql "select string_agg(n || ' ' || status, ', ' order by status) from (select count(*) as n, status from genhook.requests where provider = '$1' group by status) as s"; }
account()	{ sql "select $2 from genhook.accounts where provider = '$1' and account = 'default'"; }
insert()	# PROVIDER MODEL COUNT
{
	sql "set role genhook_app; insert into genhook.requests (provider, model, request) select '$1', '$2', jsonb_build_object('prompt', '$1-' || g, 'input', jsonb_build_object()) from generate_series(1, $3) as g"
}
# The pause is over, by the clock.  What waits by itself is due as well.
later()
{
	sql "update genhook.accounts set not_before = now(), probed_at = probed_at - interval '1 hour';
	    update genhook.requests set next_attempt_at = least(next_attempt_at, now()) where status = 'queued'"
}
attention()	{ sql "select count(*) from genhook.attention where reason = 'account paused' and provider = '$1'"; }
# wait_is PROVIDER SECONDS: is that how long it is to wait from the last sweep on?
wait_is()	{ sql "select a.not_before between s.started + interval '$2 s' and s.finished + interval '$2 s' from genhook.accounts a, (select started, finished from genhook.sweeps order by id desc limit 1) as s where a.provider = '$1' and a.account = 'default'"; }

# --- 40 requests, and an API that is not well in every way, one after another
insert novita txt2img 40
id=$(order novita flux lose)
soon 60 idle
sql "update genhook.tasks set next_poll_at = now() + interval '1 hour' where task_id = '$id'"
faults '{"submit-status":502}'
sweep
waited=$(wait_is novita 30)
same "502: one request is asked, of which nobody can say" '39 queued, 1 unknown' "$(requests novita)"
sweep
sweep
same "the others wait, whoever sweeps" '39 queued, 1 unknown 1' "$(requests novita) $(away true)"
like "why is in account_health" '^t\|down: answered 502 with a web page: 502 in the way$' \
    "$(sql "select paused_until > now(), paused_because from genhook.account_health where provider = 'novita'")"
"$BIN/genhook" --config "$GENHOOK_CONF" requests queued --json >"$WORK/requests.out"
same "and in the list of requests" 39 "$(grep -o 'the account is paused until [^"]*: down: answered 502' "$WORK/requests.out" | wc -l)"
sweep --dry-run
same "a dry run does not promise to send them" '39 0' \
    "$(grep -c 'waits: the account is paused' "$WORK/sweep.out") $(sed -n 's/^dry run.* \([0-9]*\) queued requests.*/\1/p' "$WORK/sweep.out")"
same "an outage of a moment is nobody's work" 0 "$(attention novita)"
same "the first wait is short" t "$waited"
faults '{"submit-status":521}'
for round in 2 3 4; do
	later
	sweep
	same "521: one more is asked, and it was never delivered" "39 queued, 1 unknown $round" "$(requests novita) $(away true)"
	same "and the next wait is longer" t "$(wait_is novita $((15 << round)))"
done
sql "update genhook.accounts set trouble_since = now() - interval '16 minutes' where provider = 'novita'"
same "an outage that lasts is in attention" 1 "$(attention novita)"

later
pids=()
for i in 1 2 3; do
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/both$i.out" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
same "three sweeps at once ask once" "39 queued, 1 unknown 5" "$(requests novita) $(away true)"

faults '{"submit-status":402}'
later
sweep
same "402 is worth a look" 1 "$?"
same "and refuses nothing" "39 queued, 1 unknown 6" "$(requests novita) $(away true)"
like "it is said once" '^1$' "$(grep -c 'paused: no credit (answered 402: insufficient balance)' "$WORK/sweep.out")"
like "and in attention, at once" 'no credit: answered 402: insufficient balance' "$(sql "select details from genhook.attention where reason = 'account paused'")"
due_now
sweep
same "without credit, tasks are polled all the same" succeeded "$(task novita "$id")"
same "and nothing is sent" 6 "$(away true)"
like "it has no credit still" '^no credit\|6$' "$(account novita "trouble, troubles")"
sql "$(sql "select cure from genhook.attention where reason = 'account paused'")" >/dev/null
sweep
same "the cure has one tried at once" "39 queued, 1 unknown 7" "$(requests novita) $(away true)"

faults '{"submit-status":403}'
later
sweep
same "a block page refuses nothing" "39 queued, 1 unknown 8" "$(requests novita) $(away true)"
like "and is named" 'walled off \(answered 403 with a web page: 403 in the way\)' "$(cat "$WORK/sweep.out")"
faults '{"submit-status":200}'
later
sweep
same "nor does one that says 200" "39 queued, 1 unknown 9" "$(requests novita) $(away true)"
same "so far nothing was taken" 0 "$(marks | wc -l)"

faults '{"submit-status":0}'
sweep
same "the pause holds, though all is well again" "39 queued, 1 unknown" "$(requests novita)"
later
sweep
same "then all go, in one run" "39 submitted, 1 unknown" "$(requests novita)"
same "and the account is well" '0||t' "$(account novita "troubles, trouble, not_before < now()")"
sql "select genhook.requeue_requests(id) from genhook.requests where status = 'unknown'" >/dev/null
sweep
same "40 are submitted" "40 submitted" "$(requests novita)"
same "each was taken once" '40 40' "$(marks | grep -c '^novita-') $(marks | grep '^novita-' | sort -u | wc -l)"

# --- where the provider takes an Idempotency-Key, none is unknown
conf_set 'apimart default' 'resend_unknown = yes'
insert apimart seedream-5 40
before=$(away true)
for status in 502 504 521 402 403; do
	faults '{"submit-status":'$status'}'
	later
	sweep
	before=$((before + 1))
	same "with a key against doubles, $status leaves all queued" "40 queued $before" "$(requests apimart) $(away true)"
done
faults '{"submit-status":0}'
later
sweep
same "all are submitted" '40 submitted' "$(requests apimart)"
same "once" '40 40' "$(marks | grep -c '^apimart-') $(marks | grep '^apimart-' | sort -u | wc -l)"

# --- one account's trouble is not another's, and no connection is one
sed -i "s|api_base = \"$SIMULATOR/apixo\"|api_base = \"http://127.0.0.1:1/apixo\"|" "$GENHOOK_CONF"
insert apixo flux-2 40
insert wavespeed vendor/flux 40
sweep
same "no connection: all wait, one was tried" '40 queued 1' "$(requests apixo) $(sql "select sum(attempts) from genhook.requests where provider = 'apixo'")"
same "the others go" '40 submitted' "$(requests wavespeed)"
sed -i "s|http://127.0.0.1:1/apixo|$SIMULATOR/apixo|" "$GENHOOK_CONF"
later
sweep
same "then each, once" '40 submitted 40' "$(requests apixo) $(sql "select count(*) from genhook.requests where provider = 'apixo' and attempts between 1 and 2")"

# --- answers that are lost: no more than three in a row
faults '{"submit-hangup":100}'
insert wavespeed vendor/flux 20
sweep
sweep
same "three answers that never came make an account wait" '17 queued, 40 submitted, 3 unknown' "$(requests wavespeed)"
faults '{"submit-hangup":0}'
later
sweep
same "the others go, once" '57 submitted, 3 unknown' "$(requests wavespeed)"

# --- a status API that is down is not asked a hundred times
for _ in $(seq 30); do
	id=$(order novita flux lose)
done
soon 60 idle
faults '{"poll-status":521}'
before=$(away false)
due_now
sweep
same "three polls, and no more" $((before + 3)) "$(away false)"
due_now
sweep
same "nor in the next run" $((before + 3)) "$(away false)"
for round in 4 5; do
	later
	due_now
	sweep
	same "when the pause is over, one" $((before + round)) "$(away false)"
done
same "and the next wait is longer" t "$(wait_is novita 120)"
same "no task is lost for it" 0 "$(sql "select count(*) from genhook.tasks where status = 'lost' or not_found_polls > 0")"
faults '{"poll-status":404}'
later
due_now
sweep
same "a page that says 404 is no word on a task" 0 "$(sql "select count(*) from genhook.tasks where not_found_polls > 0")"
faults '{"poll-status":0}'
later
due_now
sweep
same "well again, all are polled" 0 "$(sql "select count(*) from genhook.tasks where status = 'pending' and provider = 'novita'")"
finish
