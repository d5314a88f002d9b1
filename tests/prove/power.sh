#!/bin/bash
# Power cuts.  A whole genhook (database, spool, archive) runs on a file system in an
# image, and the image lies on XFS: at a random moment a reflink copy of it is made,
# which has what was flushed to the "disk" by then and nothing else.  genhook starts
# anew from the copy: what was acknowledged before the cut has to be there, and each
# stored row's file has to be whole.  Half of the cuts come while the database is
# away, so that it is the spool that is cut.  The controls do not sync: they have to
# lose something, or all of this would prove nothing.
#
# ROUNDS (4) of each file system and as many controls, FSES (ext4 xfs), SEED.
# Needs root, loop devices and mkfs.xfs: else it is passed over.
ROUNDS=${ROUNDS:-4}
FSES=${FSES:-ext4 xfs}
CONTROLS=${CONTROLS:-$ROUNDS}
SEED=${SEED:-$((EPOCHSECONDS % 30000))}
PATH=$PATH:/usr/sbin:/sbin
skip()	{ echo "SKIP: power cuts: $1"; echo "0 0"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "only root may mount"
command -v mkfs.xfs >/dev/null || skip "no mkfs.xfs (xfsprogs)"
[ -e /dev/loop-control ] || skip "no loop devices"
# A mount space of our own: whatever breaks off leaves no mounts behind.
if [ -z "${IN_MOUNTS:-}" ]; then
	unshare --mount true 2>/dev/null || skip "no mount namespaces"
	IN_MOUNTS=1 SEED=$SEED exec unshare --mount --propagation private "$0"
fi
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
echo "power: SEED=$SEED ROUNDS=$ROUNDS"
RANDOM=$SEED
OUTER=$WORK/outer
truncate -s 6G "$WORK/outer.img"
mkfs.xfs -q -m reflink=1 "$WORK/outer.img" || skip "mkfs.xfs fails"
mkdir "$OUTER" "$WORK/run"
mount -o loop "$WORK/outer.img" "$OUTER" || skip "no loop mounts here"

# The handlers with nothing synced, for the controls of the spool.
cc -shared -fPIC -O2 -o "$WORK/nosync.so" tests/prove/nosync.c
mkdir -p "$WORK/nosync/bin"
for program in "$BIN"/genhook*; do
	ln -s "$program" "$WORK/nosync/bin/"
done
for program in genhook-apimart genhook-sweep; do
	rm "$WORK/nosync/bin/$program"
	printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$WORK/nosync.so" "$BIN/$program" >"$WORK/nosync/bin/$program"
	chmod 755 "$WORK/nosync/bin/$program"
done

disk_mount()	{ mount -o loop "$1" "$WORK/run" && chmod 0711 "$WORK/run"; }
disk_make()	# FS
{
	rm -f "$OUTER/disk.img"
	truncate -s 1500M "$OUTER/disk.img"
	case $1 in
	ext4)	mkfs.ext4 -q -F "$OUTER/disk.img" ;;
	xfs)	mkfs.xfs -q -f "$OUTER/disk.img" ;;
	esac && disk_mount "$OUTER/disk.img"
}
genhook_end()
{
	kill -TERM "$RUN_PID" 2>/dev/null
	wait "$RUN_PID" 2>/dev/null
	soon 60 umount "$WORK/run"
}
load_end()
{
	touch "$LOG/stop"
	wait "${LOAD[@]}" 2>/dev/null
}

# The outputs of these tasks are files.
orders()
{
	local n

	for ((n = 0; n < 40; n++)); do
		[ ! -e "$LOG/stop" ] || break
		submit apimart flux >/dev/null
	done
}
sweeps()	{ until [ -e "$LOG/stop" ]; do "$SWEEP" --config "$GENHOOK_CONF" >>"$LOG/sweep.out" 2>&1; sleep 0.5; done; }

# power_cut FS HOW CONTROL: one round; sets ACKED, MISSING and BROKEN (files).
power_cut()
{
	local build=${BUILD:-build}

	LOG=$WORK/load
	rm -rf "$LOG"
	mkdir "$LOG"
	SWEEP=$BIN/genhook-sweep
	if [ "$3" = control ]; then
		build=$WORK/nosync
		SWEEP=$build/bin/genhook-sweep
	fi
	disk_make "$1" || { fail "a disk of $1"; return 1; }
	run_start run SIMULATOR="$SIMULATOR" BUILD="$build"
	# shellcheck source=/dev/null
	. "$RUN_DIR/secrets"
	if [ "$3" = control ]; then
		super "alter system set fsync = off" && super "select pg_reload_conf()" >/dev/null
	fi
	sync -f "$WORK/run"
	[ "$2" != spool ] || database stop
	python3 tests/prove/sender.py "$LOG" "$(hook apimart)" "$(hook wavespeed)" 150 "$RANDOM" &
	LOAD=($!)
	if [ "$2" = database ]; then
		orders 2>/dev/null &
		LOAD+=($!)
		sweeps 2>/dev/null &
		LOAD+=($!)
	fi
	soon 120 at_least 50 wc -l <"$LOG/acked"
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	# First what was acknowledged, then the cut.
	sort -u "$LOG/acked" >"$LOG/before" 2>/dev/null
	cp --reflink=always "$OUTER/disk.img" "$OUTER/snap.img"
	load_end
	genhook_end
	mv "$OUTER/snap.img" "$OUTER/disk.img"
	ACKED=$(wc -l <"$LOG/before")
	# A disk that cannot even be mounted, or a database that does not start, has
	# lost all.
	if ! disk_mount "$OUTER/disk.img" 2>/dev/null; then
		MISSING=$ACKED BROKEN=0
		return
	fi
	rm -f "$WORK/run/env"
	if ! soon_up; then
		MISSING=$ACKED BROKEN=0
		genhook_end
		return
	fi
	soon 120 drained
	MISSING=$(comm -23 "$LOG/before" <(sql "select task_id from genhook.tasks" | sort) | wc -l)
	FILES=$(our_files | wc -l)
	BROKEN=$(comm -3 <(our_files) <(disk_files 2>/dev/null) | grep -c '[^[:space:]]')
	genhook_end
}

# run_start() ends the script when it does not come up; here that is an outcome.
soon_up()
{
	RUN_PORT=$(free_port)
	env DEMO=0 SWEEP_EVERY=0 PORT="$RUN_PORT" RUN_DIR="$WORK/run" SIMULATOR="$SIMULATOR" \
	    "$TOP/deploy/run" >"$WORK/again.out" 2>&1 </dev/null &
	RUN_PID=$!
	RUNS+=("$RUN_PID")
	soon 60 test -s "$WORK/run/env" || return 1
	# shellcheck source=/dev/null
	. "$WORK/run/env"
	sql 'select 1' >/dev/null 2>&1
}

simulator_start --scale 0.05 --timeout-scale 1 --finish-ms 50:300
acked=0 lost=0 files=0
for fs in $FSES; do
	for ((round = 0; round < ROUNDS; round++)); do
		how=database
		[ $((round % 2)) -eq 0 ] || how=spool
		FILES=0
		power_cut "$fs" $how no || continue
		same "$fs, $how, round $round: of $ACKED acknowledged callbacks none is missing" 0 "$MISSING"
		same "$fs, $how, round $round: each of $FILES stored files is whole" 0 "$BROKEN"
		check "$fs, $how, round $round: something was acknowledged" test "$ACKED" -gt 20
		acked=$((acked + ACKED)) files=$((files + FILES))
	done
done
for ((round = 0; round < CONTROLS; round++)); do
	how=database
	[ $((round % 2)) -eq 0 ] || how=spool
	fs=$(xargs -n 1 <<<"$FSES" | sed -n "$((round / 2 % $(wc -w <<<"$FSES") + 1))p")
	power_cut "$fs" $how control || continue
	echo "control: $fs, $how: $MISSING of $ACKED missing, $BROKEN files"
	lost=$((lost + MISSING))
done
[ "$CONTROLS" -eq 0 ] || check "the controls, which do not sync, lose callbacks" test "$lost" -gt 0
echo "power: SEED=$SEED: $((ROUNDS * $(wc -w <<<"$FSES"))) cuts, $acked acknowledged, $files files; $CONTROLS controls lost $lost"
umount "$OUTER"
finish
