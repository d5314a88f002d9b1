#!/bin/bash
# Processes begin, end, are killed and come back; what many senders at once
# cost; settings that cannot be; runs beside each other.
. "$(dirname -- "$0")/lib.sh"
run_start run
hook=$(hook apimart)
failed='{"id":"%d","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}'

answered()	{ [[ $(post_text "$hook" "${failed//%d/again}") == 200* ]]; }
# Is there a process that speaks of this folder, in its words or its place?
mentioned()
{
	local p

	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" != "$$" ] || continue
		tr '\0' ' ' <"$p/cmdline" | grep -qF "$1/" && return
		[[ $(readlink "$p/cwd") == "$1"/* ]] && return
	done 2>/dev/null
	return 1
}

# --- one handler by hand: its socket is its standard input, as lighttpd does
handler_start()	# NAME [shut: its socket lets nobody in]; sets HANDLER
{
	perl -MSocket -e '
		socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un($ARGV[0]))
		    && listen(S, 64) or die "$!"; close(STDIN);
		shutdown(S, 0) if @ARGV > 2;
		open(STDIN, "<&=", fileno(S)) if fileno(S) == 0;
		require POSIX; POSIX::dup2(fileno(S), 0); exec($ARGV[1]) or die "$!"
	' "$WORK/$1.sock" "$BIN/genhook-apimart" ${2:+"$2"} 2>>"$WORK/hand.out" &
	HANDLER=$!
	soon 30 test -S "$WORK/$1.sock"
	soon 30 serving
}
# Its threads take requests, or it has ended: signals find it ready.
threads()	{ find "/proc/$HANDLER/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
serving()	{ at_least 8 threads || gone "$HANDLER"; }
# occupy NAME BYTES: connect, send so many bytes and nothing more; sets HOLDER.
occupy()
{
	rm -f "$WORK/occupied"
	perl -MSocket -e '
		socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un($ARGV[0]))
		    or die "$!"; syswrite(S, "\1" x $ARGV[1]);
		open(F, ">", $ARGV[2]) && close(F); sleep 900
	' "$1" "$2" "$WORK/occupied" &
	HOLDER=$!
	soon 30 test -e "$WORK/occupied"
}
ends()	# NAME SIGNAL: HANDLER ends with status 0, within 5 s
{
	local begin status=0

	begin=$(now_ms)
	kill -s "$2" "$HANDLER"
	wait "$HANDLER" || status=$?
	same "$1: exit status" 0 "$status"
	check "$1: within 5 s" test $(($(now_ms) - begin)) -lt 5000
}

handler_start idle
ends "SIGTERM to an idle handler" TERM
handler_start int
ends "SIGINT to an idle handler" INT
for bytes in 0 1; do
	handler_start held$bytes
	occupy "$WORK/held$bytes.sock" $bytes
	ends "SIGTERM while a connection is held ($bytes bytes sent)" TERM
	kill "$HOLDER"
done

handler_start shut shut
check "a handler whose socket is shut by another one ends" soon 30 gone "$HANDLER"
kill -KILL "$HANDLER" 2>/dev/null

# What had connected to it before it was told to end is served; later, nobody
# is let in.
handler_start queue
kill -STOP "$HANDLER"
tests/e2e/lib/fastcgi.pl "$WORK/queue.sock" 60 "$WORK/queue.ready" REQUEST_METHOD=GET \
    PATH_INFO=/healthz </dev/null >"$WORK/queue.answers" 2>>"$WORK/hand.out" &
asked=$!
soon 30 test -e "$WORK/queue.ready"
kill -TERM "$HANDLER"
kill -CONT "$HANDLER"
wait "$HANDLER"
same "SIGTERM with 60 in its queue: exit status" 0 $?
wait "$asked"
same "all 60 are answered" '60 200' "$(cut -d ' ' -f 1 "$WORK/queue.answers" | sort | uniq -c | xargs)"

# A web server that has its answer need not close at once: who answers does not
# wait for that, or the others' answers would.
handler_start open
echo "${failed//%d/open-%d}" | tests/e2e/lib/fastcgi.pl "$WORK/open.sock" 20 \
    "$WORK/open.ready" REQUEST_METHOD=POST "PATH_INFO=/$GENHOOK_TOKEN_APIMART/callback" \
    >"$WORK/open.answers" 2>>"$WORK/hand.out"
same "20 on connections that stay open" '20 200' "$(cut -d ' ' -f 1 "$WORK/open.answers" | sort | uniq -c | xargs)"
check "in less than 3 s" within 3 "$WORK/open.answers"
ends "and the handler ends" TERM

# --- under lighttpd
same "a handler for each provider" "$HANDLERS" "$(handlers | wc -l)"
pid=$(handlers apimart)
kill -TERM "$pid"
check "SIGTERM: it ends" soon 30 gone "$pid"
check "and the next callback is served" soon 30 answered
socket=$(find "$RUN_DIR/handlers" "$(cat "$RUN_DIR/handlers.dir" 2>/dev/null || echo "$RUN_DIR/handlers")" -name 'apimart.sock*' | head -n 1)
occupy "$socket" 0
idle=$HOLDER
occupy "$socket" 1
posts "$hook" 20 "$failed" 1
same "beside idle connections: 20 callbacks" '20 200' "$(statuses)"
check "none waits the 2 s that an idle one is waited for" within 1.9 "$WORK/posts.out"
kill "$idle" "$HOLDER"

# --- what a handler may take of the machine, and show of its memory
limit()		{ awk -v name="$1" 'index($0, name) == 1 { print $(NF - 2), $(NF - 1), $NF }' "/proc/$(handlers apimart)/limits"; }
# Under AddressSanitizer a program needs more addresses than any limit.
if ! grep -q __asan_init "$BIN/genhook-apimart"; then
	same "half a GiB of memory" '536870912 536870912 bytes' "$(limit 'Max address space')"
fi
same "no core file" '0 0 bytes' "$(limit 'Max core file size')"
# Whose memory nobody may read, not even its own user, belongs to root in /proc.
# What root runs does in any case, so it has to be another user's: as plain CGI,
# while it waits for the body.
someone=()
[ "$(id -u)" -ne 0 ] || someone=(setpriv --reuid=65534 --regid=65534 --clear-groups)
(umask 077; cat >"$WORK/someone.conf") <<END
database {
	conninfo = "host=$WORK/nowhere"
}
apimart default {
	token = {"someone-who-waits"}
}
END
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$WORK/someone.conf"
owner()		{ stat -c %u "/proc/$1/maps"; }
waiting()	{ [ "$(cat "/proc/$1/comm")" = "$2" ] && is "$3" owner "$1"; }
"${someone[@]}" sleep 900 &
plain=$!
mkfifo "$WORK/never"
exec 9<>"$WORK/never"
"${someone[@]}" env GENHOOK_CONF="$WORK/someone.conf" REQUEST_METHOD=POST CONTENT_LENGTH=9 \
    PATH_INFO=/someone-who-waits/callback "$BIN/genhook-apimart" <&9 9<&- >"$WORK/someone.out" 2>&1 &
secretive=$!
check "a process belongs to its user" soon 30 waiting "$plain" sleep "$("${someone[@]}" id -u)"
check "but a handler shows its memory to nobody" soon 30 waiting "$secretive" genhook-apimart 0
exec 9<&-
kill -KILL "$plain" "$secretive"
wait "$plain" "$secretive" 2>/dev/null

# --- every request in flight waits for a frozen database, and then none does
freeze
posts "$hook" 150 "${failed//%d/frozen-%d}"
thaw
same "150 at a frozen database" '150 200' "$(statuses)"
holders=()
for _ in {1..12}; do
	occupy "$socket" 0
	holders+=("$HOLDER")
done
posts "$hook" 20 "${failed//%d/thawed-%d}" 1
same "afterwards, beside 12 idle connections: 20 callbacks" '20 200' "$(statuses)"
check "no thread was left asleep: each in time" within 3 "$WORK/posts.out"
kill "${holders[@]}"
check "and the database is used again" soon 30 answered
check "what was spooled is drained" soon 60 drained

# --- many at once
posts "$hook" 50 "${failed//%d/one}"
same "50 identical at once" '50 200' "$(statuses)"
same "one is the first" '1 {"status":"accepted"}' "$(answers | head -n 1)"
same "the others are repeats" '49 {"status":"duplicate"}' "$(answers | tail -n 1)"
same "one task" 1 "$(sql "select count(*) from genhook.tasks where task_id = 'one'")"
same "50 deliveries, one body" '50 1' "$(sql "select count(*) || ' ' || count(body) from genhook.deliveries where task_id = 'one'")"
posts "$hook" 50 "${failed//%d/many-%d}"
same "50 different at once" '50 {"status":"accepted"}' "$(answers)"
same "50 tasks" 50 "$(sql "select count(*) from genhook.tasks where task_id like 'many-%'")"
check "one database connection for each handler" soon 30 is "$HANDLERS" \
    sql "select count(*) from pg_stat_activity where usename = 'genhook_hook'"
same "named after its role" genhook_receiver \
    "$(super "select distinct application_name from pg_stat_activity where usename = 'genhook_hook'")"

# --- bodies made to cost memory
if grep -q __asan_init "$BIN/genhook-apimart"; then
	echo "hostile bodies: not under AddressSanitizer, whose memory is its own"
else
	pid=$(handlers apimart)
	all_answered()	{ [ "$(wc -l <"$WORK/hostile.out")" -eq 16 ]; }
	hostile()	# NAME HEAD UNIT COUNT TAIL
	{
		{ printf '%s' "$2"; yes "$3" | head -n "$4" | tr -d '\n'; printf '%s' "$5"; } >"$WORK/hostile"
		check "$1 is as large as may be" test "$(wc -c <"$WORK/hostile")" -gt 1040000 -a "$(wc -c <"$WORK/hostile")" -le 1048576
		for n in {1..16}; do
			curl -sS --noproxy '*' -m 60 -o "$WORK/hostile.$n" -w '%{http_code}\n' \
			    --data-binary "@$WORK/hostile" "$hook" 2>>"$WORK/curl.log" &
		done >"$WORK/hostile.out"
		posts "$hook" 5 "${failed//%d/beside-$1-%d}" 1
		same "$1: others meanwhile" '5 200' "$(statuses)"
		check "$1: in time" within 3 "$WORK/posts.out"
		soon 60 all_answered
		same "$1: 16 answers, none a 5xx" 16 "$(grep -cE '^(200|400)$' "$WORK/hostile.out")"
	}
	hostile objects '[' '{},' 349000 '{}]'
	hostile numbers "$(printf '[%.0s' {1..31})" '1,' 524000 "1$(printf ']%.0s' {1..31})"
	hostile members '[' '{"a":1},' 130500 '1]'
	hostile keys '{"id":"hostile-1","status":"failed"' ',"a":{}' 149000 '}'
	check "the handler lives" grep -qx -- "$pid" <(handlers apimart)
	peak=$(awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$pid/status")
	printf 'peak memory: %s MiB\n' "$peak"
	check "with less than 512 MiB at any time" test "$peak" -lt 512
	check "and serves" answered
fi

# --- lighttpd ends; the run brings it back
for signal in TERM INT KILL; do
	sleep 5		# one that ends at once is not started again
	old=$(server)
	was=$(handlers)
	if [ "$signal" = KILL ]; then
		occupy "$socket" 1
	fi
	kill -s "$signal" "$old"
	# shellcheck disable=SC2086 # words are wanted
	check "SIG$signal to lighttpd: no handler is left" soon 30 gone $was
	back()	{ [ "$(server)" != "$old" ] && answered; }
	check "SIG$signal to lighttpd: served again" soon 30 back
done
kill "$HOLDER"
sleep 1		# two deaths within a second cost two of 503
# shellcheck disable=SC2046 # words are wanted
kill -KILL $(handlers)
check "then all handlers killed: served again" soon 30 answered
soon 30 answering
stopping()	{ [ -e "$WORK/stop" ]; }
: >"$WORK/restart.posts"
until stopping; do
	posts "$hook" 20 "$failed" 4
	cat "$WORK/posts.out"
done >>"$WORK/restart.posts" &
load=$!
# Each with callbacks before, and with others behind it, to new handlers.
many_more()	{ at_least "$1" wc -l <"$WORK/restart.posts"; }
renewed()
{
	local pid

	for pid in $was; do
		gone "$pid" || return 1
	done
	answering
}
for n in 1 2; do
	check "callbacks come, $n" soon 120 many_more $((n * 60))
	was=$(handlers)
	kill -USR1 "$(server)"
	check "a graceful restart, $n: new handlers" soon 60 renewed
done
check "and more callbacks come" soon 120 many_more 180
: >"$WORK/stop"
wait "$load"
same "graceful restarts under load: no other answer than 200" '' "$(grep -v '^200 ' "$WORK/restart.posts" | sort | uniq -c)"

# --- a handler that is told to end under load: the standby takes over, and
# ends when it is not needed any more
sleep 2		# one that has just been started is not started again at once
"$BIN/../bench/openloop" 127.0.0.1 "$RUN_PORT" "${hook#"$GENHOOK_BASE"}" \
    "$TOP/bench/bodies/apimart.json" 150 8 256 >"$WORK/openloop.out" &
load=$!
ended=()
for _ in 1 2 3; do
	sleep 2
	ended+=("$(handlers apimart | head -n 1)")
	kill -TERM "${ended[-1]}"
done
wait "$load"
same "SIGTERM to a handler under load, three times: every callback is answered 200" '1200 1200 0 0' \
    "$(cut -d' ' -f1-4 "$WORK/openloop.out")"
check "each of them ended" soon 30 gone "${ended[@]}"
alone()	{ [ "$(handlers | wc -l)" -eq "$HANDLERS" ]; }
check "the standby ends when it has nothing to do" soon 60 alone
check "and the next callback is served" answered

# --- settings that cannot be: the line and the key are named
refused()	# NAME REGULAR_EXPRESSION: the settings in $WORK/conf
{
	local out

	out=$(GENHOOK_CONF=$WORK/conf REQUEST_METHOD=POST PATH_INFO=/x \
	    "$BIN/genhook-apimart" 2>"$WORK/words" </dev/null)
	like "$1: 503" '^Status: 503 ' "$out"
	like "$1: says why" "$2" "$(cat "$WORK/words")"
	GENHOOK_CONF=$WORK/conf "$BIN/genhook-sweep" >"$WORK/words" 2>&1
	same "$1: the sweep does not run" 2 $?
}
spoil()	{ sed "$1" "$GENHOOK_CONF" >"$WORK/conf"; chmod 600 "$WORK/conf"; }
line()	{ grep -n "$1" "$WORK/conf" | head -n 1 | cut -d: -f1; }
spoil ''
chmod 644 "$WORK/conf"
refused "readable by others" "$WORK/conf.*others.*0644"
rm -f "$WORK/conf"
refused "no settings" "$WORK/conf.*No such file"
spoil 's/^receiver {/&\n\tcolour = "red"/'
refused "unknown key" "conf:$(line colour):.*colour"
spoil 's/^receiver {/&\n\tthreads = 1000/'
refused "out of range" "conf:$(line 'threads = 1000'):.*receiver.threads is 1000, not from 1 to 256"
spoil 's/^receiver {/&\n\tthreads = many/'
refused "no number" "conf:$(line 'threads = many'):.*threads"
spoil 's/^apimart default {/colours {\n}\n&/'
refused "unknown section" "conf:$(line colours):.*colours"
spoil '/^apimart default/,/^}/s/token = .*//'
refused "no token" "conf:[0-9]+: apimart.*token"
spoil '/^wavespeed default/,/^}/s/webhook_secret = .*//'
refused "no secret" "conf:[0-9]+: wavespeed.*webhook_secret"
spoil '/^database/,/^}/s/conninfo = .*//'
refused "no database" "conf:[0-9]+: .*database.conninfo"
rm -f "$WORK/conf"

# --- runs beside each other
FIRST_DIR=$RUN_DIR
FIRST_PID=$RUN_PID
FIRST_PORT=$RUN_PORT
user=()
run_try()	# VARIABLE=VALUE...: a run that must not start
{
	env DEMO=0 SWEEP_EVERY=0 "$@" timeout 120 "${user[@]}" \
	    "$TOP/deploy/run" >"$WORK/try.out" 2>&1 </dev/null
}
fails "the port is taken: refused" run_try PORT="$FIRST_PORT" RUN_DIR="$WORK/other"
like "and said so" "port $FIRST_PORT is taken" "$(cat "$WORK/try.out")"
fails "nothing is left of it" mentioned "$WORK/other"
fails "a second run in the same folder: refused" run_try PORT="$(free_port)" RUN_DIR="$FIRST_DIR"
like "and said so" "already running in $FIRST_DIR" "$(cat "$WORK/try.out")"
check "the first is not disturbed" answered
mkdir "$WORK/locked"
chmod 555 "$WORK/locked"
[ "$(id -u)" -ne 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if "${user[@]}" test -r "$TOP/deploy/run" -a -x "$BIN/genhook"; then
	fails "a folder that is not writable: refused" run_try PORT="$(free_port)" RUN_DIR="$WORK/locked"
	like "and said so" "$WORK/locked" "$(cat "$WORK/try.out")"
fi
chmod 755 "$WORK/locked"
user=()

run_end()	# RUN_DIR: as a user would
{
	make -s -C "$TOP" stop RUN_DIR="$1" BUILD="$BIN/.." >"$WORK/stop.out" 2>&1
}
run_start second
same "another run serves its own" '200 {"status":"accepted"}' "$(post_text "$(hook apimart)" "${failed//%d/second-1}")"
like "not the token of the first" '^404 ' "$(post_text "${hook/:$FIRST_PORT/:$RUN_PORT}" "${failed//%d/second-2}")"
same "and sees its own tasks alone" second-1 "$(sql "select string_agg(task_id, ' ') from genhook.tasks")"
SECOND_DIR=$RUN_DIR
check "make stop" run_end "$SECOND_DIR"
check "leaves no process" soon 30 not mentioned "$SECOND_DIR"
wait "$RUN_PID"
same "the run ends well" 0 $?
check "a second make stop is harmless" run_end "$SECOND_DIR"
RUN_DIR=$FIRST_DIR
RUN_PID=$FIRST_PID
# shellcheck source=/dev/null
. "$RUN_DIR/env"
check "the first goes on" answered
same "and does not see the second's tasks" 0 "$(sql "select count(*) from genhook.tasks where task_id like 'second-%'")"
was="$(handlers) $(server) $(database_pids)"
kill -KILL "$RUN_PID"
wait "$RUN_PID" 2>/dev/null
check "make stop after the run was killed" run_end "$FIRST_DIR"
# shellcheck disable=SC2086 # words are wanted
check "leaves no process either" soon 30 gone $was
check "nor any that speaks of its folder" soon 30 not mentioned "$FIRST_DIR"
finish
