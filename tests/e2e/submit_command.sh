#!/bin/bash
# `genhook submit`: by words and from standard input, to each provider; waiting
# for the files; what goes wrong in words; and killed at any moment.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
sed -i 's/polls_per_minute = .*/&\n\tsubmits_per_minute = 60000/' "$GENHOOK_CONF"
declare -A models=([novita]=txt2img [apimart]=seedream-5 [apixo]=flux-2 [wavespeed]=vendor/flux)
declare -A prompt=([novita]=request.prompt [apimart]=prompt [apixo]=input.prompt [wavespeed]=prompt)

genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@" 2>"$WORK/err"; }
said()		{ tr '\n' ' ' <"$WORK/err"; }
request()	{ sql "select ${1:-status} from genhook.requests order by id desc limit 1"; }
marks()		{ jq -r 'select(.event == "submitted") | [.request | .. | .prompt? // empty][0]' "$LEDGER"; }
taken()		{ marks | grep -cxF -- "$1"; }
sent()		{ jq -r "select(.event == \"submitted\" and .task_id == \"$1\") | $2" "$LEDGER"; }

# --- to each provider
for provider in "${PROVIDERS[@]}"; do
	id=$(genhook submit "$provider" "${models[$provider]}" --param "${prompt[$provider]}=a lighthouse" \
	    --metadata '{"order": 17}' </dev/null)
	same "$provider: prints the task's id" "$(request task_id)" "$id"
	same "$provider: registered with model and metadata" "${models[$provider]}|17" "$(task "$provider" "$id" "model, metadata ->> 'order'")"
	same "$provider: with its callback" "$HOOK/$provider/$(token=GENHOOK_TOKEN_${provider^^}; echo "${!token}")" "$(sent "$id" '.hook | rtrimstr("/callback")')"
done
id=$(genhook submit --param n=2 --param seed=-7 --param 'size="7"' --param on=true --param 'a.b.c=[1,{"x":null}]' \
    --param zip=007 --param prompt=plain apimart seedream-5 </dev/null)
same "words become what they say" '{"a":{"b":{"c":[1,{"x":null}]}},"n":2,"on":true,"prompt":"plain","seed":-7,"size":"7","zip":"007"}' \
    "$(sent "$id" '.request | del(.model, .webhook) | to_entries | sort_by(.key) | from_entries | tojson')"
printf 'line one\nline "two"' >"$WORK/prompt.txt"
id=$(genhook submit wavespeed vendor/flux --param prompt=@"$WORK/prompt.txt" </dev/null)
same "a file's text" '"line one\nline \"two\""' "$(sent "$id" '.request.prompt | tojson')"
id=$(genhook submit apixo flux-2 <<<'{"input": {"prompt": "by stdin"}, "provider": "auto"}')
same "standard input" 'by stdin' "$(sent "$id" .request.input.prompt)"
id=$(genhook submit novita txt2img --no-callback --param request.prompt=x </dev/null)
same "no callback" null "$(sent "$id" .hook)"
id=$(genhook submit novita txt2img --test-mode --param request.prompt=x </dev/null)
same "a test event" 'succeeded|t' "$(soon 30 is succeeded task novita "$id"; task novita "$id" "status, is_test")"

# --- words that are wrong
while IFS='|' read -r status words arguments; do
	before=$(sql "select count(*) from genhook.requests")
	eval "genhook submit $arguments" </dev/null >"$WORK/out"
	same "submit $arguments: exit status" "$status" "$?"
	like "submit $arguments: it says why" "$words" "$(said)"
	same "submit $arguments: nothing queued" "$before" "$(sql "select count(*) from genhook.requests")"
done <<'CASES'
2|usage: genhook submit|
2|usage: genhook submit|novita
2|unknown option or argument "c"|a b c
2|unknown option or argument "--parm"|novita m --parm x=1
2|usage: genhook submit|novita m --queued
1|no provider "nobody"|nobody m --param x=1
1|no section "novita team9"|novita m --account team9 --param x=1
1|no request|novita m
1|is not KEY=VALUE|novita m --param x
1|is not KEY=VALUE|novita m --param =1
1|is not KEY=VALUE|novita m --param x=1 --param x.y=2
1|is not KEY=VALUE|novita m --param x=@/nowhere/at/all
1|invalid input syntax for type json|novita m --param x=1 --metadata {
1|requests_path_is_a_path|novita m --param x=1 --path v1
CASES
echo '[1]' | genhook submit novita m >"$WORK/out"
like "a list is no request" requests_request_is_an_object "$(said)"

# --- until the outputs are at home, without any sweep
out=$(timeout 60 "$BIN/genhook" --config "$GENHOOK_CONF" submit apimart seedream-5 --param prompt=alone --param n=2 --wait 2>"$WORK/err" </dev/null)
same "--wait downloads its own task's outputs" "0 2" "$? $(sed -n 's,^file://,,p' <<<"$out" | xargs ls | wc -l)"

# --- and beside sweeps
sweeps()	{ while [ ! -e "$WORK/enough" ]; do "$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1; sleep 0.3; done; }
sweeps &
sweeper=$!
out=$(genhook submit apimart seedream-5 --param prompt=waited --param n=2 --wait </dev/null)
same "--wait ends well" 0 "$?"
same "it prints the id, then each file" "$(request task_id)
$(sql "select location from genhook.outputs where task_id = '$(request task_id)' order by position")" "$out"
same "which are there" 2 "$(sed -n 's,^file://,,p' <<<"$out" | xargs ls | wc -l)"
like "and says how far it is" 'succeeded; outputs: 2, to be downloaded: 0' "$(said)"
faults '{"fail":100}'
out=$(genhook submit wavespeed vendor/flux --param prompt=fails --wait </dev/null)
same "a failed task is exit status 1" 1 "$?"
like "in the provider's words" 'failed: .*the input was refused' "$(said)"
faults '{"fail":0,"submit-busy":100}'
(soon 60 grep -q 'queued: .*429' "$WORK/err"; faults '{"submit-busy":0}') &
calm=$!
out=$(genhook submit novita txt2img --param request.prompt=patient --wait </dev/null)
same "--wait waits out a 429" "0 1" "$? $(taken patient)"
like "and says why it waits" 'queued: .*429' "$(said)"
wait "$calm"
faults '{"early":100}'
out=$(genhook submit apixo flux-2 --param input.prompt=beaten --wait </dev/null)
same "a callback that beats the answer" "0 1" "$? $(sql "select count(*) from genhook.tasks t join genhook.requests r using (provider, task_id) where r.request::text like '%beaten%' and t.status = 'succeeded' and t.model = 'flux-2'")"
touch "$WORK/enough"
wait "$sweeper"

# --- what can go wrong
faults '{"early":0,"submit-refuse":100}'
genhook submit apimart seedream-5 --param prompt=no </dev/null >"$WORK/out"
same "refused: exit status 1, and no id" '1 0' "$? $(wc -c <"$WORK/out")"
like "refused, in words" 'request [0-9]+ is refused: .*not wanted' "$(said)"
faults '{"submit-refuse":0,"submit-hangup":100}'
genhook submit wavespeed vendor/flux --param prompt=hangup </dev/null >"$WORK/out"
same "no answer: exit status 1" '1 0' "$? $(wc -c <"$WORK/out")"
like "its fate is unknown" 'request [0-9]+ is unknown: ' "$(said)"
faults '{"submit-hangup":0,"submit-busy":100}'
genhook submit apixo flux-2 --param input.prompt=later </dev/null >"$WORK/out"
same "too many: exit status 1" '1 0' "$? $(wc -c <"$WORK/out")"
like "it is queued, and that is said" 'is queued: .*429.*do not submit it again' "$(said)"
faults '{"submit-busy":0}'
sql "update genhook.accounts set not_before = '-infinity'; update genhook.requests set next_attempt_at = now() where status = 'queued'"
same "--queued sends it" 'submitted 1' "$(genhook submit --queued)"
same "once" 1 "$(taken later)"
database stop
genhook submit novita txt2img --param request.prompt=x </dev/null >"$WORK/out"
same "no database: exit status 1" 1 "$?"
like "and why" 'genhook: database: ' "$(said)"
database start

# --- kill -9 at any moment, and a sweep beside it
faults '{"submit-delay-ms":100}'
declare -i killed=0 round
for ((round = 0; round < 100; round++)); do
	provider=${PROVIDERS[round % 4]}
	"$BIN/genhook" --config "$GENHOOK_CONF" submit "$provider" "${models[$provider]}" \
	    --param "${prompt[$provider]}=kill-$round" </dev/null >/dev/null 2>&1 &
	victim=$!
	strike "$victim" && killed+=1
	[ $((round % 10)) -ne 9 ] || sweep
done
check "many kills hit a running submit: $killed" test "$killed" -ge 20
sql "update genhook.requests set leased_until = now() - interval '1 s' where status = 'sending'"
sweep
sweep
same "then none is queued or being sent" 0 "$(sql "select count(*) from genhook.requests where status in ('queued', 'sending')")"
same "no request was taken twice" '' "$(marks | grep '^kill-' | sort | uniq -d)"
same "each that was taken is submitted or unknown" '' "$(comm -23 \
    <(marks | grep '^kill-' | sort) \
    <(sql "select coalesce(request #>> '{request,prompt}', request #>> '{input,prompt}', request ->> 'prompt') from genhook.requests where status in ('submitted', 'unknown')" | sort))"
faults '{"submit-delay-ms":0}'
soon 60 idle
check "and every task comes home" sweep_until "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w" 0
same "each as it ended in truth" '' "$(comm -13 <(true_states) <(our_states))"
finish
