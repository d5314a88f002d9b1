-- With trust = requery a callback is believed only once a poll has said the
-- same, so each such task has two deliveries that count as accepted.  It is no
-- task that was found by polling instead of by its callback.

alter table genhook.hours
    add column announced bigint not null default 0,
    add constraint hours_announced check (announced between 0 and deliveries);
comment on column genhook.hours.announced is
    'Of accepted polls: those of tasks whose callback had come and was not believed (trust = requery).';

create function genhook.was_announced(p_provider text, p_task_id text)
returns boolean
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    return exists (select from deliveries d
        where d.provider = p_provider and d.task_id = p_task_id
            and d.source <> 'poll' and d.outcome = 'accepted');
end
$$;
comment on function genhook.was_announced(text, text) is
    'Did a callback come for the task before anybody knew its result?';

create or replace function genhook.count_traffic()
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
                deliveries, last_at, announced)
            select date_trunc('hour', d.received_at), d.provider, d.account,
                d.source, d.outcome, count(*), max(d.received_at),
                count(*) filter (where case
                    when d.source = 'poll' and d.outcome = 'accepted'
                    then was_announced(d.provider, d.task_id) end)
            from deliveries d
            where d.received_at > began and d.received_at <= ended
            group by 1, 2, 3, 4, 5
            on conflict (hour, provider, account, source, outcome)
            do update set deliveries = h.deliveries + excluded.deliveries,
                last_at = greatest(h.last_at, excluded.last_at),
                announced = h.announced + excluded.announced
            returning 1)
        select count(*) into found_now from counted;
        update marks set at = ended where name = 'traffic';
        began := ended;
        total := total + found_now;
    end loop;
    return total;
end
$$;

-- Few at a time: a sweep counts each minute.
create function genhook.uncounted_announced()
returns table (hour timestamptz, provider genhook.provider_name,
    account genhook.account_name, announced bigint)
language plpgsql
stable
security definer
rows 5
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
    select date_trunc('hour', d.received_at), d.provider, d.account, count(*)
    from deliveries d
    where d.received_at > mark and d.source = 'poll'
        and d.outcome = 'accepted'
        and was_announced(d.provider, d.task_id)
    group by 1, 2, 3;
end
$$;
comment on function genhook.uncounted_announced() is
    'The polls that no sweep has counted yet of tasks whose callback had come and was not believed.';

create or replace view genhook.account_health as
    with heard as materialized (
        select provider, account,
            max(last_at) filter (where source = 'callback'
                and outcome not in ('rejected', 'unverified'))
                as last_callback,
            coalesce(sum(deliveries) filter (where source <> 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_callback,
            coalesce(sum(deliveries - announced) filter (where source = 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_poll
        from (select hour, provider, account, source, outcome, deliveries,
                last_at, announced
            from genhook.hours
            union all
            select hour, provider, account, source, outcome, deliveries,
                last_at, 0
            from genhook.uncounted_traffic()
            union all
            select hour, provider, account, 'poll', 'accepted', 0, null,
                announced
            from genhook.uncounted_announced()) as every
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
    'Per account: the last callback, how many tasks of the last day callbacks finished (or, with trust = requery, announced) and how many a poll found without one, the tasks submitted since the last callback that none came for, whether it went quiet (three or more of them, though callbacks had come), and whether the provider wants to be left alone.';
comment on view genhook.provider_health is
    'Per provider: the last callback, tasks finished in the last day (by the hour) by callback and by a poll in place of one and the share of the latter, the oldest poll and download that wait, links lost, what is pending, and whether an account''s callbacks stopped though submissions go on (account_health says which).';

-- With an archive in S3 only the machine that has a file whole can send it, and
-- while the store is away any sweep may claim the row.  One that finds the link
-- dead gives up nothing that another machine may still send.
alter table genhook.outputs
    add column held_until timestamptz,
    add column held_by    text,
    add constraint outputs_hold_is_whole
        check ((held_until is null) = (held_by is null));
comment on column genhook.outputs.held_until is
    'A sweep had the whole file and the store did not take it; until then no other one gives it up. Of no meaning once it is stored.';
comment on column genhook.outputs.held_by is
    'Which sweep that was: host, process and run.';

create or replace function genhook.fail_output(p_provider text,
    p_task_id text, p_position integer, p_owner text, p_status text,
    p_words text, p_retry_after interval)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with row as (
        select *, p_status not in ('pending', 'held')
                and coalesce(held_until > now(), false) as kept
        from outputs
        where provider = p_provider and task_id = p_task_id
            and position = p_position and status = 'pending'
            and lease_owner = p_owner
        for update
    ), done as (
        update outputs o set
            status = case when r.kept or p_status = 'held' then 'pending'
                else p_status end,
            last_error = case when r.kept
                then left(format('%s has the file for the store; here: %s',
                    r.held_by, p_words), 2000)
                else p_words end,
            next_attempt_at = case
                when r.kept then now() + interval '10 minutes'
                when p_status in ('pending', 'held')
                    then now() + p_retry_after end,
            held_until = case p_status when 'held'
                then now() + interval '1 day' else o.held_until end,
            held_by = case p_status when 'held' then p_owner
                else o.held_by end,
            leased_until = null, lease_owner = null
        from row r
        where o.provider = r.provider and o.task_id = r.task_id
            and o.position = r.position
        returning r.kept)
    select exists (select from done where not kept)
$$;
comment on function genhook.fail_output(text, text, integer, text, text, text, interval) is
    'An attempt failed: retried later (pending; held: and the whole file waits at the caller''s), or given up (expired, failed), but not while another one holds the file: then it is retried. False if the lease was lost or nothing was given up.';

revoke execute on function genhook.was_announced,
    genhook.uncounted_announced from public;

do $$
begin
    if to_regrole('genhook_reader') is not null then
        grant execute on function genhook.uncounted_announced
            to genhook_reader;
    end if;
end
$$;
