-- Polls: which tasks' status to ask the provider for, and what it answered.
-- Polls are claimed in a short statement, made outside of any transaction, and
-- noted in another; two sweeps at once pass over each other's rows.

create or replace function genhook.pause_account(p_provider text, p_account text,
    p_wait interval, p_reason text)
returns timestamptz
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into accounts as a (provider, account, not_before, reason, trouble)
    values (p_provider, p_account, now() + p_wait, p_reason, 'rate limit')
    on conflict (provider, account) do update set
        not_before = greatest(a.not_before, excluded.not_before),
        reason = excluded.reason, trouble = excluded.trouble
    returning a.not_before
$$;
comment on function genhook.pause_account(text, text, interval, text) is
    'Leaves an account alone for so long, in this run and all others; returns until when.';

create or replace function genhook.trouble_account(p_provider text,
    p_account text, p_trouble text, p_first interval, p_most interval,
    p_asked interval, p_reason text)
returns timestamptz
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into accounts as a (provider, account, trouble, troubles,
        trouble_since, not_before, reason)
    values (p_provider, p_account, p_trouble, 1, now(),
        now() + greatest(p_first, p_asked), p_reason)
    on conflict (provider, account) do update set
        trouble = excluded.trouble, reason = excluded.reason,
        trouble_since = case when a.troubles > 0 then a.trouble_since
            else excluded.trouble_since end,
        -- Answers to what was sent at the same moment count once.
        troubles = a.troubles + case
            when a.troubles > 0 and a.not_before > now() then 0 else 1 end,
        probed_at = null,
        not_before = greatest(a.not_before, now() + greatest(p_asked,
            least(p_most, p_first * power(2, least(a.troubles - case
                when a.troubles > 0 and a.not_before > now() then 1 else 0 end,
                20)))))
    returning a.not_before
$$;
comment on function genhook.trouble_account(text, text, text, interval, interval, interval, text) is
    'Leaves an account alone that is down, has no credit or is walled off: for p_first, twice as long each time in a row, at most p_most, but at least p_asked. Returns until when.';

create or replace function genhook.account_is_well(p_provider text,
    p_account text, p_by_poll boolean)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with well as (
        update accounts a set troubles = 0, trouble_since = null,
            probed_at = null,
            trouble = case when a.trouble = 'rate limit' then a.trouble end,
            not_before = case when a.trouble = 'rate limit'
                then a.not_before else '-infinity' end
        where a.provider = p_provider and a.account = p_account
            and a.troubles > 0
            -- Polls cost nothing, and so say nothing of the credit.
            and not (p_by_poll and a.trouble = 'no credit')
        returning 1)
    select exists (select from well)
$$;
comment on function genhook.account_is_well(text, text, boolean) is
    'The account''s API answered as it should: its pause for a trouble is over. Returns whether there was one.';

create or replace function genhook.resume_accounts(p_provider text default null,
    p_account text default null)
returns setof genhook.accounts
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select tell_work_due();
    update accounts a set not_before = '-infinity', probed_at = null
    where a.troubles > 0 and a.trouble <> 'rate limit'
        and (p_provider is null or a.provider = p_provider)
        and (p_account is null or a.account = p_account)
    returning a.*
$$;
comment on function genhook.resume_accounts(text, text) is
    'Has accounts tried at once that are paused for being down, without credit or walled off: one request or poll first.';

-- Claiming a poll schedules the next one: a sweep that dies leaves the task due
-- again after the interval, and no second sweep asks meanwhile.
create or replace function genhook.claim_polls(p_provider text,
    p_account text, p_poll_after interval, p_poll_every_max interval,
    p_limit integer, p_task_id text default null,
    p_per_minute integer default null)
returns table (task_id text, model text, submitted_at timestamptz,
    poll_url text)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
declare
    room integer;
    got  integer;
begin
    -- A claim that a crash of the server forgets is a poll too many.
    perform set_config('synchronous_commit', 'off', true);
    insert into accounts (provider, account) values (p_provider, p_account)
    on conflict do nothing;
    -- Holding this row, no other sweep can spend the same budget.  Of an account
    -- in trouble one poll goes first; without credit there are results to ask
    -- for all the same.
    select least(case
            when a.trouble = 'no credit' then p_limit
            when a.not_before > now() then 0
            when a.troubles = 0 then p_limit
            when a.probed_at between now() - interval '90 seconds' and now()
                then 0
            else least(p_limit, 1) end,
        p_per_minute - case a.minute
            when date_trunc('minute', now()) then a.polls else 0 end)
    into room
    from accounts a
    where a.provider = p_provider and a.account = p_account
    for update;
    if room <= 0 then
        return;
    end if;

    return query
    with due as (
        select t.provider, t.task_id
        from tasks t
        where t.status = 'pending' and t.provider = p_provider
            and t.account = p_account
            and coalesce(t.next_poll_at, t.submitted_at) <= now()
            and (t.next_poll_at is not null
                or t.submitted_at <= now() - p_poll_after)
            and (p_task_id is null or t.task_id = p_task_id)
        order by coalesce(t.next_poll_at, t.submitted_at)
        limit room
        for update skip locked
    ), claimed as (
        update tasks t set
            polls = t.polls + 1,
            -- doubling, give or take a fifth; at the ceiling take alone
            next_poll_at = now() + least(
                p_poll_every_max * (1 - 0.2 * random()),
                greatest(p_poll_after, interval '1 second')
                    * power(2, least(t.polls, 20)) * (0.8 + 0.4 * random()))
        from due
        where t.provider = due.provider and t.task_id = due.task_id
        returning t.task_id, t.model, t.submitted_at, t.poll_url
    ), named as (
        select m.provider, m.task_id
        from mends m
        join tasks t on t.provider = m.provider and t.task_id = m.task_id
        where m.finished_at is null and m.next_poll_at <= now()
            and m.provider = p_provider and t.account = p_account
            and (p_task_id is null or m.task_id = p_task_id)
        order by m.next_poll_at
        limit room - (select count(*) from due)
        for update of m skip locked
    ), mended as (
        update mends m set
            polls = m.polls + 1,
            next_poll_at = now() + least(p_poll_every_max,
                greatest(p_poll_after, interval '1 second')
                    * power(2, least(m.polls, 20)))
        from named
        where m.provider = named.provider and m.task_id = named.task_id
        returning m.provider, m.task_id
    )
    select c.task_id::text, c.model::text, c.submitted_at, c.poll_url
    from claimed c
    union all
    select t.task_id::text, t.model::text, t.submitted_at, t.poll_url
    from mended m
    join tasks t on t.provider = m.provider and t.task_id = m.task_id;
    get diagnostics got = row_count;

    if got > 0 then
        update accounts a set
            polls = got + case a.minute when date_trunc('minute', now())
                then a.polls else 0 end,
            minute = date_trunc('minute', now()),
            probed_at = case when a.troubles > 0
                and a.trouble <> 'no credit' then now() else a.probed_at end
        where a.provider = p_provider and a.account = p_account;
    end if;
end
$$;
comment on function genhook.claim_polls(text, text, interval, interval, integer, text, integer) is
    'Up to p_limit pending tasks of an account whose poll is due, oldest first, their next poll already scheduled, and behind them final ones that are to be mended; none while the account is paused, and no more than p_per_minute in a minute by all sweeps together.';

-- A sweep claims polls a little ahead, so that the next one is at hand when an
-- answer comes; those that it does not come to are given back.
create or replace function genhook.release_polls(p_provider text, p_task_id text[])
returns integer
language sql
security definer
set search_path = genhook, pg_temp
as $$
    -- One that a crash of the server forgets is asked for later.
    select set_config('synchronous_commit', 'off', true);
    with freed as (
        update tasks t set next_poll_at = now(),
            polls = greatest(t.polls - 1, 0)
        where t.provider = p_provider and t.task_id = any (p_task_id)
            and t.status = 'pending'
        returning 1
    ), unasked as (
        update mends m set next_poll_at = now(),
            polls = greatest(m.polls - 1, 0)
        where m.provider = p_provider and m.task_id = any (p_task_id)
            and m.finished_at is null
        returning 1)
    select ((select count(*) from freed) + (select count(*) from unasked))::integer
$$;
comment on function genhook.release_polls(text, text[]) is
    'Makes tasks due again whose poll was claimed and then not asked for; returns how many.';

-- A poll that brought no final state.  p_kind: pending, not_found, error.  A
-- note that a crash of the server forgets is made again by the next poll.
create or replace function genhook.note_poll(p_provider text, p_task_id text,
    p_kind text, p_words text, p_retry_after interval)
returns text
language sql
security definer
set search_path = genhook, pg_temp
as $$
    select set_config('synchronous_commit', 'off', true);
    -- A final task that a person has named keeps its result; it is asked about for
    -- about a day, unless its provider knows it no more.
    update mends m set
        last_poll_error = p_words,
        finished_at = case when p_kind = 'not_found' or m.polls >= 30
            then now() end,
        note = case when p_kind = 'not_found' or m.polls >= 30
            then p_words end,
        next_poll_at = case when p_kind <> 'not_found' and m.polls < 30
            then greatest(m.next_poll_at, now() + p_retry_after) end
    where m.provider = p_provider and m.task_id = p_task_id
        and m.finished_at is null;
    update tasks t set
        last_poll_error = p_words,
        not_found_polls = case p_kind when 'not_found'
            then t.not_found_polls + 1
            when 'pending' then 0 else t.not_found_polls end,
        -- One "no such task" may be a young task; three at growing
        -- distances are believed.
        status = case when p_kind = 'not_found' and t.not_found_polls >= 2
            then 'lost' else t.status end,
        error_code = case when p_kind = 'not_found' and t.not_found_polls >= 2
            then 'not_found' end,
        error_message = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then p_words end,
        finished_at = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then now() end,
        next_poll_at = case when p_kind = 'not_found'
            and t.not_found_polls >= 2 then null
            else greatest(t.next_poll_at, now() + p_retry_after) end
    where t.provider = p_provider and t.task_id = p_task_id
        and t.status = 'pending'
    returning t.status
$$;
comment on function genhook.note_poll(text, text, text, text, interval) is
    'Records a poll without a final state; the third "no such task" in a row makes the task lost. Returns its status.';

-- Up to p_limit at a time: after a long outage of a provider there may be very
-- many, and one transaction of all of them would hold their rows, and exceed a
-- statement's time limit.
create or replace function genhook.give_up_tasks(p_provider text, p_account text,
    p_give_up_after interval, p_limit integer default 1000)
returns setof genhook.tasks
language plpgsql
security definer
set search_path = genhook, pg_temp
-- However many are due: found by an index, and changed by their keys.
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    with due as (
        select d.provider, d.task_id
        from tasks d
        where d.status = 'pending' and d.provider = p_provider
            and d.account = p_account
            and d.submitted_at <= now() - p_give_up_after
            and d.polls > 0
        order by coalesce(d.next_poll_at, d.submitted_at)
        limit p_limit
        for update skip locked
    )
    update tasks t set status = 'lost', finished_at = now(),
        error_code = 'gave_up', next_poll_at = null,
        error_message = 'no final state within '
            || extract(epoch from p_give_up_after)::bigint || ' s'
            || coalesce('; last poll: ' || t.last_poll_error, '')
    from due
    where t.provider = due.provider and t.task_id = due.task_id
    returning t.*;
end
$$;
comment on function genhook.give_up_tasks(text, text, interval, integer) is
    'Marks as lost up to p_limit tasks of an account that are pending for longer than that and were polled at least once; returns them. Fewer than p_limit: no more are left.';
