-- genhook.receive_quiet(): the same function without its NOTIFY.  A commit that
-- notifies holds a lock of the whole server until it is on disk, so a client
-- with ten connections commits no faster than with one.  Whoever writes to the
-- tables without that notice is not slowed by it; this is for measuring them.
do $$
declare
    quiet text := regexp_replace(pg_get_functiondef('genhook.receive'::regproc),
        'perform pg_notify\(.*?;', '');
begin
    quiet := replace(quiet, 'FUNCTION genhook.receive(',
        'FUNCTION genhook.receive_quiet(');
    if quiet ~ 'pg_notify' or quiet !~ 'receive_quiet' then
        raise 'genhook.receive() does not look as quiet.sql expects';
    end if;
    execute quiet;
    execute 'grant execute on function genhook.receive_quiet to genhook_receiver';
end
$$;
