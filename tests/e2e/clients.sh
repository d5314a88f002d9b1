#!/bin/bash
# Applications that know SQL and nothing else, each in its own language as
# examples/ has them: insert a request, hear of it, read the results; all four
# providers, as a login that may do no more than genhook_app.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 100:600
super "create role shop login; grant genhook_app to shop"
declare -A models=([novita]=txt2img [apimart]=seedream-5 [apixo]=flux-2 [wavespeed]=vendor/flux)
declare -A requests=(
	[novita]='{"request": {"prompt": "it'\''s a \"lighthouse\"", "image_num": 2}}'
	[apimart]='{"prompt": "a lighthouse", "n": 2}'
	[apixo]='{"provider": "auto", "input": {"prompt": "a lighthouse"}}'
	[wavespeed]='{"prompt": "a lighthouse"}'
)

sweeps()	{ while [ ! -e "$WORK/enough" ]; do "$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1; sleep 0.3; done; }
sweeps &
sweeper=$!

# client COMMAND... PROVIDER MODEL REQUEST
client()	{ PGUSER=shop PGAPPNAME=client timeout 180 "$@" 2>"$WORK/client.err"; }

# tried NAME COMMAND...: all that a client has to get right.
tried()
{
	local name=$1 provider out id

	shift
	for provider in "${PROVIDERS[@]}"; do
		out=$(client "$@" "$provider" "${models[$provider]}" "${requests[$provider]}")
		same "$name, $provider: ends well" "0 " "$? $(cat "$WORK/client.err")"
		id=$(sql "select max(id) from genhook.requests")
		same "$name, $provider: inserted what was asked for" "$provider|$name|t" \
		    "$(sql "select provider, metadata ->> 'client', request = \$r\$${requests[$provider]}\$r\$::jsonb from genhook.requests where id = $id")"
		same "$name, $provider: prints each file" \
		    "$(sql "select location from genhook.outputs o join genhook.requests r using (provider, task_id) where r.id = $id order by position")" "$out"
		same "$name, $provider: which is what the provider made" \
		    "$(jq -r --arg id "$(sql "select task_id from genhook.requests where id = $id")" \
		    'select(.event == "finished" and .task_id == $id) | .outputs[].sha256' "$LEDGER")" \
		    "$(sed 's,^file://,,' <<<"$out" | xargs sha256sum | cut -c -64)"
	done
	faults '{"fail":100}'
	client "$@" wavespeed vendor/flux '{"prompt": "fails"}' >"$WORK/out"
	fails "$name: a failed task is a failure" test "$?" -eq 0
	like "$name: in the provider's words" 'the input was refused' "$(cat "$WORK/client.err")"
	faults '{"fail":0,"submit-refuse":100}'
	client "$@" apimart seedream-5 '{"prompt": "refused"}' >"$WORK/out"
	fails "$name: a refused request is a failure" test "$?" -eq 0
	like "$name: in the provider's words, too" 'not wanted' "$(cat "$WORK/client.err")"
	faults '{"submit-refuse":0}'
	same "$name: and nothing was printed" '' "$(cat "$WORK/out")"
}

tried psql "$TOP/examples/client.sh"
tried python /usr/bin/python3 "$TOP/examples/client.py"
tried php php "$TOP/examples/client.php"
# Debian's pg where Node.js is Debian's, else npm's.
cp "$TOP"/examples/client.js "$TOP"/examples/package*.json "$WORK"
if [ -d /usr/share/nodejs/pg ]; then
	export NODE_PATH=/usr/share/nodejs
elif command -v npm >/dev/null; then
	(cd "$WORK" && npm ci --no-audit --no-fund --loglevel=error) >"$WORK/npm.out" 2>&1 </dev/null
fi
if command -v node >/dev/null && (cd "$WORK" && node -e 'require("pg")' 2>/dev/null); then
	tried node node "$WORK/client.js"
else
	echo "skipped: node: there is no pg for it"
fi
touch "$WORK/enough"
wait "$sweeper"

# docs/submit.md shows parts of them: the same lines.
shown()	{ awk -v lang="$1" '$0 == "```" lang { on = 1; next } /^```$/ { on = 0 } on' "$TOP/docs/submit.md"; }
for lang in python sql; do
	check "the page shows some $lang" test -n "$(shown "$lang")"
	same "which is the example's own" '' "$(shown "$lang" | grep -vxF -f <(sed 's/= %s"""/= %s/' "$TOP/examples/client.py"))"
done
same "the login could read no more than it may" 42501 \
    "$(PGUSER=shop psql -XqAt -v VERBOSITY=sqlstate -c 'select from genhook.deliveries' 2>&1 | sed -n 's/^ERROR: *//p')"
finish
