# Shared by the scripts of this folder: words to the user, and processes that
# are remembered in a file so that another script can end them.
# The script that reads it sets here, the folder of them all.
# shellcheck shell=bash disable=SC2154

say()  { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die()  { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The absolute path of a folder, made when it is missing.
folder_make()
{
	mkdir -p -- "$1" 2>/dev/null || die "cannot make the folder $1"
	(cd -- "$1" && pwd -P)
}

# Fits a socket's whole path into the 107 bytes that a socket may have, and
# needs it no quotes, wherever it is written?
socket_fits()
{
	[ "$(printf %s "$1" | wc -c)" -le 107 ] &&
	    [[ $1 =~ ^[A-Za-z0-9._/+@:-]+$ ]]
}

# The providers' names, from the one list of them.
providers()
{
	sed -n 's/^PROVIDER(\(.*\))$/\1/p' "$1/handlers/registry.def"
}

# When process $1 began, in clock ticks since boot; nothing when it is gone or
# a zombie.  A number alone is no name: it is given to others later.
process_began()
{
	local stat

	[ -n "$1" ] || return 0
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	# shellcheck disable=SC2086 # words are wanted
	set -- $stat
	[ "$1" = Z ] || printf '%s\n' "${20}"
}

# Is process $1, which began at $2, still there?
process_lives()
{
	[ -n "$2" ] && [ "$(process_began "$1")" = "$2" ]
}

# pids_add FILE NAME PID: remember a process.
pids_add()
{
	printf '%s %s %s\n' "$2" "$3" "$(process_began "$3")" >>"$1"
}

# pids_find FILE NAME: print "PID BEGAN" of those that still live.
pids_find()
{
	local name pid began

	[ -f "$1" ] || return 0
	while read -r name pid began; do
		if [ "$name" = "$2" ] && process_lives "$pid" "$began"; then
			printf '%s %s\n' "$pid" "$began"
		fi
	done <"$1"
}

# pids_end FILE NAME SIGNAL SECONDS: signal all of that name, wait, and kill
# what is then still there.
pids_end()
{
	local pid began list left

	list=$(pids_find "$1" "$2")
	[ -n "$list" ] || return 0
	while read -r pid began; do
		kill -s "$3" "$pid" 2>/dev/null || true
	done <<<"$list"
	left=$(($4 * 20))
	while read -r pid began; do
		while process_lives "$pid" "$began" && [ "$left" -gt 0 ]; do
			sleep 0.05
			left=$((left - 1))
		done
		if process_lives "$pid" "$began"; then
			warn "$2 (process $pid) did not end by $3 in time: killed"
			kill -s KILL "$pid" 2>/dev/null || true
		fi
	done <<<"$list"
}

# Of each process "/proc/PID WHERE", where its link $1 (cwd, exe) leads, as far as
# one may see it; for a shell of whoever asks.  One program for all of them: a
# machine may have a thousand processes, and this is asked often.
# shellcheck disable=SC2016 # for that shell
PROCESS_LINKS='find /proc/[0-9]*/"$1" -maxdepth 0 -printf "%h %l\n" 2>/dev/null || :'

# The handlers that serve with the settings file $1, whoever started them.
handlers_find()
{
	sh -c "$PROCESS_LINKS" sh exe |
	    sed -n 's|^\(/proc/[0-9]*\) .*/genhook-[^/]*$|\1/environ|p' |
	    xargs -r grep -lzxF -- "GENHOOK_CONF=$1" 2>/dev/null |
	    tr -dc '0-9\n' || :
}

# Socket folders that had to be elsewhere, since RUN_DIR's path is too long.
short_folders_drop()
{
	local file dir

	for file in "$1/pg.socket" "$1/handlers.dir"; do
		[ -f "$file" ] || continue
		dir=$(cat "$file")
		[[ $dir =~ ^/tmp/genhook-[A-Za-z0-9]{6}$ ]] || continue
		rm -f "$dir"/*.sock-*
		rmdir "$dir" || continue
		rm -f "$file"
	done
}

# end_all RUN_DIR: end what a run started, the sweep first and the database
# last, so that nothing loses what it works with.  Harmless when nothing runs.
end_all()
{
	local pids=$1/pids pid

	rm -f "$1/env"
	pids_end "$pids" demo TERM 5
	pids_end "$pids" sweep TERM 10
	pids_end "$pids" simulator TERM 5
	for pid in $(handlers_find "$1/genhook.conf"); do
		pids_add "$pids" handler "$pid"
	done
	pids_end "$pids" lighttpd INT 12
	pids_end "$pids" handler TERM 10
	"$here/postgres" stop "$1"
	short_folders_drop "$1"
	rm -f "$pids"
}
