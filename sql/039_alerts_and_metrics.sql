-- What was told of findings, and the sums of what was counted and is gone.

create table genhook.alerts (
    source       text        not null,
    key          text        not null,
    reason       text        not null,
    provider     text,
    task_id      text,
    details      text        not null,
    cure         text,
    is_over      boolean     not null default false,
    since        timestamptz not null default now(),
    told_at      timestamptz,
    times_told   integer     not null default 0,
    well_at      timestamptz,
    well_told_at timestamptz,
    claimed_until timestamptz,
    primary key (source, key)
);
comment on table genhook.alerts is
    'Findings that somebody is told of: once, again daily, and when it is well. Rows of what is well go after 30 days.';
comment on column genhook.alerts.source is 'Who found it: sweep, or doctor and its machine.';
comment on column genhook.alerts.key is 'By what the finding is known again.';
comment on column genhook.alerts.reason is 'In two or three words, as in attention.';
comment on column genhook.alerts.provider is 'Of whom.';
comment on column genhook.alerts.task_id is 'The task, where it is about one.';
comment on column genhook.alerts.details is 'What is the matter.';
comment on column genhook.alerts.cure is 'What mends it or shows more.';
comment on column genhook.alerts.is_over is 'Nothing can be done: it is told once, and never that it is well.';
comment on column genhook.alerts.since is 'When it was found first.';
comment on column genhook.alerts.told_at is 'When it was told last; NULL when it was not yet.';
comment on column genhook.alerts.times_told is 'How often it was told.';
comment on column genhook.alerts.well_at is 'When it was found no more; NULL while it lasts.';
comment on column genhook.alerts.well_told_at is 'When that was told.';
comment on column genhook.alerts.claimed_until is 'Somebody is telling it; until then nobody else does.';

create table genhook.totals (
    name   text    not null,
    labels text    not null default '',
    value  numeric not null,
    primary key (name, labels)
) with (fillfactor = 50);
comment on table genhook.totals is
    'Sums for metrics(), of runs that have ended, and of rows that were counted and are gone.';
comment on column genhook.totals.name is 'The metric, or a column of hours.';
comment on column genhook.totals.labels is 'Its labels, as Prometheus writes them.';
comment on column genhook.totals.value is 'The sum.';
