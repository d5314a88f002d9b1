#!/bin/bash
# The page in Debian's Chromium: every page signed in and out, on a desktop and a
# phone, light and dark, without a complaint of the browser's and clean by axe-core;
# keys; buttons that change their row; and a database full of hostile texts and
# files, of which nothing runs.  Needs node, npm and chromium, and passes over
# itself without them.  PICTURES=DIR makes the pictures of the documentation there
# and nothing else.
. "$(dirname -- "$0")/lib.sh"

cp -r "$TOP/tests/browser" "$WORK/browser"
if ! command -v node >/dev/null || ! command -v chromium >/dev/null || ! (cd "$WORK/browser" &&
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error >"$WORK/npm.out" 2>&1 </dev/null)
then
	echo "skipped: node, npm or chromium is not there, or playwright-core not to be had"
	finish
fi
simulator_start --finish-ms 100:300
run_start run SIMULATOR="$SIMULATOR"
GENHOOK=("$BIN/genhook" --config "$GENHOOK_CONF")

# browser NAME ARGUMENTS...: what it says is counted.
browser()
{
	while IFS= read -r line; do
		case $line in
		ok*)		pass "${line#ok      }" ;;
		FAILED*)	fail "${line#FAILED  }" ;;
		*)		echo "        $line" ;;
		esac
	done < <(cd "$WORK/browser" && timeout 900 node page.js "$@" 2>&1)
}

if [ -n "${PICTURES:-}" ]; then
	# shellcheck source=tests/e2e/lib/pictures.sh
	. "$TOP/tests/e2e/lib/pictures.sh"
fi

# --- the first day, then tasks of each provider, kind and state
browser sign-in "$GENHOOK_WEB" "$GENHOOK_WEB_LOGIN" "$WORK/gone.jar"
link=$("${GENHOOK[@]}" web login anna --act 2>/dev/null)
curl -sS --noproxy '*' -c "$WORK/jar" -o /dev/null -d "{\"code\":\"${link##*=}\"}" "${GENHOOK_WEB}api/session"
link=$("${GENHOOK[@]}" web login bo 2>/dev/null)
curl -sS --noproxy '*' -c "$WORK/reader.jar" -o /dev/null -d "{\"code\":\"${link##*=}\"}" "${GENHOOK_WEB}api/session"
submit()	{ "${GENHOOK[@]}" submit "$@" >>"$WORK/submit.out" 2>&1; }
submit apixo flux-2 --param input.prompt='a lighthouse at dusk, beam through fog, oil painting' --metadata '{"order": 4127}'
submit apixo flux-2 --param input.prompt='misty pine mountains, first light'
submit apixo wan-2.5 --param input.prompt='old harbour, gouache'
submit wavespeed wavespeed-ai/flux-dev --param prompt='neon city in the rain'
submit wavespeed openai-whisper/large --param prompt='what the harbour master said'
submit novita txt2img --param request.prompt='a fox on a hill under the moon'
submit novita minimax-hailuo-02 --param prompt='desert dunes after wind'
submit apimart suno-v5 --param prompt='a slow shanty for two voices'
# Who was not called back is asked for.
ended()	{ sweep; is 0 sql "select (select count(*) from genhook.tasks where status = 'pending') + (select count(*) from genhook.outputs where status = 'pending')"; }
check "the tasks end" soon 60 ended
hook=$(hook apimart)
post_text "$hook" '{"id":"refused-1","status":"failed","completed":1776748861,"cost":0.02,"error":{"message":"the prompt was refused: content policy","code":"c"}}' >/dev/null
post_text "$hook" '{"something":"else"}' >/dev/null
for i in 1 2 3 4 5 6 7; do post_text "$hook" "$(ok "dead-$i")" >/dev/null; done
sql "update genhook.outputs set status = 'expired', next_attempt_at = null, last_error = 'answered 403' where task_id like 'dead-%';
    select genhook.register_task('novita', 'waits-1', 'qwen-image'); select genhook.register_task('novita', 'waits-2', 'qwen-image');
    select genhook.register_task('apixo', 'gone-1', 'flux-2');
    select genhook.register_task('luma', 'waits-3', 'ray-2');
    update genhook.tasks set status = 'lost', finished_at = now(), error_message = 'answered 404: task not found' where task_id = 'gone-1';
    insert into genhook.requests (provider, model, request) values ('novita', 'qwen-image', '{\"prompt\": \"a cover\"}'), ('novita', 'qwen-image', '{\"prompt\": \"another\"}'), ('wavespeed', 'm', '{}');
    update genhook.requests set status = 'refused', settled_at = now(), attempts = 1, error = 'answered 402: insufficient balance', next_attempt_at = null where status = 'queued' and id % 3 = 0;
    update genhook.requests set status = 'unknown', settled_at = now(), sent_at = now(), attempts = 1, error = 'the connection broke after it was sent', next_attempt_at = null where status = 'queued' and id % 3 = 1;
    update genhook.requests set next_attempt_at = now() + interval '1 hour' where status = 'queued'" >/dev/null
# A second output of a task; an account that waits; and what nobody could be told.
sql "insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	select provider, task_id, 1, status, kind, url, location, bytes, sha256, content_type, stored_at from genhook.outputs where provider = 'apixo' and kind = 'image' and status = 'stored' order by stored_at limit 1 on conflict do nothing;
    update genhook.accounts set not_before = now() + interval '1 hour', reason = 'answered 429', trouble = 'rate limit' where provider = (select provider from genhook.requests where status = 'queued' limit 1);
    insert into genhook.forwards (name, provider, task_id, type, status, next_attempt_at, settled_at, last_error, webhook_id, attempts, http_status)
	values ('shop', 'apimart', 'dead-2', 'task.failed', 'failed', null, now(), 'answered 500', 'w-1', 8, 500);
    insert into genhook.forwards (name, provider, task_id, type, status, next_attempt_at, sent_at, settled_at, webhook_id, attempts, http_status)
	select 'shop', provider, task_id, 'task.stored', 'sent', null, now(), now(), 'w-' || task_id, 1, 200 from genhook.tasks where status = 'succeeded'" >/dev/null
sql "insert into genhook.accounts (provider, account, not_before, reason, trouble, troubles, trouble_since)
	values ('luma', 'default', now() + interval '1 hour', 'answered 402', 'no credit', 1, now())
	on conflict (provider, account) do update set not_before = excluded.not_before, reason = excluded.reason, trouble = excluded.trouble, troubles = 1, trouble_since = now()" >/dev/null
browser visit "$GENHOOK_WEB" "$WORK/jar"

sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('apimart', 'missing', 'succeeded', now() - interval '40 days', 'callback');
    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	values ('apimart', 'missing', 0, 'stored', 'image', 'https://127.0.0.1/x', 'file://$GENHOOK_ARCHIVE/apimart/nothing.png', 7, repeat('a', 64), 'image/png', now() - interval '40 days'),
	('apimart', 'missing', 1, 'stored', 'audio', 'https://127.0.0.1/y', 'file://$GENHOOK_ARCHIVE/apimart/nothing.mid', 7, repeat('a', 64), 'audio/midi', now() - interval '40 days')" >/dev/null
browser ways "$GENHOOK_WEB" "$WORK/jar"
sql "delete from genhook.tasks where task_id = 'missing'" >/dev/null

# --- buttons
refused=$(sql "select id from genhook.requests where status = 'refused'")
unknown=$(sql "select id from genhook.requests where status = 'unknown'")
queued=$(sql "select id from genhook.requests where status = 'queued'")
cat >"$WORK/buttons.json" <<END
[{"hash": "task/novita/waits-1", "button": "Ask again"},
 {"hash": "task/novita/waits-2", "button": "Stop waiting", "sure": true},
 {"hash": "task/apimart/dead-1", "button": "Download again"},
 {"hash": "task/apimart/dead-2", "button": "Tell again"},
 {"hash": "attention", "button": "Set aside"},
 {"hash": "attention", "button": "Try it now"},
 {"hash": "outbox?id=$queued", "button": "Withdraw"},
 {"hash": "outbox?id=$refused", "button": "Send again", "sure": true},
 {"hash": "outbox?id=$unknown", "button": "It is that task", "fill": ["input[name=task_id]", "found-1"]}]
END
before=$(sql "select coalesce(max(id), 0) from genhook.actions")
recorded()	# since then: each action, and by whom if anybody else
{
	sql "select string_agg(concat_ws(' ', action, nullif(name, 'anna'), case when changed = 0 then 'nothing' end), ' ' order by id) from genhook.actions where id > $before"
	before=$(sql "select max(id) from genhook.actions")
}
browser press "$GENHOOK_WEB" "$WORK/jar" "$WORK/buttons.json"
same "each changed its row" "pending cancelled pending pending refused queued submitted 1 -infinity" \
    "$(sql "select concat_ws(' ', (select status from genhook.tasks where task_id = 'waits-1' and next_poll_at <= now()), (select status from genhook.tasks where task_id = 'waits-2'), (select status from genhook.outputs where task_id = 'dead-1'),
	(select status from genhook.forwards where webhook_id = 'w-1'),
	(select status from genhook.requests where id = $queued), (select status from genhook.requests where id = $refused), (select status from genhook.requests where id = $unknown), (select count(*) from genhook.set_asides),
	(select not_before from genhook.accounts where provider = 'luma'))")"
same "and was recorded" "repoll_tasks cancel_tasks retry_outputs retry_forwards set_aside resume_accounts cancel_request requeue_request settle_request" "$(recorded)"
before=$(sql "select max(id) from genhook.actions")

# What mends a case, where the cases are: a request that one task may be, and another.
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, source) values ('kie', 'nobodys', 'succeeded', now(), now(), 'callback');
    insert into genhook.requests (provider, model) values ('kie', 'm-1'), ('kie', 'm-2');
    update genhook.requests set status = case model when 'm-1' then 'unknown' else 'refused' end, attempts = 1, next_attempt_at = null, sent_at = now(), settled_at = now(), error = 'answered 400' where provider = 'kie';
    update genhook.forwards set status = 'failed', settled_at = now(), next_attempt_at = null, last_error = 'answered 500', attempts = 8 where webhook_id = 'w-1'" >/dev/null
cat >"$WORK/cures.json" <<END
[{"hash": "attention", "button": "Parse again"},
 {"hash": "attention", "button": "Ask again"},
 {"hash": "attention", "button": "Download again"},
 {"hash": "attention", "button": "Tell again"},
 {"hash": "attention", "button": "It is that task"},
 {"hash": "attention", "button": "Send again", "sure": true}]
END
browser press "$GENHOOK_WEB" "$WORK/jar" "$WORK/cures.json"
same "each case was mended" "1 pending 2 pending nobodys queued" \
    "$(sql "select concat_ws(' ', (select count(*) from genhook.replays where finished_at is null), (select status from genhook.tasks where task_id = 'gone-1'),
	(select count(*) from genhook.outputs where task_id like 'dead-%' and status = 'pending'), (select status from genhook.forwards where webhook_id = 'w-1'),
	(select task_id from genhook.requests where provider = 'kie' and status = 'submitted'), (select status from genhook.requests where provider = 'kie' and task_id is null))")"
same "and was recorded too" "replay_deliveries repoll_tasks retry_outputs retry_forwards settle_request requeue_request" "$(recorded)"

sql "update genhook.requests set next_attempt_at = now() + interval '1 hour' where status = 'queued'" >/dev/null

browser reader "$GENHOOK_WEB" "$WORK/reader.jar"

# --- the same as plain CGI, and below a path
below()	# WAY NAME FILE BASE [SED]: the page by this of lighttpd's files, behind that.
{
	local way=$1

	shift
	sed '/^[[:space:]]*url = "http.*genhook\/"/d'"${4:+;$4}" "$GENHOOK_CONF" >"$WORK/$1.settings"
	chmod 0600 "$WORK/$1.settings"
	mkdir -m 0700 "$WORK/$1.run"
	web_start "$1" <<-CONF
	server.document-root = "$WORK"
	var.genhook_base = "$3"
	var.genhook_bin = "$BIN"
	var.genhook_run = "$WORK/$1.run"
	var.genhook_config = "$WORK/$1.settings"
	var.genhook_environ = ()
	include "$TOP/lighttpd/$2"
	CONF
	echo "        $1:"
	browser "$way" "$WEB$3/genhook/" "$WORK/jar" "${S3_ENDPOINT:-}"
}
below core cgi cgi.conf ""
web_end
below core path genhook.conf /x/y
web_end

# --- outputs in a store, which checks the signature: by links of a minute
if command -v swift-proxy-server >/dev/null; then
	# shellcheck source=tests/e2e/lib/swift.sh
	. "$TOP/tests/e2e/lib/swift.sh"
	swift_start
	picture=$FIXTURES/media/base.jpg
	film=$(sql "select replace(location, 'file://', '') from genhook.outputs where status = 'stored' and content_type = 'video/mp4' limit 1")
	swift "$S3_BUCKET/some/0.jpg" -T "$picture" -H 'Content-Type: text/html' >/dev/null
	swift "$S3_BUCKET/some/1.mp4" -T "$film" >/dev/null
	sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('apimart', 'in-store', 'succeeded', now(), 'callback');
	    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	    select 'apimart', 'in-store', i, 'stored', kind, 'https://127.0.0.1/x', 's3://$S3_BUCKET/some/' || name, 7, repeat('a', 64), type, now()
	    from (values (0, 'image', '0.jpg', 'image/jpeg'), (1, 'video', '1.mp4', 'video/mp4'), (2, 'image', 'gone.jpg', 'image/jpeg')) as o (i, kind, name, type)" >/dev/null
	below store store genhook.conf "" "s|^\([[:space:]]*url = \)\"file://[^\"]*\"|\1\"s3://$S3_BUCKET/some\"\\n\ts3_endpoint = \"$S3_ENDPOINT\"\\n\ts3_access_key = \"$S3_KEY\"\\n\ts3_secret_key = \"$S3_SECRET\"\\n\ts3_staging_dir = \"$WORK/staging\"|"
	curl -sS --noproxy '*' -b "$WORK/jar" -D "$WORK/head" -o /dev/null "$WEB/genhook/file/apimart/in-store/0"
	link=$(sed -n 's/^location: *//Ip' "$WORK/head" | tr -d '\r')
	like "a link of a minute" 'X-Amz-Expires=60&' "$link"
	same "gives it, and its parts" 206 "$(curl -sS --noproxy '*' -r 10-19 -D "$WORK/head" -o "$WORK/part" -w '%{http_code}' "$link")"
	check "byte for byte" cmp -s "$WORK/part" <(tail -c +11 "$picture" | head -c 10)
	like "as our type, whatever the store has" $'\n''content-type: image/jpeg'$'\r' "$(tr 'A-Z' 'a-z' <"$WORK/head")"
	same "and for no longer than was signed" 403 "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "${link/Expires=60/Expires=600}")"
	web_end
	sql "delete from genhook.tasks where task_id = 'in-store'" >/dev/null
else
	echo "skipped: outputs in a store, since Swift is not there"
fi

# --- a gallery of 50 pictures in 4K: with the pictures themselves, and with small ones
if command -v ffmpeg >/dev/null; then
	ffmpeg -loglevel error -f lavfi -i 'nullsrc=s=3840x2160,geq=random(1)*255:128:128' -frames:v 1 -q:v 3 "$WORK/large.jpg" </dev/null
	mkdir -p "$GENHOOK_ARCHIVE/novita/large"
	for i in $(seq 50); do
		{ cat "$WORK/large.jpg"; echo "$i"; } >"$GENHOOK_ARCHIVE/novita/large/$i.jpg"
		echo "$i $(sha256sum <"$GENHOOK_ARCHIVE/novita/large/$i.jpg" | cut -c 1-64)"
	done >"$WORK/large.list"
	bytes=$(stat -c %s "$GENHOOK_ARCHIVE/novita/large/10.jpg")
	while read -r i sum; do
		echo "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('novita', 'large-$i', 'succeeded', now(), 'callback');
		insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
		values ('novita', 'large-$i', 0, 'stored', 'image', 'https://127.0.0.1/x', 'file://$GENHOOK_ARCHIVE/novita/large/$i.jpg', $bytes, '$sum', 'image/jpeg', now());"
	done <"$WORK/large.list" | psql -Xq -v ON_ERROR_STOP=1
	check "50 pictures of over 200 MB" test $((bytes * 50)) -gt 200000000
	browser weigh "$GENHOOK_WEB" "$WORK/jar" 200
	if "$BIN/genhook-thumb" image/jpeg <"$WORK/large.jpg" >"$WORK/small.webp" 2>"$WORK/said"; then
		all_small() { sweep; is 0 sql "select count(*) from genhook.outputs o where task_id like 'large-%' and not exists (select from genhook.thumbs t where t.task_id = o.task_id and t.picture is not null)"; }
		check "each gets a small picture" soon 300 all_small
		browser weigh "$GENHOOK_WEB" "$WORK/jar" 10
	else
		echo "skipped: small pictures, since libvips is not there"
	fi
	sql "delete from genhook.tasks where task_id like 'large-%'" >/dev/null
	rm -r "$GENHOOK_ARCHIVE/novita/large"
else
	echo "skipped: a gallery in 4K, since ffmpeg is not there"
fi

# --- hostile texts in every field, and files that would be pages
cat >"$WORK/corpus" <<'END'
<script>window.xss=1</script>
<img src=x onerror=window.xss=1>
<svg onload=window.xss=1>
<svg><animate onbegin=window.xss=1 attributeName=x dur=1s>
<svg><set attributeName=onmouseover to=window.xss=1>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.xss=1&gt;">
<iframe srcdoc="<script>parent.window.xss=1</script>"></iframe>
<iframe src=javascript:window.xss=1></iframe>
<object data=javascript:window.xss=1></object>
<embed src=javascript:window.xss=1>
<a href=javascript:window.xss=1>window.xss</a>
<a href="java&#10;script:window.xss=1">window.xss</a>
<base href=//evil.example/><b>window.xss
<meta http-equiv=refresh content="0;url=javascript:window.xss=1">
<link rel=stylesheet href=//evil.example/window.xss.css>
<style>*{background:url(//evil.example/window.xss)}</style>
<form action=//evil.example/window.xss><input autofocus onfocus=window.xss=1>
<video><source onerror=window.xss=1></video>
<details open ontoggle=window.xss=1>
<body onload=window.xss=1>
<template><script>window.xss=1</script></template>
<noscript><p title="</noscript><img src=x onerror=window.xss=1>">
<textarea></textarea><script>window.xss=1</script>
</title><script>window.xss=1</script>
--><script>window.xss=1</script>
]]><script>window.xss=1</script>
"><script>window.xss=1</script>
'><script>window.xss=1</script>
`><script>window.xss=1</script>
" onmouseover="window.xss=1
' onmouseover='window.xss=1
" style="background:url(javascript:window.xss=1)
javascript:window.xss=1
JaVaScRiPt:window.xss=1
data:text/html,<script>window.xss=1</script>
vbscript:window.xss=1
${window.xss=1}
{{window.xss=1}}
{{constructor.constructor('window.xss=1')()}}
<%= window.xss=1 %>
#{window.xss=1}
lit$window.xss$<!--?lit$123$-->
<!--?lit$123456789$--><b>window.xss
?window.xss&#60;script&#62;
\u003cscript\u003ewindow.xss=1\u003c/script\u003e
\x3cscript\x3ewindow.xss=1
%3Cscript%3Ewindow.xss=1%3C/script%3E
＜script＞window.xss=1
<scr<script>ipt>window.xss=1</scr</script>ipt>
<SCRIPT SRC=//evil.example/window.xss.js></SCRIPT>
window.xss=1//__proto__
constructor[window.xss=1]
../../etc/passwd?window.xss
..\..\window.xss
%0d%0aSet-Cookie:window.xss=1
window.xss'; drop table genhook.tasks; --
window.xss\'); select 1; --
$$window.xss$$
=cmd|' /C calc'!A0 window.xss
@SUM(1+1) window.xss
‮window.xss gnp.exe
​window.xss﻿
END
# Each of the corpus plain, in capitals of its tags, and with a blank before what closes.
sql "create table if not exists public.corpus (i serial, s text)" >/dev/null
{ cat "$WORK/corpus"; sed 's/<\([a-z]*\)/<\U\1/g; s/^/A /' "$WORK/corpus"; sed 's/>/ >/g; s/^/B /' "$WORK/corpus"; sed 's/=/ = /; s/^/"C/' "$WORK/corpus"; } >"$WORK/corpus.all"
psql -Xq -c '\copy public.corpus (s) from program '"'awk 1 $WORK/corpus.all | sed s/\\\\\\\\/\\\\\\\\\\\\\\\\/g'" 2>"$WORK/copy.out" || cat "$WORK/copy.out"
check "over 200 strings" at_least 201 sql "select count(*) from public.corpus"
sql "insert into genhook.tasks (provider, task_id, status, model, error_code, error_message, finished_at, source, metadata, result)
    select 'apimart', left(s, 250), case when i % 3 = 0 then 'failed' when i % 3 = 1 then 'succeeded' else 'lost' end, s, case when i % 3 <> 1 then s end, case when i % 3 <> 1 then s end,
	now() - i * interval '1 s', 'callback', jsonb_build_object(s, s, 'prompt', s), jsonb_build_object(s, s) from public.corpus on conflict do nothing;
    insert into genhook.requests (provider, model, request, metadata, path) select 'apimart', left(s, 80), jsonb_build_object('prompt', s, s, s), jsonb_build_object(s, s), null from public.corpus;
    update genhook.requests q set status = 'refused', error = c.s, attempts = 1, settled_at = now(), next_attempt_at = null from public.corpus c where q.status = 'queued' and q.request ->> 'prompt' = c.s and c.i % 2 = 0;
    update genhook.requests set next_attempt_at = now() + interval '1 day' where status = 'queued';
    insert into genhook.outputs (provider, task_id, position, status, kind, inline_text, name) select 'apimart', left(s, 250), 0, 'inline', 'text', s, left(s, 60) from public.corpus on conflict do nothing;
    insert into genhook.outputs (provider, task_id, position, status, kind, url, last_error) select 'apimart', left(s, 250), 1, 'failed', 'image', 'https://127.0.0.1/' || s, s from public.corpus where i % 3 = 1 on conflict do nothing;
    insert into genhook.deliveries (id, received_at, provider, task_id, account, source, outcome, verdict, headers, body, note)
    select gen_random_uuid(), now(), 'apimart', left(s, 250), 'default', 'callback', case when i % 2 = 0 then 'unparsed' else 'accepted' end, 'token', jsonb_build_object('user-agent', s), convert_to(jsonb_build_object(s, s)::text, 'UTF8'), s from public.corpus;
    insert into genhook.sweeps (host, pid, error, finished) select s, 1, s, now() from public.corpus where i < 50;
    insert into genhook.actions (name, action, arguments, changed) select left(s, 60), s, jsonb_build_object('provider', 'apimart', 'task_id', left(s, 250)), 1 from public.corpus" >"$WORK/fill.out" 2>&1 || { cat "$WORK/fill.out"; fail "the database takes it"; }
mkdir -p "$GENHOOK_ARCHIVE/apimart/x"
hostile_file()	# NAME CONTENT-TYPE KIND
{
	cat >"$GENHOOK_ARCHIVE/apimart/x/$1"
	sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('apimart', 'file-$1', 'succeeded', now(), 'callback');
	    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	    values ('apimart', 'file-$1', 0, 'stored', '$3', 'https://127.0.0.1/x', 'file://$GENHOOK_ARCHIVE/apimart/x/$1', 1, repeat('a', 64), '$2', now())" >/dev/null
}
page='<html><title>xss</title><script>window.xss=1;document.title="xss"</script></html>'
svg='<svg xmlns="http://www.w3.org/2000/svg" onload="window.xss=1"><script>window.xss=1;document.title="xss"</script></svg>'
hostile_file svg.svg image/svg+xml image <<<"$svg"
hostile_file svg.png image/png image <<<"$svg"
hostile_file html.html text/html file <<<"$page"
hostile_file html.gif image/gif image <<<"GIF89a$page"
hostile_file html.mp4 video/mp4 video <<<"$page"
hostile_file html.mp3 audio/mpeg audio <<<"$page"
hostile_file x.xhtml application/xhtml+xml file <<<"<html xmlns=\"http://www.w3.org/1999/xhtml\"><script>window.xss=1;document.title='xss'</script></html>"
hostile_file x.pdf application/pdf file <<<'%PDF-1.4 1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>'
hostile_file x.js text/javascript file <<<'window.xss=1'
{ printf '\x89PNG\r\n\x1a\n'; cat <<<"$page"; } | hostile_file page.png image/png image
browser hostile "$GENHOOK_WEB" "$WORK/jar"
finish
