"""A pytest plugin that runs tests written for AWS against awssim.

The tests stay as they are. Their clients get awssim as their endpoint for the
services that it simulates, and moto for all others, which prepare what the test
needs (a VPC, a role) and aren't judged. Each test has an account of its own.

What came of each test is appended to VERIFIED_OUTCOMES, a JSON object a line.
"""

import atexit
import contextlib
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "aws" / "suite"))
import servers  # noqa: E402

# awssim is faster than AWS, so the tests wait less.
SPEED = 100
_sleep = time.sleep
time.sleep = lambda seconds: _sleep(seconds / SPEED)

import botocore.session  # noqa: E402

ACCOUNT = "123456789012"
# What awssim simulates, by botocore's names.
JUDGED = {"cloudformation", "cloudwatch", "ecr", "ecs", "elbv2", "lambda", "logs", "stepfunctions", "sts"}

os.environ.update(servers.CREDENTIALS)
# Makes moto's tests call the endpoint instead of moto's mock.
os.environ["MOTO_TEST_ALLOW_AWS_REQUEST"] = "true"


class Accounts:
    """The servers of one test: awssim, once for each region, and moto."""

    def __init__(self):
        self._directory = tempfile.mkdtemp()
        self._moto = contextlib.ExitStack()
        self._ours = contextlib.ExitStack()
        self._others = None
        self._endpoints = {}
        self._ports = {}  # they stay, for clients that outlive a test
        atexit.register(self._moto.close)
        atexit.register(self._ours.close)

    def renew(self):
        """Ends what the test before has made. What had an account gets an empty
        one at the same address."""
        self._ours.close()
        regions = list(self._endpoints)
        self._endpoints.clear()
        for region in regions:
            self.endpoint("sts", region)
        if self._others:
            urllib.request.urlopen(urllib.request.Request(self._others + "/moto-api/reset", method="POST")).close()

    def endpoint(self, service, region):
        if service not in JUDGED:
            self._others = self._others or self._moto.enter_context(servers.moto(self._directory, account=ACCOUNT))
            return self._others
        if region not in self._endpoints:
            port = self._ports.setdefault(region, servers.free_port())
            # Late metrics would be later than the tests wait for them.
            server = servers.awssim(self._directory, "--metric-delay=-1s", "--any-network", account=ACCOUNT, region=region, speed=SPEED, port=port)
            self._endpoints[region] = self._ours.enter_context(server)
        return self._endpoints[region]


accounts = Accounts()
lacking = set()  # operations and types that the test needs and awssim lacks
create_client = botocore.session.Session.create_client


def create_judged_client(self, service_name, region_name=None, **kwargs):
    region = region_name or servers.CREDENTIALS["AWS_REGION"]
    kwargs["endpoint_url"] = accounts.endpoint(service_name, region)
    client = create_client(self, service_name, region_name=region, **kwargs)
    if service_name in JUDGED:
        client.meta.events.register("after-call", _note)
    return client


botocore.session.Session.create_client = create_judged_client


def _note(parsed, model, **_):
    """Notes what awssim says that it doesn't simulate."""
    error = parsed.get("Error", {})
    message = error.get("Message", "")
    if error.get("Code") in ("InvalidAction", "UnknownOperationException"):
        lacking.add(f"{model.service_model.service_name}:{model.name}")
    elif unknown := re.search(r"Unrecognized resource types: \[(.*)\]", message):
        lacking.update(re.split(r",\s*", unknown[1]))
    elif feature := re.search(r"(?:.*: )?([^:]+?)(?:,[^:]*| \(.*\))? (?:is|are) (?:not known or )?not simulated", message):
        lacking.add(feature[1])


def _cause(excinfo):
    """The first failure: what the test's cleanup raises afterwards hides it."""
    if excinfo is None:
        return ""
    error = excinfo.value
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"[:2000]


def pytest_runtest_setup(item):
    lacking.clear()
    accounts.renew()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.outcome != "passed":
        outcome = {
            "test": item.nodeid, "when": report.when, "outcome": report.outcome, "lacks": sorted(lacking),
            "message": _cause(call.excinfo),
        }
        with open(os.environ["VERIFIED_OUTCOMES"], "a") as out:
            out.write(json.dumps(outcome) + "\n")
    return report
