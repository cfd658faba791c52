"""Where an answer ends when the vocabulary does not say so.

Some files mark the token that ends a turn as ordinary text. llama.cpp then does not stop there, and
the model goes on and writes the user's part too.
"""

import re

from localchat import errors
from localchat.engine.prompt import PromptBuilder
from localchat.engine.vocab import Vocab
from localchat.engine.wire import Message

_MARK = re.compile(r"<[^<>\s]{1,40}>|\[[^\[\]\s]{1,40}\]")
"""A mark such as <|im_end|> or [/INST] at the start of a text."""
_FIRST, _ANSWER, _NEXT = "8881", "8882", "8883"


def missing_stops(builder: PromptBuilder, vocab: Vocab) -> tuple[str, ...]:
    """Return the text that the template writes after an answer, unless generation ends there.

    Empty also when the template writes nothing between an answer and the next turn.
    """
    turns = [Message("user", _FIRST), Message("assistant", _ANSWER), Message("user", _NEXT)]
    try:
        text = builder.build(turns).text
    except errors.BadTemplate:
        return ()
    between = text.rpartition(_ANSWER)[2].partition(_NEXT)[0].strip()
    end = between.splitlines()[0] if between else ""
    tokens = vocab.tokenize(end, parse_special=True)
    if not end or any(vocab.is_end(token) for token in tokens):
        return ()
    mark = _MARK.match(end)
    return (mark[0] if mark else end,)
