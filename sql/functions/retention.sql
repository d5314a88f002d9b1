-- How long deliveries are kept, called at the end of each sweep.

-- Deliveries that may still be needed: the task is pending, nobody has understood
-- the delivery yet, or its replay waits.
create or replace function genhook.unfinished_deliveries(p_from timestamptz,
    p_to timestamptz)
returns table (received_at timestamptz, id uuid)
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select d.received_at, d.id
    from tasks t
    join deliveries d on d.task_id = t.task_id and d.provider = t.provider
    where t.status = 'pending'
        and d.received_at >= p_from and d.received_at < p_to
    union
    select d.received_at, d.id
    from deliveries d
    where d.outcome = 'unparsed' and d.source <> 'replay'
        and d.received_at >= p_from and d.received_at < p_to
        and not exists (select from replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> 'unparsed')
    union
    select r.received_at, r.id
    from replays r
    where r.finished_at is null
        and r.received_at >= p_from and r.received_at < p_to;
end
$$;
comment on function genhook.unfinished_deliveries(timestamptz, timestamptz) is
    'Deliveries received in that time which are not to be dropped yet: of pending tasks, unparsed, or waiting for their replay.';

-- Drops the bodies of finished tasks, whose results are in the table tasks.  A few
-- seconds of work at a time; each delivery is looked at once.
create or replace function genhook.trim_bodies(p_before timestamptz)
returns bigint
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    reached timestamptz;
    ended   timestamptz;
    n       bigint;
    total   bigint := 0;
begin
    select m.at into reached from marks m where m.name = 'bodies'
    for update skip locked;
    while reached < p_before
            and clock_timestamp() < now() + interval '2 seconds' loop
        select case count(*) when 2000 then max(s.received_at)
            else p_before end
        into ended
        from (select d.received_at from deliveries d
            where d.received_at > reached and d.received_at <= p_before
            order by d.received_at limit 2000) as s;
        update deliveries d set body = null
        from tasks t
        where d.received_at > reached and d.received_at <= ended
            and d.body is not null and d.outcome <> 'unparsed'
            and t.provider = d.provider and t.task_id = d.task_id
            and t.status not in ('pending', 'lost') and t.result is not null
            and not exists (select from replays r
                where r.received_at = d.received_at and r.id = d.id
                    and r.finished_at is null);
        get diagnostics n = row_count;
        total := total + n;
        reached := ended;
        update marks set at = ended where name = 'bodies';
    end loop;
    return total;
end
$$;
comment on function genhook.trim_bodies(timestamptz) is
    'Drops the bodies of older deliveries whose tasks are finished and have the result; returns how many. Two seconds of work at most; the next call goes on.';

-- Drops one month that is over, after moving what is unfinished in it to the
-- default partition.  Nobody writes to the month meanwhile, and the table
-- deliveries itself is locked only for the last step.
create or replace function genhook.drop_month(p_child text)
returns boolean
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
set lock_timeout = '500ms'
as $$
declare
    began timestamptz := to_timestamp(substr(p_child, 12), 'YYYY_MM');
    kept  uuid[];
begin
    execute format('lock table genhook.%I in share mode', p_child);
    select array_agg(u.id) into kept
    from unfinished_deliveries(began, began + interval '1 month') as u;
    execute format('alter table genhook.deliveries detach partition genhook.%I', p_child);
    execute format('insert into genhook.deliveries select * from genhook.%I where id = any ($1)', p_child)
    using kept;
    execute format('drop table genhook.%I', p_child);
    return true;
exception when lock_not_available or deadlock_detected then
    return false;
end
$$;
comment on function genhook.drop_month(text) is
    'Drops a partition of deliveries but for what is unfinished in it. False: it is in use just now.';

create or replace function genhook.retain_deliveries(p_days integer)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
set lock_timeout = '500ms'
set enable_seqscan = off
set jit = off
as $$
declare
    child   text;
    before  timestamptz := now() - p_days * interval '1 day';
    counted timestamptz;
begin
    return query select ensure_partitions();
    -- What is dropped has been counted, however long no sweep ran.
    perform count_traffic();
    select m.at into counted from marks m where m.name = 'traffic';
    -- Forgers fill no disk: a week, 5,000 of them, 64 MiB.
    delete from deliveries d
    using (select u.received_at, u.id,
            row_number() over newest as nth,
            sum(coalesce(octet_length(u.body), 0)) over newest as bytes
        from deliveries u where u.outcome = 'unverified'
        window newest as (order by u.received_at desc, u.id)) as v
    where d.received_at = v.received_at and d.id = v.id
        and d.outcome = 'unverified' and d.received_at <= counted
        and (v.received_at < now() - interval '7 days' or v.nth > 5000
            or v.bytes > 64 * 1024 * 1024);
    delete from sweeps where started < before;
    -- What was counted stays in the sums.
    with gone as (
        delete from hours
        where hour < before and hour < now() - interval '31 days'
        returning *)
    select add_totals(array_agg('hours'::text), array_agg(format(
            'provider="%s",account="%s",source="%s",outcome="%s"', g.provider,
            g.account, g.source, g.outcome)), array_agg(g.deliveries::numeric))
    into child from gone g;
    delete from replays r where r.finished_at < before;
    delete from mends m where m.finished_at < before;
    delete from forwards f where f.id in (select d.id from forwards d
        where d.settled_at < before order by d.settled_at limit 20000);
    -- Nor does what waits for a forward that no settings have wait for ever.
    delete from forwards f where f.status = 'pending'
        and f.happened_at < before and f.name in (
            select d.name from forwards d where d.status = 'pending'
            except select g.name from forward_targets g);
    delete from deliveries_default d
    where d.received_at < least(before, counted)
        and (d.received_at, d.id) not in (
        select u.received_at, u.id
        from unfinished_deliveries('-infinity', before) u);
    perform trim_bodies(now() - p_days * interval '12 hours');
    -- Last, since this locks: one month a run.
    select c.relname into child
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'genhook.deliveries'::regclass
        and c.relname ~ '^deliveries_\d{4}_\d{2}$'
        and to_timestamp(substr(c.relname, 12), 'YYYY_MM')
            + interval '1 month' <= least(before, counted)
    order by c.relname limit 1;
    if child is not null and drop_month(child) then
        return next child;
    end if;
exception when lock_not_available then
    return;
end
$$;
comment on function genhook.retain_deliveries(integer) is
    'Makes coming partitions of deliveries and drops the oldest that is wholly older than so many days, but for what is unfinished; drops the bodies of finished tasks after half of that time, unverified deliveries after 7 days (and beyond 5,000, or 64 MiB), and old rows of sweeps, replays and hours. Returns the names of the partitions made and dropped.';
