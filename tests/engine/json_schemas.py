"""JSON schemas of every kind that is held, and the judge of what meets them."""

import datetime
import json
import uuid
from typing import Any

import jsonschema

_NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        "right": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    },
    "required": ["value", "left"],
}
_TAGGED = [
    {
        "type": "object",
        "properties": {"kind": {"const": "a"}, "size": {"type": "integer"}},
        "required": ["kind", "size"],
    },
    {
        "type": "object",
        "properties": {"kind": {"enum": ["b", "c"]}, "name": {"type": "string"}},
        "required": ["kind"],
    },
]

SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "an object": {"type": "object"},
    "a list": {"type": "array"},
    "text": {"type": "string"},
    "a short text": {"type": "string", "minLength": 3, "maxLength": 70},
    "a number": {"type": "number"},
    "an integer or nothing": {"type": ["integer", "null"]},
    "an integer in a range": {"type": "integer", "minimum": -17, "maximum": 1234},
    "a negative integer": {"type": "integer", "exclusiveMaximum": 0},
    "a number in a range": {"type": "number", "minimum": -1.5, "exclusiveMaximum": 2.25},
    "a share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "a narrow range": {"type": "number", "minimum": 0.3, "maximum": 0.32},
    "a negative number": {"type": "number", "exclusiveMinimum": -3, "maximum": -0.5},
    "a large number": {"type": "number", "minimum": 99.5},
    "one number": {"type": "number", "minimum": 10, "maximum": 10},
    "a date": {"type": "string", "format": "date"},
    "a time": {"type": "string", "format": "time"},
    "a moment": {"type": "string", "format": "date-time"},
    "a uuid": {"type": "string", "format": "uuid"},
    "an address": {"type": "string", "format": "ipv4"},
    "an email": {"type": "string", "format": "email"},
    "a code": {"type": "string", "pattern": r"^[A-Z]{2}-\d{3,5}(?:/[a-f0-9_]+)?$"},
    "a version": {"type": "string", "pattern": r"^v?(0|[1-9]\d*)\.\d+(\.\d+)?(-(alpha|beta))?$"},
    "words": {"type": "string", "pattern": r'(\w+ ){1,4}["\\]?[^\d\s,]\S.'},
    "a choice": {"enum": ["a", 1, None, {"x": [1, 2.5]}, True]},
    "a constant": {"const": 'é"\n'},
    "text or a number": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    "one of two": {"oneOf": _TAGGED},
    "a record": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "age": {"type": "integer", "minimum": 0, "maximum": 130},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        },
        "required": ["name", "age"],
    },
    "named and free members": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "ab": {"type": "boolean"}, "": {"type": "null"}},
        "required": ["a"],
        "additionalProperties": {"type": "string"},
    },
    "a member without a schema": {
        "type": "object",
        "properties": {
            "any": {},
            "many": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
        },
        "required": ["many", "other"],
        "maxProperties": 7,
    },
    "a tuple and more": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": {"type": "boolean"},
        "minItems": 1,
        "maxItems": 5,
    },
    "a tuple": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": False,
    },
    "a tree": {"$ref": "#/$defs/node", "$defs": {"node": _NODE}},
    "all of two": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}, "a": {"minimum": 5}}, "required": ["b"]},
        ]
    },
    "one member of two": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "all of an object that is closed": {
        "allOf": [
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            {"properties": {"b": {}}},
        ]
    },
}

_FORMATS = jsonschema.FormatChecker(formats=["date", "ipv4", "email"])


@_FORMATS.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    return datetime.time.fromisoformat(str(value)).tzinfo is not None


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return datetime.datetime.fromisoformat(str(value)).tzinfo is not None


@_FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return bool(uuid.UUID(str(value)))


def check(text: str, schema: Any) -> Any:
    """Return the JSON in `text`; raises when it is none, or does not meet `schema`."""
    found = json.loads(text)
    jsonschema.Draft202012Validator(schema, format_checker=_FORMATS).validate(found)
    return found
