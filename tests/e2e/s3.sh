#!/bin/bash
# The archive in an S3-compatible store, which here is OpenStack's Swift: what
# is stored is there byte for byte, and a wrong key, a store that is away or a
# run that is killed loses nothing and shows nothing half made.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/swift.sh"
swift_start
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
origin_start
picture=$FIXTURES/media/base.jpg
PREFIX=outputs/of-genhook
STAGING=$WORK/staging
sed -i "s|\"file://.*\"|\"s3://$S3_BUCKET/$PREFIX\"|" "$GENHOOK_CONF"
conf_set archive "s3_endpoint = \"$S3_ENDPOINT\""
conf_set archive "s3_access_key = \"$S3_KEY\""
conf_set archive "s3_secret_key = \"$S3_SECRET\""
conf_set archive "s3_staging_dir = \"$STAGING\""
conf_set web "thumbs = 0"	# which would ask the store for each picture
handlers_restart
cp "$GENHOOK_CONF" "$WORK/good.conf"

# A picture of about that size, unlike any other, as the origin has it.
origin_big()	{ { head -c -2 "$picture"; head -c "$2" /dev/urandom; tail -c 2 "$picture"; } >"$WORK/origin/$1"; }
# What the store has under a location, and under all of them.
object_sum()	{ swift "${1#s3://}" | sha256sum | cut -c -64; }
object_sums()
{
	local key location

	sql "select provider || '/' || task_id || '/' || position || ' ' || bytes, location from genhook.outputs where status = 'stored'" |
	    while IFS='|' read -r key location; do
		echo "$key $(object_sum "$location")"
	done | LC_ALL=C sort
}
our_objects()	{ rows "select replace(location, 's3://$S3_BUCKET/', '') from genhook.outputs where status = 'stored'"; }
staged()	{ find "$STAGING" -name '.part-*' | wc -l; }
# Uploads that were begun and neither completed nor aborted.
open_uploads()	{ segments | grep -vc '/[0-9]*$'; }
count_stored()	{ sql "select count(*) from genhook.outputs where status = 'stored'"; }
last_line()	{ tail -n 1 "$WORK/sweep.out"; }
store_check()	# NAME
{
	same_lines "$1: every output is in the store, byte for byte" "$(our_files)" "$(object_sums)"
	same_lines "$1: the store has no other object" "$(our_objects)" "$(objects | LC_ALL=C sort)"
	same "$1: nothing is left in the staging directory" 0 "$(staged)"
	same "$1: no upload is left open" 0 "$(open_uploads)"
}

# --- all providers
for provider in "${PROVIDERS[@]}"; do
	model=flux
	[ "$provider" != wavespeed ] || model=vendor/flux
	for _ in 1 2 3; do
		order "$provider" "$model" >/dev/null
	done
done
check "all callbacks come" soon 60 idle
sweep
same "a run with nothing amiss" 0 $?
same_lines "all are stored as they were sent" "$(true_files)" "$(our_files)"
like "the location is a URL of the store" "^s3://$S3_BUCKET/$PREFIX/novita/[0-9]{4}/[0-9]{2}/[0-9]{2}/[^/]+/0\.[a-z]+$" \
    "$(sql "select location from genhook.outputs where provider = 'novita' limit 1")"
store_check "all providers"
location=$(sql "select location from genhook.outputs where content_type = 'image/png' limit 1")
like "an object has its type" $'\nContent-Type: image/png' "$(swift "${location#s3://}" -I | tr -d '\r')"

# --- what the doctor says of the store
store_words()	{ "$BIN/genhook" --config "$GENHOOK_CONF" doctor | grep -A1 ' store '; }
like "the doctor finds the store well" "^ok +store +bucket $S3_BUCKET" "$(store_words)"
sed -i 's/s3_secret_key = "/&x/' "$GENHOOK_CONF"
like "a wrong secret is named, with its cure" 'WRONG +store .*403 SignatureDoesNotMatch.*cure: .*s3_secret_key' "$(store_words)"
cat "$WORK/good.conf" >"$GENHOOK_CONF"
sed -i "s|s3://$S3_BUCKET|&-not|" "$GENHOOK_CONF"
like "a bucket that there is not too" 'WRONG +store .*404 NoSuchBucket.*cure: make the bucket' "$(store_words)"
cat "$WORK/good.conf" >"$GENHOOK_CONF"
sed -i 's|s3_endpoint = .*|s3_endpoint = "http://127.0.0.1:9"|' "$GENHOOK_CONF"
like "and a store that is away" 'WRONG +store .*127.0.0.1.*cure: .*s3_endpoint' "$(store_words)"
cat "$WORK/good.conf" >"$GENHOOK_CONF"

# --- ids that are no file names
for id in 'a/../b' '%2e%2e%2f' "quote'\" <&>" 'ünïcode ☃' .hidden "$(printf 'x%.0s' {1..250})"; do
	jq -n --arg id "$id" --arg url "$ORIGIN/there.jpg" '{id: $id, status: "completed", completed: 1776748860, result: {images: [{url: [$url]}]}}' >"$WORK/body"
	post "$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback" "$WORK/body" >/dev/null
done
cp "$picture" "$WORK/origin/there.jpg"
sweep
same "ids that are no names" 6 "$(sql "select count(*) from genhook.outputs where status = 'stored' and url like '%there.jpg'")"
same "are safe keys" '' "$(objects | grep -v '^[A-Za-z0-9._/-]*$'; objects | grep '\.\./')"
store_check "ids"

# --- a large one
origin_big big.jpg 20000000
done_by_callback large "$ORIGIN/big.jpg"
sweep
same "a large file" "stored|$(sha256sum <"$WORK/origin/big.jpg" | cut -c -64)" "$(output apimart large "status, sha256")"
location=$(output apimart large location)
like "goes in parts" $'\nX-Static-Large-Object: True' "$(swift "${location#s3://}" -I | tr -d '\r')"
same "of which there are" 3 "$(segments | grep -c "/large/")"
store_check "a large file"

# --- settings that are wrong: the files wait, and their links need not live
wrong()		# SED SCRIPT
{
	sed "$1" "$WORK/good.conf" >"$GENHOOK_CONF"
}
mended()	{ cp "$WORK/good.conf" "$GENHOOK_CONF"; }
closed=http://127.0.0.1:$(free_port)
while IFS=@ read -r name script words; do
	origin_big "$name.jpg" 5000
	done_by_callback "wrong-$name" "$ORIGIN/$name.jpg"
	wrong "$script"
	sweep
	same "wrong $name: a person is to look" 1 $?
	like "wrong $name: in words" "^pending\|1\|.*127.0.0.1.*$words" "$(output apimart "wrong-$name" "status, attempts, last_error")"
	like "wrong $name: and in the log, once" "^1 .*warn.*$words" "$(grep -c warn "$WORK/sweep.out") $(grep warn "$WORK/sweep.out")"
	rm "$WORK/origin/$name.jpg"
done <<CASES
secret@s/$S3_SECRET/another-secret/@secret key is not the access key's: see archive.s3_secret_key .HTTP 403 SignatureDoesNotMatch
key@s/$S3_KEY/test:nobody/@secret key is not the access key's
bucket@s,s3://$S3_BUCKET,s3://no-such-bucket,@bucket no-such-bucket: there is no such bucket .HTTP 404 NoSuchBucket
region@s/s3_endpoint/s3_region = "eu-1"\\n&/@another region: see archive.s3_region
place@s,$S3_ENDPOINT,$closed,@connect
CASES
same "no secret is in a reason or a log" '' "$(sql "select last_error from genhook.outputs where last_error ~ '(testing|another)-secret'"; cat "$WORK/sweep.out" "$WORK"/run/log/* | grep -E '(testing|another)-secret')"
same "five files wait" 5 "$(find "$STAGING" -name '.part-*.from' | wc -l)"
mended

# Another machine, which has none of them, comes first.
sql "update genhook.outputs set expires_at = now() - interval '1 minute', expires_source = 'field' where task_id like 'wrong-%'"
sed "s|$STAGING|$WORK/elsewhere|" "$WORK/good.conf" >"$GENHOOK_CONF"
due_now
sweep
same "another machine gives none of them up" 'pending 5' \
    "$(sql "select status || ' ' || count(*) from genhook.outputs where task_id like 'wrong-%' group by status")"
like "the rows say who has the file" '^[^ ]+:[0-9]+:[0-9a-f-]+ has the file for the store; here: ' "$(output apimart wrong-key last_error)"
fails "nor does it speak of expired ones" grep -q 'expired: ' "$WORK/sweep.out"
mended
due_now
sweep
same "with the right settings they are stored, though their links are dead" 'stored 5' \
    "$(sql "select status || ' ' || count(*) from genhook.outputs where task_id like 'wrong-%' group by status")"
store_check "wrong settings"

# --- a store that sends us elsewhere gets our keys there as little as our bytes
web_start elsewhere <<END
server.modules = ( "mod_redirect" )
server.document-root = "$WORK"
url.redirect = ( "" => "$ORIGIN/stolen" )
url.redirect-code = 307
END
done_by_callback elsewhere "$ORIGIN/there.jpg"
wrong "s,$S3_ENDPOINT,$WEB,"
sweep
like "a redirect" '^pending\|.*the bucket is elsewhere: see archive.s3_endpoint .HTTP 307' "$(output apimart elsewhere "status, last_error")"
same "is not followed" 0 "$(origin_log | grep -c stolen)"
mended
due_now
sweep
same "a redirect: later it is stored" stored "$(output apimart elsewhere)"

# --- the store dies while it takes a large file
pause_store()	{ kill -STOP "${SWIFT_PID[object]}"; }
resume_store()	{ kill -CONT "${SWIFT_PID[object]}"; }
parts_put()	{ grep -c "PUT /disk/.*segments/.*/$1/.*\" 201" "$WORK/swift/object.out"; }
some_parts()	{ [ "$(parts_put "$1")" -ge "$2" ]; }
origin_big huge.jpg 80000000
sum=$(sha256sum <"$WORK/origin/huge.jpg" | cut -c -64)
done_by_callback dies "$ORIGIN/huge.jpg"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/dies.out" 2>&1 &
pid=$!
# The store runs for a moment at a time, so that it has not all of them before
# somebody looks.
some_more()
{
	resume_store
	sleep 0.02
	pause_store
	some_parts dies 3
}
pause_store
check "a large upload begins" soon 120 some_more
swift_stop proxy
resume_store
wait "$pid"
same "a store that dies: a person is to look" 1 $?
like "a store that dies: in words" '^pending\|the store 127.0.0.1: ' "$(output apimart dies "status, last_error")"
same "what is there of it is no object" 0 "$(find "$WORK/swift" -name '*.data' -newer "$WORK/origin/huge.jpg" -size +60M | wc -l)"
rm "$WORK/origin/huge.jpg"
swift_run proxy
check "the store is back" soon 60 swift_ready
same "its upload is open" 1 "$(open_uploads)"
due_now
sweep
same "the next run has it all in the store" "stored|$sum" "$(output apimart dies "status, sha256")"
check "and sends no part that was there" test "$(parts_put dies)" -le 11
store_check "a store that died"

# --- a run that is asked to end while the store is stuck
done_by_callback stuck "$ORIGIN/there.jpg"
pause_store
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/stuck.out" 2>&1 &
pid=$!
is_staged()	{ [ "$(find "$STAGING" -name '.part-*.from' | wc -l)" -eq 1 ]; }
check "a file is staged" soon 30 is_staged
sleep 0.3
kill -TERM "$pid"
begin=$(now_ms)
wait "$pid"
check "it ends" test $(($(now_ms) - begin)) -le 4000
resume_store
same "and gives the lease back" 'pending|0|' "$(output apimart stuck "status, attempts, lease_owner")"
same "the file waits" 2 "$(staged)"
sweep
same "for the next run" 'stored|1' "$(output apimart stuck "status, attempts")"
store_check "a run that was asked to end"

# --- uploads that nobody came back for
open_upload()	# KEY DAYS: one that was begun so long ago
{
	swift "$S3_BUCKET+segments/$1/an-upload" -X PUT -o /dev/null \
	    -H "X-Timestamp: $(($(date +%s) - $2 * 86400)).00000" \
	    -H 'Content-Length: 0'
}
open_upload "$PREFIX/apimart/2026/01/01/old/0.png" 3
open_upload "$PREFIX/apimart/2026/01/01/young/0.png" 1
open_upload "$PREFIX/not-ours/2026/01/01/old/0.png" 3
open_upload "another/apimart/2026/01/01/old/0.png" 3
same "four uploads are open" 4 "$(open_uploads)"
sweep
same "not each run looks for old ones" 4 "$(open_uploads)"
rm "$STAGING/.uploads-cleaned"
sweep
same "an old one of ours is aborted, and no other" \
    "$(printf '%s\n' "another/apimart" "$PREFIX/apimart" "$PREFIX/not-ours")" \
    "$(segments | grep -v '/[0-9]*$' | sed 's|/[^/]*/01/01/.*||')"
for key in "$PREFIX/apimart/2026/01/01/young" "$PREFIX/not-ours/2026/01/01/old" another/apimart/2026/01/01/old; do
	swift "$S3_BUCKET+segments/$key/0.png/an-upload" -X DELETE
done

# --- a store with moods: what it answers is in its bucket's name
mkdir "$WORK/moody"
cat >"$WORK/moody/store" <<'END'
#!/bin/bash
cd "$(dirname "$0")" || exit
sum=$(md5sum | cut -c -32)
bucket=${REQUEST_URI#/} bucket=${bucket%%/*}
echo "$REQUEST_METHOD $REQUEST_URI" >>"$bucket.log"
say()
{
	printf 'Status: %s\r\nETag: "%s"\r\nContent-Type: application/xml\r\n\r\n<R>%s</R>\n' "$1" "$2" "$3"
}
error()	{ say "$1" '' "<Error><Code>$2</Code></Error>"; }
fine()
{
	case $REQUEST_METHOD$REQUEST_URI in
	GET*)		say 200 '' '' ;;
	POST*uploads=*)	say 200 '' '<UploadId>an+id/1</UploadId>' ;;
	POST*)		say 200 '' "<ETag>&quot;$(whole)-2&quot;</ETag>" ;;
	*partNumber=1*)	echo "$sum" >"$bucket.1"; say 200 "$sum" '' ;;
	*partNumber=2*)	echo "$sum" >"$bucket.2"; say 200 "$sum" '' ;;
	*)		say 200 "$sum" '' ;;
	esac
}
asked()	{ grep -c "^$1" "$bucket.log"; }
# The MD5 of the MD5s of both parts.
whole()	{ cat "$bucket.1" "$bucket.2" | perl -ne 'chomp; print pack("H*", $_)' | md5sum | cut -c -32; }
case $bucket in
slow-down)	if [ "$(asked PUT)" -le 2 ]; then error 503 SlowDown; else fine; fi ;;
other-bytes)	if [ "$REQUEST_METHOD" = PUT ]; then say 200 d41d8cd98f00b204e9800998ecf8427e ''; else fine; fi ;;
skewed)		error 403 RequestTimeTooSkewed ;;
full)		error 507 '' ;;
no-lists)	if [ "$REQUEST_METHOD" = GET ]; then error 403 AccessDenied; else fine; fi ;;
late-error)	if [[ $REQUEST_METHOD == POST && $REQUEST_URI == *uploadId=* && $(asked 'POST.*uploadId') -eq 1 ]]; then error 200 InternalError; else fine; fi ;;
forgetful)	if [[ $REQUEST_METHOD == POST && $REQUEST_URI == *uploadId=* && $(asked 'POST.*uploadId') -eq 1 ]]; then error 404 NoSuchUpload; else fine; fi ;;
esac
END
web_start moody <<END
server.modules = ( "mod_rewrite", "mod_cgi" )
server.document-root = "$WORK/moody"
server.upload-dirs = ( "$WORK/moody" )
url.rewrite-once = ( "" => "/store" )
cgi.assign = ( "store" => "/bin/bash" )
END
moody=$WEB
origin_big parts.jpg 10000000
while IFS=@ read -r mood file wanted requests; do
	done_by_callback "moody-$mood" "$ORIGIN/$file.jpg"
	wrong "s,$S3_ENDPOINT,$moody,; s,s3://$S3_BUCKET,s3://$mood,"
	sweep
	like "a store that is $mood" "$wanted" "$(output apimart "moody-$mood" "status, attempts, coalesce(last_error, location)")"
	same "was asked" "$requests" "$(sed 's|/.*?| |; s|/.*||; s|prefix=.*&||; s|%2B|+|; s|%2F|/|' "$WORK/moody/$mood.log" | tr '\n' ';')"
	sql "update genhook.outputs set next_attempt_at = now() + interval '1 day' where status = 'pending'"
done <<CASES
slow-down@there@^stored\|1\|s3://slow-down/@PUT ;PUT ;PUT ;
other-bytes@there@^pending\|1\|the store's ETag is of other bytes@PUT ;
skewed@there@^pending\|1\|the store .*clock.* differ too much .HTTP 403 RequestTimeTooSkewed@PUT ;
full@there@^pending\|1\|the store .*it is full .HTTP 507@PUT ;
no-lists@parts@^stored\|1\|@GET  max-uploads=100&uploads=;POST  uploads=;PUT  partNumber=1&uploadId=an+id/1;PUT  partNumber=2&uploadId=an+id/1;POST  uploadId=an+id/1;
late-error@parts@^stored\|1\|@GET  max-uploads=100&uploads=;POST  uploads=;PUT  partNumber=1&uploadId=an+id/1;PUT  partNumber=2&uploadId=an+id/1;POST  uploadId=an+id/1;POST  uploadId=an+id/1;
forgetful@parts@^stored\|1\|@GET  max-uploads=100&uploads=;POST  uploads=;PUT  partNumber=1&uploadId=an+id/1;PUT  partNumber=2&uploadId=an+id/1;POST  uploadId=an+id/1;POST  uploads=;PUT  partNumber=1&uploadId=an+id/1;PUT  partNumber=2&uploadId=an+id/1;POST  uploadId=an+id/1;
CASES
mended
sql "delete from genhook.outputs where location like 's3://%' and location not like 's3://$S3_BUCKET/%'"
due_now
sweep
store_check "a store with moods"

# --- kill -9 at any moment
killed_check()
{
	local sum location

	sql "select sha256, location from genhook.outputs where status = 'stored' and task_id like 'kill-%'" |
	    while IFS='|' read -r sum location; do
		[ "$(object_sum "$location")" = "$sum" ] || echo "$location"
	done
}
kills=${KILLS:-6} killed=0
for ((round = 1; killed < kills && round < 20 * kills; round++)); do
	origin_big "kill-$round.jpg" $((round % 3 == 0 ? 10000000 : 50000))
	for n in 1 2; do
		done_by_callback "kill-$round-$n" "$ORIGIN/kill-$round.jpg"
	done
	due_now
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/kill.out" 2>&1 &
	strike $! && killed=$((killed + 1))
done
same "so many runs were killed before their end" "$kills" "$killed"
same "killed at any moment, no stored row lacks its object" '' "$(killed_check)"
check "at last all are stored" sweep_until "select count(*) from genhook.outputs where status <> 'stored' and task_id like 'kill-%'" 0
store_check "killed runs"

finish
