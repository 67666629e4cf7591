"""The same calls to moto and to awssim: what AWS's models say about awssim's
responses, and where the two differ."""

import contextlib
import re
import urllib.request

import pytest
import yaml

import client
import compare
import scenarios
import servers
import world

ROW = "AWS calls: awssim with moto, by boto3"
SCENARIOS = scenarios.load()
DIFFERENCES = servers.ROOT / "test" / "conformance" / "aws" / "differences.yaml"
decisions = compare.Decisions(yaml.safe_load(DIFFERENCES.read_text()))


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    with servers.moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@contextlib.contextmanager
def accounts(moto, directory):
    """Two new accounts, prepared in the same way."""
    urllib.request.urlopen(urllib.request.Request(moto + "/moto-api/reset", method="POST")).close()
    with servers.awssim(directory) as url:
        pair = client.Account("moto", moto), client.Account("awssim", url)
        for account in pair:
            world.prepare(account)
        yield pair


seen, operations = set(), set()

# The interfaces of internal/cloud/aws/sdk.go by boto3's name of the service.
INTERFACES = {
    "cloudFormationAPI": "cloudformation", "elbAPI": "elbv2", "ecsAPI": "ecs", "ecrAPI": "ecr",
    "cloudWatchAPI": "cloudwatch", "lambdaAPI": "lambda", "statesAPI": "stepfunctions", "stsAPI": "sts",
    "scalingAPI": "application-autoscaling", "ssmAPI": "ssm", "secretsAPI": "secretsmanager",
}

# What the controller asks before it creates a stack. Both answer by what each
# has of a network, which can't be compared.
ONLY_AWSSIM = {"ec2API", "iamAPI"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, moto, tmp_path, row):
    with accounts(moto, tmp_path) as (theirs, ours):
        for account in (theirs, ours):
            SCENARIOS[name](account)
    problems = []
    for step, outcome in ours.outcomes.items():
        row.count += 1
        operations.add(outcome.operation)
        problems += [f"{step}: {outcome.operation}{v}" for v in outcome.violations]
        if step not in theirs.outcomes:
            continue  # it needs something that moto lacks, such as a task
        for difference in compare.compare(f"{name}/{step}", theirs.outcomes[step], outcome):
            seen.add(difference)
            if decisions.explain(difference) is None:
                problems.append(f"{step}: {difference} is not in {DIFFERENCES.name} ({theirs.outcomes[step].message} | {outcome.message})")
    assert not problems, "\n" + "\n".join(problems)


@pytest.fixture
def all_ran(request):
    if any(f"[{name}]" not in " ".join(i.name for i in request.session.items) for name in SCENARIOS):
        pytest.skip("not all scenarios ran")


def test_every_operation_is_called(all_ran):
    """What the controller may call, as its interfaces to the SDK list it."""
    source = (servers.ROOT / "internal" / "cloud" / "aws" / "sdk.go").read_text()
    used = {
        f"{INTERFACES[name]}:{method}"
        for name, body in re.findall(r"^type (\w+) interface {\n(.*?)^}", source, re.M | re.S)
        if name not in ONLY_AWSSIM
        for method in re.findall(r"^\t(\w+)\(", body, re.M)
    }
    assert len(used) > 20
    assert not used - operations


def test_every_difference_is_there(row, all_ran):
    """Entries that no longer differ are removed from the list."""
    row.note = f"{len(SCENARIOS)} scenarios, {len(seen)} differences, decided in {len(decisions.entries)} entries of {DIFFERENCES.name}"
    assert not decisions.gone(), "\n" + "\n".join(decisions.gone())


@pytest.mark.parametrize("entry", decisions.entries, ids=lambda e: e["where"][0])
def test_decisions_are_decided(entry):
    assert entry["right"] in ("awssim", "moto", "either")
    assert entry["reason"] and entry["reference"].split("/")[1] == "latest"


@pytest.mark.parametrize("entry", decisions.entries, ids=lambda e: e["where"][0])
def test_awssim_is_right(entry):
    """Where moto is right, the simulator is fixed instead of listed."""
    assert entry["right"] != "moto", entry["where"]
