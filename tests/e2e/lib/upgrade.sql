-- A row of every sort, as far as the database's version has the tables and
-- functions for it; then a copy of every row, for upgrade.sh to compare.
create schema test;
create table test.kept (relation text, row jsonb);

insert into genhook.tasks (provider, task_id, status, account, source,
    submitted_at, finished_at, next_poll_at, polls, last_poll_error,
    error_code, error_message, metadata, result)
select 'apimart', 'old-' || s, split_part(s, '-', 1), 'default',
    case when s in ('succeeded', 'failed') then 'callback' end,
    now() - interval '2 hours',
    case when s not like 'pending%' then now() - interval '1 hour' end,
    case s when 'pending-polled' then now() - interval '1 minute' end,
    case s when 'pending-polled' then 3 else 0 end,
    case s when 'pending-polled' then 'answered 503' end,
    case when s in ('failed', 'lost') then 'code' end,
    case when s in ('failed', 'lost') then 'words' end,
    case s when 'succeeded' then '{"order": 17}'::jsonb end,
    case when s in ('succeeded', 'failed') then '{"a": [1, {"b": "c"}]}'::jsonb end
from unnest(array['pending', 'pending-polled', 'succeeded', 'failed',
    'cancelled', 'lost']) as s;

insert into genhook.outputs (provider, task_id, position, status, kind, url,
    inline_text, expires_at, expires_source, location, bytes, sha256,
    content_type, attempts, next_attempt_at, leased_until, lease_owner,
    last_error, stored_at)
select 'apimart', 'old-succeeded', n, split_part(s, '-', 1), 'image',
    case when s <> 'inline' then 'https://127.0.0.1:9/' || n end,
    case s when 'inline' then 'words' end,
    case when s <> 'inline' then now() + interval '1 day' end,
    case when s <> 'inline' then 'field' else 'unknown' end,
    case s when 'stored' then 'file:///x' end,
    case s when 'stored' then 5 end,
    case s when 'stored' then repeat('a', 64) end,
    case s when 'stored' then 'image/png' end, n,
    case when s like 'pending%' then now() - interval '1 minute' end,
    case s when 'pending-leased' then now() + interval '2 minutes' end,
    case s when 'pending-leased' then 'host:1:1' end,
    case when s in ('expired', 'failed') then 'why' end,
    case s when 'stored' then now() end
from unnest(array['pending', 'pending-leased', 'stored', 'expired', 'failed',
    'inline']) with ordinality as o(s, n);

-- Also of months that have no partition, or one no more.
insert into genhook.deliveries (id, received_at, provider, task_id, account,
    source, outcome, verdict, remote_addr, headers, body, note, body_digest)
select gen_random_uuid(), now() - age, 'apimart',
    case when o not in ('unparsed', 'rejected', 'unverified')
        then 'old-succeeded' end,
    'default', 'callback', o, case o when 'unverified' then 'failed'
        else 'token' end,
    '192.0.2.1', '{"User-Agent": "x"}', body, 'note', sha256(body)
from unnest(array['accepted', 'duplicate', 'conflict', 'ignored', 'unparsed',
        'stale', 'rejected', 'unverified']) as o,
    unnest(array[interval '1 minute', interval '20 days']) as age,
    convert_to('{"id":"old-' || o || extract(day from age)
        || '","status":"completed","result":{"images":[{"url":["https://127.0.0.1:9/x.png"]}]}}',
        'UTF8') as body;

insert into genhook.sweeps (host, pid, finished, counts)
values ('host', 1, now(), '{"stored": 3}'), ('host', 2, null, '{}');

do $$
begin
    if to_regclass('genhook.accounts') is not null then
        insert into genhook.accounts (provider, account, not_before, reason)
        values ('apimart', 'default', now() + interval '1 minute', 'slow');
        perform genhook.claim_polls('novita', 'default', '1 s', '1 h', 5);
    end if;
    if to_regprocedure('genhook.register_task(text,text,text,text,jsonb)')
            is not null then
        perform genhook.register_task('novita', 'old-registered', 'm',
            'default', '{"order": 18}');
    end if;
end
$$;

do $$
declare
    r text;
begin
    for r in select c.relname from pg_class c
        where c.relnamespace = 'genhook'::regnamespace
            and c.relkind in ('r', 'p') and not c.relispartition
            and c.relname not in ('objects', 'marks')
    loop
        execute format('insert into test.kept select %L, to_jsonb(t) from genhook.%I t', r, r);
    end loop;
end
$$;
