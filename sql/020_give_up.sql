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

revoke execute on function genhook.give_up_tasks from public;

do $$
begin
    if to_regrole('genhook_sweeper') is not null then
        grant execute on function genhook.give_up_tasks to genhook_sweeper;
    end if;
end
$$;
