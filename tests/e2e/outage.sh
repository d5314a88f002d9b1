#!/bin/bash
# PostgreSQL stopped, frozen, killed, locked or full: every callback is answered
# in time and is in the tables afterwards, each once.
. "$(dirname -- "$0")/lib.sh"
run_start run
hook=$(hook apimart)

bad()	{ printf '{"id":"%s","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}' "$1"; }

# once PREFIX COUNT: that many tasks, each finished once, each with one output
# and one delivery that was accepted.
once()
{
	sql "select count(distinct t.task_id) || ' ' || count(*) || ' '
	    || count(*) filter (where d.outcome = 'accepted') || ' '
	    || (select count(*) from genhook.outputs o where o.task_id like '$1-%')
	    from genhook.tasks t join genhook.deliveries d using (provider, task_id)
	    where t.task_id like '$1-%' and t.status = 'succeeded'"
}
is_once()	{ [ "$(once "$1")" = "$2 $2 $2 $2" ]; }

quick()		{ check "$1, in time" within 3 "$WORK/seconds"; }
accepted()	{ [[ $(post_text "$hook" "$(ok "$1")") == *accepted* ]]; }
# signal NAME: to APIMart's handlers, of which there may be two; sets PIDS.
signal()
{
	soon 60 handled
	mapfile -t PIDS < <(handlers apimart)
	kill -s "$1" "${PIDS[@]}"
}
handled()	{ [ -n "$(handlers apimart)" ]; }
# The spool away and a file in its place; and back.  A handler that finds no
# directory makes one, at any moment: nothing is ever written there.
spool_remove()	{ until rm -rf "$GENHOOK_SPOOL" 2>/dev/null; do :; done; }
spool_block()
{
	mv -T "$GENHOOK_SPOOL" "$GENHOOK_SPOOL.away"
	until [ -f "$GENHOOK_SPOOL" ]; do
		spool_remove
		(set -o noclobber && : >"$GENHOOK_SPOOL") 2>/dev/null
	done
}
spool_unblock()
{
	spool_remove
	until mv -T "$GENHOOK_SPOOL.away" "$GENHOOK_SPOOL" 2>/dev/null; do
		spool_remove
	done
}
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

# --- stopped
check "before: accepted" normal before 60
database stop
begin=$(date +%s.%N)
same "stopped: spooled" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok a-1)")"
quick "the first"
end=$(date +%s.%N)
file=$(find "$GENHOOK_SPOOL" -name '*.delivery')
same "one file, for its owner alone" 600 "$(stat -c %a "$file")"
same "with a head that says what it is" 'genhook-spool 1' "$(head -n 1 "$file")"
same "and with all of the body" "$(ok a-1)" "$(tail -n 1 "$file")"
same "a duplicate too" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok a-1)")"
quick "a duplicate"
same "a failure" '200 {"status":"spooled"}' "$(post_text "$hook" "$(bad ord-1)")"
same "then a success of the same task" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok ord-1)")"
same "four files" 4 "$(spooled)"
like "bad JSON stays 400" '^400 ' "$(post_text "$hook" '{"id":')"
quick "bad JSON"
like "a wrong token stays 404" '^404 ' "$(post_text "$HOOK/apimart/wrongwrong" "$(ok a-9)")"
before=$(spooled)
ok w-1 >"$WORK/w1"
like "a wrong signature stays 401" '^401 ' "$(post "$(hook wavespeed)" "$WORK/w1" \
    -H 'webhook-id: x' -H "webhook-timestamp: $(date +%s)" -H "webhook-signature: v3,$(printf '%064d' 0)")"
quick "a wrong signature"
same "and is not spooled" "$before" "$(spooled)"
like "healthz says so" '^503 .*"status":"unavailable","database":"unavailable".*"spool_files":[1-9]' "$(healthz apimart)"
# A monitor that asks for the health must not keep the handler from noticing.
(for _ in {1..60}; do healthz apimart >/dev/null; sleep 0.05; done) &
monitor=$!
posts "$hook" 100 "$(ok many-%d)"
same "100 at once" '100 200' "$(statuses)"
check "100 at once, in time" within 3 "$WORK/posts.out"
same "all spooled" '100 {"status":"spooled"}' "$(answers)"
sleep 1
database start
check "started: a normal answer" normal n 60
wait "$monitor"
check "it stays so" normal after 60
check "the handler drains by itself" soon 60 drained
same "each once" '100 100 100 100' "$(once many)"
same "the duplicate is one" 'accepted,duplicate' \
    "$(sql "select string_agg(outcome, ',' order by received_at) from genhook.deliveries where task_id = 'a-1'")"
same "received when it came" t \
    "$(sql "select bool_and(received_at between to_timestamp($begin) and to_timestamp($end)) from genhook.deliveries where task_id = 'a-1' and outcome = 'accepted'")"
same "order is kept: the first stands" 'failed accepted,conflict' \
    "$(sql "select t.status || ' ' || string_agg(d.outcome, ',' order by d.received_at) from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'ord-1' group by t.status")"
same "the bad JSON is recorded" 1 "$(sql "select count(*) from genhook.deliveries where outcome = 'rejected'")"
check "healthz is well again" healthy apimart
spool_block
like "healthz without a spool" '^503 .*"status":"unavailable","database":"ok"' "$(healthz apimart)"
check "the log says why" grep -q 'healthz: spool: ' "$RUN_DIR/log/handlers.log"
spool_unblock
check "and it is well again" healthy apimart
same "nothing was set aside" '' "$(ls "$GENHOOK_SPOOL/refused" 2>/dev/null)"

# --- frozen
freeze
posts "$hook" 20 "$(ok stop-%d)"
same "frozen: 20 at once" '20 {"status":"spooled"}' "$(answers)"
check "frozen, in time" within 3 "$WORK/posts.out"
like "frozen: healthz" '^503 ' "$(healthz apimart)"
posts "$hook" 20 "$(ok still-%d)" 4
check "frozen: 20 more, in time" within 3 "$WORK/posts.out"
sleep 2		# so that it tries to connect, and waits
signal TERM
check "frozen: a handler ends within 5 s" soon 5 gone "${PIDS[@]}"
thaw
check "woken: drained" soon 60 drained
same "each once" '20 20 20 20' "$(once stop)"
same "and the later ones" '20 20 20 20' "$(once still)"

# --- locked
hold "lock table genhook.tasks"
posts "$hook" 20 "$(ok lock-%d)"
same "a locked table" '20 200' "$(statuses)"
check "a locked table, in time" within 3 "$WORK/posts.out"
sleep 1.5
posts "$hook" 20 "$(ok more-%d)" 5
check "while it tries again, in time" within 3 "$WORK/posts.out"
release
check "unlocked: drained" soon 60 drained
same "each once" '20 20 20 20' "$(once lock)"
same "and the later ones" '20 20 20 20' "$(once more)"

# --- one task is locked for long: what was spooled with it does not wait
sql "select genhook.register_task('apimart', 'held-0')" >/dev/null
super "alter role genhook_hook connection limit 0"
sessions_end
for n in 0 1 2 3 4; do post_text "$hook" "$(ok held-$n)" >/dev/null; done
same "five wait" 5 "$(spooled)"
hold "select from genhook.tasks where task_id = 'held-0' for update"
super "alter role genhook_hook connection limit -1"
check "but for the locked one: drained" soon 60 is 1 spooled
same "which is pending" pending "$(sql "select status from genhook.tasks where task_id = 'held-0'")"
# While a handler is at it, the sweep passes by.
sweep_tells()	{ sweep; grep -q '1 spool files wait: database: receive: .*lock' "$WORK/sweep.out"; }
check "the sweep tells why it waits" soon 60 sweep_tells
release
check "unlocked: drained" soon 60 drained
same "each once" '5 5 5 5' "$(once held)"

# --- no connection to be had
super "alter role genhook_hook connection limit 0"
sessions_end
same "no connection left" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok conn-1)")"
quick "no connection left"
like "healthz says so" '^503 .*"database":"unavailable"' "$(healthz apimart)"
check "and the log says why" grep -q 'healthz: .*too many connections' "$RUN_DIR/log/handlers.log"
super "alter role genhook_hook connection limit -1"
check "one again: drained" soon 60 drained
same "each once" '1 1 1 1' "$(once conn)"

# --- a login that is refused; a right that is taken away under a live session
super "alter role genhook_hook nologin"
sessions_end
same "no login" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok login-1)")"
quick "no login"
super "alter role genhook_hook login"
check "a login again: drained" soon 60 drained
check "and a normal answer" normal right 60
super "revoke execute on function genhook.receive from genhook_receiver"
same "no right" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok login-2)")"
quick "no right"
super "grant execute on function genhook.receive to genhook_receiver"
check "the right again: drained" soon 60 drained
same "each once" '2 2 2 2' "$(once login)"

# --- a role that may only read, for the time that a session is made
super "alter role genhook_hook set default_transaction_read_only = on"
sessions_end
same "read-only" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok read-1)")"
quick "read-only"
super "alter role genhook_hook reset default_transaction_read_only"
check "no longer: a normal answer" normal write 60
check "drained" soon 60 drained
same "each once" '1 1 1 1' "$(once read)"

# --- a standby that is gone: commits hang, and take few connections with them
super "alter system set synchronous_standby_names = 'nobody'"
super "select pg_reload_conf()" >/dev/null
n=0
hung()
{
	n=$((n + 1))
	[[ $(post_text "$hook" "$(ok "hung-$n")") == *spooled* ]] || return 1
	[[ $(healthz apimart) == 503* ]]
	grep -q 'healthz: .*3 backends that did not answer' "$RUN_DIR/log/handlers.log"
}
check "no standby: no more than three are left to hang" soon 60 hung
quick "no standby"
check "nor do others leave more" test \
    "$(super "select count(*) from pg_stat_activity where wait_event = 'SyncRep'")" \
    -le $((3 * $(handlers | wc -l)))
super "alter system reset synchronous_standby_names"
super "select pg_reload_conf()" >/dev/null
check "it is no longer wanted: a normal answer" normal sync 60
check "drained" soon 60 drained
check "each once" is_once hung "$n"

# --- killed; the run starts it again by itself
kill -KILL "$("$TOP/deploy/postgres" pid "$RUN_DIR")"
posts "$hook" 20 "$(ok kill-%d)"
same "killed" '20 200' "$(statuses)"
check "killed, in time" within 3 "$WORK/posts.out"
check "back: drained" soon 120 drained
check "each once" soon 60 is_once kill 20

# --- the handler is killed in the middle of draining
database stop
posts "$hook" 400 "$(ok drain-%d)" 50
same "400 spooled" '400 {"status":"spooled"}' "$(answers)"
same "400 files" 400 "$(spooled)"
# One handler alone, and not before PostgreSQL is made slow.
stopped=$(handlers)
# shellcheck disable=SC2086 # words are wanted
kill -STOP $stopped
database start
# slow SECONDS: each delivery takes that long.
slow()
{
	sql "create function genhook.slow() returns trigger language plpgsql as
	    'begin perform pg_sleep($1); return new; end';
	    create trigger slow before insert on genhook.deliveries for each row execute function genhook.slow()"
}
no_longer_slow()	{ sql "drop function genhook.slow() cascade" 2>/dev/null; }
less()	{ [ "$(spooled)" -lt "$1" ]; }
slow 0.004
signal CONT
for want in 400 300; do
	check "draining below $want" soon 60 less "$want"
	sleep 0.1
	signal KILL
	soon 60 gone "${PIDS[@]}"
done
check "killed twice, draining again" soon 60 less 250
freeze
posts "$hook" 80 "$(ok frozen-%d)"
same "frozen while it drains" '80 200' "$(statuses)"
check "frozen while it drains, in time" within 3 "$WORK/posts.out"
signal TERM
check "frozen while it drains: it ends within 5 s" soon 5 gone "${PIDS[@]}"
thaw
# shellcheck disable=SC2086 # words are wanted
kill -CONT $stopped 2>/dev/null
check "woken: drained" soon 60 drained
no_longer_slow
same "each once" '400 400 400 400' "$(once drain)"
same "and what came meanwhile" '80 80 80 80' "$(once frozen)"

# --- the one that drains loses its connection and gets no other: somebody else drains
sql "select genhook.register_task('apimart', 'turn-0')" >/dev/null
database stop
posts "$hook" 300 "$(ok turn-%d)" 50
stopped=$(handlers)
# shellcheck disable=SC2086 # words are wanted
kill -STOP $stopped
database start
slow 0.008
hold "select from genhook.tasks where task_id = 'turn-0' for update"
signal CONT
check "draining" soon 60 less 300
post_text "$hook" "$(ok turn-0)" >"$WORK/turn" &
poster=$!
check "a callback waits, and the drain with it" soon 60 blocked
super "alter role genhook_hook connection limit 0"
sessions_end
wait "$poster"
same "the callback is spooled" '200 {"status":"spooled"}' "$(cat "$WORK/turn")"
release
no_longer_slow
swept()	{ sweep; drained; }
check "the sweep drains" soon 60 swept
super "alter role genhook_hook connection limit -1"
# shellcheck disable=SC2086 # words are wanted
kill -CONT $stopped
check "all handlers are well again" soon 60 all_healthy
same "each once" '301 301 301 301' "$(once turn)"

# --- files that no one can read, and one that PostgreSQL refuses
database stop
posts "$hook" 3 "$(ok near-%d)"
whole=$(find "$GENHOOK_SPOOL" -name '*.delivery' | sort | head -n 1)
cp "$whole" "$WORK/whole"
spool_put()	{ cat >"$GENHOOK_SPOOL/0000000000000000000$1-0000-$2.delivery"; }
head -c 3000 /dev/urandom | spool_put 1 garbage
: | spool_put 2 empty
head -c -1 "$WORK/whole" | spool_put 3 cut
sed 's/^provider: .*/provider: nobody/' "$WORK/whole" | spool_put 4 unknown
sed 's/^headers: .*/headers: {"a":/; s/^id: ......../id: ffffffff/; s/near-[0-9]/denied/g' "$WORK/whole" | spool_put 5 refused
# Whose account has left the settings is no more believed than before.
sed 's/^outcome: .*/outcome: requery/; s/^account: .*/account: left/; s/^id: ......../id: eeeeeeee/; s/near-[0-9]/doubts/g' "$WORK/whole" | spool_put 6 doubted
database start
check "spoiled files: the spool is emptied" soon 60 drained
same "what was not believed still is not" pending \
    "$(sql "select status from genhook.tasks where task_id = 'doubts'")"
for name in garbage empty cut unknown refused; do
	check "$name is set aside with a reason" test -s "$(echo "$GENHOOK_SPOOL"/refused/*-$name.delivery.reason)"
	check "$name itself is kept" test -e "$(echo "$GENHOOK_SPOOL"/refused/*-$name.delivery)"
done
check "and the last was PostgreSQL's to refuse" grep -q 'database: receive: ' "$(echo "$GENHOOK_SPOOL"/refused/*-refused.delivery.reason)"
check "their neighbours are drained" soon 60 is_once near 3
stamp=$(stat -c %y "$GENHOOK_SPOOL"/refused/*.reason)
sleep 1.5
same "none is tried again" "$stamp" "$(stat -c %y "$GENHOOK_SPOOL"/refused/*.reason)"
rm -rf "$GENHOOK_SPOOL/refused"

# --- files that an earlier version has written, of each outcome
# Each at once, as its writer puts it there: a drain may come at any moment.
mkdir "$WORK/earlier"
cp "$FIXTURES"/spool/*.delivery "$WORK/earlier"
mv "$WORK/earlier"/*.delivery "$GENHOOK_SPOOL"
check "an earlier version's files: drained" soon 60 drained
same "each is what it was" 'novita accepted token,apimart accepted token,apixo unparsed token,novita rejected token,wavespeed stale signature' \
    "$(sql "select string_agg(provider || ' ' || outcome || ' ' || verdict, ',' order by received_at) from genhook.deliveries where remote_addr = '192.0.2.7'")"
same "with the body that it had" "$(tail -c 22 "$FIXTURES"/spool/*8534870-* | md5sum | cut -d ' ' -f 1)" \
    "$(sql "select md5(body) from genhook.deliveries where remote_addr = '192.0.2.7' and outcome = 'rejected'")"
same "the task that was believed is finished" succeeded \
    "$(sql "select status from genhook.tasks where task_id = 'a6e0f3c2-52b4-4f7b-9c4b-1d9a3a0b7e11'")"
same "and the one that was not believed is not" pending \
    "$(sql "select status from genhook.tasks where task_id = 'task_01K9XQ7M3V5T8N2R4W6Y8Z0B1C'")"
same "none was set aside" '' "$(ls "$GENHOOK_SPOOL/refused" 2>/dev/null)"

# --- the sweep drains when no handler does
database stop
posts "$hook" 80 "$(ok sweep-%d)"
conf_set sweep 'max_seconds = 15'
# shellcheck disable=SC2046 # words are wanted
kill -STOP $(handlers)
database start
# One of them may have been stopped with the lock in its hands, a while ago.
exec 7>>"$GENHOOK_SPOOL/.drain.lock"
flock -n 7
touch -d '1 minute ago' "$GENHOOK_SPOOL/.drain.lock"
total=0
all_swept()
{
	sweep
	total=$((total + $(sed -n 's/^sweep: drained \([0-9]*\).*/\1/p' "$WORK/sweep.out")))
	[ "$total" -ge 80 ]
}
check "the sweep drains, and does not wait for one that stands still" soon 60 all_swept
exec 7>&-
same "each file once" 80 "$total"
same "and leaves nothing" 0 "$(spooled)"
# shellcheck disable=SC2046 # words are wanted
kill -CONT $(handlers)
same "each once" '80 80 80 80' "$(once sweep)"

# --- a steady load, and no database in its middle (LONG=1: for a minute)
rate=200 gone=4
[ -z "${LONG:-}" ] || rate=500 gone=60

# around NAME DOWN UP: what comes at a constant rate from 3 s before DOWN to
# 3 s after UP is answered 200 in time, and is in the tables, each once.
around()
{
	local since due answered bad lost rest slowest count

	since=$(sql 'select clock_timestamp()')
	(sleep 3; $2; sleep "$gone"; $3) &
	"$BIN/../bench/openloop" 127.0.0.1 "$RUN_PORT" "${hook#"$GENHOOK_BASE"}" \
	    "$TOP/bench/bodies/apimart.json" "$rate" $((gone + 6)) 256 \
	    >"$WORK/openloop.out"
	wait $!
	read -r due answered bad lost rest rest rest slowest rest <"$WORK/openloop.out"
	printf '%s: %s callbacks, the slowest answer after %s us\n' "$1" "$due" "$slowest"
	same "$1: every callback is answered 200" "$due 0 0" "$answered $bad $lost"
	check "$1: within 3 s" test "$slowest" -lt 3000000
	check "$1: drained" soon $((gone * 5 + 60)) drained
	count=$(sql "select count(distinct t.task_id) || ' ' || count(*) || ' '
	    || count(o.position) from genhook.deliveries d
	    join genhook.tasks t using (provider, task_id)
	    left join genhook.outputs o using (provider, task_id)
	    where d.received_at >= '$since' and d.outcome = 'accepted'
	    and t.status = 'succeeded'")
	same "$1: each is there once, with its output" "$due $due $due" "$count"
}

shoot()		{ kill -KILL "$("$TOP/deploy/postgres" pid "$RUN_DIR")"; }
stop_it()	{ database stop; }
start_it()	{ database start; }
# The load has ended before it is back: the drain is killed half-way, twice.
start_and_kill()
{
	local left

	sleep 4
	left=$(spooled)
	start_it
	for _ in 1 2; do
		soon 60 less "$left"
		signal KILL
		left=$(spooled)
		sleep 0.3
	done
}

around "stopped under load" stop_it start_it
if [ -n "${LONG:-}" ]; then
	around "frozen under load" freeze thaw
	around "killed under load" shoot true
	around "stopped, and the drain killed" stop_it start_and_kill
fi

# --- the spool is full, or gone
conf_set receiver 'spool_max_bytes = 1500'
handlers_restart
database stop
same "a small spool takes the first" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok full-1)")"
for n in 2 3; do post_text "$hook" "$(ok full-$n)" >/dev/null; done
like "and then is full" '^503 \{"error":' "$(post_text "$hook" "$(ok full-4)")"
like "503 says when to come again" 'Retry-After: [0-9]+' "$(cat "$WORK/head")"
quick "a full spool"
check "it is not over its limit" test "$(cat "$GENHOOK_SPOOL"/*.delivery | wc -c)" -le 1500
database start
check "drained" soon 60 drained
database stop
spool_remove
# What another handler drained is counted again after a second.
made()	{ [[ $(post_text "$hook" "$(ok made-1)") == '200 {"status":"spooled"}' ]]; }
check "without its directory: it is made" soon 60 made
spool_block
handlers_restart
like "a file in its place: 503" '^503 ' "$(post_text "$hook" "$(ok gone-2)")"
database start
check "the database alone will do" normal gone 60
spool_unblock
check "its own again: drained, with no restart" soon 60 drained
same "each once" '1 1 1 1' "$(once made)"

# --- the database is dropped, and made anew
maintain()	{ PGDATABASE=postgres super "$1"; }
maintain "drop database genhook with (force)"
same "no database" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok anew-1)")"
quick "no database"
maintain "create database genhook owner genhook"
same "an empty one" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok anew-2)")"
quick "an empty one"
"$BIN/genhook" --config "$GENHOOK_CONF" migrate >"$WORK/migrate.out"
"$TOP/deploy/postgres" grant "$RUN_DIR"
check "migrated: drained" soon 60 drained
same "each once" '2 2 2 2' "$(once anew)"
finish
