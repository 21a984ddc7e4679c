#!/bin/sh
# Fetch the jar that runs the flow on Flink: Beam's job server, of the version of Beam that requirements.lock names.
# An explicit step: nothing else in this project downloads it. Where Maven cannot provide it, this says so and exits 0,
# and the tests that need it are shown as skipped.
#
#   tools/fetch_flink_job_server.sh [FLINK_VERSION]      prints the jar's path
set -eu
cd "$(dirname "$0")/.."
flink=${1:-2.2}
beam=$(sed -n 's/^apache-beam==\([0-9.]*\).*/\1/p' requirements.lock)
artifact=beam-runners-flink-$flink-job-server
jar=.cache/jars/$artifact-$beam.jar

if [ -s "$jar" ]; then
    echo "$jar"
    exit 0
fi
if ! command -v mvn > /dev/null; then
    echo "no Flink job server: Maven (mvn) is not installed" >&2
    exit 0
fi
mkdir -p .cache/jars
log=$(mktemp)
trap 'rm -f "$log"' EXIT
coordinates=org.apache.beam:$artifact:$beam
if mvn -B -q -U dependency:get -Dartifact="$coordinates" -Dtransitive=false > "$log" 2>&1 &&
    mvn -B -q dependency:copy -Dartifact="$coordinates" -DoutputDirectory=.cache/jars > "$log" 2>&1 &&
    [ -s "$jar" ]; then
    echo "$jar"
else
    echo "no Flink job server: Maven cannot provide $coordinates" >&2
    sed -n 's/.*\[ERROR\] *//p' "$log" | head -n 1 | cut -c 1-300 >&2
fi
