#!/bin/bash
# genhook archive move: between directories and a store, either way, killed at any
# moment and while sweeps run; what is missing, of other bytes or changed on the way
# keeps its place, and in the end every output is the same as before.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/swift.sh"
swift_start
run_start run SIMULATOR=http://127.0.0.1:1	# which nobody asks
origin_start
picture=$FIXTURES/media/base.jpg
OLD=$WORK/old.conf
conf_set web "thumbs = 0"
conf_set archive "s3_endpoint = \"$S3_ENDPOINT\""
conf_set archive "s3_access_key = \"$S3_KEY\""
conf_set archive "s3_secret_key = \"$S3_SECRET\""
conf_set archive "s3_staging_dir = \"$WORK/staging\""

# archive URL: the settings name it from now on; those before are in $OLD.
archive()
{
	cat "$GENHOOK_CONF" >"$OLD"
	chmod 0600 "$OLD"
	sed -i "s#\"\(file\|s3\)://[^\"]*\"#\"$1\"#" "$GENHOOK_CONF"
}
DIR_1=file://$GENHOOK_ARCHIVE DIR_2=file://$WORK/other\ place/of%20ours
DIR_2=${DIR_2// /%20}
S3_1=s3://$S3_BUCKET/one S3_2=s3://$S3_BUCKET/two

# move [OPTIONS]: what it says is in $WORK/move.out.
move()	{ "$BIN/genhook" --config "$GENHOOK_CONF" archive move "$@" >"$WORK/move.out" 2>&1; }
said()	{ tail -n 1 "$WORK/move.out"; }
# big NAME BYTES: a picture unlike any other at the origin.
big()	{ { head -c -2 "$picture"; head -c "$2" /dev/urandom; tail -c 2 "$picture"; } >"$WORK/origin/$1"; }
# Every output, read at its place: key, bytes, sum.
read_again()
{
	local key location

	sql "select provider || '/' || task_id || '/' || position, location from genhook.outputs where status = 'stored'" |
	    while IFS='|' read -r key location; do
		if [[ $location == file://* ]]; then
			location=${location#file://}
			printf '%s ' "$key"
			sha256sum <"$(printf '%b' "${location//%/\\x}")" | cut -c -64
		else
			printf '%s ' "$key"
			swift "${location#s3://}" | sha256sum | cut -c -64
		fi
	done | LC_ALL=C sort
}
by_rows()	{ rows "select provider || '/' || task_id || '/' || position || ' ' || sha256 from genhook.outputs where status = 'stored'"; }
elsewhere()	{ sql "select count(*) from genhook.outputs where status = 'stored' and not starts_with(location, '$1/')"; }
old_copies()	{ sql "select count(*) from genhook.moves"; }
files_below()	{ find "$1" -type f | wc -l; }
all_at()	# NAME URL
{
	same "$1: every row is at the new place" 0 "$(elsewhere "$2")"
	same_lines "$1: the rows say what they said" "$TRUE_ROWS" "$(by_rows)"
	same_lines "$1: and every file is what it was" "$TRUE_ROWS" "$(read_again)"
}

# --- some outputs: many small ones, a large one, hostile ids, and rows between
cp "$picture" "$WORK/origin/there.jpg"
for n in {1..40}; do
	big "n$n.jpg" $((n * 9000))
	done_by_callback "task-$n" "$ORIGIN/n$n.jpg"
done
big large.jpg 20000000
done_by_callback "a-large one" "$ORIGIN/large.jpg"
done_by_callback "../../$'ünï" "$ORIGIN/there.jpg"
sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('apimart', 'many', 'succeeded', now(), 'callback');
    insert into genhook.outputs (provider, task_id, position, status, kind, inline_text)
    select 'apimart', 'many', n, 'inline', 'text', 'a text' from generate_series(0, 11000) as n"
check "all are stored" sweep_until "select count(*) from genhook.outputs where status = 'stored'" 42 3
TRUE_ROWS=$(by_rows)
same_lines "as they were sent" "$TRUE_ROWS" "$(read_again)"

# --- said beforehand
archive "$S3_1"
move --from "$OLD" --dry-run
same "a dry run: status" 0 $?
like "a dry run says how much" "^archive move: would move 42 \([0-9.]+ MB\) from $DIR_1/ to $S3_1/$" "$(said)"
same "and changes nothing" 42 "$(elsewhere "$S3_1")"
for wrong in '' '--from' 'move' "move --from"; do
	# shellcheck disable=SC2086 # words are wanted
	"$BIN/genhook" --config "$GENHOOK_CONF" archive $wrong >"$WORK/usage.out" 2>&1
	same "bad usage: archive $wrong" 2 $?
done
move --from "$S3_1/within"
same "one archive within the other: refused" 2 $?
like "in words" 'one is within the other' "$(said)"
move --from "file://$WORK/nowhere"
same "an old archive that is none" 2 $?
like "in words" 'there is no such directory' "$(said)"
hold "select genhook.lock_moves()"
move --from "$OLD"
same "a second one at once" 2 $?
like "in words" 'another genhook archive move is at work' "$(said)"
release

# --- directory to store, killed at any moment while a sweep runs
sweeps()
{
	until [ -e "$WORK/enough" ]; do
		"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >>"$WORK/sweeps.out" 2>&1
		sleep 0.3
	done
}
# killed FROM WANTED: runs, each killed, until so many were, or none is left to kill.
killed()
{
	local n=0 turn

	for ((turn = 0; n < $2 && turn < 40; turn++)); do
		"$BIN/genhook" --config "$GENHOOK_CONF" archive move --from "$1" >"$WORK/killed.out" 2>&1 &
		strike $! 2>/dev/null && n=$((n + 1))
	done
	echo "$n"
}
sweeps &
sweeping=$!
for n in 1 2 3; do
	done_by_callback "meanwhile-$n" "$ORIGIN/n$n.jpg"
done
at_least_2="$(killed "$OLD" "${KILLS:-5}")"
check "runs were killed: $at_least_2" test "$at_least_2" -ge 1
same_lines "killed: every file is still what it was" "$TRUE_ROWS" "$(read_again | grep -v meanwhile)"
check "meanwhile the sweep stored more" soon 60 is 3 sql "select count(*) from genhook.outputs where status = 'stored' and task_id like 'meanwhile-%'"
move --from "$OLD"
same "the last run: all done" 0 $?
like "in one line" '^archive move: moved [0-9]+ \([0-9.]+ .?B\), removed [0-9]+, missing 0, differing 0, failed 0, changed 0, [0-9.]+ s$' "$(cat "$WORK/move.out")"
touch "$WORK/enough"
wait "$sweeping"
TRUE_ROWS=$(by_rows)
same "no row was lost" 45 "$(wc -l <<<"$TRUE_ROWS")"
all_at "to the store" "$S3_1"
same "the old directory is empty" 0 "$(files_below "$GENHOOK_ARCHIVE")"
same "no old copy is noted any more" 0 "$(old_copies)"
same "the store has no other object" 45 "$(objects | wc -l)"
move --from "$OLD"
same "once more: nothing to do" 'archive move: moved 0 (0 B), removed 0' "$(said | grep -o '^.*removed 0')"

# --- store to store, the old copies kept; then gone
archive "$S3_2"
move --from "$S3_1" --keep
same "to another prefix: status" 0 $?
like "nothing is removed" 'moved 45 .*removed 0,' "$(said)"
all_at "to another prefix" "$S3_2"
same "both copies are there" 90 "$(objects | wc -l)"

# --- store to directory, killed; a path with blanks and a percent sign
mkdir "$WORK/other place"
archive "$DIR_2"
n=$(killed "$OLD" "${KILLS:-5}")
check "runs were killed: $n" test "$n" -ge 1
same_lines "killed: every file is still what it was" "$TRUE_ROWS" "$(read_again)"
move --from "$OLD"
same "the last run: all done" 0 $?
find "$WORK/other place" -name '.part*' -exec touch -d '2 days ago' {} +
sweep
all_at "to a directory" "$DIR_2"
same "the prefix is empty" 0 "$(objects | grep -c '^two/')"
same "the kept ones are untouched" 45 "$(objects | grep -c '^one/')"
same "no other file is in the directory" 45 "$(files_below "$WORK/other place")"
same "no old copy is noted any more" 0 "$(old_copies)"

# --- a kill between the row and the removal
archive "$DIR_1"
sql "update genhook.outputs set location = location where task_id = 'task-1'"
cp -a "$WORK/other place" "$WORK/kept"
move --from "$OLD" --keep
same "directory to directory" 0 $?
all_at "directory to directory" "$DIR_1"
path=$(cd "$WORK/other place" && find . -path '*task-7/*' -type f)
sql "insert into genhook.moves (source, provider, task_id, position) values ('$DIR_2/${path#./of ours/}', 'apimart', 'task-7', 0)"
same "of one the removal was cut off" 1 "$(old_copies)"
move --from "$OLD"
like "the next run does it" 'moved 0 .*removed 1,' "$(said)"
same "and notes it" 0 "$(old_copies)"
same "the others, which were to be kept, are" 44 "$(files_below "$WORK/other place")"

# An old copy that is the file in use again is none.
location=$(output apimart task-8 location)
sql "insert into genhook.moves (source, provider, task_id, position) values ('$location', 'apimart', 'task-8', 0)"
archive "$S3_2"
sql "update genhook.outputs set stored_at = stored_at where task_id = 'task-8'"
same "a place in use is no old copy" 0 "$(sql "select count(*) from genhook.old_copies('$DIR_1/', 10)")"
sql "delete from genhook.moves"

# --- what is not as its row says stays where it is
file_of()	{ local l; l=$(output apimart "$1" location); echo "${l#file://}"; }
rm "$(file_of task-1)"
printf x | dd of="$(file_of task-2)" bs=1 seek=700 conv=notrunc status=none
truncate -s -1 "$(file_of task-3)"
ln -sf /etc/hostname "$(file_of task-4).link"
mv "$(file_of task-4).link" "$(file_of task-4)"
move --from "$DIR_1"
same "some are amiss: a person is to look" 1 $?
like "they are counted" 'moved 41 .*removed 41, missing 1, differing 2, failed 1, changed 0' "$(said)"
for n in 1 2 3 4; do
	check "task-$n is named" grep -q "/task-$n/" "$WORK/move.out"
done
like "in words" 'there is no such file' "$(grep /task-1/ "$WORK/move.out")"
like "with both sums" 'it has [0-9]+ bytes with the SHA-256 [0-9a-f]{64}, and its row says' "$(grep /task-2/ "$WORK/move.out")"
same "their rows are as they were" 4 "$(sql "select count(*) from genhook.outputs where task_id in ('task-1', 'task-2', 'task-3', 'task-4') and starts_with(location, '$DIR_1/')")"
same "and nothing of theirs is in the store" '' "$(objects | grep -E '^two/.*/task-[1-4]/')"
for n in 1 2 3 4; do
	p=$(file_of "task-$n")
	rm -f "$p"
	cp "$(find "$WORK/kept" -path "*/task-$n/*" -type f)" "$p"
done
move --from "$DIR_1"
same "mended, the rest goes" 0 $?
all_at "mended" "$S3_2"

# --- a byte that changes on the way to the new place
cat >"$WORK/flip.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* What is moved to the name $FLIP has another byte then. */
int
renameat(int from, const char *a, int to, const char *b)
{
	int	(*next)(int, const char *, int, const char *);
	int	rc, fd;
	char	c = 0;

	*(void **)&next = dlsym(RTLD_NEXT, "renameat");
	rc = next(from, a, to, b);
	if (rc == 0 && strcmp(b, getenv("FLIP")) == 0 &&
	    (fd = openat(to, b, O_RDWR)) != -1) {
		if (pread(fd, &c, 1, 1000) == 1) {
			c ^= 1;
			(void)!pwrite(fd, &c, 1, 1000);
		}
		(void)close(fd);
	}
	return rc;
}
END
if gcc -shared -fPIC -o "$WORK/flip.so" "$WORK/flip.c" -ldl && [ -z "${ASAN_OPTIONS:-}" ]; then
	big flipped.jpg 5000
	done_by_callback flipped "$ORIGIN/flipped.jpg"
	check "one more is stored" sweep_until "select count(*) from genhook.outputs where status = 'pending'" 0 3
	sql "update genhook.outputs set position = 77 where task_id = 'flipped'"
	TRUE_ROWS=$(by_rows)
	archive "$DIR_1"
	FLIP=77.jpg LD_PRELOAD=$WORK/flip.so move --from "$OLD"
	same "a byte that changed: a person is to look" 1 $?
	like "it is seen" 'moved 45 .*failed 1,' "$(said)"
	like "and named" 'with the SHA-256 .* and its row says' "$(grep flipped "$WORK/move.out")"
	like "the row stays" "^$S3_2/" "$(output apimart flipped location)"
	same "the copy that was wrong is gone" 0 "$(find "$GENHOOK_ARCHIVE" -path '*flipped*' -type f | wc -l)"
	same_lines "and every file is what it was" "$TRUE_ROWS" "$(read_again)"
	move --from "$OLD"
	same "the next run moves it" 0 $?
	all_at "after all" "$DIR_1"
else
	archive "$DIR_1"
	move --from "$OLD"
fi

# --- one directory under two names is never emptied
ln -s "$GENHOOK_ARCHIVE" "$WORK/same"
archive "file://$WORK/same"
move --from "$OLD"
same "the same directory by a link: a person is to look" 1 $?
same_lines "and nothing is lost" "$TRUE_ROWS" "$(read_again)"
sql "update genhook.outputs set location = replace(location, 'file://$WORK/same/', '$DIR_1/'); delete from genhook.moves"
archive "$DIR_1"

# --- a row that changes meanwhile
location=$(output apimart task-9 location)
settle()	{ sql "select count(*) from genhook.settle_moves(array['apimart'], array['task-9'], array[0], array['$1'], array['$2'], array['$DIR_2/x.jpg'], false)"; }
sum=$(output apimart task-9 sha256)
same "another sum is not settled" 0 "$(settle "$location" "$(tr 0-9a-f 1-9a-f0 <<<"$sum")")"
same "nor another place" 0 "$(settle "$location.x" "$sum")"
same "and the row is as it was" "$location" "$(output apimart task-9 location)"

# --- a store that is away, and one that says no
archive "$S3_2"
swift_stop proxy
move --from "$DIR_1"
same "a store that is away: could not run" 2 $?
like "in words" 'the store 127.0.0.1' "$(cat "$WORK/move.out")"
all_at "a store that is away" "$DIR_1"
swift_run proxy
check "the store is back" soon 60 swift_ready

# --- on a terminal, and asked to end
script -qec "$BIN/genhook --config $GENHOOK_CONF archive move --from $OLD" "$WORK/tty.out" >"$WORK/script.out" 2>&1 </dev/null
same "on a terminal" 0 $?
like "there is a bar" 'moving \[[#-]*\] [0-9]+ of 4[0-9]' "$(tr '\r' '\n' <"$WORK/tty.out")"
all_at "on a terminal" "$S3_2"
archive "$DIR_1"
kill -STOP "${SWIFT_PID[object]}"
"$BIN/genhook" --config "$GENHOOK_CONF" archive move --from "$OLD" >"$WORK/ended.out" 2>&1 &
pid=$!
sleep 1
kill -TERM "$pid"
kill -CONT "${SWIFT_PID[object]}"
wait "$pid"
status=$?
check "asked to end, it ends after what it is at: $status" test "$status" -le 1
check "with its line" grep -q '^archive move: moved' "$WORK/ended.out"
same_lines "and nothing is lost" "$TRUE_ROWS" "$(read_again)"

# --- the roles
check "the sweeper may" super "set role genhook_sweeper; select genhook.count_movable('x')"
fails "the application may not" super "set role genhook_app; select genhook.count_movable('x')" 2>/dev/null
finish
