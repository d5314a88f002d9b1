#!/bin/bash
# The page's lists give the rows that plain queries give, in their order, page by
# page, whatever the filters and wherever a walk through a table ends; with 12,000
# tasks, of which many ended in the same second.
. "$(dirname -- "$0")/lib.sh"
schema_start run

sql "insert into genhook.tasks (provider, task_id, status, model, account, submitted_at, finished_at, source, error_code, metadata, result)
    select p, 't-' || i, s, case when i in (5, 11990) then 'rare' when i % 3 = 0 then 'usual' else 'model-' || i % 40 end,
	case when i % 50 = 7 then 'other' else 'default' end, at, case when s <> 'pending' then at + interval '5 s' end,
	case when s <> 'pending' then case when i % 30 = 1 then 'poll' else 'callback' end end, case when s in ('failed', 'lost') then 'c' end,
	case when i % 100 = 3 then jsonb_build_object('order', i, 'prompt', 'metadata ' || i) end, case when s = 'succeeded' then '{\"cost\": 0.02}'::jsonb end
    from generate_series(1, 12000) as i
    cross join lateral (select (array['apimart', 'apixo', 'novita', 'kie'])[i % 4 + 1] as p,
	case when i % 500 = 9 then 'pending' when i % 60 = 2 then 'failed' when i % 700 = 3 then 'lost' else 'succeeded' end as s,
	date_trunc('second', now()) - (i / 4) * interval '37 s' as at) as made;
    insert into genhook.outputs (provider, task_id, position, status, kind, url, inline_text, location, bytes, sha256, content_type, stored_at, expires_at, expires_source, given_up_at)
    select t.provider, t.task_id, n, s, k, case when s <> 'inline' then 'https://a.example/x' end, case when s = 'inline' then 'words' end,
	case when s = 'stored' then 'file:///x/' || t.task_id end, case when s = 'stored' then 7 + n end, case when s = 'stored' then repeat('a', 64) end,
	case when s = 'stored' then 'image/png' end, case when s = 'stored' then t.finished_at + n * interval '1 s' end, t.finished_at + interval '1 day', 'field', case when s = 'expired' then t.finished_at end
    from genhook.tasks t
    cross join lateral (select substr(t.task_id, 3)::integer as i) as x
    cross join generate_series(0, i % 3) as n
    cross join lateral (select case when i % 77 = 4 then 'inline' when i % 55 = 6 then 'expired' else 'stored' end as s) as y
    cross join lateral (select case when s = 'inline' then 'text' when i % 20 = 4 then 'video' when i % 20 = 5 then 'audio' else 'image' end as k) as z
    where t.status = 'succeeded';
    alter table genhook.requests disable trigger user;
    insert into genhook.requests (provider, model, request, status, task_id, attempts, sent_at, settled_at, next_attempt_at)
    select t.provider, t.model, jsonb_build_object('prompt', 'a lighthouse ' || t.task_id), 'submitted', t.task_id, 1, t.submitted_at, t.submitted_at, null
    from genhook.tasks t where substr(t.task_id, 3)::integer % 10 = 1 order by t.submitted_at;
    insert into genhook.requests (provider, account, model, request, status, error, attempts, sent_at, settled_at, next_attempt_at)
    select 'kie', 'nobody', 'm', '{}', case when i % 2 = 0 then 'refused' else 'unknown' end, 'no', 1, now(), now(), null from generate_series(1, 60) i;
    alter table genhook.requests enable trigger user;
    insert into genhook.thumbs (provider, task_id, position, sha256, picture) select provider, task_id, position, sha256, '\\x00112233445566778899aabb' from genhook.outputs where status = 'stored' and task_id like 't-1%';
    insert into genhook.prices (provider, model, price, per) values ('novita', '', 0.5, 'task'), ('novita', 'usual', 0.25, 'output'), ('kie', '', 0.1, 'credit')" >/dev/null
sql 'analyze genhook.tasks; analyze genhook.outputs; analyze genhook.requests'
same "the tasks are there" 12000 "$(sql 'select count(*) from genhook.tasks')"

# all FUNCTION PARAMETERS KEY: the rows of all pages by this SQL of a row "r", one
# behind the other; and how long the longest page was.
all()
{
	psql -XqAt -v ON_ERROR_STOP=1 <<-END
	create function pg_temp.all_rows(out keys text, out most integer) language plpgsql as \$\$
	declare
	    d    jsonb;
	    next text := '';
	    got  text[] := '{}';
	begin
	    most := 0;
	    for i in 1 .. 100000 loop
		d := genhook.$1('$2'::jsonb || jsonb_build_object('next', next));
		got := got || (select coalesce(array_agg($3 order by n), '{}') from jsonb_array_elements(d -> 'rows') with ordinality as a(r, n));
		most := greatest(most, jsonb_array_length(d -> 'rows'));
		next := d ->> 'next';
		exit when next is null;
	    end loop;
	    keys := md5(got::text) || ' ' || coalesce(array_length(got, 1), 0);
	end \$\$;
	set role genhook_reader;
	select keys from pg_temp.all_rows();
	END
}
# plain QUERY: its only column, in its order, likewise.
plain()	{ sql "select md5(coalesce(array_agg(k order by n), '{}')::text) || ' ' || count(*) from (select k, row_number() over () as n from ($1) as q(k)) as q"; }

task_key="(r ->> 'provider') || '/' || (r ->> 'task_id')"
tasks()	# PARAMETERS CONDITION
{
	same "tasks $1" "$(plain "select t.provider || '/' || t.task_id from genhook.tasks t where $2 order by coalesce(t.finished_at, t.submitted_at) desc, t.provider desc, t.task_id desc")" \
	    "$(all web_tasks "$1" "$task_key")"
}
output_key="$task_key || '/' || (r ->> 'position')"
gallery()	# PARAMETERS CONDITION [TIME]: by when they were stored, or when their task finished
{
	local at=${3:-o.stored_at}

	same "gallery $1" "$(plain "select o.provider || '/' || o.task_id || '/' || o.position from genhook.outputs o join genhook.tasks t using (provider, task_id) where $2
	    order by $at desc, o.provider desc, o.task_id desc, o.position desc")" "$(all web_gallery "$1" "$output_key")"
}
# Of a model or an account, days may tell from where on to look; once it counts.
bounded()
{
	tasks '{"limit": 200, "model": "usual"}' "t.model = 'usual'"
	tasks '{"limit": 1, "model": "rare"}' "t.model = 'rare'"
	tasks '{"model": "none has it"}' false
	tasks '{"limit": 200, "account": "other", "source": "poll"}' "t.account = 'other' and t.source = 'poll'"
	tasks '{"limit": 200, "model": "model-4", "until": "yesterday"}' "t.model = 'model-4' and coalesce(t.finished_at, t.submitted_at) <= 'yesterday'"
	gallery '{"limit": 200, "kind": "text"}' "o.status = 'inline'" t.finished_at
	gallery '{"limit": 200, "model": "usual"}' "o.status = 'stored' and t.model = 'usual'" t.finished_at
	gallery '{"limit": 1, "model": "rare"}' "o.status = 'stored' and t.model = 'rare'" t.finished_at
	gallery '{"limit": 20, "account": "other", "kind": "audio"}' "o.status = 'stored' and t.account = 'other' and o.kind = 'audio'" t.finished_at
	gallery '{"model": "usual", "kind": "text", "provider": "apimart"}' "o.status = 'inline' and t.model = 'usual' and t.provider = 'apimart'" t.finished_at
}
bounded
tasks '{"limit": 200}' true
tasks '{"limit": 200, "status": "failed"}' "t.status = 'failed'"
tasks '{"limit": 7, "status": "pending"}' "t.status = 'pending'"
tasks '{"limit": 200, "status": "succeeded", "provider": "kie"}' "t.status = 'succeeded' and t.provider = 'kie'"
tasks '{"limit": 200, "provider": "apixo", "since": "yesterday"}' "t.provider = 'apixo' and coalesce(t.finished_at, t.submitted_at) >= 'yesterday'"
gallery '{"limit": 200}' "o.status = 'stored'"
gallery '{"limit": 200, "kind": "video"}' "o.status = 'stored' and o.kind = 'video'"
gallery '{"limit": 200, "provider": "novita"}' "o.status = 'stored' and o.provider = 'novita'"
same "prompts" "$(plain "select r.provider || '/' || r.task_id from genhook.requests r join genhook.tasks t using (provider, task_id) where r.request ->> 'prompt' ilike '%HOUSE t-1%' and t.status = 'succeeded' order by r.id desc")" \
    "$(all web_tasks '{"limit": 40, "q": "HOUSE t-1", "status": "succeeded"}' "$task_key")"
sql "select genhook.count_day(d::date) from generate_series(current_date - 15, current_date, interval '1 day') d; update genhook.marks set at = now() where name = 'days'; update genhook.marks set at = '-infinity' where name = 'days before'" >/dev/null
bounded

# --- what a row says
since=$(sql "select now() - interval '6 hours'")
same "a task's row says what the tables do" "$(plain "select concat_ws(' ', t.provider, t.task_id, t.status, t.model, t.account, t.source, coalesce(t.cost, genhook.told_cost(t.result)),
	q.id, coalesce(q.request ->> 'prompt', t.metadata ->> 'prompt'), (select count(*) from genhook.outputs o where o.provider = t.provider and o.task_id = t.task_id),
	(select count(*) from genhook.outputs o where o.provider = t.provider and o.task_id = t.task_id and o.status in ('stored', 'inline')),
	(select kind from genhook.outputs o where o.provider = t.provider and o.task_id = t.task_id and o.position = 0), (select bytes from genhook.outputs o where o.provider = t.provider and o.task_id = t.task_id and o.position = 0),
	exists (select from genhook.thumbs h where h.provider = t.provider and h.task_id = t.task_id and h.position = 0),
	case when t.provider = 'novita' and t.status = 'succeeded' then case when t.model = 'usual' then 0.25 * (select count(*) from genhook.outputs o where o.provider = t.provider and o.task_id = t.task_id) else 0.5 end end)
    from genhook.tasks t left join genhook.requests q on q.provider = t.provider and q.task_id = t.task_id
    where coalesce(t.finished_at, t.submitted_at) >= '$since' order by coalesce(t.finished_at, t.submitted_at) desc, t.provider desc, t.task_id desc")" \
    "$(all web_tasks "{\"limit\": 200, \"since\": \"$since\"}" \
	"concat_ws(' ', r ->> 'provider', r ->> 'task_id', r ->> 'status', r ->> 'model', r ->> 'account', r ->> 'source', r ->> 'cost', r ->> 'request_id', r ->> 'prompt', r ->> 'outputs', r ->> 'stored', r ->> 'kind', r ->> 'bytes', (r ->> 'thumb')::boolean, (r ->> 'price')::numeric)")"
same "an output's" "$(plain "select concat_ws(' ', o.provider, o.task_id, o.position, o.kind, o.bytes, exists (select from genhook.thumbs h where h.provider = o.provider and h.task_id = o.task_id and h.position = o.position), t.model, t.account,
	coalesce((select q.request ->> 'prompt' from genhook.requests q where q.provider = o.provider and q.task_id = o.task_id), t.metadata ->> 'prompt'))
    from genhook.outputs o join genhook.tasks t using (provider, task_id) where o.status = 'stored' and o.kind = 'video' order by o.stored_at desc, o.provider desc, o.task_id desc, o.position desc")" \
    "$(all web_gallery '{"kind": "video", "limit": 200}' "concat_ws(' ', r ->> 'provider', r ->> 'task_id', r ->> 'position', r ->> 'kind', r ->> 'bytes', (r ->> 'thumb')::boolean, r ->> 'model', r ->> 'account', r ->> 'prompt')")"

# --- attention, its count, and what is set aside
attention()	{ plain "select genhook.attention_key(a.reason, a.provider, a.task_id, a.since, a.details) from genhook.attention a order by a.urgency, coalesce(a.ends_at, 'infinity'), coalesce(a.since, 'infinity'), 1"; }
same "attention" "$(attention)" "$(all web_attention '{"limit": 200}' "r ->> 'key'")"
same "its count on the overview" "$(sql 'select least(1000, count(*)) from genhook.attention')" "$(sql "select genhook.web_overview('{}') ->> 'attention'")"
same "a key is what it was in earlier versions" "$(sql "select md5(concat_ws(E'\\x1f', 'a', '', 't', extract(epoch from timestamptz '2026-11-30 12:00:00.5+00')::text, ''))")" \
    "$(sql "set timezone = 'Asia/Tokyo'; select genhook.attention_key('a', null, 't', '2026-11-30 12:00:00.5+00', null)")"
sql "select genhook.set_aside('lost task')" >/dev/null
same "with some set aside" "$(attention)" "$(all web_attention '{"limit": 200}' "r ->> 'key'")"
same "none of them is there" 0 "$(sql "select count(*) from genhook.attention where reason = 'lost task'")"
sql "delete from genhook.tasks where status = 'lost'; delete from genhook.outputs where status = 'expired'; delete from genhook.requests where status in ('refused', 'unknown')" >/dev/null
same "few are counted one by one" "$(sql 'select count(*) from genhook.attention')" "$(sql "select genhook.web_overview('{}') ->> 'attention'")"

# --- cost, by prices and credits
sql "update genhook.tasks set result = '{\"data\": {\"consumeCredits\": 12.5}}', finished_at = date_trunc('day', now()) where provider = 'kie' and task_id in (select task_id from genhook.tasks where provider = 'kie' and status = 'succeeded' order by finished_at desc limit 4);
    select genhook.count_day(d::date) from generate_series(current_date - 15, current_date, interval '1 day') d" >/dev/null
same "what the models cost is the sum of their days" "$(sql "select sum(cost) || ' ' || sum(told) || ' ' || sum(credits) from genhook.days where day > current_date - 30")" \
    "$(sql "select sum((r ->> 'cost')::numeric) || ' ' || sum((r ->> 'told')::numeric) || ' ' || sum((r ->> 'credits')::numeric) from jsonb_array_elements(genhook.web_cost('{}') -> 'rows') r")"
same "credits by the price of one" "50.0 5.00" "$(sql "select sum((r ->> 'credits')::numeric) || ' ' || sum((r ->> 'priced')::numeric) from jsonb_array_elements(genhook.web_cost('{\"provider\": \"kie\"}') -> 'rows') r" | sed 's/\(\.[0-9][0-9]\)0* *$/\1/')"
same "and of the task" 1.25 "$(sql "select trim_scale((r ->> 'price')::numeric) from jsonb_array_elements(genhook.web_tasks('{\"provider\": \"kie\", \"status\": \"succeeded\", \"until\": \"today\"}') -> 'rows') r where r ->> 'credits' = '12.5' limit 1")"
for told in '{"data": {"consumeCredits": 12.5}} 12.5' '{"data": {"consumeCredits": "12"}} ' '{"data": {"consumeCredits": -1}} ' '{"data": []} ' 'null '; do
	same "the credits in ${told% *}" "${told##* }" "$(sql "select genhook.told_credits('${told% *}')")"
done
finish
