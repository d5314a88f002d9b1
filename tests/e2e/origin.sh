#!/bin/bash
# Downloads as in production: https alone, no private network, names that are
# looked up.  The origin answers as lib/origin.py says: each answer has its right
# effect.  All of it is in a network of its own, with hosts, a resolver and an
# authority of its own, and nothing leaves the machine.
if [ -z "${IN_NAMESPACE:-}" ]; then
	if ! unshare --net --mount sh -c 'ip link set lo up &&
	    mount --bind /etc/hosts /etc/hosts' 2>/dev/null; then
		echo "SKIP: this machine allows no namespaces"
		echo "0 0"
		exit 0
	fi
	IN_NAMESPACE=1 exec unshare --net --mount "$0"
fi
ip link set lo up || exit 2
. "$(dirname -- "$0")/lib/sweep.sh"
picture=$FIXTURES/media/base.jpg
film=$FIXTURES/media/base.mp4

# --- a small internet: a host has an address that is public; one is not
HOST=1.2.3.4
HOST2=1.2.3.5		# speaks HTTP/2, badly
FORGED=1.2.3.6		# its certificate is nobody's
PROXY=1.2.3.7
INSIDE=10.0.0.1
for address in $HOST $HOST2 $FORGED $PROXY $INSIDE; do
	ip address add "$address/32" dev lo
done
names()
{
	cat <<-END
	127.0.0.1 localhost
	$HOST cdn.example api.example xn--bcher-kva.example misnamed.example
	$HOST2 h2.example
	$FORGED forged.example
	$INSIDE inside.example
	END
}
names >"$WORK/hosts"
# Nobody answers there: a name that is not in the file is none just now.
echo 'nameserver 127.0.0.1' >"$WORK/resolv.conf"

certificate()	# NAME CA NAMES...
{
	local name=$1 ca=$2

	shift 2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -keyout "$WORK/$name.key" -subj "/CN=$name" 2>/dev/null |
	    openssl x509 -req -CA "$WORK/$ca.pem" -CAkey "$WORK/$ca.key" \
	    -days 2 -extfile <(printf 'subjectAltName=%s' "$(printf ',DNS:%s' "$@" | cut -c 2-)") \
	    >"$WORK/$name.crt" 2>/dev/null
	cat "$WORK/$name.key" "$WORK/$name.crt" >"$WORK/$name.both"
}
authority()	# NAME
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -keyout "$WORK/$1.key" -subj "/CN=$1" \
	    >"$WORK/$1.pem" 2>/dev/null
}
authority good
authority bad
certificate server good cdn.example api.example h2.example inside.example \
    xn--bcher-kva.example
certificate forged bad forged.example
for pair in hosts:/etc/hosts resolv.conf:/etc/resolv.conf \
    good.pem:/etc/ssl/certs/ca-certificates.crt; do
	mount --bind "$WORK/${pair%%:*}" "${pair#*:}" || exit 2
done

run_start run
cat >>"$GENHOOK_CONF" <<END
apimart static {
	token = {"static-token-0123456789abcdef0123456789abcdef"}
	api_key = "any-key-will-do"
	api_base = "https://api.example"
}
END
sed -i 's/allow_private_networks.*/&\n\tmax_output_bytes = 2000000\n\tmax_seconds = 300/' "$GENHOOK_CONF"
handlers_restart
/usr/bin/python3 "$TOP/tests/e2e/lib/origin.py" "$FIXTURES" "$WORK/asked" \
    $HOST 443 "$WORK/server.both" $HOST 80 "" $HOST 8443 "$WORK/server.both" \
    $HOST2 443 "$WORK/server.both:h2" $FORGED 443 "$WORK/forged.both" \
    $INSIDE 443 "$WORK/server.both" 127.0.0.1 443 "$WORK/server.both" \
    $PROXY 3128 "" >"$WORK/origin.out" 2>&1 &
RUNS+=($!)
check "the origin listens" soon 30 test -e "$WORK/asked"

# What a user's shell may have set, and no download may heed.
for variable in http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY; do
	export "$variable=http://$PROXY:3128"
done

# --- outputs, put into the tables at once
# outputs FILE [ENDS]: a task for each "NAME KIND LINK" of a file, NAME its id;
# its link ends so many seconds from now ("": nobody knows when).
outputs()
{
	PGUSER=postgres psql -Xq -v ON_ERROR_STOP=1 <<-END
	create temp table come (task_id text, kind text, url text);
	\copy come from '$1' (delimiter ' ')
	insert into genhook.tasks (provider, task_id, status, account, submitted_at, finished_at, source, result)
	    select 'apimart', task_id, 'succeeded', 'static', now() - interval '9 s', now() - interval '4 s', 'callback', '{}' from come;
	insert into genhook.outputs (provider, task_id, position, status, kind, url, next_attempt_at, expires_at, expires_source)
	    select 'apimart', task_id, 0, 'pending', kind, url, now(), now() + ${2:-null} * interval '1 s',
		case when ${2:-null} is null then 'unknown' else 'field' end::genhook.expiry_source from come;
	END
}
# "NAME|STATUS|ATTEMPTS|TYPE BYTES", or the reason in place of these.
states()	{ sql "select task_id, status, attempts, coalesce(content_type || ' ' || bytes, last_error) from genhook.outputs"; }
state()	{ states | sed -n "s/^$1|//p"; }
asked()	{ grep -cE "$1" "$WORK/asked"; }
# However long a run takes here, nothing is due twice in it.
super "create function genhook.later() returns trigger language plpgsql as
    'begin new.next_attempt_at := new.next_attempt_at + interval \$\$1 hour\$\$; return new; end';
    create trigger later before update on genhook.outputs for each row
    when (new.next_attempt_at <> old.next_attempt_at and new.next_attempt_at > now() + interval '5 s') execute function genhook.later()"

# A byte now and then takes the half minute of the speed floor: meanwhile the
# others.
echo "slow image https://cdn.example/slow.jpg" >"$WORK/come"
outputs "$WORK/come"
{
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --task slow >"$WORK/slow.out" 2>&1
	# At once: a later sweep may try it again.
	state slow >"$WORK/slow.state"
} &
slow=$!
soon 30 grep -q /slow "$WORK/asked"

# --- the table: link, kind, what becomes of it at the first try.  A link that is
# a path is of https://cdn.example; "stored" stands for the picture as it is.
P=$(stat -c %s "$picture")
V=$(stat -c %s "$film")
table()
{
	local status

	for status in 202 408 421 423 425 429 500 501 502 503 504 505 507 508 \
	    510 511 520 521 522 523 524 525 526 527 529 530 599; do
		echo "/status-$status.jpg|image|pending\|1\|cdn.example: HTTP $status"
	done
	for status in 400 401 402 406 418 451; do
		echo "/status-$status.jpg|image|pending\|1\|cdn.example: HTTP $status$"
	done
	for status in 403 404 410; do
		echo "/status-$status.jpg|image|pending\|1\|cdn.example: HTTP $status; no fresh link: "
	done
	cat <<CASES
/plain.jpg|image|stored
/chunked.jpg|image|stored
/unframed.jpg|image|stored
/blank-line-first.jpg|image|pending\|1\|cdn.example: what it answered is no HTTP
/no-status-line.jpg|image|pending\|1\|cdn.example: what it answered is no HTTP
/garbage-first.jpg|image|pending\|1\|cdn.example: what it answered is no HTTP
/odd-version.jpg|image|pending\|1\|cdn.example: what it answered is no HTTP
/odd-status.jpg|image|pending\|1\|cdn.example: .+
/no-answer.jpg|image|pending\|1\|cdn.example: the server hung up without an answer
/half-a-head.jpg|image|pending\|1\|cdn.example: .+
/cut.jpg|image|pending\|1\|cdn.example: the connection broke before the end
/cut-chunk.jpg|image|pending\|1\|cdn.example: .+
/cut-unframed.jpg|image|pending\|1\|cdn.example: the file was cut short
/short-but-whole.mp4|video|pending\|1\|cdn.example: the file was cut short
/empty.jpg|image|pending\|1\|cdn.example: the file is empty
/no-content.jpg|image|pending\|1\|cdn.example: HTTP 204
/206-whole.jpg|image|stored
/206-rest.jpg|image|pending\|1\|cdn.example: HTTP 206
/206-unsaid.jpg|image|pending\|1\|cdn.example: HTTP 206
/206-unknown.jpg|image|pending\|1\|cdn.example: HTTP 206
/206-pieces.jpg|image|stored\|1\|image/jpeg 1200983
/etag.jpg|image|stored\|1\|image/jpeg 1200983
/old.jpg|image|stored\|1\|image/jpeg 1200983
/weak.jpg|image|pending\|1\|cdn.example: the connection broke before the end
/weak-old.jpg|image|stored\|1\|image/jpeg 1200983
/young.jpg|image|pending\|1\|cdn.example: the connection broke before the end
/elsewhere.jpg|image|stored\|1\|image/jpeg 1200983
/two.jpg|image|failed\|1\|cdn.example: larger than 2000000 bytes
/br.png|image|stored\|1\|image/png [0-9]+
/gzip.jpg|image|stored
/x-gzip.jpg|image|stored
/deflate.jpg|image|stored
/gzip-twice.jpg|image|stored
/gzip-chunked.jpg|image|stored
/gzip-cut.jpg|image|pending\|1\|cdn.example: .+
/gzip-sum.jpg|image|stored
/gzip-no.jpg|image|stored
/br-no.jpg|image|stored
/gzip-junk.bin|image|pending\|1\|cdn.example: it came in a coding that could not be undone
/gzip-junk.bin|file|pending\|1\|cdn.example: it came in a coding that could not be undone
/compress.bin|file|pending\|1\|cdn.example: it came in a coding that could not be undone
/aws-chunked.jpg|image|stored
/utf-8.jpg|image|stored
/identity.jpg|image|stored
/bomb.png|image|failed\|1\|cdn.example: larger than 2000000 bytes
/gzip-page.jpg|image|pending\|1\|cdn.example: got text/html where image is due
/gzip.svg|image|stored\|1\|image/svg\+xml 41
/hop-1.jpg|image|stored
/hop-10.jpg|image|stored
/hop-11.jpg|image|pending\|1\|cdn.example: more than 10 redirects
/loop.jpg|image|pending\|1\|cdn.example: more than 10 redirects
/cookie.jpg|image|stored
/cookie-2.jpg|image|stored
/no-cookie.jpg|image|stored
/to-http.jpg|image|stored
/to-ftp.jpg|image|failed\|1\|cdn.example: it leads to another scheme than https
/to-file.jpg|image|failed\|1\|cdn.example: it leads to another scheme than https
/to-private.jpg|image|pending\|1\|inside.example: the address is private
/to-address.jpg|image|pending\|1\|10.0.0.1: the address is private
/to-port.jpg|image|pending\|1\|cdn.example: the address is at a port other than 80 and 443
/to-idn.jpg|image|stored
/to-blank.jpg|image|stored
/to-nothing.jpg|image|pending\|1\|cdn.example: it leads to what is no URL
/to-nowhere.jpg|image|pending\|1\|cdn.example: HTTP 302
/big-page.jpg|image|stored
http://cdn.example/plain.jpg|image|stored
http://cdn.example:80/plain.jpg|image|stored
https://bücher.example/plain.jpg|image|stored
https://b%C3%BCcher.example/plain.jpg|image|stored
https://10.0.0.1/plain.jpg|image|failed\|1\|10.0.0.1: the address is private
https://inside.example/plain.jpg|image|pending\|1\|inside.example: the address is private
https://localhost/plain.jpg|image|pending\|1\|localhost: the address is loopback
https://127.1/plain.jpg|image|failed\|1\|127.0.0.1: the address is loopback
https://user:word@cdn.example/plain.jpg|image|failed\|1\|cdn.example: the link has a user name in it
ftp://cdn.example/plain.jpg|image|pending\|1\|the link is no http or https URL
https://nowhere.example/plain.jpg|image|pending\|1\|nowhere.example: .+
https://forged.example/plain.jpg|image|pending\|1\|forged.example: its certificate is not valid
https://misnamed.example/plain.jpg|image|pending\|1\|misnamed.example: its certificate is not valid
https://h2.example/plain.jpg|image|stored
/44-more.wav|audio|stored\|1\|audio/wav 244
/odd.wav|audio|stored\|1\|audio/wav 245
/placeholder.wav|audio|stored\|1\|audio/wav 2044
/zeros.wav|audio|stored\|1\|audio/wav 2044
/pipe.wav|audio|stored\|1\|audio/wav 2044
/cut.wav|audio|pending\|1\|cdn.example: the file was cut short
/cut-unframed.wav|audio|pending\|1\|cdn.example: the file was cut short
/behind.mp4|video|stored\|1\|video/mp4 $((V + 15))
/zeros-behind.mp4|video|stored\|1\|video/mp4 $((V + 40))
/cut-box.mp4|video|pending\|1\|cdn.example: the file was cut short
/cut-free.mp4|video|stored\|1\|video/mp4 $((V + 11))
/comment.svg|image|stored\|1\|image/svg\+xml 673
/utf-16.svg|image|stored\|1\|image/svg\+xml [0-9]+
/utf-16be.svg|image|stored\|1\|image/svg\+xml [0-9]+
/comment-page.jpg|image|pending\|1\|cdn.example: got text/html where image is due
/quiet.alaw|audio|stored\|1\|audio/x-alaw-basic 800
/quiet|audio|stored\|1\|audio/x-alaw-basic 800
/quiet.ulaw|audio|stored\|1\|audio/basic 802
/words.alaw|audio|pending\|1\|cdn.example: got text/plain where audio is due
/page.alaw|audio|pending\|1\|cdn.example: got text/html where audio is due
/mesh.obj|file|stored\|1\|model/obj 36
/mesh.obj|image|stored\|1\|model/obj 36
/words.obj|image|pending\|1\|cdn.example: got text/plain where image is due
/page.obj|file|pending\|1\|cdn.example: got text/html where a file is due
/text.stl|file|stored\|1\|model/stl 27
/data.stl|file|stored\|1\|model/stl 134
/scene.usdz|file|stored\|1\|model/vnd.usdz\+zip 65
/scene.gltf|file|stored\|1\|model/gltf\+json 42
/scene.gltf|video|stored\|1\|model/gltf\+json 42
/error.gltf|video|pending\|1\|cdn.example: got application/json where video is due
/scene.glb|file|stored\|1\|model/gltf-binary 16
/text.fbx|file|stored\|1\|model/vnd.fbx [0-9]+
/stream.ts|video|stored\|1\|video/mp2t 752
/film.flv|video|stored\|1\|video/x-flv [0-9]+
/light.exr|image|stored\|1\|image/x-exr [0-9]+
/lines.jsonl|file|stored\|1\|application/jsonl 16
/lines.jsonl|image|pending\|1\|cdn.example: got application/jsonl where image is due
/data.jpg|image|stored\|1\|application/octet-stream 27
/html.jpg|image|pending\|1\|cdn.example: got text/html where image is due
/json.jpg|image|pending\|1\|cdn.example: got application/json where image is due
CASES
}
table >"$WORK/table"
awk -F '|' '{ print NR, $2, ($1 ~ /^\// ? "https://cdn.example" $1 : $1) }' \
    "$WORK/table" >"$WORK/come"
outputs "$WORK/come"
sweep --provider apimart
n=0
states >"$WORK/states"
while IFS='|' read -r link kind wanted; do
	n=$((n + 1))
	[ "$wanted" != stored ] || wanted="stored\|1\|image/jpeg $P"
	like "$link, $kind" "^$wanted" "$(sed -n "s/^$n|//p" "$WORK/states")"
done <"$WORK/table"
check "each with bytes that are the file's" test "$(sql "select count(distinct sha256) from genhook.outputs where bytes = $P")" = 1
same "those of the file at that" "$(sha256sum <"$picture" | cut -c -64)" "$(sql "select distinct sha256 from genhook.outputs where bytes = $P")"
same "and a file that came in parts is one" 1 "$(sql "select count(distinct sha256) from genhook.outputs where bytes = 1200983 and status = 'stored'")"

# --- how they were asked for
like "with If-Range, and from the last byte on" 'range=bytes=700000- if-range="strong"' "$(grep /etag.jpg "$WORK/asked")"
like "by an old date, too" 'range=bytes=700000- if-range=Sun, 29 Nov 2026 11:00:00 GMT' "$(grep /old.jpg "$WORK/asked")"
same "never by a weak tag, nor a young date" 0 "$(asked '/(weak|young).jpg.* range=')"
same "a request is only for what comes as it is" 0 "$(grep -v ' h2 ' "$WORK/asked" | grep -cv 'accept-encoding=identity')"
same "a cookie is for one download" 2 "$(asked '/cookie(-2)?.jpg .*cookie=passed=yes')"
same "and for no other" 0 "$(asked '/no-cookie.jpg .*cookie=')"
same "HTTP/2 was tried" 1 "$(asked "^$HOST2:443 h2 ")"
same "and then the other way" 1 "$(asked "^$HOST2:443 1.1 ")"
same "nothing went without TLS" 0 "$(asked "^$HOST:80 ")"
same "nothing to a proxy" 0 "$(asked "^$PROXY:")"
same "nothing to a private address" 0 "$(asked "^($INSIDE|127)")"
same "nothing to another port" 0 "$(asked ':8443 ')"
same "nothing to whose certificate is not valid" 0 "$(asked "^$FORGED:|host=misnamed")"
super "drop function genhook.later() cascade" 2>/dev/null
sql "delete from genhook.outputs where task_id <> 'slow'"

# --- how often: as long as the link lives; where nobody knows its end, by count
tried()	{ sql "update genhook.outputs set attempts = 40, next_attempt_at = now() where task_id = '$1'"; }
for ends in 7200 null; do
	echo "tired-$ends image https://cdn.example/status-503.jpg" >"$WORK/come"
	outputs "$WORK/come" "$ends"
	tried "tired-$ends"
done
sweep
same "a link that lives is tried for the 41st time, and again" 'pending|41|cdn.example: HTTP 503' "$(state tired-7200)"
check "within the hour" test "$(sql "select next_attempt_at between now() + interval '20 min' and now() + interval '72 min' from genhook.outputs where task_id = 'tired-7200'")" = t
same "one of which nobody knows the end is given up" 'failed|41|cdn.example: HTTP 503' "$(state tired-null)"
sql "update genhook.outputs set leased_until = now() + interval '1 min', lease_owner = 'ahead' where task_id = 'tired-7200'"
same "a sweep whose clock is ahead does not end it" 'f pending' \
    "$(sql "select genhook.fail_output('apimart', 'tired-7200', 0, 'ahead', 'expired', 'over', '0')" | sed 's/$/ /' | tr -d '\n')$(output apimart tired-7200)"

# --- as an apimart callback says it
post_text "$HOOK/apimart/static-token-0123456789abcdef0123456789abcdef/callback" "$(cat "$FIXTURES/cases/downloads/apimart-http-link.json")" >/dev/null
sweep
same "a link of http in a payload" "stored|1|image/jpeg $P" "$(state tls-http)"

# --- a status API that is asked for a fresh link
printf '%s image https://cdn.example/gone.jpg\n' coded hurried >"$WORK/come"
outputs "$WORK/come"
sweep
same "an answer in a coding is understood" "stored|1|image/jpeg $P" "$(state coded)"
like "one that is asked too often is heard" '^pending\|1\|cdn.example: HTTP 404; no fresh link: ' "$(state hurried)"
same "and left alone for all that its account has" t \
    "$(sql "select not_before > now() + interval '5 min' from genhook.accounts where provider = 'apimart' and account = 'static'")"
sql "delete from genhook.outputs where task_id <> 'slow'; update genhook.accounts set not_before = '-infinity'"

# --- a night without a name server, scaled: 14 tries, each 45 minutes on
for ends in 72000 18000 null; do
	printf '%s image https://cdn.example/plain.jpg\n' "night-$ends" >"$WORK/come"
	outputs "$WORK/come" "$ends"
done
night_due()	{ sql "update genhook.outputs set next_attempt_at = now() where task_id like 'night-%'"; }
: >"$WORK/hosts"
longest=0
for ((turn = 0; turn < 14; turn++)); do
	night_due
	sweep
	wait_s=$(sql "select max(extract(epoch from next_attempt_at - now()))::int from genhook.outputs where task_id like 'night-%'")
	[ "${wait_s:-99999}" -le "$longest" ] || longest=${wait_s:-99999}
	sql "update genhook.tasks set submitted_at = submitted_at - interval '45 min', finished_at = finished_at - interval '45 min' where task_id like 'night-%';
	    update genhook.outputs set expires_at = expires_at - interval '45 min' where expires_at is not null"
done
same "all wait, and none of it counts" '3 pending 1' "$(sql "select count(*), status, attempts from genhook.outputs where task_id like 'night-%' group by 2, 3" | tr '|' ' ')"
like "since no name is found" "^cdn.example: .*resolve host" "$(sql "select distinct last_error from genhook.outputs where task_id like 'night-%' and coalesce(expires_at > now(), true)")"
check "never for more than an hour, give or take" test "$longest" -le 4330
names >"$WORK/hosts"
night_due
sweep
same "in the morning all are stored, and the one whose link ended at night" '3 stored' \
    "$(sql "select count(*), status from genhook.outputs where task_id like 'night-%' group by 2" | tr '|' ' ')"

# --- authorities that are not where they usually are
printf '%s image https://%s.example/plain.jpg\n' of-ours forged of-others cdn >"$WORK/come"
outputs "$WORK/come"
SSL_CERT_FILE=$WORK/bad.pem sweep
same "a host of the authorities that SSL_CERT_FILE names is believed" "stored|1|image/jpeg $P" "$(state of-ours)"
like "and no other is" '^[a-z]+\|1\|cdn.example: .*certificate' "$(state of-others)"

wait "$slow"
same "a server that takes its time is not waited for" 'pending|1|cdn.example: too slow: time is up' "$(cat "$WORK/slow.state")"
finish
