#!/usr/bin/env bash
# Runs the crash points of test/simulation in as many processes as there are
# cores, and prints how many each story has.
#
#   hack/crash-points.sh <stride>
#
# With a stride of 15, every 15th point is run.
set -euo pipefail
cd "$(dirname "$0")/.."
stride=${1:?usage: hack/crash-points.sh <stride>}
processes=$(getconf _NPROCESSORS_ONLN)

temp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$temp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
go test -c -o "$temp/simulation" ./test/simulation

cd test/simulation
running=()
for ((i = 0; i < processes; i++)); do
	GOGC=400 GOMAXPROCS=1 GODEBUG=gcshrinkstackoff=1 "$temp/simulation" -test.v -test.run='^TestEveryCallFails$' -test.timeout=2h \
		-stride=$((stride * processes)) -offset=$((stride * i)) >"$temp/$i.log" 2>&1 &
	running+=($!)
done
failed=0
for i in "${!running[@]}"; do
	wait "${running[$i]}" || { failed=1; grep -v '^ *\(=== \|--- PASS\)' "$temp/$i.log"; }
done

# The lines that count look like: crash_test.go:175: <story> <count> points in <time>
sed -nE 's/^ *crash_test\.go:[0-9]+: (.*[^ ]) +([0-9]+) points( in .*)?$/\1\t\2/p' "$temp"/*.log | awk -F'\t' -v took=$SECONDS '
	$1 == "all" { all += $2; next }
	!($1 in points) { names[++n] = $1 }
	{ points[$1] += $2 }
	END {
		for (i = 1; i <= n; i++) printf "%-32s %5d points\n", names[i], points[names[i]]
		printf "%-32s %5d points in %d s\n", "all", all, took
	}'
exit $failed
