"""Which part of a long chat is widgets, and the list of what is shown."""

from hypothesis import given
from hypothesis import strategies as st

from localchat.chat import messages
from localchat.chat.drafts import Draft
from localchat.chat.tree import Summary, Tree
from localchat.ui import feed
from localchat.ui.feed import Aside, Entry, LeftOut, Queued, Remark
from localchat.ui.window import Window

_MOVES = ("up", "down", "newest", "oldest", "to", "more", "fewer")


@given(st.lists(st.tuples(st.sampled_from(_MOVES), st.integers(0, 400)), max_size=40))
def test_window_is_a_short_part_of_the_list(moves: list[tuple[str, int]]) -> None:
    """However one moves, the window is a part of the list without gaps, and never large."""
    window, keys = Window(), [str(number) for number in range(300)]
    window.take(keys, follows=True)
    for move, number in moves:
        if move == "up":
            window.grow_up()
        elif move == "down":
            window.grow_down()
        elif move == "newest":
            window.to_newest()
        elif move == "oldest":
            window.to_oldest()
        elif move == "to":
            window.to(str(number))
        else:
            keys = [*keys, f"new {len(keys)}"] if move == "more" else keys[: max(1, number)]
            window.take(keys, follows=number % 2 == 0)
        shown = list(window.keys)
        first = keys.index(shown[0])
        assert shown == keys[first : first + len(shown)]
        assert len(shown) <= 160
        assert window.is_at_end == (shown[-1] == keys[-1])


def test_window_stays_where_the_reader_is() -> None:
    """A message that comes in below changes nothing for one who reads above."""
    window, keys = Window(), [str(number) for number in range(300)]
    window.take(keys, follows=True)
    window.to("100")
    before = window.keys
    window.take([*keys, "new"], follows=False)

    assert window.keys == before
    assert "100" in before


def _talk(number: int) -> tuple[Tree, list[str]]:
    tree, ids, parent = Tree(), [], None
    for n in range(number):
        message = messages.new("chat", parent, "assistant" if n % 2 else "user", f"text {n}")
        tree, parent = tree.plus(message), message.id
        ids.append(message.id)
    return tree, ids


def test_items_of_a_chat() -> None:
    """Messages with their versions, what is left out with one line, asides, and what waits."""
    tree, ids = _talk(6)
    other = messages.new("chat", ids[0], "assistant", "another answer")
    tree = tree.plus(other).choosing(ids[-1])
    aside = Aside(ids[3], Remark("aside", "The engine stopped.", tone="error"))
    shown = feed.items(
        tree,
        left_out=LeftOut(frozenset(ids[:2]), "roll"),
        asides=(aside,),
        queued=Draft("next"),
    )

    kinds = [type(item) for item in shown]
    assert kinds == [Entry, Entry, Remark, Entry, Entry, Remark, Entry, Entry, Queued]
    entries = [item for item in shown if isinstance(item, Entry)]
    assert [entry.is_left_out for entry in entries] == [True, True, False, False, False, False]
    assert [(entry.version, entry.versions) for entry in entries[:3]] == [(1, 1), (1, 2), (1, 1)]
    assert isinstance(shown[2], Remark)
    assert shown[2].message == "2 earlier messages are not sent"


def test_summary_can_be_unfolded() -> None:
    """Where a summary stands for messages, the line says so and has its text."""
    tree, ids = _talk(4)
    summary = Summary("s", "chat", ids[1], "They greeted each other.")
    shown = feed.items(tree, left_out=LeftOut(frozenset(ids[:2]), "summarize", summary))

    assert isinstance(shown[2], Remark)
    assert shown[2].message == "2 earlier messages are sent as a summary"
    assert shown[2].details == "They greeted each other."


def test_answer_under_way_is_shown_as_far_as_it_came() -> None:
    """The tree has its beginning only; what is shown is what was said so far."""
    tree, ids = _talk(2)
    coming = messages.new("chat", ids[0], "assistant", "so far", is_streaming=True)
    tree = tree.plus(messages.Message(coming.id, "chat", ids[0], "assistant"))
    last = feed.items(tree, coming=coming)[-1]

    assert isinstance(last, Entry)
    assert last.is_live
    assert last.message.text == "so far"
