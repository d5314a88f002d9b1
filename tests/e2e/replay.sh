#!/bin/bash
# Deliveries once more: kept as unparsed, rejected, ignored, stale or
# unverified, their bodies are parsed anew by the sweep or by `genhook replay`,
# once for each time that it is asked for, whoever is killed meanwhile.
. "$(dirname -- "$0")/lib.sh"
run_start run

# kept OUTCOME PROVIDER FILE [AGE] [VERDICT]: a delivery as an earlier version
# would have recorded it; prints its id.
kept()
{
	sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, remote_addr, headers, body, note, body_digest)
	    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000a' || substr(md5(random()::text), 1, 15))::uuid, at,
	        '$2', 'default', 'callback', '$1', '${5:-token}', '192.0.2.1', '{\"User-Agent\": \"theirs\"}', body, 'not understood', sha256(body)
	    from (select now() - interval '${4:-0 s}' as at, decode('$(od -An -v -tx1 "$3" | tr -d ' \n')', 'hex') as body) as given
	    returning id"
}
replay()	{ "$BIN/genhook" --config "$GENHOOK_CONF" replay "$@" >"$WORK/replay.out" 2>&1; }
# finished ID: what an APIMart task's callback says.
finished()	{ ok "$1" >"$WORK/body.$1"; echo "$WORK/body.$1"; }
outcomes()	{ sql "select string_agg(source || ' ' || outcome, ', ' order by received_at) from genhook.deliveries where task_id = '$1'"; }
odd()		{ sql "select count(*) from genhook.attention where reason like '% delivery'"; }
state()		{ psql -XqAt -v VERBOSITY=sqlstate -c "$1" 2>&1 | sed -n 's/^ERROR: *//p' | head -n 1; }

# --- a body of each provider
for sample in apimart/callback-completed apixo/callback-success novita/callback-images wavespeed/callback-completed; do
	[ -f "$FIXTURES/$sample.json" ] || sample=$(cd "$FIXTURES" && ls "${sample%%/*}"/callback-*.json | head -n 1) sample=${sample%.json}
	kept unparsed "${sample%%/*}" "$FIXTURES/$sample.json" '1 hour' >/dev/null
done
same "a person sees each" 4 "$(odd)"
check "replayed at once" replay
like "it says so" '4 deliveries chosen, 4 replayed, 4 accepted, 0 refused' "$(cat "$WORK/replay.out")"
same "each has its task, by its provider's parser" 'apimart succeeded,apixo succeeded,novita succeeded,wavespeed succeeded' \
    "$(sql "select string_agg(provider || ' ' || status, ',' order by provider) from genhook.tasks")"
same "each task has outputs" 4 "$(sql "select count(distinct provider) from genhook.outputs")"
same "seconds count from when it came" 0 \
    "$(sql "select count(*) from genhook.outputs where provider = 'novita' and expires_source = 'field' and expires_at > now()")"
same "nobody has to see them any more" 0 "$(odd)"
same "each made one delivery, which names the first" 4 \
    "$(sql "select count(*) from genhook.deliveries n join genhook.replays r on r.replay_id = n.id join genhook.deliveries d on d.id = r.id
	where n.source = 'replay' and n.outcome = 'accepted' and n.note = 'replay of ' || d.id and n.verdict = d.verdict and n.headers = d.headers
	    and n.task_id = d.task_id and n.body is null and d.body is not null and n.remote_addr = d.remote_addr")"
same "replays says what became of each" '4 accepted' "$(sql "select count(*) || ' ' || outcome from genhook.replays where finished_at is not null group by outcome")"
check "again: nothing is left" replay
like "none is chosen" '^0 deliveries chosen, 0 replayed' "$(cat "$WORK/replay.out")"

# --- one that the database refuses costs none of those that go with it
sql "create function genhook.no() returns trigger language plpgsql as
    'begin if new.task_id = ''one-no'' then raise exception using errcode = ''22023''; end if; return new; end';
    create trigger no before insert on genhook.tasks for each row execute function genhook.no()"
for name in yes no too; do
	kept unparsed apimart "$(finished "one-$name")" >/dev/null
done
fails "three at once, of which one is refused" replay
like "it says so" '3 deliveries chosen, 3 replayed, 2 accepted, 1 refused' "$(cat "$WORK/replay.out")"
same "the others have their results" 'one-too succeeded,one-yes succeeded' \
    "$(sql "select string_agg(task_id || ' ' || status, ',' order by task_id) from genhook.tasks where task_id like 'one-%'")"
same "and the refused one its words" '1 unparsed' "$(sql "select count(*) || ' ' || min(outcome) from genhook.replays where note like '%22023%' or note like '%P0001%' or note like 'database: receive:%'")"
sql "drop function genhook.no() cascade; delete from genhook.replays where outcome = 'unparsed'; delete from genhook.deliveries where outcome = 'unparsed' and task_id is null and convert_from(body, 'UTF8') like '%one-no%'" 2>/dev/null

# --- asked by SQL, done by the sweep
id=$(kept unparsed apimart "$(finished by-cure)")
sql "$(sql "select cure from genhook.attention where reason = 'unparsed delivery'")" >/dev/null
same "the cure asks for a replay" 1 "$(sql "select count(*) from genhook.replays where id = '$id' and finished_at is null")"
sweep
same "the sweep does it" 'succeeded' "$(sql "select status from genhook.tasks where task_id = 'by-cure'")"
same "and counts it" 1 "$(sql "select counts->>'replayed' from genhook.sweeps order by started desc limit 1")"
same "by id once more" 1 "$(sql "select count(*) from genhook.replay_deliveries(p_id => '$id')")"
same "asked twice, it waits once" 0 "$(sql "select count(*) from genhook.replay_deliveries(p_id => '$id')")"
row=$(sql "select xmin, ctid from genhook.tasks where task_id = 'by-cure'")
sweep
same "a finished task's result stands" "$row" "$(sql "select xmin, ctid from genhook.tasks where task_id = 'by-cure'")"
same "it is a duplicate now" 'callback unparsed, replay accepted, replay duplicate' "$(outcomes by-cure)"

# --- chosen by outcome, time, provider, account
kept ignored apimart "$(finished old)" '3 days' >/dev/null
kept ignored apimart "$(finished young)" '1 hour' >/dev/null
kept stale apimart "$(finished stale)" >/dev/null
kept rejected apimart "$(finished rejected)" >/dev/null
check "since a time" replay --outcome ignored --since yesterday --provider apimart
same "the young one alone" young "$(sql "select string_agg(task_id, ',') from genhook.tasks where task_id in ('old', 'young', 'stale', 'rejected')")"
check "of another account: none" replay --outcome stale --account nobody
like "none is chosen" '^0 deliveries chosen' "$(cat "$WORK/replay.out")"
check "stale ones" replay --outcome stale
check "rejected ones, by the sweep" replay --outcome rejected --queue
like "it says that they wait" '^1 deliveries wait' "$(cat "$WORK/replay.out")"
same "nothing was done yet" 0 "$(sql "select count(*) from genhook.tasks where task_id = 'rejected'")"
sweep
same "each chosen one is there" rejected,stale,young "$(sql "select string_agg(task_id, ',' order by task_id) from genhook.tasks where task_id in ('old', 'young', 'stale', 'rejected')")"
same "no result of its own time in the future" 0 "$(sql "select count(*) from genhook.tasks where finished_at > now()")"

# --- unverified ones only by name
id=$(kept unverified apimart "$(finished forged)" '1 day' failed)
same "not by the outcome" 22023 "$(state "select * from genhook.replay_deliveries(p_outcome => 'unverified')")"
fails "nor by the command" replay --outcome unverified
like "which says how" 'is not unparsed, rejected, ignored or stale' "$(cat "$WORK/replay.out")"
replay
same "nor with all others" 0 "$(sql "select count(*) from genhook.tasks where task_id = 'forged'")"
check "by its id" replay --id "$id"
same "who names it vouches for it" 'succeeded' "$(sql "select status from genhook.tasks where task_id = 'forged'")"
same "its verdict stays" failed "$(sql "select verdict from genhook.deliveries where task_id = 'forged' and source = 'replay'")"

# --- what cannot be helped
printf '{"what":"is this"}' >"$WORK/strange"
id=$(kept unparsed apimart "$WORK/strange")
before=$(sql "select count(*) from genhook.deliveries")
check "one that stays unparsed" replay
same "makes no delivery" "$before" "$(sql "select count(*) from genhook.deliveries")"
like "but says why" '^unparsed\|.+' "$(sql "select outcome, note from genhook.replays where id = '$id'")"
same "and a person still sees it" 1 "$(odd)"
sql "delete from genhook.deliveries where id = '$id'"
same "until it is deleted" 0 "$(odd)"
sql "insert into genhook.replays (received_at, id) values (now(), gen_random_uuid())"
sweep
like "a delivery that is no more" 'unparsed\|no such delivery' "$(sql "select outcome, note from genhook.replays order by finished_at desc limit 1")"
id=$(kept unparsed apimart "$(finished locked)")
hold "select 1 from genhook.deliveries where id = '$id' for update"
same "a locked one is passed over" 0 "$(sql "select count(*) from genhook.replay_deliveries()")"
release
same "and chosen later" 1 "$(sql "select count(*) from genhook.replay_deliveries()")"
sweep

# --- the account that believes no callback
conf_set 'apimart default' 'trust = requery'
kept unparsed apimart "$(finished asked)" >/dev/null
check "with trust = requery" replay
same "the provider is asked" 'pending t' "$(sql "select status || ' ' || case when next_poll_at <= now() then 't' end from genhook.tasks where task_id = 'asked'")"
sed -i '/trust = requery/d' "$GENHOOK_CONF"
sql "select from genhook.cancel_tasks('apimart', 'asked')"

# --- kill -9 in the middle, and two at once
many()		# PREFIX COUNT
{
	sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, body, body_digest)
	    select gen_random_uuid(), now() - n * interval '1 second', 'apimart', 'default', 'callback', 'unparsed', 'token', body, sha256(body)
	    from generate_series(1, $2) as n, convert_to(replace('$(ok @ID@)', '@ID@', '$1-' || n), 'UTF8') as body"
	sql "select count(*) from genhook.replay_deliveries()"
}
exact()		# PREFIX: tasks, replay rows, accepted, still waiting
{
	sql "select (select count(*) from genhook.tasks where task_id like '$1-%'), count(*), count(*) filter (where outcome = 'accepted'),
	    (select count(*) from genhook.replays where finished_at is null) from genhook.deliveries where task_id like '$1-%' and source = 'replay'"
}
same "400 wait" 400 "$(many kill 400)"
# Slow enough that none of them comes to its end.
sql "create function genhook.slow() returns trigger language plpgsql as
    'begin perform pg_sleep(0.02); return new; end';
    create trigger slow before insert on genhook.deliveries for each row execute function genhook.slow()"
unreplayed()	{ sql "select count(*) from genhook.replays where finished_at is null"; }
further()	{ ! at_least "$left" unreplayed || gone "$victim"; }
kills=0
for n in {1..8}; do
	left=$(unreplayed)
	"$BIN/genhook" --config "$GENHOOK_CONF" replay >"$WORK/victim.$n" 2>&1 &
	victim=$!
	# Every other one after it has finished some.
	[ $((n % 2)) -eq 0 ] || soon 30 further
	sleep "0.0$((RANDOM % 8 + 1))"
	kill -KILL "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	if [ $? -eq 137 ]; then
		kills=$((kills + 1))
	else
		cat "$WORK/victim.$n"
	fi
	# Its lease is over.
	sql "update genhook.replays set leased_until = now() - interval '1 second' where lease_owner is not null"
done
check "killed in the middle, more than once: $kills" test "$kills" -gt 1
sql "drop function genhook.slow() cascade" 2>/dev/null
sql "update genhook.replays set leased_until = now() - interval '1 second' where lease_owner is not null"
check "and begun again" replay
same "each is done, once" '400|400|400|0' "$(exact kill)"

# The server does not see that it was killed, and inserts what the next one
# is about to insert.
kept unparsed apimart "$(finished torn)" >/dev/null
sql "create function genhook.wait() returns trigger language plpgsql as
    'begin perform set_config(''lock_timeout'', ''0'', true), pg_advisory_xact_lock(8); return null; end';
    create trigger wait after insert on genhook.deliveries for each row execute function genhook.wait()"
waiting()	{ super "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"; }
hold "select pg_advisory_xact_lock(8)"
"$BIN/genhook" --config "$GENHOOK_CONF" replay >"$WORK/victim.torn" 2>&1 &
victim=$!
check "one is held as it inserts" soon 30 is 1 waiting
kill -KILL "$victim"
wait "$victim" 2>/dev/null
sql "update genhook.replays set leased_until = now() - interval '1 second' where lease_owner is not null"
"$BIN/genhook" --config "$GENHOOK_CONF" replay >"$WORK/next.out" 2>&1 &
next=$!
check "the next one waits for it" soon 30 is 2 waiting
release
check "and is not put off" wait "$next"
like "it does its work" '1 replayed' "$(cat "$WORK/next.out")"
same "which is there once" 'succeeded|1|accepted' \
    "$(sql "select t.status, count(*), min(d.outcome) from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'torn' and d.source = 'replay' group by 1")"
sql "drop function genhook.wait() cascade" 2>/dev/null

same "300 wait" 300 "$(many twins 300)"
runs=()
for n in 1 2 3; do
	"$BIN/genhook" --config "$GENHOOK_CONF" replay >"$WORK/twin.$n.out" 2>&1 &
	runs+=($!)
done
sweep
for run in "${runs[@]}"; do
	wait "$run" || fail "one of several at once"
done
same "four at once: each is done, once" '300|300|300|0' "$(exact twins)"
same "and their work adds up" 300 "$({ sed -n 's/.*chosen, \([0-9]*\) replayed.*/\1/p' "$WORK"/twin.*.out
	sql "select counts->>'replayed' from genhook.sweeps order by started desc limit 1"; } | awk '{ n += $1 } END { print n }')"
finish
