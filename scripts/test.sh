#!/bin/sh
# Installs what the tests need from Debian's packages and from npm, builds the servers that
# they run against, then runs them all with the race detector; or, with the word fault, runs
# the long faults, each with its figures. Elsewhere than on Debian, the tests whose peers are
# missing are skipped, unless CI is set: then a missing peer is a failure.
set -eu
cd "$(dirname "$0")/.."

as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
missing=""
need() { [ -e "$1" ] || missing="$missing $2"; }
need /usr/bin/aws awscli
need /usr/lib/python3/dist-packages/boto3 python3-boto3
need /usr/lib/python3/dist-packages/botocore python3-botocore
need /usr/bin/node nodejs
need /usr/bin/npm npm
need /usr/bin/chromium chromium
need /usr/share/doc/postgresql postgresql
need /usr/sbin/pgbouncer pgbouncer
need /usr/bin/gcc gcc
need /usr/include/stdlib.h libc6-dev
need /usr/bin/systemd-analyze systemd
need /usr/bin/script bsdutils
need /usr/bin/bash bash
need /usr/share/bash-completion/bash_completion bash-completion
need /usr/bin/zsh zsh
need /usr/bin/fish fish

if [ "${1:-}" = fault ]; then
	need /usr/bin/strace strace
	need /usr/bin/prlimit util-linux
	need /usr/bin/setpriv util-linux
	need /usr/sbin/mkfs.btrfs btrfs-progs
	need /usr/sbin/mkfs.ext4 e2fsprogs
fi

if [ -n "$missing" ] && [ -x /usr/bin/apt-get ]; then
	echo "installing:$missing" >&2
	$as_root apt-get -qq update
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install -y --no-install-recommends $missing >&2
fi

if [ "${1:-}" = fault ]; then
	shift
	# Without the race detector: what is measured is the program as shipped.
	exec "${GO:-go}" test -count=1 -timeout 45m -v "$@" ./test/fault -long
fi

# The packages of the lock file. What was installed by the same one is left alone.
js=test/clients/testdata/js
if [ -x /usr/bin/npm ] && ! cmp -s $js/package-lock.json $js/node_modules/installed-lock.json 2>/dev/null; then
	echo "installing: npm ci in $js" >&2
	if (cd $js && /usr/bin/npm ci >&2); then
		cp $js/package-lock.json $js/node_modules/installed-lock.json
	fi
fi

if peers=$(sh scripts/peers.sh); then
	export POOLKEEPER_PEERS="$peers"
fi

# promtool alone, since the package would start a Prometheus.
tools="${TMPDIR:-/tmp}/poolkeeper-tools-$(id -u)"
if [ ! -x "$tools/usr/bin/promtool" ] && [ -x /usr/bin/apt-get ]; then
	echo "fetching: promtool" >&2
	mkdir -p "$tools/deb"
	[ -n "$missing" ] || $as_root apt-get -qq update
	(cd "$tools/deb" && apt-get -qq download prometheus >&2 && dpkg-deb -x prometheus_*.deb "$tools" && rm -f prometheus_*.deb)
fi
if [ -x "$tools/usr/bin/promtool" ]; then
	export POOLKEEPER_PROMTOOL="$tools/usr/bin/promtool"
fi

# The race detector needs cgo; the program itself is built without. No result is taken from
# the cache: some tests build the program themselves, and the cache does not see that.
export CGO_ENABLED=1
failed=0
"${GO:-go}" test -race -count=1 -timeout 30m "$@" ./... || failed=1

# All real clients once more, with a server that keeps everything in PostgreSQL.
echo "the clients again, on PostgreSQL:" >&2
POOLKEEPER_TEST_STORE=postgres "${GO:-go}" test -race -count=1 -timeout 30m "$@" ./test/clients || failed=1
exit $failed
