#!/bin/bash
# One program, genhook-hook, serves all providers, by the path, over one database
# connection: as FastCGI and as plain CGI.
. "$(dirname -- "$0")/lib.sh"

# sample PROVIDER FIXTURE: a copy under a task id that nobody had, in $WORK/sample.
N=0
sample()
{
	local file=$FIXTURES/$1/$2.json id

	N=$((N + 1))
	id=$(sed -n 's/.*"\(task_id\|taskId\|id\)": *"\([^"]*\)".*/\2/p' "$file" | head -n 1)
	sed "s/\"$id\"/\"hook-$N\"/" "$file" >"$WORK/sample"
}
# send PROVIDER: $WORK/sample, as the provider would.
send()
{
	case $1 in
	wavespeed)	post_signed "$WORK/sample" "evt_$N" ;;
	apimart)	post "$(hook apimart)/callback" "$WORK/sample" ;;
	*)		post "$(hook "$1")" "$WORK/sample" ;;
	esac
}
row()	{ sql "select t.status || ' ' || t.account from genhook.tasks t where provider = '$1' and task_id = 'hook-$N'"; }

served()	# FastCGI or plain CGI
{
	local provider fixture status

	while read -r provider fixture status; do
		sample "$provider" "$fixture"
		same "$1: $provider's callback" '200 {"status":"accepted"}' "$(send "$provider")"
		same "$1: $provider's task" "$status default" "$(row "$provider")"
		same "$1: $provider's again" '200 {"status":"duplicate"}' "$(send "$provider")"
		like "$1: $provider's health" '^200 .*"database":"ok"' "$(healthz "$provider")"
	done <<-'END'
	novita callback-images succeeded
	apimart callback-completed succeeded
	apixo callback-failed failed
	wavespeed callback-completed succeeded
	END
	sample apixo callback-success
	same "$1: a slash too many" '200 {"status":"accepted"}' "$(post "$(hook apixo)/" "$WORK/sample")"
	like "$1: not at another's address" '^404 ' "$(post "$HOOK/apixo/$GENHOOK_TOKEN_NOVITA" "$WORK/sample")"
	like "$1: not at a provider's that there is none of" '^404 .*"error"' "$(post "$HOOK/nobody/$GENHOOK_TOKEN_APIXO" "$WORK/sample")"
	like "$1: nor without a provider" '^404 ' "$(post "$HOOK/$GENHOOK_TOKEN_APIXO" "$WORK/sample")"
	like "$1: who does not sign" '^401 ' "$(post "$(hook wavespeed)" "$WORK/sample")"
	# WaveSpeed's secret proves nothing to Replicate.
	sample replicate callback-list
	like "$1: another's signature" '^401 ' "$(as_replicate "$GENHOOK_SECRET_WAVESPEED")"
	same "$1: its own" '200 {"status":"accepted"}' "$(as_replicate "$GENHOOK_SECRET_REPLICATE")"
	# What a callback repeats of the account's secrets is kept nowhere; what it was
	# signed with is.
	printf '{"id":"echo-%d","status":"failed","error":"%s at %s"}' "$N" \
	    "${GENHOOK_SECRET_WAVESPEED//\//\\\/}" "$(hook wavespeed)" >"$WORK/sample"
	same "$1: secrets in a body" '200 {"status":"accepted"}' "$(send wavespeed)"
	same "$1: are kept nowhere" "whsec_[token] at $HOOK/wavespeed/[token]" \
	    "$(sql "select error_message from genhook.tasks where task_id = 'echo-$N'")"
	same "$1: nor in the body" 0 "$(sql "select count(*) from genhook.deliveries where position('${GENHOOK_SECRET_WAVESPEED#whsec_}' in convert_from(body, 'UTF8')) > 0
	    or position('$GENHOOK_TOKEN_WAVESPEED' in convert_from(body, 'UTF8')) > 0")"
	like "$1: what it was signed with is" '^evt_[0-9]+ [0-9]+ v3,[0-9a-f]+$' "$(sql "select concat_ws(' ', headers ->> 'webhook-id',
	    headers ->> 'webhook-timestamp', headers ->> 'webhook-signature') from genhook.deliveries where task_id = 'echo-$N'")"
	check "$1: the access log names the provider, and not its token" \
	    soon 60 grep -q ' wavespeed "POST HTTP/1.1" 401 ' "$RUN_DIR/log/access.log"
	fails "$1: no token is in a log" grep -rqF "$GENHOOK_TOKEN_APIXO" "$RUN_DIR/log"
}
# as_replicate SECRET: $WORK/sample with the signature that Replicate makes of that
# account's secret, by the openssl command.
as_replicate()
{
	local key stamp signature

	key=$(printf %s "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
	stamp=$(date +%s)
	signature=$({ printf 'evt_%d.%s.' "$N" "$stamp"; cat "$WORK/sample"; } |
	    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
	post "$(hook replicate)" "$WORK/sample" -H "webhook-id: evt_$N" -H "webhook-timestamp: $stamp" \
	    -H "webhook-signature: v1,$signature"
}

run_start fastcgi SINGLE=1
served FastCGI
hooks()	{ handlers hook | wc -l; }
same "one process serves them" 1 "$(handlers | wc -l)"
same "which is genhook-hook" 1 "$(hooks)"
same "over one connection" 1 "$(super "select count(*) from pg_stat_activity where usename = 'genhook_hook'")"

# Neighbours of other providers, committed together: one poisoned callback fails
# nobody else's.
for ((i = 0; i < 12; i++)); do
	printf '{"id":"beside-%d","status":"failed","completed":1776748861}' "$i" >"$WORK/beside-$i"
	curl -sS --noproxy '*' -m 30 -o "$WORK/beside-$i.out" -w '%{http_code}\n' \
	    --data-binary "@$WORK/beside-$i" "$(hook apimart)/callback" >>"$WORK/statuses" &
	beside+=($!)
	printf '{"id":"poison-%d","state":"failed","note":"\\u0000"}' "$i" >"$WORK/poison-$i"
	curl -sS --noproxy '*' -m 30 -o /dev/null --data-binary "@$WORK/poison-$i" "$(hook luma)" &
	beside+=($!)
done
wait "${beside[@]}"
same "beside what PostgreSQL refuses" '12 200' "$(sort "$WORK/statuses" | uniq -c | xargs)"
same "each is a task" 12 "$(sql "select count(*) from genhook.tasks where task_id like 'beside-%' and status = 'failed'")"
same "and so is each of those" 12 "$(sql "select count(*) from genhook.deliveries where provider = 'luma' and task_id like 'poison-%'")"

# While the database is away, each provider's callbacks wait in one spool.
database stop
sample novita callback-failed
novita=hook-$N
same "stopped: spooled" '200 {"status":"spooled"}' "$(send novita)"
sample apixo callback-failed
same "stopped: another provider's too" '200 {"status":"spooled"}' "$(send apixo)"
like "its health says so" '^503 ' "$(healthz apixo)"
database start
check "it drains them" soon 60 drained
same "each is its provider's task" "apixo hook-$N novita $novita" \
    "$(sql "select provider, task_id from genhook.tasks where task_id in ('$novita', 'hook-$N') order by 1" | tr '|\n' '  ' | sed 's/ $//')"

# Who has no account is not served; with the first one, after a reload.
sed -i '/^novita default {/,/^}/d' "$GENHOOK_CONF"
was=$(server)
kill -USR1 "$was"
unserved()	{ [[ $(healthz novita) == 404* ]] && [ -n "$(handlers hook)" ]; }
check "without an account: 404" soon 60 unserved
same "by the program itself as well" 404 \
    "$(REQUEST_METHOD=POST PATH_INFO=/novita/$GENHOOK_TOKEN_NOVITA CONTENT_LENGTH=2 "$BIN/genhook-hook" </dev/null 2>/dev/null | sed -n 's/^Status: \([0-9]*\).*/\1/p')"
printf 'novita first {\n\ttoken = {"token-of-the-first"}\n}\n' >>"$GENHOOK_CONF"
kill -USR1 "$(server)"
first()	{ [[ $(post "$HOOK/novita/token-of-the-first" "$WORK/sample") == 200* ]]; }
sample novita callback-failed
check "with its first account, after a reload: served" soon 60 first
same "for that account" 'failed first' "$(row novita)"
run_stop

run_start cgi SINGLE=1 CGI=1
served "plain CGI"
check "no handler stays" test -z "$(handlers)"
finish
