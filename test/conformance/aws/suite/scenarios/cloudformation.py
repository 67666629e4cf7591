"""CloudFormation: the life of a stack, and rejected requests."""

import zlib

import world

from . import scenario

TAGS = [{"Key": "viridian.dev/uid", "Value": "6f1c"}, {"Key": "viridian.dev/revision", "Value": "1"}]
PARAMETERS = [
    {"ParameterKey": "DesiredCount", "ParameterValue": "2"},
    {"ParameterKey": "PreviewPriority", "ParameterValue": "7"},
]


def create(aws, step, name, **params):
    # moto creates the rule before it finds the error, and keeps it.
    numbers = [PARAMETERS[0], {"ParameterKey": "PreviewPriority", "ParameterValue": str(zlib.crc32(step.encode()) % 50_000 + 1)}]
    args = {
        "StackName": name, "Parameters": numbers, "Tags": TAGS, "OnFailure": "ROLLBACK", "RetainExceptOnCreate": True,
        "ClientRequestToken": name + "-token", "EnableTerminationProtection": False, **params,
    }
    if "TemplateBody" not in args:
        args["TemplateBody"] = world.template(aws, target_group=name)
    return aws.call(step, "cloudformation:CreateStack", **args)


@scenario
def life(aws):
    stack = create(aws, "create", "life")["StackId"]
    world.settled(aws, stack)
    aws.call("describe", "cloudformation:DescribeStacks", StackName="life")
    aws.call("describe by ID", "cloudformation:DescribeStacks", StackName=stack)
    aws.call("events", "cloudformation:DescribeStackEvents", StackName=stack)
    if aws.name == "awssim":  # moto doesn't have the operation
        aws.call("failed events", "cloudformation:DescribeEvents", StackName=stack, Filters={"FailedEvents": True})
    aws.call("resources", "cloudformation:ListStackResources", StackName=stack)
    aws.call("list", "cloudformation:ListStacks", StackStatusFilter=["CREATE_COMPLETE"])
    aws.call("template", "cloudformation:GetTemplate", StackName=stack)
    aws.call("protect", "cloudformation:UpdateTerminationProtection", StackName=stack, EnableTerminationProtection=True)
    aws.call("delete protected", "cloudformation:DeleteStack", StackName=stack)
    aws.call("unprotect", "cloudformation:UpdateTerminationProtection", StackName=stack, EnableTerminationProtection=False)
    aws.call("delete", "cloudformation:DeleteStack", StackName=stack, ClientRequestToken="delete-life")
    world.settled(aws, stack)
    aws.call("describe deleted by name", "cloudformation:DescribeStacks", StackName="life")
    aws.call("describe deleted by ID", "cloudformation:DescribeStacks", StackName=stack)
    aws.call("events of deleted", "cloudformation:DescribeStackEvents", StackName=stack)
    aws.call("delete again", "cloudformation:DeleteStack", StackName=stack)


@scenario
def worker(aws):
    body = world.template(aws, "worker")
    create(aws, "create", "worker", TemplateBody=body, Parameters=PARAMETERS[:1])
    world.settled(aws, "worker")
    aws.call("describe", "cloudformation:DescribeStacks", StackName="worker")
    aws.call("resources", "cloudformation:ListStackResources", StackName="worker")
    aws.call("delete", "cloudformation:DeleteStack", StackName="worker")
    world.settled(aws, "worker")


@scenario
def refused(aws):
    create(aws, "first", "refused")
    create(aws, "same name", "refused", ClientRequestToken="another")
    create(aws, "bad name", "-refused", ClientRequestToken="x", checked=False)
    create(aws, "no template", "empty", TemplateBody="{}")
    create(aws, "not JSON", "broken", TemplateBody="{")
    create(aws, "parameter missing", "unnumbered", Parameters=PARAMETERS[:1], TemplateBody=world.template(aws, target_group="unnumbered"))
    create(aws, "parameter unknown", "overnumbered", Parameters=[*PARAMETERS, {"ParameterKey": "Nope", "ParameterValue": "1"}])
    create(aws, "parameter not a number", "misnumbered", Parameters=[PARAMETERS[0], {"ParameterKey": "PreviewPriority", "ParameterValue": "high"}])
    create(aws, "parameter too large", "overlarge", Parameters=[PARAMETERS[0], {"ParameterKey": "PreviewPriority", "ParameterValue": "50001"}])
    create(aws, "bad enum", "enum", OnFailure="NEVER", checked=False)
    create(aws, "too many tags", "tagged", Tags=[{"Key": f"k{i}", "Value": "v"} for i in range(51)])
    create(aws, "reserved tag", "reserved", Tags=[{"Key": "aws:mine", "Value": "v"}])
    create(aws, "too long", "long", TemplateBody=world.template(aws) + " " * 52_000)
    world.settled(aws, "refused")
    aws.quiet("cloudformation:DeleteStack", StackName="refused")
    world.settled(aws, "refused")


@scenario
def missing(aws):
    arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/nope/00000000-0000-0000-0000-000000000000"
    for name, stack in (("name", "nope"), ("ID", arn)):
        aws.call(f"describe missing {name}", "cloudformation:DescribeStacks", StackName=stack)
        aws.call(f"events of missing {name}", "cloudformation:DescribeStackEvents", StackName=stack)
        aws.call(f"resources of missing {name}", "cloudformation:ListStackResources", StackName=stack)
        aws.call(f"template of missing {name}", "cloudformation:GetTemplate", StackName=stack)
        aws.call(f"delete missing {name}", "cloudformation:DeleteStack", StackName=stack)
        aws.call(f"protect missing {name}", "cloudformation:UpdateTerminationProtection", StackName=stack, EnableTerminationProtection=True)
    aws.call("describe none", "cloudformation:DescribeStacks", StackName="", checked=False)


@scenario
def broken(aws):
    """Stacks whose resources can't be created."""
    import json

    t = json.loads(world.template(aws, target_group="broken"))
    t["Resources"]["PreviewRule"]["Properties"]["ListenerArn"] = aws.things["listener"][:-4] + "0000"
    create(aws, "no listener", "broken", TemplateBody=json.dumps(t))
    world.settled(aws, "broken")
    aws.call("describe", "cloudformation:DescribeStacks", StackName="broken")
    aws.call("events", "cloudformation:DescribeStackEvents", StackName="broken")
    aws.call("delete", "cloudformation:DeleteStack", StackName="broken")
    world.settled(aws, "broken")
