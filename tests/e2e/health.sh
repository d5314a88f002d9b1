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
same "each account that a sweep knows" "$(served_providers | sort | paste -sd ,)" \
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
all=$(sql "update genhook.marks set at = now() - interval '60 days'; delete from genhook.hours" && count && sql "select * from genhook.traffic order by 1, 2, 3, 4, 5")
same "after a long pause all of it counts" "$before" "$(tail -n +2 <<<"$all")"
same "what is old as well" 'apimart|default|callback|accepted|1' "$(head -n 1 <<<"$all" | cut -d '|' -f 2-6)"
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

sql "update genhook.outputs set given_up_at = now() - interval '25 hours' where position = 2"
same "links lost are those of a day, as the counts beside them" 0 "$(health links_lost)"
sql "update genhook.outputs set given_up_at = null, status = 'pending', next_attempt_at = now() where position = 2; select from genhook.claim_outputs('me', '1 minute', 9, 'apimart', 'o')"
sql "select genhook.fail_output('apimart', 'o', p, 'me', case p when 0 then 'failed' else 'pending' end, 'broken', '1 minute') from generate_series(0, 1) p" >/dev/null
same "when an output was given up is noted" '0' "$(sql "select string_agg(position::text, ',') from genhook.outputs where given_up_at = now() or given_up_at > now() - interval '1 minute'")"
same "and counted, though its link lives" 1 "$(health links_lost)"
same "a mock event loses nothing" 0 "$(sql "insert into genhook.tasks (provider, task_id, status, is_test, finished_at) values ('apimart', 'o', 'succeeded', true, now())"; health links_lost)"

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

# --- an account none of whose callbacks can be read
unread()	{ sql "select coalesce(string_agg(details, ';'), '') from genhook.attention where reason = 'callbacks unread' and provider = 'apimart'"; }
sql "truncate genhook.tasks; delete from genhook.deliveries"
recount
deliveries 2 '3 hours' callback unverified strict
deliveries 1 '2 hours' callback unparsed strict
same "callbacks that are unverified or unparsed, and no others" 't|3' "$(account 'none_read, unread' strict)"
like "a person is told" '"strict": 3 callbacks' "$(unread)"
count
like "also once they are counted" '"strict": 3 callbacks' "$(unread)"
deliveries 1 '5 s' callback duplicate strict
same "one that could be read ends it" 'f|3' "$(account 'none_read, unread' strict)"
deliveries 5 '1 hour' callback rejected broken
same "what is no JSON may be anybody's" '' "$(unread)"

# --- sweeps: late, hindered, killed; of each machine by itself
sql "truncate genhook.sweeps"
# runs HOST COUNT EVERY LAST [ERROR]: runs of that machine, the last so long ago.
runs()
{
	sql "insert into genhook.sweeps (host, pid, started, finished, heartbeat, error)
	    select '$1', n, now() - interval '$4' - n * interval '$3', now() - interval '$4' - n * interval '$3' + interval '1 s', now(), nullif('${5:-}', '')
	    from generate_series(0, $2 - 1) as n order by n desc"
}
sick()		{ sql "select string_agg(concat_ws(' ', reason, substring(details, 'on ([a-z]+)')), ',' order by reason, details) from genhook.attention where urgency = 1"; }
same "no sweep, no row" '' "$(sick)"
runs one 8 '1 minute' '9 minutes'
same "nine minutes are not late" '' "$(sick)"
runs two 8 '15 minutes' '50 minutes'
same "nor is an hour where that is usual" '' "$(sick)"
sql "truncate genhook.sweeps"
runs one 8 '1 minute' '11 minutes'
runs two 8 '15 minutes' '76 minutes'
same "what is late goes by what was usual" 'sweep stopped one,sweep stopped two' "$(sick)"
runs one 1 '1 minute' '10 s'
runs three 2 '1 minute' '3 hours'
same "one that runs again is not late; one that ran twice by hand is not missed" 'sweep stopped two' "$(sick)"
runs three 1 '1 minute' '1 s' 'no room'
same "the newest counts" 'sweep hindered three,sweep stopped two' "$(sick)"
sql "truncate genhook.sweeps"
runs one 4 '1 minute' '30 minutes'
runs one 3 '1 minute' '5 minutes' 'the key is refused'
same "what keeps a sweep from its work is shown" 'sweep hindered one' "$(sick)"
same "since the first run of which it is so" t "$(sql "select since between now() - interval '8 minutes' and now() - interval '6 minutes' from genhook.attention where urgency = 1")"
runs one 1 '1 minute' '10 s'
same "until one has done all" '' "$(sick)"
sql "truncate genhook.sweeps; insert into genhook.sweeps (host, pid, started, heartbeat) select 'one', n, now() - n * interval '1 minute', now() - n * interval '1 minute' from generate_series(6, 8) as n"
same "sweeps that are killed, one after the other" 'sweeps killed one' "$(sick)"
sql "truncate genhook.sweeps"

# --- accounts that the settings have no more
sql "truncate genhook.tasks, genhook.outputs, genhook.embedded, genhook.thumbs, genhook.requests, genhook.settings"
unknown()	{ sql "select string_agg(reason || ' ' || provider || ' ' || coalesce(task_id, '-') || ' ' || substring(details, '\"(\w+)\"'), ',' order by reason, provider, substring(details, '\"(\w+)\"')) from genhook.attention where reason in ('account unknown', 'request waits')"; }
note()		{ sql "select genhook.note_settings('$1', '/etc/genhook.conf', array[$2])" >/dev/null; }
sql "select genhook.register_task('novita', 'n-' || n, null, 'old') from generate_series(1, 3) as n;
    select genhook.register_task('apixo', 'x-1', 'm', 'mine'); select genhook.register_task('novita', 'm-1', null, 'other')" >/dev/null
sql "insert into genhook.requests (provider, model, account) values ('novita', 'txt2img', 'old')"
same "while no sweep has noted any, nobody knows yet" '' "$(unknown)"
note one "'novita new', 'apixo mine'"
note two "'novita other'"
same "an account that no machine has is shown at once, one row for its tasks" 'account unknown novita - old,request waits novita - old' "$(unknown)"
like "with the accounts that there are" 'only: new, other$' "$(sql "select details from genhook.attention where reason = 'account unknown'")"
note two "'novita new'"
same "one task alone is named" 'account unknown novita - old,account unknown novita m-1 other,request waits novita - old' "$(unknown)"
note two "'novita other'"
sql "update genhook.settings set noted_at = now() - interval '2 days' where host = 'two'"
same "a machine that is gone for a day counts no more" 'account unknown novita - old,account unknown novita m-1 other,request waits novita - old' "$(unknown)"
sql "insert into genhook.tasks (provider, task_id, account, status, finished_at) values ('novita', 'done', 'old', 'succeeded', now()), ('novita', 'open', 'old', 'succeeded', now()), ('novita', 'gone', 'old', 'lost', now());
    insert into genhook.outputs (provider, task_id, position, kind, url, next_attempt_at) values ('novita', 'open', 0, 'image', 'https://127.0.0.1/', now())"
same "the cure moves what waits to the account that there is" 'gone,n-1,n-2,n-3,open|1' \
    "$(sql "select string_agg(task_id, ',' order by task_id), count(request_id) from ($(sql "select cure from genhook.attention where reason = 'account unknown' and details like '%\"old\"%'")) as moved")"
same "and nothing is left of it" 'account unknown novita m-1 other' "$(unknown)"
same "what is done keeps its name" 'old' "$(sql "select account from genhook.tasks where task_id = 'done'")"

# --- attention: the most urgent first, and since when
sql "truncate genhook.tasks, genhook.outputs, genhook.embedded, genhook.thumbs, genhook.requests; delete from genhook.deliveries"
tasks 1 '3 hours' lost ''
tasks 1 '4 hours' pending '' gone
sql "update genhook.tasks set last_poll_error = 'x' where account = 'gone'"
deliveries 1 '20 minutes' callback unparsed
deliveries 1 '20 minutes' callback conflict
deliveries 1 '20 minutes' callback unverified other
sql "
    insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict, note) values (gen_random_uuid(), now(), 'apimart', 'odd', 'default', 'callback', 'accepted', 'token', 'one is no link')"
sql "insert into genhook.tasks (provider, task_id, status, finished_at) values ('apimart', 'o', 'succeeded', now() - interval '1 hour');
    insert into genhook.outputs (provider, task_id, position, status, kind, url, expires_at, expires_source) values
    ('apimart', 'o', 0, 'failed', 'image', 'https://127.0.0.1/', null, 'unknown'),
    ('apimart', 'o', 1, 'failed', 'image', 'https://127.0.0.1/', now() + interval '2 hours', 'field'),
    ('apimart', 'o', 2, 'failed', 'image', 'https://127.0.0.1/', now() + interval '1 hour', 'field'),
    ('apimart', 'o', 3, 'expired', 'image', 'https://127.0.0.1/', now() - interval '1 hour', 'field')"
sql "insert into genhook.requests (provider, model) values ('apixo', 'm'), ('apixo', 'm'), ('apixo', 'm');
    update genhook.requests set queued_at = now() - interval '1 hour';
    update genhook.requests set status = 'refused', attempts = 1, next_attempt_at = null, settled_at = now(), error = 'no' where id % 3 = 0;
    update genhook.requests set status = 'unknown', attempts = 1, sent_at = now(), next_attempt_at = null, settled_at = now(), error = 'cut' where id % 3 = 1"
runs one 1 '1 minute' '10 s' 'the archive is full'
note one "'apixo default', 'apimart default', 'apimart other'"
sql "select reason from genhook.attention" >"$WORK/attention"
for reason in 'sweep hindered' 'failed output 0' 'expired output 3' 'account unknown' 'unparsed delivery' 'callbacks unread' \
    'request of unknown fate' 'refused request' 'request waits' 'lost task' 'odd result' 'poll fails' 'conflict delivery' 'unverified delivery'; do
	check "attention has: $reason" grep -qx "$reason" "$WORK/attention"
done
same "each says of which account it is, but those of sweeps and applications" '' \
    "$(sql "select distinct reason from genhook.attention where account is null and reason not like 'sweep%' and reason not like 'forward %'")"
same "each has a since" 0 "$(sql "select count(*) from genhook.attention where since is null")"
same "what keeps all work from being done is first" 'sweep hindered' "$(head -n 1 "$WORK/attention")"
same "then what is lost soonest" 'failed output 2 failed output 1' "$(sed -n 2,3p "$WORK/attention" | xargs)"
check "what is over is last" grep -qE '^(expired output 3|(conflict|unverified) delivery)$' <(tail -n 1 "$WORK/attention")
same "in between by urgency" '' "$(diff <(sql "select urgency from genhook.attention") <(sql "select urgency from genhook.attention" | sort -n))"
same "every cure is a statement that can be run" '' "$(sql "select cure from genhook.attention" | while read -r cure; do sql "begin; $cure; rollback" 2>&1 >/dev/null; done)"
sql "truncate genhook.requests"

# --- plans: made while the tables are large, whatever they were made for
sql "truncate genhook.tasks, genhook.outputs, genhook.embedded, genhook.thumbs; delete from genhook.deliveries"
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
for view in provider_health account_health attention traffic pending_tasks due_outputs unknown_accounts lost_outputs sweep_health; do
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
    "give_up_tasks('apixo', 'default', '1 s')" "rename_account('apixo', 'default', 'other')"; do
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
