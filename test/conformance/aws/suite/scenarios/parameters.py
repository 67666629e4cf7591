"""The Parameter Store of Systems Manager: what configuration is frozen from."""

from . import scenario


def put(aws, step, name, value, kind="String", **changes):
    return aws.call(step, "ssm:PutParameter", **{"Name": name, "Value": value, "Type": kind, "Overwrite": True, **changes})


@scenario
def versions(aws):
    put(aws, "first", "/shop/features", "a")
    put(aws, "second", "/shop/features", "b")
    put(aws, "list", "/shop/hosts", "a,b", "StringList")
    put(aws, "secure", "/shop/key", "hush", "SecureString")
    aws.call("label", "ssm:LabelParameterVersion", Name="/shop/features", ParameterVersion=1, Labels=["good", "aws-bad"])
    for step, name in (("latest", ""), ("version", ":1"), ("labelled", ":good")):
        aws.call(step, "ssm:GetParameter", Name="/shop/features" + name)
    aws.call("encrypted", "ssm:GetParameters", Names=["/shop/key"])
    aws.call("decrypted", "ssm:GetParameters", Names=["/shop/key"], WithDecryption=True)
    aws.call("many", "ssm:GetParameters", Names=["/shop/hosts", "/shop/features", "/shop/features:1", "/shop/none"])
    aws.call("by ARN", "ssm:GetParameters", Names=["arn:aws:ssm:eu-west-1:111122223333:parameter/shop/features"])
    aws.call("history", "ssm:GetParameterHistory", Name="/shop/features")
    aws.call("tag", "ssm:AddTagsToResource", ResourceType="Parameter", ResourceId="/shop/features", Tags=[{"Key": "team", "Value": "shop"}])
    aws.call("tags", "ssm:ListTagsForResource", ResourceType="Parameter", ResourceId="/shop/features")
    aws.call("delete", "ssm:DeleteParameter", Name="/shop/features")
    aws.call("delete many", "ssm:DeleteParameters", Names=["/shop/hosts", "/shop/features"])


@scenario
def refused(aws):
    put(aws, "there", "/shop/there", "a")
    put(aws, "again", "/shop/there", "b", Overwrite=False)
    put(aws, "reserved", "/aws/shop", "a")
    put(aws, "prefix", "ssm-shop", "a")
    put(aws, "space", "/shop/a b", "a")
    put(aws, "long", "/shop/long", "x" * 4097)
    put(aws, "pattern", "/shop/number", "a", AllowedPattern=r"^\d+$")
    aws.call("missing", "ssm:GetParameter", Name="/shop/none")
    aws.call("missing version", "ssm:GetParameter", Name="/shop/there:7")
    aws.call("missing all", "ssm:GetParameters", Names=["/shop/none"])
    aws.call("too many", "ssm:GetParameters", Names=[f"/shop/{n}" for n in range(11)])
    aws.call("history of none", "ssm:GetParameterHistory", Name="/shop/none")
    aws.call("delete none", "ssm:DeleteParameter", Name="/shop/none")
