-- What is given up is given up some at a time: after a long outage of a
-- provider that may be very many tasks, and one transaction of all of them
-- would hold their rows, and a statement's time limit, for nothing.

drop function genhook.give_up_tasks(text, text, interval);
create function genhook.give_up_tasks(p_provider text, p_account text,
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

-- `genhook outputs inline`, `genhook tasks failed` and `genhook tasks cancelled`
-- read a whole table where such rows are rare.  An index more would cost each
-- callback a little, so those of what was missed and lost have these rows too;
-- the status stands first, so that each is found without the others.
drop index genhook.outputs_missed;
create index outputs_odd on genhook.outputs (status, provider, task_id)
    where status in ('expired', 'failed', 'inline');
drop index genhook.tasks_lost;
create index tasks_odd on genhook.tasks (status, finished_at)
    where status in ('failed', 'cancelled', 'lost');

revoke execute on function genhook.give_up_tasks from public;

do $$
begin
    if to_regrole('genhook_sweeper') is not null then
        grant execute on function genhook.give_up_tasks to genhook_sweeper;
    end if;
end
$$;
