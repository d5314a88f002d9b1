-- Where the schema did less than it says: who a task belongs to in any order
-- of events, what a ceiling is, who hears of an end, and what has a comment.

-- An application's plain insert of a task need not say when.
alter table genhook.tasks alter column submitted_at set default now();

-- A repeat says nothing of an account that it does not name; and the token of
-- a callback that came first proves the account as one that comes later does.
create or replace function genhook.register_task(p_provider text,
    p_task_id text, p_model text default null, p_account text default null,
    p_metadata jsonb default null)
returns setof genhook.tasks
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into tasks as t (provider, task_id, model, account, metadata,
        submitted_at)
    values (p_provider, p_task_id, p_model, coalesce(p_account, 'default'),
        p_metadata, now())
    on conflict (provider, task_id) do update set
        -- what the application says it submitted outranks the payload
        model = coalesce(excluded.model, t.model),
        account = case
            when t.status <> 'pending' or p_account is null
                or p_account = t.account then t.account
            -- no longer a section of the settings: the cure in attention
            when t.submitted_at < now() - interval '1 hour'
                and not exists (select from accounts a
                    where a.provider = t.provider and a.account = t.account)
                then excluded.account
            when exists (select from deliveries d
                    where d.task_id = t.task_id and d.provider = t.provider
                    and d.account = t.account and d.source = 'callback'
                    and d.outcome in ('accepted', 'stale'))
                then t.account
            else excluded.account
        end,
        metadata = coalesce(excluded.metadata, t.metadata),
        submitted_at = coalesce(t.submitted_at,
            least(excluded.submitted_at, t.finished_at))
    returning t.*
$$;
comment on function genhook.register_task(text, text, text, text, jsonb) is
    'Tells genhook of a submitted task, so that it is polled when no callback comes. Harmless before, after and twice: what is left out stays as it is. Without an account: default.';

-- As before, but that no interval is over the ceiling.
create or replace function genhook.claim_polls(p_provider text,
    p_account text, p_poll_after interval, p_poll_every_max interval,
    p_limit integer, p_task_id text default null,
    p_per_minute integer default null)
returns table (task_id text, model text, submitted_at timestamptz)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
declare
    room integer;
    got  integer;
begin
    -- A claim that a crash of the server forgets is a poll too many.
    perform set_config('synchronous_commit', 'off', true);
    insert into accounts (provider, account) values (p_provider, p_account)
    on conflict do nothing;
    -- Holding this row, no other sweep can spend the same budget.
    select case when a.not_before > now() then 0
            when p_per_minute is null then p_limit
            else least(p_limit, p_per_minute - case a.minute
                when date_trunc('minute', now()) then a.polls else 0 end)
        end
    into room
    from accounts a
    where a.provider = p_provider and a.account = p_account
    for update;
    if room <= 0 then
        return;
    end if;

    return query
    with due as (
        select t.provider, t.task_id
        from tasks t
        where t.status = 'pending' and t.provider = p_provider
            and t.account = p_account
            and coalesce(t.next_poll_at, t.submitted_at) <= now()
            and (t.next_poll_at is not null
                or t.submitted_at <= now() - p_poll_after)
            and (p_task_id is null or t.task_id = p_task_id)
        order by coalesce(t.next_poll_at, t.submitted_at)
        limit room
        for update skip locked
    ), claimed as (
        update tasks t set
            polls = t.polls + 1,
            -- doubling, give or take a fifth; at the ceiling take alone
            next_poll_at = now() + least(
                p_poll_every_max * (1 - 0.2 * random()),
                greatest(p_poll_after, interval '1 second')
                    * power(2, least(t.polls, 20)) * (0.8 + 0.4 * random()))
        from due
        where t.provider = due.provider and t.task_id = due.task_id
        returning t.task_id, t.model, t.submitted_at
    )
    select c.task_id::text, c.model::text, c.submitted_at from claimed c;
    get diagnostics got = row_count;

    if got > 0 then
        update accounts a set
            polls = got + case a.minute when date_trunc('minute', now())
                then a.polls else 0 end,
            minute = date_trunc('minute', now())
        where a.provider = p_provider and a.account = p_account;
    end if;
end
$$;

-- What the operator cancels has ended too, and whoever waits for it is told.
-- (Of every other end the program tells that brought it, once it is committed.)
create or replace function genhook.cancel_tasks(p_provider text,
    p_task_id text)
returns setof genhook.tasks
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    cancelled tasks;
begin
    for cancelled in
        update tasks t set status = 'cancelled', finished_at = now(),
            next_poll_at = null, error_code = 'operator',
            error_message = 'cancelled by the operator'
        where (t.provider, t.task_id) in (
            select d.provider, d.task_id from tasks d
            where d.provider = p_provider and d.task_id = p_task_id
                and d.status in ('pending', 'lost')
            for update skip locked)
        returning t.*
    loop
        perform pg_notify('genhook_task_finished',
            cancelled.provider || '/' || cancelled.task_id);
        return next cancelled;
    end loop;
end
$$;

-- A month's partition says what it is, as the table does of which it is part.
create function genhook.comment_partition(p_name text)
returns void
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    name  text;
    words text;
begin
    execute format('comment on table genhook.%I is %L', p_name,
        case p_name
            when 'deliveries_default' then 'Deliveries of no month that has a partition.'
            else 'Deliveries received in ' || translate(right(p_name, 7), '_', '-')
                || ' (UTC).'
        end);
    for name, words in
        select a.attname, col_description(a.attrelid, a.attnum)
        from pg_attribute a
        where a.attrelid = 'genhook.deliveries'::regclass
            and a.attnum > 0 and not a.attisdropped
    loop
        execute format('comment on column genhook.%I.%I is %L', p_name, name,
            words);
    end loop;
end
$$;
comment on function genhook.comment_partition(text) is
    'Gives a partition of deliveries its comments.';
revoke execute on function genhook.comment_partition from public;

create or replace function genhook.ensure_partitions(
    p_months_ahead integer default 2)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    m     timestamptz;
    child text;
begin
    -- Two sweeps at once would both make the same month.
    perform pg_advisory_xact_lock(hashtext('genhook partitions'));
    for m in select generate_series(date_trunc('month', now()),
            date_trunc('month', now()) + p_months_ahead * interval '1 month',
            interval '1 month')
    loop
        child := 'deliveries_' || to_char(m, 'YYYY_MM');
        continue when to_regclass('genhook.' || child) is not null;
        execute format('create table genhook.%I (like genhook.deliveries including defaults including constraints)', child);
        perform comment_partition(child);
        execute format(
            'with moved as (delete from genhook.deliveries_default where received_at >= %L and received_at < %L returning *) insert into genhook.%I select * from moved',
            m, m + interval '1 month', child);
        execute format(
            'alter table genhook.deliveries attach partition genhook.%I for values from (%L) to (%L)',
            child, m, m + interval '1 month');
        return next child;
    end loop;
end
$$;

select genhook.comment_partition(c.relname)
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'genhook.deliveries'::regclass;

-- A column of a view is what the table's column of that name is.
do $$
declare
    v     text;
    t     text;
    name  text;
    words text;
begin
    for v, t in values
        ('pending_tasks', 'tasks'), ('due_outputs', 'outputs'),
        ('task_results', 'tasks'), ('traffic', 'hours'),
        ('request_results', 'requests')
    loop
        for name, words in
            select a.attname, col_description(b.attrelid, b.attnum)
            from pg_attribute a
            join pg_attribute b on b.attname = a.attname
                and b.attrelid = ('genhook.' || t)::regclass and b.attnum > 0
            where a.attrelid = ('genhook.' || v)::regclass and a.attnum > 0
        loop
            execute format('comment on column genhook.%I.%I is %L', v, name,
                words);
        end loop;
    end loop;
end
$$;
comment on column genhook.pending_tasks.waiting is 'Time since it was submitted.';
comment on column genhook.due_outputs.time_left is 'Until the link ends; NULL when nobody says, which is treated as urgent.';
comment on column genhook.task_results.outputs is 'Its outputs in order, each an object with position, status, kind, location, text, bytes, sha256 and content_type.';
comment on column genhook.request_results.request_status is 'queued, sending, submitted, refused or unknown.';
comment on column genhook.request_results.task_status is 'The task''s status; NULL while there is no task.';
comment on column genhook.request_results.error is 'Why the request was refused, is unknown or has to wait, else the provider''s words for the task''s failure.';
comment on column genhook.request_results.finished_at is 'When the task ended.';
comment on column genhook.request_results.outputs is 'The task''s outputs, as in task_results.';
comment on column genhook.attention.reason is 'In two or three words.';
comment on column genhook.attention.provider is 'Of whom.';
comment on column genhook.attention.task_id is 'The task, where it is about one.';
comment on column genhook.attention.since is 'Since when, where that is known.';
comment on column genhook.attention.details is 'What is the matter.';
comment on column genhook.attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.request_attention.reason is 'In two or three words.';
comment on column genhook.request_attention.provider is 'Of whom.';
comment on column genhook.request_attention.task_id is 'The task, where there is one.';
comment on column genhook.request_attention.since is 'Since when.';
comment on column genhook.request_attention.details is 'Which request, and what is the matter.';
comment on column genhook.request_attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.account_health.provider is 'The provider.';
comment on column genhook.account_health.account is 'The account: a section title in genhook.conf.';
comment on column genhook.account_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.account_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.account_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.account_health.unanswered is 'Tasks submitted since the last callback that none came for.';
comment on column genhook.account_health.went_quiet is 'Whether callbacks had come and then stopped: three or more unanswered.';
comment on column genhook.account_health.paused_until is 'The provider wants to be left alone until then.';
comment on column genhook.account_health.paused_because is 'What it said.';
comment on column genhook.provider_health.provider is 'The provider.';
comment on column genhook.provider_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.provider_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.provider_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.provider_health.percent_by_poll is 'Share of these two that a poll found.';
comment on column genhook.provider_health.oldest_due_poll is 'When the earliest of the polls that wait is due.';
comment on column genhook.provider_health.oldest_due_output is 'When the earliest of the downloads that wait is due.';
comment on column genhook.provider_health.links_lost is 'Outputs expired or failed.';
comment on column genhook.provider_health.pending_tasks is 'Tasks without a final state.';
comment on column genhook.provider_health.pending_outputs is 'Outputs not yet fetched.';
comment on column genhook.provider_health.soonest_expiry is 'When the first of their links ends.';
comment on column genhook.provider_health.unanswered is 'Tasks submitted since the last callback of their account that none came for.';
comment on column genhook.provider_health.went_quiet is 'Whether an account''s callbacks stopped; account_health says of which.';
