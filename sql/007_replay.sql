-- Deliveries once more, after an upgrade: parsing is C, so a statement can
-- only ask for it.  genhook.replays holds what is asked; the sweep, or
-- `genhook replay` at once, parses anew and hands over to genhook.receive().
-- And how much comes in, counted once, so that no view has to count it again.

create table genhook.replays (
    received_at  timestamptz not null,
    id           uuid        not null,
    requested_at timestamptz not null default now(),
    replay_id    uuid        not null default gen_random_uuid(),
    finished_at  timestamptz,
    outcome      genhook.delivery_outcome,
    note         text,
    leased_until timestamptz,
    lease_owner  text,
    primary key (received_at, id),
    constraint replays_finished_has_outcome
        check ((finished_at is null) = (outcome is null)),
    constraint replays_lease_is_whole
        check ((leased_until is null) = (lease_owner is null)),
    constraint replays_leased_while_open
        check (finished_at is null or lease_owner is null)
);
create index replays_due on genhook.replays (requested_at)
    where finished_at is null;

comment on table genhook.replays is
    'Deliveries that replay_deliveries() chose to be parsed anew, and what became of each.';
comment on column genhook.replays.received_at is 'The delivery''s received_at.';
comment on column genhook.replays.id is 'The delivery''s id.';
comment on column genhook.replays.requested_at is 'When it was asked for: received_at of the delivery that the replay makes.';
comment on column genhook.replays.replay_id is 'Its id, known before it is made: a replay that is cut off and begun again makes one row.';
comment on column genhook.replays.finished_at is 'When it was done; NULL while it waits.';
comment on column genhook.replays.outcome is 'What it came to; the delivery''s own outcome where nothing has changed, and then no delivery is made.';
comment on column genhook.replays.note is 'Why no delivery was made of it.';
comment on column genhook.replays.leased_until is 'A program is at it; until then no other one will be.';
comment on column genhook.replays.lease_owner is 'Which program: host, process and run.';

-- The ids that genhook makes begin with the time (RFC 9562, version 7): one
-- partition has to be searched, and not all of them.
create function genhook.uuid_time(p_id uuid)
returns timestamptz
language sql
immutable
set search_path = genhook, pg_temp
as $$
    select case substr(p_id::text, 15, 1) when '7' then to_timestamp(
        ('x' || translate(left(p_id::text, 13), '-', ''))::bit(48)::bigint
            / 1000.0) end
$$;
comment on function genhook.uuid_time(uuid) is
    'The time in a UUID of version 7; NULL for another one.';

create function genhook.replay_deliveries(p_provider text default null,
    p_task_id text default null, p_outcome text default null,
    p_account text default null, p_since timestamptz default null,
    p_id uuid default null)
returns table (received_at timestamptz, id uuid, provider text, task_id text,
    account text, outcome text, note text)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    wanted text := coalesce(p_outcome, 'unparsed');
    made   timestamptz := uuid_time(p_id);
begin
    if p_id is null and wanted not in ('unparsed', 'rejected', 'ignored',
            'stale') then
        raise exception 'replay_deliveries: "%" is not unparsed, rejected, ignored or stale', wanted
            using errcode = 'invalid_parameter_value',
            hint = 'Name a delivery of another outcome by p_id.';
    end if;
    return query
    with chosen as (
        select d.received_at, d.id, d.provider, d.task_id, d.account,
            d.outcome, d.note
        from deliveries d
        where (p_id is null and d.outcome = wanted and d.source <> 'replay'
                and not exists (select from replays r
                    where r.received_at = d.received_at and r.id = d.id
                        and r.outcome <> d.outcome)
                or d.id = p_id and (p_outcome is null
                    or d.outcome = p_outcome))
            -- its id is made first, its body read then
            and d.received_at >= greatest(p_since,
                coalesce(made - interval '1 minute', '-infinity'))
            and d.received_at <= coalesce(made + interval '1 hour',
                'infinity')
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
            and (p_account is null or d.account = p_account)
            and (d.body is not null or exists (
                select from deliveries e where e.task_id = d.task_id
                    and e.provider = d.provider
                    and e.body_digest = d.body_digest
                    and e.body is not null))
        order by d.received_at
        for update of d skip locked
    ), asked as (
        insert into replays as r (received_at, id)
        select c.received_at, c.id from chosen c
        on conflict (received_at, id) do update set
            requested_at = excluded.requested_at,
            replay_id = excluded.replay_id,
            finished_at = null, outcome = null, note = null
        where r.finished_at is not null
            -- another program may have just done it
            and (p_id is not null or r.outcome = wanted)
        returning r.received_at, r.id
    )
    select c.received_at, c.id, c.provider::text, c.task_id::text,
        c.account::text, c.outcome::text, c.note
    from chosen c join asked a using (received_at, id)
    order by c.received_at;
end
$$;
comment on function genhook.replay_deliveries(text, text, text, text, timestamptz, uuid) is
    'Has deliveries parsed anew by the next sweep, or by "genhook replay" at once: those unparsed, or of p_outcome (rejected, ignored, stale), of a provider, a task, an account, since a time, that no replay has made anything of yet; or one of any outcome by p_id, which vouches for an unverified one. A finished task is never overwritten. Returns the deliveries newly asked for; replays says what became of them.';

create function genhook.claim_replays(p_owner text, p_lease interval,
    p_limit integer)
returns table (replay_id uuid, requested_at timestamptz,
    received_at timestamptz, id uuid, provider text, account text,
    outcome text, verdict text, remote_addr text, headers text, body bytea)
language plpgsql
security definer
set search_path = genhook, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    -- A lease that a crash of the server forgets costs nothing.
    perform set_config('synchronous_commit', 'off', true);
    return query
    with due as (
        select r.received_at, r.id
        from replays r
        where r.finished_at is null
            and (r.leased_until is null or r.leased_until < now())
        order by r.requested_at, r.received_at
        limit p_limit
        for update skip locked
    ), claimed as (
        update replays r set leased_until = now() + p_lease,
            lease_owner = p_owner
        from due
        where r.received_at = due.received_at and r.id = due.id
        returning r.*
    )
    select c.replay_id, c.requested_at, c.received_at, c.id,
        d.provider::text, d.account::text, d.outcome::text, d.verdict::text,
        host(d.remote_addr), d.headers::text,
        coalesce(d.body, (select e.body from deliveries e
            where e.task_id = d.task_id and e.provider = d.provider
                and e.body_digest = d.body_digest and e.body is not null
            limit 1))
    from claimed c
    left join deliveries d on d.received_at = c.received_at and d.id = c.id
    order by c.received_at;
end
$$;
comment on function genhook.claim_replays(text, interval, integer) is
    'Leases up to p_limit replays that wait to p_owner, with their deliveries'' bodies; provider is NULL where the delivery is no more.';

-- p_outcome is what the caller found where it made no delivery; where there is
-- one, that one says.
create function genhook.finish_replays(p_owner text, p_replay_id uuid[],
    p_outcome text[], p_note text[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
set enable_seqscan = off
as $$
declare
    n integer;
begin
    -- Deliveries are locked before their replays, as replay_deliveries() does:
    -- the other way round the two would wait for each other.
    perform from deliveries d
    join replays r on r.received_at = d.received_at and r.id = d.id
    where r.finished_at is null and r.lease_owner = p_owner
        and r.replay_id = any (p_replay_id)
    for update of d;

    with done as (
        update replays r set finished_at = now(), leased_until = null,
            lease_owner = null,
            outcome = coalesce((select d.outcome from deliveries d
                where d.received_at = r.requested_at
                    and d.id = r.replay_id), b.outcome),
            note = b.note
        from unnest(p_replay_id, p_outcome, p_note)
            as b(replay_id, outcome, note)
        where r.finished_at is null and r.lease_owner = p_owner
            and r.replay_id = b.replay_id
        returning r.*
    ), named as (
        -- The first delivery now belongs to its task, and keeps the bytes.
        update deliveries d set task_id = coalesce(d.task_id, m.task_id)
        from done
        join deliveries m on m.received_at = done.requested_at
            and m.id = done.replay_id
        where d.received_at = done.received_at and d.id = done.id
            and d.body is not null and m.body is not null
            and d.body_digest = m.body_digest
        returning done.requested_at, done.replay_id
    ), freed as (
        update deliveries m set body = null
        from named
        where m.received_at = named.requested_at and m.id = named.replay_id
        returning 1
    )
    select count(*) into n from done;
    return n;
end
$$;
comment on function genhook.finish_replays(text, uuid[], text[], text[]) is
    'Replays under p_owner''s lease are done; returns how many.';

-- How much comes in.  The sweep counts what is older than a few seconds, once;
-- what is younger is counted where it is asked for.
create table genhook.marks (
    name text        primary key,
    at   timestamptz not null
);
comment on table genhook.marks is 'How far the sweeps have come with work that follows received_at.';
comment on column genhook.marks.name is 'traffic: counted in hours.';
comment on column genhook.marks.at is 'All deliveries up to then are done.';
insert into genhook.marks values ('traffic', now() - interval '1 day');

create table genhook.hours (
    hour       timestamptz              not null,
    provider   genhook.provider_name    not null,
    account    genhook.account_name     not null,
    source     genhook.delivery_source  not null,
    outcome    genhook.delivery_outcome not null,
    deliveries bigint                   not null,
    last_at    timestamptz              not null,
    primary key (hour, provider, account, source, outcome)
) with (fillfactor = 50);
comment on table genhook.hours is 'Deliveries counted by hour; genhook.traffic adds those of this minute.';
comment on column genhook.hours.hour is 'The hour''s beginning.';
comment on column genhook.hours.provider is 'The provider.';
comment on column genhook.hours.account is 'The account.';
comment on column genhook.hours.source is 'callback, poll or replay.';
comment on column genhook.hours.outcome is 'As in deliveries.';
comment on column genhook.hours.deliveries is 'How many.';
comment on column genhook.hours.last_at is 'received_at of the newest.';

-- A row that becomes visible late has an older received_at: hence the seconds.
create function genhook.count_traffic()
returns bigint
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    began timestamptz;
    ended timestamptz;
    found_now bigint;
    total bigint := 0;
begin
    select greatest(m.at, now() - interval '1 day') into began
    from marks m where m.name = 'traffic'
    for update skip locked;
    -- An hour at a time, so that what waited long does not take long.
    while began < now() - interval '10 seconds'
            and clock_timestamp() < now() + interval '1 second' loop
        ended := least(now() - interval '10 seconds',
            began + interval '1 hour');
        with counted as (
            insert into hours as h (hour, provider, account, source, outcome,
                deliveries, last_at)
            select date_trunc('hour', d.received_at), d.provider, d.account,
                d.source, d.outcome, count(*), max(d.received_at)
            from deliveries d
            where d.received_at > began and d.received_at <= ended
            group by 1, 2, 3, 4, 5
            on conflict (hour, provider, account, source, outcome)
            do update set deliveries = h.deliveries + excluded.deliveries,
                last_at = greatest(h.last_at, excluded.last_at)
            returning 1)
        select count(*) into found_now from counted;
        update marks set at = ended where name = 'traffic';
        began := ended;
        total := total + found_now;
    end loop;
    return total;
end
$$;
comment on function genhook.count_traffic() is
    'Counts the deliveries since the last call into hours; returns how many rows it wrote. Passes over it while another one counts.';

create function genhook.uncounted_traffic()
returns table (hour timestamptz, provider genhook.provider_name,
    account genhook.account_name, source genhook.delivery_source,
    outcome genhook.delivery_outcome, deliveries bigint, last_at timestamptz)
language plpgsql
stable
security definer
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    mark timestamptz;
begin
    select greatest(m.at, now() - interval '1 day') into mark
    from marks m where m.name = 'traffic';
    return query
    select date_trunc('hour', d.received_at), d.provider, d.account,
        d.source, d.outcome, count(*), max(d.received_at)
    from deliveries d
    where d.received_at > mark
    group by 1, 2, 3, 4, 5;
end
$$;
comment on function genhook.uncounted_traffic() is
    'The deliveries that no sweep has counted yet: those of the last minute, or of a day at most.';

create view genhook.traffic as
    select hour, provider, account, source, outcome,
        sum(deliveries)::bigint as deliveries, max(last_at) as last_at
    from (select * from genhook.hours
        union all select * from genhook.uncounted_traffic()) as every
    group by hour, provider, account, source, outcome
    order by hour desc, provider, account, source, outcome;
comment on view genhook.traffic is
    'How many deliveries came in each hour, by provider, account, source and outcome. What waited in the spool for longer than a minute is not in it.';

-- Few tasks are found by polling, and only those pay for this.
create index tasks_polled on genhook.tasks (provider, account, finished_at)
    where source = 'poll';

-- Callbacks that had come and come no more: the tasks submitted since are
-- found by polling, or nobody has heard of them for an hour.  (A cancelled
-- task is one that some providers do not call back for.)  A function, since a
-- view's guess of what this costs would be far too high.
create function genhook.count_unanswered(p_provider text, p_account text,
    p_since timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return (select count(*) from (
            select from tasks t
            where t.provider = p_provider and t.account = p_account
                and t.source = 'poll' and t.status <> 'cancelled'
                and t.finished_at > p_since and t.submitted_at > p_since
            limit 1000) as polled)
        + (select count(*) from (
            select from tasks t
            where t.provider = p_provider and t.account = p_account
                and t.status = 'pending' and t.submitted_at > p_since
                and t.submitted_at < now() - interval '1 hour'
            limit 1000) as waiting);
end
$$;
comment on function genhook.count_unanswered(text, text, timestamptz) is
    'An account''s tasks submitted since then that no callback came for: those that a poll finished, and those pending for an hour; up to 1,000 of each.';

create view genhook.account_health as
    with heard as materialized (
        select provider, account,
            max(last_at) filter (where source = 'callback'
                and outcome not in ('rejected', 'unverified'))
                as last_callback,
            coalesce(sum(deliveries) filter (where source <> 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_callback,
            coalesce(sum(deliveries) filter (where source = 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_poll
        from (select * from genhook.hours
            union all select * from genhook.uncounted_traffic()) as every
        group by provider, account
    )
    select k.provider::genhook.provider_name as provider,
        k.account::genhook.account_name as account,
        h.last_callback,
        coalesce(h.finished_by_callback, 0) as finished_by_callback,
        coalesce(h.finished_by_poll, 0) as finished_by_poll,
        u.tasks as unanswered, u.tasks >= 3 as went_quiet,
        case when a.not_before > now() then a.not_before end as paused_until,
        case when a.not_before > now() then a.reason end as paused_because
    from (select provider, account from heard
        union
        select provider, account from genhook.accounts) as k
    left join heard h on h.provider = k.provider and h.account = k.account
    left join genhook.accounts a
        on a.provider = k.provider and a.account = k.account
    cross join lateral (
        select case when h.last_callback is null then 0
            else genhook.count_unanswered(k.provider, k.account,
                h.last_callback) end as tasks
        offset 0) as u
    order by 1, 2;
comment on view genhook.account_health is
    'Per account: the last callback, how many tasks of the last day it finished and how many a poll, the tasks submitted since the last callback that none came for, whether it went quiet (three or more of them, though callbacks had come), and whether the provider wants to be left alone.';

create or replace view genhook.provider_health as
    with accounts as materialized (
        select provider, max(last_callback) as last_callback,
            sum(finished_by_callback)::bigint as finished_by_callback,
            sum(finished_by_poll)::bigint as finished_by_poll,
            sum(unanswered)::bigint as unanswered,
            bool_or(went_quiet) as went_quiet
        from genhook.account_health
        group by provider
    ), polls as materialized (
        select provider, count(*) as n,
            min(coalesce(next_poll_at, submitted_at)) as oldest
        from genhook.tasks where status = 'pending'
        group by provider
    ), downloads as materialized (
        select provider, count(*) as n, min(next_attempt_at) as oldest,
            min(expires_at) as soonest
        from genhook.outputs where status = 'pending'
        group by provider
    ), missed as materialized (
        select provider, count(*) as n
        from genhook.outputs where status in ('expired', 'failed')
        group by provider
    )
    select provider::genhook.provider_name as provider, a.last_callback,
        coalesce(a.finished_by_callback, 0) as finished_by_callback,
        coalesce(a.finished_by_poll, 0) as finished_by_poll,
        round(100.0 * a.finished_by_poll / nullif(a.finished_by_callback
            + a.finished_by_poll, 0), 1) as percent_by_poll,
        p.oldest as oldest_due_poll, d.oldest as oldest_due_output,
        coalesce(m.n, 0) as links_lost,
        coalesce(p.n, 0) as pending_tasks,
        coalesce(d.n, 0) as pending_outputs,
        d.soonest as soonest_expiry,
        coalesce(a.unanswered, 0) as unanswered,
        coalesce(a.went_quiet, false) as went_quiet
    from accounts a
    full join polls p using (provider)
    full join downloads d using (provider)
    full join missed m using (provider)
    order by provider;
comment on view genhook.provider_health is
    'Per provider: the last callback, tasks finished in the last day (by the hour) by callback and by poll and the share of the latter, the oldest poll and download that wait, links lost, what is pending, and whether an account''s callbacks stopped though submissions go on (account_health says which).';

-- A function for the same reason: a guess of many lost links, each with a look
-- into tasks, would have the view compiled.
create function genhook.is_test_task(p_provider text, p_task_id text)
returns boolean
language plpgsql
stable
security definer
cost 1
set search_path = genhook, pg_temp
as $$
begin
    return coalesce((select t.is_test from tasks t
        where t.provider = p_provider and t.task_id = p_task_id), false);
end
$$;
comment on function genhook.is_test_task(text, text) is
    'Is it a mock event of a provider''s test mode?';

create or replace view genhook.attention as
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
        and not genhook.is_test_task(provider, task_id)
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
    select 'went quiet', provider, null::genhook.task_key, last_callback,
        format('account "%s": %s tasks were submitted since its last callback, and none came for them',
            account, unanswered),
        format('select * from genhook.tasks where provider = %L and account = %L and submitted_at > %L and (status = ''pending'' or source = ''poll'')',
            provider, account, last_callback)
    from genhook.account_health
    where went_quiet
    union all
    -- Until it is replayed, or deleted by hand: it may hold a result.
    select 'unparsed delivery', provider, task_id, received_at, note,
        format('select * from genhook.replay_deliveries(p_id => %L)', id)
    from genhook.deliveries d
    where outcome = 'unparsed' and source <> 'replay'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> 'unparsed')
    union all
    select outcome || ' delivery', provider, task_id, received_at, note,
        format('select * from genhook.deliveries where received_at = %L and id = %L',
            received_at, id)
    from genhook.deliveries d
    where outcome in ('conflict', 'rejected', 'unverified')
        and received_at > now() - interval '7 days'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> d.outcome);
comment on view genhook.attention is
    'What a person should look at: the reason, since when, in words, and the statement that mends it or shows more.';

comment on column genhook.sweeps.counts is 'What it did: drained, replayed, polled, finished, stored, expired, failed, bytes.';

revoke execute on function genhook.uuid_time, genhook.replay_deliveries,
    genhook.claim_replays, genhook.finish_replays, genhook.count_traffic,
    genhook.uncounted_traffic, genhook.count_unanswered,
    genhook.is_test_task from public;

do $$
declare
    g text;
    r text;
begin
    for r, g in values
        ('genhook_sweeper', 'execute on function genhook.claim_replays'),
        ('genhook_sweeper', 'execute on function genhook.finish_replays'),
        ('genhook_sweeper', 'execute on function genhook.count_traffic'),
        ('genhook_reader', 'execute on function genhook.uncounted_traffic'),
        ('genhook_reader', 'execute on function genhook.count_unanswered'),
        ('genhook_reader', 'execute on function genhook.is_test_task'),
        ('genhook_reader', 'select on genhook.replays, genhook.marks, genhook.hours, genhook.traffic, genhook.account_health')
    loop
        if to_regrole(r) is not null then
            execute format('grant %s to %I', g, r);
        end if;
    end loop;
end
$$;
