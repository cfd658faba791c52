"""From a JSON schema to the grammar of the JSON texts that meet it.

Every text of the grammar meets the schema; not every JSON that meets the schema is in the grammar:
texts, lists and nesting are bounded, members come in the schema's order, and what a schema leaves
open beside named properties is left out. So that a model can always be brought to an end.
"""

import contextlib
from collections.abc import Iterable
from typing import Any

from localchat.engine.schemas import grammar, reading, scalars, strings
from localchat.engine.schemas.grammar import Node
from localchat.engine.schemas.overlap import are_apart
from localchat.engine.schemas.reading import OF_TYPE, Flat, Impossible, Reader, Unsupported

MOST_NESTING = 16
_MOST_FREE_NESTING = 6
"""How deep JSON may be nested where a schema allows anything."""
_MOST_ITEMS = 1024
_MOST_MEMBERS = 256
_MOST_PARTS = 20_000
_ALL_TYPES = ("object", "array", "string", "number", "boolean", "null")

_LINE = grammar.sequence("\n", grammar.repeat(grammar.of(" \t"), 0, 32))
_SPACE = grammar.choice("", " ", _LINE)
_COMMA = grammar.sequence(",", _SPACE)
_COLON = grammar.sequence(":", grammar.optional(grammar.Text(" ")))


class Converter:
    """Converts one schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._reader = Reader(schema)
        self._done: dict[tuple[str, int], Node | None] = {}
        self._free: dict[int, Node] = {}
        self._parts = 0

    def root(self) -> Node:
        """Return the grammar of the whole. Raises Impossible or Unsupported."""
        return self._node(self._schema, MOST_NESTING, "#")

    def _node(self, schema: Any, nesting: int, place: str) -> Node:
        reference = reading.reference_alone(schema)
        if reference is not None:
            return self._referred(reference, nesting, place)
        return self._union(self._reader.flat(schema, place), nesting, place)

    def _referred(self, reference: str, nesting: int, place: str) -> Node:
        """Convert what is referred to, once for each depth."""
        key = (reference, nesting)
        if key not in self._done:
            # Until it is known, what refers to itself at the same depth cannot be met.
            self._done[key] = None
            with contextlib.suppress(Impossible):
                flat = self._reader.flat({"$ref": reference}, place)
                self._done[key] = self._union(flat, nesting, reference)
        found = self._done[key]
        if found is None:
            raise Impossible(place)
        return found

    def _union(self, flat: Flat, nesting: int, place: str) -> Node:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Unsupported("it has too many parts")
        for key in ("anyOf", "oneOf"):
            if key in flat:
                return self._alternatives(key, flat, nesting, place)
        if "enum" in flat or "const" in flat:
            return scalars.values(flat, place)
        ways = []
        for name in _types(flat, place):
            with contextlib.suppress(Impossible):
                ways.append(self._of_type(name, flat, nesting, place))
        return _choice(ways, place)

    def _alternatives(self, key: str, flat: Flat, nesting: int, place: str) -> Node:
        base = {name: value for name, value in flat.items() if name != key}
        others: list[Flat] = []
        ways: list[Node] = []
        for number, schema in enumerate(flat[key]):
            where = f"{place}/{key}/{number}"
            with contextlib.suppress(Impossible):
                other = self._reader.merged(base, schema, where)
                others.append(other)
                # A reference alone is converted once, however often it is met.
                ways.append(
                    self._union(other, nesting, where)
                    if base
                    else self._node(schema, nesting, where)
                )
        if key == "oneOf" and not are_apart(others):
            raise Unsupported(
                f'in {place}, alternatives of "oneOf" may both be met ("anyOf" is held)'
            )
        return _choice(ways, place)

    def _of_type(self, name: str, flat: Flat, nesting: int, place: str) -> Node:
        if name == "object":
            return self._object(flat, nesting, place)
        if name == "array":
            return self._array(flat, nesting, place)
        if name == "string":
            return scalars.string(flat, place)
        if name in ("integer", "number"):
            return scalars.number(name, flat, place)
        return grammar.choice("true", "false") if name == "boolean" else grammar.Text("null")

    # --- objects ----------------------------------------------------------------------------

    def _object(self, flat: Flat, nesting: int, place: str) -> Node:
        if not nesting:
            raise Impossible(place)
        properties = flat.get("properties", {})
        required = flat.get("required", [])
        rest = flat.get("additionalProperties", not properties)
        names = [*properties, *(name for name in required if name not in properties)]
        members: list[tuple[Node, bool]] = []
        for name in names:
            schema = properties.get(name, flat.get("additionalProperties", True))
            try:
                value = self._node(schema, nesting - 1, f"{place}/properties/{name}")
            except Impossible:
                if name in required:
                    raise
                continue
            members.append((_member(strings.literal(name), value), name in required))
        return self._members(members, self._rest(rest, names, nesting, place), flat, place)

    def _rest(self, schema: Any, names: Iterable[str], nesting: int, place: str) -> Node | None:
        """Return the grammar of a member that has no name of its own; None when there is none."""
        try:
            value = self._free_or(schema, nesting - 1, f"{place}/additionalProperties")
        except Impossible:
            return None
        return _member(strings.key_besides(names), value)

    def _members(
        self, members: list[tuple[Node, bool]], rest: Node | None, flat: Flat, place: str
    ) -> Node:
        fewest = reading.count(flat, "minProperties", 0, place)
        most = reading.count(flat, "maxProperties", len(members) + _MOST_MEMBERS, place)
        if most < len(members):
            raise Unsupported(f'"maxProperties" below the number of properties in {place}')
        if fewest > sum(is_required for _, is_required in members):
            raise Unsupported(f'"minProperties" above the number of required ones in {place}')
        # Two forms of what is left: after a member it begins with a comma, else it does not.
        after: Node = grammar.NOTHING
        first: Node = grammar.NOTHING
        room = most - len(members)
        if rest is not None and room:
            comma = grammar.sequence(_COMMA, rest)
            after = grammar.repeat(comma, 0, room)
            more = grammar.repeat(comma, 0, room - 1)
            first = grammar.choice("", grammar.sequence(rest, more))
        for member, is_required in reversed(members):
            with_member = grammar.sequence(_COMMA, member, after)
            alone = grammar.sequence(member, after)
            first = alone if is_required else grammar.choice(first, alone)
            after = with_member if is_required else grammar.choice(after, with_member)
        return grammar.sequence("{", _SPACE, first, _SPACE, "}")

    # --- arrays -----------------------------------------------------------------------------

    def _array(self, flat: Flat, nesting: int, place: str) -> Node:
        if not nesting:
            raise Impossible(place)
        items = flat.get("items", not flat.get("prefixItems"))
        before = flat.get("prefixItems", [])
        if isinstance(items, list):
            items, before = False, items
        fewest = reading.count(flat, "minItems", 0, place)
        most = max(fewest, min(reading.count(flat, "maxItems", _MOST_ITEMS, place), _MOST_ITEMS))
        if "maxItems" in flat and fewest > flat["maxItems"]:
            raise Impossible(place)
        firsts = self._firsts(before[:most], fewest, nesting, place)
        rest: Node | None = None
        if len(firsts) == len(before):
            with contextlib.suppress(Impossible):
                rest = self._free_or(items, nesting - 1, f"{place}/items")
        return _listed(firsts, rest, fewest, most, place)

    def _firsts(self, before: list[Any], fewest: int, nesting: int, place: str) -> list[Node]:
        nodes: list[Node] = []
        for number, schema in enumerate(before):
            try:
                nodes.append(self._node(schema, nesting - 1, f"{place}/prefixItems/{number}"))
            except Impossible:
                if number < fewest:
                    raise
                break
        return nodes

    def _free_or(self, schema: Any, nesting: int, place: str) -> Node:
        """Convert a schema; one that allows anything is shared."""
        if schema is not True and schema != {}:
            return self._node(schema, nesting, place)
        depth = min(nesting, _MOST_FREE_NESTING)
        if depth not in self._free:
            self._free[depth] = self._union({}, depth, place)
        return self._free[depth]


def _listed(firsts: list[Node], rest: Node | None, fewest: int, most: int, place: str) -> Node:
    if rest is None:
        most = min(most, len(firsts))
    if fewest > most:
        raise Impossible(place)
    content: Node = grammar.NOTHING
    room = most - len(firsts)
    if rest is not None and room > 0:
        must = max(0, fewest - len(firsts))
        content = grammar.repeat(grammar.sequence(_COMMA, rest), must, room)
        if not firsts:
            more = grammar.repeat(grammar.sequence(_COMMA, rest), max(0, must - 1), room - 1)
            some = grammar.sequence(rest, more)
            content = some if must else grammar.choice("", some)
    for number, item in reversed(list(enumerate(firsts))):
        comma: Node = _COMMA if number else grammar.NOTHING
        with_item = grammar.sequence(comma, item, content)
        content = with_item if number < fewest else grammar.choice("", with_item)
    return grammar.sequence("[", _SPACE, content, _SPACE, "]")


def _member(key: Node, value: Node) -> Node:
    return grammar.sequence(key, _COLON, value)


def _choice(ways: list[Node], place: str) -> Node:
    if not ways:
        raise Impossible(place)
    return grammar.choice(*ways)


def _types(flat: Flat, place: str) -> list[str]:
    """List the types that a schema is about: those it names, or those its keywords are for."""
    if "type" in flat:
        return list(dict.fromkeys(reading.types(flat["type"], place)))
    named = [name for name, keys in OF_TYPE.items() if any(key in flat for key in keys)]
    return named or list(_ALL_TYPES)
