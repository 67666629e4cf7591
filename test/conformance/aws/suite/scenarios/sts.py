"""Security Token Service: the roles of namespaces."""

from . import scenario

ROLE = "arn:aws:iam::111122223333:role/viridian-shop"


@scenario
def roles(aws):
    aws.call("assume", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="viridian")
    aws.call("assume with ID", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="viridian", ExternalId="shop", DurationSeconds=900)
    aws.call("who", "sts:GetCallerIdentity")


@scenario
def refused(aws):
    aws.call("too short", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="viridian", DurationSeconds=899, checked=False)
    aws.call("too long", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="viridian", DurationSeconds=43_201)
    aws.call("no role", "sts:AssumeRole", RoleArn="viridian-shop-is-no-arn", RoleSessionName="viridian")
    aws.call("bad session", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="spaces are refused")
    aws.call("bad ID", "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="viridian", ExternalId="x", checked=False)
