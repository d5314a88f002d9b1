-- Files that were moved to another archive, while their old copies are still there.
create table genhook.moves (
    source   genhook.archive_url     primary key,
    provider genhook.provider_name   not null,
    task_id  genhook.task_key        not null,
    position genhook.count_from_zero not null,
    moved_at timestamptz             not null default now()
);
create index moves_output on genhook.moves (provider, task_id, position);
comment on table genhook.moves is
    'Old copies of files that genhook archive move has brought to another archive, until it has removed them.';
comment on column genhook.moves.source is 'Where the old copy is: a file:// or s3:// URL.';
comment on column genhook.moves.provider is 'The output''s provider.';
comment on column genhook.moves.task_id is 'The output''s task.';
comment on column genhook.moves.position is 'The output''s position.';
comment on column genhook.moves.moved_at is 'When the output got its new location.';
