# shellcheck shell=bash disable=SC2034,SC2086
# Sourced: enters the lab's own namespaces. Nothing in there has a route out of this machine.

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_dir=$(cd "$lab_dir/../.." && pwd)
work_dir=/run/lab	# on the lab's own tmpfs

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# lab_flags - prints the unshare flags that work for this user; fails where none do.
# Root keeps its own user namespace (BPF needs that); the process namespace makes sure that
# nothing outlives the lab, however it ends.
lab_flags() {
	local common="--net --mount --pid --fork --kill-child --mount-proc"
	local user="--user --map-root-user"

	if [ "$(id -u)" = 0 ] && unshare $common true 2>/dev/null; then
		echo "$common"
	elif unshare $user $common true 2>/dev/null; then
		echo "$user $common"
	else
		return 1
	fi
}

# lab_enter LIFE_S ARG... - runs this script again with ARG... inside, for LIFE_S seconds at most.
# Returns inside the namespaces only; outside it exits with the script's status, or returns 1
# where there are no namespaces to be had.
lab_enter() {
	local life_s=$1 flags status=0
	shift

	if [ -n "${LAB_INSIDE:-}" ]; then
		lab_prepare
		return 0
	fi
	export TFOMAP=${TFOMAP:-tfomap} LAB_INSIDE=1
	[ "${TFOMAP#/}" != "$TFOMAP" ] || TFOMAP=$root_dir/$TFOMAP
	[ -x "$TFOMAP" ] || die "$TFOMAP: no such program (make builds it)"
	flags=$(lab_flags) || return 1
	timeout --foreground -s KILL "$life_s" unshare $flags "$0" "$@" || status=$?
	[ $status -ne 137 ] || echo "${0##*/}: stopped after $life_s s" >&2
	exit $status
}

# Names of network namespaces and all the lab's files live on a tmpfs of its own.
lab_prepare() {
	if [ "$(ip -o link | wc -l)" -ne 1 ] || [ -n "$(ip route)" ]; then
		die "not inside a fresh network namespace: nothing is started"
	fi
	mount -t tmpfs tmpfs /run
	mkdir -p "$work_dir"
	ip link set lo up
}
