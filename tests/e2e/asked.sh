#!/bin/bash
# Providers whose result has to be asked for, whatever their callbacks say:
# MiniMax names a file, Runware sends pieces, OpenAI tells what ended and no more,
# Runway calls nobody back.  Each by
# callback or without, failed, cancelled, doubled, lost, through the outbox, and
# with a request of unknown fate: every output is at home, each once.
. "$(dirname -- "$0")/lib/sweep.sh"
PROVIDERS=(minimax runware openai runway)
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:300

declare -A models=(
	[minimax]='MiniMax-Hailuo-02 T2V-01'
	[runware]='runware:100@1 runware:video@1'
	[runway]='gen4_turbo gen4_image'
	[openai]='gpt-image batch gpt-image-jpeg'
)
declare -A requests=(
	[minimax]='{"prompt": "a lighthouse"}'
	[runware]='{"taskType": "imageInference", "positivePrompt": "a lighthouse", "numberResults": 3}'
	[runway]='{"promptText": "a lighthouse"}'
	[openai]='{"input": "a lighthouse"}'
)
declare -A cancels=([minimax]=failed [runware]=failed [runway]=cancelled [openai]=cancelled)
declare -A files=([minimax]=1 [runware]=2 [runway]=1 [openai]=1)
open_work="select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w"
heard()	{ [ "$(sql "select count(*) from genhook.deliveries where task_id = '$1' and source = 'callback' and outcome = 'accepted'")" -ge 1 ]; }

for provider in "${PROVIDERS[@]}"; do
	read -ra list <<<"${models[$provider]}"
	id=$(order "$provider" "${list[0]}")
	other=$(order "$provider" "${list[1]}")
	failed=$(order "$provider" "${list[0]}" fail)
	cancelled=$(order "$provider" "${list[0]}" cancel)
	doubled=$(order "$provider" "${list[0]}" duplicate=3)
	lost=$(order "$provider" "${list[0]}" lose)
	early=$(submit "$provider" "${list[0]}" -H 'X-Simulate: early')
	if [ "$provider" != runway ]; then
		check "$provider: a callback is heard" soon 30 heard "$id"
		same "$provider: and ends nothing" pending "$(task "$provider" "$id")"
		same "$provider: nor one before the submit's answer" pending "$(task "$provider" "$early")"
		soon 30 idle
		sweep
		same "$provider: the next sweep asks, and has it" 'succeeded poll' "$(task "$provider" "$id" "status || ' ' || source")"
	else
		register "$provider" "$early" "${list[0]}"
	fi
	soon 60 idle
	check "$provider: all comes to an end" sweep_until "$open_work" 0
	same "$provider: each as it ended" "succeeded,succeeded,failed,${cancels[$provider]},succeeded,succeeded,succeeded" \
	    "$(for t in "$id" "$other" "$failed" "$cancelled" "$doubled" "$lost" "$early"; do task "$provider" "$t"; done | paste -sd ,)"
	same "$provider: with its files" "${files[$provider]}" "$(sql "select count(*) from genhook.outputs where task_id = '$id' and status = 'stored'")"
	like "$provider: a failure says why" '.{5}' "$(task "$provider" "$failed" error_message)"

	# --- a third of all callbacks lost, others doubled, late and early
	faults '{"lose":30,"duplicate":20,"early":10,"reorder":20,"garbage":10}'
	orders=()
	for i in 1 2 3 4 5 6 7 8 9; do
		model=${list[i % ${#list[@]}]}
		register "$provider" "$(submit "$provider" "$model")" "$model" &
		orders+=($!)
	done
	wait "${orders[@]}"
	faults '{"lose":0,"duplicate":0,"early":0,"reorder":0,"garbage":0}'

	# --- the outbox
	request=$(sql "insert into genhook.requests (provider, model, request) values ('$provider', '${list[0]}', '${requests[$provider]}') returning id")
	sweep
	same "$provider: the outbox sends it" 'submitted|1' "$(sql "select status, attempts from genhook.requests where id = $request")"
	soon 60 idle
	check "$provider: and brings what it made" sweep_until "$open_work" 0
	sent=$(sql "select task_id from genhook.requests where id = $request")
	same "$provider: which is well" succeeded "$(task "$provider" "$sent")"
	# A picture of OpenAI has no link.
	[ "$provider" != openai ] || id=$other
	link_dies "$provider" "$id"
	check "$provider: what has a dead link is had by another" sweep_until "$open_work" 0
	same "$provider: it is at home" 'stored t' "$(sql "select status, url <> '$DEAD' from genhook.outputs where provider = '$provider' and task_id = '$id' and position = 0" | tr '|' ' ')"
	token=GENHOOK_TOKEN_${provider^^}
	key=KEY_${provider^^}
	same "$provider: no token and no key in any table" '' "$(for name in "${!token}" "${!key}"; do
		sql "select 'delivery' from genhook.deliveries where outcome <> 'rejected' and convert_from(body, 'UTF8') like '%$name%' union select 'task' from genhook.tasks where result::text like '%$name%'"; done)"
done
world_check "all of them"
same "nothing about them is odd" '' "$(sql "select distinct provider, details from genhook.attention where reason = 'odd result'")"
same "Runware made as many results as were wanted" 3 "$(sql "select count(*) from genhook.outputs o join genhook.requests r using (task_id) where r.provider = 'runware'")"
check "and called back for each" soon 30 at_least 3 sql "select count(*) from genhook.deliveries join genhook.requests using (provider, task_id) where provider = 'runware' and source = 'callback'"
like "both answers of MiniMax are kept" '^\[.*"file_id".*"download_url"' \
    "$(sql "select convert_from(body, 'UTF8') from genhook.deliveries where provider = 'minimax' and source = 'poll' and outcome = 'accepted' and convert_from(body, 'UTF8') like '[%' limit 1")"

# --- the link that is dead is asked for anew, by both questions
short=$(order minimax T2V-01 lose)
soon 60 idle
faults '{"link-seconds":1}'
# A sweep that cannot store only asks.
mv "$GENHOOK_ARCHIVE" "$WORK/archive.away"
: >"$GENHOOK_ARCHIVE"
due_now
sweep
rm -f "$GENHOOK_ARCHIVE"
mv "$WORK/archive.away" "$GENHOOK_ARCHIVE"
same "the task is known, and its file is not there" 'succeeded pending' "$(task minimax "$short") $(output minimax "$short")"
sleep 1.5
faults '{"link-seconds":3600}'
dead=$(output minimax "$short" url)
check "the link is dead" test 403 = "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$dead")"
check "a fresh one brings it" sweep_until "$open_work" 0
same "and it is at home" stored "$(output minimax "$short")"
check "by another link" test "$dead" != "$(output minimax "$short" url)"

# --- OpenAI's words, its files, and its signature
words=$(order openai gpt-words)
check "the words of a response come" sweep_until "select status from genhook.tasks where task_id = '$words'" succeeded
same "as an output" 'text|inline|t' "$(output openai "$words" "kind, status, inline_text like 'Words 0 heard in task $words%'")"
same "the file of a batch came with the key" "openai/v1/files/file-/content" "$(sql "select distinct regexp_replace(url, '^http://[^/]*/|(?<=file-)[0-9a-f]{32}', '', 'g') from genhook.outputs where provider = 'openai' and kind = 'file'")"
check "which alone brings it" test 401 = "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' \
    "$(sql "select url from genhook.outputs where provider = 'openai' and kind = 'file' limit 1")")"
cut=0
while [ "$cut" -lt 2 ]; do	# every other one is cut short
	partly=$(order openai gpt-words lose,fail)
	check "one that failed ends" sweep_until "select count(*) from genhook.tasks where task_id = '$partly' and status = 'failed'" 1
	cut=$((cut + 1))
done
same "and says how" 'max_output_tokens,server_error' "$(sql "select string_agg(distinct error_code, ',' order by error_code) from genhook.tasks where provider = 'openai' and model = 'gpt-words' and status = 'failed'")"
event=$WORK/event
printf '{"id":"evt_1","object":"event","created_at":1,"type":"response.completed","data":{"id":"resp_1"}}' >"$event"
# openai SECRET: the event, signed with it.
openai()
{
	local now

	now=$(date +%s)
	post "$(hook openai)" "$event" -H "webhook-id: wh_1" -H "webhook-timestamp: $now" \
	    -H "webhook-signature: v1,$(standard "$1" wh_1 "$now" "$event")"
}
same "an event that is signed" '200 {"status":"accepted"}' "$(openai "$GENHOOK_SECRET_OPENAI")"
same "with another secret" '401 {"error":"header webhook-signature does not fit"}' "$(openai "$GENHOOK_SECRET_REPLICATE")"
same "or not at all" '401 {"error":"header webhook-id is missing"}' "$(post "$(hook openai)" "$event")"
sql "select from genhook.cancel_tasks('openai', 'resp_1')" >/dev/null

# --- requests of unknown fate
faults '{"submit-hangup":100}'
for provider in runware minimax; do
	sql "insert into genhook.requests (provider, model, request) values ('$provider', 'm', '${requests[$provider]}')" >/dev/null
done
sweep
faults '{"submit-hangup":0}'
same "whose id is the client's, it was asked about and is there" submitted \
    "$(sql "select status from genhook.requests where provider = 'runware' and model = 'm'")"
same "of the other nobody knows" unknown "$(sql "select status from genhook.requests where provider = 'minimax' and model = 'm'")"
soon 60 idle
check "all of them end" sweep_until "$open_work" 0
# The account is paused afterwards.
faults '{"submit-status":502}'
sql "insert into genhook.requests (provider, model, request) values ('runware', 'n', '${requests[runware]}')" >/dev/null
sweep
faults '{"submit-status":0}'
same "one that never came to it stays unknown" unknown "$(sql "select status from genhook.requests where provider = 'runware' and model = 'n'")"

# --- MiniMax asks whether the address is ours
same "a challenge is answered with itself" '200 {"challenge":"x-1"}' "$(post_text "$(hook minimax)" '{"challenge":"x-1"}')"
like "not to strangers" '^404 ' "$(post_text "$HOOK/minimax/not-our-token" '{"challenge":"x-1"}')"
same "who does not answer it makes no task" 2013 "$(curl -sS --noproxy '*' -H "Authorization: Bearer $KEY_MINIMAX" \
    -d '{"model":"m","callback_url":"'"$HOOK"'/minimax/not-our-token"}' "$SIMULATOR/minimax/v1/video_generation" | jq .base_resp.status_code)"
finish
