#!/bin/bash
# A short form of the kill storm of `make prove`.
STORM_S=${STORM_S:-12} exec "$(dirname -- "$0")/../prove/storm.sh"
