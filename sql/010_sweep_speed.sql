-- The sweep claims polls a little ahead, so that the next question is at hand
-- when an answer comes.

create function genhook.release_polls(p_provider text, p_task_id text[])
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
        returning 1)
    select count(*)::integer from freed
$$;
comment on function genhook.release_polls(text, text[]) is
    'Makes tasks due again whose poll was claimed and then not asked for; returns how many.';

do $$
begin
    if to_regrole('genhook_sweeper') is not null then
        grant execute on function genhook.release_polls to genhook_sweeper;
    end if;
end
$$;
