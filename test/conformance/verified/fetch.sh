#!/usr/bin/env bash
# Downloads the tests in sources.txt and prints the directory that has them.
#
#   test/conformance/verified/fetch.sh <python>
#
# They come from PyPI as source archives, by version and hash, since the built
# packages have no tests. They are kept outside the checkout under the hash of
# sources.txt; nothing of them belongs in it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
key=$(git hash-object --stdin <"$here/sources.txt")
dir=${XDG_CACHE_HOME:-$HOME/.cache}/viridian/verified/${key:0:12}

if [ ! -e "$dir/complete" ]; then
	echo "downloading tests that were run against AWS (once)" >&2
	mkdir -p "$(dirname "$dir")"
	temp=$(mktemp -d "$dir.XXXXXX")
	trap 'rm -rf "$temp"' EXIT
	names=$(sed -n 's/^\([A-Za-z0-9-]*\)==.*/\1/p' "$here/sources.txt" | paste -sd,)
	"$1" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "$names" --require-hashes \
		-d "$temp" -r "$here/sources.txt" >&2
	for archive in "$temp"/*.tar.gz; do
		tar -xzf "$archive" -C "$temp"
		rm "$archive"
	done
	touch "$temp/complete"
	mv -T "$temp" "$dir" 2>/dev/null || [ -e "$dir/complete" ]
fi
echo "$dir"
