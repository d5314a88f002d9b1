-- What applications and operators call about tasks.  Functions that change many
-- rows return those they changed, and pass over rows that are locked just then.

-- Called by an application after it has submitted, before or after the callback
-- came: either order gives the same row.  A repeat that names no account leaves
-- the account as it is; and the token of a callback proves an account, whether
-- the callback came before or comes after.
create or replace function genhook.register_task(p_provider text,
    p_task_id text, p_model text default null, p_account text default null,
    p_metadata jsonb default null, p_poll_url text default null)
returns setof genhook.tasks
language sql
security definer
set search_path = genhook, pg_temp
as $$
    insert into tasks as t (provider, task_id, model, account, metadata,
        submitted_at, poll_url)
    values (p_provider, p_task_id, p_model, coalesce(p_account, 'default'),
        p_metadata, now(), p_poll_url)
    on conflict (provider, task_id) do update set
        -- what the application says it submitted outranks the payload
        model = coalesce(excluded.model, t.model),
        account = case
            when t.status <> 'pending' or p_account is null
                or p_account = t.account then t.account
            -- no longer a section of the settings: the cure in attention
            when t.submitted_at < now() - interval '1 hour'
                and not exists (select from accounts a
                    where a.provider = t.provider and a.account = t.account)
                then excluded.account
            when exists (select from deliveries d
                    where d.task_id = t.task_id and d.provider = t.provider
                    and d.account = t.account and d.source = 'callback'
                    and d.outcome in ('accepted', 'stale'))
                then t.account
            else excluded.account
        end,
        metadata = coalesce(excluded.metadata, t.metadata),
        submitted_at = coalesce(t.submitted_at,
            least(excluded.submitted_at, t.finished_at)),
        poll_url = coalesce(excluded.poll_url, t.poll_url)
    returning t.*
$$;
comment on function genhook.register_task(text, text, text, text, jsonb, text) is
    'Tells genhook of a submitted task, so that it is polled when no callback comes. Harmless before, after and twice: what is left out stays as it is. Without an account: default. p_poll_url: where the answer to the submit says that the task''s state is told.';

-- Planned for what is asked each time: one plan for a task, a provider and all
-- would walk through the whole table.
create or replace function genhook.repoll_tasks(
    p_provider text default null, p_task_id text default null,
    p_status text default null)
returns setof genhook.tasks
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
begin
    return query
    with waiting as materialized (
        select d.provider, d.task_id from tasks d
        where d.status = 'pending' and coalesce(p_status, 'pending') = 'pending'
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked
    ), gone as materialized (
        select d.provider, d.task_id from tasks d
        where d.status = 'lost' and coalesce(p_status, 'lost') = 'lost'
            and (p_provider is null or d.provider = p_provider)
            and (p_task_id is null or d.task_id = p_task_id)
        for update skip locked)
    update tasks t set status = 'pending', next_poll_at = now(),
        source = null, finished_at = null, error_code = null,
        error_message = null, not_found_polls = 0,
        submitted_at = case t.status when 'lost' then now()
            else t.submitted_at end
    from (select * from waiting union all select * from gone) as c
    where t.provider = c.provider and t.task_id = c.task_id
    returning t.*;
    -- Final ones by name alone, and only where something is missing.
    return query
    select t.* from tasks t
    where t.provider = p_provider and t.task_id = p_task_id
        and t.status not in ('pending', 'lost')
        and t.status = coalesce(p_status, t.status)
        and (open_mend(p_provider, p_task_id)
            or exists (select from retry_outputs(p_provider, p_task_id)));
    perform tell_work_due();
end
$$;
comment on function genhook.repoll_tasks(text, text, text) is
    'Makes pending and lost tasks due for a poll now: of a provider, of a task, of one status, or all. A final task is reached by provider and id alone: where it has no output at all, an answer that brings outputs replaces its result; outputs that expired or failed are downloaded anew by a fresh link.';

-- A cancelled task has ended too, so whoever waits for it is notified here.  (Of
-- every other end the program notifies that brought it, after its commit.)
create or replace function genhook.cancel_tasks(p_provider text,
    p_task_id text)
returns setof genhook.tasks
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    cancelled tasks;
begin
    for cancelled in
        update tasks t set status = 'cancelled', finished_at = now(),
            next_poll_at = null, error_code = 'operator',
            error_message = 'cancelled by the operator'
        where (t.provider, t.task_id) in (
            select d.provider, d.task_id from tasks d
            where d.provider = p_provider and d.task_id = p_task_id
                and d.status in ('pending', 'lost')
            for update skip locked)
        returning t.*
    loop
        perform pg_notify('genhook_task_finished',
            cancelled.provider || '/' || cancelled.task_id);
        return next cancelled;
    end loop;
end
$$;
comment on function genhook.cancel_tasks(text, text) is
    'Stops waiting for a task here (nothing is said to the provider): it is polled no more and a late result no longer counts.';

-- Asked by the view attention for each link that was lost.  It is a function with
-- cost 1 so that PostgreSQL does not expect so much work that it compiles (jit)
-- the view's query, which takes seconds.
create or replace function genhook.is_test_task(p_provider text, p_task_id text)
returns boolean
language plpgsql
stable
security definer
cost 1
set search_path = genhook, pg_temp
as $$
begin
    return coalesce((select t.is_test from tasks t
        where t.provider = p_provider and t.task_id = p_task_id), false);
end
$$;
comment on function genhook.is_test_task(text, text) is
    'Is it a mock event of a provider''s test mode?';

-- When somebody deletes a task by hand, its outputs are deleted too.  (A foreign
-- key would have to look for the task at every insert of an output.)
create or replace function genhook.delete_outputs()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    delete from outputs o
    where o.provider = old.provider and o.task_id = old.task_id;
    return null;
end
$$;
comment on function genhook.delete_outputs() is
    'Trigger: deletes the outputs of a deleted task.';

create or replace trigger tasks_delete_outputs after delete on genhook.tasks
    for each row execute function genhook.delete_outputs();
