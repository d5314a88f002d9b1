-- What a person should look at, and the statement that mends it or shows more.

-- Nobody asks about a task, nor sends a request, whose account is in no settings:
-- mostly since the section has got another title.  While no sweep has noted its
-- settings, one that was never polled for is unknown after an hour.
create or replace view genhook.unknown_accounts as
    with known as materialized (
        select provider, string_agg(account, ', ' order by account) as names,
            case when count(*) = 1 then min(account)
                when bool_or(account = 'default')
                    and not exists (select from genhook.settings)
                    then 'default' end as likely
        from genhook.configured_accounts
        group by provider
    ), waiting as materialized (
        select t.provider::text collate "default" as provider,
            t.account::text collate "default" as account, count(*) as tasks,
            0::bigint as requests, min(t.submitted_at) as since,
            case when count(*) = 1 then min(t.task_id) end as task_id
        from genhook.tasks t
        where t.status = 'pending'
        group by t.provider, t.account
        union all
        select r.provider, r.account, 0, count(*), min(r.queued_at), null
        from genhook.requests r
        where r.status = 'queued'
        group by r.provider, r.account
    )
    select w.provider, w.account, sum(w.tasks)::bigint as tasks,
        sum(w.requests)::bigint as requests, min(w.since) as since,
        max(w.task_id) as task_id,
        format('no settings have an account "%s" of %s%s', w.account,
            w.provider, coalesce(', only: ' || min(k.names), '')) as details,
        case when min(k.likely) is not null
            then format('select * from genhook.rename_account(%L, %L, %L)',
                w.provider, w.account, min(k.likely))
            else format('select * from genhook.configured_accounts where provider = %L',
                w.provider)
        end as cure
    from waiting w
    left join known k on k.provider = w.provider
    where not exists (select from genhook.configured_accounts c
            where c.provider = w.provider and c.account = w.account)
        and (w.since < now() - interval '1 hour'
            or exists (select from genhook.settings))
    group by w.provider, w.account
    order by w.provider, w.account;
comment on view genhook.unknown_accounts is
    'Accounts for which tasks or requests wait, and which are a section of the settings on no machine: nobody asks about them, and nobody sends them.';
comment on column genhook.unknown_accounts.provider is 'The provider.';
comment on column genhook.unknown_accounts.account is 'As the tasks and requests have it.';
comment on column genhook.unknown_accounts.tasks is 'How many pending tasks.';
comment on column genhook.unknown_accounts.requests is 'How many queued requests.';
comment on column genhook.unknown_accounts.since is 'Since when the oldest of them waits.';
comment on column genhook.unknown_accounts.task_id is 'The task, where it is one alone.';
comment on column genhook.unknown_accounts.details is 'In words, with the accounts that there are.';
comment on column genhook.unknown_accounts.cure is 'The statement that moves all of it to the one account that there is, or shows which there are.';

-- A request whose answer was lost was mostly taken all the same, and its task's
-- callback comes: a task of that account which belongs to no request and which no
-- application has registered.  So a person need not look for it at the provider.
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
        end as cure,
        r.account
    from genhook.requests r
    cross join lateral genhook.tasks_of_request(r.provider, r.account, r.model,
        r.sent_at) as c
    where r.status = 'unknown'
    union all
    select 'refused request', r.provider, r.task_id, r.settled_at,
        format('request %s: %s', r.id, r.error),
        format('select * from genhook.requeue_requests(%s)', r.id), r.account
    from genhook.requests r
    where r.status = 'refused' and r.attempts > 0
        and r.settled_at > now() - interval '7 days'
    union all
    select 'request waits', r.provider, r.task_id, r.queued_at,
        format('request %s for the account "%s": %s', r.id, r.account,
            coalesce(genhook.held_because(r.provider, r.account), u.details,
                r.error, 'no sweep has sent it')),
        case when i.doubt is not null
            then 'select * from genhook.resume_sending()'
            else coalesce(u.cure,
                format('select * from genhook.requeue_requests(%s)', r.id)) end,
        r.account
    from genhook.requests r
    -- It has one row, which nobody tells the planner.
    left join (select n.doubt from genhook.identity n limit 1) as i on true
    left join genhook.unknown_accounts u
        on u.provider = r.provider and u.account = r.account
    where r.status = 'queued'
        and (r.queued_at < now() - interval '15 minutes'
            -- no sweep sends it, however new it is
            or i.doubt is not null
            -- a sweep has passed it over
            or (u.account is not null and r.queued_at
                < (select max(s.noted_at) from genhook.settings s)));
comment on view genhook.request_attention is
    'Requests that a person should look at: as attention, the reason, since when, in words, and what mends it.';
comment on column genhook.request_attention.reason is 'In two or three words.';
comment on column genhook.request_attention.provider is 'Of whom.';
comment on column genhook.request_attention.task_id is 'The task, where there is one.';
comment on column genhook.request_attention.since is 'Since when.';
comment on column genhook.request_attention.details is 'Which request, and what is the matter.';
comment on column genhook.request_attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.request_attention.account is 'Whose request it is.';

-- What was given up is looked at as a whole: an application that was away is one
-- trouble.
create or replace view genhook.forward_attention as
    select 'forward failed' as reason, f.provider::text as provider,
        case when count(*) = 1 then max(f.task_id::text) end as task_id,
        max(f.settled_at) as since,
        format('forward "%s": %s events were given up, the last one: %s', f.name,
            count(*), (array_agg(f.last_error order by f.settled_at desc))[1])
            as details,
        format('select * from genhook.retry_forwards(%L, %L)', f.name,
            f.provider) as cure, 3 as urgency
    from genhook.forwards f
    where f.status = 'failed' and f.settled_at > now() - interval '30 days'
    group by f.name, f.provider
    union all
    select 'forward ended', null, null, g.gone_at,
        format('forward "%s": the receiver answered 410, so nothing is sent until its section changes; %s events wait',
            g.name, (select count(*) from (select from genhook.forwards f
                where f.name = g.name and f.status = 'pending' limit 100000) as w)),
        format('select * from genhook.retry_forwards(%L, p_status => ''pending'')',
            g.name), 3
    from genhook.forward_targets g where g.gone_at is not null
    union all
    select 'forward waits', null, null, w.happened_at,
        format('forward "%s": what happened then is not told yet: %s', w.name,
            coalesce(w.last_error, case when not exists (
                select from genhook.forward_targets g where g.name = w.name)
                then 'no settings have such a forward'
                else 'no sweep has sent it' end)),
        format('select * from genhook.forwards where name = %L and status = ''pending'' order by id limit 100',
            w.name), 4
    from (select distinct on (f.name) f.* from genhook.forwards f
        where f.status = 'pending'
            and f.happened_at < now() - interval '15 minutes'
        order by f.name, f.happened_at) as w
    where not exists (select from genhook.forward_targets g
        where g.name = w.name and g.gone_at is not null);
comment on view genhook.forward_attention is
    'Forwards that a person should look at; as attention.';
comment on column genhook.forward_attention.reason is 'In two or three words.';
comment on column genhook.forward_attention.provider is 'Of whom.';
comment on column genhook.forward_attention.task_id is 'The task, where it is about one.';
comment on column genhook.forward_attention.since is 'Since when.';
comment on column genhook.forward_attention.details is 'Which forward, and what is the matter.';
comment on column genhook.forward_attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.forward_attention.urgency is 'As in attention.';

-- Urgency: 1 keeps all work from being done; 2 is a result that is lost unless
-- somebody acts before a link ends, or money that may be spent twice; 3 is a
-- result that can be had for longer; 4 waits by itself, or has cost nothing; 5 is
-- over.
-- In no order, so that whoever counts some of it need not wait for all of it.
create or replace view genhook.every_attention as
    with sweeping as materialized (
        select host, last_started, usual_wait, is_late, error, error_since,
            killed
        from genhook.sweep_health
    ), hearing as materialized (
        select provider, account, last_callback, unanswered, went_quiet,
            unread, none_read, unread_since
        from genhook.account_health
    )
    select e.reason, e.provider::genhook.provider_name as provider,
        e.task_id::genhook.task_key as task_id, e.since, e.details, e.cure,
        e.urgency, e.ends_at, e.account::genhook.account_name as account
    from (
    select 'sweep stopped' as reason, null::text as provider,
        null::text as task_id, last_started as since,
        format('on %s no sweep has begun since, though one did each %s: does cron run it, and what does it say? Its exit status is 2 when it cannot run',
            host, date_trunc('second', usual_wait)) as details,
        format('select * from genhook.sweeps where host = %L order by started desc limit 10', host)
            as cure,
        1 as urgency, null::timestamptz as ends_at, null::text as account
    from sweeping
    where is_late
    union all
    select 'sweep hindered', null, null, error_since,
        format('on %s: %s', host, error),
        format('select * from genhook.sweeps where host = %L order by started desc limit 10', host),
        1, null, null
    from sweeping
    where error is not null
    union all
    select 'sweeps killed', null, null, last_started,
        format('on %s the last %s sweeps were killed: is there too little memory, or a limit of time?',
            host, killed),
        format('select * from genhook.sweeps where host = %L order by started desc limit 10', host),
        1, null, null
    from sweeping
    where killed > 0
    union all
    select o.status || ' output ' || o.position, o.provider, o.task_id,
        o.lost_at, o.last_error,
        format('select * from genhook.retry_outputs(%L, %L)', o.provider,
            o.task_id),
        case when o.status = 'failed' and (o.expires_at is null
            or o.expires_at > now()) then 2 else 5 end, o.expires_at,
        (select t.account from genhook.tasks t
        where t.provider = o.provider and t.task_id = o.task_id)
    from genhook.lost_outputs o
    union all
    select 'account unknown', provider, task_id, since,
        format('%s tasks wait; %s', tasks, details), cure, 2, null, account
    from genhook.unknown_accounts
    where tasks > 0
    union all
    -- Until it is replayed, or deleted by hand: it may hold a result.
    select 'unparsed delivery', provider, task_id, received_at, note,
        format('select * from genhook.replay_deliveries(p_id => %L)', id),
        2, null, account
    from genhook.deliveries d
    where outcome = 'unparsed' and source <> 'replay'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> 'unparsed')
    union all
    select 'callbacks unread', provider, null, unread_since,
        format('account "%s": %s callbacks came in the last day, and none could be read: unverified, or of a shape that is not known',
            account, unread),
        format('select received_at, outcome, note from genhook.deliveries where provider = %L and account = %L and outcome in (''unparsed'', ''unverified'') order by received_at desc',
            provider, account),
        2, null, account
    from hearing
    where none_read
    union all
    select reason, provider, task_id, since, details, cure,
        case reason when 'request of unknown fate' then 2 else 4 end, null,
        account
    from genhook.request_attention
    union all
    select reason, provider, task_id, since, details, cure, urgency, null, null
    from genhook.forward_attention
    union all
    select 'lost task', provider, task_id, finished_at,
        error_message,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id),
        3, null, account
    from genhook.tasks
    where status = 'lost'
    union all
    select 'odd result', provider, task_id, received_at, note,
        case when exists (select from genhook.outputs o
                where o.provider = d.provider and o.task_id = d.task_id)
            then format('select * from genhook.outputs where provider = %L and task_id = %L',
                provider, task_id)
            else format('select * from genhook.repoll_tasks(%L, %L)',
                provider, task_id) end,
        3, null, account
    from genhook.deliveries d
    where outcome = 'accepted' and note is not null
        and (source <> 'replay' or note like 'replay of %: %')
        and received_at > now() - interval '7 days'
    union all
    select 'poll fails', provider, task_id, submitted_at, last_poll_error,
        format('select * from genhook.repoll_tasks(%L, %L)', provider,
            task_id),
        3, null, account
    from genhook.tasks
    where status = 'pending' and last_poll_error is not null
    union all
    select 'went quiet', provider, null, last_callback,
        format('account "%s": %s tasks were submitted since its last callback, and none came for them',
            account, unanswered),
        format('select * from genhook.tasks where provider = %L and account = %L and submitted_at > %L and (status = ''pending'' or source = ''poll'')',
            provider, account, last_callback),
        3, null, account
    from hearing
    where went_quiet
    union all
    select outcome || ' delivery', provider, task_id, received_at, note,
        format('select * from genhook.deliveries where received_at = %L and id = %L',
            received_at, id),
        5, null, account
    from genhook.deliveries d
    where outcome in ('conflict', 'rejected', 'unverified')
        and received_at > now() - interval '7 days'
        and not exists (select from genhook.replays r
            where r.received_at = d.received_at and r.id = d.id
                and r.outcome <> d.outcome)
    union all
    -- An outage that passes by itself is nobody's work.
    select 'account paused', provider, null, trouble_since,
        format('account "%s" is paused until %s: %s', account,
            to_char(not_before, 'YYYY-MM-DD HH24:MI:SS'),
            concat_ws(': ', trouble, reason)),
        format('select * from genhook.resume_accounts(%L, %L)', provider,
            account),
        case trouble when 'no credit' then 4 else 3 end, null, account
    from genhook.accounts
    where troubles > 0 and (trouble in ('no credit', 'walled off')
        or trouble_since < now() - interval '15 minutes')
    ) as e;
comment on view genhook.every_attention is
    'What a person should look at, with what was set aside; as attention, but in no order.';
comment on column genhook.every_attention.reason is 'In two or three words.';
comment on column genhook.every_attention.provider is 'Of whom.';
comment on column genhook.every_attention.task_id is 'The task, where it is about one.';
comment on column genhook.every_attention.since is 'Since when.';
comment on column genhook.every_attention.details is 'What is the matter.';
comment on column genhook.every_attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.every_attention.urgency is '1: no work gets done; 2: a result or money is lost soon; 3: a result can be had for longer; 4: waits, and has cost nothing; 5: is over.';
comment on column genhook.every_attention.ends_at is 'When it is too late, where that is known: a link''s end.';
comment on column genhook.every_attention.account is 'Of which account, where it is about one.';

-- What somebody has set aside is left out until it changes.
create or replace view genhook.attention as
    select a.reason, a.provider, a.task_id, a.since, a.details, a.cure,
        a.urgency, a.ends_at, a.account
    from genhook.every_attention a
    where not exists (select from genhook.set_asides s
        where s.key = genhook.attention_key(a.reason, a.provider, a.task_id,
            a.since, a.details))
    order by a.urgency, a.ends_at, a.since;
comment on view genhook.attention is
    'What a person should look at, the most urgent first: the reason, since when, in words, and the statement that mends it or shows more.';
comment on column genhook.attention.reason is 'In two or three words.';
comment on column genhook.attention.provider is 'Of whom.';
comment on column genhook.attention.task_id is 'The task, where it is about one.';
comment on column genhook.attention.since is 'Since when.';
comment on column genhook.attention.details is 'What is the matter.';
comment on column genhook.attention.cure is 'The statement that mends it or shows more.';
comment on column genhook.attention.urgency is '1: no work gets done; 2: a result or money is lost soon; 3: a result can be had for longer; 4: waits, and has cost nothing; 5: is over.';
comment on column genhook.attention.ends_at is 'When it is too late, where that is known: a link''s end.';
comment on column genhook.attention.account is 'Of which account, where it is about one.';
