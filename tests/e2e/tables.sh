#!/bin/bash
# The SQL contract: who may do what, which result stands whatever the order,
# and states that cannot be.  Through psql alone.
. "$(dirname -- "$0")/lib.sh"
run_start run

# state COMMAND: what the statement ends with, "ok" or an SQLSTATE.
state()
{
	local out

	if out=$(psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$1" 2>&1); then
		echo ok
	else
		sed -n 's/^ERROR: *//p' <<<"$out" | head -n 1
	fi
}

# --- what the tests call instead of genhook.receive(): a batch as JSON
psql -Xq -v ON_ERROR_STOP=1 -f tests/e2e/lib/receive.sql
# event TASK ACT: act is a status, or an outcome without one
event()
{
	case $2 in
	succeeded|failed|cancelled)
		printf '{"task":"%s","outcome":"accepted","status":"%s"}' "$1" "$2" ;;
	*)	printf '{"task":"%s","outcome":"%s"}' "$1" "$2" ;;
	esac
}
batch()		{ local IFS=,; echo "[$*]"; }
receive()	{ sql "select array_to_string(test.receive('$1'), ',')"; }
task()		{ sql "select status || ' ' || coalesce(source, '-') || ' ' || (select count(*) from genhook.outputs o where o.task_id = t.task_id) from genhook.tasks t where task_id = '$1'"; }

# --- every order of four events, one by one and in one batch
statement='' wanted=''
for order in $(perl -e 'my @e = qw(ignored stale succeeded failed);
	for my $a (0..3) { for my $b (0..3) { for my $c (0..3) { for my $d (0..3) {
		my %s = map { $_ => 1 } $a, $b, $c, $d; next if keys %s < 4;
		print join("-", @e[$a, $b, $c, $d]), "\n" } } } }'); do
	events=()
	for act in ${order//-/ }; do
		statement+="select test.receive('[$(event "one-$order" "$act")]');"
		events+=("$(event "all-$order" "$act")")
	done
	statement+="select test.receive('$(batch "${events[@]}")');"
	case $order in
	*succeeded*failed*)	first='succeeded callback 1' ;;
	*)			first='failed callback 0' ;;
	esac
	wanted+="all-$order $first"$'\n'"one-$order $first"$'\n'
done
sql "$statement" >/dev/null
same "24 orders, one by one and in one batch: the first final result stands" \
    "$(sort <<<"${wanted%$'\n'}")" \
    "$(sql "select task_id || ' ' || status || ' ' || coalesce(source, '-') || ' ' || (select count(*) from genhook.outputs o where o.task_id = t.task_id) from genhook.tasks t" | sort)"
same "each has its four deliveries" '48 accepted,48 conflict,48 ignored,48 stale' \
    "$(sql "select string_agg(n || ' ' || outcome, ',' order by outcome) from (select outcome, count(*) n from genhook.deliveries group by outcome) c")"
same "none waits for a poll any more" 0 "$(sql "select count(*) from genhook.tasks where next_poll_at is not null")"

same "the same task three times in a batch" accepted,duplicate,conflict \
    "$(receive "$(batch "$(event three succeeded)" "$(event three succeeded)" "$(event three failed)")")"
same "one row, one output" 'succeeded callback 1' "$(task three)"
again='{"id":"00000000-0000-7000-8000-000000000001","at":"2026-11-01T00:00:00Z","task":"again","outcome":"accepted","status":"succeeded"}'
receive "[$again]" >/dev/null
receive "[$again,$again]" >/dev/null
same "the same delivery three times is one row" accepted "$(sql "select string_agg(outcome, ',') from genhook.deliveries where task_id = 'again'")"
# Only a transaction that has written something waits for its standby.
same "what is passed over waits for a standby all the same" t "$(sql "do 'begin perform test.receive(''[$again]''); end';
    select pg_current_xact_id_if_assigned() is not null")"

for state in lost succeeded failed cancelled pending; do
	sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at)
	    values ('apimart', 'late-$state', '$state', now(), case '$state' when 'pending' then null::timestamptz else now() end)"
done
receive "$(batch "$(event late-lost succeeded)" "$(event late-succeeded failed)" "$(event late-failed succeeded)" \
    "$(event late-cancelled succeeded)" "$(event late-pending succeeded)")" >/dev/null
same "a late result replaces lost and pending alone" \
    'late-cancelled cancelled,late-failed failed,late-lost succeeded,late-pending succeeded,late-succeeded succeeded' \
    "$(sql "select string_agg(task_id || ' ' || status, ',' order by task_id) from genhook.tasks where task_id like 'late-%'")"
same "and only they get outputs" 2 "$(sql "select count(*) from genhook.outputs where task_id like 'late-%'")"
sql "update genhook.tasks set status = 'lost' where task_id = 'late-failed'"
receive "$(batch "$(event late-failed stale)")" >/dev/null
same "a stale one makes a lost task due" 'pending t' "$(sql "select status, next_poll_at <= now() from genhook.tasks where task_id = 'late-failed'" | tr '|' ' ')"

# --- of what nobody has proven no large body is kept
for size in 65536 65537; do
	sql "select test.receive(jsonb_build_array(jsonb_build_object('task', 'forged-$size', 'outcome', 'unverified', 'body', repeat('x', $size))))" >/dev/null
done
same "a forged one of 64 KiB is, one above is not" '65536 -' \
    "$(sql "select string_agg(coalesce(octet_length(body)::text, '-'), ' ' order by task_id) from genhook.deliveries where task_id like 'forged-%'")"

# --- a flood of duplicates costs the task nothing
receive "$(batch "$(event flood succeeded)")" >/dev/null
before=$(sql "select xmin, xmax, ctid from genhook.tasks where task_id = 'flood'")
same "10,000 duplicates" 10000 "$(sql "select sum(array_length(array_positions(test.receive(b.v), 'duplicate'), 1)) from
    (select jsonb_agg('{\"task\":\"flood\",\"outcome\":\"accepted\",\"status\":\"succeeded\",\"body\":\"{}\"}'::jsonb) as v from generate_series(1, 100)) as b, generate_series(1, 100)")"
same "the task's row is the same one, and was never locked" "$before" "$(sql "select xmin, xmax, ctid from genhook.tasks where task_id = 'flood'")"
same "10,001 deliveries with two bodies" '10001 2' "$(sql "select count(*) || ' ' || count(body) from genhook.deliveries where task_id = 'flood'")"

# --- the bounded store
sql "select test.receive((select jsonb_agg(jsonb_build_object('outcome', 'unverified', 'verdict', 'failed')) from generate_series(1, 600))) from generate_series(1, 3)" >/dev/null
same "forgeries: no more than 1,000 are kept" 1000 "$(sql "select count(*) from genhook.deliveries where outcome = 'unverified'")"

# --- registered before, after, and at the same instant
# The times are left out: they say when each came.
row()	{ sql "select to_jsonb(t) - '{task_id,submitted_at,finished_at,result}'::text[] from genhook.tasks t where task_id = '$1'"; }
register()	{ sql "select 1 from genhook.register_task('apimart', '$1', 'ours', 'default', '{\"a\":1}')" >/dev/null; }
for status in succeeded failed; do
	register "before-$status"
	receive "$(batch "$(event "before-$status" $status)")" >/dev/null
	receive "$(batch "$(event "after-$status" $status)")" >/dev/null
	register "after-$status"
	same "registered before or after, $status: the same row" "$(row "before-$status")" "$(row "after-$status")"
done
like "with what the application said" '"model": "ours".*"metadata": \{"a": 1\}' "$(row after-failed | sed 's/\(.*\)\("metadata": {[^}]*}\)\(.*\)\("model": "[^"]*"\)\(.*\)/\4 \2/')"
register after-failed
same "registered twice: the same row" "$(row before-failed)" "$(row after-failed)"
sql "select genhook.register_task('apimart', 'after-failed')" >/dev/null
same "and what is left out the second time stays" "$(row before-failed)" "$(row after-failed)"
# What is JSON, and jsonb cannot hold, is a result all the same.
for body in '{"a":"\u0000"}' '{"a":"\ud800"}' '{"a":1e999999}'; do
	unheld=$((${unheld:-0} + 1))
	same "a result that no jsonb holds: $body" accepted "$(sql "select array_to_string(test.receive(jsonb_build_array(jsonb_build_object('task', 'unheld-$unheld', 'outcome', 'accepted', 'status', 'failed', 'body', '$body'))), ',')")"
	same "its body is kept" "failed t $body" "$(sql "select concat_ws(' ', t.status, t.result is null, convert_from(d.body, 'UTF8')) from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'unheld-$unheld'")"
done
# The short way of what is sent the first time: the same rows.
first()	{ sql "select array_to_string(test.receive('$1', false), ',')"; }
for status in succeeded failed; do
	register "short-$status"
	same "a registered task's result, sent the first time, $status" accepted "$(first "$(batch "$(event "short-$status" $status)")")"
	same "the same row" "$(row "before-$status")" "$(row "short-$status")"
	same "and outputs" "$(task "before-$status")" "$(task "short-$status")"
done
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at)
    values ('apimart', 'short-lost', 'lost', now(), now()), ('apimart', 'short-final', 'failed', now(), now())"
register short-old
same "with some that are new" accepted,accepted,accepted \
    "$(first "$(batch "$(event short-new succeeded)" "$(event short-old succeeded)" "$(event short-lost failed)")")"
same "with one that has its result" accepted,conflict "$(first "$(batch "$(event short-other succeeded)" "$(event short-final succeeded)")")"
same "two that are new" accepted,accepted "$(first "$(batch "$(event short-one succeeded)" "$(event short-two succeeded)")")"
same "both are there" 'succeeded callback 1,succeeded callback 1' "$(task short-one),$(task short-two)"
# By the token of another account, where the task's own one can be asked.
by()	{ sql "select array_to_string(test.receive('[{\"task\":\"$1\",\"outcome\":\"$2\",\"status\":\"succeeded\",\"account\":\"second\"}]', $3, '$4'), ',')"; }
whose()	{ sql "select concat_ws(' ', status, account, next_poll_at <= now(), (select count(*) from genhook.outputs o where o.task_id = t.task_id)) from genhook.tasks t where task_id = '$1'"; }
for again in false true; do
	sql "select genhook.register_task('apimart', 'owned-$again', null, 'first')" >/dev/null
	same "by another's token, $again" accepted "$(by "owned-$again" accepted $again '{apimart first,apimart second}')"
	same "it is no result, and the task's own account is asked" 'pending first t 0' "$(whose "owned-$again")"
	same "nor takes what is not believed the task from it" accepted "$(by "owned-$again" requery $again '{apimart first,apimart second}')"
	same "it is as it was" 'pending first t 0' "$(whose "owned-$again")"
	same "of an account that nobody can ask it is one" accepted "$(by "owned-$again" accepted $again '{apimart second}')"
	same "and the task is the other's" 'succeeded second 1' "$(whose "owned-$again")"
done
same "each has what it is to have" 'short-final failed - 0,short-lost failed callback 0,short-new succeeded callback 1,short-old succeeded callback 1,short-other succeeded callback 1' \
    "$(sql "select string_agg(concat_ws(' ', task_id, status, coalesce(source, '-'), (select count(*) from genhook.outputs o where o.task_id = t.task_id)), ',' order by task_id) from genhook.tasks t where task_id ~ '^short-(final|lost|new|ol|oth)'")"
register short-twice
same "two of one task are refused as a whole" 23505 "$(state "select test.receive('$(batch "$(event short-twice succeeded)" "$(event short-twice failed)")', false)")"
hold "update genhook.tasks set status = 'failed', source = 'callback', finished_at = now() where task_id = 'short-twice'"
(state "select test.receive('$(batch "$(event short-beside succeeded)" "$(event short-twice succeeded)")', false)" >"$WORK/meanwhile") &
check "it waits for who has the task" soon 60 blocked
release
wait $!
same "a result that came meanwhile refuses the batch" 23505 "$(cat "$WORK/meanwhile")"
same "and nothing of it is stored" 'failed callback 0,' "$(task short-twice),$(task short-beside)"
same "every body has its digest, told or not" 0 "$(sql "select count(*) from genhook.deliveries where body_digest is distinct from sha256(body) and body is not null")"
# A stale callback, and one of an account that has to ask, leave it pending.
for when in named unnamed; do
	[ "$when" = named ] && by=", p_account => 'default'" || by=
	for order in before after; do
		name=$order-$when
		hear="select test.receive('[{\"task\":\"$name\",\"outcome\":\"stale\",\"verdict\":\"signature\",\"account\":\"second\"}]')"
		say="select from genhook.register_task('apimart', '$name', 'ours'$by)"
		[ "$order" = before ] && sql "$say; $hear" >/dev/null || sql "$hear; $say" >/dev/null
	done
	same "registered before or after a stale callback, account $when: its token says whose it is" \
	    'after second,before second' \
	    "$(sql "select string_agg(split_part(task_id, '-', 1) || ' ' || account, ',' order by task_id) from genhook.tasks where task_id like '%-$when'")"
done
sql "select from genhook.register_task('apimart', 'mine-2', 'ours', 'second')"
sql "select from genhook.register_task('apimart', 'mine-2', p_metadata => '{}')"
same "what a repeat leaves out stays" 'second ours {}' "$(sql "select concat_ws(' ', account, model, metadata) from genhook.tasks where task_id = 'mine-2'")"
sql "insert into genhook.tasks (provider, task_id) values ('apimart', 'mine-3')"
same "a plain insert is a task that was submitted now" 'pending t' "$(sql "select status || ' ' || case when submitted_at > now() - interval '1 minute' then 't' end from genhook.tasks where task_id = 'mine-3'")"
sql "delete from genhook.tasks where task_id ~ '^(before|after)-(un)?named$' or task_id in ('mine-2', 'mine-3')"
for n in {1..100}; do
	printf "select 1 from genhook.register_task('apimart', 'race-%d', 'ours', 'default', '{\"a\":1}')\n" "$n"
	printf "select test.receive('[%s]')\n" "$(event "race-$n" succeeded)"
done | tr '\n' '\0' | xargs -0 -P 8 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/race" 2>&1
same "100 at the same instant: no error" '' "$(grep -i error "$WORK/race")"
same "each the same row" "100 $(row before-succeeded)" \
    "$(sql "select count(*) || ' ' || (to_jsonb(t) - '{task_id,submitted_at,finished_at,result}'::text[]) from genhook.tasks t where task_id like 'race-%' group by to_jsonb(t) - '{task_id,submitted_at,finished_at,result}'::text[]")"
same "each with one output" 100 "$(sql "select count(*) from genhook.outputs where task_id like 'race-%'")"

# Batches that meet on the same pending tasks in opposite orders.
sql "insert into genhook.tasks (provider, task_id, submitted_at) select 'apimart', 'cross-' || n, now() from generate_series(1, 400) n"
for direction in asc desc asc desc; do
	printf "select test.receive((select jsonb_agg(jsonb_build_object('task', 'cross-' || n, 'outcome', 'accepted', 'status', 'succeeded') order by n %s) from generate_series(1, 400) n))\n" "$direction"
done | tr '\n' '\0' | xargs -0 -P 4 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/cross" 2>&1
same "batches that cross: no error" '' "$(grep -i error "$WORK/cross")"
same "each task finished once" '400 400' "$(sql "select count(distinct task_id) || ' ' || count(*) from genhook.deliveries where task_id like 'cross-%' and outcome = 'accepted'")"

# --- partitions
far=$(date -u -d "$(date -u +%Y-%m-15) +4 months" +%Y-%m-15)
receive "[{\"task\":\"far\",\"outcome\":\"ignored\",\"at\":\"${far}T00:00:00Z\"}]" >/dev/null
where()	{ sql "select tableoid::regclass from genhook.deliveries where task_id = '$1'"; }
same "a month without a partition: the default one" deliveries_default "$(where far | sed 's/genhook\.//')"
sql "select genhook.ensure_partitions(5)" >/dev/null
same "its partition comes: it has moved there" "deliveries_$(date -u -d "$far" +%Y_%m)" "$(where far | sed 's/genhook\.//')"
yes "select genhook.ensure_partitions(9)" | head -n 6 | tr '\n' '\0' |
    xargs -0 -P 6 -n 1 psql -XqAt -v ON_ERROR_STOP=1 -c >"$WORK/partitions" 2>&1
same "made by several at once: no error" '' "$(grep -i error "$WORK/partitions")"
sql "create table genhook.deliveries_2020_01 partition of genhook.deliveries for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')"
receive '[{"task":"old","outcome":"ignored","at":"2020-01-15T00:00:00Z"},{"task":"older","outcome":"ignored","at":"2019-01-15T00:00:00Z"}]' >/dev/null
like "retention names what it dropped" deliveries_2020_01 "$(sql "select genhook.retain_deliveries(30)")"
same "what was in it is gone, and what was older" 0 "$(sql "select count(*) from genhook.deliveries where task_id in ('old', 'older')")"
same "what is younger stays" 1 "$(sql "select count(*) from genhook.deliveries where task_id = 'far'")"

# --- states that cannot be
receive "$(batch "$(event bad succeeded)")" >/dev/null
register bad-pending
while IFS= read -r change; do
	case $change in
	o:*)	table=outputs where="task_id = 'bad'" ;;
	p:*)	table=tasks where="task_id = 'bad-pending'" ;;
	d:*)	table=deliveries where="task_id = 'bad'" ;;
	*)	table=tasks where="task_id = 'bad'" ;;
	esac
	same "refused: $change" 23514 "$(state "update genhook.$table set ${change#*:} where $where")"
done <<'CHANGES'
t:status = 'done'
t:status = 'pending'
t:finished_at = null
t:next_poll_at = now()
t:error_code = 'c'
t:error_message = 'words'
t:source = 'guess'
t:polls = -1
t:task_id = ''
t:task_id = repeat('x', 257)
t:provider = 'No Provider'
p:status = 'succeeded'
p:status = 'lost'
p:finished_at = now()
p:source = 'callback'
p:result = '{}'
p:error_code = 'c'
p:submitted_at = null
o:status = 'done'
o:status = 'stored'
o:status = 'inline'
o:status = 'failed'
o:kind = 'picture'
o:url = null
o:inline_text = 'text'
o:position = -1
o:expires_at = now()
o:expires_source = 'field'
o:location = 'file:///x'
o:location = '/x'
o:sha256 = 'ABC'
o:bytes = -1
o:attempts = -1
o:next_attempt_at = null
o:leased_until = now()
o:lease_owner = 'me'
d:outcome = 'fine'
d:source = 'mail'
d:verdict = 'maybe'
CHANGES
rule()	{ psql -XqAt -v VERBOSITY=verbose -c "$1" 2>&1 | sed -n 's/^CONSTRAINT NAME: *//p'; }
same "the rule that a task breaks is named" tasks_polled_only_while_pending \
    "$(rule "update genhook.tasks set next_poll_at = now() where task_id = 'bad'")"
same "and that of an output" outputs_lease_is_whole \
    "$(rule "update genhook.outputs set lease_owner = 'me' where task_id = 'bad'")"
same "a provider of one's own" ok "$(state "insert into genhook.tasks (provider, task_id, submitted_at) values ('my_own_2', 'own', now())")"
same "a task twice" 23505 "$(state "insert into genhook.tasks (provider, task_id, submitted_at) values ('apimart', 'bad', now())")"

# --- what a task cost: the first of the places that has a price
cost()	{ sql "select genhook.told_cost('$1')"; }
same "a cost that is text is none, and refuses nothing" '' "$(cost '{"cost":"0.02"}')"
same "one place after the other" '2 3 4 1.5 ' "$(cost '{"cost":"x","data":{"cost":2}}') $(cost '{"usage":{"cost":3}}') $(cost '{"cost":-1,"data":{"usage":{"cost":4}}}') $(cost '{"cost":9e9,"data":[{"cost":1},{"cost":0.5},{"cost":"2"},{}]}') $(cost '{"data":[]}')"

# --- roles
receive_call="select * from genhook.receive('{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}')"
while IFS='|' read -r role wanted statement; do
	[ "$statement" != receive ] || statement=$receive_call
	same "$role: ${statement:0:60}" "$wanted" "$(state "set role genhook_$role; $statement")"
done <<'STATEMENTS'
receiver|ok|receive
receiver|ok|select genhook.schema_version()
receiver|42501|select from genhook.tasks
receiver|42501|select from genhook.outputs
receiver|42501|select from genhook.deliveries
receiver|42501|select from genhook.attention
receiver|42501|insert into genhook.tasks (provider, task_id) values ('apimart', 'x')
receiver|42501|select from genhook.register_task('apimart', 'x')
receiver|42501|select from genhook.cancel_tasks('apimart', 'x')
receiver|42501|select from genhook.retain_deliveries(1)
receiver|42501|select from genhook.claim_polls('apimart', 'default', '1 s', '1 s', 1)
receiver|42501|create table genhook.mine (x int)
receiver|42501|select from genhook.replays
receiver|42501|select from genhook.traffic
receiver|42501|select from genhook.replay_deliveries()
receiver|42501|select from genhook.claim_replays('me', '1 s', 1)
receiver|42501|select genhook.count_traffic()
receiver|42501|update genhook.marks set at = now()
receiver|42501|select genhook.drop_month('deliveries_2020_01')
receiver|42501|select genhook.trim_bodies(now())
receiver|42501|select from genhook.schema_drift()
sweeper|ok|receive
sweeper|ok|select genhook.start_sweep('here', 1)
sweeper|ok|select from genhook.claim_polls('apimart', 'nobody', '1 s', '1 s', 1)
sweeper|ok|select from genhook.claim_outputs('me', '1 s', 0)
sweeper|ok|select genhook.retain_deliveries(30)
sweeper|ok|select from genhook.pending_tasks
sweeper|ok|select from genhook.claim_replays('me', '1 s', 1)
sweeper|ok|select genhook.finish_replays('me', '{}', '{}', '{}')
sweeper|ok|select genhook.count_traffic()
sweeper|42501|select from genhook.deliveries
sweeper|42501|select from genhook.replays
sweeper|42501|select from genhook.replay_deliveries()
sweeper|42501|delete from genhook.hours
sweeper|42501|select genhook.drop_month('deliveries_2020_01')
sweeper|42501|select genhook.trim_bodies(now())
sweeper|42501|select from genhook.unfinished_deliveries('-infinity', 'infinity')
sweeper|42501|select genhook.record_objects()
sweeper|42501|update genhook.marks set at = now()
sweeper|42501|select from genhook.cancel_tasks('apimart', 'x')
sweeper|42501|select from genhook.repoll_tasks()
sweeper|42501|select from genhook.retry_outputs()
sweeper|42501|update genhook.tasks set status = 'lost'
sweeper|42501|select from genhook.register_task('apimart', 'x')
app|ok|select from genhook.register_task('apimart', 'by-app', 'm')
app|ok|select from genhook.tasks
app|ok|select from genhook.outputs
app|ok|select from genhook.task_results
app|42501|update genhook.tasks set status = 'lost'
app|42501|delete from genhook.tasks
app|42501|update genhook.outputs set location = 'file:///x'
app|42501|select from genhook.deliveries
app|42501|receive
app|42501|select from genhook.replay_deliveries()
app|42501|select from genhook.replays
app|42501|select from genhook.attention
app|42501|select from genhook.provider_health
app|42501|select from genhook.traffic
app|42501|select from genhook.claim_replays('me', '1 s', 1)
app|42501|select from genhook.repoll_tasks()
app|42501|select from genhook.retry_outputs()
app|42501|select genhook.count_traffic()
app|42501|insert into genhook.tasks (provider, task_id) values ('apimart', 'x')
app|42501|truncate genhook.tasks
app|42501|select from genhook.objects
app|42501|select from genhook.schema_drift()
app|42501|select genhook.record_objects()
app|42501|create view genhook.mine as select 1
app|42501|select from genhook.cancel_tasks('apimart', 'x')
app|42501|select genhook.retain_deliveries(30)
reader|ok|select from genhook.tasks
reader|ok|select from genhook.attention
reader|ok|select from genhook.provider_health
reader|ok|select id, outcome, note, headers from genhook.deliveries limit 1
reader|42501|select body from genhook.deliveries
reader|42501|select * from genhook.deliveries
reader|42501|insert into genhook.tasks (provider, task_id) values ('apimart', 'x')
reader|42501|update genhook.outputs set location = 'file:///x'
reader|42501|delete from genhook.deliveries
reader|42501|select from genhook.register_task('apimart', 'x')
reader|42501|receive
reader|ok|select from genhook.account_health
reader|ok|select from genhook.traffic
reader|ok|select from genhook.replays
reader|42501|select from genhook.replay_deliveries()
reader|42501|select from genhook.cancel_tasks('apimart', 'x')
reader|42501|select from genhook.claim_replays('me', '1 s', 1)
reader|42501|select genhook.count_traffic()
reader|42501|delete from genhook.replays
reader|ok|select genhook.web_overview('{}')
reader|ok|select genhook.web_tasks('{}')
reader|ok|select from genhook.days
reader|ok|select from genhook.actions
reader|42501|select genhook.web_body('{}')
reader|42501|select genhook.web_action('{}', 'x', null)
reader|42501|select from genhook.web_sign_in('', null)
reader|42501|select from genhook.web_codes
reader|42501|select genhook.web_login('', 'x', true)
reader|42501|select from genhook.set_aside('x')
reader|42501|delete from genhook.actions
operator|ok|select from genhook.repoll_tasks('novita', 'nobody')
operator|ok|select from genhook.set_aside('nothing')
operator|ok|select from genhook.web_sign_in('', null)
operator|42501|select genhook.web_login('', 'x', true)
operator|42501|select from genhook.tasks
operator|42501|select from genhook.deliveries
operator|42501|delete from genhook.actions
operator|42501|select from genhook.register_task('apimart', 'x')
operator|42501|receive
sweeper|ok|select genhook.count_days()
sweeper|42501|delete from genhook.days
app|42501|select genhook.web_tasks('{}')
app|42501|select from genhook.actions
reader|ok|select from genhook.schema_drift()
reader|ok|select from genhook.objects
reader|42501|delete from genhook.objects
reader|42501|select genhook.record_objects()
reader|42501|select genhook.trim_bodies(now())
reader|42501|insert into genhook.hours values (now(), 'apimart', 'default', 'poll', 'accepted', 1, now())
reader|42501|update genhook.marks set at = now()
STATEMENTS
same "no role reaches a partition past the table's rules" '' \
    "$(sql "select r || ' ' || c.relname from pg_class c, unnest(array['genhook_receiver', 'genhook_app', 'genhook_reader', 'genhook_sweeper']) r where c.relnamespace = 'genhook'::regnamespace and c.relispartition and has_table_privilege(r, c.oid, 'select,insert,update,delete')")"
same "no function of the schema is everybody's" '' \
    "$(sql "select proname from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) as a where pronamespace = 'genhook'::regnamespace and a.grantee = 0")"
same "functions that run as the owner have a search_path" '' \
    "$(sql "select proname from pg_proc where pronamespace = 'genhook'::regnamespace and prosecdef and not exists (select from unnest(proconfig) s where s like 'search_path=%')")"

# --- everything has a comment
same "every table, view and function has a comment" '' "$(sql "
    select relname from pg_class c where relnamespace = 'genhook'::regnamespace and relkind in ('r', 'p', 'v')
        and obj_description(oid, 'pg_class') is null
    union all select proname from pg_proc where pronamespace = 'genhook'::regnamespace and obj_description(oid, 'pg_proc') is null
    union all select 'schema' where obj_description('genhook'::regnamespace, 'pg_namespace') is null")"
same "every column has one" '' "$(sql "
    select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'genhook'::regnamespace and c.relkind in ('r', 'p', 'v')
        and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null")"

# --- a ceiling is one
sql "insert into genhook.tasks (provider, task_id, account, polls, submitted_at) select 'apimart', 'often-' || n, 'often', 10, now() - interval '1 day' from generate_series(1, 200) n"
sql "select from genhook.claim_polls('apimart', 'often', '2 min', '1 h', 200)" >/dev/null
same "no poll is later than poll_every_max, nor much sooner" '200 t t' \
    "$(sql "select concat_ws(' ', count(*), max(next_poll_at) <= now() + interval '1 h', min(next_poll_at) > now() + interval '47 min') from genhook.tasks where account = 'often' and polls = 11")"
sql "delete from genhook.tasks where account = 'often'"

# --- a task that no sweep will ever ask about
sql "select from genhook.register_task('apimart', 'orphan', 'm', 'stranger') as a, genhook.register_task('apimart', 'mine', 'm') as b"
receive '[{"task":"orphan","outcome":"stale","account":"stranger"}]' >/dev/null
sql "update genhook.tasks set submitted_at = now() - interval '2 hours' where task_id in ('orphan', 'mine')"
sql "select from genhook.claim_polls('apimart', 'default', '1 day', '1 day', 0)" >/dev/null
same "a task of an account that is nobody's is shown, with a cure" 'orphan' \
    "$(sql "select string_agg(task_id, ',') from genhook.attention where reason = 'account unknown'")"
sql "$(sql "select cure from genhook.attention where reason = 'account unknown'")" >/dev/null
same "the cure cures it" 0 "$(sql "select count(*) from genhook.attention where reason = 'account unknown'")"
sql "delete from genhook.tasks where task_id in ('orphan', 'mine')"

# --- migrations, and programs of another version
migrate()	{ "$BIN/genhook" --config "$GENHOOK_CONF" migrate >"$WORK/migrate.out" 2>&1; }
version=$(sql "select genhook.schema_version()")
check "migrating again is harmless" migrate
# Roles are the cluster's: what they may goes with them, and comes back.
grants()
{
	super "select r.rolname, p.privilege_type, what, of from (
	        select proacl, 'function', proname::text from pg_proc where pronamespace = 'genhook'::regnamespace
	        union all select relacl, 'table', relname from pg_class where relnamespace = 'genhook'::regnamespace
	        union all select attacl, 'column', c.relname || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid
	            where c.relnamespace = 'genhook'::regnamespace
	        union all select nspacl, 'schema', nspname from pg_namespace where nspname = 'genhook') as o (acl, what, of)
	    cross join aclexplode(acl) as p join pg_roles r on r.oid = p.grantee
	    where r.rolname like 'genhook\_%' order by 1, 2, 3, 4"
}
grants >"$WORK/grants"
check "the roles may something" at_least 50 wc -l <"$WORK/grants"
super "drop owned by genhook_receiver, genhook_sweeper, genhook_app, genhook_reader, genhook_operator" >/dev/null
same "and nothing any more" '' "$(grants)"
check "migrating once more" migrate
same "gives back all of it" '' "$(grants | diff "$WORK/grants" -)"
super "alter role genhook_reader rename to somebody" >/dev/null
check "migrating where a role is not there" migrate
check "says so" grep -q 'no role genhook_reader: ' "$WORK/migrate.out"
super "alter role somebody rename to genhook_reader" >/dev/null
check "migrating again" migrate
like "and says so" "version $version, nothing to do" "$(cat "$WORK/migrate.out")"
digest=$(sql "select digest from genhook.migrations where version = 26")
sql "update genhook.migrations set digest = repeat('0', 64) where version = 26"
fails "a database with another file is refused" migrate
like "and the file is named" '026_' "$(cat "$WORK/migrate.out")"
sql "update genhook.migrations set digest = '$digest' where version = 26"

failed='{"id":"%d","status":"failed","error":{"message":"no","code":"c"}}'
other_version()	# NAME UNDO: after a change, the connections are new
{
	sessions_end
	same "$1: spooled" '200 {"status":"spooled"}' "$(post_text "$(hook apimart)" "${failed//%d/version-$1}")"
	like "$1: healthz says so" '^503 .*"database":"unavailable"' "$(healthz apimart)"
	like "$1: the log says why" 'schema version is .*, this program needs '"$version" "$(grep healthz "$RUN_DIR/log/handlers.log" | tail -n 1)"
	"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/sweep.out" 2>&1
	same "$1: the sweep does not run" 2 $?
	like "$1: it says why" 'schema version is ' "$(cat "$WORK/sweep.out")"
	sql "$2"
	check "$1: mended, it is drained" soon 60 drained
	same "$1: and stored" failed "$(sql "select status from genhook.tasks where task_id = 'version-$1'")"
}
sql "insert into genhook.migrations (version, name, digest) values (999, '999_x', '')"
fails "newer: migrate refuses it" migrate
like "newer: and says why" 999 "$(cat "$WORK/migrate.out")"
other_version newer "delete from genhook.migrations where version = 999"
sql "create table test.newest as select * from genhook.migrations where version = $version; delete from genhook.migrations where version = $version"
other_version older "insert into genhook.migrations select * from test.newest"
sql "create table test.kept as select * from genhook.migrations; delete from genhook.migrations"
other_version none "insert into genhook.migrations select * from test.kept"
finish
