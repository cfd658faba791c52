"""The two themes of localchat's own; all of Textual's can be chosen as well, and are remembered."""

import asyncio
import dataclasses
import difflib
from pathlib import Path

from textual.app import App
from textual.theme import BUILTIN_THEMES, Theme

from localchat import errors, sanitize
from localchat.ui import toasts

VARIABLES = {"memory-context": "#b58ae6"}
"""Colors of our own, for themes that do not set them: the context's part of memory."""

DARK = Theme(
    name="localchat-dark",
    primary="#8ab4f8",
    secondary="#7f93b2",
    accent="#8ab4f8",
    success="#7fc78f",
    warning="#e8bf6a",
    error="#f28b82",
    foreground="#dfe3ea",
    background="#12151a",
    surface="#1a1e25",
    panel="#242a33",
    dark=True,
    variables={
        "memory-context": "#c79af5",
        "footer-background": "#12151a",
        "footer-key-foreground": "#8ab4f8",
        "footer-description-foreground": "#98a1b0",
        "block-cursor-background": "#2a3a55",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#222b3a",
        "scrollbar": "#2b323d",
        "scrollbar-hover": "#3d4656",
        "scrollbar-active": "#8ab4f8",
        "scrollbar-background": "#12151a",
        "scrollbar-background-hover": "#12151a",
        "scrollbar-background-active": "#12151a",
        "scrollbar-corner-color": "#12151a",
    },
)

LIGHT = Theme(
    name="localchat-light",
    primary="#1a5fb4",
    secondary="#5b6f8f",
    accent="#1a5fb4",
    success="#22703a",
    warning="#8f5f00",
    error="#b3261e",
    foreground="#1d2127",
    background="#fbfbf9",
    surface="#f1f1ee",
    panel="#e4e5e2",
    dark=False,
    variables={
        "memory-context": "#8a4fc2",
        "footer-background": "#fbfbf9",
        "footer-key-foreground": "#1a5fb4",
        "footer-description-foreground": "#5d6570",
        "block-cursor-background": "#d3e2f7",
        "block-cursor-foreground": "#10131a",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e2e8f0",
        "scrollbar": "#cfd2d0",
        "scrollbar-hover": "#b5b9b7",
        "scrollbar-active": "#1a5fb4",
        "scrollbar-background": "#fbfbf9",
        "scrollbar-background-hover": "#fbfbf9",
        "scrollbar-background-active": "#fbfbf9",
        "scrollbar-corner-color": "#fbfbf9",
    },
)


def register(app: App[None], wanted: str) -> None:
    """Begin with the theme that is wanted."""
    for each in (DARK, LIGHT):
        app.register_theme(_without_color(each) if app.no_color else each)
    app.theme = wanted if wanted in app.available_themes else DARK.name


def remember(app: App[None], file: Path | None) -> None:
    """Write every theme that is chosen from now on to the settings in `file`."""
    kept = app.theme

    def write(theme: Theme) -> None:
        nonlocal kept
        if file is not None and theme.name != kept:
            kept = theme.name
            app.run_worker(_write(app, file, theme.name), group="theme", exclusive=True)

    app.theme_changed_signal.subscribe(app, write)


def names() -> tuple[str, ...]:
    """List every theme that can be chosen."""
    return tuple(sorted({*BUILTIN_THEMES, DARK.name, LIGHT.name}))


def choose(app: App[None], name: str) -> None:
    """Take the theme of this name, or let the reader choose when there is no name."""
    if not name:
        app.search_themes()
    elif name in app.available_themes:
        app.theme = name
    else:
        near = difflib.get_close_matches(name, app.available_themes, n=1)
        hint = f"Did you mean {near[0]}?" if near else "/theme alone lists them."
        toasts.tell(app, f"There is no theme {sanitize.line(name, 40)}. {hint}", "warning")


def _without_color(theme: Theme) -> Theme:
    """Let the style tell the row under the cursor where NO_COLOR leaves only shades of gray."""
    variables = {**theme.variables, "block-cursor-text-style": "bold underline"}
    return dataclasses.replace(theme, variables=variables)


async def _write(app: App[None], file: Path, name: str) -> None:
    # Loaded only here: most sessions change no setting.
    from localchat.settings import writing

    try:
        await asyncio.to_thread(writing.put, file, "ui", "theme", name)
    except errors.SettingsError as error:
        toasts.tell(app, f"The theme is not kept: {error.message}", "warning")
