-- What is kept and for how long; what the schema has to look like; and what
-- an application asks for by its own metadata.

insert into genhook.marks values ('bodies', '-infinity');
comment on column genhook.marks.name is 'traffic: counted in hours. bodies: those of finished tasks dropped.';

-- A delivery without which something could still get lost: its task is
-- pending, nobody has understood it yet, or its replay waits.
create function genhook.unfinished_deliveries(p_from timestamptz,
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

-- The bodies of finished tasks, whose results are in tasks: a few seconds of
-- work at a time, each delivery looked at once.
create function genhook.trim_bodies(p_before timestamptz)
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

-- One month that is over: what is unfinished moves to the default partition.
-- Nobody writes to it meanwhile, and the table itself is locked only for the
-- last step.
create function genhook.drop_month(p_child text)
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
    child  text;
    before timestamptz := now() - p_days * interval '1 day';
begin
    return query select ensure_partitions();
    -- Forgers fill no disk: a week, 5,000 of them, 64 MiB.
    delete from deliveries d
    using (select u.received_at, u.id,
            row_number() over newest as nth,
            sum(coalesce(octet_length(u.body), 0)) over newest as bytes
        from deliveries u where u.outcome = 'unverified'
        window newest as (order by u.received_at desc, u.id)) as v
    where d.received_at = v.received_at and d.id = v.id
        and d.outcome = 'unverified'
        and (v.received_at < now() - interval '7 days' or v.nth > 5000
            or v.bytes > 64 * 1024 * 1024);
    delete from sweeps where started < before;
    delete from hours where hour < before and hour < now() - interval '31 days';
    delete from replays r where r.finished_at < before;
    delete from deliveries_default d
    where d.received_at < before and (d.received_at, d.id) not in (
        select u.received_at, u.id
        from unfinished_deliveries('-infinity', before) u);
    perform trim_bodies(now() - p_days * interval '12 hours');
    -- Last, since this locks: one month a run.
    select c.relname into child
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'genhook.deliveries'::regclass
        and c.relname ~ '^deliveries_\d{4}_\d{2}$'
        and to_timestamp(substr(c.relname, 12), 'YYYY_MM')
            + interval '1 month' <= before
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

-- A task's one great change, its result, moves it in three indexes: room left
-- on its page is of no use.  An output is claimed first, which touches no
-- index, so half a page free makes that claim cheap; and the table is no
-- larger in the end, since the room is then taken (bench/bloat).
alter table genhook.tasks set (fillfactor = 100);
alter table genhook.outputs set (fillfactor = 50);

-- Which task is mine?  metadata @> '{"order": 17}'.  Tasks without metadata
-- do not pay for it; the pending list is kept short, since whoever fills it up
-- has to empty it.
create index tasks_metadata on genhook.tasks
    using gin (metadata jsonb_path_ops) with (gin_pending_list_limit = 256)
    where metadata is not null;

-- Planned for what is asked each time: one plan for a task, a provider and all
-- would walk through the whole table.
create or replace function genhook.retry_outputs(
    p_provider text default null, p_task_id text default null,
    p_status text default null)
returns setof genhook.outputs
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    with chosen as materialized (
        select d.provider, d.task_id, d.position from outputs d
        where d.status = any (case
                when p_status is null then array['expired', 'failed']
                when p_status in ('pending', 'expired', 'failed')
                    then array[p_status] end)
            and d.lease_owner is null
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    update outputs o set status = 'pending', next_attempt_at = now(),
        attempts = 0, last_error = null
    from chosen c
    where o.provider = c.provider and o.task_id = c.task_id
        and o.position = c.position
    returning o.*;
end
$$;

create or replace function genhook.repoll_tasks(
    p_provider text default null, p_task_id text default null,
    p_status text default null)
returns setof genhook.tasks
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    with waiting as materialized (
        select d.provider, d.task_id from tasks d
        where d.status = 'pending' and coalesce(p_status, 'pending') = 'pending'
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked
    ), gone as materialized (
        select d.provider, d.task_id from tasks d
        where d.status = 'lost' and coalesce(p_status, 'lost') = 'lost'
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    update tasks t set status = 'pending', next_poll_at = now(),
        source = null, finished_at = null, error_code = null,
        error_message = null, not_found_polls = 0,
        submitted_at = case t.status when 'lost' then now()
            else t.submitted_at end
    from (select * from waiting union all select * from gone) as c
    where t.provider = c.provider and t.task_id = c.task_id
    returning t.*;
end
$$;

-- Every object of the schema with a digest of what it is: as it stands, and
-- as the last migration left it.
create table genhook.objects (
    kind   text not null,
    name   text not null,
    digest text not null,
    primary key (kind, name)
);
comment on table genhook.objects is
    'The schema as the last migration left it; schema_drift() compares.';
comment on column genhook.objects.kind is 'table, column, constraint, index, view, function, trigger, domain, grants, or server.';
comment on column genhook.objects.name is 'Its name.';
comment on column genhook.objects.digest is 'MD5 of its definition and comment.';

create function genhook.objects_now()
returns table (kind text, name text, digest text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with rel as (
        select c.oid, c.relname, c.relkind, c.reloptions, c.relacl,
            c.relowner, c.relpersistence
        from pg_class c
        where c.relnamespace = 'genhook'::regnamespace
            and c.relkind in ('r', 'p', 'v') and not c.relispartition
    ), fun as (
        select p.oid, p.proacl, p.proowner, p.proname || '('
                || pg_get_function_identity_arguments(p.oid) || ')' as name,
            concat_ws(' ', p.prosrc, p.prosecdef, p.proconfig, p.provolatile,
                format_type(p.prorettype, null), p.proretset, p.prorows,
                pg_get_expr(p.proargdefaults, 0)) as text
        from pg_proc p
        where p.pronamespace = 'genhook'::regnamespace
    ), acl as (
        select r.relname::text as name, coalesce(r.relacl,
            acldefault('r', r.relowner)) as acl from rel r
        union all
        select r.relname || '.' || a.attname, a.attacl
        from rel r join pg_attribute a on a.attrelid = r.oid
        where a.attacl is not null and a.attnum > 0
        union all
        select f.name, coalesce(f.proacl, acldefault('f', f.proowner))
        from fun f
        union all
        select 'schema', coalesce(n.nspacl, acldefault('n', n.nspowner))
        from pg_namespace n where n.nspname = 'genhook'
    ), found (kind, name, text) as (
        select 'server', 'PostgreSQL '
            || current_setting('server_version_num')::integer / 10000, ''
        union all
        select 'table', r.relname, concat_ws(' ', r.relkind, r.reloptions,
            r.relpersistence, obj_description(r.oid, 'pg_class'))
        from rel r where r.relkind <> 'v'
        union all
        select 'view', r.relname, concat_ws(' ', pg_get_viewdef(r.oid),
            obj_description(r.oid, 'pg_class'))
        from rel r where r.relkind = 'v'
        union all
        select 'column', r.relname || '.' || a.attname, concat_ws(' ',
            format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attcollation::regcollation, a.attidentity,
            pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
        from rel r
        join pg_attribute a on a.attrelid = r.oid
        left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
        where r.relkind <> 'v' and a.attnum > 0 and not a.attisdropped
        union all
        select 'constraint', coalesce(r.relname, t.typname) || '.'
            || c.conname, pg_get_constraintdef(c.oid) || c.convalidated
        from pg_constraint c
        left join rel r on r.oid = c.conrelid
        left join pg_type t on t.oid = c.contypid
        where c.connamespace = 'genhook'::regnamespace
            and (r.oid is not null or t.oid is not null)
        union all
        select 'index', i.indexrelid::regclass::text, concat_ws(' ',
            pg_get_indexdef(i.indexrelid), i.indisvalid, c.reloptions)
        from rel r
        join pg_index i on i.indrelid = r.oid
        join pg_class c on c.oid = i.indexrelid
        union all
        select 'function', f.name, concat_ws(' ', f.text,
            obj_description(f.oid, 'pg_proc'))
        from fun f
        union all
        select 'trigger', r.relname || '.' || t.tgname,
            concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
        from rel r join pg_trigger t on t.tgrelid = r.oid
        where not t.tgisinternal
        union all
        select 'domain', t.typname, concat_ws(' ',
            format_type(t.typbasetype, t.typtypmod), t.typnotnull,
            t.typdefault, obj_description(t.oid, 'pg_type'))
        from pg_type t
        where t.typnamespace = 'genhook'::regnamespace and t.typtype = 'd'
        union all
        -- What everybody and our own roles may; others are the operator's.
        select 'grants', a.name, string_agg(coalesce(r.rolname, 'public')
            || '=' || x.privilege_type || x.is_grantable, ' '
            order by r.rolname, x.privilege_type)
        from acl a
        cross join aclexplode(a.acl) as x
        left join pg_roles r on r.oid = x.grantee
        where x.grantee = 0 or r.rolname in ('genhook_receiver',
            'genhook_sweeper', 'genhook_app', 'genhook_reader')
        group by a.name
    )
    select f.kind, f.name, md5(f.text) from found f
$$;
comment on function genhook.objects_now() is
    'Every table, column, constraint, index, view, function, trigger and domain of the schema, and what is granted on it, each with a digest.';

create function genhook.record_objects()
returns bigint
language sql
security invoker
set search_path = genhook, pg_temp
as $$
    delete from objects;
    with kept as (
        insert into objects select * from objects_now() returning 1)
    select count(*) from kept
$$;
comment on function genhook.record_objects() is
    'Notes the schema as it stands for schema_drift(): the last step of a migration.';

create function genhook.schema_drift()
returns table (kind text, name text, what text)
language sql
stable
set search_path = genhook, pg_temp
as $$
    select coalesce(o.kind, n.kind), coalesce(o.name, n.name),
        case when n.name is null then 'is missing'
            when o.name is null then 'is none of genhook''s'
            else 'is not as it was made' end
    from objects o
    full join objects_now() n on n.kind = o.kind and n.name = o.name
    where o.digest is distinct from n.digest
        -- an index that the operator has added is no harm
        and (o.name is not null or n.kind <> 'index')
    order by 1, 2
$$;
comment on function genhook.schema_drift() is
    'What differs in the schema from what the last migration left: nothing, unless somebody has changed it by hand.';

revoke execute on function genhook.unfinished_deliveries, genhook.trim_bodies,
    genhook.drop_month, genhook.objects_now, genhook.record_objects,
    genhook.schema_drift from public;

do $$
declare
    g text;
    r text;
begin
    for r, g in values
        ('genhook_reader', 'execute on function genhook.objects_now'),
        ('genhook_reader', 'execute on function genhook.schema_drift'),
        ('genhook_reader', 'select on genhook.objects')
    loop
        if to_regrole(r) is not null then
            execute format('grant %s to %I', g, r);
        end if;
    end loop;
end
$$;
