-- A database whose clock was ahead (a machine that came up with a wrong one)
-- has scheduled by it, and once the clock is right would wait for times that
-- are hours or days away, while links end.  So each run compares the clock with
-- the one that the run before saw; and what was never tried waits for no time.

insert into genhook.marks values ('clock', now());
comment on column genhook.marks.name is 'traffic: counted in hours. bodies: those of finished tasks dropped. clock: the time at which the last sweep began.';

create function genhook.follow_clock()
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
revoke execute on function genhook.follow_clock from public;

create or replace function genhook.start_sweep(p_host text, p_pid integer)
returns bigint
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select follow_clock();
    insert into sweeps (host, pid) values (p_host, p_pid) returning id
$$;

do $patch$
declare
    as_was constant text := pg_get_functiondef('genhook.claim_outputs'::regproc);
    due    constant text := 'and o.next_attempt_at <= now()';
    better text;
begin
    better := replace(as_was, due,
        'and (o.next_attempt_at <= now() or o.attempts = 0)');
    if better = as_was then
        raise exception 'claim_outputs() is not the one that this changes';
    end if;
    execute better;
end
$patch$;

comment on column genhook.outputs.next_attempt_at is 'Not tried again before then; what was never tried is due at once.';
