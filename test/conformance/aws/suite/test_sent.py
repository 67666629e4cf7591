"""The controller's recorded requests, checked against botocore's models."""

import os

import pytest

import sent

ROW = "Requests of the controller, by botocore's models"
RECORD = os.environ.get("CONFORMANCE_WIRELOG", "")


@pytest.mark.skipif(not RECORD, reason="CONFORMANCE_WIRELOG names no record")
def test_requests(row):
    problems, operations = set(), set()
    for request, times in sent.load(RECORD):
        row.count += times
        operations.add(request.name)
        problems |= {f"{request.name}: {p}" for p in request.problems}
    row.note = f"{len(operations)} operations"
    assert row.count, "nothing was recorded"
    assert not problems, "\n" + "\n".join(sorted(problems)[:50])


def test_judge_refuses():
    """The check must be able to fail."""
    import base64
    import urllib.parse

    form = {
        "Action": "CreateRule", "Version": "2015-12-01", "ListenerArn": "arn", "Priority": "0", "Nonsense": "1",
        "Actions.member.1.Type": "drop", "Tags.member.1.Key": "§",
    }
    call = {
        "Service": "elasticloadbalancing", "Method": "POST", "Path": "/", "Query": "", "Header": {},
        "Body": base64.b64encode(urllib.parse.urlencode(form).encode()).decode(),
    }
    found = "\n".join(sent.read(call).problems)
    for part in ("Nonsense", "Conditions", "drop", "Priority", "Key"):
        assert part in found, found
