-- How much comes in, counted by the hour.  A sweep counts what is older than a few
-- seconds, once; the views count what is younger when they are asked.

-- With trust = requery a callback is believed only after a poll has said the same,
-- so such a task has two deliveries that count as accepted.  It was not found by
-- polling, though.
create or replace function genhook.was_announced(p_provider text, p_task_id text)
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

-- A row that becomes visible late has an older received_at: hence the seconds.
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
    select m.at into began from marks m where m.name = 'traffic'
    for update skip locked;
    -- An hour at a time, so that what waited long does not take long; time in
    -- which nothing came is passed over.
    while began < now() - interval '10 seconds'
            and clock_timestamp() < now() + interval '1 second' loop
        select coalesce(min(f.received_at), 'infinity') + interval '1 hour'
        into ended
        from (select d.received_at from deliveries d
            where d.received_at > began order by d.received_at limit 1) as f;
        ended := least(now() - interval '10 seconds', ended);
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
        update tokens k set last_used_at = greatest(k.last_used_at, u.at)
        from (select d.provider, d.account, d.token, max(d.received_at) as at
            from deliveries d
            where d.received_at > began and d.received_at <= ended
                and d.token is not null and d.verdict <> 'failed'
            group by 1, 2, 3) as u
        where k.provider = u.provider and k.account = u.account
            and k.token = u.token;
        update marks set at = ended where name = 'traffic';
        began := ended;
        total := total + found_now;
    end loop;
    return total;
end
$$;
comment on function genhook.count_traffic() is
    'Counts the deliveries since the last call into hours, and notes with which tokens they came; returns how many rows it wrote. Passes over it while another one counts.';

create or replace function genhook.uncounted_traffic()
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
    select m.at into mark from marks m where m.name = 'traffic';
    return query
    select date_trunc('hour', d.received_at), d.provider, d.account,
        d.source, d.outcome, count(*), max(d.received_at)
    from deliveries d
    where d.received_at > mark
    group by 1, 2, 3, 4, 5;
end
$$;
comment on function genhook.uncounted_traffic() is
    'The deliveries that no sweep has counted yet: those of the last minute, or of as long as none has run.';

-- There are few at a time, since a sweep counts each minute.
create or replace function genhook.uncounted_announced()
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
    select m.at into mark from marks m where m.name = 'traffic';
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

-- Callbacks of an account had come and come no more when the tasks submitted since
-- are found by polling, or nobody has heard of them for an hour.  (Some providers
-- do not call back for a task that was cancelled.)  It is a function since within
-- a view PostgreSQL would expect far too much work.
create or replace function genhook.count_unanswered(p_provider text, p_account text,
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
