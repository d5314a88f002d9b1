-- Replays: deliveries that are kept are parsed anew, after an upgrade say.
-- Parsing is C, so that a statement can only ask for it: the table replays holds
-- what is asked, and a sweep, or `genhook replay` at once, parses and hands over
-- to genhook.receive().

-- The ids that genhook makes begin with the time (RFC 9562, version 7): one
-- partition has to be searched, and not all of them.
create or replace function genhook.uuid_time(p_id uuid)
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

create or replace function genhook.replay_deliveries(p_provider text default null,
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
    -- a person has named the delivery, or the task
    by_name boolean := p_id is not null or (p_outcome is null
        and p_provider is not null and p_task_id is not null);
    bare boolean := p_id is null and by_name and exists (select from tasks t
        where t.provider = p_provider and t.task_id = p_task_id
            and t.status not in ('pending', 'lost')
            and not exists (select from outputs o
                where o.provider = t.provider and o.task_id = t.task_id));
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
                or bare and d.outcome in ('accepted', 'conflict')
                    and d.source <> 'replay'
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
        insert into replays as r (received_at, id, named)
        select c.received_at, c.id, by_name from chosen c
        on conflict (received_at, id) do update set
            requested_at = excluded.requested_at,
            replay_id = excluded.replay_id, named = excluded.named,
            finished_at = null, outcome = null, note = null
        where r.finished_at is not null
            -- another program may have just done it
            and (p_id is not null or bare or r.outcome = wanted)
        returning r.received_at, r.id
    )
    select c.received_at, c.id, c.provider::text, c.task_id::text,
        c.account::text, c.outcome::text, c.note
    from chosen c join asked a using (received_at, id)
    order by c.received_at;
    perform tell_work_due();
end
$$;
comment on function genhook.replay_deliveries(text, text, text, text, timestamptz, uuid) is
    'Has deliveries parsed anew by the next sweep, or by "genhook replay" at once: those unparsed, or of p_outcome (rejected, ignored, stale), of a provider, a task, an account, since a time, that no replay has made anything of yet; or one of any outcome by p_id, which vouches for an unverified one. A finished task is never overwritten, but for one without any output that is named, by p_id or by p_provider and p_task_id: of such a task the accepted and conflicting deliveries are parsed anew too, and one that brings outputs replaces its result. Returns the deliveries newly asked for; replays says what became of them.';

create or replace function genhook.claim_replays(p_owner text, p_lease interval,
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

-- p_outcome counts where the caller made no delivery of a replay; where it made
-- one, that delivery's outcome counts.
create or replace function genhook.finish_replays(p_owner text, p_replay_id uuid[],
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
