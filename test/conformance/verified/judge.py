"""Runs the tests and compares what came of each with verified.yaml.

    python judge.py <sources> [--print]

A test agrees with awssim if it passes. What else comes of it is listed in
verified.yaml, and the judgement fails on every change, for better or worse.
With --print, it prints what came of the tests, to write the list from.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[2] / "docs" / "conformance-aws.md"
AGREES, LACKS, DIFFERS = "agrees", "not simulated", "differs"


def run(sources, source):
    """The outcomes of a source's tests by name."""
    with tempfile.NamedTemporaryFile() as outcomes:
        env = {**os.environ, "VERIFIED_OUTCOMES": outcomes.name, "PYTHONPATH": os.pathsep.join([str(HERE), "localstack-core"])}
        args = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "--tb=no", "--no-header", *source["options"]]
        directory = sources / source["directory"]
        for selected in (source["tests"], source.get("unmarked")):
            if not selected:
                continue
            result = subprocess.run(args + selected, cwd=directory, env=env, capture_output=True, text=True)
            if result.returncode not in (0, 1):
                raise SystemExit(f"{directory}: pytest failed:\n{result.stdout[-5000:]}{result.stderr[-5000:]}")
        return _outcomes(Path(outcomes.name).read_text().splitlines())


def _outcomes(lines):
    found = {}
    for line in map(json.loads, lines):
        found.setdefault(line["test"], []).append(line)
    # What the authors skip on AWS says nothing.
    return {name: Outcome(reports) for name, reports in found.items() if reports[0]["outcome"] != "skipped"}


class Outcome:
    """What came of one test."""

    def __init__(self, reports):
        failed = [r for r in reports if r["outcome"] != "passed"]
        self.lacks = failed[0]["lacks"] if failed else []
        self.message = failed[0]["message"] if failed else ""
        self.result = DIFFERS if failed and not self.lacks else LACKS if failed else AGREES

    def __str__(self):
        return f"{self.result}{': ' if self.lacks else ''}{', '.join(self.lacks)}"


def expected(source):
    """What the list says of each test."""
    entries = {}
    for entry in source["outcomes"]:
        for name in entry["tests"]:
            if name in entries:
                raise SystemExit(f"{name} is listed twice")
            entries[name] = entry
    return entries


def compare(source, outcomes):
    """What differs from the list."""
    listed, problems = expected(source), []
    for name in sorted({*listed, *outcomes}):
        entry, outcome = listed.get(name), outcomes.get(name)
        if entry is None:
            problems.append(f"{name}: {outcome}, and isn't listed: {outcome.message}")
        elif outcome is None:
            problems.append(f"{name}: is listed, and there is no such test")
        elif (entry["result"], entry.get("lacks", [])) != (outcome.result, outcome.lacks):
            problems.append(f"{name}: {outcome}, listed as {entry['result']} {entry.get('lacks', '')}: {outcome.message}")
    for entry in source["outcomes"]:
        if entry["result"] == DIFFERS and not (entry.get("reason") and entry.get("reference")):
            problems.append(f"{entry['tests']}: a difference needs a reason and AWS's reference")
    return problems


def table(source):
    """The list as the documentation shows it, a row for each outcome."""
    rows = []
    for entry in source["outcomes"]:
        why = ", ".join(entry["lacks"]) if "lacks" in entry else entry.get("reason", "")
        if "reference" in entry:
            why += f" ([AWS](https://docs.aws.amazon.com/{entry['reference']}))"
        rows.append(f"| {', '.join(names(entry['tests']))} | {entry['result']} | {why} |")
    return rows


def names(tests):
    """Their names without directories, classes and parameters."""
    short = (f"{Path(name.split('::')[0]).stem}::{name.split('::')[-1].split('[')[0]}" for name in tests)
    return [f"{name} ({n})" if n > 1 else name for name, n in collections.Counter(short).items()]


def report(source, outcomes, problems):
    path = os.environ.get("CONFORMANCE_RESULTS")
    counts = collections.Counter(o.result for o in outcomes.values())
    note = ", ".join(f"{counts[r]} {r}" for r in (AGREES, LACKS, DIFFERS))
    line = "\t".join([source["row"], str(len(outcomes)), "failed" if problems else "ok", note])
    print(line.replace("\t", "  "))
    if path:
        with open(path, "a") as out:
            out.write(line + "\n")


def main():
    sources = Path(sys.argv[1])
    failed = False
    for source in yaml.safe_load((HERE / "verified.yaml").read_text()):
        outcomes = run(sources, source)
        if "--print" in sys.argv:
            for name, outcome in sorted(outcomes.items(), key=lambda o: (str(o[1]), o[0])):
                print(f"{outcome}\t{name}\t{outcome.message[:300]!r}")
            print("\n".join(table(source)))
        problems = compare(source, outcomes)
        documented = DOCS.read_text()
        problems += [f"{DOCS.name} lacks the row\n{row}" for row in table(source) if row not in documented]
        print("\n".join(problems), end="\n" if problems else "")
        report(source, outcomes, problems)
        failed = failed or bool(problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
