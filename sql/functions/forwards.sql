-- What applications are told: the events that happened, and what became of each.
--
-- Tasks are looked at that a delivery may have finished, which receive() does not
-- note: they are found by the deliveries' own index, from a mark on.  What changes
-- otherwise is noted by triggers in the same transaction (table forward_checks),
-- and looked at afterwards, when all that was under way beside it can be seen.  An
-- event has an id that is made of what happened: found twice, it is one.

-- The sweep tells which forwards its settings have.  One whose section changed is
-- tried again.
create or replace function genhook.note_forwards(p_host text, p_name text[],
    p_settings text[], p_types text[], p_accounts text[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    if cardinality(p_name) = 0
        and not exists (select from forward_targets where host = p_host)
    then
        return 0;
    end if;
    -- The first of all: what has happened so far is not looked through.
    if not exists (select from forward_targets) then
        update forward_mark set received_at = now(), looked_back = now(),
            id = '00000000-0000-0000-0000-000000000000';
        delete from forward_checks;
    end if;
    delete from forward_targets where host = p_host and name <> all (p_name);
    insert into forward_targets as g (name, host, settings, types, accounts)
    select n.name, p_host, n.settings, string_to_array(n.types, ','),
        string_to_array(n.accounts, ',')
    from unnest(p_name, p_settings, p_types, p_accounts)
        as n(name, settings, types, accounts)
    order by n.name
    -- Several machines may have the same section: what its receiver has said
    -- stands, whoever sweeps.
    on conflict (name) do update set host = excluded.host,
        settings = excluded.settings, types = excluded.types,
        accounts = excluded.accounts,
        gone_at = case when g.settings = excluded.settings
            then g.gone_at end,
        not_before = case when g.settings = excluded.settings
            then g.not_before else '-infinity' end
    where g.settings <> excluded.settings or g.host <> excluded.host;
    return cardinality(p_name);
end
$$;
comment on function genhook.note_forwards(text, text[], text[], text[], text[]) is
    'Says which forwards the settings of a host have: name, digest of the section, types and accounts, the last two joined by commas.';

-- ---- what happened --------------------------------------------------------------

create or replace function genhook.note_forward_check()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    if not exists (select from forward_targets) then
        return null;
    elsif tg_table_name = 'requests' then
        insert into forward_checks (cause, request_id)
        values ('request', new.id);
    else
        insert into forward_checks (cause, provider, task_id)
        values (rtrim(tg_table_name, 's'), new.provider, new.task_id);
    end if;
    return null;
end
$$;
comment on function genhook.note_forward_check() is
    'Trigger: notes a task or request of which something may have to be told.';

-- What receive() does to a task is none of this but where a provider cancelled it,
-- and it updates no output.
create or replace trigger tasks_note_forward after update on genhook.tasks
    for each row when (new.status in ('lost', 'cancelled')
        and old.status <> new.status)
    execute function genhook.note_forward_check();
create or replace trigger outputs_note_forward after update on genhook.outputs
    for each row when (old.status = 'pending'
        and new.status in ('stored', 'expired', 'failed'))
    execute function genhook.note_forward_check();
create or replace trigger requests_note_forward after update on genhook.requests
    for each row when (new.status in ('refused', 'unknown')
        and old.status <> new.status)
    execute function genhook.note_forward_check();

create or replace function genhook.forward_id(p_name text, p_type text,
    p_what text)
returns text
language sql
immutable
set search_path = genhook, pg_temp
as $$
    select 'msg_' || substr(encode(sha256(convert_to(
        concat_ws(E'\n', p_name, p_type, p_what), 'UTF8')), 'hex'), 1, 40)
$$;
comment on function genhook.forward_id(text, text, text) is
    'The webhook-id of an event: a digest of the forward''s name, the type, and what tells it from others.';

-- Element n of the arrays is a task that something happened to; p_ended: it may
-- have been its end, else only to one of its outputs.  What is told is its state
-- now.  A result is known by its digest, an end without one by its time.
create or replace function genhook.queue_task_forwards(p_provider text[],
    p_task_id text[], p_at timestamptz[], p_ended boolean[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
    n integer;
begin
    with touched as (
        select x.provider, x.task_id, max(x.at) as at,
            max(x.at) filter (where x.ended) as ended_at
        from unnest(p_provider, p_task_id, p_at, p_ended)
            as x(provider, task_id, at, ended)
        group by x.provider, x.task_id
    ), state as (
        select x.provider, x.task_id, t.account, t.status, x.at, x.ended_at,
            concat_ws(E'\n', x.provider, x.task_id, t.status,
                coalesce(encode(t.result_digest, 'hex'),
                    extract(epoch from t.finished_at)::text)) as what,
            o.pending, o.lost, o.given_up
        from touched x
        join tasks t on t.provider = x.provider and t.task_id = x.task_id
        cross join lateral (
            select count(*) filter (where p.status = 'pending') as pending,
                count(*) filter (where p.status in ('expired', 'failed'))
                    as lost,
                extract(epoch from max(p.given_up_at))::text as given_up
            from outputs p
            where p.provider = x.provider and p.task_id = x.task_id) as o
        where t.status <> 'pending'
    ), happened as (
        select s.*, 'task.finished' as type, s.what as event, s.ended_at as since,
            1 as nth
        from state s where s.ended_at is not null
        union all
        select s.*, 'task.stored', s.what, s.at, 2
        from state s
        where s.status = 'succeeded' and s.pending = 0 and s.lost = 0
        union all
        select s.*, 'task.failed', concat_ws(E'\n', s.what,
            case when s.status = 'succeeded' then s.given_up end), s.at, 2
        from state s
        where (s.status <> 'succeeded' and s.ended_at is not null)
            or (s.status = 'succeeded' and s.pending = 0 and s.lost > 0)
    )
    insert into forwards (name, provider, task_id, type, happened_at, webhook_id)
    select g.name, h.provider, h.task_id, h.type, h.since,
        forward_id(g.name, h.type, h.event)
    from happened h
    join forward_targets g on h.type = any (g.types)
        and (cardinality(g.accounts) = 0
            or h.provider || ' ' || h.account = any (g.accounts))
        and h.since >= g.since
    order by h.since, h.provider, h.task_id, h.nth, g.name
    on conflict (webhook_id) do nothing;
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function genhook.queue_task_forwards(text[], text[], timestamptz[], boolean[]) is
    'Queues what is to be told of these tasks as they are now; returns how many events were new.';

create or replace function genhook.queue_request_forwards(p_id bigint[],
    p_at timestamptz[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    n integer;
begin
    insert into forwards (name, provider, request_id, type, happened_at,
        webhook_id)
    select g.name, r.provider, r.id, 'request.' || r.status, x.at,
        forward_id(g.name, 'request.' || r.status, concat_ws(E'\n', r.id,
            extract(epoch from r.queued_at), extract(epoch from r.settled_at)))
    from unnest(p_id, p_at) as x(id, at)
    join requests r on r.id = x.id
    join forward_targets g on 'request.' || r.status = any (g.types)
        and (cardinality(g.accounts) = 0
            or r.provider || ' ' || r.account = any (g.accounts))
        and x.at >= g.since
    where r.status in ('refused', 'unknown')
    order by x.at, r.id, g.name
    on conflict (webhook_id) do nothing;
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function genhook.queue_request_forwards(bigint[], timestamptz[]) is
    'Queues what is to be told of these requests as they are now; returns how many events were new.';

-- A handler's delivery is committed within seconds after received_at, which is its
-- own clock's: each look begins two minutes before the end of the one before, and
-- one an hour two hours before.  What is committed later than that comes out of a
-- spool, and receive() notes it.
create or replace function genhook.queue_forwards(p_limit integer default 5000)
returns boolean
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    mark  forward_mark;
    d     record;
    c     record;
    hour  boolean;
begin
    if not exists (select from forward_targets) then
        return false;
    end if;
    -- One sweep at a time: another one does it just now.
    select * into mark from forward_mark for update skip locked;
    if not found then
        return false;
    end if;

    with due as (
        select k.id from forward_checks k order by k.id limit p_limit
        for update skip locked
    ), taken as (
        delete from forward_checks k using due where k.id = due.id
        returning k.*
    )
    select count(*) as n,
        array_agg(t.provider::text) filter (where t.task_id is not null) as provider,
        array_agg(t.task_id::text) filter (where t.task_id is not null) as task_id,
        array_agg(t.noted_at) filter (where t.task_id is not null) as at,
        array_agg(t.cause = 'task') filter (where t.task_id is not null) as ended,
        array_agg(t.request_id) filter (where t.request_id is not null) as request,
        array_agg(t.noted_at) filter (where t.request_id is not null) as request_at
    into c from taken t;

    -- All count for the mark; looked at are tasks that got their result.
    select count(*) as n, max(f.received_at) as newest,
        (array_agg(f.id order by f.received_at desc, f.id desc))[1] as newest_id,
        array_agg(f.provider::text) filter (where f.won) as provider,
        array_agg(f.task_id::text) filter (where f.won) as task_id,
        array_agg(f.received_at) filter (where f.won) as at,
        array_agg(f.won) filter (where f.won) as ended
    into d
    from (select v.received_at, v.id, v.provider, v.task_id,
            v.outcome = 'accepted' and v.task_id is not null as won
        from deliveries v
        where v.received_at >= mark.received_at
            and (v.received_at, v.id) > (mark.received_at, mark.id)
        order by v.received_at, v.id limit p_limit) as f;
    perform queue_task_forwards(c.provider || d.provider,
        c.task_id || d.task_id, c.at || d.at, c.ended || d.ended);
    if c.request is not null then
        perform queue_request_forwards(c.request, c.request_at);
    end if;

    if d.n = p_limit then
        update forward_mark set received_at = d.newest, id = d.newest_id;
        return true;
    end if;
    hour := mark.looked_back < now() - interval '1 hour';
    update forward_mark set
        received_at = now() - case when hour then interval '2 hours'
            else interval '2 minutes' end,
        id = '00000000-0000-0000-0000-000000000000',
        looked_back = case when hour then now() else mark.looked_back end;
    return hour or c.n = p_limit;
end
$$;
comment on function genhook.queue_forwards(integer) is
    'Looks for what has happened since the last call, up to p_limit deliveries and as many notes, and queues it for the forwards of the settings. True: there is more to look at.';

-- ---- telling it -------------------------------------------------------------

-- What is sent.  While the links are still the provider's, they are told.
create or replace function genhook.forward_body(p genhook.forwards)
returns text
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
begin
    return jsonb_build_object('type', p.type,
        'timestamp', to_char(p.happened_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', case
            when p.request_id is not null then
                (select to_jsonb(r) from request_results r
                where r.id = p.request_id)
            when p.type = 'task.finished' then
                (select to_jsonb(t) || jsonb_build_object('outputs',
                    (select coalesce(jsonb_agg(e || case
                            when o.url ~ '^https?:' then
                                jsonb_build_object('url', o.url,
                                    'expires_at', o.expires_at)
                            else '{}' end order by o.position), '[]')
                    from jsonb_array_elements(t.outputs) as e
                    join outputs o on o.provider = t.provider
                        and o.task_id = t.task_id
                        and o.position = (e ->> 'position')::integer))
                from task_results t
                where t.provider = p.provider and t.task_id = p.task_id)
            else (select to_jsonb(t) from task_results t
                where t.provider = p.provider and t.task_id = p.task_id)
            end)::text;
end
$$;
comment on function genhook.forward_body(genhook.forwards) is
    'The JSON that an event is told by: type, timestamp, and as data the row of task_results or request_results as it is now.';

-- Element n of the arrays is a forward, and how many of its events may be sent at
-- once more.  One sweep at a time sends those of a forward, so that a receiver that
-- hangs holds up no more than one; and the events of a task are sent one after the
-- other.  A copy of the database tells nobody.
create or replace function genhook.claim_forwards(p_owner text, p_lease interval,
    p_name text[], p_room integer[])
returns table (id bigint, name text, type text, webhook_id text, body text,
    about text)
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    got bigint[];
    n   integer;
    ids bigint[] := '{}';
begin
    -- A lease that a crash of the server forgets is an event told twice.
    perform set_config('synchronous_commit', 'off', true);
    if exists (select from identity where doubt is not null) then
        return;
    end if;
    for n in 1..cardinality(p_name) loop
        perform from forward_targets g
        where g.name = p_name[n] and g.gone_at is null
            and g.not_before <= now()
        for update skip locked;
        continue when not found;
        continue when exists (select from forwards f
            where f.name = p_name[n] and f.status = 'pending'
                and f.leased_until >= now() and f.lease_owner <> p_owner);
        with due as (
            select f.id from forwards f
            where f.name = p_name[n] and f.status = 'pending'
                and f.next_attempt_at <= now()
                and (f.leased_until is null or f.leased_until < now())
                and not exists (select from forwards e
                    where e.provider = f.provider and e.task_id = f.task_id
                        and e.name = f.name and e.status = 'pending'
                        and e.id < f.id)
            order by f.next_attempt_at, f.id
            limit p_room[n]
            for update skip locked
        ), claimed as (
            update forwards f set leased_until = now() + p_lease,
                lease_owner = p_owner
            from due where f.id = due.id
            returning f.id
        )
        select array_agg(c.id) into got from claimed c;
        ids := ids || got;
    end loop;
    return query
    select f.id, f.name, f.type::text, f.webhook_id, forward_body(f),
        coalesce(f.provider || '/' || f.task_id, 'request ' || f.request_id)
    from forwards f where f.id = any (ids)
    order by f.next_attempt_at, f.id;
end
$$;
comment on function genhook.claim_forwards(text, interval, text[], integer[]) is
    'Leases events that are due, the longest waiting first, to p_owner, with what to send: of each forward up to so many.';

create or replace function genhook.due_forwards(p_limit integer)
returns table (name text, type text, about text, attempts integer, held text)
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select f.name, f.type::text,
        coalesce(f.provider || '/' || f.task_id, 'request ' || f.request_id),
        f.attempts::integer, case
            when g.name is null then 'no settings have such a forward'
            when g.gone_at is not null
            then 'the receiver answered 410'
            when g.not_before > now()
            then 'the receiver wants nothing before '
                || to_char(g.not_before, 'YYYY-MM-DD"T"HH24:MI:SSOF') end
    from forwards f
    left join forward_targets g on g.name = f.name
    where f.status = 'pending' and f.next_attempt_at <= now()
        and (f.leased_until is null or f.leased_until < now())
    order by f.next_attempt_at, f.id limit p_limit
$$;
comment on function genhook.due_forwards(integer) is
    'The events that are due, the longest waiting first, and why each is held back; NULL: it is not.';

-- p_kind: sent; retry; gone (410); release: it was not tried to the end.  After the
-- first try there are as many more as there are waits; then it is given up.
create or replace function genhook.finish_forward(p_id bigint, p_owner text,
    p_kind text, p_status integer default null, p_words text default null,
    p_retry_after interval default null)
returns text
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    waits constant interval[] := array['5 s', '5 min', '30 min', '2 h', '5 h',
        '10 h', '10 h']::interval[];
    f    forwards;
    over boolean;
begin
    -- What a crash of the server forgets is told again.
    perform set_config('synchronous_commit', 'off', true);
    select * into f from forwards
    where id = p_id and lease_owner = p_owner and status = 'pending'
    for update;
    if not found then
        return null;
    end if;
    if p_kind = 'release' then
        update forwards set leased_until = null, lease_owner = null
        where id = p_id;
        return 'pending';
    end if;
    over := p_kind = 'retry' and f.attempts + 1 > cardinality(waits);
    update forwards set attempts = f.attempts + 1, http_status = p_status,
        leased_until = null, lease_owner = null,
        last_error = case when p_kind <> 'sent' then left(p_words, 2000) end,
        status = case when p_kind = 'sent' then 'sent' when over then 'failed'
            else 'pending' end,
        sent_at = case when p_kind = 'sent' then now() end,
        settled_at = case when p_kind = 'sent' or over then now() end,
        next_attempt_at = case when p_kind = 'sent' or over then null
            when p_kind = 'gone' then now()
            else now() + greatest(waits[f.attempts + 1]
                * (1 + 0.1 * random()), p_retry_after) end
    where id = p_id;
    update forward_targets g set
        gone_at = case when p_kind = 'gone' then now() else g.gone_at end,
        not_before = greatest(g.not_before, now() + p_retry_after)
    where g.name = f.name and (p_kind = 'gone' or p_retry_after > '0');
    return case when p_kind = 'sent' then 'sent' when over then 'failed'
        else 'pending' end;
end
$$;
comment on function genhook.finish_forward(bigint, text, text, integer, text, interval) is
    'What became of an event under lease: sent, retry, gone (its forward ends until its section changes) or release; returns its status, NULL if the lease was lost.';

create or replace function genhook.retry_forwards(p_name text default null,
    p_provider text default null, p_task_id text default null,
    p_status text default 'failed')
returns setof genhook.forwards
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
        select d.id from forwards d
        where d.status = p_status and d.status in ('failed', 'sent', 'pending')
            and d.lease_owner is null
            and (d.status <> 'sent' or p_task_id is not null)
            and (p_name is null or d.name = p_name)
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    update forwards f set status = 'pending', next_attempt_at = now(),
        attempts = 0, sent_at = null, settled_at = null
    from chosen c where f.id = c.id
    returning f.*;
    -- A person wants to see it told now, whatever the receiver has said; but one
    -- that is gone is asked again only for what waits for it, and by its name.
    update forward_targets g set not_before = '-infinity',
        gone_at = case when p_name is null or p_status <> 'pending'
            then g.gone_at end
    where p_name is null or g.name = p_name;
    perform tell_work_due();
end
$$;
comment on function genhook.retry_forwards(text, text, text, text) is
    'Tells again what was given up (failed), or with p_status => ''pending'' now what waits: of a forward, a provider, a task, or all; of a task named by its id also what was ''sent''. The webhook-id stays the same. A receiver that answered 410 is asked again where what is pending is retried by the forward''s name.';
