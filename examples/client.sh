#!/bin/sh
# Submit by psql alone, and print where the outputs are:
#
#	client.sh PROVIDER MODEL REQUEST
#
# psql hears of a message only when it sends something, so this one asks.
set -eu

if [ $# -ne 3 ]; then
	echo "usage: ${0##*/} PROVIDER MODEL REQUEST" >&2
	exit 2
fi

ask()	# SQL on standard input, arguments as NAME=VALUE
{
	for arg in "$@"; do
		set -- "$@" -v "$arg"
		shift
	done
	psql -XqAt -v ON_ERROR_STOP=1 "$@" -f -
}

id=$(ask provider="$1" model="$2" request="$3" <<'SQL'
insert into genhook.requests (provider, model, request, metadata)
values (:'provider', :'model', :'request', '{"client": "psql"}') returning id;
SQL
)
until [ "$(ask id="$id" <<'SQL'
select request_status in ('refused', 'unknown') or (task_status <> 'pending'
    and not outputs @> '[{"status": "pending"}]')
from genhook.request_results where id = :id;
SQL
)" = t ]; do
	sleep 1
done
ask id="$id" <<'SQL'
select coalesce(o ->> 'location', o ->> 'text')
from genhook.request_results, jsonb_array_elements(outputs) as o
where id = :id;
select task_status is distinct from 'succeeded' as bad,
    concat_ws(', ', request_status, task_status, error) as words
from genhook.request_results where id = :id \gset
\if :bad
    \warn request :id: :words
    do $$ begin raise 'no result'; end $$;
\endif
SQL
