#!/bin/bash
# How late files and events are while callbacks keep coming: CALLBACKS (600) of them,
# some 17 a second, each with a picture, to genhook-sweep --follow with a forward and
# the page, all on this machine.
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
. "$(dirname -- "$0")/../e2e/lib/told.sh"
CALLBACKS=${CALLBACKS:-600} GAP=${GAP:-0.1}
world_start --scale 0.01 --finish-ms 20:50
origin_start
cp "$FIXTURES/media/base.jpg" "$WORK/origin/a.jpg"
receiver_start
forward shop
sweep
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow >"$WORK/follow.out" 2>&1 &
FOLLOWER=$!
RUNS+=("$FOLLOWER")
soon 60 at_least 1 super "select count(*) from pg_stat_activity where query like '%next_due%' and state = 'idle'"

some()	# FIRST: every third from there on
{
	local i

	for ((i = $1; i <= CALLBACKS; i += 3)); do
		apimart_task "flow-$i" "$ORIGIN/a.jpg" "$(($(date +%s) + 3600))" |
		    curl -sS --noproxy '*' -m 30 -o /dev/null -H 'Content-Type: application/json' --data-binary @- \
		    "$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback"
		sleep "$GAP"
	done
}
senders=()
begin=$(now_ms)
for i in 1 2 3; do
	some "$i" &
	senders+=($!)
done
wait "${senders[@]}"
took=$(($(now_ms) - begin))
check "each is told of" soon 120 is "$CALLBACKS" sql "select count(*) from genhook.forwards where status = 'sent'"

# late COLUMN TABLE: milliseconds after the callback: the median, of 99 %, the most.
late()
{
	sql "select array_to_string(percentile_cont(array[0.5, 0.99, 1]) within group (order by extract(epoch from x.$1 - d.received_at) * 1000)::int[], ' ')
	    from genhook.$2 x join genhook.deliveries d using (provider, task_id)"
}
read -r median _ most < <(late stored_at outputs)
echo "$CALLBACKS callbacks in $took ms; ms until the file is stored: $(late stored_at outputs); until the event is taken: $(late sent_at forwards) (median, 99 %, most)"
check "files are home in a moment" [ "$median" -lt 2000 ]
check "the last of them, too" [ "$most" -lt 10000 ]
read -r median _ most < <(late sent_at forwards)
check "an application hears of it in a moment" [ "$median" -lt 2000 ]
check "of the last of it, too" [ "$most" -lt 10000 ]
kill -TERM "$FOLLOWER"
wait "$FOLLOWER"
same "it ends well" 0 "$?"
finish
