#!/usr/bin/env bash
# Runs the tests of packages with the race detector, but for the simulation: its
# runs take ten times as long with it, and one goroutine after the other does
# nearly all of their work. A few seeds of it run with the detector.
#
#   TESTFLAGS=... hack/test.sh <package>...
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra flags <<<"${TESTFLAGS:-}"

packages=() simulation=()
for package in $(go list "$@"); do
	case $package in
	*/test/simulation) simulation+=("$package") ;;
	*) packages+=("$package") ;;
	esac
done

failed=0
if ((${#packages[@]})); then
	go test -race -timeout=45m ${flags[@]+"${flags[@]}"} "${packages[@]}" || failed=1
fi
if ((${#simulation[@]})); then
	go test -timeout=45m ${flags[@]+"${flags[@]}"} "${simulation[@]}" || failed=1
	go test -race -timeout=45m -run='^TestSeeds$' "${simulation[@]}" || failed=1
fi
exit $failed
