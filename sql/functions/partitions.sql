-- The partitions of deliveries: one a month, made ahead.

-- PostgreSQL gives a partition none of its table's comments: this does.
create or replace function genhook.comment_partition(p_name text)
returns void
language plpgsql
security definer
set search_path = genhook, pg_temp
as $$
declare
    name  text;
    words text;
begin
    execute format('comment on table genhook.%I is %L', p_name,
        case p_name
            when 'deliveries_default' then 'Deliveries of no month that has a partition.'
            else 'Deliveries received in ' || translate(right(p_name, 7), '_', '-')
                || ' (UTC).'
        end);
    for name, words in
        select a.attname, col_description(a.attrelid, a.attnum)
        from pg_attribute a
        where a.attrelid = 'genhook.deliveries'::regclass
            and a.attnum > 0 and not a.attisdropped
    loop
        execute format('comment on column genhook.%I.%I is %L', p_name, name,
            words);
    end loop;
end
$$;
comment on function genhook.comment_partition(text) is
    'Gives a partition of deliveries its comments.';

-- A new month takes over what the default partition already has of it.
create or replace function genhook.ensure_partitions(
    p_months_ahead integer default 2)
returns setof text
language plpgsql
security definer
set search_path = genhook, pg_temp
set timezone = 'UTC'
as $$
declare
    m     timestamptz;
    child text;
begin
    -- Two sweeps at once would both make the same month.
    perform pg_advisory_xact_lock(hashtext('genhook partitions'));
    for m in select generate_series(date_trunc('month', now()),
            date_trunc('month', now()) + p_months_ahead * interval '1 month',
            interval '1 month')
    loop
        child := 'deliveries_' || to_char(m, 'YYYY_MM');
        continue when to_regclass('genhook.' || child) is not null;
        execute format('create table genhook.%I (like genhook.deliveries including defaults including constraints)', child);
        perform comment_partition(child);
        execute format(
            'with moved as (delete from genhook.deliveries_default where received_at >= %L and received_at < %L returning *) insert into genhook.%I select * from moved',
            m, m + interval '1 month', child);
        execute format(
            'alter table genhook.deliveries attach partition genhook.%I for values from (%L) to (%L)',
            child, m, m + interval '1 month');
        return next child;
    end loop;
end
$$;
comment on function genhook.ensure_partitions(integer) is
    'Creates the monthly partitions of deliveries up to so many months ahead; returns the names of new ones.';

-- Those of this month and the next two; later ones are made by the sweeps.
do $$
begin
    perform genhook.ensure_partitions();
end
$$;
