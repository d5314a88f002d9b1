-- So many finished tasks, each with an output and a delivery, as a year of
-- work leaves them.  psql variables: rows, body (a callback, @ID@ for its id),
-- and part: tasks, outputs or deliveries, to be filled side by side.
select :'part' = 'tasks' as is_tasks, :'part' = 'outputs' as is_outputs,
    :'part' = 'deliveries' as is_deliveries
\gset

-- Ids that cover the whole range of what their provider makes, and are filled
-- in in order, which is quick.
\if :is_tasks
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, result, result_digest)
select bench.provider(i), id, 'succeeded', bench.model(i), at, at,
    'callback', replace(:'body', '@ID@', id)::jsonb, sha256(i::text::bytea)
from generate_series(1, :rows) as i
cross join lateral (select bench.id(i, :rows) as id,
    bench.moment(i, :rows) as at offset 0) as made;
\endif

\if :is_outputs
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    expires_at, expires_source, location, bytes, sha256, content_type,
    attempts, stored_at)
select bench.provider(i), id, 0, 'stored', bench.kind(i),
    'https://upload.example/f/image/' || id || '.png', at + interval '1 day',
    'field', 'file:///outputs/' || id || '/0.png', 1048576,
    repeat(md5(i::text), 2), 'image/png', 1, at
from generate_series(1, :rows) as i
cross join lateral (select bench.id(i, :rows) as id,
    bench.moment(i, :rows) as at offset 0) as made;
\endif

\if :is_deliveries
insert into genhook.deliveries (id, received_at, provider, task_id, account,
    source, outcome, verdict, remote_addr, headers, body, body_digest)
select gen_random_uuid(), at, bench.provider(i), id, 'default',
    'callback', 'accepted', 'token', '127.0.0.1',
    '{"Content-Type": "application/json"}',
    convert_to(replace(:'body', '@ID@', id), 'UTF8'), sha256(i::text::bytea)
from generate_series(1, :rows) as i
cross join lateral (select bench.id(i, :rows) as id,
    bench.moment(i, :rows) as at offset 0) as made;
\endif
