-- What the schema is: its version, and whether it is as it was made.

-- Programs compare this with the version they were built for.
create or replace function genhook.schema_version()
returns integer
language sql
stable
security definer
set search_path = genhook, pg_temp
as $$ select max(version) from migrations $$;
comment on function genhook.schema_version() is
    'Number of the last migration applied.';

-- Every object of the schema with a digest: the MD5 of its definition and, after a
-- colon, that of its comment.  A digest has to be the same after a dump and restore,
-- in a session with any settings, and on each PostgreSQL that 'server' names.  So the
-- settings by which PostgreSQL writes definitions are set here, and of a view's text,
-- which each restore and release writes a little differently, three things are left
-- out: spaces, the table's name before a column's, and the names that a query gives
-- to its columns (those of the view itself are added).
create or replace function genhook.objects_now()
returns table (kind text, name text, digest text)
language sql
stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set standard_conforming_strings = on
set extra_float_digits = 1
set intervalstyle = postgres
set datestyle = 'ISO, MDY'
set timezone = 'UTC'
set bytea_output = hex
as $$
    with rel as (
        select c.oid, c.relname, c.relkind, c.reloptions, c.relacl,
            c.relowner, c.relpersistence
        from pg_class c
        where c.relnamespace = 'genhook'::regnamespace
            and c.relkind in ('r', 'p', 'v', 'c') and not c.relispartition
    ), col as (
        select r.oid, r.relkind, a.attnum, a.attacl,
            r.relname || '.' || a.attname as name,
            concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                a.attnotnull, a.attcollation::regcollation, a.attidentity,
                pg_get_expr(d.adbin, d.adrelid)) as text,
            col_description(r.oid, a.attnum) as words
        from rel r
        join pg_attribute a on a.attrelid = r.oid
        left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped
    ), columns as (
        select c.oid, string_agg(concat_ws(' ', c.name, c.text), ', '
            order by c.attnum) as text,
            string_agg(c.words, ', ' order by c.attnum) as words
        from col c
        group by c.oid
    ), con as (
        select coalesce(r.relname, t.typname) || '.' || c.conname as name,
            regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '')
                as text,
            obj_description(c.oid, 'pg_constraint') as words,
            c.convalidated
        from pg_constraint c
        left join rel r on r.oid = c.conrelid
        left join pg_type t on t.oid = c.contypid
        where c.connamespace = 'genhook'::regnamespace and c.contype <> 'n'
            and (r.oid is not null or t.oid is not null)
    ), fun as (
        select p.oid, p.proacl, p.proowner, p.proname || '('
                || pg_get_function_identity_arguments(p.oid) || ')' as name,
            concat_ws(' ', p.prosrc, l.lanname, p.prosecdef,
                translate(p.proconfig::text, '"\', ''), p.provolatile,
                p.proisstrict, p.proparallel, p.procost, p.prorows,
                pg_get_function_result(p.oid),
                pg_get_expr(p.proargdefaults, 0)) as text,
            obj_description(p.oid, 'pg_proc') as words
        from pg_proc p
        join pg_language l on l.oid = p.prolang
        where p.pronamespace = 'genhook'::regnamespace
    ), acl as (
        select r.relname::text as name, coalesce(r.relacl,
            acldefault('r', r.relowner)) as acl
        from rel r where r.relkind <> 'c'
        union all
        select c.name, c.attacl from col c where c.attacl is not null
        union all
        select f.name, coalesce(f.proacl, acldefault('f', f.proowner))
        from fun f
        union all
        select 'schema', coalesce(n.nspacl, acldefault('n', n.nspowner))
        from pg_namespace n where n.nspname = 'genhook'
    ), found (kind, name, text, words) as (
        -- Releases that write definitions alike have one name.
        select 'server', case
            when s.release between 15 and 17 then 'PostgreSQL 15 to 17'
            else 'PostgreSQL ' || s.release end, '', null
        from (select current_setting('server_version_num')::integer / 10000)
            as s(release)
        union all
        select 'table', r.relname, concat_ws(' ', r.relkind, r.reloptions,
            r.relpersistence), obj_description(r.oid, 'pg_class')
        from rel r where r.relkind in ('r', 'p')
        union all
        select 'view', r.relname, concat_ws(' ', c.text, r.reloptions,
            regexp_replace(pg_get_viewdef(r.oid),
                '\s+(AS "?[a-z]\w*"?)?|"?\m[a-z]\w*"?\.', '', 'g')),
            concat_ws(', ', obj_description(r.oid, 'pg_class'), c.words)
        from rel r join columns c on c.oid = r.oid where r.relkind = 'v'
        union all
        select 'type', r.relname, c.text, obj_description(t.oid, 'pg_type')
        from rel r
        join columns c on c.oid = r.oid
        join pg_type t on t.typrelid = r.oid
        where r.relkind = 'c'
        union all
        select 'column', c.name, c.text, c.words
        from col c where c.relkind in ('r', 'p')
        union all
        select 'constraint', c.name, c.text, c.words from con c
        union all
        select 'constraint', c.name || ' (not valid)', '', null
        from con c where not c.convalidated
        union all
        select 'index', i.indexrelid::regclass::text, concat_ws(' ',
            pg_get_indexdef(i.indexrelid), i.indisvalid, c.reloptions),
            obj_description(c.oid, 'pg_class')
        from rel r
        join pg_index i on i.indrelid = r.oid
        join pg_class c on c.oid = i.indexrelid
        union all
        select 'function', f.name, f.text, f.words from fun f
        union all
        select 'trigger', r.relname || '.' || t.tgname,
            concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled), null
        from rel r join pg_trigger t on t.tgrelid = r.oid
        where not t.tgisinternal
        union all
        select 'domain', t.typname, concat_ws(' ',
            format_type(t.typbasetype, t.typtypmod), t.typnotnull,
            t.typdefault), obj_description(t.oid, 'pg_type')
        from pg_type t
        where t.typnamespace = 'genhook'::regnamespace and t.typtype = 'd'
        union all
        -- What everybody and our own roles may; others are the operator's.
        select 'grants', a.name, string_agg(coalesce(r.rolname, 'public')
            || '=' || x.privilege_type || x.is_grantable, ' '
            order by r.rolname, x.privilege_type), null
        from acl a
        cross join aclexplode(a.acl) as x
        left join pg_roles r on r.oid = x.grantee
        where x.grantee = 0 or r.rolname in ('genhook_receiver',
            'genhook_sweeper', 'genhook_app', 'genhook_reader',
            'genhook_operator')
        group by a.name
    )
    select f.kind, f.name, concat_ws(':', md5(f.text), md5(f.words))
    from found f
$$;
comment on function genhook.objects_now() is
    'Every table, column, constraint, index, view, function, trigger, type and domain of the schema, and what is granted on it, each with a digest.';

-- The digest of the files, which the program writes, stays.
create or replace function genhook.record_objects()
returns bigint
language sql
security invoker
set search_path = genhook, pg_temp
as $$
    delete from objects where kind <> 'files';
    with kept as (
        insert into objects select n.kind, n.name, n.digest
        from objects_now() n returning 1)
    select count(*) from kept
$$;
comment on function genhook.record_objects() is
    'Notes the schema as it stands for schema_drift(): the last step of a migration.';

create or replace function genhook.schema_drift()
returns table (kind text, name text, what text)
language sql
stable
set search_path = genhook, pg_temp
as $$
    select coalesce(o.kind, n.kind), coalesce(o.name, n.name),
        case when n.name is null then 'is missing'
            when o.name is null then 'is none of genhook''s'
            else 'is not as it was made' end
    from objects o
    full join objects_now() n on n.kind = o.kind and n.name = o.name
    where o.digest is distinct from n.digest
        and o.kind is distinct from 'files'
        -- an index that the operator has added is no harm
        and (o.name is not null or n.kind <> 'index')
    order by 1, 2
$$;
comment on function genhook.schema_drift() is
    'What differs in the schema from what the last migration left: nothing, unless somebody has changed it by hand.';
