-- A delivery that is sent again may be visible and yet be on this server alone:
-- the backend that committed it was ended, or the server restarted, while it
-- waited for its synchronous standby.  To pass it over writes nothing, such a
-- transaction waits for no standby, and the sender would let go of what a
-- failover can still lose.  So something is written: a message that nobody
-- reads, and the commit behind it waits for all that was before.
do $patch$
declare
    as_was constant text := pg_get_functiondef('genhook.receive'::regproc);
    look   constant text := $$where (select true from deliveries d
            where d.received_at = b.received_at and d.id = b.id);
$$;
    better text;
begin
    better := replace(as_was, look, look || $$        if cardinality(known) > 0 then
            perform pg_logical_emit_message(true, 'genhook', 'known');
        end if;
$$);
    if better = as_was then
        raise exception 'receive() is not the one that this changes';
    end if;
    execute better;
end
$patch$;
