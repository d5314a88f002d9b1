#!/bin/bash
# The connection to PostgreSQL breaks off within the exchange that commits a
# callback, at many a byte of the request and of the answer: it is answered in
# time, and is there once.
. "$(dirname -- "$0")/lib.sh"
run_start run
hook=$(hook apimart)
ORDER=$WORK/order
# Its folder is where a socket's path fits.
DOOR=$(mktemp -d /tmp/genhook-cuts.XXXXXX)
perl "$TOP/tests/e2e/lib/cut.pl" "$DOOR/.s.PGSQL.5432" \
    "$PGHOST/.s.PGSQL.$PGPORT" "$ORDER" 2>"$WORK/cut.out" &
CUTTER=$!
cuts_end()
{
	kill "$CUTTER" 2>/dev/null
	rm -rf "$DOOR"
}
trap 'cuts_end; broke_off' EXIT
soon 10 test -S "$DOOR/.s.PGSQL.5432"
sed -i "s|conninfo = .* user=genhook_hook\"|conninfo = \"host=$DOOR port=5432 dbname=genhook user=genhook_hook\"|" "$GENHOOK_CONF"

# cut NAME ORDER...: one callback, and what happens to it.
obeyed()	{ [ ! -e "$ORDER" ]; }
cut()
{
	rm -f "$ORDER.done"
	echo "${@:2}" >"$ORDER.next"
	mv "$ORDER.next" "$ORDER"
	post_text "$hook" "$(ok "$1")" >>"$WORK/said"
	echo >>"$WORK/said"
	cat "$WORK/seconds" >>"$WORK/slow"
	soon 5 obeyed || fail "nothing was cut: $*"
}

# cuts PREFIX WHAT STEP SAID: a callback for each STEP bytes, and the last.
cuts()
{
	local at=0 n=0 all=1

	rm -f "$WORK/said" "$WORK/slow"
	for ((at = 0; at < all; at = at + $3 < all || at == all - 1 ? at + $3 : all - 1)); do
		cut "$1-$2-$at" "$2" "$at"
		read -r all <"$ORDER.done"
		n=$((n + 1))
	done
	same "$1, $2 cut $n times: answered so" "$n 200 $4" \
	    "$(sort "$WORK/said" | uniq -c | awk '{ print $1, $2, $3 }' | paste -s -d ,)"
	check "$1, $2 cut: in time" within 3 "$WORK/slow"
	same "$1, $2 cut: each once" "$n $n $n" "$(once "$1-$2")"
}

# once PREFIX: how many tasks, deliveries and outputs of them.
once()
{
	sql "select count(distinct t.task_id) || ' ' || count(*) || ' ' ||
	    (select count(*) from genhook.outputs o where o.task_id like '$1-%')
	    from genhook.tasks t join genhook.deliveries d using (provider, task_id)
	    where t.task_id like '$1-%' and t.status = 'succeeded'"
}

for way in session pooler; do
	[ "$way" = session ] || conf_set database 'pooler = yes'
	handlers_restart
	post_text "$hook" "$(ok "$way")" >/dev/null
	# What was committed after all is found when it is sent once more.
	cuts "$way" answer 5 '{"status":"duplicate"}'
	cuts "$way" request 131 '{"status":"accepted"}'
	rm -f "$WORK/slow"
	cut "$way-hold-1" hold 20
	check "$way, no more of an answer comes: in time" within 3 "$WORK/slow"
	check "$way: drained" soon 60 drained
	same "$way: once" '1 1 1' "$(once "$way-hold")"
done
cuts_end
finish
