-- Small pictures, for the page: few, and none of the users' data depends on them.
create table genhook.thumbs (
    provider genhook.provider_name   not null,
    task_id  genhook.task_key        not null,
    position genhook.count_from_zero not null,
    made_at  timestamptz             not null default now(),
    sha256   genhook.sha256_hex      not null,
    error    text,
    picture  bytea,
    primary key (provider, task_id, position),
    foreign key (provider, task_id, position) references genhook.outputs
        on delete cascade,
    constraint thumbs_is_made_or_failed
        check (picture is null or error is null),
    constraint thumbs_picture_is_small
        check (octet_length(picture) between 12 and 1048576)
);
alter table genhook.thumbs alter column picture set storage external;
create index thumbs_made on genhook.thumbs (made_at);
comment on table genhook.thumbs is
    'A small picture (WebP) of a stored picture or film, for the page; the newest web.thumbs are kept.';
comment on column genhook.thumbs.provider is 'The output''s provider.';
comment on column genhook.thumbs.task_id is 'The output''s task.';
comment on column genhook.thumbs.position is 'The output''s position.';
comment on column genhook.thumbs.made_at is 'When it was made or could not be, or when a sweep began with it.';
comment on column genhook.thumbs.sha256 is 'The SHA-256 of the file that it is of.';
comment on column genhook.thumbs.error is 'Why there is none of this file.';
comment on column genhook.thumbs.picture is 'The small picture; NULL while a sweep makes it.';

insert into genhook.marks values ('thumbs', now()) on conflict do nothing;
comment on column genhook.marks.name is 'traffic: counted in hours. bodies: those of finished tasks dropped. clock: the time at which the last sweep began. days: counted by day. days before: from then on every day is counted; -infinity once all are. thumbs: what was stored before has its small picture.';
