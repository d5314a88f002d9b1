#!/bin/bash
# What genhook-sweep --follow costs while nothing happens: SECONDS_IDLE (600) at
# rest, with a forward and an alert in the settings and all else as it is unless
# set.  Of the follower, of the runs that it started, and of the database's process
# that serves it: processor time; and how often each was woken.
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
. "$(dirname -- "$0")/../e2e/lib/told.sh"
SECONDS_IDLE=${SECONDS_IDLE:-600}
world_start --scale 0.01 --finish-ms 20:50
receiver_start
forward shop
printf 'alert {\n\turl = "http://127.0.0.1:%s/alerts"\n}\n' "$RECEIVER_PORT" >>"$GENHOOK_CONF"
sweep
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow >"$WORK/follow.out" 2>&1 &
FOLLOWER=$!
RUNS+=("$FOLLOWER")

quiet()		{ [ -z "$(children "$FOLLOWER")" ]; }
backend()	{ super "select pid from pg_stat_activity where query like '%next_due%' and state = 'idle'"; }
# ticks PROCESS FIELD FIELD: hundredths of a second, of two fields of its stat.
ticks()		{ sed 's/.*) //' "/proc/$1/stat" | awk -v a="$(($2 - 2))" -v b="$(($3 - 2))" '{ print $a + $b }'; }
wakings()	{ awk '/_ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"; }
runs()		{ sql "select count(*) from genhook.sweeps"; }
seconds()	{ awk -v n="$1" 'BEGIN { printf "%.2f", n / 100 }'; }

order novita txt2img >/dev/null
told_of()	{ [ "$(told shop)" = 1 ] && quiet && at_least 1 backend; }
check "a task is told of, and it comes to rest" soon 60 told_of
backend=$(backend)
before=("$(ticks "$FOLLOWER" 14 15)" "$(ticks "$FOLLOWER" 16 17)" "$(wakings "$FOLLOWER")"
    "$(ticks "$backend" 14 15)" "$(wakings "$backend")" "$(runs)")
sleep "$SECONDS_IDLE"
check "it is the same process, with the same connection" eval '[ "$(backend)" = "$backend" ]'
soon 20 quiet
after=("$(ticks "$FOLLOWER" 14 15)" "$(ticks "$FOLLOWER" 16 17)" "$(wakings "$FOLLOWER")"
    "$(ticks "$backend" 14 15)" "$(wakings "$backend")" "$(runs)")
for i in "${!before[@]}"; do
	spent[i]=$((after[i] - before[i]))
done
echo "idle for $SECONDS_IDLE s: the follower $(seconds "${spent[0]}") s of processor and ${spent[2]} wakings, $(awk '/^VmRSS/ { print $2 }' "/proc/$FOLLOWER/status") kB;" \
    "its ${spent[5]} runs $(seconds "${spent[1]}") s; the database's process for it $(seconds "${spent[3]}") s, ${spent[4]} wakings"
check "it costs next to nothing" [ "${spent[0]}" -le $((10 + SECONDS_IDLE / 60)) ]
check "a run a minute, and no more" [ "${spent[5]}" -le $((SECONDS_IDLE / 60 + 2)) ]
check "and is woken a few times for each" [ "${spent[2]}" -le $((20 * (spent[5] + 1))) ]
same "of all of which nobody is told" 1 "$(told shop)"
kill -TERM "$FOLLOWER"
wait "$FOLLOWER"
same "it ends well" 0 "$?"
finish
