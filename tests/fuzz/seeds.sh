#!/bin/sh
# Write the seeds of the fuzzers to folders of DIR: for fuzz_parse each
# provider's fixtures with the byte in front that chooses the provider, in the
# order of registry.def; for fuzz_media files, with the size of the pieces in
# front; for the others what they read.
set -eu
dir=${1:?usage: tests/fuzz/seeds.sh DIR}
mkdir -p "$dir/parse" "$dir/media" "$dir/gate" "$dir/spool"
cp tests/fixtures/json/* tests/fixtures/novita/*.json "$dir/gate"
cp tests/fixtures/spool/* "$dir/spool"
n=0
for provider in $(sed -n 's/^PROVIDER(\(.*\))$/\1/p' handlers/registry.def); do
	for file in tests/fixtures/"$provider"/*; do
		{ printf "\\00$n"; cat "$file"; } > \
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
