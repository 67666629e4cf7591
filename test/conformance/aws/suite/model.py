"""Checks raw responses against botocore's models of AWS's APIs.

botocore itself passes over members that it doesn't know, so the bodies are
walked here: no unknown member, no required one missing, the right types and
the values of enumerations.
"""

import base64
import io
import json
import re
import xml.etree.ElementTree as ET

from botocore.parsers import create_parser
from botocore.utils import parse_timestamp

# Codes that every service may return, from each API reference's page of common
# # errors; the models list only an operation's own.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "InternalFailure", "InvalidAction", "InvalidClientTokenId", "MalformedQueryString", "MissingAction",
    "MissingAuthenticationToken", "MissingParameter", "OptInRequired", "RequestExpired", "ServiceUnavailable",
    "SignatureDoesNotMatch", "Throttling", "ThrottlingException", "UnrecognizedClientException",
    "ValidationError", "ValidationException", "SerializationException", "UnknownOperationException",
}
_INTEGER = re.compile(r"-?[0-9]+\Z")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


def check_response(operation, raw):
    """What is wrong with a raw response: botocore's response_dict."""
    if raw["status_code"] >= 300:
        return _check_error(operation, raw)
    shape = operation.output_shape
    protocol = operation.service_model.resolved_protocol
    body = raw["body"]
    if protocol == "query":
        return _check_query(operation, ET.fromstring(body))
    if shape is None or "payload" in shape.serialization:
        return []
    if protocol == "smithy-rpc-v2-cbor":
        return _walk(shape, _decode_cbor(body), "")
    if raw["headers"].get("Content-Type", "").split(";")[0] not in _JSON_TYPES[protocol](operation):
        return [f"content type {raw['headers'].get('Content-Type')}"]
    return _walk(shape, json.loads(body or b"{}"), "")


_JSON_TYPES = {
    "json": lambda o: ["application/x-amz-json-" + o.service_model.metadata.get("jsonVersion", "1.0")],
    "rest-json": lambda o: ["application/json"],
}


def _decode_cbor(body):
    """The body as botocore reads it, completely."""
    parser = create_parser("smithy-rpc-v2-cbor")
    return parser.parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}


# What AWS says nothing about, as recordings of it show; see ../../verified.
WITHOUT_MESSAGE = {
    ("DeleteService", "ServiceNotFoundException"), ("SetAlarmState", "ResourceNotFound"),
    ("DeleteParameter", "ParameterNotFound"), ("GetParameter", "ParameterNotFound"), ("GetParameterHistory", "ParameterNotFound"),
}


def _check_error(operation, raw):
    parser = create_parser(operation.service_model.resolved_protocol)
    error = parser.parse(raw, operation.output_shape).get("Error", {})
    own = {name: s for s in operation.error_shapes for name in (s.error_code, s.name)}
    code = error.get("Code", "")
    if code not in own and code not in COMMON_ERRORS:
        return [f"error code {code} is neither the operation's nor a common one"]
    status = own[code].metadata.get("error", {}).get("httpStatusCode", raw["status_code"]) if code in own else raw["status_code"]
    found = [] if raw["status_code"] == status else [f"error {code} has status {raw['status_code']}, not {status}"]
    if not error.get("Message") and (operation.name, code) not in WITHOUT_MESSAGE:
        found.append(f"error {code} has no message")
    return found


def _check_query(operation, root):
    found = []
    name = operation.name
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    if root.tag != f"{{{namespace}}}{name}Response":
        found.append(f"root element {root.tag}")
    children = {_tag(c): c for c in root}
    metadata = children.pop("ResponseMetadata", None)
    if metadata is None or metadata.find("{*}RequestId") is None:
        found.append("no ResponseMetadata with a RequestId")
    result = children.pop(f"{name}Result", None)
    found += [f"unknown element {tag}" for tag in children]
    if operation.output_shape is not None:
        if result is None:
            return [*found, f"no element {name}Result"]
        found += _walk_xml(operation.output_shape, result, "")
    return found


def _tag(node):
    return node.tag.rpartition("}")[2]


def _walk_xml(shape, node, path):
    if shape.type_name == "structure":
        return _walk_xml_structure(shape, node, path)
    if shape.type_name == "list":
        return _walk_xml_list(shape, node, path)
    if shape.type_name == "map":
        return _walk_xml_map(shape, node, path)
    return _scalar_xml(shape, node, path)


def _walk_xml_structure(shape, node, path):
    found = []
    if (node.text or "").strip():
        found.append(f"{path}: text in a structure")
    members = {m.serialization.get("name", name): (name, m) for name, m in shape.members.items()}
    seen = set()
    for child in node:
        if _tag(child) not in members:
            found.append(f"{path}: unknown member {_tag(child)}")
            continue
        name, member = members[_tag(child)]
        if name in seen and not member.serialization.get("flattened"):
            found.append(f"{path}.{name}: twice")
        seen.add(name)
        found += _walk_xml(member, child, f"{path}.{name}")
    return found + [f"{path}: required member {r} is missing" for r in shape.required_members if r not in seen]


def _walk_xml_list(shape, node, path):
    if shape.serialization.get("flattened"):
        return _walk_xml(shape.member, node, path + "[]")
    found = []
    want = shape.member.serialization.get("name", "member")
    for child in node:
        if _tag(child) != want:
            found.append(f"{path}: element {_tag(child)} in a list of {want}")
            continue
        found += _walk_xml(shape.member, child, path + "[]")
    return found


def _walk_xml_map(shape, node, path):
    found = []
    for entry in node:
        parts = {_tag(c): c for c in entry}
        if set(parts) != {shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")}:
            found.append(f"{path}: entry of {sorted(parts)}")
            continue
        found += _walk_xml(shape.value, parts[shape.value.serialization.get("name", "value")], path + "{}")
    return found


def _scalar_xml(shape, node, path):
    text = node.text or ""
    if len(node):
        return [f"{path}: elements in a {shape.type_name}"]
    kind = shape.type_name
    if kind in ("integer", "long"):
        ok = bool(_INTEGER.match(text))
    elif kind in ("float", "double"):
        ok = _is_number(text)
    elif kind == "boolean":
        ok = text in ("true", "false")
    elif kind == "timestamp":
        ok = bool(_ISO.match(text))
    elif kind == "blob":
        ok = _is_base64(text)
    else:
        return _enumerated(shape, text, path)
    return [] if ok else [f"{path}: {text!r} is no {kind}"]


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_base64(text):
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _enumerated(shape, text, path):
    values = getattr(shape, "enum", None) or []
    return [f"{path}: {text!r} is no value of {shape.name}"] if values and text not in values else []


def _walk(shape, value, path):
    """A decoded JSON or CBOR value."""
    if value is None:
        return [f"{path}: null"]
    if shape.type_name == "structure":
        return _walk_structure(shape, value, path)
    if shape.type_name == "list":
        if not isinstance(value, list):
            return [f"{path}: {type(value).__name__} instead of a list"]
        return [f for v in value for f in _walk(shape.member, v, path + "[]")]
    if shape.type_name == "map":
        if not isinstance(value, dict):
            return [f"{path}: {type(value).__name__} instead of a map"]
        return [f for v in value.values() for f in _walk(shape.value, v, path + "{}")]
    return _scalar(shape, value, path)


def _walk_structure(shape, value, path):
    if not isinstance(value, dict):
        return [f"{path}: {type(value).__name__} instead of a structure"]
    members = {}
    for name, m in shape.members.items():
        if m.serialization.get("location") not in ("header", "headers", "statusCode"):
            members[m.serialization.get("name", name)] = (name, m)
    found, seen = [], set()
    for key, v in value.items():
        if key not in members:
            found.append(f"{path}: unknown member {key}")
            continue
        name, member = members[key]
        seen.add(name)
        found += _walk(member, v, f"{path}.{name}")
    return found + [f"{path}: required member {r} is missing" for r in shape.required_members if r not in seen]


_PYTHON = {
    "string": str, "character": str, "integer": int, "long": int, "float": (int, float), "double": (int, float),
    "boolean": bool, "blob": (str, bytes),
}


def _scalar(shape, value, path):
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp(value, path)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, _PYTHON[kind]) or (kind not in ("boolean",) and isinstance(value, bool)):
        return [f"{path}: {value!r} is no {kind}"]
    if number or kind == "boolean":
        return []
    if kind == "blob":
        return [] if isinstance(value, bytes) or _is_base64(value) else [f"{path}: no base64"]
    return _enumerated(shape, value, path)


def _timestamp(value, path):
    """JSON protocols write seconds since the epoch; CBOR tags them so that
    they are decoded as times."""
    if isinstance(value, str) or isinstance(value, bool):
        return [f"{path}: {value!r} is no timestamp"]
    try:
        parse_timestamp(value)
    except (ValueError, TypeError, RuntimeError):
        return [f"{path}: {value!r} is no timestamp"]
    return []
