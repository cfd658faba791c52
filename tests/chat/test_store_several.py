"""Several localchats at once, and those that die: nothing is lost, nothing is there twice."""

import contextlib
import random
from pathlib import Path

import pytest

from localchat.chat import records
from localchat.chat.store.store import Store
from tests.chat import kills, talks, twins


def test_an_answer_of_a_program_that_lives_is_left_alone(chats_file: Path) -> None:
    """However often another one opens the chats, or looks at this one."""
    record = records.new()
    asked, answer = talks.streaming(record.id)
    with contextlib.closing(Store.open(chats_file)) as first:
        first.begin(asked, answer, chat=record)
        first.append(answer.id, "answer", "It ")
        with contextlib.closing(Store.open(chats_file)) as second:
            coming = second.tree(record.id).messages[answer.id]
            assert (True, "It ") == (coming.is_streaming, coming.text)
        first.append(answer.id, "answer", "is.")
        coming = first.tree(record.id).messages[answer.id]
        assert (True, "It is.") == (coming.is_streaming, coming.text)


def test_an_answer_of_a_program_that_died_is_ended_by_one_that_lives(chats_file: Path) -> None:
    """Without a new start: when it looks at the chat."""
    with contextlib.closing(Store.open(chats_file)) as living:
        process = kills.start("stream", str(chats_file), "1")
        assert process.stdout is not None
        while b'"said"' not in process.stdout.readline():
            assert process.poll() is None
        (record,) = living.chats()
        assert living.tree(record.id).path()[-1].is_streaming
        process.kill()
        process.communicate()
        ended = living.tree(record.id).path()[-1]
        assert ("interrupted", False) == (ended.ending, ended.is_streaming)
        living.check()


def test_an_answer_that_nothing_was_said_of_stays_empty(chats_file: Path) -> None:
    """So that it can be asked for again; the question is there."""
    record = records.new()
    asked, answer = talks.streaming(record.id)
    store = Store.open(chats_file)
    store.begin(asked, answer, chat=record)
    store.close()
    with contextlib.closing(Store.open(chats_file)) as store:
        question, ended = store.tree(record.id).path()
        assert (asked, "interrupted", "") == (question, ended.ending, ended.text)


@pytest.mark.slow
def test_kills_lose_nothing_but_the_last_moment(chats_file: Path) -> None:
    """A few of the 200 of `tests.bench.kill_chat`; on a machine that does other things too."""
    costs = kills.kill_streaming(chats_file, 10, random.Random(11), loss_seconds=4.0)
    assert [] == costs.wrong
    assert costs.answers > 5


@pytest.mark.slow
def test_two_at_once_never_wait_in_vain(chats_file: Path) -> None:
    """Both keep their turns as fast as they can; all of them are there."""
    assert [] == twins.run(chats_file, 60)
