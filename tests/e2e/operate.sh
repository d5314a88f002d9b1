#!/bin/bash
# The operator's command, on a database in which the simulator's tasks are:
# what each subcommand does and says.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname -- "$0")/lib.sh"

genhook()	{ "$BIN/genhook" "$@"; }

# The exit status of a command of genhook; its words are in $WORK/said.
status()
{
	local status=0

	genhook "$@" >"$WORK/said" 2>&1 || status=$?
	echo "$status"
}
said()		{ grep -qF -- "$1" "$WORK/said"; }
# The JSON that a command prints, as jq sees it: json FILTER COMMAND...
json()		{ genhook "${@:2}" | jq -r "$1"; }

# submit PROVIDER PATH MODEL FAULTS: prints the task's id.
submit()
{
	curl -sS --noproxy '*' -H 'Authorization: Bearer k' -H "X-Simulate: $4" \
	    -d "{\"model\":\"$3\",\"extra\":{\"webhook\":{\"url\":\"$(hook "$1")\"}},\"webhook\":\"$(hook "$1")\",\"request_type\":\"callback\",\"callback_url\":\"$(hook "$1")\"}" \
	    "$SIMULATOR/$1$2" |
	    jq -r '.task_id // (.data[0].task_id)? // .data.taskId? // .data.id?'
}
task_is()	{ [ "$(sql "select status from genhook.tasks where task_id = '$1'")" = "$2" ]; }

simulator_start --finish-ms 50:100
run_start run SIMULATOR="$SIMULATOR"
# The keys of the run are its own; the simulator here takes any.
export GENHOOK_CONF

good=$(submit novita /v3/async/txt2img txt2img none)
bad=$(submit apimart /v1/images/generations seedream-5 fail)
late=$(submit apixo /api/v1/generateTask/flux-2 flux-2 never)
sql "select genhook.register_task('apixo', '$late', 'flux-2', 'default', '{\"order\": 17}')" >/dev/null
check "the simulator's tasks are there" soon 30 task_is "$good" succeeded
check "and the failed one" soon 30 task_is "$bad" failed
sweep || true
sql "select genhook.register_task(p, 'twin', null, 'default') from (values ('novita'), ('apixo')) as v(p)" >/dev/null

# --- help

same "no command is bad usage" 2 "$(status)"
same "an unknown command too" 2 "$(status dance)"
check "and it is named" said '"dance"'
same "--help is well" 0 "$(status --help)"
commands=$(genhook --help | awk '/^  [a-z]/ { print $1 }')
for command in $commands; do
	same "$command --help is well" 0 "$(status "$command" --help)"
	check "$command --help has a usage line" grep -q "^usage: genhook $command" "$WORK/said"
	same "$command --help fits 80 columns" '' "$(awk 'length > 80' "$WORK/said")"
done
same "a wrong option is bad usage" 2 "$(status tasks --jsn)"
check "and is named, with the usage" said 'unknown option or argument "--jsn"'
same "without settings it says so" 1 "$(GENHOOK_CONF=$WORK/none status tasks)"
settings=$GENHOOK_CONF
same "--config names the file" 0 "$(GENHOOK_CONF=$WORK/none status --config "$settings" tasks)"

# --- lists

same "tasks lists them" 0 "$(status tasks)"
check "with the task that succeeded" grep -qE "^succeeded +novita +$good" "$WORK/said"
same "a status narrows it" 0 "$(status tasks failed)"
same "to that one" "failed apimart $bad" "$(awk 'NR > 1 { print $1, $2, $3 }' "$WORK/said")"
same "a status that there is not" 2 "$(status tasks "done")"
check "is told which there are" said 'not one of pending|succeeded|failed'
same "tasks as JSON" 5 "$(json length tasks --json)"
same "a task's fields as JSON" "17 flux-2" \
    "$(json ".[] | select(.task_id == \"$late\") | \"\\(.metadata.order) \\(.model)\"" tasks --json)"
same "--limit" 1 "$(json length tasks --json --limit 1)"
same "--limit is a number" 2 "$(status tasks --limit x)"
same "an empty list is a JSON document" '[]' "$(json -c tasks lost --json 2>&1 || genhook tasks lost --json)"
same "outputs as JSON" "stored $(sql "select sha256 from genhook.outputs where task_id = '$good'")" \
    "$(json '.[0] | "\(.status) \(.sha256)"' outputs --json)"
same "deliveries, by outcome" 2 "$(json length deliveries accepted --json)"
for width in 80 60 200; do
	COLUMNS=$width genhook tasks >"$WORK/said"
	same "no line of tasks is over $width columns" '' "$(awk -v w="$width" 'length > w' "$WORK/said")"
	COLUMNS=$width genhook outputs >"$WORK/said"
	same "no line of outputs is over $width columns" '' "$(awk -v w="$width" 'length > w' "$WORK/said")"
done
same "a terminal of 64 columns is asked itself" '' \
    "$(script -qec "stty cols 64; NO_COLOR=1 '$BIN/genhook' tasks" /dev/null </dev/null | tr -d '\r' | awk 'length > 64')"
check "and shown all tasks" test "$(script -qec "stty cols 64; '$BIN/genhook' tasks" /dev/null </dev/null | grep -c novita)" -ge 2
same "80 columns hold a task's whole id" 1 "$(COLUMNS=80 genhook tasks | grep -c " $good ")"
same "a pipe gets all columns" finished "$(genhook tasks | awk 'NR == 1 { print $NF }')"

# --- what others wrote

sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, error_code, error_message)
    select 'apixo', 'text-' || n, 'failed', now(), now(), 'e', E'caf\u00e9 \u65e5\u672c\u8a9e \u001b[31mred\nline \u202eturned \\\\ ' || repeat(E'\u65e5', 40)
    from generate_series(1, 2) as n"
words=$(LC_ALL=C.UTF-8 genhook show text-1 | sed -n 's/^  error  *//p')
like "a terminal gets what it can print" '^e: café 日本語 ' "$words"
like "and no commands" '\\x1b\[31mred\\x0aline \\xe2\\x80\\xaeturned \\x5c 日' "$words"
like "without a language, bytes" '^e: caf\\xc3\\xa9 \\xe6' "$(LC_ALL=C genhook show text-1 | sed -n 's/^  error  *//p')"
same "as a pipe to jq gets it whole" "café" "$(LC_ALL=C json '.task.error_message | split(" ")[0]' show text-1 --json)"
for width in 80 90 100 110; do
	same "wide letters fit $width columns too" 1 \
	    "$((width >= $(LC_ALL=C.UTF-8 COLUMNS=$width genhook tasks failed | LC_ALL=C.UTF-8 wc -L)))"
done
same "and are cut between letters" '...' "$(LC_ALL=C.UTF-8 COLUMNS=100 genhook tasks failed | grep -o '[^e-z. ]*\.\.\.$' | sed 's/日//g' | sort -u)"
sql "delete from genhook.tasks where task_id like 'text-%'"

# --- show

same "show, by the id alone" 0 "$(status show "$good")"
check "says what it is" said "novita/$good: succeeded"
check "has its callback" said "  callback: accepted, token, from 127.0.0.1"
check "and its file" said "output 0: stored: file://"
same "in the order of time" "submitted callback succeeded output" \
    "$(awk '/^20/ { sub(":", "", $3); print $3 }' "$WORK/said" | awk '$1 ~ /submitted|callback|succeeded|output/' | uniq | xargs)"
same "show, by provider and id" 0 "$(status show "apixo/$late")"
check "with what is in metadata" said '{"order": 17}'
same "an id of two tasks" 1 "$(status show twin)"
check "names both" said novita/twin
same "with the provider it is one" 0 "$(status show apixo/twin)"
same "no such task" 1 "$(status show nothing)"
check "says so" said 'no task nothing'
same "show as JSON" "$good 1 1 accepted" \
    "$(json '"\(.task.task_id) \(.outputs | length) \(.deliveries | length) \(.deliveries[0].outcome)"' show "$good" --json)"
post_text "$(hook apixo)" '{"code":200,"message":"success","data":{"taskId":"early","state":"processing"}}' >/dev/null
same "a task that only called" 0 "$(status show early)"
check "says so" said 'apixo/early: not in genhook.tasks'

sql "insert into genhook.requests (provider, model, request) values ('apixo', 'flux-2', '{\"input\": {}}')"
same "requests lists the outbox" "queued flux-2" "$(json '.[0] | "\(.status) \(.model)"' requests --json)"
sweep || true
same "the sweep sends it" 0 "$(status requests submitted)"
sent=$(sql "select task_id from genhook.requests")
check "it has a task" said "$sent"
same "show, of a task of the outbox" 0 "$(status show "apixo/$sent")"
check "begins with the request" said 'requested: request 1'
check "and when it was sent" said 'sent: attempt 1'
check "then it finishes" soon 30 task_is "$sent" succeeded

# --- retry, repoll, cancel

sql "update genhook.outputs set status = 'failed', location = null, stored_at = null, last_error = 'x' where task_id = '$good'"
same "retry needs to be told what" 2 "$(status retry)"
same "retry of a task" 0 "$(status retry "novita/$good")"
check "says how many" said '1 output is due now'
same "its output is pending" "pending 0" \
    "$(sql "select status, attempts from genhook.outputs where task_id = '$good'" | tr '|' ' ')"
same "again there is nothing to retry" 1 "$(status retry "$good")"
check "and it says why" said 'none of its outputs is expired or failed'
same "but with --status pending" 0 "$(status retry "$good" --status pending)"
same "retry --all with nothing to do is well" 0 "$(status retry --all)"
sweep || true
same "the sweep brings it back" stored "$(sql "select status from genhook.outputs where task_id = '$good'")"

same "cancel" 0 "$(status cancel novita/twin)"
same "makes it cancelled" "cancelled operator" \
    "$(sql "select status, error_code from genhook.tasks where task_id = 'twin' and provider = 'novita'" | tr '|' ' ')"
same "cancel of a finished task" 1 "$(status cancel "$good")"
check "says why not" said 'neither pending nor lost'
same "cancel takes no --all" 2 "$(status cancel --all)"
sql "update genhook.tasks set status = 'lost', finished_at = now(), next_poll_at = null, error_code = 'gave_up' where task_id = '$late'"
same "repoll of a provider" 0 "$(status repoll apixo --status lost)"
same "makes the lost one pending and due" "pending t" \
    "$(sql "select status, next_poll_at <= now() from genhook.tasks where task_id = '$late'" | tr '|' ' ')"

# --- tail

"$BIN/genhook" tail >"$WORK/tail.out" 2>&1 &
tail_pid=$!
"$BIN/genhook" tail --json >"$WORK/tail.json" 2>/dev/null &
json_pid=$!
listening()	{ [ "$(super "select count(*) from pg_stat_activity where query = 'select now()' and state = 'idle'")" -ge "$1" ]; }
check "tail listens" soon 30 listening 2
third=$(submit novita /v3/async/txt2img txt2img none)
check "tail prints a finished task" soon 30 grep -q "novita/$third succeeded by callback" "$WORK/tail.out"
check "as JSON too" soon 30 grep -q "$third" "$WORK/tail.json"
same "which is a document in one line" "$third" "$(tail -n 1 "$WORK/tail.json" | jq -r .task_id)"
super "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'genhook'" >/dev/null
sql "select genhook.cancel_tasks('apixo', '$late')" >/dev/null
check "tail says that it lost the server" soon 30 grep -q 'trying again' "$WORK/tail.out"
check "and then what finished meanwhile" soon 30 grep -q "apixo/$late cancelled" "$WORK/tail.out"
fourth=$(submit novita /v3/async/txt2img txt2img none)
check "and goes on" soon 30 grep -q "novita/$fourth succeeded" "$WORK/tail.out"
kill -INT "$tail_pid"
wait "$tail_pid"
same "Ctrl-C ends it with 0" 0 $?
kill -TERM "$json_pid"
wait "$json_pid"

sed 's/^database {/&\n pooler = yes/' "$GENHOOK_CONF" >"$WORK/pooler.conf"
chmod 0600 "$WORK/pooler.conf"
same "a pooler does not pass LISTEN on" 1 "$(GENHOOK_CONF=$WORK/pooler.conf status tail)"
check "says so" said 'LISTEN does not pass'

# --- token

genhook token new novita shop >"$WORK/said"
token=$(head -n 1 "$WORK/said")
check "token new has the address" said "$GENHOOK_BASE/hook/novita/$token"
like "and a token that fits" '^[A-Za-z0-9_-]{8,128}$' "$token"
like "of one that signs, a new account's section has room for the secret" 'webhook_secret = \{""\} .*genhook secret fetch wavespeed' \
    "$(genhook token new wavespeed shop)"
fails "which one that is there has" grep -q webhook_secret <(genhook token new wavespeed; genhook token new novita shop)
like "of all of these" 'webhook_secret' "$(genhook token new openai shop)"
fails "another one each time" grep -q "$token" <(genhook token new)
sed -n '/ {$/,/^  }$/p' "$WORK/said" >"$WORK/section"
{ cat "$GENHOOK_CONF"; cat "$WORK/section"; } >"$WORK/new.conf"
chmod 0600 "$WORK/new.conf"
same "its lines are settings" 0 "$(status --config "$WORK/new.conf" config check)"
check "with the new account" said 'novita shop'
sed "s|^archive {|&\n\turl = \"s3://b!\"\n\ts3_endpoint = \"https://127.0.0.1:9\"\n\ts3_access_key = \"a\"\n\ts3_secret_key = \"b\"|; /^ *url = \"file/d" "$GENHOOK_CONF" >"$WORK/new.conf"
same "config check looks at the place in a store" 1 "$(status --config "$WORK/new.conf" config check)"
check "and says what is wrong" said 'no name of a bucket'
sed -i "s|^receiver {|&\n\tbase_url = \"nowhere\"\n\tthreads = 0\n\tnonsense = 1|; /^ *base_url = \"http/d; s|^novita default {|&\n\tapi_key = \"\${GENHOOK_TEST_UNSET}\"|; s|api_key = \"k.*||" "$WORK/new.conf"
same "with many mistakes" 1 "$(status --config "$WORK/new.conf" config check)"
for words in 'no name of a bucket' 'receiver.base_url is no' 'receiver.threads is 0' 'nonsense' '${GENHOOK_TEST_UNSET} is not set'; do
	check "each is named: $words" said "$words"
done
same "by file and line, once" 5 "$(grep -c "^genhook: $WORK/new.conf:" "$WORK/said")"
sed "/^novita default/,/^}/s|api_key = .*|api_key = \"\${GENHOOK_TEST_UNSET}\"|" "$GENHOOK_CONF" >"$WORK/new.conf"
same "a variable that is not set is one" 1 "$(status --config "$WORK/new.conf" config check)"
check "by name" said '${GENHOOK_TEST_UNSET} is not set'
same "and none once it is" 0 "$(GENHOOK_TEST_UNSET=some-key-0123456789 status --config "$WORK/new.conf" config check)"
same "programs run without it" 0 "$(status --config "$WORK/new.conf" tasks)"
same "token new without settings" 0 "$(GENHOOK_CONF=$WORK/none status token new)"

# --- completion

genhook completion >"$WORK/completion"
# complete WORDS...: what bash would offer for the last of them.
complete()
{
	PATH=$BIN:$PATH bash -c 'source "$1"; shift
	    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
	    _genhook; printf "%s\n" "${COMPREPLY[@]}"' - "$WORK/completion" "$@" |
	    sort | xargs
}
same "completion of a command" "tail tasks" "$(complete genhook ta)"
same "every command is offered" "$(echo "$commands" | sort | xargs)" \
    "$(complete genhook '' | tr ' ' '\n' | grep -v '^--' | xargs)"
same "of a status" "stored" "$(complete genhook outputs st)"
same "of a provider" "apimart apixo" "$(complete genhook retry ap)"
same "of an option" "--json" "$(complete genhook --config x tasks --j)"
{ cat "$GENHOOK_CONF"; printf 'forward %s {\n\turl = "https://127.0.0.1:9/"\n\tsecret = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}\n}\n' shop; } >"$WORK/forward.conf"
chmod 0600 "$WORK/forward.conf"
same "of a forward" shop "$(GENHOOK_CONF=$WORK/forward.conf complete genhook forward test s)"
same "and of nothing where a person is named" '' "$(GENHOOK_CONF=$WORK/forward.conf complete genhook web logout s)"
same "of a file" "$WORK/said" "$(complete genhook --config "$WORK/sai")"
same "of an option's value" "expired failed pending" "$(complete genhook retry --status '')"
same "of an outcome" "unparsed" "$(complete genhook replay --outcome u)"
same "of an account" "default" "$(complete genhook --config "$GENHOOK_CONF" tasks --account '')"
same "of what a number stands for, nothing" "" "$(complete genhook tasks --limit '')"
sql "insert into genhook.tasks (provider, task_id) values ('luma', 'complete-this')" >/dev/null
same "of a task's id" "complete-this" "$(complete genhook --config "$GENHOOK_CONF" show compl)"
same "with its provider" "luma/complete-this" "$(complete genhook --config "$GENHOOK_CONF" cancel luma/compl)"
same "of a delivery's id" "$(sql "select id from genhook.deliveries order by received_at desc limit 1")" \
    "$(complete genhook --config "$GENHOOK_CONF" delivery "$(sql "select left(id::text, 34) from genhook.deliveries order by received_at desc limit 1")")"
same "without a database, no error" "" "$(complete genhook --config /nowhere show compl 2>&1)"
genhook completion zsh >"$WORK/_genhook"
genhook completion fish >"$WORK/genhook.fish"
like "zsh has its own" '^#compdef genhook' "$(cat "$WORK/_genhook")"
if command -v zsh >/dev/null; then
	same "which zsh reads" "" "$(zsh -n "$WORK/_genhook" 2>&1)"
fi
if command -v fish >/dev/null; then
	same "fish offers the same" "tail tasks" "$(PATH=$BIN:$PATH fish -c "source $WORK/genhook.fish; complete -C 'genhook ta'" | sort | xargs)"
	same "and ids" "complete-this" "$(PATH=$BIN:$PATH fish -c "source $WORK/genhook.fish; complete -C 'genhook --config $GENHOOK_CONF show compl'" | sort | xargs)"
fi

# --- what make install puts where

check "make install" env -u MAKEFLAGS make -s -o all -C "$TOP" install BUILD="${BIN%/bin}" DESTDIR="$WORK/stage" PREFIX=/usr
for file in bin/genhook bin/genhook-sweep lib/genhook/genhook-apixo share/genhook/genhook.conf.example \
    share/genhook/genhook.cron share/genhook/genhook.logrotate share/genhook/lighttpd/genhook.conf \
    share/man/man1/genhook.1 share/man/man5/genhook.conf.5 share/man/man7/genhook.7 share/man/man8/genhook-wavespeed.8; do
	check "puts $file there" test -s "$WORK/stage/usr/$file"
done
check "for zsh" cmp -s "$WORK/_genhook" "$WORK/stage/usr/share/zsh/vendor-completions/_genhook"
check "and fish" cmp -s "$WORK/genhook.fish" "$WORK/stage/usr/share/fish/vendor_completions.d/genhook.fish"
check "completion too" cmp -s "$WORK/completion" "$WORK/stage/usr/share/bash-completion/completions/genhook"
same "and nothing names another prefix" '' "$(grep -rlI /usr/local "$WORK/stage")"
finish
