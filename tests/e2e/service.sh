#!/bin/bash
# Handlers that no web server starts: one socket and one process after the other, as
# under systemd, with callbacks coming all the while; spawn-fcgi, alone and with several
# processes; and the units that ship.
. "$(dirname -- "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
run_start run
failed='{"id":"%s","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}'
PIDS=()	# of handlers that nobody waits for

# asked SOCKET COUNT ID: so many callbacks at once; their answers are printed.
asked()
{
	printf '%s' "${failed//%s/$3-%d}" | tests/e2e/lib/fastcgi.pl "$1" "$2" "$WORK/ready.$3" \
	    REQUEST_METHOD=POST "PATH_INFO=/$GENHOOK_TOKEN_APIMART/callback" 2>>"$WORK/asked.out"
}
taken()		{ [[ $(asked "$1" 1 "$2") == 200* ]]; }
# load SOCKET NAME: callbacks, 10 at once from each of three, until $WORK/NAME.end is
# there; their answers are in $WORK/NAME.N.
load()
{
	local n i

	LOAD=()
	for n in 1 2 3; do
		for ((i = 0; ; i++)); do
			[ ! -e "$WORK/$2.end" ] || break
			asked "$1" 10 "$2-$n-$i" || echo "failed to ask"
		done >"$WORK/$2.$n" &
		LOAD+=($!)
	done
}
load_end()	# NAME: prints what was answered
{
	touch "$WORK/$1.end"
	wait "${LOAD[@]}"
	cut -d ' ' -f 1 "$WORK/$1".[123] | sort -u
}
rows()		{ sql "select count(*) from genhook.tasks where task_id like '$1-%'"; }
stored()	{ [ "$(rows "$1")" = "$(cat "$WORK/$1".[123] | wc -l)" ]; }
answered()	{ cat "$WORK/$1".[123] | wc -l; }

# --- one socket, one process after the other
SOCKET=$WORK/service.sock
tests/e2e/lib/holder.pl "$SOCKET" "$WORK/service.pids" "$BIN/genhook-apimart" \
    >>"$WORK/service.out" 2>&1 &
HOLDER=$!
RUNS+=("$HOLDER")
begun()		{ [ "$(wc -l <"$WORK/service.pids")" -gt "$1" ]; }
check "a handler serves a socket that it was given" soon 30 taken "$SOCKET" first
load "$SOCKET" load
check "callbacks come" soon 60 at_least 30 answered load
for signal in TERM INT USR1 TERM TERM TERM TERM TERM; do
	old=$(tail -n 1 "$WORK/service.pids")
	before=$(answered load)
	kill -s "$signal" "$old"
	check "$signal: it ends" soon 30 gone "$old"
	# The next one has taken some.
	soon 60 at_least $((before + 40)) answered load
done
same "all are answered 200, and none is refused or lost" 200 "$(load_end load)"
check "each of them is there" soon 30 stored load
check "by nine processes" begun 8

# Who waits while there is no process is served by the next one.
kill -STOP "$HOLDER"
old=$(tail -n 1 "$WORK/service.pids")
kill -TERM "$old"
defunct()	{ [ "$(awk '{ print $3 }' "/proc/$old/stat" 2>/dev/null)" = Z ]; }
check "there is none" soon 30 defunct
asked "$SOCKET" 20 waited >"$WORK/waited" &
asking=$!
soon 30 test -e "$WORK/ready.waited"
kill -CONT "$HOLDER"
wait "$asking"
same "20 that waited for it" '20 200' "$(cut -d ' ' -f 1 "$WORK/waited" | sort | uniq -c | xargs)"
# One that does not read its requests any more loses nobody's but those.
kill -KILL "$(tail -n 1 "$WORK/service.pids")"
check "killed: the next one serves" soon 30 taken "$SOCKET" killed
kill -TERM "$HOLDER"
wait "$HOLDER"

# --- spawn-fcgi, which ends before the handler does
if command -v spawn-fcgi >/dev/null; then
	spawn-fcgi -s "$WORK/spawned.sock" -P "$WORK/spawned.pid" -- "$BIN/genhook-apimart" \
	    >>"$WORK/spawn.out" 2>&1 </dev/null
	same "spawn-fcgi" 0 $?
	PID=$(cat "$WORK/spawned.pid")
	PIDS+=("$PID")
	check "serves" soon 30 taken "$WORK/spawned.sock" spawned
	sleep 0.5
	check "and stays" taken "$WORK/spawned.sock" spawned-2
	check "as the same process" kill -0 "$PID"
	kill -TERM "$PID"
	check "SIGTERM ends it" soon 30 gone "$PID"

	# As docs/deploy.md has it, with places of this test's; another user only as root.
	mkdir "$WORK/place"
	line=$(grep '^spawn-fcgi -s /run/genhook/hook.sock' "$TOP/docs/deploy.md" |
	    sed "s|/run/genhook|$WORK/place|; s|/usr/local/lib/genhook|$BIN|; s| -- | -P $WORK/place/line.pid&|")
	like "the page has a line" '^spawn-fcgi .* -u www-data -g www-data' "$line"
	cp "$GENHOOK_CONF" "$WORK/place/genhook.conf"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R www-data: "$WORK/place"
		chmod o+x "$WORK"
	else
		line=${line/-u www-data -g www-data/}
	fi
	eval "GENHOOK_CONF=$WORK/place/genhook.conf $line" >>"$WORK/spawn.out" 2>&1 </dev/null
	same "which does it" 0 $?
	PIDS+=("$(cat "$WORK/place/line.pid")")
	check "and stays" kill -0 "$(cat "$WORK/place/line.pid")"
	same "for its user alone" 600 "$(stat -c %a "$WORK/place/hook.sock")"
	kill -TERM "$(cat "$WORK/place/line.pid")"

	# Several on one socket: where one ends the others go on.
	spawn-fcgi -s "$WORK/four.sock" -F 4 -P "$WORK/four.pid" -- "$BIN/genhook-apimart" \
	    >>"$WORK/spawn.out" 2>&1 </dev/null
	mapfile -t four <"$WORK/four.pid"
	[ "${#four[@]}" -eq 4 ] || mapfile -t four < <(tr ' ' '\n' <"$WORK/four.pid")
	PIDS+=("${four[@]}")
	same "four of them" 4 "${#four[@]}"
	check "serve" soon 30 taken "$WORK/four.sock" four
	load "$WORK/four.sock" shared
	soon 60 at_least 60 answered shared
	for pid in "${four[@]:0:3}"; do
		kill -TERM "$pid"
		check "one of them ends" soon 30 gone "$pid"
		soon 60 at_least $(($(answered shared) + 40)) answered shared
	done
	same "and nobody notices" 200 "$(load_end shared)"
	check "each callback is there" soon 30 stored shared
	kill -TERM "${four[3]}"
	check "the last one ends" soon 30 gone "${four[3]}"
else
	echo 'passed over: no spawn-fcgi'
fi

# --- the units
if command -v systemd-analyze >/dev/null; then
	mkdir "$WORK/units"
	for unit in deploy/*.service deploy/*.socket; do
		name=${unit##*/}
		sed "s|/usr/local/lib/genhook/genhook-%i|$BIN/genhook-apimart|; s|/usr/local/bin|$BIN|" \
		    "$unit" >"$WORK/units/$name"
	done
	for name in genhook-sweep.service genhook-handler@apimart.service genhook-handler@apimart.socket; do
		same "systemd has nothing to say against $name" '0 ' \
		    "$(SYSTEMD_UNIT_PATH=$WORK/units: systemd-analyze verify --man=no "$WORK/units/$name" >"$WORK/units.said" 2>&1; echo $?) $(cat "$WORK/units.said")"
	done
	for name in genhook-sweep.service genhook-handler@apimart.service; do
		exposed=$(SYSTEMD_UNIT_PATH=$WORK/units: systemd-analyze security --offline=true --threshold=25 "$WORK/units/$name" 2>&1)
		same "$name is exposed by 2.5 at most" 0 $?
		echo "        ${exposed##*$'\n'}"
	done
else
	echo 'passed over: no systemd-analyze'
fi
for pid in "${PIDS[@]}"; do
	kill -TERM "$pid" 2>/dev/null
done
finish
