-- An account whose provider is down, that has no credit, or that meets a block page
-- waits as a whole, longer each time.  What a person withdrew is told from what a
-- provider refused.  And a database knows what it is told from a copy of it by.
alter table genhook.accounts
    add column trouble       text,
    add column troubles      integer not null default 0,
    add column trouble_since timestamptz,
    add column probed_at     timestamptz,
    add constraint accounts_trouble_is_known
        check (trouble in ('down', 'no credit', 'walled off', 'rate limit')),
    add constraint accounts_troubles_have_a_name
        check (troubles >= 0 and (troubles = 0 or (trouble is not null
            and trouble_since is not null)));
comment on column genhook.accounts.not_before is
    'Not asked before then: the provider wished so (429), is down, or cannot be reached behind a wall; or the account has no credit, and no request is sent.';
comment on column genhook.accounts.trouble is
    'What is the matter: down, no credit, walled off, or rate limit.';
comment on column genhook.accounts.troubles is
    'How often in a row it has been paused for the first three; 0 once an answer was well.';
comment on column genhook.accounts.trouble_since is 'Since when.';
comment on column genhook.accounts.probed_at is
    'When a first poll or request went out to see whether all is well again; no other goes meanwhile.';

alter table genhook.requests
    add column withdrawn boolean not null default false,
    -- A look at each row; no callback waits for that.
    add constraint requests_withdrawn_is_refused
        check (not withdrawn or status = 'refused');
comment on column genhook.requests.withdrawn is
    'Refused by cancel_requests(), not by the provider: only its own id sends it again.';
update genhook.requests set withdrawn = true
where status = 'refused' and error = 'withdrawn before it was sent';

create table genhook.identity (
    one               boolean     primary key default true,
    system_identifier text,
    database_oid      oid         not null,
    nonce             uuid        not null default gen_random_uuid(),
    sent              bigint      not null default 0,
    server_started    timestamptz,
    doubt             text,
    doubt_since       timestamptz,
    doubt_words       text,
    constraint identity_is_one_row check (one),
    constraint identity_doubt_is_known
        check (doubt in ('another database', 'behind', 'stranger')),
    constraint identity_doubt_is_whole
        check (num_nonnulls(doubt, doubt_since, doubt_words) in (0, 3))
);
comment on table genhook.identity is
    'What this database is told from a copy of it by. A copy sends no requests until a person says that it may: resume_sending().';
comment on column genhook.identity.one is 'There is one row.';
comment on column genhook.identity.system_identifier is
    'The cluster''s, of pg_control_system(); NULL where that may not be read.';
comment on column genhook.identity.database_oid is 'The database''s within the cluster.';
comment on column genhook.identity.nonce is
    'Names the note in the spool''s folder of each host that sends.';
comment on column genhook.identity.sent is
    'How many requests were claimed to be sent so far; the note in the spool''s folder says the same.';
comment on column genhook.identity.server_started is
    'When the server began that a sweep with a note was last content with.';
comment on column genhook.identity.doubt is
    'Why it may be a copy: another database (restored elsewhere, moved by pg_upgrade), behind (it has forgotten requests that were sent), stranger (a host without a note, after the server was started anew).';
comment on column genhook.identity.doubt_since is 'Since when.';
comment on column genhook.identity.doubt_words is 'The same in words, with what to do.';

-- A new database has not had it yet.
drop function if exists genhook.claim_requests(text, text, text, interval, integer, bigint, integer);
