-- The tables, with their types, domains, indexes and rules.  A new database begins
-- with this file; one of version 25, which older files made, has these tables
-- already, and `genhook migrate` compares them with these one by one.
--
-- Columns stand in the order in which a person reads them, states are words, and
-- what may not be is refused: by a domain where a value itself is wrong, by a CHECK
-- where values do not fit together.

create schema if not exists genhook;
comment on schema genhook is
    'Webhooks of AI-generation providers: tasks, their outputs, and every delivery.';

-- Words and forms.  PostgreSQL prepares a domain's rule once in a session, and a
-- CHECK's anew for each statement, which shows in what a callback costs.
create domain genhook.provider_name as text collate "C"
    check (value in ('novita', 'apimart', 'apixo', 'wavespeed')
        or value ~ '^[a-z0-9_]{1,32}$');
comment on domain genhook.provider_name is 'A provider, as in paths and settings.';
create domain genhook.task_key as text collate "C"
    check (value <> '' and octet_length(value) <= 256);
comment on domain genhook.task_key is 'A provider''s own id of a task: up to 256 bytes.';
create domain genhook.account_name as text collate "C"
    check (value <> '' and octet_length(value) <= 64);
comment on domain genhook.account_name is 'An account: a section title of the settings file.';
create domain genhook.task_status as text collate "C"
    check (value in ('pending', 'succeeded', 'failed', 'cancelled', 'lost'));
comment on domain genhook.task_status is 'pending, succeeded, failed, cancelled or lost.';
create domain genhook.result_source as text collate "C"
    check (value in ('callback', 'poll'));
comment on domain genhook.result_source is 'What brought a final state: callback or poll.';
create domain genhook.output_status as text collate "C"
    check (value in ('pending', 'stored', 'expired', 'failed', 'inline'));
comment on domain genhook.output_status is 'pending, stored, expired, failed or inline.';
create domain genhook.output_kind as text collate "C"
    check (value in ('image', 'video', 'audio', 'file', 'text'));
comment on domain genhook.output_kind is 'image, video, audio, file or text.';
create domain genhook.expiry_source as text collate "C"
    check (value in ('field', 'url', 'provider', 'unknown'));
comment on domain genhook.expiry_source is 'Who says when a link ends: field, url, provider or nobody (unknown).';
create domain genhook.archive_url as text
    check (value ~ '^(file|s3)://');
comment on domain genhook.archive_url is 'A file:// or s3:// URL.';
create domain genhook.sha256_hex as text collate "C"
    check (value ~ '^[0-9a-f]{64}$');
comment on domain genhook.sha256_hex is 'A SHA-256 in lower-case hex.';
create domain genhook.count_from_zero as integer check (value >= 0);
comment on domain genhook.count_from_zero is 'A count.';
create domain genhook.size_in_bytes as bigint check (value >= 0);
comment on domain genhook.size_in_bytes is 'A size in bytes.';
create domain genhook.delivery_source as text collate "C"
    check (value in ('callback', 'poll', 'replay'));
comment on domain genhook.delivery_source is 'callback, poll or replay.';
create domain genhook.delivery_outcome as text collate "C"
    check (value in ('accepted', 'duplicate', 'conflict', 'ignored',
        'unparsed', 'stale', 'rejected', 'unverified'));
comment on domain genhook.delivery_outcome is 'accepted, duplicate, conflict, ignored, unparsed, stale, rejected or unverified.';
create domain genhook.sender_verdict as text collate "C"
    check (value in ('signature', 'token', 'none', 'failed'));
comment on domain genhook.sender_verdict is 'What proved the sender: signature, token, none; or failed.';
create domain genhook.request_status as text collate "C"
    check (value in ('queued', 'sending', 'submitted', 'refused', 'unknown'));
comment on domain genhook.request_status is 'queued, sending, submitted, refused or unknown.';

-- The rules of a whole row of tasks, and of outputs.  As CHECKs of the tables they
-- were a third of all that receive() did for a callback that came alone, so they
-- are the rules of a domain over what they look at, and each table has one CHECK:
-- that its row is of that domain.  Whether there is a result or a text is told by a
-- boolean, so that neither is copied for this, however long; no field is of a
-- domain, which could not be altered any more; and what is seldom null stands
-- first, since a value behind a null is slower to find.
create type genhook.task_state as (
    finished_at  timestamptz,
    submitted_at timestamptz,
    status       text,
    no_result    boolean,
    no_message   boolean,
    no_source    boolean,
    error_code   text,
    next_poll_at timestamptz
);
comment on type genhook.task_state is
    'Of a row of tasks, what must fit together.';
create domain genhook.possible_task as genhook.task_state
    constraint tasks_finished_when_final
        check (((value).status = 'pending') = ((value).finished_at is null))
    constraint tasks_pending_has_no_result
        check ((value).finished_at is not null or ((value).no_source
            and (value).no_result and (value).error_code is null
            and (value).submitted_at is not null))
    constraint tasks_polled_only_while_pending
        check ((value).next_poll_at is null or (value).finished_at is null)
    constraint tasks_no_error_in_success
        check (((value).error_code is null and (value).no_message)
            or (value).status <> 'succeeded');
comment on domain genhook.possible_task is
    'Rules for a row of tasks as a whole: its table''s CHECK asks for this.';
create type genhook.output_state as (
    status          text,
    has_text        boolean,
    has_url         boolean,
    has_location    boolean,
    has_details     boolean,
    expires_source  text,
    expires_at      timestamptz,
    next_attempt_at timestamptz,
    leased_until    timestamptz,
    lease_owner     text,
    held_until      timestamptz,
    held_by         text
);
comment on type genhook.output_state is
    'Of a row of outputs, what must fit together.';
create domain genhook.possible_output as genhook.output_state
    constraint outputs_expiry_known
        check (((value).expires_source = 'unknown')
            = ((value).expires_at is null))
    constraint outputs_inline_has_text
        check (((value).status = 'inline') = (value).has_text)
    constraint outputs_link_has_url
        check ((value).has_url or (value).has_text)
    constraint outputs_stored_is_complete
        check (((value).status = 'stored') = (value).has_location
            and (not (value).has_location or (value).has_details))
    constraint outputs_pending_is_scheduled
        check (((value).status = 'pending')
            = ((value).next_attempt_at is not null))
    constraint outputs_lease_is_whole
        check (((value).leased_until is null)
            = ((value).lease_owner is null))
    constraint outputs_leased_while_pending
        check ((value).lease_owner is null
            or (value).next_attempt_at is not null)
    constraint outputs_hold_is_whole
        check (((value).held_until is null) = ((value).held_by is null));
comment on domain genhook.possible_output is
    'Rules for a row of outputs as a whole: its table''s CHECK asks for this.';

create table genhook.migrations (
    version    integer     primary key,
    name       text        not null,
    digest     text        not null,
    applied_at timestamptz not null default now()
);
comment on table genhook.migrations is 'Which files of sql/ this database has had.';
comment on column genhook.migrations.version is 'Number at the head of the file''s name.';
comment on column genhook.migrations.name is 'The file''s name.';
comment on column genhook.migrations.digest is 'SHA-256 of the file as it was applied.';
comment on column genhook.migrations.applied_at is 'When it was applied.';

-- A task's one great change, its result, moves it in three indexes: room left on
-- its page would be of no use, hence fillfactor 100.
create table genhook.tasks (
    provider        genhook.provider_name not null,
    task_id         genhook.task_key      not null,
    status          genhook.task_status   not null default 'pending',
    model           text,
    account         genhook.account_name  not null default 'default',
    error_code      text,
    error_message   text,
    is_test         boolean     not null default false,
    submitted_at    timestamptz default now(),
    finished_at     timestamptz,
    source          genhook.result_source,
    polls           genhook.count_from_zero not null default 0,
    next_poll_at    timestamptz,
    last_poll_error text,
    metadata        jsonb,
    result          jsonb,
    not_found_polls genhook.count_from_zero not null default 0,
    result_digest   bytea,
    primary key (provider, task_id),
    constraint tasks_possible check (row(finished_at, submitted_at, status,
        result is null, error_message is null, source is null, error_code,
        next_poll_at)::genhook.possible_task is distinct from null)
) with (fillfactor = 100);
-- Due polls, oldest first.  A task that was never polled has no next_poll_at:
-- how long it may wait for its callback is the sweep's setting.
create index tasks_due on genhook.tasks
    (provider, account, (coalesce(next_poll_at, submitted_at)))
    where status = 'pending';
create index tasks_finished on genhook.tasks (finished_at);
-- Few tasks are found by polling, and only those pay for this.
create index tasks_polled on genhook.tasks (provider, account, finished_at)
    where source = 'poll';
-- Which task is mine?  metadata @> '{"order": 17}'.  Tasks without metadata
-- do not pay for it; the pending list is kept short, since whoever fills it up
-- has to empty it.
create index tasks_metadata on genhook.tasks
    using gin (metadata jsonb_path_ops) with (gin_pending_list_limit = 256)
    where metadata is not null;
-- What `attention`, `provider_health` and `genhook tasks` look at: few rows.
create index tasks_odd on genhook.tasks (status, finished_at)
    where status in ('failed', 'cancelled', 'lost');
comment on table genhook.tasks is
    'One generation at a provider. pending becomes succeeded, failed, cancelled or lost; lost may still be replaced by a late result, any other final state stays.';
comment on column genhook.tasks.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.tasks.task_id is 'The provider''s own id of the task.';
comment on column genhook.tasks.status is 'pending, succeeded, failed, cancelled, or lost: nobody could say.';
comment on column genhook.tasks.model is 'The model as submitted; APIXO cannot be polled without it.';
comment on column genhook.tasks.account is 'The account (API key) it belongs to: a section title in genhook.conf.';
comment on column genhook.tasks.error_code is 'The provider''s error code as text; timeout, not_found and gave_up are ours.';
comment on column genhook.tasks.error_message is 'The provider''s words for the failure.';
comment on column genhook.tasks.is_test is 'A mock event of a provider''s test mode.';
comment on column genhook.tasks.submitted_at is 'When the provider took it or, where it does not say, when it was registered.';
comment on column genhook.tasks.finished_at is 'When the provider finished it or, where it does not say, when we heard.';
comment on column genhook.tasks.source is 'What brought the final state: callback or poll.';
comment on column genhook.tasks.polls is 'How often the status API was asked.';
comment on column genhook.tasks.next_poll_at is 'Not asked again before then; NULL while the first wait for the callback lasts.';
comment on column genhook.tasks.last_poll_error is 'Why the last poll brought nothing; NULL after a good one.';
comment on column genhook.tasks.metadata is 'Whatever the application gave to register_task().';
comment on column genhook.tasks.result is 'The payload that brought the final state; NULL where jsonb cannot hold it (the body in deliveries can).';
comment on column genhook.tasks.not_found_polls is 'Polls in a row that were answered "no such task".';
comment on column genhook.tasks.result_digest is 'Fingerprint of the result (state, error code, outputs), to tell a repeat from a conflict.';
comment on constraint tasks_possible on genhook.tasks is
    'The rules are those of the domain possible_task. Rows older than the constraint were held to the same ones.';

-- An output is claimed first, which touches no index: half a page free makes that
-- claim cheap, and the table is no larger in the end, since the room is then taken
-- (bench/bloat).
create table genhook.outputs (
    provider        genhook.provider_name   not null,
    task_id         genhook.task_key        not null,
    position        genhook.count_from_zero not null,
    status          genhook.output_status   not null default 'pending',
    kind            genhook.output_kind     not null,
    url             text,
    inline_text     text,
    expires_at      timestamptz,
    expires_source  genhook.expiry_source   not null default 'unknown',
    location        genhook.archive_url,
    bytes           genhook.size_in_bytes,
    sha256          genhook.sha256_hex,
    content_type    text,
    attempts        genhook.count_from_zero not null default 0,
    next_attempt_at timestamptz,
    leased_until    timestamptz,
    lease_owner     text,
    etag            text,
    last_error      text,
    stored_at       timestamptz,
    held_until      timestamptz,
    held_by         text,
    primary key (provider, task_id, position),
    constraint outputs_possible check (row(status, inline_text is not null,
        url is not null, location is not null,
        (bytes, sha256, stored_at) is not null, expires_source, expires_at,
        next_attempt_at, leased_until, lease_owner, held_until, held_by
            )::genhook.possible_output is distinct from null)
) with (fillfactor = 50);
-- Soonest expiry first; an unknown expiry is treated as urgent.
create index outputs_due on genhook.outputs
    ((coalesce(expires_at, '-infinity'::timestamptz)))
    where status = 'pending';
create index outputs_stored on genhook.outputs (stored_at)
    where status = 'stored';
-- Likewise, and `genhook outputs`.
create index outputs_odd on genhook.outputs (status, provider, task_id)
    where status in ('expired', 'failed', 'inline');
comment on table genhook.outputs is
    'One result of a task: a link to fetch before it expires, or a text that came inline.';
comment on column genhook.outputs.provider is 'The task''s provider.';
comment on column genhook.outputs.task_id is 'The task''s id.';
comment on column genhook.outputs.position is 'Place among the task''s outputs, from 0, as in the payload.';
comment on column genhook.outputs.status is 'pending, stored, expired (the link ended first), failed (given up), or inline (text).';
comment on column genhook.outputs.kind is 'image, video, audio, file or text.';
comment on column genhook.outputs.url is 'The provider''s link.';
comment on column genhook.outputs.inline_text is 'The output itself where the payload carried it.';
comment on column genhook.outputs.expires_at is 'When the link ends; NULL when nobody says, which is treated as urgent.';
comment on column genhook.outputs.expires_source is 'Who says so: a field of the payload, the signed url, the provider''s documentation, or nobody (unknown).';
comment on column genhook.outputs.location is 'Where the file is kept: a file:// or s3:// URL.';
comment on column genhook.outputs.bytes is 'Size of the stored file.';
comment on column genhook.outputs.sha256 is 'SHA-256 of the stored file, lower-case hex.';
comment on column genhook.outputs.content_type is 'Media type of the stored file, from its own first bytes.';
comment on column genhook.outputs.attempts is 'Downloads begun.';
comment on column genhook.outputs.next_attempt_at is 'Not tried again before then; what was never tried is due at once.';
comment on column genhook.outputs.leased_until is 'A sweep is fetching it; until then no other one will.';
comment on column genhook.outputs.lease_owner is 'Which sweep: host, process and run.';
comment on column genhook.outputs.etag is 'ETag that the store gave, if any.';
comment on column genhook.outputs.last_error is 'Why the last attempt failed.';
comment on column genhook.outputs.stored_at is 'When the file was complete on disk.';
comment on column genhook.outputs.held_until is
    'A sweep had the whole file and the store did not take it; until then no other one gives it up. Of no meaning once it is stored.';
comment on column genhook.outputs.held_by is
    'Which sweep that was: host, process and run.';
comment on constraint outputs_possible on genhook.outputs is
    'The rules are those of the domain possible_output. Rows older than the constraint were held to the same ones.';

create table genhook.deliveries (
    id          uuid        not null,
    received_at timestamptz not null,
    provider    genhook.provider_name    not null,
    task_id     genhook.task_key,
    account     genhook.account_name     not null,
    source      genhook.delivery_source  not null,
    outcome     genhook.delivery_outcome not null,
    verdict     genhook.sender_verdict   not null,
    remote_addr inet,
    headers     jsonb,
    body        bytea,
    note        text,
    body_digest bytea,
    primary key (received_at, id)
) partition by range (received_at);
create index deliveries_task on genhook.deliveries (task_id);
-- The bounded store, and what a person should look at.
create index deliveries_odd on genhook.deliveries (outcome, received_at)
    where outcome in ('conflict', 'unparsed', 'rejected', 'unverified')
        or (outcome = 'accepted' and note is not null);
comment on table genhook.deliveries is
    'Every callback and every final poll answer, byte for byte (tokens redacted). One partition a month; old ones are dropped.';
comment on column genhook.deliveries.id is 'UUID version 7, made on receipt: the same delivery written twice is one row.';
comment on column genhook.deliveries.received_at is 'When the last byte had come.';
comment on column genhook.deliveries.provider is 'By the callback''s path.';
comment on column genhook.deliveries.task_id is 'The task it speaks of; NULL where it could not be read.';
comment on column genhook.deliveries.account is 'The account whose token it showed.';
comment on column genhook.deliveries.source is 'callback, poll, or replay of an older delivery.';
comment on column genhook.deliveries.outcome is 'accepted, duplicate, conflict (another final result; the first stands), ignored, unparsed, stale, rejected (no JSON) or unverified (bad signature).';
comment on column genhook.deliveries.verdict is 'What proved the sender: signature, token, none; or failed.';
comment on column genhook.deliveries.remote_addr is 'Who connected, as lighttpd saw it.';
comment on column genhook.deliveries.headers is 'The request headers worth keeping.';
comment on column genhook.deliveries.body is 'The bytes as they came; NULL when the same bytes are kept in an earlier row of the task, or when an unverified body is over 64 KiB.';
comment on column genhook.deliveries.note is 'Why it was not accepted, in words.';
comment on column genhook.deliveries.body_digest is 'SHA-256 of the body.';

-- Takes what no month's partition takes: a clock gone wrong, or a spool file from
-- before the first month.
create table genhook.deliveries_default
    (like genhook.deliveries including comments);
alter table genhook.deliveries
    attach partition genhook.deliveries_default default;
comment on table genhook.deliveries_default is
    'Deliveries of no month that has a partition.';

create table genhook.sweeps (
    id        bigint      generated always as identity primary key,
    started   timestamptz not null default now(),
    finished  timestamptz,
    host      text        not null,
    pid       integer     not null,
    heartbeat timestamptz not null default now(),
    counts    jsonb       not null default '{}',
    error     text
);
create index sweeps_started on genhook.sweeps (started);
comment on table genhook.sweeps is 'One row for each run of genhook-sweep.';
comment on column genhook.sweeps.id is 'Number of the run.';
comment on column genhook.sweeps.started is 'When it began.';
comment on column genhook.sweeps.finished is 'When it ended; NULL while it runs, or when it was killed.';
comment on column genhook.sweeps.host is 'On which machine.';
comment on column genhook.sweeps.pid is 'Process id there.';
comment on column genhook.sweeps.heartbeat is 'Last sign of life.';
comment on column genhook.sweeps.counts is 'What it did: drained, replayed, polled, finished, stored, expired, failed, bytes.';
comment on column genhook.sweeps.error is 'What kept it from doing everything.';

-- What all sweeps, on whatever host, have to know of an account.
create table genhook.accounts (
    provider    text        not null,
    account     text        not null,
    not_before  timestamptz not null default '-infinity',
    reason      text,
    minute      timestamptz not null default '-infinity',
    polls       integer     not null default 0,
    submit_minute timestamptz not null default '-infinity',
    submits     integer     not null default 0,
    primary key (provider, account)
);
comment on table genhook.accounts is
    'How much each account may be asked: kept by the sweeps, for each other.';
comment on column genhook.accounts.provider is 'The provider.';
comment on column genhook.accounts.account is 'The section''s title in genhook.conf.';
comment on column genhook.accounts.not_before is 'Not asked before then, since the provider wished so (429).';
comment on column genhook.accounts.reason is 'In its words.';
comment on column genhook.accounts.minute is 'The minute that polls counts.';
comment on column genhook.accounts.polls is 'Polls begun in that minute, by all sweeps together.';
comment on column genhook.accounts.submit_minute is 'The minute that submits counts.';
comment on column genhook.accounts.submits is 'Requests sent in that minute, by all sweeps together.';

create table genhook.replays (
    received_at  timestamptz not null,
    id           uuid        not null,
    requested_at timestamptz not null default now(),
    replay_id    uuid        not null default gen_random_uuid(),
    finished_at  timestamptz,
    outcome      genhook.delivery_outcome,
    note         text,
    leased_until timestamptz,
    lease_owner  text,
    primary key (received_at, id),
    constraint replays_finished_has_outcome
        check ((finished_at is null) = (outcome is null)),
    constraint replays_lease_is_whole
        check ((leased_until is null) = (lease_owner is null)),
    constraint replays_leased_while_open
        check (finished_at is null or lease_owner is null)
);
create index replays_due on genhook.replays (requested_at)
    where finished_at is null;
comment on table genhook.replays is
    'Deliveries that replay_deliveries() chose to be parsed anew, and what became of each.';
comment on column genhook.replays.received_at is 'The delivery''s received_at.';
comment on column genhook.replays.id is 'The delivery''s id.';
comment on column genhook.replays.requested_at is 'When it was asked for: received_at of the delivery that the replay makes.';
comment on column genhook.replays.replay_id is 'Its id, known before it is made: a replay that is cut off and begun again makes one row.';
comment on column genhook.replays.finished_at is 'When it was done; NULL while it waits.';
comment on column genhook.replays.outcome is 'What it came to; the delivery''s own outcome where nothing has changed, and then no delivery is made.';
comment on column genhook.replays.note is 'Why no delivery was made of it.';
comment on column genhook.replays.leased_until is 'A program is at it; until then no other one will be.';
comment on column genhook.replays.lease_owner is 'Which program: host, process and run.';

create table genhook.marks (
    name text        primary key,
    at   timestamptz not null
);
comment on table genhook.marks is 'How far the sweeps have come with work that follows received_at.';
comment on column genhook.marks.name is 'traffic: counted in hours. bodies: those of finished tasks dropped. clock: the time at which the last sweep began.';
comment on column genhook.marks.at is 'All deliveries up to then are done.';

create table genhook.hours (
    hour       timestamptz              not null,
    provider   genhook.provider_name    not null,
    account    genhook.account_name     not null,
    source     genhook.delivery_source  not null,
    outcome    genhook.delivery_outcome not null,
    deliveries bigint                   not null,
    last_at    timestamptz              not null,
    announced  bigint                   not null default 0,
    primary key (hour, provider, account, source, outcome),
    constraint hours_announced check (announced between 0 and deliveries)
) with (fillfactor = 50);
comment on table genhook.hours is 'Deliveries counted by hour; genhook.traffic adds those of this minute.';
comment on column genhook.hours.hour is 'The hour''s beginning.';
comment on column genhook.hours.provider is 'The provider.';
comment on column genhook.hours.account is 'The account.';
comment on column genhook.hours.source is 'callback, poll or replay.';
comment on column genhook.hours.outcome is 'As in deliveries.';
comment on column genhook.hours.deliveries is 'How many.';
comment on column genhook.hours.last_at is 'received_at of the newest.';
comment on column genhook.hours.announced is
    'Of accepted polls: those of tasks whose callback had come and was not believed (trust = requery).';

create table genhook.requests (
    id              bigint      generated always as identity primary key,
    provider        genhook.provider_name   not null,
    model           text                    not null,
    account         genhook.account_name    not null default 'default',
    request         jsonb                   not null default '{}',
    metadata        jsonb,
    status          genhook.request_status  not null default 'queued',
    task_id         genhook.task_key,
    error           text,
    attempts        genhook.count_from_zero not null default 0,
    queued_at       timestamptz not null default now(),
    next_attempt_at timestamptz default now(),
    sent_at         timestamptz,
    settled_at      timestamptz,
    path            text,
    callback        boolean     not null default true,
    test_mode       boolean     not null default false,
    once_key        uuid        not null default gen_random_uuid(),
    sender          text,
    leased_until    timestamptz,
    constraint requests_model_is_a_name
        check (octet_length(model) between 1 and 256),
    constraint requests_request_is_an_object
        check (jsonb_typeof(request) = 'object'),
    constraint requests_path_is_a_path
        check (path ~ '^/[!-"$-~]*$' and octet_length(path) <= 1024),
    constraint requests_queued_is_scheduled
        check ((status = 'queued') = (next_attempt_at is not null)),
    constraint requests_sending_is_leased
        check ((status = 'sending') = (leased_until is not null)
            and (status <> 'sending' or (sender is not null
                and sent_at is not null))),
    constraint requests_submitted_has_a_task
        check ((status = 'submitted') = (task_id is not null)),
    constraint requests_settled_has_a_time
        check ((status in ('submitted', 'refused', 'unknown'))
            = (settled_at is not null)),
    constraint requests_says_why
        check (status not in ('refused', 'unknown') or error is not null)
) with (fillfactor = 80);
create index requests_due on genhook.requests
    (provider, account, next_attempt_at) where status = 'queued';
create index requests_sending on genhook.requests (leased_until)
    where status = 'sending';
create index requests_odd on genhook.requests (settled_at)
    where status in ('refused', 'unknown');
create index requests_task on genhook.requests (provider, task_id)
    where task_id is not null;
comment on table genhook.requests is
    'The outbox. Insert provider, model and request; the sweep sends it, once, and registers the task. queued becomes sending, then submitted, refused (the provider said no), or unknown (nobody can say whether it was taken).';
comment on column genhook.requests.id is 'Number of the request.';
comment on column genhook.requests.provider is 'novita, apimart, apixo or wavespeed.';
comment on column genhook.requests.model is 'The model, as the provider''s page writes it.';
comment on column genhook.requests.account is 'Whose API key: a section title in genhook.conf.';
comment on column genhook.requests.request is 'The JSON body as the provider''s page shows it, without the callback: genhook puts that in.';
comment on column genhook.requests.metadata is 'Your own; goes to the task.';
comment on column genhook.requests.status is 'queued, sending, submitted, refused or unknown.';
comment on column genhook.requests.task_id is 'The task at the provider, once submitted.';
comment on column genhook.requests.error is 'Why it was refused, is unknown, or has to wait.';
comment on column genhook.requests.attempts is 'How often it was sent.';
comment on column genhook.requests.queued_at is 'When it was inserted.';
comment on column genhook.requests.next_attempt_at is 'Not sent before then; NULL once it is.';
comment on column genhook.requests.sent_at is 'When it was last sent.';
comment on column genhook.requests.settled_at is 'When it became submitted, refused or unknown.';
comment on column genhook.requests.path is 'The path below api_base to send it to, where the one for the model is not wanted, such as /v1/videos/TASK/remix.';
comment on column genhook.requests.callback is 'False puts no callback into the request: the task is found by polls.';
comment on column genhook.requests.test_mode is 'Ask for a mock event in place of a generation (novita).';
comment on column genhook.requests.once_key is 'Sent as Idempotency-Key where the provider takes one.';
comment on column genhook.requests.sender is 'Which sweep or command sent it last.';
comment on column genhook.requests.leased_until is 'While sending: if no answer is written by then, its fate is unknown.';

create table genhook.objects (
    kind   text not null,
    name   text not null,
    digest text not null,
    primary key (kind, name)
);
comment on table genhook.objects is
    'The schema as the last migration left it; schema_drift() compares.';
comment on column genhook.objects.kind is 'table, column, constraint, index, view, function, trigger, type, domain, grants, server, or files.';
comment on column genhook.objects.name is 'Its name.';
comment on column genhook.objects.digest is 'MD5 of its definition, and after a colon that of its comment; of files, their SHA-256.';

insert into genhook.marks values ('traffic', now() - interval '1 day'),
    ('bodies', '-infinity'), ('clock', now());
