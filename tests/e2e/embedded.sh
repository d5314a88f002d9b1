#!/bin/bash
# Files that stand in a payload itself become outputs and are stored like
# downloads, from callbacks, the spool and poll answers; outputs have the payload's
# names.  And what another account's token brings is a hint, no result.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
origin_start
STATIC=static-token-0123456789abcdef0123456789abcdef
cat >>"$GENHOOK_CONF" <<END
apimart static {
	token = {"$STATIC"}
	api_key = "a-key-for-the-static-api"
	api_base = "$ORIGIN"
	poll_after = 1
	polls_per_minute = 6000
}
END
handlers_restart
HOOK_APIMART=$HOOK/apimart/$GENHOOK_TOKEN_APIMART/callback

# picture BYTES FILE: a PNG of that size, and its Base64 beside it.
picture()
{
	{
		printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0\37\25\304\211'
		head -c $(($1 - 45)) /dev/urandom
		printf '\0\0\0\0IEND\256B`\202'
	} >"$2"
	base64 -w 0 "$2" >"$2.b64"
}
# with_picture TASK FILE: an APIMart result with the file as a data: URI.
with_picture()
{
	printf '{"id":"%s","status":"completed","created":1795000000,"completed":1795000060,"result":{"images":[{"url":["data:image/png;base64,' "$1"
	cat "$2.b64"
	printf '"]}],"video":{"url":"%s/v.mp4"},"cover":{"url":"%s/c.jpg"}}}' "$ORIGIN" "$ORIGIN"
}
send()	{ post "$HOOK_APIMART" "$1"; }
row()	{ sql "select $3 from genhook.outputs where task_id = '$1' and position = $2"; }
kept()	{ sql "select count(*) from genhook.embedded where task_id = '$1'"; }
stored()
{
	local at

	at=$(row "$1" "$2" location)
	cmp "${at#file://}" "$3"
}

# --- a small one: the delivery has it as it came
picture 3000 "$WORK/small.png"
with_picture small "$WORK/small.png" >"$WORK/small.json"
like "a callback with a picture in it" '"accepted"' "$(send "$WORK/small.json")"
same "it is an output that waits, and the links are others" 'image|images|pending video|video|pending image|cover|pending' \
    "$(sql "select kind, name, status from genhook.outputs where task_id = 'small' order by position" | paste -sd ' ')"
same "known by type and digest" "data:image/png;sha256=$(sha256sum <"$WORK/small.png" | cut -d ' ' -f 1)" "$(row small 0 url)"
same "the body is as it came" "$(sha256sum <"$WORK/small.json" | cut -d ' ' -f 1)" \
    "$(sql "select encode(sha256(body), 'hex') from genhook.deliveries where task_id = 'small'")"
like "the same again" '"duplicate"' "$(send "$WORK/small.json")"
sweep
same "the sweep stores it" 'stored|image/png|3000' "$(row small 0 'status, content_type, bytes')"
check "every byte of it" stored small 0 "$WORK/small.png"
same "and then it is no longer kept beside" 0 "$(kept small)"

# --- a large one: the body is kept without it
picture 300000 "$WORK/large.png"
with_picture large "$WORK/large.png" >"$WORK/large.json"
like "one with a large picture" '"accepted"' "$(send "$WORK/large.json")"
like "the same again" '"duplicate"' "$(send "$WORK/large.json")"
same "the bodies hold what is left of it" 1 "$(sql "select count(*) from genhook.deliveries where task_id = 'large' and octet_length(body) < 1000 and position('data:image/png;sha256=' in convert_from(body, 'UTF8')) > 0")"
same "and so does the result" "$(row large 0 url)" "$(sql "select result #>> '{result,images,0,url,0}' from genhook.tasks where task_id = 'large'")"
sql "select genhook.replay_deliveries(p_id => id) from genhook.deliveries where task_id = 'large' and body is not null" >/dev/null
sweep
check "every byte is stored" stored large 0 "$WORK/large.png"
same "a replay of it is the same result" 0 "$(sql "select count(*) from genhook.deliveries where task_id = 'large' and outcome not in ('accepted', 'duplicate')")"

# --- through the spool
database stop
with_picture spooled "$WORK/large.png" >"$WORK/spooled.json"
like "without a database" '"spooled"' "$(send "$WORK/spooled.json")"
database start
soon 60 drained
sweep
check "it is stored all the same" stored spooled 0 "$WORK/large.png"

# --- poll answers, of several large pictures
for n in 1 2 3 4; do
	picture $((5000000 + n)) "$WORK/poll-$n.png"
done
mkdir -p "$WORK/origin/v1/tasks"
for task in poll-a poll-b; do
	{
		printf '{"data":{"id":"%s","status":"completed","created":1795000000,"completed":1795000060,"result":{"images":[' "$task"
		for n in 1 2 3 4; do
			[ "$n" = 1 ] || printf ,
			printf '{"b64_json":"'
			cat "$WORK/poll-$n.png.b64"
			printf '"}'
		done
		printf ']}}}'
	} >"$WORK/origin/v1/tasks/$task"
	sql "select genhook.register_task('apimart', '$task', 'm', 'static')" >/dev/null
done
for n in 1 2 3 4 5 6; do
	due_now
	sweep
	[ "$(sql "select count(*) from genhook.outputs where task_id like 'poll-_' and status = 'stored'")" != 8 ] || break
done
for task in poll-a poll-b; do
	for n in 1 2 3 4; do
		check "picture $n of $task" stored "$task" $((n - 1)) "$WORK/poll-$n.png"
	done
done
same "the answers are not kept with them" t "$(sql "select bool_and(octet_length(body) < 10000) from genhook.deliveries where task_id like 'poll-_'")"

# --- what cannot be had any more is said
with_picture gone "$WORK/small.png" >"$WORK/gone.json"
send "$WORK/gone.json" >/dev/null
super "delete from genhook.embedded where task_id = 'gone'"
sweep
like "a file that is no longer kept" 'failed\|.*no longer kept' "$(row gone 0 'status, last_error')"

# --- another account's token brings a hint
hook_static=$HOOK/apimart/$STATIC/callback
apimart_task theirs "$ORIGIN/x.png" 1900000000 >"$WORK/theirs.json"
sql "select genhook.register_task('apimart', 'theirs', 'm', 'default')" >/dev/null
like "a result by the token of another account" '"accepted"' "$(post "$hook_static" "$WORK/theirs.json")"
same "is no result: the task's own account is asked" 'pending|default|t' \
    "$(sql "select status, account, next_poll_at <= now() from genhook.tasks where task_id = 'theirs'")"
same "and no output" 0 "$(sql "select count(*) from genhook.outputs where task_id = 'theirs'")"
like "attention says so" 'of the account default' "$(sql "select note from genhook.deliveries where task_id = 'theirs'")"
same "which token it was" "$(printf %s "$STATIC" | sha256sum | cut -c 1-8)" "$(sql "select token from genhook.deliveries where task_id = 'theirs'")"
like "its own token's result counts" '"accepted"' "$(post "$HOOK_APIMART" "$WORK/theirs.json")"
same "at once" 'succeeded|default' "$(sql "select status, account from genhook.tasks where task_id = 'theirs'")"
apimart_task renamed "$ORIGIN/x.png" 1900000000 >"$WORK/renamed.json"
sql "select genhook.register_task('apimart', 'renamed', 'm', 'formerly')" >/dev/null
like "of an account that is gone nobody can be asked" '"accepted"' "$(post "$hook_static" "$WORK/renamed.json")"
same "so the result counts, and the task is moved" 'succeeded|static' "$(sql "select status, account from genhook.tasks where task_id = 'renamed'")"
finish
