#!/bin/bash
# Every row of the answer table, through real lighttpd: status, body, headers,
# and what is kept of it.
. "$(dirname -- "$0")/lib.sh"
run_start run

deliveries()	{ sql "select count(*) from genhook.deliveries"; }
outcome()	# TASK_ID
{
	sql "select string_agg(outcome, ',' order by received_at, id)
	    from genhook.deliveries where task_id = '$1'"
}

final='{"id":"t-1","status":"completed","progress":100,"created":1776748800,"completed":1776748860,"result":{"images":[{"url":["https://upload.apimart.ai/f/image/a.png"],"expires_at":1776835260}]}}'
failed='{"id":"t-1","status":"failed","progress":100,"created":1776748800,"completed":1776748861,"error":{"message":"no","code":"task_failed"}}'
resigned='{"id":"t-1","status":"completed","progress":100,"created":1776748800,"completed":1776748860,"result":{"images":[{"url":["https://upload.apimart.ai/f/image/a.png?sig=2"],"expires_at":1776835999}]}}'
hook=$(hook apimart)/callback

same "a first final result" '200 {"status":"accepted"}' "$(post_text "$hook" "$final")"
like "JSON is said to be JSON" 'Content-Type: application/json' "$(cat "$WORK/head")"
same "it has its row" 'succeeded|default|callback|2026-04-21 05:21:00+00' \
    "$(sql "set timezone='UTC'; select status, account, source, finished_at from genhook.tasks where task_id = 't-1'")"
same "and its output" 'pending|image|https://upload.apimart.ai/f/image/a.png|field' \
    "$(sql "select status, kind, url, expires_source from genhook.outputs where task_id = 't-1'")"
before=$(sql "select xmin, xmax, ctid from genhook.tasks where task_id = 't-1'")
same "the same task again" '200 {"status":"duplicate"}' "$(post_text "$hook" "$final")"
same "the same with a freshly signed link" '200 {"status":"duplicate"}' "$(post_text "$hook" "$resigned")"
same "another final result" '200 {"status":"duplicate"}' "$(post_text "$hook" "$failed")"
same "the task row is not touched" "$before" \
    "$(sql "select xmin, xmax, ctid from genhook.tasks where task_id = 't-1'")"
same "each is a delivery with its outcome" 'accepted,duplicate,duplicate,conflict' "$(outcome t-1)"
same "no second copy of an identical body" '3' \
    "$(sql "select count(body) from genhook.deliveries where task_id = 't-1'")"
same "the body is kept to the byte" "$final" \
    "$(sql "select convert_from(body, 'UTF8') from genhook.deliveries where task_id = 't-1' and outcome = 'accepted'")"

same "progress is ignored" '200 {"status":"ignored"}' \
    "$(post_text "$hook" '{"id":"t-2","status":"processing","progress":40}')"
same "and makes no task" '0' "$(sql "select count(*) from genhook.tasks where task_id = 't-2'")"
same "and is a delivery" 'ignored' "$(outcome t-2)"
same "another event_type is ignored" '200 {"status":"ignored"}' \
    "$(post_text "$(hook novita)" '{"event_type":"SOMETHING_NEW","payload":{"task":{"task_id":"t-3"}}}')"
same "an unknown shape is unparsed" '200 {"status":"unparsed"}' \
    "$(post_text "$hook" '{"hello":"world"}')"
same "a status that nobody knows is unparsed" '200 {"status":"unparsed"}' \
    "$(post_text "$(hook apimart)" '{"id":"word-1","status":"resting"}')"
same "and its task is asked for at once" 'pending|t' \
    "$(sql "select status, next_poll_at <= now() from genhook.tasks where task_id = 'word-1'")"
same "a person is told" 'unparsed delivery' "$(sql "select reason from genhook.attention where task_id = 'word-1'")"
same "a success whose result is not understood is unparsed" '200 {"status":"unparsed"}' \
    "$(post_text "$(hook apimart)" '{"id":"word-2","status":"completed","result":{"file_id":"f-1"}}')"
same "so is its task" 'pending|t' \
    "$(sql "select status, next_poll_at <= now() from genhook.tasks where task_id = 'word-2'")"
same "a later result is taken" '200 {"status":"accepted"}' \
    "$(post_text "$(hook apimart)" '{"id":"word-2","status":"completed","result":{"url":"https://cdn.example/1.png"}}')"
same "an array is unparsed" '200 {"status":"unparsed"}' "$(post_text "$hook" '[1]')"
same "its body waits for a replay" '{"hello":"world"}' \
    "$(sql "select convert_from(body, 'UTF8') from genhook.deliveries where outcome = 'unparsed' order by received_at limit 1")"

n=0
while IFS= read -r body; do
	n=$((n + 1))
	printf '%b' "$body" >"$WORK/bad"
	like "not JSON, case $n" '^400 \{"error":".+"\}$' "$(post "$hook" "$WORK/bad")"
done <<'CASES'
{"id":"t-9","status":"completed"
{"id":"t-9"}{}
{"id":'t-9'}
{"id":NaN}
{"id":-01}
{"id":"\\xc0\\xaf"}
\\xef\\xbb\\xbf{}
[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]

CASES
same "each is kept as rejected" "$n" \
    "$(sql "select count(*) from genhook.deliveries where outcome = 'rejected' and note is not null")"
like "the error says where" 'byte [0-9]+' "$(post_text "$hook" '{"a":tru}')"

rows=$(deliveries)
same "a wrong token" '404 {"error":"not found"}' "$(post_text "$HOOK/apimart/$(printf '%048d' 0)" "$final")"
same "no token" '404 {"error":"not found"}' "$(post_text "$HOOK/apimart/" "$final")"
same "another provider's token" '404 {"error":"not found"}' "$(post_text "$HOOK/apixo/$GENHOOK_TOKEN_APIMART" "$final")"
same "a suffix that is not the provider's" '404 {"error":"not found"}' "$(post_text "$(hook novita)/callback" "$final")"
same "more path behind the token" '404 {"error":"not found"}' "$(post_text "$(hook apimart)/x" "$final")"
like "GET" '^405 \{"error":' "$(post_text "$hook" '' -X GET)"
like "405 names what is allowed" 'Allow: POST' "$(cat "$WORK/head")"
like "DELETE" '^405 ' "$(post_text "$hook" '' -X DELETE)"
like "a compressed body" '^415 \{"error":' "$(post_text "$hook" "$final" -H 'Content-Encoding: gzip')"
same "identity is no encoding" '200 {"status":"duplicate"}' \
    "$(post_text "$hook" "$final" -H 'Content-Encoding: identity')"

head -c 1048577 /dev/zero | tr '\0' ' ' >"$WORK/big"
like "a body over the limit" '^413 ' "$(post "$hook" "$WORK/big")"
head -c 1048476 /dev/zero | tr '\0' ' ' >"$WORK/fits"
printf '{"id":"t-big","status":"failed"}' >>"$WORK/fits"
same "a body at the limit" '200 {"status":"accepted"}' "$(post "$hook" "$WORK/fits")"
head -c 3000000 /dev/zero | tr '\0' ' ' >"$WORK/big"
like "far over the limit, chunked" '^413 ' "$(post "$hook" "$WORK/big" -H 'Transfer-Encoding: chunked')"
same "no length" '411 {"error":"Content-Length is missing"}' "$(post_text "$hook" "$final" -H 'Content-Length:')"
same "a chunked body" '200 {"status":"duplicate"}' \
    "$(post_text "$hook" "$final" -H 'Transfer-Encoding: chunked')"
same "an empty body" '400' "$(post_text "$hook" '' | cut -c1-3)"
same "refusals without a proof are no deliveries" "$((rows + 4))" "$(deliveries)"

# --- signatures
printf '{"id":"w-1","model":"m","status":"completed","outputs":["https://cdn.wavespeed.ai/1.png"],"created_at":"2026-11-20T09:12:48.239112031Z","error":"","code":0}' >"$WORK/w1"
ws=$(hook wavespeed)
now=$(date +%s)
like "no signature" '^401 \{"error":".*webhook-' "$(post "$ws" "$WORK/w1")"
like "a wrong signature" '^401 ' "$(post "$ws" "$WORK/w1" -H 'webhook-id: x' -H "webhook-timestamp: $now" -H "webhook-signature: v3,$(printf '%064d' 0)")"
same "a forger changes no task" '0' "$(sql "select count(*) from genhook.tasks where provider = 'wavespeed'")"
same "forgeries are kept, bounded" '2' \
    "$(sql "select count(*) from genhook.deliveries where outcome = 'unverified' and verdict = 'failed'")"
like "a trusted header twice" '^400 \{"error":".*twice' \
    "$(post_signed "$WORK/w1" evt_1 "$now" -H 'webhook_id: evt_2')"
same "rightly signed" '200 {"status":"accepted"}' "$(post_signed "$WORK/w1" evt_1 "$now")"
same "proved by the signature" 'accepted|signature' \
    "$(sql "select outcome, verdict from genhook.deliveries where task_id = 'w-1' and outcome = 'accepted'")"
sed 's/w-1/w-2/' "$WORK/w1" >"$WORK/w2"
same "stale, but authentic" '200 {"status":"stale"}' "$(post_signed "$WORK/w2" evt_2 $((now - 400)))"
same "it is polled at the next sweep" 'pending|t' \
    "$(sql "select status, next_poll_at <= now() from genhook.tasks where task_id = 'w-2'")"
same "too early is stale too" '200 {"status":"stale"}' "$(post_signed "$WORK/w2" evt_2 $((now + 400)))"
same "a fresh one settles it" '200 {"status":"accepted"}' "$(post_signed "$WORK/w2" evt_3 "$(date +%s)")"

# Two headers of one name reach a handler as one.
like "a trusted header twice under its own name" '^400 \{"error":".*twice' \
    "$(post "$ws" "$WORK/w2" -H 'webhook-id: evt_1' -H 'webhook-id: evt_2' -H "webhook-timestamp: $now" -H "webhook-signature: v3,$(printf '%064d' 0)")"
same "is no delivery" 0 "$(sql "select count(*) from genhook.deliveries where headers->>'Webhook-Id' like '%,%'")"

# --- what PostgreSQL cannot hold, and what may not be held
sql "alter table genhook.tasks add constraint refused check (task_id <> 'refused-1') not valid"
same "what PostgreSQL refuses is not lost" '200 {"status":"unparsed"}' \
    "$(post_text "$hook" '{"id":"refused-1","status":"failed","error":{"message":"m"}}')"
same "but kept, with its words, until it can be replayed" 'unparsed|t|t' \
    "$(sql "select outcome, convert_from(body, 'UTF8') like '%refused-1%', note like '%refused%' from genhook.deliveries where note like '%\"refused\"%'")"
sql "alter table genhook.tasks drop constraint refused"
same "\\u0000 in a value: the task is taken" '200 {"status":"accepted"}' \
    "$(post_text "$hook" '{"id":"nul-1","status":"failed","error":{"message":"m"},"x":"a\u0000b"}')"
same "its result is NULL, its body kept" 't|t' \
    "$(sql "select t.result is null, position('\\u0000'::bytea in d.body) > 0 from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'nul-1'" 2>/dev/null ||
    sql "select t.result is null, convert_from(d.body, 'UTF8') like '%u0000%' from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'nul-1'")"
posts "$hook" 60 '{"id":"nul-b-%d","status":"failed"}' 60 &
burst=$!
same "nor do others at the same moment lose by it" '200 {"status":"accepted"}' \
    "$(post_text "$hook" '{"id":"nul-b-0","status":"failed","x":"\u0000"}')"
wait "$burst"
same "each has its answer" '60 {"status":"accepted"}' \
    "$(sort "$WORK"/posts/* | uniq -c | sed 's/^ *//')"
same "and only its own result is NULL" '60' "$(sql "select count(result) from genhook.tasks where task_id like 'nul-b-%'")"

# --- an application that registers a task while its callback comes
hold "select from genhook.register_task('apimart', 'at-once', 'm', p_metadata => '{\"a\":1}')"
post_text "$hook" '{"id":"at-once","status":"failed","error":{"message":"m"}}' >"$WORK/at-once" &
calling=$!
check "a callback for a task that is just being registered waits" soon 30 blocked
release
wait "$calling"
same "and is taken" '200 {"status":"accepted"}' "$(cat "$WORK/at-once")"
same "both say what they know" 'failed|m|{"a": 1}' \
    "$(sql "select status, model, metadata from genhook.tasks where task_id = 'at-once'")"
same "\\u0000 in a key shadows nothing" '200 {"status":"unparsed"}' \
    "$(post_text "$hook" '{"id":"good","id\u0000":"evil","status":"failed"}')"
same "and brings no task" '0' "$(sql "select count(*) from genhook.tasks where task_id in ('good', 'evil')")"
same "an echoed webhook URL is taken" '200 {"status":"accepted"}' \
    "$(post_text "$(hook novita)" "{\"event_type\":\"ASYNC_TASK_RESULT\",\"payload\":{\"task\":{\"task_id\":\"echo-1\",\"status\":\"TASK_STATUS_FAILED\",\"reason\":\"r\"},\"extra\":{\"webhook\":{\"url\":\"$(hook novita)\",\"test_mode\":{\"enabled\":true}}}}}")"
same "its token is not kept" '0|t|t' "$(sql "select count(*) filter (where convert_from(d.body, 'UTF8') like '%$GENHOOK_TOKEN_NOVITA%' or t.result::text like '%$GENHOOK_TOKEN_NOVITA%'), bool_and(t.is_test), bool_and(t.result #>> '{payload,extra,webhook,url}' like '%/hook/novita/[token]') from genhook.tasks t join genhook.deliveries d using (provider, task_id) where task_id = 'echo-1'")"
token=$GENHOOK_TOKEN_WAVESPEED
printf '{"id":"echo-2","model":"m-%s","status":"failed","outputs":["https://cdn.wavespeed.ai/%s.png","heard %s"],"error":"no answer of %s"}' "$token" "$token" "$token" "$(hook wavespeed)" >"$WORK/echo"
same "a token in every field is taken, as the signature is of the bytes that came" '200 {"status":"accepted"}' "$(post_signed "$WORK/echo" evt_4)"
same "and stands in none" "m-[token]|no answer of $HOOK/wavespeed/[token]|https://cdn.wavespeed.ai/[token].png|heard [token]" \
    "$(sql "select model, error_message, (select url from genhook.outputs where task_id = 'echo-2' and position = 0), (select inline_text from genhook.outputs where task_id = 'echo-2' and position = 1) from genhook.tasks where task_id = 'echo-2'")"
post_text "$(hook novita)" "{\"event_type\":\"x-$GENHOOK_TOKEN_NOVITA\",\"payload\":{\"task\":{\"task_id\":\"echo-$GENHOOK_TOKEN_NOVITA\"}}}" >/dev/null
same "nor in a task's id or a note" 'event_type "x-[token]"' \
    "$(sql "select note from genhook.deliveries where task_id = 'echo-[token]'")"
same "no token in any log" '' "$(grep -lF -e "$GENHOOK_TOKEN_NOVITA" -e "$GENHOOK_TOKEN_APIMART" -e "$GENHOOK_TOKEN_WAVESPEED" "$RUN_DIR"/log/*.log)"

# --- what a role or a database is set to changes nothing of what 200 means
sql "create table genhook.seen (line text);
    create function genhook.see() returns trigger language plpgsql as
    'begin insert into genhook.seen values (current_setting(\$\$synchronous_commit\$\$)); return new; end';
    create trigger see before insert on genhook.deliveries for each row execute function genhook.see()"
super "alter role genhook_hook set synchronous_commit = off"
sessions_end
same "with a role that waits for no disk" '200 {"status":"accepted"}' \
    "$(soon 30 all_healthy; post_text "$hook" '{"id":"sync-1","status":"failed","error":{"message":"m"}}')"
same "a callback's commit waits all the same" on "$(sql "select string_agg(distinct line, ' ') from genhook.seen")"
super "alter role genhook_hook reset synchronous_commit"
sql "drop function genhook.see() cascade; drop table genhook.seen" 2>/dev/null
sessions_end
check "as before" soon 30 all_healthy

# --- health
like "healthz" '^200 \{"status":"ok","database":"ok","schema_version":[0-9]+,"spool_files":0,"uptime_seconds":[0-9]+\}$' \
    "$(curl -s -w '' "$HOOK/novita/healthz" -o "$WORK/answer" -w '%{http_code} '; cat "$WORK/answer")"

like "healthz, to who asks for no body" '^HTTP/1.1 200 ' "$(curl -sI "$HOOK/novita/healthz")"
like "HEAD of anything else" '^HTTP/1.1 405 ' "$(curl -sI "$hook")"

# --- beside other sites: Debian's lighttpd with the snippet that ships
mkdir -p "$WORK/debian/site" "$WORK/debian/run"
chmod 0700 "$WORK/debian/run"
sed "s|/usr/local/share/genhook|$TOP|; s|/usr/local/lib/genhook|$BIN|; s|/run/lighttpd|$WORK/debian/run|
    s|/etc/genhook/genhook.conf|$GENHOOK_CONF|; s|/var/log/lighttpd|$WORK/debian|" \
    "$TOP/lighttpd/50-genhook.conf" >"$WORK/50-genhook.conf"
web_start debian <<END
server.modules = ("mod_access", "mod_accesslog")
server.document-root = "$WORK/debian/site"
accesslog.filename = "$WORK/debian/access.log"
server.upload-dirs = ("$WORK/debian")
mimetype.assign = (".html" => "text/html")
include "$WORK/50-genhook.conf"
END
debian=$WEB/hook/apimart/$GENHOOK_TOKEN_APIMART/callback
json='[Cc]ontent-[Tt]ype: application/json'
same "a callback is taken" '200 {"status":"duplicate"}' "$(post_text "$debian" "$final")"
same "what lighttpd refuses is JSON" '413 {"error":"body too large"}' "$(post "$debian" "$WORK/big")"
like "and says so" "$json" "$(cat "$WORK/head")"
same "also chunked" '413 {"error":"body too large"}' "$(post "$debian" "$WORK/big" -H 'Transfer-Encoding: chunked')"
same "and where no handler is" '404 {"error":"not found"}' "$(post_text "$WEB/hook/nobody/x" "$final")"
like "another site takes larger bodies" '^404 ' "$(post "$WEB/elsewhere" "$WORK/big")"
like "another site keeps its pages" '^404 .*<html' "$(post_text "$WEB/elsewhere" "$final" | tr '\n' ' ')"
post_text "$WEB/hook/mistyped/$GENHOOK_TOKEN_NOVITA" "$final" >/dev/null

# Debian's rule takes every log of the folder; ours has to come before it.
mkdir "$WORK/rotate"
sed "s|/var/log/lighttpd|$WORK/debian|" "$TOP/deploy/genhook.logrotate" >"$WORK/rotate/genhook"
printf '%s {\n\tweekly\n\tnotifempty\n\tsharedscripts\n\tpostrotate\n\t\tkill -HUP %s\n\tendscript\n}\n' \
    "$WORK/debian/*.log" "$WEB_PID" >"$WORK/rotate/lighttpd"
echo "include $WORK/rotate" >"$WORK/rotate.conf"
chmod 0644 "$WORK/rotate.conf" "$WORK"/rotate/*
logged()	{ grep -q "$1" "$WORK/debian/genhook.log"; }
for turn in 1 2; do
	post_text "$WEB/hook/apimart/nobody-$turn" "$final" >/dev/null
	check "log $turn of the handlers" soon 10 logged 'not found'
	check "is rotated" "$(PATH=$PATH:/usr/sbin command -v logrotate)" --force --state "$WORK/rotate.state" "$WORK/rotate.conf"
	fails "is another then" logged 'not found'
done
post_text "$WEB/hook/apimart/nobody-3" "$final" >/dev/null
check "and is written to by handlers that went on" soon 10 logged 'not found'
accessed()	{ cat "$WORK"/debian/access.log* | grep -q '" 404 '; }
check "what is no path of ours is in the access log" soon 30 accessed
same "no token in any of them" '' \
    "$(zgrep -lF -e "$GENHOOK_TOKEN_NOVITA" -e "$GENHOOK_TOKEN_APIMART" "$WORK"/debian/*log*)"
finish
