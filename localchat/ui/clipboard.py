"""Copy text with a program that has a clipboard: the system's own tool, or tmux.

A terminal may take OSC 52 or not and never says; a program answers with an exit code. Knows nothing
of Textual.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

_PATIENCE_SECONDS: Final = 3.0
_WINDOWS_PATIENCE_SECONDS: Final = 15.0
"""Windows' programs take seconds to start from WSL."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that copies its stdin."""

    command: tuple[str, ...]
    needs: str = ""
    """The variable that must be set for it to have a clipboard to talk to."""
    encoding: str = "utf-8"
    patience_seconds: float = _PATIENCE_SECONDS

    @property
    def name(self) -> str:
        """What to call it."""
        return PurePath(self.command[0]).name


# PowerShell reads bytes, since its console would decode them in the code page of the country.
_POWERSHELL: Final = (
    "$s=[Console]::OpenStandardInput();$m=New-Object IO.MemoryStream;$s.CopyTo($m);"
    "Set-Clipboard -Value ([Text.Encoding]::UTF8.GetString($m.ToArray()))"
)
_TOOLS: Final = (
    Tool(("pbcopy",)),
    Tool(("wl-copy",), "WAYLAND_DISPLAY"),
    Tool(("xclip", "-selection", "clipboard"), "DISPLAY"),
    Tool(("xsel", "--clipboard", "--input"), "DISPLAY"),
    Tool(("termux-clipboard-set",)),
    Tool(("clip.exe",), "", "utf-16", _WINDOWS_PATIENCE_SECONDS),
    Tool(
        ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL),
        patience_seconds=_WINDOWS_PATIENCE_SECONDS,
    ),
)
_TMUX: Final = Tool(("tmux", "load-buffer", "-w", "-"), "TMUX")
"""Fills tmux's own buffer, and asks the terminal around it by OSC 52."""


def is_remote(environment: Mapping[str, str]) -> bool:
    """Tell whether the reader sits at another machine: a tool would fill this one's clipboard.

    >>> is_remote({"SSH_TTY": "/dev/pts/1"}), is_remote({})
    (True, False)
    """
    return any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def find_tools(environment: Mapping[str, str]) -> tuple[Tool, ...]:
    """List the tools of this machine that could work, the likeliest first; none over SSH."""
    if is_remote(environment):
        return ()
    return tuple(tool for each in _TOOLS if (tool := _found(each, environment)) is not None)


def find_tmux(environment: Mapping[str, str]) -> Tool | None:
    """Find the tmux that this runs in, or None."""
    return _found(_TMUX, environment)


async def copy_with(tool: Tool, text: str) -> bool:
    """Give `text` to a tool, and say whether it took it."""
    try:
        # Some tools stay to serve the clipboard: an inherited stdout would stay open with them.
        process = await asyncio.create_subprocess_exec(
            *tool.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    given = text.encode(tool.encoding, errors="replace")
    try:
        await asyncio.wait_for(process.communicate(given), tool.patience_seconds)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return process.returncode == 0


def _found(tool: Tool, environment: Mapping[str, str]) -> Tool | None:
    if tool.needs and not environment.get(tool.needs):
        return None
    found = shutil.which(tool.command[0], path=environment.get("PATH", ""))
    if found is None:
        return None
    return Tool((found, *tool.command[1:]), tool.needs, tool.encoding, tool.patience_seconds)
