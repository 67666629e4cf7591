"""The IAM policy in config/aws is exactly what recorded calls need.

Statements named Cfn… are for the calls that CloudFormation makes in the
controller's name when it creates and deletes a stack's resources. Those never
pass the controller's wire; config/aws/policy_test.go holds them to the types of
resources in the templates. iam:PassRole is among them: ECS asks for it when a
task definition with a role is registered.
"""

import json
import os
import re

import pytest

import sent
import servers
from test_templates import lint

ROW = "IAM policy, with recorded calls"
RECORD = os.environ.get("CONFORMANCE_WIRELOG", "")
AWS = servers.ROOT / "config" / "aws"

# Calls that have another name in IAM.
RENAMED = {"lambda:Invoke": "lambda:InvokeFunction"}
# IAM's prefix where it isn't the signing name.
PREFIXES = {"monitoring": "cloudwatch"}
# What tagging in a call needs in addition.
TAGGING = {
    "cloudformation:CreateStack": ("Tags", "cloudformation:TagResource"),
    "ecr:CreateRepository": ("tags", "ecr:TagResource"),
    "elasticloadbalancing:CreateRule": ("Tags", "elasticloadbalancing:AddTags"),
}
# What AWS needs besides, on behalf of the caller.
IMPLIED = {"ecr:DescribeImageScanFindings": {"inspector2:ListCoverage", "inspector2:ListFindings"}}
# What tests call to prepare an account; nothing in internal/cloud/aws can.
PREPARATION = re.compile(
    r"(elasticloadbalancing:(Create(Listener|LoadBalancer|TargetGroup)|DeleteTargetGroup|RegisterTargets)|ssm:(Put|Delete)Parameter)\Z"
)
# Allowed whatever policies say.
OPEN = {"sts:GetCallerIdentity"}
# Allowed by config/aws/policy-assume-role.json, for namespaces with a role.
ASSUME = "sts:AssumeRole"
# Needed by AssumeRole, without a separate call, if the caller's session has #
# transitive tags, as with EKS Pod Identity.
TAG_SESSION = "sts:TagSession"


def document(name):
    return json.loads((AWS / name).read_text())


def actions(statements):
    return {a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}


def needed(request):
    service, _, name = request.name.partition(":")
    action = f"{PREFIXES.get(service, service)}:{name}"
    member, also = TAGGING.get(action, ("", ""))
    tagging = {also} if member and request.params.get(member) else set()
    return {RENAMED.get(action, action)} | tagging | IMPLIED.get(action, set())


@pytest.mark.skipif(not RECORD, reason="CONFORMANCE_WIRELOG names no record")
def test_policy_is_what_calls_need(row):
    want = set()
    for request, _ in sent.load(RECORD):
        want |= {a for a in needed(request) if not PREPARATION.match(a)} - OPEN
    row.count = len(want)
    row.note = "both directions; CloudFormation's own calls by the templates' types"
    assert ASSUME in want
    assert actions(document("policy-assume-role.json")["Statement"]) == {ASSUME, TAG_SESSION}
    parts = "policy.json", "policy-scaling.json", "policy-configuration.json"
    whole = [s for part in parts for s in document(part)["Statement"]]
    own = [s for s in whole if not s["Sid"].startswith("Cfn")]
    assert actions(own) == want - {ASSUME}


@pytest.mark.parametrize("path", sorted(AWS.glob("policy*.json")), ids=lambda p: p.name)
def test_actions_exist(path, tmp_path):
    """cfn-lint knows the actions of all services and what a policy may contain."""
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(path.name)}}},
    }
    assert not lint(json.dumps(template), tmp_path)
