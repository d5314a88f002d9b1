#!/bin/bash
# What a store may answer, and what becomes of the file: an object counts as
# stored only with its proof, and without it the row stays pending, the file
# stays in the staging directory, and the next run sends it again.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1
origin_start
picture=$FIXTURES/media/base.jpg
STAGING=$WORK/staging

mkdir "$WORK/store"
perl "$TOP/tests/e2e/lib/store.pl" "$WORK/store" >"$WORK/store.out" 2>&1 </dev/null &
RUNS+=("$!")
check "the store listens" soon 30 test -s "$WORK/store/port"
conf_set archive "s3_endpoint = \"http://127.0.0.1:$(cat "$WORK/store/port")\""
conf_set archive 's3_access_key = "key"'
conf_set archive 's3_secret_key = "secret"'
conf_set archive "s3_staging_dir = \"$STAGING\""
conf_set web "thumbs = 0"	# which would ask the store for each picture
bucket()	{ sed -i "s;\"\(file\|s3\)://.*\";\"s3://$1/some\";" "$GENHOOK_CONF"; }

cp "$picture" "$WORK/origin/small.jpg"
{ head -c -2 "$picture"; head -c 9000000 /dev/urandom; tail -c 2 "$picture"; } >"$WORK/origin/large.jpg"
staged()	{ find "$STAGING" -name ".part-*" ! -name '*.from' | wc -l; }
# What the store was asked, in order.
asked()		{ paste -sd ' ' "$WORK/store/$1.log"; }
wait_a_day()	{ sql "update genhook.outputs set next_attempt_at = now() + interval '1 day' where status = 'pending'"; }

# A run looks for old uploads once an hour, in whatever bucket it has.
bucket first
sweep

waiting=0
while IFS=@ read -r mood file wanted words requests; do
	mood=${mood// /} wanted=${wanted// /}
	done_by_callback "of-$mood" "$ORIGIN/$file.jpg"
	bucket "$mood"
	sweep
	[ "$wanted" = stored ] || waiting=$((waiting + 1))
	like "$mood: $wanted" "^$wanted\|1\|.*$words" "$(output apimart "of-$mood" "status, attempts, coalesce(last_error, location)")"
	same "$mood: files that wait" "$waiting" "$(staged)"
	like "$mood: was asked" "^$requests\$" "$(asked "$mood")"
	wait_a_day
done <<CASES
quoted       @small@stored @s3://quoted/some/@put
bare         @small@stored @@put
weak         @small@stored @@put
upper        @small@stored @@put
created      @small@stored @@put
sse-s3       @small@stored @@put
html-empty   @small@stored @@put
early        @small@stored @@put
no-etag      @small@stored @@put head
kms          @small@stored @@put head
azure        @small@stored @@put head
of-parts     @small@stored @@put head
long-etag    @small@stored @@put head
head-later   @small@stored @@put head head
head-late    @small@stored @@put head head
web-page     @small@pending@bucket web-page: it answers with a web page: see archive.s3_endpoint .HTTP 200@put
page-etag    @small@pending@a web page@put
page-text    @small@pending@a web page@put
nothing      @small@pending@it has no such object, though it took it .HTTP 404@put head head head head
head-size    @small@pending@the store's object has 982 bytes, and the file 983@put head
head-no-size @small@pending@neither an ETag of the MD5 nor a size@put head
head-page    @small@pending@a web page in the object's place@put head
head-other   @small@pending@ETag is of other bytes@put head
head-denied  @small@pending@may not read the object.*needs that right .HTTP 403@put head
wrong-md5    @small@pending@ETag is of other bytes@put
weak-wrong   @small@pending@ETag is of other bytes@put
error-200    @small@pending@trouble of its own .HTTP 200 InternalError@put put put put
error-xmlns  @small@pending@may not write there .HTTP 200 AccessDenied@put
region       @small@pending@the bucket is elsewhere.*HTTP 307@put
elsewhere    @small@pending@the bucket is elsewhere.*HTTP 301@put
slow-once    @small@stored @@put put put
slow-ever    @small@pending@it asks to slow down .HTTP 503@put put put put
skewed       @small@pending@clock and its own differ.*HTTP 400@put
denied       @small@pending@may not write there .HTTP 403@put
unknown      @small@pending@wants other keys .HTTP 401@put
no-bucket    @small@pending@there is no such bucket .HTTP 404@put
no-store     @small@pending@no S3 at all .HTTP 404@put
bad-gateway  @small@stored @@put put
digest       @small@stored @@put put
odd          @small@pending@HTTP 417@put
cut-once     @small@stored @@put put
cut-answer   @small@stored @@put put
garbage      @small@pending@the store 127.0.0.1: @put( put){0,3}
parts        @large@stored @@find create part expect part complete
expects-not  @large@stored @@find create part expect part part complete
part-page    @large@pending@a web page@find create part expect
part-no-etag @large@pending@a part has no ETag@find create part expect
part-wrong   @large@pending@ETag is of other bytes@find create part expect
part-error   @large@stored @@find create part expect part expect part complete
parts-kms    @large@stored @@find create part expect part complete head
create-page  @large@pending@a web page@find create
find-page    @large@stored @@find create part expect part complete
blanks       @large@stored @@find create part expect part complete
late-error   @large@stored @@find create part expect part complete complete
late-denied  @large@pending@may not write there .HTTP 200 AccessDenied@find create part expect part complete
says-nothing @large@stored @@find create part expect part complete head
has-nothing  @large@pending@it has no such object@find create part expect part complete head head head head
whole-page   @large@pending@a web page@find create part expect part complete
whole-wrong  @large@pending@ETag is of other bytes@find create part expect part complete
whole-cut    @large@stored @@find create part expect part complete complete create part expect part complete
CASES
same "a redirect is not followed" 0 "$(grep -c . "$WORK/store/stolen.log" 2>/dev/null || echo 0)"
same "each that waits says so" "$waiting" "$(sql "select count(*) from genhook.outputs where status = 'pending' and location is null")"

# --- a file that was whole, and is another one when the store is back
for file in small:denied large:part-wrong; do
	mood=${file#*:} file=${file%:*}
	touch "$WORK/before"
	done_by_callback "harmed-$file" "$ORIGIN/$file.jpg"
	bucket "$mood"
	sweep
	part=$(find "$STAGING" -name '.part-*' ! -name '*.from' -newer "$WORK/before")
	same "$file: it waits, whole" "$(sha256sum <"$WORK/origin/$file.jpg")" "$(sha256sum <"$part")"
	printf X | dd of="$part" bs=1 seek=700 conv=notrunc 2>/dev/null
	bucket "mended-$file"
	sql "update genhook.outputs set next_attempt_at = now() where task_id = 'harmed-$file'"
	sweep
	same "$file: it is fetched anew" "stored|$(sha256sum <"$WORK/origin/$file.jpg" | cut -c -64)" \
	    "$(output apimart "harmed-$file" "status, sha256")"
done

# --- the links are dead: only what was kept can be sent
rm "$WORK/origin/small.jpg" "$WORK/origin/large.jpg"
bucket again
due_now
sweep
same "the next run sends every one of them again" "stored $((waiting))" \
    "$(sql "select status || ' ' || count(*) from genhook.outputs where status <> 'stored' or location like 's3://again/%' group by status")"
same "which takes as many requests" "$waiting" "$(grep -c '^put\|^complete' "$WORK/store/again.log")"
same "and no file waits any more" 0 "$(staged)"

finish
