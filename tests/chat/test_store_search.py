"""Searching every chat: any script, any text as the question, with and without FTS5."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localchat.chat.records import Hit
from localchat.chat.store import search
from localchat.chat.store.database import Abilities, probe
from localchat.chat.store.store import Store
from tests.chat import talks

POSSIBLE = {"trigram": ("trigram", "unicode61", ""), "unicode61": ("unicode61", ""), "": ("",)}


@pytest.fixture(params=POSSIBLE[probe().tokenizer])
def store(request: pytest.FixtureRequest, chats_file: Path) -> Iterator[Store]:
    """A store whose index was made in each way."""
    able = Abilities(tokenizer=request.param)
    with contextlib.closing(Store.open(chats_file, abilities=able)) as made:
        yield made
        made.check()


def _found(hits: tuple[Hit, ...]) -> list[str]:
    return ["".join(text for text, _ in hit.snippet) for hit in hits]


def test_every_word_has_to_be_there_in_any_order(store: Store) -> None:
    """In large letters or small, at the beginning of a word; the newest first."""
    talks.keep(store, "Green tea with MILK?", "No.", "Green peas?", "Green peas, milk and tea.")
    assert ["Green peas, milk and tea.", "Green tea with MILK?"] == _found(
        store.search("milk GREEN")
    )
    assert [] == _found(store.search("green coffee"))
    assert ["Green tea with MILK?"] == _found(store.search('"tea with"'))


def test_words_without_blanks_between_are_found(store: Store) -> None:
    """Chinese, Japanese, Thai; also two characters, or one."""
    talks.keep(store, "如何清理缓存文件?", "キャッシュを消します。", "ขอบคุณมาก", "ok")
    assert ["如何清理缓存文件?"] == _found(store.search("缓存"))
    assert ["如何清理缓存文件?"] == _found(store.search("清理缓存"))
    assert ["キャッシュを消します。"] == _found(store.search("消"))
    assert ["ขอบคุณมาก"] == _found(store.search("คุณ"))


def test_letters_beyond_ascii_have_two_sizes_too(store: Store) -> None:
    """Also in words that are too short for the index."""
    talks.keep(store, "ÄRGER mit Öl", "Да, ЖАР")
    assert ["ÄRGER mit Öl"] == _found(store.search("ärger öl"))
    assert ["Да, ЖАР"] == _found(store.search("жар"))


def test_titles_come_first_and_point_at_no_message(store: Store) -> None:
    """A renamed chat is found by its new title alone."""
    record, kept = talks.keep(store, "About pandas", "Bears.", title="Zebra")
    store.rename(record.id, "All pandas")
    title, message = store.search("pandas")
    assert (None, None, "All pandas") == (title.message_id, title.role, title.title)
    assert (kept[0].id, "user", record.id) == (message.message_id, message.role, message.chat_id)
    assert () == store.search("zebra")


def test_what_is_deleted_is_not_found(store: Store) -> None:
    """Until it is back."""
    record, kept = talks.keep(store, "Where is Timbuktu?", "In Mali.", title="Timbuktu")
    store.delete_message(kept[0].id)
    assert [None] == [hit.message_id for hit in store.search("timbuktu")]
    store.delete_chat(record.id)
    assert () == store.search("timbuktu")
    store.restore_chat(record.id)
    store.restore_message(kept[0].id)
    assert 2 == len(store.search("timbuktu"))


def test_an_answer_is_found_when_it_has_ended(store: Store) -> None:
    """And no fragment of it before; files are found by what is in them."""
    record, (_, said) = talks.keep(store, "Why?", "Because of giraffes")
    store.resume(said.id)
    store.append(said.id, "answer", " and elephants")
    assert () == store.search("elephants")
    coming = store.tree(record.id).messages[said.id]
    store.finish(talks.ended(coming))
    assert ["Because of giraffes and elephants"] == _found(store.search("elephants giraffes"))


def test_no_more_than_was_asked_for(store: Store) -> None:
    """The newest; none for a text without words."""
    talks.keep(store, *(f"tea number {number}" for number in range(20)))
    assert [f"tea number {number}" for number in (19, 18, 17)] == _found(store.search("tea", 3))
    assert () == store.search("  ") == store.search("\x00") == store.search("tea", 0)


@given(st.text(max_size=40) | st.sampled_from(['"', '" "', "NEAR(a b)", "a*", "-x", "a:b", "{a}"]))
@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_text_is_an_error(store: Store, text: str) -> None:
    """Whatever is typed is looked for as it is; a message of these words is found."""
    store.search(text)
    words = search.divide(text)
    if words:
        record, _ = talks.keep(store, " ".join(words), "No.")
        assert record.id in [hit.chat_id for hit in store.search(text)], words
        store.remove_chat(record.id)


def test_an_index_is_made_anew_by_whoever_can(chats_file: Path) -> None:
    """What was kept without one is found through it later."""
    with contextlib.closing(Store.open(chats_file)) as store:
        talks.keep(store, "first message", "yes")
    with contextlib.closing(Store.open(chats_file, abilities=Abilities(""))) as store:
        talks.keep(store, "second message", "yes")
        assert 2 == len(store.search("message"))
    with contextlib.closing(Store.open(chats_file)) as store:
        assert 2 == len(store.search("message"))
        store.check()


def test_the_snippet_is_the_text_around_the_first_match() -> None:
    """On one line, each match marked, with dots where it was cut."""
    text = "x " * 100 + "before\nthe   Needle, and after " + "y " * 100
    pieces = search.snippet(text, ("needle", "after"))
    assert ("Needle", True) in pieces and ("after", True) in pieces
    assert ("…", "…") == (pieces[0][0], pieces[-1][0])
    assert "\n" not in "".join(piece for piece, _ in pieces)
    assert len("".join(piece for piece, _ in pieces)) < 200
