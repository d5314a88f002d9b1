#!/bin/bash
# Small pictures: what the sweep makes of stored pictures and films, each in a process
# of its own; of bombs, cut and foreign files; in the folder and without libvips; and
# that a gallery of large pictures moves little.  Passes over what needs libvips or
# ffmpeg where they are not there.
. "$(dirname -- "$0")/lib.sh"
simulator_start
run_start run SIMULATOR="$SIMULATOR"
THUMB=$BIN/genhook-thumb
link=$("$BIN/genhook" --config "$GENHOOK_CONF" web login anna 2>/dev/null)
curl -sS --noproxy '*' -c "$WORK/jar" -o /dev/null -d "{\"code\":\"${link##*=}\"}" "${GENHOOK_WEB}api/session"
get()	{ curl -sS --noproxy '*' -m 30 -b "$WORK/jar" -D "$WORK/head" -o "$WORK/answer" -w '%{http_code}' "${GENHOOK_WEB}$1" "${@:2}"; }

# stored ID CONTENT-TYPE KIND FILE: a task whose output is that file.
stored()
{
	local file=$GENHOOK_ARCHIVE/novita/x/$1

	mkdir -p "${file%/*}"
	cp "$4" "$file"
	sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('novita', '$1', 'succeeded', now(), 'callback');
	    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	    values ('novita', '$1', 0, 'stored', '$3', 'https://127.0.0.1/x', 'file://$file', $(stat -c %s "$file"), '$(sha256sum <"$file" | cut -c1-64)', '$2', now())" >/dev/null
}
# made ID: what became of it.
made()	{ sql "select coalesce(case when picture is not null then 'made' end, 'none: ' || error, 'open') from genhook.thumbs where task_id = '$1'"; }

# --- without a library: nothing is made, nothing fails, nothing stays
same "without a type it says what it is" 2 "$(timeout 20 "$THUMB" >/dev/null 2>&1; echo $?)"
same "of no picture none is made" 1 "$(timeout 20 "$THUMB" text/html </dev/null >/dev/null 2>&1; echo $?)"
media=$TOP/tests/fixtures/media
timeout 30 "$THUMB" image/jpeg <"$media/base.jpg" >"$WORK/small" 2>"$WORK/said"
vips=$?
timeout 30 "$THUMB" video/mp4 <"$media/base.mp4" >"$WORK/frame" 2>"$WORK/said"
ffmpeg=$?
stored plain image/jpeg image "$media/base.jpg"
stored film video/mp4 video "$media/base.mp4"
stored page.html text/html file "$media/base.jpg"
sweep
same "what is neither picture nor film has none" "" "$(made page.html)"
if [ "$vips" -eq 3 ]; then
	same "without libvips there is none" "" "$(made plain)"
	echo "skipped: libvips is not there"
	finish
fi
same "a picture has a small one" made "$(made plain)"
sql "delete from genhook.thumbs where task_id = 'plain'"
flock "$GENHOOK_SPOOL/.thumbs.lock" "$BIN/genhook-sweep" >"$WORK/sweep.out" 2>&1
same "while another run is at it none makes any, and all else is done" "0 " "$? $(made plain)"
sweep
same "then it is made" made "$(made plain)"
if [ "$ffmpeg" -eq 3 ]; then
	same "without ffmpeg a film has none" "" "$(made film)"
else
	same "a film has its frame" made "$(made film)"
fi
same "it is sent" 200 "$(get thumb/novita/plain/0)"
same "as WebP" "RIFF WEBP" "$(head -c 4 "$WORK/answer") $(tail -c +9 "$WORK/answer" | head -c 4)"
same "by its type" image/webp "$(sed -n 's/^content-type: *//Ip' "$WORK/head" | tr -d '\r')"
tag=$(sed -n 's/^etag: *//Ip' "$WORK/head" | tr -d '\r')
same "and not again" 304 "$(get thumb/novita/plain/0 -H "If-None-Match: $tag")"
same "what has none is not found" 404 "$(get thumb/novita/page.html/0)"
same "nobody has it without a session" 401 "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "${GENHOOK_WEB}thumb/novita/plain/0")"
get "api/gallery" >/dev/null
same "the gallery says which has one" "false true" "$(jq -r '[.rows[] | select(.task_id == ("plain", "page.html")) | .thumb | tostring] | sort | join(" ")' "$WORK/answer")"

# --- another file in the same place is another picture
before=$(sql "select sha256 from genhook.thumbs where task_id = 'plain'")
{ cat "$media/base.jpg"; echo; } >"$GENHOOK_ARCHIVE/novita/x/plain"
sql "update genhook.outputs set sha256 = '$(sha256sum <"$GENHOOK_ARCHIVE/novita/x/plain" | cut -c1-64)', stored_at = now() where task_id = 'plain'" >/dev/null
same "a picture of the former file is not sent" 404 "$(get thumb/novita/plain/0)"
sweep
same "but one of the new" "made t" "$(made plain) $(sql "select sha256 <> '$before' from genhook.thumbs where task_id = 'plain'")"

# --- hostile files: an end in seconds, in little memory, with words
python3 - "$WORK" <<'EOF'
import struct, sys, zlib
def chunk(t, d): return struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
def png(w, h, interlace=0, rows=None):
    c = zlib.compressobj(9)
    row = b'\0' * (3 * w + 1)
    data = b''.join(c.compress(row) for _ in range(rows if rows is not None else h)) + c.flush()
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, interlace)) + chunk(b'IDAT', data) + chunk(b'IEND', b'')
def write(name, data): open(f'{sys.argv[1]}/{name}', 'wb').write(data)
write('bomb.png', png(60000, 60000, rows=200))
write('wide.png', png(9000, 9000, interlace=1, rows=9000))
small = png(64, 64)
write('polyglot.png', small[:-12] + chunk(b'tEXt', b'a\0<script>window.xss=1</script>') + small[-12:] + b'<html><script>window.xss=1</script>')
write('cut.png', small[:60])
write('words.png', b'\x89PNG\r\n\x1a\n' + b'\xff' * 5000)
write('svg.png', b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
write('list.mp4', b'#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')
write('concat.mp4', b"ffconcat version 1.0\nfile '/etc/passwd'\n")
write('magick.gif', b'push graphic-context\nfill "url(https://127.0.0.1/x)"\npop graphic-context\n')
write('text.avif', b'\0\0\0\x1cftypavif' + b'\0' * 200)
EOF
for f in bomb.png wide.png polyglot.png cut.png words.png svg.png; do stored "$f" image/png image "$WORK/$f"; done
stored magick.gif image/gif image "$WORK/magick.gif"
stored text.avif image/avif image "$WORK/text.avif"
stored list.mp4 video/mp4 video "$WORK/list.mp4"
stored concat.mp4 video/mp4 video "$WORK/concat.mp4"
stored gone image/png image "$WORK/polyglot.png"
rm "$GENHOOK_ARCHIVE/novita/x/gone"
stored link image/png image "$WORK/polyglot.png"
ln -sf "$WORK/polyglot.png" "$GENHOOK_ARCHIVE/novita/x/link"
sweep
like "a bomb of pixels is refused by its head" '^none: 60000 x 60000 are too many pixels' "$(made bomb.png)"
like "a picture of much memory has an end" '^(made|none: )' "$(made wide.png)"
same "a polyglot is but its picture" made "$(made polyglot.png)"
get thumb/novita/polyglot.png/0 >/dev/null
fails "without the rest of it" grep -aq script "$WORK/answer"
for f in words.png svg.png magick.gif text.avif gone link; do
	like "$f: there is none, and why" '^none: .' "$(made "$f")"
done
like "cut.png: it has an end" '^(made|none: )' "$(made cut.png)"
if [ "$ffmpeg" -ne 3 ]; then
	for f in list.mp4 concat.mp4; do
		like "$f: no other file is followed" '^none: .' "$(made "$f")"
	done
fi
n=$(sql "select count(*) from genhook.thumbs")
sweep
same "none is tried twice" "$n" "$(sql "select count(*) from genhook.thumbs where made_at < (select max(started) from genhook.sweeps)")"

# --- a gallery of large pictures
"$THUMB" image/jpeg <"$media/base.jpg" >/dev/null 2>&1
python3 - "$WORK/4k.png" <<'EOF'
import random, struct, sys, zlib
def chunk(t, d): return struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
random.seed(4)
w, h = 3840, 2160
noise = random.randbytes(3 * w)
c = zlib.compressobj(0)
data = b''.join(c.compress(b'\0' + noise[y % 97:] + noise[:y % 97]) for y in range(h)) + c.flush()
open(sys.argv[1], 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)) + chunk(b'IDAT', data) + chunk(b'IEND', b''))
EOF
stored large image/png image "$WORK/4k.png"
sweep
same "a picture of 25 MB has a small one" made "$(made large)"
get thumb/novita/large/0 >/dev/null
check "of less than 100 kB" test "$(stat -c %s "$WORK/answer")" -lt 100000

# --- as many are kept as the settings say; a claim that was left is made later
sql "delete from genhook.thumbs where task_id = 'plain'; insert into genhook.thumbs (provider, task_id, position, sha256, made_at)
    select provider, task_id, position, sha256, now() - interval '6 minutes' from genhook.outputs where task_id = 'plain'" >/dev/null
sweep
same "a claim of a sweep that died" made "$(made plain)"
sed -i 's/^web {/web {\n    thumbs = 2/' "$GENHOOK_CONF"
sweep
same "the newest stay" 2 "$(sql "select count(*) from genhook.thumbs")"
sql "delete from genhook.tasks where task_id = 'plain'" >/dev/null 2>&1 || sql "delete from genhook.outputs where task_id = 'plain'" >/dev/null
same "with the output the small one goes" "" "$(made plain)"
# --- outputs in a store: each is asked for once, and shown by a link of a minute
sed -i 's|thumbs = 2$|thumbs = 5000|' "$GENHOOK_CONF"
mkdir "$WORK/objects"
cp "$media/base.jpg" "$WORK/objects/picture.jpg"
python3 "$TOP/tests/e2e/lib/objects.py" "$WORK/objects" >"$WORK/objects.out" 2>&1 </dev/null &
RUNS+=("$!")
check "the store listens" soon 30 test -s "$WORK/objects/port"
sed -i 's|^\([[:space:]]*url = \)"file://[^"]*"|\1"s3://bucket/some"|' "$GENHOOK_CONF"
conf_set archive "s3_endpoint = \"http://127.0.0.1:$(cat "$WORK/objects/port")\""
conf_set archive 's3_access_key = "key"'
conf_set archive 's3_secret_key = "secret"'
conf_set archive "s3_staging_dir = \"$WORK/staging\""
handlers_restart
in_store()	# ID KEY
{
	sql "insert into genhook.tasks (provider, task_id, status, finished_at, source) values ('novita', '$1', 'succeeded', now(), 'callback');
	    insert into genhook.outputs (provider, task_id, position, status, kind, url, location, bytes, sha256, content_type, stored_at)
	    values ('novita', '$1', 0, 'stored', 'image', 'https://127.0.0.1/x', 's3://bucket/some/$2', 7, '$(sha256sum <<<"$2" | cut -c1-64)', 'image/jpeg', now())" >/dev/null
}
asked()	{ cut -d ' ' -f 1 "$WORK/objects/log" 2>/dev/null | grep jpg | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd ','; }
in_store in-store picture.jpg
in_store in-no-store gone.jpg
sweep
same "a picture in a store has a small one" made "$(made in-store)"
like "what the store has not got has none" '^none: .*404' "$(made in-no-store)"
sweep
same "each was asked for once" '1 gone.jpg,1 picture.jpg' "$(asked)"
in_store in-busy 503-a.jpg
in_store in-busier 503-b.jpg
sweep
same "a store that has trouble is asked once, and nothing is given up" '1 ' \
    "$(grep -c '^503' "$WORK/objects/log") $(sql "select string_agg(error, ' ') from genhook.thumbs where task_id like 'in-bus%'")"
sweep
same "by each run" 2 "$(grep -c '^503' "$WORK/objects/log")"
same "the file itself is elsewhere" 302 "$(get file/novita/in-store/0)"
link=$(sed -n 's/^location: *//Ip' "$WORK/head" | tr -d '\r')
like "by a link of a minute" "^http://127.0.0.1:[0-9]*/bucket/some/picture.jpg\?.*X-Amz-Expires=60&.*X-Amz-Signature=" "$link"
check "which leads to it" cmp -s <(curl -sS --noproxy '*' "$link") "$media/base.jpg"
finish
