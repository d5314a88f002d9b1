-- How accounts and providers do.

create or replace view genhook.traffic as
    select hour, provider, account, source, outcome,
        sum(deliveries)::bigint as deliveries, max(last_at) as last_at
    from (select hour, provider, account, source, outcome, deliveries,
            last_at
        from genhook.hours
        union all
        select hour, provider, account, source, outcome, deliveries, last_at
        from genhook.uncounted_traffic()) as every
    group by hour, provider, account, source, outcome
    order by hour desc, provider, account, source, outcome;
comment on view genhook.traffic is
    'How many deliveries came in each hour, by provider, account, source and outcome. What waited in the spool for longer than a minute is not in it.';
comment on column genhook.traffic.hour is 'The hour''s beginning.';
comment on column genhook.traffic.provider is 'The provider.';
comment on column genhook.traffic.account is 'The account.';
comment on column genhook.traffic.source is 'callback, poll or replay.';
comment on column genhook.traffic.outcome is 'As in deliveries.';
comment on column genhook.traffic.deliveries is 'How many.';
comment on column genhook.traffic.last_at is 'received_at of the newest.';

-- All hours are looked through for the last callback alone; what is counted is of
-- one day.
create or replace view genhook.account_health as
    with fresh as materialized (
        select hour, provider, account, source, outcome, deliveries, last_at
        from genhook.uncounted_traffic()
    ), known as materialized (
        select provider, account,
            max(last_at) filter (where source = 'callback'
                and outcome not in ('rejected', 'unverified'))
                as last_callback
        from (select provider, account, source, outcome, last_at
            from genhook.hours
            union all
            select provider, account, source, outcome, last_at
            from fresh) as every
        group by provider, account
    ), heard as materialized (
        select provider, account,
            coalesce(sum(deliveries) filter (where source <> 'poll'
                and outcome = 'accepted'), 0)::bigint as finished_by_callback,
            coalesce(sum(deliveries - announced) filter (where source = 'poll'
                and outcome = 'accepted'), 0)::bigint as finished_by_poll,
            coalesce(sum(deliveries) filter (where source = 'callback'
                and outcome in ('unparsed', 'unverified')), 0)::bigint
                as unread,
            coalesce(sum(deliveries) filter (where source = 'callback'
                and outcome not in ('unparsed', 'unverified', 'rejected')),
                0)::bigint as understood,
            min(hour) filter (where source = 'callback'
                and outcome in ('unparsed', 'unverified')) as unread_since
        from (select hour, provider, account, source, outcome, deliveries,
                announced
            from genhook.hours
            where hour > now() - interval '1 day'
            union all
            select hour, provider, account, source, outcome, deliveries,
                0 as announced
            from fresh
            union all
            select hour, provider, account, 'poll' as source,
                'accepted' as outcome, 0 as deliveries, announced
            from genhook.uncounted_announced()) as every
        where hour > now() - interval '1 day'
        group by provider, account
    )
    select k.provider::genhook.provider_name as provider,
        k.account::genhook.account_name as account,
        n.last_callback,
        coalesce(h.finished_by_callback, 0) as finished_by_callback,
        coalesce(h.finished_by_poll, 0) as finished_by_poll,
        u.tasks as unanswered, u.tasks >= 3 as went_quiet,
        case when a.not_before > now() then a.not_before end as paused_until,
        case when a.not_before > now()
            then concat_ws(': ', nullif(a.trouble, 'rate limit'),
                a.reason) end as paused_because,
        coalesce(h.unread, 0) as unread,
        coalesce(h.unread > 0 and h.understood = 0, false) as none_read,
        h.unread_since
    from (select provider, account from known
        union
        select provider, account from genhook.accounts) as k
    left join known n on n.provider = k.provider and n.account = k.account
    left join heard h on h.provider = k.provider and h.account = k.account
    left join genhook.accounts a
        on a.provider = k.provider and a.account = k.account
    cross join lateral (
        select case when n.last_callback is null then 0
            else genhook.count_unanswered(k.provider, k.account,
                n.last_callback) end as tasks
        offset 0) as u
    order by 1, 2;
comment on view genhook.account_health is
    'Per account: the last callback, how many tasks of the last day callbacks finished (or, with trust = requery, announced) and how many a poll found without one, the tasks submitted since the last callback that none came for, whether it went quiet (three or more of them, though callbacks had come), until when and why it is paused, and whether none of its callbacks of the last day could be read.';
comment on column genhook.account_health.provider is 'The provider.';
comment on column genhook.account_health.account is 'The account: a section title in genhook.conf.';
comment on column genhook.account_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.account_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.account_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.account_health.unanswered is 'Tasks submitted since the last callback that none came for.';
comment on column genhook.account_health.went_quiet is 'Whether callbacks had come and then stopped: three or more unanswered.';
comment on column genhook.account_health.paused_until is 'Nothing is asked of the provider until then (without credit: no request is sent, but polls go on).';
comment on column genhook.account_health.paused_because is 'What it said; before it down, no credit or walled off, where it is that.';
comment on column genhook.account_health.unread is 'Callbacks of the last day that were unparsed or unverified.';
comment on column genhook.account_health.none_read is 'Whether that was all: no other callback came in the last day.';
comment on column genhook.account_health.unread_since is 'The hour in which the first of them came.';

-- The account's key is needed to ask about a task, and only the settings have
-- it.  A machine that was taken out of service counts for a day.
create or replace view genhook.configured_accounts as
    select distinct split_part(a.name, ' ', 1) as provider,
        split_part(a.name, ' ', 2) as account
    from genhook.settings s
    cross join lateral unnest(s.accounts) as a(name)
    where s.noted_at > (select max(n.noted_at) - interval '1 day'
        from genhook.settings n)
    union
    -- No sweep has noted any yet.
    select k.provider, k.account
    from genhook.accounts k
    where not exists (select from genhook.settings);
comment on view genhook.configured_accounts is
    'The accounts that are a section of the settings on some machine, as its last sweep noted.';
comment on column genhook.configured_accounts.provider is 'The provider.';
comment on column genhook.configured_accounts.account is 'The section''s title.';

-- Cron may run the sweep each minute or each hour: what is late goes by what was
-- usual.  A machine on which somebody ran it by hand is no machine that is late.
create or replace view genhook.sweep_health as
    with recent as materialized (
        select s.id, s.host, s.started, s.finished, s.heartbeat, s.error,
            s.started - lead(s.started) over newest_first as gap,
            row_number() over newest_first as n
        from genhook.sweeps s
        where s.started > (select max(m.started) - interval '1 day'
            from genhook.sweeps m)
        window newest_first as (partition by s.host
            order by s.started desc, s.id desc)
    ), hosts as materialized (
        select host, max(started) as last_started,
            case when count(*) >= 5 then percentile_cont(0.5)
                within group (order by gap) filter (where n <= 20)
                else interval '1 minute' end as usual_wait,
            count(*) >= 5 or max(started) = (select max(m.started)
                from genhook.sweeps m) as is_regular,
            (array_agg(error order by n) filter (where finished is not null))[1]
                as error,
            max(started) filter (where finished is not null
                and error is null) as last_good,
            count(*) filter (where n <= 5 and finished is null
                and heartbeat < now() - interval '5 minutes') as killed,
            count(*) filter (where n <= 5 and finished is not null)
                as finished
        from recent
        group by host
    ), failing as (
        select r.host, min(r.started) as since
        from recent r
        join hosts h on h.host = r.host
        where r.error is not null
            and r.started > coalesce(h.last_good, '-infinity')
        group by r.host
    )
    select h.host, h.last_started, h.usual_wait,
        h.is_regular and h.last_started
            < now() - greatest(interval '10 minutes', 5 * h.usual_wait)
            as is_late,
        case when h.is_regular then h.error end as error,
        case when h.is_regular and h.error is not null then f.since end
            as error_since,
        case when h.finished = 0 and h.killed >= 3 then h.killed else 0 end
            as killed
    from hosts h
    left join failing f on f.host = h.host
    order by h.last_started desc;
comment on view genhook.sweep_health is
    'Per machine that ran genhook-sweep in the last day that had a run: when it last began, how long it usually waits for the next, whether that is late, and what keeps it from doing all.';
comment on column genhook.sweep_health.host is 'Which machine.';
comment on column genhook.sweep_health.last_started is 'When its last run began.';
comment on column genhook.sweep_health.usual_wait is 'From one run to the next; a minute where there were too few.';
comment on column genhook.sweep_health.is_late is 'Whether no run has begun for five times as long, and for ten minutes.';
comment on column genhook.sweep_health.error is 'What kept the last run that ended from doing everything.';
comment on column genhook.sweep_health.error_since is 'When the first run began that something kept so.';
comment on column genhook.sweep_health.killed is 'How many of the last five runs were killed; 0 unless that was all that ended, and three.';

-- What is lost is counted from the same moments everywhere.  Of outputs that an
-- earlier version gave up nobody knows when.
create or replace view genhook.lost_outputs as
    select o.provider, o.task_id, o.position, o.status, o.last_error,
        o.expires_at,
        coalesce(o.given_up_at, least(o.expires_at, now()),
            (select t.finished_at from genhook.tasks t
            where t.provider = o.provider and t.task_id = o.task_id))
            as lost_at
    from genhook.outputs o
    where o.status in ('expired', 'failed')
        and not genhook.is_test_task(o.provider, o.task_id);
comment on view genhook.lost_outputs is
    'Outputs that were given up, but for those of mock events.';
comment on column genhook.lost_outputs.provider is 'The task''s provider.';
comment on column genhook.lost_outputs.task_id is 'The task''s id.';
comment on column genhook.lost_outputs.position is 'Place among the task''s outputs, from 0.';
comment on column genhook.lost_outputs.status is 'expired or failed.';
comment on column genhook.lost_outputs.last_error is 'Why the last attempt failed.';
comment on column genhook.lost_outputs.expires_at is 'When the link ends; NULL when nobody says.';
comment on column genhook.lost_outputs.lost_at is 'When it was given up, as far as that is known.';

create or replace view genhook.provider_health as
    with accounts as materialized (
        select provider, max(last_callback) as last_callback,
            sum(finished_by_callback)::bigint as finished_by_callback,
            sum(finished_by_poll)::bigint as finished_by_poll,
            sum(unanswered)::bigint as unanswered,
            bool_or(went_quiet) as went_quiet
        from genhook.account_health
        group by provider
    ), polls as materialized (
        select provider, count(*) as n,
            min(coalesce(next_poll_at, submitted_at)) as oldest
        from genhook.tasks where status = 'pending'
        group by provider
    ), downloads as materialized (
        select provider, count(*) as n, min(next_attempt_at) as oldest,
            min(expires_at) as soonest
        from genhook.outputs where status = 'pending'
        group by provider
    ), missed as materialized (
        select provider, count(*) as n
        from genhook.lost_outputs where lost_at > now() - interval '1 day'
        group by provider
    )
    select provider::genhook.provider_name as provider, a.last_callback,
        coalesce(a.finished_by_callback, 0) as finished_by_callback,
        coalesce(a.finished_by_poll, 0) as finished_by_poll,
        round(100.0 * a.finished_by_poll / nullif(a.finished_by_callback
            + a.finished_by_poll, 0), 1) as percent_by_poll,
        p.oldest as oldest_due_poll, d.oldest as oldest_due_output,
        coalesce(m.n, 0) as links_lost,
        coalesce(p.n, 0) as pending_tasks,
        coalesce(d.n, 0) as pending_outputs,
        d.soonest as soonest_expiry,
        coalesce(a.unanswered, 0) as unanswered,
        coalesce(a.went_quiet, false) as went_quiet
    from accounts a
    full join polls p using (provider)
    full join downloads d using (provider)
    full join missed m using (provider)
    order by provider;
comment on view genhook.provider_health is
    'Per provider: the last callback, tasks finished in the last day (by the hour) by callback and by a poll in place of one and the share of the latter, the oldest poll and download that wait, links lost in the last day, what is pending, and whether an account''s callbacks stopped though submissions go on (account_health says which).';
comment on column genhook.provider_health.provider is 'The provider.';
comment on column genhook.provider_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.provider_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.provider_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.provider_health.percent_by_poll is 'Share of these two that a poll found.';
comment on column genhook.provider_health.oldest_due_poll is 'When the earliest of the polls that wait is due.';
comment on column genhook.provider_health.oldest_due_output is 'When the earliest of the downloads that wait is due.';
comment on column genhook.provider_health.links_lost is 'Outputs that were given up in the last day.';
comment on column genhook.provider_health.pending_tasks is 'Tasks without a final state.';
comment on column genhook.provider_health.pending_outputs is 'Outputs not yet fetched.';
comment on column genhook.provider_health.soonest_expiry is 'When the first of their links ends.';
comment on column genhook.provider_health.unanswered is 'Tasks submitted since the last callback of their account that none came for.';
comment on column genhook.provider_health.went_quiet is 'Whether an account''s callbacks stopped; account_health says of which.';
