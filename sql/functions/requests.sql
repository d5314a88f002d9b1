-- Requests, the outbox: what an application inserted is sent once, and becomes a
-- task.

-- Whoever inserts a request says what to send; what became of it is genhook's to
-- write.
create or replace function genhook.check_request()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    if new.status <> 'queued' or new.attempts <> 0 or new.withdrawn
        or num_nonnulls(new.task_id, new.error, new.sent_at, new.settled_at,
            new.sender, new.leased_until) > 0
    then
        raise check_violation using
            message = 'a request begins as queued; what becomes of it is written by genhook';
    end if;
    return new;
end
$$;
comment on function genhook.check_request() is
    'Trigger: an inserted request is one that has not been sent yet.';

-- The claim is committed before anything is said to the provider: whatever is cut
-- off after that leaves a row that says so, and not a second paid generation.
-- p_sender is new for each call, so that a call whose answer was lost finds what
-- it had claimed.
create or replace function genhook.claim_requests(p_provider text, p_account text,
    p_sender text, p_lease interval, p_limit integer,
    p_id bigint default null, p_per_minute integer default null)
returns table (id bigint, model text, request text, path text,
    callback boolean, test_mode boolean, once_key text, attempts integer,
    sent bigint)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
declare
    room integer;
    got  integer;
begin
    insert into accounts (provider, account) values (p_provider, p_account)
    on conflict do nothing;
    -- Holding this row, no other sweep can spend the same budget.  Of an account
    -- in trouble one request goes first.
    select least(case
            when a.not_before > now() then 0
            when a.troubles = 0 then p_limit
            when a.probed_at between now() - interval '90 seconds' and now()
                then 0
            else least(p_limit, 1) end,
        p_per_minute - case a.submit_minute
            when date_trunc('minute', now()) then a.submits else 0 end)
    into room
    from accounts a
    where a.provider = p_provider and a.account = p_account
    for update;

    if not exists (select from requests r
            where r.sender = p_sender and r.status = 'sending') and room > 0
        and not exists (select from identity i where i.doubt is not null)
    then
        with due as (
            select r.id from requests r
            where r.status = 'queued' and r.provider = p_provider
                and r.account = p_account and r.next_attempt_at <= now()
                and (p_id is null or r.id = p_id)
            order by r.next_attempt_at, r.id
            limit room
            for update skip locked
        )
        update requests r set status = 'sending', attempts = r.attempts + 1,
            sent_at = now(), sender = p_sender, next_attempt_at = null,
            leased_until = now() + p_lease
        from due
        where r.id = due.id;
        get diagnostics got = row_count;
        update accounts a set
            submits = got + case a.submit_minute
                when date_trunc('minute', now()) then a.submits else 0 end,
            submit_minute = date_trunc('minute', now()),
            probed_at = case when a.troubles > 0 then now()
                else a.probed_at end
        where a.provider = p_provider and a.account = p_account and got > 0;
        update identity i set sent = i.sent + got where got > 0;
    end if;

    return query
    select r.id, r.model, r.request::text, r.path, r.callback, r.test_mode,
        r.once_key::text, r.attempts::integer,
        (select i.sent from identity i)
    from requests r
    where r.sender = p_sender and r.status = 'sending'
    order by r.id;
end
$$;
comment on function genhook.claim_requests(text, text, text, interval, integer, bigint, integer) is
    'Marks up to p_limit queued requests of an account as being sent and returns them, the longest waiting first; none while the account is paused or the database may be a copy, one where the account was in trouble, and no more than p_per_minute in a minute by all sweeps together; with how many were claimed so far. Send only after the commit.';

-- Writes the answer to one request.  The task is registered even when the request
-- has meanwhile become something else, since the task exists and is paid for.
create or replace function genhook.finish_request(p_id bigint, p_sender text,
    p_status text, p_task_id text default null, p_error text default null,
    p_wait interval default null, p_poll_url text default null)
returns text
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    r requests;
begin
    select * into r from requests where id = p_id for update;
    if not found then
        return null;
    end if;
    if p_task_id is not null then
        perform from register_task(r.provider, p_task_id, r.model, r.account,
            r.metadata, p_poll_url);
        update tasks t set is_test = true
        where t.provider = r.provider and t.task_id = p_task_id
            and r.test_mode and not t.is_test;
    end if;
    -- What was taken for unknown too early is known now.
    if r.sender is distinct from p_sender
        or r.status not in ('sending', 'unknown')
    then
        return r.status;
    end if;
    update requests set status = p_status, task_id = p_task_id,
        error = p_error, leased_until = null,
        next_attempt_at = case p_status when 'queued'
            then now() + coalesce(p_wait, '0') end,
        settled_at = case when p_status <> 'queued' then now() end
    where id = p_id;
    if p_status <> 'queued' then
        perform pg_notify('genhook_request_settled', p_id::text);
    end if;
    return p_status;
end
$$;
comment on function genhook.finish_request(bigint, text, text, text, text, interval, text) is
    'What became of a request that was sent: submitted with its task, which is registered in the same transaction with where its state is told; refused; unknown; or queued, to be sent again after p_wait. Returns the status that the request has now.';

create or replace function genhook.expire_requests(p_provider text default null,
    p_account text default null, p_again boolean default false)
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    r requests;
begin
    for r in
        update requests q set
            status = case when p_again then 'queued' else 'unknown' end,
            error = 'whoever sent it ended before an answer was written',
            leased_until = null,
            next_attempt_at = case when p_again then now() end,
            settled_at = case when not p_again then now() end
        where q.id in (
            select d.id from requests d
            where d.status = 'sending' and d.leased_until < now()
                and (p_provider is null or d.provider = p_provider)
                and (p_account is null or d.account = p_account)
            for update skip locked)
        returning q.*
    loop
        if not p_again then
            perform pg_notify('genhook_request_settled', r.id::text);
        end if;
        return next r;
    end loop;
end
$$;
comment on function genhook.expire_requests(text, text, boolean) is
    'Requests whose sender ended before an answer was written become unknown, or with p_again, where the provider takes an Idempotency-Key, queued; returns them.';

create or replace function genhook.requeue_requests(p_id bigint default null,
    p_provider text default null, p_account text default null,
    p_status text default 'refused')
returns setof genhook.requests
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select tell_work_due();
    with back as (
        update requests r set status = 'queued', next_attempt_at = now(),
            settled_at = null, error = null, withdrawn = false,
            -- a new try at what was refused, the same try at what is unknown
            once_key = case r.status when 'refused' then gen_random_uuid()
                else r.once_key end
        where r.id in (
            select d.id from requests d
            where d.status in ('queued', 'refused', 'unknown')
                and (p_id is null or d.id = p_id)
                and (p_id is not null or (d.status = p_status
                    and not d.withdrawn))
                and (p_provider is null or d.provider = p_provider)
                and (p_account is null or d.account = p_account)
            for update skip locked)
        returning r.*
    ), tried as (
        -- A person wants to see it sent now.
        select a.provider
        from (select distinct b.provider, b.account from back b) as b
        cross join lateral resume_accounts(b.provider, b.account) as a)
    select back.* from back left join (select count(*) from tried) as t on true
$$;
comment on function genhook.requeue_requests(bigint, text, text, text) is
    'Sends again: a request by its id, whatever became of it unless it was submitted, or those of a provider, an account and a status (refused) that nobody withdrew; an account that is paused for a trouble is tried at once. One that is unknown may then be paid for twice.';

create or replace function genhook.settle_request(p_id bigint, p_task_id text)
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    r requests;
begin
    update requests q set status = 'submitted', task_id = p_task_id,
        error = null, settled_at = now()
    where q.id in (
        select d.id from requests d
        where d.id = p_id and d.status in ('refused', 'unknown')
        for update skip locked)
    returning q.* into r;
    if not found then
        return;
    end if;
    perform from register_task(r.provider, p_task_id, r.model, r.account,
        r.metadata);
    perform pg_notify('genhook_request_settled', r.id::text);
    return next r;
end
$$;
comment on function genhook.settle_request(bigint, text) is
    'A person found out which task came of a request that is unknown: it is submitted, and the task registered.';

create or replace function genhook.cancel_requests(p_id bigint)
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    r requests;
begin
    update requests q set status = 'refused', next_attempt_at = null,
        settled_at = now(), error = 'withdrawn before it was sent',
        withdrawn = true
    where q.id in (
        select d.id from requests d
        where d.id = p_id and d.status = 'queued'
        for update skip locked)
    returning q.* into r;
    if not found then
        return;
    end if;
    perform pg_notify('genhook_request_settled', r.id::text);
    return next r;
end
$$;
comment on function genhook.cancel_requests(bigint) is
    'Withdraws a request that is still queued. One that is being sent, or was, is not returned: it goes on.';

create or replace function genhook.note_stray_requests(p_provider text[],
    p_account text[])
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    return query
    with known as (
        select k.provider, k.account
        from unnest(p_provider, p_account) as k(provider, account)
        union all
        -- Another machine may have it.
        select c.provider, c.account from configured_accounts c
        where exists (select from settings)
    ), seen as (
        select r.id, r.error, format('the account "%s" of %s is not in the settings',
                r.account, r.provider) as words,
            exists (select from known k where k.provider = r.provider
                and k.account = r.account) as is_known
        from requests r
        where r.status = 'queued'
    )
    update requests r set error = case when not s.is_known then s.words end
    from seen s
    where r.id = s.id and r.id in (
        select d.id from requests d join seen n on n.id = d.id
        where d.status = 'queued' and case when n.is_known
            then d.error = n.words
            else d.error is distinct from n.words end
        for update of d skip locked)
    returning r.*;
end
$$;
comment on function genhook.note_stray_requests(text[], text[]) is
    'Says in the error of each queued request of an account that is neither one of these nor one of another machine that it is not in the settings, and takes that back where it is; returns those that changed.';

-- Looked for by an index and among the first thousand since: few requests are
-- unknown, and this is a hint.  It is a function since within a view PostgreSQL
-- would expect far too much work.
create or replace function genhook.tasks_of_request(p_provider text,
    p_account text, p_model text, p_sent_at timestamptz)
returns table (n bigint, first text, ids text)
language plpgsql
stable
security definer
rows 1
set search_path = genhook, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select count(*), min(l.task_id),
        string_agg(quote_literal(l.task_id), ', ' order by l.finished_at)
    from (select s.task_id::text collate "default" as task_id, s.finished_at
        from (select t.provider, t.task_id, t.account, t.model, t.metadata,
                t.finished_at
            from tasks t
            where t.finished_at >= p_sent_at - interval '1 minute'
            order by t.finished_at limit 1000) as s
        where s.provider = p_provider and s.account = p_account
            and s.metadata is null
            and not exists (select from requests q
                where q.provider = s.provider and q.task_id = s.task_id)
        -- Not every provider says the model, nor by the outbox's name.
        order by s.model is not distinct from p_model desc, s.finished_at
        limit 3) as l;
end
$$;
comment on function genhook.tasks_of_request(text, text, text, timestamptz) is
    'Up to three tasks that a request of unknown fate may have become: how many, the first by id, and all of them quoted.';

create or replace trigger requests_begin_queued before insert on genhook.requests
    for each row execute function genhook.check_request();
