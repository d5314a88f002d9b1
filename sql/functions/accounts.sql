-- Which accounts there are, by the settings of all machines; and how what waits
-- for an account that is there no more gets to another one.

create or replace function genhook.note_settings(p_host text, p_path text,
    p_accounts text[])
returns void
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into settings (host, path, noted_at, accounts)
    values (p_host, p_path, now(), p_accounts)
    on conflict (host, path) do update set
        noted_at = excluded.noted_at, accounts = excluded.accounts;
    delete from settings s where s.noted_at < now() - interval '30 days'
$$;
comment on function genhook.note_settings(text, text, text[]) is
    'Called by each sweep: which accounts its settings have, each as "provider account".';

-- Tasks that have to be asked about, now or for a fresh link, and requests that
-- are not settled for good.  What is finished keeps the name under which it was
-- paid for.  Planned for what is asked each time, by indexes of what is unfinished.
create or replace function genhook.rename_account(p_provider text,
    p_account text, p_new_account text)
returns table (provider text, task_id text, request_id bigint, account text)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    with chosen as materialized (
        select d.provider, d.task_id from tasks d
        where d.provider = p_provider and d.account = p_account
            and d.status = 'pending'
        for update skip locked
    ), gone as materialized (
        select d.provider, d.task_id from tasks d
        where d.provider = p_provider and d.account = p_account
            and d.status = 'lost'
        for update skip locked
    ), wanted as materialized (
        select distinct o.provider, o.task_id from outputs o
        where o.status = 'pending' and o.provider = p_provider
        union
        select distinct o.provider, o.task_id from outputs o
        where o.status in ('expired', 'failed') and o.provider = p_provider
    ), finished as materialized (
        select d.provider, d.task_id
        from wanted w
        join tasks d on d.provider = w.provider and d.task_id = w.task_id
        where d.account = p_account and d.status not in ('pending', 'lost')
        for update of d skip locked
    )
    update tasks t set account = p_new_account
    from (select * from chosen union all select * from gone
        union all select * from finished) as c
    where t.provider = c.provider and t.task_id = c.task_id
    returning t.provider::text, t.task_id::text, null::bigint,
        t.account::text;
    return query
    update requests r set account = p_new_account
    where r.id in (
        select d.id from requests d
        where d.provider = p_provider and d.account = p_account
            and d.status = 'queued'
        for update skip locked)
        or r.id in (
        select d.id from requests d
        where d.provider = p_provider and d.account = p_account
            and d.status in ('refused', 'unknown')
        for update skip locked)
    returning r.provider::text, r.task_id::text, r.id, r.account::text;
end
$$;
comment on function genhook.rename_account(text, text, text) is
    'Moves what an account has to do yet (tasks that are pending, lost or have outputs to fetch; requests that are queued, refused or unknown) to another account of the provider: when a section of the settings has got another title. Returns each task and each request.';
