#!/bin/bash
# Past one machine, with the files of deploy/scale as docs/scale.md has them: three
# machines of PostgreSQL under Patroni and etcd, two front machines behind HAProxy, a
# sweep on each, outputs in a store.  Under load the leader's machine loses its power
# KILLS (5) times, and a front machine once: what was acknowledged is there, each once;
# each callback is answered 200 in 3 s, but for those that the dead machine had; files are
# fetched once but for those that somebody was at when a machine died.
#
# A machine is a set of namespaces (network, processes, mounts, host name) with a
# folder for its disk; without power all its processes are killed at once, and its
# cable is gone.  Needs root.  RATE (15) callbacks a second.
if [ -z "${IN_NAMESPACE:-}" ]; then
	if [ "$(id -u)" -ne 0 ] || ! unshare --net --mount --pid --fork true 2>/dev/null; then
		echo "SKIP: needs root and namespaces"
		echo "0 0"
		exit 0
	fi
	IN_NAMESPACE=1 exec unshare --net --mount --propagation private "$0"
fi
ip link set lo up || exit 2
. "$(dirname -- "$0")/../e2e/lib/sweep.sh"
. "$(dirname -- "$0")/../e2e/lib/swift.sh"
KILLS=${KILLS:-5} RATE=${RATE:-15} SEED=${SEED:-$((EPOCHSECONDS % 30000))}
SCALE=$TOP/deploy/scale
DATABASES_OF_ALL=(db1 db2 db3)
FRONTS=(front1 front2)
declare -A ADDRESS=([lb]=10.8.0.10 [db1]=10.8.0.11 [db2]=10.8.0.12 [db3]=10.8.0.13
    [front1]=10.8.0.21 [front2]=10.8.0.22) INIT=() OUTER=()
LOG=$WORK/log
mkdir "$LOG"
echo "scale: SEED=$SEED KILLS=$KILLS RATE=$RATE"
machines_end()
{
	local node

	for node in "${!INIT[@]}"; do
		kill -KILL "${INIT[$node]}" 2>/dev/null
	done
	sleep 0.5
}
eval "$(declare -f finish | sed '1s/finish/rest_ends/')"
finish()
{
	trap - EXIT
	machines_end
	[ "$FAILED" -eq 0 ] || tail -n 30 "$LOG"/*.patroni "$LOG"/*.etcd "$LOG"/*.sweep
	rest_ends
}

# --- passwords and tokens, and the files of deploy/scale with them
random()	{ od -An -v -tx1 -N 16 /dev/urandom | tr -d ' \n'; }
declare -A FILLED=([SUPERUSER_PASSWORD]=$(random) [REPLICATOR_PASSWORD]=$(random)
    [REWINDER_PASSWORD]=$(random) [GENHOOK_PASSWORD]=$(random)
    [BUCKET]=$S3_BUCKET [S3_ENDPOINT]=http://10.8.0.1:9000 [S3_ACCESS_KEY]=$S3_KEY
    [S3_SECRET_KEY]=$S3_SECRET)
# filled FILE NODE: the file as that machine has it.
filled()
{
	local script="s|@NAME@|$2|g; s|@ADDRESS@|${ADDRESS[$2]}|g" name

	for name in "${!FILLED[@]}"; do
		script+="; s|@$name@|${FILLED[$name]}|g"
	done
	# The log of a HAProxy without syslog.
	sed "$script; s|log /dev/log local0|log stdout format raw local0|" "$SCALE/$1"
}

# --- machines
ip link add bridge type bridge
ip address add 10.8.0.1/24 dev bridge
ip link set bridge up
mkdir "$WORK/usr-local"
umask 022
make -s -C "$TOP" install DESTDIR="$WORK/stage" BUILD="${BUILD:-build}" >"$WORK/install.out" 2>&1 || {
	cat "$WORK/install.out"
	fail "make install"
	finish
}

# A machine's disk: what it changes of /etc and /var/lib, and all of /run and /var/spool.
disk_make()	# NODE
{
	local disk=$WORK/$1

	mkdir -p "$disk"/{etc/default,etc/patroni,etc/haproxy,etc/genhook,etc.work,lib.work,var/spool/genhook} \
	    "$disk"/var/lib/{postgresql,etcd,genhook} "$disk"/run/{postgresql,genhook}
	chmod 0711 "$disk"
	chown postgres:postgres "$disk"/{var/lib/postgresql,run/postgresql}
	chown etcd:etcd "$disk/var/lib/etcd"
	filled etcd "$1" >"$disk/etc/default/etcd"
	filled patroni.yml "$1" >"$disk/etc/patroni/config.yml"
	chown postgres:postgres "$disk/etc/patroni/config.yml"
	chmod 0600 "$disk/etc/patroni/config.yml"
}

# power_on NODE
power_on()
{
	rm -f "$WORK/$1/run/up"
	# shellcheck disable=SC2016 # for the inner shell
	setsid unshare --net --uts --mount --pid --fork --kill-child --mount-proc bash -c '
		disk=$1
		hostname "$2" &&
		mount -t overlay overlay -o "lowerdir=/etc,upperdir=$disk/etc,workdir=$disk/etc.work" /etc &&
		mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$disk/var/lib,workdir=$disk/lib.work" /var/lib &&
		mount --bind "$disk/run" /run && mount --bind "$disk/var/spool" /var/spool &&
		mount --bind "$3/usr/local" /usr/local || exit
		# As after a start of a machine, no old number is in use.
		echo $((RANDOM + 1000)) >/proc/sys/kernel/ns_last_pid
		: >/run/up
		exec 3<> <(:)
		while :; do read -r -t 60 -u 3; done' - "$WORK/$1" "$1" "$WORK/stage" \
	    >>"$LOG/$1.init" 2>&1 </dev/null &
	OUTER[$1]=$!
	soon 30 test -e "$WORK/$1/run/up" || return 1
	INIT[$1]=$(children "${OUTER[$1]}")
	INIT[$1]=${INIT[$1]%% *}
	ip link add "to-$1" type veth peer name cable netns "${INIT[$1]}" &&
	ip link set "to-$1" master bridge up &&
	on "$1" ip link set lo up &&
	on "$1" ip address add "${ADDRESS[$1]}/24" dev cable &&
	on "$1" ip link set cable up
}

# power_off NODE: at once, and the cable first, so that nobody hears of it.
power_off()
{
	ip link del "to-$1"
	kill -KILL "${INIT[$1]}"
	wait "${OUTER[$1]}" 2>/dev/null
}

# What a program finds in its environment on a machine: nothing of ours.
CLEAN=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root)

# on NODE COMMAND...
on()
{
	local pid=${INIT[$1]}

	shift
	nsenter --all --target "$pid" -- env -i "${CLEAN[@]}" "$@"
}
# run NODE NAME COMMAND...: in the background, as its service manager would.
run()
{
	local node=$1 name=$2

	shift 2
	nsenter --all --target "${INIT[$node]}" -- env -i "${CLEAN[@]}" setsid "$@" \
	    >>"$LOG/$node.$name" 2>&1 </dev/null &
}
as()	{ echo setpriv "--reuid=$1" "--regid=$1" --init-groups; }

database_up()	# NODE
{
	# shellcheck disable=SC2046 # words are wanted
	run "$1" etcd bash -c 'set -a; . /etc/default/etcd; exec setpriv --reuid=etcd --regid=etcd --init-groups etcd'
	# shellcheck disable=SC2046 # words are wanted
	run "$1" patroni $(as postgres) env HOME=/var/lib/postgresql patroni /etc/patroni/config.yml
}

front_up()	# NODE
{
	run "$1" haproxy haproxy -db -f /etc/haproxy/haproxy.cfg
	run "$1" lighttpd lighttpd -D -f /etc/genhook/lighttpd.conf
	# shellcheck disable=SC2016 # for the inner shell
	run "$1" sweep bash -c 'while :; do genhook-sweep; sleep 1; done'
}

# --- questions
# Who leads, by Patroni's own word; nothing while nobody does.
leader()
{
	local node

	for node in "${DATABASES_OF_ALL[@]}"; do
		[ "$(curl -s -m 2 --noproxy '*' -o /dev/null -w '%{http_code}' \
		    "http://${ADDRESS[$node]}:8008/primary")" = 200 ] && echo "$node"
	done
}
# The members as Patroni has them: "ROLE STATE" each.
members()
{
	local node

	for node in "${DATABASES_OF_ALL[@]}"; do
		curl -s -m 2 --noproxy '*' "http://${ADDRESS[$node]}:8008/cluster" |
		    jq -r '.members[] | "\(.role) \(.state)"' 2>/dev/null | sort && return
	done
}
# A leader, a second one that has all it has, and a third.
whole()
{
	[ "$(members | awk '{ n[$1 == "leader" ? "leader" : $1]++ } $2 != "running" && $2 != "streaming" { bad++ }
	    END { print n["leader"] + 0, n["sync_standby"] + 0, n["replica"] + 0, bad + 0 }')" = '1 1 1 0' ]
}
some_leader()	{ [ -n "$(leader)" ]; }
new_leader()	{ local now; now=$(leader); [ -n "$now" ] && [ "$now" != "$1" ]; }
# Questions to whoever leads.
export PGHOST=10.8.0.11,10.8.0.12,10.8.0.13 PGPORT=5432 PGDATABASE=genhook PGUSER=genhook \
    PGPASSWORD=${FILLED[GENHOOK_PASSWORD]} PGTARGETSESSIONATTRS=read-write PGCONNECT_TIMEOUT=3
answers()	{ [ "$(sql 'select 1' 2>/dev/null)" = 1 ]; }

# --- the database
for node in "${DATABASES_OF_ALL[@]}"; do
	disk_make "$node"
	check "$node is up" power_on "$node"
	database_up "$node"
done
check "one of them leads" soon 300 some_leader
check "and is followed" soon 300 whole
echo "leader: $(leader)"
superuser()	{ PGUSER=postgres PGPASSWORD=${FILLED[SUPERUSER_PASSWORD]} PGDATABASE=${2:-postgres} sql "$1"; }
superuser "create role genhook login password '${FILLED[GENHOOK_PASSWORD]}'"
for role in receiver sweeper app reader operator; do
	superuser "create role genhook_$role admin genhook"
done
superuser "create database genhook owner genhook encoding 'UTF8' template template0"

# --- the store, the providers, the fronts
# The store listens to this machine's loopback alone.
swift_start
cat >"$WORK/store.cfg" <<END
defaults
	mode tcp
	timeout connect 2s
	timeout client 60s
	timeout server 60s
listen store
	bind 10.8.0.1:9000
	server swift ${S3_ENDPOINT#http://}
END
haproxy -db -f "$WORK/store.cfg" >"$LOG/store" 2>&1 &
RUNS+=("$!")
declare -A TOKEN=() KEY=()
for provider in "${PROVIDERS[@]}"; do
	TOKEN[$provider]=$(random) KEY[$provider]=$(random)
	declare "KEY_${provider^^}=${KEY[$provider]}"
done
GENHOOK_SECRET_WAVESPEED=whsec_$(random)$(random)
HOOK=http://${ADDRESS[lb]}/hook
hook()	{ echo "$HOOK/$1/${TOKEN[$1]}"; }
# shellcheck disable=SC2034 # lib.sh uses it
SIMULATOR_ADDRESS=10.8.0.1
keys=()
for provider in "${PROVIDERS[@]}"; do
	keys+=("--$provider-key" "${KEY[$provider]}")
done
simulator_start "${keys[@]}" --hostile --wavespeed-secret "$GENHOOK_SECRET_WAVESPEED" \
    --scale 0.05 --timeout-scale 1 --finish-ms 50:600 --seed "$SEED" --file-bytes 200000
front_settings()	# NODE
{
	filled genhook.conf "$1"
	echo 'sweep { allow_private_networks = yes max_seconds = 20 }'
	for provider in "${PROVIDERS[@]}"; do
		echo "$provider default { token = {\"${TOKEN[$provider]}\"} api_key = \"${KEY[$provider]}\""
		echo "api_base = \"$SIMULATOR/$provider\" poll_after = 20 poll_every_max = 60 polls_per_minute = 6000"
		[ "$provider" != wavespeed ] || echo "webhook_secret = {\"$GENHOOK_SECRET_WAVESPEED\"}"
		echo '}'
	done
}
for node in "${FRONTS[@]}"; do
	disk_make "$node"
	front_settings "$node" >"$WORK/$node/etc/genhook/genhook.conf"
	chmod 0600 "$WORK/$node/etc/genhook/genhook.conf"
	filled lighttpd.conf "$node" >"$WORK/$node/etc/genhook/lighttpd.conf"
	filled haproxy-database.cfg "$node" >"$WORK/$node/etc/haproxy/haproxy.cfg"
	mkdir -p "$WORK/$node/var/lib/genhook/lighttpd"/{log,upload,empty}
	check "$node is up" power_on "$node"
	run "$node" haproxy haproxy -db -f /etc/haproxy/haproxy.cfg
done
check "the schema is made by way of HAProxy" soon 60 on front1 genhook migrate
for node in "${FRONTS[@]}"; do
	run "$node" lighttpd lighttpd -D -f /etc/genhook/lighttpd.conf
	# shellcheck disable=SC2016 # for the inner shell
	run "$node" sweep bash -c 'while :; do genhook-sweep; sleep 1; done'
done
disk_make lb
filled haproxy-front.cfg lb >"$WORK/lb/etc/haproxy/haproxy.cfg"
check "the balancer is up" power_on lb
run lb haproxy haproxy -db -f /etc/haproxy/haproxy.cfg
served()	{ [[ $(healthz "$1") == 200* ]]; }
for provider in "${PROVIDERS[@]}"; do
	check "$provider is served" soon 120 served "$provider"
done

# --- load
python3 tests/prove/sender.py "$LOG" "$(hook apimart)" "$(hook wavespeed)" "$RATE" "$SEED" &
sender=$!
RUNS+=("$sender")
orderer()
{
	local i=0 provider model id

	until [ -e "$LOG/stop" ]; do
		provider=${PROVIDERS[i++ % 4]}
		model=flux
		[ "$provider" != wavespeed ] || model=vendor/flux
		id=$(submit "$provider" "$model") && echo "$provider $id $model" >>"$LOG/ordered"
		sleep 0.7
	done
}
orderer 2>/dev/null &
ordering=$!
acked()	{ sort -u "$LOG/acked" 2>/dev/null | wc -l; }
check "callbacks are taken" soon 60 at_least 50 acked

# --- the leader dies, again and again
: >"$LOG/failovers"
for ((kill = 1; kill <= KILLS; kill++)); do
	check "before kill $kill: all three are there" soon 600 whole
	old=$(leader | head -n 1)
	[ -n "$old" ] || { fail "somebody leads"; finish; }
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	before=$(acked)
	power_off "$old"
	began=$(now_ms)
	check "kill $kill: another one leads" soon 300 new_leader "$old"
	check "kill $kill: and answers" soon 180 answers
	took=$(($(now_ms) - began))
	echo "$took" >>"$LOG/failovers"
	echo "kill $kill: $old, then $(leader), after $took ms; $(($(acked) - before)) callbacks acknowledged meanwhile"
	check "kill $kill: $old comes back" power_on "$old"
	database_up "$old"
done
check "all three are there again" soon 600 whole

# --- a front machine dies
dead_from=$(date +%s%3N)
power_off front1
sleep 8
dead_to=$(date +%s%3N)
more=$(acked)
check "the other one takes all" soon 30 at_least $((more + RATE * 3)) acked
check "front1 comes back" power_on front1
front_up front1
back()	{ [[ $(curl -s -m 5 --noproxy '*' -o /dev/null -w '%{http_code}' "http://${ADDRESS[front1]}:8100/hook/novita/healthz") == 200 ]]; }
check "and serves" soon 60 back
sleep 3

# --- the end of it
touch "$LOG/stop"
wait "$sender" "$ordering"
check "the simulator has said all it will" soon 300 idle
while read -r provider id model; do
	register "$provider" "$id" "$model"
done <"$LOG/ordered"
ended()	{ [ "$(sql "select count(*) from (select from genhook.tasks where status = 'pending' union all select from genhook.outputs where status = 'pending') as w")" = 0 ]; }
hurry()	{ sql "update genhook.tasks set next_poll_at = now() where status = 'pending'; update genhook.outputs set next_attempt_at = now() where status = 'pending' and leased_until is null" >/dev/null; ended; }
check "all comes to an end" soon 400 hurry
spools()	{ [ "$(find "$WORK"/front?/var/spool/genhook -maxdepth 1 -name '*.delivery' | wc -l)" = 0 ]; }
check "the spools are empty" soon 60 spools

# --- the sets
sets()	{ sort -u "$LOG/$1" 2>/dev/null; }
sql "select task_id from genhook.tasks where task_id like 'storm-%'" | sort >"$LOG/stored"
same "nothing that was acknowledged is missing" '' "$(comm -23 <(sets acked) "$LOG/stored" | head -n 5)"
same "nothing is stored that was not sent" '' "$(comm -13 <(sets sent) "$LOG/stored" | head -n 5)"
same "each is accepted once" '' "$(sql "select task_id from genhook.deliveries where task_id like 'storm-%' and outcome = 'accepted' group by task_id having count(*) > 1 limit 5")"
same "no forgery was accepted" 0 "$(sql "select count(*) from genhook.deliveries where task_id like 'forged-%' and outcome <> 'unverified'")"
same_lines "no acknowledged callback of the providers is missing" '' "$(acked_and_missing)"

# What the balancer says of each callback: "ADDRESS fronts/SERVER STATUS BYTES bytes, MS ms, N retries, WHY".
awk '$2 ~ /^fronts\// && $5 == "bytes,"' "$LOG/lb.haproxy" >"$LOG/requests"
count=$(wc -l <"$LOG/requests")
wrong=$(awk '$3 != 200 && $3 != 401' "$LOG/requests" | grep -vc 'fronts/front1')
same "nothing was answered but 200 (and 401 to forgeries), but by the dead machine" 0 "$wrong"
refused=$(awk '$3 != 200 && $3 != 401' "$LOG/requests" | wc -l)
slow=$(awk '$3 == 200 && $6 + 0 > 3000' "$LOG/requests" | wc -l)
same_lines "all in 3 s, but those that had been with the dead machine" '' \
    "$(awk '$3 == 200 && $6 + 0 > 3000 && $8 + 0 == 0' "$LOG/requests")"
slowest=$(awk '$3 == 200 { print $6 + 0 }' "$LOG/requests" | sort -n | tail -n 1)

# --- files
sql "select provider || '/' || task_id || '/' || position || ' ' || bytes, location from genhook.outputs where status = 'stored'" |
    while IFS='|' read -r key location; do
	echo "$key $(swift "${location#s3://}" | sha256sum | cut -c -64)"
done | LC_ALL=C sort >"$LOG/objects"
same_lines "every file is in the store as it was sent" "$(true_files)" "$(cat "$LOG/objects")"
files=$(wc -l <"$LOG/objects")
ledger 'select(.event == "served") | "\(.provider)/\(.task_id)/\(.position)"' | uniq -c | awk '$1 > 1' >"$LOG/again"
again=$(awk '{ n += $1 - 1 } END { print n + 0 }' "$LOG/again")
check "fetched once, but for what was under way when a machine died: $again of $files" \
    test "$again" -le $(((KILLS + 1) * 32))
echo "scale: SEED=$SEED: $KILLS leaders lost their power, another led after $(sort -n "$LOG/failovers" | tr '\n' ' ')ms;" \
    "$(sets sent | wc -l) callbacks sent, $(acked) acknowledged, $(wc -l <"$LOG/stored") stored; $count requests," \
    "$refused refused (all by the dead front machine), slowest $slowest ms, $slow over 3 s;" \
    "$files files, $again fetched again; a front machine was dead for $((dead_to - dead_from)) ms"
finish
