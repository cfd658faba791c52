"""A grammar in the notation that llama.cpp reads (GBNF).

Long repetitions are written in blocks, so that llama.cpp neither refuses them nor follows many ways
through them at once. Knows nothing of JSON.
"""

from localchat.engine.schemas.grammar import Chars, Choice, Node, Repeat, Sequence, Text

_BLOCK = 64


def written(root: Node) -> str:
    """Write a grammar down; its first rule is `root`."""
    writer = _Writer()
    body = writer.body(root)
    return "\n".join([f"root ::= {body}", *writer.rules]) + "\n"


class _Writer:
    """Gives every compound node a rule of its own, once."""

    def __init__(self) -> None:
        self.rules: list[str] = []
        self._names: dict[Node, str] = {}

    def body(self, node: Node) -> str:
        """Write what stands to the right of a rule."""
        if isinstance(node, Text):
            return _literal(node.text)
        if isinstance(node, Chars):
            return _class(node)
        if isinstance(node, Sequence):
            return " ".join(map(self._use, node.parts))
        if isinstance(node, Choice):
            return " | ".join(map(self._use, node.parts))
        return self._repeated(node)

    def _use(self, node: Node) -> str:
        if isinstance(node, Text | Chars):
            return self.body(node)
        if node not in self._names:
            self._names[node] = self._rule(self.body(node))
        return self._names[node]

    def _rule(self, body: str) -> str:
        name = f"r{len(self.rules)}"
        self.rules.append(f"{name} ::= {body}")
        return name

    def _repeated(self, node: Repeat) -> str:
        part = self._use(node.part)
        if isinstance(node.part, Text | Chars):
            # One symbol, whatever is repeated.
            part = self._rule(part)
        if node.most <= _BLOCK:
            return f"{part}{{{node.least},{node.most}}}"
        block = self._rule(f"{part}{{{_BLOCK}}}")
        blocks, rest = divmod(node.least, _BLOCK)
        must = [block] * blocks + [f"{part}{{{rest}}}"] * bool(rest)
        return " ".join([*must, self._up_to(part, block, node.most - node.least)])

    def _up_to(self, part: str, block: str, most: int) -> str:
        """Allow none to `most`: whole blocks, and then less than one more."""
        blocks, rest = divmod(most, _BLOCK)
        tail = self._rule(f"{part}{{0,{_BLOCK - 1}}}")
        name = self._rule(f"{part}{{0,{rest}}}" if rest else '""')
        for _ in range(blocks):
            name = self._rule(f"{block} {name} | {tail}")
        return name


def _literal(text: str) -> str:
    """Write a text between quotes.

    >>> print(_literal('say "hi"'))
    "say \\"hi\\""
    """
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(char: str) -> str:
    return char if char.isalnum() or char in " :,{}[]()-.+/@_" else _code(ord(char))


def _class(node: Chars) -> str:
    r"""Write a class of characters.

    >>> from localchat.engine.schemas import grammar
    >>> print(_class(grammar.between("0", "9")), _class(grammar.of("a\n")))
    [\x30-\x39] [\x0A\x61]
    """
    ranges = ((_code(low), _code(high)) for low, high in node.ranges)
    return "[" + "".join(low if low == high else f"{low}-{high}" for low, high in ranges) + "]"


def _code(point: int) -> str:
    if point == ord('"'):
        return '\\"'
    if point <= 0xFF:
        return f"\\x{point:02X}"
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"
