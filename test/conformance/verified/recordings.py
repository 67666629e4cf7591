"""A pytest plugin for LocalStack's tests, besides plugin.py.

Each compares responses with what AWS answered when it was recorded. The tests
import LocalStack, of which only the helpers are needed: of an import that isn't
there, and of LocalStack's services, there is a stand-in.
"""

import importlib.abc
import importlib.machinery
import os
import sys
import types

import plugin  # first, for it shortens the pauses
import botocore.session
import boto3  # noqa: F401
import localstack_snapshot.snapshots  # noqa: F401
import requests  # noqa: F401

# The tests' own way to say that they run on AWS. It makes them compare with the
# recordings and skips those which were only ever run on LocalStack.
os.environ["TEST_TARGET"] = "AWS_CLOUD"
REGION = "us-east-1"
os.environ.update(AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION)


class Kind(type):
    """The type of a stand-in: whatever attribute is asked for is another one."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Kind(name, (StandIn,), {})

    def __getitem__(cls, _):
        return cls

    def __or__(cls, _):
        return cls

    __ror__ = __or__


class StandIn(metaclass=Kind):
    """Something that nothing depends on: a decorator, a base class, a type."""

    def __init__(self, *_, **__):
        pass

    def __call__(self, *args, **_):
        return args[0] if args and callable(args[0]) else self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn()


class Module(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(StandIn, name)


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what LocalStack imports and isn't there, or isn't to be used."""

    def __init__(self, wanted):
        self.wanted = wanted

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if self.wanted(name) else None

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []


def _by_localstack(_):
    """Tells whether it is LocalStack or a test of its that imports. Others may
    find out by an import what they can do."""
    frame = sys._getframe(2)
    while frame and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("localstack", "tests")


sys.meta_path.insert(0, StandIns(lambda name: name.startswith("localstack.services")))
sys.meta_path.append(StandIns(_by_localstack))
sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "localstack-core")]

def as_recorded(parsed, model, **_):
    """Makes a response what it is in the query protocol, which CloudWatch spoke
    when it was recorded: fractional numbers are, and errors are told once."""
    if "Error" in parsed:
        parsed.pop("message", None)
        for name in ("QueryErrorCode", "Message"):
            if name == "QueryErrorCode" or not parsed["Error"].get(name):
                parsed["Error"].pop(name, None)
    elif model.output_shape:
        _fractional(model.output_shape, parsed)


def _fractional(shape, value):
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                value[name] = _fractional(member, value[name])
    elif shape.type_name == "list":
        return [_fractional(shape.member, v) for v in value]
    elif shape.type_name == "double":
        return float(value)
    return value


_create_client = botocore.session.Session.create_client


def create_client(self, service_name, *args, **kwargs):
    client = _create_client(self, service_name, *args, **kwargs)
    if service_name == "cloudwatch":
        client.meta.events.register("after-call", as_recorded)
    return client


botocore.session.Session.create_client = create_client

# Their conftest.py starts LocalStack and notes in the sources what was run; only
# the fixtures are needed.
from localstack.testing.pytest.fixtures import *  # noqa: E402, F403
from localstack_snapshot.pytest.snapshot import *  # noqa: E402, F403
from localstack_snapshot.pytest.snapshot import _snapshot_session  # noqa: E402, F401
from tests.conftest import (  # noqa: E402, F401
    aws_client, aws_client_factory, aws_session, secondary_aws_client, secondary_aws_client_factory, secondary_aws_session,
)
from tests.aws.conftest import cdk_template_path, infrastructure_setup, snapshot  # noqa: E402, F401
