"""Copy text with the system's own tool, where there is one.

A terminal may take OSC 52 or not and never says; a tool answers with an exit code. Knows nothing of
Textual: the app sends OSC 52 itself.
"""

import asyncio
import shutil
from collections.abc import Mapping

# Each tool with the variable that must be set for it to have a clipboard to talk to.
_TOOLS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("pbcopy",), ""),
    (("wl-copy",), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard"), "DISPLAY"),
    (("xsel", "--clipboard", "--input"), "DISPLAY"),
    (("clip.exe",), ""),
)
_PATIENCE_SECONDS = 3.0


def find_tool(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """Choose the command that copies its stdin, or None.

    Over SSH there is none: the tool would fill the clipboard of the far machine.
    """
    if "SSH_CONNECTION" in environment or "SSH_TTY" in environment:
        return None
    for command, variable in _TOOLS:
        if variable and not environment.get(variable):
            continue
        found = shutil.which(command[0], path=environment.get("PATH", ""))
        if found:
            return (found, *command[1:])
    return None


async def copy_with(command: tuple[str, ...], text: str) -> bool:
    """Give `text` to a clipboard tool, and say whether it took it."""
    encoding = "utf-16" if command[0].endswith("clip.exe") else "utf-8"
    try:
        # Some tools stay to serve the clipboard: an inherited stdout would stay open with them.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode(encoding)), _PATIENCE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0
