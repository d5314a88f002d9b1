-- What the page keeps: who did what, what was set aside, sign-ins, and what was
-- finished by the day.

create table genhook.actions (
    id          bigint      generated always as identity primary key,
    at          timestamptz not null default now(),
    name        text        not null,
    remote_addr text,
    action      text        not null,
    arguments   jsonb       not null default '{}',
    changed     genhook.count_from_zero not null
);
create index actions_task on genhook.actions
    ((arguments ->> 'provider'), (arguments ->> 'task_id'))
    where arguments ? 'task_id';
comment on table genhook.actions is
    'What people did on the page: one row for each action.';
comment on column genhook.actions.id is 'Number of the action.';
comment on column genhook.actions.at is 'When.';
comment on column genhook.actions.name is 'Who: the name that was signed in.';
comment on column genhook.actions.remote_addr is 'From where, as the web server saw it.';
comment on column genhook.actions.action is 'What was asked for: retry_outputs, repoll_tasks, cancel_tasks, replay_deliveries, requeue_request, settle_request, cancel_request or set_aside.';
comment on column genhook.actions.arguments is 'Of what.';
comment on column genhook.actions.changed is 'How many rows it changed.';

create table genhook.set_asides (
    key      text        primary key,
    reason   text        not null,
    provider text,
    task_id  text,
    since    timestamptz,
    details  text,
    at       timestamptz not null default now()
);
comment on table genhook.set_asides is
    'Rows of attention that somebody has seen and set aside, until they change.';
comment on column genhook.set_asides.key is 'attention_key() of the row.';
comment on column genhook.set_asides.reason is 'As in attention.';
comment on column genhook.set_asides.provider is 'As in attention.';
comment on column genhook.set_asides.task_id is 'As in attention.';
comment on column genhook.set_asides.since is 'As in attention.';
comment on column genhook.set_asides.details is 'As in attention.';
comment on column genhook.set_asides.at is 'When it was set aside.';

create table genhook.web_codes (
    digest     bytea       primary key,
    name       text        not null,
    may_act    boolean     not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint web_codes_digest_is_a_sum check (octet_length(digest) = 32)
);
comment on table genhook.web_codes is
    'Sign-in codes of "genhook web login": each works once, for ten minutes.';
comment on column genhook.web_codes.digest is 'SHA-256 of the code.';
comment on column genhook.web_codes.name is 'Who signs in by it.';
comment on column genhook.web_codes.may_act is 'Whether that session may change something.';
comment on column genhook.web_codes.expires_at is 'When it ends.';
comment on column genhook.web_codes.used_at is 'When it was used.';

create table genhook.web_names (
    name          text        primary key,
    signed_out_at timestamptz not null
);
comment on table genhook.web_names is
    'Who was signed out of the page by "genhook web logout".';
comment on column genhook.web_names.name is 'Who.';
comment on column genhook.web_names.signed_out_at is 'Sessions that began by then are over.';

create table genhook.web_tries (
    address text        not null,
    minute  timestamptz not null,
    tries   integer     not null,
    primary key (address, minute)
);
comment on table genhook.web_tries is
    'Sign-ins of the page that failed, by address and minute.';
comment on column genhook.web_tries.address is 'The network they came from.';
comment on column genhook.web_tries.minute is 'The minute''s beginning.';
comment on column genhook.web_tries.tries is 'How many.';

create table genhook.days (
    day       date    not null,
    provider  genhook.provider_name not null,
    account   genhook.account_name  not null,
    model     text    not null default '',
    succeeded bigint  not null,
    failed    bigint  not null,
    cancelled bigint  not null,
    lost      bigint  not null,
    by_poll   bigint  not null,
    outputs   bigint  not null,
    bytes     numeric not null,
    seconds   numeric not null,
    cost      numeric not null,
    told      bigint  not null,
    primary key (day, provider, account, model)
) with (fillfactor = 70);
comment on table genhook.days is
    'Tasks that ended on each day (UTC), by provider, account and model; kept for ever. The sweep fills it, with some minutes'' delay.';
comment on column genhook.days.day is 'The day (UTC).';
comment on column genhook.days.provider is 'The provider.';
comment on column genhook.days.account is 'The account.';
comment on column genhook.days.model is 'The model; empty where nobody said.';
comment on column genhook.days.succeeded is 'Tasks that succeeded.';
comment on column genhook.days.failed is 'Tasks that failed.';
comment on column genhook.days.cancelled is 'Tasks that were cancelled.';
comment on column genhook.days.lost is 'Tasks that were lost.';
comment on column genhook.days.by_poll is 'Of all of these, those that a poll brought.';
comment on column genhook.days.outputs is 'Outputs of these tasks that are stored, or text.';
comment on column genhook.days.bytes is 'Bytes of those stored.';
comment on column genhook.days.seconds is 'From submission to end, of the tasks that succeeded, together.';
comment on column genhook.days.cost is 'What the provider said that they cost, together.';
comment on column genhook.days.told is 'Tasks of which the provider said it.';

insert into genhook.marks values
    ('days', '-infinity'),
    ('days before', date_trunc('day', now() + interval '1 day', 'UTC'))
on conflict do nothing;
comment on column genhook.marks.name is 'traffic: counted in hours. bodies: those of finished tasks dropped. clock: the time at which the last sweep began. days: counted by day. days before: from then on every day is counted; -infinity once all are.';
