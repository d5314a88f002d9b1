-- Final tasks that have nothing can be mended by name; tokens have an age.
create table genhook.mends (
    provider        genhook.provider_name   not null,
    task_id         genhook.task_key        not null,
    requested_at    timestamptz             not null default now(),
    next_poll_at    timestamptz,
    polls           genhook.count_from_zero not null default 0,
    last_poll_error text,
    finished_at     timestamptz,
    outcome         genhook.delivery_outcome,
    note            text,
    primary key (provider, task_id),
    constraint mends_open_is_due
        check ((finished_at is null) = (next_poll_at is not null)),
    constraint mends_outcome_when_finished
        check (finished_at is not null or outcome is null)
);
create index mends_due on genhook.mends (provider, next_poll_at)
    where finished_at is null;
comment on table genhook.mends is
    'Final tasks without any output that a person has named to be asked about again, and what came of it. Until an answer brings outputs, the task''s result stands.';
comment on column genhook.mends.provider is 'The task''s provider.';
comment on column genhook.mends.task_id is 'The task''s id.';
comment on column genhook.mends.requested_at is 'When it was named last.';
comment on column genhook.mends.next_poll_at is 'When its provider is asked; NULL when that is over.';
comment on column genhook.mends.polls is 'How often the status API was asked for it.';
comment on column genhook.mends.last_poll_error is 'Why the last poll brought nothing.';
comment on column genhook.mends.finished_at is 'When there was an answer, or it was given up; NULL while it waits.';
comment on column genhook.mends.outcome is 'Of the delivery that answered: accepted (it replaced the result), duplicate (nothing new) or conflict (another result, and the first stands); NULL: there was no final answer.';
comment on column genhook.mends.note is 'What the result was that was replaced; or why there is no answer.';

alter table genhook.outputs add column fresh_link boolean not null default false;
comment on column genhook.outputs.fresh_link is
    'A person has named it: its provider is asked for a fresh link before it is tried.';
alter table genhook.replays add column named boolean not null default false;
comment on column genhook.replays.named is
    'A person has named the delivery or its task: of a task without any output it may replace the result.';

create table genhook.tokens (
    provider      genhook.provider_name not null,
    account       genhook.account_name  not null,
    token         text                  not null,
    first_seen_at timestamptz           not null default now(),
    last_used_at  timestamptz,
    primary key (provider, account, token),
    constraint tokens_token_is_short check (token ~ '^[0-9a-f]{8}$')
);
comment on table genhook.tokens is
    'The settings'' tokens, as the sweeps have seen them: the newest is used for new requests.';
comment on column genhook.tokens.provider is 'The provider.';
comment on column genhook.tokens.account is 'The account.';
comment on column genhook.tokens.token is 'The first eight hexadecimal digits of the token''s SHA-256, as in deliveries.';
comment on column genhook.tokens.first_seen_at is 'When a sweep, or genhook submit, first found it in the settings.';
comment on column genhook.tokens.last_used_at is 'When a delivery last came with it, as far as counted: a sweep counts each minute.';

-- What it returns changes.
drop function if exists genhook.claim_outputs(text, interval, integer, text, text);
