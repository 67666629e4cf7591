"""CloudFormation templates, checked by cfn-lint: no error and no warning."""

import json
import os
from pathlib import Path

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.runner.cli import Runner

import servers

ROW = "CloudFormation templates, by cfn-lint"
GOLDEN = sorted((servers.ROOT / "internal" / "template" / "testdata").glob("*.golden.json"))
FUZZED = os.environ.get("CONFORMANCE_TEMPLATES", "")

# Rules that are ignored, each with the reason. There are none.
IGNORED = []


def lint_files(paths):
    """All errors and warnings, without informational ones."""
    arguments = ["--regions", servers.REGION, *(["--ignore-checks", *IGNORED] if IGNORED else []), "--template", *map(str, paths)]
    return [
        f"{Path(m.filename).name}: {m.rule.id} {'/'.join(map(str, m.path or []))}: {m.message}"
        for m in Runner(ConfigMixIn(arguments)).run()
    ]


def lint(text, directory):
    path = directory / "template.json"
    path.write_text(text)
    return lint_files([path])


def test_golden(row):
    row.count += len(GOLDEN)
    assert GOLDEN
    assert not lint_files(GOLDEN)


def test_judge_refuses(tmp_path):
    """The check must be able to fail."""
    built = json.loads(GOLDEN[0].read_text())
    built["Resources"]["TaskDefinition"]["Properties"]["Cpu"] = "300"
    built["Resources"]["Service"]["Properties"]["LaunchType"] = "MOON"
    assert len(lint(json.dumps(built), tmp_path)) >= 2


@pytest.mark.skipif(not FUZZED, reason="CONFORMANCE_TEMPLATES names no directory of built templates")
def test_random(row):
    paths = sorted(Path(FUZZED).glob("*.json"))
    row.count += len(paths)
    row.note = f"{len(GOLDEN)} golden, {len(paths)} of random specs that the API server admits"
    assert len(paths) >= 200
    problems = lint_files(paths)
    assert not problems, "\n" + "\n".join(problems[:30])
