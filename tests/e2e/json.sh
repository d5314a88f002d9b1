#!/bin/bash
# What is JSON and what is not: genhook's gate beside PostgreSQL's json and jsonb, over damaged bodies
# (LONG=1: two million; SEED=N: the same ones again).
. "$(dirname -- "$0")/lib.sh"

count=60000
[ -z "${LONG:-}" ] || count=2000000
seed=${SEED:-$RANDOM}
echo "seed $seed"
run_start sql DEMO=0
psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
create table bodies (body bytea not null, verdict text not null);
-- Does PostgreSQL take it as that type?  Another refusal than of its text is an error here too.
create function takes(body bytea, type text) returns boolean language plpgsql as $$
begin
	execute format('select convert_from($1, ''UTF8'')::%s', type) using body;
	return true;
exception when data_exception then
	return false;
end $$;
SQL
mapfile -t seeds < <(find "$FIXTURES/json" "$FIXTURES/novita" "$FIXTURES/apixo" -size -8 -name '*.json' | LC_ALL=C sort)
check "there are bodies to begin with" test "${#seeds[@]}" -gt 40
"${BUILD:-build}/tests/json_bodies" "$count" "$seed" "${seeds[@]}" >"$WORK/bodies"
psql -Xqc "copy bodies from stdin" <"$WORK/bodies"
psql -Xqc "create table judged as select *, takes(body, 'json') as json, takes(body, 'jsonb') as jsonb from bodies"

check "of each verdict there are many" test "$(sql "select min(n) from
    (select count(*) n from judged where verdict in ('ok', 'invalid') group by verdict) v")" -gt $((count / 50))
same "what jsonb takes, the gate takes or calls unfit" 0 "$(sql \
    "select count(*) from judged where jsonb and verdict not in ('ok', 'unfit', 'deep')")"
same "what json refuses, the gate refuses" 0 "$(sql \
    "select count(*) from judged where not json and verdict not in ('invalid', 'deep')")"
same "what json takes, the gate takes, unless it is too deep" 0 "$(sql \
    "select count(*) from judged where json and verdict = 'invalid'")"
sql "select verdict, json, jsonb, count(*) from judged group by 1, 2, 3 order by 1, 2, 3"
sql "select 'differs: ' || encode(body, 'escape') from judged
    where (json and verdict = 'invalid') or (not json and verdict not in ('invalid', 'deep')) limit 10"
finish
