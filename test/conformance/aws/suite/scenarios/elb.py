"""Elastic Load Balancing: rules, weights, targets and rejected requests."""

import itertools

from . import scenario

HOST = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["checkout.example.com"]}}]
TAGS = [{"Key": "viridian.dev/uid", "Value": "6f1c"}]


def group(aws, name):
    outcome = aws.quiet(
        "elbv2:CreateTargetGroup", Name=name, Protocol="HTTP", Port=8080, VpcId=aws.things["vpc"], TargetType="ip",
        HealthCheckPath="/healthz", Matcher={"HttpCode": "200"},
    )
    return outcome.response["TargetGroups"][0]["TargetGroupArn"]


def forward(*weights, sticky=None):
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": w} for arn, w in weights]}
    if sticky is not None:
        config["TargetGroupStickinessConfig"] = {"Enabled": sticky > 0, **({"DurationSeconds": sticky} if sticky else {})}
    return [{"Type": "forward", "Order": 1, "ForwardConfig": config}]


def gone(arn):
    """The ARN of a resource of the same kind that doesn't exist."""
    return arn[:-4] + "0000"


@scenario
def reads(aws):
    t = aws.things
    aws.call("balancers", "elbv2:DescribeLoadBalancers", LoadBalancerArns=[t["balancer"]])
    aws.call("limits", "elbv2:DescribeAccountLimits")
    aws.call("listeners", "elbv2:DescribeListeners", ListenerArns=[t["listener"]])
    aws.call("listeners of balancer", "elbv2:DescribeListeners", LoadBalancerArn=t["balancer"])
    aws.call("missing balancer", "elbv2:DescribeLoadBalancers", LoadBalancerArns=[gone(t["balancer"])])
    aws.call("missing listener", "elbv2:DescribeListeners", ListenerArns=[gone(t["listener"])])
    aws.call("rules of missing listener", "elbv2:DescribeRules", ListenerArn=gone(t["listener"]))
    aws.call("tags of missing listener", "elbv2:DescribeTags", ResourceArns=[gone(t["listener"])])


@scenario
def rule(aws):
    """A rule as a rollout changes it."""
    t = aws.things
    old, new = group(aws, "rule-1"), group(aws, "rule-2")
    args = {"ListenerArn": t["listener"], "Conditions": HOST, "Priority": 100}
    made = aws.call("create", "elbv2:CreateRule", **args, Actions=forward((old, 1)), Tags=TAGS)
    arn = made["Rules"][0]["RuleArn"]
    aws.call("describe by listener", "elbv2:DescribeRules", ListenerArn=t["listener"])
    aws.call("describe by ARN", "elbv2:DescribeRules", RuleArns=[arn])
    aws.call("tags", "elbv2:DescribeTags", ResourceArns=[arn])
    for new_weight in (0, 10, 100):
        aws.call(f"weight {new_weight}", "elbv2:ModifyRule", RuleArn=arn, Actions=forward((old, 100 - new_weight), (new, new_weight)))
    aws.call("sticky", "elbv2:ModifyRule", RuleArn=arn, Actions=forward((old, 1), (new, 1), sticky=300))
    aws.call("not sticky", "elbv2:ModifyRule", RuleArn=arn, Actions=forward((new, 1), sticky=0))
    aws.call("weights as read", "elbv2:DescribeRules", RuleArns=[arn])
    aws.call("same priority", "elbv2:CreateRule", **args, Actions=forward((old, 1)))
    aws.call("group in use", "elbv2:DeleteTargetGroup", TargetGroupArn=new)
    aws.call("add tags", "elbv2:AddTags", ResourceArns=[arn], Tags=[{"Key": "a", "Value": "1"}, {"Key": "viridian.dev/uid", "Value": "77"}])
    aws.call("tags after", "elbv2:DescribeTags", ResourceArns=[arn])
    aws.call("remove tags", "elbv2:RemoveTags", ResourceArns=[arn], TagKeys=["a", "never-there"])
    aws.call("tags at last", "elbv2:DescribeTags", ResourceArns=[arn])
    aws.call("delete", "elbv2:DeleteRule", RuleArn=arn)
    aws.call("describe deleted", "elbv2:DescribeRules", RuleArns=[arn])
    aws.call("delete deleted", "elbv2:DeleteRule", RuleArn=arn)
    aws.call("modify deleted", "elbv2:ModifyRule", RuleArn=arn, Actions=forward((old, 1)))
    aws.call("tag deleted", "elbv2:AddTags", ResourceArns=[arn], Tags=TAGS)
    aws.call("untag deleted", "elbv2:RemoveTags", ResourceArns=[arn], TagKeys=["a"])
    aws.call("tags of deleted", "elbv2:DescribeTags", ResourceArns=[arn])
    for g in (old, new):
        aws.quiet("elbv2:DeleteTargetGroup", TargetGroupArn=g)


CONDITIONS = {
    "path": {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/v2/*"]}},
    "header": {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-viridian-revision", "Values": ["3"]}},
    "method": {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
    "query": {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "beta"}]}},
    "source": {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
    "old form": {"Field": "host-header", "Values": ["a.example.com"]},
}


@scenario
def conditions(aws):
    """Each kind of condition, written and read back."""
    g = group(aws, "conditions")
    for priority, (name, condition) in enumerate(CONDITIONS.items(), 200):
        made = aws.call(
            f"create {name}", "elbv2:CreateRule", ListenerArn=aws.things["listener"], Priority=priority,
            Conditions=[condition], Actions=forward((g, 1)),
        )
        if made:
            aws.call(f"read {name}", "elbv2:DescribeRules", RuleArns=[made["Rules"][0]["RuleArn"]])
            aws.quiet("elbv2:DeleteRule", RuleArn=made["Rules"][0]["RuleArn"])
    aws.quiet("elbv2:DeleteTargetGroup", TargetGroupArn=g)


@scenario
def refused(aws):
    t = aws.things
    g = group(aws, "refused")

    priority = itertools.count(300)

    def attempt(step, checked=True, **changes):
        args = {"ListenerArn": t["listener"], "Conditions": HOST, "Priority": next(priority), "Actions": forward((g, 1)), **changes}
        aws.call(step, "elbv2:CreateRule", checked=checked, **args)

    attempt("no listener", ListenerArn=gone(t["listener"]))
    attempt("no group", Actions=forward((gone(g), 1)))
    attempt("six groups", Actions=forward(*[(g, 1)] * 6))
    attempt("weight too large", Actions=forward((g, 1000)))
    attempt("weight negative", Actions=forward((g, -1)))
    attempt("priority 0", Priority=0, checked=False)
    attempt("priority too large", Priority=50_001, checked=False)
    attempt("no conditions", Conditions=[])
    attempt("no actions", Actions=[])
    attempt("six values", Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [f"{i}.example.com" for i in range(6)]}}])
    attempt("unknown field", Conditions=[{"Field": "moon-phase", "Values": ["full"]}])
    attempt("field without values", Conditions=[{"Field": "host-header"}])
    attempt("two path conditions", Conditions=[CONDITIONS["path"], CONDITIONS["path"]])
    attempt("unknown action", Actions=[{"Type": "drop"}])
    attempt("bad method", Conditions=[{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}])
    attempt("long path", Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/" + "a" * 128]}}])
    attempt("bad source", Conditions=[{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0"]}}])
    attempt("sticky too long", Actions=forward((g, 1), sticky=604_801))
    default = next(r for r in aws.quiet("elbv2:DescribeRules", ListenerArn=t["listener"]).response["Rules"] if r["IsDefault"])
    aws.call("delete default", "elbv2:DeleteRule", RuleArn=default["RuleArn"])
    aws.call("rules of nothing", "elbv2:DescribeRules")
    aws.call("rules both ways", "elbv2:DescribeRules", ListenerArn=t["listener"], RuleArns=[default["RuleArn"]])
    aws.quiet("elbv2:DeleteTargetGroup", TargetGroupArn=g)


@scenario
def targets(aws):
    t = aws.things
    g = group(aws, "targets")
    aws.call("groups", "elbv2:DescribeTargetGroups", TargetGroupArns=[g])
    aws.call("attributes", "elbv2:DescribeTargetGroupAttributes", TargetGroupArn=g)
    aws.call("health of none", "elbv2:DescribeTargetHealth", TargetGroupArn=g)
    aws.quiet("elbv2:RegisterTargets", TargetGroupArn=g, Targets=[{"Id": "10.0.0.9", "Port": 8080}])
    aws.call("health without listener", "elbv2:DescribeTargetHealth", TargetGroupArn=g)
    aws.call("health of missing group", "elbv2:DescribeTargetHealth", TargetGroupArn=gone(g))
    aws.call("missing group", "elbv2:DescribeTargetGroups", TargetGroupArns=[gone(g)])
    aws.call("missing name", "elbv2:DescribeTargetGroups", Names=["nope"])
    aws.call("same name", "elbv2:CreateTargetGroup", Name="targets", Protocol="HTTP", Port=9090, VpcId=t["vpc"], TargetType="ip")
    aws.call("name too long", "elbv2:CreateTargetGroup", Name="n" * 33, Protocol="HTTP", Port=80, VpcId=t["vpc"], TargetType="ip", checked=False)
    aws.call("name with dash", "elbv2:CreateTargetGroup", Name="-n", Protocol="HTTP", Port=80, VpcId=t["vpc"], TargetType="ip")
    aws.call("deregister", "elbv2:DeregisterTargets", TargetGroupArn=g, Targets=[{"Id": "10.0.0.9", "Port": 8080}])
    aws.call("delete", "elbv2:DeleteTargetGroup", TargetGroupArn=g)
    aws.call("delete again", "elbv2:DeleteTargetGroup", TargetGroupArn=g)
