#!/bin/bash
# Applications that know SQL and nothing else, each in its own language as
# examples/ has them: insert a request, hear of it, read the results; all four
# providers, as a login that may do no more than genhook_app.  And those that are
# told by a forward: they take what is genuine, once by its id, and nothing else.
# All that docs/applications.md shows is run.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/told.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 100:600
super "create role shop login; grant genhook_app to shop"
super "create schema shop authorization shop; alter role shop set search_path = shop"
as_shop()	{ PGUSER=shop sql "$1"; }

# block TAG [N]: the page's Nth block of a language.
PAGE=$TOP/docs/applications.md
block()
{
	awk -v lang="$1" -v n="${2:-1}" '/^```./ { on = $0 == "```" lang && ++i == n; next }
	    /^```$/ { on = 0 } on' "$PAGE"
}
blocks()	{ grep -c "^\`\`\`$1\$" "$PAGE"; }

# --- the settings of the page, with this machine's addresses
OLD_SECRET=whsec_$(openssl rand -base64 32)
mkdir "$WORK/shop"
declare -A PORT=([shop]=$(free_port) [php]=$(free_port) [node]=$(free_port))
# Node.js with Debian's pg has no standardwebhooks.
cp "$TOP"/examples/client.js "$TOP"/examples/receive.js "$TOP"/examples/package*.json "$WORK"
TOLD_BY=(shop php)
if command -v npm >/dev/null && (cd "$WORK" && npm ci --no-audit --no-fund \
    --loglevel=error) >"$WORK/npm.out" 2>&1 </dev/null; then
	TOLD_BY+=(node)
elif [ -d /usr/share/nodejs/pg ]; then
	export NODE_PATH=/usr/share/nodejs
fi
for name in "${TOLD_BY[@]}"; do
	block conf | sed "s|https://shop.example/hooks/genhook|http://127.0.0.1:${PORT[$name]}/hook|
	    s|whsec_[.]*|$SECRET|; s/^forward shop/forward $name/; /account = /d; s/^}/  allow_private = yes\n}/"
done >>"$GENHOOK_CONF"
for n in 2 3; do
	block conf "$n" | sed "s|/srv/shop|$WORK/shop|; s|host=/run/postgresql dbname=shop|host=$PGHOST port=$PGPORT user=shop dbname=$PGDATABASE|"
done >>"$GENHOOK_CONF"
same "the page's settings are well" 0 "$("$BIN/genhook" --config "$GENHOOK_CONF" config check >"$WORK/check.out" 2>&1; echo $?)"

# --- its programs, which are the examples
# code FILE: without what is said at its head.
code()	{ awk '!on && /^(#!|\/\/)/ { next } /^"""/ && !on { said = !said; next } said && /^"""$/ { said = 0; next } said { next } !/^<[?]php$/ { on = 1 } 1' "$TOP/examples/$1"; }
for pair in python:py php:php javascript:js; do
	same_lines "the page's ${pair%:*} is examples/receive.${pair#*:}" \
	    "$(block "${pair%:*}")" "$(code "receive.${pair#*:}")"
done
as_shop "$(block sql 1)"
block php 2 >"$WORK/shop/done.php"
block sql 2 >"$WORK/shop/taken.sql"
# Each with a secret of old as well, which the forward does not have any more.
export GENHOOK_SECRET="$OLD_SECRET $SECRET"
told_start()
{
	PGUSER=shop PGAPPNAME="$1" "${@:2}" >"$WORK/$1.out" 2>&1 &
	RUNS+=("$!")
	soon 60 curl -s --noproxy '*' -m 5 -o /dev/null "http://127.0.0.1:${PORT[$1]}/"
}
told_start shop /usr/bin/python3 "$TOP/examples/receive.py" "${PORT[shop]}"
told_start php php -S "127.0.0.1:${PORT[php]}" "$TOP/examples/receive.php"
[[ " ${TOLD_BY[*]} " != *" node "* ]] || told_start node node "$WORK/receive.js" "${PORT[node]}"
unset GENHOOK_SECRET
sweep
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
	client "$@" wavespeed >"$WORK/out"
	same "$name: too few words are bad usage" "2 usage: client" "$? $(cut -c -13 "$WORK/client.err")"
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
# --- who was told
# All took part in one database, where an id is one forward's: so it says who.
name_of()	{ sql "select name from genhook.forwards where webhook_id = '$1'"; }
taken()		{ as_shop "select count(*) from taken"; }
told_of()	{ sql "select count(*) from genhook.forwards where name = '$1' and status = 'sent'"; }
waiting()	{ sql "select count(*) from genhook.forwards where status <> 'sent'"; }
all_taken()	{ sweep; [ "$(waiting)" = 0 ]; }
check "each event is taken" soon 60 all_taken
wanted=$(rows "select name || ' ' || webhook_id from genhook.forwards where name <> 'script'")
super "grant usage on schema shop to genhook; grant select on shop.taken to genhook"
same_lines "once, by its id, in the tables of all of them" "$wanted" \
    "$(rows "select f.name || ' ' || t.webhook_id from shop.taken t left join genhook.forwards f using (webhook_id)")"
for name in "${TOLD_BY[@]}" database script; do
	check "$name was told of each task" test "$(told_of "$name")" = "$(sql "select count(*) from genhook.tasks where status <> 'pending'")"
done
same_lines "the command's file has each" "$(rows "select webhook_id || ' ' || type || ' ' || task_id from genhook.forwards where name = 'script'")" \
    "$(LC_ALL=C sort "$WORK/shop/done.txt")"
same "what was taken is what is in the tables" 0 "$(sql "select count(*) from shop.taken t join genhook.task_results r on r.provider = t.event #>> '{data,provider}' and r.task_id = t.event #>> '{data,task_id}' where t.event -> 'data' is distinct from to_jsonb(r)")"

# --- and who is not
# knock NAME ID AT SIGNATURE FILE: what it answers.
knock()
{
	curl -s --noproxy '*' -m 30 -o /dev/null -w '%{http_code}' \
	    -H "webhook-id: $2" -H "webhook-timestamp: $3" \
	    -H "webhook-signature: $4" --data-binary "@$5" "http://127.0.0.1:${PORT[$1]}/hook"
}
printf '{"type": "task.stored", "data": {"provider": "novita", "task_id": "x"}}' >"$WORK/genuine"
sed s/novita/apixo/ "$WORK/genuine" >"$WORK/forged"
: >"$WORK/empty"
now=$(date +%s)
before=$(taken)
for name in "${TOLD_BY[@]}"; do
	good=$(sign_event "$SECRET" "id-$name" "$now" "$WORK/genuine")
	same "$name: a changed body is refused" 401 "$(knock "$name" "id-$name" "$now" "$good" "$WORK/forged")"
	same "$name: an empty one" 401 "$(knock "$name" "id-$name" "$now" "$good" "$WORK/empty")"
	same "$name: another id" 401 "$(knock "$name" "id-other" "$now" "$good" "$WORK/genuine")"
	same "$name: another secret" 401 "$(knock "$name" "id-$name" "$now" "$(sign_event "whsec_$(openssl rand -base64 32)" "id-$name" "$now" "$WORK/genuine")" "$WORK/genuine")"
	for signature in '' 'v1,' "v1a,${good#v1,}" "${good:0:30}" "${good#v1,}"; do
		same "$name: the signature \"${signature:0:6}\"" 401 "$(knock "$name" "id-$name" "$now" "$signature" "$WORK/genuine")"
	done
	for at in $((now - 900)) $((now + 900)) '' x -1; do
		same "$name: the time \"$at\"" 401 "$(knock "$name" "id-$name" "$at" "$(sign_event "$SECRET" "id-$name" "$at" "$WORK/genuine")" "$WORK/genuine")"
	done
	same "$name: nothing of it was taken" "$before" "$(taken)"
	same "$name: the genuine one is" 204 "$(knock "$name" "id-$name" "$now" "$good" "$WORK/genuine")"
	same "$name: and when it is played again" 204 "$(knock "$name" "id-$name" "$now" "v1,AAAA $good" "$WORK/genuine")"
	same "$name: it counts once" "$((++before))" "$(taken)"
done
id=$(sql "select task_id from genhook.forwards where name = 'shop' limit 1")
sql "select genhook.retry_forwards(null, null, '$id', 'sent')" >/dev/null
check "told again by genhook" soon 60 all_taken
same "an event is still one" "$before" "$(taken)"
super "alter table shop.taken rename to away"
now=$(date +%s)
for name in "${TOLD_BY[@]}"; do
	like "$name: one that cannot take it does not say that it has" '^(500|000)$' "$(knock "$name" "id-2" "$now" "$(sign_event "$SECRET" id-2 "$now" "$WORK/genuine")" "$WORK/genuine")"
done
super "alter table shop.away rename to taken"

# --- the rest of the page
block sh >"$WORK/page.sh"
PATH=$BIN:$PATH GENHOOK_CONF=$GENHOOK_CONF bash -e "$WORK/page.sh" >"$WORK/page.out" 2>&1
same "the page's lines for the shell run" 0 "$?"
like "and say so" '^whsec_.*forward shop: answered 204' "$(tr '\n' ' ' <"$WORK/page.out")"
block json >"$WORK/page.json"
same "the page's event has the members that events have" '' \
    "$(comm -23 <(jq -r 'paths | map(if type == "number" then 0 else . end) | join(".")' "$WORK/page.json" | grep -v metadata. | sort -u) \
    <(sql "select event from shop.taken where event ->> 'type' = 'task.stored'" | jq -r 'paths | map(if type == "number" then 0 else . end) | join(".")' | sort -u))"
check "the page's statements run" eval 'block sql 3 | sed "s/TASK/$id/" | psql -Xq -v ON_ERROR_STOP=1 >"$WORK/page.sql.out" 2>&1'
same "and this is all that it shows" "3 1 1 1 2 1 3 12" "$(for tag in conf sh json python php javascript sql ''; do blocks "$tag"; done | tr '\n' ' ' | sed 's/ $//')"
same "the login could read no more than it may" 42501 \
    "$(PGUSER=shop psql -XqAt -v VERBOSITY=sqlstate -c 'select from genhook.deliveries' 2>&1 | sed -n 's/^ERROR: *//p')"
finish
