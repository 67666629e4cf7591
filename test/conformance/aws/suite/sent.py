"""Reads what the controller sent from the record of package wirelog, and checks
it against botocore's models: would AWS's own client have accepted it?"""

import base64
import dataclasses
import io
import json
import re
import urllib.parse
from pathlib import Path

import botocore.session
import regex
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

# Signing names that aren't the name of botocore's model.
SERVICES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "states": "stepfunctions"}

_session = botocore.session.get_session()
_models = {}


def model_of(service):
    if service not in _models:
        _models[service] = _session.get_service_model(service)
    return _models[service]


@dataclasses.dataclass
class Request:
    service: str  # the signing name
    operation: object
    params: dict
    problems: list

    @property
    def name(self):
        return f"{self.service}:{self.operation.name}"


def load(directory):
    """All recorded requests that differ in what they send, with how often."""
    counts = {}
    for path in sorted(Path(directory).glob("*.jsonl")):
        for line in path.read_text().splitlines():
            counts[line] = counts.get(line, 0) + 1
    return [(read(json.loads(line)), n) for line, n in counts.items()]


def read(call):
    model = model_of(SERVICES.get(call["Service"], call["Service"]))
    body = base64.b64decode(call["Body"] or "")
    read_as = {"query": _query, "ec2": _ec2, "json": _json, "rest-json": _rest, "smithy-rpc-v2-cbor": _cbor}
    protocol = model.resolved_protocol
    if call["Header"].get("Smithy-Protocol") == "rpc-v2-cbor":
        protocol = "smithy-rpc-v2-cbor"
    operation, params, problems = read_as[protocol](model, call, body)
    problems += _judge(operation.input_shape, params)
    return Request(call["Service"], operation, params, problems)


def _query(model, call, body):
    form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    operation = model.operation_model(form.pop("Action"))
    problems = [] if form.pop("Version") == model.api_version else ["another version of the API"]
    used = set()
    params = _from_form(operation.input_shape, form, "", used) or {}
    return operation, params, problems + [f"unknown parameter {k}" for k in form if k not in used]


def _ec2(model, call, body):
    """EC2's own form of the query protocol."""
    form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    operation = model.operation_model(form.pop("Action"))
    problems = [] if form.pop("Version") == model.api_version else ["another version of the API"]
    used = set()
    params = _from_ec2_form(operation.input_shape, form, "", used) or {}
    return operation, params, problems + [f"unknown parameter {k}" for k in form if k not in used]


def _from_ec2_form(shape, form, prefix, used):
    """Names are capitalised unless there is one for queries, and all lists are flat."""
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            key = member.serialization.get("queryName", key[0].upper() + key[1:])
            value = _from_ec2_form(member, form, _join(prefix, key), used)
            if value is not None:
                members[name] = value
        return members or None
    if shape.type_name == "list":
        values = []
        while (value := _from_ec2_form(shape.member, form, f"{prefix}.{len(values) + 1}", used)) is not None:
            values.append(value)
        return values or None
    return _from_form(shape, form, prefix, used)


def _from_form(shape, form, prefix, used):
    """The value at a prefix of a flat form, or None."""
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            value = _from_form(member, form, _join(prefix, member.serialization.get("name", name)), used)
            if value is not None:
                members[name] = value
        return members or None
    if shape.type_name == "list":
        return _list_from_form(shape, form, prefix, used)
    if prefix not in form:
        return None
    used.add(prefix)
    return _scalar(shape, form[prefix])


def _list_from_form(shape, form, prefix, used):
    if form.get(prefix) == "":
        used.add(prefix)
        return []
    if not shape.serialization.get("flattened"):
        prefix = _join(prefix, shape.member.serialization.get("name", "member"))
    values = []
    while True:
        value = _from_form(shape.member, form, f"{prefix}.{len(values) + 1}", used)
        if value is None:
            return values or None
        values.append(value)


def _join(prefix, name):
    return f"{prefix}.{name}" if prefix else name


def _scalar(shape, text):
    if shape.type_name in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if shape.type_name in ("float", "double"):
        return float(text)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _json(model, call, body):
    prefix, _, name = call["Header"]["X-Amz-Target"].partition(".")
    problems = [] if prefix == model.metadata["targetPrefix"] else [f"target {prefix}"]
    if call["Header"].get("Content-Type") != f"application/x-amz-json-{model.metadata['jsonVersion']}":
        problems.append(f"content type {call['Header'].get('Content-Type')}")
    operation = model.operation_model(name)
    return operation, _decoded(operation.input_shape, json.loads(body or b"{}")), problems


def _cbor(model, call, body):
    name = call["Path"].rpartition("/operation/")[2]
    operation = model.operation_model(name)
    want = f"/service/{model.metadata['targetPrefix']}/operation/{name}"
    parser = create_parser("smithy-rpc-v2-cbor")
    params = parser.parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
    return operation, params, [] if call["Path"] == want else [f"path {call['Path']}"]


def _rest(model, call, body):
    for name in model.operation_names:
        operation = model.operation_model(name)
        names = re.findall(r"{(\w+)\+?}", operation.http["requestUri"])
        pattern = re.sub(r"{\w+\+?}", "([^/]+)", operation.http["requestUri"].split("?")[0])
        match = re.fullmatch(pattern, call["Path"])
        if match and operation.http["method"] == call["Method"]:
            return operation, _rest_params(operation, call, body, dict(zip(names, match.groups()))), []
    raise ValueError(f"no operation has the path {call['Path']}")


def _rest_params(operation, call, body, path):
    shape, params = operation.input_shape, {}
    query = dict(urllib.parse.parse_qsl(call["Query"]))
    for name, member in shape.members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri" and key in path:
            params[name] = urllib.parse.unquote(path[key])
        elif place == "querystring" and key in query:
            params[name] = query[key]
        elif place == "header" and key in call["Header"]:
            params[name] = call["Header"][key]
    payload = shape.serialization.get("payload")
    if payload and body:
        params[payload] = body
    elif body:
        params.update(_decoded(shape, json.loads(body)))
    return params


def _decoded(shape, value):
    """JSON with names as the model has them and blobs as bytes."""
    if shape is None or value is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {m.serialization.get("name", n): n for n, m in shape.members.items()}
        return {names.get(k, k): _decoded(shape.members[names[k]], v) if k in names else v for k, v in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_decoded(shape.member, v) for v in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {k: _decoded(shape.value, v) for k, v in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def _judge(shape, params):
    """What botocore's validation rejects, and what it leaves to the server:
    enumerations, patterns and upper bounds."""
    if shape is None:
        return []
    report = ParamValidator().validate(params, shape)
    return ([report.generate_report()] if report.has_errors() else []) + _constraints(shape, params, "")


def _constraints(shape, value, path):
    if shape.type_name == "structure" and isinstance(value, dict):
        return [p for k, v in value.items() if k in shape.members for p in _constraints(shape.members[k], v, f"{path}.{k}")]
    if shape.type_name == "list" and isinstance(value, list):
        return _bounds(shape, len(value), path) + [p for v in value for p in _constraints(shape.member, v, path + "[]")]
    if shape.type_name == "map" and isinstance(value, dict):
        return [p for k, v in value.items() for p in _constraints(shape.key, k, path + "{}") + _constraints(shape.value, v, path + "{}")]
    if isinstance(value, bool):
        return []
    if isinstance(value, (int, float)):
        return _bounds(shape, value, path)
    if isinstance(value, str):
        return _text(shape, value, path)
    return []


def _bounds(shape, n, path):
    most = shape.metadata.get("max")
    return [f"{path}: {n} is more than {most}"] if most is not None and n > most else []


def _text(shape, text, path):
    found = _bounds(shape, len(text), path)
    if shape.metadata.get("enum") and text not in shape.metadata["enum"]:
        found.append(f"{path}: {text!r} is no value of {shape.name}")
    pattern = shape._shape_model.get("pattern")  # there is no public way
    # The models' patterns are Java's and match the whole text. Java takes a pair of
    # surrogates for the character that it stands for.
    pattern = pattern and pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    fits = not pattern or regex.fullmatch(pattern, text)
    return found if fits else [*found, f"{path}: {text!r} doesn't match {pattern}"]
