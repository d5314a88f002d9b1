-- What the page shows and does: genhook-web calls these with the query's
-- parameters as one JSON object, and sends what they return as it is.
--
-- Lists go page by page: "next" is the key of the last row, to be given back.  No
-- list looks through a large table: what no index answers is looked for among so
-- many rows of it at a time, and "next" then goes on from there, even where a
-- page has found nothing yet.

-- ---- what all of them use ---------------------------------------------------

create or replace function genhook.web_limit(p jsonb)
returns integer
language plpgsql
immutable
set search_path = genhook, pg_temp
as $$
declare
    n integer := coalesce((p ->> 'limit')::integer, 50);
begin
    if n not between 1 and 200 then
        raise invalid_parameter_value using
            message = format('limit is %s, not 1 to 200', n);
    end if;
    return n;
end
$$;
comment on function genhook.web_limit(jsonb) is
    'How many rows a page has: "limit", 1 to 200, else 50.';

create or replace function genhook.web_next(p jsonb, p_parts integer)
returns jsonb
language plpgsql
immutable
set search_path = genhook, pg_temp
as $$
declare
    key jsonb := nullif(p ->> 'next', '')::jsonb;
begin
    if key is not null and (jsonb_typeof(key) <> 'array'
            or jsonb_array_length(key) <> p_parts) then
        raise invalid_parameter_value using
            message = '"next" is none that a list returned';
    end if;
    return key;
end
$$;
comment on function genhook.web_next(jsonb, integer) is
    'The key that a page goes on from, of so many parts; NULL for the first one.';

-- The words for pictures, wherever a provider's request has them.
-- It has no settings of its own, so that a search is planned with it as a part.
create or replace function genhook.web_prompt(p_request jsonb)
returns text
language sql
immutable
as $$
    select left(coalesce(p_request ->> 'prompt',
        p_request #>> '{request,prompt}', p_request #>> '{input,prompt}',
        p_request #>> '{input,text}', p_request ->> 'text',
        p_request #>> '{input,0,positivePrompt}',
        p_request ->> 'positivePrompt', p_request ->> 'promptText',
        p_request ->> 'gpt_description_prompt'), 4000)
$$;
comment on function genhook.web_prompt(jsonb) is
    'The prompt in a request, or in metadata that has one; up to 4,000 characters.';

-- APIMart writes "cost", in US dollars, also into its envelope's data; OpenRouter
-- into "usage"; Runware into each of its results.  What is no price is none.
create or replace function genhook.told_cost(p_result jsonb)
returns numeric
language plpgsql
immutable
as $$
declare
    at jsonb;
    c  numeric;
begin
    foreach at in array array[p_result -> 'cost', p_result #> '{data,cost}',
        p_result #> '{usage,cost}', p_result #> '{data,usage,cost}']
    loop
        if jsonb_typeof(at) = 'number' then
            c := at::numeric;
            if c >= 0 and c < 1000000 then
                return c;
            end if;
        end if;
    end loop;
    if jsonb_typeof(p_result -> 'data') = 'array' then
        select sum((e.v ->> 'cost')::numeric) into c
        from jsonb_array_elements(p_result -> 'data') as e(v)
        where jsonb_typeof(e.v -> 'cost') = 'number';
        if c >= 0 and c < 1000000 then
            return c;
        end if;
    end if;
    return null;
end
$$;
comment on function genhook.told_cost(jsonb) is
    'What a result says that its task cost, in US dollars; NULL where it says nothing.';

-- Kie writes into its envelope's data how many of its credits a task took.
create or replace function genhook.told_credits(p_result jsonb)
returns numeric
language sql
immutable
set search_path = genhook, pg_temp
as $$
    select c
    from (select case when jsonb_typeof(p_result #> '{data,consumeCredits}')
        = 'number' then (p_result #>> '{data,consumeCredits}')::numeric end)
        as told(c)
    where c >= 0 and c < 1000000000
$$;
comment on function genhook.told_credits(jsonb) is
    'How many of the provider''s credits a result says that its task took; NULL where it says nothing.';

create or replace function genhook.web_session_lives(p_name text,
    p_since timestamptz)
returns boolean
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$
    select not exists (select from web_names n
        where n.name = p_name and n.signed_out_at >= p_since)
$$;
comment on function genhook.web_session_lives(text, timestamptz) is
    'Has nobody signed this name out of the page since then?';

-- Providers that no account is left of are found by one look into the index for
-- each.
create or replace function genhook.web_known()
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
begin
    return (
    with recursive walked (provider) as (
        (select t.provider::text from tasks t order by t.provider limit 1)
        union all
        select (select t.provider::text from tasks t
            where t.provider > w.provider collate "C"
            order by t.provider limit 1)
        from walked w where w.provider is not null
    )
    select jsonb_build_object(
        'providers', (select coalesce(jsonb_agg(p.provider order by p.provider),
                '[]')
            from (select c.provider collate "C" from configured_accounts c
                union select a.provider::text collate "C" from accounts a
                union select w.provider collate "C" from walked w
                where w.provider is not null) as p),
        'models', (select coalesce(jsonb_agg(m.model order by m.model), '[]')
            from (select d.model from days d
                where d.day > current_date - 31 and d.model <> ''
                group by d.model
                order by sum(d.succeeded + d.failed) desc, d.model
                limit 200) as m)));
end
$$;
comment on function genhook.web_known() is
    'What the page''s filters offer: the providers of the settings and of all tasks, and the models of the last 31 days, the 200 asked for most.';

create or replace function genhook.price_of(p_provider text, p_model text,
    p_tasks numeric, p_outputs numeric, p_credits numeric)
returns numeric
language sql
stable
set search_path = genhook, pg_temp
as $$
    select p.price * case p.per when 'output' then p_outputs
        when 'credit' then p_credits else p_tasks end
    from prices p
    where p.provider = p_provider and p.model in ('', p_model)
    order by p.model desc
    limit 1
$$;
comment on function genhook.price_of(text, text, numeric, numeric, numeric) is
    'What so many tasks with so many outputs that took so many credits cost by the table prices; NULL where it has no price of that model.';

-- ---- tasks --------------------------------------------------------------------

-- Rows of the list, in one statement: a function called for each row would be
-- planned for each, which takes longer than the row.  What a result holds is not
-- looked at but for its cost.
create or replace function genhook.web_task_rows(p_keys jsonb, p_n integer)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object(
            'provider', t.provider, 'task_id', t.task_id,
            'status', t.status, 'model', t.model, 'account', t.account,
            'error_code', t.error_code,
            'error_message', left(t.error_message, 1000),
            'is_test', t.is_test, 'submitted_at', t.submitted_at,
            'finished_at', t.finished_at, 'source', t.source,
            'polls', t.polls, 'next_poll_at', t.next_poll_at,
            'last_poll_error', left(t.last_poll_error, 1000),
            'metadata', t.metadata,
            'cost', coalesce(t.cost, told_cost(t.result)),
            'credits', told_credits(t.result))
        || jsonb_build_object('request_id', r.id,
            'prompt', coalesce(web_prompt(r.request), web_prompt(t.metadata)),
            'outputs', o.n, 'stored', o.stored, 'waiting', o.waiting,
            'gone', o.gone, 'kind', o.kind, 'position', o.first,
            'bytes', o.bytes, 'sha256', o.sha256, 'thumb', exists (select
                from thumbs h
                where h.provider = t.provider and h.task_id = t.task_id
                    and h.position = o.first and h.sha256 = o.sha256
                    and h.picture is not null),
            'soonest_expiry', o.soonest,
            'price', case when c.per = 'credit' then
                    c.price * told_credits(t.result)
                when t.status = 'succeeded' then
                    c.price * case c.per when 'output' then o.n else 1 end
                end)
        order by k.i), '[]')
    from jsonb_array_elements(p_keys) with ordinality as k(key, i)
    join tasks t on t.provider = k.key ->> 1 and t.task_id = k.key ->> 2
    cross join lateral (select count(*) as n,
            count(*) filter (where status in ('stored', 'inline')) as stored,
            count(*) filter (where status = 'pending') as waiting,
            count(*) filter (where status in ('expired', 'failed')) as gone,
            (array_agg(kind order by position))[1] as kind,
            min(position) filter (where status = 'stored') as first,
            (array_agg(bytes order by position)
                filter (where status = 'stored'))[1] as bytes,
            (array_agg(sha256 order by position)
                filter (where status = 'stored'))[1] as sha256,
            min(expires_at) filter (where status = 'pending') as soonest
        from outputs
        where provider = t.provider and task_id = t.task_id) as o
    left join lateral (select q.id, q.request from requests q
        where q.provider = t.provider and q.task_id = t.task_id limit 1) as r
        on true
    left join lateral (select m.price, m.per from prices m
        where m.provider = t.provider
            and m.model in ('', coalesce(t.model, ''))
        order by m.model desc limit 1) as c on true
    where k.i <= p_n);
end
$$;
comment on function genhook.web_task_rows(jsonb, integer) is
    'The first so many of these tasks (keys: time, provider, task_id) as the page''s lists have them: the row without its result, and what its outputs and its request say.';

-- The keys of the tasks that a search means: an id's beginning, or "name:value" of
-- the metadata.
create or replace function genhook.web_search(p_words text, p_most integer)
returns table (provider text, task_id text)
language plpgsql
stable
rows 100
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
set standard_conforming_strings = on
as $$
#variable_conflict use_column
declare
    name  text := split_part(p_words, ':', 1);
    value text := btrim(substr(p_words, length(name) + 2));
    likes text := replace(replace(replace(p_words, '\', '\\'), '%', '\%'),
        '_', '\_');
begin
    if name ~ '^\w+$' and value <> '' then
        return query
        select t.provider::text, t.task_id::text from tasks t
        where t.metadata @> jsonb_build_object(name, value)
        limit p_most;
        if value ~ '^-?\d{1,18}$' then
            return query
            select t.provider::text, t.task_id::text from tasks t
            where t.metadata @> jsonb_build_object(name, value::bigint)
            limit p_most;
        end if;
        return;
    end if;
    return query
    select k.provider, k.task_id
    from (select d.provider from hours d union
        select a.provider from accounts a) as p
    cross join lateral (select t.provider::text, t.task_id::text
        from tasks t
        where t.provider = p.provider and t.task_id like likes || '%'
        limit p_most) as k
    limit p_most;
end
$$;
comment on function genhook.web_search(text, integer) is
    'The tasks that these words mean: name:value of the metadata, else the beginning of an id; up to so many.';

-- The keys of the page of tasks behind p_key that a search finds: up to p_most of
-- the matches of web_search(), newest first.
create or replace function genhook.web_tasks_found(p jsonb, p_key jsonb, p_n integer)
returns table (at timestamptz, provider text, task_id text)
language plpgsql
stable
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select coalesce(t.finished_at, t.submitted_at), t.provider::text,
        t.task_id::text
    from (select distinct s.provider, s.task_id
        from web_search(btrim(p ->> 'q'), 500) as s) as k
    join tasks t on t.provider = k.provider and t.task_id = k.task_id
    where coalesce(t.status = p ->> 'status', true)
        and coalesce(t.provider = p ->> 'provider', true)
        and coalesce(t.account = p ->> 'account', true)
        and coalesce(t.model = p ->> 'model', true)
        and coalesce(t.source = p ->> 'source', true)
        and (p_key is null or (coalesce(t.finished_at, t.submitted_at),
            t.provider, t.task_id) < ((p_key ->> 0)::timestamptz,
            (p_key ->> 1) collate "C", (p_key ->> 2) collate "C"))
    order by 1 desc, t.provider desc, t.task_id desc
    limit p_n;
end
$$;
comment on function genhook.web_tasks_found(jsonb, jsonb, integer) is
    'The keys of up to so many tasks behind p_key that match the page''s search and filters, newest first.';

-- Words of a prompt are looked for among the next p_most requests.
create or replace function genhook.web_tasks_asked(p jsonb, p_before bigint, p_n integer,
    p_most integer)
returns table (request_id bigint, provider text, task_id text, ended boolean)
language plpgsql
stable
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
set standard_conforming_strings = on
as $$
#variable_conflict use_column
declare
    likes text := '%' || replace(replace(replace(btrim(p ->> 'q'), '\', '\\'),
        '%', '\%'), '_', '\_') || '%';
    n     integer;
begin
    return query
    select w.id, w.provider::text, w.task_id::text, false
    from (select q.id, q.provider, q.task_id, q.request
        from requests q where q.id < p_before
        order by q.id desc limit p_most) as w
    where w.task_id is not null and web_prompt(w.request) ilike likes
        and exists (select from tasks t
            where t.provider = w.provider and t.task_id = w.task_id
                and coalesce(t.status = p ->> 'status', true)
                and coalesce(t.provider = p ->> 'provider', true)
                and coalesce(t.account = p ->> 'account', true)
                and coalesce(t.model = p ->> 'model', true)
                and coalesce(t.source = p ->> 'source', true))
    order by w.id desc
    limit p_n;
    get diagnostics n = row_count;
    if n < p_n then
        return query
        select q.id, null, null, true
        from requests q where q.id < p_before
        order by q.id desc offset p_most - 1 limit 1;
    end if;
end
$$;
comment on function genhook.web_tasks_asked(jsonb, bigint, integer, integer) is
    'Up to so many tasks whose prompt has the words of the page''s search and which match its filters, by the requests before this one, newest first, among the next p_most of them; "ended" as in web_tasks_walked().';

-- Where to begin to look for what the filters name: at the end of the last day on
-- which `days` has any.  It may lag by some minutes, so the last day is always
-- looked through.  NULL: there is none.
create or replace function genhook.web_days_until(p jsonb, p_at timestamptz)
returns timestamptz
language sql
stable
set search_path = genhook, pg_temp
as $$
    select case
        when p_at > now() - interval '1 day'
            or (select m.at > '-infinity' from marks m
                where m.name = 'days before')
            or coalesce(p ->> 'provider', p ->> 'account', p ->> 'model')
                is null
        then p_at
        else least(p_at, (select (max(d.day) + 1)::timestamp at time zone 'UTC'
            from days d
            where d.day <= (p_at at time zone 'UTC')::date
                and coalesce(d.provider = p ->> 'provider', true)
                and coalesce(d.account = p ->> 'account', true)
                and coalesce(d.model = p ->> 'model', true)))
        end
$$;
comment on function genhook.web_days_until(jsonb, timestamptz) is
    'The time at or before p_at from which on backwards tasks of this provider, account and model may have ended, by the table days.';

-- The same by the filters alone: those pending, and those finished among the next
-- p_most of the index.
create or replace function genhook.web_tasks_walked(p jsonb, p_key jsonb, p_n integer,
    p_most integer)
returns table (at timestamptz, provider text, task_id text, ended boolean)
language plpgsql
stable
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_status   text := p ->> 'status';
    v_provider text := p ->> 'provider';
    v_account  text := p ->> 'account';
    v_model    text := p ->> 'model';
    v_source   text := p ->> 'source';
    v_since    timestamptz := coalesce((p ->> 'since')::timestamptz, '-infinity');
    v_at       timestamptz := least((p ->> 'until')::timestamptz,
        coalesce((p_key ->> 0)::timestamptz, 'infinity'));
    v_walk     timestamptz := web_days_until(p, v_at);
    v_key_at   timestamptz := coalesce((p_key ->> 0)::timestamptz, 'infinity');
    v_key_p    text := coalesce(p_key ->> 1, '');
    v_key_t    text := coalesce(p_key ->> 2, '');
begin
    return query
    with walked as materialized (
        select t.finished_at as at, t.provider, t.task_id, t.account, t.model,
            t.source
        from tasks t
        where t.finished_at <= v_walk and t.finished_at >= v_since
            and (v_status is null or t.status = v_status)
            and (t.finished_at, t.provider, t.task_id)
                < (v_key_at, v_key_p collate "C", v_key_t collate "C")
        order by t.finished_at desc, t.provider desc, t.task_id desc
        limit p_most
    ), last as materialized (
        -- Where the walk ended, if it did so before the table.
        select w.at, w.provider, w.task_id
        from walked w
        where (select count(*) from walked) = p_most
        order by w.at, w.provider, w.task_id
        limit 1
    ), page as materialized (
        select f.at, f.provider, f.task_id
        from (select w.at, w.provider, w.task_id
            from walked w
            where (v_provider is null or w.provider = v_provider)
                and (v_account is null or w.account = v_account)
                and (v_model is null or w.model = v_model)
                and (v_source is null or w.source = v_source)
            union all
            select t.submitted_at, t.provider, t.task_id
            from tasks t
            where t.status = 'pending'
                and coalesce(v_status, 'pending') = 'pending'
                and v_source is null
                and t.submitted_at between v_since and v_at
                and (t.submitted_at, t.provider, t.task_id)
                    < (v_key_at, v_key_p collate "C", v_key_t collate "C")
                and (v_provider is null or t.provider = v_provider)
                and (v_account is null or t.account = v_account)
                and (v_model is null or t.model = v_model)) as f
        where not exists (select from last l
            where (f.at, f.provider, f.task_id)
                < (l.at, l.provider, l.task_id))
        order by f.at desc, f.provider desc, f.task_id desc
        limit p_n
    )
    select g.at, g.provider::text, g.task_id::text, false from page g
    union all
    select l.at, l.provider::text, l.task_id::text, true from last l
    where (select count(*) from page) < p_n;
end
$$;
comment on function genhook.web_tasks_walked(jsonb, jsonb, integer, integer) is
    'The keys of up to so many tasks behind p_key that match the page''s filters, newest first, among the next p_most that finished. With "ended", the key at which that ended before p_n were found: there may be more behind it.';

-- How many requests are in each state that an index of its own knows, which has to
-- be named for that; as far as a thousand.
create or replace function genhook.web_request_counts()
returns jsonb
language sql
stable
set search_path = genhook, pg_temp
set enable_seqscan = off
set jit = off
as $$
    select jsonb_build_object(
        'queued', (select count(*) from (select from requests r
            where r.status = 'queued' limit 1000) as few),
        'sending', (select count(*) from (select from requests r
            where r.status = 'sending' limit 1000) as few),
        'refused', (select count(*) from (select from requests r
            where r.status = 'refused' limit 1000) as few),
        'unknown', (select count(*) from (select from requests r
            where r.status = 'unknown' limit 1000) as few))
$$;
comment on function genhook.web_request_counts() is
    'How many requests are queued, sending, refused and unknown: up to 1,000 of each.';

create or replace function genhook.web_tasks(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    n     integer := web_limit(p);
    key   jsonb := web_next(p, 3);
    keys  jsonb;
    ended jsonb;
    most  integer;
begin
    if btrim(p ->> 'q') <> '' and (key is null or key ->> 0 is not null) then
        select jsonb_agg(jsonb_build_array(f.at, f.provider, f.task_id))
        into keys
        from web_tasks_found(p, key, n + 1) as f;
    end if;
    if btrim(p ->> 'q') <> '' then
        -- The key of a page that is found by prompts has no time.
        if keys is null and (key is null or key ->> 0 is null)
                and btrim(p ->> 'q') !~ '^\w+:.' then
            select jsonb_agg(jsonb_build_array(null, a.provider, a.task_id,
                    a.request_id)) filter (where not a.ended),
                (array_agg(jsonb_build_array(null, a.request_id, null))
                    filter (where a.ended))[1]
            into keys, ended
            from web_tasks_asked(p, coalesce((key ->> 1)::bigint,
                9223372036854775807), n + 1, 10000) as a;
        end if;
    else
        -- Mostly a short walk finds a page.
        foreach most in array array[500, 10000] loop
            select jsonb_agg(jsonb_build_array(w.at, w.provider, w.task_id))
                    filter (where not w.ended),
                (array_agg(jsonb_build_array(w.at, w.provider, w.task_id))
                    filter (where w.ended))[1]
            into keys, ended
            from web_tasks_walked(p, key, n + 1, most) as w;
            exit when ended is null;
        end loop;
    end if;
    return jsonb_build_object(
        'rows', web_task_rows(coalesce(keys, '[]'), n),
        'next', coalesce(case when jsonb_array_length(keys) <= n then null
            when keys -> 0 -> 3 is null then keys -> (n - 1)
            else jsonb_build_array(null, keys -> (n - 1) -> 3, null) end,
            ended)::text);
end
$$;
comment on function genhook.web_tasks(jsonb) is
    'api/tasks: the newest tasks; filters status, provider, account, model, source, since, until, and q, which searches.';

-- ---- one task -----------------------------------------------------------------

-- What happened to a task, by time: each a row with "at", "what" and what there is
-- to say of it.
create or replace function genhook.web_life(p_provider text, p_task_id text)
returns jsonb
language sql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
    with t as (
        select * from tasks
        where provider = p_provider and task_id = p_task_id
    ), r as (
        select * from requests
        where provider = p_provider and task_id = p_task_id
        order by id limit 1
    ), life (at, what, more) as (
        select r.queued_at, 'queued', jsonb_build_object('request_id', r.id)
        from r
        union all
        select r.sent_at, 'sent', jsonb_build_object('request_id', r.id,
            'attempts', r.attempts)
        from r
        union all
        select t.submitted_at, 'submitted', '{}'::jsonb from t
        union all
        (select d.received_at, 'delivery', jsonb_build_object('id', d.id,
            'source', d.source, 'outcome', d.outcome, 'verdict', d.verdict,
            'remote_addr', host(d.remote_addr), 'note', d.note)
        from deliveries d
        where d.provider = p_provider and d.task_id = p_task_id
        order by d.received_at limit 200)
        union all
        select t.finished_at, 'finished', jsonb_build_object('status',
            t.status, 'source', t.source)
        from t where t.finished_at is not null
        union all
        select o.stored_at, 'stored', jsonb_build_object('position',
            o.position, 'bytes', o.bytes)
        from outputs o
        where o.provider = p_provider and o.task_id = p_task_id
            and o.status = 'stored'
        union all
        select o.expires_at, 'link ends', jsonb_build_object('position',
            o.position, 'status', o.status)
        from outputs o
        where o.provider = p_provider and o.task_id = p_task_id
            and o.expires_at is not null
        union all
        select a.at, 'action', jsonb_build_object('name', a.name, 'action',
            a.action, 'changed', a.changed)
        from actions a
        where a.arguments ? 'task_id'
            and a.arguments ->> 'provider' = p_provider
            and a.arguments ->> 'task_id' = p_task_id
        union all
        (select coalesce(f.sent_at, f.settled_at, f.next_attempt_at),
            case f.status when 'sent' then 'told' when 'failed'
                then 'not told' else 'next telling' end,
            jsonb_build_object('forward', f.name, 'type', f.type,
                'attempts', f.attempts, 'http_status', f.http_status,
                'error', f.last_error)
        from forwards f
        where f.provider = p_provider and f.task_id = p_task_id
        order by f.id limit 200)
        union all
        select t.next_poll_at, 'next poll', '{}'::jsonb
        from t where t.next_poll_at is not null
    )
    select coalesce(jsonb_agg(jsonb_build_object('at', l.at, 'what', l.what)
        || l.more order by l.at, l.what), '[]')
    from life l where l.at is not null
$$;
comment on function genhook.web_life(text, text) is
    'What happened to a task, by time, up to 200 of its deliveries among it.';

create or replace function genhook.web_task(p jsonb)
returns jsonb
language sql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
    select jsonb_build_object(
        'task', (web_task_rows(jsonb_build_array(jsonb_build_array(null,
                t.provider, t.task_id)), 1) -> 0) - 'outputs'
            || jsonb_build_object('result', t.result,
                'error_message', t.error_message,
                'last_poll_error', t.last_poll_error,
                'request', (select q.request from requests q
                    where q.provider = t.provider
                        and q.task_id = t.task_id limit 1)),
        'outputs', (select coalesce(jsonb_agg(to_jsonb(o)
                - '{leased_until,lease_owner,held_until,held_by,etag}'::text[]
                || jsonb_build_object('thumb', has_thumb(o.provider, o.task_id,
                    o.position, o.sha256))
                order by o.position), '[]')
            from outputs o
            where o.provider = t.provider and o.task_id = t.task_id),
        'life', web_life(t.provider, t.task_id))
    from tasks t
    where t.provider = p ->> 'provider' and t.task_id = p ->> 'task_id'
$$;
comment on function genhook.web_task(jsonb) is
    'api/task: one task by provider and task_id, with its outputs and its life; NULL where there is none.';

-- The bytes as they came; those that are no UTF-8 in Base64.
create or replace function genhook.web_body(p jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
declare
    v_id  uuid := (p ->> 'id')::uuid;
    d     deliveries;
    bytes bytea;
begin
    -- By the time in the id itself, not in each row's: that is what an index finds.
    select * into d from deliveries v
    where v.id = v_id
        and v.received_at between uuid_time(v_id) - interval '1 minute'
            and uuid_time(v_id) + interval '1 hour';
    if not found then
        select * into d from deliveries v
        where v.id = v_id
            and v.received_at = (p ->> 'received_at')::timestamptz;
    end if;
    if not found then
        return null;
    end if;
    bytes := coalesce(d.body, (select e.body from deliveries e
        where e.task_id = d.task_id and e.provider = d.provider
            and e.body_digest = d.body_digest and e.body is not null
        limit 1));
    begin
        return jsonb_build_object('id', d.id, 'received_at', d.received_at,
            'headers', d.headers, 'bytes', octet_length(bytes),
            'body', convert_from(bytes, 'UTF8'));
    exception when character_not_in_repertoire
            or untranslatable_character then
        return jsonb_build_object('id', d.id, 'received_at', d.received_at,
            'headers', d.headers, 'bytes', octet_length(bytes),
            'base64', encode(bytes, 'base64'));
    end;
end
$$;
comment on function genhook.web_body(jsonb) is
    'api/body: what a delivery brought, by its id and received_at; NULL where there is none.';

create or replace function genhook.web_file(p jsonb)
returns table (location text, content_type text, sha256 text)
language sql
stable
set search_path = genhook, pg_temp
set enable_seqscan = off
as $$
    select o.location, o.content_type, o.sha256
    from outputs o
    where o.provider = p ->> 'provider' and o.task_id = p ->> 'task_id'
        and o.position = (p ->> 'position')::integer and o.status = 'stored'
$$;
comment on function genhook.web_file(jsonb) is
    'file/PROVIDER/TASK_ID/N: where a stored output is.';

-- ---- the gallery --------------------------------------------------------------

create or replace function genhook.web_output_rows(p_keys jsonb, p_n integer)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object(
            'provider', o.provider, 'task_id', o.task_id,
            'position', o.position, 'status', o.status, 'kind', o.kind,
            'content_type', o.content_type, 'bytes', o.bytes,
            'sha256', o.sha256, 'stored_at', o.stored_at,
            'at', (k.key ->> 0)::timestamptz,
            'thumb', exists (select from thumbs h
                where h.provider = o.provider and h.task_id = o.task_id
                    and h.position = o.position and h.sha256 = o.sha256
                    and h.picture is not null),
            'inline_text', left(o.inline_text, 2000), 'model', t.model,
            'account', t.account, 'is_test', t.is_test,
            'finished_at', t.finished_at, 'metadata', t.metadata,
            'prompt', coalesce((select web_prompt(q.request) from requests q
                where q.provider = o.provider and q.task_id = o.task_id
                limit 1), web_prompt(t.metadata)))
        order by k.i), '[]')
    from jsonb_array_elements(p_keys) with ordinality as k(key, i)
    join outputs o on o.provider = k.key ->> 1 and o.task_id = k.key ->> 2
        and o.position = (k.key ->> 3)::integer
    left join tasks t on t.provider = o.provider and t.task_id = o.task_id
    where k.i <= p_n);
end
$$;
comment on function genhook.web_output_rows(jsonb, integer) is
    'The first so many of these outputs (keys: time, provider, task_id, position) as the gallery has them.';

-- Files, by when they were stored.
create or replace function genhook.web_gallery_files(p jsonb, p_key jsonb, p_n integer,
    p_most integer)
returns table (at timestamptz, provider text, task_id text, "position" integer,
    ended boolean)
language plpgsql
stable
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_kind     text := p ->> 'kind';
    v_provider text := p ->> 'provider';
    v_since    timestamptz := coalesce((p ->> 'since')::timestamptz, '-infinity');
    v_at       timestamptz := least((p ->> 'until')::timestamptz,
        coalesce((p_key ->> 0)::timestamptz, 'infinity'));
    v_key_at   timestamptz := coalesce((p_key ->> 0)::timestamptz, 'infinity');
    v_key_p    text := coalesce(p_key ->> 1, '');
    v_key_t    text := coalesce(p_key ->> 2, '');
    v_key_n    integer := coalesce((p_key ->> 3)::integer, 0);
begin
    return query
    with walked as materialized (
        select o.stored_at as at, o.provider, o.task_id, o.position
        from outputs o
        where o.status = 'stored' and o.stored_at <= v_at
            and o.stored_at >= v_since
            and (v_kind is null or o.kind = v_kind)
            and (o.stored_at, o.provider, o.task_id, o.position)
                < (v_key_at, v_key_p collate "C", v_key_t collate "C", v_key_n)
        order by o.stored_at desc, o.provider desc, o.task_id desc,
            o.position desc
        limit case when v_provider is null then p_n else p_most end
    ), page as materialized (
        select w.at, w.provider, w.task_id, w.position
        from walked w
        where v_provider is null or w.provider = v_provider
        order by w.at desc, w.provider desc, w.task_id desc, w.position desc
        limit p_n
    )
    select g.at, g.provider::text, g.task_id::text, g.position::integer, false
    from page g
    union all
    (select w.at, w.provider::text, w.task_id::text, w.position::integer, true
    from walked w
    where (select count(*) from page) < p_n
        and (select count(*) from walked) = p_most
    order by w.at, w.provider, w.task_id, w.position
    limit 1);
end
$$;
comment on function genhook.web_gallery_files(jsonb, jsonb, integer, integer) is
    'The keys of up to so many stored outputs behind p_key that match the filters, newest first, among the next p_most; "ended" as in web_tasks_walked().';

-- Texts came with their task, and are found by it; so are files where a model or
-- an account is asked for, which tasks alone know.
create or replace function genhook.web_gallery_by_task(p jsonb, p_key jsonb, p_n integer,
    p_most integer)
returns table (at timestamptz, provider text, task_id text, "position" integer,
    ended boolean)
language plpgsql
stable
rows 50
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_key_at   timestamptz := coalesce((p_key ->> 0)::timestamptz, 'infinity');
    v_key_p    text := coalesce(p_key ->> 1, '');
    v_key_t    text := coalesce(p_key ->> 2, '');
    v_key_n    integer := coalesce((p_key ->> 3)::integer, 0);
    v_at       timestamptz := web_days_until(p,
        least((p ->> 'until')::timestamptz, v_key_at));
    v_since    timestamptz := coalesce((p ->> 'since')::timestamptz, '-infinity');
    v_provider text := p ->> 'provider';
    v_account  text := p ->> 'account';
    v_model    text := p ->> 'model';
    v_kind     text := p ->> 'kind';
    v_status   text := case v_kind when 'text' then 'inline' else 'stored' end;
begin
    return query
    with walked as materialized (
        select t.finished_at as at, t.provider, t.task_id, t.account, t.model
        from tasks t
        where t.finished_at <= v_at and t.finished_at >= v_since
            and (t.finished_at, t.provider, t.task_id)
                <= (v_key_at, v_key_p collate "C", v_key_t collate "C")
        order by t.finished_at desc, t.provider desc, t.task_id desc
        limit p_most
    ), page as materialized (
        select w.at, o.provider, o.task_id, o.position
        from walked w
        join outputs o on o.provider = w.provider and o.task_id = w.task_id
        where o.status = v_status
            and (v_kind is null or v_kind = 'text' or o.kind = v_kind)
            and (v_provider is null or w.provider = v_provider)
            and (v_account is null or w.account = v_account)
            and (v_model is null or w.model = v_model)
            and (w.at, o.provider, o.task_id, o.position)
                < (v_key_at, v_key_p collate "C", v_key_t collate "C", v_key_n)
        order by w.at desc, o.provider desc, o.task_id desc, o.position desc
        limit p_n
    )
    select g.at, g.provider::text, g.task_id::text, g.position::integer, false
    from page g
    union all
    (select w.at, w.provider::text, w.task_id::text, 0, true
    from walked w
    where (select count(*) from page) < p_n
        and (select count(*) from walked) = p_most
    order by w.at, w.provider, w.task_id
    limit 1);
end
$$;
comment on function genhook.web_gallery_by_task(jsonb, jsonb, integer, integer) is
    'The same by when their task finished, among the outputs of the next p_most tasks: with kind=text those that are text and came inline, else those stored.';

create or replace function genhook.web_gallery(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    n     integer := web_limit(p);
    key   jsonb := web_next(p, 4);
    keys  jsonb;
    ended jsonb;
    most  integer;
begin
    -- Mostly a short walk finds a page.  Behind it, a text is looked for at each
    -- task.
    foreach most in array array[500, case when coalesce(p ->> 'account',
            p ->> 'model') is null then 3000 else 10000 end] loop
        select jsonb_agg(jsonb_build_array(w.at, w.provider, w.task_id,
                w.position)) filter (where not w.ended),
            (array_agg(jsonb_build_array(w.at, w.provider, w.task_id,
                w.position)) filter (where w.ended))[1]
        into keys, ended
        from (select * from web_gallery_by_task(p, key, n + 1, most)
            where p ->> 'kind' = 'text'
                or coalesce(p ->> 'account', p ->> 'model') is not null
            union all
            select * from web_gallery_files(p, key, n + 1, most)
            where p ->> 'kind' is distinct from 'text'
                and coalesce(p ->> 'account', p ->> 'model') is null) as w;
        exit when ended is null;
    end loop;
    return jsonb_build_object(
        'rows', web_output_rows(coalesce(keys, '[]'), n),
        'next', coalesce(case when jsonb_array_length(keys) > n
            then keys -> (n - 1) end, ended)::text);
end
$$;
comment on function genhook.web_gallery(jsonb) is
    'api/gallery: the newest stored outputs, or with kind=text those that are text; filters kind, provider, account, model, since, until.';

-- ---- what waits for a person --------------------------------------------------

-- It has no settings of its own, so that it is planned as a part of what asks.
create or replace function genhook.attention_key(p_reason text, p_provider text,
    p_task_id text, p_since timestamptz, p_details text)
returns text
language sql
stable
as $$
    select pg_catalog.md5(pg_catalog.concat_ws(E'\x1f', p_reason,
        coalesce(p_provider, ''), coalesce(p_task_id, ''),
        coalesce(extract(epoch from p_since)::text, ''),
        coalesce(p_details, '')))
$$;
comment on function genhook.attention_key(text, text, text, timestamptz, text) is
    'By what a row of attention is known again when it has been set aside; another one once it has changed.';

-- Where there is neither time nor details, "set aside" would be for ever: a row
-- that is the same in all of them is the same matter.
create or replace function genhook.set_aside(p_reason text,
    p_provider text default null, p_task_id text default null)
returns setof genhook.set_asides
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    insert into set_asides (key, reason, provider, task_id, since, details)
    select distinct on (1) attention_key(a.reason, a.provider, a.task_id,
            a.since, a.details), a.reason, a.provider, a.task_id, a.since,
        a.details
    from attention a
    where a.reason = p_reason
        and (p_provider is null or a.provider = p_provider)
        and (p_task_id is null or a.task_id = p_task_id)
    on conflict (key) do update set at = now()
    returning *;
end
$$;
comment on function genhook.set_aside(text, text, text) is
    'Sets rows of attention aside, until they change: those of a reason, and of a provider and a task where these are named. Returns them.';

create or replace function genhook.web_attention(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    n       integer := web_limit(p);
    v_key   jsonb := web_next(p, 4);
    v_last  jsonb;
    v_rows  jsonb;
    v_found integer;
begin
    select coalesce(jsonb_agg(x.row order by x.i) filter (where x.i <= n), '[]'),
        count(*), (array_agg(x.place) filter (where x.i = n))[1]
    into v_rows, v_found, v_last
    from (select row_number() over (order by s.urgency, s.ends, s.began, s.key)
                as i,
            jsonb_build_array(s.urgency, s.ends, s.began, s.key) as place,
            jsonb_build_object('reason', s.reason,
                'provider', s.provider, 'task_id', s.task_id,
                'since', s.since, 'details', s.details, 'cure', s.cure,
                'urgency', s.urgency, 'ends_at', s.ends_at, 'key', s.key,
                'model', (select t.model from tasks t
                    where t.provider = s.provider and t.task_id = s.task_id))
                as row
        from (select * from (select a.reason, a.provider::text, a.task_id::text, a.since,
                a.details, a.cure, a.urgency, a.ends_at,
                coalesce(a.ends_at, 'infinity') as ends,
                coalesce(a.since, 'infinity') as began,
                attention_key(a.reason, a.provider, a.task_id, a.since,
                    a.details) as key
            from attention a
            where coalesce(p ->> 'set_aside', '') = ''
            union all
            select d.reason, d.provider, d.task_id, d.since, d.details, null,
                5, null, 'infinity', coalesce(d.since, 'infinity'), d.key
            from set_asides d
            where p ->> 'set_aside' <> '') as e
            where v_key is null or (e.urgency, e.ends, e.began, e.key)
                > ((v_key ->> 0)::integer, (v_key ->> 1)::timestamptz,
                    (v_key ->> 2)::timestamptz, v_key ->> 3)
            order by e.urgency, e.ends, e.began, e.key
            limit n + 1) as s) as x;
    return jsonb_build_object('rows', v_rows, 'next',
        case when v_found > n then v_last::text end,
        'set_aside', (select count(*) from (select from set_asides
            limit 1000) as few));
end
$$;
comment on function genhook.web_attention(jsonb) is
    'api/attention: what a person should look at, the most urgent first, or with set_aside=1 what was set aside.';

-- ---- the outbox, the sweeps ---------------------------------------------------

create or replace function genhook.web_requests(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    n       integer := web_limit(p);
    key     jsonb := web_next(p, 1);
    v_id    bigint := coalesce((key ->> 0)::bigint, 9223372036854775807);
    v_one   bigint := (p ->> 'id')::bigint;
    v_state text := p ->> 'status';
    v_prov  text := p ->> 'provider';
    v_acc   text := p ->> 'account';
    most    constant integer := 20000;
    ids     bigint[];
    seen    bigint;
    last    bigint;
begin
    if v_state in ('queued', 'sending', 'refused', 'unknown') then
        -- Few, by an index of their own.
        select array_agg(x.id order by x.id desc) into ids
        from (select f.id
            from (select r.id, r.provider, r.account from requests r
                where r.status = v_state offset 0) as f
            where f.id < v_id and (v_prov is null or f.provider = v_prov)
                and (v_acc is null or f.account = v_acc)
            order by f.id desc limit n + 1) as x;
    else
        select array_agg(x.id order by x.id desc), max(x.seen), min(x.low)
        into ids, seen, last
        from (with walked as materialized (
                select r.id, r.provider, r.account, r.status
                from requests r
                where r.id < v_id and (v_one is null or r.id = v_one)
                order by r.id desc
                limit case when coalesce(v_state, v_prov, v_acc) is null
                    then n + 1 else most end)
            select w.id, null::bigint as seen, null::bigint as low
            from (select * from walked w
                where (v_state is null or w.status = v_state)
                    and (v_prov is null or w.provider = v_prov)
                    and (v_acc is null or w.account = v_acc)
                order by w.id desc limit n + 1) as w
            union all
            select null, count(*), min(id) from walked) as x;
        ids := array_remove(ids, null);
    end if;
    return jsonb_build_object(
        'rows', (select coalesce(jsonb_agg(jsonb_build_object('id', r.id,
                'status', r.status, 'provider', r.provider, 'model', r.model,
                'account', r.account, 'task_id', r.task_id, 'error', r.error,
                'attempts', r.attempts, 'queued_at', r.queued_at,
                'next_attempt_at', r.next_attempt_at, 'sent_at', r.sent_at,
                'settled_at', r.settled_at, 'metadata', r.metadata,
                'test_mode', r.test_mode, 'prompt', web_prompt(r.request),
                'held_because', case when r.status = 'queued'
                    then held_because(r.provider, r.account) end)
                order by r.id desc), '[]')
            from requests r where r.id = any (ids[1:n])),
        'next', case when array_length(ids, 1) > n
                then jsonb_build_array(ids[n])
            when seen = most then jsonb_build_array(last) end::text,
        'counts', web_request_counts());
end
$$;
comment on function genhook.web_requests(jsonb) is
    'api/requests: the newest requests of the outbox; filters status, provider, account, id. "counts" goes up to 1,000.';

create or replace function genhook.web_sweeps(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
begin
    return (
    with page as materialized (
        select s.*, row_number() over (order by s.id desc) as i
        from sweeps s
        where s.id < coalesce((web_next(p, 1) ->> 0)::bigint,
            9223372036854775807)
        order by s.id desc
        limit web_limit(p) + 1
    )
    select jsonb_build_object(
        'rows', (select coalesce(jsonb_agg(to_jsonb(g) - 'i' order by g.id desc),
                '[]') from page g where g.i <= web_limit(p)),
        'next', (select jsonb_build_array(g.id)::text from page g
            where g.i = web_limit(p) and exists (select from page
                where i > web_limit(p))),
        'due', (select coalesce(jsonb_agg(to_jsonb(d) order by d.expires_at
                nulls first), '[]')
            from (select o.provider, o.task_id, o.position, o.kind,
                    o.expires_at, o.attempts, o.next_attempt_at, o.last_error
                from due_outputs o limit 50) as d),
        'due_count', (select count(*) from (select from outputs o
            where o.status = 'pending' limit 1000) as few),
        'database', jsonb_build_object('schema_version', schema_version(),
            'bytes', pg_database_size(current_database())),
        'now', now()));
end
$$;
comment on function genhook.web_sweeps(jsonb) is
    'api/sweeps: the newest runs of genhook-sweep, and the downloads that wait, those first whose link ends first (50, and how many up to 1,000).';

-- ---- what it cost, and how it goes --------------------------------------------

-- One day's rows anew, from its tasks.  Of a day older than a month no figure
-- becomes less, since old tasks may have been deleted.
create or replace function genhook.count_day(p_day date)
returns bigint
language plpgsql
security definer
set search_path = genhook, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    n bigint;
begin
    delete from days d where d.day = p_day and p_day > current_date - 31;
    insert into days as d (day, provider, account, model, succeeded, failed,
        cancelled, lost, by_poll, outputs, bytes, seconds, cost, told, credits)
    select p_day, t.provider, t.account, coalesce(t.model, ''),
        count(*) filter (where t.status = 'succeeded'),
        count(*) filter (where t.status = 'failed'),
        count(*) filter (where t.status = 'cancelled'),
        count(*) filter (where t.status = 'lost'),
        count(*) filter (where t.source = 'poll'),
        coalesce(sum(o.n), 0), coalesce(sum(o.bytes), 0),
        coalesce(sum(greatest(0, extract(epoch from t.finished_at
            - t.submitted_at))) filter (where t.status = 'succeeded'), 0),
        coalesce(sum(coalesce(t.cost, told_cost(t.result))), 0),
        count(coalesce(t.cost, told_cost(t.result))),
        coalesce(sum(told_credits(t.result)), 0)
    from tasks t
    cross join lateral (select count(*) as n, sum(u.bytes) as bytes
        from outputs u
        where u.provider = t.provider and u.task_id = t.task_id
            and u.status in ('stored', 'inline')) as o
    where t.finished_at >= p_day::timestamp at time zone 'UTC'
        and t.finished_at < (p_day + 1)::timestamp at time zone 'UTC'
        and not t.is_test
    group by t.provider, t.account, coalesce(t.model, '')
    on conflict (day, provider, account, model) do update set
        succeeded = greatest(d.succeeded, excluded.succeeded),
        failed = greatest(d.failed, excluded.failed),
        cancelled = greatest(d.cancelled, excluded.cancelled),
        lost = greatest(d.lost, excluded.lost),
        by_poll = greatest(d.by_poll, excluded.by_poll),
        outputs = greatest(d.outputs, excluded.outputs),
        bytes = greatest(d.bytes, excluded.bytes),
        seconds = greatest(d.seconds, excluded.seconds),
        cost = greatest(d.cost, excluded.cost),
        told = greatest(d.told, excluded.told),
        credits = greatest(d.credits, excluded.credits);
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function genhook.count_day(date) is
    'Counts the tasks that ended on this day (UTC) into days; returns how many rows it wrote.';

-- Today's tasks, those of a day for which some have come since the last call, and
-- of a database that is older than the table one more day each time.  A day with
-- many tasks is not counted at each sweep.
create or replace function genhook.count_days()
returns bigint
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set jit = off
as $$
declare
    began   timestamptz;
    before  timestamptz;
    one     date;
    written bigint := 0;
begin
    select m.at into began from marks m where m.name = 'days'
    for update skip locked;
    if began is null or began > (select now() - case
            when sum(d.succeeded + d.failed) > 10000
            then interval '15 minutes' else interval '0' end
            from days d where d.day = current_date)
    then
        return 0;
    end if;
    for one in
        select current_date
        union
        select began::date where began > now() - interval '2 days'
        union
        select t.finished_at::date
        from deliveries d
        join tasks t on t.provider = d.provider and t.task_id = d.task_id
        where d.received_at > greatest(began, now() - interval '1 day')
                - interval '1 minute'
            and d.outcome = 'accepted' and t.finished_at is not null
    loop
        written := written + count_day(one);
    end loop;
    update marks m set at = now() where m.name = 'days';

    select m.at into before from marks m where m.name = 'days before'
    for update skip locked;
    while before > '-infinity'
            and clock_timestamp() < now() + interval '1 second' loop
        select max(t.finished_at)::date into one
        from tasks t where t.finished_at < before;
        if one is not null then
            written := written + count_day(one);
        end if;
        before := coalesce(one, '-infinity');
        update marks m set at = before where m.name = 'days before';
    end loop;
    return written;
end
$$;
comment on function genhook.count_days() is
    'Counts into days what ended since the last call, and bit by bit what ended before there was that table; returns how many rows it wrote. Passes over it while another one counts.';

create or replace function genhook.web_cost(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
declare
    n       integer := coalesce((p ->> 'days')::integer, 30);
    v_prov  text := p ->> 'provider';
    v_acc   text := p ->> 'account';
begin
    if n not between 1 and 3660 then
        raise invalid_parameter_value using
            message = format('days is %s, not 1 to 3660', n);
    end if;
    return (with counted as materialized (
            select d.* from days d
            where d.day > current_date - n
                and (v_prov is null or d.provider = v_prov)
                and (v_acc is null or d.account = v_acc)
        ), each as materialized (
            select m.provider, m.model,
                price_of(m.provider, m.model, 1, 0, 0) as task,
                price_of(m.provider, m.model, 0, 1, 0) as output,
                price_of(m.provider, m.model, 0, 0, 1) as credit
            from (select c.provider, c.model from counted c
                group by c.provider, c.model) as m
        ), span as materialized (
            select c.*, coalesce(greatest(c.succeeded - c.told, 0) * (e.task
                + e.output * c.outputs / greatest(c.succeeded, 1))
                + c.credits * e.credit, 0) as priced
            from counted c
            join each e on e.provider = c.provider and e.model = c.model
        )
        select jsonb_build_object(
            'rows', (select coalesce(jsonb_agg(to_jsonb(m)
                    order by m.cost + m.priced desc,
                        m.succeeded + m.failed desc), '[]')
                from (select s.provider, s.model,
                        sum(s.succeeded) as succeeded, sum(s.failed) as failed,
                        sum(s.cancelled) as cancelled, sum(s.lost) as lost,
                        sum(s.outputs) as outputs, sum(s.bytes) as bytes,
                        sum(s.seconds) as seconds, sum(s.cost) as cost,
                        sum(s.told) as told, sum(s.priced) as priced,
                        sum(s.credits) as credits,
                        price_of(s.provider, s.model, 1, 1, 1) as price
                    from span s group by s.provider, s.model
                    order by sum(s.cost + s.priced) desc, sum(s.succeeded + s.failed) desc
                    limit 500) as m),
            'next', null,
            'days', (select coalesce(jsonb_agg(to_jsonb(y) order by y.day,
                    y.provider), '[]')
                from (select s.day, s.provider, sum(s.cost) as cost,
                        sum(s.priced) as priced,
                        sum(s.succeeded) as succeeded, sum(s.failed
                            + s.cancelled + s.lost) as failed,
                        sum(s.by_poll) as by_poll, sum(s.told) as told
                    from span s group by s.day, s.provider) as y),
            'today', current_date,
            'before', (select jsonb_build_object('cost', sum(d.cost),
                    'succeeded', sum(d.succeeded))
                from days d
                where d.day > current_date - 2 * n
                    and d.day <= current_date - n
                    and (v_prov is null or d.provider = v_prov)
                    and (v_acc is null or d.account = v_acc)),
            'complete', (select m.at = '-infinity' from marks m
                where m.name = 'days before'),
            'counted_at', (select nullif(m.at, '-infinity') from marks m
                where m.name = 'days')));
end
$$;
comment on function genhook.web_cost(jsonb) is
    'api/cost: what the last days (days, 30) brought, by model and by day, and what providers said that it cost.';

create or replace function genhook.web_overview(p jsonb)
returns jsonb
language plpgsql
stable
set search_path = genhook, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
begin
    return (
    with hourly as materialized (
        select t.hour, t.provider,
            sum(t.deliveries) filter (where t.source <> 'poll') as by_callback,
            sum(t.deliveries) filter (where t.source = 'poll') as by_poll
        from traffic t
        where t.outcome = 'accepted'
            and t.hour > date_trunc('hour', now()) - interval '24 hours'
        group by t.hour, t.provider
    ), bad as materialized (
        select date_trunc('hour', f.finished_at) as hour, count(*) as n
        from (select t.finished_at from tasks t
            where t.status in ('failed', 'cancelled', 'lost')
                and t.finished_at > date_trunc('hour', now())
                    - interval '23 hours'
            limit 20000) as f
        group by 1
    ), soon as materialized (
        select o.provider, o.task_id, o.position, o.kind, o.expires_at,
            o.attempts, o.last_error
        from outputs o
        where o.status = 'pending'
        order by coalesce(o.expires_at, '-infinity'::timestamptz) limit 5
    )
    select jsonb_build_object(
        'now', now(),
        'providers', (select coalesce(jsonb_agg(to_jsonb(h) || jsonb_build_object(
                'hours', (select jsonb_agg(coalesce(y.n, 0) order by g.hour)
                    from generate_series(date_trunc('hour', now())
                        - interval '23 hours', date_trunc('hour', now()),
                        interval '1 hour') as g(hour)
                    left join (select u.hour, coalesce(u.by_callback, 0)
                            + coalesce(u.by_poll, 0) as n
                        from hourly u where u.provider = h.provider) as y
                        on y.hour = g.hour),
                'paused_until', w.until, 'paused_because', w.trouble)
                order by h.provider), '[]')
            from provider_health h
            left join (select distinct on (a.provider) a.provider,
                    a.not_before as until, a.trouble
                from accounts a where a.not_before > now()
                order by a.provider, a.not_before desc) as w
                on w.provider = h.provider),
        'hours', (select jsonb_agg(jsonb_build_object('hour', g.hour,
                'by_callback', coalesce(y.by_callback, 0),
                'by_poll', coalesce(y.by_poll, 0),
                'failed', coalesce(b.n, 0)) order by g.hour)
            from generate_series(date_trunc('hour', now())
                - interval '23 hours', date_trunc('hour', now()),
                interval '1 hour') as g(hour)
            left join (select u.hour, sum(u.by_callback) as by_callback,
                    sum(u.by_poll) as by_poll
                from hourly u group by u.hour) as y on y.hour = g.hour
            left join bad b on b.hour = g.hour),
        -- As attention, but for its order.
        'attention', (select count(*) from (select from every_attention a
            where not exists (select from set_asides s
                where s.key = attention_key(a.reason, a.provider, a.task_id,
                    a.since, a.details))
            limit 1000) as few),
        'pending', (select count(*) from (select from tasks t
            where t.status = 'pending' limit 10000) as few),
        'oldest_pending', (select t.submitted_at from tasks t
            where t.status = 'pending'
            order by coalesce(t.next_poll_at, t.submitted_at) limit 1),
        'due', (select count(*) from (select from outputs o
            where o.status = 'pending' limit 10000) as few),
        'soon', (select coalesce(jsonb_agg(to_jsonb(s)
                || jsonb_build_object('model', t.model,
                    'finished_at', t.finished_at)
                order by s.expires_at nulls first), '[]')
            from soon s
            left join tasks t on t.provider = s.provider
                and t.task_id = s.task_id),
        'newest', web_gallery('{"limit": 8}') -> 'rows',
        'cost', (select jsonb_build_object('cost', sum(d.cost),
                'told', sum(d.told)) from days d where d.day = current_date),
        'days', (select coalesce(jsonb_agg(to_jsonb(y) order by y.day,
                y.provider), '[]')
            from (select d.day, d.provider, sum(d.succeeded) as succeeded,
                    sum(d.failed + d.cancelled + d.lost) as failed,
                    sum(d.by_poll) as by_poll
                from days d where d.day > current_date - 31
                group by d.day, d.provider) as y),
        'requests', web_request_counts(),
        'sweep', (select to_jsonb(s) from sweeps s order by s.id desc limit 1),
        'empty', not exists (select from tasks)
            and not exists (select from requests)
            and not exists (select from hours)));
end
$$;
comment on function genhook.web_overview(jsonb) is
    'api/overview: how it goes just now, in one answer.';

-- ---- signing in ---------------------------------------------------------------

create or replace function genhook.web_login(p_digest bytea, p_name text,
    p_may_act boolean)
returns timestamptz
language sql
security definer
set search_path = genhook, pg_temp
as $$
    delete from web_codes c where c.expires_at < now() - interval '1 day';
    insert into web_codes (digest, name, may_act, expires_at)
    values (p_digest, p_name, p_may_act, now() + interval '10 minutes')
    returning expires_at
$$;
comment on function genhook.web_login(bytea, text, boolean) is
    'Keeps the SHA-256 of a sign-in code; returns when it ends.';

create or replace function genhook.web_logout(p_name text)
returns boolean
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    known boolean := exists (select from web_codes c where c.name = p_name)
        or exists (select from actions a where a.name = p_name)
        or exists (select from web_names n where n.name = p_name);
begin
    delete from web_codes c where c.name = p_name;
    insert into web_names (name, signed_out_at)
    values (p_name, clock_timestamp())
    on conflict (name) do update set signed_out_at = excluded.signed_out_at;
    return known;
end
$$;
comment on function genhook.web_logout(text) is
    'Ends every session and code of this name; returns whether it was known.';

-- Networks of IPv6 are as large as one wants: a try counts for its /64.
create or replace function genhook.web_network(p_address text)
returns text
language plpgsql
immutable
set search_path = genhook, pg_temp
as $$
begin
    return case family(p_address::inet)
        when 6 then network(set_masklen(p_address::inet, 64))::text
        else host(p_address::inet) end;
exception when invalid_text_representation or null_value_not_allowed then
    return '-';
end
$$;
comment on function genhook.web_network(text) is
    'The network that tries to sign in are counted for: an IPv4 address, or the /64 of an IPv6 one.';

create or replace function genhook.web_sign_in(p_digest bytea, p_address text)
returns table (verdict text, name text, may_act boolean, since bigint)
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
#variable_conflict use_column
declare
    v_network text := coalesce(web_network(p_address), '-');
    v_minute  timestamptz := date_trunc('minute', now());
    code      web_codes;
begin
    delete from web_tries t where t.minute < now() - interval '1 hour';
    if coalesce((select sum(t.tries) from web_tries t
            where t.address = v_network
                and t.minute > now() - interval '5 minutes'), 0) >= 20 then
        return query select 'too many', null::text, null::boolean,
            null::bigint;
        return;
    end if;
    update web_codes c set used_at = now()
    where c.digest = p_digest and c.used_at is null and c.expires_at > now()
    returning c.* into code;
    if not found then
        insert into web_tries as t (address, minute, tries)
        values (v_network, v_minute, 1)
        on conflict (address, minute) do update set tries = t.tries + 1;
        return query select 'wrong', null::text, null::boolean, null::bigint;
        return;
    end if;
    insert into actions (name, remote_addr, action, arguments, changed)
    values (code.name, p_address, 'sign_in',
        jsonb_build_object('may_act', code.may_act), 1);
    return query select 'ok', code.name, code.may_act,
        (extract(epoch from clock_timestamp()) * 1000000)::bigint;
end
$$;
comment on function genhook.web_sign_in(bytea, text) is
    'Uses a sign-in code up: ok with its name and right, wrong, or too many: 20 wrong ones in five minutes from there.';

-- ---- doing something ----------------------------------------------------------

create or replace function genhook.web_need(p jsonb, p_name text)
returns text
language plpgsql
immutable
set search_path = genhook, pg_temp
as $$
begin
    if coalesce(p ->> p_name, '') = ''
            or jsonb_typeof(p -> p_name) not in ('string', 'number') then
        raise invalid_parameter_value using
            message = format('"%s" is missing', p_name);
    end if;
    return p ->> p_name;
end
$$;
comment on function genhook.web_need(jsonb, text) is
    'A member that an action needs, as text.';

-- The rows that it changed are what the functions for operators return.  What it
-- did is written down in the same transaction.
create or replace function genhook.web_action(p jsonb, p_name text, p_address text)
returns jsonb
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    what text := web_need(p, 'do');
    rows jsonb;
begin
    case what
    when 'retry_outputs' then
        select jsonb_agg(jsonb_build_object('provider', o.provider, 'task_id',
            o.task_id, 'position', o.position, 'status', o.status)) into rows
        from retry_outputs(web_need(p, 'provider'), web_need(p, 'task_id'),
            p ->> 'status') as o;
    when 'repoll_tasks' then
        select jsonb_agg(jsonb_build_object('provider', t.provider, 'task_id',
            t.task_id, 'status', t.status)) into rows
        from repoll_tasks(web_need(p, 'provider'), web_need(p, 'task_id')) as t;
    when 'cancel_tasks' then
        select jsonb_agg(jsonb_build_object('provider', t.provider, 'task_id',
            t.task_id, 'status', t.status)) into rows
        from cancel_tasks(web_need(p, 'provider'), web_need(p, 'task_id')) as t;
    when 'replay_deliveries' then
        if p ? 'id' then
            select jsonb_agg(to_jsonb(d)) into rows
            from replay_deliveries(p_id => web_need(p, 'id')::uuid) as d;
        else
            select jsonb_agg(to_jsonb(d)) into rows
            from replay_deliveries(web_need(p, 'provider'), p ->> 'task_id',
                p ->> 'outcome') as d;
        end if;
    when 'requeue_request' then
        select jsonb_agg(jsonb_build_object('id', r.id, 'status', r.status))
        into rows from requeue_requests(web_need(p, 'id')::bigint) as r;
    when 'settle_request' then
        select jsonb_agg(jsonb_build_object('id', r.id, 'status', r.status,
            'provider', r.provider, 'task_id', r.task_id)) into rows
        from settle_request(web_need(p, 'id')::bigint,
            web_need(p, 'task_id')) as r;
    when 'cancel_request' then
        select jsonb_agg(jsonb_build_object('id', r.id, 'status', r.status))
        into rows from cancel_requests(web_need(p, 'id')::bigint) as r;
    when 'retry_forwards' then
        select jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name,
            'provider', f.provider, 'task_id', f.task_id, 'type', f.type,
            'status', f.status)) into rows
        from retry_forwards(web_need(p, 'name'), p ->> 'provider',
            p ->> 'task_id', coalesce(p ->> 'status', 'failed')) as f;
    when 'resume_accounts' then
        select jsonb_agg(jsonb_build_object('provider', a.provider,
            'account', a.account)) into rows
        from resume_accounts(web_need(p, 'provider'),
            web_need(p, 'account')) as a;
    when 'set_aside' then
        select jsonb_agg(to_jsonb(a)) into rows
        from set_aside(web_need(p, 'reason'), p ->> 'provider',
            p ->> 'task_id') as a;
    else
        raise invalid_parameter_value using
            message = format('"%s" is nothing that can be done', left(what, 40));
    end case;
    insert into actions (name, remote_addr, action, arguments, changed)
    values (p_name, p_address, what, p - 'do',
        coalesce(jsonb_array_length(rows), 0));
    return jsonb_build_object('do', what,
        'changed', coalesce(jsonb_array_length(rows), 0),
        'rows', coalesce(rows, '[]'));
end
$$;
comment on function genhook.web_action(jsonb, text, text) is
    'api/action: does one thing, writes it into actions, and returns the rows that it changed.';
