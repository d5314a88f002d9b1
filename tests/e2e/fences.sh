#!/bin/bash
# Locks, leases and fences of the SQL functions, through psql alone: what another
# session has locked is passed over or waited for, what is under somebody's lease is
# nobody else's, and what is not over is not ended.
. "$(dirname -- "$0")/lib/sessions.sh"
psql -Xq -v ON_ERROR_STOP=1 -f tests/e2e/lib/receive.sql

# outputs COUNT: so many, due, of the task t.
outputs()
{
	clear_all
	sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, source)
	    values ('novita', 't', 'succeeded', now(), now(), 'callback');
	    insert into genhook.outputs (provider, task_id, position, kind, url, next_attempt_at)
	    select 'novita', 't', n, 'image', 'https://a/' || n, now() from generate_series(0, $1 - 1) as n" >/dev/null
}
claim()		{ echo "select position from genhook.claim_outputs('$1', '1 minute', $2)"; }
row()		{ sql "select concat_ws(' ', status, lease_owner, attempts, case when leased_until > now() then 'leased' end) from genhook.outputs where position = ${1:-0}"; }

# --- outputs: leases
outputs 2
hold "$(claim one 1)"
same "an output that another claims is passed over, not waited for" 1 "$(others "$(claim two 5)")"
release
same "each has one holder" 'pending one 1 leased,pending two 1 leased' "$(row 0),$(row 1)"
same "a lease is nobody else's" '' "$(others "$(claim three 5)")"
sql "update genhook.outputs set leased_until = now() - interval '1 s' where position = 0"
same "until it is over" 0 "$(others "$(claim three 5)")"
same "the others' stay" 'pending two 1 leased' "$(row 1)"
outputs 3
sql "update genhook.outputs set attempts = 1, next_attempt_at = now() + interval '1 hour' where position = 0"
sql "update genhook.outputs set next_attempt_at = now() + interval '1 hour' where position = 1"
same "not before its time, but for one that was never tried" '1 2' "$(others "$(claim one 5)")"
outputs 3
sql "update genhook.outputs set expires_at = now() + position * interval '1 hour', expires_source = 'field' where position > 0"
same "those whose links end first go first, unknown ones before them" '0 1' "$(others "$(claim one 2)")"
outputs 1
same "only those of the provider" '' "$(others "select position from genhook.claim_outputs('one', '1 minute', 5, 'apimart')")"
same "only those of the task" '' "$(others "select position from genhook.claim_outputs('one', '1 minute', 5, null, 'another')")"

# --- outputs: fences
store()		{ echo "select * from genhook.store_outputs('$1', '{novita,novita}', '{t,t}', '{0,1}', '{file:///0,file:///1}', '{7,8}', array_fill(repeat('a', 64), '{2}'), '{image/png,image/png}', '{null,null}')"; }
failed()	{ echo "select genhook.fail_output('novita', 't', 0, '$1', '$2', 'words', '1 hour')"; }
outputs 2
sql "$(claim mine 1)" >/dev/null
sql "$(claim yours 1)" >/dev/null
same "a file whose lease was lost gets no row" 1 "$(others "$(store mine)")"
same "the other's row is as it was" 'pending yours 1 leased' "$(row 1)"
same "what is stored has no lease" 'stored 1' "$(row 0)"
same "a second file gets none" '' "$(others "$(store mine)")"
outputs 1
sql "$(claim mine 1)" >/dev/null
for status in pending uncounted held expired failed; do
	same "whoever lost the lease fails nothing: $status" f "$(others "$(failed yours $status)")"
	same "$status: the row is as it was" 'pending mine 1 leased' "$(row)"
done
same "nor gives it a link" f "$(others "select genhook.renew_output('novita', 't', 0, 'yours', 'https://b/', null, 'unknown')")"
same "the link is what it was" https://a/0 "$(sql "select url from genhook.outputs")"
same "nor gives it back" 0 "$(others "select genhook.release_outputs('yours')")"
same "it is still held" 'pending mine 1 leased' "$(row)"
sql "insert into genhook.embedded (provider, task_id, position, content) values ('novita', 't', 0, 'x')" >/dev/null
same "nor reads a file that came with the payload" '' "$(others "select genhook.embedded_content('yours', 'novita', 't', 0)")"
same "who has the lease does" '\x78' "$(sql "select genhook.embedded_content('mine', 'novita', 't', 0)")"
same "who has it gives it back, and the attempt" 1 "$(others "select genhook.release_outputs('mine')")"
same "then it is as before" 'pending 0' "$(row)"
sql "$(claim mine 1)" >/dev/null
sql "update genhook.outputs set expires_at = now() + interval '1 hour', expires_source = 'field'"
same "a link that lives by this clock does not expire" f "$(others "$(failed mine expired)")"
same "it waits" 'pending 1' "$(row)"
sql "update genhook.outputs set leased_until = now() + interval '1 hour', lease_owner = 'mine', held_until = now() + interval '1 hour', held_by = 'other'"
same "nor is given up what another machine holds" f "$(others "$(failed mine failed)")"
same "it waits" 'pending 1' "$(row)"
sql "update genhook.outputs set leased_until = now() + interval '1 hour', lease_owner = 'mine', held_until = null, held_by = null"
same "else it is" t "$(others "$(failed mine failed)")"
same "for good" 'failed 1' "$(row)"

# --- the heartbeat
outputs 2
sql "$(claim mine 1)" >/dev/null
sql "$(claim yours 1)" >/dev/null
sql "update genhook.outputs set leased_until = now() + interval '10 s'"
id=$(sql "select genhook.start_sweep('here', 1)")
sql "update genhook.sweeps set heartbeat = now() - interval '1 hour'"
same "a beat prolongs the leases of its run" 1 "$(others "select genhook.beat_sweep($id, '{}', 'mine', '1 hour')")"
same "these alone" 'mine' "$(sql "select string_agg(lease_owner, ',') from genhook.outputs where leased_until > now() + interval '1 minute'")"
same "and is noted" t "$(sql "select heartbeat > now() - interval '1 minute' from genhook.sweeps where id = $id")"

# waits_for SQL: another session, which waits for what is held, in the background;
# what it printed is then in $WORK/waited.
waits_for()
{
	psql -XqAt -c "$1" >"$WORK/waited" 2>&1 &
	WAITING=$!
	soon 30 blocked
}

# A budget is of a minute by the clock: again, when the next one began meanwhile.
in_one_minute()
{
	local minute=

	until [ "$minute" = "$(date +%M)" ]; do
		minute=$(date +%M)
		"$1"
	done
}

# --- polls
tasks()	# COUNT
{
	clear_all
	sql "insert into genhook.tasks (provider, task_id, submitted_at) select 'novita', 't' || n, now() - interval '1 hour' + n * interval '1 s' from generate_series(1, $1) as n;
	    insert into genhook.accounts (provider, account) values ('novita', 'default')" >/dev/null
}
polls()	{ echo "select task_id from genhook.claim_polls('novita', 'default', '1 minute', '1 hour', $1, null, $2)"; }
polls_beside()
{
	tasks 3
	hold "$(polls 1 1)"
	got=("$(others "$(polls 1 1)")")
	release
	got+=("$(others "$(polls 1 1)")" "$(others "$(polls 9 2)")")
}
in_one_minute polls_beside
same "the account's budget is one sweep's at a time" 55P03 "${got[0]}"
same "and spent" '' "${got[1]}"
same "a higher one has room" t2 "${got[2]}"
same "a claim schedules the next poll, one claim each" 't1 1,t2 1' "$(sql "select string_agg(task_id || ' ' || polls, ',' order by task_id) from genhook.tasks where next_poll_at > now() + interval '10 s'")"
polls_wait()
{
	tasks 3
	hold "$(polls 1 1)"
	waits_for "$(polls 1 1)"
	release
	wait "$WAITING"
}
in_one_minute polls_wait
same "who waited for the budget finds it spent" '' "$(cat "$WORK/waited")"
tasks 2
sql "update genhook.accounts set trouble = 'down', troubles = 1, trouble_since = now(), not_before = now() - interval '1 s'"
same "of an account in trouble one goes first" t1 "$(others "$(polls 9 100)")"
same "and no other" '' "$(others "$(polls 9 100)")"
sql "update genhook.accounts set troubles = 0, trouble = null, trouble_since = null, probed_at = null, not_before = now() + interval '1 minute'"
same "an account that is paused is left alone" '' "$(others "$(polls 9 100)")"
tasks 2
hold "select from genhook.tasks where task_id = 't1' for update"
same "a task that is being finished is passed over" t2 "$(others "$(polls 9 100)")"
release "update genhook.tasks set status = 'failed', finished_at = now(), source = 'callback' where task_id = 't1'"
sql "$(polls 9 100)" >/dev/null
same "what has ended is not claimed" 0 "$(sql "select polls from genhook.tasks where task_id = 't1'")"
same "nor made due again" 1 "$(sql "select genhook.release_polls('novita', '{t1,t2}')")"
same "what was claimed and not asked is due again, uncounted" '0 t' "$(sql "select polls || ' ' || (next_poll_at <= now())::text from genhook.tasks where task_id = 't2'" | sed 's/true/t/')"

# --- "no such task" is believed at the third in a row
tasks 1
note()	{ sql "select genhook.note_poll('novita', 't1', '$1', '$1', null)"; }
for answer in not_found not_found pending not_found error not_found; do
	same "$answer: pending" pending "$(note "$answer")"
done
same "the third in a row, whatever broke between: lost" lost "$(note not_found)"
same "by name" 'lost not_found' "$(sql "select status || ' ' || error_code from genhook.tasks")"
same "nothing is noted of a task that has ended" '' "$(note pending)"
tasks 1
sql "update genhook.tasks set next_poll_at = now() + interval '1 hour'"
sql "select genhook.note_poll('novita', 't1', 'pending', null, '1 minute')" >/dev/null
same "a note makes no poll earlier" t "$(sql "select next_poll_at > now() + interval '50 minutes' from genhook.tasks")"
sql "select genhook.note_poll('novita', 't1', 'error', null, '3 hours')" >/dev/null
same "and waits as long as it was asked" t "$(sql "select next_poll_at > now() + interval '170 minutes' from genhook.tasks")"

# --- what is given up
tasks 3
sql "update genhook.tasks set polls = 1 where task_id <> 't1'; update genhook.tasks set submitted_at = now() where task_id = 't2'"
give_up="select task_id from genhook.give_up_tasks('novita', 'default', '10 minutes')"
hold "select from genhook.tasks where task_id = 't3' for update"
same "given up: none that a callback is at" '' "$(others "$give_up")"
release
same "but what was asked for and is old" t3 "$(others "$give_up")"

# --- requests
requests()	# COUNT
{
	clear_all
	sql "insert into genhook.requests (provider, model, request) select 'novita', 'm', '{}' from generate_series(1, $1);
	    insert into genhook.accounts (provider, account) values ('novita', 'default')" >/dev/null
	first=$(sql "select min(id) from genhook.requests")
}
send()		{ echo "select id - $first from genhook.claim_requests('novita', 'default', '$1', '1 minute', $2, null, ${3:-100})"; }
request()	{ sql "select concat_ws(' ', status, sender, attempts) from genhook.requests where id = $first"; }
finish_by()	{ echo "select genhook.finish_request($first, '$1', '$2', $3)"; }
requests 2
hold "select from genhook.cancel_requests($first)"
same "a request that is being withdrawn is passed over" 1 "$(others "$(send one 5)")"
release
same "it stays withdrawn" 'refused 0' "$(request)"
requests_wait()
{
	requests 3
	hold "$(send one 1 1)"
	waits_for "$(send two 1 1)"
	release
	wait "$WAITING"
}
in_one_minute requests_wait
same "who waited for the budget of requests finds it spent" '' "$(cat "$WORK/waited")"
requests_beside()
{
	requests 3
	hold "$(send one 1)"
	got=("$(others "$(send two 1)")" "$(others "select from genhook.cancel_requests($first)")")
	release
	got+=("$(others "$(send two 1)")" "$(others "$(send three 1 2)")")
}
in_one_minute requests_beside
same "the budget of requests is one sweep's at a time" 55P03 "${got[0]}"
same "what is being claimed is not withdrawn" '' "${got[1]}"
same "the next sweep claims the next" '1' "${got[2]}"
same "and no more than a minute may have" '' "${got[3]}"
same "a call whose answer was lost finds what it had claimed" 0 "$(others "$(send one 1)")"
same "once" 'sending one 1' "$(request)"
same "what is being sent is not withdrawn" '' "$(others "select id from genhook.cancel_requests($first)")"
same "nor sent again" '' "$(others "select id from genhook.requeue_requests($first)")"
same "nor unknown before its lease is over" '' "$(others "select id from genhook.expire_requests()")"
sql "update genhook.requests set leased_until = now() - interval '1 s' where id = $first"
hold "select from genhook.requests where id = $first for update"
same "nor while its answer is being written" '' "$(others "select id - $first from genhook.expire_requests()")"
release
same "then it is, and no other" 0 "$(others "select id - $first from genhook.expire_requests()")"
same "unknown" 'unknown one 1' "$(request)"
same "who sent nothing does not settle it" unknown "$(others "$(finish_by two refused null)")"
same "it is as it was" 'unknown one 1' "$(request)"
same "a late answer does" submitted "$(others "$(finish_by one submitted "'late'")")"
same "and its task is registered" 'novita late pending' "$(sql "select concat_ws(' ', provider, task_id, status) from genhook.tasks")"
same "another answer changes nothing" submitted "$(others "$(finish_by one submitted "'later'")")"
same "but its task is there: it is paid for" 'late later' "$(sql "select string_agg(task_id, ' ' order by task_id) from genhook.tasks")"
same "the request has its task" late "$(sql "select task_id from genhook.requests where id = $first")"
requests 1
sql "$(send one 1)" >/dev/null
sql "update genhook.requests set leased_until = now() - interval '1 s'"
same "with an Idempotency-Key it is sent again" queued "$(others "select status from genhook.expire_requests(null, null, true)")"
requests 2
sql "update genhook.accounts set trouble = 'down', troubles = 1, trouble_since = now(), not_before = now() - interval '1 s'"
same "of an account in trouble one request goes first" 0 "$(others "$(send one 5)")"
same "and no other" '' "$(others "$(send two 5)")"
requests 1
sql "update genhook.accounts set not_before = now() + interval '1 minute'"
same "a paused account sends nothing" '' "$(others "$(send one 5)")"
requests 1
sql "select genhook.identify_database()" >/dev/null
sql "update genhook.identity set doubt = 'behind', doubt_since = now(), doubt_words = 'w'"
same "nor does a database that may be a copy" '' "$(others "$(send one 5)")"
sql "update genhook.identity set doubt = null, doubt_since = null, doubt_words = null"
requests 1
same "a withdrawn request stays" '' "$(sql "select from genhook.cancel_requests($first)"; others "select id from genhook.requeue_requests(null, 'novita')")"

# --- replays, and the bodies that they need
old='2020-01-15T00:00:00Z'
delivery()	{ printf '[{"id":"00000000-0000-4000-8000-00000000000%d","task":"r%d","outcome":"%s","status":"succeeded","at":"%s"}]' "$1" "$1" "$2" "$old"; }
clear_all
sql "select genhook.retain_deliveries(36500)" >/dev/null
for n in 1 2; do
	sql "select test.receive('$(delivery $n accepted)')" >/dev/null
	sql "update genhook.tasks set result = '{}' where task_id = 'r$n'"
done
sql "insert into genhook.replays (received_at, id, named) select received_at, id, true from genhook.deliveries"
replays()	{ echo "select right(id::text, 1) from genhook.claim_replays('$1', '1 minute', $2) order by 1"; }
hold "$(replays one 1)"
same "a replay that another claims is passed over" 2 "$(others "$(replays two 5)")"
release
same "and then is nobody else's" '' "$(others "$(replays three 5)")"
replay_ids="(select array_agg(replay_id order by id) from genhook.replays)"
same "whoever lost the lease ends no replay" 1 "$(others "select genhook.finish_replays('one', $replay_ids, '{ignored,ignored}', '{a,b}')")"
sql "update genhook.marks set at = '2019-01-01' where name = 'bodies'"
trim="select genhook.trim_bodies(now())"
same "the body of a finished task goes" 1 "$(others "$trim")"
same "one whose replay waits stays" 2 "$(sql "select right(id::text, 1) from genhook.deliveries where body is not null")"
clear_all
sql "select test.receive('$(delivery 3 stale)')" >/dev/null
sql "update genhook.marks set at = '2019-01-01' where name = 'bodies'"
same "as does that of a task that has not ended" 0 "$(others "$trim")"

clear_all
sql "select test.receive('$(delivery 4 unparsed)')" >/dev/null
sql "update genhook.tasks set status = 'failed', finished_at = now(), source = 'poll', next_poll_at = null, result = '{}'"
sql "update genhook.marks set at = '2019-01-01' where name = 'bodies'"
same "and of one that nobody has understood" 0 "$(others "$trim")"

# --- a month that is dropped
month()
{
	clear_all
	sql "set client_min_messages = warning; drop table if exists genhook.deliveries_2020_01"
	sql "create table genhook.deliveries_2020_01 partition of genhook.deliveries for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')"
}
there()	{ sql "select string_agg(task_id, ' ' order by task_id) from genhook.deliveries where task_id like 'r%'"; }
month
sql "select test.receive('$(delivery 1 unparsed)'), test.receive('$(delivery 2 ignored)'), test.receive('$(delivery 3 stale)')" >/dev/null
sql "update genhook.tasks set status = 'failed', finished_at = now(), source = 'poll', next_poll_at = null where task_id in ('r1', 'r2')"
hold "select test.receive('$(delivery 4 unparsed)')"
same "a month that is written to is not dropped" f "$(others "select genhook.drop_month('deliveries_2020_01')")"
release
same "what was written is there" 'r1 r2 r3 r4' "$(there)"
same "then it is" t "$(others "select genhook.drop_month('deliveries_2020_01')")"
same "but for what nobody understood, and what is pending" 'r1 r3 r4' "$(there)"
# One that already writes to the table writes to the month too, once what is to
# stay is known: what it has committed is there.
month
sql "create table test.committed (n integer)"
super "alter function genhook.drop_month(text) set lock_timeout = '30s'" >/dev/null
hold "lock table only genhook.deliveries in row exclusive mode"
waits_for "select genhook.drop_month('deliveries_2020_01')"
release "select test.receive('$(delivery 5 unparsed)'); insert into test.committed values (1)" 2>/dev/null
wait "$WAITING"
same "a month takes nothing with it that came meanwhile" "$(sql 'select count(*) from test.committed')" \
    "$(sql "select count(*) from genhook.deliveries where task_id = 'r5'")"

# Nor does a month go that nobody has counted: another sweep is at it.
month
sql "update genhook.marks set at = '2019-12-01' where name = 'traffic'"
hold "select from genhook.marks where name = 'traffic' for update"
same "a month that is being counted is not dropped" '' "$(others "select genhook.retain_deliveries(30)" | grep -o 'deliveries_2020_01')"
release
same "then it is" deliveries_2020_01 "$(others "select genhook.retain_deliveries(30)" | grep -o 'deliveries_2020_01')"

# --- a crash of the server
outputs 1
# What no commit waits for is written by the WAL writer: not before the crash.
psql -XqAt -U postgres -c "alter system set wal_writer_delay = '10s'" -c "select pg_reload_conf()" >/dev/null
writer_sleeps()	{ [ "$(sql 'show wal_writer_delay')" = 10s ]; }
check "the WAL's writer sleeps" soon 30 writer_sleeps
sleep 1
sql "reset synchronous_commit; $(claim mine 1)" >/dev/null
sql "set synchronous_commit = off; create table test.forgotten ()" >/dev/null
server=$("$TOP/deploy/postgres" pid "$RUN_DIR")
kill -KILL "$server"
check "the server is gone" soon 30 gone "$server"
database start
session AFTER
same "it forgot what nobody waited for" '' "$(ask AFTER "select to_regclass('test.forgotten')")"
same "but no lease" 'pending mine 1 leased' "$(ask AFTER "select concat_ws(' ', status, lease_owner, attempts, case when leased_until > now() then 'leased' end) from genhook.outputs")"
finish
