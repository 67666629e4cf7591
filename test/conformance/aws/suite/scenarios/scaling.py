"""Application Auto Scaling: scalable targets of ECS services."""

import time

from . import scenario
from .ecs import CLUSTER, definition, service, steady

ECS = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


def settled():
    """Waits until a change isn't in progress any more."""
    time.sleep(0.1)


@scenario
def targets(aws):
    service(aws, "service", "scaled", taskDefinition=definition(aws, "scaled"))
    steady(aws, "scaled")
    app = {**ECS, "ResourceId": f"service/{CLUSTER}/scaled"}
    aws.call("register", "application-autoscaling:RegisterScalableTarget", MinCapacity=1, MaxCapacity=4, **app)
    settled()
    aws.call("describe", "application-autoscaling:DescribeScalableTargets", ResourceIds=[app["ResourceId"]], **ECS)
    aws.call(
        "suspend", "application-autoscaling:RegisterScalableTarget", **app,
        SuspendedState={"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False},
    )
    settled()
    aws.call("describe suspended", "application-autoscaling:DescribeScalableTargets", ResourceIds=[app["ResourceId"]], **ECS)
    aws.call("no such target", "application-autoscaling:DescribeScalableTargets", ResourceIds=[f"service/{CLUSTER}/nope"], **ECS)


@scenario
def refused(aws):
    nope = {**ECS, "ResourceId": f"service/{CLUSTER}/nope"}
    aws.call("no service", "application-autoscaling:RegisterScalableTarget", MinCapacity=1, MaxCapacity=4, **nope)
    aws.call("no bounds", "application-autoscaling:RegisterScalableTarget", **nope)
    aws.call("no ECS", "application-autoscaling:DescribeScalableTargets", ServiceNamespace="ecz")
