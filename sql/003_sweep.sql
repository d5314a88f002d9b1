-- What genhook-sweep calls.  Work is claimed in one short statement, done
-- outside of any transaction, and finished in another; two sweeps at once
-- pass over each other's rows.

create function genhook.start_sweep(p_host text, p_pid integer)
returns bigint
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into sweeps (host, pid) values (p_host, p_pid) returning id
$$;
comment on function genhook.start_sweep(text, integer) is
    'Opens the run''s row in sweeps and returns its id.';

create function genhook.beat_sweep(p_id bigint, p_counts jsonb,
    p_owner text, p_lease interval)
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update sweeps set heartbeat = now(), counts = p_counts where id = p_id;
    with held as (
        update outputs set leased_until = now() + p_lease
        where lease_owner = p_owner and status = 'pending'
        returning 1)
    select count(*)::integer from held
$$;
comment on function genhook.beat_sweep(bigint, jsonb, text, interval) is
    'A sign of life: notes the counts and prolongs the leases the run still holds; returns how many.';

create function genhook.finish_sweep(p_id bigint, p_counts jsonb, p_error text)
returns void
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update sweeps set finished = now(), heartbeat = now(), counts = p_counts,
        error = p_error
    where id = p_id
$$;
comment on function genhook.finish_sweep(bigint, jsonb, text) is
    'Closes the run''s row.';

-- What all sweeps, on whatever host, have to know of an account.
create table genhook.accounts (
    provider    text        not null,
    account     text        not null,
    not_before  timestamptz not null default '-infinity',
    reason      text,
    minute      timestamptz not null default '-infinity',
    polls       integer     not null default 0,
    primary key (provider, account)
);
comment on table genhook.accounts is
    'How much each account may be asked: kept by the sweeps, for each other.';
comment on column genhook.accounts.provider is 'The provider.';
comment on column genhook.accounts.account is 'The section''s title in genhook.conf.';
comment on column genhook.accounts.not_before is 'Not asked before then, since the provider wished so (429).';
comment on column genhook.accounts.reason is 'In its words.';
comment on column genhook.accounts.minute is 'The minute that polls counts.';
comment on column genhook.accounts.polls is 'Polls begun in that minute, by all sweeps together.';

create function genhook.pause_account(p_provider text, p_account text,
    p_wait interval, p_reason text)
returns timestamptz
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into accounts as a (provider, account, not_before, reason)
    values (p_provider, p_account, now() + p_wait, p_reason)
    on conflict (provider, account) do update set
        not_before = greatest(a.not_before, excluded.not_before),
        reason = excluded.reason
    returning a.not_before
$$;
comment on function genhook.pause_account(text, text, interval, text) is
    'Leaves an account alone for so long, in this run and all others; returns until when.';

-- Claiming a poll is scheduling the next one: a sweep that dies leaves the
-- task due again after the interval, and no second sweep asks meanwhile.
create function genhook.claim_polls(p_provider text, p_account text,
    p_poll_after interval, p_poll_every_max interval, p_limit integer,
    p_task_id text default null, p_per_minute integer default null)
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
            -- doubling, up to a ceiling, give or take a fifth
            next_poll_at = now() + least(p_poll_every_max,
                    greatest(p_poll_after, interval '1 second')
                        * power(2, least(t.polls, 20)))
                * (0.8 + 0.4 * random())
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
comment on function genhook.claim_polls(text, text, interval, interval, integer, text, integer) is
    'Up to p_limit pending tasks of an account whose poll is due, oldest first, their next poll already scheduled; none while the account is paused, and no more than p_per_minute in a minute by all sweeps together.';

-- A poll that brought no final state.  p_kind: pending, not_found, error.  A
-- note that a crash of the server forgets is made again by the next poll.
create function genhook.note_poll(p_provider text, p_task_id text,
    p_kind text, p_words text, p_retry_after interval)
returns text
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select set_config('synchronous_commit', 'off', true);
    update tasks t set
        last_poll_error = p_words,
        not_found_polls = case p_kind when 'not_found'
            then t.not_found_polls + 1
            when 'pending' then 0 else t.not_found_polls end,
        -- One "no such task" may be a young task; three at growing
        -- distances are believed.
        status = case when p_kind = 'not_found' and t.not_found_polls >= 2
            then 'lost' else t.status end,
        error_code = case when p_kind = 'not_found' and t.not_found_polls >= 2
            then 'not_found' end,
        error_message = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then p_words end,
        finished_at = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then now() end,
        next_poll_at = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then null
            else greatest(t.next_poll_at, now() + p_retry_after) end
    where t.provider = p_provider and t.task_id = p_task_id
        and t.status = 'pending'
    returning t.status
$$;
comment on function genhook.note_poll(text, text, text, text, interval) is
    'Records a poll without a final state; the third "no such task" in a row makes the task lost. Returns its status.';

create function genhook.give_up_tasks(p_provider text, p_account text,
    p_give_up_after interval)
returns setof genhook.tasks
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update tasks t set status = 'lost', finished_at = now(),
        error_code = 'gave_up', next_poll_at = null,
        error_message = 'no final state within '
            || extract(epoch from p_give_up_after)::bigint || ' s'
            || coalesce('; last poll: ' || t.last_poll_error, '')
    where (t.provider, t.task_id) in (
        select d.provider, d.task_id from tasks d
        where d.status = 'pending' and d.provider = p_provider
            and d.account = p_account
            and d.submitted_at <= now() - p_give_up_after
            and d.polls > 0
        for update skip locked)
    returning t.*
$$;
comment on function genhook.give_up_tasks(text, text, interval) is
    'Marks as lost what is pending for longer than that and was polled at least once; returns the tasks.';

create function genhook.claim_outputs(p_owner text, p_lease interval,
    p_limit integer, p_provider text default null,
    p_task_id text default null)
returns table (provider text, task_id text, "position" integer, kind text,
    url text, expires_at timestamptz, attempts integer,
    finished_at timestamptz, account text, model text, outputs integer,
    paused boolean)
language sql
security definer
set search_path = genhook, pg_temp
as $$
    -- A lease that a crash of the server forgets costs nothing.
    select set_config('synchronous_commit', 'off', true);
    with due as (
        select o.provider, o.task_id, o.position
        from outputs o
        where o.status = 'pending' and o.next_attempt_at <= now()
            and (o.leased_until is null or o.leased_until < now())
            and (p_provider is null or o.provider = p_provider)
            and (p_task_id is null or o.task_id = p_task_id)
        order by coalesce(o.expires_at, '-infinity'::timestamptz)
        limit p_limit
        for update skip locked
    ), claimed as (
        update outputs o set attempts = o.attempts + 1,
            leased_until = now() + p_lease, lease_owner = p_owner
        from due
        where o.provider = due.provider and o.task_id = due.task_id
            and o.position = due.position
        returning o.*
    )
    select c.provider, c.task_id, c.position, c.kind, c.url, c.expires_at,
        c.attempts, t.finished_at, t.account, t.model,
        (select count(*)::integer from outputs n
            where n.provider = c.provider and n.task_id = c.task_id),
        exists (select from accounts a where a.provider = c.provider
            and a.account = t.account and a.not_before > now())
    from claimed c
    left join tasks t on t.provider = c.provider and t.task_id = c.task_id
    order by coalesce(c.expires_at, '-infinity'::timestamptz)
$$;
comment on function genhook.claim_outputs(text, interval, integer, text, text) is
    'Leases up to p_limit outputs that are due, soonest expiry first (unknown is urgent), to p_owner; with what it takes to ask the provider for a fresh link.';

-- Files are complete at their final places.  Fenced by the owner: whoever lost
-- the lease changes nothing.  Returns which of them, counted from 1.
create function genhook.store_outputs(p_owner text, p_provider text[],
    p_task_id text[], p_position integer[], p_location text[],
    p_bytes bigint[], p_sha256 text[], p_content_type text[], p_etag text[])
returns setof integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update outputs o set status = 'stored', location = b.location,
        bytes = b.bytes, sha256 = b.sha256,
        content_type = b.content_type, etag = b.etag,
        stored_at = now(), next_attempt_at = null, leased_until = null,
        lease_owner = null, last_error = null
    from unnest(p_provider, p_task_id, p_position, p_location, p_bytes,
            p_sha256, p_content_type, p_etag) with ordinality
        as b(provider, task_id, position, location, bytes, sha256,
            content_type, etag, n)
    where o.provider = b.provider and o.task_id = b.task_id
        and o.position = b.position and o.status = 'pending'
        and o.lease_owner = p_owner
    returning b.n::integer
$$;
comment on function genhook.store_outputs(text, text[], text[], integer[], text[], bigint[], text[], text[], text[]) is
    'The files are complete at their final places; returns the places in the arrays, from 1, of those whose row took it: the others'' leases were lost.';

-- The provider gave a new link for the same file.
create function genhook.renew_output(p_provider text, p_task_id text,
    p_position integer, p_owner text, p_url text, p_expires_at timestamptz,
    p_expires_source text)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with done as (
        update outputs set url = p_url, expires_at = p_expires_at,
            expires_source = p_expires_source
        where provider = p_provider and task_id = p_task_id
            and position = p_position and status = 'pending'
            and lease_owner = p_owner
        returning 1)
    select exists (select from done)
$$;
comment on function genhook.renew_output(text, text, integer, text, text, timestamptz, text) is
    'Replaces the link of an output under lease by a fresh one. False if the lease was lost.';

-- p_status pending: once more after p_retry_after; expired, failed: given up.
create function genhook.fail_output(p_provider text, p_task_id text,
    p_position integer, p_owner text, p_status text, p_words text,
    p_retry_after interval)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with done as (
        update outputs set status = p_status, last_error = p_words,
            next_attempt_at = case p_status when 'pending'
                then now() + p_retry_after end,
            leased_until = null, lease_owner = null
        where provider = p_provider and task_id = p_task_id
            and position = p_position and status = 'pending'
            and lease_owner = p_owner
        returning 1)
    select exists (select from done)
$$;
comment on function genhook.fail_output(text, text, integer, text, text, text, interval) is
    'An attempt failed: retried later (pending) or given up (expired, failed). False if the lease was lost.';

-- Give leases back unused, when a run ends before it came to them.
create function genhook.release_outputs(p_owner text)
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with freed as (
        update outputs set leased_until = null, lease_owner = null,
            attempts = greatest(attempts - 1, 0)
        where lease_owner = p_owner and status = 'pending'
        returning 1)
    select count(*)::integer from freed
$$;
comment on function genhook.release_outputs(text) is
    'Gives back the leases that a run did not use; returns how many.';

-- Months are dropped whole; a partition that is in use now is left for the
-- next run, since a callback must not wait for this.
create function genhook.retain_deliveries(p_days integer)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
set lock_timeout = '500ms'
as $$
declare
    child  record;
    before timestamptz := now() - p_days * interval '1 day';
begin
    return query select ensure_partitions();
    for child in
        select c.relname, to_timestamp(substr(c.relname, 12), 'YYYY_MM')
            + interval '1 month' as upper_bound
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'genhook.deliveries'::regclass
            and c.relname ~ '^deliveries_\d{4}_\d{2}$'
    loop
        continue when child.upper_bound > before;
        begin
            execute format('drop table genhook.%I', child.relname);
            return next child.relname;
        exception when lock_not_available then
            null;
        end;
    end loop;
    delete from deliveries_default where received_at < before;
    delete from deliveries where outcome = 'unverified'
        and received_at < now() - interval '7 days';
    delete from sweeps where started < before;
exception when lock_not_available then
    return;
end
$$;
comment on function genhook.retain_deliveries(integer) is
    'Makes coming partitions of deliveries and drops those wholly older than so many days, with the rows of sweeps of that age; returns the names of the partitions.';
