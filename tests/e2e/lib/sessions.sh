# What the scripts about locks and fences share: a database with the schema alone, and
# two sessions of psql.
# shellcheck shell=bash disable=SC2034,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
schema_start run

# Two sessions that stay, since a psql for each of some hundred questions takes most
# of the time; a third one is that of hold.
# session NAME: sets NAME_IN and NAME_OUT, what it reads and what it says.
session()
{
	local name=$1

	mkfifo "$WORK/$name.in" "$WORK/$name.said"
	psql -XqAt -v VERBOSITY=sqlstate <"$WORK/$name.in" >"$WORK/$name.said" 2>&1 &
	RUNS+=($!)
	eval "exec {${name}_IN}>\"$WORK/$name.in\" {${name}_OUT}<\"$WORK/$name.said\""
}

# ask NAME SQL: what the session says, rows one a line; of an error the SQLSTATE.
ask()
{
	local in=$1_IN out=$1_OUT line

	printf '%s;\n\\echo over\n' "$2" >&"${!in}"
	while IFS= read -r -t 60 line <&"${!out}"; do
		[ "$line" != over ] || return 0
		printf '%s\n' "${line#ERROR: }"
	done
	echo "no answer"
}
session MINE
session THEIRS
ask MINE "set synchronous_commit = off"
ask THEIRS "set lock_timeout = 200"
sql()		{ ask MINE "$1"; }
# By another session, which waits for no lock: 55P03, it would have had to wait.
others()	{ ask THEIRS "$1" | xargs; }
clear_all()
{
	local table

	for table in tasks outputs requests accounts replays deliveries sweeps mends embedded; do
		sql "delete from genhook.$table"
	done
}

