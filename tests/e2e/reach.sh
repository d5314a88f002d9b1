#!/bin/bash
# Providers beyond the first four, each against the simulator: by callback, by
# polls alone, failed, cancelled, doubled, before the submit's answer, with a
# third of all callbacks lost, and through the outbox: every output is at home,
# each once.  And their signatures: who has another secret is refused.
. "$(dirname -- "$0")/lib/sweep.sh"
PROVIDERS=(replicate luma kie fal bfl openrouter)
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:400

declare -A models=(
	[replicate]='vendor/flux vendor/wan-video vendor/tts-1 vendor/flux-jpeg'
	[luma]='ray-2 photon-1 ray-flash-2 photon-flash-1'
	[kie]='vendor/picture veo3_fast suno vendor/video'
	[bfl]='flux-2-pro flux-dev-jpeg flux-kontext-pro flux-schnell'
	[openrouter]='google/veo-3.1 alibaba/wan-2.6 openai/sora'
	[fal]='fal-ai/flux/dev fal-ai/kling-video/v2/pro fal-ai/tts fal-ai/flux-jpeg'
)
declare -A requests=(
	[replicate]='{"input": {"prompt": "a lighthouse"}}'
	[luma]='{"prompt": "a lighthouse"}'
	[kie]='{"input": {"prompt": "a lighthouse"}}'
	[bfl]='{"prompt": "a lighthouse"}'
	[fal]='{"prompt": "a lighthouse"}'
	[openrouter]='{"prompt": "a lighthouse"}'
)
# Where a provider has no word for cancelled, it says failed.
declare -A cancels=([replicate]=cancelled [luma]=failed [kie]=failed [fal]=failed [bfl]=failed [openrouter]=cancelled)
# Before the first sweep there are no keys of fal's signatures.
keyless=$(order fal fal-ai/flux/dev)
hinted()	{ [ "$(sql "select count(*) from genhook.deliveries where task_id = '$1' and source = 'callback' and verdict = 'token' and outcome = 'accepted'")" = 1 ]; }
check "without any key a callback is a hint" soon 30 hinted "$keyless"
same "which ends nothing" pending "$(task fal "$keyless")"
sweep
check "the sweep fetches the keys" ls "$GENHOOK_SPOOL"/.keys-fal-*
check "and asks for the task" sweep_until "select status || ' ' || source from genhook.tasks where task_id = '$keyless'" 'succeeded poll'

open_work="select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w"
ended()		{ [ "$(task "$1" "$2")" = "$3" ]; }

for provider in "${PROVIDERS[@]}"; do
	read -ra list <<<"${models[$provider]}"

	# --- one after the other
	id=$(order "$provider" "${list[0]}")
	check "$provider: a callback ends its task" soon 30 ended "$provider" "$id" succeeded
	same "$provider: which it did itself" callback "$(task "$provider" "$id" source)"
	failed=$(order "$provider" "${list[0]}" fail)
	check "$provider: one that failed" soon 30 ended "$provider" "$failed" failed
	like "$provider: says why" '.{5}' "$(task "$provider" "$failed" error_message)"
	cancelled=$(order "$provider" "${list[0]}" cancel)
	check "$provider: one that was cancelled" soon 30 ended "$provider" "$cancelled" "${cancels[$provider]}"
	doubled=$(order "$provider" "${list[0]}" duplicate=3)
	check "$provider: one that is told four times" soon 30 ended "$provider" "$doubled" succeeded
	check "$provider: is accepted once" soon 30 at_least 3 sql \
	    "select count(*) from genhook.deliveries where task_id = '$doubled' and outcome = 'duplicate'"
	early=$(submit "$provider" "${list[0]}" -H 'X-Simulate: early')
	check "$provider: one that is told before the submit's answer" ended "$provider" "$early" succeeded
	lost=$(order "$provider" "${list[0]}" lose)
	lost_failed=$(order "$provider" "${list[0]}" lose,fail)
	lost_cancelled=$(order "$provider" "${list[0]}" lose,cancel)
	soon 60 idle
	check "$provider: polls alone bring the others" sweep_until "$open_work" 0
	same "$provider: each as it ended" "succeeded poll,failed poll,${cancels[$provider]} poll" \
	    "$(for t in "$lost" "$lost_failed" "$lost_cancelled"; do task "$provider" "$t" "status || ' ' || source"; done | paste -sd ,)"

	# --- a third of all callbacks lost, others doubled, late and early
	faults '{"lose":30,"duplicate":20,"early":10,"reorder":20,"garbage":10}'
	orders=()
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		model=${list[i % ${#list[@]}]}
		register "$provider" "$(submit "$provider" "$model")" "$model" &
		orders+=($!)
	done
	wait "${orders[@]}"
	faults '{"lose":0,"duplicate":0,"early":0,"reorder":0,"garbage":0}'

	# --- through the outbox
	request=$(sql "insert into genhook.requests (provider, model, request) values ('$provider', '${list[0]}', '${requests[$provider]}') returning id")
	sweep
	same "$provider: the outbox sends it" 'submitted|1' "$(sql "select status, attempts from genhook.requests where id = $request")"
	soon 60 idle
	check "$provider: all comes to an end" sweep_until "$open_work" 0
	sent=$(sql "select task_id from genhook.requests where id = $request")
	same "$provider: and what it sent called back" 'succeeded callback' "$(task "$provider" "$sent" "status || ' ' || source")"
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

# --- the address that the submit's answer named, which alone knows the task
faults '{"lose":100}'
request=$(sql "insert into genhook.requests (provider, model, request) values ('bfl', 'flux-eu-pro', '{\"prompt\": \"a lighthouse\"}') returning id")
sweep
faults '{"lose":0}'
regional=$(sql "select task_id from genhook.requests where id = $request")
like "it is kept" '/bfl/eu/v1/get_result' "$(task bfl "$regional" poll_url)"
soon 60 idle
check "and asked" sweep_until "$open_work" 0
same "so that the task ends" 'succeeded poll' "$(task bfl "$regional" "status || ' ' || source")"
own=$(submit bfl flux-eu-pro -H 'X-Simulate: lose')
sql "select from genhook.register_task('bfl', '$own', 'flux-eu-pro', p_poll_url => '$SIMULATOR/bfl/eu/v1/get_result?id=$own')" >/dev/null
soon 60 idle
check "an application may name it as well" sweep_until "select status || ' ' || source from genhook.tasks where task_id = '$own'" 'succeeded poll'
check "its file comes too" sweep_until "$open_work" 0
mkdir -p "$WORK/thief.d"
web_start thief <<END
server.modules = ( "mod_accesslog" )
server.document-root = "$WORK/thief.d"
mimetype.assign = ( ".mp4" => "video/mp4" )
accesslog.filename = "$WORK/thief.log"
accesslog.format = "%U %s [%{Authorization}i] [%{x-key}i]"
END
stolen=$(submit bfl flux-2-pro -H 'X-Simulate: lose')
sql "select from genhook.register_task('bfl', '$stolen', 'flux-2-pro', p_poll_url => '$WEB/bfl/v1/get_result?id=$stolen')" >/dev/null
soon 60 idle
check "another host is not asked, but the API" sweep_until "select status || ' ' || source from genhook.tasks where task_id = '$stolen'" 'succeeded poll'
check "all of that is stored" sweep_until "$open_work" 0
curl -sS --noproxy '*' -o /dev/null "$WEB/mark"
check "nor did it hear of it" soon 60 grep -q '^/mark ' "$WORK/thief.log"
same "at all" '' "$(grep bfl "$WORK/thief.log")"

# --- a task of unknown model at Kie is not lost, though the address that was
# guessed knows none
nameless=$(submit kie suno -H 'X-Simulate: lose')
sql "select from genhook.register_task('kie', '$nameless')" >/dev/null
soon 60 idle
for _ in 1 2 3 4 5 6; do due_now; sweep; done
same "Kie's answer that there is no such task is not believed" 'pending 0' "$(task kie "$nameless" "status || ' ' || not_found_polls")"
register kie "$nameless" suno
check "with its model it ends" sweep_until "$open_work" 0
same "well" 'succeeded poll' "$(task kie "$nameless" "status || ' ' || source")"

# --- signatures that do not fit
# signed PROVIDER SECRET FILE [CURL OPTIONS...]
signed()
{
	local now

	now=$(date +%s)
	post "$(hook "$1")" "$3" -H "webhook-id: msg_1" -H "webhook-timestamp: $now" \
	    -H "webhook-signature: v1,$(standard "$2" msg_1 "$now" "$3")" "${@:4}"
}
body=$FIXTURES/replicate/callback-failed.json
same "a right signature" '200 {"status":"accepted"}' "$(signed replicate "$GENHOOK_SECRET_REPLICATE" "$body")"
same "is recorded as such, with what it was made of" 'signature|msg_1|v1,' \
    "$(sql "select verdict, headers ->> 'webhook-id', left(headers ->> 'webhook-signature', 3) from genhook.deliveries where task_id = '$(jq -r .id "$body")'")"
same "that of another secret" '401 {"error":"header webhook-signature does not fit"}' "$(signed replicate "$GENHOOK_SECRET_WAVESPEED" "$body")"
same "none" '401 {"error":"header webhook-id is missing"}' "$(post "$(hook replicate)" "$body")"
like "one header twice" '^400 .*came twice' "$(signed replicate "$GENHOOK_SECRET_REPLICATE" "$body" -H 'webhook_id: msg_2')"
now=$(($(date +%s) - 400))
same "one that is old" '200 {"status":"stale"}' "$(post "$(hook replicate)" "$body" -H 'webhook-id: msg_1' \
    -H "webhook-timestamp: $now" -H "webhook-signature: v1,$(standard "$GENHOOK_SECRET_REPLICATE" msg_1 "$now" "$body")")"

# Kie signs the task's id and the time, and the body not.
# kie ID SECRET FILE: posts the file as Kie does for a task of that id.
kie()
{
	local now

	now=$(date +%s)
	post "$(hook kie)" "$3" -H "X-Webhook-Timestamp: $now" \
	    -H "X-Webhook-Signature: $(printf '%s.%s' "$1" "$now" |
	    openssl dgst -sha256 -mac HMAC -macopt "key:$2" -binary | base64)"
}
body=$FIXTURES/kie/callback-market-failed.json
id=$(jq -r .data.taskId "$body")
same "Kie's right signature" '200 {"status":"accepted"}' "$(kie "$id" "$GENHOOK_SECRET_KIE" "$body")"
same "proves who sent it, not what" token "$(sql "select verdict from genhook.deliveries where provider = 'kie' and task_id = '$id'")"
same "Kie's signature of another secret" '401 {"error":"header x-webhook-signature does not fit"}' "$(kie "$id" "$GENHOOK_SECRET_REPLICATE" "$body")"
same "that for another task" '401 {"error":"header x-webhook-signature does not fit"}' "$(kie "${id}0" "$GENHOOK_SECRET_KIE" "$body")"
same "none where the account has a secret" '401 {"error":"header x-webhook-timestamp is missing"}' "$(post "$(hook kie)" "$body")"
# BFL signs the body alone, with what the request gave it.
# bfl SECRET FILE [CURL OPTIONS...]: posts the file as BFL does.
bfl()
{
	post "$(hook bfl)" "$2" -H "X-BFL-Signature: sha256=$(openssl dgst -sha256 -mac HMAC -macopt "key:$1" -r "$2" | cut -d ' ' -f 1)" "${@:3}"
}
body=$FIXTURES/bfl/callback-error.json
same "BFL's signature of another secret" '401 {"error":"header x-bfl-signature does not fit"}' "$(bfl "$GENHOOK_SECRET_KIE" "$body")"
same "BFL's right one" '200 {"status":"accepted"}' "$(bfl "$GENHOOK_SECRET_BFL" "$body")"
same "proves the body" signature "$(sql "select verdict from genhook.deliveries where provider = 'bfl' and task_id = '$(jq -r .id "$body")'")"
same "and none is refused" '401 {"error":"header x-bfl-signature is missing"}' "$(post "$(hook bfl)" "$body")"
same "the secret is to be had of the API" "$(curl -sS --noproxy '*' -H "Authorization: Bearer $KEY_REPLICATE" "$SIMULATOR/replicate/v1/webhooks/default/secret" | jq -r .key)" \
    "$("$BIN/genhook" secret fetch replicate | head -n 1)"

# --- OpenRouter signs the time and the body with a comma between
# openrouter SECRET FILE SEPARATOR: posts the file as OpenRouter does.
openrouter()
{
	local now

	now=$(date +%s)
	post "$(hook openrouter)" "$2" -H "X-OpenRouter-Signature: t=$now,v1=$({ printf '%s%s' "$now" "$3"; cat "$2"; } |
	    openssl dgst -sha256 -mac HMAC -macopt "key:$1" -r | cut -d ' ' -f 1)"
}
body=$FIXTURES/openrouter/callback-failed.json
same "OpenRouter's signature of another secret" '401 {"error":"header x-openrouter-signature does not fit"}' "$(openrouter "$GENHOOK_SECRET_KIE" "$body" ,)"
same "that of ElevenLabs' form" '401 {"error":"header x-openrouter-signature does not fit"}' "$(openrouter "$GENHOOK_SECRET_OPENROUTER" "$body" .)"
same "its right one" '200 {"status":"accepted"}' "$(openrouter "$GENHOOK_SECRET_OPENROUTER" "$body" ,)"
same "none where the account has a secret" '401 {"error":"header x-openrouter-signature is missing"}' "$(post "$(hook openrouter)" "$body")"

# --- files that want the key: nobody else gets it
cp "$FIXTURES/media/base.mp4" "$WORK/thief.d/moved.mp4"
url_of()	{ output openrouter "$1" url; }
for i in 1 2 3; do	# some have storage links, and some have not
	moved=$(order openrouter google/veo-3.1 "url=$WEB/moved.mp4?$i")
	check "a job whose file is elsewhere ends" soon 30 ended openrouter "$moved" succeeded
	[[ $(url_of "$moved") != */content* ]] || content=$moved
done
like "content is below the API" '/openrouter/api/v1/videos/[0-9a-f]{32}/content' "$(url_of "$content")"
check "the API sends us to another host" sweep_until "$open_work" 0
same "whose file is stored" stored "$(output openrouter "$content")"
got_there()	{ [ "$(grep -c '^/moved.mp4 200' "$WORK/thief.log")" -ge 3 ]; }
check "it was asked there" soon 60 got_there
same "and never with the key" '' "$(grep -v '\[-\] \[-\]$' "$WORK/thief.log")"
same "without the key there is no content" 401 "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$(url_of "$content")")"

# --- a storage link that is dead is asked for anew; content has no other link
mv "$GENHOOK_ARCHIVE" "$WORK/archive.away"
: >"$GENHOOK_ARCHIVE"
faults '{"link-seconds":1}'
for i in 1 2 3; do
	short=$(order openrouter google/veo-3.1)
	check "a job with links that die ends" soon 30 ended openrouter "$short" succeeded
	[[ $(url_of "$short") == */content* ]] && gone=$short || signed=$short
done
sleep 1.5
faults '{"link-seconds":3600}'
rm -f "$GENHOOK_ARCHIVE"
mv "$WORK/archive.away" "$GENHOOK_ARCHIVE"
dead=$(url_of "$signed")
check "a storage link is dead" test 403 = "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$dead")"
check "all is tried" sweep_until "$open_work" 0
same "a fresh one brings it" stored "$(output openrouter "$signed")"
check "by another link" test "$dead" != "$(url_of "$signed")"
same "content that is gone is given up" failed "$(output openrouter "$gone")"
like "as the provider has no other link" 'has no other link' "$(output openrouter "$gone" last_error)"

# --- keys that a provider publishes
# fal_signed KEY FILE [CURL OPTIONS...]: signed with an Ed25519 key, by openssl.
fal_signed()
{
	local now

	now=$(date +%s)
	printf 'r-1\nu-1\n%s\n%s' "$now" "$(sha256sum "$2" | cut -d ' ' -f 1)" >"$WORK/fal.text"
	post "$(hook fal)" "$2" -H 'X-Fal-Webhook-Request-Id: r-1' -H 'X-Fal-Webhook-User-Id: u-1' \
	    -H "X-Fal-Webhook-Timestamp: $now" -H "X-Fal-Webhook-Signature: $(openssl pkeyutl -sign -rawin \
	    -inkey "$1" -in "$WORK/fal.text" | od -An -v -tx1 | tr -d ' \n')" "${@:3}"
}
fal_public()	{ openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64 | tr '+/' '-_' | tr -d '='; }
openssl genpkey -algorithm ed25519 -out "$WORK/fal.key" 2>/dev/null
body=$FIXTURES/fal/callback-error.json
keys=$(echo "$GENHOOK_SPOOL"/.keys-fal-????????????????)
same "another's key" '401 {"error":"header x-fal-webhook-signature does not fit"}' "$(fal_signed "$WORK/fal.key" "$body")"
check "has the keys fetched anew" test -e "$keys.wanted"
printf '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"%s"}]}' "$(fal_public "$WORK/fal.key")" >"$keys"
same "which is right once it is published" '200 {"status":"accepted"}' "$(fal_signed "$WORK/fal.key" "$body")"
same "as a signature" 'signature|r-1' "$(sql "select verdict, headers ->> 'x-fal-webhook-request-id' from genhook.deliveries where task_id = '$(jq -r .request_id "$body")' and verdict = 'signature'")"
sed 's/field required/field requires/' "$body" >"$WORK/fal.flipped"
like "no other body goes with it" '^401 ' "$(post "$(hook fal)" "$WORK/fal.flipped" -H 'X-Fal-Webhook-Request-Id: r-1' \
    -H 'X-Fal-Webhook-User-Id: u-1' -H "X-Fal-Webhook-Timestamp: $(sed -n 3p "$WORK/fal.text")" -H "X-Fal-Webhook-Signature: $(openssl pkeyutl -sign -rawin -inkey "$WORK/fal.key" -in "$WORK/fal.text" | od -An -v -tx1 | tr -d ' \n')")"
same "none" '401 {"error":"header x-fal-webhook-request-id is missing"}' "$(post "$(hook fal)" "$body")"
rotated=$(order fal fal-ai/flux/dev)
refused()	{ [ "$(sql "select count(*) > 0 from genhook.deliveries where provider = 'fal' and outcome = 'unverified' and convert_from(body, 'UTF8') like '%$1%'")" = t ]; }
check "the key that rotated in is not known yet" soon 30 refused "$rotated"
rm -f "$keys.asked"
sweep
check "its mark had the keys fetched" sh -c "! test -e '$keys.wanted'"
like "and there they are" '11qYAYKxCrfVS' "$(cat "$keys")"
known=$(order fal fal-ai/flux/dev)
check "so that callbacks are taken again" soon 30 ended fal "$known" succeeded

# --- a language model's pieces are one text
text=$(order replicate vendor/whisper)
check "a text comes" soon 30 ended replicate "$text" succeeded
same "as one output" 'text|inline|1' "$(output replicate "$text" "kind, status, (select count(*) from genhook.outputs o where o.task_id = '$text')")"
finish
