"""Secrets Manager: versions, staging labels, deletion."""

from . import scenario

FIRST, SECOND, THIRD = (c * 32 for c in "123")


@scenario
def versions(aws):
    arn = aws.call("create", "secretsmanager:CreateSecret", Name="shop/db", SecretString='{"password":"a"}', ClientRequestToken=FIRST).get("ARN", "none")
    aws.call("second", "secretsmanager:PutSecretValue", SecretId="shop/db", SecretString="b", ClientRequestToken=SECOND)
    aws.call("second again", "secretsmanager:PutSecretValue", SecretId="shop/db", SecretString="b", ClientRequestToken=SECOND)
    aws.call("describe", "secretsmanager:DescribeSecret", SecretId="shop/db")
    aws.call("by ARN", "secretsmanager:DescribeSecret", SecretId=arn)
    aws.call("by partial ARN", "secretsmanager:DescribeSecret", SecretId=arn[:-7])
    aws.call("versions", "secretsmanager:ListSecretVersionIds", SecretId="shop/db")
    aws.call("third", "secretsmanager:PutSecretValue", SecretId="shop/db", SecretString="c", ClientRequestToken=THIRD)
    aws.call("described without the deprecated one", "secretsmanager:DescribeSecret", SecretId="shop/db")
    aws.call("all versions", "secretsmanager:ListSecretVersionIds", SecretId="shop/db", IncludeDeprecated=True)
    aws.call("current", "secretsmanager:GetSecretValue", SecretId="shop/db")
    aws.call("previous", "secretsmanager:GetSecretValue", SecretId="shop/db", VersionStage="AWSPREVIOUS")
    aws.call("deprecated", "secretsmanager:GetSecretValue", SecretId="shop/db", VersionId=FIRST)
    aws.call(
        "back", "secretsmanager:UpdateSecretVersionStage", SecretId="shop/db", VersionStage="AWSCURRENT",
        MoveToVersionId=SECOND, RemoveFromVersionId=THIRD,
    )
    aws.call("described back", "secretsmanager:DescribeSecret", SecretId="shop/db")


@scenario
def deletion(aws):
    aws.call("create", "secretsmanager:CreateSecret", Name="shop/db", SecretString="a", ClientRequestToken=FIRST)
    aws.call("delete", "secretsmanager:DeleteSecret", SecretId="shop/db", RecoveryWindowInDays=7)
    aws.call("describe", "secretsmanager:DescribeSecret", SecretId="shop/db")
    aws.call("read", "secretsmanager:GetSecretValue", SecretId="shop/db")
    aws.call("create again", "secretsmanager:CreateSecret", Name="shop/db")
    aws.call("restore", "secretsmanager:RestoreSecret", SecretId="shop/db")
    aws.call("described again", "secretsmanager:DescribeSecret", SecretId="shop/db")


@scenario
def refused(aws):
    aws.call("create", "secretsmanager:CreateSecret", Name="shop/db", SecretString="a", ClientRequestToken=FIRST)
    aws.call("create taken", "secretsmanager:CreateSecret", Name="shop/db", SecretString="b", ClientRequestToken=SECOND)
    aws.call("name", "secretsmanager:CreateSecret", Name="a b", SecretString="b", ClientRequestToken=SECOND)
    aws.call("describe missing", "secretsmanager:DescribeSecret", SecretId="shop/none")
    aws.call("read missing", "secretsmanager:GetSecretValue", SecretId="shop/none")
    aws.call("missing stage", "secretsmanager:GetSecretValue", SecretId="shop/db", VersionStage="AWSPENDING")
    aws.call("missing version", "secretsmanager:GetSecretValue", SecretId="shop/db", VersionId=THIRD)
    aws.call("no value", "secretsmanager:PutSecretValue", SecretId="shop/db", ClientRequestToken=THIRD)
    aws.call("window", "secretsmanager:DeleteSecret", SecretId="shop/db", RecoveryWindowInDays=6)
    aws.call("window and none", "secretsmanager:DeleteSecret", SecretId="shop/db", RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    aws.call("no function", "secretsmanager:RotateSecret", SecretId="shop/db", ClientRequestToken=THIRD)
    aws.call("delete missing", "secretsmanager:DeleteSecret", SecretId="shop/none", RecoveryWindowInDays=7)
