"""What is kept comes back: chats, their messages with everything about them, and their order."""

import contextlib
import dataclasses
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localchat import errors
from localchat.chat import messages, records
from localchat.chat.messages import Part
from localchat.chat.settings import ChatSettings
from localchat.chat.store.store import Store
from localchat.chat.tree import Summary, Tree
from localchat.engine import wire
from tests.chat import talks


@pytest.fixture
def store(chats_file: Path) -> Iterator[Store]:
    """An open store, which is checked in the end."""
    with contextlib.closing(Store.open(chats_file)) as made:
        yield made
        made.check()


@pytest.fixture
def again(chats_file: Path) -> Iterator[Store]:
    """The same chats as another program sees them."""
    with contextlib.closing(Store.open(chats_file)) as made:
        yield made


def test_everything_about_a_message_comes_back(store: Store, again: Store) -> None:
    """Parts, reasoning, model, samplers, seed and statistics."""
    record = records.new()
    asked, said = talks.turn(record.id, None, "Why?", "Because.")
    asked = dataclasses.replace(
        asked, parts=(Part("file", "x\x00y", "a.txt", "text/plain"), *asked.parts), is_edited=True
    )
    failed = dataclasses.replace(said, id="failed", ending="error", error="The engine died.")
    store.begin(asked, said, failed, chat=record)
    assert {asked.id: asked, said.id: said, "failed": failed} == again.tree(record.id).messages


def test_everything_about_a_chat_comes_back(store: Store, again: Store) -> None:
    """Title, pin, draft and settings; the model and the time of what was said last."""
    kept = ChatSettings(system="Be brief.", sampling=wire.Sampling(temperature=0.2), stop=("x",))
    record = store.new_chat(kept, "Tea")
    assert (record, True) == (again.chat(record.id), record.has_own_title)
    store.rename(record.id, "Green tea", is_own=False)
    store.set_pinned(record.id, True)
    store.set_draft(record.id, "and what of\nblack tea?")
    store.set_settings(record.id, ChatSettings(system="Be long."))
    asked, said = talks.turn(record.id, None, "Why?", "Because.")
    store.begin(asked, said)
    expected = dataclasses.replace(
        record,
        title="Green tea",
        has_own_title=False,
        is_pinned=True,
        draft="and what of\nblack tea?",
        settings=ChatSettings(system="Be long."),
        messages=2,
        model="Guide",
        updated_seconds=said.created_seconds,
    )
    assert expected == again.chat(record.id) == again.last_chat()


def test_a_draft_that_was_sent_is_no_draft_any_more(store: Store, again: Store) -> None:
    """In the same step in which the message is kept; the chat's title stays."""
    record = records.new(title="Tea")
    store.add_chat(dataclasses.replace(record, draft="Why?"))
    store.begin(*talks.streaming(record.id), chat=record)
    assert ("", "Tea") == (again.chat(record.id).draft, again.chat(record.id).title)


def test_pinned_chats_come_first_then_the_newest(store: Store) -> None:
    """Deleted ones are in a list of their own."""
    old, middle, new = (talks.keep(store, "a", "b", title=title)[0] for title in "123")
    store.set_pinned(old.id, True)
    assert ["1", "3", "2"] == [record.title for record in store.chats()]
    store.delete_chat(new.id)
    assert ["1", "2"] == [record.title for record in store.chats()]
    assert ["3"] == [record.title for record in store.chats(deleted=True)]
    assert middle.id == getattr(store.last_chat(), "id", None)
    store.restore_chat(new.id)
    assert new.id == getattr(store.last_chat(), "id", None)


def test_what_is_not_there_is_said_in_a_sentence(store: Store) -> None:
    """For chats and for messages."""
    for work in (
        lambda: store.chat("nobody"),
        lambda: store.rename("nobody", "x"),
        lambda: store.fork("nobody", "x"),
        lambda: store.delete_message("nobody"),
        lambda: store.resume("nobody"),
    ):
        with pytest.raises(errors.StoreError, match="There is no such"):
            work()


def test_an_answer_comes_in_fragments_and_ends_whole(store: Store, again: Store) -> None:
    """Another program sees it coming; in the end the message stands in place of the fragments."""
    record = records.new()
    asked, answer = talks.streaming(record.id)
    store.begin(asked, answer, chat=record)
    store.append(answer.id, "reasoning", "Hm, ")
    store.append(answer.id, "reasoning", "well.")
    store.append(answer.id, "answer", "It ")
    store.append(answer.id, "answer", "is.")
    coming = again.tree(record.id).messages[answer.id]
    assert (True, "It is.", "Hm, well.") == (coming.is_streaming, coming.text, coming.reasoning)
    done = dataclasses.replace(
        coming, is_streaming=False, parts=(Part("text", "It is!"),), ending="stop", seed=3
    )
    store.finish(done)
    store.append(answer.id, "answer", "too late")
    assert done == again.tree(record.id).messages[answer.id]


def test_an_answer_that_goes_on_keeps_its_text(store: Store) -> None:
    """Fragments stand after what was said before."""
    record, (_, said) = talks.keep(store, "Why?", "Because")
    store.resume(said.id)
    store.append(said.id, "answer", " it is so.")
    coming = store.tree(record.id).messages[said.id]
    assert (True, "Because it is so.", "") == (coming.is_streaming, coming.text, coming.ending)
    store.finish(dataclasses.replace(coming, is_streaming=False, ending="cancelled"))
    assert ["Why?", "Because it is so."] == talks.texts(store.tree(record.id))


def test_a_deleted_message_can_be_put_back_where_it_was(store: Store) -> None:
    """What followed it is shown meanwhile."""
    record, kept = talks.keep(store, "a", "b", "c", "d")
    for message, left in zip(kept, ("b c d", "a c d", "a b d", "a b c"), strict=True):
        store.delete_message(message.id)
        assert left.split() == talks.texts(store.tree(record.id))
        assert 3 == store.chat(record.id).messages
        store.restore_message(message.id)
        assert ["a", "b", "c", "d"] == talks.texts(store.tree(record.id))


def test_a_summary_stands_until_something_in_it_is_deleted(store: Store) -> None:
    """It comes back with the message."""
    record, kept = talks.keep(store, "a", "b", "c", "d")
    summary = Summary("s", record.id, kept[1].id, "About a.", "Guide", kept[3].created_seconds)
    store.add_summary(summary)
    store.delete_message(kept[2].id)
    assert (summary,) == store.tree(record.id).summaries
    store.delete_message(kept[0].id)
    assert () == store.tree(record.id).summaries
    store.restore_message(kept[0].id)
    assert (summary,) == store.tree(record.id).summaries


def test_a_fork_is_a_chat_of_its_own(store: Store) -> None:
    """It has the branch up to the message, the settings, and no id of the original."""
    record, kept = talks.keep(store, "a", "b", "c", "d", title="Tea")
    store.set_settings(record.id, ChatSettings(system="Be brief."))
    store.add_summary(Summary("s", record.id, kept[1].id, "About a.", "Guide", 1e10))
    forked = store.fork(record.id, kept[2].id)
    tree = store.tree(forked.id)
    assert (["a", "b", "c"], "Tea") == (talks.texts(tree), forked.title)
    assert (3, "Be brief.") == (forked.messages, forked.settings.system)
    assert [tree.path()[1].id] == [each.through_id for each in tree.summaries]
    assert set(tree.messages).isdisjoint(talks.ids(kept))
    assert ["a", "b", "c", "d"] == talks.texts(store.tree(record.id))


def test_an_imported_chat_keeps_its_ids_unless_they_are_taken(store: Store) -> None:
    """The second time it is a copy; what seemed to be coming has ended."""
    record = records.new(title="From elsewhere")
    asked, answer = talks.streaming(record.id)
    other = messages.new(record.id, asked.id, "assistant", "Shown")
    tree = Tree().plus(asked).plus(answer).plus(other).choosing(answer.id)
    first, second = store.import_chat(record, tree), store.import_chat(record, tree)
    assert record.id == first.id != second.id
    for copy in (first, second):
        ended = store.tree(copy.id).path()[-1]
        assert ("interrupted", False) == (ended.ending, ended.is_streaming)
        assert 3 == copy.messages


def test_what_was_deleted_long_ago_leaves_no_trace(chats_file: Path) -> None:
    """No byte of it is in the files; messages around a purged one stay."""
    with contextlib.closing(Store.open(chats_file)) as store:
        gone, _ = talks.keep(store, "Zanzibar?", "An island, Zanzibar.", title="Zanzibar")
        left, kept = talks.keep(store, "a", "Tanganyika", "c", "d")
        store.delete_chat(gone.id)
        store.add_summary(Summary("s", left.id, kept[2].id, "On Tanganyika.", "Guide", 1.0))
        store.delete_message(kept[1].id)
        assert 0 == store.purge(0.0)
        assert 1 == store.purge(time.time() + 1)
        assert ["a", "c", "d"] == talks.texts(store.tree(left.id))
        assert () == store.tree(left.id).summaries
        store.check()
    raw = b"".join(
        path.read_bytes() for path in chats_file.parent.glob("chats.db*") if path.is_file()
    )
    for word in (b"anziba", b"anganyik"):
        assert word not in raw


def test_a_chat_can_be_removed_at_once(store: Store) -> None:
    """With everything in it."""
    gone, _ = talks.keep(store, "Zanzibar?", "An island.", title="Zanzibar")
    store.remove_chat(gone.id)
    assert ((), ()) == (store.chats(), store.search("island"))


def test_halves_of_characters_are_no_error(store: Store) -> None:
    """They come back as a question mark."""
    record, _ = talks.keep(store, "a\ud800b", "c", title="\udfff")
    assert ["a?b", "c"] == talks.texts(store.tree(record.id))
    assert "?" == store.chat(record.id).title


@given(st.integers(0, 10**9))
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_store_and_the_tree_agree_after_any_changes(store: Store, seed: int) -> None:
    """Messages added, chosen and taken out show the same branch and versions in both."""
    chance = random.Random(seed)
    record, tree = store.new_chat(ChatSettings()), Tree()
    for number in range(20):
        here = list(tree.messages)
        what = chance.random()
        if what < 0.55 or not here:
            added = messages.new(record.id, chance.choice([None, *here]), "user", str(number))
            store.add(added)
            tree = tree.plus(added)
        elif what < 0.8:
            chosen = chance.choice(here)
            store.choose(record.id, chosen)
            tree = tree.choosing(chosen)
        else:
            gone = chance.choice(here)
            store.delete_message(gone)
            tree = tree.without(gone)
        kept = store.tree(record.id)
        assert tree.messages == kept.messages
        assert talks.ids(tree.path()) == talks.ids(kept.path())
    store.purge(time.time() + 1)
    kept = store.tree(record.id)
    assert tree.messages == kept.messages
    assert talks.ids(tree.path()) == talks.ids(kept.path())
