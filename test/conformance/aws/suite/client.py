"""Makes the same calls to several servers and keeps what came back."""

import dataclasses

import boto3
from botocore import xform_name
import botocore.exceptions
import botocore.parsers
from botocore.config import Config

import model
import servers


@dataclasses.dataclass
class Outcome:
    """One server's response to one step of a scenario."""

    operation: str  # ecs:DescribeServices
    status: int = 0
    code: str = ""
    message: str = ""
    response: dict = dataclasses.field(default_factory=dict)
    shape: object = None
    violations: list = dataclasses.field(default_factory=list)


# Within its first stack moto imports all services, which takes a busy machine
# more than half a minute. In seconds.
LONGEST = 300


class Account:
    """One AWS account, by its endpoint."""

    def __init__(self, name, endpoint):
        self.name = name
        self.endpoint = endpoint
        self.outcomes = {}
        self.things = {}  # what is prepared for the scenarios
        self._clients = {}

    def client(self, service, checked=True):
        """A client without retries; unchecked, it sends what botocore's models
        reject."""
        key = service, checked
        if key not in self._clients:
            client = boto3.client(
                service, endpoint_url=self.endpoint, region_name=servers.REGION,
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret",
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=checked, connect_timeout=5, read_timeout=LONGEST),
            )
            client.meta.events.register("response-received", self._received)
            self._clients[key] = client
        return self._clients[key]

    def _received(self, response_dict, **_):
        self._raw = response_dict

    def call(self, step, operation, *, checked=True, **params):
        """Makes a call as a step of the scenario and returns the response,
        which is empty after an error."""
        if step in self.outcomes:
            raise ValueError(f"two steps are called {step}")
        outcome = self.outcomes[step] = self._call(operation, checked, params)
        return outcome.response

    def quiet(self, operation, **params):
        """Makes a call that isn't a step: to wait, to prepare."""
        return self._call(operation, True, params)

    def _call(self, operation, checked, params):
        service, name = operation.split(":")
        client = self.client(service, checked)
        described = client.meta.service_model.operation_model(name)
        outcome = Outcome(operation, shape=described.output_shape)
        self._raw = None
        try:
            response = getattr(client, xform_name(name))(**params)
        except botocore.parsers.ResponseParserError:
            # Not even an error of the protocol: the server failed.
            outcome.code, response = "unreadable", {"ResponseMetadata": {"HTTPStatusCode": 500}}
        except botocore.exceptions.ClientError as e:
            outcome.code, outcome.message = e.response["Error"]["Code"], e.response["Error"].get("Message", "")
            response = e.response
        metadata = response.pop("ResponseMetadata", {})
        outcome.status = metadata.get("HTTPStatusCode", 0)
        if not outcome.code:
            outcome.response = response
        if self._raw is not None:
            outcome.violations = model.check_response(described, self._raw)
        return outcome
