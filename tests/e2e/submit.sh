#!/bin/bash
# The outbox: what is inserted into genhook.requests is sent once, in the
# provider's own way, and whatever is killed, refused or left unanswered on the
# way is never sent a second time unasked.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
sed -i 's/polls_per_minute = .*/&\n\tsubmits_per_minute = 60000/' "$GENHOOK_CONF"

# insert PROVIDER MODEL MARK [MORE COLUMNS, VALUES]: as an application does it;
# prints the request's number.  The mark stands in the request, so that the
# simulator's ledger knows it.
insert()
{
	sql "set role genhook_app; insert into genhook.requests (provider, model, request, metadata${4:+, $4}) values ('$1', '$2', '$(body "$1" "$3")', '{\"mark\": \"$3\"}'${5:+, $5}) returning id"
}
body()		# PROVIDER MARK
{
	case $1 in
	novita)	echo '{"request": {"prompt": "'"$2"'"}}' ;;
	apixo)	echo '{"provider": "auto", "input": {"prompt": "'"$2"'"}}' ;;
	*)	echo '{"prompt": "'"$2"'"}' ;;
	esac
}
# What waits is due at once, and so are accounts that are paused.
resume()	{ sql "update genhook.accounts set not_before = '-infinity', probed_at = null; update genhook.requests set next_attempt_at = now() where status = 'queued'"; }
request()	{ sql "select ${2:-status} from genhook.requests where id = $1"; }
# What the simulator took: "MARK" of each task that was made.
marks()		{ jq -r 'select(.event == "submitted") | [.request | .. | .prompt? // empty][0]' "$LEDGER"; }
taken()		{ marks | grep -cxF -- "$1"; }
sent()		{ jq -r "select(.event == \"submitted\") | select([.request | .. | .prompt? // empty][0] == \"$1\") | $2" "$LEDGER"; }
declare -A models=([novita]=txt2img [apimart]=seedream-5 [apixo]=flux-2 [wavespeed]=vendor/flux)

# --- each provider in its own way
declare -A first
for provider in "${PROVIDERS[@]}"; do
	first[$provider]=$(insert "$provider" "${models[$provider]}" "first-$provider")
done
sweep --dry-run
like "a dry run says what is queued" "submit    novita request ${first[novita]} .*4 queued requests" "$(tr '\n' ' ' <"$WORK/sweep.out")"
same "and sends nothing" 0 "$(marks | wc -l)"
sweep
same "sent is all well" 0 "$?"
like "the sweep says so" 'submitted 4, ' "$(cat "$WORK/sweep.out")"
for provider in "${PROVIDERS[@]}"; do
	id=${first[$provider]}
	same "$provider: submitted" 'submitted|1|t' "$(request "$id" "status, attempts, settled_at is not null")"
	same "$provider: taken once" 1 "$(taken "first-$provider")"
	same "$provider: its task is the one that was made" "$(sent "first-$provider" .task_id)" "$(request "$id" task_id)"
	same "$provider: the task is registered with model and metadata" "${models[$provider]}|default|first-$provider" \
	    "$(task "$provider" "$(request "$id" task_id)" "model, account, metadata ->> 'mark'")"
done
same "Novita got extra.webhook.url" "$HOOK/novita/$GENHOOK_TOKEN_NOVITA" "$(sent first-novita .request.extra.webhook.url)"
same "APIMart the base address and the model" "$HOOK/apimart/$GENHOOK_TOKEN_APIMART seedream-5" \
    "$(sent first-apimart '"\(.request.webhook) \(.request.model)"')"
same "and appended /callback" "$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback" "$(sent first-apimart .hook)"
same "APIXO got callback_url and request_type" "$HOOK/apixo/$GENHOOK_TOKEN_APIXO callback" \
    "$(sent first-apixo '"\(.request.callback_url) \(.request.request_type)"')"
same "WaveSpeed got it in the URL, decoded right" "$HOOK/wavespeed/$GENHOOK_TOKEN_WAVESPEED" "$(sent first-wavespeed .hook)"
same "and nothing of it in the body" '{"prompt":"first-wavespeed"}' "$(sent first-wavespeed '.request | tojson')"
soon 60 idle
check "all come home" sweep_until \
    "select count(*) from genhook.request_results where task_status = 'succeeded' and outputs -> 0 ->> 'status' = 'stored'" 4
same "each by its callback" 'callback' "$(sql "select distinct source from genhook.tasks")"

# --- what may be asked for besides
id=$(insert novita txt2img tested test_mode true)
other=$(insert apixo flux-2 tested-not test_mode true)
quiet=$(insert novita txt2img no-callback callback false)
remix=$(insert apimart sora-2 by-path path "'/v1/images/generations'")
sweep
soon 60 idle
same "Novita's test mode gives a test event" 'succeeded|t' "$(task novita "$(request "$id" task_id)" "status, is_test")"
like "another provider has none" '^refused\|.*no test mode' "$(request "$other" "status, error")"
same "without a callback" 'null' "$(sent no-callback .hook)"
same "at another path" 1 "$(taken by-path)"
due_now
sweep
same "it is found by a poll" 'succeeded|poll' "$(task novita "$(request "$quiet" task_id)" "status, source")"
same "and so has a kind of its own" image "$(output apimart "$(request "$remix" task_id)" kind)"

# --- what an application may not write
state()		{ psql -XqAt -v VERBOSITY=sqlstate -c "$1" 2>&1 >/dev/null | sed -n 's/^ERROR: *//p'; }
while IFS='|' read -r wanted role columns values; do
	same "$role: insert $columns" "$wanted" "$(state "set role $role; insert into genhook.requests (provider, model, $columns) values ('novita', 'm', $values)")"
done <<'CASES'
42501|genhook_app|status|'submitted'
42501|genhook_app|task_id|'t'
42501|genhook_app|attempts|3
42501|genhook_app|once_key|gen_random_uuid()
42501|genhook_app|sender|'me'
23514|genhook|status, task_id, next_attempt_at, settled_at|'submitted', 't', null, now()
23514|genhook|attempts|3
23514|genhook|error|'x'
23514|genhook_app|request|'[1]'
23514|genhook_app|path|'no/slash'
23514|genhook_app|path|'/a#b'
23514|genhook_app|path|E'/a\nb'
42501|genhook_reader|request|'{}'
42501|genhook_sweeper|request|'{}'
42501|genhook_receiver|request|'{}'
CASES
same "an empty model is refused" 23514 "$(state "insert into genhook.requests (provider, model) values ('novita', '')")"
same "an application cannot change what it inserted" 42501 "$(state "set role genhook_app; update genhook.requests set model = 'x'")"
for call in "claim_requests('novita', 'default', 'x', '1 s', 1)" "resume_sending()" "resume_accounts()" "finish_request(1, 'x', 'refused')" \
    "expire_requests()" "requeue_requests(1)" "settle_request(1, 'x')"; do
	same "nor call ${call%%(*}" 42501 "$(state "set role genhook_app; select genhook.$call")"
done

# --- no, later, and nobody knows
faults '{"submit-refuse":100}'
id=$(insert wavespeed vendor/flux refused)
sweep
like "a refusal is final, in the provider's words" '^refused\|.*not wanted' "$(request "$id" "status, error")"
faults '{"submit-refuse":0}'
sweep
same "and stays" refused "$(request "$id")"
same "attention has it" 'refused request' "$(sql "select reason from genhook.request_attention where details like 'request $id:%'")"
sql "$(sql "select cure from genhook.request_attention where details like 'request $id:%'")" >/dev/null
sweep
same "its cure sends it again" 'submitted 1' "$(request "$id") $(taken refused)"

faults '{"submit-busy":100}'
id=$(insert novita txt2img busy)
second=$(insert novita txt2img busy-2)
sweep
like "a 429 is for later" '^queued\|1\|t\|.*429' "$(request "$id" "status, attempts, next_attempt_at > (select max(finished) from genhook.sweeps), error")"
same "and stops the account" 'queued|0' "$(request "$second" "status, attempts")"
same "for polls, too" t "$(sql "select not_before > now() - interval '5 minutes' from genhook.accounts where provider = 'novita'")"
faults '{"submit-busy":0}'
sql "update genhook.accounts set not_before = '-infinity'; update genhook.requests set next_attempt_at = now() where status = 'queued'" >/dev/null
sweep
same "then it goes" 'submitted submitted 1 1' "$(request "$id") $(request "$second") $(taken busy) $(taken busy-2)"

faults '{"submit-hangup":100}'
declare -A lost
for provider in "${PROVIDERS[@]}"; do
	lost[$provider]=$(insert "$provider" "${models[$provider]}" "lost-$provider")
done
sweep
same "an answer that never came is worth a look" 1 "$?"
faults '{"submit-hangup":0}'
sweep
sweep
for provider in "${PROVIDERS[@]}"; do
	like "$provider: nobody knows" '^unknown\|1\|.+' "$(request "${lost[$provider]}" "status, attempts, error")"
	same "$provider: it was taken, and is not sent again" 1 "$(taken "lost-$provider")"
done
same "attention has them" 4 "$(sql "select count(*) from genhook.request_attention where reason = 'request of unknown fate'")"
unknown_one()	{ sql "select $2 from genhook.request_attention where details like 'request ${lost[$1]}:%'"; }
# Their callbacks come all the same, of tasks that are nobody's.
for provider in "${PROVIDERS[@]}"; do
	check "$provider: its callback comes" soon 30 is "$(sent "lost-$provider" .task_id)" \
	    sql "select task_id from genhook.tasks where provider = '$provider' and task_id = '$(sent "lost-$provider" .task_id)' and finished_at is not null"
done
like "attention says which task it may be" "may be the task $(sent lost-apixo .task_id), of which" "$(unknown_one apixo details)"
printf '{"id":"stray-1","status":"failed","error":"no"}' >"$WORK/stray"
post_signed "$WORK/stray" >/dev/null
like "of two, it says both" "may be one of the tasks '$(sent lost-wavespeed .task_id)', 'stray-1'" "$(unknown_one wavespeed details)"
same "and its cure shows both" 2 "$(sql "$(unknown_one wavespeed cure)" | wc -l)"
sql "$(unknown_one apixo cure)" >/dev/null
same "one statement settles it" "submitted|$(sent lost-apixo .task_id)" "$(request "${lost[apixo]}" "status, task_id")"
same "and that is registered" 'flux-2|lost-apixo' "$(task apixo "$(sent lost-apixo .task_id)" "model, metadata ->> 'mark'")"
sql "select genhook.requeue_requests(${lost[novita]})" >/dev/null
sweep
same "or have it sent once more" 'submitted 2' "$(request "${lost[novita]}") $(taken lost-novita)"
sql "select genhook.requeue_requests(${lost[apimart]})" >/dev/null
sweep
same "which APIMart's Idempotency-Key makes no second task" "submitted 1 $(sent lost-apimart .task_id)" \
    "$(request "${lost[apimart]}") $(taken lost-apimart) $(request "${lost[apimart]}" task_id)"
same "as the simulator saw" 1 "$(jq -r 'select(.event == "replayed") | .task_id' "$LEDGER" | wc -l)"

# On connections that were used before, libcurl would send once more by itself.
faults '{"submit-hangup":50}'
for provider in novita apixo wavespeed; do
	sql "insert into genhook.requests (provider, model, request) select '$provider', '${models[$provider]}', replace('$(body "$provider" half-$provider-@)', '@', g::text)::jsonb from generate_series(1, 12) as g"
done
# Three lost answers in a row make an account wait: here they are over at once.
half_sent()
{
	sweep
	resume
	[ "$(sql "select count(*) from genhook.requests where status = 'queued' and request::text like '%half-%'")" = 0 ]
}
check "with every second answer missing, all go out" soon 60 half_sent
faults '{"submit-hangup":0}'
same "with every second answer missing, each is taken once" '36 36' "$(marks | grep -c '^half-') $(marks | grep '^half-' | sort -u | wc -l)"
check "and some are unknown" test "$(sql "select count(*) from genhook.requests where status = 'unknown' and request::text like '%half-%'")" -gt 3
same "attention has what request_attention has" "$(sql "select count(*) from genhook.request_attention")" \
    "$(sql "select count(*) from genhook.attention where reason like '%request%'")"

conf_set 'apimart default' 'resend_unknown = yes'
faults '{"submit-hangup":100}'
id=$(insert apimart seedream-5 resent)
sweep
like "an account that may resend queues it" '^queued\|1' "$(request "$id" "status, attempts")"
for turn in 2 3 4; do
	resume
	sweep
	like "$turn times" "^queued\\|$turn" "$(request "$id" "status, attempts")"
done
faults '{"submit-hangup":0}'
resume
sweep
same "and it is still one task" "submitted 1 $(sent resent .task_id)" "$(request "$id") $(taken resent) $(request "$id" task_id)"

# --- a key that is refused, an account without one, a provider that is away
sed -i "s/$KEY_APIXO/not-the-key-at-all/" "$GENHOOK_CONF"
ids=()
for i in 1 2 3; do
	ids+=("$(insert apixo flux-2 "keyless-$i")")
done
sweep
same "a refused key is exit status 1" 1 "$?"
same "said once" 1 "$(grep -c 'the API key is refused' "$WORK/sweep.out")"
same "its requests wait, one tried" '1 0 0' "$(sql "select string_agg(attempts::text, ' ' order by id) from genhook.requests where status = 'queued' and provider = 'apixo'")"
same "no key in words or tables" 0 "$(grep -c 'not-the-key' "$WORK/sweep.out")"
sed -i "s/not-the-key-at-all/$KEY_APIXO/; s|api_base = \"$SIMULATOR/apixo\"|api_base = \"http://127.0.0.1:1/apixo\"|" "$GENHOOK_CONF"
resume
sweep
same "nobody there: nothing was said, they wait, one tried" '2 0 0' "$(sql "select string_agg(attempts::text, ' ' order by id) from genhook.requests where status = 'queued' and provider = 'apixo'")"
sed -i "s|http://127.0.0.1:1/apixo|$SIMULATOR/apixo|" "$GENHOOK_CONF"
resume
sweep
for i in 1 2 3; do
	same "then each is sent, once" 'submitted 1' "$(request "${ids[i - 1]}") $(taken "keyless-$i")"
done
id=$(insert novita txt2img stranger account "'nobody'")
sweep --dry-run
like "a dry run does not promise what it cannot send" "request $id .*waits: its account is not in the settings" "$(cat "$WORK/sweep.out")"
like "and does not count it" '0 queued requests' "$(tail -n 1 "$WORK/sweep.out")"
sweep
same "a request for an account that is not in the settings is worth a look" 1 "$?"
stranger='the account "nobody" of novita is not in the settings'
same "and says so at the first sweep" "queued|$stranger" "$(request "$id" "status, error")"
"$BIN/genhook" --config "$GENHOOK_CONF" requests queued --json >"$WORK/requests.out"
same "so does the list" "$stranger" "$(jq -r ".[] | select(.id == $id) | .error" "$WORK/requests.out")"
sweep
same "once" "0" "$(grep -c "request $id" "$WORK/sweep.out")"
same "an account that is nobody's is shown" 'request waits' "$(sql "select reason from genhook.request_attention where details like 'request $id %'")"
same "and its request can be withdrawn" refused "$(sql "set role genhook_app; select status from genhook.cancel_requests($id)")"
same "once" '' "$(sql "set role genhook_app; select status from genhook.cancel_requests($id)")"
sql "update genhook.requests set account = 'default' where id = $id"
other=$(insert novita txt2img refused-too)
sql "update genhook.requests set status = 'refused', error = 'no', next_attempt_at = null, settled_at = now() where id = $other"
same "what was withdrawn comes not back with the others" "$other" "$(sql "select id from genhook.requeue_requests(p_provider => 'novita')")"
same "nor with all" '' "$(sql "select id from genhook.requeue_requests() where id = $id")"
sweep
same "and is not sent" 'refused 0' "$(request "$id") $(taken stranger)"
same "but by its own id" "$id" "$(sql "select id from genhook.requeue_requests($id)")"
sweep
same "it is" 'submitted 1' "$(request "$id") $(taken stranger)"
id=$(insert novita txt2img found account "'later'")
sweep
printf 'novita later {\n\ttoken = {"later-token-0123456789abcdef0123456789abcdef"}\n\tapi_key = "%s"\n\tapi_base = "%s/novita"\n}\n' "$KEY_NOVITA" "$SIMULATOR" >>"$GENHOOK_CONF"
sweep
same "once its account is there it goes, and says nothing" 'submitted|' "$(request "$id" "status, error")"

# --- a withdrawal that is not yet committed; a lease that is not over; telling
id=$(insert novita txt2img withdrawing)
hold "select genhook.cancel_requests($id)"
sweep
same "a request that is being withdrawn is passed over" 0 "$?"
release
sweep
same "and never sent" 'refused 0' "$(request "$id") $(taken withdrawing)"
id=$(insert novita txt2img leased)
sql "update genhook.requests set status = 'sending', sender = 'elsewhere', sent_at = now(), attempts = 1, next_attempt_at = null, leased_until = now() + interval '1 minute' where id = $id"
sweep
same "a request whose lease is not over is another's" sending "$(request "$id")"
told()	{ psql -XqAt -c "listen genhook_request_settled" -c "$1" | grep -c "\"genhook_request_settled\" with payload \"$id\""; }
sql "update genhook.requests set leased_until = now() - interval '1 s' where id = $id"
same "that it is unknown is told" 1 "$(told "select genhook.expire_requests()")"
same "that it is settled, too" 1 "$(told "select genhook.settle_request($id, 'leased-task')")"
for status in submitted refused unknown; do
	id=$(insert novita txt2img "told-$status")
	sql "update genhook.requests set status = 'sending', sender = 'me', sent_at = now(), attempts = 1, next_attempt_at = null, leased_until = now() + interval '1 minute' where id = $id"
	task=null
	[ "$status" != submitted ] || task="'told-task'"
	same "and $status" 1 "$(told "select genhook.finish_request($id, 'me', '$status', $task, 'why')")"
done
sql "delete from genhook.requests where task_id in ('leased-task', 'told-task'); delete from genhook.tasks where task_id in ('leased-task', 'told-task')"
id=$(insert novita txt2img told-cancelled)
same "and withdrawn" 1 "$(told "select genhook.cancel_requests($id)")"

# --- the budget of a minute, for all sweeps together
sed -i '/^wavespeed default/,/^}/ s/submits_per_minute = .*/submits_per_minute = 3/' "$GENHOOK_CONF"
for i in 1 2 3 4 5 6; do
	insert wavespeed vendor/flux "budget-$i" >/dev/null
done
# The minutes of the budget are the clock's: when one ends just now, it is the
# next one's turn.
for try in 1 2 3; do
	[ "$try" -eq 1 ] || for i in 1 2 3 4 5 6; do
		insert wavespeed vendor/flux "budget-$try-$i" >/dev/null
	done
	sql "update genhook.accounts set submits = 0"
	before=$(marks | grep -c '^budget-')
	minute=$(date +%H:%M)
	sweep &
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1
	wait $!
	[ "$(date +%H:%M)" != "$minute" ] || break
done
same "three in a minute" $((before + 3)) "$(marks | grep -c '^budget-')"
sed -i 's/submits_per_minute = 3$/submits_per_minute = 60000/' "$GENHOOK_CONF"
sweep
same "the rest comes later" $((6 * try)) "$(marks | grep '^budget-' | sort -u | wc -l)"

# --- two sweeps at once send nothing twice
faults '{"submit-delay-ms":20}'
for provider in "${PROVIDERS[@]}"; do
	sql "set role genhook_app; insert into genhook.requests (provider, model, request) select '$provider', '${models[$provider]}', replace('$(body "$provider" both-$provider-@)', '@', g::text)::jsonb from generate_series(1, 15) as g"
done
both=()
for i in 1 2 3; do
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/both$i.out" 2>&1 &
	both+=($!)
done
wait "${both[@]}"
same "three sweeps at once send all" 0 "$(sql "select count(*) from genhook.requests where status <> 'submitted' and request::text like '%both-%'")"
same "each once" "60 60" "$(marks | grep -c '^both-') $(marks | grep '^both-' | sort -u | wc -l)"

# --- kill -9 at any moment; LONG=1: a hundred times
kills=${LONG:+100}
kills=${kills:-40}
faults '{"submit-delay-ms":100}'
declare -i killed=0 round
before=$(sql "select max(id) from genhook.requests")
sending()	{ at_least 1 sql "select count(*) from genhook.requests where status = 'sending' and id > $last"; }
for ((round = 0; round < kills; round++)); do
	last=$(sql "select max(id) from genhook.requests")
	for provider in "${PROVIDERS[@]}"; do
		echo "insert into genhook.requests (provider, model, request) values ('$provider', '${models[$provider]}', '$(body "$provider" "kill-$round-$provider")');"
	done | psql -Xq
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1 &
	victim=$!
	# At any moment of its run; every tenth one while it sends, for sure.
	if [ $((round % 10)) -eq 0 ]; then
		faults '{"submit-delay-ms":20000}'
		soon 30 sending
		kill -9 "$victim"
		wait "$victim" 2>/dev/null
		faults '{"submit-delay-ms":100}'
		killed+=1
	elif strike "$victim"; then
		killed+=1
	fi
done
faults '{"submit-delay-ms":0}'
check "many kills hit a running sweep: $killed" test "$killed" -ge $((kills / 5))
# As if the leases of the killed had run out.
sql "update genhook.requests set leased_until = now() - interval '1 s' where status = 'sending'"
check "some were hit while sending" test "$(sql "select count(*) from genhook.requests where status in ('sending', 'unknown') and id > $before")" -ge $((kills / 10))
sweep
sql "update genhook.requests set next_attempt_at = now() where status = 'queued'"
sweep
same "in the end none is queued or being sent" 0 "$(sql "select count(*) from genhook.requests where status in ('queued', 'sending')")"
same "no request was taken twice" '' "$(marks | grep '^kill-' | sort | uniq -d)"
same "each that is submitted was taken, as that task" '' "$(comm -23 \
    <(rows "select provider || ' ' || task_id from genhook.requests where status = 'submitted'") \
    <(ledger 'select(.event == "submitted") | "\(.provider) \(.task_id)"'))"
same "and each that was taken is submitted or unknown" '' "$(comm -23 \
    <(marks | grep '^kill-' | sort) \
    <(sql "select coalesce(request #>> '{request,prompt}', request #>> '{input,prompt}', request ->> 'prompt') from genhook.requests where status in ('submitted', 'unknown')" | sort))"
check "unknown are only those that a kill hit" test "$(sql "select count(*) from genhook.requests where status = 'unknown'")" -le $((4 * kills))

# --- the database goes away between the request and its answer
faults '{"submit-delay-ms":5000}'
id=$(insert novita txt2img db-away)
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/away.out" 2>&1 &
pid=$!
check "a request is taken" soon 30 is 1 taken db-away
begin=$(now_ms)
database stop
answered()	{ [ $(($(now_ms) - begin)) -ge 5500 ]; }
soon 10 answered
database start
wait "$pid"
faults '{"submit-delay-ms":0}'
same "the answer is written once the database is back" "submitted 1 $(sent db-away .task_id)" \
    "$(request "$id") $(taken db-away) $(request "$id" task_id)"

# --- register_task before, after and beside the callback
check "the handlers have the database again" soon 30 all_healthy
check "and what waited in the spool" soon 30 drained
row()	{ sql "select count(*), min(status), min(model), min(metadata ->> 'n') from genhook.tasks where provider = 'apimart' and task_id = '$1'"; }
done_body()	{ printf '{"id":"%s","status":"completed","completed":1776748860,"result":{"images":[{"url":["https://127.0.0.1:9/%s.png"]}]}}' "$1" "$1"; }
reg()	{ echo "select genhook.register_task('apimart', '$1', 'm', 'default', '{\"n\": \"$1\"}');"; }
psql -Xq -c "$(reg before)" >/dev/null
post_text "$(hook apimart)/callback" "$(done_body before)" >/dev/null
post_text "$(hook apimart)/callback" "$(done_body after)" >/dev/null
psql -Xq -c "$(reg after)" >/dev/null
same "registered before" '1|succeeded|m|before' "$(row before)"
same "registered after: the same row" '1|succeeded|m|after' "$(row after)"
for i in $(seq 1000); do
	reg "race-$i"
done >"$WORK/register.sql"
split -n r/4 "$WORK/register.sql" "$WORK/register."
sides=()
for part in "$WORK"/register.a?; do
	psql -Xq -f "$part" >/dev/null &
	sides+=($!)
done
posts "$(hook apimart)/callback" 1000 "$(done_body race-%d)" 8
wait "${sides[@]}"
same "1,000 at the same moment: every callback is taken" '1000 {"status":"accepted"}' "$(answers)"
same "one row each, with what both sides said" '1000' \
    "$(sql "select count(*) from genhook.tasks where task_id like 'race-%' and status = 'succeeded' and model = 'm' and metadata ->> 'n' = task_id and source = 'callback'")"
same "and one output each" '1000' "$(sql "select count(*) from genhook.outputs where task_id like 'race-%'")"
same "no token in any request's row or in a log" '' "$(
	for name in "$GENHOOK_TOKEN_NOVITA" "$KEY_NOVITA" "$KEY_APIXO"; do
		grep -lF -- "$name" "$RUN_DIR"/log/*.log "$WORK"/*.out
		sql "select id from genhook.requests r where r::text like '%$name%'"
	done)"
finish
