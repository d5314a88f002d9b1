# What the scripts about forwards share: an application that is told
# (lib/receiver.py), with the moods it is put into and the log of what it got.
# shellcheck shell=bash disable=SC2034,SC2154
SECRET=whsec_$(openssl rand -base64 32)
MODES=$WORK/modes TOLD=$WORK/told.jsonl
mkdir "$MODES"
: >"$TOLD"

receiver_start()
{
	RECEIVER_PORT=${RECEIVER_PORT:-$(free_port)}
	/usr/bin/python3 "$TOP/tests/e2e/lib/receiver.py" "$RECEIVER_PORT" \
	    "$MODES" "$TOLD" >"$WORK/receiver.out" 2>&1 &
	RECEIVER_PID=$!
	RUNS+=("$RECEIVER_PID")
	soon 30 curl -s --noproxy '*' -m 5 -o /dev/null "http://127.0.0.1:$RECEIVER_PORT/probe"
}
receiver_stop()	{ kill "$RECEIVER_PID"; wait "$RECEIVER_PID" 2>/dev/null; }

# forward NAME LINES: a section of the settings, to the receiver's /NAME.
forward()
{
	printf 'forward %s {\n\turl = "http://127.0.0.1:%s/%s"\n\tsecret = {"%s"}\n\tallow_private = yes\n%s}\n' \
	    "$1" "$RECEIVER_PORT" "$1" "$SECRET" "${2:+	$2
}" >>"$GENHOOK_CONF"
}
# mood NAME WORDS: how /NAME answers from now on; whole, whoever reads it meanwhile.
mood()		{ echo "${*:2}" >"$MODES/.new" && mv "$MODES/.new" "$MODES/$1"; }

# told NAME [FILTER]: the events that /NAME took or refused, each once by its id;
# asked NAME: however often each came.
told()		{ jq -r --arg n "$1" "select(.path == \$n and .id${2:+ and ($2)}) | .id" "$TOLD" | sort -u | wc -l; }
asked()		{ jq -r --arg n "$1" 'select(.path == $n and .id) | .id' "$TOLD" | wc -l; }
# by_id: "ID PATH PROVIDER/TASK TYPE" of each, once.
by_id()		{ jq -r 'select(.id) | (.body | @base64d | fromjson) as $e | "\(.id) \(.path) \($e.data.provider)/\($e.data.task_id) \($e.type)"' "$TOLD" | LC_ALL=C sort -u; }
# heard NAME [TYPE...]: "PROVIDER/TASK TYPE" of each that /NAME got.
heard()		{ by_id | awk -v n="$1" '$2 == n { print $3, $4 }' | LC_ALL=C sort -u; }

# Time passes: every event that waits is due, and the leases of the dead are over.
due()		{ sql "update genhook.forwards set next_attempt_at = now(), leased_until = null, lease_owner = null where status = 'pending'; update genhook.forward_targets set not_before = '-infinity'"; }
# The same for tasks and outputs, and whoever follows is told of it.
due_all()	{ due_now; due; sql "select genhook.tell_work_due()" >/dev/null; }

# sign_event SECRET ID AT FILE: a signature of Standard Webhooks, by the openssl
# command and not by our code.
sign_event()
{
	{ printf '%s.%s.' "$2" "$3"; cat "$4"; } |
	    openssl dgst -sha256 -mac HMAC -binary -macopt \
	    "hexkey:$(base64 -d <<<"${1#whsec_}" | od -An -vtx1 | tr -d ' \n')" |
	    base64 | sed 's/^/v1,/'
}
