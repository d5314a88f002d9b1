# What the end-to-end scripts share: a whole genhook of their own (real
# lighttpd, real PostgreSQL, the simulator where asked for), started by the
# same deploy/run that a user starts, on free ports and in a temporary folder,
# and checks that are counted.
# shellcheck shell=bash disable=SC2034,SC2154
set -u
# Words and order are the same wherever this runs, and so is the database.
export LC_ALL=C.UTF-8
unset LANGUAGE ${!PG@}
TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$TOP" || exit 2
BIN=$(cd -- "${BUILD:-build}/bin" && pwd -P) || exit 2
FIXTURES=$TOP/tests/fixtures
WORK=$(mktemp -d "${TMPDIR:-/tmp}/genhook-e2e.XXXXXX") || exit 2
chmod 0711 "$WORK"
PASSED=0
FAILED=0
RUNS=()
DATABASES=()	# started without a whole genhook
SIMULATOR_PID=
HOLDER_PID=
SIMULATOR_ADDRESS=127.0.0.1

# --- checks

pass()	{ PASSED=$((PASSED + 1)); printf 'ok      %s\n' "$1"; }
# With FAIL_FAST the first failure is the end.
fail()
{
	FAILED=$((FAILED + 1))
	printf 'FAILED  %s\n' "$1"
	[ -z "${FAIL_FAST:-}" ] || { FAIL_FAST=''; finish; }
}

# check NAME COMMAND...: the command must succeed.
check()
{
	local name=$1

	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}

# fails NAME COMMAND...: the command must fail.
fails()
{
	local name=$1

	shift
	if "$@"; then fail "$name"; else pass "$name"; fi
}

# same NAME WANTED GOT
same()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		printf '        wanted: %s\n        got:    %s\n' "$2" "$3"
	fi
}

# like NAME REGULAR_EXPRESSION GOT
like()
{
	if [[ $3 =~ $2 ]]; then
		pass "$1"
	else
		fail "$1"
		printf '        wanted: %s\n        got:    %s\n' "$2" "$3"
	fi
}

now_ms()	{ echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# soon SECONDS COMMAND...: succeeds as soon as the command does.
soon()
{
	local until=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$until" ] || return 1
		sleep 0.1
	done
}
not()	{ ! "$@"; }

# at_least NUMBER COMMAND...: does the command print that much, or more?
at_least()	{ [ "$("${@:2}")" -ge "$1" ]; }

# is WANTED COMMAND...: does the command print just this?
is()	{ [ "$("${@:2}")" = "$1" ]; }

# --- a genhook

# A port that nobody listens on now.  Two tests at once may draw the same
# one, so whoever uses it tries again when it is taken meanwhile.
free_port()
{
	local port

	while :; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# run_start NAME [VARIABLE=VALUE...]: start one in $WORK/NAME, without demo
# and without a sweep unless the variables say otherwise; sets what its env
# file sets, RUN_DIR and RUN_PID.
run_start()
{
	local name=$1 try

	shift
	RUN_DIR=$WORK/$name
	for try in 1 2 3; do
		RUN_PORT=$(free_port)
		env DEMO=0 SWEEP_EVERY=0 PORT="$RUN_PORT" RUN_DIR="$RUN_DIR" \
		    "$@" "$TOP/deploy/run" >"$WORK/$name.out" 2>&1 </dev/null &
		RUN_PID=$!
		until [ -s "$RUN_DIR/env" ] || ! kill -0 "$RUN_PID" 2>/dev/null; do
			sleep 0.1
		done
		[ -s "$RUN_DIR/env" ] && break
		wait "$RUN_PID"
		grep -qi 'is taken\|already in use' "$WORK/$name.out" || break
	done
	if [ ! -s "$RUN_DIR/env" ]; then
		cat "$WORK/$name.out"
		fail "deploy/run starts"
		finish
	fi
	RUNS+=("$RUN_PID")
	# shellcheck source=/dev/null
	. "$RUN_DIR/env"
	HOOK=$GENHOOK_BASE/hook
}

run_stop()
{
	kill -TERM "$RUN_PID" 2>/dev/null
	wait "$RUN_PID"
}

# schema_start NAME: a database with the schema alone, in $WORK/NAME, for those who
# ask nothing of the programs; sets PGHOST and its like.
schema_start()
{
	RUN_DIR=$WORK/$1
	mkdir -m 0711 "$RUN_DIR"
	DATABASES+=("$RUN_DIR")
	database start
	PGHOST=$("$TOP/deploy/postgres" socket "$RUN_DIR")
	export PGHOST PGPORT=5432 PGUSER=genhook PGDATABASE=genhook
	GENHOOK_CONF=$RUN_DIR/genhook.conf
	cat >"$GENHOOK_CONF" <<-END
	database {
		conninfo = "host=$PGHOST port=5432 dbname=genhook user=genhook"
	}
	END
	chmod 0600 "$GENHOOK_CONF"
	"$BIN/genhook" --config "$GENHOOK_CONF" migrate >"$WORK/migrate.out" 2>&1 || {
		cat "$WORK/migrate.out"
		fail "the schema is made"
		finish
	}
	"$TOP/deploy/postgres" grant "$RUN_DIR"
}

# Start the simulator with these options; sets SIMULATOR and LEDGER.
simulator_start()
{
	LEDGER=$WORK/ledger.jsonl
	rm -f "$WORK/simulator.port"
	"$BIN/genhook-simulator" --port 0 --port-file "$WORK/simulator.port" \
	    --address "$SIMULATOR_ADDRESS" \
	    --ledger "$LEDGER" "$@" >"$WORK/simulator.out" 2>&1 </dev/null &
	SIMULATOR_PID=$!
	soon 30 test -s "$WORK/simulator.port" || {
		cat "$WORK/simulator.out"
		fail "the simulator starts"
		finish
	}
	SIMULATOR=http://$SIMULATOR_ADDRESS:$(cat "$WORK/simulator.port")
}

# web_start NAME: a lighttpd with the configuration on standard input, but for
# its port, which nobody else had; sets WEB and WEB_PID.
web_start()
{
	local try port

	cat >"$WORK/$1.base"
	for try in 1 2 3 4 5; do
		port=$(free_port)
		WEB=http://127.0.0.1:$port
		{
			cat "$WORK/$1.base"
			echo 'server.bind = "127.0.0.1"'
			echo "server.port = $port"
		} >"$WORK/$1.conf"
		"$(PATH=$PATH:/usr/sbin command -v lighttpd)" -D \
		    -f "$WORK/$1.conf" >>"$WORK/$1.out" 2>&1 </dev/null &
		WEB_PID=$!
		soon 30 web_settled
		kill -0 "$WEB_PID" 2>/dev/null && break
	done
	RUNS+=("$WEB_PID")
}
web_settled()
{
	! kill -0 "$WEB_PID" 2>/dev/null ||
	    curl -s --noproxy '*' -m 5 -o /dev/null "$WEB/"
}
# web_end: the one started last ends, and its handlers, which have a connection each.
web_end()
{
	local pid kept=()

	kill -TERM "$WEB_PID"
	wait "$WEB_PID" 2>/dev/null
	for pid in "${RUNS[@]}"; do
		[ "$pid" = "$WEB_PID" ] || kept+=("$pid")
	done
	RUNS=(${kept[@]+"${kept[@]}"})
}

# --- its parts

# The children of a process, and among them the handlers of this run.
children()	{ cat "/proc/$1/task/$1/children" 2>/dev/null; }
server()	{ cat "$RUN_DIR/lighttpd.pid"; }

# handlers [PROVIDER]: process numbers; a process's name has 15 letters.  The page
# is served beside them, and is none.
handlers()
{
	local pid name wanted=genhook-${1:-}

	for pid in $(children "$(server)"); do
		read -r name 2>/dev/null <"/proc/$pid/comm" || continue
		[ "$name" != genhook-web ] || continue
		if [[ $name == "${wanted:0:15}"* ]]; then
			echo "$pid"
		fi
	done
}

gone()
{
	local pid

	for pid in "$@"; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

# The processes of the page, likewise.
page_processes()
{
	local pid name

	for pid in $(children "$(server)"); do
		read -r name 2>/dev/null <"/proc/$pid/comm" || continue
		[ "$name" != genhook-web ] || echo "$pid"
	done
}

# After a change of the settings: lighttpd brings all of them back by itself.
handlers_restart()
{
	local old

	old="$(handlers) $(page_processes)"
	# shellcheck disable=SC2086 # words are wanted
	kill -TERM $old
	# shellcheck disable=SC2086 # words are wanted
	soon 30 gone $old
	soon 30 answering
}

# Those that make run has an account for, and so a handler: all.
served_providers()	{ sed -n 's/^PROVIDER(\(.*\))$/\1/p' "$TOP/handlers/registry.def"; }
HANDLERS=$(served_providers | wc -l)

# Is there a handler for each provider (a standby may be beside it), and does
# it answer?
answering()
{
	local provider

	for provider in $(served_providers); do
		[ -n "$(handlers "$provider")" ] &&
		    [[ $(healthz "$provider") =~ ^(200|503)\ .*uptime ]] || return 1
	done
}
all_healthy()
{
	local provider

	for provider in $(served_providers); do
		healthy "$provider" || return 1
	done
}

# conf_set SECTION LINE: add a line to a section of the settings.
conf_set()
{
	sed -i "s|^$1 {.*|&\n\t$2|" "$GENHOOK_CONF"
}

# database start|stop|pid: the server of this run.
database()	{ "$TOP/deploy/postgres" "$1" "$RUN_DIR" >>"$WORK/database.out" 2>&1; }
database_pids()
{
	local pid

	pid=$("$TOP/deploy/postgres" pid "$RUN_DIR") &&
	    echo "$pid $(children "$pid")"
}

# The database stands still, with all that it does, and goes on.  Its first
# process first: it must not start another meanwhile.
freeze()
{
	FROZEN=$("$TOP/deploy/postgres" pid "$RUN_DIR")
	kill -STOP "$FROZEN"
	FROZEN+=" $(children "$FROZEN")"
	# shellcheck disable=SC2086 # words are wanted
	kill -STOP $FROZEN
}
# shellcheck disable=SC2086 # words are wanted
thaw()	{ kill -CONT $FROZEN; }

# Callbacks that wait in the spool, of which one file may hold several, and: none
# does.
spooled()
{
	find "$GENHOOK_SPOOL" -maxdepth 1 -name '[!.]*.delivery' -exec cat {} + |
	    grep -ao 'genhook-spool 1$' | wc -l
}
drained()	{ [ "$(spooled)" -eq 0 ]; }

# Run a command as the database's user, which root has to become.
as_server()
{
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres \
		    --init-groups --reset-env "$@")
	else
		"$@"
	fi
}

# Debian's psql is a program in Perl that looks for this one: half of what a statement
# costs here.
for dir in /usr/lib/postgresql/*/bin; do
	[ ! -x "$dir/psql" ] || PATH=$dir:$PATH
done

sql()	{ psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }
# As the superuser, with a reserved connection.
super()	{ PGUSER=postgres sql "$1"; }

# hold SQL: begin, do it, and hold what it locked until release, which may do
# more before it commits.
hold()
{
	local line=

	coproc HOLD { exec psql -XqAt 2>&1; }
	HOLDER_PID=$HOLD_PID
	echo "begin; $1; select 'held';" >&"${HOLD[1]}"
	until [ "$line" = held ]; do
		read -r -t 60 line <&"${HOLD[0]}" || { fail "hold: $1"; return; }
	done
}
release()
{
	printf '%s; commit;\n\\q\n' "${1:-}" >&"${HOLD[1]}"
	wait "$HOLDER_PID"
	HOLDER_PID=
}
blocked()	{ at_least 1 super "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"; }

# End the handlers' sessions, and wait until none is left.
sessions_end()	{ super "select pg_terminate_backend(pid, 30000) from pg_stat_activity where usename = 'genhook_hook'" >/dev/null; }

# The sweep once, as cron would; its line is in $WORK/sweep.out.
sweep()
{
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" "$@" \
	    >"$WORK/sweep.out" 2>&1
}

# --- HTTP

# post URL FILE [CURL OPTIONS...]: prints "STATUS BODY"; the head is in
# $WORK/head and the time it took, in seconds, in $WORK/seconds.
post()
{
	local url=$1 file=$2 status seconds

	shift 2
	: >"$WORK/answer"
	read -r status seconds < <(curl -sS --noproxy '*' -m 30 \
	    -D "$WORK/head" -o "$WORK/answer" \
	    -w '%{http_code} %{time_total}\n' --data-binary "@$file" \
	    -H 'Content-Type: application/json' "$@" "$url")
	printf '%s\n' "$seconds" >"$WORK/seconds"
	printf '%s ' "$status"
	cat "$WORK/answer"
}

# A body given as text.
post_text()
{
	printf '%s' "$2" >"$WORK/body"
	post "$1" "$WORK/body" "${@:3}"
}

# posts URL COUNT BODY [AT_ONCE]: POST the body so often, each "%d" in it made
# the number (from 1), AT_ONCE (all) in flight.  One line "STATUS SECONDS" for
# each is in $WORK/posts.out, and the answers are in $WORK/posts/.
posts()
{
	local url=$1 count=$2 body=${3//\"/\\\"} i

	rm -rf "$WORK/posts"
	mkdir "$WORK/posts"
	for ((i = 1; i <= count; i++)); do
		[ "$i" -eq 1 ] || echo next
		cat <<-EOF
		url = "$url"
		noproxy = "*"
		max-time = 30
		header = "Content-Type: application/json"
		data-binary = "${body//%d/$i}"
		output = "$WORK/posts/$i"
		write-out = "%{http_code} %{time_total}\n"
		EOF
	done >"$WORK/posts.conf"
	curl -sS --parallel --parallel-immediate \
	    --parallel-max "${4:-$count}" -K "$WORK/posts.conf" \
	    >"$WORK/posts.out" 2>>"$WORK/curl.log"
}

# What posts() was answered: "50 200", and how often each body.
# A finished task of APIMart, with one output.
ok()	{ printf '{"id":"%s","status":"completed","completed":1776748860,"result":{"images":[{"url":["https://127.0.0.1:9/%s.png"]}]}}' "$1" "$1"; }

# burst NUMBER COUNT: so many of them at once, load-NUMBER-0 and on, to $hook;
# bursts may overlap.  "STATUS SECONDS" of each is in $WORK/load.NUMBER, and
# the answers are in $WORK/posts/, which has to be there.
burst()
{
	local i

	for ((i = 0; i < $2; i++)); do
		[ "$i" -eq 0 ] || echo next
		cat <<-EOF
		url = "$hook"
		noproxy = "*"
		max-time = 30
		data-binary = "$(ok "load-$1-$i" | sed 's/"/\\"/g')"
		output = "$WORK/posts/load-$1-$i"
		write-out = "%{http_code} %{time_total}\n"
		EOF
	done >"$WORK/burst.$1"
	curl -sS --parallel --parallel-max "$2" -K "$WORK/burst.$1" \
	    >"$WORK/load.$1" 2>>"$WORK/curl.log"
	rm -f "$WORK/burst.$1"
}

statuses()	{ awk '{ n[$1]++ } END { for (s in n) print n[s], s }' "$WORK/posts.out"; }
answers()	{ awk 1 "$WORK"/posts/* | sort | uniq -c | awk '{ print $1, $2 }'; }

# within SECONDS: were all answers of posts(), or that of post(), in time?
within()	{ awk -v max="$1" '$NF > slowest { slowest = $NF } END { print "slowest: " slowest " s"; exit slowest > max }' "$2"; }

# healthz PROVIDER: prints "STATUS BODY".  Uses no file, so it may run beside
# post().
healthz()
{
	local out

	out=$(curl -sS --noproxy '*' -m 30 -w '\n%{http_code}' \
	    "$HOOK/$1/healthz" 2>/dev/null)
	printf '%s %s' "${out##*$'\n'}" "${out%$'\n'*}"
}

healthy()	{ [[ $(healthz "$1") == 200* ]]; }

hook()	{ local token=GENHOOK_TOKEN_${1^^}; echo "$HOOK/$1/${!token}"; }

# sign ID TIMESTAMP FILE: WaveSpeed's signature, by the openssl command and
# not by our code.
sign()
{
	local key=${GENHOOK_SECRET_WAVESPEED#whsec_}

	{ printf '%s.%s.' "$1" "$2"; cat "$3"; } |
	    openssl dgst -sha256 -mac HMAC -macopt "key:$key" |
	    sed 's/.* /v3,/'
}

# post_signed FILE [ID] [TIMESTAMP] [CURL OPTIONS...]
post_signed()
{
	local id=${2:-evt_1} ts=${3:-$(date +%s)}

	post "$(hook wavespeed)" "$1" -H "webhook-id: $id" \
	    -H "webhook-timestamp: $ts" \
	    -H "webhook-signature: $(sign "$id" "$ts" "$1")" "${@:4}"
}

# --- the end

finish()
{
	local pid

	trap - EXIT
	# What the script has started in another way.
	! declare -F own_end >/dev/null || own_end
	for pid in ${RUNS[@]+"${RUNS[@]}"}; do
		kill -TERM "$pid" 2>/dev/null
	done
	if [ -n "$SIMULATOR_PID" ]; then
		kill -TERM "$SIMULATOR_PID" 2>/dev/null
		kill -CONT "$SIMULATOR_PID" 2>/dev/null
	fi
	[ -z "$HOLDER_PID" ] || kill "$HOLDER_PID" 2>/dev/null
	wait
	for RUN_DIR in ${DATABASES[@]+"${DATABASES[@]}"}; do
		database stop
	done
	if [ "$FAILED" -gt 0 ]; then
		tail -n 30 "$WORK"/*.out "$WORK"/*/log/*.log 2>/dev/null
	fi
	cd / && [ -n "${KEEP:-}" ] || rm -rf "$WORK"
	printf '%d %d\n' "$PASSED" "$FAILED"
	exit $((FAILED > 0))
}
# A script that breaks off, and does not come to its finish, has not passed.
broke_off()	{ fail "the script comes to its end"; finish; }
trap broke_off EXIT
trap 'fail interrupted; exit' INT TERM
