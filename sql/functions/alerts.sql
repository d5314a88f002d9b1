-- Alerts: a finding is told once, again after a while, and when it is well again.
-- Whoever finds something calls note_alerts() with all that there is, tells what it
-- returns, and says so by alerts_told(); what could not be told is returned again.

-- The first finding of its reason and provider is told at once, and what comes
-- within p_gather after one was told waits and is told together: a trouble that
-- grows is a few messages.  One that is gone is well after p_settle, so that a
-- finding that comes and goes is not told each time.  With p_whole false the
-- arrays are not all that there is, and nothing is taken for well.
create or replace function genhook.note_alerts(p_source text, p_key text[],
    p_reason text[], p_provider text[], p_task_id text[], p_details text[],
    p_cure text[], p_is_over boolean[], p_whole boolean, p_remind interval,
    p_gather interval default '0', p_settle interval default '0')
returns table (state text, key text, reason text, provider text, task_id text,
    details text, cure text, since timestamptz)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set lock_timeout = '500ms'
as $$
#variable_conflict use_column
begin
    delete from alerts a where a.source = p_source
        and a.well_told_at < now() - interval '30 days';
    -- Rows that are the same stay as they are, so that a long list costs little.
    insert into alerts as a (source, key, reason, provider, task_id, details,
        cure, is_over)
    select distinct on (f.key) p_source, f.key, f.reason, f.provider, f.task_id,
        coalesce(f.details, ''), f.cure, coalesce(f.is_over, false)
    from unnest(p_key, p_reason, p_provider, p_task_id, p_details, p_cure,
        p_is_over) with ordinality as f(key, reason, provider, task_id,
        details, cure, is_over, n)
    order by f.key, f.n
    on conflict (source, key) do update set
        details = excluded.details, cure = excluded.cure,
        is_over = excluded.is_over,
        since = case when a.well_told_at is null then a.since else now() end,
        told_at = case when a.well_told_at is null then a.told_at end,
        times_told = case when a.well_told_at is null then a.times_told
            else 0 end,
        well_at = null, well_told_at = null
    where a.well_at is not null or (a.details, a.cure, a.is_over)
        is distinct from (excluded.details, excluded.cure, excluded.is_over);
    if p_whole then
        -- What nobody was told of, and what is over, ends without a word.
        update alerts a set well_at = now(),
            well_told_at = case when a.told_at is null or a.is_over
                then now() end
        where a.source = p_source and a.well_at is null
            and a.key <> all (p_key);
    end if;
    return query
    with news as materialized (
        select a.key as k, case
                when a.well_at is not null then 'well'
                when a.told_at is null then 'new' else 'reminder' end as what
        from alerts a
        where a.source = p_source and a.well_told_at is null
            and (a.claimed_until is null or a.claimed_until < now())
            and case
                when a.well_at is not null then a.well_at <= now() - p_settle
                when a.told_at is not null then not a.is_over
                    and a.told_at <= now() - p_remind
                else not exists (select from alerts o
                    where o.source = a.source and o.reason = a.reason
                        and o.provider is not distinct from a.provider
                        and o.well_at is null
                        and o.told_at > now() - p_gather)
            end
        for update skip locked
    ), mine as (
        update alerts a set claimed_until = now() + interval '1 minute'
        from news w
        where a.source = p_source and a.key = w.k
        returning w.what, a.*
    )
    select m.what, m.key, m.reason, m.provider, m.task_id, m.details, m.cure,
        m.since
    from mine m
    order by array_position(array['new', 'reminder', 'well'], m.what),
        array_position(p_key, m.key), m.since;
end
$$;
comment on function genhook.note_alerts(text, text[], text[], text[], text[], text[], text[], boolean[], boolean, interval, interval, interval) is
    'Notes what there is to alert of, and returns what is to be told now: new, reminder, or well. The caller has a minute to tell it, and says so by alerts_told().';

create or replace function genhook.alerts_told(p_source text, p_key text[])
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with told as (
        update alerts a set claimed_until = null,
            told_at = case when a.well_at is null then now()
                else a.told_at end,
            times_told = a.times_told + case when a.well_at is null then 1
                else 0 end,
            well_told_at = case when a.well_at is not null then now() end
        where a.source = p_source and a.key = any (p_key)
        returning 1)
    select count(*)::integer from told
$$;
comment on function genhook.alerts_told(text, text[]) is
    'These findings, or that they are well, were told; returns how many.';

-- What of attention is worth a message.  Single deliveries that were refused are
-- not, since anybody may send some; a poll that fails is once it was tried thrice in
-- a quarter of an hour.
create or replace function genhook.note_attention(p_remind interval)
returns table (state text, key text, reason text, provider text, task_id text,
    details text, cure text, since timestamptz)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    most constant integer := 5000;
    f record;
begin
    select array_agg(n.key) as keys, array_agg(n.reason) as reasons,
        array_agg(n.provider) as providers, array_agg(n.task_id) as task_ids,
        array_agg(n.details) as details, array_agg(n.cure) as cures,
        array_agg(n.is_over) as overs, count(*) < most as whole
    into f
    from (
        select md5(concat_ws(E'\x1f', a.reason, coalesce(a.provider, ''),
                coalesce(a.task_id, ''), case
                -- Its details change from run to run.
                when a.task_id is null and a.details ~ '^(on|account|request) '
                then substring(a.details from E'^\\S+ \\S+')
                when a.reason = 'account unknown'
                then regexp_replace(a.details, E'^\\d+', '')
                when a.task_id is null then a.details end)) as key,
            a.reason, a.provider::text as provider, a.task_id::text as task_id,
            left(a.details, 500) as details, left(a.cure, 400) as cure, a.urgency = 5 as is_over
        from attention a
        where a.reason not in ('conflict delivery', 'rejected delivery',
                'unverified delivery')
            and (a.urgency < 5 or a.since > now() - interval '1 day')
            and (a.reason <> 'poll fails' or exists (select from tasks t
                where t.provider = a.provider and t.task_id = a.task_id
                    and t.polls >= 3
                    and t.submitted_at < now() - interval '15 minutes'))
        order by a.urgency, a.ends_at, a.since limit most) as n;
    return query
    select * from note_alerts('sweep', coalesce(f.keys, '{}'),
        coalesce(f.reasons, '{}'), coalesce(f.providers, '{}'),
        coalesce(f.task_ids, '{}'), coalesce(f.details, '{}'),
        coalesce(f.cures, '{}'), coalesce(f.overs, '{}'), f.whole, p_remind,
        interval '1 hour', interval '5 minutes');
end
$$;
comment on function genhook.note_attention(interval) is
    'What is to be told of attention now, as note_alerts() returns it: by the sweep, each minute at most.';
