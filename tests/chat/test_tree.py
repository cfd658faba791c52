"""A chat's tree: which branch is shown, and what changes it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localchat.chat import messages
from localchat.chat.messages import Message, Part
from localchat.chat.tree import ROOT, Summary, Tree


def _message(id: str, parent: str | None = None) -> Message:
    return Message(id, "chat", parent, "user", (Part("text", id),))


def _tree(*pairs: tuple[str, str | None]) -> Tree:
    tree = Tree()
    for id, parent in pairs:
        tree = tree.plus(_message(id, parent))
    return tree


def _shown(tree: Tree) -> str:
    return " ".join(message.id for message in tree.path())


FORKED = _tree(("q", None), ("a1", "q"), ("a2", "q"), ("r", "a1"), ("b", "r"))


def test_what_was_added_last_is_shown() -> None:
    """A new version is chosen under its parent, and what follows another one stays hidden."""
    assert "q a2" == _shown(FORKED)
    assert ("a1", "a2") == FORKED.versions("a1") == FORKED.versions("a2")
    assert ("q",) == FORKED.versions("q") == FORKED.children(ROOT)


def test_choosing_shows_a_message_and_the_way_to_it() -> None:
    """Also when its parent was not shown; below it, what was shown there last."""
    assert "q a1 r b" == _shown(FORKED.choosing("a1")) == _shown(FORKED.choosing("b"))
    assert "q a2" == _shown(FORKED), "the tree itself is never changed"


def test_without_a_choice_the_newest_is_shown() -> None:
    """As for chats that come from elsewhere."""
    assert "q a2" == _shown(Tree(FORKED.messages))


def test_a_branch_leads_down_to_a_message() -> None:
    """From the first message on, whatever is shown."""
    assert ["q", "a1", "r"] == [message.id for message in FORKED.branch("r")]
    with pytest.raises(KeyError):
        FORKED.branch("nobody")


@pytest.mark.parametrize(
    ("gone", "left"),
    [("q", "a1 r b"), ("a1", "q r b"), ("r", "q a1 b"), ("b", "q a1 r"), ("a2", "q a1 r b")],
)
def test_one_message_goes_and_the_rest_stays(gone: str, left: str) -> None:
    """What follows it moves to its parent, and is shown if it was."""
    assert left == _shown(FORKED.choosing("b").without(gone))


def test_when_the_shown_version_goes_the_one_before_it_is_shown() -> None:
    """Or the one after it, where there is none before."""
    tree = _tree(("q", None), ("a1", "q"), ("a2", "q"), ("a3", "q"))
    assert "q a2" == _shown(tree.without("a3"))
    assert "q a2" == _shown(tree.choosing("a1").without("a1"))
    assert "q a1" == _shown(tree.choosing("a1").without("a2"))


def test_a_replaced_message_stays_where_it_is() -> None:
    """An answer that goes on does not jump before a version that is shown."""
    changed = messages.Message("a1", "chat", "q", "assistant", (Part("text", "new"),))
    tree = FORKED.replacing(changed)
    assert "q a2" == _shown(tree)
    assert "new" == tree.messages["a1"].text
    assert ("a1", "a2") == tree.versions("a1")
    with pytest.raises(KeyError):
        FORKED.replacing(_message("nobody"))


def test_a_lost_parent_hides_nothing() -> None:
    """After damage, what follows a message that is lost begins the chat."""
    assert "r b" == _shown(_tree(("r", "lost"), ("b", "r")))


def test_parents_in_a_circle_end() -> None:
    """As only a damaged or hostile file has them."""
    circle = Tree({"a": _message("a", "b"), "b": _message("b", "a")})
    assert ["b", "a"] == [message.id for message in circle.branch("a")]
    assert "" == _shown(circle.choosing("a"))
    assert {"b"} == set(circle.without("a").messages)


def test_what_is_taken_out_is_in_no_summary() -> None:
    """A summary that tells of a message goes with it; others stay."""
    early, late = Summary("s1", "chat", "q", "Early"), Summary("s2", "chat", "r", "Late")
    tree = Tree(FORKED.messages, FORKED.chosen, (early, late))
    assert (early,) == tree.without("a1").summaries
    assert (early, late) == tree.without("a2").summaries
    assert () == tree.without("q").summaries


@given(st.integers(0, 10**9))
@settings(max_examples=60)
def test_every_message_can_be_shown_after_any_changes(seed: int) -> None:
    """Whatever was added, chosen and taken out: nothing is lost, nothing is shown twice."""
    chance = random.Random(seed)
    tree = Tree()
    for number in range(30):
        here = list(tree.messages)
        what = chance.random()
        if what < 0.6 or not here:
            tree = tree.plus(_message(f"m{number}", chance.choice([None, *here])))
        elif what < 0.8:
            tree = tree.choosing(chance.choice(here))
        else:
            gone = chance.choice(here)
            before = [message.id for message in tree.path()]
            tree = tree.without(gone)
            assert set(here) - {gone} == set(tree.messages)
            if gone in before and before[-1] != gone:
                assert [id for id in before if id != gone] == [each.id for each in tree.path()]
    for message_id in tree.messages:
        path = [message.id for message in tree.choosing(message_id).path()]
        assert message_id in path
        assert len(path) == len(set(path))
