# Debian machines on which nothing of ours was ever installed, made by debootstrap:
# for tests/fresh, tests/package, tests/bundle, tests/source, tests/container.  Needs root and debootstrap here; packages come
# from where this machine has its own.
# shellcheck shell=bash

# "URI RELEASE" of each source of this machine that is Debian's, as of suite $1.
root_sources()
{
	local here

	here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # for apt
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | sort -u |
	sed -n "s/ $here/ $1/p"
}

# root_make SUITE PACKAGES: one more machine, which is gone at the caller's end;
# sets ROOT.  ROOTS may name a folder with roots made earlier, which are copied.
root_make()
{
	local mirror

	ROOT=$(mktemp -d "${TMPDIR:-/tmp}/genhook-fresh.XXXXXX")
	trap 'rm -rf --one-file-system "$ROOT"' EXIT
	chmod 0755 "$ROOT"	# it is the root of every user there
	trap 'exit 1' INT TERM
	if [ -n "${ROOTS:-}" ] && [ -d "$ROOTS/root-$1" ]; then
		cp -a "$ROOTS/root-$1/." "$ROOT"
		return
	fi
	mirror=$(root_sources "$1" | sed -n "s/ $1\$//p" | head -n 1)
	debootstrap --variant=minbase --include="$2" \
	    "$1" "$ROOT" "$mirror" >"$ROOT.log" 2>&1 ||
		{ tail -n 20 "$ROOT.log" >&2; rm -f "$ROOT.log"; exit 1; }
	rm -f "$ROOT.log"
	root_sources "$1" | sed 's/^/deb /; s/$/ main/' >"$ROOT/etc/apt/sources.list"
	grep -ls '^Acquire' /etc/apt/apt.conf.d/* |
		xargs -r cp -t "$ROOT/etc/apt/apt.conf.d"
	cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc"
}

# What begins a command in the machine's network: nothing, until it has its own.
ROOT_NETWORK=()

# root_network: from here on the machine has a network of its own, in which nobody else
# is and which leads nowhere, so that its ports are free; what it installs has to be
# downloaded before.  The caller ends $ROOT_HOLDER, by whom the network lives.
root_network()
{
	local up

	up=$(mktemp -u "${TMPDIR:-/tmp}/genhook-network.XXXXXX")
	mkfifo "$up"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net sh -c 'ip link set lo up && echo up >"$1" && exec sleep infinity' sh "$up" &
	ROOT_HOLDER=$!
	read -r _ <"$up"
	rm -f "$up"
	ROOT_NETWORK=(nsenter --net="/proc/$ROOT_HOLDER/ns/net")
}

# root_download PACKAGES...: what installing each of them there will ask for.
root_download()
{
	local name

	for name in "$@"; do
		root_run /root apt-get -q install -y --download-only "$name" >"$ROOT/root/said" 2>&1 ||
		    { tail -n 20 "$ROOT/root/said" >&2; return 1; }
	done
}

# root_run FOLDER COMMAND...: there, as root.  Its mounts and processes are its
# own, and end with it.
root_run()
{
	# shellcheck disable=SC2016 # for the inner shells
	"${ROOT_NETWORK[@]}" unshare --mount --pid --fork --kill-child sh -c '
		root=$1; shift
		mount -t proc proc "$root/proc" &&
		mount --rbind /sys "$root/sys" &&
		mount --rbind /dev "$root/dev" &&
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		    HOME=/root sh -c "cd \"\$1\" && shift && exec \"\$@\"" sh "$@"' \
	    sh "$ROOT" "$@"
}
