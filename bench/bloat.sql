-- Tasks through their whole life: registered, called back, their outputs
-- claimed and stored; a batch of 500 at each step, each step a transaction, as
-- a busy host would have it.  Called by bench/bloat.
create schema if not exists bench;

create procedure bench.live(p_first integer, p_last integer, p_body text)
language plpgsql
as $$
declare
    batch constant integer := 500;
    ids   text[];
begin
    for i in p_first / batch .. p_last / batch - 1 loop
        ids := array(select 'task_' || lpad(n::text, 8, '0')
                || substr(md5(n::text), 1, 16)
            from generate_series(i * batch + 1, (i + 1) * batch) as n);
        perform genhook.register_task('apimart', id, 'a-model')
        from unnest(ids) as id;
        commit;
        perform genhook.receive(array_agg(gen_random_uuid()), array_agg(now()),
            array_agg('apimart'::text), array_agg('default'::text),
            array_agg('callback'::text), array_agg('accepted'::text),
            array_agg('token'::text), array_agg('192.0.2.1'::text),
            array_agg('{"Content-Type": "application/json"}'::text),
            array_agg(convert_to(replace(p_body, '@ID@', id), 'UTF8')),
            array_agg(null::text), array_agg(id),
            array_agg('succeeded'::text), array_agg(null::text),
            array_agg(null::text), array_agg(null::text), array_agg(false),
            array_agg(null::timestamptz), array_agg(now()),
            array_agg(sha256(id::bytea)), array_agg(n::integer),
            array_agg(0), array_agg('image'::text),
            array_agg('https://upload.example/f/image/' || id || '.png'),
            array_agg(null::text), array_agg(now() + interval '1 day'),
            array_agg('field'::text))
        from unnest(ids) with ordinality as t(id, n);
        commit;
        perform genhook.claim_outputs('bench', '2 minutes', batch);
        commit;
        perform genhook.store_outputs('bench', array_agg('apimart'::text),
            ids, array_agg(0), array_agg('file:///outputs/apimart/' || id),
            array_agg(1048576::bigint), array_agg(repeat(md5(id), 2)),
            array_agg('image/png'::text), array_agg(null::text))
        from unnest(ids) as id;
        commit;
    end loop;
end
$$;

-- How large a table is, beside a copy made anew with no room left free.
create function bench.weigh(p_table text)
returns table (name text, size_mb numeric, indexes_mb numeric,
    copy_mb numeric, copy_indexes_mb numeric, times numeric,
    updates bigint, hot_percent numeric)
language plpgsql
as $$
begin
    execute format('create table bench.copy (like genhook.%I including all)', p_table);
    execute 'alter table bench.copy set (fillfactor = 100)';
    execute format('insert into bench.copy select * from genhook.%I', p_table);
    execute 'analyze bench.copy';
    return query
    select p_table, round(pg_table_size(t.oid) / 1e6),
        round(pg_indexes_size(t.oid) / 1e6), round(pg_table_size(c.oid) / 1e6),
        round(pg_indexes_size(c.oid) / 1e6),
        round(pg_total_relation_size(t.oid)::numeric
            / pg_total_relation_size(c.oid), 2),
        s.n_tup_upd,
        round(100.0 * s.n_tup_hot_upd / nullif(s.n_tup_upd, 0))
    from (select to_regclass('genhook.' || quote_ident(p_table))::oid) as t(oid),
        (select 'bench.copy'::regclass::oid) as c(oid),
        pg_stat_user_tables s
    where s.relid = t.oid;
    execute 'drop table bench.copy';
end
$$;
