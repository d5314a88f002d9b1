#!/bin/bash
# genhook doctor and doctor --alert: each finding is provoked, seen and cured;
# and secret fetch.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname -- "$0")/lib.sh"

# The exit status of doctor; its words are in $WORK/said.
doctor()
{
	local status=0

	"$BIN/genhook" doctor "$@" >"$WORK/said" 2>&1 || status=$?
	cat "$WORK/said" >>"$WORK/doctor.out"
	echo "$status"
}
# A finding, with a cure behind it: wrong WHAT REGULAR_EXPRESSION CURE
wrong()
{
	grep -qE "^WRONG +$1 +.*$2" "$WORK/said" && grep -A1 -E "^WRONG +$1 +.*$2" "$WORK/said" |
	    grep -qF -- "$3" || { cat "$WORK/said"; return 1; }
}
# Exactly so many lines of the kind.
marks()		{ grep -c "^$1 " "$WORK/said"; }
faults()	{ curl -sS --noproxy '*' -o /dev/null -d "$1" "$SIMULATOR/control/faults"; }

simulator_start --novita-key right-key-0123456789
run_start run SIMULATOR="$SIMULATOR"
export GENHOOK_CONF
sed -i "/^novita default/,/^}/s/api_key = .*/api_key = \"right-key-0123456789\"/" "$GENHOOK_CONF"
SERVER_CONF=$RUN_DIR/lighttpd.conf

# --- all is well

same "before any sweep something is wrong" 1 "$(doctor --lighttpd "$SERVER_CONF")"
check "the sweep never ran" wrong cron 'no sweep has ever run' 'genhook.cron'
sweep
same "then all is well" 0 "$(doctor --lighttpd "$SERVER_CONF")"
same "nothing is wrong" 0 "$(marks WRONG)"
for what in settings database schema rights clock cron work wal spool signers archive space types lighttpd handlers keys; do
	check "it looked at $what" grep -q "^ok *$what" "$WORK/said"
done
same "each has its handler and its key" "$HANDLERS $HANDLERS" "$(grep -c '^ok *handlers' "$WORK/said") $(grep -c '^ok *keys' "$WORK/said")"
same "--alert is silent" "0" "$(doctor --alert)"
same "altogether" '' "$(cat "$WORK/said")"
same "--offline asks nobody" 0 "$(doctor --offline)"
fails "neither handlers nor keys" grep -qE 'handlers|keys' <(grep -E '^(ok|WRONG) +(handlers|keys)' "$WORK/said")

# --- keys that a provider publishes

like "fal's are as old as they are" 'fetched [0-9]+ s ago' "$(grep '^ok *signers' "$WORK/said" || "$BIN/genhook" doctor --offline | grep '^ok *signers')"
published=$(echo "$GENHOOK_SPOOL"/.keys-fal-????????????????)
touch -d '13 hours ago' "$published"
same "half a day old is wrong" 1 "$(doctor --offline)"
check "as the sweep did not fetch them" wrong signers 'fal default: .* 13 h ago' 'keys_url'
rm "$published"
same "none at all is worth a note" 0 "$(doctor --offline)"
check "of what it means" grep -q '^note *signers .*only make it ask' "$WORK/said"
rm -f "$published.asked"
sweep
check "the sweep mends it" test -e "$published"

# --- settings

chmod 0644 "$GENHOOK_CONF"
same "settings that others can read" 1 "$(doctor)"
check "with the cure" wrong settings 'can be read by others' 'chmod o='
same "--alert says it too" 1 "$(doctor --alert)"
like "as a mail" "^genhook on .* UTC: somebody should look" "$(head -n 1 "$WORK/said")"
chmod 0660 "$GENHOOK_CONF"
same "that the group can change" 1 "$(doctor --offline)"
check "with its cure" wrong settings 'changed by its group' 'chmod g-w'
chmod 0600 "$GENHOOK_CONF"
same "no settings at all" 1 "$(GENHOOK_CONF=$WORK/none doctor)"
check "where to get them" wrong settings 'No such file' 'genhook.conf.example'
sed 's/threads/treads/; s/^receiver {/&\n treads = 3/' "$GENHOOK_CONF" >"$WORK/bad.conf"
chmod 0600 "$WORK/bad.conf"
same "a wrong line" 1 "$(GENHOOK_CONF=$WORK/bad.conf doctor)"
check "is to be mended" wrong settings 'treads' 'genhook config check'

same "libmagic has no database" 1 "$(MAGIC=$WORK/none doctor --alert)"
check "what to install" wrong types 'no type of a file can be told' 'libmagic-mgc'

# --- keys, the provider's clock, secrets

cp "$GENHOOK_CONF" "$WORK/good.conf"
sed -i 's/right-key/wrong-key/' "$GENHOOK_CONF"
same "a wrong key" 1 "$(doctor)"
check "is refused" wrong keys 'novita default: the key is refused: answered 40[13]' 'put the right api_key'
fails "and is not printed" grep -q 'wrong-key' "$WORK/said"
same "the other keys are well" $((HANDLERS - 1)) "$(grep -c '^ok *keys' "$WORK/said")"
cat "$WORK/good.conf" >"$GENHOOK_CONF"
faults '{"clock-ahead-s": 400}'
same "a provider whose clock is another" 1 "$(doctor)"
check "is named" wrong clock 'apixo.s clock is (39[0-9]|40[01]) s ahead of' 'NTP'
faults '{"clock-ahead-s": 0}'
same "secret fetch" "$(curl -sS --noproxy '*' -H 'Authorization: Bearer k' "$SIMULATOR/wavespeed/api/v3/webhook/secret" | jq -r .data.secret)" \
    "$("$BIN/genhook" secret fetch wavespeed | head -n 1)"
same "a provider that has none" 'genhook: "novita" is not a provider that tells its secret' \
    "$("$BIN/genhook" secret fetch novita 2>&1)"
sed -i "/^wavespeed default/,/^}/s/api_key = .*/api_key = \"\"/" "$GENHOOK_CONF"
same "an account without a key" 'genhook: wavespeed default has no api_key' \
    "$("$BIN/genhook" secret fetch wavespeed 2>&1)"
cat "$WORK/good.conf" >"$GENHOOK_CONF"

# --- lighttpd and the handlers

echo 'server.nonsense = ' >"$WORK/lighttpd.conf"
same "lighttpd's configuration is bad" 1 "$(doctor --offline --lighttpd "$WORK/lighttpd.conf")"
check "says lighttpd" wrong lighttpd 'parser|syntax' 'lighttpd -tt'
# Long, as that of Debian is with all its media types.
{
	printf 'server.document-root = "/"\nserver.port = 1\nmimetype.assign = ('
	printf '".x%s" => "application/octet-stream",\n' {1..9000}
	echo ')'
} >"$WORK/lighttpd.conf"
same "one without genhook" 1 "$(doctor --offline --lighttpd "$WORK/lighttpd.conf")"
check "says so" wrong lighttpd 'serves no genhook' 'lighttpd-enable-mod'
sed 's|^var.genhook_bin =.*|var.genhook_bin = "/nowhere"|' "$SERVER_CONF" >"$WORK/lighttpd.conf"
same "handlers that are not there" 1 "$(PATH=$BIN:$PATH doctor --offline --lighttpd "$WORK/lighttpd.conf")"
check "are named" wrong lighttpd '/nowhere/genhook-apixo: No such file' 'var.genhook_bin'
mkdir "$WORK/gone"
{ cat "$SERVER_CONF"; echo 'include_shell "true"'; } >"$WORK/lighttpd.conf"
same "from a folder to which no way leads back" 0 \
    "$(cd "$WORK/gone" && rmdir "$WORK/gone" && doctor --offline --lighttpd "$WORK/lighttpd.conf")"
sed -i 's|base_url = .*|base_url = "http://127.0.0.1:9"|' "$GENHOOK_CONF"
same "nobody at base_url" 1 "$(doctor)"
check "says so" wrong handlers '127.0.0.1' 'base_url'
sed -i "s|base_url = .*|base_url = \"$SIMULATOR\"|" "$GENHOOK_CONF"
same "somebody else there" 1 "$(doctor)"
check "says so too" wrong handlers 'HTTP 404, which is not from genhook' 'configuration included'
cat "$WORK/good.conf" >"$GENHOOK_CONF"

# --- spool, archive

mkdir -p "$GENHOOK_SPOOL/refused"
# The handlers would look into the file, and set it aside, at any moment.
exec 7>"$GENHOOK_SPOOL/.drain.lock"
flock 7
# Nor take the lock from us, however long this takes.
touch -d '1 hour' "$GENHOOK_SPOOL/.drain.lock"
touch -d '10 minutes ago' "$GENHOOK_SPOOL/0-test.delivery"
same "a callback that waits" 1 "$(doctor --alert)"
check "is told with its age" wrong spool '1 callbacks wait in .* for 10 min' 'run genhook-sweep'
rm "$GENHOOK_SPOOL/0-test.delivery"
touch "$GENHOOK_SPOOL/.drain.lock"
exec 7>&-
touch "$GENHOOK_SPOOL/refused/x"
same "one that was set aside" 1 "$(doctor --alert)"
check "too" wrong spool '1 files in .*refused' 'set aside'
rm -r "$GENHOOK_SPOOL/refused"
mv "$GENHOOK_ARCHIVE" "$GENHOOK_ARCHIVE.away"
same "no archive" 1 "$(doctor --alert)"
check "is told" wrong archive 'No such file' 'install -d'
mv "$GENHOOK_ARCHIVE.away" "$GENHOOK_ARCHIVE"
chmod 0000 "$GENHOOK_ARCHIVE"
if [ "$(id -u)" -ne 0 ]; then
	same "an archive that cannot be written to" 1 "$(doctor --alert)"
	check "is told" wrong archive 'mode 0000' 'chown'
fi
chmod 0700 "$GENHOOK_ARCHIVE"

# --- folders and their users: who runs handlers and sweep, and who else may write

# The doctor of another user, where root runs this.  Without a word who handlers
# and sweep are, it presumes that they are the asker.
# others ARCHIVE [OPTION...]: its exit status; its words are in $WORK/said.
OTHER=65534
others()
{
	local as=()

	sed "s|url = \"file://.*|url = \"file://$1\"|" "$GENHOOK_CONF" >"$WORK/other.conf"
	chmod 0600 "$WORK/other.conf"
	if [ "$(id -u)" -eq 0 ]; then
		chown "$OTHER" "$WORK/other.conf"
		as=(setpriv "--reuid=$OTHER" "--regid=$OTHER" --clear-groups)
	fi
	${as[@]+"${as[@]}"} "$BIN/genhook" --config "$WORK/other.conf" doctor --offline "${@:2}" >"$WORK/said" 2>&1
	echo $?
}
same "an archive of another user" 1 "$(others /usr --alert)"
check "is told" wrong archive 'cannot write to /usr .mode 0755, of uid 0' 'chown'
chmod 0777 "$GENHOOK_SPOOL"
same "a spool that everybody may write to" 1 "$(doctor --alert)"
check "is told" wrong spool "everybody may write to $GENHOOK_SPOOL .mode 0777" 'chmod o-w'
chmod 0700 "$GENHOOK_SPOOL"
mode=$(stat -c %a "$RUN_DIR")
chmod 0777 "$RUN_DIR"
same "one that everybody may put another in the place of" 1 "$(doctor --alert)"
check "too" wrong spool "everybody may write to $RUN_DIR .mode 0777" 'chmod o-w'
chmod 1777 "$RUN_DIR"
same "unless each may move his own alone" 0 "$(doctor --alert)"
chmod "$mode" "$RUN_DIR"
mv "$GENHOOK_SPOOL" "$GENHOOK_SPOOL.away"
# A handler that looks in between makes the folder anew.
until [ -f "$GENHOOK_SPOOL" ]; do
	[ ! -d "$GENHOOK_SPOOL" ] || rmdir "$GENHOOK_SPOOL"
	touch "$GENHOOK_SPOOL"
done
same "a spool that is none" 1 "$(doctor --alert)"
check "is told" wrong spool 'Not a directory' 'install -d'
check "by the handlers as well" wrong handlers 'novita: HTTP 503' 'log'
rm "$GENHOOK_SPOOL"
mv "$GENHOOK_SPOOL.away" "$GENHOOK_SPOOL"
check "the handlers see it again" soon 30 all_healthy

if [ "$(id -u)" -eq 0 ]; then
	printf '# genhook-sweep\nMAILTO=root\n* * * * * root true\n*/2 * * * * nobody nice genhook-sweep 2>&1 | logger\n' >"$WORK/cron"
	{ cat "$SERVER_CONF"; echo 'server.username = "nobody"'; } >"$WORK/nobody-lighttpd.conf"
	chmod 0644 "$WORK/cron" "$WORK/nobody-lighttpd.conf"
	owned()	{ chown "$2" "$1"; chmod "$3" "$1"; }
	owned "$GENHOOK_ARCHIVE" root 0750
	owned "$GENHOOK_SPOOL" root 0700
	same "cron names the user of the sweep" 1 "$(doctor --alert --cron "$WORK/cron")"
	check "who cannot write to root's archive" wrong archive "nobody, the user of the sweep, cannot write to $GENHOOK_ARCHIVE .mode 0750, of uid 0" 'chown'
	check "nor to root's spool" wrong spool "nobody, the user of the sweep, cannot write to $GENHOOK_SPOOL" 'chown'
	owned "$GENHOOK_ARCHIVE" nobody 0700
	same "lighttpd names that of the handlers" 1 "$(doctor --alert --lighttpd "$WORK/nobody-lighttpd.conf")"
	check "who cannot write to it" wrong spool 'nobody, the user of the handlers and the sweep, cannot write' 'chown'
	fails "the archive is well" grep -q '^WRONG *archive' "$WORK/said"
	owned "$GENHOOK_SPOOL" nobody 0500
	same "not even the owner" 1 "$(doctor --alert --cron "$WORK/cron")"
	check "where he may not" wrong spool 'nobody, .* cannot write' 'u+rwx'
	owned "$GENHOOK_SPOOL" nobody 0700
	same "once they are his all is well" 0 "$(doctor --alert --lighttpd "$WORK/nobody-lighttpd.conf" --cron "$WORK/cron")"
	others "$GENHOOK_ARCHIVE" --lighttpd "$WORK/none" >"$WORK/status"
	fails "also as he sees it" grep -qE '^WRONG +(spool|archive)' "$WORK/said"
	owned "$GENHOOK_SPOOL" root:news 0770
	sed 's/"nobody"/"news"/' "$WORK/nobody-lighttpd.conf" >"$WORK/www-lighttpd.conf"
	doctor --alert --lighttpd "$WORK/www-lighttpd.conf" >"$WORK/status"
	fails "the folder of a group in which there are only its users" grep -q '^WRONG *spool' "$WORK/said"
	owned "$GENHOOK_SPOOL" nobody:games 0770
	same "a group in which others are" 1 "$(doctor --alert --lighttpd "$WORK/nobody-lighttpd.conf")"
	check "is named with one of them" wrong spool 'games may write to .*by its group' 'g-w'
	owned "$GENHOOK_SPOOL" nobody:games 0750
	same "unless it may only read" 0 "$(doctor --alert --lighttpd "$WORK/nobody-lighttpd.conf")"
	owned "$GENHOOK_SPOOL" root:root 0700
	same "a third user sees it by the modes" 1 "$(OTHER=65533 others "$GENHOOK_ARCHIVE" --cron "$WORK/cron")"
	check "who it is that cannot" wrong spool 'nobody, the user of the sweep, cannot write' 'chown'
	fails "and nothing else" grep -q '^WRONG *archive' "$WORK/said"
	owned "$GENHOOK_ARCHIVE" root 0700
else
	echo 'SKIP: only root can give folders away'
fi

# --- a key of TLS that root alone reads, as it should be

{ cat "$SERVER_CONF"; printf 'server.modules += ("mod_openssl")\nssl.pemfile = "%s"\nssl.privkey = "%s"\n' "$WORK/key.pem" "$WORK/key.pem"; } >"$WORK/tls.conf"
touch "$WORK/key.pem"
chmod 0000 "$WORK/key.pem"
chmod 0644 "$WORK/tls.conf" "$SERVER_CONF"
others "$GENHOOK_ARCHIVE" --lighttpd "$WORK/tls.conf" >"$WORK/status"
fails "lighttpd's key, which is not ours to read, is no fault" grep -q '^WRONG *lighttpd' "$WORK/said"
check "but noted" grep -qE '^note +lighttpd .*TLS key is not this user' "$WORK/said"
echo 'server.nonsense = ' >>"$WORK/tls.conf"
others "$GENHOOK_ARCHIVE" --lighttpd "$WORK/tls.conf" >"$WORK/status"
check "a mistake beside it is one" wrong lighttpd 'parser|syntax' 'lighttpd -tt'

# A disk of 16 MiB in the archive's place, for one process alone.
enter=(unshare --mount)
"${enter[@]}" true 2>/dev/null || enter=(unshare --user --map-root-user --mount)
if "${enter[@]}" mount -t tmpfs -o size=16m none "$GENHOOK_ARCHIVE" 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	same "a disk that is nearly full" 1 "$("${enter[@]}" sh -c 'mount -t tmpfs -o size=16m none "$1" && "$2" doctor --alert >"$3"; echo $?' - \
	    "$GENHOOK_ARCHIVE" "$BIN/genhook" "$WORK/said")"
	check "is told" wrong space '16 MiB left for the archive' 'make room'
	# on OPTIONS FOLDER COMMAND...: with another disk in the folder's place.
	# shellcheck disable=SC2016 # for the inner shell
	on()	{ "${enter[@]}" sh -c 'mount -t tmpfs -o "$1" none "$2" && shift 2 && "$@"' - "$@"; }
	# no_room FOLDER OPTIONS STATUS WORDS: what a sweep says there, and who
	# else says so after it.
	no_room()
	{
		same "a sweep on $2 in the place of ${1##*/}" "$3" "$(on "$2" "$1" "$BIN/genhook-sweep" >"$WORK/sweep.out" 2>&1; echo $?)"
		like "says why in its row" "$4" "$(sql "select error from genhook.sweeps order by id desc limit 1")"
		same "the doctor says so" 1 "$(doctor --alert)"
		check "with the words" wrong cron "$4" 'genhook-sweep --verbose'
		like "attention too, first of all" "^sweep hindered.*$4" "$(sql "select reason || details from genhook.attention limit 1")"
		sweep
		same "until there is room" '0 0' "$(doctor --alert) $(sql "select count(*) from genhook.attention")"
	}
	no_room "$GENHOOK_SPOOL" ro,size=16m 1 'spool: could not use .*Read-only'
	no_room "$GENHOOK_SPOOL" size=64k 1 'callbacks would be lost .*no room'
	no_room "$GENHOOK_ARCHIVE" ro,size=16m 2 'archive .*Read-only'
	no_room "$GENHOOK_ARCHIVE" size=16m 1 'outputs cannot be kept: no room'
else
	echo 'SKIP: no mount namespaces here'
fi

# --- what the database knows

sql "update genhook.sweeps set started = started - interval '2 hours'"
same "no sweep for two hours" 1 "$(doctor --alert)"
check "is told" wrong cron 'began (2 h|12. min) ago' 'cron run genhook-sweep'
sql "insert into genhook.sweeps (host, pid, finished, error) values ('h', 1, now(), 'the API key is refused')"
same "a sweep that could not do all" 1 "$(doctor --alert)"
check "says why" wrong cron 'the API key is refused' 'genhook-sweep --verbose'
sweep
same "the next one mends it" 0 "$(doctor --alert)"

# A sweep that cannot begin has no row, and cron is content.
super "alter role genhook_cron nologin"
same "a sweep whose login is locked" 2 "$(sweep; echo $?)"
same "is told of, though others have run" 1 "$(doctor --alert)"
check "with its words" wrong cron 'no sweep can begin .the last try was [0-9]+ s ago.*genhook_cron' 'as the user that cron'
super "alter role genhook_cron login"
sweep
same "the next one that begins ends it" 0 "$(doctor --alert)"
sql "select genhook.register_task('novita', 'waiting', null, 'default')" >/dev/null
sql "update genhook.tasks set submitted_at = now() - interval '40 minutes' where task_id = 'waiting'"
same "a poll that is late" 1 "$(doctor --alert)"
check "is counted" wrong polls 'novita default: 1 tasks .* oldest (39|40) min ago' '--dry-run'
sql "update genhook.tasks set next_poll_at = now() + interval '1 minute' where task_id = 'waiting'"
same "one that is to wait is not" 0 "$(doctor --alert)"
sql "select genhook.cancel_tasks('novita', 'waiting')" >/dev/null

post_text "$(hook apixo)" '{"code":200,"message":"success","data":{"taskId":"a1","state":"success","resultJson":"{\"resultUrls\":[\"https://127.0.0.1:9/a.png\",\"https://127.0.0.1:9/b.png\"]}"}}' >/dev/null
sql "update genhook.outputs set next_attempt_at = now() - interval '1 hour'"
same "a download that is late" 1 "$(doctor --alert)"
check "is counted" wrong downloads '2 outputs should have been tried' 'downloads_in_flight'
sql "update genhook.outputs set status = case position when 0 then 'failed' else 'expired' end, next_attempt_at = null, expires_at = now() - interval '1 hour', expires_source = 'field'"
same "links that were lost" 1 "$(doctor --alert)"
check "are counted" wrong links 'apixo: 1 outputs lost their link in the last day, 1 were given up' 'genhook retry'
sql "update genhook.outputs set expires_at = now() - interval '2 days'"
same "for a day" 0 "$(doctor --alert)"

sql "insert into genhook.tasks (provider, task_id, status, finished_at, submitted_at, error_code) values ('apimart', 'gone', 'lost', now(), now(), 'gave_up')"
same "a lost task" 1 "$(doctor --alert)"
check "is counted" wrong tasks 'apimart: 1 tasks were lost' 'genhook repoll'
sql "delete from genhook.tasks where task_id = 'gone'"

sql "insert into genhook.tasks (provider, task_id, account, submitted_at) values ('apimart', 'odd', 'nobody', now() - interval '2 hours')"
same "a task of an account that there is not" 1 "$(doctor --alert)"
check "is told" wrong accounts '1 tasks of apimart wait' 'section'
sql "delete from genhook.tasks where task_id = 'odd'"
sql "select genhook.register_task('apimart', 'named', null, 'default')" >/dev/null
same "a task of an account" 0 "$(doctor --alert)"
sed -i 's/^apimart default {/apimart main {/' "$GENHOOK_CONF"
same "that has got another name since" 1 "$(doctor --alert)"
check "is told at once, with both cures" wrong accounts '1 tasks of apimart wait for the account "default"' 'section back into the settings, or move what waits'
check "by name" grep -q 'genhook.rename_account' "$WORK/said"
sweep
sql "$(sql "select cure from genhook.attention where reason = 'account unknown'")" >/dev/null
same "the cure of attention moves it" "0 main" "$(doctor --alert) $(sql "select account from genhook.tasks where task_id = 'named'")"
cat "$WORK/good.conf" >"$GENHOOK_CONF"
sql "delete from genhook.tasks where task_id = 'named'"
sql "insert into genhook.settings values ('elsewhere', '/etc/genhook/genhook.conf', now(), array['apimart far'])"
sql "select genhook.register_task('apimart', 'far', null, 'far')" >/dev/null
same "an account of another machine is known" 0 "$(doctor --alert)"
sql "delete from genhook.tasks where task_id = 'far'; delete from genhook.settings where host = 'elsewhere'"
sweep

post_text "$(hook apimart)" '{"id":17}' >/dev/null
same "a shape that nobody knows" 1 "$(doctor --alert)"
check "is told" wrong unparsed 'apimart: 1 callbacks' 'upgrade'
sql "delete from genhook.deliveries where outcome = 'unparsed'; delete from genhook.alerts"
post_text "$(hook apimart)" '{"id":"word-1","status":"resting"}' >/dev/null
same "a status word that nobody knows" 1 "$(doctor --alert)"
check "is told" wrong unparsed 'apimart: 1 callbacks' 'upgrade'
sql "delete from genhook.deliveries where outcome = 'unparsed'; delete from genhook.tasks where task_id = 'word-1'"
post_text "$(hook wavespeed)" '{"id":"w1","status":"completed","outputs":["https://127.0.0.1:9/a.png"]}' >/dev/null
same "an account whose callbacks are all unverified" 1 "$(doctor --alert)"
check "is told at the first one" wrong callers 'wavespeed: account "default": 1 callbacks' 'webhook_secret'
sql "delete from genhook.deliveries where outcome = 'unverified'"
sql "insert into genhook.deliveries (id, received_at, provider, account, task_id, source, outcome, verdict, note)
    values (gen_random_uuid(), now(), 'apixo', 'default', 'odd', 'callback', 'accepted', 'token', 'output 1 is no link')"
same "an odd result" 1 "$(doctor --alert)"
check "is told" wrong results 'apixo: 1 results of the last day are odd: output 1 is no link' 'genhook.attention'
sql "delete from genhook.deliveries where task_id = 'odd'"
sql "insert into genhook.tasks (provider, task_id, polls, last_poll_error, submitted_at, next_poll_at)
    values ('novita', 'vain', 3, 'unknown status \"dreaming\"', now() - interval '20 minutes', now() + interval '1 hour')"
same "polls that bring nothing" 1 "$(doctor --alert)"
check "are told" wrong polls 'novita: 1 tasks were polled in vain: unknown status .dreaming' 'genhook tasks pending'
sql "update genhook.tasks set polls = 2 where task_id = 'vain'"
same "not those of the first tries" 0 "$(doctor --alert)"
sql "delete from genhook.tasks where task_id = 'vain'"

sql "insert into genhook.deliveries (id, received_at, provider, account, task_id, source, outcome, verdict)
    values (gen_random_uuid(), now() - interval '5 hours', 'wavespeed', 'default', 'old', 'callback', 'accepted', 'signature')"
sql "insert into genhook.tasks (provider, task_id, status, source, submitted_at, finished_at)
    select 'wavespeed', 'quiet' || n, 'succeeded', 'poll', now() - interval '2 hours', now() - interval '1 hour' from generate_series(1, 4) as n"
# What sweeps have counted so far does not know of it.
sql "delete from genhook.hours; update genhook.marks set at = now() - interval '1 day'"
same "a provider that calls no more" 1 "$(doctor --alert)"
check "is told" wrong quiet 'wavespeed: account "default": 4 tasks' 'from outside'
sql "delete from genhook.tasks where provider = 'wavespeed'"

sql "insert into genhook.requests (provider, model, account) values ('novita', 'txt2img', 'nobody')"
same "a request just inserted is no news" 0 "$(doctor --alert)"
sql "update genhook.requests set queued_at = now() - interval '20 minutes'"
same "one that nobody sends is" 1 "$(doctor --alert)"
check "and is told" wrong requests 'novita: 1 times: request waits' 'genhook requests'
sql "update genhook.requests set queued_at = now()"
sweep
sql "delete from genhook.alerts"
same "one that a sweep has passed over, too" 1 "$(doctor --alert)"
check "with its account" wrong requests 'request waits: request [0-9]+ for the account "nobody": no settings have an account' 'genhook requests queued'
sql "delete from genhook.requests"

posts "$(hook novita)" 11 'no json %d'
same "callbacks that are no JSON, more than ever" 1 "$(doctor --alert)"
check "are counted" wrong callers 'novita: 11 rejected callbacks in the last hour' 'genhook deliveries rejected'
sql "insert into genhook.deliveries (id, received_at, provider, account, source, outcome, verdict)
    select gen_random_uuid(), now() - n * interval '3 minutes', 'novita', 'default', 'callback', 'rejected', 'token'
    from generate_series(30, 3300) as n"
same "as many as always are no news" 0 "$(doctor --alert)"
sql "delete from genhook.deliveries where outcome = 'rejected'"

super "create role watcher login in role genhook_reader"
sed '/^database/,/^}/s/user=genhook"/user=watcher"/' "$GENHOOK_CONF" >"$WORK/watcher.conf"
chmod 0600 "$WORK/watcher.conf"
same "a login that may only read will do" 0 "$(GENHOOK_CONF=$WORK/watcher.conf doctor)"
check "it is another" grep -q watcher "$WORK/watcher.conf"
super "revoke genhook_reader from watcher"
same "one that may not" 1 "$(GENHOOK_CONF=$WORK/watcher.conf doctor --alert)"
check "is told what it needs" wrong database 'permission denied' 'grant genhook_reader'

sed '/^database/,/^}/s/user=genhook"/user=nobody_is"/' "$GENHOOK_CONF" >"$WORK/nobody.conf"
chmod 0600 "$WORK/nobody.conf"
same "one that is not there" 1 "$(GENHOOK_CONF=$WORK/nobody.conf doctor --alert)"
check "is told to ask as another user" wrong database 'role "nobody_is" does not exist' 'runuser -u genhook'

super "create database ascii owner genhook encoding 'SQL_ASCII' locale 'C' template template0"
sed 's/dbname=genhook/dbname=ascii/' "$GENHOOK_CONF" >"$WORK/ascii.conf"
chmod 0600 "$WORK/ascii.conf"
fails "migrate refuses a database that cannot hold every letter" \
    "$BIN/genhook" --config "$WORK/ascii.conf" migrate >>"$WORK/doctor.out" 2>"$WORK/said"
check "and says which can" grep -q 'its encoding is SQL_ASCII, not UTF8: createdb --encoding=UTF8' "$WORK/said"
"$BIN/genhook" migrate --print | PGDATABASE=ascii psql -qX >>"$WORK/doctor.out" 2>&1
same "in one that has the schema all the same" 1 "$(GENHOOK_CONF=$WORK/ascii.conf doctor --offline)"
check "it is told" wrong database 'SQL_ASCII, not UTF8' '--encoding=UTF8'
same "and may be brought up to date" 0 \
    "$("$BIN/genhook" --config "$WORK/ascii.conf" migrate >>"$WORK/doctor.out" 2>&1; echo $?)"
super "drop database ascii"
# A server that says it is an older one.
super "create database older owner genhook encoding 'UTF8' template template0"
PGDATABASE=older super "set allow_system_table_mods = on; alter function pg_catalog.current_setting(text) rename to true_setting;
    create function pg_catalog.current_setting(name text) returns text language sql
    return case name when 'server_version_num' then '140022' when 'server_version' then '14.22' else true_setting(name) end" >/dev/null
sed 's/dbname=genhook/dbname=older/' "$GENHOOK_CONF" >"$WORK/older.conf"
chmod 0600 "$WORK/older.conf"
fails "migrate refuses a server that is too old" \
    "$BIN/genhook" --config "$WORK/older.conf" migrate >>"$WORK/doctor.out" 2>"$WORK/said"
same "in words" 'genhook: database: PostgreSQL 14.22 is too old: genhook needs 15 or later' "$(cat "$WORK/said")"
super "drop database older"

super "alter role genhook_cron rename to genhook_cron_away"
same "a login that is gone" 1 "$(doctor --offline)"
check "is told" wrong rights 'sweep: .*genhook_cron' 'sweep.conninfo'
super "alter role genhook_cron_away rename to genhook_cron"
super "revoke genhook_receiver from genhook_hook"
same "a login without its role" 1 "$(doctor --offline)"
check "is told" wrong rights 'handlers: the login genhook_hook may not call genhook.receive' 'grant genhook_receiver'
super "grant genhook_receiver to genhook_hook"

sql "alter domain genhook.possible_task drop constraint tasks_no_error_in_success"
same "a schema that somebody changed" 1 "$(doctor --alert)"
check "is named" wrong schema 'tasks_no_error_in_success.* is missing' 'genhook migrate --check'
sql "alter domain genhook.possible_task add constraint tasks_no_error_in_success
    check (((value).error_code is null and (value).no_message) or (value).status <> 'succeeded')"
same "put back it is well" 0 "$(doctor --alert)"
sql "update genhook.objects set digest = translate(digest, '0123456789', '1234567890') where kind = 'files'"
same "functions of another commit" 1 "$(doctor --alert)"
check "are named" wrong schema 'functions, views and grants are not those of this program' 'genhook migrate'
sql "update genhook.objects set digest = translate(digest, '1234567890', '0123456789') where kind = 'files'"
same "those of this one are well" 0 "$(doctor --alert)"
sql "do \$\$ begin for i in 1..9 loop execute format('create table genhook.own_%s ()', i); end loop; end \$\$"
same "many differences" 1 "$(doctor --alert)"
check "are cut short" wrong schema 'and [0-9]+ more' 'genhook migrate --check'
same "after five" 5 "$(grep -c "^WRONG .*is none of genhook's" "$WORK/said")"
sql "do \$\$ begin for i in 1..9 loop execute format('drop table genhook.own_%s', i); end loop; end \$\$"

# --- what the database's clock says, and each kind of failure by its SQLSTATE

# clock BODY: what everybody is told in place of the time, in this cluster alone.
clock()	{ super "set allow_system_table_mods = on; create or replace function pg_catalog.clock_timestamp() returns timestamptz language plpgsql as \$\$ begin $1; end \$\$"; }
super "set allow_system_table_mods = on; alter function pg_catalog.clock_timestamp() rename to clock_true"
for off in '1 hour:3(599|600|601) s ahead of' '-1 hour:3(599|600|601) s behind' '15 seconds:1[0-9] s ahead of' '-15 seconds:1[0-9] s behind'; do
	clock "return pg_catalog.clock_true() + interval '${off%%:*}'"
	same "a clock that is off by ${off%%:*}" 1 "$(doctor --alert)"
	check "is told" wrong clock "the database's is ${off#*:} this machine's" 'timedatectl set-ntp true'
done
clock "return pg_catalog.clock_true() + interval '3 seconds'"
same "one that is nearly right will do" 0 "$(doctor --alert)"
while read -r sqlstate cure; do
	clock "raise sqlstate '$sqlstate' using message = 'words that say nothing'"
	same "SQLSTATE $sqlstate" 1 "$(doctor --alert)"
	check "has a cure of its own" wrong clock 'words that say nothing' "$cure"
	[ "$sqlstate" = 42501 ] || fails "and not that of a missing right" grep -q genhook_reader "$WORK/said"
done <<'STATES'
42501 grant genhook_reader to
42P01 genhook migrate --check
3F000 genhook migrate
25006 target_session_attrs
53100 make room
53200 too little memory
53300 max_connections
55P03 pg_blocking_pids
57014 pg_stat_activity
58P01 a file or library
XX001 may be damaged
0A000 go by these words
STATES
super "set allow_system_table_mods = on; drop function pg_catalog.clock_timestamp(); alter function pg_catalog.clock_true() rename to clock_timestamp"
same "the clock is right again" 0 "$(doctor --alert)"

# --- the database's log, with many tasks

# advice WORDS CURE: a note, with a cure behind it.
advice()
{
	grep -A1 -E "^note +wal +.*$1" "$WORK/said" | grep -qF -- "       cure: $2" ||
	    { cat "$WORK/said"; return 1; }
}
# As a table of so many rows is after vacuum.
many()	{ super "update pg_class set reltuples = $1 where oid = 'genhook.tasks'::regclass"; }
# setting NAME VALUE SHOWN, for the whole server.
setting()
{
	super "alter system set $1 = $2"
	super 'select pg_reload_conf()' >/dev/null
	check "$1 is $3" soon 30 is_set "$1" "$3"
}
is_set()	{ [ "$(super "show $1")" = "$2" ]; }
forget_checkpoints()
{
	super "select pg_stat_reset_shared('bgwriter')"
	[ "$(super 'show server_version_num')" -lt 170000 ] ||
	    super "select pg_stat_reset_shared('checkpointer')"
}
counted()	{ [ "$(super "select genhook.wal_advice()" | grep -c max_wal_size)" -gt 0 ]; }
forget_checkpoints >/dev/null
many 999999
same "not quite a million tasks" 0 "$(doctor --offline)"
check "are few" grep -qE '^ok +wal ' "$WORK/said"
many 1000000
same "a million, and the settings that PostgreSQL comes with: nothing is wrong" 0 "$(doctor --offline)"
check "but better ones are named" advice 'a checkpoint each 5min .*wal_compression is off' \
    'checkpoint_timeout = 30min and wal_compression = lz4 in postgresql.conf'
same "of one thing" 1 "$(marks 'note   wal')"
same "nobody is woken" '0:' "$(doctor --alert):$(cat "$WORK/said")"
same "who may read alone is told it too" 1 \
    "$(super 'set role genhook_reader; select count(*) from genhook.wal_advice()')"
for _ in {1..13}; do super checkpoint; done
check "checkpoints before their time are counted" soon 30 counted
same "a log that is full too soon" 0 "$(doctor --offline)"
check "should be larger" advice '1[3-5] of the last [0-9]+ checkpoints came before their time.*max_wal_size .256MB. is full' \
    'max_wal_size = 8GB in postgresql.conf'
setting max_wal_size "'8GB'" 8GB
setting wal_compression pglz pglz
same "pglz makes such pages no smaller" 0 "$(doctor --offline)"
check "and is no cure" advice 'a checkpoint each 5min .*wal_compression is pglz' 'checkpoint_timeout = 30min'
setting wal_compression lz4 lz4
same "it is, and is compressed" 0 "$(doctor --offline)"
check "that will do" grep -qE '^ok +wal ' "$WORK/said"
setting wal_compression default off
setting checkpoint_timeout "'15min'" 15min
same "rare checkpoints" 0 "$(doctor --offline)"
check "will do too" grep -qE '^ok +wal ' "$WORK/said"
setting max_wal_size "'256MB'" 256MB
setting checkpoint_timeout default 5min
many 0

# --- who may call what

sed '/conninfo = .*user=genhook_hook/d' "$GENHOOK_CONF" >"$WORK/shared.conf"
chmod 0600 "$WORK/shared.conf"
same "handlers with the doctor's own login" 0 "$(GENHOOK_CONF=$WORK/shared.conf doctor --offline)"
check "which may" grep -qE '^ok +rights +handlers: the login' "$WORK/said"
sql "revoke execute on function genhook.receive from genhook, genhook_receiver, genhook_sweeper"
same "no login may" 1 "$(GENHOOK_CONF=$WORK/shared.conf doctor --offline)"
check "is told" wrong rights 'handlers: there is no login that may call genhook.receive' 'grant genhook_receiver'
sql "grant execute on function genhook.receive to genhook"
"$BIN/genhook" migrate >>"$WORK/doctor.out" 2>&1
same "granted again" 0 "$(doctor --alert)"

# --- what the database says, in any language

# asks NAME CONNINFO WORDS CURE: with these settings of its own the database is
# WRONG, in these words, with this cure, and with no other's.
asks()
{
	sed "/^database/,/^}/s/dbname=genhook user=genhook\"/$2\"/" "$GENHOOK_CONF" >"$WORK/asks.conf"
	chmod 0600 "$WORK/asks.conf"
	same "$language: $1" 1 "$(GENHOOK_CONF=$WORK/asks.conf doctor --alert)"
	check "$language: $1: has its cure" wrong database "$3" "$4"
	[[ $4 = *genhook_reader* ]] || fails "$language: $1: and not that of a missing right" grep -q genhook_reader "$WORK/said"
}
# Each kind of failure, with the words that the server has for it.
database_failures()	# LANGUAGE RIGHT ROLE PASSWORD DATABASE CONNECTIONS
{
	local language=$1

	asks "a missing right" 'dbname=genhook user=watcher' "$2" 'grant genhook_reader to'
	asks "a role that is not there" 'dbname=genhook user=nobody_is' "$3" 'create the role'
	asks "a wrong password" 'dbname=genhook user=keyed password=wrong' "$4" 'correct user and password'
	asks "no password" 'dbname=genhook user=keyed' 'no password supplied' 'correct user and password'
	asks "a database that is not there" 'dbname=nodb user=watcher' "$5" 'create the database'
	asks "too many connections" 'dbname=genhook user=crowd' "$6" 'max_connections'
	asks "a library that does not load" 'dbname=genhook user=broken' 'nosuch_library' "PostgreSQL's"
	asks "nobody there" 'dbname=genhook user=watcher port=1' 'No such file' 'is PostgreSQL running'
	asks "a conninfo that is none" 'dbname=genhook nonsense=1' 'nonsense' 'correct the conninfo'
	sql "alter table genhook.sweeps rename to sweeps_away"
	same "$language: a table that is not there" 1 "$(doctor --alert)"
	check "$language: a table that is not there: has its cure" wrong cron 'genhook.sweeps' 'migrate --check'
	fails "$language: a table that is not there: and not that of a missing right" grep -q genhook_reader "$WORK/said"
	sql "alter table genhook.sweeps_away rename to sweeps"
}
super "create role keyed login password 'right'"
super "create role crowd login connection limit 0"
super "create role broken login"
super "alter role broken set session_preload_libraries = 'nosuch_library'"
rules=$(super "show hba_file")
cp "$rules" "$WORK/rules"
{ echo 'local all keyed scram-sha-256'; cat "$WORK/rules"; } >"$rules"
super "select pg_reload_conf()" >/dev/null
refused()	{ ! PGUSER=keyed PGPASSWORD=wrong sql 'select 1' >/dev/null 2>&1; }
check "passwords are asked for" soon 30 refused
database_failures English 'permission denied' 'role "nobody_is" does not exist' 'password authentication failed' \
    'database "nodb" does not exist' 'too many connections'

# The same server in German: the locale is made for this run alone.
if compgen -G '/usr/share/locale/de/LC_MESSAGES/postgres-*.mo' >/dev/null; then
	data=$(super 'show data_directory')
	locale=${data%/*}/locale
	programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	as_server mkdir "$locale"
	as_server localedef -i de_DE -f UTF-8 "$locale/de_DE.UTF-8"
	database stop
	as_server env LOCPATH="$locale" "$programs/pg_ctl" \
	    start --pgdata="$data" --wait --silent -o '-c lc_messages=de_DE.UTF-8' >>"$WORK/database.out" 2>&1 </dev/null
	database_failures German 'keine Berechtigung' 'Rolle .*nobody_is.* existiert nicht' 'Passwort-Authentifizierung' \
	    'Datenbank .*nodb.* existiert nicht' 'zu viele Verbindungen'
	database stop
	database start
else
	echo 'SKIP: PostgreSQL has no German words here'
fi
check "afterwards it is as before" soon 30 all_healthy
cat "$WORK/rules" >"$rules"
super "select pg_reload_conf()" >/dev/null

version=$(sql "select genhook.schema_version()")
sql "insert into genhook.migrations values (999, '999_later', 'x')"
same "a newer schema" 1 "$(doctor --alert)"
check "is told" wrong database 'schema version is 999' 'genhook migrate'
sql "delete from genhook.migrations where version = 999"
same "and the old version is back" "$version" "$(sql "select genhook.schema_version()")"
database stop
same "no database" 1 "$(doctor)"
check "is told" wrong database 'connect' 'is PostgreSQL running'
check "the handlers say it too" wrong handlers '503' 'log'
same "also to cron" 1 "$(doctor --alert)"
like "in less than a mail's page" '^[0-9]+$' "$(awk 'END { if (NR < 60) print NR }' "$WORK/said")"
database start
same "all is well again" 0 "$(soon 30 all_healthy; doctor --lighttpd "$SERVER_CONF")"
finish
