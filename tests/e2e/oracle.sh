#!/bin/bash
# The address guard beside ipaddr.js, which knows the special ranges by itself:
# on every border and on random addresses (LONG=1: a million).  Needs node and
# npm, and passes over itself without them.
. "$(dirname -- "$0")/lib.sh"

count=50000
[ -z "${LONG:-}" ] || count=1000000
cp -r "$TOP/tests/oracle" "$WORK/oracle"
if ! command -v node >/dev/null || ! (cd "$WORK/oracle" &&
    npm ci --no-audit --no-fund --loglevel=error >"$WORK/npm.out" 2>&1 </dev/null)
then
	echo "skipped: node or npm is not there, or ipaddr.js not to be had"
	finish
fi
check "the judge is built" "${CC:-cc}" -D_GNU_SOURCE -I"$TOP" -o "$WORK/judge" \
    "$TOP/tests/oracle/judge.c" "$TOP/net/address.c"
said=$(cd "$WORK/oracle" && node compare.js "$WORK/judge" "$count" "$RANDOM")
same "no difference but those that are meant" 0 "$?"
echo "$said"
check "many were compared" test "$(tail -n 1 <<<"$said" | cut -d ' ' -f 1)" -gt $((count / 2))

# The comparison itself can fail: a guard that forgot a range is found.
sed 's/{ { 169, 254 },/{ { 169, 253 },/' "$TOP/net/address.c" >"$WORK/address.c"
"${CC:-cc}" -D_GNU_SOURCE -I"$TOP" -o "$WORK/blind" "$TOP/tests/oracle/judge.c" "$WORK/address.c"
said=$(cd "$WORK/oracle" && node compare.js "$WORK/blind" 1000 1)
same "a guard without link-local is found out" 1 "$?"
like "by name" '169\.254\.0\.0: - here, linkLocal there' "$said"
finish
