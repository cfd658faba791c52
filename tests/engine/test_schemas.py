"""JSON schemas as grammars: whatever they allow meets the schema, also when it is cut short."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localchat import errors
from localchat.engine import schemas
from localchat.engine.schemas.grammar import Chars, Choice, Node, Sequence, Text
from localchat.engine.schemas.matcher import Matcher
from tests.engine import json_schemas
from tests.engine.json_schemas import SCHEMAS

_TEXTS = 60
_LONGEST = 600


def _some_text(node: Node, chance: random.Random) -> str:
    """Write something that the grammar allows."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Chars):
        low, high = chance.choice(node.ranges)
        return chr(chance.randint(low, min(high, low + 500)))
    if isinstance(node, Sequence):
        return "".join(_some_text(part, chance) for part in node.parts)
    if isinstance(node, Choice):
        return _some_text(chance.choice(node.parts), chance)
    times = min(node.most, node.least + chance.choice((0, 0, 1, 3)))
    return "".join(_some_text(node.part, chance) for _ in range(times))


def _compiled(schema: Any) -> Node:
    return schemas.compiled(json.dumps(schema))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_the_grammar_allows_meets_the_schema(name: str) -> None:
    """Texts drawn from the grammar are JSON, meet the schema, and are followed to their end."""
    root = _compiled(SCHEMAS[name])
    for seed in range(_TEXTS):
        text = _some_text(root, random.Random(seed))
        json_schemas.check(text, SCHEMAS[name])
        place = Matcher(root).after(text[:_LONGEST])
        assert place is not None
        assert place.may_end or len(text) > _LONGEST


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_text_can_be_ended_anywhere(name: str) -> None:
    """Cut after any character, a text and its shortest end meet the schema."""
    root = _compiled(SCHEMAS[name])
    text = min((_some_text(root, random.Random(seed)) for seed in range(9)), key=_distance)
    for cut in range(min(len(text), _LONGEST)):
        place = Matcher(root).after(text[:cut])
        assert place is not None
        json_schemas.check(text[:cut] + place.shortest_end(), SCHEMAS[name])


def _distance(text: str) -> int:
    return abs(len(text) - 60)


@pytest.mark.parametrize("raw", ["\n", "\t", "\x00", "\x1f", "\x7f", "\x9b", "\u2028"])
def test_control_characters_are_never_raw(raw: str) -> None:
    """Inside a text they can only be escapes; the usual converter lets them through."""
    place = Matcher(_compiled({"type": "string"})).after('"a')

    assert place is not None
    assert place.after(raw) is None


@pytest.mark.parametrize("escape", [r"\ud800\"", r"\udc00", r"\u0000", r"\u001b", r"\x41", r"\u12"])
def test_escapes_are_whole_characters(escape: str) -> None:
    """No half of a pair, no control character and no escape that JSON does not know."""
    assert Matcher(_compiled({"type": "string"})).after(f'"{escape}"') is None


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\u00e9", r"\n\t\"\\\/", "é漢🙂", " "])
def test_all_other_text_can_be_said(text: str) -> None:
    """Escapes of whole characters, and every language."""
    place = Matcher(_compiled({"type": "string"})).after(f'"{text}"')

    assert place is not None
    assert place.must_end


def test_free_members_take_no_name_of_another() -> None:
    """A second "a" of another kind would replace the first, however it is spelled."""
    schema = {"properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}
    start = Matcher(_compiled({"type": "object", **schema}))

    assert start.after('{"a":1,"a"') is None
    assert start.after('{"a":1,"\\u0061"') is None
    assert start.after('{"a":1,"ab":"x"}') is not None


@given(low=st.decimals(-2000, 2000, places=3), width=st.decimals(0, 300, places=2), data=st.data())
@settings(max_examples=150)
def test_bounds_are_kept(low: Any, width: Any, data: st.DataObject) -> None:
    """Whatever range: numbers of the grammar lie in it, and its ends are there."""
    high = low + width
    schema = {"type": "number", "minimum": float(low), "maximum": float(high)}
    root = _compiled(schema)
    text = _some_text(root, random.Random(data.draw(st.integers(0, 10_000))))

    assert float(low) <= json_schemas.check(text, schema) <= float(high)
    assert Matcher(root).after(f"{low:f}") is not None


@given(low=st.integers(-3000, 3000), width=st.integers(0, 500), value=st.integers(-4000, 4000))
@settings(max_examples=300)
def test_integers_in_a_range_are_exactly_those(low: int, width: int, value: int) -> None:
    """An integer is allowed if and only if it lies in the range."""
    schema = {"type": "integer", "minimum": low, "maximum": low + width}
    place = Matcher(_compiled(schema)).after(str(value))

    assert (place is not None and place.may_end) is (low <= value <= low + width)


REFUSED = [
    ("nope", "The JSON schema is not JSON: Expecting value: line 1 column 1 (char 0)."),
    ("[1]", "The JSON schema is not an object."),
    ("[" * 100_000, "The JSON schema is nested too deep."),
    ('{"maximum": NaN}', "The JSON schema is not JSON: NaN is no JSON."),
    ("false", "No JSON can meet the JSON schema (at #)."),
    ('{"type": "integer", "minimum": 5, "maximum": 3}', "No JSON can meet the JSON schema (at #)."),
    (
        '{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}',
        "No JSON can meet the JSON schema (at #",
    ),
    ('{"pattern": "a(?=b)"}', "is not supported: a group that looks around or has a name."),
    ('{"pattern": "(a)\\\\1"}', 'is not supported: "\\1".'),
    ('{"pattern": "a^b"}', 'is not supported: "^" in the middle.'),
    ('{"pattern": "x(^a)"}', 'is not supported: "^" in the middle.'),
    ('{"pattern": "a$b"}', 'is not supported: "$" in the middle.'),
    ('{"pattern": "(a"}', "is not supported: a bracket is not closed."),
    ('{"pattern": "a)"}', "is not supported: a bracket is closed that was not opened."),
    ('{"pattern": "[]a]"}', "is not supported: a class that begins with a bracket."),
    ('{"pattern": "[a"}', "is not supported: it ends too early."),
    ('{"pattern": "(a?)*"}', "is not supported: a repetition of what may be empty."),
    ('{"pattern": "a{2"}', 'is not supported: "{" that counts nothing.'),
    ('{"pattern": "a{9,99999}"}', "is not supported: a repetition that is too long."),
    ('{"pattern": "*"}', 'is not supported: "*" where nothing can be repeated.'),
    ('{"pattern": "a", "minLength": 2}', '"minLength" beside "pattern" in # is not supported.'),
    ('{"patternProperties": {}}', '"patternProperties" in the schema is not supported.'),
    ('{"type": "array", "uniqueItems": true}', '"uniqueItems" in the schema is not supported.'),
    ('{"properties": {"a": {"not": {}}}}', '"not" in #/properties/a is not supported.'),
    ('{"tpye": "object"}', '"tpye" in the schema is not supported.'),
    ('{"type": "strin"}', '"type" in the schema names no type of JSON.'),
    ('{"minItems": "a"}', 'the value of "minItems" in the schema is of the wrong kind.'),
    ('{"$ref": "#/nowhere"}', 'there is no "#/nowhere" in it.'),
    ('{"$ref": "http://x.example/s.json"}', "the reference in the schema leads out of the schema."),
    ('{"$ref": "#"}', "the schema refers to itself without end."),
    ('{"oneOf": [{"type": "integer"}, {"type": "number"}]}', 'alternatives of "oneOf" may both be'),
    ('{"type": "string", "format": "uri"}', 'the "format" in # is not supported (date, time,'),
    ('{"type": "object", "minProperties": 3}', '"minProperties" above the number of required'),
    ('{"type": "string", "minLength": 90000}', '"minLength" in # is above 8,192.'),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_cannot_be_held_is_refused_by_name(text: str, reason: str) -> None:
    """One sentence names the keyword and the place; nothing is silently left out."""
    with pytest.raises(errors.UsageError) as refused:
        schemas.compiled(text)

    assert reason in refused.value.message
    assert "\n" not in refused.value.message


def test_annotations_say_nothing() -> None:
    """Titles, defaults, examples and x- keywords are no reason to refuse."""
    plain = _compiled({"type": "boolean"})
    told = _compiled({"type": "boolean", "title": "T", "default": True, "x-order": 1, "$id": "i"})

    assert plain.shortest == told.shortest


def test_a_schema_that_refers_to_itself_twice_stays_small() -> None:
    """A tree of sixteen levels is converted once for each level, not for each branch."""
    names = "abcdefgh"
    node = {
        "type": "object",
        "properties": {name: {"anyOf": [{"$ref": "#"}, {"type": "null"}]} for name in names},
    }

    assert "{}" == _compiled(node).shortest
