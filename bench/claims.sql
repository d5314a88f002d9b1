-- How long a sweep takes to claim 1,000 due tasks and outputs among millions of
-- finished ones, and by which index.  In a database of its own, as its owner:
--
--	psql -v rows=10000000 -f bench/claims.sql
\set ON_ERROR_STOP on
\if :{?rows}
\else
\set rows 10000000
\endif
\pset footer off
set synchronous_commit = off;

insert into genhook.tasks (provider, task_id, status, submitted_at,
    finished_at, source)
select 'novita', 'finished-' || g, 'succeeded', now() - interval '9 days',
    now() - interval '9 days', 'callback'
from generate_series(1, :rows) as g;
insert into genhook.outputs (provider, task_id, position, status, kind, url,
    location, bytes, sha256, stored_at)
select 'novita', 'finished-' || g, 0, 'stored', 'image', 'https://x/' || g,
    'file:///x', 1, repeat('0', 64), now() - interval '9 days'
from generate_series(1, :rows) as g;
-- Waiting, but not due: these must not be walked through either.
insert into genhook.tasks (provider, task_id, submitted_at, next_poll_at)
select 'novita', 'waiting-' || g, now() - interval '1 day',
    now() + interval '1 day'
from generate_series(1, 20000) as g;
insert into genhook.tasks (provider, task_id, submitted_at)
select 'novita', 'due-' || g, now() - interval '1 hour'
from generate_series(1, 5000) as g;
insert into genhook.tasks (provider, task_id, status, submitted_at,
    finished_at, source)
select 'novita', 'open-' || g, 'succeeded', now(), now(), 'callback'
from generate_series(1, 5000) as g;
insert into genhook.outputs (provider, task_id, position, kind, url,
    next_attempt_at, expires_at, expires_source)
select 'novita', 'open-' || g, 0, 'image', 'https://x/' || g,
    now() - interval '1 s', now() + g * interval '1 s', 'field'
from generate_series(1, 5000) as g;
vacuum analyze genhook.tasks, genhook.outputs;

load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_analyze = on;
set auto_explain.log_timing = off;
set auto_explain.log_nested_statements = on;
set client_min_messages = log;
\timing on
\echo 1,000 due polls: the statement and its plan, then twice without a plan
select count(*) from genhook.claim_polls('novita', 'default', '120 s',
    '1 hour', 1000);
\echo 1,000 due outputs
select count(*) from genhook.claim_outputs('bench:1:1', '2 min', 1000);
set auto_explain.log_min_duration = -1;
select count(*) from genhook.claim_polls('novita', 'default', '120 s',
    '1 hour', 1000);
select count(*) from genhook.claim_polls('novita', 'default', '120 s',
    '1 hour', 1000);
select count(*) from genhook.claim_outputs('bench:1:1', '2 min', 1000);
select count(*) from genhook.claim_outputs('bench:1:1', '2 min', 1000);
