#!/bin/bash
# What applications are told while everything that tells them is killed at random
# moments: a follower, its runs, and cron's sweeps.  In the end the events that came
# are those that happened, each at least once and, by its id, once; and none came
# before its files were in place.  LONG=1: 1,000 tasks and 100 kills; SEED repeats
# the choice of what is struck.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/told.sh"
TASKS=60 KILLS=12
[ -z "${LONG:-}" ] || TASKS=1000 KILLS=100
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
echo "SEED=$SEED"

world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:400
conf_set sweep "every = 1"
receiver_start
forward shop 'on = {"task.stored", "task.failed", "task.finished"}'
forward flaky
sweep

# Orders go on until there are as many as wanted; every twentieth task fails, and of
# every tenth the callback is lost.
orders()
{
	local i words provider

	for ((i = $1; i < TASKS; i += 2)); do
		provider=${PROVIDERS[i % ${#PROVIDERS[@]}]} words=none
		[ $((i % 20)) -ne 7 ] || words=fail
		[ $((i % 10)) -ne 2 ] || words=lose
		order "$provider" "${MODELS[$provider]}" "$words" >/dev/null ||
		    echo "task $i was refused" >>"$WORK/orders.out"
	done
}
declare -A MODELS=([novita]=txt2img [apimart]=seedream-5 [apixo]=flux-2 [wavespeed]=vendor/flux)
orders 0 &
ORDERS=$!
orders 1 &
ORDERS+=" $!"

follow_start()
{
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow \
	    >>"$WORK/follow.out" 2>&1 &
	FOLLOWER=$!
}

# One of those that are at work just now: the follower, a run of it, or a sweep as
# cron's.  A lease that a killed one held runs out at once.
struck=0
declare -A kinds=([follower]=0 [run]=0 [sweep]=0)
kill_one()
{
	local kind=$1 pid=

	case $kind in
	follower)	pid=$FOLLOWER ;;
	run)		read -r pid _ < <(children "$FOLLOWER") || : ;;
	sweep)
		"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1 &
		pid=$!
		strike "$pid" && struck=$((struck + 1)) kinds[sweep]=$((kinds[sweep] + 1))
		return ;;
	esac
	[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null || return
	struck=$((struck + 1)) kinds[$kind]=$((kinds[$kind] + 1))
	if [ "$kind" = follower ]; then
		wait "$FOLLOWER" 2>/dev/null
		follow_start
	fi
}

# Kills are spread over all that is to be told, however quick this machine is.
told_enough()	{ [ "$(wc -l <"$TOLD")" -ge $((struck * TASKS * 18 / 10 / KILLS)) ]; }

follow_start
turn=0
while [ "$struck" -lt "$KILLS" ] && [ "$turn" -lt $((KILLS * 100)) ]; do
	soon 20 told_enough
	case $((RANDOM % 4)) in
	0)	kill_one follower ;;
	1|2)	kill_one run ;;
	3)	kill_one sweep ;;
	esac
	# The receiver has its moods too.
	case $((turn++ % 8)) in
	2)	mood flaky 500 ;;
	4)	mood flaky cut ;;
	6)	rm -f "$MODES/flaky" ;;
	esac
	[ $((RANDOM % 3)) -ne 0 ] || due_all
	sleep "0.$(printf '%03d' $((RANDOM % 300)))"
done
rm -f "$MODES/flaky"
same "so many were killed" "$KILLS" "$struck"
echo "$(sql "select count(*) from genhook.forwards where status = 'sent'") events had been told by then"
echo "killed: ${kinds[follower]} followers, ${kinds[run]} runs of them, ${kinds[sweep]} sweeps"
# shellcheck disable=SC2086 # words are wanted
wait $ORDERS
same "every task was taken by its provider" '' "$(cat "$WORK/orders.out" 2>/dev/null)"

# What was refused so often that it was given up is told once more, by a person.
all_told()
{
	sql "select genhook.retry_forwards()" >/dev/null
	due_all
	[ "$(sql "select (select count(*) from genhook.tasks where status = 'pending')
	    + (select count(*) from genhook.outputs where status = 'pending')
	    + (select count(*) from genhook.forwards where status <> 'sent')
	    + (select count(*) from genhook.forward_checks)")" = 0 ] &&
	    [ "$(sql "select count(*) from genhook.tasks")" = "$TASKS" ] &&
	    [ "$(told shop)" -ge $((TASKS * 2)) ] && [ "$(told flaky)" -ge "$TASKS" ]
}
check "all of it comes to an end" soon 240 all_told
kill -TERM "$FOLLOWER"
wait "$FOLLOWER"
same "the last follower ends well" 0 "$?"

# What happened, by the simulator's ledger, and what was heard.
happened()
{
	ledger 'select(.event == "finished") | "\(.provider)/\(.task_id) " +
	    (if .state == "succeeded" then "task.stored" else "task.failed" end)'
}
same "of each of the tasks" "$TASKS" "$(happened | wc -l)"
same_lines "one receiver heard what happened" "$(happened)" "$(heard flaky)"
same_lines "the other one that each ended, too" \
    "$({ happened; happened | sed 's/ .*/ task.finished/'; } | LC_ALL=C sort)" "$(heard shop)"
same "each event has one id" "$((TASKS * 2)) $TASKS" "$(told shop) $(told flaky)"
same "and each id is one event" '' "$(by_id | cut -d ' ' -f 1 | uniq -d)"
same "none came before its files were in place, whole" '' \
    "$(jq -r '.absent[]?' "$TOLD" | sort -u)"
same "no row is left" 0 "$(sql "select count(*) from genhook.forwards where status <> 'sent'")"
world_check "after it all"
echo "$TASKS tasks, $struck kills: $(told shop) and $(told flaky) events came in $(asked shop) and $(asked flaky) requests"
finish
