"""llama.cpp's built-in chat formats, for models that come without a template.

Each format is code in llama.cpp under a name such as `chatml`. Which one a model was trained with
is read off the special tokens of its vocabulary, or chosen by the user; it is never guessed from
nothing.
"""

import ctypes
import datetime
from collections.abc import Mapping, Sequence

from llama_cpp import llama_cpp

from localchat import errors
from localchat.engine.templates import ChatTemplate, Renderer, Turn
from localchat.engine.vocab import Vocab

# The tokens that all must be there for a format, the most telling first.
_EVIDENCE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("kimi-k2", ("<|im_user|>", "<|im_assistant|>", "<|im_middle|>")),
    ("phi4", ("<|im_start|>", "<|im_sep|>", "<|im_end|>")),
    ("smolvlm", ("<|im_start|>", "<end_of_utterance>")),
    ("chatml", ("<|im_start|>", "<|im_end|>")),
    ("llama4", ("<|header_start|>", "<|header_end|>")),
    ("llama3", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
    ("gemma", ("<start_of_turn>", "<end_of_turn>")),
    ("granite", ("<|start_of_role|>", "<|end_of_role|>")),
    ("command-r", ("<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>")),
    ("gpt-oss", ("<|start|>", "<|channel|>", "<|message|>")),
    ("seed_oss", ("<seed:bos>", "<seed:eos>")),
    ("deepseek3", ("<｜User｜>", "<｜Assistant｜>")),
    ("exaone3", ("[|assistant|]", "[|endofturn|]")),
    ("megrez", ("<|role_start|>", "<|role_end|>", "<|turn_end|>")),
    ("chatglm4", ("[gMASK]", "<sop>", "<|user|>", "<|assistant|>")),
    ("phi3", ("<|user|>", "<|assistant|>", "<|end|>")),
    ("falcon3", ("<|user|>", "<|assistant|>", "</s>")),
    ("mistral-v7", ("[INST]", "[/INST]", "[SYSTEM_PROMPT]")),
)
_MISTRAL = ("[INST]", "[/INST]")
_HINT = "It may be a base model, not made for chat; give a template with --chat-template-file."


class BuiltinTemplate:
    """One of llama.cpp's formats. Takes contents as text and ignores variables.

    Raises BadTemplate when llama.cpp has none of that name.
    """

    variables: frozenset[str] = frozenset()

    def __init__(self, name: str, origin: str = "") -> None:
        if name not in names():
            raise errors.BadTemplate(f"llama.cpp has no built-in chat format named {name!r}.")
        self.source = name
        self.origin = origin or f"llama.cpp's built-in format {name!r}"

    def render(
        self,
        messages: Sequence[Turn],
        *,
        add_generation_prompt: bool = True,
        variables: Mapping[str, object] | None = None,  # noqa: ARG002 - part of Renderer
    ) -> str:
        """Render messages; raises BadTemplate when llama.cpp refuses them."""
        chat = (llama_cpp.llama_chat_message * len(messages))()
        for place, message in zip(chat, messages, strict=True):
            # C strings end at a NUL, and the rest of the message would be lost.
            place.role = str(message["role"]).replace("\0", "").encode()
            text = str(message["content"]).replace("\0", "")
            place.content = text.encode("utf-8", errors="replace")
        room = 1024 + 2 * sum(len(place.content) + 64 for place in chat)
        while True:
            buffer = ctypes.create_string_buffer(room)
            length = llama_cpp.llama_chat_apply_template(
                self.source.encode(), chat, len(chat), add_generation_prompt, buffer, room
            )
            if length < 0:
                raise errors.BadTemplate(f"{self.origin} refuses this conversation.".capitalize())
            if length <= room:
                return buffer.raw[:length].decode("utf-8", errors="replace")
            room = length + 1


def names() -> tuple[str, ...]:
    """List the formats that this build of llama.cpp knows."""
    count = llama_cpp.llama_chat_builtin_templates(None, 0)
    found = (ctypes.c_char_p * count)()
    llama_cpp.llama_chat_builtin_templates(found, count)
    return tuple(name.decode() for name in found if name)


def recognize(vocab: Vocab) -> str | None:
    """Tell from a vocabulary's special tokens which format it was made for; None if unclear."""
    special = vocab.special_texts
    texts = special.control | special.user_defined
    for name, needed in _EVIDENCE:
        if texts.issuperset(needed):
            return name
    if texts.issuperset(_MISTRAL):
        return "mistral-v3" if vocab.adds_space else "mistral-v3-tekken"
    return None


def choose(
    own: str | None,
    vocab: Vocab,
    *,
    chosen: str | None = None,
    now: datetime.datetime | None = None,
) -> tuple[Renderer, tuple[str, ...]]:
    """Choose a model's template, and say in notes what the user should know about the choice.

    `chosen` is the user's: Jinja source or the name of a built-in format; it goes before the
    model's `own`. Raises BadTemplate when the template is broken, and when there is none and the
    vocabulary does not show a known format: another format is never used silently.
    """
    bos, eos = vocab.text(vocab.bos), vocab.text(vocab.eos)
    if chosen is not None:
        if chosen.strip() in names():
            return BuiltinTemplate(chosen.strip()), ()
        template = ChatTemplate(chosen, bos=bos, eos=eos, origin="the template you gave", now=now)
        return template, ()
    if own:
        return ChatTemplate(own, bos=bos, eos=eos, now=now), ()
    name = recognize(vocab)
    if name is None:
        raise errors.BadTemplate("This model has no chat template.", _HINT)
    note = (
        f"This model has no chat template. Its vocabulary has the marks of {name!r}, so llama.cpp's"
        " built-in format of that name is used; answers may be odd if it is a base model."
    )
    return BuiltinTemplate(name), (note,)
