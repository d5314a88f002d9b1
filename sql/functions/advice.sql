-- What settings of the server's are worth changing, by what it has counted.

-- A callback touches a page of three indexes that, where the provider's ids fall
-- anywhere, hardly another one touched; and the first touch of a page after a
-- checkpoint puts it whole into the write-ahead log.  So with many tasks rare
-- checkpoints save the most, and lz4 a fifth of each page.  pglz is no help: it keeps
-- only what it makes smaller by a quarter, and such pages it does not.  On a small
-- database neither matters.
--
-- PostgreSQL 17 counts checkpoints in a view of their own, hence the texts.  The few
-- that somebody asked for, by a base backup say, are no sign of a full log: a fifth
-- of all is, and a dozen at least.
create or replace function genhook.wal_advice()
returns table (words text, cure text)
language plpgsql
stable
set search_path = genhook, pg_temp
as $$
declare
    enough constant bigint := 8192;		-- megabytes
    timed  bigint;
    forced bigint;
    log    record;
begin
    if (select reltuples < 1000000 from pg_class
        where oid = 'genhook.tasks'::regclass)
    then
        return;
    end if;
    execute case
        when current_setting('server_version_num')::integer >= 170000
            then 'select num_timed, num_requested from pg_stat_checkpointer'
        else 'select checkpoints_timed, checkpoints_req from pg_stat_bgwriter'
        end
    into timed, forced;
    select current_setting('max_wal_size') as most,
        max(setting::bigint) filter (where name = 'max_wal_size')
            < enough as is_small,
        current_setting('checkpoint_timeout') as every,
        max(setting::bigint) filter (where name = 'checkpoint_timeout')
            < 900 as is_often,
        current_setting('wal_compression') as compression,
        case when bool_or('lz4' = any (enumvals))
            then ' and wal_compression = lz4' else '' end as compressor
    into log
    from pg_settings
    where name in ('max_wal_size', 'checkpoint_timeout', 'wal_compression');

    if log.is_small and forced >= 12 and forced * 4 >= timed then
        words := format('%s of the last %s checkpoints came before their time, as they do when max_wal_size (%s) is full; each has the pages of the indexes written to the log anew',
            forced, timed + forced, log.most);
        cure := 'max_wal_size = 8GB in postgresql.conf, where the disk has the room; then: select pg_reload_conf()';
        return next;
    end if;
    if log.is_often and log.compression in ('off', 'pglz') then
        words := format('a checkpoint each %s has the pages of the indexes written to the log anew, and wal_compression is %s',
            log.every, log.compression);
        cure := format('checkpoint_timeout = 30min%s in postgresql.conf; then: select pg_reload_conf()',
            log.compressor);
        return next;
    end if;
end
$$;
comment on function genhook.wal_advice() is
    'What settings of the write-ahead log are worth changing on a database with many tasks, and to what; nothing on a small one.';
