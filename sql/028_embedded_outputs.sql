-- Outputs have the payload's own name; files that came within a payload wait in a
-- table of their own; deliveries say which token they showed.
alter table genhook.outputs add column name text;
comment on column genhook.outputs.name is
    'What the payload calls it: the name of the member that held it, as "video" or "thumbnail_url".';

alter table genhook.deliveries add column token text;
-- PostgreSQL gives a partition none of its table's comments.
do $$
declare
    r regclass;
begin
    for r in select 'genhook.deliveries'::regclass union all
        select inhrelid from pg_inherits
        where inhparent = 'genhook.deliveries'::regclass
    loop
        execute format('comment on column %s.token is %L', r,
            'Which of the account''s tokens it showed: the first eight hexadecimal digits of the token''s SHA-256; NULL for polls and for what came before this was kept.');
        execute format('comment on column %s.body is %L', r,
            'The bytes as they came, but for live tokens and for files of over 64 KiB within it, of which the type and digest are left; NULL when the same bytes are kept in an earlier row of the task, or when an unverified body is over 64 KiB.');
    end loop;
end
$$;
comment on column genhook.outputs.url is
    'The provider''s link; of a file that came within the payload "data:TYPE;sha256=DIGEST".';

create table genhook.embedded (
    provider genhook.provider_name   not null,
    task_id  genhook.task_key        not null,
    position genhook.count_from_zero not null,
    content  bytea                   not null,
    primary key (provider, task_id, position),
    foreign key (provider, task_id, position) references genhook.outputs
        on delete cascade
);
-- Pictures, films and sounds are compressed already.
alter table genhook.embedded alter column content set storage external;
comment on table genhook.embedded is
    'Files that came within a payload, from their receipt until they are in the archive.';
comment on column genhook.embedded.provider is 'The output''s provider.';
comment on column genhook.embedded.task_id is 'The output''s task.';
comment on column genhook.embedded.position is 'The output''s position.';
comment on column genhook.embedded.content is 'The file.';

-- Its arguments change.
drop function if exists genhook.receive(uuid[], timestamptz[], text[], text[], text[],
    text[], text[], text[], text[], bytea[], text[], text[], text[], text[],
    text[], text[], boolean[], timestamptz[], timestamptz[], bytea[],
    integer[], integer[], text[], text[], text[], timestamptz[], text[],
    boolean);
