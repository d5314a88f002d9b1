# An S3 store for the tests: OpenStack Swift with its s3api, which checks
# signatures and sums, as one user on loopback and in $WORK/swift.
# shellcheck shell=bash disable=SC2034,SC2154
S3_KEY=test:tester
S3_SECRET=testing-secret-0123456789
S3_BUCKET=genhook-test
declare -A SWIFT_PORT SWIFT_PID

# One ring for each kind of server, with one device.  Swift's command for it
# would have to be started nine times.
swift_rings()
{
	/usr/bin/python3 - "$WORK/swift" "${SWIFT_PORT[account]}" \
	    "${SWIFT_PORT[container]}" "${SWIFT_PORT[object]}" <<-'PY'
	import sys
	from swift.common.ring import RingBuilder
	folder, ports = sys.argv[1], map(int, sys.argv[2:])
	for kind, port in zip(("account", "container", "object"), ports):
	    ring = RingBuilder(4, 1, 1)
	    ring.add_dev(dict(id=0, region=1, zone=1, weight=1, device="disk",
	                      ip="127.0.0.1", port=port, meta="",
	                      replication_ip="127.0.0.1", replication_port=port))
	    ring.rebalance()
	    ring.get_ring().save("%s/%s.ring.gz" % (folder, kind))
	PY
}

swift_common()	# KIND
{
	cat <<-END
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = ${SWIFT_PORT[$1]}
	user = $(id -un)
	swift_dir = $WORK/swift
	devices = $WORK/swift
	mount_check = false
	workers = 0
	fallocate_reserve = 0
	log_statsd_host =
	END
}

swift_proxy_conf()
{
	swift_common proxy
	cat <<-END
	[pipeline:main]
	pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth slo dlo proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	account_autocreate = true
	allow_account_management = true
	[filter:catch_errors]
	use = egg:swift#catch_errors
	[filter:gatekeeper]
	use = egg:swift#gatekeeper
	shunt_inbound_x_timestamp = false
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:${SWIFT_PORT[cache]}
	[filter:listing_formats]
	use = egg:swift#listing_formats
	[filter:s3api]
	use = egg:swift#s3api
	location = us-east-1
	[filter:tempauth]
	use = egg:swift#tempauth
	user_test_tester = $S3_SECRET .admin
	[filter:slo]
	use = egg:swift#slo
	[filter:dlo]
	use = egg:swift#dlo
	END
}

swift_storage_conf()	# KIND
{
	swift_common "$1"
	cat <<-END
	[pipeline:main]
	pipeline = $1-server
	[app:$1-server]
	use = egg:swift#$1
	END
}

swift_run()	# KIND
{
	"swift-$1-server" "$WORK/swift/$1.conf" -v \
	    >>"$WORK/swift/$1.out" 2>&1 </dev/null &
	SWIFT_PID[$1]=$!
	RUNS+=("$!")
}

# swift_stop KIND: it dies.
swift_stop()
{
	kill -KILL "${SWIFT_PID[$1]}"
	wait "${SWIFT_PID[$1]}" 2>/dev/null
}

# Does the proxy know us, and make a bucket?
swift_ready()
{
	SWIFT_TOKEN=$(curl -sS --noproxy '*' -m 5 -D - -o /dev/null \
	    -H "X-Auth-User: $S3_KEY" -H "X-Auth-Key: $S3_SECRET" \
	    "$S3_ENDPOINT/auth/v1.0" 2>>"$WORK/swift/curl.out" |
	    tr -d '\r' | sed -n 's/^X-Auth-Token: //p')
	[ -n "$SWIFT_TOKEN" ] && swift "$S3_BUCKET" -X PUT >/dev/null
}

# Ready, or never to be: a server whose port was taken meanwhile ends.
swift_settled()
{
	local pid

	for pid in "${SWIFT_PID[@]}"; do
		kill -0 "$pid" 2>/dev/null || return 0
	done
	swift_ready
}

# One try, on ports that are free now.
swift_try()
{
	local kind

	for kind in account container object proxy cache; do
		SWIFT_PORT[$kind]=$(free_port)
	done
	S3_ENDPOINT=http://127.0.0.1:${SWIFT_PORT[proxy]}
	swift_proxy_conf >"$WORK/swift/proxy.conf"
	for kind in account container object; do
		swift_storage_conf "$kind" >"$WORK/swift/$kind.conf"
	done
	swift_rings || return
	memcached -u "$(id -un)" -l 127.0.0.1 -p "${SWIFT_PORT[cache]}" -m 16 \
	    >>"$WORK/swift/cache.out" 2>&1 </dev/null &
	SWIFT_PID[cache]=$!
	RUNS+=("$!")
	for kind in account container object proxy; do
		swift_run "$kind"
	done
	soon 150 swift_settled && swift_ready
}

# swift_start: sets S3_ENDPOINT; the bucket is there and empty.
swift_start()
{
	local try kind

	mkdir -p "$WORK/swift/disk"
	printf '[swift-hash]\nswift_hash_path_suffix = tests\n' >"$WORK/swift/swift.conf"
	for try in 1 2 3; do
		swift_try && return
		for kind in "${!SWIFT_PID[@]}"; do
			swift_stop "$kind"
		done
	done
	tail -n 20 "$WORK"/swift/*.out
	fail "Swift starts"
	finish
}

# swift PATH [CURL OPTIONS...]: a request by Swift's own protocol, which has
# nothing to do with S3's; the path is below the account.
swift()
{
	local path=$1

	shift
	curl -sS --noproxy '*' -m 20 -f -H "X-Auth-Token: $SWIFT_TOKEN" "$@" \
	    "$S3_ENDPOINT/v1/AUTH_test/$path" 2>>"$WORK/swift/curl.out"
}

# The names of all objects, and of the parts of multipart uploads under way.
objects()	{ swift "$S3_BUCKET/"; }
segments()	{ swift "$S3_BUCKET+segments/"; }
