#!/bin/bash
# What an operator sees at a glance: traffic, account_health, provider_health
# and attention, over callbacks that come, that come late, and that stop.
. "$(dirname -- "$0")/lib.sh"
run_start run
id=0

# deliveries COUNT AGE SOURCE OUTCOME [ACCOUNT] [TASKS]: as if they had come
# then, for tasks of the source's own name, or so named.
deliveries()
{
	sql "insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict)
	    select gen_random_uuid(), now() - interval '$2', 'apimart', '${6:-$3}-' || n, '${5:-default}', '$3', '$4', 'token'
	    from generate_series(1, $1) as n"
}
# tasks COUNT AGE STATUS SOURCE [ACCOUNT]: submitted so long ago.
tasks()
{
	id=$((id + 1))
	sql "insert into genhook.tasks (provider, task_id, account, status, source, submitted_at, finished_at)
	    select 'apimart', 't-$id-' || n, '${5:-default}', '$3', nullif('$4', ''), now() - interval '$2',
	        case '$3' when 'pending' then null::timestamptz else now() - interval '$2' / 2 end
	    from generate_series(1, $1) as n"
}
health()	{ sql "select $1 from genhook.provider_health where provider = '${2:-apimart}'"; }
account()	{ sql "select $1 from genhook.account_health where provider = 'apimart' and account = '${2:-default}'"; }
quiet()		{ sql "select count(*) from genhook.attention where reason = 'went quiet'"; }
count()		{ sql "select genhook.count_traffic()" >/dev/null; }

same "nothing yet: no row" 0 "$(sql "select count(*) from genhook.provider_health")"
sweep
same "each account that a sweep knows" 'apimart,apixo,novita,wavespeed' \
    "$(sql "select string_agg(provider, ',' order by provider) from genhook.provider_health")"

# The tests' deliveries are older than what the sweep has counted.
recount()	{ sql "delete from genhook.hours; update genhook.marks set at = now() - interval '1 day'"; }

# --- counted at once, and counted by the sweep: the same
recount
deliveries 6 '30 minutes' callback accepted
deliveries 2 '20 minutes' poll accepted
deliveries 3 '10 minutes' callback duplicate
deliveries 1 '2 s' callback accepted
deliveries 5 '1 minute' callback unverified
before=$(sql "select * from genhook.traffic order by 1, 2, 3, 4, 5")
same "the share by polling" '7|2|22.2' "$(health 'finished_by_callback, finished_by_poll, percent_by_poll')"
same "the last callback is not a forged one" t "$(health "last_callback between now() - interval '1 minute' and now()")"
recount
for _ in 1 2 3 4; do printf '%s\0' "select genhook.count_traffic()"; done |
    xargs -0 -P 4 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/counts" 2>&1
same "counted by several at once: no error" '' "$(grep -i error "$WORK/counts")"
same "counted once: the same" "$before" "$(sql "select * from genhook.traffic order by 1, 2, 3, 4, 5")"
same "counted: the same share" '7|2|22.2' "$(health 'finished_by_callback, finished_by_poll, percent_by_poll')"
# Counting stops after a second, and the next one goes on.
up_to_now()	{ count && is t sql "select at > now() - interval '1 hour' from genhook.marks where name = 'traffic'"; }
check "it comes up to now" soon 30 up_to_now
same "most of it from hours" t "$(sql "select n >= 16 and n = (select count(*) from genhook.deliveries where received_at <= (select at from genhook.marks where name = 'traffic'))
    from (select sum(deliveries) as n from genhook.hours) as h")"
same "again: the same" "$before" "$(sql "select * from genhook.traffic order by 1, 2, 3, 4, 5")"
deliveries 1 '40 days' callback accepted
same "after a long pause the day before counts, and no more" "$before" \
    "$(sql "update genhook.marks set at = now() - interval '60 days'; delete from genhook.hours" && count && sql "select * from genhook.traffic order by 1, 2, 3, 4, 5")"
check "and the mark comes to now" soon 30 up_to_now

# --- trust = requery: a callback comes, and the poll that it leads to finishes
# the task; four tasks so, and one that no callback came for
deliveries 4 '30 minutes' callback accepted asked asked
deliveries 4 '29 minutes' poll accepted asked asked
deliveries 1 '28 minutes' poll accepted asked
recount
same "requery: not yet counted, the share is of those without a callback" '4|1' "$(account 'finished_by_callback, finished_by_poll' asked)"
count
deliveries 1 '1 s' callback accepted asked late
deliveries 1 '0 s' poll accepted asked late
same "partly counted" '5|1' "$(account 'finished_by_callback, finished_by_poll' asked)"
same "traffic has every delivery" '5|6' \
    "$(sql "select sum(deliveries) filter (where source = 'callback'), sum(deliveries) filter (where source = 'poll') from genhook.traffic where account = 'asked'" )"
sql "delete from genhook.deliveries where account = 'asked'"
recount

# --- what is due
tasks 1 '50 minutes' pending ''
tasks 1 '5 minutes' pending ''
sql "insert into genhook.outputs (provider, task_id, position, kind, url, next_attempt_at, expires_at, expires_source)
    values ('apimart', 'o', 0, 'image', 'https://127.0.0.1/', now() - interval '3 minutes', now() + interval '1 hour', 'field'),
    ('apimart', 'o', 1, 'image', 'https://127.0.0.1/', now() - interval '2 minutes', now() + interval '30 minutes', 'field')"
sql "insert into genhook.outputs (provider, task_id, position, status, kind, url, expires_at, expires_source) values ('apimart', 'o', 2, 'expired', 'image', 'https://127.0.0.1/', now(), 'field')"
same "due: the oldest of each, how many, the soonest end, links lost" '00:50:00|00:03:00|2|2|00:30:00|1' \
    "$(health "date_trunc('minute', now() - oldest_due_poll), date_trunc('minute', now() - oldest_due_output), pending_tasks, pending_outputs, date_trunc('minute', soonest_expiry - now() + interval '50 s'), links_lost")"

# --- callbacks stop, though submissions go on
sql "truncate genhook.tasks; delete from genhook.deliveries"
recount
deliveries 20 '5 hours' callback accepted
tasks 20 '6 hours' succeeded callback
same "all well: nobody is quiet" 'f|0' "$(account 'went_quiet, unanswered')"
tasks 2 '3 hours' succeeded poll
same "two lost ones: not yet" 'f|2' "$(account 'went_quiet, unanswered')"
tasks 5 '20 minutes' pending ''
same "young ones do not count" 'f|2' "$(account 'went_quiet, unanswered')"
tasks 4 '4 hours' cancelled poll
same "cancelled ones do not count" 'f|2' "$(account 'went_quiet, unanswered')"
tasks 1 '90 minutes' pending ''
same "a third one: quiet" 't|3' "$(account 'went_quiet, unanswered')"
same "the provider says so" 't|3' "$(health 'went_quiet, unanswered')"
count
same "also once it is counted" 't|3' "$(health 'went_quiet, unanswered')"
same "attention says so" 1 "$(quiet)"
same "its cure shows the tasks" 8 "$(sql "$(sql "select cure from genhook.attention where reason = 'went quiet'")" | grep -vc cancelled)"
deliveries 1 '2 s' callback ignored
same "any callback ends it" '0 f|0' "$(quiet) $(account 'went_quiet, unanswered')"
tasks 9 '2 hours' succeeded poll silent
deliveries 1 '2 s' poll accepted silent
same "who never called is not quiet now" 'f|0|' "$(account 'went_quiet, unanswered, last_callback' silent)"
deliveries 1 '1 s' callback unverified silent
same "a forged callback is none" '' "$(account last_callback silent)"
sql "select genhook.pause_account('apimart', 'default', '1 hour', 'slow down')" >/dev/null
same "an account that is to be left alone" 'slow down t' "$(account "paused_because || ' ' || (case when paused_until > now() then 't' end)")"

# --- plans: made while the tables are large, whatever they were made for
sql "truncate genhook.tasks, genhook.outputs; delete from genhook.deliveries"
recount
sql "insert into genhook.tasks (provider, task_id, status, source, submitted_at, finished_at, result)
    select (array['apimart', 'apixo', 'novita', 'wavespeed'])[n % 4 + 1], 'big-' || n, 'succeeded', case n % 50 when 0 then 'poll' else 'callback' end,
        now() - n * interval '10 s', now() - n * interval '10 s', '{}' from generate_series(1, 100000) as n;
    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, stored_at)
    select provider, task_id, 0, 'stored', 'image', 'https://127.0.0.1/', 'file:///x', 1, repeat('a', 64), now() from genhook.tasks;
    insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict)
    select gen_random_uuid(), finished_at, provider, task_id, account, source, 'accepted', 'token' from genhook.tasks;
    analyze genhook.tasks, genhook.outputs, genhook.deliveries"
count
sql "select relname from pg_class where relnamespace = 'genhook'::regnamespace and relkind = 'r' and reltuples > 1000" >"$WORK/large"
same "there are large tables" 3 "$(sed 's/_.*//' "$WORK/large" | sort -u | wc -l)"
for view in provider_health account_health attention traffic pending_tasks due_outputs; do
	same "$view scans no large table" '' \
	    "$(sql "explain select * from genhook.$view" | sed -n 's/.*Seq Scan on \([a-z0-9_]*\).*/\1/p' | grep -xFf "$WORK/large")"
done
# The functions, by what the server has counted.
scans()	{ sql "select string_agg(relname || ' ' || seq_scan, ',' order by relname) from pg_stat_user_tables where schemaname = 'genhook' and relname in (select unnest(string_to_array('$(tr '\n' ' ' <"$WORK/large")', ' ')))"; }
# A session's counts are all there when it is gone.
alone()	{ is 0 super "select count(*) from pg_stat_activity where datname = current_database() and usename <> 'genhook_hook' and pid <> pg_backend_pid()"; }
check "the sessions before are gone" soon 30 alone
before=$(scans)
for call in "retry_outputs('apixo')" "retry_outputs('apixo', 'big-1')" "retry_outputs()" "repoll_tasks('apixo', 'big-1')" "repoll_tasks()" \
    "cancel_tasks('apixo', 'big-1')" "replay_deliveries()" "retain_deliveries(30)" "count_traffic()" "claim_replays('me', '1 s', 1)" \
    "unfinished_deliveries('-infinity', 'infinity')" "claim_polls('apixo', 'default', '1 s', '1 s', 1)" \
    "give_up_tasks('apixo', 'default', '1 s')"; do
	for _ in 1 2 3 4 5 6; do printf 'select count(*) from genhook.%s;\n' "$call"; done
done | psql -XqAt -v ON_ERROR_STOP=1 >/dev/null
check "and so is this one" soon 30 alone
same "no function scans one, though called six times in a session" "$before" "$(scans)"
# The lists of the command: of each status, though few rows or none have it.
before=$(scans)
for list in tasks outputs; do
	for status in pending succeeded failed cancelled lost stored expired inline; do
		"$BIN/genhook" --config "$GENHOOK_CONF" "$list" --limit 5 $status >/dev/null 2>&1
	done
done
check "and these sessions" soon 30 alone
same "no list scans one" "$before" "$(scans)"
finish
