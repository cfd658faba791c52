"""Chats out of ChatGPT's export (conversations.json): a tree of nodes, of which we keep the talk.

Hidden messages, tools and what they printed are left out; what followed them hangs on what stood
before. The format is not documented; what is read here is what public exports of 2023 to 2026 hold.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from localchat.chat.exchange import loose, values
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import TEXT, Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.tree import ROOT, Tree

_PROGRAM = "chatgpt"


def is_one(document: object) -> bool:
    """Tell whether this is one conversation of ChatGPT's."""
    fields = loose.mapping(document)
    return isinstance(fields.get("mapping"), Mapping)


def read(conversation: Mapping[str, Any]) -> WholeChat:
    """Read one conversation."""
    nodes = {str(key): loose.mapping(node) for key, node in conversation["mapping"].items()}
    name = loose.text(conversation.get("conversation_id")) or loose.text(conversation.get("id"))
    created = loose.number(conversation.get("create_time"))
    chat_id = values.derived_id(_PROGRAM, name or f"{created} {conversation.get('title')}")
    tree = _tree(chat_id, nodes, loose.text(conversation.get("current_node")))
    record = ChatRecord(
        id=chat_id,
        title=loose.text(conversation.get("title")),
        has_own_title=bool(loose.text(conversation.get("title"))),
        is_pinned=bool(conversation.get("is_starred") or conversation.get("pinned_time")),
        created_seconds=created,
        updated_seconds=loose.number(conversation.get("update_time")) or created,
        messages=len(tree.messages),
        model=loose.text(conversation.get("default_model_slug")),
    )
    return WholeChat(record, tree)


def _tree(chat_id: str, nodes: Mapping[str, Mapping[str, Any]], current: str) -> Tree:
    kept: dict[str, Message] = {}
    stands_for: dict[str, str | None] = {}
    """A node to the message that it became, or else to the one before it."""
    for key in _parents_first(nodes):
        parent = stands_for.get(loose.text(nodes[key].get("parent")))
        message = _message(chat_id, key, parent, nodes[key])
        if message is not None:
            kept[message.id] = message
        stands_for[key] = message.id if message else parent
    tree = Tree(kept)
    leaf = stands_for.get(current)
    return tree.choosing(leaf) if leaf else tree


def _parents_first(nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Give every node that hangs on a root once, and none that hangs in a circle."""
    children: dict[str, list[str]] = {}
    for key, node in nodes.items():
        parent = loose.text(node.get("parent"))
        children.setdefault(parent if parent in nodes else ROOT, []).append(key)
    waiting = list(reversed(children.get(ROOT, [])))
    while waiting:
        key = waiting.pop()
        yield key
        waiting += reversed(children.get(key, []))


def _message(
    chat_id: str, key: str, parent_id: str | None, node: Mapping[str, Any]
) -> Message | None:
    message = loose.mapping(node.get("message"))
    metadata = loose.mapping(message.get("metadata"))
    role = loose.mapping(message.get("author")).get("role")
    content = loose.mapping(message.get("content"))
    is_hidden = metadata.get("is_visually_hidden_from_conversation") is True
    if is_hidden or role not in ("user", "assistant"):
        return None
    if loose.text(message.get("recipient")) not in ("", "all"):
        # Said to a tool, not to the reader.
        return None
    text, thoughts = _content(content)
    if not text.strip() and not thoughts.strip():
        return None
    model = loose.text(metadata.get("model_slug"))
    return Message(
        id=values.derived_id(chat_id, key),
        chat_id=chat_id,
        parent_id=parent_id,
        role=role,
        parts=(Part(TEXT, text),) if text else (),
        reasoning=thoughts,
        ending="stop" if role == "assistant" else "",
        created_seconds=loose.number(message.get("create_time")),
        model=ModelMark(model) if model and role == "assistant" else None,
    )


def _content(content: Mapping[str, Any]) -> tuple[str, str]:
    """Give what was said, and what was thought."""
    kind = loose.text(content.get("content_type"))
    if kind == "thoughts":
        thoughts = [loose.mapping(each) for each in loose.items(content.get("thoughts"))]
        return "", "\n\n".join(filter(None, (loose.text(each.get("content")) for each in thoughts)))
    if kind == "code":
        code = loose.text(content.get("text"))
        return (f"```{_language(content)}\n{code}\n```" if code else ""), ""
    if kind in ("text", "multimodal_text"):
        parts = (_part(each) for each in loose.items(content.get("parts")))
        return "\n\n".join(filter(None, parts)), ""
    return "", ""


def _language(content: Mapping[str, Any]) -> str:
    language = loose.text(content.get("language"))
    return language if language.isalnum() and language != "unknown" else ""


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    fields = loose.mapping(part)
    if "image" in loose.text(fields.get("content_type")):
        return "[picture]"
    return loose.text(fields.get("text"))
