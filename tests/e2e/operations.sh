#!/bin/bash
# docs/upgrade.md is right: its commands are taken from the page and run, with the
# paths of this test: dump and restore, a base backup that is set back to a moment, another
# server, SQL_ASCII to UTF8, an account's new name.  Rows are then what they were, and
# everything works.
. "$(dirname -- "$0")/lib.sh"
run_start run
PAGE=$TOP/docs/upgrade.md

# block HEADING NUMBER: that block of commands below the heading.
block()
{
	awk -v heading="$1" -v wanted="$2" '
	/^##/ { within = $0 ~ "^##+ " heading }
	within && /^```/ { inside = !inside; n += inside; next }
	within && inside && n == wanted' "$PAGE"
}
# The commands, with what this machine has in place of Debian's: whoever runs something
# is a database user, and PostgreSQL is this run's.
BACKUPS=$(as_server mktemp -d /tmp/genhook-backup.XXXXXX)
DATA=$(readlink "/proc/$("$TOP/deploy/postgres" pid "$RUN_DIR")/cwd")
# shellcheck disable=SC2329 # the page calls them
runuser()
{
	local user=$2

	shift 3
	case $1 in
	genhook)	shift; "$BIN/genhook" --config "$GENHOOK_CONF" "$@" ;;
	pg_basebackup)	as_server env PGHOST="$PGHOST" PGUSER=postgres "$(dirname "$(readlink "/proc/$("$TOP/deploy/postgres" pid "$RUN_DIR")/exe")")/$1" "${@:2}" ;;
	# The last word counts: one that the test put in stays.
	psql)		PGUSER=$user PGDATABASE=postgres "$1" -Xq -v ON_ERROR_STOP=1 "${@:2}" ;;
	*)		PGUSER=$user "$@" ;;
	esac
}
# shellcheck disable=SC2329 # the page calls it
systemctl()
{
	case $1 in
	# deploy/postgres writes what ALTER SYSTEM wrote anew.
	restart)	as_server grep '^archive_' "$DATA/postgresql.auto.conf" | as_server tee -a "$DATA/postgresql.conf" >/dev/null
			database stop && database start ;;
	*)		database "$1" ;;
	esac
}
genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@"; }
# perform NAME HEADING NUMBER [SED SCRIPT]: run that block; it has to be there and to do
# each of its lines.
perform()
{
	local text

	text=$(block "$2" "$3" | sed "s|/var/backups/genhook|$BACKUPS|g; s|/var/lib/postgresql/15/main|$DATA|g; s|^chown -R|command chown -R|; ${4:-}")
	[ -n "$text" ] || { fail "$1: the page has the block"; return; }
	cd "$WORK" || exit
	if (set -e; eval "$text") >"$WORK/perform.out" 2>&1; then
		pass "$1"
	else
		fail "$1"
		cat "$WORK/perform.out"
	fi
	cd "$TOP" || exit
}
# Whoever is in the database has to be out of it before it can get another name.
rename_away()	# NEW NAME
{
	PGDATABASE=postgres super "alter database genhook allow_connections false"
	PGDATABASE=postgres super "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = 'genhook'" >/dev/null
	PGDATABASE=postgres super "alter database genhook rename to $1"
	PGDATABASE=postgres super "alter database $1 allow_connections true"
}
accepted()	{ [[ $(post_text "$(hook apimart)" "$(ok "$1")") == *accepted* ]]; }
whole()	{ genhook migrate --check >"$WORK/check.out" || { cat "$WORK/check.out"; return 1; }; }
works()		# NAME
{
	check "$1: the handlers are well" soon 60 all_healthy
	check "$1: a callback is taken" accepted "after-$((n++))"
	sweep
	check "$1: the sweep runs" test $? -le 1
	check "$1: the schema is whole" whole
}
n=0
digest()	{ sql "select md5(string_agg(t::text, '' order by provider, task_id)) from genhook.tasks t where task_id like 'kept-%'"; }

for i in {1..30}; do
	post_text "$(hook apimart)" "$(ok "kept-$i")" >/dev/null
done
post_text "$(hook apimart)" '{"id":"kept-ünï ☃","status":"failed","error":{"message":"ñein"}}' >/dev/null
KEPT=$(digest)
same "31 tasks are there" 31 "$(sql "select count(*) from genhook.tasks where task_id like 'kept-%'")"

# --- whoever hears from healthz that the database is back may count on it
for i in {1..3}; do
	database stop
	like "$i: without a database a callback waits" spooled "$(post_text "$(hook apimart)" "$(ok "away-$i")")"
	database start
	until healthy apimart; do :; done
	check "$i: as soon as healthz says so, none does" accepted "back-$i"
done
check "what waited is there" soon 60 is 3 sql "select count(*) from genhook.tasks where task_id like 'away-_'"

# --- past one machine: the page has the files as they are
for file in "$TOP"/deploy/scale/*; do
	check "docs/scale.md shows ${file##*/}" perl -0e 'local $/; open my $p, "<", $ARGV[0]; open my $f, "<", $ARGV[1]; exit(index(<$p>, "```\n" . <$f> . "```\n") < 0)' \
	    "$TOP/docs/scale.md" "$file"
done

# --- dump and restore
perform "back up" 'Back up' 1
rename_away genhook_before
same "meanwhile callbacks wait" '{"status":"spooled"}' "$(post_text "$(hook apimart)" "$(ok waits)" | cut -d ' ' -f 2)"
perform "restore" 'Restore' 1
same "every row is what it was" "$KEPT" "$(digest)"
check "what waited is there" soon 60 is 1 sql "select count(*) from genhook.tasks where task_id = 'waits'"
genhook resume >"$WORK/resume.out"
works "restored"

# --- a base backup, and back to a moment
perform "archive the WAL and make a base backup" 'To any moment' 1
works "archiving"
accepted early
moment=$(sql "select clock_timestamp()")
sleep 1
accepted late
super "select pg_switch_wal()" >/dev/null
archived()	{ [ "$(super "select last_archived_wal is not null and archived_count > 1 from pg_stat_archiver")" = t ]; }
check "WAL is archived" soon 60 archived
perform "back to that moment" 'To any moment' 2 "s|2026-11-30 12:00:00+00|$moment|; s|postgresql.auto.conf|postgresql.conf|"
promoted()	{ [ "$(sql "select pg_is_in_recovery()" 2>/dev/null)" = f ]; }
check "it is up" soon 60 promoted
same "what was there before, is" "$KEPT 1" "$(digest) $(sql "select count(*) from genhook.tasks where task_id = 'early'")"
same "what came later is not" 0 "$(sql "select count(*) from genhook.tasks where task_id = 'late'")"
works "set back"

# --- another server
mkdir -m 0711 "$WORK/newer"
"$TOP/deploy/postgres" start "$WORK/newer" >"$WORK/newer.out" 2>&1
DATABASES+=("$WORK/newer")
NEWER=$("$TOP/deploy/postgres" socket "$WORK/newer")
# shellcheck disable=SC2218 # the program is meant
PGHOST=$NEWER PGUSER=postgres PGDATABASE=postgres command psql -Xqc 'drop database genhook' -c 'drop owned by genhook' -c 'drop role genhook' >>"$WORK/newer.out" 2>&1
psql()	{ if [[ " $* " == *" -p 5433 "* ]]; then PGHOST=$NEWER PGDATABASE=postgres command psql "${@/5433/5432}"; else command psql "$@"; fi; }
pg_restore()	{ if [[ " $* " == *" -p 5433 "* ]]; then PGHOST=$NEWER command pg_restore "${@/5433/5432}"; else command pg_restore "$@"; fi; }
# Both servers have the role postgres and those that make run makes.
perform "into another server" 'A newer PostgreSQL' 1 's|-f globals.sql|-v ON_ERROR_STOP=0 -f globals.sql|; s|pg_dumpall|pg_dumpall -l postgres|'
unset -f psql pg_restore
same "every row is there" "$KEPT" "$(PGHOST=$NEWER digest)"
sed -i "s|$PGHOST|$NEWER|" "$GENHOOK_CONF"
OLDER=$PGHOST PGHOST=$NEWER
handlers_restart
works "another server"
insert=$(sql "insert into genhook.requests (provider, model, request) values ('novita', 'm', '{}') returning id")
sweep
like "it sends nothing" 'not sent: ' "$(sql "select coalesce(error, '') from genhook.requests where id = $insert")"
genhook resume >"$WORK/resume.out"
same "until it is told" 'this database sends its requests; 1 had to wait' "$(tail -n 1 "$WORK/resume.out")"
genhook request cancel "$insert" >"$WORK/cancel.out"
sed -i "s|$NEWER|$OLDER|" "$GENHOOK_CONF"
PGHOST=$OLDER
handlers_restart

# --- SQL_ASCII to UTF8
PGUSER=postgres PGDATABASE=postgres psql -Xqc "create database ascii owner genhook encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0"
pg_dump -Fc genhook >"$WORK/for-ascii.dump"
pg_restore --single-transaction -d ascii "$WORK/for-ascii.dump"
rename_away genhook_utf8
PGDATABASE=postgres super "alter database ascii rename to genhook"
same "a database of SQL_ASCII" SQL_ASCII "$(sql "show server_encoding")"
check "with callbacks in it" soon 60 accepted in-ascii
perform "is dumped and made anew" 'From SQL_ASCII' 1 "s|^runuser -u postgres -- psql -c 'alter database genhook rename to genhook_ascii'|rename_away genhook_ascii|"
same "as UTF8" UTF8 "$(sql "show server_encoding")"
same "with every row" "$KEPT 1" "$(digest) $(sql "select count(*) from genhook.tasks where task_id = 'in-ascii'")"
works "UTF8"

# --- an account's new name
sql "select genhook.register_task('novita', 'rename-' || i, 'm', 'default', null) from generate_series(1, 3) as i" >/dev/null
sql "insert into genhook.requests (provider, model, request) values ('novita', 'm', '{}')"
genhook account rename novita default nobody >"$WORK/rename.out" 2>&1
same "to a name that no section has: refused" 1 $?
like "in words" 'the settings have no section "novita nobody"' "$(cat "$WORK/rename.out")"
genhook account rename nobody a b >"$WORK/rename.out" 2>&1
like "nor is there such a provider" 'there is no provider "nobody"' "$(cat "$WORK/rename.out")"
genhook account rename novita >"$WORK/rename.out" 2>&1
same "bad usage" 2 $?
sed -i 's/^novita default {/novita shop {/' "$GENHOOK_CONF"
perform "an account gets another name" 'Rename an account' 1
like "and says what it moved" '4 tasks and requests are novita shop' "$(cat "$WORK/perform.out")"
same "all that was to be done is the new one's" 'shop 3 shop' \
    "$(sql "select string_agg(distinct account, ' ') || ' ' || count(*) || ' ' || (select account from genhook.requests where status = 'queued') from genhook.tasks where task_id like 'rename-%'")"
same "and no other account's" 0 "$(sql "select count(*) from genhook.tasks where account = 'shop' and provider <> 'novita'")"
as_server rm -rf "$BACKUPS" "$DATA.before"
finish
