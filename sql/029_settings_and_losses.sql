-- What the settings of each machine know as accounts, so that the database can
-- tell a task that nobody will ever ask about; and when an output was given up.

create table genhook.settings (
    host     text        not null,
    path     text        not null,
    noted_at timestamptz not null,
    accounts text[]      not null,
    primary key (host, path)
);
comment on table genhook.settings is
    'The accounts in the settings of each machine, as its last sweep noted them.';
comment on column genhook.settings.host is 'On which machine.';
comment on column genhook.settings.path is 'The settings file there.';
comment on column genhook.settings.noted_at is 'When a sweep last read it.';
comment on column genhook.settings.accounts is
    'Its accounts: of each the provider, a blank, and the section''s title.';

alter table genhook.outputs add column given_up_at timestamptz;
comment on column genhook.outputs.given_up_at is
    'When it was last given up (expired, failed). Of no meaning in another status.';
