#!/bin/bash
# PgBouncer in transaction pooling mode between all programs and PostgreSQL,
# with fewer connections than handlers, and its own death.
. "$(dirname -- "$0")/lib/sweep.sh"
PGBOUNCER=$(PATH=$PATH:/usr/sbin type -P pgbouncer) || {
	fail "pgbouncer is installed"
	finish
}
POOL_SIZE=2

# It refuses root, and has to reach the socket of deploy/postgres.
as_server()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && exec setpriv --reuid=postgres --regid=postgres \
		    --init-groups --reset-env "$@")
	else
		"$@"
	fi
}

BOUNCER=
bouncer_pid()	{ as_server cat "$BOUNCER/pid" 2>/dev/null; }
bouncer_end()
{
	[ -n "$BOUNCER" ] || return 0
	bouncer_kill
	[ "$FAILED" -eq 0 ] || tail -n 20 "$WORK/bouncer.out"
	as_server rm -rf "$BOUNCER"
}
bouncer_kill()
{
	local pid

	pid=$(bouncer_pid) || return 0
	kill -KILL "$pid" && soon 30 gone "$pid"
	as_server rm -f "$BOUNCER/pid"
}
own_end()
{
	bouncer_end
	BOUNCER=
}

# Its folder is where any user may go and where a socket's path fits.
bouncer_make()
{
	local login

	BOUNCER=$(as_server mktemp -d /tmp/genhook-bouncer.XXXXXX)
	as_server tee "$BOUNCER/ini" >/dev/null <<-END
	[databases]
	genhook = host=$PGHOST port=5432 dbname=genhook
	[pgbouncer]
	listen_addr =
	listen_port = 5432
	unix_socket_dir = $BOUNCER
	unix_socket_mode = 0700
	pidfile = $BOUNCER/pid
	auth_type = trust
	auth_file = $BOUNCER/users
	admin_users = genhook
	pool_mode = transaction
	default_pool_size = $POOL_SIZE
	server_login_retry = 1
	END
	for login in genhook genhook_hook genhook_cron; do
		echo "\"$login\" \"\""
	done | as_server tee "$BOUNCER/users" >/dev/null
}

bouncer_answers()	{ through "select 1" >/dev/null 2>&1; }
bouncer_start()
{
	as_server "$PGBOUNCER" "$BOUNCER/ini" >>"$WORK/bouncer.out" 2>&1 \
	    </dev/null &
	soon 30 bouncer_answers
}

# As an application would, and the bouncer's own words.
through()	{ PGHOST=$BOUNCER sql "$1"; }
bouncer_show()	{ PGHOST=$BOUNCER PGDATABASE=pgbouncer sql "show $1"; }

# Backends of a login in PostgreSQL; and what the bouncer says it has there.
backends()	{ super "select pid from pg_stat_activity where usename = '$1'" | sort; }
# (Which column says so depends on the bouncer's version.)
bouncers()
{
	PGHOST=$BOUNCER PGDATABASE=pgbouncer psql -XqA -c 'show servers' |
	awk -F '|' -v login="$1" '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["user"] == login { print $at["remote_pid"] }' | sort
}
only_bouncers()	{ [ "$(backends "$1")" = "$(bouncers "$1")" ]; }

once()	# PREFIX: tasks, outputs, accepted deliveries
{
	sql "select count(*) || ' ' || (select count(*) from genhook.outputs where task_id like '$1-%')
	    || ' ' || (select count(*) from genhook.deliveries where task_id like '$1-%' and outcome = 'accepted')
	    from genhook.tasks where task_id like '$1-%' and status = 'succeeded'"
}

world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:300
hook=$(hook apimart)
DIRECT=$PGHOST
# What no program may rely on is not what it likes.
super "alter database genhook set timezone = 'Asia/Kathmandu'"
super "alter database genhook set datestyle = 'SQL, DMY'"
super "alter database genhook set search_path = 'public'"
super "alter database genhook set synchronous_commit = off"
bouncer_make
check "pgbouncer starts" bouncer_start
sed -i "s|host=$DIRECT |host=$BOUNCER |" "$GENHOOK_CONF"
conf_set database 'pooler = yes'
same "no setting goes around it" 0 "$(grep -c "$DIRECT" "$GENHOOK_CONF")"
handlers_restart

fails "migrate does not go through it" "$BIN/genhook" --config "$GENHOOK_CONF" migrate 2>"$WORK/migrate.out"
like "and says what it needs" 'pooler is yes: .*PostgreSQL itself' "$(cat "$WORK/migrate.out")"
check "migrate --check does" "$BIN/genhook" --config "$GENHOOK_CONF" migrate --check

# --- answers
declare -A bodies=(
	[novita]='{"event_type":"ASYNC_TASK_RESULT","payload":{"task":{"task_id":"p-1","status":"TASK_STATUS_FAILED","reason":"r"}}}'
	[apimart]='{"id":"p-1","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}'
	[apixo]='{"code":200,"data":{"taskId":"p-1","state":"failed","failMsg":"no"}}'
	[wavespeed]='{"id":"p-1","model":"m","status":"failed","outputs":[],"created_at":"2026-11-20T09:12:48.239112031Z","error":"no","code":0}'
)
for provider in "${PROVIDERS[@]}"; do
	for want in accepted duplicate; do
		printf '%s' "${bodies[$provider]}" >"$WORK/body"
		if [ "$provider" = wavespeed ]; then
			got=$(post_signed "$WORK/body" "evt_$want")
		else
			got=$(post "$(hook "$provider")" "$WORK/body")
		fi
		same "$provider: $want" "200 {\"status\":\"$want\"}" "$got"
	done
	like "$provider: healthz" '^200 .*"database":"ok"' "$(healthz "$provider")"
done
same "each is one task, with its account" '4 4 4' \
    "$(sql "select count(*) || ' ' || count(*) filter (where status = 'failed') || ' ' || count(*) filter (where account = 'default') from genhook.tasks where task_id = 'p-1'")"
same "times are what they are, in any time zone" 't 2026-04-21 05:21:01+00' \
    "$(sql "set timezone = 'UTC'; set datestyle = 'ISO'; select (select bool_and(received_at between now() - interval '1 minute' and now()) from genhook.deliveries) || ' ' || finished_at from genhook.tasks where provider = 'apimart'" | sed 's/^true/t/')"

# --- transaction pooling: four handlers and more on two connections
posts "$hook" 50 "$(ok many-%d)"
same "50 at once" '50 {"status":"accepted"}' "$(answers)"
check "50 at once, in time" within 3 "$WORK/posts.out"
same "each once" '50 50 50' "$(once many)"
check "PostgreSQL has connections of the bouncer alone" soon 30 only_bouncers genhook_hook
like "of them there are some" '^[0-9]+' "$(bouncers genhook_hook)"
check "and no more than it may make" test "$(backends genhook_hook | wc -l)" -le "$POOL_SIZE"
clients()	{ bouncer_show clients | awk -F '|' '$2 == "genhook_hook"' | wc -l; }
check "while each handler has its own to the bouncer" soon 30 is "$HANDLERS" clients
same "nothing stays in a session" 0 \
    "$(PGUSER=genhook_hook through "select (select count(*) from pg_prepared_statements) + (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')")"

# A trigger that writes down what holds where callbacks are stored.
sql "create table genhook.seen (line text);
    create function genhook.see() returns trigger language plpgsql as
    'begin insert into genhook.seen select concat_ws(\$\$ \$\$, current_setting(\$\$synchronous_commit\$\$),
        current_setting(\$\$lock_timeout\$\$), current_setting(\$\$statement_timeout\$\$)); return new; end';
    create trigger see before insert on genhook.deliveries for each row execute function genhook.see()"
same "a callback more" '200 {"status":"accepted"}' "$(post_text "$hook" "$(ok seen-1)")"
same "its transaction commits safely and has its limits" 'on 2500ms 30s' \
    "$(sql "select distinct line from genhook.seen")"
sql "drop function genhook.see() cascade; drop table genhook.seen" 2>/dev/null
same "no other transaction has them" 'off 0 0' \
    "$(PGUSER=genhook_hook through "select concat_ws(' ', current_setting('synchronous_commit'), current_setting('lock_timeout'), current_setting('statement_timeout'))")"

# --- the sweep
for provider in "${PROVIDERS[@]}"; do
	case $provider in
	novita)		model=txt2img ;;
	apimart)	model=gpt-image ;;
	apixo)		model=nano-banana ;;
	wavespeed)	model=vendor/flux ;;
	esac
	order "$provider" "$model" >/dev/null
	order "$provider" "$model" lose >/dev/null
done
check "the simulator has said all it will" soon 60 idle
check "sweeps poll what was lost and download all" sweep_until \
    "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w" 0
same_lines "every task ended as in truth" "$(true_states)" \
    "$(our_states | grep -v -e /p-1 -e /many- -e /seen-)"
same_lines "every output has the true size and sum" "$(true_files)" "$(our_files)"
same_lines "and so has its file" "$(our_files)" "$(disk_files)"
same "half of them were polled" 4 "$(sql "select count(*) from genhook.tasks where source = 'poll'")"
check "the command works through it" "$BIN/genhook" --config "$GENHOOK_CONF" tasks failed >"$WORK/genhook.out"

# --- a locked table
hold "lock table genhook.tasks"
posts "$hook" 20 "$(ok lock-%d)"
same "a locked table" '20 200' "$(statuses)"
check "a locked table, in time" within 3 "$WORK/posts.out"
sleep 2.5
waiting()	{ super "select count(*) from pg_stat_activity where usename = 'genhook_hook' and wait_event_type = 'Lock'"; }
check "no more wait for it than handlers" soon 20 not at_least 2 waiting
release
check "unlocked: drained" soon 60 drained
same "each once" '20 20 20' "$(once lock)"

# --- the bouncer is killed
bouncer_kill
same "without the bouncer: spooled" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok away-0)")"
check "in time" within 3 "$WORK/seconds"
posts "$hook" 20 "$(ok away-%d)"
same "20 more" '20 {"status":"spooled"}' "$(answers)"
check "20 more, in time" within 3 "$WORK/posts.out"
like "healthz says so" '^503 .*"database":".+"' "$(healthz apimart)"
check "the bouncer starts again" bouncer_start
check "drained" soon 60 drained
same "each once" '21 21 21' "$(once away)"
for provider in "${PROVIDERS[@]}"; do
	check "$provider is well again" soon 30 healthy "$provider"
done

# --- PostgreSQL is stopped behind it
database stop
posts "$hook" 20 "$(ok behind-%d)"
same "a bouncer without a server behind it" '20 {"status":"spooled"}' "$(answers)"
check "in time" within 3 "$WORK/posts.out"
database start
check "started: drained" soon 60 drained
same "each once" '20 20 20' "$(once behind)"
finish
