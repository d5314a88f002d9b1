#!/bin/bash
# The sweep against callbacks that are lost, doubled, early and late, against
# kill -9 at any moment, and against itself: every output is saved, once, whole.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:600 --lose 30 \
    --duplicate 30 --early 10 --reorder 20 --garbage 10

# --- a bad day: 64 tasks, a third of their callbacks lost
# One account believes no callback and asks by itself.
conf_set 'apimart default' 'trust = requery'
handlers_restart

declare -A models=(
	[novita]='txt2img hailuo-video qwen-image txt2img-jpeg'
	[apimart]='gpt-image kling-video flux flux-jpeg'
	[apixo]='suno nano-banana wan-video tts-1'
	[wavespeed]='vendor/flux vendor/flux-jpeg vendor/wan-video vendor/tts'
)

# Every fourth task is not registered, so its callback has to come.
bad_day()
{
	local provider=$1 i model id list

	read -ra list <<<"${models[$1]}"
	for ((i = 0; i < 16; i++)); do
		model=${list[i % 4]}
		if [ $((i / 4)) -eq 3 ]; then
			submit "$provider" "$model" -H 'X-Simulate: duplicate' >/dev/null
		elif [ $((i % 5)) -eq 4 ]; then
			order "$provider" "$model" lose,fail >/dev/null
		else
			id=$(submit "$provider" "$model")
			register "$provider" "$id" "$model"
		fi
	done
}

submitters=()
for provider in "${PROVIDERS[@]}"; do
	bad_day "$provider" &
	submitters+=($!)
done
# Sweeps while all of it happens.
sweep
sweep
wait "${submitters[@]}"
check "the simulator has said all it will" soon 60 idle
check "sweeps bring all to an end" sweep_until \
    "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w" 0
world_check "a bad day"
same "each of 64 tasks is there" 64 "$(sql "select count(*) from genhook.tasks")"
check "some were found by polls" test "$(sql "select count(*) from genhook.tasks where source = 'poll'")" -gt 5
check "some by callbacks" test "$(sql "select count(*) from genhook.tasks where source = 'callback'")" -gt 5
same "the account that believes no callback is polled alone" 'poll' \
    "$(sql "select distinct source from genhook.tasks where provider = 'apimart'")"
same "no task has two results" '0' \
    "$(sql "select count(*) from (select from genhook.deliveries where outcome = 'accepted' and provider <> 'apimart' group by provider, task_id having count(*) > 1) as d")"
same "no token and no key in any table or log" '' "$(
	for name in "$GENHOOK_TOKEN_NOVITA" "$KEY_NOVITA" "$KEY_APIXO"; do
		grep -lF -- "$name" "$RUN_DIR"/log/*.log "$WORK/sweep.out"
		sql "select 'delivery' from genhook.deliveries where convert_from(body, 'UTF8') like '%$name%' union select 'task' from genhook.tasks where result::text like '%$name%'"
	done)"
sweep
same "then a sweep has nothing to do" 0 "$?"
like "and says so" 'polled 0, finished 0, lost 0, stored 0 \(0 B\), retried 0, expired 0, failed 0' "$(cat "$WORK/sweep.out")"

# --- kill -9 at random moments, two sweeps at once
faults '{"lose":0,"duplicate":0,"early":0,"garbage":0,"reorder":0}'
kills=20
[ -z "${LONG:-}" ] || kills=200
declare -i killed=0 round
for ((round = 0; killed < kills && round < 4 * kills; round++)); do
	orders=()
	for provider in "${PROVIDERS[@]}"; do
		first=${models[$provider]%% *}
		order "$provider" "$first" lose >/dev/null &
		orders+=($!)
	done
	wait "${orders[@]}"
	due_now
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1 &
	victim=$!
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1 &
	victim2=$!
	strike "$victim" && killed+=1
	[ $((round % 4)) -eq 0 ] || kill -9 "$victim2" 2>/dev/null
	wait "$victim2" 2>/dev/null
	if [ "$(our_files)" != "$(disk_files)" ] ||
	    [ -n "$(comm -23 <(our_files) <(true_files))" ]; then
		fail "after kill $round every stored row has its whole file"
		break
	fi
	# A file at a final name is whole though its row may not know yet.
	if [ -n "$(comm -23 <(final_names | xargs -r sha256sum |
	    cut -c -64 | sort) <(true_files | sed 's/.* //' | sort))" ]; then
		fail "kill $round left a part at a final name"
	fi
done
same "so many kills hit a running sweep" "$kills" "$killed"
# And one for sure while it is at work: the providers stand still meanwhile.
order novita txt2img lose >/dev/null
soon 60 idle
due_now
unfinished()	{ sql "select count(*) from genhook.sweeps where finished is null"; }
was=$(unfinished)
kill -STOP "$SIMULATOR_PID"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1 &
victim=$!
check "a run is at work" soon 30 at_least $((was + 1)) unfinished
kill -9 "$victim"
wait "$victim" 2>/dev/null
kill -CONT "$SIMULATOR_PID"
check "after the kills all comes to an end" sweep_until \
    "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w" 0
find "$GENHOOK_ARCHIVE" -name '.part*' -exec touch -d '2 days ago' {} +
sweep
world_check "after the kills"
check "a killed run is seen as such" at_least 1 unfinished

# --- two sweeps at once fetch nothing twice
served()	{ ledger 'select(.event == "served" and .http == 200) | "\(.provider)/\(.task_id)/\(.position)"'; }
served | uniq -d >"$WORK/before"
for i in 1 2 3 4 5 6; do
	for provider in "${PROVIDERS[@]}"; do
		read -ra list <<<"${models[$provider]}"
		order "$provider" "${list[i % 4]}" lose >/dev/null
	done
done
soon 60 idle
due_now
both=()
for i in 1 2 3; do
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/both$i.out" 2>&1 &
	both+=($!)
done
wait "${both[@]}"
same "three sweeps at once store all" 0 "$(sql "select count(*) from genhook.outputs where status = 'pending'")"
served | uniq -d >"$WORK/after"
same "and fetch nothing twice" '' "$(comm -13 "$WORK/before" "$WORK/after")"
same "the work was shared" 24 "$(cat "$WORK"/both?.out | sed 's/.*finished \([0-9]*\),.*/\1/' | awk '{ n += $1 } END { print n }')"
world_check "at the end"
# --- the database's clock was a day ahead, and was set back
for list in 'novita txt2img none' 'apixo nano-banana lose' 'apixo nano-banana lose'; do
	read -r provider model words <<<"$list"
	last=$(order "$provider" "$model" "$words")
done
soon 60 idle
sql "update genhook.tasks set submitted_at = submitted_at + interval '1 day', next_poll_at = case task_id when '$last' then now() + interval '1 day' end where status = 'pending';
    update genhook.outputs set next_attempt_at = next_attempt_at + interval '1 day', attempts = 1 where status = 'pending';
    insert into genhook.accounts values ('apixo', 'default', now() + interval '1 day') on conflict (provider, account) do update set not_before = excluded.not_before;
    insert into genhook.outputs (provider, task_id, position, kind, url, next_attempt_at, leased_until, lease_owner) values ('novita', 'leased', 0, 'image', 'https://127.0.0.1:9/', now(), now() + interval '1 day 2 minutes', 'gone');
    insert into genhook.hours select date_trunc('hour', now()) + interval '5 hours', 'novita', 'default', 'callback', 'ignored', 1, now() + interval '5 hours';
    update genhook.marks set at = now() + interval '1 day' where name in ('clock', 'traffic')"
open=$(sql "select count(*) from genhook.tasks where status = 'pending'")
same "a poll waits that was never asked for, and one that was" 2 "$open"
ended()	{ sweep; is 0 sql "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending' and task_id <> 'leased') as w"; }
check "set back: polls and downloads are due as they were" soon 60 ended
same "a lease ends as it would have" t "$(sql "select leased_until between now() - interval '10 minutes' and now() + interval '2 minutes' from genhook.outputs where task_id = 'leased'")"
same "what was counted ahead is counted anew" '0|t' "$(sql "select count(*) filter (where hour > now()), (select bool_and(at <= now()) from genhook.marks) from genhook.hours")"
sql "delete from genhook.outputs where task_id = 'leased'"
order novita txt2img none >/dev/null
soon 60 idle
sql "update genhook.outputs set next_attempt_at = now() + interval '1 day' where status = 'pending'"
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" --dry-run >"$WORK/sweep.out" 2>&1
check "no sweep had seen it: what was never tried is due" grep -q '^download ' "$WORK/sweep.out"
check "and is done" soon 60 ended
sweep
same "and not a minute's work more" 'null' "$(sql "select coalesce(genhook.follow_clock()::text, 'null')")"
world_check "after the clock"
finish
