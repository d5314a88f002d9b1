#!/bin/bash
# A listener hears of each finished task, once, from whatever brought it: a
# callback, a burst of them, the operator, nobody who could say; and of nothing
# else.
. "$(dirname -- "$0")/lib.sh"
simulator_start
run_start run SIMULATOR="$SIMULATOR"
conf_set 'apimart default' 'give_up_after = 60'

hook=$(hook apimart)/callback
done_body()	{ printf '{"id":"%s","status":"failed","error":{"message":"m"}}' "$1"; }

# listen: a psql that prints what it hears, fed so that it asks every 0.2 s.
mkfifo "$WORK/ask"
psql -Xq -f "$WORK/ask" >"$WORK/heard" 2>&1 &
LISTENER=$!
exec 7>"$WORK/ask"
printf 'listen genhook_task_finished;\n\\echo listening\n' >&7
heard()		# how many notifications name this task?
{
	echo 'select 1 \g /dev/null' >&7
	grep -c "genhook_task_finished.*payload \"apimart/$1\"" "$WORK/heard"
}
hears()		{ [ "$(heard "$1")" -ge 1 ]; }

check "somebody listens" soon 30 grep -qs listening "$WORK/heard"
same "a callback" '200 {"status":"accepted"}' "$(post_text "$hook" "$(done_body n-1)")"
check "is heard of" soon 30 hears n-1
same "a duplicate" '200 {"status":"duplicate"}' "$(post_text "$hook" "$(done_body n-1)")"
same "a progress event" '200 {"status":"ignored"}' "$(post_text "$hook" '{"id":"n-2","status":"processing"}')"
for i in 1 2 3 4 5 6 7 8 9; do
	post_text "$hook" "$(done_body "burst-$i")" >/dev/null
done
check "the last of a burst is heard of" soon 30 hears burst-9
for i in 1 2 3 4 5 6 7 8 9; do
	same "burst $i is heard of once" 1 "$(heard "burst-$i")"
done
same "a duplicate is not" 1 "$(heard n-1)"
same "progress is not" 0 "$(heard n-2)"
sql "select genhook.register_task('apimart', 'n-' || n) from generate_series(3, 6) n" >/dev/null
sql "select genhook.cancel_tasks('apimart', 'n-3')" >/dev/null
check "one that the operator cancels is heard of" soon 30 hears n-3
sql "update genhook.tasks set submitted_at = now() - interval '1 hour' where task_id in ('n-4', 'n-5')"
sql "update genhook.tasks set not_found_polls = 2 where task_id = 'n-4'"
sql "update genhook.tasks set next_poll_at = now() + interval '1 hour', polls = 1 where task_id in ('n-5', 'n-6')"
sweep
check "one that the provider does not know is" soon 30 hears n-4
check "one that is given up is" soon 30 hears n-5
same "one that goes on is not" 0 "$(heard n-6)"
exec 7>&-
wait "$LISTENER"
finish
