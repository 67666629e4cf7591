"""AWS Step Functions: executions that gates start."""

import time

from . import scenario

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:"


def over(aws, execution):
    """Waits until an execution is over; moto's may run for ever. One that was
    just started may not be visible yet."""
    for _ in range(20):
        described = aws.quiet("stepfunctions:DescribeExecution", executionArn=execution).response
        if described.get("status", "RUNNING") != "RUNNING":
            return
        time.sleep(0.05)


@scenario
def executions(aws):
    started = aws.call("start", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke", name="one", input='{"a": 1}')
    over(aws, started["executionArn"])
    aws.call("describe", "stepfunctions:DescribeExecution", executionArn=started["executionArn"])
    aws.call("same again", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke", name="one", input='{"a": 1}')
    aws.call("other input", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke", name="one", input='{"a": 2}')
    aws.call("no name", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke")


@scenario
def refused(aws):
    aws.call("missing machine", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "nope", name="one")
    aws.call("no ARN", "stepfunctions:StartExecution", stateMachineArn="smoke", name="one")
    aws.call("bad name", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke", name="a b")
    aws.call("no JSON", "stepfunctions:StartExecution", stateMachineArn=MACHINE + "smoke", name="two", input="{")
    missing = MACHINE.replace("stateMachine", "execution") + "smoke:nope"
    aws.call("missing execution", "stepfunctions:DescribeExecution", executionArn=missing)
    aws.call("no execution ARN", "stepfunctions:DescribeExecution", executionArn="nope")
