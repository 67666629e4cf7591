#!/usr/bin/env bash
# Creates the Python environment of the conformance tests and prints its path.
#
#   test/conformance/aws/setup.sh
#
# It is kept outside the checkout under the hash of its requirements and the
# Python release, so it is created once per machine and not deleted by `git
# clean`.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
	echo "the conformance tests need python3 3.10 or newer with venv: set PYTHON" >&2
	exit 1
}
key=$( ("$python" -VV && cat "$here/requirements.txt") | git hash-object --stdin)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/viridian/python/${key:0:12}

if [ ! -e "$dir/complete" ]; then
	echo "installing moto, boto3 and cfn-lint (about 1 min, once)" >&2
	mkdir -p "$(dirname "$dir")"
	# A temporary directory until it is complete. Scripts in bin/ contain the
	# interpreter's path, so everything is run as `python -m`.
	temp=$(mktemp -d "$dir.XXXXXX")
	trap 'rm -rf "$temp"' EXIT
	"$python" -m venv "$temp"
	"$temp/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt" >&2
	"$temp/bin/python" -m pip check --disable-pip-version-check >&2
	touch "$temp/complete"
	mv -T "$temp" "$dir" 2>/dev/null || [ -e "$dir/complete" ]
fi
echo "$dir"
