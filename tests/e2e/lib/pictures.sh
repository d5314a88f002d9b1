# A day of an invented installation, for the pictures of docs/page.md: rows that
# the page shows, and files drawn by tests/browser/scenes.js.  Nothing sweeps.
# shellcheck shell=bash disable=SC2154

mkdir -p "$GENHOOK_ARCHIVE/scenes" "$PICTURES"
PICTURES=$(cd -- "$PICTURES" && pwd)
(cd "$WORK/browser" && node scenes.js "$GENHOOK_ARCHIVE/scenes") || { fail "scenes are drawn"; finish; }
psql -Xq -v ON_ERROR_STOP=1 -v archive="file://$GENHOOK_ARCHIVE/scenes" -f "$TOP/tests/e2e/lib/pictures.sql" ||
    { fail "the rows are taken"; finish; }
# Films have a small picture of their first frame.
while IFS='|' read -r provider id place; do
	psql -Xq -v ON_ERROR_STOP=1 <<-SQL
	insert into genhook.thumbs (provider, task_id, position, sha256, picture)
	select provider, task_id, position, sha256,
	    decode('$(base64 -w0 "${place#file://}")', 'base64') from genhook.outputs
	where provider = '$provider' and task_id = '$id';
	SQL
done < <(sql "select provider, task_id, location from genhook.outputs where kind = 'video' and status = 'stored'")
link=$("${GENHOOK[@]}" web login anna --act 2>/dev/null)
curl -sS --noproxy '*' -c "$WORK/jar" -o /dev/null -d "{\"code\":\"${link##*=}\"}" "${GENHOOK_WEB}api/session"
browser pictures "$GENHOOK_WEB" "$WORK/jar" "$PICTURES"
same "a picture of each" 19 "$(find "$PICTURES" -name '*.webp' | wc -l)"
check "of modest size together" test "$(cat "$PICTURES"/*.webp | wc -c)" -lt 1500000
finish
