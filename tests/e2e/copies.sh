#!/bin/bash
# A copy of the database sends nothing that the original has sent: a dump that is
# restored, a database that was set back, a server that came up elsewhere; until
# a person says so.  A restart is no copy.
. "$(dirname -- "$0")/lib/sweep.sh"
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200
sed -i 's/polls_per_minute = .*/&\n\tsubmits_per_minute = 60000/' "$GENHOOK_CONF"
OWN_DATABASE=$PGDATABASE

marks()		{ jq -r 'select(.event == "submitted") | [.request | .. | .prompt? // empty][0] // empty' "$LEDGER"; }
taken()		{ marks | grep -cxF -- "$1"; }
insert()	{ sql "insert into genhook.requests (provider, model, request) values ('novita', 'txt2img', '{\"prompt\": \"$1\"}') returning id"; }
request()	{ sql "select status, coalesce(error, '') from genhook.requests where request ->> 'prompt' = '$1'"; }
identity()	{ sql "select $1 from genhook.identity"; }
note()		{ echo "$GENHOOK_SPOOL/sent-$(identity nonce)"; }
genhook()	{ "$BIN/genhook" --config "$GENHOOK_CONF" "$@" >"$WORK/genhook.out" 2>&1; }
held()		# NAME MARK WORDS: not sent, and everybody says why
{
	like "$1: it is not sent, and says why" "^queued\\|not sent: .*$3.*genhook resume" "$(request "$2")"
	like "$1: the sweep says so" "requests are not sent: .*$3" "$(cat "$WORK/sweep.out")"
	like "$1: attention, too" "$3" "$(sql "select string_agg(details, ' ') from genhook.attention where reason = 'request waits'")"
	same "$1: with the cure" 'select * from genhook.resume_sending()' "$(sql "select distinct cure from genhook.attention where reason = 'request waits'")"
	genhook requests queued --json
	like "$1: the list" "$3" "$(cat "$WORK/genhook.out")"
	sweep --dry-run
	like "$1: a dry run" "waits: not sent: .*$3" "$(cat "$WORK/sweep.out")"
	genhook doctor --offline
	like "$1: the doctor" 'WRONG  requests .*request waits' "$(cat "$WORK/genhook.out")"
}

# --- the original, which is sure of itself
insert first >/dev/null
sweep
same "a database that nobody knows sends" 'submitted|' "$(request first)"
same "it counts what it sends" 1 "$(identity sent)"
same "and a note beside it does" 1 "$((10#$(cat "$(note)")))"
insert second >/dev/null
database stop
database start
soon 30 all_healthy
sweep
same "a restart of the server is no copy" 'submitted|' "$(request second)"
same "the note goes on" 2 "$((10#$(cat "$(note)")))"
like "the cluster is known" '^[0-9]+\|t$' "$(identity "system_identifier, system_identifier = (select system_identifier::text from pg_control_system())")"

# --- a dump, restored beside it, while both have the same requests queued
sql "update genhook.accounts set not_before = now() + interval '1 hour'"
for mark in a b c; do
	insert "$mark" >/dev/null
done
super "create database copy owner genhook encoding 'UTF8' template template0"
pg_dump -Fc >"$WORK/dump"
pg_restore --single-transaction -d copy "$WORK/dump" 2>"$WORK/restore.out"
check "restored" test ! -s "$WORK/restore.out"
sql "update genhook.accounts set not_before = '-infinity'"
ORIGINAL_CONF=$GENHOOK_CONF
GENHOOK_CONF=$WORK/copy.conf
sed "s/dbname=[^ \"]*/dbname=copy/" "$ORIGINAL_CONF" >"$GENHOOK_CONF"
chmod 0600 "$GENHOOK_CONF"
export PGDATABASE=copy
sql "update genhook.accounts set not_before = '-infinity'"
sweep
same "a copy is worth a look" 1 "$?"
held "restored" a 'a copy of it'
same "nothing of it was sent" 0 "$(taken a)"
insert later >/dev/null
sweep
like "nor what came since" '^queued\|not sent' "$(request later)"
same "by no program" 0 "$(genhook submit --queued; taken a)"
id=$(sql "select id from genhook.requests where request ->> 'prompt' = 'a'")
genhook request requeue "$id"
sweep
like "nor by its id" '^queued\|not sent' "$(request a)"

# The original, meanwhile.
GENHOOK_CONF=$ORIGINAL_CONF PGDATABASE=$OWN_DATABASE
sweep
same "the original sends" 'submitted|' "$(request a)"
GENHOOK_CONF=$WORK/copy.conf PGDATABASE=copy
genhook request cancel "$id"
same "one is withdrawn" refused "$(sql "select status from genhook.requests where id = $id")"
check "a person says that they may have been sent" genhook resume --unknown
like "and hears what that did" '3 that were queued are of unknown fate' "$(cat "$WORK/genhook.out")"
like "they are of unknown fate" '^unknown\|.*may have been sent before' "$(request b)"
insert after >/dev/null
sweep
same "what comes from then on is sent" 'submitted|' "$(request after)"
same "and each was taken once" '' "$(marks | sort | uniq -d)"
check "a second word changes nothing" genhook resume
like "as it says" '0 had to wait' "$(cat "$WORK/genhook.out")"

# --- another cluster, as pg_upgrade or another machine makes one
insert moved >/dev/null
sql "update genhook.identity set system_identifier = '1'"
sweep
held "another cluster" moved 'a copy of it'
check "a person's word, in SQL" test "$(sql "select count(*) from genhook.resume_sending()")" -eq 1
sweep
same "then it goes" 'submitted|' "$(request moved)"
sql "update genhook.identity set system_identifier = null"
insert unreadable >/dev/null
sweep
same "a cluster that does not tell is no other one" 'submitted|' "$(request unreadable)"

# --- set back: a backup of the files, or a standby that lagged behind
insert back >/dev/null
sql "update genhook.identity set sent = sent - 1"
sweep
held "set back" back 'has forgotten requests'
rm "$(note)"
sweep
like "and it is not forgotten with the note" '^queued\|.*has forgotten' "$(request back)"
genhook resume
sweep
same "set back: then it goes" 'submitted|' "$(request back)"

# --- a host without a note
OTHER_SPOOL=$WORK/spool
mkdir "$OTHER_SPOOL"
KNOWN_CONF=$GENHOOK_CONF
other()
{
	GENHOOK_CONF=$WORK/other.conf
	sed "s|spool_dir = .*|spool_dir = \"$OTHER_SPOOL\"|" "$KNOWN_CONF" >"$GENHOOK_CONF"
	chmod 0600 "$GENHOOK_CONF"
}
insert host >/dev/null
other
sweep
same "a second host sends for a server that is known" 'submitted|' "$(request host)"
rm -r "$OTHER_SPOOL"
mkdir "$OTHER_SPOOL"
database stop
database start
soon 30 all_healthy
insert stranger >/dev/null
sweep
held "a server started anew, and no note" stranger 'may be a copy'
GENHOOK_CONF=$KNOWN_CONF
sweep
same "a host with a note ends that" 'submitted|' "$(request stranger)"
insert again >/dev/null
other
sweep
same "for the other one too" 'submitted|' "$(request again)"

# --- a database that was never swept, where another one was
super "create database older owner genhook encoding 'UTF8' template template0"
pg_restore --single-transaction -d older "$WORK/dump" 2>>"$WORK/restore.out"
GENHOOK_CONF=$WORK/older.conf
sed "s/dbname=[^ \"]*/dbname=older/" "$ORIGINAL_CONF" >"$GENHOOK_CONF"
chmod 0600 "$GENHOOK_CONF"
PGDATABASE=older
sql "delete from genhook.identity; update genhook.accounts set not_before = '-infinity'"
sweep
held "as old as that it knew no identity" b 'may be a copy'
sql "delete from genhook.requests; delete from genhook.identity"
sweep
insert young >/dev/null
sweep
same "one that is new is none" 'submitted|' "$(request young)"
same "in the end nothing was taken twice" '' "$(marks | sort | uniq -d)"
finish
