#!/bin/bash
# A primary with a synchronous replica, killed under load, and the replica
# promoted: every callback is answered in time, none that was acknowledged is
# missing on the new primary, and each is there once.
. "$(dirname -- "$0")/lib.sh"
PROGRAMS=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

# The servers of deploy/postgres are another user's when root starts them.
as_server()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && exec setpriv --reuid=postgres --regid=postgres \
		    --init-groups --reset-env "$@")
	else
		"$@"
	fi
}

REPLICA=
replica_end()
{
	[ -n "$REPLICA" ] || return 0
	as_server "$PROGRAMS/pg_ctl" stop -D "$REPLICA/data" -m immediate -w \
	    -s >/dev/null 2>&1
	[ "$FAILED" -eq 0 ] || as_server tail -n 20 "$REPLICA/log"
	as_server rm -rf "$REPLICA"
}
trap 'replica_end; broke_off' EXIT

# Its folder is where any user may go and where a socket's path fits.
replica_start()
{
	REPLICA=$(as_server mktemp -d /tmp/genhook-replica.XXXXXX) &&
	as_server mkdir -m 0700 "$REPLICA/socket" &&
	as_server "$PROGRAMS/pg_basebackup" -h "$PRIMARY" -U postgres \
	    -D "$REPLICA/data" -R -X stream -c fast &&
	as_server "$PROGRAMS/pg_ctl" start -D "$REPLICA/data" -w -s \
	    -l "$REPLICA/log" -o "-c unix_socket_directories='$REPLICA/socket'"
}

on_replica()	{ PGHOST=$REPLICA/socket sql "$1"; }
replicates()	{ [ "$(super "select sync_state from pg_stat_replication")" = sync ]; }

genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@" >"$WORK/genhook.out"; }
accepted()	{ [[ $(post_text "$hook" "$(ok "$1")") == *accepted* ]]; }

# normal PREFIX SECONDS: until an answer comes out of the database.
normal()
{
	local n=0 until=$((SECONDS + $2))

	until accepted "$1-$n"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		n=$((n + 1))
		sleep 0.1
	done
}

# A killed primary must not come back as a second one beside the promoted:
# without its lock file, deploy/run takes it for stopped by somebody.
primary_kill()
{
	# shellcheck disable=SC2046 # words are wanted
	kill -KILL "$PRIMARY_PID" $(children "$PRIMARY_PID")
	rm -f "${PRIMARY_DATA:?}/postmaster.pid"
}
primary_away()	{ ! "$TOP/deploy/postgres" pid "$RUN_DIR" >/dev/null; }

run_start run
hook=$(hook apimart)
PRIMARY=$PGHOST
PRIMARY_PID=$("$TOP/deploy/postgres" pid "$RUN_DIR")
PRIMARY_DATA=$(readlink "/proc/$PRIMARY_PID/cwd")

# --- both are up
check "a replica is made and started" replica_start
super "alter system set synchronous_standby_names = '*'"
super "select pg_reload_conf()" >/dev/null
check "it replicates synchronously" soon 30 replicates
same "as the settings want it" 'on|*' \
    "$(sql "select current_setting('synchronous_commit'), current_setting('synchronous_standby_names')")"
# The sweep meets the replica first, and must not work there.
sed -i -e "/user=genhook_cron/s|host=[^ ]*|host=$REPLICA/socket,$PRIMARY|" \
    -e "/user=genhook_cron/!s|conninfo = \"host=[^ ]*|conninfo = \"host=$PRIMARY,$REPLICA/socket|" \
    -e 's|port=5432|port=5432,5432 target_session_attrs=read-write|' "$GENHOOK_CONF"
same "each of four connection strings names both" 4 \
    "$(grep -c "conninfo = \"host=.*,.* .*read-write" "$GENHOOK_CONF")"
check "the settings are good" genhook config check
handlers_restart
check "healthz" healthy apimart
same "accepted" '200 {"status":"accepted"}' "$(post_text "$hook" "$(ok before)")"
same "the replica has it when the answer is out" succeeded \
    "$(on_replica "select status from genhook.tasks where task_id = 'before'")"
sweep
check "the sweep finds the primary behind the replica" grep -q 'drained 0' "$WORK/sweep.out"

# --- a steady load; the primary dies, and later the replica takes over
rm -rf "$WORK/posts"
mkdir "$WORK/posts"
load()
{
	local n pids=()

	for ((n = 1; n <= 2000; n++)); do
		[ ! -e "$WORK/enough" ] || break
		burst "$n" 10 &
		pids+=($!)
		sleep 0.09
	done
	wait "${pids[@]}"
}
# answered WORD [WHICH FILES]: how many with that word.
answered()	{ find "$WORK/posts" -type f "${@:2}" -exec cat {} + | grep -o "\"$1\"" | wc -l; }
load &
loading=$!
check "the database takes them" soon 60 at_least 150 answered accepted
primary_kill
check "callbacks wait in the spool" soon 60 at_least 50 spooled
begin=$(now_ms)
check "the replica is promoted" as_server "$PROGRAMS/pg_ctl" promote \
    -D "$REPLICA/data" -w -s
check "then a normal answer" normal n 30
printf 'failover: a normal answer %d ms after the promotion began\n' \
    $(($(now_ms) - begin))
touch "$WORK/promoted"
check "the replica takes them" soon 60 at_least 100 answered accepted -newer "$WORK/promoted"
touch "$WORK/enough"
wait "$loading"
cat "$WORK"/load.* >"$WORK/posts.out"
printf 'load: slowest answer %s s\n' "$(sort -k2n "$WORK/posts.out" | tail -n 1 | cut -d' ' -f2)"
count=$(wc -l <"$WORK/posts.out")
check "hundreds of callbacks around it: $count" test "$count" -ge 300
same "all answered 200" "$count 200" "$(statuses)"
check "all in time" within 3 "$WORK/posts.out"
answers >"$WORK/answers.out"
cat "$WORK/answers.out"
like "many of them by the database" '[0-9]{2} \{"status":"accepted"' "$(cat "$WORK/answers.out")"
like "and some by the spool" '[0-9] \{"status":"spooled"' "$(cat "$WORK/answers.out")"

# --- what the new primary has
PGHOST=$REPLICA/socket
check "the primary stays dead" primary_away
same "the replica is the primary" f "$(sql "select pg_is_in_recovery()")"
check "the spool is emptied" soon 60 drained
grep -lE 'accepted|duplicate|spooled' "$WORK"/posts/* | sed 's|.*/||' |
    LC_ALL=C sort >"$WORK/acknowledged"
sql "select task_id from genhook.tasks where task_id like 'load-%' and status = 'succeeded'" |
    LC_ALL=C sort >"$WORK/there"
same "no acknowledged callback is missing" '' \
    "$(LC_ALL=C comm -23 "$WORK/acknowledged" "$WORK/there" | head)"
same "each task once, with one output" "$count $count $count" \
    "$(sql "select count(*) || ' ' || count(distinct task_id) || ' ' || (select count(*) from genhook.outputs where task_id like 'load-%') from genhook.tasks where task_id like 'load-%'")"
same "each callback once, accepted" "$count $count" \
    "$(sql "select count(*) || ' ' || count(distinct task_id) from genhook.deliveries where task_id like 'load-%' and outcome = 'accepted'")"
same "and no second copy of any" 0 \
    "$(sql "select count(*) from genhook.deliveries where task_id like 'load-%' and outcome <> 'accepted'")"
same "what was there before, is" '1 accepted' \
    "$(sql "select count(*) || ' ' || min(outcome) from genhook.deliveries where task_id = 'before'")"
same "nothing was set aside" '' "$(ls "$GENHOOK_SPOOL/refused" 2>/dev/null)"
check "all handlers are well again" soon 30 answering
for provider in $(served_providers); do
	check "$provider is" soon 30 healthy "$provider"
done
sweep
check "the sweep works on the new primary" grep -q 'drained 0' "$WORK/sweep.out"
same "a promoted replica is no copy of the database" t \
    "$(sql "select doubt is null and system_identifier is not null from genhook.identity")"
same "its row is there" 2 "$(sql "select count(*) from genhook.sweeps where finished is not null")"
check "and so does the command" genhook tasks succeeded
replica_end
REPLICA=
finish
