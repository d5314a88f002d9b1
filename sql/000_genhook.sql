-- The schema and the record of what has been applied to it.  Every later file
-- is applied once, in the order of its number, by `genhook migrate`.

create schema if not exists genhook;
comment on schema genhook is
    'Webhooks of AI-generation providers: tasks, their outputs, and every delivery.';

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

-- Programs compare this with the version they were built for.
create function genhook.schema_version()
returns integer
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$ select max(version) from migrations $$;
comment on function genhook.schema_version() is
    'Number of the last migration applied.';
