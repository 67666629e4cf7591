#!/usr/bin/env bash
# Fails if formatting, a module file or a generated file is out of date, and says
# which and what to run.
#
#   hack/verify.sh <generated path>... -- <module directory>...
set -euo pipefail
cd "$(dirname "$0")/.."

generated=()
while [ "$1" != -- ]; do
	generated+=("$1")
	shift
done
shift
failed=

unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	echo "not formatted; run: gofmt -w" $unformatted
	failed=yes
fi

for module in "$@"; do
	if ! (cd "$module" && GOWORK=off go mod tidy -diff >/dev/null); then
		echo "$module/go.mod is out of date; run: cd $module && go mod tidy"
		failed=yes
	fi
done

make generate
if [ -n "$(git status --porcelain -- "${generated[@]}")" ]; then
	git status --short -- "${generated[@]}"
	git --no-pager diff -- "${generated[@]}"
	echo "generated files differ from what is committed; run: make generate, and commit"
	failed=yes
fi

[ -z "$failed" ] || exit 1
echo "formatting, modules and generated files are up to date"
