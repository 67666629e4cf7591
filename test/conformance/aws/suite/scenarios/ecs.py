"""Amazon ECS: services, their tasks and rejected requests."""

import time

from . import scenario

CLUSTER = "shop"


def definition(aws, family):
    return aws.quiet(
        "ecs:RegisterTaskDefinition", family=family, requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
        cpu="256", memory="512", executionRoleArn="arn:aws:iam::111122223333:role/execution",
        containerDefinitions=[{"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:1.0", "essential": True}],
    ).response["taskDefinition"]["taskDefinitionArn"]


def service(aws, step, name, **changes):
    network = {"awsvpcConfiguration": {"subnets": aws.things["subnets"], "securityGroups": [aws.things["group"]], "assignPublicIp": "ENABLED"}}
    args = {
        "cluster": CLUSTER, "serviceName": name, "desiredCount": 2, "launchType": "FARGATE", "networkConfiguration": network,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": False}, "maximumPercent": 200, "minimumHealthyPercent": 100,
        },
        "enableECSManagedTags": True, "propagateTags": "SERVICE", **changes,
    }
    return aws.call(step, "ecs:CreateService", **args)


def steady(aws, name):
    """Waits until the service's deployment is over."""
    for _ in range(200):
        found = aws.quiet("ecs:DescribeServices", cluster=CLUSTER, services=[name]).response.get("services", [])
        if not found or all(d.get("rolloutState") != "IN_PROGRESS" for d in found[0]["deployments"]):
            return
        time.sleep(0.1)


@scenario
def life(aws):
    d = definition(aws, "life")
    service(aws, "create", "life", taskDefinition=d)
    steady(aws, "life")
    aws.call("describe", "ecs:DescribeServices", cluster=CLUSTER, services=["life"])
    aws.call("describe with tags", "ecs:DescribeServices", cluster=CLUSTER, services=["life"], include=["TAGS"])
    listed = aws.call("list tasks", "ecs:ListTasks", cluster=CLUSTER, serviceName="life")
    if listed["taskArns"]:
        aws.call("tasks", "ecs:DescribeTasks", cluster=CLUSTER, tasks=listed["taskArns"])
    aws.call("list stopped", "ecs:ListTasks", cluster=CLUSTER, serviceName="life", desiredStatus="STOPPED")
    aws.call("scale", "ecs:UpdateService", cluster=CLUSTER, service="life", desiredCount=3)
    aws.call("same name", "ecs:CreateService", cluster=CLUSTER, serviceName="life", taskDefinition=d, desiredCount=1, launchType="FARGATE",
             networkConfiguration={"awsvpcConfiguration": {"subnets": aws.things["subnets"]}})
    aws.call("delete with tasks", "ecs:DeleteService", cluster=CLUSTER, service="life")
    aws.call("scale to nothing", "ecs:UpdateService", cluster=CLUSTER, service="life", desiredCount=0)
    aws.call("delete", "ecs:DeleteService", cluster=CLUSTER, service="life", force=True)


@scenario
def definitions(aws):
    aws.call(
        "register", "ecs:RegisterTaskDefinition", family="full", requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
        cpu="1024", memory="2048", executionRoleArn="arn:aws:iam::111122223333:role/execution",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[{
            "name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:1.0", "essential": True,
            "environment": [{"name": "A", "value": "1"}], "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
            "healthCheck": {"command": ["CMD", "true"], "interval": 15, "timeout": 4, "retries": 5, "startPeriod": 20},
            "stopTimeout": 90, "readonlyRootFilesystem": True,
        }],
    )
    aws.call("describe", "ecs:DescribeTaskDefinition", taskDefinition="full")
    aws.call("describe missing", "ecs:DescribeTaskDefinition", taskDefinition="nope:3")
    aws.call("deregister", "ecs:DeregisterTaskDefinition", taskDefinition="full:1")
    aws.call("deregister missing", "ecs:DeregisterTaskDefinition", taskDefinition="nope:3")


@scenario
def missing(aws):
    aws.call("service", "ecs:DescribeServices", cluster=CLUSTER, services=["nope"])
    aws.call("service of missing cluster", "ecs:DescribeServices", cluster="nope", services=["nope"])
    aws.call("tasks of missing cluster", "ecs:ListTasks", cluster="nope", serviceName="nope")
    aws.call("tasks of missing service", "ecs:ListTasks", cluster=CLUSTER, serviceName="nope")
    task = "arn:aws:ecs:eu-west-1:111122223333:task/shop/0123456789abcdef0123456789abcdef"
    aws.call("task", "ecs:DescribeTasks", cluster=CLUSTER, tasks=[task])
    aws.call("task of missing cluster", "ecs:DescribeTasks", cluster="nope", tasks=[task])
    aws.call("scale missing", "ecs:UpdateService", cluster=CLUSTER, service="nope", desiredCount=1)
    aws.call("scale in missing cluster", "ecs:UpdateService", cluster="nope", service="nope", desiredCount=1)
    aws.call("delete missing", "ecs:DeleteService", cluster=CLUSTER, service="nope")
    aws.call("cluster", "ecs:DescribeClusters", clusters=["nope"])
    aws.call("delete missing cluster", "ecs:DeleteCluster", cluster="nope")


@scenario
def refused(aws):
    d = definition(aws, "refused")
    aws.call("eleven services", "ecs:DescribeServices", cluster=CLUSTER, services=[f"s{i}" for i in range(11)])
    aws.call("no services", "ecs:DescribeServices", cluster=CLUSTER, services=[])
    aws.call("no tasks", "ecs:DescribeTasks", cluster=CLUSTER, tasks=[])
    aws.call("101 tasks", "ecs:DescribeTasks", cluster=CLUSTER, tasks=[f"{i:032x}" for i in range(101)])
    aws.call("bad status", "ecs:ListTasks", cluster=CLUSTER, desiredStatus="SLEEPING")
    service(aws, "no definition", "refused", taskDefinition="nope:1")
    service(aws, "no cluster", "refused", taskDefinition=d, cluster="nope")
    service(aws, "negative count", "refused", taskDefinition=d, desiredCount=-1)
    group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/nope/0123456789abcdef"
    service(aws, "no target group", "refused", taskDefinition=d, loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 80}])


@scenario
def clusters(aws):
    aws.call("create", "ecs:CreateCluster", clusterName="own")
    aws.call("create again", "ecs:CreateCluster", clusterName="own")
    aws.call("describe", "ecs:DescribeClusters", clusters=["own"])
    d = definition(aws, "busy")
    aws.quiet("ecs:CreateService", cluster="own", serviceName="busy", taskDefinition=d, desiredCount=1, launchType="FARGATE",
              networkConfiguration={"awsvpcConfiguration": {"subnets": aws.things["subnets"]}})
    aws.call("delete with service", "ecs:DeleteCluster", cluster="own")
    aws.quiet("ecs:DeleteService", cluster="own", service="busy", force=True)
