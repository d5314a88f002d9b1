# For the first line of a script that wants a network of its own: begins the script
# anew in one, or ends it where this machine allows none.
# shellcheck shell=bash
if [ -z "${IN_NAMESPACE:-}" ]; then
	enter=(unshare --net)
	[ "$(id -u)" -eq 0 ] ||
	    enter=(unshare --user --map-current-user --keep-caps --net)
	if ! "${enter[@]}" ip link set lo up 2>/dev/null; then
		echo "SKIP: this machine allows no network namespaces"
		echo "0 0"
		exit 0
	fi
	IN_NAMESPACE=1 exec "${enter[@]}" "$0"
fi
ip link set lo up || exit 2
