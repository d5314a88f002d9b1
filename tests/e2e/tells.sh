#!/bin/bash
# Locks, leases and fences of what is told, to applications and of findings: through
# psql alone, by two sessions.
. "$(dirname -- "$0")/lib/sessions.sh"

# --- events: what applications are told
events()	# COUNT: so many for the forward shop, each of a task of its own
{
	clear_all
	sql "delete from genhook.forwards; delete from genhook.forward_targets; delete from genhook.forward_checks"
	sql "insert into genhook.forward_targets (name, host, settings, types, accounts) values ('shop', 'here', 's', '{task.stored,task.failed}', '{}')"
	sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, source)
	    select 'novita', 't' || n, 'succeeded', now(), now(), 'callback' from generate_series(1, $1) as n;
	    insert into genhook.forwards (name, provider, task_id, type, happened_at, webhook_id)
	    select 'shop', 'novita', 't' || n, 'task.stored', now(), 'msg_' || n from generate_series(1, $1) as n" >/dev/null
	first=$(sql "select min(id) from genhook.forwards")
}
tell()		{ echo "select id - $first from genhook.claim_forwards('$1', '1 minute', '{shop}', '{$2}')"; }
told_by()	{ echo "select genhook.finish_forward($first, '$1', '$2', $3, 'words', ${4:-null})"; }
event()		{ sql "select concat_ws(' ', status, lease_owner, attempts, case when leased_until > now() then 'leased' end) from genhook.forwards where id = $first"; }
leases_end()	{ sql "update genhook.forwards set leased_until = now() - interval '1 s' where leased_until is not null"; }
events 3
hold "$(tell one 1)"
same "the events of a forward are one sweep's at a time" '' "$(others "$(tell two 5)")"
release
same "as long as it has one under a lease" '' "$(others "$(tell two 5)")"
same "it goes on itself" '1' "$(others "$(tell one 1)")"
leases_end
same "who died leaves its events to the next" '0 1 2' "$(others "$(tell two 5)")"
same "who lost the lease writes nothing" '' "$(others "$(told_by one sent 200)")"
same "the row is as it was" 'pending two 0 leased' "$(event)"
same "who has it does" sent "$(others "$(told_by two sent 200)")"
same "once" '' "$(others "$(told_by two retry 500)")"
same "what is sent stays so" 'sent 1' "$(event)"
events 1
sql "$(tell one 1)" >/dev/null
same "what was not tried to the end is given back" pending "$(others "$(told_by one release null)")"
same "uncounted" 'pending 0' "$(event)"
sql "insert into genhook.forwards (name, provider, task_id, type, happened_at, webhook_id) values ('shop', 'novita', 't1', 'task.failed', now(), 'msg_x')" >/dev/null
same "the events of a task go one after the other" 0 "$(others "$(tell one 5)")"
events 1
sql "$(tell one 1)" >/dev/null
same "a refusal is tried again" pending "$(others "$(told_by one retry 500 "'1 hour'")")"
same "not before the receiver wants it" t "$(sql "select next_attempt_at > now() + interval '50 minutes' from genhook.forwards")"
sql "update genhook.forwards set next_attempt_at = now()"
same "nor is any other told it meanwhile" '' "$(others "$(tell one 5)")"
sql "update genhook.forward_targets set not_before = '-infinity'; update genhook.forwards set attempts = 6"
sql "$(tell one 1)" >/dev/null
same "the seventh refusal is not the last" pending "$(others "$(told_by one retry 500)")"
sql "update genhook.forwards set next_attempt_at = now()"
sql "$(tell one 1)" >/dev/null
same "the eighth is" failed "$(others "$(told_by one retry 500)")"
events 1
sql "$(tell one 1)" >/dev/null
same "of a receiver that is gone" pending "$(others "$(told_by one gone 410)")"
same "nothing more is told" '' "$(others "$(tell one 5)")"
noted()		{ echo "select genhook.note_forwards('$1', '{shop}', '{$2}', '{\"task.stored,task.failed\"}', '{\"\"}')"; }
sql "$(noted there s)" >/dev/null
same "nor by another machine that has the same section" '' "$(others "$(tell one 5)")"
sql "select genhook.retry_forwards()" >/dev/null
sql "select genhook.retry_forwards('shop')" >/dev/null
same "nor when what was given up is told again" '' "$(others "$(tell one 5)")"
sql "select genhook.retry_forwards('shop', p_status => 'pending')" >/dev/null
same "until somebody asks for it" 0 "$(others "$(tell one 5)")"
same "who says it again" pending "$(others "$(told_by one gone 410)")"
sql "$(noted there other)" >/dev/null
same "or the section changes" 0 "$(others "$(tell one 5)")"
sql "$(told_by one retry 429 "'1 hour'"); $(noted here other)" >/dev/null
same "patience that was asked for is another machine's too" t "$(sql "select not_before > now() + interval '50 minutes' from genhook.forward_targets")"
events 1
sql "select genhook.identify_database()" >/dev/null
sql "update genhook.identity set doubt = 'behind', doubt_since = now(), doubt_words = 'w'"
same "a database that may be a copy tells nobody" '' "$(others "$(tell one 5)")"
sql "update genhook.identity set doubt = null, doubt_since = null, doubt_words = null"
events 1
sql "delete from genhook.forwards"
queue="select genhook.queue_task_forwards('{novita}', '{t1}', array[now()], '{t}')"
sql "update genhook.forward_targets set since = now() - interval '1 hour'"
same "what happened is an event" 1 "$(sql "$queue")"
same "found twice, it is one" '0 1' "$(sql "$queue; select count(*) from genhook.forwards" | xargs)"
sql "insert into genhook.outputs (provider, task_id, position, kind, url, next_attempt_at) values ('novita', 't1', 0, 'image', 'https://a/', now())" >/dev/null
sql "delete from genhook.forwards"
same "no task counts as stored that has a file to come" 0 "$(sql "$queue")"
sql "update genhook.outputs set status = 'failed', next_attempt_at = null, given_up_at = now(), last_error = 'w'" >/dev/null
same "nor one of which a file was given up" '1 task.failed' "$(sql "$queue; select type from genhook.forwards" | xargs)"
same "the sweep that looks is one" 1 "$(sql "select count(*) from genhook.forward_checks where task_id = 't1'")"
hold "select genhook.queue_forwards()"
same "another one passes over" f "$(others "select genhook.queue_forwards()")"
release
# What was in a spool for long came before the time from which is looked.
psql -Xq -v ON_ERROR_STOP=1 -f tests/e2e/lib/receive.sql
late()		{ sql "select test.receive(jsonb_build_array(jsonb_build_object('task', '$1', 'outcome', 'accepted', 'status', 'failed', 'at', now() - interval '$2')))" >/dev/null; }
sql "update genhook.forward_mark set looked_back = now(); select genhook.queue_forwards()" >/dev/null
for age in 10s 10min 50min; do
	late "late-$age" "$age"
	sql "select genhook.queue_forwards()" >/dev/null
	same "what came $age ago, and is stored now, is told once" '1 task.failed' "$(sql "select count(*), min(type) from genhook.forwards where task_id = 'late-$age'" | tr '|' ' ')"
done
sql "delete from genhook.forwards; delete from genhook.forward_targets; delete from genhook.forward_checks"

# --- alerts
alert()		{ echo "select state from genhook.note_alerts('test', '{$1}', '{${1:+r}}', '{${1:+null}}', '{${1:+null}}', '{${1:+d}}', '{${1:+c}}', '{${1:+f}}', true, '1 day', '0', '${2:-0}')"; }
told="select genhook.alerts_told('test', '{k}')"
same "a finding is news" new "$(sql "$(alert k)")"
same "to one that tells it" '' "$(others "$(alert k)")"
sql "update genhook.alerts set claimed_until = now() - interval '1 s'"
same "who did not is not the last" new "$(sql "$(alert k)")"
same "when it was told" 1 "$(sql "$told")"
same "it is no news" '' "$(sql "$(alert k)")"
sql "update genhook.alerts set told_at = now() - interval '2 days'"
same "for a day" reminder "$(sql "$(alert k)")"
sql "$told" >/dev/null
same "what is gone is well, but not at once" '' "$(sql "$(alert '' '5 minutes')")"
sql "update genhook.alerts set well_at = now() - interval '6 minutes'"
same "then it is said" well "$(sql "$(alert '' '5 minutes')")"
sql "$told" >/dev/null
same "once" '' "$(sql "$(alert '')")"
same "when it comes back it is news again" new "$(sql "$(alert k)")"
sql "delete from genhook.alerts"
finish
