#!/bin/bash
# What narrows the lists of the operator's command, their forms, and finding a task
# by the beginning of its id.
. "$(dirname -- "$0")/lib.sh"
run_start run

genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@"; }
status()	{ genhook "$@" >"$WORK/said" 2>&1; echo $?; }
# ids COMMAND...: the task ids of a list, sorted, in one line.
ids()		{ genhook "$@" --json | jq -r '.[].task_id' | sort | paste -sd ' '; }

sql "insert into genhook.tasks (provider, task_id, status, model, account, submitted_at, finished_at, metadata, error_code, source) values
    ('novita', 'aaaa-1', 'succeeded', 'vendor/Flux-pro', 'default', now() - interval '3 days', now() - interval '3 days', '{\"order\":17}', null, 'callback'),
    ('novita', 'aaaa-2', 'failed', 'kling', 'default', now() - interval '1 hour', now() - interval '1 hour', '{\"order\":18}', 'nsfw, \"x\"', 'poll'),
    ('apixo', 'bbbb-1', 'pending', 'flux-lite', 'team2', now(), null, null, null, null),
    ('apixo', 'aaaa-9', 'pending', null, 'team2', now(), null, null, null, null);
    insert into genhook.outputs (provider, task_id, position, kind, url, name, next_attempt_at)
    select 'novita', 'aaaa-1', n, 'image', 'https://127.0.0.1/' || n, 'images', now() from generate_series(0, 1) n;
    insert into genhook.requests (provider, model, account, request, metadata)
    values ('novita', 'kling', 'default', '{\"input\":{\"prompt\":\"a quay at dawn\"}}', '{\"order\":18}');
    update genhook.requests set status = 'submitted', task_id = 'aaaa-2', settled_at = now(), sent_at = now(), attempts = 1, next_attempt_at = null" >/dev/null

same "all tasks" 'aaaa-1 aaaa-2 aaaa-9 bbbb-1' "$(ids tasks)"
same "of a provider" 'aaaa-1 aaaa-2' "$(ids tasks novita)"
same "as an option" 'aaaa-9 bbbb-1' "$(ids tasks --provider apixo)"
same "of a provider and a status, in any order" aaaa-2 "$(ids tasks novita failed)"
same "status first" aaaa-2 "$(ids tasks failed novita)"
same "of an account" 'aaaa-9 bbbb-1' "$(ids tasks --account team2)"
same "of a model, by a part of its name in any case" 'aaaa-1 bbbb-1' "$(ids tasks --model flux)"
same "since a moment" 'aaaa-2 aaaa-9 bbbb-1' "$(ids tasks --since yesterday)"
same "by what the metadata holds" aaaa-1 "$(ids tasks --metadata '{"order":17}')"
same "by all of it" '' "$(ids tasks novita --model flux --since yesterday)"
same "a limit counts what is left" 1 "$(genhook tasks --account team2 --limit 1 --json | jq length)"
same "outputs by their task's model" 'aaaa-1 aaaa-1' "$(ids outputs --model flux)"
same "and none of another" '' "$(ids outputs --model kling)"
same "requests by metadata" aaaa-2 "$(ids requests --metadata '{"order":18}')"
same "deliveries of a provider" '[]' "$(genhook deliveries novita --json)"
same "a word that is neither is bad usage" 2 "$(status tasks flux)"
like "and both kinds are named" 'no provider, and not one of pending' "$(cat "$WORK/said")"
same "two statuses are bad usage" 2 "$(status tasks failed lost)"
same "a time that is none is an error" 1 "$(status tasks --since whenever)"

# --- forms
genhook tasks --csv >"$WORK/tasks.csv"
same "CSV has every column" provider,task_id,status "$(head -n 1 "$WORK/tasks.csv" | cut -d , -f 1-3)"
same "and each row" 5 "$(wc -l <"$WORK/tasks.csv")"
like "quotes are doubled" '"nsfw, ""x"""' "$(cat "$WORK/tasks.csv")"
like "80 columns have the model, where no error takes its room" ' model' "$(COLUMNS=80 genhook tasks pending | head -n 1)"
fails "and no empty column" grep -q error <(COLUMNS=80 genhook tasks pending)
# heads COLUMNS COMMAND...: which columns there are.
heads()		{ local width=$1; shift; COLUMNS=$width genhook "$@" | head -n 1 | xargs; }
LONG=11111111-2222-4333-8444-555555555555
sql "insert into genhook.tasks (provider, task_id, status, model, submitted_at, finished_at, source) values
    ('openrouter', '$LONG', 'succeeded', 'vendor/a-model-of-a-long-name', now() - interval '9 days', now() - interval '9 days', 'callback');
    insert into genhook.outputs (provider, task_id, position, kind, url, name, status, location, bytes, sha256, content_type, stored_at)
    values ('openrouter', '$LONG', 0, 'video', 'https://127.0.0.1/', 'video', 'stored', 'file:///var/lib/genhook/outputs/openrouter/2026/11/30/$LONG/0.mp4', 21470,
        encode(sha256('x'), 'hex'), 'video/mp4', now())" >/dev/null
same "80 columns have where an output is" 'status provider task_id n kind bytes where' "$(heads 80 outputs openrouter)"
like "with both its ends" 'file:/.*\.\.\..*/0\.mp4$' "$(COLUMNS=80 genhook outputs openrouter)"
same "60 have a task's model" 'status provider task_id age model' "$(heads 60 tasks openrouter)"
like "of a cut id there is enough to name it" "succeeded +openrouter +${LONG:0:8}[^ ]*\\.\\.\\. " "$(COLUMNS=60 genhook tasks openrouter)"
same "which finds it" 0 "$(status show "${LONG:0:9}")"
like "where there is room it is whole" " $LONG " "$(COLUMNS=80 genhook tasks openrouter)"
same "no line is too long" 60 "$(for width in 40 60 61 62 63 70 79 80 81 99; do
    for list in tasks outputs deliveries requests attention health sweeps stats forwards; do
	COLUMNS=$width genhook $list | awk -v w="$width" -v l="$list" 'length > w { print l, w, length }'
    done; done; echo 60)"
sql "delete from genhook.outputs where task_id = '$LONG'; delete from genhook.tasks where task_id = '$LONG'" >/dev/null
like "a pipe has it" ' error ' "$(genhook tasks pending | head -n 1)"
like "times have their year" "$(date +%Y)-" "$(genhook tasks pending)"

# --- what there is to look at
sql "insert into genhook.sweeps (started, finished, host, pid, heartbeat, counts, error) values
    (now() - interval '2 days', now() - interval '2 days' + interval '3 s', 'old', 1, now(), '{\"stored\": 2, \"polled\": 0}', null),
    (now(), now(), 'new', 2, now(), '{}', 'no room')" >/dev/null
same "sweeps, the newest first" 'new old' "$(genhook sweeps --json | jq -r '.[].host' | xargs)"
same "since a moment" new "$(genhook sweeps --since yesterday --json | jq -r '.[].host' | xargs)"
like "what they did" ' stored 2 ' "$(genhook sweeps) "
like "and could not" 'no room' "$(genhook sweeps)"
same "a status of what has none is bad usage" 2 "$(status sweeps failed)"
sql "insert into genhook.days (day, provider, account, model, succeeded, failed, cancelled, lost, by_poll, outputs, bytes, seconds, cost, told)
    values ('2026-01-02', 'novita', 'default', 'flux', 4, 1, 0, 0, 1, 5, 2048, 10, 0.5, 4),
    ('2026-01-03', 'apixo', 'team2', 'kling', 1, 0, 0, 0, 0, 1, 100, 3, 0, 0)" >/dev/null
same "statistics of a model" '2026-01-02 4 0.5' "$(genhook stats --model FLUX --json | jq -r '.[] | "\(.day) \(.succeeded) \(.cost)"')"
same "of an account, as CSV" '2026-01-03,apixo,team2' "$(genhook stats --account team2 --csv | tail -n 1 | cut -d , -f 1-3)"
like "for the eye, with a mean" ' 2.5 ' "$(genhook stats novita)"
same "health of one provider" novita "$(genhook health novita --json | jq -r '.[].provider' | sort -u)"
like "health for the eye" 'provider +last' "$(genhook health)"
# What callbacks and polls of the last hours say of two accounts.
sql "insert into genhook.deliveries (id, received_at, provider, account, task_id, source, outcome, verdict, headers)
    values (gen_random_uuid(), now(), 'novita', 'default', 'aaaa-2', 'callback', 'accepted', 'token', '{}'),
    (gen_random_uuid(), now(), 'apixo', 'team2', 'bbbb-1', 'callback', 'duplicate', 'token', '{}');
    insert into genhook.accounts (provider, account, not_before, trouble, trouble_since, troubles, reason)
    values ('kie', 'team3', now() + interval '1 hour', 'no credit', now(), 1, 'answered 402')" >/dev/null
same "health of accounts of one name" 'apixo/team2 false' "$(genhook health --account team2 --json | jq -r '.[] | "\(.provider)/\(.account) \(.went_quiet)"')"
same "of one that waits" 'kie/team3 no credit: answered 402' "$(genhook health --account team3 --csv | awk -F , 'NR > 1 { print $1 "/" $2, $9 }')"
same "and is well" 0 "$(status health --account default)"
fails "of which nothing is said of the others" grep -qE 'team|apixo' "$WORK/said"
same "nothing of an account of another provider" '[]' "$(genhook health novita --account team2 --json)"
sql "update genhook.tasks set status = 'lost', submitted_at = now() - interval '8 days', finished_at = now(), next_poll_at = null, source = 'poll' where task_id = 'bbbb-1'" >/dev/null
sql "insert into genhook.forwards (name, provider, task_id, type, happened_at, webhook_id)
    select 'app', provider, task_id, 'task.finished', now(), 'msg_' || task_id from genhook.tasks where task_id in ('aaaa-2', 'bbbb-1')" >/dev/null
same "forwards of an account" bbbb-1 "$(genhook forwards --account team2 --json | jq -r '.[].task_id')"
same "and of one that has none" '[]' "$(genhook forwards --account nobody --json)"
# By what a list's rows have nothing for, it is not empty: that says that all is well.
for narrowing in 'sweeps --account team2' 'sweeps novita' 'deliveries --model x' 'attention --model x' 'health --metadata {}' 'stats --metadata {}' 'tasks --provider flux'; do
	# shellcheck disable=SC2086 # words are wanted
	same "$narrowing is bad usage" 2 "$(status $narrowing)"
done
like "attention names what wants some" 'bbbb-1' "$(genhook attention apixo)"
same "attention of an account" 'lost task bbbb-1' "$(genhook attention --account team2 --json | jq -r '.[] | select(.account == "team2") | "\(.reason) \(.task_id)"')"
same "and of no other" '["team2"]' "$(genhook attention --account team2 --json | jq -c 'map(.account) | unique')"
same "of one that waits" 'kie account paused' "$(genhook attention --account team3 --csv | awk -F , 'NR > 1 { print $2, $1 }')"
same "well" 0 "$(status attention --account team3)"
fails "for the eye, too, without the others" grep -qE 'apixo|novita' "$WORK/said"
same "of one that has nothing" '[]' "$(genhook attention --account nobody --json)"
same "the most urgent first" "$(sql 'select urgency from genhook.attention')" "$(genhook attention --limit 1000 --json | jq -r '.[].urgency')"
check "of which there are several sorts" test "$(genhook attention --json | jq 'map(.urgency) | unique | length')" -ge 2
same "as the view has it" "$(sql 'select count(*) from genhook.attention')" "$(genhook attention --limit 1000 --json | jq length)"

# --- a delivery, byte for byte
printf '{"odd": "\033[31m\302\203 \n\\u0000 end"} ' >"$WORK/body"
ID=$(sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, headers, body, body_digest, note)
    values (gen_random_uuid(), now(), 'novita', 'default', 'callback', 'rejected', 'token', '{\"x\": 1}', decode('$(base64 -w 0 "$WORK/body")', 'base64'), sha256('x'), 'odd') returning id")
genhook delivery "$ID" >"$WORK/got"
check "its bytes are those that came" cmp "$WORK/body" "$WORK/got"
same "beside them" "rejected 1 $(wc -c <"$WORK/body")" "$(genhook delivery "$ID" --json | jq -r '"\(.outcome) \(.headers.x) \(.bytes)"')"
same "one that is not there" 1 "$(status delivery 00000000-0000-0000-0000-000000000000)"
same "none" 2 "$(status delivery)"
genhook delivery "${ID:0:8}" >"$WORK/got"
check "how its id begins is enough" cmp "$WORK/body" "$WORK/got"
genhook delivery "$(tr a-f A-F <<<"${ID:0:23}")" >"$WORK/got"
check "in capitals, too" cmp "$WORK/body" "$WORK/got"
TWIN=${ID:0:35}$([ "${ID:35}" = 0 ] && echo 1 || echo 0)
sql "insert into genhook.deliveries (id, received_at, provider, account, task_id, source, outcome, verdict, headers)
    values ('$TWIN', now(), 'novita', 'default', 'cccc-1', 'callback', 'ignored', 'token', '{}')" >/dev/null
same "of several, none is taken" 1 "$(status delivery "${ID:0:8}")"
like "they are named" "$TWIN" "$(cat "$WORK/said")"
same "seven letters are too few" 1 "$(status delivery "${ID:0:7}")"
same "what is no id is none" 1 "$(status delivery 0-0-0-0-0-0-0-0-0-0)"
same "nor is this" 1 "$(status delivery "' or true --")"
like "in words" 'there is no delivery' "$(cat "$WORK/said")"
same "replay takes the beginning of an id" 0 "$(status replay --id "$ID" --queue)"
sql "delete from genhook.deliveries where id = '$TWIN'" >/dev/null
same "which is one's" 0 "$(status replay --id "${ID:0:8}" --queue)"
same "so it is to be replayed" "$ID" "$(sql "select id from genhook.replays where finished_at is null")"
sql "delete from genhook.replays" >/dev/null
same "and of a task's" 1 "$(status replay --task aaaa --queue)"
same "with its provider" 0 "$(status replay --provider novita --task aaaa-1 --queue)"
# terminal COMMAND...: what a terminal shows.
terminal()
{
	: >"$WORK/none"
	TERM=xterm python3 "$TOP/tests/e2e/lib/person.py" "$WORK/none" "$BIN/genhook" --config "$GENHOOK_CONF" "$@"
}
fails "a terminal is not steered by it" grep -qP '\033|\302\203' <(terminal delivery "$ID")
like "but shows it" '\\x1b\[31m' "$(terminal delivery "$ID")"

# --- colours
like "a terminal has colours" $'\033\\[31mfailed\033\\[0m' "$(terminal tasks)"
fails "NO_COLOR has none" grep -q $'\033' <(NO_COLOR=1 terminal tasks)
fails "nor has a pipe" grep -q $'\033' <(TERM=xterm genhook tasks)

# --- the beginning of an id
same "it is enough where it is one task's" 0 "$(status show bbbb)"
like "the task is shown" 'apixo/bbbb-1' "$(cat "$WORK/said")"
same "of several, none is taken" 1 "$(status show aaaa)"
like "they are named" 'apixo/aaaa-9' "$(cat "$WORK/said")"
like "with their providers" 'novita/aaaa-2' "$(cat "$WORK/said")"
same "a provider before it narrows" 0 "$(status show apixo/aaaa)"
same "three letters are too few" 1 "$(status show bbb)"
same "a whole id goes before a longer one" 0 "$(sql "insert into genhook.tasks (provider, task_id) values ('novita', 'bbbb')" >/dev/null; status show bbbb)"
like "the whole one" 'novita/bbbb:' "$(cat "$WORK/said")"
genhook show aaaa-2 >"$WORK/said"
like "show has the prompt" 'prompt +a quay at dawn' "$(cat "$WORK/said")"
sql "update genhook.requests set request = '{\"promptText\": \"a mole\"}' where task_id = 'aaaa-2'" >/dev/null
like "wherever a provider's request has it" 'prompt +a mole' "$(genhook show aaaa-2)"
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, source, metadata)
    values ('novita', 'told-of-by-nobody', 'succeeded', null, now(), 'callback', '{\"prompt\": \"a gull\"}')" >/dev/null
like "also in metadata" 'prompt +a gull' "$(genhook show told-of)"
fails "what nobody told of has no moment" grep -q submitted <(genhook show told-of)
like "help may stand anywhere" '^usage: genhook tasks' "$(genhook tasks novita --help)"
finish
