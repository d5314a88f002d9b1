#!/bin/bash
# From every earlier version, with a row of every sort in it, to this one: the
# rows are what they were, everything works, and the schema is that of a new
# database.  Twice, two at once, behind a lock, and under live callbacks.
. "$(dirname -- "$0")/lib.sh"
run_start run
OWN_DATABASE=$PGDATABASE
"$BIN/genhook" migrate --print >"$WORK/print.sql"

# Up to that version, as a program of then would have made it.
apply_up_to()	# VERSION
{
	awk -v most="$1" '/^-- [0-9][0-9][0-9]_.*\.sql$/ { on = $2 + 0 <= most }
	    /^select genhook.record_objects/ { on = 0 } on' "$WORK/print.sql" |
	    psql -Xq -v ON_ERROR_STOP=1 >"$WORK/apply.out" 2>&1
}
# A database of its own; sets PGDATABASE and CONF.
database_make()	# NAME
{
	PGDATABASE=postgres super "create database $1 owner genhook"
	sed "s/dbname=$OWN_DATABASE/dbname=$1/" "$GENHOOK_CONF" >"$WORK/$1.conf"
	chmod 0600 "$WORK/$1.conf"
	CONF=$WORK/$1.conf
	export PGDATABASE=$1
}
migrate()	{ "$BIN/genhook" --config "$CONF" migrate "$@" >"$WORK/migrate.out" 2>&1; }
schema()	{ sql "select * from genhook.objects_now() order by 1, 2"; }
version()	{ sql "select max(version) from genhook.migrations"; }

# What was kept is still there: every column of then has its value.
missing()
{
	sql "create function test.missing() returns setof text language plpgsql as \$\$
	    declare r text;
	    begin
	        for r in select distinct relation from test.kept where relation <> 'migrations' loop
	            return query execute format('select %L || '': '' || k.row::text from test.kept k where k.relation = %L and not exists (select from genhook.%I t where to_jsonb(t) @> k.row)', r, r, r);
	        end loop;
	    end \$\$; select test.missing()"
}
check "dbname stands in the settings" grep -q "dbname=$OWN_DATABASE" "$GENHOOK_CONF"
check "a new database is as it was made" "$BIN/genhook" --config "$GENHOOK_CONF" migrate --check
newest=$(version)
fresh=$(schema)

for file in sql/*.sql; do
	n=${file#sql/}
	n=$((10#${n%%_*}))
	[ "$n" -gt 0 ] && [ "$n" -lt "$newest" ] || continue
	database_make "from_$n"
	apply_up_to "$n" || cat "$WORK/apply.out"
	same "$n: a database of that version" "$n" "$(version)"
	sql "$(cat tests/e2e/lib/upgrade.sql)" >"$WORK/fill.out" 2>&1 || cat "$WORK/fill.out"
	check "$n: with rows in it" test "$(sql "select count(*) from test.kept")" -gt 30
	fails "$n: it is seen to be old" migrate --check
	check "$n: migrate" migrate || cat "$WORK/migrate.out"
	same "$n: it is of this version" "$newest" "$(version)"
	same "$n: every row is what it was" '' "$(missing)"
	same "$n: the schema is that of a new database" '' "$(diff <(echo "$fresh") <(schema))"
	check "$n: and so recorded" migrate --check

	# And everything works, on the old rows and on new ones.
	sql "drop schema test cascade"
	psql -Xq -v ON_ERROR_STOP=1 -f tests/e2e/lib/receive.sql
	same "$n: a result for old tasks, and for a new one" 'accepted accepted conflict accepted duplicate' \
	    "$(sql "select array_to_string(test.receive('[{\"task\":\"old-pending\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"old-lost\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"old-succeeded\",\"outcome\":\"accepted\",\"status\":\"failed\"},{\"task\":\"new\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"new\",\"outcome\":\"accepted\",\"status\":\"succeeded\"}]'), ' ')")"
	sql "update genhook.accounts set not_before = '-infinity', polls = 0"
	same "$n: an old task is polled" old-pending-polled "$(sql "select task_id from genhook.claim_polls('apimart', 'default', '1 s', '1 h', 10)")"
	same "$n: old outputs are claimed, and new ones" 4 "$(sql "select count(*) from genhook.claim_outputs('me', '1 m', 10)")"
	same "$n: and stored" 1 "$(sql "select count(*) from genhook.store_outputs('me', '{apimart}', '{new}', '{0}', '{file:///y}', '{1}', array[repeat('b', 64)], '{image/png}', '{x}')")"
	same "$n: what was given up is taken up" 2 "$(sql "select count(*) from genhook.retry_outputs('apimart')")"
	same "$n: registered" 1 "$(sql "select count(*) from genhook.register_task('apimart', 'newer', 'm')")"
	"$BIN/genhook" --config "$CONF" replay >"$WORK/replay.out" 2>&1
	like "$n: what nobody understood is replayed" '^2 deliveries chosen, 2 replayed, 2 accepted' "$(cat "$WORK/replay.out")"
	"$BIN/genhook-sweep" --config "$CONF" >"$WORK/sweep.out" 2>&1
	check "$n: a sweep runs" test "$(sql "select count(*) from genhook.sweeps where finished is not null and error is null and host <> 'host'")" -eq 1
	for view in pending_tasks due_outputs attention provider_health account_health traffic task_results; do
		sql "select * from genhook.$view" >/dev/null || fail "$n: view $view"
	done
	like "$n: found by metadata" old-succeeded "$(sql "select task_id from genhook.task_results where metadata @> '{\"order\": 17}'")"
	check "$n: again" migrate
	like "$n: has nothing to do" 'nothing to do' "$(cat "$WORK/migrate.out")"
done

# --- two at once
database_make twins
apply_up_to 5
pids=()
for n in 1 2 3; do
	"$BIN/genhook" --config "$CONF" migrate >"$WORK/twin.$n" 2>&1 &
	pids+=($!)
done
for n in "${pids[@]}"; do
	check "one of three at once" wait "$n"
done
same "each file is applied once" "$(sql "select string_agg(name, ' ' order by version) from genhook.migrations where version > 5")" \
    "$(sed -n 's/^applied //p' "$WORK"/twin.? | sort | tr '\n' ' ' | sed 's/ $//')"
check "and the schema is as it was made" migrate --check

# --- behind a lock
database_make locked
apply_up_to 5
hold "lock table genhook.tasks"
before=$(now_ms)
fails "a table that is locked" migrate
like "it says why" 'lock timeout' "$(cat "$WORK/migrate.out")"
check "and does not wait for ever" test $(($(now_ms) - before)) -le 60000
release
at=$(version)
check "up to a whole file" test "$at" -lt "$newest"
check "later it goes on" migrate
same "to this version" "$newest" "$(version)"
same "with the schema of a new database" '' "$(diff <(echo "$fresh") <(schema))"

# --- under live callbacks: programs of this version over an older schema
export PGDATABASE=$OWN_DATABASE
CONF=$GENHOOK_CONF
# shellcheck disable=SC2034 # burst reads it
hook=$(hook apimart)/callback
sql "drop schema genhook cascade"
apply_up_to 5
sessions_end
mkdir -p "$WORK/posts"
bursts=()
new_rows()	{ at_least 1 sql "select count(*) from genhook.deliveries"; }
for n in {1..400}; do
	burst "$n" 20 &
	bursts+=($!)
	if [ "$n" -eq 5 ]; then
		check "some come before" soon 60 at_least 1 spooled
		check "migrate while they come" migrate
	fi
	# Some more, once the first is in a table.
	[ "$n" -le 5 ] || [ -n "${last:-}" ] || ! new_rows || last=$((n + 5))
	[ "$n" -ne "${last:-0}" ] || break
	sleep 0.2
done
wait "${bursts[@]}"
count=$((n * 20))
same "every one is answered 200" "$count 200" "$(cat "$WORK"/load.* | awk '{ n[$1]++ } END { for (s in n) print n[s], s }')"
check "the spool is drained" soon 90 drained
sweep
same "and every one is there, once" "$count $count $count" \
    "$(sql "select (select count(*) from genhook.tasks) || ' ' || (select count(*) from genhook.outputs) || ' ' || (select count(*) from genhook.deliveries)")"
check "some came before, and were spooled" grep -q spooled "$WORK"/posts/*
check "some came after, and were not" grep -q accepted "$WORK"/posts/*
finish
