#!/bin/bash
# Signatures beside a third mind: what openai, replicate and Node's Ed25519 sign
# and take, genhook takes; and what they refuse, or has one bit changed
# (LONG=1: 5,000 of each provider), it refuses.  Needs node and npm, and passes
# over itself without them.
. "$(dirname -- "$0")/lib.sh"

bits=400
[ -z "${LONG:-}" ] || bits=5000
cp -r "$TOP/tests/oracle/signers" "$WORK/signers"
if ! command -v node >/dev/null || ! (cd "$WORK/signers" &&
    npm ci --omit=optional --omit=peer --no-audit --no-fund --loglevel=error >"$WORK/npm.out" 2>&1 </dev/null)
then
	echo "skipped: node or npm is not there, or the packages are not to be had"
	finish
fi
mkdir -p "$WORK/published/fal/.well-known"
web_start published <<END
server.modules = ( )
server.document-root = "$WORK/published"
END
run_start run SIMULATOR="$WEB"
sign()	{ (cd "$WORK/signers" && node sign.js "$@"); }
check "a key set is made" sign keys "$WORK/keys"
cp "$WORK/keys" "$WORK/published/fal/.well-known/jwks.json"
sweep
check "the sweep fetches it" ls "$GENHOOK_SPOOL"/.keys-fal-*
jq -n --arg openai "$(hook openai)" --arg replicate "$(hook replicate)" --arg fal "$(hook fal)" \
    --arg a "$GENHOOK_SECRET_OPENAI" --arg b "$GENHOOK_SECRET_REPLICATE" \
    --rawfile x "$WORK/keys.0" --rawfile y "$WORK/keys.1" '{
	openai: { url: $openai, secret: $a, other: $b },
	replicate: { url: $replicate, secret: $b, other: $a },
	fal: { url: $fal, secret: $x, other: $y } }' >"$WORK/plan.json"
said=$(sign "$WORK/plan.json" "$bits" "$RANDOM")
same "they agree" 0 "$?"
echo "$said"
for provider in openai replicate fal; do
	like "$provider: what is right is taken by both" "$provider: 20 of 20 taken by both" "$said"
	like "$provider: of another account by neither" "$provider: .* 20 of 20 of another account by neither" "$said"
	same "$provider: it is verified" 'signature|20' "$(sql "select verdict, count(*) from genhook.deliveries where provider = '$provider' and outcome = 'accepted' group by 1")"
done

# The comparison itself can fail: a genhook that takes what is not signed with its
# secret is found out.
sed -i "s|$GENHOOK_SECRET_OPENAI|$GENHOOK_SECRET_REPLICATE|" "$GENHOOK_CONF"
handlers_restart
jq '{ openai }' "$WORK/plan.json" >"$WORK/plan.openai"
said=$(sign "$WORK/plan.openai" 20 1)
same "who believes another secret is found out" 1 "$?"
like "by name" 'openai: 0 of 20 taken by both, 0 of 20' "$said"
finish
