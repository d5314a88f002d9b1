-- What monitoring reads, in the text format of Prometheus: names and units as its
-- conventions have them, and no label that grows with the number of tasks.

create or replace function genhook.metric_label(p_value text)
returns text
language sql
immutable
set search_path = genhook, pg_temp
as $$
    select replace(replace(replace(p_value, E'\\', E'\\\\'), '"', E'\\"'),
        E'\n', E'\\n')
$$;
comment on function genhook.metric_label(text) is
    'A label''s value as it may stand between quotes.';

-- Adds to sums.  In one order, so that two runs that end at once do not wait for
-- each other in a circle.
create or replace function genhook.add_totals(p_name text[], p_labels text[],
    p_value numeric[])
returns void
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into totals as t (name, labels, value)
    select a.name, a.labels, sum(a.value)
    from unnest(p_name, p_labels, p_value) as a(name, labels, value)
    where a.value > 0
    group by a.name, a.labels
    order by a.name, a.labels
    on conflict (name, labels) do update set value = t.value + excluded.value
$$;
comment on function genhook.add_totals(text[], text[], numeric[]) is
    'Adds to the sums of totals.';

-- One row for each metric; what a run counts is in finish_sweep().
create or replace function genhook.metric_names()
returns table (name text, type text, help text)
language sql
immutable
set search_path = genhook, pg_temp
as $$
    values
    ('genhook_build_info', 'gauge', 'Always 1; the schema is a label.'),
    ('genhook_callback_last_timestamp_seconds', 'gauge', 'When the last authentic callback of an account came.'),
    ('genhook_callbacks_quiet', 'gauge', '1 while callbacks of an account have stopped although its tasks are submitted.'),
    ('genhook_account_paused', 'gauge', '1 while an account is left alone: down, no credit, walled off, or a rate limit.'),
    ('genhook_deliveries_total', 'counter', 'Callbacks, and poll answers that ended a task.'),
    ('genhook_tasks_pending', 'gauge', 'Tasks without a final state.'),
    ('genhook_poll_due_oldest_timestamp_seconds', 'gauge', 'Since when the oldest poll is due.'),
    ('genhook_outputs_pending', 'gauge', 'Outputs that are not downloaded yet.'),
    ('genhook_outputs_lost_last_day', 'gauge', 'Outputs that were given up in the last day.'),
    ('genhook_link_expiry_soonest_timestamp_seconds', 'gauge', 'When the first link of an output that is not downloaded yet ends.'),
    ('genhook_requests', 'gauge', 'Requests of the outbox that are not submitted, by status.'),
    ('genhook_request_queued_oldest_timestamp_seconds', 'gauge', 'Since when the oldest queued request waits.'),
    ('genhook_attention', 'gauge', 'Rows of genhook.attention, by reason.'),
    ('genhook_alerts_open', 'gauge', 'Findings that somebody was or will be told of and that last.'),
    ('genhook_sweep_start_last_timestamp_seconds', 'gauge', 'When the last sweep of a machine began.'),
    ('genhook_sweep_end_last_timestamp_seconds', 'gauge', 'When the last sweep of a machine ended.'),
    ('genhook_sweep_failing', 'gauge', '1 when something kept the last sweep of a machine from doing everything.'),
    ('genhook_sweeps_total', 'counter', 'Sweeps that ended, by result.'),
    ('genhook_sweep_duration_seconds_total', 'counter', 'How long all sweeps together took that ended.'),
    ('genhook_spool_drained_total', 'counter', 'Callbacks that sweeps brought from the spool into the database.'),
    ('genhook_spool_refused_total', 'counter', 'Spool files that were set aside.'),
    ('genhook_deliveries_replayed_total', 'counter', 'Deliveries that sweeps parsed anew.'),
    ('genhook_requests_submitted_total', 'counter', 'Requests that sweeps sent and that became tasks.'),
    ('genhook_polls_total', 'counter', 'Answers of status APIs.'),
    ('genhook_polls_final_total', 'counter', 'Polls that brought a task its final state.'),
    ('genhook_tasks_lost_total', 'counter', 'Tasks that were given up: nobody could say.'),
    ('genhook_outputs_stored_total', 'counter', 'Outputs that were brought to the archive.'),
    ('genhook_outputs_stored_bytes_total', 'counter', 'Bytes of these.'),
    ('genhook_downloads_retried_total', 'counter', 'Downloads that failed and were put off.'),
    ('genhook_outputs_expired_total', 'counter', 'Outputs whose links ended before they could be had.'),
    ('genhook_outputs_failed_total', 'counter', 'Outputs that were given up for another reason.'),
    ('genhook_forwards_pending', 'gauge', 'Events that an application was not told yet, by forward.'),
    ('genhook_forward_pending_oldest_timestamp_seconds', 'gauge', 'When the oldest of these happened.'),
    ('genhook_forward_ended', 'gauge', '1 while nothing is sent to a forward, since its receiver answered 410.'),
    ('genhook_forwards_sent_total', 'counter', 'Events that applications took.'),
    ('genhook_forwards_failed_total', 'counter', 'Events that were given up.')
$$;
comment on function genhook.metric_names() is
    'The metrics that there are.';

create or replace function genhook.metric_values()
returns table (name text, labels text, value numeric)
language plpgsql
stable
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    with accounts as materialized (
        select format('provider="%s",account="%s"', h.provider, h.account)
            as who, h.* from account_health h
    ), providers as materialized (
        select format('provider="%s"', h.provider) as who, h.*
        from provider_health h
    ), counted as materialized (
        select format('provider="%s",account="%s",source="%s",outcome="%s"',
                provider, account, source, outcome) as labels, deliveries
        from (select provider, account, source, outcome, deliveries
            from hours
            union all
            select provider, account, source, outcome, deliveries
            from uncounted_traffic()) as d
    ), sweeps_by_host as materialized (
        select host, max(started) as started, max(finished) as finished
        from sweeps
        where started > now() - interval '1 day'
        group by host
    ), telling as materialized (
        select format('forward="%s"', metric_label(coalesce(g.name, f.name)))
                as who, coalesce(f.pending, 0) as pending, f.oldest,
            (g.gone_at is not null)::integer as ended
        from forward_targets g
        full join (select e.name, count(*) as pending,
                min(e.happened_at) as oldest
            from forwards e where e.status = 'pending' group by e.name) as f
            on f.name = g.name
    ), deliveries as (
        select labels, sum(value) as value
        from (select labels, deliveries::numeric as value from counted
            union all
            select labels, value from totals where name = 'hours') as d
        group by labels
    )
    select 'genhook_build_info', format('schema="%s"', schema_version()),
        1::numeric
    union all
    select 'genhook_callback_last_timestamp_seconds', who,
        round(extract(epoch from last_callback), 3)
    from accounts where last_callback is not null
    union all
    select 'genhook_callbacks_quiet', who, went_quiet::integer from accounts
    union all
    select 'genhook_account_paused', who, (paused_until is not null)::integer
    from accounts
    union all
    select 'genhook_deliveries_total', labels, value from deliveries
    union all
    select 'genhook_tasks_pending', who, pending_tasks::numeric from providers
    union all
    select 'genhook_poll_due_oldest_timestamp_seconds', who,
        round(extract(epoch from oldest_due_poll), 3)
    from providers where oldest_due_poll is not null
    union all
    select 'genhook_outputs_pending', who, pending_outputs::numeric from providers
    union all
    select 'genhook_outputs_lost_last_day', who, links_lost::numeric from providers
    union all
    select 'genhook_link_expiry_soonest_timestamp_seconds', who,
        round(extract(epoch from soonest_expiry), 3)
    from providers
    where soonest_expiry is not null and isfinite(soonest_expiry)
    union all
    select 'genhook_requests', format('status="%s"', s.status),
        (select count(*) from requests r where r.status = s.status)
    from unnest(array['queued', 'sending', 'refused', 'unknown'])
        as s(status)
    union all
    select 'genhook_request_queued_oldest_timestamp_seconds', '',
        round(extract(epoch from min(queued_at)), 3)
    from requests where status = 'queued' having min(queued_at) is not null
    union all
    select 'genhook_attention', format('reason="%s"',
            metric_label(regexp_replace(reason, E' \\d+$', ''))), count(*)
    from attention group by 2
    union all
    select 'genhook_alerts_open', '',
        (select count(*) from alerts where well_at is null)
    union all
    select 'genhook_sweep_start_last_timestamp_seconds',
        format('host="%s"', metric_label(host)),
        round(extract(epoch from started), 3)
    from sweeps_by_host
    union all
    select 'genhook_sweep_end_last_timestamp_seconds',
        format('host="%s"', metric_label(host)),
        round(extract(epoch from finished), 3)
    from sweeps_by_host where finished is not null
    union all
    select 'genhook_sweep_failing', format('host="%s"', metric_label(host)),
        (error is not null)::integer
    from sweep_health
    union all
    select 'genhook_forwards_pending', who, pending from telling
    union all
    select 'genhook_forward_pending_oldest_timestamp_seconds', who,
        round(extract(epoch from oldest), 3)
    from telling where oldest is not null
    union all
    select 'genhook_forward_ended', who, ended from telling
    union all
    select n.name, coalesce(t.labels, ''), coalesce(t.value, 0)
    from metric_names() n
    left join totals t on t.name = n.name
    where n.type = 'counter' and (t.name is not null or n.name not in (
        'genhook_deliveries_total', 'genhook_sweeps_total'));
end
$$;
comment on function genhook.metric_values() is
    'The values of the metrics that there are, with their labels.';

create or replace function genhook.metrics()
returns text
language sql
stable
set search_path = genhook, pg_temp
as $$
    with v as materialized (
        select name, labels, value, row_number() over (partition by name
            order by labels) as i
        from metric_values())
    select string_agg(concat(
            case when v.i = 1 then format(E'# HELP %s %s\n# TYPE %1$s %3$s\n',
                v.name, n.help, n.type) end,
            v.name, case when v.labels <> '' then '{' || v.labels || '}' end,
            ' ', trim_scale(v.value), E'\n'), '' order by v.name, v.i)
    from v join metric_names() n using (name)
$$;
comment on function genhook.metrics() is
    'What monitoring reads: the text format of Prometheus.';
