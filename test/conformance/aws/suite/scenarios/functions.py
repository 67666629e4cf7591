"""AWS Lambda: functions that gates call."""

from . import scenario

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:"


@scenario
def invoke(aws):
    aws.call("by ARN", "lambda:Invoke", FunctionName=ARN + "check", InvocationType="RequestResponse", Payload=b'{"revision": 2}')
    aws.call("by name", "lambda:Invoke", FunctionName="check", Payload=b"{}")
    aws.call("without payload", "lambda:Invoke", FunctionName="check")
    aws.call("latest", "lambda:Invoke", FunctionName="check", Qualifier="$LATEST", Payload=b"{}")
    aws.call("in the background", "lambda:Invoke", FunctionName="check", InvocationType="Event", Payload=b"{}")
    aws.call("dry run", "lambda:Invoke", FunctionName="check", InvocationType="DryRun", Payload=b"{}")


@scenario
def refused(aws):
    aws.call("missing", "lambda:Invoke", FunctionName=ARN + "nope", Payload=b"{}")
    aws.call("missing alias", "lambda:Invoke", FunctionName="check", Qualifier="nope", Payload=b"{}")
    aws.call("no JSON", "lambda:Invoke", FunctionName="check", Payload=b"{")
    aws.call("bad type", "lambda:Invoke", FunctionName="check", InvocationType="Maybe", Payload=b"{}")
