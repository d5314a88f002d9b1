-- Tokens: which is the newest of an account, and which are still in use.  Of a token
-- only the first digits of its digest are known here.

-- The newest is the one that was seen last for the first time, wherever it stands in
-- the settings; of those seen first at once, the first in the list.  A token that is
-- in the settings no more is kept: another machine may have older settings, and must
-- not make it new again.
create or replace function genhook.note_tokens(p_provider text[],
    p_account text[], p_token text[])
returns table (provider text, account text, token text)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
begin
    insert into tokens as k (provider, account, token, first_seen_at)
    select b.provider, b.account, b.token,
        -- the clock may have been set back
        greatest(now(), (select max(e.first_seen_at)
                + interval '1 microsecond'
            from tokens e where e.provider = b.provider
                and e.account = b.account))
    from unnest(p_provider, p_account, p_token)
        as b(provider, account, token)
    where not exists (select from tokens e
        where e.provider = b.provider and e.account = b.account
            and e.token = b.token)
    on conflict do nothing;

    return query
    select distinct on (b.provider, b.account) b.provider, b.account, b.token
    from unnest(p_provider, p_account, p_token)
        with ordinality as b(provider, account, token, n)
    join tokens k on k.provider = b.provider and k.account = b.account
        and k.token = b.token
    order by b.provider, b.account, k.first_seen_at desc, b.n;
end
$$;
comment on function genhook.note_tokens(text[], text[], text[]) is
    'The settings'' tokens, in their order: notes those that were not known yet, and returns the newest of each account, with which requests are sent.';

-- For `genhook token list`.  A token that is not the newest is superseded since the
-- next newer one was first seen: tasks that were submitted before may still call with
-- it.
create or replace function genhook.token_use(p_provider text[],
    p_account text[], p_token text[])
returns table (provider text, account text, place integer, token text,
    use text, first_seen_at timestamptz, last_used_at timestamptz,
    waiting bigint)
language plpgsql
stable
security definer
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
    with uncounted as materialized (
        select d.provider, d.account, d.token, max(d.received_at) as at
        from deliveries d
        where d.received_at > mark and d.token is not null
            and d.verdict <> 'failed'
        group by 1, 2, 3
    ), live as (
        select b.provider, b.account, b.token, b.n, k.first_seen_at,
            greatest(k.last_used_at, u.at) as last_used_at
        from unnest(p_provider, p_account, p_token)
            with ordinality as b(provider, account, token, n)
        left join tokens k on k.provider = b.provider
            and k.account = b.account and k.token = b.token
        left join uncounted u on u.provider = b.provider
            and u.account = b.account and u.token = b.token
    ), ranked as (
        select l.*,
            row_number() over (partition by l.provider, l.account
                order by l.n) as place,
            -- one that no sweep has seen yet is the next to be the newest
            lag(coalesce(l.first_seen_at, now())) over (
                partition by l.provider, l.account
                order by l.first_seen_at desc nulls first, l.n)
                as superseded_at
        from live l
    ), counted as (
        select r.*, case when r.superseded_at is not null then
            (select count(*) from (select from tasks t
                where t.status = 'pending' and t.provider = r.provider
                    and t.account = r.account
                    and t.submitted_at < r.superseded_at
                limit 1000) as w) end as waiting
        from ranked r
    )
    select c.provider, c.account, c.place::integer, c.token,
        case when c.superseded_at is null then 'newest'
            when c.waiting > 0 or c.last_used_at
                > greatest(c.superseded_at, now() - interval '1 day')
                then 'in use'
            else 'may go' end,
        c.first_seen_at, c.last_used_at, c.waiting
    from counted c
    order by c.n;
end
$$;
comment on function genhook.token_use(text[], text[], text[]) is
    'Of the settings'' tokens, in their order: is it the newest, still in use (tasks of before the next newer one are pending, or a delivery came with it within the last day), or may it go? waiting: how many pending tasks, up to 1,000, may still call with it.';
