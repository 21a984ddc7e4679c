#!/bin/sh
# Build Prism, Beam's portable test runner, of the version of Beam that requirements.lock names, as a Go module.
# An explicit step: nothing else in this project downloads it. Where Go cannot build it, this says so and exits 0,
# and the tests that need it are shown as skipped.
#
#   tools/fetch_prism.sh      prints the program's path
set -eu
cd "$(dirname "$0")/.."
beam=$(sed -n 's/^apache-beam==\([0-9.]*\).*/\1/p' requirements.lock)
prism=.cache/bin/prism

if [ -x "$prism" ] && go version -m "$prism" 2> /dev/null | grep -q "v$beam"; then
    echo "$prism"
    exit 0
fi
if ! command -v go > /dev/null; then
    echo "no Prism: Go is not installed" >&2
    exit 0
fi
mkdir -p .cache/bin
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if GOBIN=$PWD/.cache/bin go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$beam" > "$log" 2>&1; then
    echo "$prism"
else
    echo "no Prism: Go cannot build it" >&2
    tail -n 1 "$log" | cut -c 1-200 >&2
fi
