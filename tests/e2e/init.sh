#!/bin/bash
# genhook init, by its options and by the answers of a person at a terminal: the
# settings, folders, roles, database and addresses that it makes; what it refuses;
# and genhook address.
. "$(dirname -- "$0")/lib.sh"
run_start run
SOCKET=$PGHOST
ADMIN="host=$SOCKET dbname=postgres user=postgres"
DB="host=$SOCKET dbname=genhook user=genhook"

genhook()	{ "$BIN/genhook" --config "$CONF" "$@"; }
said()		{ cat "$WORK/said"; }
# The settings of that name, in a folder whose name has a blank.
at()		{ CONF="$WORK/$1 x/genhook.conf"; }
# value KEY [N]: the Nth of that name in the settings.
value()		{ sed -n "s/^\t$1 = {*\"\(.*\)\"}*$/\1/p" "$CONF" | sed -n "${2:-1}p"; }
# init WORDS STATUS OPTION...: with nobody to ask.
init()
{
	local words=$1 wanted=$2 status=0

	shift 2
	genhook init --user "$(id -un)" --offline "$@" >"$WORK/said" 2>&1 \
	    </dev/null || status=$?
	same "$words" "$wanted" "$status"
	[ "$status" = "$wanted" ] || said
}
address_lines()	{ grep -P '^[a-z]+ default\thttps?://'; }

# --- a key that is not where it is said to be
at none
init "a key's file that is missing ends it" 1 --no-database --base-url https://hooks.example.com \
    --provider novita --key "novita=file:$WORK/no key"
same "in words that name no file of ours which is gone" \
    "genhook: novita default.api_key secret file \"$WORK/no key\": No such file or directory" "$(grep 'secret file' "$WORK/said")"
fails "and leaves no settings" test -e "$CONF"

# --- by its options
at one
# shellcheck disable=SC2016 # a name of odd characters
ODD='o"d\d$x${HOME}#{}'
init "with a superuser all of it is made" 0 --admin "$ADMIN" \
    --database "host=$SOCKET dbname='${ODD//\\/\\\\}' user=first password='a\$b'" \
    --base-url https://hooks.example.com/ --provider novita --key 'novita=a b' \
    --provider wavespeed --secret "wavespeed=$GENHOOK_SECRET_WAVESPEED" --web
like "the settings are named" "$CONF is written" "$(said)"
same "their mode" 640 "$(stat -c %a "$CONF")"
like "they are right" ': ok' "$(genhook config check)"
TOKEN=$(value token)
like "the token is long" '^[0-9a-f]{48}$' "$TOKEN"
fails "each provider has one of its own" test "$TOKEN" = "$(value token 2)"
same "the address is whole" "https://hooks.example.com/hook/novita/$TOKEN" \
    "$(said | sed -n 's/^novita default\t//p')"
same "genhook address prints them again" "$(said | address_lines)" "$(genhook address)"
same "and one alone" "novita default	https://hooks.example.com/hook/novita/$TOKEN" "$(genhook address novita)"
genhook address nobody >/dev/null 2>&1
same "of a provider that is none" 2 $?
genhook address novita nobody >/dev/null 2>&1
same "of an account that is none" 1 $?
same "the database is UTF8, and the login's" "$ODD UTF8 first" \
    "$(super "select datname || ' ' || pg_encoding_to_char(encoding) || ' ' || pg_get_userbyid(datdba) from pg_database where datname like 'o%'")"
like "it has the tables" '^[0-9]+$' "$(PGDATABASE=$ODD PGUSER=first sql 'select max(version) from genhook.migrations')"
same "the login has its password" t "$(super "select rolpassword is not null from pg_authid where rolname = 'first'")"
same "and may give the roles on" 5 "$(super "select count(*) from pg_auth_members where member = 'first'::regrole and admin_option")"
check "spool and outputs are there" test -d "$WORK/one x/spool" -a -d "$WORK/one x/outputs"
like "and for nobody else" '^7[05]0$' "$(stat -c %a "$(dirname "$CONF")/spool")"
same "the page has its address" https://hooks.example.com/genhook/ "$(value url 2)"
like "and is open for whoever is let in" '^https://hooks.example.com/genhook/#in=' "$(genhook web login anna 2>/dev/null)"
like "where the provider wants the address is said" 'novita +extra.webhook.url in the' "$(said)"
like "the first sweep has run" 'ok     cron' "$(said)"
like "the doctor ends it" '0 wrong$' "$(said)"

# --- several tokens: the newest, as the database knows it
sed -i "s/token = {\"$TOKEN\"}/token = {\"new-token-of-novita\", \"$TOKEN\"}/" "$CONF"
same "the newest token's address" "novita default	https://hooks.example.com/hook/novita/new-token-of-novita" "$(genhook address novita)"
sed -i "s|^\tconninfo = .*|\tconninfo = \"host=$SOCKET/away dbname=x\"|" "$CONF"
same "where nobody knows it, each" 2 "$(genhook address novita 2>/dev/null | wc -l)"

# --- what it refuses
cp "$CONF" "$WORK/before"
init "settings that are there stay" 1 --provider novita --database "$DB"
like "in words" 'is there already' "$(said)"
check "as they were" cmp -s "$CONF" "$WORK/before"
at two
init "without a provider" 2 --database "$DB"
like "in words" '--provider is needed' "$(said)"
init "everything that is missing" 2 --provider wavespeed --provider replicate
# Root may have it made, so there the usual one stands for it.
[ "$(id -u)" -eq 0 ] && missing='' || missing='database '
same "is named at once" "${missing}wavespeed replicate" "$(said | sed -n 's/.*--database is needed.*/database/p; s/.*--secret \([a-z]*\)=SECRET is needed.*/\1/p' | xargs)"
init "everything that is wrong" 1 --database "$DB" --provider nobody --provider novita --provider novita \
    --key apixo=x --secret novita=whsec_abc --user nobody-of-that-name
same "is named at once" 5 "$(said | grep -cE 'no user nobody-of|no provider "nobody"|named twice|"apixo" is not|novita signs no')"
init "a provider that is none" 1 --database "$DB" --provider nobody
init "a provider twice" 1 --database "$DB" --provider novita --provider novita
init "one that signs, without its secret" 2 --database "$DB" --provider wavespeed
like "in words" '--secret wavespeed=SECRET' "$(said)"
init "a secret that is none" 1 --database "$DB" --provider wavespeed --secret 'wavespeed=whsec_abc '
init "a secret of one that does not sign" 1 --database "$DB" --provider novita --secret novita=whsec_abc
init "a key of another provider" 1 --database "$DB" --provider novita --key apixo=x
init "a key with a line's end" 1 --database "$DB" --provider novita --key $'novita=x\ny'
init "an address that is none" 1 --database "$DB" --provider novita --base-url hooks.example.com
like "by the setting's name" 'receiver.base_url' "$(said)"
init "a connection string that is none" 2 --database host --provider novita
init "a store without its endpoint" 1 --database "$DB" --provider novita --archive s3://bucket
init "a user that is none" 1 --database "$DB" --provider novita --user nobody-of-that-name
same "nothing is left of all these" '' "$(find "$(dirname "$CONF")" -type f 2>/dev/null)"
at three
init "a database that is away" 1 --database "host=$WORK dbname=x user=x" --provider novita
like "says what is left to do" 'genhook migrate; genhook doctor' "$(said)"

# --- one login of the host's, its folders elsewhere, nothing of it in the environment
super 'create role second login' >/dev/null
super "create database second owner second encoding 'UTF8' template template0" >/dev/null
at four
install -m 0600 /dev/null "$WORK/four.key" && echo 'the key' >"$WORK/four.key"
init "one login is enough" 0 --database "host=$SOCKET dbname=second user=second" \
    --provider apimart --key "apimart=file:$WORK/four.key" --data "$WORK/four data"
same "a secret's file is only named" "file:$WORK/four.key" "$(value api_key)"
same "a folder with a blank" "file://$WORK/four%20data/outputs" "$(value url)"
check "is made" test -d "$WORK/four data/outputs" -a -d "$WORK/four data/spool"
like "without an address it says so" 'in place of YOUR.HOST' "$(said)"
like "and shows what it can" 'https://YOUR.HOST/hook/apimart/[0-9a-f]{48}' "$(said)"

# --- every provider
at all
super 'create role all_of_them login' >/dev/null
super "create database all_of_them owner all_of_them encoding 'UTF8' template template0" >/dev/null
mapfile -t every < <(served_providers)
ALL=()
for provider in "${every[@]}"; do
	ALL+=(--provider "$provider")
done
for provider in wavespeed replicate openai; do
	secret=GENHOOK_SECRET_${provider^^}
	ALL+=(--secret "$provider=${!secret}")
done
init "all of them" 0 --database "host=$SOCKET dbname=all_of_them user=all_of_them" "${ALL[@]}"
same "each says where it wants its address" "${every[*]}" \
    "$(said | sed -n '/^Where each/,/^genhook address/p' | grep -v 'its page in' | awk 'NF > 2 && !/^Where each|^genhook address/ { print $1 }' | xargs)"

# --- SQL for somebody else
at five
init "no database is touched" 0 --no-database --provider novita \
    --database "host=$SOCKET dbname=third user=third password='it\\'s'"
said | sed -n '/^-- /,/^create database/p' >"$WORK/roles.sql"
check "the SQL is for psql" env PGUSER=postgres PGDATABASE=postgres psql -Xq -v ON_ERROR_STOP=1 -f "$WORK/roles.sql"
check "then migrate works" genhook migrate

# --- a person at a terminal
# person ANSWERS OPTION...: the answers, as lib/person.py takes them, on stdin.
person()
{
	cat >"$WORK/answers"
	python3 "$TOP/tests/e2e/lib/person.py" "$WORK/answers" \
	    "$BIN/genhook" --config "$CONF" init --offline "$@" >"$WORK/said" 2>&1
	STATUS=$?
}
super "create role fourth login password 'se cret'" >/dev/null
super "create database fourth owner fourth encoding 'UTF8' template template0" >/dev/null
at six
person --user "$(id -un)" <<ANSWERS
folder of its socket	$SOCKET
Name of the database	fourth
Its user	fourth
password	se cret
as the providers see it	hooks.example.com
as the providers see it	https://hooks.example.com
Which of them	nobody
Which of them	novita, wavespeed
API key of novita	key-of-novita
API key of wavespeed	
with which wavespeed signs	$GENHOOK_SECRET_WAVESPEED
Folder for the outputs	relative
Folder for the outputs	
The page	maybe
The page	no
ANSWERS
same "questions and answers make it" 0 "$STATUS"
[ "$STATUS" -eq 0 ] || said
same "the address" https://hooks.example.com "$(value base_url)"
same "the key" key-of-novita "$(value api_key)"
same "the secret" "$GENHOOK_SECRET_WAVESPEED" "$(value webhook_secret)"
fails "none was shown" grep -qe key-of-novita -e "$GENHOOK_SECRET_WAVESPEED" -e 'se cret' "$WORK/said"
fails "there is no page" grep -q '^web {' "$CONF"
like "mistakes are asked again" 'that is no http' "$(said)"
like "of providers too" 'there is no provider "nobody"' "$(said)"
like "addresses are shown" 'wavespeed default	https://hooks.example.com/hook/wavespeed/[0-9a-f]{48}' "$(said)"
like "the doctor ends it" '0 wrong' "$(said)"

at seven
person --user "$(id -un)" <<'ANSWERS'
folder of its socket	^D
ANSWERS
same "who leaves, leaves" 1 "$STATUS"
person --user "$(id -un)" --database "$DB" --base-url '' --provider novita <<'ANSWERS'
API key of novita	^C
ANSWERS
fails "Ctrl-C too, also where nothing is shown" test "$STATUS" -eq 0
fails "and nothing is changed" test -e "$CONF"
finish
