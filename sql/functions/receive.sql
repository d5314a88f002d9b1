-- How deliveries come in.  Callbacks, poll answers, replays and drained spool
-- files all pass through genhook.receive(), a batch at a time.

-- A body as jsonb, or NULL where jsonb cannot hold it: \u0000, a lone
-- surrogate, a number beyond numeric.  The body itself is kept in any case.
-- (The function names nothing outside of pg_catalog and runs with its caller's
-- rights, so it needs no search_path of its own, which would cost at each call.)
create or replace function genhook.try_jsonb(p_body bytea)
returns jsonb
language plpgsql
immutable
as $$
begin
    return convert_from(p_body, 'UTF8')::jsonb;
exception when data_exception or statement_too_complex
        or program_limit_exceeded then
    return null;
end
$$;
comment on function genhook.try_jsonb(bytea) is
    'The JSON text as jsonb, or NULL where PostgreSQL refuses it.';

-- Element n of every p_ array is one delivery; element n of every o_ array is
-- one output and o_delivery says of which delivery (from 1).  p_outcome is
-- what the caller made of it:
--     accepted    a final result: p_status and the task columns are set
--     requery     a final result that is not believed: the task is polled
--     stale       as requery, but recorded as stale
--     unparsed    not understood: its task, where it names one, is polled
--     ignored, rejected, unverified
-- The answer has one outcome for each delivery, in order: accepted becomes
-- duplicate or conflict where the task had its result already.
--
-- Element n of e_content is the file that came within the payload for the output
-- e_output[n], counted from 1 in the o_ arrays.
--
-- p_accounts are the accounts that can be polled, as 'provider account', of those
-- providers that have several.  A task of one of them is not given its result by
-- another one's token: that is a hint, and the task's own account is asked.
--
-- A caller that does not know whether its commit came through sends the batch
-- again with p_again, and what had been recorded is passed over.  Passing over
-- writes no row, and a transaction that wrote nothing waits for no standby,
-- though the first commit may not have reached the standby yet: so a message
-- that nobody reads is written to the log, and the commit behind it waits.
--
-- p_again = false is for what is sent the first time, no two of one task.  When
-- all of it are results, of tasks that are not in the table or wait for theirs,
-- which most batches are, a short way stores them: its arrays are read by
-- subscript, since each unnest() is a function to prepare, and nothing is sorted
-- or upserted.
--
-- p_body_digest has each body's SHA-256; where it has none, it is made here.
create or replace function genhook.receive(
    p_id uuid[], p_received_at timestamptz[], p_provider text[],
    p_account text[], p_source text[], p_outcome text[], p_verdict text[],
    p_remote_addr text[], p_headers text[], p_body bytea[], p_note text[],
    p_task_id text[], p_status text[], p_model text[], p_error_code text[],
    p_error_message text[], p_is_test boolean[],
    p_submitted_at timestamptz[], p_finished_at timestamptz[],
    p_result_digest bytea[],
    o_delivery integer[], o_position integer[], o_kind text[], o_url text[],
    o_text text[], o_expires_at timestamptz[], o_expires_source text[],
    p_token text[] default '{}', o_name text[] default '{}',
    e_output integer[] default '{}', e_content bytea[] default '{}',
    p_accounts text[] default '{}', p_body_digest bytea[] default '{}',
    p_again boolean default true)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
-- Planned once: the arrays differ in length, never in kind.  A plan made while
-- the tables are small must still fit when they are large; for the same reason
-- a look into a table is a scalar subquery, which is never turned into a hash
-- of the whole table.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    new_provider text[];
    new_task_id  text[];
    won   integer[] := '{}';	-- deliveries that brought their task its result
    known integer[] := '{}';	-- deliveries recorded before
    hints integer[] := '{}';	-- results that another account's token brought
    rest  integer := 0;		-- room left in the bounded store
    taken  constant tid := '(0,0)';	-- no place: the task takes no result
    places tid[];		-- of their tasks; null for one that is new
    waiting integer;		-- how many of these there are
    moved   integer;
begin
    if not p_again and 'accepted' = all (p_outcome)
        and cardinality(e_output) = 0
    then
        places := array(select (select case when t.status in ('pending', 'lost')
                    and (t.account = p_account[s.n] or t.provider || ' '
                        || t.account <> all (p_accounts))
                    then t.ctid else taken end
                from tasks t
                where t.provider = p_provider[s.n]
                    and t.task_id = p_task_id[s.n])
            from generate_series(1, cardinality(p_id)) as s(n));
    end if;
    if array_position(places, taken) is null and places is not null then
        waiting := cardinality(array_remove(places, null));
        -- Whoever brings one of these tasks at this very moment, or has a body
        -- that is no jsonb, fails the batch: the caller then sends each alone,
        -- with p_again.
        if waiting < cardinality(places) then
            insert into tasks (provider, task_id, status, model, account,
                error_code, error_message, is_test, submitted_at, finished_at,
                source, result, result_digest, cost)
            select p_provider[b.n], p_task_id[b.n], p_status[b.n],
                p_model[b.n], p_account[b.n], p_error_code[b.n],
                p_error_message[b.n], p_is_test[b.n], p_submitted_at[b.n],
                coalesce(p_finished_at[b.n], p_received_at[b.n]),
                case p_source[b.n] when 'poll' then 'poll'
                    else 'callback' end,
                b.doc, p_result_digest[b.n],
                case when position('"cost"'::bytea in p_body[b.n]) > 0
                    then told_cost(b.doc) end
            from (select s.n, convert_from(p_body[s.n], 'UTF8')::jsonb as doc
                from generate_series(1, cardinality(p_id)) as s(n)
                where places[s.n] is null
                offset 0) as b;
        end if;
        -- By the places, so that no plan of any age walks through the table:
        -- what is no equality lets the planner think of no index for a join
        -- (of a small table it would take all).  Whoever stands at a place by
        -- now is looked at again.
        if waiting > 0 then
            update tasks as t set
                status = p_status[b.n],
                model = coalesce(t.model, p_model[b.n]),
                account = p_account[b.n],
                error_code = p_error_code[b.n],
                error_message = p_error_message[b.n],
                is_test = p_is_test[b.n],
                submitted_at = coalesce(p_submitted_at[b.n], t.submitted_at),
                finished_at = coalesce(p_finished_at[b.n],
                    p_received_at[b.n]),
                source = case p_source[b.n] when 'poll' then 'poll'
                    else 'callback' end,
                next_poll_at = null, last_poll_error = null,
                not_found_polls = 0,
                result = b.doc,
                result_digest = p_result_digest[b.n],
                cost = case when position('"cost"'::bytea in p_body[b.n]) > 0
                    then told_cost(b.doc) end
            from (select s.at, s.n,
                    convert_from(p_body[s.n], 'UTF8')::jsonb as doc
                from unnest(places) with ordinality as s(at, n)
                where s.at is not null
                offset 0) as b
            where t.ctid = any (places) and t.ctid = b.at
                and t.provider is not distinct from p_provider[b.n]
                and t.task_id is not distinct from p_task_id[b.n]
                and t.status in ('pending', 'lost')
                and (t.account = p_account[b.n] or t.provider || ' '
                    || t.account <> all (p_accounts));
            get diagnostics moved = row_count;
            if moved < waiting then
                raise unique_violation
                    using message = 'a task had another result meanwhile';
            end if;
        end if;

        if cardinality(o_delivery) > 0 then
            insert into outputs (provider, task_id, position, status, kind,
                url, inline_text, expires_at, expires_source, next_attempt_at,
                name)
            select p_provider[o_delivery[b.n]], p_task_id[o_delivery[b.n]],
                o_position[b.n],
                case when o_text[b.n] is null then 'pending'
                    else 'inline' end,
                o_kind[b.n], o_url[b.n], o_text[b.n], o_expires_at[b.n],
                o_expires_source[b.n],
                case when o_text[b.n] is null then now() end, o_name[b.n]
            from (select generate_series(1, cardinality(o_delivery)) as n)
                as b;
        end if;

        insert into deliveries (id, received_at, provider, task_id, account,
            source, outcome, verdict, remote_addr, headers, body, note,
            body_digest, token)
        select p_id[b.n], p_received_at[b.n], p_provider[b.n],
            p_task_id[b.n], p_account[b.n], p_source[b.n], 'accepted',
            p_verdict[b.n], p_remote_addr[b.n]::inet,
            p_headers[b.n]::jsonb, p_body[b.n], p_note[b.n],
            coalesce(p_body_digest[b.n], sha256(p_body[b.n])), p_token[b.n]
        from (select generate_series(1, cardinality(p_id)) as n) as b;
        for n in 1..cardinality(p_id) loop
            return next 'accepted';
        end loop;
        return;
    end if;

    if p_again then
        select coalesce(array_agg(b.n), '{}') into known
        from unnest(p_id, p_received_at) with ordinality
            as b(id, received_at, n)
        where (select true from deliveries d
            where d.received_at = b.received_at and d.id = b.id);
        if cardinality(known) > 0 then
            perform pg_logical_emit_message(true, 'genhook', 'known');
        end if;
    end if;

    if p_source && array['poll', 'replay'] then
        perform mend_tasks(p_id, p_received_at, p_provider, p_account,
            p_source, p_outcome, p_task_id, p_status, p_result_digest,
            o_delivery);
    end if;

    if 'accepted' = any (p_outcome) then
        -- The first of several results for one task counts.  In order of the
        -- key, so that two batches at once cannot deadlock.  A task that has
        -- its result is passed over before it could be locked; only pending
        -- and lost ones move, and not by the token of another account than
        -- the task's, where that one can be asked: this is the one place where
        -- the rank of a state is decided.
        with moved as (
            insert into tasks as t (provider, task_id, status, model, account,
                error_code, error_message, is_test, submitted_at, finished_at,
                source, result, result_digest, cost)
            select distinct on (b.provider, b.task_id) b.provider, b.task_id,
                b.status, b.model, b.account, b.error_code, b.error_message,
                b.is_test, b.submitted_at,
                coalesce(b.finished_at, b.received_at),
                case b.source when 'poll' then 'poll' else 'callback' end,
                try_jsonb(b.body), b.result_digest,
                case when position('"cost"'::bytea in b.body) > 0
                    then told_cost(try_jsonb(b.body)) end
            from unnest(p_provider, p_task_id, p_status, p_model, p_account,
                    p_error_code, p_error_message, p_is_test, p_submitted_at,
                    p_finished_at, p_received_at, p_source, p_body,
                    p_result_digest, p_outcome)
                with ordinality as b(provider, task_id, status, model,
                    account, error_code, error_message, is_test, submitted_at,
                    finished_at, received_at, source, body, result_digest,
                    outcome, n)
            where b.outcome = 'accepted' and not exists (
                select from tasks h
                where h.provider = b.provider and h.task_id = b.task_id
                    and (h.status not in ('pending', 'lost')
                        or (h.account <> b.account and h.provider || ' '
                            || h.account = any (p_accounts))))
            order by b.provider, b.task_id, b.n
            on conflict (provider, task_id) do update set
                status = excluded.status,
                model = coalesce(t.model, excluded.model),
                account = excluded.account,
                error_code = excluded.error_code,
                error_message = excluded.error_message,
                is_test = excluded.is_test,
                submitted_at = coalesce(excluded.submitted_at,
                    t.submitted_at),
                finished_at = excluded.finished_at,
                source = excluded.source,
                next_poll_at = null,
                last_poll_error = null,
                not_found_polls = 0,
                result = excluded.result,
                result_digest = excluded.result_digest,
                cost = excluded.cost
            where t.status in ('pending', 'lost')
                and (t.account = excluded.account or t.provider || ' '
                    || t.account <> all (p_accounts))
            returning t.provider, t.task_id
        )
        select array_agg(provider), array_agg(task_id)
        into new_provider, new_task_id
        from moved;

        if cardinality(new_task_id) = cardinality(p_id) then
            won := array(select generate_series(1, cardinality(p_id)));
        else
            select coalesce(array_agg(w.n), '{}') into won
            from (select min(b.n)::integer as n
                from unnest(p_provider, p_task_id, p_outcome) with ordinality
                    as b(provider, task_id, outcome, n)
                where b.outcome = 'accepted' and (b.provider, b.task_id) in (
                    select * from unnest(new_provider, new_task_id))
                group by b.provider, b.task_id) as w;
        end if;

        if cardinality(won) > 0 then
            insert into outputs (provider, task_id, position, status, kind,
                url, inline_text, expires_at, expires_source, next_attempt_at,
                name)
            select p_provider[o.n], p_task_id[o.n], o.position,
                case when o.text is null then 'pending' else 'inline' end,
                o.kind, o.url, o.text, o.expires_at, o.expires_source,
                case when o.text is null then now() end, o.name
            from unnest(o_delivery, o_position, o_kind, o_url, o_text,
                    o_expires_at, o_expires_source, o_name)
                as o(n, position, kind, url, text, expires_at, expires_source,
                    name)
            where o.n = any (won);
        end if;

        if cardinality(e_output) > 0 then
            insert into embedded (provider, task_id, position, content)
            select p_provider[o_delivery[e.output]],
                p_task_id[o_delivery[e.output]], o_position[e.output],
                e.content
            from unnest(e_output, e_content) as e(output, content)
            where o_delivery[e.output] = any (won);
        end if;

        -- Out of a spool: too late to be found by the time (queue_forwards()).
        if p_again and cardinality(won) > 0 then
            insert into forward_checks (cause, provider, task_id)
            select 'task', p_provider[w.n], p_task_id[w.n]
            from unnest(won) as w(n)
            where p_received_at[w.n] < now() - interval '1 minute'
                and exists (select from forward_targets);
        end if;

        -- Nothing but results, each the first: what most batches are.
        if cardinality(won) = cardinality(p_id) then
            insert into deliveries (id, received_at, provider, task_id,
                account, source, outcome, verdict, remote_addr, headers,
                body, note, body_digest, token)
            select b.id, b.received_at, b.provider, b.task_id, b.account,
                b.source, b.outcome, b.verdict, b.remote_addr::inet,
                b.headers::jsonb, b.body, b.note,
                coalesce(p_body_digest[b.n], sha256(b.body)), b.token
            from unnest(p_id, p_received_at, p_provider, p_task_id,
                    p_account, p_source, p_outcome, p_verdict, p_remote_addr,
                    p_headers, p_body, p_note, p_token)
                with ordinality as b(id, received_at, provider, task_id,
                    account, source, outcome, verdict, remote_addr, headers,
                    body, note, token, n)
            where b.n <> all (known);
            return query select unnest(p_outcome);
            return;
        end if;

        -- A result whose task has none yet, and that did not bring it one,
        -- came by another account's token.
        if cardinality(p_accounts) > 0 then
            select coalesce(array_agg(b.n), '{}') into hints
            from unnest(p_provider, p_task_id, p_outcome) with ordinality
                as b(provider, task_id, outcome, n)
            where b.outcome = 'accepted' and b.n <> all (won)
                and (select true from tasks t
                    where t.provider = b.provider and t.task_id = b.task_id
                        and t.status in ('pending', 'lost'));
        end if;
    end if;

    -- Not believed or not understood, but worth asking the provider about at
    -- once; with the key of the task's own account, where there is one.
    if p_outcome && array['stale', 'requery', 'unparsed']
        or cardinality(hints) > 0
    then
        insert into tasks as t (provider, task_id, account, model, is_test,
            submitted_at, next_poll_at)
        select distinct on (b.provider, b.task_id) b.provider, b.task_id,
            b.account, b.model, b.is_test,
            coalesce(b.submitted_at, b.received_at), now()
        from unnest(p_provider, p_task_id, p_account, p_model, p_is_test,
                p_submitted_at, p_received_at, p_outcome)
            with ordinality as b(provider, task_id, account, model, is_test,
                submitted_at, received_at, outcome, n)
        where (b.outcome in ('stale', 'requery', 'unparsed')
                or b.n = any (hints))
            and b.task_id is not null
        order by b.provider, b.task_id, b.n
        on conflict (provider, task_id) do update set
            status = 'pending', source = null, finished_at = null,
            error_code = null, error_message = null, result = null,
            result_digest = null, cost = null, next_poll_at = now(),
            model = coalesce(t.model, excluded.model),
            account = case when t.provider || ' ' || t.account
                = any (p_accounts) then t.account else excluded.account end,
            submitted_at = coalesce(t.submitted_at, excluded.submitted_at)
        where t.status = 'lost' or (t.status = 'pending'
            and (t.next_poll_at is null or t.next_poll_at > now()));
    end if;

    if 'unverified' = any (p_outcome) then
        select 1000 - count(*) into rest
        from (select from deliveries where outcome = 'unverified'
                and received_at > now() - interval '1 day' limit 1000) as u;
    end if;

    return query
    with judged as materialized (
        select b.n,
            case
                when b.outcome = 'accepted'
                    and (b.n = any (won) or b.n = any (hints))
                    then 'accepted'
                when b.outcome = 'accepted' and t.result_digest
                    is not distinct from b.result_digest then 'duplicate'
                when b.outcome = 'accepted' then 'conflict'
                when b.outcome = 'requery' and t.status = 'pending'
                    then 'accepted'
                when b.outcome = 'requery' then 'duplicate'
                else b.outcome
            end as outcome,
            coalesce(p_body_digest[b.n], sha256(b.body)) as body_digest,
            case when b.n = any (hints)
                then format('the task is of the account %s, which was asked',
                    t.account) end as hint,
            case when b.outcome = 'unverified' then row_number()
                over (partition by b.outcome order by b.n) end as nth
        from unnest(p_provider, p_task_id, p_outcome, p_body,
                p_result_digest)
            with ordinality as b(provider, task_id, outcome, body,
                result_digest, n)
        left join tasks t on t.provider = b.provider
            and t.task_id = b.task_id
            and b.outcome in ('accepted', 'requery')
            and b.n <> all (won)
    ), kept as (
        insert into deliveries (id, received_at, provider, task_id, account,
            source, outcome, verdict, remote_addr, headers, body, note,
            body_digest, token)
        select p_id[j.n], p_received_at[j.n], p_provider[j.n],
            p_task_id[j.n], p_account[j.n], p_source[j.n], j.outcome,
            p_verdict[j.n], p_remote_addr[j.n]::inet, p_headers[j.n]::jsonb,
            case
                when j.outcome = 'unverified'
                    and octet_length(p_body[j.n]) > 65536 then null
                when j.n = any (won) or p_task_id[j.n] is null
                    then p_body[j.n]
                when (select true from deliveries d
                        where d.provider = p_provider[j.n]
                        and d.task_id = p_task_id[j.n]
                        and d.body_digest = j.body_digest
                        and d.body is not null limit 1) then null
                when exists (select from judged e where e.n < j.n
                        and p_provider[e.n] = p_provider[j.n]
                        and p_task_id[e.n] = p_task_id[j.n]
                        and e.body_digest = j.body_digest) then null
                else p_body[j.n]
            end,
            nullif(concat_ws('; ', j.hint, p_note[j.n]), ''), j.body_digest,
            p_token[j.n]
        from judged j
        where (j.nth is null or j.nth <= rest) and j.n <> all (known)
    )
    select j.outcome from judged j order by j.n;
end
$$;
comment on function genhook.receive(uuid[], timestamptz[], text[], text[],
    text[], text[], text[], text[], text[], bytea[], text[], text[], text[],
    text[], text[], text[], boolean[], timestamptz[], timestamptz[], bytea[],
    integer[], integer[], text[], text[], text[], timestamptz[], text[],
    text[], text[], integer[], bytea[], text[], bytea[], boolean) is
    'Records a batch of deliveries, each exactly once in effect, and returns the outcome of each in order.';

-- The hint that tasks have finished.  It is sent apart from receive(), since a
-- transaction that notifies holds a lock of the whole server until its commit is
-- on disk, and handlers would wait for one another.  The hint's own transaction
-- need not be on disk: a hint that a crash loses costs nobody a result.
create or replace function genhook.notify_finished(p_tasks text[])
returns void
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_notify('genhook_task_finished', t) from unnest(p_tasks) as t;
end
$$;
comment on function genhook.notify_finished(text[]) is
    'NOTIFY genhook_task_finished for each ''<provider>/<task_id>'': a hint, never needed for correctness.';
