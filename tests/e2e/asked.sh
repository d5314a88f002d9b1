#!/bin/bash
# Providers whose result has to be asked for, whatever their callbacks say:
# MiniMax names a file, Runware sends pieces, Runway calls nobody back.  Each by
# callback or without, failed, cancelled, doubled, lost, through the outbox, and
# with a request of unknown fate: every output is at home, each once.
. "$(dirname -- "$0")/lib/sweep.sh"
PROVIDERS=(minimax runware runway)
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:300

declare -A models=(
	[minimax]='MiniMax-Hailuo-02 T2V-01'
	[runware]='runware:100@1 runware:video@1'
	[runway]='gen4_turbo gen4_image'
)
declare -A requests=(
	[minimax]='{"prompt": "a lighthouse"}'
	[runware]='{"taskType": "imageInference", "positivePrompt": "a lighthouse", "numberResults": 3}'
	[runway]='{"promptText": "a lighthouse"}'
)
declare -A cancels=([minimax]=failed [runware]=failed [runway]=cancelled)
declare -A files=([minimax]=1 [runware]=2 [runway]=1)
open_work="select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w"
heard()	{ [ "$(sql "select count(*) from genhook.deliveries where task_id = '$1' and source = 'callback' and outcome = 'accepted'")" = 1 ]; }

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

	# --- the outbox
	request=$(sql "insert into genhook.requests (provider, model, request) values ('$provider', '${list[0]}', '${requests[$provider]}') returning id")
	sweep
	same "$provider: the outbox sends it" 'submitted|1' "$(sql "select status, attempts from genhook.requests where id = $request")"
	soon 60 idle
	check "$provider: and brings what it made" sweep_until "$open_work" 0
	sent=$(sql "select task_id from genhook.requests where id = $request")
	same "$provider: which is well" succeeded "$(task "$provider" "$sent")"
	token=GENHOOK_TOKEN_${provider^^}
	key=KEY_${provider^^}
	same "$provider: no token and no key in any table" '' "$(for name in "${!token}" "${!key}"; do
		sql "select 'delivery' from genhook.deliveries where outcome <> 'rejected' and convert_from(body, 'UTF8') like '%$name%' union select 'task' from genhook.tasks where result::text like '%$name%'"; done)"
done
same "Runware made as many results as were wanted" 3 "$(sql "select count(*) from genhook.outputs o join genhook.requests r using (task_id) where r.provider = 'runware'")"
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
