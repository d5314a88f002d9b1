-- What applications and operators use.  Every function returns the rows it
-- changed and passes over rows that are locked at the moment.

-- Called by the application after it has submitted, before or after the
-- callback came: both orders give the same row.
create function genhook.register_task(p_provider text, p_task_id text,
    p_model text default null, p_account text default 'default',
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
        -- what the application says it submitted outranks the payload,
        -- while the token of a callback proves the account
        model = coalesce(excluded.model, t.model),
        account = case when t.status = 'pending' then excluded.account
            else t.account end,
        metadata = coalesce(excluded.metadata, t.metadata),
        submitted_at = coalesce(t.submitted_at,
            least(excluded.submitted_at, t.finished_at))
    returning t.*
$$;
comment on function genhook.register_task(text, text, text, text, jsonb) is
    'Tells genhook of a submitted task, so that it is polled when no callback comes. Harmless before, after and twice.';

create function genhook.retry_outputs(p_provider text default null,
    p_task_id text default null, p_status text default null)
returns setof genhook.outputs
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update outputs o set status = 'pending', next_attempt_at = now(),
        attempts = 0, last_error = null
    where (o.provider, o.task_id, o.position) in (
        select d.provider, d.task_id, d.position from outputs d
        where d.lease_owner is null
            and d.status in ('pending', 'expired', 'failed')
            and (p_status is null and d.status <> 'pending'
                or d.status = p_status)
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    returning o.*
$$;
comment on function genhook.retry_outputs(text, text, text) is
    'Downloads again what was given up (expired, failed), or with p_status => ''pending'' what waits for a retry: of a provider, of a task, or all.';

create function genhook.repoll_tasks(p_provider text default null,
    p_task_id text default null, p_status text default null)
returns setof genhook.tasks
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update tasks t set status = 'pending', next_poll_at = now(),
        source = null, finished_at = null, error_code = null,
        error_message = null, not_found_polls = 0,
        submitted_at = case t.status when 'lost' then now()
            else t.submitted_at end
    where (t.provider, t.task_id) in (
        select d.provider, d.task_id from tasks d
        where d.status in ('pending', 'lost')
            and (p_status is null or d.status = p_status)
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    returning t.*
$$;
comment on function genhook.repoll_tasks(text, text, text) is
    'Makes pending and lost tasks due for a poll now: of a provider, of a task, of one status, or all.';

create function genhook.cancel_tasks(p_provider text, p_task_id text)
returns setof genhook.tasks
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update tasks t set status = 'cancelled', finished_at = now(),
        next_poll_at = null, error_code = 'operator',
        error_message = 'cancelled by the operator'
    where (t.provider, t.task_id) in (
        select d.provider, d.task_id from tasks d
        where d.provider = p_provider and d.task_id = p_task_id
            and d.status in ('pending', 'lost')
        for update skip locked)
    returning t.*
$$;
comment on function genhook.cancel_tasks(text, text) is
    'Stops waiting for a task here (nothing is said to the provider): it is polled no more and a late result no longer counts.';

create view genhook.pending_tasks as
    select provider, task_id, account, model, submitted_at,
        date_trunc('second', now() - submitted_at) as waiting,
        polls, next_poll_at, last_poll_error
    from genhook.tasks
    where status = 'pending'
    order by submitted_at;
comment on view genhook.pending_tasks is
    'Tasks without a final state, the longest waiting first.';

create view genhook.due_outputs as
    select provider, task_id, position, kind, expires_at,
        date_trunc('second', expires_at - now()) as time_left,
        attempts, next_attempt_at, leased_until, last_error, url
    from genhook.outputs
    where status = 'pending'
    order by coalesce(expires_at, '-infinity'::timestamptz);
comment on view genhook.due_outputs is
    'Outputs not yet fetched, in the order in which the sweep takes them.';

create view genhook.attention as
    select 'lost task' as reason, provider, task_id, finished_at as since,
        error_message as details,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id) as cure
    from genhook.tasks
    where status = 'lost'
    union all
    select status || ' output ' || position, provider, task_id, null,
        last_error,
        format('select * from genhook.retry_outputs(%L, %L)', provider,
            task_id)
    from genhook.outputs o
    where status in ('expired', 'failed')
        and not exists (select from genhook.tasks t
            where t.provider = o.provider and t.task_id = o.task_id
            and t.is_test)
    union all
    select 'poll fails', provider, task_id, submitted_at, last_poll_error,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id)
    from genhook.tasks
    where status = 'pending' and last_poll_error is not null
    union all
    select 'account unknown', t.provider, t.task_id, t.submitted_at,
        format('no sweep has polled for the account "%s" of %s: is it a section of the settings?',
            t.account, t.provider),
        format('select * from genhook.register_task(%L, %L, p_account => ''default'')',
            t.provider, t.task_id)
    from genhook.tasks t
    where t.status = 'pending' and t.submitted_at < now() - interval '1 hour'
        and not exists (select from genhook.accounts a
            where a.provider = t.provider and a.account = t.account)
    union all
    select outcome || ' delivery', provider, task_id, received_at, note,
        format('select * from genhook.deliveries where received_at = %L and id = %L',
            received_at, id)
    from genhook.deliveries
    where outcome in ('conflict', 'unparsed', 'rejected', 'unverified')
        and received_at > now() - interval '7 days';
comment on view genhook.attention is
    'What a person should look at: the reason, since when, in words, and the statement that mends it or shows more.';

create view genhook.provider_health as
    select p.provider,
        (select max(d.received_at) from genhook.deliveries d
            where d.provider = p.provider and d.source = 'callback'
            and d.received_at > now() - interval '7 days') as last_callback,
        p.finished_by_callback, p.finished_by_poll,
        round(100.0 * p.finished_by_poll / nullif(p.finished_by_callback
            + p.finished_by_poll, 0), 1) as percent_by_poll,
        (select min(coalesce(t.next_poll_at, t.submitted_at))
            from genhook.tasks t where t.provider = p.provider
            and t.status = 'pending') as oldest_due_poll,
        (select min(o.expires_at) from genhook.outputs o
            where o.provider = p.provider and o.status = 'pending')
            as oldest_due_output,
        (select count(*) from genhook.outputs o
            where o.provider = p.provider
            and o.status in ('expired', 'failed')) as links_lost
    from (
        select t.provider,
            count(*) filter (where t.source = 'callback')
                as finished_by_callback,
            count(*) filter (where t.source = 'poll') as finished_by_poll
        from genhook.tasks t
        where t.finished_at > now() - interval '1 day'
            or t.status = 'pending'
        group by t.provider
    ) as p
    order by p.provider;
comment on view genhook.provider_health is
    'Per provider over the last day: the last callback, the share found by polling instead, and the oldest work due.';

create view genhook.task_results as
    select t.provider, t.task_id, t.status, t.model, t.account,
        t.error_code, t.error_message, t.is_test, t.submitted_at,
        t.finished_at, t.metadata,
        coalesce((select jsonb_agg(jsonb_build_object(
                'position', o.position, 'status', o.status, 'kind', o.kind,
                'location', o.location, 'text', o.inline_text,
                'bytes', o.bytes, 'sha256', o.sha256,
                'content_type', o.content_type) order by o.position)
            from genhook.outputs o
            where o.provider = t.provider and o.task_id = t.task_id),
            '[]') as outputs
    from genhook.tasks t;
comment on view genhook.task_results is
    'What an application reads: a task with its outputs as one JSON array.';
