-- The page's lists are made in one statement each, and what it counts it counts
-- without order; costs that are told in credits.
drop function if exists genhook.web_task_row(text, text);
drop function if exists genhook.web_output_row(genhook.outputs, timestamptz);
drop function if exists genhook.web_gallery_texts(jsonb, jsonb, integer, integer);
drop function if exists genhook.price_of(text, text, numeric, numeric);

alter table genhook.days add column credits numeric not null default 0;
comment on column genhook.days.credits is
    'Credits that the provider said they took, together.';

alter table genhook.prices drop constraint prices_per_what;
alter table genhook.prices add constraint prices_per_what
    check (per in ('task', 'output', 'credit'));
comment on column genhook.prices.per is
    'task: for each task that succeeded. output: for each of its outputs. credit: for each credit that the provider says it took.';
comment on column genhook.actions.action is 'What was asked for: retry_outputs, repoll_tasks, cancel_tasks, replay_deliveries, requeue_request, settle_request, cancel_request, retry_forwards or set_aside.';
