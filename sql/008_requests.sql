-- The outbox: a row inserted into genhook.requests is a submission.  A sweep
-- marks it as being sent, and commits that, before it says a word to the
-- provider: whatever is cut off after that leaves a row that says so, and not
-- a second paid generation.

create domain genhook.request_status as text collate "C"
    check (value in ('queued', 'sending', 'submitted', 'refused', 'unknown'));
comment on domain genhook.request_status is 'queued, sending, submitted, refused or unknown.';

create table genhook.requests (
    id              bigint      generated always as identity primary key,
    provider        genhook.provider_name   not null,
    model           text                    not null,
    account         genhook.account_name    not null default 'default',
    request         jsonb                   not null default '{}',
    metadata        jsonb,
    status          genhook.request_status  not null default 'queued',
    task_id         genhook.task_key,
    error           text,
    attempts        genhook.count_from_zero not null default 0,
    queued_at       timestamptz not null default now(),
    next_attempt_at timestamptz default now(),
    sent_at         timestamptz,
    settled_at      timestamptz,
    path            text,
    callback        boolean     not null default true,
    test_mode       boolean     not null default false,
    once_key        uuid        not null default gen_random_uuid(),
    sender          text,
    leased_until    timestamptz,
    constraint requests_model_is_a_name
        check (octet_length(model) between 1 and 256),
    constraint requests_request_is_an_object
        check (jsonb_typeof(request) = 'object'),
    constraint requests_path_is_a_path
        check (path ~ '^/[!-"$-~]*$' and octet_length(path) <= 1024),
    constraint requests_queued_is_scheduled
        check ((status = 'queued') = (next_attempt_at is not null)),
    constraint requests_sending_is_leased
        check ((status = 'sending') = (leased_until is not null)
            and (status <> 'sending' or (sender is not null
                and sent_at is not null))),
    constraint requests_submitted_has_a_task
        check ((status = 'submitted') = (task_id is not null)),
    constraint requests_settled_has_a_time
        check ((status in ('submitted', 'refused', 'unknown'))
            = (settled_at is not null)),
    constraint requests_says_why
        check (status not in ('refused', 'unknown') or error is not null)
) with (fillfactor = 80);

create index requests_due on genhook.requests
    (provider, account, next_attempt_at) where status = 'queued';
create index requests_sending on genhook.requests (leased_until)
    where status = 'sending';
create index requests_odd on genhook.requests (settled_at)
    where status in ('refused', 'unknown');
create index requests_task on genhook.requests (provider, task_id)
    where task_id is not null;

comment on table genhook.requests is
    'The outbox. Insert provider, model and request; the sweep sends it, once, and registers the task. queued becomes sending, then submitted, refused (the provider said no), or unknown (nobody can say whether it was taken).';
comment on column genhook.requests.id is 'Number of the request.';
comment on column genhook.requests.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.requests.model is 'The model, as the provider''s page writes it.';
comment on column genhook.requests.account is 'Whose API key: a section title in genhook.conf.';
comment on column genhook.requests.request is 'The JSON body as the provider''s page shows it, without the callback: genhook puts that in.';
comment on column genhook.requests.metadata is 'Your own; goes to the task.';
comment on column genhook.requests.status is 'queued, sending, submitted, refused or unknown.';
comment on column genhook.requests.task_id is 'The task at the provider, once submitted.';
comment on column genhook.requests.error is 'Why it was refused, is unknown, or has to wait.';
comment on column genhook.requests.attempts is 'How often it was sent.';
comment on column genhook.requests.queued_at is 'When it was inserted.';
comment on column genhook.requests.next_attempt_at is 'Not sent before then; NULL once it is.';
comment on column genhook.requests.sent_at is 'When it was last sent.';
comment on column genhook.requests.settled_at is 'When it became submitted, refused or unknown.';
comment on column genhook.requests.path is 'The path below api_base to send it to, where the one for the model is not wanted, such as /v1/videos/TASK/remix.';
comment on column genhook.requests.callback is 'False puts no callback into the request: the task is found by polls.';
comment on column genhook.requests.test_mode is 'Ask for a mock event in place of a generation (novita).';
comment on column genhook.requests.once_key is 'Sent as Idempotency-Key where the provider takes one.';
comment on column genhook.requests.sender is 'Which sweep or command sent it last.';
comment on column genhook.requests.leased_until is 'While sending: if no answer is written by then, its fate is unknown.';

-- Whoever inserts says what to ask for, and nothing of what became of it.
create function genhook.check_request()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    if new.status <> 'queued' or new.attempts <> 0
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
create trigger requests_begin_queued before insert on genhook.requests
    for each row execute function genhook.check_request();

alter table genhook.accounts
    add column submit_minute timestamptz not null default '-infinity',
    add column submits integer not null default 0;
comment on column genhook.accounts.submit_minute is 'The minute that submits counts.';
comment on column genhook.accounts.submits is 'Requests sent in that minute, by all sweeps together.';

-- A sender's name is new for each call, so that a call whose answer was lost
-- finds what it had claimed.
create function genhook.claim_requests(p_provider text, p_account text,
    p_sender text, p_lease interval, p_limit integer,
    p_id bigint default null, p_per_minute integer default null)
returns table (id bigint, model text, request text, path text,
    callback boolean, test_mode boolean, once_key text, attempts integer)
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
    -- Holding this row, no other sweep can spend the same budget.
    select case when a.not_before > now() then 0
            when p_per_minute is null then p_limit
            else least(p_limit, p_per_minute - case a.submit_minute
                when date_trunc('minute', now()) then a.submits else 0 end)
        end
    into room
    from accounts a
    where a.provider = p_provider and a.account = p_account
    for update;

    if not exists (select from requests r
            where r.sender = p_sender and r.status = 'sending') and room > 0
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
            submit_minute = date_trunc('minute', now())
        where a.provider = p_provider and a.account = p_account and got > 0;
    end if;

    return query
    select r.id, r.model, r.request::text, r.path, r.callback, r.test_mode,
        r.once_key::text, r.attempts::integer
    from requests r
    where r.sender = p_sender and r.status = 'sending'
    order by r.id;
end
$$;
comment on function genhook.claim_requests(text, text, text, interval, integer, bigint, integer) is
    'Marks up to p_limit queued requests of an account as being sent and returns them, the longest waiting first; none while the account is paused, and no more than p_per_minute in a minute by all sweeps together. Send only after the commit.';

-- One answer.  Its task is registered even when the row has meanwhile gone
-- another way, since it exists and is paid for.
create function genhook.finish_request(p_id bigint, p_sender text,
    p_status text, p_task_id text default null, p_error text default null,
    p_wait interval default null)
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
            r.metadata);
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
comment on function genhook.finish_request(bigint, text, text, text, text, interval) is
    'What became of a request that was sent: submitted with its task, which is registered in the same transaction; refused; unknown; or queued, to be sent again after p_wait. Returns the status that the request has now.';

create function genhook.expire_requests(p_provider text default null,
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

create function genhook.requeue_requests(p_id bigint default null,
    p_provider text default null, p_account text default null,
    p_status text default 'refused')
returns setof genhook.requests
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update requests r set status = 'queued', next_attempt_at = now(),
        settled_at = null, error = null,
        -- a new try at what was refused, the same try at what is unknown
        once_key = case r.status when 'refused' then gen_random_uuid()
            else r.once_key end
    where r.id in (
        select d.id from requests d
        where d.status in ('queued', 'refused', 'unknown')
            and (p_id is null or d.id = p_id)
            and (p_id is not null or d.status = p_status)
            and (p_provider is null or d.provider = p_provider)
            and (p_account is null or d.account = p_account)
        for update skip locked)
    returning r.*
$$;
comment on function genhook.requeue_requests(bigint, text, text, text) is
    'Sends again: a request by its id, whatever became of it unless it was submitted, or those of a provider, an account and a status (refused). One that is unknown may then be paid for twice.';

create function genhook.settle_request(p_id bigint, p_task_id text)
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

create function genhook.cancel_requests(p_id bigint)
returns setof genhook.requests
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    r requests;
begin
    update requests q set status = 'refused', next_attempt_at = null,
        settled_at = now(), error = 'withdrawn before it was sent'
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

create view genhook.request_results as
    select r.id, r.status as request_status, coalesce(r.error,
            t.error_message) as error,
        r.provider, r.task_id, t.status as task_status, r.model, r.account,
        r.metadata, r.queued_at, r.settled_at, t.finished_at, t.outputs
    from genhook.requests r
    left join genhook.task_results t on t.provider = r.provider
        and t.task_id = r.task_id;
comment on view genhook.request_results is
    'What an application reads by the id of its request: what became of it, and the task with its outputs as one JSON array.';

create view genhook.request_attention as
    select 'request of unknown fate' as reason, r.provider::text as provider,
        r.task_id::text as task_id, r.settled_at as since,
        format('request %s: %s; if the provider has its task: settle_request(%s, task id), if not: requeue_requests(%s)',
            r.id, r.error, r.id, r.id) as details,
        format('select * from genhook.requests where id = %s', r.id) as cure
    from genhook.requests r
    where r.status = 'unknown'
    union all
    select 'refused request', r.provider, r.task_id, r.settled_at,
        format('request %s: %s', r.id, r.error),
        format('select * from genhook.requeue_requests(%s)', r.id)
    from genhook.requests r
    where r.status = 'refused' and r.attempts > 0
        and r.settled_at > now() - interval '7 days'
    union all
    select 'request waits', r.provider, r.task_id, r.queued_at,
        format('request %s for the account "%s": %s', r.id, r.account,
            coalesce(r.error, 'no sweep has sent it: is the account a section of the settings?')),
        format('select * from genhook.requeue_requests(%s)', r.id)
    from genhook.requests r
    where r.status = 'queued' and r.queued_at < now() - interval '15 minutes';
comment on view genhook.request_attention is
    'Requests that a person should look at: as attention, the reason, since when, in words, and what mends it.';

-- To all that attention shows already, whatever that is by now.
do $$
begin
    execute 'create or replace view genhook.attention as '
        || rtrim(pg_get_viewdef('genhook.attention'::regclass), ';')
        || ' union all select reason, provider::genhook.provider_name, task_id::genhook.task_key, since, details, cure from genhook.request_attention';
end
$$;

revoke all on genhook.requests, genhook.request_results,
    genhook.request_attention from public;
revoke execute on all functions in schema genhook from public;

do $$
declare
    g text;
    r text;
begin
    for r, g in values
        ('genhook_sweeper', 'execute on function genhook.claim_requests'),
        ('genhook_sweeper', 'execute on function genhook.finish_request'),
        ('genhook_sweeper', 'execute on function genhook.expire_requests'),
        ('genhook_sweeper', 'select (id, provider, model, account, status, attempts, queued_at, next_attempt_at) on genhook.requests'),

        ('genhook_app', 'insert (provider, model, account, request, metadata, path, callback, test_mode) on genhook.requests'),
        ('genhook_app', 'select on genhook.requests, genhook.request_results'),
        ('genhook_app', 'execute on function genhook.cancel_requests'),

        ('genhook_reader', 'select on genhook.requests, genhook.request_results, genhook.request_attention')
    loop
        if to_regrole(r) is not null then
            execute format('grant %s to %I', g, r);
        end if;
    end loop;
end
$$;
