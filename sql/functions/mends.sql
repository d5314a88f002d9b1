-- Final tasks that have nothing, and that a person has named to have mended.
--
-- The rule: the first final result stands.  Only one that brings outputs takes the
-- place of another, and only where the task has no output at all, where a person has
-- named the task (repoll_tasks, retry_outputs) or the delivery (replay_deliveries),
-- and where it is of the task's own account.  What it replaced is in mends.note.

-- By name, one task at a time: true where there is something to mend.
create or replace function genhook.open_mend(p_provider text, p_task_id text)
returns boolean
language sql
security definer
set search_path = genhook, pg_temp
as $$
    with opened as (
        insert into mends as m (provider, task_id, next_poll_at)
        select t.provider, t.task_id, now()
        from tasks t
        where t.provider = p_provider and t.task_id = p_task_id
            and t.status not in ('pending', 'lost')
            and not exists (select from outputs o
                where o.provider = t.provider and o.task_id = t.task_id)
        on conflict (provider, task_id) do update set
            requested_at = now(), next_poll_at = now(), polls = 0,
            last_poll_error = null, finished_at = null, outcome = null,
            note = null
        returning 1)
    select exists (select from opened)
$$;
comment on function genhook.open_mend(text, text) is
    'Has the provider asked again about a final task that has no output at all; false: it has some, or is not final.';

-- Called by receive() for a batch with poll answers or replays, before it looks at
-- the tasks: one whose result is to be replaced is pending again, within the
-- transaction, and so takes the new result like any other.  A batch with two results
-- of one task mends nothing: the caller sends those one by one.
create or replace function genhook.mend_tasks(p_id uuid[],
    p_received_at timestamptz[], p_provider text[], p_account text[],
    p_source text[], p_outcome text[], p_task_id text[], p_status text[],
    p_result_digest bytea[], o_delivery integer[])
returns integer
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    d      record;
    bare   boolean;
    better boolean;
    n      integer := 0;
begin
    for d in
        select b.*, t.status as was, t.account as owner, t.error_code,
            t.error_message, t.result_digest as was_digest
        from unnest(p_id, p_received_at, p_provider, p_account, p_source,
                p_outcome, p_task_id, p_status, p_result_digest)
            with ordinality as b(id, received_at, provider, account, source,
                outcome, task_id, status, result_digest, n)
        join tasks t on t.provider = b.provider and t.task_id = b.task_id
        where t.status not in ('pending', 'lost')
            and b.outcome in ('accepted', 'requery', 'stale')
            and case b.source
                when 'poll' then (select true from mends m
                    where m.provider = b.provider and m.task_id = b.task_id
                        and m.finished_at is null)
                when 'replay' then (select true from replays r
                    where r.requested_at = b.received_at
                        and r.replay_id = b.id and r.finished_at is null
                        and r.named) end
        order by b.provider, b.task_id, b.n
        for update of t
    loop
        bare := not exists (select from outputs o
            where o.provider = d.provider and o.task_id = d.task_id);
        if d.outcome <> 'accepted' then
            -- The account believes no callback: its provider is asked.
            if bare then
                perform open_mend(d.provider, d.task_id);
            end if;
            continue;
        end if;
        better := bare and d.status = 'succeeded' and d.account = d.owner
            and d.n = any (o_delivery)
            and 1 = (select count(*)
                from unnest(p_provider, p_task_id, p_outcome)
                    as e(provider, task_id, outcome)
                where e.provider = d.provider and e.task_id = d.task_id
                    and e.outcome = 'accepted');
        if better then
            update tasks t set status = 'pending', finished_at = null,
                source = null, error_code = null, error_message = null,
                result = null, result_digest = null, cost = null,
                submitted_at = coalesce(t.submitted_at, d.received_at)
            where t.provider = d.provider and t.task_id = d.task_id;
            n := n + 1;
        end if;
        if better or d.source = 'poll' then
            insert into mends as m (provider, task_id, finished_at, outcome,
                note)
            values (d.provider, d.task_id, now(),
                case when better then 'accepted'
                    when d.was_digest is not distinct from d.result_digest
                        then 'duplicate'
                    else 'conflict' end,
                case when better then concat_ws(': ', 'was ' || d.was,
                    d.error_code, d.error_message) end)
            on conflict (provider, task_id) do update set
                finished_at = excluded.finished_at,
                outcome = excluded.outcome, note = excluded.note,
                next_poll_at = null;
        end if;
    end loop;
    return n;
end
$$;
comment on function genhook.mend_tasks(uuid[], timestamptz[], text[], text[], text[], text[], text[], text[], bytea[], integer[]) is
    'Makes those tasks of a batch pending that have no output, and whose result one of these replaces, since a person has named them; returns how many.';
