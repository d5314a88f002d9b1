-- The tables.  Columns stand in the order in which a person reads them, states
-- are words, and what may not be is refused: by a domain where a value itself
-- is wrong, by a CHECK where values do not fit together.

-- Words and forms.  (A domain's rule is prepared once in a session, a CHECK's
-- anew for each statement: at a callback's price that counts.)
create domain genhook.provider_name as text collate "C"
    check (octet_length(value) between 1 and 32 and translate(value,
        'abcdefghijklmnopqrstuvwxyz0123456789_', '') = '');
create domain genhook.task_key as text collate "C"
    check (octet_length(value) between 1 and 256);
create domain genhook.account_name as text collate "C"
    check (octet_length(value) between 1 and 64);
create domain genhook.task_status as text collate "C"
    check (value in ('pending', 'succeeded', 'failed', 'cancelled', 'lost'));
create domain genhook.result_source as text collate "C"
    check (value in ('callback', 'poll'));
create domain genhook.output_status as text collate "C"
    check (value in ('pending', 'stored', 'expired', 'failed', 'inline'));
create domain genhook.output_kind as text collate "C"
    check (value in ('image', 'video', 'audio', 'file', 'text'));
create domain genhook.expiry_source as text collate "C"
    check (value in ('field', 'url', 'provider', 'unknown'));
create domain genhook.archive_url as text
    check (value ~ '^(file|s3)://');
create domain genhook.sha256_hex as text collate "C"
    check (value ~ '^[0-9a-f]{64}$');
create domain genhook.count_from_zero as integer check (value >= 0);
create domain genhook.size_in_bytes as bigint check (value >= 0);
create domain genhook.delivery_source as text collate "C"
    check (value in ('callback', 'poll', 'replay'));
create domain genhook.delivery_outcome as text collate "C"
    check (value in ('accepted', 'duplicate', 'conflict', 'ignored',
        'unparsed', 'stale', 'rejected', 'unverified'));
create domain genhook.sender_verdict as text collate "C"
    check (value in ('signature', 'token', 'none', 'failed'));

comment on domain genhook.provider_name is 'A provider, as in paths and settings.';
comment on domain genhook.task_key is 'A provider''s own id of a task: up to 256 bytes.';
comment on domain genhook.account_name is 'An account: a section title of the settings file.';
comment on domain genhook.task_status is 'pending, succeeded, failed, cancelled or lost.';
comment on domain genhook.result_source is 'What brought a final state: callback or poll.';
comment on domain genhook.output_status is 'pending, stored, expired, failed or inline.';
comment on domain genhook.output_kind is 'image, video, audio, file or text.';
comment on domain genhook.expiry_source is 'Who says when a link ends: field, url, provider or nobody (unknown).';
comment on domain genhook.archive_url is 'A file:// or s3:// URL.';
comment on domain genhook.sha256_hex is 'A SHA-256 in lower-case hex.';
comment on domain genhook.count_from_zero is 'A count.';
comment on domain genhook.size_in_bytes is 'A size in bytes.';
comment on domain genhook.delivery_source is 'callback, poll or replay.';
comment on domain genhook.delivery_outcome is 'accepted, duplicate, conflict, ignored, unparsed, stale, rejected or unverified.';
comment on domain genhook.sender_verdict is 'What proved the sender: signature, token, none; or failed.';

create table genhook.tasks (
    provider        genhook.provider_name not null,
    task_id         genhook.task_key      not null,
    status          genhook.task_status   not null default 'pending',
    model           text,
    account         genhook.account_name  not null default 'default',
    error_code      text,
    error_message   text,
    is_test         boolean     not null default false,
    submitted_at    timestamptz,
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
    constraint tasks_finished_when_final
        check ((status = 'pending') = (finished_at is null)),
    constraint tasks_pending_has_no_result
        check (status <> 'pending' or (source is null and result is null
            and error_code is null and submitted_at is not null)),
    constraint tasks_polled_only_while_pending
        check (status = 'pending' or next_poll_at is null),
    constraint tasks_no_error_in_success
        check (status <> 'succeeded'
            or (error_code is null and error_message is null))
) with (fillfactor = 80);

-- Due polls, oldest first.  A task that was never polled has no next_poll_at:
-- how long it may wait for its callback is the sweep's setting.
create index tasks_due on genhook.tasks
    (provider, account, (coalesce(next_poll_at, submitted_at)))
    where status = 'pending';
-- What `attention` and `provider_health` look at.
create index tasks_lost on genhook.tasks (provider, finished_at)
    where status = 'lost';
create index tasks_finished on genhook.tasks (finished_at);

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
    primary key (provider, task_id, position),
    constraint outputs_expiry_known
        check ((expires_source = 'unknown') = (expires_at is null)),
    constraint outputs_inline_has_text
        check ((status = 'inline') = (inline_text is not null)),
    constraint outputs_link_has_url
        check (status = 'inline' or url is not null),
    constraint outputs_stored_is_complete
        check ((status = 'stored') = (location is not null)
            and (status <> 'stored' or (bytes is not null
                and sha256 is not null and stored_at is not null))),
    constraint outputs_pending_is_scheduled
        check ((status = 'pending') = (next_attempt_at is not null)),
    constraint outputs_lease_is_whole
        check ((leased_until is null) = (lease_owner is null)),
    constraint outputs_leased_while_pending
        check (status = 'pending' or lease_owner is null)
) with (fillfactor = 75);

-- Soonest expiry first; an unknown expiry is treated as urgent.
create index outputs_due on genhook.outputs
    ((coalesce(expires_at, '-infinity'::timestamptz)))
    where status = 'pending';
create index outputs_missed on genhook.outputs (provider, task_id)
    where status in ('expired', 'failed');
create index outputs_stored on genhook.outputs (stored_at)
    where status = 'stored';

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
comment on column genhook.outputs.next_attempt_at is 'Not tried before then.';
comment on column genhook.outputs.leased_until is 'A sweep is fetching it; until then no other one will.';
comment on column genhook.outputs.lease_owner is 'Which sweep: host, process and run.';
comment on column genhook.outputs.etag is 'ETag that the store gave, if any.';
comment on column genhook.outputs.last_error is 'Why the last attempt failed.';
comment on column genhook.outputs.stored_at is 'When the file was complete on disk.';

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
    where outcome in ('conflict', 'unparsed', 'rejected', 'unverified');

-- Catches what no month's partition takes: a clock gone wrong, or a spool
-- file from before the first month.
create table genhook.deliveries_default
    partition of genhook.deliveries default;

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

-- A task's outputs go with it, should somebody delete it by hand.  (A foreign
-- key would have to look for the task at every insert.)
create function genhook.delete_outputs()
returns trigger
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
begin
    delete from outputs o
    where o.provider = old.provider and o.task_id = old.task_id;
    return null;
end
$$;
comment on function genhook.delete_outputs() is
    'Trigger: deletes the outputs of a deleted task.';
create trigger tasks_delete_outputs after delete on genhook.tasks
    for each row execute function genhook.delete_outputs();

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
comment on column genhook.sweeps.counts is 'What it did: drained, polled, finished, stored, expired, failed, bytes.';
comment on column genhook.sweeps.error is 'What kept it from doing everything.';

-- Make this month's partition of deliveries and the next ones.  Rows that
-- meanwhile fell into the default partition move to where they belong.
create function genhook.ensure_partitions(p_months_ahead integer default 2)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    m     timestamptz;
    child text;
begin
    -- Two sweeps at once would both make the same month.
    perform pg_advisory_xact_lock(hashtext('genhook partitions'));
    for m in select generate_series(date_trunc('month', now()),
            date_trunc('month', now()) + p_months_ahead * interval '1 month',
            interval '1 month')
    loop
        child := 'deliveries_' || to_char(m, 'YYYY_MM');
        continue when to_regclass('genhook.' || child) is not null;
        execute format('create table genhook.%I (like genhook.deliveries including defaults including constraints)', child);
        execute format(
            'with moved as (delete from genhook.deliveries_default where received_at >= %L and received_at < %L returning *) insert into genhook.%I select * from moved',
            m, m + interval '1 month', child);
        execute format(
            'alter table genhook.deliveries attach partition genhook.%I for values from (%L) to (%L)',
            child, m, m + interval '1 month');
        return next child;
    end loop;
end
$$;
comment on function genhook.ensure_partitions(integer) is
    'Creates the monthly partitions of deliveries up to so many months ahead; returns the names of new ones.';

select genhook.ensure_partitions();
