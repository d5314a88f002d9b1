#!/bin/bash
# The same programs as plain CGI: what each provider sends, and an outage.
. "$(dirname -- "$0")/lib.sh"
run_start run CGI=1

# send PROVIDER FILE: as the provider would.
send()
{
	case $1 in
	wavespeed)	post_signed "$2" "evt_$(date +%s%N)" ;;
	apimart)	post "$(hook apimart)/callback" "$2" ;;
	*)		post "$(hook "$1")" "$2" ;;
	esac
}

row()
{
	sql "select t.status || ' ' || t.source || ' ' || coalesce(max(o.kind), '-')
	    || ' ' || count(o.url) from genhook.tasks t
	    left join genhook.outputs o using (provider, task_id)
	    where t.provider = '$1' and t.task_id = '$2' group by t.status, t.source"
}

id_of()	# a sample's task id, under whichever name
{
	sed -n 's/.*"\(task_id\|taskId\|id\)":"\([^"]*\)".*/\2/p' "$1" | head -n 1
}

check "no handler stays" test -z "$(handlers)"
n=0
while read -r provider sample wanted; do
	file=$FIXTURES/$provider/$sample.json
	# a name of its own, since a provider may have several
	n=$((n + 1))
	id=$(id_of "$file")-$n
	sed "s/\"$(id_of "$file")\"/\"$id\"/" "$file" >"$WORK/sample"
	same "$provider $sample" '200 {"status":"accepted"}' "$(send "$provider" "$WORK/sample")"
	same "$provider $sample: its row" "$wanted" "$(row "$provider" "$id")"
	same "$provider $sample again" '200 {"status":"duplicate"}' "$(send "$provider" "$WORK/sample")"
done <<'SAMPLES'
novita callback-images succeeded callback image 2
novita callback-failed failed callback - 0
apimart callback-completed succeeded callback image 1
apimart callback-failed failed callback - 0
apixo callback-success succeeded callback image 1
apixo callback-failed failed callback - 0
wavespeed callback-completed succeeded callback image 1
wavespeed callback-failed failed callback - 0
SAMPLES

hook=$(hook apimart)
failed='{"id":"%d","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}'
like "not JSON" '^400 ' "$(post_text "$hook" '{"id":')"
like "a wrong token" '^404 ' "$(post_text "$HOOK/apimart/wrongwrong" "${failed//%d/x-1}")"
like "no signature" '^401 ' "$(post "$(hook wavespeed)" "$WORK/sample")"
like "GET" '^405 ' "$(post_text "$hook" '' -X GET)"
like "an empty body" '^400 ' "$(post_text "$hook" '')"
head -c 1048577 /dev/zero | tr '\0' ' ' >"$WORK/big"
like "a body over the limit" '^413 ' "$(post "$hook" "$WORK/big")"
like "healthz" '^200 .*"database":"ok"' "$(healthz apimart)"
posts "$hook" 30 "${failed//%d/once}" 10
same "30 identical callbacks" '1 {"status":"accepted"} 29 {"status":"duplicate"}' "$(answers | xargs -0 | tr '\n' ' ' | sed 's/ *$//')"

database stop
same "stopped: spooled" '200 {"status":"spooled"}' "$(post_text "$hook" "${failed//%d/away-1}")"
check "in time" within 3 "$WORK/seconds"
same "stopped: each provider is" '200 {"status":"spooled"}' "$(send wavespeed "$WORK/sample")"
like "not JSON stays 400" '^400 ' "$(post_text "$hook" '{"id":')"
like "healthz says so" '^503 ' "$(healthz apimart)"
waiting=$(spooled)
database start
freeze
same "frozen: spooled" '200 {"status":"spooled"}' "$(post_text "$hook" "${failed//%d/away-2}")"
check "frozen, in time" within 3 "$WORK/seconds"
thaw
same "back: at once" '200 {"status":"accepted"}' "$(post_text "$hook" "${failed//%d/away-3}")"
same "what was spooled waits for the sweep" $((waiting + 1)) "$(spooled)"
# Nothing here may be looked for on the network.
sql "update genhook.outputs set status = 'failed', next_attempt_at = null where status = 'pending'"
sweep
like "the sweep drains it" "drained $((waiting + 1))" "$(cat "$WORK/sweep.out")"
same "each once" 'away-1 accepted,away-2 accepted,away-3 accepted' \
    "$(sql "select string_agg(task_id || ' ' || outcome, ',' order by task_id) from genhook.deliveries where task_id like 'away-%'")"
same "the spool is empty" 0 "$(spooled)"

# A name server that says nothing, in a network where all is lost; passed over
# where the kernel allows none.
alone=(unshare --net --mount)
[ "$(id -u)" -eq 0 ] || alone=(unshare --user --map-root-user --net --mount)
# shellcheck disable=SC2016 # for the inner shell
silence='ip link set lo up && ip route add 10.9.9.0/24 dev lo && mount --bind "$0" /etc/resolv.conf && exec "$@"'
echo 'nameserver 10.9.9.9' >"$WORK/resolv.conf"
sed "s|host=[^ ]*|host=db.example.org|" "$GENHOOK_CONF" >"$WORK/named.conf"
chmod 600 "$WORK/named.conf"
printf '%s' "${failed//%d/named}" >"$WORK/body"
if "${alone[@]}" sh -c "$silence" "$WORK/resolv.conf" true 2>/dev/null; then
	begin=$(now_ms)
	like "a silent name server: spooled" '"spooled"' \
	    "$(REQUEST_METHOD=POST PATH_INFO=${hook##*/apimart} GENHOOK_CONF=$WORK/named.conf \
	    CONTENT_LENGTH=$(stat -c %s "$WORK/body") "${alone[@]}" sh -c "$silence" "$WORK/resolv.conf" \
	    "$BIN/genhook-apimart" <"$WORK/body" 2>/dev/null)"
	check "a silent name server, in time" test $(($(now_ms) - begin)) -lt 3000
fi

# A body that cannot be read is no fault of the sender: a directory is opened,
# and never read.
like "a body that cannot be read: 503" '^Status: 503 ' \
    "$(REQUEST_METHOD=POST PATH_INFO=/$GENHOOK_TOKEN_NOVITA CONTENT_LENGTH=2 \
    "$BIN/genhook-novita" <"$WORK" 2>/dev/null)"

# A program that cannot read its settings must not answer with success.
chmod o+r "$GENHOOK_CONF"
like "settings that others can read: 503" '^503 ' "$(post_text "$hook" "${failed//%d/conf}")"
like "and come again" 'Retry-After: [0-9]+' "$(cat "$WORK/head")"
chmod o-r "$GENHOOK_CONF"
same "mended: at once" '200 {"status":"accepted"}' "$(post_text "$hook" "${failed//%d/conf}")"
# --- by hand on a host, with the lines of docs/deploy.md
# block WORDS: the lines between ``` that hold these words.
block()
{
	awk -v words="$1" '
	/^```/ { if (in_block && index(text, words)) printf "%s", text
		in_block = !in_block; text = ""; next }
	in_block { text = text $0 "\n" }' "$TOP/docs/deploy.md" | sed "s|build/bin|$BIN|"
}
mkdir "$WORK/account"
block 'cgi-bin/hook/novita <<END' >"$WORK/typed"
check "typed as it stands" env HOME="$WORK/account" sh -eu "$WORK/typed"
cp "$GENHOOK_CONF" "$WORK/account/genhook/genhook.conf"
# As a host calls it, that sets no HOME.
called()	{ env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET SCRIPT_NAME=/cgi-bin/hook/novita PATH_INFO=/healthz "$WORK/account/cgi-bin/hook/novita"; }
like "the wrapper is a handler" '"database":"ok"' "$(called)"
block '* * * * * GENHOOK_CONF=$HOME' | sed 's/^\* \* \* \* \* //' >"$WORK/line"
check "cron's line is one" test "$(wc -l <"$WORK/line")" = 1
check "which runs" env -i PATH=/usr/bin:/bin HOME="$WORK/account" sh "$WORK/line"
like "and says what it did" 'sweep: ' "$(cat "$WORK/account/genhook/sweep.log")"
finish
