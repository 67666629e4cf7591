"""Amazon ECR: from tags to digests."""

from . import scenario


@scenario
def images(aws):
    found = aws.call("by tag", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{"imageTag": "1.0"}])
    digest = found["imageDetails"][0]["imageDigest"]
    aws.call("by digest", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{"imageDigest": digest}])
    aws.call("in registry", "ecr:DescribeImages", registryId="111122223333", repositoryName="checkout", imageIds=[{"imageTag": "1.0"}])
    aws.call("all", "ecr:DescribeImages", repositoryName="checkout")
    aws.call("manifest", "ecr:BatchGetImage", repositoryName="checkout", imageIds=[{"imageDigest": digest}])
    aws.call("repository", "ecr:DescribeRepositories", repositoryNames=["checkout"])
    aws.call("repositories", "ecr:DescribeRepositories")


@scenario
def missing(aws):
    aws.call("tag", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{"imageTag": "nope"}])
    aws.call("digest", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{"imageDigest": "sha256:" + "0" * 64}])
    aws.call("repository's tag", "ecr:DescribeImages", repositoryName="nope", imageIds=[{"imageTag": "1.0"}])
    aws.call("repository", "ecr:DescribeRepositories", repositoryNames=["nope"])


@scenario
def refused(aws):
    aws.call("neither tag nor digest", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{}])
    aws.call("bad digest", "ecr:DescribeImages", repositoryName="checkout", imageIds=[{"imageDigest": "md5:1"}])
    aws.call("bad name", "ecr:DescribeImages", repositoryName="Check Out", imageIds=[{"imageTag": "1.0"}])


@scenario
def repositories(aws):
    """As the controller creates them."""
    args = {
        "repositoryName": "shop/new", "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True},
        "tags": [{"Key": "viridian.dev/uid", "Value": "6f1c"}],
    }
    aws.call("create", "ecr:CreateRepository", **args)
    aws.call("create again", "ecr:CreateRepository", **args)
    aws.call("describe", "ecr:DescribeRepositories", repositoryNames=["shop/new"])
    aws.call("image of empty", "ecr:DescribeImages", repositoryName="shop/new", imageIds=[{"imageTag": "1.0"}])
    aws.call("bad name", "ecr:CreateRepository", repositoryName="Shop")


@scenario
def scans(aws):
    aws.call("never scanned", "ecr:DescribeImageScanFindings", repositoryName="checkout", imageId={"imageTag": "1.0"})
    aws.call("missing image", "ecr:DescribeImageScanFindings", repositoryName="checkout", imageId={"imageTag": "nope"})
    aws.call("missing repository", "ecr:DescribeImageScanFindings", repositoryName="nope", imageId={"imageTag": "1.0"})
