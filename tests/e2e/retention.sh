#!/bin/bash
# What is kept and for how long: nothing unfinished is ever dropped, finished
# tasks' bodies go first, forgers fill no disk.  And the schema: what differs
# from what the migrations left is found and named.
. "$(dirname -- "$0")/lib.sh"
run_start run

# delivery TASK AGE OUTCOME [BODY]: received so long ago.
delivery()
{
	sql "insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict, body, body_digest)
	    values (gen_random_uuid(), now() - interval '$2', 'apimart', '$1', 'default', 'callback', '$3', 'token', '${4:-{\}}', sha256('${4:-{\}}'))"
}
task()		# ID STATUS RESULT
{
	sql "insert into genhook.tasks (provider, task_id, status, source, submitted_at, finished_at, result)
	    values ('apimart', '$1', '$2', case '$2' when 'pending' then null else 'callback' end, now() - interval '1 year',
	        case '$2' when 'pending' then null::timestamptz else now() - interval '1 year' end, $3)"
}
month()		# AGE: the partition of then, which may have to be made
{
	sql "select format('create table if not exists genhook.%I partition of genhook.deliveries for values from (%L) to (%L)', 'deliveries_' || to_char(m, 'YYYY_MM'), m, m + interval '1 month')
	    from (select date_trunc('month', now() - interval '$1')) as d(m) where to_regclass('genhook.deliveries_' || to_char(m, 'YYYY_MM')) is null" | psql -XqAt -v ON_ERROR_STOP=1
	sql "select 'deliveries_' || to_char(now() - interval '$1', 'YYYY_MM')"
}
retain()	{ sql "set role genhook_sweeper; select genhook.retain_deliveries($1)"; }
kept()		{ sql "select string_agg(task_id, ',' order by task_id) from genhook.deliveries where task_id like '$1%'"; }
bodies()	{ sql "select string_agg(task_id, ',' order by task_id) from genhook.deliveries where task_id like '$1%' and body is not null"; }

# --- bodies before rows
task trim-finished succeeded "'{}'"
task trim-failed failed "'{}'"
task trim-pending pending null
task trim-lost lost null
task trim-unread succeeded null
for id in finished failed pending lost unread nobody; do
	delivery "trim-$id" '20 days' accepted
done
delivery trim-odd '20 days' unparsed
delivery trim-finished '10 days' duplicate 'younger'
sql "insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict, body)
    select gen_random_uuid(), now() - interval '25 days' + n * interval '1 s', 'apimart', 'trim-finished', 'default', 'callback', 'duplicate', 'token', 'x' from generate_series(1, 5000) n"
retain 30 >/dev/null
same "after half of the time: bodies of finished tasks alone, whose results are kept" \
    trim-finished,trim-lost,trim-nobody,trim-odd,trim-pending,trim-unread "$(bodies trim-)"
same "a young one stays" 1 "$(sql "select count(*) from genhook.deliveries where task_id = 'trim-finished' and body is not null")"
same "every row stays" 5008 "$(sql "select count(*) from genhook.deliveries where task_id like 'trim-%'")"
sql "update genhook.tasks set status = 'failed', result = '{}', finished_at = now(), source = 'poll' where task_id = 'trim-pending'; update genhook.marks set at = '-infinity' where name = 'bodies'"
for _ in 1 2 3 4; do printf '%s\0' "set role genhook_sweeper; select genhook.retain_deliveries(30)"; done |
    xargs -0 -P 4 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/retains" 2>&1
same "four at once: no error" '' "$(grep -i error "$WORK/retains")"
same "finished meanwhile, and looked at again: its body goes" trim-finished,trim-lost,trim-nobody,trim-odd,trim-unread "$(bodies trim-)"

# --- months
old=$(month '100 days')
older=$(month '150 days')
task drop-pending pending null
task drop-finished succeeded "'{}'"
for id in drop-pending drop-finished drop-unknown; do
	delivery "$id" '100 days' accepted
done
delivery drop-odd '100 days' unparsed 'once'
delivery drop-asked '100 days' rejected 'again'
delivery drop-old '150 days' accepted
delivery drop-replayed '100 days' unparsed 'known'
sql "insert into genhook.replays (received_at, id, finished_at, outcome) select received_at, id, now(), 'accepted' from genhook.deliveries where task_id = 'drop-replayed'"
sql "select from genhook.replay_deliveries(p_outcome => 'rejected')"
before=$(sql "select md5(string_agg(d::text, ',' order by id)) from genhook.deliveries d where task_id in ('drop-pending', 'drop-odd', 'drop-asked')")
hold "lock table genhook.$older in access share mode"
retain 30 >"$WORK/retain"
same "a month in use is left alone, and nobody waits" '' "$(cat "$WORK/retain")"
release
same "the oldest month goes" "$older" "$(retain 30)"
same "then the next one" "$old" "$(retain 30)"
same "and no more" '' "$(retain 30)"
same "nothing unfinished is gone, and all else is" drop-asked,drop-odd,drop-pending "$(kept drop-)"
same "each as it was" "$before" "$(sql "select md5(string_agg(d::text, ',' order by id)) from genhook.deliveries d where task_id in ('drop-pending', 'drop-odd', 'drop-asked')")"
same "they wait in the default partition" 3 "$(sql "select count(*) from genhook.deliveries_default where task_id like 'drop-%'")"
sql "update genhook.tasks set status = 'succeeded', result = '{}', finished_at = now(), source = 'poll', next_poll_at = null where task_id = 'drop-pending'"
sql "update genhook.replays set finished_at = now(), outcome = 'accepted' where finished_at is null"
retain 30 >/dev/null
same "once they are finished they go" drop-odd "$(kept drop-)"
sql "insert into genhook.replays (received_at, id, finished_at, outcome) select received_at, id, now(), 'duplicate' from genhook.deliveries where task_id = 'drop-odd'"
retain 30 >/dev/null
same "also the one that nobody had understood" '' "$(kept drop-)"

# A callback of an old month while its partition is dropped: stored, whatever comes first.
month '100 days' >/dev/null
for n in {1..20}; do
	printf '%s\0' "insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict) values (gen_random_uuid(), now() - interval '100 days', 'apimart', 'late-$n', 'default', 'callback', 'unparsed', 'token')"
	[ $((n % 5)) -gt 0 ] || printf '%s\0' "set role genhook_sweeper; select genhook.retain_deliveries(30)"
done | xargs -0 -P 6 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/late" 2>&1
same "late ones while a month goes: no error" '' "$(grep -i error "$WORK/late")"
retain 30 >/dev/null
same "none is lost" 20 "$(sql "select count(*) from genhook.deliveries where task_id like 'late-%'")"

# --- forgers
sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, body)
    select gen_random_uuid(), now() - n * interval '1 s', 'wavespeed', 'default', 'callback', 'unverified', 'failed', repeat('x', 100)::bytea from generate_series(1, 6000) n"
retain 30 >/dev/null
same "5,000 forged ones are kept, the newest" '5000 t' "$(sql "select count(*) || ' ' || (case when min(received_at) > now() - interval '5200 s' then 't' end) from genhook.deliveries where outcome = 'unverified'")"
sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, body)
    select gen_random_uuid(), now() - interval '20 s', 'wavespeed', 'default', 'callback', 'unverified', 'failed', repeat(md5(n::text), 2048)::bytea from generate_series(1, 1100) n"
retain 30 >/dev/null
check "and 64 MiB of them" test "$(sql "select sum(octet_length(body)) from genhook.deliveries where outcome = 'unverified'")" -le 67108864
check "but most of that" test "$(sql "select sum(octet_length(body)) from genhook.deliveries where outcome = 'unverified'")" -ge 67000000
sql "update genhook.deliveries set received_at = now() - interval '8 days' where outcome = 'unverified'" 
retain 30 >/dev/null
same "none for longer than a week" 0 "$(sql "select count(*) from genhook.deliveries where outcome = 'unverified'")"

# --- rows that only count
sql "insert into genhook.sweeps (started, host, pid) values (now() - interval '31 days', 'gone', 1), (now() - interval '29 days', 'there', 1);
    insert into genhook.hours values (now() - interval '32 days', 'apimart', 'default', 'poll', 'accepted', 1, now()), (now() - interval '30 days', 'apimart', 'default', 'poll', 'accepted', 1, now())"
retain 30 >/dev/null
same "old sweeps and hours go" 'there 1' "$(sql "select (select string_agg(host, ',') from genhook.sweeps) || ' ' || (select count(*) from genhook.hours where deliveries = 1 and hour < now() - interval '29 days')")"

# --- drift
drift()	{ "$BIN/genhook" --config "$GENHOOK_CONF" migrate --check >"$WORK/drift.out" 2>&1; }
check "the schema is as it was made" drift
like "it says so" 'as it was made' "$(cat "$WORK/drift.out")"
while IFS='|' read -r change words undo; do
	sql "$change"
	fails "seen: $change" drift
	like "named" "$words" "$(cat "$WORK/drift.out")"
	same "one difference" 1 "$(grep -c . <(grep -v '^genhook: ' "$WORK/drift.out"))"
	sql "$undo"
	check "undone" drift
done <<'CHANGES'
alter table genhook.tasks alter column model set default 'm'|column tasks.model is not as it was made|alter table genhook.tasks alter column model drop default
alter index genhook.tasks_due rename to kept|index genhook.tasks_due is missing|alter index genhook.kept rename to tasks_due
comment on view genhook.traffic is 'mine'|view traffic is not as it was made|comment on view genhook.traffic is 'How many deliveries came in each hour, by provider, account, source and outcome. What waited in the spool for longer than a minute is not in it.'
create table genhook.mine ()|table mine is none of genhook's|drop table genhook.mine
grant select on genhook.tasks to genhook_receiver|grants tasks is not as it was made|revoke select on genhook.tasks from genhook_receiver
grant execute on function genhook.cancel_tasks to public|grants cancel_tasks\(p_provider text, p_task_id text\) is|revoke execute on function genhook.cancel_tasks from public
alter function genhook.count_traffic() reset jit; alter function genhook.count_traffic() set work_mem = '8MB'|function count_traffic\(\) is not as it was made|alter function genhook.count_traffic() reset work_mem
alter table genhook.tasks disable trigger tasks_delete_outputs|trigger tasks.tasks_delete_outputs is not|alter table genhook.tasks enable trigger tasks_delete_outputs
comment on column genhook.traffic.hour is 'mine'|view traffic is not as it was made|comment on column genhook.traffic.hour is 'The hour''s beginning.'
alter view genhook.traffic set (security_barrier)|view traffic is not as it was made|alter view genhook.traffic reset (security_barrier)
create or replace view genhook.pending_tasks as select provider, task_id, account, model, submitted_at, date_trunc('second', now() - submitted_at) as waiting, polls, next_poll_at, last_poll_error from genhook.tasks where status = 'pending' order by polls|view pending_tasks is not as it was made|create or replace view genhook.pending_tasks as select tasks.provider, tasks.task_id, account, model, submitted_at, date_trunc('second', now() - submitted_at) as waiting, polls, next_poll_at, last_poll_error from genhook.tasks where tasks.status = 'pending' order by submitted_at
alter type genhook.task_state alter attribute error_code set data type varchar|type task_state is not as it was made|alter type genhook.task_state alter attribute error_code set data type text
alter domain genhook.sha256_hex drop constraint sha256_hex_check; alter domain genhook.sha256_hex add constraint sha256_hex_check check (value ~ '^[0-9a-f]{64}$') not valid|constraint sha256_hex.sha256_hex_check \(not valid\) is none of|alter domain genhook.sha256_hex validate constraint sha256_hex_check
alter domain genhook.sha256_hex drop constraint sha256_hex_check|constraint sha256_hex.sha256_hex_check is missing|alter domain genhook.sha256_hex add check (value ~ '^[0-9a-f]{64}$')
CHANGES
sql "create index mine on genhook.tasks (model)"
check "an index of one's own is no harm" drift
"$BIN/genhook" --config "$GENHOOK_CONF" migrate >/dev/null
check "migrating again changes nothing" drift
sql "update genhook.objects set name = 'PostgreSQL 9' where kind = 'server'"
fails "recorded under another server" drift
"$BIN/genhook" --config "$GENHOOK_CONF" migrate >/dev/null
check "recorded anew" drift
sql "update genhook.migrations set version = 25 where version = 26"
fails "a file that is missing" drift
like "is named" 'migration 026_baseline has not been applied' "$(cat "$WORK/drift.out")"
sql "update genhook.migrations set version = 26 where version = 25"
sql "update genhook.objects set digest = translate(digest, '0123456789', '1234567890') where kind = 'files'"
fails "functions of another commit" drift
like "are named" 'functions, views and grants are not those of this program' "$(cat "$WORK/drift.out")"
sql "update genhook.objects set digest = translate(digest, '1234567890', '0123456789') where kind = 'files'"
check "those of this one are not" drift
same "a reader may look, too" 0 "$(sql "set role genhook_reader; select count(*) from genhook.schema_drift()")"
finish
