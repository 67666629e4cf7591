#!/usr/bin/env bash
# Compares Viridian with third-party tools, and prints a table of what was
# compared.
#
#   test/conformance/run.sh [<part>...]
#
# A part is a directory here with an executable named run. It is called in the
# repository's root with CONFORMANCE_RESULTS, a file to which it appends one
# line for each comparison, its fields separated by tabs:
#
#   what was compared with what    how many    ok, failed or skipped    note
#
# What a part skips is shown and counted: nothing is omitted silently.
set -uo pipefail
cd "$(dirname "$0")/../.."

parts=("$@")
if [ ${#parts[@]} = 0 ]; then
	for run in test/conformance/*/run; do
		parts+=("$(basename "$(dirname "$run")")")
	done
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# row <part> <what> <how many> <result> <note>
row() {
	(IFS=$'\t'; echo "${*:2}") >>"$results/$1.tsv"
}

for part in "${parts[@]}"; do
	echo "==> conformance: $part"
	began=$SECONDS
	: >"$results/$part.tsv"
	CONFORMANCE_RESULTS=$results/$part.tsv "test/conformance/$part/run"
	code=$?
	echo "==> conformance: $part took $((SECONDS - began))s"
	if [ ! -s "$results/$part.tsv" ]; then
		row "$part" "the part itself" 0 failed "compared nothing, exit status $code"
	elif [ $code != 0 ] && ! cut -f3 "$results/$part.tsv" | grep -qx failed; then
		row "$part" "the part itself" 0 failed "exit status $code"
	fi
done

# The table, its columns as wide as they need, the note last.
echo
for part in "${parts[@]}"; do
	sed "s/^/$part\t/" "$results/$part.tsv"
done | awk -F'\t' '
	BEGIN { put("PART", "COMPARED", "COUNT", "RESULT", "NOTE") }
	{ put($1, $2, $3, $4, $5) }
	$4 == "ok" { ok++; next }
	$4 == "skipped" { skipped++; next }
	{ failed++ }
	function put(a, b, c, d, e) {
		n++; cell[n, 1] = a; cell[n, 2] = b; cell[n, 3] = c; cell[n, 4] = d; note[n] = e
		for (i = 1; i <= 4; i++) if (length(cell[n, i]) > wide[i]) wide[i] = length(cell[n, i])
	}
	END {
		for (r = 1; r <= n; r++)
			printf "%-*s  %-*s  %*s  %-*s  %s\n", wide[1], cell[r, 1], wide[2], cell[r, 2], \
				wide[3], cell[r, 3], wide[4], cell[r, 4], note[r]
		printf "\nconformance: %d passed, %d failed, %d skipped\n", ok, failed, skipped
		exit failed > 0
	}'
