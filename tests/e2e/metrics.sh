#!/bin/bash
# genhook metrics and the page's metrics: the text format, strictly; figures that are
# those of the tables; counters that never fall, whatever is dropped; who may have
# them; the dashboard and the rules of deploy/monitoring.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --finish-ms 20:50
sed -i '/^web {/a\	# for monitoring' "$GENHOOK_CONF"

text()		{ "$BIN/genhook" --config "$GENHOOK_CONF" metrics "$@"; }
series()	{ text | python3 "$TOP/tests/e2e/lib/promtext.py" "$@"; }
# value SERIES: its value, "" where there is none.
value()		{ awk -v name="$1" '$0 ~ " " { v = $NF; sub(/ [^ ]*$/, ""); if ($0 == name) { sub(/\.0$/, "", v); print v } }' "$WORK/now"; }
take()		{ series >"$WORK/now"; }
page()		{ curl -sS --noproxy '*' -m 30 -o "$WORK/page.out" -w '%{http_code} %{content_type}' "$@" "$GENHOOK_WEB"metrics; }

check "a new database has well-formed metrics" eval 'series >"$WORK/now"'
for _ in 1 2 3; do
	order novita txt2img >/dev/null
done
lost=$(order apimart images lose)
soon 60 idle
post_text "$(hook apimart)" '{"id":17}' >/dev/null
post_text "$(hook wavespeed)" '{"id":"w1","status":"completed","outputs":["https://127.0.0.1:9/a.png"]}' >/dev/null
sweep
sweep_until "select count(*) from genhook.tasks where status = 'pending'" 0
sql "set role genhook_app; insert into genhook.requests (provider, model, account, request) values ('novita', 'x', 'nobody', '{}')" >/dev/null
sql "insert into genhook.outputs (provider, task_id, position, status, kind, url, expires_at, expires_source, next_attempt_at) values ('apimart', '$lost', 9, 'pending', 'image', 'https://127.0.0.1:9/a', now() + interval '1 hour', 'field', now() + interval '1 hour')"
sql "insert into genhook.sweeps (host, pid, started, finished) values (E'a\"b\\\\\\\\c\nd', 1, now(), now())"
check "with work, hostile names and all they are well formed" take
same "callbacks are counted" "$(sql "select count(*) from genhook.deliveries where provider = 'novita' and outcome = 'accepted' and source = 'callback'")" \
    "$(value 'genhook_deliveries_total{provider="novita",account="default",source="callback",outcome="accepted"}')"
same "those of poor shape too" 1 "$(value 'genhook_deliveries_total{provider="apimart",account="default",source="callback",outcome="unparsed"}')"
same "and forged ones" 1 "$(value 'genhook_deliveries_total{provider="wavespeed",account="default",source="callback",outcome="unverified"}')"
same "outputs that sweeps stored" "$(sql "select count(*) from genhook.outputs where status = 'stored'")" "$(value 'genhook_outputs_stored_total{}')"
same "and their bytes" "$(sql "select sum(bytes) from genhook.outputs where status = 'stored'")" "$(value 'genhook_outputs_stored_bytes_total{}')"
same "sweeps, all of them" "$(sql "select count(*) from genhook.sweeps where host not like 'a%'")" \
    "$(($(value 'genhook_sweeps_total{result="ok"}') + $(value 'genhook_sweeps_total{result="hindered"}') + 0))"
same "a queued request" 1 "$(value 'genhook_requests{status="queued"}')"
same "a pending output" 1 "$(value 'genhook_outputs_pending{provider="apimart"}')"
same "its link's end" t "$(sql "select abs($(value 'genhook_link_expiry_soonest_timestamp_seconds{provider="apimart"}') - extract(epoch from now()) - 3600) < 300")"
fails "no task's id is in it" eval "text | grep -qF '$lost'"

# --- counters never fall: months later, when rows are gone
awk '/_total\{/' "$WORK/now" >"$WORK/before"
sql "update genhook.hours set hour = hour - interval '40 days'; update genhook.sweeps set started = started - interval '40 days'"
sql "select genhook.count_traffic()" >/dev/null
sql "select genhook.retain_deliveries(30)" >/dev/null
same "hours and sweeps of old are gone" '0 0' "$(sql "select (select count(*) from genhook.hours where hour < now() - interval '35 days'), (select count(*) from genhook.sweeps)" | tr '|' ' ')"
sql "select genhook.finish_sweep(1, '{\"stored\": 100}', null)" >/dev/null
take
fallen()
{
	awk 'NR == FNR { before[$1] = $2; next } { now[$1] = $2 }
	END { for (s in before) if (!(s in now) || now[s] < before[s]) print s, before[s], now[s] }' \
	    "$WORK/before" <(awk '/_total\{/' "$WORK/now")
}
same "no counter has fallen" '' "$(fallen)"
same "nor risen by what was counted already" "$(cat "$WORK/before")" "$(awk '/_total\{/' "$WORK/now")"
sweep
take
same "another sweep is one more" "$(($(awk '/^genhook_sweeps_total/ { n += $2 } END { print n }' "$WORK/before") + 1))" "$(awk '/^genhook_sweeps_total/ { n += $2 } END { print n }' "$WORK/now")"

# --- nor after days without a sweep, nor when a flood of forged ones is dropped
deliver()	# OUTCOME COUNT AGO
{
	sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict, body)
	    select gen_random_uuid(), now() - interval '$3', 'novita', 'default', 'callback', '$1', 'failed', 'x' from generate_series(1, $2)"
}
all_deliveries() { awk '/^genhook_deliveries_total/ { n += $2 } END { print n + 0 }' "$WORK/$1"; }
sql "update genhook.deliveries set received_at = received_at - interval '3 days'; update genhook.marks set at = at - interval '3 days' where name = 'traffic'"
take
awk '/_total\{/' "$WORK/now" >"$WORK/before"
deliver rejected 7 '2 days 1 hour'
deliver unverified 6000 '1 hour'
take
same "what no sweep has counted for days is counted" $(($(all_deliveries before) + 6007)) "$(all_deliveries now)"
awk '/_total\{/' "$WORK/now" >"$WORK/before"
sweep
same "a sweep drops what is too much of it" 5000 "$(sql "select count(*) from genhook.deliveries where outcome = 'unverified'")"
take
same "and no counter falls" '' "$(fallen)"
same "nor rises" "$(all_deliveries before)" "$(all_deliveries now)"
sql "select genhook.count_traffic()" >/dev/null
take
same "whoever counts" "$(all_deliveries before)" "$(all_deliveries now)"

# --- forwards: one whose application is away, one that is gone, one of a command
. "$(dirname -- "$0")/lib/told.sh"
receiver_start
mood away 503
mood gone 410
forward away
forward gone
printf 'forward script {\n\tcommand = "cat >/dev/null"\n}\n' >>"$GENHOOK_CONF"
sweep
for _ in 1 2; do
	order novita txt2img >/dev/null
done
soon 60 idle
sweep_until "select count(*) from genhook.outputs where task_id <> '$lost' and status = 'pending'" 0
sweep
sql "update genhook.forwards set attempts = 7, next_attempt_at = now() where id = (select max(id) from genhook.forwards where name = 'away')"
sql "update genhook.forwards set happened_at = now() - interval '1 hour' where name = 'away'; insert into genhook.forwards (name, provider, task_id, type, webhook_id) values (E'a\"b\\\\c\nd', 'novita', 'x', 'task.stored', 'msg_x')"
sweep
check "with forwards they are well formed" take
same "an event that waits" 1 "$(value 'genhook_forwards_pending{forward="away"}')"
same "since an hour" t "$(sql "select abs($(value 'genhook_forward_pending_oldest_timestamp_seconds{forward="away"}') - extract(epoch from now()) + 3600) < 300")"
same "none does where all is told" '0 ' "$(value 'genhook_forwards_pending{forward="script"}') $(value 'genhook_forward_pending_oldest_timestamp_seconds{forward="script"}')"
same "who is gone is" '1 0' "$(value 'genhook_forward_ended{forward="gone"}') $(value 'genhook_forward_ended{forward="away"}')"
same "what was taken is counted" "$(sql "select count(*) from genhook.forwards where status = 'sent'")" "$(value 'genhook_forwards_sent_total{}')"
same "and what was given up" "1 $(sql "select count(*) from genhook.forwards where status = 'failed'")" "$(value 'genhook_forwards_failed_total{}') 1"

# --- the page
like "the page has them for its token" '^200 text/plain; version=0.0.4' "$(page -H "Authorization: Bearer $GENHOOK_METRICS_TOKEN")"
check "well formed" eval 'python3 "$TOP/tests/e2e/lib/promtext.py" <"$WORK/page.out" >/dev/null'
like "not without" '^401 ' "$(page)"
like "nor for another" '^401 ' "$(page -H 'Authorization: Bearer wrong-wrong-wrong-1')"
like "nor for a beginning of it" '^401 ' "$(page -H "Authorization: Bearer ${GENHOOK_METRICS_TOKEN:0:20}")"
like "nor in the address" '^401 ' "$(curl -sS --noproxy '*' -m 30 -o /dev/null -w '%{http_code} ' "${GENHOOK_WEB}metrics?token=$GENHOOK_METRICS_TOKEN")"
like "a POST is none" '^405 ' "$(page -X POST -H "Authorization: Bearer $GENHOOK_METRICS_TOKEN" -H 'Origin: http://other.example' -d x)"
fails "the token is in no log" grep -rqF "$GENHOOK_METRICS_TOKEN" "$RUN_DIR/log"

# --- dashboard and rules
sql "insert into genhook.outputs (provider, task_id, position, status, kind, url, expires_at, expires_source, next_attempt_at) values ('apimart', '$lost', 8, 'pending', 'image', 'https://127.0.0.1:9/a', now() + interval '1 hour', 'field', now() + interval '1 hour')"
check "each metric of dashboard and rules is there" eval \
    'series "$TOP/deploy/monitoring/genhook.rules.yml" "$TOP/deploy/monitoring/genhook-dashboard.json" >/dev/null'
fails "and one that is not would be found" eval \
    'text | sed s/genhook_polls_total/genhook_polled_total/ | python3 "$TOP/tests/e2e/lib/promtext.py" "$TOP/deploy/monitoring/genhook-dashboard.json" >/dev/null 2>&1'
if command -v promtool >/dev/null; then
	text >"$WORK/metrics.txt"
	same "promtool finds nothing to say" '0 ' "$(promtool check metrics <"$WORK/metrics.txt" 2>&1 >/dev/null; echo $?) $(promtool check metrics <"$WORK/metrics.txt" 2>&1)"
	check "nor against the rules" eval 'promtool check rules "$TOP/deploy/monitoring/genhook.rules.yml" >"$WORK/promtool.out" 2>&1'
	jq -r '.panels[].targets[].expr' "$TOP/deploy/monitoring/genhook-dashboard.json" |
	    awk 'BEGIN { print "groups:\n- name: x\n  rules:" } { gsub(/\047/, "\047\047"); print "  - record: r:n" NR "\n    expr: \047" $0 "\047" }' >"$WORK/board.yml"
	check "the dashboard's expressions are PromQL" eval 'promtool check rules "$WORK/board.yml" >>"$WORK/promtool.out" 2>&1'
else
	echo 'skipped: there is no promtool here'
fi
finish
