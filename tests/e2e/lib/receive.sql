-- What the tests call instead of genhook.receive(): a batch as JSON, sent again
-- (as perhaps before) or for the first time.
create schema test;
create function test.receive(batch jsonb, again boolean default true,
    accounts text[] default '{}')
returns text[] language sql as $$
    with e as (
        select coalesce((v->>'id')::uuid, gen_random_uuid()) as id, n::int,
            coalesce(v->>'provider', 'apimart') as provider,
            v->>'task' as task, v->>'outcome' as outcome,
            coalesce(v->>'account', 'default') as account,
            case v->>'outcome' when 'accepted' then v->>'status' end as status,
            coalesce(v->>'body', v::text) as body,
            coalesce((v->>'at')::timestamptz, now()) as at,
            coalesce(v->>'verdict', 'token') as verdict
        from jsonb_array_elements(batch) with ordinality as b(v, n))
    select array(select genhook.receive(array_agg(id order by n),
        array_agg(at order by n), array_agg(provider order by n),
        array_agg(account order by n), array_agg('callback'::text),
        array_agg(outcome order by n), array_agg(verdict order by n),
        array_agg('192.0.2.1'::text), array_agg('{}'::text),
        array_agg(convert_to(body, 'UTF8') order by n),
        array_agg(null::text), array_agg(task order by n),
        array_agg(status order by n), array_agg('theirs'::text),
        array_agg(case status when 'failed' then 'c' end order by n),
        array_agg(case status when 'failed' then 'words' end order by n),
        array_agg(false), array_agg(null::timestamptz),
        array_agg(case when status is not null then at end order by n),
        array_agg(case when status is not null
            then sha256(convert_to(status, 'UTF8')) end order by n),
        array_remove(array_agg(case status when 'succeeded' then n end order by n), null),
        array_remove(array_agg(case status when 'succeeded' then 0 end order by n), null),
        array_remove(array_agg(case status when 'succeeded' then 'image' end order by n), null),
        array_remove(array_agg(case status when 'succeeded' then 'https://127.0.0.1/' || task end order by n), null),
        array_fill(null::text, array[(count(*) filter (where status = 'succeeded'))::int]),
        array_fill(null::timestamptz, array[(count(*) filter (where status = 'succeeded'))::int]),
        array_fill('unknown'::text, array[(count(*) filter (where status = 'succeeded'))::int]),
        p_body_digest => array_agg(case when n % 2 = 0
            then sha256(convert_to(body, 'UTF8')) end order by n),
        p_accounts => accounts, p_again => again) from e)
    $$;
