-- receive() once more, with a short way for what most batches are: results of
-- tasks that nobody has registered or delivered before.  Counted in machine
-- instructions, a batch of 64 such costs three quarters of what it did, a
-- single one five sixths: no upsert, no sort, no subtransaction, and the arrays
-- are read in the select list, which unlike a function in FROM keeps no copy
-- of its rows.

-- Element n of every p_ array is one delivery; element n of every o_ array is
-- one output and o_delivery says of which delivery (from 1).  p_outcome is
-- what the caller made of it:
--     accepted    a final result: p_status and the task columns are set
--     requery     a final result that is not believed: the task is polled
--     stale       as requery, but recorded as stale
--     ignored, unparsed, rejected, unverified
-- The answer has one outcome for each delivery, in order: accepted becomes
-- duplicate or conflict where the task had its result already.  A caller that
-- does not know whether its commit came through sends again with p_again, and
-- what had been recorded is passed over; p_again = false spares that look for
-- what is sent the first time, no two of one task.
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
    old   bigint;			-- tasks in the table already
    rest  integer := 0;		-- room left in the bounded store
begin
    if not p_again and 'accepted' = all (p_outcome) then
        select count(s.status) into old
        from (select (select t.status from tasks t
                where t.provider = b.provider and t.task_id = b.task_id)
            from (select unnest(p_provider) as provider,
                unnest(p_task_id) as task_id) as b) as s(status);
        if old = 0 then
            -- Whoever brings one of these tasks at this very moment, or
            -- has a body that is no jsonb, fails the batch: the caller then
            -- sends each alone, with p_again.
            insert into tasks (provider, task_id, status, model, account,
                error_code, error_message, is_test, submitted_at, finished_at,
                source, result, result_digest)
            select b.provider, b.task_id, b.status, b.model, b.account,
                b.error_code, b.error_message, b.is_test, b.submitted_at,
                coalesce(b.finished_at, b.received_at),
                case b.source when 'poll' then 'poll' else 'callback' end,
                convert_from(b.body, 'UTF8')::jsonb, b.result_digest
            from (select unnest(p_provider) as provider,
                unnest(p_task_id) as task_id, unnest(p_status) as status,
                unnest(p_model) as model, unnest(p_account) as account,
                unnest(p_error_code) as error_code,
                unnest(p_error_message) as error_message,
                unnest(p_is_test) as is_test,
                unnest(p_submitted_at) as submitted_at,
                unnest(p_finished_at) as finished_at,
                unnest(p_received_at) as received_at,
                unnest(p_source) as source, unnest(p_body) as body,
                unnest(p_result_digest) as result_digest) as b;

            insert into outputs (provider, task_id, position, status, kind,
                url, inline_text, expires_at, expires_source, next_attempt_at)
            select p_provider[o.n], p_task_id[o.n], o.position,
                case when o.text is null then 'pending' else 'inline' end,
                o.kind, o.url, o.text, o.expires_at, o.expires_source,
                case when o.text is null then now() end
            from (select unnest(o_delivery) as n,
                unnest(o_position) as position, unnest(o_kind) as kind,
                unnest(o_url) as url, unnest(o_text) as text,
                unnest(o_expires_at) as expires_at,
                unnest(o_expires_source) as expires_source) as o;

            insert into deliveries (id, received_at, provider, task_id,
                account, source, outcome, verdict, remote_addr, headers,
                body, note, body_digest)
            select b.id, b.received_at, b.provider, b.task_id, b.account,
                b.source, b.outcome, b.verdict, b.remote_addr::inet,
                b.headers::jsonb, b.body, b.note, sha256(b.body)
            from (select unnest(p_id) as id,
                unnest(p_received_at) as received_at,
                unnest(p_provider) as provider,
                unnest(p_task_id) as task_id, unnest(p_account) as account,
                unnest(p_source) as source, unnest(p_outcome) as outcome,
                unnest(p_verdict) as verdict,
                unnest(p_remote_addr) as remote_addr,
                unnest(p_headers) as headers, unnest(p_body) as body,
                unnest(p_note) as note) as b;
            return query select unnest(p_outcome);
            return;
        end if;
    end if;

    if p_again then
        select coalesce(array_agg(b.n), '{}') into known
        from unnest(p_id, p_received_at) with ordinality
            as b(id, received_at, n)
        where (select true from deliveries d
            where d.received_at = b.received_at and d.id = b.id);
    end if;

    if 'accepted' = any (p_outcome) then
        -- The first of several results for one task counts.  In order of the
        -- key, so that two batches at once cannot deadlock.  A task that has
        -- its result is passed over before it could be locked; only pending
        -- and lost ones move: this is the one place where the rank of a
        -- state is decided.
        with moved as (
            insert into tasks as t (provider, task_id, status, model, account,
                error_code, error_message, is_test, submitted_at, finished_at,
                source, result, result_digest)
            select distinct on (b.provider, b.task_id) b.provider, b.task_id,
                b.status, b.model, b.account, b.error_code, b.error_message,
                b.is_test, b.submitted_at,
                coalesce(b.finished_at, b.received_at),
                case b.source when 'poll' then 'poll' else 'callback' end,
                try_jsonb(b.body), b.result_digest
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
                    and h.status not in ('pending', 'lost'))
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
                result_digest = excluded.result_digest
            where t.status in ('pending', 'lost')
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
                url, inline_text, expires_at, expires_source, next_attempt_at)
            select p_provider[o.n], p_task_id[o.n], o.position,
                case when o.text is null then 'pending' else 'inline' end,
                o.kind, o.url, o.text, o.expires_at, o.expires_source,
                case when o.text is null then now() end
            from unnest(o_delivery, o_position, o_kind, o_url, o_text,
                    o_expires_at, o_expires_source)
                as o(n, position, kind, url, text, expires_at, expires_source)
            where o.n = any (won);
        end if;

        -- Nothing but results, each the first: what most batches are.
        if cardinality(won) = cardinality(p_id) then
            insert into deliveries (id, received_at, provider, task_id,
                account, source, outcome, verdict, remote_addr, headers,
                body, note, body_digest)
            select b.id, b.received_at, b.provider, b.task_id, b.account,
                b.source, b.outcome, b.verdict, b.remote_addr::inet,
                b.headers::jsonb, b.body, b.note, sha256(b.body)
            from unnest(p_id, p_received_at, p_provider, p_task_id,
                    p_account, p_source, p_outcome, p_verdict, p_remote_addr,
                    p_headers, p_body, p_note)
                with ordinality as b(id, received_at, provider, task_id,
                    account, source, outcome, verdict, remote_addr, headers,
                    body, note, n)
            where b.n <> all (known);
            return query select unnest(p_outcome);
            return;
        end if;
    end if;

    -- Not believed, but worth asking the provider about at once.
    if p_outcome && array['stale', 'requery'] then
        insert into tasks as t (provider, task_id, account, model, is_test,
            submitted_at, next_poll_at)
        select distinct on (b.provider, b.task_id) b.provider, b.task_id,
            b.account, b.model, b.is_test,
            coalesce(b.submitted_at, b.received_at), now()
        from unnest(p_provider, p_task_id, p_account, p_model, p_is_test,
                p_submitted_at, p_received_at, p_outcome)
            with ordinality as b(provider, task_id, account, model, is_test,
                submitted_at, received_at, outcome, n)
        where b.outcome in ('stale', 'requery') and b.task_id is not null
        order by b.provider, b.task_id, b.n
        on conflict (provider, task_id) do update set
            status = 'pending', source = null, finished_at = null,
            error_code = null, error_message = null, result = null,
            result_digest = null, next_poll_at = now(),
            model = coalesce(t.model, excluded.model),
            account = excluded.account,
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
                when b.outcome = 'accepted' and b.n = any (won)
                    then 'accepted'
                when b.outcome = 'accepted' and t.result_digest
                    is not distinct from b.result_digest then 'duplicate'
                when b.outcome = 'accepted' then 'conflict'
                when b.outcome = 'requery' and t.status = 'pending'
                    then 'accepted'
                when b.outcome = 'requery' then 'duplicate'
                else b.outcome
            end as outcome,
            sha256(b.body) as body_digest,
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
            body_digest)
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
            p_note[j.n], j.body_digest
        from judged j
        where (j.nth is null or j.nth <= rest) and j.n <> all (known)
    )
    select j.outcome from judged j order by j.n;
end
$$;
