# What bench/queries and bench/bloat share: a genhook of their own in $WORK/run,
# ended and, unless KEPT is set, removed at the end.
# shellcheck shell=bash disable=SC2034

finish()
{
	trap - EXIT
	[ -z "$PID" ] || { kill -TERM "$PID" 2>/dev/null; wait "$PID" || true; }
	[ -n "${KEPT:-}" ] || rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_port()
{
	local port

	while :; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

genhook_start()
{
	rm -f "$WORK/run/env"
	env DEMO=0 SWEEP_EVERY=0 PORT="$(free_port)" RUN_DIR="$WORK/run" \
	    deploy/run >"$WORK/run.out" 2>&1 </dev/null &
	PID=$!
	until [ -s "$WORK/run/env" ]; do
		kill -0 "$PID" 2>/dev/null || { cat "$WORK/run.out"; exit 1; }
		sleep 0.1
	done
	# shellcheck source=/dev/null
	. "$WORK/run/env"
}

sql()	{ psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
super()	{ PGUSER=postgres sql "$@"; }
