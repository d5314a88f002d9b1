-- Moving the archive: which files are at the old place, and what became of each.  One
-- run of `genhook archive move` has the database to itself, by a lock of its session
-- that ends with it, however it ends; so nothing here is leased.

create or replace function genhook.lock_moves()
returns boolean
language sql
set search_path = genhook, pg_temp
as $$
    select pg_try_advisory_lock(hashtext('genhook archive move'))
$$;
comment on function genhook.lock_moves() is
    'Takes the lock of genhook archive move for this session; false: another one has it.';

-- A session that was lost has lost the lock too, and may get it back where nobody else
-- has taken it since.
create or replace function genhook.need_moves_lock()
returns void
language plpgsql
set search_path = genhook, pg_temp
as $$
begin
    if not lock_moves() then
        raise exception 'another genhook archive move is at work'
            using errcode = 'lock_not_available';
    end if;
end
$$;
comment on function genhook.need_moves_lock() is
    'Raises an error where another session has the lock of genhook archive move.';

-- A walk by the key: only so many rows are looked at, wherever the files are that are
-- wanted.  Its end is the row without a location.
create or replace function genhook.movable_outputs(p_from text, p_provider text,
    p_task_id text, p_position integer, p_limit integer, p_bytes bigint)
returns table (provider text, task_id text, "position" integer, location text,
    bytes bigint, sha256 text, content_type text, stored_at bigint)
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
    with walked as materialized (
        select o.provider, o.task_id, o.position, o.status, o.location, o.bytes,
            o.sha256, o.content_type, o.stored_at
        from outputs o
        where (o.provider, o.task_id, o.position)
            > (p_provider collate "C", p_task_id collate "C", p_position)
        order by o.provider, o.task_id, o.position
        limit 5000
    ), found as materialized (
        select w.*, row_number() over k as n,
            sum(w.bytes) over k - w.bytes as before
        from walked w
        where w.status = 'stored' and starts_with(w.location, p_from)
        window k as (order by w.provider, w.task_id, w.position)
    ), page as materialized (
        select * from found f where f.n <= p_limit
            and (f.n = 1 or f.before < p_bytes)
    ), ends as (
        -- Behind what was chosen, or where nothing is left out behind all.
        select e.provider, e.task_id, e.position
        from (select p.provider, p.task_id, p.position from page p
            where (select count(*) from page) < (select count(*) from found)
            union all
            select w.provider, w.task_id, w.position from walked w
            where (select count(*) from page) = (select count(*) from found)
        ) as e
        order by e.provider desc, e.task_id desc, e.position desc
        limit 1
    )
    select p.provider::text, p.task_id::text, p.position::integer,
        p.location::text, p.bytes::bigint, p.sha256::text, p.content_type,
        extract(epoch from p.stored_at)::bigint
    from page p
    union all
    select e.provider::text, e.task_id::text, e.position::integer, null, null,
        null, null, null
    from ends e;
end
$$;
comment on function genhook.movable_outputs(text, text, text, integer, integer, bigint) is
    'Stored outputs whose location begins with p_from, behind a key, up to so many files and about so many bytes; and, without a location, the key behind which to go on. No row: that was all.';

create or replace function genhook.count_movable(p_from text)
returns table (files bigint, bytes bigint)
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select count(*), coalesce(sum(o.bytes), 0)::bigint
    from outputs o
    where o.status = 'stored' and starts_with(o.location, p_from)
$$;
comment on function genhook.count_movable(text) is
    'How many stored outputs have a location that begins with p_from, and of how many bytes.';

-- The files are whole at their new places, and were read again there.
create or replace function genhook.settle_moves(p_provider text[], p_task_id text[],
    p_position integer[], p_source text[], p_sha256 text[],
    p_destination text[], p_keep boolean)
returns setof integer
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
begin
    perform need_moves_lock();
    -- What was once moved away from there is no old copy any more.
    delete from moves m using unnest(p_destination) as d(location)
    where m.source = d.location;
    return query
    with done as (
        update outputs o set location = b.destination
        from unnest(p_provider, p_task_id, p_position, p_source, p_sha256,
                p_destination) with ordinality
            as b(provider, task_id, position, source, sha256, destination, n)
        where o.provider = b.provider and o.task_id = b.task_id
            and o.position = b.position and o.status = 'stored'
            and o.location = b.source and o.sha256 = b.sha256
        returning o.provider, o.task_id, o.position, b.source, b.n
    ), noted as (
        insert into moves (source, provider, task_id, position)
        select d.source, d.provider, d.task_id, d.position
        from done d where not p_keep
        on conflict (source) do update set provider = excluded.provider,
            task_id = excluded.task_id, position = excluded.position,
            moved_at = now()
    )
    select d.n::integer from done d;
end
$$;
comment on function genhook.settle_moves(text[], text[], integer[], text[], text[], text[], boolean) is
    'Gives outputs their new locations, and notes the old copies unless p_keep; returns the places in the arrays, from 1, of those that were still what they had been.';

create or replace function genhook.old_copies(p_from text, p_limit integer)
returns table (source text)
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select m.source::text from moves m
    where starts_with(m.source, p_from)
        and not exists (select from outputs o
            where o.provider = m.provider and o.task_id = m.task_id
                and o.position = m.position and o.location = m.source)
    order by m.source
    limit p_limit
$$;
comment on function genhook.old_copies(text, integer) is
    'Old copies of moved files that have yet to be removed, of those whose place begins with p_from.';

create or replace function genhook.forget_copies(p_source text[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    n integer;
begin
    perform need_moves_lock();
    delete from moves m using unnest(p_source) as s(source)
    where m.source = s.source;
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function genhook.forget_copies(text[]) is
    'These old copies have been removed, or are not there; returns how many were noted.';
