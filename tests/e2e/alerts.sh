#!/bin/bash
# Alerts: a trouble is told once, again daily, and when it is well; in each format,
# by a command, by cron's mail; what could not be told is told later; no database;
# and the ping of a dead man's switch.  Days pass by the table's times.
. "$(dirname -- "$0")/lib.sh"
run_start run
export GENHOOK_CONF
cp "$GENHOOK_CONF" "$WORK/plain.conf"
: >"$WORK/hook.log"
echo 200 >"$WORK/hook.status"
python3 "$TOP/tests/e2e/lib/hook.py" "$WORK/hook.log" "$WORK/hook.status" "$WORK/hook.port" &
RUNS+=($!)
soon 30 test -s "$WORK/hook.port"
PLACE=http://127.0.0.1:$(cat "$WORK/hook.port")

# alert_set LINE...: the section, in place of what it was.
alert_set()
{
	cp -p "$WORK/plain.conf" "$GENHOOK_CONF"
	{
		echo 'alert {'
		printf '\t%s\n' "$@"
		echo '}'
	} >>"$GENHOOK_CONF"
}
# A sweep, a minute later.
look()
{
	rm -f "$GENHOOK_SPOOL/.alert.minute" "$GENHOOK_SPOOL/.ping.minute"
	sweep
}
told()		{ grep -c '"method": "POST"' "$WORK/hook.log"; }
last()		{ grep '"method": "POST"' "$WORK/hook.log" | tail -n 1 | jq -r "$1"; }
pings()		{ grep -c '"path": "/ping' "$WORK/hook.log"; }
# So much time passes for what was told, and for what is well.
passes()
{
	sql "update genhook.alerts set told_at = told_at - interval '$1', well_at = well_at - interval '$1', since = since - interval '$1', claimed_until = null"
}
lose()		{ sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, error_code, error_message) values ('novita', '$1', 'lost', now(), now(), 'gave_up', '$2')"; }
alerts()	{ sql "select string_agg(concat_ws(' ', task_id, times_told, well_at is not null), ', ' order by task_id) from genhook.alerts where source = 'sweep' and well_told_at is null"; }

# --- one trouble over a day of sweeps
alert_set "url = \"$PLACE/hook\"" "ping_url = \"$PLACE/ping/1\""
sweep
same "while all is well nobody is told, and the switch is held down" '0 1' "$(told) $(pings)"
sweep
same "once a minute" 1 "$(pings)"
lose gone-1 'nobody could say <b>'
look
same "a trouble is told at once" '1 new' "$(told) $(last '.body | fromjson | .findings[0].state')"
like "with the task, the words and the cure" '^lost task novita gone-1 nobody could say <b> select \* from genhook.repoll_tasks' \
    "$(last '.body | fromjson | .findings[0] | "\(.reason) \(.provider) \(.task_id) \(.details) \(.cure)"')"
like "and a text for people" 'genhook on .*: 1 new.*NEW: lost task, novita task gone-1' "$(last '.body | fromjson | .title + .text' | tr '\n' ' ')"
for _ in 1 2 3 4 5; do
	look
done
same "and no more" 1 "$(told)"
for i in 2 3 4; do
	lose "gone-$i" 'nobody could say'
	look
	passes '5 minutes'
done
same "more of the same are gathered" 1 "$(told)"
passes '1 hour'
look
same "and told together" '2 3' "$(told) $(last '.body | fromjson | .findings | length')"
# 96 quarters of an hour.
for quarter in $(seq 1 96); do
	passes '15 minutes'
	[ $((quarter % 16)) -ne 0 ] || look
done
same "a day later they are told again, in one or two messages" 1 "$(($(told) - 2 <= 2 && $(told) > 2))"
like "as what is still there" '^reminder$' "$(last '.body | fromjson | .findings[0].state')"
before=$(told)
sql "delete from genhook.tasks where task_id like 'gone-%'"
look
same "what is gone is not called well at once" "$before" "$(told)"
passes '5 minutes'
look
same "but soon" "$((before + 1)) well 4" "$(told) $(last '.body | fromjson | "\(.findings[0].state) \(.findings | length)"')"
look
same "once" "$((before + 1))" "$(told)"
echo "a trouble of a day, which grew by three: $(told) messages"
lose gone-1 'again'
look
same "the same trouble, come back, is news" "$((before + 2)) new" "$(told) $(last '.body | fromjson | .findings[0].state')"
sql "select genhook.set_aside('lost task')" >/dev/null
look
passes '5 minutes'
look
like "what is set aside is no trouble" 'well' "$(last '.body | fromjson | .findings[0].state')"

# --- a trouble that comes and goes
before=$(told)
for _ in 1 2 3 4; do
	lose flutter 'now and then'
	look
	sql "delete from genhook.tasks where task_id = 'flutter'"
	look
done
same "is one message" "$((before + 1))" "$(told)"
passes '5 minutes'
look
same "and one when it is well" "$((before + 2)) well" "$(told) $(last '.body | fromjson | .findings[0].state')"

# --- what could not be told
echo 500 >"$WORK/hook.status"
lose gone-5 'x'
look
same "a refusal is worth a look" 1 "$?"
like "in the log, without the address" 'an alert of 1 findings could not be sent, and waits for a later run: answered 500' "$(cat "$WORK/sweep.out")"
fails "which is a secret" grep -q "$PLACE" "$WORK/sweep.out"
echo 204 >"$WORK/hook.status"
before=$(told)
passes '2 minutes'
look
same "it is told by a later run" "$((before + 1)) gone-5 new" "$(told) $(last '.body | fromjson | .findings[0] | "\(.task_id) \(.state)"')"
lose gone-6 'x'
sql "update genhook.alerts set told_at = told_at - interval '2 hours'"
before=$(told)
rm -f "$GENHOOK_SPOOL/.alert.minute"
sweeps=()
for i in 1 2 3; do
	"$BIN/genhook-sweep" >"$WORK/at-once-$i.out" 2>&1 &
	sweeps+=($!)
done
wait "${sweeps[@]}"
same "three sweeps at once tell it once" "$((before + 1))" "$(told)"

# --- formats
n=6
# as FORMAT: a new trouble with hostile words, told in that format.
as()
{
	n=$((n + 1))
	alert_set "url = \"$PLACE/topic\"" "format = \"$1\""
	sql "update genhook.alerts set told_at = told_at - interval '2 hours' where well_at is null"
	lose "gone-$n" 'a <!channel> "quote" & @everyone \ 日本
second line'
	look
}
as ntfy
like "ntfy: plain text, and a title" '^text/plain; charset=utf-8 genhook on .*: 1 new high$' "$(last '.headers | "\(.["content-type"]) \(.title) \(.priority)"')"
like "ntfy: the words as they are" 'NEW: lost task.*a <!channel> "quote" & @everyone . 日本' "$(last .body | tr '\n' ' ')"
as slack
like "slack: nobody is called" 'a &lt;!channel&gt; "quote" &amp; @everyone' "$(last '.body | fromjson | .text' | tr '\n' ' ')"
as discord
like "discord: nobody is called" '"parse":\[\]' "$(last .body)"
like "discord: the words as they are" 'a <!channel> "quote"' "$(last '.body | fromjson | .content' | tr '\n' ' ')"
as text
like "text" '^genhook on .*: 1 new' "$(last .body | head -n 1)"
sql "insert into genhook.tasks (provider, task_id, status, submitted_at, finished_at, error_code, error_message) select 'apimart', 'many-' || n || repeat('x', 60), 'lost', now(), now(), 'gave_up', repeat('words ', 50) from generate_series(1, 300) as n"
for format in discord ntfy slack text json; do
	alert_set "url = \"$PLACE/topic\"" "format = \"$format\""
	sql "update genhook.alerts set told_at = now() - interval '2 days' where well_at is null and told_at is not null"
	look
	case $format in
	discord)	size=$(last '.body | fromjson | .content | length') most=2000 ;;
	ntfy)		size=$(last '.body | utf8bytelength') most=4096 ;;
	*)		size=$(last '.body | utf8bytelength') most=80000 ;;
	esac
	check "$format: 300 findings are one message that fits ($size)" [ "$size" -le "$most" ]
	like "$format: which says how many it leaves out" 'and [0-9]+ more: genhook attention' "$(last .body)"
done
sql "delete from genhook.tasks where status = 'lost'; delete from genhook.alerts"

# --- a command: no shell reads what is told
alert_set "format = \"text\"" "command = \"cat >>$WORK/said.txt; echo heard >&2\""
lose gone-20 "\$(touch $WORK/opened) \`touch $WORK/opened\`; touch $WORK/opened"
look
like "a command has it on its standard input" 'NEW: lost task.*touch' "$(tr '\n' ' ' <"$WORK/said.txt")"
fails "and nothing of it runs" test -e "$WORK/opened"
alert_set "command = \"exit 3\""
lose gone-21 x
sql "update genhook.alerts set told_at = told_at - interval '2 hours'"
look
like "a command that fails has not told it" 'could not be sent.*exit status is 3' "$(cat "$WORK/sweep.out")"
same "and it waits" t "$(sql "select told_at is null from genhook.alerts where task_id = 'gone-21'")"
sql "delete from genhook.tasks where status = 'lost'; delete from genhook.alerts"

# --- no database
alert_set "url = \"$PLACE/hook\"" "ping_url = \"$PLACE/ping/2\""
look
before=$(told)
pings=$(pings)
database stop
look
same "an outage of a moment is not told" "$before" "$(told)"
read -r since _ <"$GENHOOK_SPOOL/.alert.note"
echo "$((since - 130)) 0" >"$GENHOOK_SPOOL/.alert.note"
look
same "a longer one is" "$((before + 1)) no sweep can begin new" "$(told) $(last '.body | fromjson | .findings[0] | "\(.reason) \(.state)"')"
look
same "once" "$((before + 1))" "$(told)"
read -r since when <"$GENHOOK_SPOOL/.alert.note"
echo "$((since - 90000)) $((when - 90000))" >"$GENHOOK_SPOOL/.alert.note"
look
same "and daily" "$((before + 2)) reminder" "$(told) $(last '.body | fromjson | .findings[0].state')"
same "nobody holds the switch down" "$pings" "$(pings)"
database start
soon 60 all_healthy
look
same "it is well again" "$((before + 3)) well" "$(told) $(last '.body | fromjson | .findings[0].state')"
same "and the switch is held" "$((pings + 1))" "$(pings)"
look
same "said once" "$((before + 3))" "$(told)"

# --- cron's mail
cp -p "$WORK/plain.conf" "$GENHOOK_CONF"
look
mail()
{
	local status=0

	"$BIN/genhook" doctor --alert "$@" >"$WORK/mail" 2>&1 || status=$?
	cat "$WORK/mail" >>"$WORK/mails.out"
	MAIL="$status $(wc -l <"$WORK/mail")"
}
mail
same "while all is well there is no mail" '0 0' "$MAIL"
lose gone-30 x
mails=0
for quarter in $(seq 1 8); do
	mail
	[ "$MAIL" = '1 0' ] || mails=$((mails + 1))
	sql "update genhook.alerts set told_at = told_at - interval '3 hours'"
done
same "a trouble of a day is one mail" 1 "$mails"
mail
like "then one that reminds" '^1 [1-9]' "$MAIL"
like "since when" 'WRONG +tasks .*still, since' "$(cat "$WORK/mail")"
sql "delete from genhook.tasks where status = 'lost'"
mail
like "and one that it is well again" '^0 [1-9]' "$MAIL"
like "in its first line" '^genhook on .*: well again' "$(head -n 1 "$WORK/mail")"
mail
same "and no more" '0 0' "$MAIL"

# --- cron's mail without a database
mail
database stop
mail
like "an outage is mailed" '^1 [1-9]' "$MAIL"
like "in words" 'WRONG +database ' "$(cat "$WORK/mail")"
mails=0
for _ in 1 2 3; do
	mail
	[ "$MAIL" = '1 0' ] || mails=$((mails + 1))
done
same "once" 0 "$mails"
# A day later.
awk '{ $2 -= 90000; $3 -= 90000 } 1' "$GENHOOK_SPOOL/.mail.note" >"$WORK/note"
cat "$WORK/note" >"$GENHOOK_SPOOL/.mail.note"
mail
like "and daily" '^1 [1-9]' "$MAIL"
like "since when" 'WRONG +database .*still, since' "$(cat "$WORK/mail")"
mail
same "once more" '1 0' "$MAIL"
echo garbage >"$GENHOOK_SPOOL/.mail.note"
mail
like "a note that is none is none" '^1 [1-9]' "$MAIL"
database start
soon 60 all_healthy
mail
like "that it is well again is mailed" '^0 [1-9]' "$MAIL"
like "by its name" 'well +database ' "$(cat "$WORK/mail")"
mail
same "once, too" '0 0' "$MAIL"
fails "and no note is left" test -e "$GENHOOK_SPOOL/.mail.note"

# --- settings
# wrong LINE WORDS: settings with that line are refused in those words.
wrong()
{
	alert_set "$1"
	like "alert.$1" "$2" "$("$BIN/genhook" config check 2>&1)"
}
wrong 'url = "ftp://x"' 'alert.url is no http'
wrong 'format = "pager"' 'alert.format is "pager", none of ntfy, slack, discord, json and text'
wrong 'remind_hours = 0' 'not from 1 to 8760'
finish
