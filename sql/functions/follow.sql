-- `genhook-sweep --follow`: what wakes it, and when the next thing falls due.

-- The channel of hints that a sweep has something to do, beside the one of finished
-- tasks.  Like that one it is never notified in the transaction of a callback: a
-- commit that notifies holds a lock of the whole server.
create or replace function genhook.tell_work_due()
returns void
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    perform pg_notify('genhook_work_due', '');
end
$$;
comment on function genhook.tell_work_due() is
    'NOTIFY genhook_work_due: a sweep that follows runs at once. A hint, never needed for correctness.';

create or replace function genhook.tell_inserted_work()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    perform tell_work_due();
    return null;
end
$$;
comment on function genhook.tell_inserted_work() is
    'Trigger: a sweep that follows is told of what was inserted.';

create or replace trigger requests_tell_work after insert on genhook.requests
    for each statement execute function genhook.tell_inserted_work();

-- What was due before the last run began, and is due still, that run could not do
-- (a budget, a pause, no time): the next regular run tries it again.  So only what
-- falls due later is a reason to wake up.
-- Of outputs and mends that wait only the first thousand are looked at, since
-- this is asked after each run; a regular run comes to the others.
create or replace function genhook.next_due(p_ran interval, p_provider text[],
    p_account text[], p_poll_after interval[])
returns interval
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    ran  timestamptz := now() - p_ran;
    next timestamptz;
begin
    select min(w.at) into next from (
        (select k.at
        from unnest(p_provider, p_account, p_poll_after)
            as a(provider, account, poll_after)
        cross join lateral (
            (select coalesce(t.next_poll_at, t.submitted_at) as at
            from tasks t
            where t.status = 'pending' and t.provider = a.provider
                and t.account = a.account
                and coalesce(t.next_poll_at, t.submitted_at) > ran
                and t.next_poll_at is not null
            order by coalesce(t.next_poll_at, t.submitted_at) limit 1)
            union all
            (select t.submitted_at + a.poll_after
            from tasks t
            where t.status = 'pending' and t.provider = a.provider
                and t.account = a.account
                and coalesce(t.next_poll_at, t.submitted_at)
                    > ran - a.poll_after
                and t.next_poll_at is null
            order by coalesce(t.next_poll_at, t.submitted_at) limit 1)
            union all
            (select r.next_attempt_at
            from requests r
            where r.status = 'queued' and r.provider = a.provider
                and r.account = a.account and r.next_attempt_at > ran
            order by r.next_attempt_at limit 1)) as k)
        union all
        (select greatest(o.next_attempt_at, o.leased_until)
        from (select q.next_attempt_at, q.leased_until from outputs q
            where q.status = 'pending'
            order by coalesce(q.expires_at, '-infinity'::timestamptz)
            limit 1000) as o)
        union all
        (select m.next_poll_at
        from (select n.next_poll_at from mends n
            where n.finished_at is null limit 1000) as m)
        union all
        (select min(r.leased_until) from requests r
        where r.status = 'sending' and r.leased_until > ran)
        union all
        (select min(p.leased_until) from replays p
        where p.finished_at is null and p.leased_until > ran)
        union all
        (select e.at from forward_targets g
        cross join lateral (
            select greatest(f.next_attempt_at, f.leased_until, g.not_before)
                as at
            from forwards f
            where f.name = g.name and f.status = 'pending'
                and g.gone_at is null
                and greatest(f.next_attempt_at, g.not_before) > ran
            order by f.next_attempt_at limit 1) as e)
        union all
        (select min(c.not_before) from accounts c
        where c.not_before > ran)) as w(at)
    where w.at > ran;
    -- greatest() would make nothing at all due at once.
    return case when next is not null
        then greatest(interval '0', next - now()) end;
end
$$;
comment on function genhook.next_due(interval, text[], text[], interval[]) is
    'How long until the next poll, request, download, lease or pause falls due, of what was not due yet when the last run began, p_ran ago; NULL when nothing waits. The arrays name the accounts of the settings, and how long each waits for a callback before its first poll.';
