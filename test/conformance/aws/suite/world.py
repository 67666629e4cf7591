"""Prepares both accounts in the same way with what the calls need."""

import io
import json
import sys
import time
import urllib.request
import zipfile

import servers

# IDs for a test without the network's API; moto requires that they exist.
NETWORK = {
    "vpc": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "group": "sg-0123456789abcdef0",
}
GOLDEN = servers.ROOT / "internal" / "template" / "testdata"


IMAGES = ["checkout:1.0", "checkout:2.0"]


def prepare(account, images=IMAGES):
    """A VPC, an application load balancer with a listener, an ECS cluster and
    images in ECR."""
    account.things = dict(NETWORK)
    if account.name == "moto":
        _moto_network(account)
        _moto_roles(account)
        _moto_images(account, images)
        _moto_hooks(account)
        secret = account.client("secretsmanager").create_secret(Name="checkout/db", SecretString='{"password": "swordfish"}')
        account.things["secret"] = secret["ARN"]
    t = account.things
    balancer = account.quiet(
        "elbv2:CreateLoadBalancer", Name="shop", Subnets=t["subnets"], SecurityGroups=[t["group"]], Type="application",
    ).response["LoadBalancers"][0]
    t["balancer"] = balancer["LoadBalancerArn"]
    t["listener"] = account.quiet(
        "elbv2:CreateListener", LoadBalancerArn=t["balancer"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    ).response["Listeners"][0]["ListenerArn"]
    # AWS, and the simulator, take minutes to provide the nodes.
    account.client("elbv2").get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[account.things["balancer"]], WaiterConfig={"Delay": 1, "MaxAttempts": 30},
    )
    account.quiet("ecs:CreateCluster", clusterName="shop")


def _moto_network(account):
    """moto checks that the VPC, the subnets and the group exist."""
    ec2 = account.client("ec2")
    t = account.things
    t["vpc"] = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [servers.REGION + z for z in "ab"]
    t["subnets"] = [
        ec2.create_subnet(VpcId=t["vpc"], CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for i, zone in enumerate(zones)
    ]
    t["group"] = ec2.create_security_group(GroupName="alb", Description="alb", VpcId=t["vpc"])["GroupId"]


def _moto_roles(account):
    """The roles of the samples' tasks, which the simulator has."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]}
    for name in ("catalog-execution", "checkout", "checkout-execution"):
        account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def _moto_images(account, images):
    """The simulator gets its images from flags."""
    ecr = account.client("ecr")
    for repository in sorted({i.split(":")[0] for i in images}):
        ecr.create_repository(repositoryName=repository)
    for n, image in enumerate(images):
        repository, tag = image.split(":")
        manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023, "digest": f"sha256:{n:064x}"},
            "layers": [],
        }
        ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)


def _moto_hooks(account):
    """A Lambda function and a state machine; neither runs any code."""
    config = json.dumps({"lambda": {"use_docker": False}}).encode()
    urllib.request.urlopen(urllib.request.Request(account.endpoint + "/moto-api/config", config, {"Content-Type": "application/json"})).close()
    trust = {"Version": "2012-10-17", "Statement": []}
    role = account.client("iam").create_role(RoleName="hooks", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("app.py", "def handler(event, context): return {}")
    account.client("lambda").create_function(
        FunctionName="check", Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": archive.getvalue()},
    )
    states = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    account.client("stepfunctions").create_state_machine(name="smoke", definition=json.dumps(states), roleArn=role)


def template(account, name="minimal", **changes):
    """A template that the controller builds, in this account's network."""
    text = (GOLDEN / f"{name}.golden.json").read_text()
    built = json.loads(text)
    r, t = built["Resources"], account.things
    r["SecurityGroup"]["Properties"]["VpcId"] = t["vpc"]
    for rule in r["SecurityGroup"]["Properties"].get("SecurityGroupIngress", []):
        rule["SourceSecurityGroupId"] = t["group"]
    vpc = r["Service"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    vpc["Subnets"] = t["subnets"]
    if "TargetGroup" in r:
        r["TargetGroup"]["Properties"]["VpcId"] = t["vpc"]
        r["TargetGroup"]["Properties"]["Name"] = changes.get("target_group", "checkout-1")
        r["PreviewRule"]["Properties"]["ListenerArn"] = t["listener"]
    return json.dumps(built)


def settled(account, stack):
    """Waits until CloudFormation is done with a stack."""
    for _ in range(300):
        outcome = account.quiet("cloudformation:DescribeStacks", StackName=stack)
        if outcome.code or not outcome.response["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
            return
        time.sleep(0.1)
    raise TimeoutError(f"{account.name}: stack {stack} does not settle")


def main(endpoint, images):
    """Prepares moto for a test in another language and prints what exists."""
    from client import Account

    account = Account("moto", endpoint)
    prepare(account, images)
    print(json.dumps(account.things))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
