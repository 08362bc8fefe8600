#!/bin/sh
# Builds the servers that tests run against, test/peers, and prints the directory that
# they are in. Go builds only what has changed; the first time takes some minutes.
set -eu
cd "$(dirname "$0")/../test/peers"
go="${GO:-go}"
bin="${TMPDIR:-/tmp}/poolkeeper-peers-$(id -u)"
mkdir -p "$bin"
export CGO_ENABLED=0
(cd issuer && "$go" build -trimpath -ldflags '-s -w' -o "$bin/issuer" .)
(cd store && "$go" build -trimpath -ldflags '-s -w' -o "$bin/weed" github.com/seaweedfs/seaweedfs/weed)
echo "$bin"
