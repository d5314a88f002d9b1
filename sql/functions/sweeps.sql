-- What genhook-sweep says of its run: begun, alive, ended.

-- A database whose clock was ahead (a machine that came up with a wrong one) has
-- scheduled by that clock, and once it is right would wait for times that are
-- hours or days away, while links end.  So each run compares the clock with the
-- time that the run before noted.
create or replace function genhook.follow_clock()
returns interval
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
set lock_timeout = '500ms'
as $$
declare
    back interval;
begin
    select m.at - now() into back from marks m where m.name = 'clock'
    for update;
    update marks set at = now() where name = 'clock';
    if back is null or back < interval '1 minute' then
        return null;
    end if;
    update tasks t set
        submitted_at = case when t.submitted_at > now()
            then t.submitted_at - back else t.submitted_at end,
        next_poll_at = case when t.next_poll_at > now()
            then t.next_poll_at - back else t.next_poll_at end
    where t.status = 'pending'
        and coalesce(t.next_poll_at, t.submitted_at) > now();
    update outputs o set
        next_attempt_at = case when o.next_attempt_at > now()
            then o.next_attempt_at - back else o.next_attempt_at end,
        leased_until = case when o.leased_until > now()
            then o.leased_until - back else o.leased_until end
    where o.status = 'pending'
        and (o.next_attempt_at > now() or o.leased_until > now());
    update requests r set next_attempt_at = r.next_attempt_at - back
    where r.status = 'queued' and r.next_attempt_at > now();
    update requests r set leased_until = r.leased_until - back
    where r.status = 'sending' and r.leased_until > now();
    update replays r set leased_until = r.leased_until - back
    where r.finished_at is null and r.leased_until > now();
    update accounts a set not_before = a.not_before - back
    where a.not_before > now();
    -- What was counted in hours that are yet to come is counted anew.
    update marks m set
        at = date_trunc('hour', now()) - interval '1 microsecond'
    where m.name = 'traffic' and m.at > now();
    if found then
        delete from hours h where h.hour >= date_trunc('hour', now());
    end if;
    return back;
exception when lock_not_available or deadlock_detected
        or serialization_failure then
    -- The mark is as it was: the next run does it.
    return null;
end
$$;
comment on function genhook.follow_clock() is
    'Whether the database''s clock was set back, by a minute or more, since the last sweep: then what waits (polls, downloads, requests, leases, pauses) waits for so much less. Returns how far back.';

create or replace function genhook.start_sweep(p_host text, p_pid integer)
returns bigint
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select follow_clock();
    insert into sweeps (host, pid) values (p_host, p_pid) returning id
$$;
comment on function genhook.start_sweep(text, integer) is
    'Opens the run''s row in sweeps and returns its id.';

create or replace function genhook.beat_sweep(p_id bigint, p_counts jsonb,
    p_owner text, p_lease interval)
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    update sweeps set heartbeat = now(), counts = p_counts where id = p_id;
    with held as (
        update outputs set leased_until = now() + p_lease
        where lease_owner = p_owner and status = 'pending'
        returning 1)
    select count(*)::integer from held
$$;
comment on function genhook.beat_sweep(bigint, jsonb, text, interval) is
    'A sign of life: notes the counts and prolongs the leases the run still holds; returns how many.';

-- A call whose answer was lost comes twice: the sums count it once.
create or replace function genhook.finish_sweep(p_id bigint, p_counts jsonb, p_error text)
returns void
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    began timestamptz;
begin
    update sweeps set finished = now(), heartbeat = now(), counts = p_counts,
        error = p_error
    where id = p_id and finished is null
    returning started into began;
    if not found then
        return;
    end if;
    perform add_totals(array_agg(c.name), array_agg(c.labels),
        array_agg(c.value))
    from (
        select m.name, '' as labels, (p_counts ->> m.count)::numeric as value
        from (values
            ('drained', 'genhook_spool_drained_total'),
            ('refused', 'genhook_spool_refused_total'),
            ('replayed', 'genhook_deliveries_replayed_total'),
            ('submitted', 'genhook_requests_submitted_total'),
            ('polled', 'genhook_polls_total'),
            ('finished', 'genhook_polls_final_total'),
            ('lost', 'genhook_tasks_lost_total'),
            ('stored', 'genhook_outputs_stored_total'),
            ('bytes', 'genhook_outputs_stored_bytes_total'),
            ('retried', 'genhook_downloads_retried_total'),
            ('expired', 'genhook_outputs_expired_total'),
            ('failed', 'genhook_outputs_failed_total'),
            ('told', 'genhook_forwards_sent_total'),
            ('untold', 'genhook_forwards_failed_total')) as m(count, name)
        union all
        select 'genhook_sweeps_total', case when p_error is null
            then 'result="ok"' else 'result="hindered"' end, 1
        union all
        select 'genhook_sweep_duration_seconds_total', '',
            round(extract(epoch from greatest(interval '0',
                clock_timestamp() - began)), 3)) as c;
end
$$;
comment on function genhook.finish_sweep(bigint, jsonb, text) is
    'Closes the run''s row, and adds what it did to the sums of metrics().';
