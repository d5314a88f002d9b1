#!/bin/bash
# The page's addresses: who may have what, sign-in and its end, posts of other
# sites, every document with its filters and pages, every action, stored outputs
# with ranges and hostile ones, below another prefix, and as plain CGI.
. "$(dirname -- "$0")/lib.sh"
simulator_start --finish-ms 100:300
run_start run SIMULATOR="$SIMULATOR"
GENHOOK=("$BIN/genhook" --config "$GENHOOK_CONF")
API=${GENHOOK_WEB}api

# get PATH [CURL OPTIONS...]: "STATUS BODY" for whom $JAR signs in; the head is in
# $WORK/head.
get()
{
	local path=$1 status

	shift
	: >"$WORK/answer"
	status=$(curl -sS --noproxy '*' -m 30 -D "$WORK/head" -o "$WORK/answer" \
	    -w '%{http_code}' ${JAR:+-b "$JAR"} "$@" "$GENHOOK_WEB$path")
	printf '%s ' "$status"
	tr -d '\0' <"$WORK/answer"
}
# put PATH JSON [CURL OPTIONS...]: the same of a POST that the page itself sends.
put()	{ get "$1" -H 'Content-Type: application/json' -H 'X-Genhook: 1' -d "$2" "${@:3}"; }
act()	{ put api/action "$1" "${@:2}"; }
# field JQ TEXT: of an answer's JSON.
field()	{ jq -r "$1" <<<"${2#* }"; }
# sign_in JAR NAME [--act]: into that jar.
sign_in()
{
	local link

	link=$("${GENHOOK[@]}" web login "${@:2}" 2>"$WORK/said")
	echo "${link##*#in=}" >"$WORK/code"
	get api/session -c "$1" -d "{\"code\":\"${link##*#in=}\"}"
}
changed()	{ field .changed "$1"; }
header()	{ sed -n "s/^$1: *//Ip" "$WORK/head" | tr -d '\r'; }

# --- nobody is signed in
JAR=
for path in api/overview api/tasks api/task api/gallery api/attention api/requests \
    api/sweeps api/cost api/accounts api/session api/body file/novita/x/0; do
	same "$path: 401 without a session" '401 {"error":"not signed in"}' "$(get "$path")"
done
like "api/action too" '^401 ' "$(act '{"do":"repoll_tasks","provider":"novita"}')"
like "another path: 404" '^404 ' "$(get api/nothing)"
like "another method: 405" '^405 ' "$(get api/tasks -X DELETE)"
like "and which there are" 'GET' "$(header allow)"
like "the page's own files are open" '^200 ' "$(get '')"
policy=$(header content-security-policy)
like "under a strict policy" "default-src 'none'; script-src 'self'; style-src 'self'.*require-trusted-types-for 'script'" "$policy"
fails "which allows nothing inline" grep -q unsafe <<<"$policy"
check "lit-html is what its makers publish" sh -c 'cd web/page && sha256sum --quiet -c lit-html.sha256'
for path in page.css page.js lit-html.js icon.svg; do
	like "$path" '^200 ' "$(get "$path")"
	same "$path: not to be sniffed" nosniff "$(header x-content-type-options)"
	cmp -s "$WORK/answer" "web/page/$path" || fail "$path: as it is in the source"
	like "$path: not sent again" '^304 ' "$(get "$path" -H "If-None-Match: $(header etag)")"
done
same "without the slash: to it" '301' "$(curl -sS --noproxy '*' -o /dev/null -D "$WORK/head" -w '%{http_code}' "${GENHOOK_WEB%/}")"
same "by a relative address" 'genhook/' "$(header location)"

# --- signing in
OPERATOR=$WORK/operator.jar READER=$WORK/reader.jar
said=$(sign_in "$OPERATOR" anna --act)
like "a code signs in" '^200 \{"name":"anna","may_act":true,"until":[0-9]+\}$' "$said"
like "for 30 days" '^259[12]$' $((($(field .until "$said") - $(date +%s)) / 1000))
like "the cookie is for the page alone" '^genhook_session=[^;]+; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict$' "$(header set-cookie)"
CODE=$(cat "$WORK/code")
like "once" '^401 ' "$(get api/session -d "{\"code\":\"$CODE\"}")"
like "a reader" '"may_act":false' "$(sign_in "$READER" bo)"
like "over https it is Secure" '; Secure$' "$(sign_in "$WORK/none" eve -H 'X: y' >/dev/null; link=$("${GENHOOK[@]}" web login eve 2>/dev/null); get api/session -H 'X-Forwarded-Proto: https' -d "{\"code\":\"${link##*=}\"}" >/dev/null; header set-cookie)"
link=$("${GENHOOK[@]}" web login late 2>/dev/null)
like "the link is of the page" "^${GENHOOK_WEB}#in=[0-9a-f]{48}\$" "$link"
sql "update genhook.web_codes set expires_at = now() - interval '1 s' where name = 'late'"
like "a code of ten minutes ago does not" '^401 ' "$(get api/session -d "{\"code\":\"${link##*=}\"}")"
same "no code is in the database" 0 "$(sql "select count(*) from genhook.web_codes where encode(digest, 'hex') = '${link##*=}' or name like '%${link##*=}%'")"
for body in '' 'x' '[]' '{}' '{"code":1}' '{"code":"\u0000"}' "{\"code\":\"$(printf 'x%.0s' {1..200})\"}"; do
	like "no code: ${body:0:20}" '^400 ' "$(get api/session -d "$body")"
done
head -c 70000 /dev/zero | tr '\0' ' ' >"$WORK/big"
like "a body too large" '^413 ' "$(get api/session --data-binary "@$WORK/big")"
like "a name that is none" 'a name has' "$("${GENHOOK[@]}" web login 'an na' 2>&1)"
like "who is it" '^200 .*"anna".*true' "$(JAR=$OPERATOR get api/session)"
like "and the other" '^200 .*"bo".*false' "$(JAR=$READER get api/session)"
sed 's/\tgenhook_session\t1\.l\./\tgenhook_session\t1.a./' "$READER" >"$WORK/forged.jar"
like "a right that was not signed" '^401 ' "$(JAR=$WORK/forged.jar get api/session)"

# --- tasks, of every provider and state
hook=$(hook apimart)
for i in $(seq 12); do
	post_text "$hook" "$(ok "done-$i")" >/dev/null
	post_text "$hook" "{\"id\":\"bad-$i\",\"status\":\"failed\",\"completed\":1776748861,\"cost\":0.5,\"error\":{\"message\":\"no\",\"code\":\"c\"}}" >/dev/null
done
sql "select genhook.register_task('novita', 'wait-1', 'qwen-image', 'default', '{\"order\": 4127, \"who\": \"anna\"}');
    select genhook.register_task('novita', 'wait-2', 'qwen-image');
    update genhook.tasks set status = 'lost', finished_at = now(), error_message = 'gone' where task_id = 'wait-2';
    update genhook.outputs set status = 'expired', next_attempt_at = null, last_error = 'answered 403' where task_id like 'done-%';
    update genhook.tasks set model = 'seedream-5' where task_id in ('done-3', 'bad-3', 'done-4');" >/dev/null
task=$("${GENHOOK[@]}" submit apixo flux-2 --param input.prompt='a lighthouse at dusk' 2>"$WORK/submit.out")
soon 30 is succeeded sql "select status from genhook.tasks where task_id = '$task'"
sweep --task "$task"
sql "insert into genhook.requests (provider, model, request) values ('novita', 'qwen-image', '{\"prompt\": \"100%_of\"}'), ('novita', 'm', '{}')" >/dev/null
sql "update genhook.requests set next_attempt_at = now() + interval '1 hour' where status = 'queued'"
JAR=$READER
pages()	# PATH JQ: all rows of a list, page by page.
{
	local next='' said

	while :; do
		said=$(get "$1&next=$(jq -rn --arg n "$next" '$n | @uri')")
		field ".rows[] | $2" "$said"
		next=$(field '.next // ""' "$said")
		[ -n "$next" ] || break
	done
}
all=$(sql "select string_agg(task_id, ' ' order by coalesce(finished_at, submitted_at) desc, provider desc, task_id desc) from genhook.tasks")
same "all tasks, newest first, five at a time" "$all" "$(pages 'api/tasks?limit=5' .task_id | xargs)"
same "one at a time" "$all" "$(pages 'api/tasks?limit=1' .task_id | xargs)"
same "those of a state" 'bad-9 bad-8 bad-7' "$(field '[.rows[].task_id][:3] | join(" ")' "$(get 'api/tasks?status=failed&limit=5')")"
same "pending" wait-1 "$(pages 'api/tasks?status=pending' .task_id | xargs)"
same "of a model" 'bad-3 done-4 done-3' "$(pages 'api/tasks?model=seedream-5&limit=2' .task_id | xargs)"
same "of a provider" 'wait-2 wait-1' "$(pages 'api/tasks?provider=novita&limit=1' .task_id | sort -r | xargs)"
same "by metadata" wait-1 "$(pages 'api/tasks?q=order:4127' .task_id | xargs)"
same "by metadata's text" wait-1 "$(pages 'api/tasks?q=who:anna' .task_id | xargs)"
same "by the beginning of an id" 'bad-12 bad-11 bad-10 bad-1' "$(pages 'api/tasks?q=bad-1&limit=1' .task_id | xargs)"
same "by words of the prompt" "$task" "$(pages 'api/tasks?q=LIGHTHOUSE' .task_id | xargs)"
same "by signs of LIKE nothing" '' "$(pages 'api/tasks?q=b%25d' .task_id | xargs)"
same "of a time to come" '' "$(pages 'api/tasks?since=tomorrow' .task_id)"
same "of all time before" "$(wc -w <<<"$all")" "$(pages 'api/tasks?until=tomorrow' .task_id | wc -l)"
same "walked in short steps it is the same" "$(sql "select string_agg(task_id, ' ' order by finished_at desc, provider desc, task_id desc) from genhook.tasks where status = 'succeeded'")" \
    "$(sql "set role genhook_reader; with recursive walk(key, ids, n) as (
	select null::jsonb, '{}'::text[], 0
	union all
	select (select jsonb_build_array(w.at, w.provider, w.task_id) from genhook.web_tasks_walked('{\"status\": \"succeeded\"}', k.key, 3, 2) w order by w.ended desc, w.at, w.provider, w.task_id limit 1),
	    k.ids || (select coalesce(array_agg(w.task_id order by w.at desc, w.provider desc, w.task_id desc), '{}') from genhook.web_tasks_walked('{\"status\": \"succeeded\"}', k.key, 3, 2) w where not w.ended), k.n + 1
	from walk k where k.n = 0 or k.key is not null)
	select array_to_string(ids, ' ') from walk order by n desc limit 1")"
for wrong in 'limit=0' 'limit=201' 'limit=x' 'next=x' 'next=[1]' 'next={}' 'since=never' 'UP=1' 'q=%00' 'q=%ff'; do
	like "wrong: $wrong" '^400 \{"error":"..*"\}$' "$(get "api/tasks?$wrong" -g)"
done
same "the words are the database's alone" '400 {"error":"limit is 201, not 1 to 200"}' "$(get 'api/tasks?limit=201')"

# --- one task
said=$(get "api/task?provider=apixo&task_id=$task")
same "a task: who it is" "apixo $task succeeded 1" "$(field '[.task.provider, .task.task_id, .task.status, .task.request_id] | join(" ")' "$said")"
same "what was asked" 'a lighthouse at dusk' "$(field .task.prompt "$said")"
same "its outputs" '0 stored image' "$(field '.outputs[] | [.position, .status, .kind] | join(" ")' "$said")"
like "its life" '^queued sent (submitted|delivery|finished|stored)' "$(field '[.life[].what] | join(" ")' "$said")"
delivery=$(field '[.life[] | select(.what == "delivery")][0].id' "$said")
like "none of that id" '^404 ' "$(get 'api/task?provider=apixo&task_id=nobody')"
like "nor without one" '^404 ' "$(get 'api/task')"
like "a reader sees no body" '^403 ' "$(get "api/body?id=$delivery")"
JAR=$OPERATOR
said=$(get "api/body?id=$delivery")
same "who may act does" "$(sql "select octet_length(body) from genhook.deliveries where id = '$delivery'")" "$(field .bytes "$said")"
like "as it came" "$task" "$(field .body "$said")"
like "another one: 404" '^404 ' "$(get 'api/body?id=01998b5e-7d2f-7000-8000-000000000000')"
like "none: 400" '^400 ' "$(get 'api/body?id=x')"

# --- the other lists
same "the gallery" "$task" "$(pages 'api/gallery?limit=1' .task_id | xargs)"
same "of a kind" '' "$(pages 'api/gallery?kind=video' .task_id)"
sql "insert into genhook.tasks (provider, task_id, status, finished_at, source, model) select 'apimart', 'text-' || i, 'succeeded', now() - i * interval '1 s', 'callback', 'm' from generate_series(1, 5) i;
    insert into genhook.outputs (provider, task_id, position, status, kind, inline_text) select 'apimart', 'text-' || i, p, 'inline', 'text', 'words' from generate_series(1, 5) i, generate_series(0, 1) p" >/dev/null
same "texts" 'text-1/1 text-1/0 text-2/1 text-2/0 text-3/1 text-3/0 text-4/1 text-4/0 text-5/1 text-5/0' \
    "$(pages 'api/gallery?kind=text&limit=3' '"\(.task_id)/\(.position)"' | xargs)"
same "attention, all of it" "$(sql 'select count(*) from genhook.attention')" "$(pages 'api/attention?limit=3' .key | sort -u | wc -l)"
same "each with its cure" 0 "$(pages 'api/attention?limit=200' 'select(.cure == null)' | wc -l)"
same "the outbox" '3 2 1' "$(pages 'api/requests?limit=1' .id | xargs)"
same "of a state" '3 2' "$(pages 'api/requests?status=queued&limit=1' .id | xargs)"
same "counted" 2 "$(field .counts.queued "$(get api/requests)")"
sweep
same "sweeps" "$(sql 'select string_agg(id::text, $$ $$ order by id desc) from genhook.sweeps')" "$(pages 'api/sweeps?limit=1' .id | xargs)"
said=$(get api/cost)
same "in the tasks as well" 6.0 "$(sql "select sum(cost) from genhook.tasks where provider = 'apimart'")"
same "no price is none" null "$(field '[.rows[] | select(.provider == "novita") | .price][0]' "$(get 'api/cost?days=3660')")"
sql "insert into genhook.prices (provider, model, price, per) values ('novita', '', 0.25, 'task'), ('apimart', '', 9, 'task')" >/dev/null
priced=$(get 'api/cost?days=3660')
same "what the others cost, by the prices" "true" "$(field '[.rows[] | select(.provider == "novita") | .priced == (.succeeded - .told) * 0.25] | all' "$priced")"
sql "delete from genhook.prices" >/dev/null
fails "a price below nothing" sql "insert into genhook.prices (provider, price) values ('novita', -1)"
for told in '{"cost": 0.5} 0.5' '{"data": {"usage": {"cost": 0.25}}} 0.25' '{"data": [{"cost": 0.1}, {"cost": 0.2}, {"url": "x"}]} 0.3' \
    '{"cost": "0.5"} ' '{"cost": -1} ' '{"data": ["x", 1]} ' '{"cost": 1e300} '; do
	same "the cost in ${told% *}" "${told##* }" "$(sql "select genhook.told_cost('${told% *}')")"
done
same "what it cost, as the providers said" 6 "$(field '[.rows[].cost] | add' "$(get 'api/cost?days=3660')")"
same "today's tasks" "$(sql "select count(*) from genhook.tasks where finished_at >= current_date and not is_test and status = 'succeeded'")" "$(field '[.days[].succeeded] | add' "$said")"
sql "delete from genhook.days; update genhook.marks set at = '-infinity' where name = 'days'; update genhook.marks set at = now() + interval '1 day' where name = 'days before'; select genhook.count_days()" >/dev/null
same "counted again from the beginning" "$(sql "select count(*) || ' ' || count(*) filter (where status = 'failed') from genhook.tasks where finished_at is not null and not is_test")" \
    "$(sql "select sum(succeeded + failed + cancelled + lost) || ' ' || sum(failed) from genhook.days")"
said=$(get api/overview)
same "the overview: providers" "$(sql "select string_agg(provider, ' ' order by provider) from genhook.provider_health")" "$(field '[.providers[].provider] | join(" ")' "$said")"
same "24 hours" 24 "$(field '.hours | length' "$said")"
same "what needs somebody" "$(sql 'select count(*) from genhook.attention')" "$(field .attention "$said")"
same "the accounts" "$(sed -n 's/^PROVIDER(\(.*\))$/\1/p' handlers/registry.def | xargs)" "$(field '[.rows[].provider] | join(" ")' "$(get api/accounts)")"
fails "and no token of them" grep -q "$GENHOOK_TOKEN_NOVITA" "$WORK/answer"

# --- acting: who may, and from where
JAR=$READER
do='{"do":"repoll_tasks","provider":"novita","task_id":"wait-2"}'
like "a reader may not" '^403 .*--act' "$(act "$do")"
JAR=$OPERATOR
like "without the header" '^403 .*X-Genhook' "$(get api/action -d "$do")"
like "with another value" '^403 ' "$(act "$do" -H 'X-Genhook: 0')"
for from in 'Origin: https://evil.example' 'Origin: null' 'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site'; do
	like "from another site: $from" '^403 .*another site' "$(act "$do" -H "$from")"
done
like "nor may it sign in" '^403 ' "$(get api/session -H 'Origin: https://evil.example' -d '{"code":"x"}')"
same "nothing was done" "0 lost" "$(sql "select (select count(*) from genhook.actions where action <> 'sign_in') || ' ' || status from genhook.tasks where task_id = 'wait-2'")"
for wrong in '' '{}' '[]' '{"do":1}' '{"do":"drop"}' '{"do":"repoll_tasks"}' '{"do":"repoll_tasks","provider":"novita"}' '{"do":"requeue_request","id":"x"}' \
    '{"do":"set_aside"}' '{"do":"retry_outputs","provider":{"a":1},"task_id":"x"}' '{"do":"replay_deliveries","id":"x"}'; do
	like "wrong: $wrong" '^400 \{"error":"..*"\}$' "$(act "$wrong")"
done
like "GET is none" '^405 ' "$(get api/action)"

# --- every action
same "ask again" 1 "$(changed "$(act "$do" -H "Origin: ${GENHOOK_BASE}")")"
same "it is pending" pending "$(sql "select status from genhook.tasks where task_id = 'wait-2'")"
same "twice is no mistake" 1 "$(changed "$(act "$do")")"
same "stop waiting" 1 "$(changed "$(act '{"do":"cancel_tasks","provider":"novita","task_id":"wait-2"}')")"
same "it is cancelled" cancelled "$(sql "select status from genhook.tasks where task_id = 'wait-2'")"
same "nothing is left to cancel" 0 "$(changed "$(act '{"do":"cancel_tasks","provider":"novita","task_id":"wait-2"}')")"
same "download again" 1 "$(changed "$(act '{"do":"retry_outputs","provider":"apimart","task_id":"done-1"}')")"
same "it is pending" pending "$(sql "select status from genhook.outputs where task_id = 'done-1'")"
same "parse again" 1 "$(changed "$(act "{\"do\":\"replay_deliveries\",\"id\":\"$delivery\"}")")"
same "it waits" 1 "$(sql "select count(*) from genhook.replays where id = '$delivery'")"
same "withdraw" 1 "$(changed "$(act '{"do":"cancel_request","id":3}')")"
same "it is refused" refused "$(sql "select status from genhook.requests where id = 3")"
same "send again" 1 "$(changed "$(act '{"do":"requeue_request","id":3}')")"
same "it is queued" queued "$(sql "select status from genhook.requests where id = 3")"
sql "update genhook.requests set status = 'unknown', settled_at = now(), sent_at = now(), attempts = 1, error = 'broke', next_attempt_at = null where id = 2" >/dev/null
same "settle" 1 "$(changed "$(act '{"do":"settle_request","id":2,"task_id":"found-1"}')")"
same "it is submitted" 'submitted found-1' "$(sql "select status || ' ' || task_id from genhook.requests where id = 2")"
sql "insert into genhook.forwards (name, provider, task_id, type, status, next_attempt_at, settled_at, last_error, webhook_id, attempts) values ('shop', 'apimart', 'done-7', 'task.failed', 'failed', null, now(), 'answered 500', 'w-1', 8)" >/dev/null
same "a task's life says of what nobody was told" "not told shop task.failed answered 500" "$(field '.life[] | select(.forward) | [.what, .forward, .type, .error] | join(" ")' "$(get 'api/task?provider=apimart&task_id=done-7')")"
like "tell whom: 400" '^400 ' "$(act '{"do":"retry_forwards","provider":"apimart"}')"
same "tell again" 1 "$(changed "$(act '{"do":"retry_forwards","name":"shop","provider":"apimart","task_id":"done-7"}')")"
same "it waits" pending "$(sql "select status from genhook.forwards where webhook_id = 'w-1'")"
n=$(sql "select count(*) from genhook.attention where reason = 'expired output 0'")
same "set one aside" 1 "$(changed "$(act '{"do":"set_aside","reason":"expired output 0","provider":"apimart","task_id":"done-5"}')")"
same "it is out of attention" $((n - 1)) "$(sql "select count(*) from genhook.attention where reason = 'expired output 0'")"
same "and shown as such" done-5 "$(pages 'api/attention?set_aside=1' .task_id | xargs)"
sql "update genhook.outputs set last_error = 'answered 404' where task_id = 'done-5'"
same "when it changes it is back" $n "$(sql "select count(*) from genhook.attention where reason = 'expired output 0'")"
same "each is recorded, with who and from where" '11 anna 127.0.0.1' \
    "$(sql "select count(*) || ' ' || string_agg(distinct name, ',') || ' ' || string_agg(distinct remote_addr, ',') from genhook.actions where action <> 'sign_in'")"
same "and with what it changed" 'repoll_tasks 1,repoll_tasks 1,cancel_tasks 1,cancel_tasks 0' \
    "$(sql "select string_agg(action || ' ' || changed, ',' order by id) from genhook.actions where arguments ->> 'task_id' = 'wait-2'")"
like "a task's life tells" 'action' "$(field '[.life[].what] | join(" ")' "$(get 'api/task?provider=novita&task_id=wait-2')")"
fails "a right of the roles: a reader may not act" sql "set role genhook_reader; select genhook.web_action('{}', 'x', null)"
fails "nor sign in" sql "set role genhook_reader; select genhook.web_sign_in('', null)"
fails "who acts reads no table" sql "set role genhook_operator; select from genhook.tasks"

# --- stored outputs
JAR=$READER
file=file/apixo/$task/0
stored=$(sql "select substr(location, 8) from genhook.outputs where task_id = '$task'")
like "a stored output" '^200 ' "$(get "$file")"
check "byte for byte" cmp -s "$WORK/answer" "$stored"
same "of its type" image/png "$(header content-type)"
same "to be shown" 'inline; filename="0.png"' "$(header content-disposition)"
like "in a sandbox" 'sandbox' "$(header content-security-policy)"
same "not sniffed" nosniff "$(header x-content-type-options)"
like "not sent again" '^304 ' "$(get "$file" -H "If-None-Match: $(header etag)")"
get "$file?save=1" >/dev/null
same "to be saved" 'attachment; filename="0.png"' "$(header content-disposition)"
size=$(stat -c %s "$stored")
like "a range" '^206 ' "$(get "$file" -r 10-19)"
same "of which" "bytes 10-19/$size" "$(header content-range)"
check "these bytes" cmp -s "$WORK/answer" <(tail -c +11 "$stored" | head -c 10)
like "the last ones" '^206 ' "$(get "$file" -r -5)"
check "these bytes" cmp -s "$WORK/answer" <(tail -c 5 "$stored")
like "beyond the end" '^416 ' "$(get "$file" -r "$size-")"
like "of another file: all of it" '^200 ' "$(get "$file" -r 0-1 -H 'If-Range: "x"')"
same "HEAD" "$size" "$(curl -sS --noproxy '*' -b "$JAR" -I "$GENHOOK_WEB$file" | tr -d '\r' | sed -n 's/^Content-Length: //Ip')"
for wrong in file/apixo/$task/1 file/apixo/$task/x file/apixo/nobody/0 file/nobody/$task/0 file/apixo/0 file/ "file/apixo/$task/0/" "file/apixo/$task/-0"; do
	like "$wrong: 404" '^404 ' "$(get "$wrong")"
done
# Only what the row says, and only in the archive.
location=$(sql "select location from genhook.outputs where task_id = '$task'")
move()	{ sql "update genhook.outputs set location = '$1', content_type = ${2:-content_type} where task_id = '$task'"; }
echo outside >"$WORK/outside"
ln -s "$WORK/outside" "$GENHOOK_ARCHIVE/link.png"
for away in "file://$WORK/outside" "file://$GENHOOK_ARCHIVE/../outside" "file://$GENHOOK_ARCHIVE/%2e%2e/outside" "file://$GENHOOK_ARCHIVE/link.png" \
    "file://$GENHOOK_CONF" file:///etc/passwd "file://$GENHOOK_ARCHIVE" s3://bucket/key; do
	move "$away"
	like "outside: ${away#"file://$WORK"}" '^404 ' "$(get "$file")"
done
for hostile in image/svg+xml text/html text/plain application/xhtml+xml application/javascript application/pdf ''; do
	move "$location" "'$hostile'"
	like "$hostile" '^200 ' "$(get "$file")"
	same "$hostile: to be saved" 'application/octet-stream attachment; filename="0.png" nosniff' \
	    "$(header content-type) $(header content-disposition) $(header x-content-type-options)"
done
move "$location" "'image/png'"
sql "select genhook.register_task('apixo', 'a/../b c%2f', 'm')" >/dev/null
sql "insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at) select provider, 'x/y z', 0, status, kind, url, location, bytes, sha256, content_type, stored_at from genhook.outputs where task_id = '$task'"
like "an id with a slash and a blank" '^200 ' "$(get 'file/apixo/x/y%20z/0')"

# --- sent by the web server
cookie=$(awk '/genhook_session/ { print "genhook_session=" $7 }' "$READER")
conf_set web 'sendfile = "X-Sendfile"'
cp "$GENHOOK_CONF" "$WORK/settings.sent"
sed -i '/sendfile = /d' "$GENHOOK_CONF"
page_at()	# NAME SENDFILE [FILE]: a lighttpd with the page by this of our files, and this setting.
{
	sed "s|sendfile = .*|sendfile = \"$2\"|" "$WORK/settings.sent" >"$WORK/$1.settings"
	chmod 0600 "$WORK/$1.settings"
	mkdir -m 0700 "$WORK/$1.run"
	web_start "$1" <<-CONF
	server.document-root = "$WORK"
	var.genhook_base = ""
	var.genhook_bin = "$BIN"
	var.genhook_run = "$WORK/$1.run"
	var.genhook_config = "$WORK/$1.settings"
	var.genhook_environ = ()
	include "$TOP/lighttpd/${3:-genhook.conf}"
	CONF
}
sent()	# WHOM: the stored output by this web server, as by the page.
{
	local url=$WEB/genhook/$file

	same "$1: a stored output" 200 "$(curl -sS --noproxy '*' -m 30 -b "$cookie" -D "$WORK/head" -o "$WORK/answer" -w '%{http_code}' "$url")"
	check "$1: byte for byte" cmp -s "$WORK/answer" "$stored"
	same "$1: as what it is" 'image/png inline; filename="0.png" nosniff' "$(header content-type) $(header content-disposition) $(header x-content-type-options)"
	like "$1: in a sandbox" sandbox "$(header content-security-policy)"
	same "$1: by nobody's path" '' "$(header x-sendfile)$(header x-accel-redirect)"
	same "$1: a range" 206 "$(curl -sS --noproxy '*' -m 30 -b "$cookie" -D "$WORK/head" -r 10-19 -o "$WORK/answer" -w '%{http_code}' "$url")"
	check "$1: these bytes" cmp -s "$WORK/answer" <(tail -c +11 "$stored" | head -c 10)
	same "$1: who is not signed in has none" 401 "$(curl -sS --noproxy '*' -m 30 -o "$WORK/answer" -w '%{http_code}' "$url")"
	move "file://$GENHOOK_ARCHIVE/link.png"
	same "$1: nor anybody what is not the archive's" 404 "$(curl -sS --noproxy '*' -m 30 -b "$cookie" -o "$WORK/answer" -w '%{http_code}' "$url")"
	move "$location"
}
page_at sendfile X-Sendfile
sent "lighttpd's X-Sendfile"
web_end
said=$(env -i GENHOOK_CONF="$WORK/sendfile.settings" REQUEST_METHOD=GET PATH_INFO="/$file" HTTP_COOKIE="$cookie" "$BIN/genhook-web" </dev/null 2>"$WORK/cgi.log" | tr -d '\r')
same "the page itself names it, and sends nothing" "X-Sendfile: $stored 0" "$(grep '^X-Sendfile' <<<"$said") $(sed '1,/^$/d' <<<"$said" | wc -c)"
page_at cgi-sendfile X-Sendfile cgi.conf
sent "lighttpd's, as plain CGI"
web_end
if command -v nginx >/dev/null; then
	page_at accel /files/
	BEHIND=$WEB
	like "the location stands for the folder" "^X-Accel-Redirect: /files${stored#"$GENHOOK_ARCHIVE"}" \
	    "$(curl -sS --noproxy '*' -m 30 -b "$cookie" -D - -o "$WORK/answer" "$BEHIND/genhook/$file" | grep -i '^x-accel')"
	mkdir "$WORK/nginx.tmp"
	PORT=$(free_port)
	cat >"$WORK/nginx.conf" <<-CONF
	daemon off;
	user root;
	pid $WORK/nginx.pid;
	error_log $WORK/nginx.out;
	events { }
	http {
		access_log off;
		client_body_temp_path $WORK/nginx.tmp/body;
		proxy_temp_path $WORK/nginx.tmp/proxy;
		fastcgi_temp_path $WORK/nginx.tmp/fastcgi;
		uwsgi_temp_path $WORK/nginx.tmp/uwsgi;
		scgi_temp_path $WORK/nginx.tmp/scgi;
		server {
			listen 127.0.0.1:$PORT;
			location /genhook/ { proxy_pass $BEHIND; }
			location /files/ {
				internal;
				alias $GENHOOK_ARCHIVE/;
				add_header X-Content-Type-Options nosniff always;
				add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'; sandbox" always;
			}
		}
	}
	CONF
	[ "$(id -u)" -eq 0 ] || sed -i '/^user/d' "$WORK/nginx.conf"
	nginx -p "$WORK" -e "$WORK/nginx.out" -c "$WORK/nginx.conf" 2>"$WORK/nginx.said" &
	RUNS+=($!)
	WEB=http://127.0.0.1:$PORT
	check "nginx serves" soon 30 curl -s --noproxy '*' -o /dev/null "$WEB/"
	sent "nginx's X-Accel-Redirect"
	same "the location is for the page alone" 404 "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$WEB/files${stored#"$GENHOOK_ARCHIVE"}")"
	web_end
else
	echo "skipped: nginx is not there"
fi
xsendfile=/usr/lib/apache2/modules/mod_xsendfile.so
if [ -e "$xsendfile" ] && command -v apache2 spawn-fcgi >/dev/null; then
	sed 's|sendfile = .*|sendfile = "X-Sendfile"|' "$WORK/settings.sent" >"$WORK/apache.settings"
	chmod 0600 "$WORK/apache.settings"
	mkdir "$WORK/apache"
	# Who runs Apache reads the archive, by a path that has to be open.
	readable=$GENHOOK_ARCHIVE
	chmod -R o+rX "$GENHOOK_ARCHIVE"
	until [ "$readable" = / ] || [ "$readable" = "$WORK" ]; do
		readable=$(dirname -- "$readable")
		chmod o+x "$readable"
	done
	GENHOOK_CONF=$WORK/apache.settings spawn-fcgi -n -s "$WORK/apache/web.sock" -M 0666 -- "$BIN/genhook-web" >"$WORK/apache/web.out" 2>&1 </dev/null &
	RUNS+=($!)
	PORT=$(free_port)
	{
		for module in mpm_event authz_core proxy proxy_fcgi; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		[ "$(id -u)" -ne 0 ] || printf 'User www-data\nGroup www-data\n'
		cat <<-CONF
		LoadModule xsendfile_module $xsendfile
		ServerName localhost
		PidFile $WORK/apache/pid
		DefaultRuntimeDir $WORK/apache
		ErrorLog $WORK/apache/error.log
		Listen 127.0.0.1:$PORT
		ProxyPass "/genhook" "unix:$WORK/apache/web.sock|fcgi://genhook-web" timeout=60
		ProxyFCGISetEnvIf "reqenv('SCRIPT_NAME') =~ m#^/(?:hook|genhook)(/.*)?\$#" PATH_INFO "\$1"
		<Location "/genhook">
			XSendFile on
			XSendFilePath "$GENHOOK_ARCHIVE"
		</Location>
		CONF
	} >"$WORK/apache/conf"
	(PATH=$PATH:/usr/sbin exec apache2 -f "$WORK/apache/conf" -D FOREGROUND) >"$WORK/apache/out" 2>&1 </dev/null &
	RUNS+=($!)
	WEB=http://127.0.0.1:$PORT
	check "Apache serves" soon 30 curl -s --noproxy '*' -o /dev/null "$WEB/"
	sent "Apache's mod_xsendfile"
else
	echo "skipped: Apache, mod_xsendfile or spawn-fcgi is not there"
fi

# --- the end of sessions
like "signed out everywhere" 'bo is signed out' "$("${GENHOOK[@]}" web logout bo)"
for path in api/session api/tasks api/task "$file"; do
	like "$path: no more" '^401 ' "$(get "$path")"
done
like "others stay" '^200 ' "$(JAR=$OPERATOR get api/session)"
like "and may come again" '^200 ' "$(sign_in "$READER" bo)"
like "this browser forgets" '^200 ' "$(put api/sign_out '')"
like "its cookie" '^genhook_session=; .*Max-Age=0' "$(header set-cookie)"

# --- too many tries
said=
for _ in $(seq 25); do
	said+="$(get api/session -d '{"code":"wrong"}' | cut -c 1-3) "
done
like "wrong codes are bounded" '401 429 429' "$said"
like "a right one too, from there" '^429 ' "$(sign_in "$WORK/none" late)"
like "and when to come again" '^[0-9]+$' "$(header retry-after)"
sql "update genhook.web_tries set minute = minute - interval '5 minutes'"
like "five minutes later" '^200 ' "$(sign_in "$WORK/none" late)"

# --- the database
hold "lock table genhook.tasks in access exclusive mode"
begin=$(now_ms)
like "a query that takes too long ends" '^503 .*error' "$(JAR=$OPERATOR get api/tasks)"
check "in time" test $(($(now_ms) - begin)) -lt 8000
# Pages that wait for the database hold up none that does not: at that one's answer they
# still wait.  On a slow machine they may have ended by then: so once more.
others_wait()
{
	local pids=() i waits=1

	for i in {1..6}; do
		curl -s --noproxy '*' -m 30 -b "$OPERATOR" -o /dev/null "$API/tasks?limit=$i" &
		pids+=("$!")
	done
	soon 20 at_least 1 waiting_for_tasks
	curl -sSf --noproxy '*' -m 30 -o /dev/null "${GENHOOK_WEB}page.css" || waits=0
	for i in "${pids[@]}"; do
		kill -0 "$i" 2>/dev/null || waits=0
	done
	wait "${pids[@]}"
	[ $waits -eq 1 ]
}
waiting_for_tasks()	{ super "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%tasks%'"; }
check "what needs no database does not wait for those that do" soon 90 others_wait
release
like "and then again" '^200 ' "$(JAR=$OPERATOR get api/tasks)"
database stop
like "without it" '^503 \{"error":"the database is not available"\}$' "$(JAR=$OPERATOR get api/tasks)"
like "the page is there all the same" '^200 ' "$(get '')"
database start
check "and back" soon 20 is '200' sh -c "curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -b $OPERATOR $API/tasks"

# --- below another prefix, behind a proxy that tells less; whom the web server names
web_start proxy <<CONF
server.document-root = "$WORK"
server.modules = ("mod_proxy", "mod_fastcgi", "mod_setenv")
\$HTTP["url"] =~ "^/x/y/" {
	proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${GENHOOK_BASE##*:})))
	proxy.header = ("map-urlpath" => ("/x/y/" => "/genhook/"))
}
CONF
like "below a prefix" '^200' "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$WEB/x/y/")"
like "its list" '"rows"' "$(curl -sS --noproxy '*' -b "genhook_session=$(awk '/genhook_session/ { print $7 }' "$OPERATOR")" "$WEB/x/y/api/tasks?limit=1")"
conf_set web 'trust_remote_user = yes'
handlers_restart
JAR=$OPERATOR
like "a cookie is no word of the web server" '^401 ' "$(get api/session)"
like "nor is a header" '^401 ' "$(get api/session -H 'Remote-User: anna')"
cgi()	# VARIABLE=VALUE...: the program as plain CGI, without a web server.
{
	env -i GENHOOK_CONF="$GENHOOK_CONF" REQUEST_METHOD=GET "$@" "$BIN/genhook-web" </dev/null 2>>"$WORK/cgi.log"
}
like "REMOTE_USER is" '"name":"anna","may_act":true,"until":null' "$(cgi PATH_INFO=/api/session REMOTE_USER=anna)"
like "and sees" '"rows"' "$(cgi PATH_INFO=/api/tasks REMOTE_USER=anna)"
sed -i '/trust_remote_user/d' "$GENHOOK_CONF"
like "off by default" '^Status: 401 ' "$(cgi PATH_INFO=/api/session REMOTE_USER=anna)"
cookie=$(awk '/genhook_session/ { print "genhook_session=" $7 }' "$OPERATOR")
like "plain CGI, by cookie" '"name":"anna"' "$(cgi PATH_INFO=/api/session HTTP_COOKIE="$cookie")"
check "a file, byte for byte" cmp -s <(cgi PATH_INFO="/$file" HTTP_COOKIE="$cookie" | sed '1,/^\r$/d') "$stored"
like "the page" '<!doctype html>' "$(cgi PATH_INFO=/)"
sed -i '/^[[:space:]]*secret = /s/= .*/= ""/' "$GENHOOK_CONF"
same "without a secret there is no page" 'Status: 404 Not Found' "$(cgi PATH_INFO=/ | head -n 1 | tr -d '\r')"
like "and no sign-in" 'web.secret is not set' "$("${GENHOOK[@]}" web login anna 2>&1)"
sed -i '/^[[:space:]]*secret = /s/= .*/= "short"/' "$GENHOOK_CONF"
like "a short secret is refused" 'secret.* 16 or more' "$("${GENHOOK[@]}" config check 2>&1)"
chmod o+r "$GENHOOK_CONF"
same "nor without settings" 'Status: 503 Service Unavailable' "$(cgi PATH_INFO=/ | head -n 1 | tr -d '\r')"
chmod o-r "$GENHOOK_CONF"

# --- nothing of it in the logs
fails "no code, no cookie in any log" grep -rqE "${CODE}|genhook_session=1|$(awk '/genhook_session/ { print $7 }' "$OPERATOR")" "$RUN_DIR/log"
finish
