#!/bin/bash
# Two sweeps on two hosts, which share a database and an archive: each output
# is fetched once, also when one of the hosts dies midway.  A host is a network
# namespace with a name of its own, tied to ours by a pair of virtual cables;
# ours, too, is made for this test, and nothing leaves the machine.
. "$(dirname -- "$0")/lib/network.sh"
. "$(dirname -- "$0")/lib/sweep.sh"
TASKS=100

# host NAME NUMBER: 10.9.NUMBER.2, which reaches us at 10.9.NUMBER.1.
declare -A HOST
host()
{
	rm -f "$WORK/host.$1"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net --uts sh -c 'hostname "$1" &&
	    : >"$2" && exec sleep infinity' - "$1" "$WORK/host.$1" &
	HOST[$1]=$!
	RUNS+=("${HOST[$1]}")
	soon 30 test -e "$WORK/host.$1"
	ip link add "to-$1" type veth peer name cable netns "${HOST[$1]}"
	ip address add "10.9.$2.1/24" dev "to-$1"
	ip link set "to-$1" up
	on "$1" ip address add "10.9.$2.2/24" dev cable
	on "$1" ip link set cable up
	on "$1" ip route add default via "10.9.$2.1"
}

# on HOST COMMAND...
on()
{
	local pid=${HOST[$1]}

	shift
	nsenter --net --uts --target "$pid" -- "$@"
}

sweep_on()	{ exec nsenter --net --uts --target "${HOST[$1]}" -- "$BIN/genhook-sweep" --config "$GENHOOK_CONF" >"$WORK/$1.out" 2>&1; }

host alpha 1
host beta 2
# shellcheck disable=SC2034 # lib.sh uses it
SIMULATOR_ADDRESS=10.9.1.1
world_start --scale 0.01 --timeout-scale 1 --finish-ms 50:200 \
    --file-bytes 1000000
sed -i 's/allow_private_networks.*/&\n\tdownloads_in_flight = 2/' "$GENHOOK_CONF"
same "a host is on its own" '10.9.1.2/24' "$(on alpha ip -o -4 address | awk '{ print $4 }')"
fails "and reaches nothing by its loopback" on beta \
    curl -s -m 2 --noproxy '*' -o "$WORK/loopback" "http://127.0.0.1:${SIMULATOR##*:}/control/health"

orders()	# so many pictures, and wait for their callbacks
{
	local i ordered=()

	for ((i = 0; i < TASKS; i++)); do
		submit apimart flux -H 'X-Simulate: none' >/dev/null &
		ordered+=($!)
	done
	wait "${ordered[@]}"
	soon 60 waiting "$TASKS"
}
waiting()	{ [ "$(sql "select count(*) from genhook.outputs where status = 'pending'")" -ge "$1" ]; }
stored()	{ [ "$(sql "select count(*) from genhook.outputs where status = 'stored'")" -ge "$1" ]; }
pending()	{ rows "select task_id from genhook.outputs where status = 'pending'"; }
# What was asked for more than once, as the simulator saw it.
asked_again()	{ ledger 'select(.event == "served") | .task_id' | uniq -d; }
holders()	{ [ "$(sql "select distinct split_part(lease_owner, ':', 1) from genhook.outputs where status = 'pending' and lease_owner is not null order by 1" | xargs)" = "$1" ]; }
shares()	{ sql "select host from genhook.sweeps where (counts ->> 'stored')::int >= 4 order by 1" | uniq | xargs; }

# --- both at once
# The origin stands still until both have begun: however fast the machine, the
# first has not done it all before the other comes.
check "pictures are due" orders
kill -STOP "$SIMULATOR_PID"
sweep_on alpha &
alpha=$!
sweep_on beta &
beta=$!
check "both have begun" soon 60 holders 'alpha beta'
kill -CONT "$SIMULATOR_PID"
wait "$alpha" "$beta"
check "every output is stored" stored "$TASKS"
same "both hosts had their share" 'alpha beta' "$(shares)"
same "nothing was asked for twice" '' "$(asked_again)"
world_check "two hosts"

# --- one dies
# The origin stands still until alpha is dead: however fast the machine, alpha
# has begun and has not ended.
check "more are due" orders
kill -STOP "$SIMULATOR_PID"
sweep_on alpha &
alpha=$!
sweep_on beta &
beta=$!
check "both are at work" soon 60 holders 'alpha beta'
kill -9 "$alpha"
wait "$alpha" 2>/dev/null
kill -CONT "$SIMULATOR_PID"
wait "$beta"
pending >"$WORK/left"
check "what the dead one held is left" test -s "$WORK/left"
same "under its name" 'alpha' \
    "$(sql "select distinct split_part(lease_owner, ':', 1) from genhook.outputs where status = 'pending'")"
sweep_on beta &
wait $!
same "as long as its lease lasts" "$(cat "$WORK/left")" "$(pending)"
same "and until then nothing is asked for twice" '' "$(asked_again)"
# Two minutes pass.
sql "update genhook.outputs set leased_until = leased_until - interval '120 s' where lease_owner is not null"
sweep_on beta &
wait $!
check "then the other takes over" stored $((2 * TASKS))
same "and asks again for nothing but that" '' \
    "$(comm -23 <(asked_again) "$WORK/left")"
same "once" '' "$(ledger 'select(.event == "served") | .task_id' | uniq -c | awk '$1 > 2')"
find "$GENHOOK_ARCHIVE" -name '.part*' -exec touch -d '2 days ago' {} +
sweep_on beta &
wait $!
world_check "the dead host"
finish
