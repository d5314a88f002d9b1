#!/bin/sh
# Write the seeds of the fuzzers to folders of DIR: for fuzz_parse each
# provider's fixtures with the byte in front that chooses the provider, in the
# order of registry.def; for fuzz_media files, with the size of the pieces in
# front; for the others what they read.  tests/fuzz/corpus has what was found since.
set -eu
dir=${1:?usage: tests/fuzz/seeds.sh DIR}
for fuzzer in parse media gate spool head settings s3 embedded expiry; do
	mkdir -p "$dir/$fuzzer"
done
cp tests/fixtures/json/* tests/fixtures/novita/*.json "$dir/gate"
cp tests/fixtures/spool/* "$dir/spool"
# The byte of a number below 256; the shells count in octal.
# shellcheck disable=SC2059 # it is the format
byte()	{ printf "\\$(printf %03o "$1")"; }
n=0
for provider in $(sed -n 's/^PROVIDER(\(.*\))$/\1/p' handlers/registry.def); do
	find "tests/fixtures/$provider" -type f | sort | while read -r file; do
		{ byte "$n"; cat "$file"; } > \
		    "$dir/parse/$provider-$(basename "$file")"
	done
	n=$((n + 1))
done
for file in tests/fixtures/media/base.*; do
	{ printf '\100'; cat "$file"; } >"$dir/media/${file##*/}"
done
n=0
for begin in '\211PNG\r\n\032\n' GIF89a 'RIFF\020\0\0\0WEBPVP8 ' \
    'RIFF\020\0\0\0WAVEfmt ' '\0\0\0\040ftypavif' 'ID3\004\0\0\0\0' \
    'glTF\002\0\0\0\020\0\0\0' 'OggS\0\002' 'fLaC\0\0\0\042' \
    '\032\105\337\243\237\102\202\204webm' '%%PDF-1.7\n' 'PK\003\004' \
    '<!DOCTYPE html>' '<?xml version="1.0"?><!-- --><svg>' '{"error":1}' \
    'ply\nformat' '\377\376<\0h\0t\0m\0l\0>\0'; do
	# shellcheck disable=SC2059 # it is the format
	printf "\\001$begin" >"$dir/media/begin-$n"
	n=$((n + 1))
done

cp deploy/genhook.conf.example "$dir/settings"
printf 'database {\n\tconninfo = "dbname=x"\n}\nnovita default {\n\ttoken = {"tok-of-the-fuzzer"}\n}\n' \
    >"$dir/settings/least"
printf 'forward shop {\n\turl = "https://h/x"\n\tsecret = {"whsec_MDEyMzQ1Njc4OWFiY2RlZg=="}\n\ton = {"task.stored"}\n}\n' \
    >"$dir/settings/forward"
printf 'alert {\n\turl = "https://h/x"\n\tformat = "ntfy"\n}\nweb {\n\tsecret = "0123456789abcdef0123456789abcdef"\n}\n' \
    >"$dir/settings/alert"
n=0
for provider in $(sed -n 's/^PROVIDER(\(.*\))$/\1/p' handlers/registry.def); do
	for file in tests/fixtures/"$provider"/callback*; do
		[ -f "$file" ] || continue
		{
			byte "$n"
			printf 'REQUEST_METHOD=POST\nPATH_INFO=/tok-of-the-fuzzer\nCONTENT_LENGTH=%s\n' \
			    "$(wc -c <"$file")"
			printf 'REMOTE_ADDR=192.0.2.1\nHTTP_WEBHOOK_ID=e\nHTTP_WEBHOOK_TIMESTAMP=1764000000\n'
			printf 'HTTP_WEBHOOK_SIGNATURE=v3,%064d\n\n' 0
			cat "$file"
		} >"$dir/head/$provider-$(basename "$file")"
	done
	n=$((n + 1))
done
printf '"0123456789abcdef0123456789abcdef"\napplication/xml\n\n<Error><Code>NoSuchUpload</Code></Error>' >"$dir/s3/error"
printf 'W/"0123456789ABCDEF0123456789abcdef-2"\ntext/html\naws:kms\n<!doctype html>' >"$dir/s3/page"
printf '\n\n\n<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag><Size>8</Size></Part></ListPartsResult>' >"$dir/s3/parts"
printf '\n\n\n<Upload><Key>a/b</Key><UploadId>u</UploadId><Initiated>2026-11-21T20:00:00.000Z</Initiated></Upload>' >"$dir/s3/uploads"
printf 'data:image/jpeg;base64,%s' "$(base64 -w 0 tests/fixtures/media/base.jpg | head -c 1200)" >"$dir/embedded/uri"
base64 -w 0 tests/fixtures/media/base.jpg >"$dir/embedded/base64"
printf 'data:text/plain;charset=utf-8,%%41b%%20c' >"$dir/embedded/percent"
n=0
sed -n 's/.*"\(https:[^"]*\)".*/\1/p' tests/test_expiry.c | while read -r link; do
	printf '%s' "$link" >"$dir/expiry/$n"
	n=$((n + 1))
done
printf '2025-09-25T09:12:48.239112031Z' >"$dir/expiry/moment"
