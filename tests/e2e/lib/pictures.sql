-- An invented day: what tests/e2e/lib/pictures.sh takes pictures of.  psql
-- variable: archive, the URL of the folder with the scenes.
begin;
alter table genhook.requests disable trigger user;
insert into genhook.accounts (provider, account, not_before, reason, trouble,
    troubles, trouble_since)
select p, 'default', case when p = 'kie' then now() + interval '40 min'
        else '-infinity' end,
    case when p = 'kie' then 'answered 402: insufficient credits' end,
    case when p = 'kie' then 'no credit' end, case when p = 'kie' then 2 else 0 end,
    case when p = 'kie' then now() - interval '32 min' end
from unnest(array['apimart', 'apixo', 'fal', 'kie', 'novita', 'wavespeed']) as p;

create temp table made (i integer generated always as identity, provider text,
    model text, kind text, n integer, took interval, prompt text, subject text, task_id text);
insert into made (provider, model, kind, n, took, prompt, subject) values
    ('apixo', 'flux-2', 'image', 4, '8.4 s', 'a lighthouse at dusk, beam through fog, oil painting', 'lighthouse'),
    ('wavespeed', 'wavespeed-ai/flux-dev', 'image', 2, '11 s', 'neon city in the rain', 'city'),
    ('novita', 'minimax-hailuo-02', 'video', 1, '74 s', 'desert dunes after wind', 'dunes'),
    ('novita', 'qwen-image', 'image', 1, '6 s', 'perfume bottle, studio light', 'bottle'),
    ('apimart', 'suno-v5', 'audio', 1, '92 s', 'a slow shanty for two voices', 'dunes'),
    ('kie', 'nano-banana', 'image', 2, '9 s', 'misty pine mountains, first light', 'mountains'),
    ('wavespeed', 'openai-whisper/large', 'text', 1, '4 s', 'what the harbour master said', 'dunes'),
    ('fal', 'fal-ai/kling-video/v2', 'video', 1, '131 s', 'the beam sweeps over the bay, slow', 'lighthouse'),
    ('apixo', 'flux-2', 'image', 1, '8 s', 'old harbour at noon, gouache', 'lighthouse'),
    ('apimart', 'gpt-image-1', 'image', 1, '21 s', 'night train between two cities', 'city'),
    ('novita', 'txt2img', 'image', 1, '5 s', 'dunes by moonlight, woodcut', 'dunes'),
    ('wavespeed', 'wavespeed-ai/flux-dev', 'image', 1, '10 s', 'fog rolling over the moor', 'mountains'),
    ('kie', 'veo3', 'video', 1, '118 s', 'a storm comes in from the sea', 'lighthouse'),
    ('apixo', 'flux-2', 'image', 2, '9 s', 'skyline, paper cut, five colours', 'city'),
    ('novita', 'qwen-image', 'image', 1, '7 s', 'a bottle in the manner of a still life', 'bottle'),
    ('wavespeed', 'wavespeed-ai/flux-dev', 'image', 1, '12 s', 'dawn on the ridge', 'mountains'),
    ('apimart', 'gpt-image-1', 'image', 1, '19 s', 'the keeper''s house in snow', 'lighthouse'),
    ('fal', 'fal-ai/flux/dev', 'image', 1, '6 s', 'rain on the quay, long exposure', 'city'),
    ('apixo', 'wan-2.5', 'video', 1, '88 s', 'waves against the pier', 'lighthouse'),
    ('novita', 'qwen-image', 'image', 1, '6 s', 'sea glass, macro', 'bottle'),
    ('apixo', 'flux-2', 'image', 1, '8 s', 'an almanac cover: the tides of March', 'dunes'),
    ('kie', 'nano-banana', 'image', 1, '9 s', 'city lights behind a curtain of rain', 'city');
update made set task_id = case provider when 'apimart'
        then 'task_01' || upper(substr(md5('t' || i), 1, 24))
    when 'novita' then md5('t' || i)::uuid::text
    else md5('t' || i) end;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, metadata, result, cost)
select provider, task_id, 'succeeded', model, at - took, at,
    case when i % 9 = 0 then 'poll' else 'callback' end,
    jsonb_build_object('order', 4128 - i, 'user', 'anna'),
    jsonb_build_object('id', task_id, 'status', 'succeeded'),
    case provider when 'apimart' then 0.04 end
from (select *, now() - (i * 7 - 5) * interval '1 min' as at from made) as m;
insert into genhook.requests (provider, model, request, metadata, status,
    task_id, attempts, queued_at, next_attempt_at, sent_at, settled_at)
select provider, model, jsonb_build_object('prompt', prompt, 'aspect_ratio',
        '4:3', 'num_images', n), jsonb_build_object('order', 4128 - i),
    'submitted', task_id, 1, at - took - interval '3 s', null,
    at - took - interval '1 s', at - took
from (select *, now() - (i * 7 - 5) * interval '1 min' as at from made) as m
order by i desc;
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    expires_at, expires_source, location, bytes, sha256, content_type, attempts,
    stored_at, inline_text)
select provider, task_id, o, case kind when 'text' then 'inline' else 'stored' end,
    kind, case when kind <> 'text' then 'https://files.example/' || task_id end,
    case when kind <> 'text' then at + interval '1 day' end,
    case when kind <> 'text' then 'field' else 'unknown' end,
    case when kind <> 'text' then :'archive' || '/' || subject || '-'
        || (i * 5 + o + 2) % 6 || '.webp' end,
    case when kind <> 'text' then case kind when 'video' then 5600000
        when 'audio' then 2900000 else 1180000 end + i * 21000 + o * 90000 end,
    case when kind <> 'text' then repeat(md5(task_id || o), 2) end,
    case kind when 'image' then 'image/webp' when 'video' then 'video/mp4'
        when 'audio' then 'audio/mpeg' end, 1,
    case when kind <> 'text' then at + interval '4 s' end,
    case when kind = 'text' then '“… and so the harbour master said that the light had never once gone out, not in forty winters.”' end
from (select *, now() - (i * 7 - 5) * interval '1 min' as at from made) as m
cross join lateral generate_series(0, n - 1) as o;

-- The life of the first one.
insert into genhook.deliveries (id, received_at, provider, task_id, account,
    source, outcome, verdict, remote_addr, headers, body, body_digest)
select gen_random_uuid(), t.finished_at + d.after, t.provider, t.task_id,
    'default', 'callback', d.outcome, 'token', '203.0.113.40',
    '{"Content-Type": "application/json", "User-Agent": "apixo-callback/2"}',
    convert_to(format('{"code": 200, "message": "success", "data": {"taskId": "%s", "state": "success", "resultJson": "{\"resultUrls\":[…]}", "costTime": 8400}}', t.task_id), 'UTF8'), sha256('1')
from genhook.tasks t, (values (interval '1 s', 'accepted'),
    (interval '3 s', 'duplicate')) as d (after, outcome)
where t.metadata @> '{"order": 4127}';
insert into genhook.forwards (name, provider, task_id, type, status,
    next_attempt_at, sent_at, settled_at, webhook_id, attempts, http_status)
select 'shop', provider, task_id, 'task.stored', 'sent', null,
    finished_at + interval '5 s', finished_at + interval '5 s', task_id, 1, 200
from genhook.tasks where status = 'succeeded';

-- What is under way, what waits for a download, and what went wrong.
insert into genhook.tasks (provider, task_id, model, submitted_at, metadata)
select (array['apixo', 'novita', 'fal', 'wavespeed'])[i % 4 + 1], md5('p' || i),
    (array['flux-2', 'qwen-image', 'fal-ai/flux/dev', 'wavespeed-ai/flux-dev'])[i % 4 + 1],
    now() - i * interval '37 s', jsonb_build_object('order', 4128 + i, 'prompt',
    (array['the bay from above', 'an orchard in fog', 'three boats, linocut', 'the old signal box'])[i % 4 + 1])
from generate_series(1, 7) as i;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, result)
select (array['apixo', 'wavespeed', 'novita', 'apixo', 'fal'])[i], md5('d' || i),
    'succeeded', (array['flux-2', 'wavespeed-ai/flux-dev', 'qwen-image', 'flux-2', 'fal-ai/flux/dev'])[i],
    now() - interval '190 min', now() - interval '3 h', 'callback', '{}'
from generate_series(1, 5) as i;
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    expires_at, expires_source, next_attempt_at, attempts, last_error)
select provider, task_id, 0, 'pending', 'image', 'https://files.example/x',
    now() + (array['38 min', '52 min', '2 h', '4 h', '11 h'])[n]::interval,
    'field', now() + interval '1 min', 1, 'answered 503'
from (select *, row_number() over (order by task_id) as n
    from genhook.tasks where finished_at = (select min(finished_at)
        from genhook.tasks where finished_at < now() - interval '170 min'
            and result = '{}')) as t;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, error_code, error_message)
select (array['apixo', 'novita', 'apimart', 'wavespeed'])[i % 4 + 1],
    md5('f' || i), 'failed', (array['flux-2', 'txt2img', 'gpt-image-1', 'wavespeed-ai/flux-dev'])[i % 4 + 1],
    at - interval '9 s', at, 'callback', 'nsfw', 'the prompt was refused: content policy'
from (select i, now() - i * i * interval '2 min' - interval '20 min' as at
    from generate_series(1, 25) as i) as f;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, error_code, error_message)
select 'apixo', md5('l' || i), 'lost', 'wan-2.5', now() - interval '5 h',
    now() - interval '4 h', 'not_found', 'answered 404: task not found, three times'
from generate_series(1, 2) as i;
insert into genhook.tasks (provider, task_id, status, model, submitted_at,
    finished_at, source, result)
values ('apimart', 'task_01KJPVPH2NP4ZZCVETRSD4RGB4', 'succeeded', 'kling-3',
    now() - interval '27 h', now() - interval '26 h', 'callback', '{}');
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    expires_at, expires_source, attempts, last_error, given_up_at)
values ('apimart', 'task_01KJPVPH2NP4ZZCVETRSD4RGB4', 0, 'expired', 'video',
    'https://files.example/x', now() - interval '2 h', 'field', 12,
    'the link was dead after 24 h: answered 403', now() - interval '2 h');
insert into genhook.deliveries (id, received_at, provider, account, source,
    outcome, verdict, remote_addr, body, body_digest, note)
select gen_random_uuid(), now() - i * interval '11 min', 'novita', 'default',
    'callback', 'unparsed', 'token', '203.0.113.7', '{}', sha256('{}'),
    '"task.task_id" is missing, empty or no plain string'
from generate_series(1, 3) as i;
insert into genhook.requests (provider, model, request, status, error, attempts,
    queued_at, next_attempt_at, sent_at, settled_at)
values ('wavespeed', 'wavespeed-ai/flux-dev', '{"prompt": "the pier, charcoal"}',
    'unknown', 'the connection broke after it was sent', 1,
    now() - interval '15 h', null, now() - interval '14 h', now() - interval '14 h'),
    ('kie', 'veo3', '{"prompt": "gulls over the cliff"}', 'queued', null, 0,
    now() - interval '9 min', now(), null, null),
    ('kie', 'nano-banana', '{"prompt": "a rope, coiled, macro"}', 'queued', null, 0,
    now() - interval '3 min', now(), null, null),
    ('novita', 'qwen-image', '{"prompt": "a cover for the tide tables"}', 'refused',
    'answered 400: no such size', 1, now() - interval '50 min', null,
    now() - interval '49 min', now() - interval '49 min');
alter table genhook.requests enable trigger user;

-- What the sweeps have counted.
insert into genhook.hours (hour, provider, account, source, outcome, deliveries,
    last_at)
select h, p.provider, 'default', s.source, 'accepted', c.n,
    least(h + interval '59 min', now() - p.k * interval '19 s')
from generate_series(0, 23) as i
cross join lateral (select date_trunc('hour', now()) - (23 - i) * interval '1 h'
    as h) as t
cross join (values ('novita', 1, 22), ('apimart', 2, 15), ('apixo', 3, 19),
    ('wavespeed', 4, 21), ('fal', 5, 7), ('kie', 6, 5)) as p (provider, k, most)
cross join (values ('callback'), ('poll')) as s (source)
cross join lateral (select case s.source
        when 'callback' then case when i = 12 then 0.45 else 1 end * p.most
            * (0.25 + 0.75 * sin(pi() * least(1, (i + 3) / 25.0)) ^ 2)
            + (i * 7 + p.k * 5) % 6
        else case when i = 12 then p.most * 0.5 else (i + p.k) % 4 / 3 end end::integer as n) as c
where c.n > 0;
insert into genhook.days (day, provider, account, model, succeeded, failed,
    cancelled, lost, by_poll, outputs, bytes, seconds, cost, told)
select current_date - i, m.provider, 'default', m.model, n, n / 40, 0,
    case when i % 11 = 0 then 1 else 0 end, n / 25, n * m.outputs,
    n * m.outputs * m.bytes, n * m.took, case m.provider when 'apimart'
        then n * 0.04 else 0 end, case m.provider when 'apimart' then n else 0 end
from generate_series(0, 29) as i
cross join (values ('novita', 'qwen-image', 210, 1, 1200000, 6), ('novita', 'minimax-hailuo-02', 46, 1, 5600000, 74),
    ('apimart', 'gpt-image-1', 150, 1, 1400000, 20), ('apimart', 'suno-v5', 60, 2, 2900000, 92),
    ('apixo', 'flux-2', 230, 2, 1300000, 8), ('wavespeed', 'wavespeed-ai/flux-dev', 260, 1, 1100000, 11),
    ('fal', 'fal-ai/kling-video/v2', 38, 1, 6100000, 131), ('kie', 'nano-banana', 54, 1, 1200000, 9))
    as m (provider, model, most, outputs, bytes, took)
cross join lateral (select (m.most * (0.72 + 0.18 * sin(i * 0.9 + length(m.model))
    + case when extract(isodow from current_date - i) > 5 then -0.3 else 0.1 end))::integer as n) as c;
insert into genhook.prices (provider, model, price, per) values
    ('novita', 'qwen-image', 0.02, 'output'), ('novita', 'minimax-hailuo-02', 0.28, 'task'),
    ('apixo', 'flux-2', 0.025, 'output'), ('wavespeed', '', 0.012, 'task'),
    ('fal', '', 0.35, 'task');
insert into genhook.sweeps (started, finished, heartbeat, host, pid, counts, error)
select at, at + interval '0.9 s' + i % 5 * interval '0.4 s', at, 'web1', 4000 + i,
    jsonb_build_object('drained', 0, 'submitted', i % 3, 'polled', i * 5 % 7,
        'stored', i * 3 % 8, 'expired', 0, 'failed', 0),
    case when i between 30 and 32 then 'kie default: paused, without credit' end
from (select i, now() - (60 - i) * interval '1 min' + interval '36 s' as at
    from generate_series(1, 60) as i) as s;
update genhook.marks set at = now() where name in ('traffic', 'days', 'thumbs');
update genhook.marks set at = '-infinity' where name = 'days before';
commit;
