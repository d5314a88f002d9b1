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

create or replace view genhook.account_health as
    with heard as materialized (
        select provider, account,
            max(last_at) filter (where source = 'callback'
                and outcome not in ('rejected', 'unverified'))
                as last_callback,
            coalesce(sum(deliveries) filter (where source <> 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_callback,
            coalesce(sum(deliveries - announced) filter (where source = 'poll'
                and outcome = 'accepted'
                and hour > now() - interval '1 day'), 0)::bigint
                as finished_by_poll
        from (select hour, provider, account, source, outcome, deliveries,
                last_at, announced
            from genhook.hours
            union all
            select hour, provider, account, source, outcome, deliveries,
                last_at, 0 as announced
            from genhook.uncounted_traffic()
            union all
            select hour, provider, account, 'poll' as source,
                'accepted' as outcome, 0 as deliveries, null as last_at,
                announced
            from genhook.uncounted_announced()) as every
        group by provider, account
    )
    select k.provider::genhook.provider_name as provider,
        k.account::genhook.account_name as account,
        h.last_callback,
        coalesce(h.finished_by_callback, 0) as finished_by_callback,
        coalesce(h.finished_by_poll, 0) as finished_by_poll,
        u.tasks as unanswered, u.tasks >= 3 as went_quiet,
        case when a.not_before > now() then a.not_before end as paused_until,
        case when a.not_before > now() then a.reason end as paused_because
    from (select provider, account from heard
        union
        select provider, account from genhook.accounts) as k
    left join heard h on h.provider = k.provider and h.account = k.account
    left join genhook.accounts a
        on a.provider = k.provider and a.account = k.account
    cross join lateral (
        select case when h.last_callback is null then 0
            else genhook.count_unanswered(k.provider, k.account,
                h.last_callback) end as tasks
        offset 0) as u
    order by 1, 2;
comment on view genhook.account_health is
    'Per account: the last callback, how many tasks of the last day callbacks finished (or, with trust = requery, announced) and how many a poll found without one, the tasks submitted since the last callback that none came for, whether it went quiet (three or more of them, though callbacks had come), and whether the provider wants to be left alone.';
comment on column genhook.account_health.provider is 'The provider.';
comment on column genhook.account_health.account is 'The account: a section title in genhook.conf.';
comment on column genhook.account_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.account_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.account_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.account_health.unanswered is 'Tasks submitted since the last callback that none came for.';
comment on column genhook.account_health.went_quiet is 'Whether callbacks had come and then stopped: three or more unanswered.';
comment on column genhook.account_health.paused_until is 'The provider wants to be left alone until then.';
comment on column genhook.account_health.paused_because is 'What it said.';

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
        from genhook.outputs where status in ('expired', 'failed')
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
    'Per provider: the last callback, tasks finished in the last day (by the hour) by callback and by a poll in place of one and the share of the latter, the oldest poll and download that wait, links lost, what is pending, and whether an account''s callbacks stopped though submissions go on (account_health says which).';
comment on column genhook.provider_health.provider is 'The provider.';
comment on column genhook.provider_health.last_callback is 'When its last authentic callback came.';
comment on column genhook.provider_health.finished_by_callback is 'Tasks of the last day that a callback finished or, with trust = requery, announced.';
comment on column genhook.provider_health.finished_by_poll is 'Tasks of the last day that a poll found without one.';
comment on column genhook.provider_health.percent_by_poll is 'Share of these two that a poll found.';
comment on column genhook.provider_health.oldest_due_poll is 'When the earliest of the polls that wait is due.';
comment on column genhook.provider_health.oldest_due_output is 'When the earliest of the downloads that wait is due.';
comment on column genhook.provider_health.links_lost is 'Outputs expired or failed.';
comment on column genhook.provider_health.pending_tasks is 'Tasks without a final state.';
comment on column genhook.provider_health.pending_outputs is 'Outputs not yet fetched.';
comment on column genhook.provider_health.soonest_expiry is 'When the first of their links ends.';
comment on column genhook.provider_health.unanswered is 'Tasks submitted since the last callback of their account that none came for.';
comment on column genhook.provider_health.went_quiet is 'Whether an account''s callbacks stopped; account_health says of which.';
