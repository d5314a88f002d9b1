-- What fill.sql needs, once in a database.
create schema bench;

create function bench.provider(i bigint) returns text language sql immutable
return (array['apimart', 'apixo', 'novita', 'wavespeed'])[i % 4 + 1];

create function bench.id(i bigint, rows bigint) returns text
language sql immutable
return (with made as (select md5(i::text) as hash,
        lpad(to_hex(i * 4294967295 / rows), 8, '0') as place)
    select case i % 4
        when 0 then 'task_00' || upper(place || substr(hash, 1, 16))
        when 2 then place || '-' || substr(hash, 1, 4) || '-'
            || substr(hash, 5, 4) || '-' || substr(hash, 9, 4) || '-'
            || substr(hash, 13, 12)
        else place || substr(hash, 1, 24)
    end from made);

-- Of three tasks one is of the same model, the others of a dozen; and there is one
-- that hardly anybody asks for.
create function bench.model(i bigint) returns text language sql immutable
return case when i % 100000 = 77 then 'rare-model' when i % 3 = 0 then 'a-model'
    else 'model-' || (i / 7 % 12) end;

create function bench.kind(i bigint) returns text language sql immutable
return case when i % 20 = 3 then 'audio' when i % 20 in (4, 5, 6) then 'video'
    else 'image' end;

-- Deliveries are kept for 30 days.
create function bench.moment(i bigint, rows bigint) returns timestamptz
language sql stable
return now() - interval '30 days' * (1 - i::float8 / rows);

-- The partition of last month, or what is filled in goes to the default one.
select format('create table if not exists genhook.%I partition of'
    ' genhook.deliveries for values from (%L) to (%L)',
    'deliveries_' || to_char(m, 'YYYY_MM'), m, m + interval '1 month')
from (select date_trunc('month', now() - interval '30 days')) as first (m)
\gexec
