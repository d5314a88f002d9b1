-- Beside the finished tasks of fill.sql: what is pending, due, lost, odd, has
-- metadata, and what the sweeps of 30 days would have written.
insert into genhook.accounts (provider, account)
select p, 'default' from unnest(array['apimart', 'apixo', 'novita',
    'wavespeed']) as p
on conflict do nothing;
insert into genhook.tasks (provider, task_id, submitted_at, last_poll_error)
select bench.provider(i), 'pending-' || i, now() - i * interval '1 s',
    case i % 20 when 0 then 'answered 503' end
from generate_series(1, 2000) as i;
insert into genhook.tasks (provider, task_id, status, submitted_at,
    finished_at, error_code, error_message)
select bench.provider(i), 'lost-' || i, 'lost', now() - i * interval '1 h',
    now() - i * interval '1 h', 'not_found', 'no such task'
from generate_series(1, 200) as i;
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    expires_at, expires_source, next_attempt_at)
select bench.provider(i), 'pending-' || i, 0,
    case i % 10 when 0 then 'expired' else 'pending' end, 'image',
    'https://upload.example/f/image/' || i || '.png',
    now() + interval '1 h', 'field', case when i % 10 > 0 then now() end
from generate_series(1, 2000) as i;
insert into genhook.deliveries (id, received_at, provider, account, source,
    outcome, verdict, body, body_digest)
select gen_random_uuid(), now() - i * interval '10 min', bench.provider(i),
    'default', 'callback', (array['unparsed', 'rejected', 'conflict',
        'unverified'])[i % 4 + 1], 'token', '{}', sha256('{}')
from generate_series(1, 800) as i;
-- One in a hundred failed, and one in two hundred is a text.
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, error_code, error_message)
select bench.provider(i), 'failed-' || i, 'failed', bench.model(i), at, at,
    'callback', 'nsfw', 'the prompt was refused'
from generate_series(1, :rows / 100) as i
cross join lateral (select bench.moment(i, :rows / 100) as at offset 0) as made;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, result)
select bench.provider(i), 'text-' || i, 'succeeded', bench.model(i), at, at,
    'callback', '{}'
from generate_series(1, :rows / 200) as i
cross join lateral (select bench.moment(i, :rows / 200) as at offset 0) as made;
insert into genhook.outputs (provider, task_id, position, status, kind, inline_text)
select bench.provider(i), 'text-' || i, 0, 'inline', 'text', 'So many words ' || i
from generate_series(1, :rows / 200) as i;

-- The outbox sent one in twenty.
alter table genhook.requests disable trigger user;
insert into genhook.requests (provider, model, request, status, task_id,
    attempts, queued_at, next_attempt_at, sent_at, settled_at)
select bench.provider(i), bench.model(i), jsonb_build_object('prompt',
        format('a lighthouse in the style of %s, number %s, golden hour, 35 mm,'
        ' film grain, highly detailed, no people', md5(i::text), i),
        'width', 1024, 'height', 1024),
    'submitted', id, 1, at, null, at, at
from generate_series(20, :rows, 20) as i
cross join lateral (select bench.id(i, :rows) as id,
    bench.moment(i, :rows) as at offset 0) as made;
insert into genhook.requests (provider, model, request, status, error, attempts,
    next_attempt_at, sent_at, settled_at)
select bench.provider(i), bench.model(i), '{"prompt": "a harbour"}',
    case when i <= 300 then 'queued' when i <= 500 then 'refused'
        else 'unknown' end,
    case when i > 300 then 'answered 400: no such model' end,
    case when i > 300 then 1 else 0 end, case when i <= 300 then now() end,
    case when i > 300 then now() end, case when i > 300 then now() end
from generate_series(1, 520) as i;
alter table genhook.requests enable trigger user;

insert into genhook.thumbs (provider, task_id, position, sha256, picture)
select bench.provider(i), bench.id(i, :rows), 0, repeat(md5(i::text), 2),
    decode(repeat(md5(i::text), 16), 'hex')
from generate_series(:rows - 4999, :rows) as i;
insert into genhook.sweeps (started, finished, host, pid, counts)
select now() - i * interval '1 min', now() - i * interval '1 min', 'host', i,
    jsonb_build_object('stored', 0)
from generate_series(1, 43200) as i;
-- A task in a hundred has metadata.
update genhook.tasks t set metadata = jsonb_build_object('order', b.i)
from generate_series(1, :rows, 100) as b(i)
where t.provider = bench.provider(b.i) and t.task_id = bench.id(b.i, :rows);

-- As the sweeps would have counted.
insert into genhook.hours
select date_trunc('hour', received_at), provider, account, source, outcome,
    count(*), max(received_at)
from genhook.deliveries
where received_at <= now() - interval '30 s'
group by 1, 2, 3, 4, 5;
update genhook.marks set at = now() - interval '30 s' where name = 'traffic';
insert into genhook.days
select (finished_at at time zone 'UTC')::date, provider, account,
    coalesce(model, ''), count(*) filter (where status = 'succeeded'),
    count(*) filter (where status = 'failed'), 0,
    count(*) filter (where status = 'lost'), 0,
    count(*) filter (where status = 'succeeded'),
    1048576 * count(*) filter (where status = 'succeeded'), 60 * count(*),
    0.02 * count(*) filter (where provider = 'apimart'),
    count(*) filter (where provider = 'apimart')
from genhook.tasks
where finished_at is not null
group by 1, 2, 3, 4;
update genhook.marks set at = now() where name = 'days';
update genhook.marks set at = '-infinity' where name = 'days before';
vacuum analyze genhook.tasks;
vacuum analyze genhook.outputs;
vacuum analyze genhook.deliveries;
vacuum analyze genhook.hours;
vacuum analyze genhook.days;
vacuum analyze genhook.requests;
vacuum analyze genhook.thumbs;
analyze genhook.sweeps;
