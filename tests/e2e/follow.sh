#!/bin/bash
# genhook-sweep --follow: what wakes it, with no regular run for an hour; outages,
# other sweeps beside it, and its end.
. "$(dirname -- "$0")/lib/sweep.sh"
. "$(dirname -- "$0")/lib/told.sh"
world_start --scale 0.01 --finish-ms 20:50
origin_start
conf_set sweep "every = 3600"
cp "$FIXTURES/media/base.jpg" "$WORK/origin/a.jpg"
head -c 2000000 /dev/urandom >"$WORK/noise"
cat "$WORK/noise" "$WORK/noise" >"$WORK/origin/slow/long.bin"

follow_start()
{
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow \
	    >>"$WORK/follow.out" 2>&1 &
	FOLLOWER=$!
	RUNS+=("$FOLLOWER")
}
follow_end()
{
	local begin

	begin=$(now_ms)
	kill -TERM "$FOLLOWER"
	wait "$FOLLOWER"
	ENDED="$? in $(($(now_ms) - begin)) ms"
}
listens()	{ [ "$(super "select count(*) from pg_stat_activity where query like '%next_due%' and state = 'idle'")" -eq 1 ]; }
quiet()		{ [ -z "$(children "$FOLLOWER")" ]; }
stored()	{ [ "$(output apimart "$1")" = stored ]; }
is()		{ [ "$(sql "$1")" = "$2" ]; }
# Of the callbacks named so, how long from each to its stored file.
median_ms()	{ sql "select percentile_cont(0.5) within group (order by extract(epoch from o.stored_at - d.received_at) * 1000)::int from genhook.outputs o join genhook.deliveries d using (provider, task_id) where task_id like '$1%'"; }

# --- its unit; the page of the manual, which it names, may not be installed
if command -v systemd-analyze >/dev/null; then
	mkdir "$WORK/unit"
	sed "s,/usr/local/bin/genhook-sweep,$BIN/genhook-sweep,; /^Documentation=/d" \
	    "$TOP/deploy/genhook-sweep.service" >"$WORK/unit/genhook-sweep.service"
	same "systemd has nothing to say against the unit" '0 ' \
	    "$(systemd-analyze verify "$WORK/unit/genhook-sweep.service" >"$WORK/unit/said" 2>&1; echo $?) $(cat "$WORK/unit/said")"
fi

# --- what wakes it
follow_start
check "it comes to rest" soon 60 eval 'listens && quiet'
runs=$(sql "select count(*) from genhook.sweeps")
sleep 3
same "while nothing waits nothing runs" "$runs" "$(sql "select count(*) from genhook.sweeps")"
for i in 1 2 3 4 5 6 7 8 9; do
	done_by_callback "quick-$i" "$ORIGIN/a.jpg"
	check "a callback's file is stored, with no regular run" soon 30 stored "quick-$i"
done
echo "from callback to stored file, median: $(median_ms quick-) ms"
sql "set role genhook_app; insert into genhook.requests (provider, model, request) values ('novita', 'txt2img', '{\"prompt\":\"x\"}')" >/dev/null
check "a request is sent when it is inserted" soon 30 is "select status from genhook.requests" submitted
check "and its picture comes home" soon 30 is "select count(*) > 0 and bool_and(o.status = 'stored') from genhook.outputs o where provider = 'novita'" t
id=$(order novita txt2img lose)
sql "select genhook.repoll_tasks('novita', '$id')" >/dev/null
check "a person asks for a poll" soon 60 is "select status from genhook.tasks where task_id = '$id'" succeeded
id=$(order wavespeed wavespeed-ai/flux-dev lose)
done_by_callback wake-up "$ORIGIN/a.jpg"
check "a callback that never comes is polled for when that is due" soon 60 is "select status from genhook.tasks where task_id = '$id'" succeeded
done_by_callback absent "$ORIGIN/none.jpg"
check "a link that is dead is tried again by its time" soon 60 is "select attempts >= 2 from genhook.outputs where task_id = 'absent'" t
sql "update genhook.outputs set status = 'failed', last_error = 'gone', next_attempt_at = null, leased_until = null, lease_owner = null, given_up_at = now() where task_id = 'absent'" >/dev/null
cp "$WORK/origin/a.jpg" "$WORK/origin/none.jpg"
sql "select genhook.retry_outputs('apimart')" >/dev/null
check "a person retries a download" soon 60 stored absent
post_text "$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback" '{"id":"dreamer","status":"dreaming"}' >/dev/null
check "a callback that nobody understands has its task asked about" soon 60 is "select polls > 0 from genhook.tasks where task_id = 'dreamer'" t

# --- a long download delays nobody
done_by_callback long "$ORIGIN/slow/long.bin"
check "a long download begins" soon 30 is "select status || ' ' || (lease_owner is not null) from genhook.outputs where task_id = 'long'" 'pending true'
done_by_callback beside "$ORIGIN/a.jpg"
check "another file is stored meanwhile" soon 30 stored beside
sql "set role genhook_app; insert into genhook.requests (provider, model, request) values ('novita', 'txt2img', '{\"prompt\":\"y\"}')" >/dev/null
check "and a request sent" soon 30 is "select count(*) from genhook.requests where status = 'submitted'" 2
same "while it goes on" pending "$(output apimart long)"

# --- one of it, and others beside it
timeout -s KILL 60 "$BIN/genhook-sweep" --config "$GENHOOK_CONF" --follow \
    >"$WORK/second.out" 2>&1
same "a second one does not begin" 2 "$?"
like "and says why" 'another genhook-sweep --follow runs' "$(cat "$WORK/second.out")"
mkdir -p "$WORK/origin/once"
for i in $(seq 40); do
	cp "$FIXTURES/media/base.jpg" "$WORK/origin/once/$i.jpg"
done
pids=()
for i in $(seq 40); do
	done_by_callback "once-$i" "$ORIGIN/once/$i.jpg"
	if [ $((i % 10)) -eq 0 ]; then
		"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >>"$WORK/cron.out" 2>&1 &
		pids+=($!)
	fi
done
wait "${pids[@]}"
check "beside cron's sweeps all is stored" soon 60 is "select count(*) from genhook.outputs where task_id like 'once-%' and status = 'stored'" 40
same "and fetched once each" 40 "$(origin_log | grep -c '^/once/.* 200 ')"

# --- the database goes and comes
soon 90 quiet
database stop
check "without the database it goes on" kill -0 "$FOLLOWER"
soon 30 grep -q 'not notified' "$WORK/follow.out"
database start
soon 60 all_healthy
done_by_callback back "$ORIGIN/a.jpg"
check "it hears of callbacks when the database is back" soon 60 stored back
check "and has said so" soon 30 grep -q 'notified again' "$WORK/follow.out"
same "both once" '1 1' "$(grep -c 'not notified' "$WORK/follow.out") $(grep -c 'notified again' "$WORK/follow.out")"
super "select pg_terminate_backend(pid) from pg_stat_activity where query like '%next_due%' and pid <> pg_backend_pid()" >/dev/null
soon 30 listens
done_by_callback again "$ORIGIN/a.jpg"
check "and when its session was ended" soon 60 stored again

# --- applications that hang hold up nobody: as many of them as there are runs at
# once, and each run that waits for one stands still for as long as this takes
soon 90 quiet
receiver_start
for provider in novita apixo wavespeed apimart; do
	forward "$provider" "account = {\"$provider default\"}"
done
done_by_callback noted "$ORIGIN/a.jpg"
soon 60 stored noted
soon 30 is "select count(*) from genhook.forward_targets" 4
# What nobody heard of, and what no time says: a task that failed while the follower
# had no session.
soon 90 quiet
kill -STOP "$FOLLOWER"
super "select pg_terminate_backend(pid) from pg_stat_activity where query like '%next_due%' and pid <> pg_backend_pid()" >/dev/null
post_text "$(hook apimart)" '{"id":"unheard","status":"failed","completed":1776748861,"error":{"message":"no","code":"c"}}' >/dev/null
check "a task fails while nobody listens" soon 60 is "select status from genhook.tasks where task_id = 'unheard'" failed
kill -CONT "$FOLLOWER"
check "its application hears of it all the same" soon 60 eval '[ "$(told apimart ".body | @base64d | fromjson | .data.task_id == \"unheard\"")" -eq 1 ]'
alerted()	{ jq -r 'select(.path == "alerted") | .at' "$TOLD" | wc -l; }
# Whose lease it is: the run's machine and process.
holder()	{ sql "select split_part(lease_owner, ':', 2) from genhook.forwards where name = '$1' and leased_until is not null"; }
held=()
for pair in novita/txt2img apixo/flux-2 wavespeed/vendor/flux; do
	provider=${pair%%/*}
	mood "$provider" hang
	order "$provider" "${pair#*/}" >/dev/null
	check "$provider's application hangs" soon 60 at_least 1 asked "$provider"
	soon 60 at_least 1 holder "$provider"
	pid=$(holder "$provider")
	kill -STOP "$pid"
	held+=("$pid")
done
same "three runs are held by them" 3 "$(printf '%s\n' "${held[@]}" | sort -u | wc -l)"
done_by_callback meanwhile "$ORIGIN/a.jpg"
check "a file is stored meanwhile" soon 60 stored meanwhile
check "and another application hears of it" soon 60 eval '[ "$(told apimart ".body | @base64d | fromjson | .data.task_id == \"meanwhile\"")" -eq 1 ]'
same "while they are held" 'T T T' "$(for pid in "${held[@]}"; do awk '/^State:/ { print $2 }' "/proc/$pid/status"; done | xargs)"
rm "$MODES/novita" "$MODES/apixo" "$MODES/wavespeed"
kill -CONT "${held[@]}"
check "in the end each has heard" soon 90 is "select count(*) from genhook.forwards where status <> 'sent'" 0
# From callback to event, of those that told it at once.
for i in 1 2 3 4 5 6 7 8 9; do
	done_by_callback "told-$i" "$ORIGIN/a.jpg"
	soon 30 is "select status from genhook.forwards where name = 'apimart' and task_id = 'told-$i'" sent
done
told_ms()	{ sql "select percentile_cont(0.5) within group (order by extract(epoch from f.sent_at - d.received_at) * 1000)::int from genhook.forwards f join genhook.deliveries d using (provider, task_id) where task_id like 'told-%'"; }
check "an application hears of a callback in a moment ($(told_ms) ms, median)" [ "$(told_ms)" -lt 3000 ]
echo "from callback to stored file: $(median_ms told-) ms; to the event that was taken: $(told_ms) ms (medians)"

# --- nor does whoever is alerted: the runs that are left are at downloads, and the
# one that alerts has had no small pictures to make, before which it leaves its place
soon 90 quiet
conf_set web "thumbs = 0"
printf 'alert {\n\turl = "http://127.0.0.1:%s/alerted"\n}\n' "$RECEIVER_PORT" >>"$GENHOOK_CONF"
mood alerted hang
held=()
for name in one two; do
	cat "$WORK/noise" "$WORK/noise" >"$WORK/origin/slow/$name.bin"
	done_by_callback "held-$name" "$ORIGIN/slow/$name.bin"
	soon 30 is "select lease_owner is not null from genhook.outputs where task_id = 'held-$name'" t
	pid=$(sql "select split_part(lease_owner, ':', 2) from genhook.outputs where task_id = 'held-$name'")
	kill -STOP "$pid"
	held+=("$pid")
done
rm -f "$GENHOOK_SPOOL/.alert.minute"
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, error_code, error_message) values ('novita', 'gone', 'lost', now(), now(), 'gave_up', 'x')"
sql "select genhook.tell_work_due()" >/dev/null
check "who is alerted hangs" soon 30 at_least 1 alerted
for pid in $(children "$FOLLOWER"); do
	[[ " ${held[*]} " == *" $pid "* ]] || { kill -STOP "$pid"; held+=("$pid"); }
done
same "so three runs are held" 3 "${#held[@]}"
done_by_callback beside-alert "$ORIGIN/a.jpg"
check "a file is stored meanwhile, too" soon 60 stored beside-alert
rm "$MODES/alerted"
kill -CONT "${held[@]}"

# --- its end
soon 90 quiet
rm -f "$WORK/origin/slow/long.bin"
cat "$WORK/noise" "$WORK/noise" >"$WORK/origin/slow/other.bin"
done_by_callback last "$ORIGIN/slow/other.bin"
soon 30 is "select lease_owner is not null from genhook.outputs where task_id = 'last'" t
run=$(children "$FOLLOWER")
kill -KILL "$FOLLOWER"
wait "$FOLLOWER" 2>/dev/null
# shellcheck disable=SC2086 # words are wanted
check "killed, it leaves no run behind" soon 30 gone $run
follow_start
soon 60 listens
due_now
sql "select genhook.tell_work_due()" >/dev/null
check "another takes over" soon 30 is "select lease_owner is not null from genhook.outputs where task_id = 'last'" t
run=$(children "$FOLLOWER")
follow_end
like "SIGTERM ends it well, and soon, in the middle of a download" '^0 in [0-9]{1,4} ms$' "$ENDED"
# shellcheck disable=SC2086 # words are wanted
check "with its runs" gone $run
echo "SIGTERM: $ENDED"

# --- one run by itself tells of what is stored while it is at a long download
due_now
for _ in 1 2 3 4 5 6; do
	cat "$WORK/noise"
done >"$WORK/origin/slow/longest.bin"
done_by_callback longest "$ORIGIN/slow/longest.bin"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/alone.out" 2>&1 &
alone=$!
soon 30 is "select lease_owner is not null from genhook.outputs where task_id = 'longest'" t
done_by_callback short "$ORIGIN/a.jpg"
check "a run that is at a long download tells of others" soon 20 eval '[ "$(told apimart ".body | @base64d | fromjson | .data.task_id == \"short\"")" -eq 1 ]'
same "while it goes on" pending "$(output apimart longest)"
wait "$alone"
same "then of that, too" "stored 1" "$(output apimart longest) $(told apimart '.body | @base64d | fromjson | .data.task_id == "longest"')"
same "no part of a file is left under a final name" "$(our_names)" "$(final_names)"
finish
