#!/bin/bash
# One more provider, in a copy of the tree, by what docs/new-provider.md says, word by
# word: laid out, made another, built, installed, and served through lighttpd, as
# FastCGI and as plain CGI, by a program of its own and by the one for all.
. "$(dirname -- "$0")/lib.sh"
if grep -q __asan_init "$BIN/genhook-apixo"; then
	pass "not under AddressSanitizer, whose flags the copy would not have"
	finish
fi
tree=$WORK/tree
mkdir "$tree"
chmod 0711 "$tree"
cp -a Makefile VERSION archive batch bench cli common deploy examples handlers lib \
    lighttpd man net server sql tests thumb web "$tree"
cp -a "$BIN/.." "$tree/build"

make_all()	{ make -s -j2 -C "$tree" BUILD=build "$@" >>"$WORK/make.out" 2>&1; }
check "make without a change" make_all all

# --- whom the Debian package names, by the line of docs/deploy.md
cp -a debian "$tree"
maintainer()	{ (cd "$tree" && eval "$1" >>"$WORK/make.out" 2>&1 && cat build/deb/genhook-*/debian/control build/deb/genhook-*/debian/changelog) | grep -o '^Maintainer: .*\|^ -- .*>' | xargs; }
line=$(grep -o 'make deb DEBFULLNAME=[^`]*' docs/deploy.md)
same "the package names who built it" 'Maintainer: Your Name <you@example.com> -- Your Name <you@example.com>' "$(maintainer "${line/deb/deb-tree}")"
same "an address is enough" 'Maintainer: you@example.com <you@example.com> -- you@example.com <you@example.com>' "$(maintainer 'make deb-tree DEBEMAIL=you@example.com')"
same "from the environment, too" 'Maintainer: I <i@example.com> -- I <i@example.com>' "$(maintainer 'DEBFULLNAME=I DEBEMAIL=i@example.com make deb-tree')"
like "else nobody" '^Maintainer: whoever built it from source <[a-z]*@genhook.invalid>' "$(maintainer 'make deb-tree')"

# --- the page's blocks, each a shell's
awk -v to="$WORK/block" '/^```$/ { within = !within; n += within; next } within { print >to n }' \
    docs/new-provider.md
typed()	{ (cd "$tree" && BUILD=build sh -e "$WORK/block$1") >"$WORK/typed" 2>&1; }
tests_passed()	{ awk '$1 == "tests" { print $4, $5 }' "$WORK/typed"; }
check "laid out, it is built and passes its test" typed 1
same "which has something to try" '6 0' "$(tests_passed)"
fails "of other bodies the test says so" typed 2
like "and in which" 'callback-completed.json' "$(cat "$WORK/typed")"
check "with the parser to them, it passes" typed 3
check "and with its addresses" typed 4
same "all of it" '6 0' "$(tests_passed)"
like "that block is the last to change something" '^make run ' "$(cat "$WORK/block5")"
for wrong in '' 9acme Acme ac-me web receiver parse acme a abcdefghijklmnopq; do
	fails "not \"$wrong\"" make_all new-provider NAME="$wrong"
done
same "it has one line" 1 "$(grep -c acme "$tree/handlers/registry.def")"
check "make with it" make_all all
check "make install" make_all install DESTDIR="$WORK/stage" PREFIX=/usr
check "installs its program" test -x "$WORK/stage/usr/lib/genhook/genhook-acme"
check "and that for all" test -x "$WORK/stage/usr/lib/genhook/genhook-hook"

# Who has an account is served, and nobody else.
printf 'database {\n conninfo = "x"\n}\nacme m { token = {"token-of-acme"} }\n' >"$WORK/one.conf"
chmod 0600 "$WORK/one.conf"
printed()	{ "$WORK/stage/usr/bin/genhook" --config "$1" lighttpd "${@:2}" 2>/dev/null; }
blocks()	{ printed "$@" | sed -nE 's,.*/hook/([a-z]+)\(/.*,\1,p' | xargs; }
all=$(sed -n 's/^PROVIDER(\(.*\))$/\1/p' "$tree/handlers/registry.def" | xargs)
for way in '' --cgi --single '--single --cgi'; do
	# shellcheck disable=SC2086 # words are wanted
	same "lighttpd $way: a block for its account, and for no other provider" acme "$(blocks "$WORK/one.conf" $way)"
	# shellcheck disable=SC2086 # words are wanted
	same "lighttpd $way: where the settings cannot be read, one for each" "$all" "$(blocks "$WORK/none.conf" $way)"
done
same "one program for all of them" 1 "$(printed "$WORK/none.conf" --single | grep -c '/hook(/(')"
like "names them" "/hook\(/\(${all// /\\|}\)" "$(printed "$WORK/none.conf" --single)"

# shellcheck disable=SC2034 # lib.sh uses it
TOP=$tree
BIN=$tree/build/bin
export BUILD=build
served()	# NAME: of this run
{
	local body=$tree/tests/fixtures/acme/callback-completed.json

	like "$1: its health" '^200 .*"status":"ok"' "$(healthz acme)"
	same "$1: its callback" '200 {"status":"accepted"}' "$(post "$(hook acme)" "$body")"
	same "$1: and again" '200 {"status":"duplicate"}' "$(post "$(hook acme)" "$body")"
	same "$1: one task of it" 'succeeded 2' "$(sql "select tasks.status || ' ' || count(url) from genhook.tasks
	    join genhook.outputs using (provider, task_id) where provider = 'acme' group by tasks.status")"
	like "$1: not for the neighbour's token" '^404 ' "$(post "$HOOK/acme/$GENHOOK_TOKEN_APIXO" "$body")"
	like "$1: the neighbour is served" '^200 ' "$(healthz apixo)"
	check "$1: the log names it" soon 60 grep -q ' acme "POST ' "$RUN_DIR/log/access.log"
}
run_start fastcgi
served FastCGI
run_stop
run_start single SINGLE=1
served "one program"
run_stop
run_start cgi CGI=1
served "plain CGI"
finish
