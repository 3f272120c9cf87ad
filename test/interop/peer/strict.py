"""What botocore itself lets pass: every answer is compared, before botocore parses it, with the shapes of its service model.

botocore drops members that it does not know and takes an answer without those that must be there; here both are faults.
"""

import base64
import binascii
import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime

# "Common errors" of the KMS API reference and the faults of JSON 1.1 and Query that no operation's model lists.
COMMON_ERRORS = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SerializationException",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
}


class StrictAnswers:
    """Listens to clients; `faults` holds a line for each thing in an answer that the service model does not say."""

    def __init__(self):
        self.faults = []
        self.answers = 0
        self.operations = set()

    def watch(self, client):
        client.meta.events.register("before-parse", self._see)
        return client

    def _see(self, operation_model, response_dict, **_):
        service = operation_model.service_model
        name = f"{service.service_name}.{operation_model.name}"
        self.answers += 1
        self.operations.add(name)
        say = lambda where, what: self.faults.append(f"{name} {response_dict['status_code']}: {where}: {what}")
        try:
            read = READERS[service.metadata["protocol"]]
            read(operation_model, response_dict, say)
        except (ValueError, ElementTree.ParseError) as cause:
            say("body", f"cannot be read: {cause}")


def _expect_header(response, name, expected, say):
    found = response["headers"].get(name)
    if found != expected:
        say(f"header {name}", f"expected {expected}, found {found}")


def _expect_error(operation_model, status, code, say):
    """The code is one that the operation's model lists, with its status, or a common one."""
    for shape in operation_model.error_shapes:
        error = shape.metadata.get("error", {})
        wire = error.get("code", shape.name) if operation_model.service_model.metadata["protocol"] == "query" else shape.name
        if wire == code:
            if error.get("httpStatusCode", status) != status:
                say("status", f"{code} comes with {error['httpStatusCode']}")
            return
    if code not in COMMON_ERRORS:
        say("error", f"{code} is none of this operation")


# AWS JSON 1.1


def _read_json(operation_model, response, say):
    _expect_header(response, "content-type", "application/x-amz-json-1.1", say)
    if not response["headers"].get("x-amzn-requestid"):
        say("header x-amzn-requestid", "missing")
    body = json.loads(response["body"] or b"{}", object_pairs_hook=_no_duplicates)
    if response["status_code"] >= 300:
        code = body.pop("__type", None)
        if not isinstance(body.pop("message", None), str):
            say("body", "an error without a message")
        if body:
            say("body", f"an error with {sorted(body)}")
        _expect_header(response, "x-amzn-errortype", code, say)
        _expect_error(operation_model, response["status_code"], code, say)
    elif operation_model.output_shape is None:
        if body:
            say("body", f"an operation without output answers {sorted(body)}")
    else:
        _check(operation_model.output_shape, body, "$", say, JsonScalars)


def _no_duplicates(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member comes twice")
    return dict(pairs)


class JsonScalars:
    """How JSON 1.1 writes each scalar type."""

    @staticmethod
    def fault(shape, value):
        if shape.type_name == "blob":
            return _base64_fault(value)
        if shape.type_name == "timestamp":
            # Seconds since 1970, fractions allowed; between 2020 and 2100 here.
            sound = isinstance(value, (int, float)) and not isinstance(value, bool) and 1577836800 < value < 4102444800
        elif shape.type_name == "boolean":
            sound = isinstance(value, bool)
        elif shape.type_name in ("integer", "long"):
            sound = isinstance(value, int) and not isinstance(value, bool)
        else:
            return _text_fault(shape, value)
        return None if sound else f"{value!r} is no {shape.type_name}"


def _base64_fault(value):
    try:
        decoded = base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return "not base64"
    return None if base64.b64encode(decoded).decode() == value else "not canonical base64"


def _text_fault(shape, value):
    if shape.type_name != "string":
        return f"no rule for {shape.type_name}"
    if not isinstance(value, str):
        return f"{value!r} is no text"
    if shape.enum and value not in shape.enum:
        return f"{value!r} is none of {shape.enum}"
    limits = shape.metadata
    if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
        return f"{len(value)} characters"
    pattern = limits.get("pattern")
    return f"{value!r} does not match {pattern}" if pattern and not _matches(pattern, value) else None


def _matches(pattern, value):
    try:
        return re.search(pattern, value) is not None
    except re.error:
        # A pattern in Java's notation.
        return True


def _check(shape, value, where, say, scalars):
    """Compares a value with its shape, member by member, both ways."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            say(where, "no structure")
            return
        for name in shape.required_members:
            if name not in value:
                say(where, f"{name} is required and missing")
        for name, member in value.items():
            if name not in shape.members:
                say(where, f"{name} is not in the model")
            else:
                _check(shape.members[name], member, f"{where}.{name}", say, scalars)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            say(where, "no list")
            return
        for at, member in enumerate(value):
            _check(shape.member, member, f"{where}[{at}]", say, scalars)
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            say(where, "no map")
            return
        for name, member in value.items():
            _check(shape.key, name, f"{where} key", say, scalars)
            _check(shape.value, member, f"{where}.{name}", say, scalars)
    else:
        fault = scalars.fault(shape, value)
        if fault:
            say(where, fault)


# AWS Query


def _read_xml(operation_model, response, say):
    _expect_header(response, "content-type", "text/xml", say)
    root = ElementTree.fromstring(response["body"])
    namespace = "{" + operation_model.service_model.metadata["xmlNamespace"] + "}"
    if response["status_code"] >= 300:
        _read_xml_error(operation_model, response["status_code"], root, namespace, say)
        return
    if root.tag != f"{namespace}{operation_model.name}Response":
        say("body", f"the root is {root.tag}")
    parts = {child.tag.removeprefix(namespace): child for child in root}
    metadata = parts.pop("ResponseMetadata", None)
    if metadata is None or not metadata.findtext(f"{namespace}RequestId"):
        say("body", "no ResponseMetadata.RequestId")
    shape = operation_model.output_shape
    result = parts.pop(shape.serialization["resultWrapper"], None) if shape else None
    if parts:
        say("body", f"{sorted(parts)} beside the result")
    if shape is not None:
        if result is None:
            say("body", "no result")
        else:
            _check(shape, _to_value(shape, result, namespace, "$", say), "$", say, XmlScalars)


def _read_xml_error(operation_model, status, root, namespace, say):
    error = root.find(f"{namespace}Error")
    if root.tag != f"{namespace}ErrorResponse" or error is None or not root.findtext(f"{namespace}RequestId"):
        say("body", "no ErrorResponse with Error and RequestId")
        return
    if {child.tag.removeprefix(namespace) for child in error} != {"Type", "Code", "Message"}:
        say("body", "Error holds something else than Type, Code and Message")
    _expect_error(operation_model, status, error.findtext(f"{namespace}Code"), say)


def _to_value(shape, element, namespace, where, say):
    """Elements as the values that JSON would have; names that the shape does not know stay for `_check` to find."""
    children = [(child.tag.removeprefix(namespace), child) for child in element]
    if shape.type_name == "list":
        if any(name != "member" for name, _ in children):
            say(where, "a list holds something else than members")
        return [_to_value(shape.member, child, namespace, f"{where}[]", say) for _, child in children]
    if shape.type_name != "structure":
        if children:
            say(where, "a scalar holds elements")
        return element.text or ""
    if len({name for name, _ in children}) != len(children):
        say(where, "an element comes twice")
    return {
        name: _to_value(shape.members[name], child, namespace, f"{where}.{name}", say) if name in shape.members else None
        for name, child in children
    }


class XmlScalars:
    """How Query's XML writes each scalar type: all of it is text."""

    @staticmethod
    def fault(shape, value):
        if shape.type_name == "boolean":
            return None if value in ("true", "false") else f"{value!r} is no boolean"
        if shape.type_name in ("integer", "long"):
            return None if re.fullmatch(r"-?\d+", value) else f"{value!r} is no number"
        if shape.type_name != "timestamp":
            return _text_fault(shape, value)
        try:
            datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            return f"{value!r} is no timestamp of ISO 8601 in UTC"
        return None


# REST XML: where each member is written, its serialization says.


def _rest_fault(shape, value):
    """S3 writes milliseconds, where Query writes none."""
    if shape.type_name == "timestamp" and re.fullmatch(r"[^.]+\.\d{3}Z", value):
        value = f"{value[:-5]}Z"
    return XmlScalars.fault(shape, value)


def _read_rest_xml(operation_model, response, say):
    if not response["headers"].get("x-amz-request-id"):
        say("header x-amz-request-id", "missing")
    shape, body = operation_model.output_shape, response["body"]
    namespace = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    if response["status_code"] >= 300:
        # A HEAD answers without a body.
        if body:
            found = {child.tag for child in ElementTree.fromstring(body)}
            if not {"Code", "Message", "RequestId"} <= found:
                say("body", f"an error holds {sorted(found)}")
        return
    payload = shape.serialization.get("payload") if shape else None
    if payload is not None and shape.members[payload].type_name != "structure":
        return
    if not body:
        return
    root = ElementTree.fromstring(body)
    if shape is None:
        say("body", f"an operation without output answers {root.tag}")
        return
    # AWS's own answer is nothing but the constraint ("GetBucketLocation").
    if operation_model.name == "GetBucketLocation":
        return
    _check_rest(shape.members[payload] if payload else shape, root, namespace, "$", say)


def _check_rest(shape, element, namespace, where, say):
    """Every element is a member of the model by the name that it has on the wire, and every scalar is of its type."""
    if shape.type_name != "structure":
        fault = _rest_fault(shape, element.text or "")
        if fault:
            say(where, fault)
        return
    in_body = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    known = {_wire_name(name, member): member for name, member in in_body.items()}
    counts = {}
    for child in element:
        name = child.tag.removeprefix(namespace)
        counts[name] = counts.get(name, 0) + 1
        member = known.get(name)
        if member is None:
            say(where, f"{name} is not in the model")
        elif member.type_name != "list":
            _check_rest(member, child, namespace, f"{where}.{name}", say)
        elif member.serialization.get("flattened"):
            _check_rest(member.member, child, namespace, f"{where}.{name}[]", say)
        else:
            for item in child:
                _check_rest(member.member, item, namespace, f"{where}.{name}[]", say)
    for name, count in counts.items():
        member = known.get(name)
        if count > 1 and not (member and member.type_name == "list" and member.serialization.get("flattened")):
            say(where, f"{name} comes {count} times")
    for name in shape.required_members:
        if name in in_body and _wire_name(name, in_body[name]) not in counts:
            say(where, f"{name} is required and missing")


def _wire_name(name, member):
    inner = member.member.serialization.get("name") if member.type_name == "list" and member.serialization.get("flattened") else None
    return member.serialization.get("name") or inner or name


READERS = {"json": _read_json, "query": _read_xml, "rest-xml": _read_rest_xml}
