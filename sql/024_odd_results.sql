-- A success that brought nothing, or an output that nobody understands, is a
-- result all the same, and paid for: a person should see it, without looking
-- into every delivery.  Its note says what is odd.

drop index genhook.deliveries_odd;
create index deliveries_odd on genhook.deliveries (outcome, received_at)
    where outcome in ('conflict', 'unparsed', 'rejected', 'unverified')
        or (outcome = 'accepted' and note is not null);

-- To all that attention shows already, whatever that is by now.
do $$
begin
    execute 'create or replace view genhook.attention as '
        || rtrim(pg_get_viewdef('genhook.attention'::regclass), ';')
        || $odd$ union all select 'odd result', provider, task_id, received_at, note,
            format('select * from genhook.outputs where provider = %L and task_id = %L', provider, task_id)
        from genhook.deliveries
        where outcome = 'accepted' and note is not null
            and (source <> 'replay' or note like 'replay of %: %')
            and received_at > now() - interval '7 days'$odd$;
end
$$;
