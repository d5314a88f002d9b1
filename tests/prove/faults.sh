#!/bin/bash
# Fault loops: each allocation and each of 18 system calls that a handler makes for a
# callback, with the database and without (spool), and that a sweep makes (drain, poll,
# submit, download into a tree and into a store, forward), fails once, and from then
# on.  Nothing that was acknowledged is lost, no callback of ours is refused, no program
# of ours crashes, no request is taken twice, each file is whole, and every event is told.
#
# FAULT_S (600): seconds in all.  What the time does not suffice for is left out by
# chance (SEED), and the last lines say how much was tried.
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
SEED=${SEED:-$((EPOCHSECONDS % 30000))}
FAULT_S=${FAULT_S:-600}
FAULTS_SO=$WORK/faults.so
echo "faults: SEED=$SEED FAULT_S=$FAULT_S"
cc -shared -fPIC -O1 -std=gnu11 -D_GNU_SOURCE -o "$FAULTS_SO" tests/prove/faults.c
world_start --scale 0.01 --timeout-scale 1 --finish-ms 1:20 --seed "$SEED"
HOOK_APIMART=$(hook apimart)
export WORK BIN SEED FAULTS_SO SIMULATOR HOOK_APIMART KEY_APIMART GENHOOK_SPOOL
export GENHOOK_TOKEN_WAVESPEED GENHOOK_SECRET_WAVESPEED
mkdir "$WORK/spools" "$WORK/waiting" "$WORK/modes" "$WORK/store"
touch "$WORK/acked" "$WORK/acked_under" "$WORK/requested" "$WORK/told"
conf_set sweep "max_seconds = 6"
# An application that is told, by a command: it notes each event's id.
printf '#!/bin/sh\ncat >/dev/null\necho "$WEBHOOK_ID" >>"$1"\n' >"$WORK/tell"
chmod 755 "$WORK/tell"
printf 'forward shop {\n\tcommand = "'"'%s' '%s'"'"\n}\n' "$WORK/tell" "$WORK/told" >>"$GENHOOK_CONF"

# --- callbacks: with the database, and with none
sed 's/conninfo = ".*"/conninfo = "host=127.0.0.1 port=1"/; s|spool_dir = ".*"|spool_dir = "${FAULT_SPOOL}"|' \
    "$GENHOOK_CONF" >"$WORK/spool.conf"
chmod 600 "$WORK/spool.conf"
check "a handler loses nothing that it acknowledged, and refuses nothing" \
    env SECONDS=$((FAULT_S * 2 / 5)) python3 tests/prove/faults.py receive "$GENHOOK_CONF" "$WORK/spool.conf"
find "$WORK/spools" -name '*.delivery' -exec mv -t "$WORK/waiting" {} +
echo "$(find "$WORK/waiting" -type f | wc -l) files came into the spool"

# --- sweeps, with the archive in a tree
sweep	# what the forward is there for begins here
check "no sweep crashes" env SECONDS=$((FAULT_S * 2 / 5)) python3 tests/prove/faults.py sweep "$GENHOOK_CONF"
find "$WORK/waiting" -name '*.delivery' -exec mv -t "$GENHOOK_SPOOL" {} +
all_end()
{
	sql "update genhook.accounts set not_before = '-infinity', troubles = 0, trouble = null, trouble_since = null, probed_at = null;
	    update genhook.requests set next_attempt_at = now() where status = 'queued';
	    update genhook.requests set leased_until = now() where status = 'sending';
	    update genhook.forwards set next_attempt_at = now(), leased_until = null, lease_owner = null where status = 'pending'"
	sweep_until "select (select count(*) from genhook.tasks where status = 'pending') + (select count(*) from genhook.outputs where status = 'pending')
	    + (select count(*) from genhook.requests where status in ('queued', 'sending')) + (select count(*) from genhook.forwards where status = 'pending')" 0 "${1:-40}"
}
settled()
{
	check "$1: the simulator has said all" soon 120 idle
	check "$1: all comes to an end" all_end
	check "$1: the spool is empty" soon 60 drained
	same "$1: no file was set aside" 0 "$(find "$GENHOOK_SPOOL/refused" -name '*.delivery' 2>/dev/null | wc -l)"
	# json-c may lose a member for want of memory; the body is kept, and asked about.
	same "$1: nothing that was acknowledged is missing" '' \
	    "$(comm -23 <(sort -u "$WORK/acked") <(sql "select task_id from genhook.tasks
	        union select substring(encode(body, 'escape') from 'fault-[0-9]+-[0-9]+') from genhook.deliveries where outcome = 'unparsed'" | sort) | head -n 5 |
	        grep -wf - "$WORK/acked_under")"
	same "$1: each is accepted once" '' "$(sql "select task_id from genhook.deliveries where outcome = 'accepted' group by provider, task_id having count(*) > 1 limit 5")"
	same "$1: no request was taken twice" '' \
	    "$(jq -r 'select(.event == "submitted") | [.request | .. | .prompt? // empty][0] // empty' "$LEDGER" | grep '^fault-' | sort | uniq -d | head -n 5)"
	same "$1: each that was not is unknown" '' \
	    "$(comm -23 <(sort -u "$WORK/requested") <(sql "select request ->> 'prompt' from genhook.requests where status in ('submitted', 'unknown')" | sort) | head -n 5)"
	same "$1: every event is told" '' \
	    "$(comm -23 <(sql "select webhook_id from genhook.forwards" | sort) <(sort -u "$WORK/told") | head -n 5)"
}
settled "tree"
sql "delete from genhook.tasks where task_id like 'fault-%'"
find "$GENHOOK_ARCHIVE" -name '.part*' -exec touch -d '2 days ago' {} +
sweep
world_check "tree"

# --- and in a store
perl "$TOP/tests/e2e/lib/store.pl" "$WORK/store" >"$WORK/store.out" 2>&1 </dev/null &
RUNS+=("$!")
check "the store listens" soon 30 test -s "$WORK/store/port"
conf_set archive "s3_endpoint = \"http://127.0.0.1:$(cat "$WORK/store/port")\""
conf_set archive 's3_access_key = "key"'
conf_set archive 's3_secret_key = "secret"'
conf_set archive "s3_staging_dir = \"$WORK/staging\""
conf_set web "thumbs = 0"
sed -i 's;"file://.*";"s3://good/some";' "$GENHOOK_CONF"
: >"$WORK/acked"
before=$(our_files)
check "no sweep crashes that has a store" env SEED=$((SEED + 1)) SECONDS=$((FAULT_S / 5)) python3 tests/prove/faults.py sweep "$GENHOOK_CONF"
settled "store"
same_lines "store: every output has the true size and sum" "$(true_files)" "$(our_files)"
check "store: there are some" test "$(our_files | wc -l)" -gt "$(grep -c . <<<"$before")"
finish
