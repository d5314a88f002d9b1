#!/bin/bash
# A final task that has nothing is mended by its name: asked about again, its
# deliveries parsed anew, its outputs fetched by fresh links.  Nothing else ever takes
# the place of a result, and nothing is mended in bulk.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
origin_start
TOKEN=static-token-0123456789abcdef0123456789abcdef
cat >>"$GENHOOK_CONF" <<END
apimart static {
	token = {"$TOKEN"}
	api_key = "a-key-for-the-static-api"
	api_base = "$ORIGIN"
	poll_after = 1
	poll_every_max = 1
	polls_per_minute = 6000
}
apimart other {
	token = {"other-$TOKEN"}
	api_key = "another-key"
	api_base = "$ORIGIN"
}
END
handlers_restart
mkdir -p "$WORK/origin/v1/tasks"
cp "$FIXTURES/media/base.jpg" "$WORK/origin/a.jpg"
cp "$FIXTURES/media/base.jpg" "$WORK/origin/b.jpg"
api()		{ cat >"$WORK/origin/v1/tasks/$1"; }	# what the status API says of it
hook=$HOOK/apimart/$TOKEN/callback
empty()		{ printf '{"id":"%s","status":"completed","completed":%d,"result":{"images":[]}}' "$1" "$(($(date +%s) - 5))"; }
failed()	{ printf '{"id":"%s","status":"failed","completed":%d,"error":{"message":"out of luck","code":"c1"}}' "$1" "$(($(date +%s) - 5))"; }
full()		{ apimart_task "$1" "${2:-$ORIGIN/a.jpg}" $(($(date +%s) + 3600)); }
comes()		{ post_text "${2:-$hook}" "$1" >/dev/null; }
state()		{ task apimart "$1" "status, source, coalesce(error_code, '-')"; }
files()		{ sql "select coalesce(string_agg(status, ',' order by position), '-') from genhook.outputs where task_id = '$1'"; }
mend()		{ sql "select coalesce(outcome, '-') || coalesce(' ' || note, '') || case when finished_at is null then ' open' else '' end from genhook.mends where task_id = '$1'"; }
told()		{ sql "select string_agg(source || ' ' || outcome, ', ' order by received_at, id) from genhook.deliveries where task_id = '$1'"; }
genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@" >"$WORK/genhook.out" 2>&1; }
asked()		{ origin_log | grep -c "tasks/$1 "; }
due()		{ sql "update genhook.mends set next_poll_at = now() where finished_at is null"; }

# --- a success without outputs, asked about again by name
for id in empty empty-2 bulk; do
	comes "$(empty $id)"
	full $id | api $id
done
same "an empty success is final" 'succeeded|callback|-' "$(state empty)"
same "a person is told how to have it mended" "select * from genhook.repoll_tasks('apimart', 'empty')" \
    "$(sql "select cure from genhook.attention where task_id = 'empty'")"
row=$(sql "select xmin, ctid from genhook.tasks where task_id = 'empty'")
for call in "repoll_tasks()" "repoll_tasks('apimart')" "repoll_tasks('apimart', null, 'succeeded')" "repoll_tasks(null, 'empty')" \
    "retry_outputs()" "retry_outputs('apimart')" "replay_deliveries()" "replay_deliveries('apimart')"; do
	sql "select from genhook.$call" >/dev/null
done
sweep
same "nothing in bulk reaches it" "$row|0" "$(sql "select xmin, ctid, (select count(*) from genhook.mends) from genhook.tasks where task_id = 'empty'")"
same "nor is it asked about" 0 "$(asked empty)"
comes "$(full empty)"
same "another result is a conflict" 'callback accepted, callback conflict' "$(told empty)"
same "and the first stands" "$row" "$(sql "select xmin, ctid from genhook.tasks where task_id = 'empty'")"
check "by its name" genhook repoll empty
like "it is due" '1 task is due now' "$(cat "$WORK/genhook.out")"
like "and the command says how it goes on" 'its provider is asked about it again' "$(cat "$WORK/genhook.out")"
same "until there is an answer the result stands" "$row" "$(sql "select xmin, ctid from genhook.tasks where task_id = 'empty'")"
sweep
same "the answer's outputs come in, and are fetched" 'succeeded|poll|-|stored' "$(state empty)|$(files empty)"
same "its result is the answer" 1 "$(sql "select jsonb_array_length(result #> '{result,images}') from genhook.tasks where task_id = 'empty'")"
same "what it was is kept" 'accepted was succeeded' "$(mend empty)"
same "and each delivery" 'callback accepted, callback conflict, poll accepted' "$(told empty)"
same "by retry, too" 0 "$(sql "select count(*) from genhook.retry_outputs('apimart', 'empty-2')")"
sweep
same "the same comes of it" 'succeeded|poll|-|stored' "$(state empty-2)|$(files empty-2)"
same "another task is left alone" 'succeeded|callback|-|-' "$(state bulk)|$(files bulk)"

# --- what does not answer leaves the result as it is
comes "$(empty still)"
empty still | api still
comes "$(empty gone)"
# A web page that says 404 is a wall, and no word about the task.
echo '{"code":404,"message":"there is no such task","data":null}' | api gone
comes "$(empty later)"
echo '{"code":200,"data":{"id":"later","status":"processing"}}' | api later
comes "$(empty worse)"
failed worse | api worse
comes "$(empty trouble)"
echo '<html>busy</html>' | api trouble
for id in still gone later worse trouble; do
	same "$id is named" 1 "$(sql "select count(*) from genhook.repoll_tasks('apimart', '$id')")"
done
sweep
for id in still gone later worse trouble; do
	same "$id: the first result stands" 'succeeded|callback|-|-' "$(state $id)|$(files $id)"
done
same "nothing new" 'duplicate' "$(mend still)"
like "no such task" '^- .*no such task' "$(mend gone)"
same "another final state" 'conflict' "$(mend worse)"
same "a person sees that" 1 "$(sql "select count(*) from genhook.attention where task_id = 'worse' and reason = 'conflict delivery'")"
same "one that runs is asked again later" '- open' "$(mend later)"
same "so is one that cannot be asked" '- open' "$(mend trouble)"
full later | api later
due
sweep
same "and comes in then" 'succeeded|poll|-|stored' "$(state later)|$(files later)"
sql "update genhook.mends set polls = 29 where task_id = 'trouble'"
due
sweep
like "not for ever" '^- .+' "$(mend trouble)"
fails "it is over" grep -q open <<<"$(mend trouble)"

# --- a failed or cancelled one, by name alone
for id in fails cancels; do
	comes "$(failed $id | sed "$([ $id = fails ] || echo 's/"failed"/"cancelled"/')")"
	full $id | api $id
done
same "a failed one is failed" 'failed|callback|c1' "$(state fails)"
sql "select from genhook.repoll_tasks('apimart', null, 'failed')"
sweep
same "in bulk it stays so" 'failed|callback|c1' "$(state fails)"
for id in fails cancels; do
	same "$id by name" 1 "$(sql "select count(*) from genhook.repoll_tasks('apimart', '$id')")"
done
sweep
same "a failed one that has a result after all" 'succeeded|poll|-|stored' "$(state fails)|$(files fails)"
same "what it was is kept" 'accepted was failed: c1: out of luck' "$(mend fails)"
same "so with one that was cancelled" 'succeeded|poll|-|stored' "$(state cancels)|$(files cancels)"

# --- a delivery parsed anew: as an older version had recorded it
old()		# TASK BODY: accepted, and nothing understood
{
	sql "insert into genhook.tasks (provider, task_id, status, account, finished_at, source, result, result_digest)
	    values ('apimart', '$1', 'succeeded', '${3:-static}', now(), 'callback', '$2', 'old')"
	sql "insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict, body, body_digest)
	    values (gen_random_uuid(), now(), 'apimart', '$1', '${4:-static}', 'callback', 'accepted', 'token', convert_to('$2', 'UTF8'), sha256(convert_to('$2', 'UTF8')))"
}
id_of()		{ sql "select id from genhook.deliveries where task_id = '$1' order by received_at limit 1"; }
for id in parsed named told-1 bulk-2; do
	old $id "$(full $id)"
done
genhook replay
same "all replays: it is not among them" '-' "$(files bulk-2)"
check "a replay by the delivery's id" genhook replay --id "$(id_of parsed)"
same "its outputs come in" 'succeeded|callback|-|pending' "$(state parsed)|$(files parsed)"
same "what it was is kept" 'accepted was succeeded' "$(mend parsed)"
same "as a delivery of its own" 'callback accepted, replay accepted' "$(told parsed)"
check "by the task's name" genhook replay --provider apimart --task named
same "its outputs come in" 'succeeded|callback|-|pending' "$(state named)|$(files named)"
check "once more" genhook replay --id "$(id_of parsed)"
same "is a duplicate" 'callback accepted, replay accepted, replay duplicate' "$(told parsed)"
# An empty success first, then one with outputs, which was a conflict.
comes "$(empty twice)"
comes "$(full twice)"
check "a conflict of a task that has nothing" genhook replay --provider apimart --task twice
same "is taken" 'succeeded|callback|-|pending' "$(state twice)|$(files twice)"
comes "$(full whole)"
comes "$(full whole "$ORIGIN/b.jpg")"
sweep
genhook replay --id "$(sql "select id from genhook.deliveries where task_id = 'whole' and outcome = 'conflict'")"
same "one of a task that has its outputs never is" "$ORIGIN/a.jpg|stored" "$(sql "select url, status from genhook.outputs where task_id = 'whole'")"
old foreign "$(full foreign)" static other
genhook replay --id "$(id_of foreign)"
same "nor what another account's token brought" 'succeeded|callback|-|-' "$(state foreign)|$(files foreign)"
sed -i "/^apimart static {/a\\	trust = requery" "$GENHOOK_CONF"
full told-1 "$ORIGIN/b.jpg" | api told-1
genhook replay --id "$(id_of told-1)"
same "an account that believes no callback asks" '- open' "$(mend told-1)"
sweep
same "and believes the answer" "succeeded|poll|-|$ORIGIN/b.jpg" "$(state told-1)|$(sql "select url from genhook.outputs where task_id = 'told-1'")"
sed -i '/^apimart static {/,/^}/ { /trust = requery/d }' "$GENHOOK_CONF"

# --- outputs that were given up: by name with a fresh link
for id in old-link old-page bulk-3; do
	comes "$(full $id "$ORIGIN/none-$id.jpg")"
	full $id | api $id
done
sql "update genhook.outputs set status = 'failed', last_error = 'gave up', next_attempt_at = null, attempts = 9 where task_id in ('old-link', 'old-page', 'bulk-3')"
echo '<html>here was your file</html>' >"$WORK/origin/none-old-page.jpg"
cp "$WORK/origin/a.jpg" "$WORK/origin/none-bulk-3.jpg"
sql "select from genhook.retry_outputs('apimart')"
sweep --task bulk-3
same "in bulk the link is tried that is there" "stored|$ORIGIN/none-bulk-3.jpg|0" "$(sql "select status, url from genhook.outputs where task_id = 'bulk-3'")|$(asked bulk-3)"
sql "update genhook.outputs set status = 'failed', next_attempt_at = null where task_id in ('old-link', 'old-page')"
same "by name" 1 "$(sql "select count(*) from genhook.retry_outputs('apimart', 'old-page')")"
check "and by asking about the task" genhook repoll old-link
sweep
for id in old-link old-page; do
	same "$id comes by a fresh link" "stored|$ORIGIN/a.jpg" "$(sql "select status, url from genhook.outputs where task_id = '$id'")"
done
same "the old one was not asked for" 0 "$(origin_log | grep -c 'none-old-')"
fails "a task that has all is not asked about" genhook repoll old-link
like "and the command says so" 'the task is final, and has what it brought' "$(cat "$WORK/genhook.out")"

# --- two at once, and one killed over it
for n in 1 2 3 4 5 6 7 8; do
	comes "$(empty "many-$n")"
	full "many-$n" | api "many-$n"
	sql "select from genhook.repoll_tasks('apimart', 'many-$n')"
done
sweep &
"$BIN/genhook-sweep" --config "$GENHOOK_CONF" >/dev/null 2>&1
wait $!
sweep
same "by two sweeps at once, each is mended once" '8|8|8' \
    "$(sql "select (select count(*) from genhook.tasks where task_id like 'many-%' and source = 'poll'), (select count(*) from genhook.outputs where task_id like 'many-%'),
	(select count(*) from genhook.deliveries where task_id like 'many-%' and source = 'poll' and outcome = 'accepted')")"
finish
