#!/bin/sh
# Write the seeds of fuzz_parse to a folder: each provider's fixtures with the
# byte in front that chooses the provider, in the order of registry.def.
set -eu
dir=${1:?usage: tests/fuzz/seeds.sh DIR}
mkdir -p "$dir"
n=0
for provider in $(sed -n 's/^PROVIDER(\(.*\))$/\1/p' handlers/registry.def); do
	for file in tests/fixtures/"$provider"/*; do
		{ printf "\\00$n"; cat "$file"; } > \
		    "$dir/$provider-$(basename "$file")"
	done
	n=$((n + 1))
done
