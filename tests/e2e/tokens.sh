#!/bin/bash
# A token is rotated: the new one is put beside the old one, requests go with the new
# one wherever it stands, `genhook token list` says when the old one may go.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
NEW=new-token-0123456789abcdef0123456789abcdef
NEWER=newer-token-0123456789abcdef0123456789abcdef
OLD=$GENHOOK_TOKEN_APIMART

genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@" >"$WORK/genhook.out" 2>&1; }
digest()	{ printf %s "$1" | sha256sum | cut -c 1-8; }
# tokens TOKEN...: what the settings say of the account.
tokens()
{
	local list

	list=$(printf ', "%s"' "$@")
	sed -i "/^apimart default {/,/^}/ s/token = .*/token = {${list#, }}/" "$GENHOOK_CONF"
}
# sent_with MARK: with which token did the provider get that request?
sent_with()
{
	local id

	id=$(sql "insert into genhook.requests (provider, model, request) values ('apimart', 'flux', '{\"prompt\": \"$1\"${2:+, \"sim\": \"$2\"}}') returning id")
	sweep
	ledger "select(.event == \"submitted\" and .request.prompt == \"$1\") | .hook" | sed 's|.*/apimart/||; s|/callback$||'
	sql "select task_id from genhook.requests where id = $id" >"$WORK/task"
}
# listed TOKEN [COLUMN]: its row, by its place in the settings: place and use.
listed()
{
	genhook token list
	awk -v d="$(digest "$1")" '$1 == "apimart" && $2 == "default" && $4 == d { print $3, $5 ($6 ~ /^[a-z]/ ? " " $6 : "") }' "$WORK/genhook.out"
}
old_token()	{ sql "select token from genhook.deliveries where task_id = '$1' and source = 'callback' limit 1"; }

# --- one token
same "the only token is used" "$OLD" "$(sent_with first)"
check "its callback comes" soon 30 at_least 1 sql "select count(*) from genhook.tasks where task_id = '$(cat "$WORK/task")' and status = 'succeeded'"
same "and says with which token it came" "$(digest "$OLD")" "$(old_token "$(cat "$WORK/task")")"
same "it is the newest" '1 newest' "$(listed "$OLD")"
like "with the time of its last delivery" "apimart +default +1 +$(digest "$OLD") +newest +20[0-9]{2}-[0-9-]+ [0-9:]{8} +20[0-9]{2}-[0-9-]+ [0-9:]{8} +-" "$(cat "$WORK/genhook.out")"
same "each account's token is listed" "$(sed -n '/^[a-z]* default {/p' "$GENHOOK_CONF" | wc -l)" "$(grep -c ' newest ' "$WORK/genhook.out")"
same "none of them is shown" 0 "$(grep -cF -e "$OLD" -e "$GENHOOK_TOKEN_NOVITA" "$WORK/genhook.out")"
same "none may go" 0 "$(grep -c 'may go' "$WORK/genhook.out")"
same "and none is in the database" 0 "$(sql "select count(*) from genhook.tokens where token <> left(encode(sha256(convert_to('$OLD', 'UTF8')), 'hex'), 8) and provider = 'apimart'")"

# --- a second one in front, while a task waits for its callback
sql "select task_id from genhook.register_task('apimart', 'waits', 'flux')" >/dev/null
tokens "$NEW" "$OLD"
check "the settings are good" genhook config check
handlers_restart
same "before a sweep has seen it, it is the newest to be" '1 newest' "$(listed "$NEW")"
same "the new one is used, in front" "$NEW" "$(sent_with second)"
soon 30 at_least 1 sql "select count(*) from genhook.tasks where task_id = '$(cat "$WORK/task")' and status = 'succeeded'"
same "its callback came with it" "$(digest "$NEW")" "$(old_token "$(cat "$WORK/task")")"
same "the new one is the newest" '1 newest' "$(listed "$NEW")"
same "the old one is in use: a task may call with it" '2 in use' "$(listed "$OLD")"
like "one task" " $(digest "$OLD") +in use .* 1\$" "$(grep "$(digest "$OLD")" "$WORK/genhook.out")"
same "which does" '200 {"status":"accepted"}' "$(post_text "$HOOK/apimart/$OLD/callback" '{"id":"waits","status":"failed","error":{"message":"m"}}')"
same "it is in use: a delivery has just come with it" '2 in use' "$(listed "$OLD")"
sql "update genhook.deliveries set received_at = received_at - interval '25 hours' where task_id = 'waits'" >/dev/null 2>&1
sql "update genhook.tokens set last_used_at = last_used_at - interval '25 hours'"
same "a day later it may go" '2 may go' "$(listed "$OLD")"
like "and the command says what to do" '1 may go: take it out of the settings' "$(cat "$WORK/genhook.out")"
tokens "$NEW"
handlers_restart
like "taken out, nobody comes in with it" '^404 ' "$(post_text "$HOOK/apimart/$OLD/callback" '{}')"
same "and the list has one less" '' "$(listed "$OLD")"

# --- a third one behind, and the order changed afterwards
tokens "$NEW" "$NEWER"
handlers_restart
same "the newer one is used, behind" "$NEWER" "$(sent_with third)"
tokens "$NEWER" "$NEW"
same "and in front" "$NEWER" "$(sent_with fourth)"
tokens "$NEW" "$NEWER"
# The clock set back by a day makes an old token no newer.
sql "update genhook.tokens set first_seen_at = first_seen_at + interval '1 day'"
tokens "$OLD" "$NEWER" "$NEW"
handlers_restart
same "one that was known before is not new again" "$NEWER" "$(sent_with fifth)"
tokens "newest-$NEWER" "$NEW" "$NEWER"
same "one that is new is the newest, whatever the clock" "newest-$NEWER" "$(sent_with sixth)"
same "for genhook submit as well" "newest-$NEWER" \
    "$(genhook submit apimart flux --param prompt=seventh; ledger 'select(.event == "submitted" and .request.prompt == "seventh") | .hook' | sed 's|.*/apimart/||; s|/callback$||')"
tokens "$NEWER" "a-last-$NEWER"
same "also where only genhook submit has seen it" "a-last-$NEWER" \
    "$(genhook submit apimart flux --param prompt=eighth; ledger 'select(.event == "submitted" and .request.prompt == "eighth") | .hook' | sed 's|.*/apimart/||; s|/callback$||')"

# --- counted by the sweep, and not by who forges
printf '{"id":"forged","status":"failed"}' >"$WORK/forged"
sql "update genhook.tokens set last_used_at = null"
post "$(hook wavespeed)" "$WORK/forged" -H 'webhook-id: x' -H "webhook-timestamp: $(date +%s)" -H "webhook-signature: v3,$(printf '%064d' 0)" >/dev/null
post_text "$(hook novita)" '{"event_type":"x"}' >/dev/null
sql "update genhook.marks set at = at - interval '1 minute' where name = 'traffic'; update genhook.deliveries set received_at = received_at - interval '11 seconds'
    where received_at > now() - interval '5 seconds' and provider in ('novita', 'wavespeed')"
sweep
same "a sweep notes when a token was used last" 'novita t,wavespeed f' \
    "$(sql "select string_agg(provider || ' ' || left((last_used_at is not null)::text, 1), ',' order by provider) from genhook.tokens where provider in ('novita', 'wavespeed')")"

# --- mistakes
fails "without settings" "$BIN/genhook" --config "$WORK/none" token list >"$WORK/genhook.out" 2>&1
fails "list takes no more words" genhook token list apimart
finish
