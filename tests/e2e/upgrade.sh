#!/bin/bash
# From a database of version 25, as either of two programs made it, with a row of
# every sort in it, to this one: the rows are what they were, everything works, and
# the schema is that of a new database.  Twice, three at once, behind a lock, and
# under live callbacks.  Tables that are not those of version 25 are named, an older
# database is refused, and a dumped and restored one is as it was made.
. "$(dirname -- "$0")/lib.sh"
run_start run
OWN_DATABASE=$PGDATABASE

# before FIRST LAST [other]: what `migrate --print` of version 25 printed, or that of
# some commits before, from one file to another.
before()
{
	gzip -dc "$FIXTURES/schema/025.sql.gz" |
	    if [ "${3:-}" = other ]; then sed -f "$FIXTURES/schema/025_other.sed"; else cat; fi |
	    awk -v first="$1" -v last="$2" '
		/^-- [0-9][0-9][0-9]_.*\.sql$/ { on = $2 + 0 >= first && $2 + 0 <= last }
		/^select genhook.record_objects/ { on = last == 25 } on' |
	    psql -Xq -v ON_ERROR_STOP=1 >"$WORK/before.out" 2>&1 || cat "$WORK/before.out"
}
# database_make NAME [OPTION...]: a database of its own, in place of the last one
# unless that one is to be dumped; sets PGDATABASE and CONF.
database_make()
{
	local option last=$PGDATABASE

	export PGDATABASE=postgres
	case $last in
	"$OWN_DATABASE"|from_25|odd)	;;
	*)	super "drop database $last" ;;
	esac
	super "create database $1 owner genhook"
	for option in "${@:2}"; do
		super "alter database $1 set $option"
	done
	sed "s/dbname=$OWN_DATABASE/dbname=$1/" "$GENHOOK_CONF" >"$WORK/$1.conf"
	chmod 0600 "$WORK/$1.conf"
	CONF=$WORK/$1.conf
	PGDATABASE=$1
}
migrate()	{ "$BIN/genhook" --config "$CONF" migrate "$@" >"$WORK/migrate.out" 2>&1; }
schema()	{ sql "select kind, name, digest from genhook.objects_now() order by 1, 2"; }
version()	{ sql "select max(version) from genhook.migrations"; }
# Everything there is, but for two lines that pg_dump makes anew each time.
whole()		{ pg_dump | grep -v '^.\(un\)\?restrict '; }
# other_than FILE: the objects of which the schema differs from that in a file.
other_than()	{ diff "$1" <(schema) | sed -n 's/^[<>] \([^|]*\)|\([^|]*\)|.*/\1 \2/p' | sort -u; }

# In version 25 these were added as "not valid", and stay so.
NOT_VALID='constraint account_name.account_name_check (not valid)
constraint outputs.outputs_possible (not valid)
constraint provider_name.provider_name_check (not valid)
constraint task_key.task_key_check (not valid)
constraint tasks.tasks_possible (not valid)'

# What was kept is still there: every column of then has its value.
missing()
{
	sql "create function test.missing() returns setof text language plpgsql as \$\$
	    declare r text;
	    begin
	        for r in select distinct relation from test.kept where relation <> 'migrations' loop
	            return query execute format('select %L || \'\': \'\' || k.row::text from test.kept k where k.relation = %L and not exists (select from genhook.%I t where to_jsonb(t) @> k.row)', r, r, r);
	        end loop;
	    end \$\$; select test.missing()"
}
check "dbname stands in the settings" grep -q "dbname=$OWN_DATABASE" "$GENHOOK_CONF"
check "a new database is as it was made" "$BIN/genhook" --config "$GENHOOK_CONF" migrate --check
newest=$(version)
schema >"$WORK/fresh"
same "and all of it is valid" 0 "$(grep -c 'not valid' "$WORK/fresh")"

columns="select c.relname, string_agg(a.attname, ' ' order by a.attnum) from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'genhook'::regnamespace and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'c') group by 1 order by 1"
# --- with rows in it, of version 25 or older ones
for from in 25 25-other 5; do
	database_make "from_${from/-/_}"
	case $from in
	25)		before 0 25 ;;
	25-other)	before 0 25 other ;;
	*)		before 0 "$from" ;;
	esac
	same "$from: a database of that version" "${from%-other}" "$(version)"
	sql "$(cat tests/e2e/lib/upgrade.sql)" >"$WORK/fill.out" 2>&1 || cat "$WORK/fill.out"
	check "$from: with rows in it" test "$(sql "select count(*) from test.kept")" -gt 30
	fails "$from: it is seen to be old" migrate --check
	[ "$from" != 5 ] || before 6 25
	check "$from: migrate" migrate
	like "$from: the tables are taken as they are" 'applied 026_baseline: its tables are there.*applied functions, views and grants' "$(cat "$WORK/migrate.out")"
	same "$from: it is of this version" "$newest" "$(version)"
	same "$from: every row is what it was" '' "$(missing)"
	same "$from: the schema is that of a new database" "$NOT_VALID" "$(other_than "$WORK/fresh")"
	same "$from: with the columns in the same order" "$(PGDATABASE=$OWN_DATABASE sql "$columns")" "$(sql "$columns")"
	check "$from: and so recorded" migrate --check

	# And everything works, on the old rows and on new ones.
	sql "drop schema test cascade"
	psql -Xq -v ON_ERROR_STOP=1 -f tests/e2e/lib/receive.sql
	same "$from: a result for old tasks, and for a new one" 'accepted accepted conflict accepted duplicate' \
	    "$(sql "select array_to_string(test.receive('[{\"task\":\"old-pending\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"old-lost\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"old-succeeded\",\"outcome\":\"accepted\",\"status\":\"failed\"},{\"task\":\"new\",\"outcome\":\"accepted\",\"status\":\"succeeded\"},{\"task\":\"new\",\"outcome\":\"accepted\",\"status\":\"succeeded\"}]'), ' ')")"
	sql "update genhook.accounts set not_before = '-infinity', polls = 0"
	same "$from: an old task is polled" old-pending-polled "$(sql "select task_id from genhook.claim_polls('apimart', 'default', '1 s', '1 h', 10)")"
	same "$from: old outputs are claimed, and new ones" 4 "$(sql "select count(*) from genhook.claim_outputs('me', '1 m', 10)")"
	same "$from: and stored" 1 "$(sql "select count(*) from genhook.store_outputs('me', '{apimart}', '{new}', '{0}', '{file:///y}', '{1}', array[repeat('b', 64)], '{image/png}', '{x}')")"
	same "$from: what was given up is taken up" 2 "$(sql "select count(*) from genhook.retry_outputs('apimart')")"
	same "$from: registered" 1 "$(sql "select count(*) from genhook.register_task('apimart', 'newer', 'm')")"
	"$BIN/genhook" --config "$CONF" replay >"$WORK/replay.out" 2>&1
	like "$from: what nobody understood is replayed" '^2 deliveries chosen, 2 replayed, 2 accepted' "$(cat "$WORK/replay.out")"
	"$BIN/genhook-sweep" --config "$CONF" >"$WORK/sweep.out" 2>&1
	check "$from: a sweep runs" test "$(sql "select count(*) from genhook.sweeps where finished is not null and error is null and host <> 'host'")" -eq 1
	for view in pending_tasks due_outputs attention provider_health account_health traffic task_results; do
		sql "select * from genhook.$view" >/dev/null || fail "$from: view $view"
	done
	like "$from: found by metadata" old-succeeded "$(sql "select task_id from genhook.task_results where metadata @> '{\"order\": 17}'")"
	check "$from: again" migrate
	like "$from: has nothing to do" 'nothing to do' "$(cat "$WORK/migrate.out")"
done

# --- two at once
database_make twins
before 0 25
pids=()
for n in 1 2 3; do
	"$BIN/genhook" --config "$CONF" migrate >"$WORK/twin.$n" 2>&1 &
	pids+=($!)
done
for n in "${pids[@]}"; do
	check "one of three at once" wait "$n"
done
same "each file is applied once" "$(sql "select string_agg(name, ' ' order by version) from genhook.migrations where version > 25") functions, views and grants" \
    "$(sed -n 's/^applied \([^:]*\).*/\1/p' "$WORK"/twin.? | sort | tr '\n' ' ' | sed 's/ $//')"
check "and the schema is as it was made" migrate --check

# --- made by hand: functions and views are made anew, tables are named
database_make by_hand
before 0 25
sql "create or replace function genhook.uuid_time(p_id uuid) returns timestamptz language sql as 'select now()';
    alter function genhook.receive set work_mem = '8MB'; drop function genhook.count_traffic;
    create or replace view genhook.pending_tasks as select provider, task_id, account, model, submitted_at, now() - now() as waiting, polls, next_poll_at, last_poll_error from genhook.tasks;
    comment on column genhook.tasks.model is 'mine'; create table genhook.mine (x int); create index mine_too on genhook.tasks (model)"
check "functions, views and comments that somebody changed" migrate
same "are those of a new database; what is added stays" \
    "$(sort <<<"$NOT_VALID"$'\ncolumn mine.x\nindex genhook.mine_too\ntable mine')" "$(other_than "$WORK/fresh")"

database_make tables_by_hand
before 0 25
sql "drop index genhook.tasks_due; alter table genhook.tasks alter column model set default 'x';
    alter table genhook.requests drop constraint requests_says_why; drop table genhook.replays cascade;
    alter domain genhook.sha256_hex drop constraint sha256_hex_check; alter domain genhook.sha256_hex add check (value <> '');
    alter type genhook.task_state add attribute more text; alter table genhook.hours set (fillfactor = 70)"
whole >"$WORK/was"
fails "tables that somebody changed" migrate
for object in 'index genhook.tasks_due is missing' 'column tasks.model is not that of the baseline' \
    'constraint requests.requests_says_why is missing' 'table replays is missing' 'column replays.id is missing' \
    'constraint sha256_hex.sha256_hex_check is not that of the baseline' 'type task_state is not that of the baseline' \
    'table hours is not that of the baseline'; do
	check "named: $object" grep -qx "$object" "$WORK/migrate.out"
done
like "with what to do" "differences from the tables of version 25: put them back as sql/026_baseline.sql has them" "$(cat "$WORK/migrate.out")"
check "nothing was changed" diff "$WORK/was" <(whole)

# --- functions of another commit, of the same version
database_make functions_of_then
check "a new one" migrate
same "has all of it" "$(cd "$TOP/sql" && for file in [0-9]*.sql; do echo "applied ${file%.sql}"; done
    echo "applied functions, views and grants"; echo "schema version $newest")" "$(cat "$WORK/migrate.out")"
sql "update genhook.objects set digest = repeat('0', 64) where kind = 'files'; create or replace function genhook.uuid_time(p_id uuid) returns timestamptz language sql as 'select now()'"
fails "functions that are not this program's" migrate --check
like "are named" 'functions, views and grants are not those of this program' "$(cat "$WORK/migrate.out")"
check "migrate" migrate
same "applies them, and no more" "applied functions, views and grants"$'\n'"schema version $newest" "$(cat "$WORK/migrate.out")"
check "and all is as it was made" migrate --check
same "as in any new database" '' "$(other_than "$WORK/fresh")"

# --- printed, for a host where genhook cannot reach the database
"$BIN/genhook" migrate --print >"$WORK/print.sql"
database_make printed
check "what is printed is a schema" psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -f "$WORK/print.sql"
check "as it was made" migrate --check
check "again" migrate
like "has nothing left to do" 'nothing to do' "$(cat "$WORK/migrate.out")"
same "that of a new database" '' "$(other_than "$WORK/fresh")"
database_make printed_on_25
before 0 25
whole >"$WORK/was"
fails "on a database that has one" psql -Xq -v ON_ERROR_STOP=1 -f "$WORK/print.sql" 2>"$WORK/printed"
like "it says what brings that further" 'has a schema of genhook already: "genhook migrate" brings it to this version' "$(head -n 1 "$WORK/printed")"
psql -Xq -f "$WORK/print.sql" >/dev/null 2>"$WORK/printed"
like "and so without a stop at the first error" 'nothing was changed' "$(tail -n 2 "$WORK/printed")"
check "and changes nothing" diff "$WORK/was" <(whole)

# --- dumped and restored, whatever the session's settings
odd=("quote_all_identifiers = 'on'" "intervalstyle = 'iso_8601'" "extra_float_digits = -15"
    "datestyle = 'German, DMY'" "timezone = 'Asia/Kathmandu'" "standard_conforming_strings = 'off'"
    "bytea_output = 'escape'" "search_path = 'genhook', 'public'")
database_make odd "${odd[@]}"
check "made under odd settings" migrate
check "it is as it was made" migrate --check
same "that of a new database" '' "$(other_than "$WORK/fresh")"
restore()	{ psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -f "$WORK/dump.sql"; }
for from in "$OWN_DATABASE" odd from_25; do
	pg_dump -d "$from" >"$WORK/dump.sql"
	database_make "again_$from"
	check "$from is restored" restore
	check "$from: and is as it was made" migrate --check
done
pg_dump -d odd --quote-all-identifiers >"$WORK/dump.sql"
database_make again_under_odd "${odd[@]}"
check "with every name in quotes, and under odd settings" restore
check "it is as it was made" migrate --check
pg_dump -d "$OWN_DATABASE" --no-acl >"$WORK/dump.sql"
database_make without_grants
check "restored without grants" restore
fails "it is not as it was made" migrate --check
check "migrate" migrate
check "gives them back" migrate --check

# --- made before a role was there
super "alter role genhook nocreaterole; alter role genhook_reader rename to somebody" >/dev/null
database_make without_reader
check "a role is not there" migrate
like "and named" 'no role genhook_reader: ' "$(cat "$WORK/migrate.out")"
check "as it was made" migrate --check
super "alter role genhook createrole; alter role somebody rename to genhook_reader" >/dev/null
check "it is there" migrate
check "and has its grants" sql "set role genhook_reader; select from genhook.attention"
check "which are as they were made" migrate --check
same "as in any new database" '' "$(other_than "$WORK/fresh")"
sql "grant select on genhook.tasks to genhook_receiver"
fails "what somebody else granted is not" migrate --check
check "also" migrate
fails "after a migration" migrate --check

# --- behind a lock
database_make locked
before 0 25
whole >"$WORK/was"
hold "lock table genhook.tasks"
before=$(now_ms)
fails "a table that is locked" migrate
like "it says why" 'lock timeout' "$(cat "$WORK/migrate.out")"
check "and does not wait for ever" test $(($(now_ms) - before)) -le 60000
release
at=$(version)
check "of a whole version" test "$at" -lt "$newest"
check "in which nothing has changed" diff "$WORK/was" <(whole)
check "later it goes on" migrate
same "to this version" "$newest" "$(version)"
same "with the schema of a new database" "$NOT_VALID" "$(other_than "$WORK/fresh")"

# --- under live callbacks: programs of this version over an older schema
export PGDATABASE=$OWN_DATABASE
CONF=$GENHOOK_CONF
# shellcheck disable=SC2034 # burst reads it
hook=$(hook apimart)/callback
sql "drop schema genhook cascade"
before 0 5
whole >"$WORK/was"
fails "a database that is too old" migrate
same "is told so, in one sentence" \
    'genhook: database: schema version is 5, and this program goes on from 25: run "genhook migrate" of the last commit that has sql/025_grants.sql, then this one again; nothing was changed, and callbacks wait in the spool' \
    "$(cat "$WORK/migrate.out")"
fails "--check" migrate --check
like "likewise" 'schema version is 5, and this program goes on from 25' "$(cat "$WORK/migrate.out")"
check "and nothing was changed" diff "$WORK/was" <(whole)
sessions_end
same "a callback is spooled" '200 {"status":"spooled"}' "$(post_text "$hook" "$(ok waited)")"
like "and healthz says so" '^503 .*"database":"unavailable"' "$(healthz apimart)"
check "and the log says why" grep -q "healthz: .*schema version is 5, this program needs $newest" "$RUN_DIR/log/handlers.log"
"$BIN/genhook" --config "$CONF" doctor --offline >"$WORK/doctor.out" 2>&1
like "so does the doctor, with a cure" 'WRONG +database +database: schema version is 5, this program needs '"$newest"'.*genhook migrate' "$(tr '\n' ' ' <"$WORK/doctor.out")"
mkdir -p "$WORK/posts"
bursts=()
new_rows()	{ at_least 1 sql "select count(*) from genhook.deliveries"; }
for n in {1..400}; do
	burst "$n" 20 &
	bursts+=($!)
	if [ "$n" -eq 5 ]; then
		check "some come before" soon 60 at_least 2 spooled
		before 6 25
		check "migrate while they come" migrate
	fi
	# Some more, once the first is in a table.
	[ "$n" -le 5 ] || [ -n "${last:-}" ] || ! new_rows || last=$((n + 5))
	[ "$n" -ne "${last:-0}" ] || break
	sleep 0.2
done
wait "${bursts[@]}"
count=$((n * 20 + 1))
same "every one is answered 200" "$((count - 1)) 200" "$(cat "$WORK"/load.* | awk '{ n[$1]++ } END { for (s in n) print n[s], s }')"
check "the spool is drained" soon 90 drained
sweep
same "and every one is there, once" "$count $count $count" \
    "$(sql "select (select count(*) from genhook.tasks) || ' ' || (select count(*) from genhook.outputs) || ' ' || (select count(*) from genhook.deliveries)")"
check "some came before, and were spooled" grep -q spooled "$WORK"/posts/*
check "some came after, and were not" grep -q accepted "$WORK"/posts/*
finish
