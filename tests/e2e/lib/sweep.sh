# What the scripts about the sweep share: a genhook whose providers are the
# simulator, submits, and the comparison of all rows and files with the
# simulator's ledger.
# shellcheck shell=bash disable=SC2034,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"
PROVIDERS=(novita apimart apixo wavespeed)

# world_start [SIMULATOR OPTIONS...]: genhook and the simulator, each knowing
# the other.  Polls are due after a second instead of minutes.
world_start()
{
	local provider key keys=()

	# Its port is known once it listens; nobody asks for it before.
	run_start run SIMULATOR="http://$SIMULATOR_ADDRESS:1"
	# shellcheck source=/dev/null
	. "$RUN_DIR/secrets"
	for provider in "${PROVIDERS[@]}"; do
		key=KEY_${provider^^}
		keys+=("--$provider-key" "${!key}")
	done
	simulator_start "${keys[@]}" --hostile \
	    --wavespeed-secret "$GENHOOK_SECRET_WAVESPEED" \
	    --replicate-secret "$GENHOOK_SECRET_REPLICATE" \
	    --kie-secret "$GENHOOK_SECRET_KIE" \
	    --openai-secret "$GENHOOK_SECRET_OPENAI" --openai-hook "$(hook openai)" \
	    --openrouter-secret "$GENHOOK_SECRET_OPENROUTER" "$@"
	sed -i "s|http://$SIMULATOR_ADDRESS:1/|$SIMULATOR/|; s/poll_after = 5/poll_after = 1/" \
	    "$GENHOOK_CONF"
}

# Start a plain web server for $WORK/origin, which is slow below /slow, and
# below /md5 and /digest says the sums of fixtures/media/base.jpg; sets ORIGIN
# and ORIGIN_PID.  Its log has path, status and bytes sent.
origin_start()
{
	local picture=$FIXTURES/media/base.jpg

	mkdir -p "$WORK/origin/slow"
	web_start origin <<-END
	server.modules = ( "mod_accesslog", "mod_setenv" )
	server.document-root = "$WORK/origin"
	server.stat-cache-engine = "disable"
	mimetype.assign = ( ".jpg" => "image/jpeg", ".png" => "image/png",
	    ".bin" => "application/octet-stream", ".html" => "text/html",
	    ".svg" => "text/xml", "" => "application/json" )
	accesslog.filename = "$WORK/origin.log"
	accesslog.format = "%U %s %O"
	\$HTTP["url"] =~ "^/md5/" { setenv.add-response-header =
	    ( "Content-MD5" => "$(openssl md5 -binary "$picture" | base64)" ) }
	\$HTTP["url"] =~ "^/digest/" { setenv.add-response-header =
	    ( "Repr-Digest" => "sha-256=:$(openssl sha256 -binary "$picture" | base64):" ) }
	\$HTTP["url"] =~ "^/slow/" { connection.kbytes-per-second = 500 }
	END
	ORIGIN=$WEB
	ORIGIN_PID=$WEB_PID
}

# What it was asked so far.  lighttpd writes its log every few seconds: a mark
# of ours is behind all that was before it.
origin_log()
{
	local mark=/mark-$BASHPID-$EPOCHREALTIME

	curl -s --noproxy '*' -m 30 -o /dev/null "$ORIGIN$mark"
	soon 60 grep -qF "$mark " "$WORK/origin.log"
	grep -v '^/mark-' "$WORK/origin.log"
}

# done_by_callback TASK URL [EXPIRES_AT] [TOKEN]: an APIMart task that ends
# with a picture at that link.
done_by_callback()
{
	post_text "$HOOK/apimart/${4:-$GENHOOK_TOKEN_APIMART}/callback" \
	    "$(apimart_task "$1" "$2" "${3:-$(($(date +%s) + 3600))}")" >/dev/null
}

apimart_task()
{
	printf '{"id":"%s","status":"completed","progress":100,"created":%d,"completed":%d,"result":{"images":[{"url":["%s"],"expires_at":%d}]}}' \
	    "$1" "$(($(date +%s) - 9))" "$(($(date +%s) - 5))" "$2" "$3"
}

# link_dies PROVIDER TASK: its first output is to be had again, by a link that is
# dead; sets DEAD.
link_dies()
{
	DEAD=$(output "$1" "$2" "regexp_replace(url, '[?]|\$', '/gone\\&')" | head -n 1)
	sql "update genhook.outputs set status = 'pending', next_attempt_at = now(), attempts = 0, url = '$DEAD', location = null,
	    bytes = null, sha256 = null, content_type = null, etag = null, stored_at = null
	    where provider = '$1' and task_id = '$2' and position = 0" >/dev/null
}

# submit PROVIDER MODEL [CURL OPTIONS...]: prints the task's id.
submit()
{
	local provider=$1 model=$2 key=KEY_${1^^} url body hook header="Authorization: Bearer"

	shift 2
	hook=$(hook "$provider")
	case $provider in
	novita)
		url=v3/async/$model
		body='{"extra":{"webhook":{"url":"'$hook'"}},"request":{}}' ;;
	apimart)
		url=v1/images/generations
		[[ $model == *video* ]] && url=v1/videos/generations
		body='{"model":"'$model'","webhook":"'$hook'"}' ;;
	apixo)
		url=api/v1/generateTask/$model
		body='{"request_type":"callback","callback_url":"'$hook'","input":{}}' ;;
	wavespeed)
		url="api/v3/$model?webhook=$(jq -rn --arg u "$hook" '$u | @uri')"
		body='{"prompt":"x"}' ;;
	luma)
		url=dream-machine/v1/generations/video
		[[ $model != photon* ]] || url=dream-machine/v1/generations/image
		body='{"model":"'$model'","prompt":"x","callback_url":"'$hook'"}' ;;
	kie)
		url=api/v1/jobs/createTask
		[[ $model != suno* ]] || url=api/v1/generate
		[[ $model != veo* ]] || url=api/v1/veo/generate
		body='{"model":"'$model'","callBackUrl":"'$hook'","input":{"prompt":"x"}}' ;;
	fal)
		url="$model?fal_webhook=$(jq -rn --arg u "$hook" '$u | @uri')"
		header="Authorization: Key" body='{"prompt":"x"}' ;;
	minimax)
		url=v1/video_generation
		body='{"model":"'$model'","prompt":"x","callback_url":"'$hook'"}' ;;
	runway)
		url=v1/image_to_video
		[[ $model != *image* ]] || url=v1/text_to_image
		set -- "$@" -H 'X-Runway-Version: 2024-11-06'
		body='{"model":"'$model'","promptText":"x"}' ;;
	runware)
		url=v1
		body='[{"taskType":"imageInference","taskUUID":"'$(cat /proc/sys/kernel/random/uuid)'","model":"'$model'",
		    "numberResults":2,"deliveryMethod":"async","webhookURL":"'$hook'"}]' ;;
	bfl)
		url=v1/$model header="x-key:"
		body='{"prompt":"x","webhook_url":"'$hook'","webhook_secret":"'$GENHOOK_SECRET_BFL'"}' ;;
	openai)
		url=v1/responses body='{"model":"'$model'","input":"x","background":true}'
		[[ $model != batch ]] ||
		    url=v1/batches body='{"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h"}' ;;
	openrouter)
		url=api/v1/videos
		body='{"model":"'$model'","prompt":"x","callback_url":"'$hook'"}' ;;
	replicate)
		url=v1/models/$model/predictions
		body='{"input":{"prompt":"x"},"webhook":"'$hook'","webhook_events_filter":["completed"]}' ;;
	esac
	curl -sS --noproxy '*' -m 30 "$@" -H "$header ${!key}" \
	    -H 'Content-Type: application/json' -d "$body" \
	    "$SIMULATOR/$provider/$url" | jq -er 'def id: .task_id // .taskId
	    // .taskUUID // .id; if .task_id then .task_id elif .request_id then .request_id elif .id then .id elif (.data | type) == "array"
	    then .data[0] | id else .data | id end'
}

# register PROVIDER TASK MODEL, as an application does it.
register()
{
	sql "select task_id from genhook.register_task('$1', '$2', '$3')" \
	    >/dev/null
}

# order PROVIDER MODEL [WORDS FOR X-Simulate]: submit and register; prints the
# task's id.
order()
{
	local id

	id=$(submit "$1" "$2" -H "X-Simulate: ${3:-none}") &&
	    register "$1" "$id" "$2" && echo "$id"
}

# standard SECRET ID TIME FILE: as Standard Webhooks sign, by the openssl command.
standard()
{
	local key

	key=$(printf %s "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
	{ printf '%s.%s.' "$2" "$3"; cat "$4"; } |
	    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
}
# Let time pass: all that waits for its next attempt is due, and the leases of
# killed sweeps have run out.
due_now()
{
	sql "update genhook.tasks set next_poll_at = now() where status = 'pending';
	    update genhook.outputs set next_attempt_at = now(), leased_until = null, lease_owner = null where status = 'pending'"
}

# strike PROCESS: kill it at some moment of its run, and wait for it; false
# when it had ended before.  From how long a time the moment is drawn follows
# how long runs take here: each that was too quick for it shortens it.
STRIKE_MS=150
strike()
{
	local ms=$((RANDOM % STRIKE_MS + 1))

	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	if [ $? -eq 137 ]; then
		STRIKE_MS=$((STRIKE_MS * 6 / 5 + 1))
	else
		STRIKE_MS=$((STRIKE_MS * 2 / 3 + 1))
		return 1
	fi
}

idle()	# has the simulator nothing more to send?
{
	[ "$(curl -sS --noproxy '*' "$SIMULATOR/control/health" |
	    jq '[.. | numbers] | .[1:] | add')" = 0 ]
}

faults()	{ curl -sS --noproxy '*' -o /dev/null -d "$1" "$SIMULATOR/control/faults"; }

# sweep_until SQL WANTED [TURNS]: sweep after sweep until the query says so.
sweep_until()
{
	local turn

	for ((turn = 0; turn < ${3:-12}; turn++)); do
		[ "$(sql "$1")" != "$2" ] || return 0
		due_now
		sweep
	done
	[ "$(sql "$1")" = "$2" ]
}

task()	# PROVIDER TASK [COLUMNS]
{
	sql "select ${3:-status} from genhook.tasks where provider = '$1' and task_id = '$2'"
}

output()	# PROVIDER TASK [COLUMNS]
{
	sql "select ${3:-status} from genhook.outputs where provider = '$1' and task_id = '$2' order by position"
}

# same_lines NAME WANTED GOT: what differs is shown, and no more.
same_lines()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		diff <(echo "$2") <(echo "$3") | grep '^[<>]' | head -n 12
	fi
}

# --- the ledger against rows and files

ledger()	{ jq -r "$1" "$LEDGER" | LC_ALL=C sort; }
rows()		{ sql "$1" | LC_ALL=C sort; }

# How it ended in truth, and in the tables; of tasks that the tables have.
true_states()	{ ledger 'select(.event == "finished") | "\(.provider)/\(.task_id) \(.state)"'; }
our_states()	{ rows "select provider || '/' || task_id || ' ' || status from genhook.tasks where status <> 'pending' and not is_test"; }

# One line for each output that is a file: task, position, size, sum.
true_files()
{
	ledger 'select(.event == "finished" and .state == "succeeded") |
	    "\(.provider)/\(.task_id)" as $t | .outputs | to_entries[] |
	    "\($t)/\(.value.position // .key) \(.value.bytes) \(.value.sha256)"'
}
our_files()
{
	rows "select provider || '/' || task_id || '/' || position || ' ' || bytes || ' ' || sha256 from genhook.outputs where status = 'stored'"
}

# The same, by the files themselves, wherever a row says that they are.
disk_files()
{
	sql "select provider || '/' || task_id || '/' || position, substr(location, 8) from genhook.outputs where status = 'stored'" |
	    tr '|' ' ' >"$WORK/names"
	paste -d ' ' <(cut -d ' ' -f 1 "$WORK/names") \
	    <(cut -d ' ' -f 2 "$WORK/names" | xargs -r stat -c %s) \
	    <(cut -d ' ' -f 2 "$WORK/names" | xargs -r sha256sum |
	    cut -c -64) | LC_ALL=C sort
}

# Files of the archive that are at a final name, and those under way.
final_names()	{ find "$GENHOOK_ARCHIVE" -type f ! -name '.part*' -printf '%p\n' | LC_ALL=C sort; }
parts()		{ find "$GENHOOK_ARCHIVE" -name '.part*' | wc -l; }
our_names()	{ rows "select substr(location, 8) from genhook.outputs where status = 'stored'"; }

# Tasks whose callback was taken, each in the provider's own words, that are
# in no delivery.
acked_and_missing()
{
	comm -23 <(ledger 'select(.event == "answered" and (.http == 200 or
	    (.provider != "apixo" and .http > 200 and .http < 300))) |
	    "\(.provider)/\(.task_id)"' | uniq) \
	    <(rows "select distinct provider || '/' || task_id from genhook.deliveries")
}

# Every task is there as it ended, each file is what was sent, and nothing
# else is.
world_check()	# NAME
{
	same_lines "$1: no acknowledged callback is missing" '' "$(acked_and_missing)"
	same_lines "$1: every task ended as in truth" "$(true_states)" "$(our_states)"
	same_lines "$1: every output has the true size and sum" "$(true_files)" "$(our_files)"
	same_lines "$1: and so has its file" "$(our_files)" "$(disk_files)"
	same_lines "$1: no other file is in the archive" "$(our_names)" "$(final_names)"
	same "$1: none is half made" 0 "$(parts)"
}
