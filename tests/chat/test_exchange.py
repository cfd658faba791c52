"""Chats that leave as files and come back, and chats of other programs."""

import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from localchat import errors, sanitize
from localchat.chat.exchange import document, html, markdown, reading, writing
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings
from localchat.chat.tree import Summary, Tree
from localchat.engine import wire

_STATS = wire.Stats(prompt_tokens=20, tokens=5, seconds=0.5, context_tokens=4096)


def _chat(text: str = "Hello", title: str = "Greeting") -> WholeChat:
    question = Message(
        "q1", "c1", None, "user", (Part("file", "x = 1", "a.py"), Part("text", text))
    )
    first = Message(
        "a1", "c1", "q1", "assistant", (Part("text", "**Hi**"),), reasoning="They greet.",
        ending="stop", model=ModelMark("Tiny", "Q4_K_S"), seed=7, stats=_STATS,
        settings={"temperature": 0.7},
    )  # fmt: skip
    second = Message(
        "a2", "c1", "q1", "assistant", (Part("text", text),), ending="cancelled",
        model=ModelMark("Tiny"),
    )  # fmt: skip
    tree = Tree(
        {each.id: each for each in (question, first, second)},
        {"": "q1", "q1": "a2"},
        (Summary("s1", "c1", "q1", "A greeting."),),
    )
    record = ChatRecord(
        "c1", title, True, True, 1_700_000_000.0, 1_700_000_100.0,
        settings=ChatSettings(system="Be kind.", overflow="roll"), messages=3, model="Tiny",
    )  # fmt: skip
    return WholeChat(record, tree)


def _written(tmp_path: Path, content: object, name: str = "chats.json") -> Path:
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_what_was_exported_as_json_comes_back_whole(tmp_path: Path) -> None:
    """Versions, the chosen one, files, thoughts, statistics, settings and summaries are kept."""
    chat = _chat("Tschüß 漢字 \x1b[31m")
    assert (chat,) == reading.read(_written(tmp_path, document.write([chat])))


@limits(max_examples=200)
@given(st.text(max_size=200), st.text(max_size=60))
def test_no_export_holds_what_a_terminal_obeys(text: str, title: str) -> None:
    """Whatever was said and however the chat is called."""
    chat = _chat(text, title)
    for written in (
        document.write([chat]),
        markdown.write(chat, with_thoughts=True),
        html.write(chat, with_thoughts=True),
    ):
        assert written == sanitize.text(written)
        written.encode("utf-8")


def test_markdown_shows_the_branch_that_is_shown() -> None:
    """With the system prompt, the file, who said it, and why it ended."""
    lines = markdown.write(_chat()).splitlines()
    for expected in (
        "# Greeting", "Be kind.", "## You", "**a.py**", "x = 1", "## Tiny", "*stopped*",
    ):  # fmt: skip
        assert expected in lines
    assert "**Hi**" not in lines


def test_a_file_with_a_fence_in_it_stays_in_its_own() -> None:
    """The fence around it is longer than any in it."""
    assert "````\na\n```\nb\n````" == markdown.fenced(Part("file", "a\n```\nb\n", "x.md"))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![p](http://example.com/p.png)",
        "[x](javascript:alert(1))",
        '"><svg onload=alert(1)>',
    ],
)
def test_a_page_runs_and_fetches_nothing_that_a_model_wrote(text: str) -> None:
    """Neither from messages nor from titles."""
    tags = _Tags()
    tags.feed(html.write(_chat(text, text), with_thoughts=True))
    assert {"script", "img", "svg", "iframe", "object"}.isdisjoint(tag for tag, _ in tags.found)
    for _, attributes in tags.found:
        assert not any(name.startswith("on") for name in attributes)
        assert not (attributes.get("href") or "").startswith("javascript")


def test_markdown_of_an_answer_becomes_html() -> None:
    """Bold text is bold, and a question stays as it was written."""
    chat = _chat("*as it is*")
    shown = WholeChat(chat.record, chat.tree.choosing("a1"))
    page = html.write(shown)
    assert "<strong>Hi</strong>" in page
    assert "*as it is*" in page


def _node(key: str, parent: str | None, role: str, content: object, **more: Any) -> dict[str, Any]:
    message = {"author": {"role": role}, "content": content, "create_time": 1.5, **more}
    return {key: {"id": key, "parent": parent, "children": [], "message": message}}


def _text(*parts: object) -> dict[str, Any]:
    return {"content_type": "text", "parts": list(parts)}


def _conversation() -> dict[str, Any]:
    mapping: dict[str, Any] = {
        "root": {"id": "root", "parent": None, "message": None, "children": ["sys"]}
    }
    mapping |= _node("sys", "root", "system", _text("secret"))
    mapping |= _node("u", "sys", "user", _text("Which day is it?"))
    mapping |= _node(
        "t", "u", "assistant", {"content_type": "code", "text": "x"}, recipient="python"
    )
    mapping |= _node("o", "t", "tool", {"content_type": "execution_output", "text": "Monday"})
    slug = {"model_slug": "gpt-5"}
    mapping |= _node("a", "o", "assistant", _text("Monday."), metadata=slug)
    mapping |= _node("b", "u", "assistant", _text("Tuesday."))
    hidden = {"is_visually_hidden_from_conversation": True}
    mapping |= _node("h", "a", "user", _text("hidden"), metadata=hidden)
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file://1"}
    shown = {"content_type": "multimodal_text", "parts": [picture, "And this?"]}
    mapping |= _node("v", "h", "user", shown)
    return {
        "conversation_id": "1", "title": "Days", "create_time": 1.0, "update_time": 2.0,
        "mapping": mapping, "current_node": "v",
    }  # fmt: skip


def test_chats_of_chatgpt_keep_their_branches(tmp_path: Path) -> None:
    """Tools and hidden messages go; what followed hangs on what stood before."""
    (chat,) = reading.read(_written(tmp_path, [_conversation()], "conversations.json"))
    path = chat.tree.path()
    assert ["Which day is it?", "Monday.", "[picture]\n\nAnd this?"] == [each.text for each in path]
    assert ["Monday.", "Tuesday."] == [
        chat.tree.messages[each].text for each in chat.tree.versions(path[1].id)
    ]
    assert "Days" == chat.record.title
    assert "gpt-5" == (path[1].model.name if path[1].model else "")


def test_chatgpts_archive_is_read_as_it_comes(tmp_path: Path) -> None:
    """With one file of conversations in it or several, and twice the same ids."""
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("conversations-000.json", json.dumps([_conversation()]))
        archive.writestr("user.json", "{}")
    assert reading.read(file) == reading.read(file)
    assert 1 == len(reading.read(file))


def _studio() -> dict[str, Any]:
    stopped = "userStopped"

    def said(role: str, text: str) -> dict[str, Any]:
        return {"type": "singleStep", "role": role, "content": [{"type": "text", "text": text}]}

    def answered(text: str, reason: str = "eosFound") -> dict[str, Any]:
        stats = {"tokensPerSecond": 10.0, "predictedTokensCount": 11, "stopReason": reason}
        block = {"type": "contentBlock", "content": [{"type": "text", "text": text}]}
        thinking = {
            **block,
            "style": {"type": "thinking"},
            "content": [{"type": "text", "text": "Hm."}],
        }
        return {
            "type": "multiStep", "role": "assistant", "senderInfo": {"senderName": "qwen3"},
            "steps": [thinking, {**block, "genInfo": {"stats": stats}}, {"type": "debugInfoBlock"}],
        }  # fmt: skip

    return {
        "name": "Tea", "createdAt": 1_700_000_000_000, "pinned": True, "systemPrompt": "Be kind.",
        "messages": [
            {"versions": [said("user", "Tea?")], "currentlySelected": 0},
            {"currentlySelected": 1, "versions": [answered("No."), answered("Yes.", stopped)]},
            {"versions": [said("user", "Why?")], "currentlySelected": 0},
        ],
    }  # fmt: skip


def test_chats_of_lm_studio_keep_their_versions(tmp_path: Path) -> None:
    """What follows a place follows the version that was selected there."""
    folder = tmp_path / "conversations" / "work"
    folder.mkdir(parents=True)
    _written(folder, _studio(), "1.conversation.json")
    (chat,) = reading.read(tmp_path / "conversations")
    path = chat.tree.path()
    assert ["Tea?", "Yes.", "Why?"] == [each.text for each in path]
    answer = path[1]
    assert ("Hm.", "cancelled") == (answer.reasoning, answer.ending)
    assert 10.0 == pytest.approx(answer.stats.tokens_per_second if answer.stats else 0)
    assert 2 == len(chat.tree.versions(answer.id))
    assert ("Be kind.", True) == (chat.record.settings.system, chat.record.is_pinned)


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[" * 100_000,
        [{"neither": 1}],
        {"format": "localchat chats", "version": 99, "chats": []},
        {"format": "localchat chats", "version": 1, "chats": [{"id": 1}]},
        {"format": "localchat chats", "version": 1},
    ],
)
def test_what_is_no_chat_is_refused_with_a_sentence(tmp_path: Path, content: object) -> None:
    """One that says what can be read, or what to do."""
    with pytest.raises(errors.ChatsUnreadable) as caught:
        reading.read(_written(tmp_path, content))
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize(
    "key", ["id", "parent_id", "chat_id", "role", "parts", "reasoning", "ending"]
)
def test_a_document_with_a_wrong_value_is_refused_whole(tmp_path: Path, key: str) -> None:
    """Half a chat is not taken in."""
    written = json.loads(document.write([_chat()]))
    written["chats"][0]["messages"][1][key] = 5 if key != "parent_id" else "nobody"
    with pytest.raises(errors.ChatsUnreadable):
        reading.read(_written(tmp_path, written))


@limits(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "mapping",
                        "messages",
                        "versions",
                        "steps",
                        "content",
                        "parts",
                        "message",
                        "role",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=30,
    )
)
def test_odd_files_of_others_never_break_the_program(tmp_path_factory: Any, value: Any) -> None:
    """They are read as far as they make sense, or refused."""
    file = tmp_path_factory.mktemp("odd") / "odd.json"
    file.write_text(json.dumps([{"mapping": value}, {"messages": [{"versions": value}]}]))
    try:
        found = reading.read(file)
    except errors.ChatsUnreadable:
        return
    assert all(each.tree.messages for each in found)


def test_nodes_in_a_circle_are_left_out(tmp_path: Path) -> None:
    """A file made to hang the reader does not."""
    mapping = _node("a", "b", "user", _text("x")) | _node("b", "a", "user", _text("y"))
    assert () == reading.read(_written(tmp_path, [{"mapping": mapping, "current_node": "a"}]))


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(errors.ChatsUnreadable, match=r"nothing\.json cannot be read"):
        reading.read(tmp_path / "nothing.json")


@limits(max_examples=200)
@given(st.text(max_size=120))
def test_any_title_makes_a_name_that_can_be_written(
    tmp_path_factory: pytest.TempPathFactory, title: str
) -> None:
    """In one folder, without signs that some system refuses."""
    name = writing.suggested_name(title, "md")
    folder = tmp_path_factory.mktemp("names")
    assert folder / name == writing.save(folder / name, "x")
    assert not set(name) & set('/\\:*?"<>|\0') and not name.startswith((".", "-"))


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    """Unless it may be replaced; nothing else is left in the folder."""
    file = tmp_path / "a.md"
    writing.save(file, "first")
    with pytest.raises(errors.UsageError, match="is there already"):
        writing.save(file, "second")
    assert "first" == file.read_text()
    writing.save(file, "second", replace=True)
    assert ["a.md"] == [each.name for each in tmp_path.iterdir()]
    assert "second" == file.read_text()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By the path, with what to do; also when a file stands where a folder should."""
    (tmp_path / "file").touch()
    for folder in ("no", "file"):
        with pytest.raises(errors.ChatsUnwritten, match="cannot be written"):
            writing.save(tmp_path / folder / "a.md", "x")


def test_the_end_of_a_name_says_the_format(tmp_path: Path) -> None:
    """And another end is refused with those there are."""
    assert "html" == writing.format_of(tmp_path / "A.HTM")
    with pytest.raises(errors.UsageError) as caught:
        writing.format_of(tmp_path / "a.pdf")
    assert ".md, .html or .json" in caught.value.hint


def test_only_json_holds_several_chats() -> None:
    """The others say so."""
    assert '"version": 1' in writing.render([_chat(), _chat()], "json")
    with pytest.raises(errors.UsageError, match="only as JSON"):
        writing.render([_chat(), _chat()], "md")
