#!/bin/bash
# Providers beyond the first four, each against the simulator: by callback, by
# polls alone, failed, cancelled, doubled, before the submit's answer, with a
# third of all callbacks lost, and through the outbox: every output is at home,
# each once.  And their signatures: who has another secret is refused.
. "$(dirname -- "$0")/lib/sweep.sh"
PROVIDERS=(replicate luma kie fal bfl)
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:400

declare -A models=(
	[replicate]='vendor/flux vendor/wan-video vendor/tts-1 vendor/flux-jpeg'
	[luma]='ray-2 photon-1 ray-flash-2 photon-flash-1'
	[kie]='vendor/picture veo3_fast suno vendor/video'
	[bfl]='flux-2-pro flux-dev-jpeg flux-kontext-pro flux-schnell'
	[fal]='fal-ai/flux/dev fal-ai/kling-video/v2/pro fal-ai/tts fal-ai/flux-jpeg'
)
declare -A requests=(
	[replicate]='{"input": {"prompt": "a lighthouse"}}'
	[luma]='{"prompt": "a lighthouse"}'
	[kie]='{"input": {"prompt": "a lighthouse"}}'
	[bfl]='{"prompt": "a lighthouse"}'
	[fal]='{"prompt": "a lighthouse"}'
)
# Where a provider has no word for cancelled, it says failed.
declare -A cancels=([replicate]=cancelled [luma]=failed [kie]=failed [fal]=failed [bfl]=failed)
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
	token=GENHOOK_TOKEN_${provider^^}
	key=KEY_${provider^^}
	same "$provider: no token and no key in any table" '' "$(for name in "${!token}" "${!key}"; do
		sql "select 'delivery' from genhook.deliveries where outcome <> 'rejected' and convert_from(body, 'UTF8') like '%$name%' union select 'task' from genhook.tasks where result::text like '%$name%'"; done)"
done
world_check "all of them"

# --- signatures that do not fit
# standard SECRET ID TIME FILE: as Standard Webhooks sign, by the openssl command.
standard()
{
	local key

	key=$(printf %s "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
	{ printf '%s.%s.' "$2" "$3"; cat "$4"; } |
	    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
}
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
