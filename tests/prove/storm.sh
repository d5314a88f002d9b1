#!/bin/bash
# The kill storm: while callbacks come in, tasks are made and an application is told,
# handlers, backends of the database, its first process, lighttpd, sweeps, and who
# follows with the runs that it starts (which download, and tell the application) are
# killed, stopped and killed again as they come back.  Then the sets are compared: what
# was acknowledged is stored, what is stored was sent, each once; nothing that was seen
# once is gone; files are whole; no forgery is believed; each end of a task is an event,
# and each event was told.  MINUTES (2), SEED, RATE (40 a second).
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
SEED=${SEED:-$((EPOCHSECONDS % 30000))}
MINUTES=${MINUTES:-2}
echo "storm: SEED=$SEED MINUTES=$MINUTES"
RANDOM=$SEED
world_start --scale 0.05 --timeout-scale 1 --finish-ms 50:600 --duplicate 20 \
    --early 10 --reorder 20 --seed "$SEED"
LOG=$WORK/storm
mkdir "$LOG"

# --- the application that is told, by any of its runs
TOLD_PORT=$(free_port)
mkdir "$WORK/modes"
: >"$LOG/told.jsonl"
python3 tests/e2e/lib/receiver.py "$TOLD_PORT" "$WORK/modes" "$LOG/told.jsonl" >"$WORK/receiver.out" 2>&1 &
RUNS+=("$!")
printf 'forward shop {\n\turl = "http://127.0.0.1:%s/shop"\n\tsecret = {"whsec_%s"}\n\tallow_private = yes\n}\n' \
    "$TOLD_PORT" "$(openssl rand -base64 32)" >>"$GENHOOK_CONF"
conf_set sweep "every = 5"
sweep	# what is told begins here
until_s=$((SECONDS + ${STORM_S:-$((MINUTES * 60))}))

# --- what goes on meanwhile
python3 tests/prove/sender.py "$LOG" "$(hook apimart)" "$(hook wavespeed)" "${RATE:-40}" "$SEED" &
sender=$!
RUNS+=("$sender")

sweeper()
{
	local pid

	until [ -e "$LOG/stop" ]; do
		"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >>"$LOG/sweep.out" 2>&1 &
		pid=$!
		echo "$pid" >"$LOG/sweep.pid"
		wait "$pid"
	done
}
sweeper 2>/dev/null &
sweeping=$!

follower()
{
	local pid

	until [ -e "$LOG/stop" ]; do
		"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow >>"$LOG/follow.out" 2>&1 &
		pid=$!
		echo "$pid" >"$LOG/follow.pid"
		wait "$pid"
		sleep 0.2
	done
}
follower 2>/dev/null &
following=$!

# Tasks with files, of every provider.  Their ids are known to the test alone until
# the storm is over, but for those whose callback brings them.
orderer()
{
	local i=0 provider model id

	until [ -e "$LOG/stop" ]; do
		provider=${PROVIDERS[i++ % 4]}
		model=flux
		[ "$provider" != wavespeed ] || model=vendor/flux
		id=$(submit "$provider" "$model") && echo "$provider $id $model" >>"$LOG/ordered"
		sleep 0.5
	done
}
orderer 2>/dev/null &
ordering=$!

# What was seen once.
watcher()
{
	until [ -e "$LOG/stop" ]; do
		psql -XqAt -c "select task_id from genhook.tasks where finished_at > now() - interval '10 s'" >>"$LOG/seen"
		sleep 2
	done
}
watcher 2>/dev/null &
watching=$!

# --- the killer
declare -A hits=() stops=()
# deploy/postgres would look at every process.
PG_HOME=$(cat "$RUN_DIR/pg.dir" 2>/dev/null || echo "$RUN_DIR/pg")
postmaster()	{ as_server head -n 1 "$PG_HOME/data/postmaster.pid" 2>/dev/null; }
any_of()	{ [ "$#" -gt 0 ] && echo "${@:RANDOM % $# + 1:1}"; }

# old_enough PID: that one, when it is 8 s old.  make run may have been long about it.
old_enough()
{
	local age

	age=$(ps -o etimes= -p "$1") && [ "$age" -ge 8 ] && echo "$1"
}
# victim KIND: a process of that kind, or nothing.
victim()
{
	local postmaster

	postmaster=$(postmaster)
	# shellcheck disable=SC2046 # words are wanted
	case $1 in
	handler)	any_of $(handlers) ;;
	backend)	any_of $(for p in $(children "$postmaster"); do
			tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null |
			    grep -q 'postgres: genhook_' && echo "$p"; done) ;;
	postmaster)	echo "$postmaster" ;;
	lighttpd)	# a start that fails at once is the end of make run, and rightly
			old_enough "$(server)" ;;
	sweep)		cat "$LOG/sweep.pid" ;;
	follower)	cat "$LOG/follow.pid" ;;
	run)		any_of $(children "$(cat "$LOG/follow.pid")") ;;
	esac
}
strike_kind()	# sets kind
{
	local n=$((RANDOM % 100))

	if [ $n -lt 30 ]; then kind=handler
	elif [ $n -lt 45 ]; then kind=backend
	elif [ $n -lt 53 ]; then kind=lighttpd
	elif [ $n -lt 68 ]; then kind=sweep
	elif [ $n -lt 83 ]; then kind=run
	elif [ $n -lt 92 ]; then kind=follower
	else kind=postmaster
	fi
}

# The first process again while it recovers: wait for the new one, and no longer.
postmaster_again()
{
	local old=$1 new

	for _ in {1..150}; do
		new=$(postmaster)
		if [ -n "$new" ] && [ "$new" != "$old" ]; then
			kill -KILL "$new" 2>/dev/null && hits[second]=$((${hits[second]:-0} + 1))
			return
		fi
		sleep 0.1
	done
}

# A handler again as it comes back.
handler_again()
{
	local old=$1 provider=$2 new

	for _ in {1..50}; do
		new=$(handlers "$provider" | head -n 1)
		if [ -n "$new" ] && [ "$new" != "$old" ]; then
			kill -KILL "$new" 2>/dev/null && hits[second]=$((${hits[second]:-0} + 1))
			return
		fi
		sleep 0.05
	done
}

# What a short storm has to have hit, whatever the dice say, comes first.
first=(follower run handler)
strikes=0
# However slow the machine is, it takes some strikes to prove anything.
while [ "$SECONDS" -lt "$until_s" ] || { [ $strikes -lt 6 ] && [ "$SECONDS" -lt $((until_s + 120)) ]; }; do
	sleep "0.$((RANDOM % 9 + 1))"
	# Without it the rest of the storm would be about nothing.
	kill -0 "$RUN_PID" 2>/dev/null || break
	strike_kind
	[ $strikes -ge ${#first[@]} ] || kind=${first[strikes]}
	pid=$(victim "$kind" 2>/dev/null)
	[ -n "$pid" ] || continue
	strikes=$((strikes + 1))
	if [ $((strikes % 10)) -eq 0 ] && [ "$kind" != lighttpd ]; then
		kill -STOP "$pid" 2>/dev/null || continue
		stops[$kind]=$((${stops[$kind]:-0} + 1))
		(sleep $((RANDOM % 5 + 1)); kill -CONT "$pid" 2>/dev/null) &
		continue
	fi
	kill -KILL "$pid" 2>/dev/null || continue
	hits[$kind]=$((${hits[$kind]:-0} + 1))
	case $kind in
	handler)	[ $((RANDOM % 4)) -gt 0 ] || handler_again "$pid" apimart ;;
	postmaster)	[ $((RANDOM % 3)) -gt 0 ] || postmaster_again "$pid" ;;
	esac
done

# --- the end of it: all comes back, and to its end
sleep 6
check "make run is still there" kill -0 "$RUN_PID"
check "its database comes back" soon 120 sql 'select 1'
check "and its handlers" soon 120 all_healthy
touch "$LOG/stop"
kill -TERM "$(cat "$LOG/follow.pid")" 2>/dev/null
wait "$sender" "$sweeping" "$ordering" "$watching" "$following"
while read -r provider id model; do
	register "$provider" "$id" "$model"
done <"$LOG/ordered"
check "the simulator has said all it will" soon 300 idle
check "all comes to an end" sweep_until \
    "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w" 0 60
check "the spool is empty" drained
events_due()	{ sql "update genhook.forwards set next_attempt_at = now(), leased_until = null, lease_owner = null where status = 'pending'; update genhook.forward_targets set not_before = '-infinity'"; }
untold()	{ sql "select count(*) from genhook.forwards where status = 'pending'"; }
all_told()
{
	local turn

	for ((turn = 0; turn < 60; turn++)); do
		events_due
		sweep
		[ "$(untold)" -gt 0 ] || return 0
	done
	return 1
}
check "the application is told of all" all_told

# --- the sets
sets()	{ sort -u "$LOG/$1" 2>/dev/null; }
sql "select task_id from genhook.tasks where task_id like 'storm-%'" | sort >"$LOG/stored"
same "nothing that was acknowledged is missing" '' "$(comm -23 <(sets acked) "$LOG/stored" | head -n 5)"
same "nothing is stored that was not sent" '' "$(comm -13 <(sets sent) "$LOG/stored" | head -n 5)"
same "each is accepted once" '' "$(sql "select task_id from genhook.deliveries where task_id like 'storm-%' and outcome = 'accepted' group by task_id having count(*) > 1 limit 5")"
same "nothing that was seen is gone" '' "$(comm -23 <(sets seen) <(sql "select task_id from genhook.tasks" | sort) | head -n 5)"
jq -r .id "$LOG/told.jsonl" | sort -u >"$LOG/told"
same "each task that ended is one event" '' "$(sql "select t.task_id from genhook.tasks t left join genhook.forwards f using (provider, task_id) where t.status <> 'pending' group by t.provider, t.task_id having count(f.id) <> 1 limit 5")"
same "each event was told" '' "$(comm -23 <(sql "select webhook_id from genhook.forwards" | sort) "$LOG/told" | head -n 5)"
same "and nothing that is none" '' "$(comm -13 <(sql "select webhook_id from genhook.forwards" | sort) "$LOG/told" | head -n 5)"
same "no forgery made a task" 0 "$(sql "select count(*) from genhook.tasks where task_id like 'forged-%'")"
same "nor was accepted" 0 "$(sql "select count(*) from genhook.deliveries where task_id like 'forged-%' and outcome <> 'unverified'")"
same "nor acknowledged" 0 "$(grep -c 'forged 2' "$LOG/answers")"
# A process that was killed may have left its parts; the sweep clears them by age.
find "$GENHOOK_ARCHIVE" -name '.part*' -exec touch -d '2 days ago' {} +
sweep
# The storm's own callbacks are none of the simulator's.
sql "delete from genhook.tasks where task_id like 'storm-%'"
world_check "after the storm"
# A short one may have missed a kind; one that missed all proves nothing.
check "the storm hit what was at work" test "${#hits[@]}" -ge 3
echo "storm: SEED=$SEED: killed$(for k in "${!hits[@]}"; do printf ' %s %d' "$k" "${hits[$k]}"; done);" \
    "stopped$(for k in "${!stops[@]}"; do printf ' %s %d' "$k" "${stops[$k]}"; done);" \
    "$(wc -l <"$LOG/sent") sent, $(wc -l <"$LOG/acked") acknowledged, $(wc -l <"$LOG/stored") stored," \
    "$(wc -l <"$LOG/forged") forged, $(true_files | wc -l) files, $(wc -l <"$LOG/told") events told"
finish
