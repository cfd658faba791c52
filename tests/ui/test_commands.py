"""Commands: one list, read by keys, slash words, help page and palette."""

import pytest

from localchat import errors
from localchat.ui import commands
from localchat.ui.commands import COMMANDS, GROUPS, keys
from localchat.ui.commands.command import Command

EXAMPLES = (
    Command("chat.stop", "Stop", "stop", "stop", ("escape",), slash="stop"),
    Command("chat.new", "New", "new", "new", ("ctrl+n",), slash="new"),
    Command("prompt.send", "Send", "send", keys=("enter",), is_fixed=True),
    Command("prompt.leave", "Leave", "leave", "leave", ("escape",)),
    Command("models.open", "Open", "open", "open", ("o",)),
)


def test_every_command_is_told_apart_and_told() -> None:
    """Ids and slash words are there once, and every command has its place on the help page."""
    ids = [command.id for command in COMMANDS]
    words = [word for command in COMMANDS for word in command.words]
    assert sorted(set(ids)) == sorted(ids)
    assert sorted(set(words)) == sorted(words)
    assert [command.id for command in COMMANDS if command.group not in GROUPS] == []
    assert [command.id for command in COMMANDS if not command.title or not command.help] == []


def test_the_keys_that_ship_can_all_be_set() -> None:
    """What localchat brings is what a reader might write: no key of its own is refused."""
    own = {
        each.id: each.keys for each in COMMANDS if each.keys and each.action and not each.is_fixed
    }
    assert keys.apply(COMMANDS, own) is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/new", ("chat.new", "")),
        ("/NEW  ", ("chat.new", "")),
        ("/theme nord", ("app.theme", "nord")),
        ("/bye", ("app.quit", "")),
    ],
)
def test_slash_words_mean_commands(text: str, meant: tuple[str, str]) -> None:
    """A word after a slash means its command, in any case, with what follows it."""
    found = commands.slash(text)
    assert found is not None
    assert (found[0].id, found[1]) == meant


@pytest.mark.parametrize(
    "text", ["", "new", "/", "/etc/passwd is what?", "//new", " /new", "a\n/b"]
)
def test_other_texts_are_messages(text: str) -> None:
    """Paths, and a slash that does not come first, are for the model."""
    assert commands.slash(text) is None


def test_slips_of_the_pen_are_named() -> None:
    """An unknown word, and one with too much behind it, say what to do."""
    with pytest.raises(errors.UsageError) as unknown:
        commands.slash("/quti")
    assert unknown.value.hint == "Did you mean /quit?"
    with pytest.raises(errors.UsageError, match="/quit takes nothing after it"):
        commands.slash("/quit now")


def test_the_reader_sets_keys() -> None:
    """Keys are read in any case, as one or several, and Textual gets its own names of them."""
    wanted = {"chat.stop": ("Ctrl+X", "F9"), "models.open": ("?",)}
    found = keys.apply(EXAMPLES, wanted)
    assert {each.id: each.keys for each in found if each.id in wanted} == {
        "chat.stop": ("ctrl+x", "f9"),
        "models.open": ("question_mark",),
    }
    assert keys.keymap(found, wanted) == {"chat.stop": "ctrl+x,f9", "models.open": "question_mark"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"chat.stpo": ("f5",)}, 'there is no command "chat.stpo".'),
        ({"prompt.send": ("f5",)}, "the keys of prompt.send cannot be changed."),
        ({"chat.stop": ("ctrl+xx",)}, 'cannot have the key "ctrl+xx": a key is written as'),
        ({"chat.stop": ("",)}, 'cannot have the key "": a key is written as'),
        ({"chat.stop": ("hyper+x",)}, "a key is written as"),
        ({"chat.stop": ("ctrl+i",)}, "terminals send Tab for it."),
        ({"chat.stop": ("ctrl+c",)}, "it copies what is selected."),
        ({"chat.stop": ("x",)}, "it is needed to write."),
        ({"chat.stop": ("/",)}, "it is needed to write."),
        ({"chat.stop": ("enter",)}, "it is needed to write."),
        ({"chat.stop": ("ctrl+n",)}, "Ctrl+N is the key of both chat.stop and chat.new."),
        ({"chat.new": ("f5",), "chat.stop": ("f5",)}, "F5 is the key of both"),
        ({"chat.stop": ("\x1b]52",)}, "a key is written as"),
    ],
)
def test_keys_that_cannot_be_are_named(wanted: dict[str, tuple[str, ...]], message: str) -> None:
    """One sentence names the command and says what is wrong with its key."""
    with pytest.raises(errors.SettingsError) as caught:
        keys.apply(EXAMPLES, wanted)
    assert message in caught.value.message
    assert caught.value.message.startswith("[keys]: ")
    assert "\x1b" not in caught.value.message


def test_keys_of_different_screens_do_not_meet() -> None:
    """The same key may mean something else on another screen, and what was free stays free."""
    found = keys.apply(EXAMPLES, {"models.open": ("ctrl+n",), "chat.stop": ("f5",)})
    assert next(each for each in found if each.id == "models.open").keys == ("ctrl+n",)


def test_every_place_belongs_to_a_screen() -> None:
    """Each widget with keys is known to lie in a screen, so that keys that meet are noticed."""
    screens = {"app", "chat", "chats", "models", "downloads", "settings"}
    strays = {each.where for each in COMMANDS} - screens - set(keys.PARENTS)
    assert strays == set()
