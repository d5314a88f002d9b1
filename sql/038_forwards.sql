-- What applications are told: the forwards of the settings, the events that they
-- are sent, and what is looked at for these.
create domain genhook.forward_type as text collate "C"
    check (value in ('task.finished', 'task.stored', 'task.failed',
        'request.refused', 'request.unknown'));
comment on domain genhook.forward_type is
    'task.finished, task.stored, task.failed, request.refused or request.unknown.';
create domain genhook.forward_status as text collate "C"
    check (value in ('pending', 'sent', 'failed'));
comment on domain genhook.forward_status is 'pending, sent or failed.';

create table genhook.forwards (
    id              bigint      generated always as identity primary key,
    name            text        not null,
    provider        genhook.provider_name,
    task_id         genhook.task_key,
    request_id      bigint,
    type            genhook.forward_type    not null,
    status          genhook.forward_status  not null default 'pending',
    attempts        genhook.count_from_zero not null default 0,
    next_attempt_at timestamptz default now(),
    http_status     integer,
    last_error      text,
    sent_at         timestamptz,
    happened_at     timestamptz not null default now(),
    webhook_id      text        not null,
    leased_until    timestamptz,
    lease_owner     text,
    settled_at      timestamptz,
    constraint forwards_webhook_id_once unique (webhook_id),
    constraint forwards_pending_is_scheduled
        check ((status = 'pending') = (next_attempt_at is not null)),
    constraint forwards_sent_has_a_time
        check ((status = 'sent') = (sent_at is not null)),
    constraint forwards_settled_has_a_time
        check ((status = 'pending') = (settled_at is null)),
    constraint forwards_lease_is_whole
        check ((leased_until is null) = (lease_owner is null)),
    constraint forwards_leased_while_pending
        check (lease_owner is null or status = 'pending'),
    constraint forwards_failed_says_why
        check (status <> 'failed' or last_error is not null)
) with (fillfactor = 70);
create index forwards_due on genhook.forwards (name, next_attempt_at)
    where status = 'pending';
create index forwards_leased on genhook.forwards (name, leased_until)
    where leased_until is not null;
create index forwards_task on genhook.forwards (provider, task_id);
create index forwards_request on genhook.forwards (request_id)
    where request_id is not null;
create index forwards_settled on genhook.forwards (settled_at);
comment on table genhook.forwards is
    'Events that applications are told by the forwards of the settings, and what became of each. At least once; the same webhook_id is the same event.';
comment on column genhook.forwards.id is 'Number of the row; those of a task are sent in this order.';
comment on column genhook.forwards.name is 'The forward: a section title in genhook.conf.';
comment on column genhook.forwards.provider is 'The task''s provider, or the request''s.';
comment on column genhook.forwards.task_id is 'The task''s id; NULL where it is about a request.';
comment on column genhook.forwards.request_id is 'The request, where it is about one.';
comment on column genhook.forwards.type is 'What happened: task.stored, task.failed, task.finished, request.refused or request.unknown.';
comment on column genhook.forwards.status is 'pending; sent: the application took it; or failed: given up.';
comment on column genhook.forwards.attempts is 'How often it was tried, to the end of each try.';
comment on column genhook.forwards.next_attempt_at is 'Not tried before then; NULL once that is over.';
comment on column genhook.forwards.http_status is 'What the last answer was, or how the command exited; NULL: there was none.';
comment on column genhook.forwards.last_error is 'Why the last attempt failed.';
comment on column genhook.forwards.sent_at is 'When the application took it.';
comment on column genhook.forwards.happened_at is 'When genhook came to know of it: the webhook''s timestamp.';
comment on column genhook.forwards.webhook_id is 'The header webhook-id: made of what happened, so that the same event has the same one however often it is told.';
comment on column genhook.forwards.leased_until is 'A sweep is sending it; until then no other one will.';
comment on column genhook.forwards.lease_owner is 'Which one.';
comment on column genhook.forwards.settled_at is 'When it was sent or given up.';

create table genhook.forward_targets (
    name       text        primary key,
    host       text        not null,
    settings   text        not null,
    types      text[]      not null,
    accounts   text[]      not null,
    since      timestamptz not null default now(),
    not_before timestamptz not null default '-infinity',
    gone_at    timestamptz
);
comment on table genhook.forward_targets is
    'The forwards of the settings, as the last sweep had them. What happened before there was one is not told.';
comment on column genhook.forward_targets.name is 'The section''s title.';
comment on column genhook.forward_targets.host is 'Whose settings have it.';
comment on column genhook.forward_targets.settings is 'A digest of the section, by which a change is seen.';
comment on column genhook.forward_targets.types is 'Of what it tells.';
comment on column genhook.forward_targets.accounts is 'Of whose tasks and requests, as "provider account"; none: of all.';
comment on column genhook.forward_targets.since is 'When it was first seen.';
comment on column genhook.forward_targets.not_before is 'Nothing is sent before then: the receiver wished so (Retry-After).';
comment on column genhook.forward_targets.gone_at is 'When the receiver answered 410; nothing is sent until the section changes.';

create table genhook.forward_checks (
    id         bigint      generated always as identity primary key,
    noted_at   timestamptz not null default now(),
    cause      text        not null,
    provider   genhook.provider_name,
    task_id    genhook.task_key,
    request_id bigint,
    constraint forward_checks_cause_is_known
        check (cause in ('task', 'output', 'request'))
);
comment on table genhook.forward_checks is
    'Tasks and requests of which something may have to be told: a sweep looks at each once.';
comment on column genhook.forward_checks.id is 'In order.';
comment on column genhook.forward_checks.noted_at is 'When it happened.';
comment on column genhook.forward_checks.cause is 'What changed: task, output or request.';
comment on column genhook.forward_checks.provider is 'The task''s provider.';
comment on column genhook.forward_checks.task_id is 'The task''s id.';
comment on column genhook.forward_checks.request_id is 'The request''s number.';

create table genhook.forward_mark (
    one         boolean     primary key default true,
    received_at timestamptz not null default now(),
    id          uuid        not null default '00000000-0000-0000-0000-000000000000',
    looked_back timestamptz not null default now(),
    constraint forward_mark_is_one_row check (one)
);
insert into genhook.forward_mark default values;
comment on table genhook.forward_mark is
    'How far the deliveries have been looked through for tasks that finished.';
comment on column genhook.forward_mark.one is 'There is one row.';
comment on column genhook.forward_mark.received_at is 'Up to the delivery of then.';
comment on column genhook.forward_mark.id is 'And with this id.';
comment on column genhook.forward_mark.looked_back is 'When two hours were last looked through again.';
