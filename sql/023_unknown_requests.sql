-- A request whose answer was lost is mostly taken all the same, and its task's
-- callback comes: a task of that account which is no request's and which no
-- application has told us of.  So a person need not look for it at the provider.
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
