#!/bin/sh
# Format, vet, lint, generated files, layer rules, and that the program builds for every
# platform that it is made for. Needs Go alone.
set -eu
cd "$(dirname "$0")/.."
go="${GO:-go}"
failed=0
step() { echo "== $1" >&2; }
fail() { echo "FAILED: $1" >&2; failed=1; }

step "format"
unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || fail "gofmt would change:
$unformatted"

step "vet"
"$go" vet ./... || fail "vet"

step "lint"
bin="${TMPDIR:-/tmp}/poolkeeper-tools-$(id -u)"
mkdir -p "$bin"
# Built with the pinned versions of tools/go.mod; Go rebuilds only what has changed.
if (cd tools && "$go" build -o "$bin/golangci-lint" github.com/golangci/golangci-lint/v2/cmd/golangci-lint); then
	"$bin/golangci-lint" run ./... || fail "lint"
else
	fail "the linter does not build"
fi

step "generated files"
before=$(git status --porcelain; git diff | cksum)
"$go" generate ./...
[ "$before" = "$(git status --porcelain; git diff | cksum)" ] || fail "generated files are stale: run make generate"

step "modules"
"$go" mod tidy -diff || fail "go.mod is not tidy"

step "layers"
"$go" test -count=1 -run 'TestFloors|TestClockIsWiredIn' ./internal || fail "layers"

for target in linux/arm64 darwin/arm64 windows/amd64; do
	step "build $target"
	CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} "$go" build -o /dev/null ./cmd/poolkeeper || fail "build $target"
done
exit $failed
