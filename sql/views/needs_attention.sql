-- What a person should look at, and the statement that mends it or shows more.

-- A request whose answer was lost was mostly taken all the same, and its task's
-- callback comes: a task of that account which belongs to no request and which no
-- application has registered.  So a person need not look for it at the provider.
-- (Looked for by an index and among the first thousand since: few requests are
-- unknown, and this is a hint.)
create or replace view genhook.request_attention as
    select 'request of unknown fate' as reason, r.provider::text as provider,
        r.task_id::text as task_id, r.settled_at as since,
        format('request %s: %s; ', r.id, r.error)
            || case
                when c.n = 1 then format('it may be the task %s, of which nobody else told us', c.first)
                when c.n > 1 then format('it may be one of the tasks %s', c.ids)
                else 'no task has come that it may be'
            end
            || format('; if the provider has its task: settle_request(%s, task id), if not: requeue_requests(%s)',
                r.id, r.id) as details,
        case
            when c.n = 1 then format('select * from genhook.settle_request(%s, %L)', r.id, c.first)
            when c.n > 1 then format('select task_id, model, finished_at, result from genhook.tasks where provider = %L and task_id in (%s)', r.provider::text collate "default", c.ids)
            else format('select * from genhook.requests where id = %s', r.id)
        end as cure
    from genhook.requests r
    cross join lateral (
        select count(*) as n, min(l.task_id) as first,
            string_agg(quote_literal(l.task_id), ', ' order by l.finished_at) as ids
        from (select s.task_id::text collate "default" as task_id, s.finished_at
            from (select t.provider, t.task_id, t.account, t.model,
                    t.metadata, t.finished_at
                from genhook.tasks t
                where t.finished_at >= r.sent_at - interval '1 minute'
                order by t.finished_at limit 1000) as s
            where s.provider = r.provider and s.account = r.account
                and s.metadata is null
                and not exists (select from genhook.requests q
                    where q.provider = s.provider and q.task_id = s.task_id)
            -- Not every provider says the model, nor by the outbox's name.
            order by s.model is not distinct from r.model desc, s.finished_at
            limit 3) as l
    ) as c
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
comment on column genhook.request_attention.reason is 'In two or three words.';
comment on column genhook.request_attention.provider is 'Of whom.';
comment on column genhook.request_attention.task_id is 'The task, where there is one.';
comment on column genhook.request_attention.since is 'Since when.';
comment on column genhook.request_attention.details is 'Which request, and what is the matter.';
comment on column genhook.request_attention.cure is 'The statement that mends it or shows more.';

create or replace view genhook.attention as
    select 'lost task' as reason, provider, task_id, finished_at as since,
        error_message as details,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id) as cure
    from genhook.tasks
    where status = 'lost'
    union all
    select status || ' output ' || position, provider, task_id, null,
        last_error,
        format('select * from genhook.retry_outputs(%L, %L)', provider,
            task_id)
    from genhook.outputs o
    where status in ('expired', 'failed')
        and not genhook.is_test_task(provider, task_id)
    union all
    select 'poll fails', provider, task_id, submitted_at, last_poll_error,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id)
    from genhook.tasks
    where status = 'pending' and last_poll_error is not null
    union all
    select 'account unknown', t.provider, t.task_id, t.submitted_at,
        format('no sweep has polled for the account "%s" of %s: is it a section of the settings?',
            t.account, t.provider),
        format('select * from genhook.register_task(%L, %L, p_account => ''default'')',
            t.provider, t.task_id)
    from genhook.tasks t
    where t.status = 'pending' and t.submitted_at < now() - interval '1 hour'
        and not exists (select from genhook.accounts a
            where a.provider = t.provider and a.account = t.account)
    union all
    select 'went quiet', provider, null::genhook.task_key, last_callback,
        format('account "%s": %s tasks were submitted since its last callback, and none came for them',
            account, unanswered),
        format('select * from genhook.tasks where provider = %L and account = %L and submitted_at > %L and (status = ''pending'' or source = ''poll'')',
            provider, account, last_callback)
    from genhook.account_health
    where went_quiet
    union all
    -- Until it is replayed, or deleted by hand: it may hold a result.
    select 'unparsed delivery', provider, task_id, received_at, note,
        format('select * from genhook.replay_deliveries(p_id => %L)', id)
    from genhook.deliveries d
    where outcome = 'unparsed' and source <> 'replay'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> 'unparsed')
    union all
    select outcome || ' delivery', provider, task_id, received_at, note,
        format('select * from genhook.deliveries where received_at = %L and id = %L',
            received_at, id)
    from genhook.deliveries d
    where outcome in ('conflict', 'rejected', 'unverified')
        and received_at > now() - interval '7 days'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> d.outcome)
    union all
    select reason, provider::genhook.provider_name, task_id::genhook.task_key,
        since, details, cure
    from genhook.request_attention
    union all
    select 'odd result', provider, task_id, received_at, note,
        format('select * from genhook.outputs where provider = %L and task_id = %L',
            provider, task_id)
    from genhook.deliveries
    where outcome = 'accepted' and note is not null
        and (source <> 'replay' or note like 'replay of %: %')
        and received_at > now() - interval '7 days';
comment on view genhook.attention is
    'What a person should look at: the reason, since when, in words, and the statement that mends it or shows more.';
comment on column genhook.attention.reason is 'In two or three words.';
comment on column genhook.attention.provider is 'Of whom.';
comment on column genhook.attention.task_id is 'The task, where it is about one.';
comment on column genhook.attention.since is 'Since when, where that is known.';
comment on column genhook.attention.details is 'What is the matter.';
comment on column genhook.attention.cure is 'The statement that mends it or shows more.';
