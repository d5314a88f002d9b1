-- Small pictures of stored pictures and films, for the page.  The sweep claims what
-- has none, makes it in a process of its own, and says what became of it.

-- What was stored since the mark, newest first.  A claim of a run that died counts
-- no more after some minutes.
create or replace function genhook.claim_thumbs(p_types text[], p_limit integer)
returns table (provider text, task_id text, "position" integer, location text,
    content_type text, sha256 text)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_since timestamptz := (select m.at - interval '10 minutes' from marks m
        where m.name = 'thumbs');
begin
    return query
    with due as materialized (
        select o.provider, o.task_id, o.position, o.location, o.content_type,
            o.sha256
        from outputs o
        where o.status = 'stored' and o.stored_at >= v_since
            and o.content_type = any (p_types)
            and not exists (select from thumbs t
                where t.provider = o.provider and t.task_id = o.task_id
                    and t.position = o.position and t.sha256 = o.sha256
                    and (t.picture is not null or t.error is not null
                        or t.made_at > now() - interval '5 minutes'))
        order by o.stored_at desc
        limit p_limit
    ), claimed as (
        insert into thumbs as t (provider, task_id, position, sha256)
        select d.provider, d.task_id, d.position, d.sha256 from due d
        on conflict (provider, task_id, position) do update set
            sha256 = excluded.sha256, made_at = now(), picture = null,
            error = null
        where t.sha256 <> excluded.sha256 or (t.picture is null
            and t.error is null and t.made_at <= now() - interval '5 minutes')
        returning t.provider, t.task_id, t.position
    )
    select d.provider::text, d.task_id::text, d.position::integer,
        d.location::text, d.content_type, d.sha256::text
    from due d
    join claimed c on c.provider = d.provider and c.task_id = d.task_id
        and c.position = d.position;
    if not found then
        update marks m set at = now() where m.name = 'thumbs';
    end if;
end
$$;
comment on function genhook.claim_thumbs(text[], integer) is
    'Takes up to so many stored outputs of these types that have no small picture, the newest first; where there are none, later calls look from now on.';

create or replace function genhook.finish_thumb(p_provider text, p_task_id text,
    p_position integer, p_sha256 text, p_picture bytea, p_error text)
returns boolean
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    if p_picture is null and p_error is null then
        delete from thumbs t
        where t.provider = p_provider and t.task_id = p_task_id
            and t.position = p_position and t.sha256 = p_sha256
            and t.picture is null and t.error is null;
    else
        update thumbs t set picture = p_picture, error = left(p_error, 300),
            made_at = now()
        where t.provider = p_provider and t.task_id = p_task_id
            and t.position = p_position and t.sha256 = p_sha256
            and t.picture is null and t.error is null;
    end if;
    return found;
end
$$;
comment on function genhook.finish_thumb(text, text, integer, text, bytea, text) is
    'Keeps the small picture of a claimed output, or why there is none; with neither, the claim is given back.';

create or replace function genhook.retain_thumbs(p_keep integer)
returns bigint
language plpgsql
security definer
set search_path = genhook, pg_temp
set enable_seqscan = off
as $$
declare
    n bigint;
begin
    delete from thumbs t
    where t.made_at <= (select k.made_at from thumbs k
        order by k.made_at desc offset p_keep limit 1);
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function genhook.retain_thumbs(integer) is
    'Drops all but the newest small pictures; returns how many.';

-- ---- for the page -----------------------------------------------------------

create or replace function genhook.web_thumb(p jsonb)
returns table (picture bytea, sha256 text)
language sql
stable
set search_path = genhook, pg_temp
set enable_seqscan = off
as $$
    select t.picture, t.sha256
    from thumbs t
    join outputs o on o.provider = t.provider and o.task_id = t.task_id
        and o.position = t.position and o.sha256 = t.sha256
    where t.provider = p ->> 'provider' and t.task_id = p ->> 'task_id'
        and t.position = (p ->> 'position')::integer
        and t.picture is not null
$$;
comment on function genhook.web_thumb(jsonb) is
    'thumb/PROVIDER/TASK_ID/N: the small picture of a stored output.';

create or replace function genhook.has_thumb(p_provider text, p_task_id text,
    p_position integer, p_sha256 text)
returns boolean
language sql
stable
set search_path = genhook, pg_temp
as $$
    select exists (select from thumbs t
        where t.provider = p_provider and t.task_id = p_task_id
            and t.position = p_position and t.sha256 = p_sha256
            and t.picture is not null)
$$;
comment on function genhook.has_thumb(text, text, integer, text) is
    'Is there a small picture of this file?';
