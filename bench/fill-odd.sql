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
vacuum analyze genhook.tasks;
vacuum analyze genhook.outputs;
vacuum analyze genhook.deliveries;
vacuum analyze genhook.hours;
analyze genhook.sweeps;
