#!/bin/bash
# Downloads: links that die are asked for anew, cuts are resumed, and a hostile
# origin gets nothing but a reason in the table.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200 --link-seconds 24
origin_start
SHORT=static-token-0123456789abcdef0123456789abcdef
cat >>"$GENHOOK_CONF" <<END
apimart static {
	token = {"$SHORT"}
	api_key = "any-key-will-do"
	api_base = "$ORIGIN"
}
END
handlers_restart
picture=$FIXTURES/media/base.jpg
# A picture of about that size, unlike any other.
big()	{ head -c -2 "$picture"; head -c "$1" /dev/urandom; tail -c 2 "$picture"; }

# --- every callback lost, and no sweep for half of the links' life
orders=()
begin=$(now_ms)
for provider in "${PROVIDERS[@]}"; do
	model=flux
	[ "$provider" != wavespeed ] || model=vendor/flux
	for _ in 1 2 3; do
		order "$provider" "$model" lose >/dev/null &
		orders+=($!)
	done
done
wait "${orders[@]}"
check "all tasks end" soon 30 idle
half_over()	{ [ $(($(now_ms) - begin)) -ge 12000 ]; }
soon 12 half_over
due_now
sweep
same "every output is saved" 12 "$(sql "select count(*) from genhook.outputs where status = 'stored'")"
world_check "half of the links' life"

# --- links that died while nobody looked
faults '{"link-seconds":2}'
declare -A dead
for provider in "${PROVIDERS[@]}"; do
	model=flux
	[ "$provider" != wavespeed ] || model=vendor/flux
	dead[$provider]=$(order "$provider" "$model")
done
now=$(order novita txt2img lose)
check "all callbacks come" soon 30 idle
faults '{"link-seconds":3600}'
sleep 4
due_now
sweep
same "a signed link that ended is asked for anew" 'stored' "$(output novita "${dead[novita]}")"
same "so is one that ended before its task was known" 'succeeded stored' "$(task novita "$now") $(output novita "$now")"
like "a link for which there is no other is expired, with the reason" \
    '^expired\|127.0.0.1: HTTP 404; no fresh link: the provider has no other link$' \
    "$(output apimart "${dead[apimart]}" "status, last_error")"
for provider in apixo wavespeed; do
	like "one that $provider promised for longer is tried again" \
	    '^pending\|127.0.0.1: HTTP 40[34]; no fresh link: the provider has no other link$' \
	    "$(output "$provider" "${dead[$provider]}" "status, last_error")"
done
like "a person is told" 'expired' "$(sql "select reason from genhook.attention where task_id = '${dead[apimart]}'")"

# --- what the status API may say when asked for a fresh link
mkdir -p "$WORK/origin/v1/tasks"
cp "$picture" "$WORK/origin/there.jpg"
soon_ends=$(($(date +%s) + 3600))
api()	{ cat >"$WORK/origin/v1/tasks/$1"; }
apimart_task fresh "$ORIGIN/there.jpg" "$soon_ends" | api fresh
apimart_task same "$ORIGIN/gone.jpg?sig=secret" "$soon_ends" | api same
apimart_task other "$ORIGIN/there.jpg" "$soon_ends" | api another
apimart_task twice "$ORIGIN/there.jpg" "$soon_ends" |
    jq '.result.images += .result.images' | api twice
apimart_task kind "$ORIGIN/there.mp4" "$soon_ends" |
    jq '.result = {videos: .result.images}' | api kind
echo '{"id":"failing","status":"failed","error":{"message":"no"}}' | api failing
echo '<html>' | api garbage
for id in fresh same another twice kind failing garbage unknown; do
	done_by_callback "$id" "$ORIGIN/gone.jpg?sig=secret" "$soon_ends" "$SHORT"
done
# Two outputs each, one of which is no link: that one alone is missing.
there=$ORIGIN/there.jpg
apimart_task odd-mended "$there" "$soon_ends" |
    jq '.result.images += .result.images' | api odd-mended
apimart_task odd "$there\",\"ftp://127.0.0.1/a.jpg" "$soon_ends" | api odd
for id in odd-mended odd; do
	done_by_callback "$id" "$there\",\"ftp://127.0.0.1/a.jpg" "$soon_ends" "$SHORT"
done
sweep
same "an output that is no link has no say in that beside it" \
    "stored|$there"$'\n'"pending|ftp://127.0.0.1/a.jpg" "$(output apimart odd "status, url")"
done_by_callback none "" "$soon_ends" "$SHORT"
for about in "odd|no http or https URL: ftp://127.0.0.1/a.jpg" "none|succeeded without any output"; do
	same "a person is told of $about" "odd result|${about#*|}" \
	    "$(sql "select reason, details from genhook.attention where task_id = '${about%%|*}' and reason = 'odd result'")"
done
same "it is said what it lacks" 'the link is no http or https URL; no fresh link: the provider has no other link' \
    "$(sql "select last_error from genhook.outputs where task_id = 'odd' and position = 1")"
same "and the provider is asked for a link" "stored|$there"$'\n'"stored|$there" \
    "$(output apimart odd-mended "status, url")"
same "a new link is used and kept" "stored|$ORIGIN/there.jpg" "$(output apimart fresh "status, url")"
while read -r id words; do
	like "status API: $id" "^pending\|127.0.0.1: HTTP 404; no fresh link: .*$words" \
	    "$(output apimart "$id" "status, last_error")"
done <<'CASES'
same the provider has no other link
another the answer is about another task
twice it now has 2 outputs, not 1
kind its output is now of kind video
failing the provider no longer calls the task succeeded
unknown 404
CASES
like "status API: garbage" '^pending\|127.0.0.1: HTTP 404; no fresh link: ' "$(output apimart garbage "status, last_error")"
same "a 404 of a young file is retried" '1' "$(output apimart same attempts)"
cp "$picture" "$WORK/origin/gone.jpg"
due_now
sweep
same "and found when it is there" 'stored' "$(output apimart same)"
same "no query of a link is in a reason or a log" '' \
    "$(sql "select last_error from genhook.outputs where last_error like '%secret%'"; grep -h secret "$WORK/sweep.out")"

# --- cuts
big 3000000 >"$WORK/origin/slow/big.jpg"
done_by_callback cut "$ORIGIN/slow/big.jpg"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/cut.out" 2>&1 &
pid=$!
grown()	{ [ "$(find "$GENHOOK_ARCHIVE" -name '.part*' ! -name '*.from' -size +400k | wc -l)" -gt 0 ]; }
check "a slow file comes" soon 30 grown
kill -TERM "$pid"
begin=$(now_ms)
wait "$pid"
check "a run that is asked to end ends" test $(($(now_ms) - begin)) -le 4000
same "the lease is given back" 'pending|0|' "$(output apimart cut "status, attempts, lease_owner")"
same "what came is kept" 1 "$(find "$GENHOOK_ARCHIVE" -name '.part*.from' | wc -l)"
size=$(stat -c %s "$WORK/origin/slow/big.jpg")
sum=$(sha256sum <"$WORK/origin/slow/big.jpg" | cut -c -64)
sweep
same "the next run has the whole file" "stored|$size|$sum" \
    "$(output apimart cut "status, bytes, sha256")"
like "by its rest alone" '/slow/big.jpg 206 [12][0-9]{6}' "$(origin_log)"
same "no part is left" 0 "$(parts)"

done_by_callback changed "$ORIGIN/slow/big.jpg"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/cut.out" 2>&1 &
pid=$!
soon 30 grown
kill -TERM "$pid"
wait "$pid"
rm "$WORK/origin/slow/big.jpg"
big 200000 >"$WORK/origin/slow/big.jpg"
sweep
same "a file that changed meanwhile begins anew" "stored|$(sha256sum <"$WORK/origin/slow/big.jpg" | cut -c -64)" \
    "$(output apimart changed "status, sha256")"
for damage in 'rm' 'truncate -s 100000' 'sed -i 1d'; do
	big 2000000 >"$WORK/origin/slow/big.jpg"
	done_by_callback "d-${damage%% *}" "$ORIGIN/slow/big.jpg"
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/cut.out" 2>&1 &
	pid=$!
	soon 30 grown
	kill -TERM "$pid"
	wait "$pid"
	case $damage in
	truncate*) $damage "$(find "$GENHOOK_ARCHIVE" -name '.part*' ! -name '*.from')" ;;
	*) $damage "$(find "$GENHOOK_ARCHIVE" -name '.part*.from')" ;;
	esac
	sweep
	same "a part whose note or end is lost: ${damage%% *}" "stored|$(sha256sum <"$WORK/origin/slow/big.jpg" | cut -c -64)" \
	    "$(output apimart "d-${damage%% *}" "status, sha256")"
done

# --- on a terminal
big 3000000 >"$WORK/origin/slow/big.jpg"
done_by_callback watched "$ORIGIN/slow/big.jpg"
script -qec "'$BIN/genhook-sweep' --config '$GENHOOK_CONF'" /dev/null </dev/null >"$WORK/terminal.out" 2>&1
same "a file is downloaded while somebody watches" stored "$(output apimart watched)"
check "a bar with bytes, rate and the time left" grep -qE 'downloads \[#*-*\] [0-9]+ of [0-9]+, [0-9.]+ (B|.B), [0-9.]+ .?B/s, [0-9]+:[0-9]{2} left' "$WORK/terminal.out"

# --- sums that the server says
mkdir "$WORK/origin/md5" "$WORK/origin/digest"
for sum in md5 digest; do
	cp "$picture" "$WORK/origin/$sum/right.jpg"
	big 5000 >"$WORK/origin/$sum/wrong.jpg"
	done_by_callback "$sum-right" "$ORIGIN/$sum/right.jpg"
	done_by_callback "$sum-wrong" "$ORIGIN/$sum/wrong.jpg"
done
sweep
same "a file with the sum that its server says" 'stored stored' "$(output apimart md5-right) $(output apimart digest-right)"
same "one with another MD5" 'pending|127.0.0.1: the file has not the MD5 that the server said' \
    "$(output apimart md5-wrong "status, last_error")"
same "one with another SHA-256" 'pending|127.0.0.1: the file has not the SHA-256 that the server said' \
    "$(output apimart digest-wrong "status, last_error")"

# --- what the server calls a file, and what it is
for name in wrong.png stored.bin sloppy.html page.html data; do
	cp "$picture" "$WORK/origin/$name"
	done_by_callback "as-${name%.*}" "$ORIGIN/$name"
done
printf '\1\2 of no type that is known' | tee "$WORK/origin/page.html" >"$WORK/origin/data"
echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$WORK/origin/drawn.svg"
printf '\r\n <!-- %%PDF-1.4 --><html><svg/></html>' >"$WORK/origin/signin.jpg"
echo 'Too many requests' >"$WORK/origin/words.jpg"
for name in drawn.svg signin.jpg words.jpg; do
	done_by_callback "as-${name%.*}" "$ORIGIN/$name"
done
unknowing()	{ MAGIC=$WORK/$1 "$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/unknowing.out" 2>&1; }
echo '# no rule' >"$WORK/empty-magic"
for database in no-magic empty-magic; do
	unknowing "$database"
	same "$database: the sweep could not run" 2 $?
	check "$database: and says what to install" grep -q 'libmagic.*install the package libmagic-mgc' "$WORK/unknowing.out"
	same "$database: nothing is stored or counted as tried" 'pending 0  8' \
	    "$(sql "select status || ' ' || attempts || ' ' || coalesce(lease_owner, '') || ' ' || count(*) from genhook.outputs where task_id like 'as-%' group by status, attempts, lease_owner")"
done
sweep
while read -r id wanted; do
	like "declared, $id" "^$wanted" "$(output apimart "as-$id" "status, coalesce(location || ' ' || content_type, last_error)")"
done <<'CASES'
wrong stored\|.*/0\.jpg image/jpeg$
stored stored\|.*/0\.jpg image/jpeg$
sloppy stored\|.*/0\.jpg image/jpeg$
drawn stored\|.*/0\.svg image/svg\+xml$
page pending\|127.0.0.1: the server calls it text/html where image is due$
data pending\|127.0.0.1: the server calls it application/json where image is due$
signin pending\|127.0.0.1: got text/html where image is due$
words pending\|127.0.0.1: got text/plain where image is due$
CASES
sql "delete from genhook.outputs where task_id like 'as-%'"

# --- a hostile origin: kind of attack, state, reason
hostile()	{ done_by_callback "h-$1" "$SIMULATOR/hostile/$1"; }
state()	{ output apimart "h-$1" "status, attempts, coalesce(last_error, content_type)"; }
sed -i 's/allow_private_networks.*/&\n\tmax_output_bytes = 2000000/' "$GENHOOK_CONF"
# One byte a second takes the half minute of the speed floor, and the others
# would be due again before that is over.
if [ -n "${LONG:-}" ]; then
	hostile slow
	sweep
	like "hostile, slow" '^pending\|1\|127.0.0.1: too slow: time is up$' "$(state slow)"
	sql "delete from genhook.outputs where task_id = 'h-slow'"
fi
# However long a run takes here, nothing is due twice in it.
sql "create function genhook.later() returns trigger language plpgsql as
    'begin new.next_attempt_at := new.next_attempt_at + interval \$\$1 hour\$\$; return new; end';
    create trigger later before update on genhook.outputs for each row
    when (new.next_attempt_at <> old.next_attempt_at and new.next_attempt_at > now() + interval '5 s') execute function genhook.later()"
attacks='endless cut?at=0 cut?at=10 cut?at=1000 wronglength html json-error redirect-loop redirect-file gzipbomb 429 503 etag-change'
for attack in $attacks; do
	hostile "$attack"
done
sweep
while IFS='|' read -r attack wanted; do
	like "hostile, $attack" "$wanted" "$(state "$attack")"
done <<'CASES'
endless|^failed\|1\|127.0.0.1: larger than 2000000 bytes$
cut?at=0|^pending\|1\|127.0.0.1: .*
cut?at=10|^pending\|1\|127.0.0.1: .*
cut?at=1000|^pending\|1\|127.0.0.1: .*
wronglength|^pending\|1\|127.0.0.1: the file was cut short$
html|^pending\|1\|127.0.0.1: .*text/html
json-error|^pending\|1\|127.0.0.1: .*json
redirect-loop|^pending\|1\|127.0.0.1: more than 10 redirects
redirect-file|^failed\|1\|127.0.0.1: it leads to another scheme than https
429|^pending\|1\|127.0.0.1: HTTP 429
503|^pending\|1\|127.0.0.1: HTTP 503
etag-change|^stored\|1\|image/jpeg$
gzipbomb|^failed\|1\|127.0.0.1: larger than 2000000 bytes$
CASES
check "a bomb is never unpacked to its end" test "$(sql "select coalesce(max(bytes), 0) from genhook.outputs where task_id = 'h-gzipbomb'")" -lt 100000
check "429: the wish is heard" test "$(sql "select next_attempt_at - interval '1 hour' >= (select max(started) from genhook.sweeps) + interval '90 s' from genhook.outputs where task_id = 'h-429'")" = t
posts "$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback" 210 "$(apimart_task 'cut-%d' "$SIMULATOR/hostile/cut?at=%d0" 1900000000)" 16
same "cut at every tenth byte: all are taken" '210 200' "$(statuses)"
sweep
same "none of them is stored, all are tried again" 'pending 210' \
    "$(sql "select status || ' ' || count(*) from genhook.outputs where task_id like 'cut-%' group by status")"
same "and nothing of them has a final name" 0 "$(final_names | grep -c /cut-)"
sql "delete from genhook.outputs where task_id like 'cut-%'"
# Passing trouble of a link that lives has no number of tries.
sql "update genhook.outputs set expires_at = null, expires_source = 'unknown' where task_id like 'h-%' and status = 'pending'"
for ((turn = 0; turn < 13; turn++)); do
	due_now
	sweep
done
while IFS='|' read -r attack wanted; do
	like "at last, $attack" "$wanted" "$(state "$attack")"
done <<'CASES'
cut?at=0|^failed\|12\|
wronglength|^failed\|5\|127.0.0.1: the file was cut short$
cut?at=1000|^failed\|12\|
html|^failed\|5\|.*text/html
json-error|^failed\|5\|.*json
429|^failed\|12\|127.0.0.1: HTTP 429
503|^failed\|12\|127.0.0.1: HTTP 503
CASES
sql "drop function genhook.later() cascade" 2>/dev/null
same "a person sees each" 0 "$(sql "select count(*) from genhook.outputs o where status in ('failed', 'expired') and not exists (select from genhook.attention a where a.task_id = o.task_id)")"

# --- private addresses, with the guard on; none of these may be connected to
sed -i 's/allow_private_networks = yes/allow_private_networks = no/; s|"http://127|"https://127|' "$GENHOOK_CONF"
before=$(origin_log | wc -l)
port=${ORIGIN##*:}
i=0
for url in "https://127.0.0.1:$port/a.jpg" "https://localhost:$port/a.jpg" \
    "https://[::1]:$port/a.jpg" "https://127.1:$port/a.jpg" \
    "https://2130706433:$port/a.jpg" "https://0x7f.1:$port/a.jpg" \
    "https://[::ffff:127.0.0.1]:$port/a.jpg" "http://127.0.0.1:$port/a.jpg" \
    "https://0:$port/a.jpg"; do
	i=$((i + 1))
	done_by_callback "private-$i" "$url"
done
sql "update genhook.outputs set next_attempt_at = now() + interval '1 day' where status = 'pending' and task_id not like 'private-%'"
sweep --provider apimart
same "no link to this machine is followed" "$i" \
    "$(sql "select count(*) from genhook.outputs where task_id like 'private-%' and status = case when url like '%localhost%' then 'pending' else 'failed' end")"
same "and the reason is plain" "$i" \
    "$(sql "select count(*) from genhook.outputs where task_id like 'private-%' and last_error like '%: the address is %'")"
same "nobody was connected to" "$before" "$(origin_log | wc -l)"
finish
