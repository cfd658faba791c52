"""Chats of LM Studio (`*.conversation.json`): a list of places, each with its versions.

What follows a place follows the version that was selected there. The format is not documented;
what is read here is what public files of 2024 to 2026 hold.
"""

from collections.abc import Mapping
from typing import Any

from localchat.chat.exchange import loose, values
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import TEXT, Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings
from localchat.chat.tree import ROOT, Tree
from localchat.engine import wire

_PROGRAM = "lmstudio"
_ENDINGS = {
    "maxPredictedTokensReached": "length",
    "contextLengthReached": "context",
    "userStopped": "cancelled",
    "failed": "error",
}


def is_one(document: object) -> bool:
    """Tell whether this is a conversation of LM Studio's."""
    messages = loose.items(loose.mapping(document).get("messages"))
    return any("versions" in loose.mapping(each) for each in messages)


def read(conversation: Mapping[str, Any]) -> WholeChat:
    """Read one conversation."""
    created = loose.number(conversation.get("createdAt")) / 1000
    name = loose.text(conversation.get("name"))
    chat_id = values.derived_id(_PROGRAM, f"{created} {name}")
    tree = _tree(chat_id, conversation, created)
    models = [each.model.name for each in tree.path() if each.model]
    record = ChatRecord(
        id=chat_id,
        title=name,
        has_own_title=bool(name),
        is_pinned=conversation.get("pinned") is True,
        created_seconds=created,
        updated_seconds=loose.number(conversation.get("assistantLastMessagedAt")) / 1000 or created,
        settings=ChatSettings(system=loose.text(conversation.get("systemPrompt"))),
        messages=len(tree.messages),
        model=models[-1] if models else "",
    )
    return WholeChat(record, tree)


def _tree(chat_id: str, conversation: Mapping[str, Any], created: float) -> Tree:
    kept: dict[str, Message] = {}
    chosen: dict[str, str] = {}
    parent: str | None = None
    for place, each in enumerate(loose.items(conversation.get("messages"))):
        fields = loose.mapping(each)
        versions = [loose.mapping(one) for one in loose.items(fields.get("versions"))]
        selected = int(loose.number(fields.get("currentlySelected")))
        shown: str | None = None
        for number, version in enumerate(versions):
            message = _message(chat_id, f"{place} {number}", parent, version, created)
            if message is not None:
                kept[message.id] = message
                shown = message.id if number == selected or shown is None else shown
        if shown is not None:
            chosen[parent or ROOT] = shown
            parent = shown
    return Tree(kept, chosen)


def _message(
    chat_id: str, name: str, parent_id: str | None, version: Mapping[str, Any], created: float
) -> Message | None:
    role = version.get("role")
    if role not in ("user", "assistant", "system"):
        return None
    steps = [loose.mapping(each) for each in loose.items(version.get("steps"))]
    blocks = [each for each in steps if each.get("type") == "contentBlock"] or [version]
    said = "".join(_text(each) for each in blocks if not _is_thinking(each))
    thought = "".join(_text(each) for each in blocks if _is_thinking(each))
    if not said.strip() and not thought.strip():
        return None
    info = next((each["genInfo"] for each in reversed(blocks) if "genInfo" in each), None)
    return Message(
        id=values.derived_id(chat_id, name),
        chat_id=chat_id,
        parent_id=parent_id,
        role=role,
        parts=(Part(TEXT, said),) if said else (),
        reasoning=thought,
        ending=_ending(loose.mapping(info)) if role == "assistant" else "",
        created_seconds=created,
        model=_model(version, loose.mapping(info)) if role == "assistant" else None,
        stats=_stats(loose.mapping(info)),
    )


def _text(block: Mapping[str, Any]) -> str:
    pieces = (loose.mapping(each) for each in loose.items(block.get("content")))
    return "".join(loose.text(each.get("text")) for each in pieces if each.get("type") == "text")


def _is_thinking(block: Mapping[str, Any]) -> bool:
    return loose.mapping(block.get("style")).get("type") == "thinking"


def _ending(info: Mapping[str, Any]) -> Any:
    reason = loose.text(loose.mapping(info.get("stats")).get("stopReason"))
    return _ENDINGS.get(reason, "stop")


def _model(version: Mapping[str, Any], info: Mapping[str, Any]) -> ModelMark | None:
    name = loose.text(loose.mapping(version.get("senderInfo")).get("senderName"))
    name = name or loose.text(info.get("identifier"))
    return ModelMark(name) if name else None


def _stats(info: Mapping[str, Any]) -> wire.Stats | None:
    stats = loose.mapping(info.get("stats"))
    tokens = int(loose.number(stats.get("predictedTokensCount")))
    rate = loose.number(stats.get("tokensPerSecond"))
    if not tokens:
        return None
    return wire.Stats(
        prompt_tokens=int(loose.number(stats.get("promptTokensCount"))),
        ttft_seconds=loose.number(stats.get("timeToFirstTokenSec")),
        tokens=tokens,
        seconds=(tokens - 1) / rate if rate > 0 else 0.0,
    )
