#!/bin/bash
# A fifth provider, in a copy of the tree, is one file and one line: built,
# installed, and served through lighttpd, as FastCGI and as plain CGI.
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
sed 's/apixo/mirror/g; s/APIXO/Mirror/g' handlers/apixo.c >"$tree/handlers/mirror.c"
echo 'PROVIDER(mirror)' >>"$tree/handlers/registry.def"
check "make with one file and one line more" make_all all
check "make install" make_all install DESTDIR="$WORK/stage" PREFIX=/usr
check "installs its program" test -x "$WORK/stage/usr/lib/genhook/genhook-mirror"

# Who has an account is served, and nobody else.
printf 'database {\n conninfo = "x"\n}\nmirror m { token = {"token-of-mirror"} }\n' >"$WORK/one.conf"
chmod 0600 "$WORK/one.conf"
blocks()	{ "$WORK/stage/usr/bin/genhook" --config "$1" lighttpd "${@:2}" 2>/dev/null | sed -nE 's,.*/hook/([a-z]+)\(/.*,\1,p' | xargs; }
same "a block for its account, and for no other provider" mirror "$(blocks "$WORK/one.conf")"
same "as plain CGI too" mirror "$(blocks "$WORK/one.conf" --cgi)"
same "where the settings cannot be read, one for each" "$(sed -n 's/^PROVIDER(\(.*\))$/\1/p' "$tree/handlers/registry.def" | xargs)" \
    "$(blocks "$WORK/none.conf")"

# shellcheck disable=SC2034 # lib.sh uses it
TOP=$tree
BIN=$tree/build/bin
export BUILD=build
served()	# NAME: of this run
{
	local body=$FIXTURES/apixo/callback-success.json

	like "$1: its health" '^200 .*"status":"ok"' "$(healthz mirror)"
	same "$1: its callback" '200 {"status":"accepted"}' "$(post "$(hook mirror)" "$body")"
	same "$1: and again" '200 {"status":"duplicate"}' "$(post "$(hook mirror)" "$body")"
	same "$1: one task of it" succeeded "$(sql "select status from genhook.tasks where provider = 'mirror'")"
	like "$1: not for the neighbour's token" '^404 ' "$(post "$HOOK/mirror/$GENHOOK_TOKEN_APIXO" "$body")"
	like "$1: the neighbour is served" '^200 ' "$(healthz apixo)"
	check "$1: the log names it" soon 60 grep -q ' mirror "POST ' "$RUN_DIR/log/access.log"
}
run_start fastcgi
served FastCGI
run_start cgi CGI=1
served "plain CGI"
finish
