"""Commands in the app: the reader's keys, the help page, the palette, slash words, themes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.command import CommandList
from textual.widgets import Input

from localchat import errors, settings
from localchat.engine.client import EngineClient
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.help import HelpScreen
from tests.ui import hosts

MakeEngine = Callable[..., EngineClient]


async def test_help_names_the_readers_own_keys(fake_engine: MakeEngine) -> None:
    """F1 shows every command, those whose key was changed with the new one; so does the footer."""
    app = hosts.make_app(fake_engine(), open_path=None, keys={"models.search": ("f7",)})
    async with app.run_test(size=(100, 200)) as pilot:
        await hosts.open_models(pilot, "Mistral", "f7 Search")
        await hosts.press(pilot, "f1")
        keys = ("Enter", "Ctrl+J", "Esc", "Ctrl+N", "Ctrl+Y", "Ctrl+L", "Ctrl+Q", "F1", "F7")
        await hosts.shows(pilot, "Writing", *keys)
        await hosts.press(pilot, "escape")
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "f7")
        await hosts.focuses(pilot, Input)


async def test_the_readers_keys_come_before_those_of_the_text(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """A key that edits text does what the reader gave it to, also while the box has the focus."""
    engine = fake_engine(answers=["word " * 9], gates={"answer": str(tmp_path / "gate")})
    app = hosts.make_app(engine, keys={"chat.stop": ("ctrl+x",), "chat.new": ("f6",)})
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Hello")
        await hosts.shows(pilot, "word word")
        await hosts.wait_until(pilot, lambda: "ctrl+x" in app.screen.active_bindings)
        await hosts.shows(pilot, "Ctrl+X stops it")
        await hosts.press(pilot, "escape")
        await hosts.press(pilot, "ctrl+x")
        await hosts.shows(pilot, "stopped by you", "f6 New chat")
        await hosts.press(pilot, "f6")
        await hosts.hides(pilot, "word word")


async def test_help_is_searched(fake_engine: MakeEngine) -> None:
    """What is typed on the help page leaves only what fits; Esc closes it."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "f1")
        await hosts.shows(pilot, "Writing")
        await hosts.focuses(pilot, Input)
        await hosts.press(pilot, *"quit")
        await hosts.shows(pilot, "leave localchat")
        await hosts.hides(pilot, "Writing")
        await hosts.press(pilot, *"xyz")
        await hosts.shows(pilot, "No command is called that")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: not isinstance(app.screen, HelpScreen))


def test_keys_that_cannot_be_are_told_before_the_screens(fake_engine: MakeEngine) -> None:
    """A mistake in `[keys]` ends the start, in place of a screen that does not listen."""
    with pytest.raises(errors.SettingsError, match=r"no command .chat\.stpo"):
        hosts.make_app(fake_engine(), keys={"chat.stpo": ("f5",)})


async def test_palette_has_the_commands_of_the_screen(fake_engine: MakeEngine) -> None:
    """Ctrl+P finds a command by what it does, and does it."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "ctrl+p")
        await hosts.focuses(pilot, Input)
        await hosts.shows(pilot, "open a file by its path")
        assert "Copy answer" not in hosts.screen_text(pilot)
        await hosts.press(pilot, *"every command")
        found = app.screen.query_one(CommandList)
        await hosts.wait_until(pilot, lambda: found.option_count == 1)
        await hosts.shows(pilot, "F1 · /help")
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_slash_words_are_obeyed(fake_engine: MakeEngine) -> None:
    """A slash word does what its key does; a wrong one is told, and never sent."""
    app = hosts.make_app(fake_engine())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "/theme nord")
        await hosts.wait_until(pilot, lambda: app.theme == "nord")
        await hosts.refused(pilot, "/theem", "Did you mean /theme?")
        await hosts.send(pilot, "/stop")
        await hosts.shows(pilot, "/stop is not possible now.")
        await hosts.send(pilot, "/system Be brief.")
        await hosts.shows(pilot, "counts from the next answer on")
        await hosts.send(pilot, "/think sometimes")
        await hosts.shows(pilot, "/think takes auto, on or off.")
        await hosts.write(pilot, "/help")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_a_chosen_theme_is_remembered(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """A theme that is chosen stands in the settings, beside what its owner wrote there."""
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[chat]\ntemp = 0.5\n", "utf-8")
    app = hosts.make_app(fake_engine(), open_path=None, config_file=file)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        assert settings.read(file, {}).theme is None
        app.action_change_theme("gruvbox")
        await hosts.wait_until(pilot, lambda: settings.read(file, {}).theme == "gruvbox")
        app.action_change_theme("grubox")
        await hosts.shows(pilot, "Did you mean gruvbox?")

    assert file.read_text("utf-8").startswith("# mine\n[chat]\ntemp = 0.5\n")
    assert isinstance(app, LocalchatApp)


async def test_a_theme_that_cannot_be_kept_is_told(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """When the settings cannot be written the reader hears it, and the theme is used."""
    app = hosts.make_app(fake_engine(), open_path=None, config_file=tmp_path)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.action_change_theme("nord")
        await hosts.shows(pilot, "The theme is not kept")
        assert app.theme == "nord"


async def test_the_cursor_is_seen_without_color(
    fake_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR only shades of gray are drawn, and the row under the cursor has a style."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.wait_until(pilot, lambda: "Guide" in _underlined(_drawn(app)))
        segments = _drawn(app)
    colors = {style.color for _, style, _ in segments if style and style.color}
    grays = [color for color in colors if len(set(color.get_truecolor())) == 1]
    assert sorted(map(str, grays)) == sorted(map(str, colors))


def _drawn(app: LocalchatApp) -> list[Segment]:
    """What a terminal would be sent."""
    background = app.screen.styles.background
    return [
        segment
        for strip in app.screen._compositor.render_strips()
        for segment in strip.apply_filter(app._filters[-1], background)
    ]


def _underlined(segments: list[Segment]) -> str:
    return "".join(text for text, style, _ in segments if style and style.underline)
