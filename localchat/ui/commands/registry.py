"""Every command there is, in the order of the footer and the help page.

Whoever adds an action to a screen adds its line here, and the key, the palette, the slash word and
the help page follow.
"""

from typing import Final

from localchat.ui.commands.command import Command

WRITING: Final = "Writing"
ANSWERS: Final = "The answer"
READING: Final = "Reading"
MESSAGES: Final = "A message (Tab, then Up and Down choose one)"
CHATS: Final = "Chats"
LIST: Final = "The list of chats"
MODELS: Final = "Choosing a model"
DOWNLOADS: Final = "Downloads"
EVERYWHERE: Final = "Everywhere"

GROUPS: Final = (
    WRITING, ANSWERS, READING, MESSAGES, CHATS, LIST, MODELS, DOWNLOADS, EVERYWHERE,
)  # fmt: skip
"""The headings of the help page, in order."""

COMMANDS: Final[tuple[Command, ...]] = (
    # The prompt box handles these itself, in the order they were typed.
    Command(
        "prompt.send", "Send", "send the message", keys=("enter",), group=WRITING, is_fixed=True
    ),
    Command(
        "prompt.new_line", "New line", "begin a new line; the last two not in every terminal",
        keys=("ctrl+j", "shift+enter", "alt+enter"), group=WRITING, is_fixed=True,
    ),
    Command(
        "prompt.earlier", "Last message", "bring back what you sent, while the box is empty",
        "earlier", ("up",), group=WRITING, is_fixed=True,
    ),
    Command(
        "prompt.later", "Next message", "go on to what you sent after it",
        "later", ("down",), group=WRITING, is_fixed=True,
    ),
    Command(
        "prompt.page_up", "Scroll up", "scroll up; the text stays where it is while you read",
        "screen.scroll_text(-1)", ("pageup",), group=READING,
    ),
    Command(
        "prompt.page_down", "Scroll down", "scroll down",
        "screen.scroll_text(1)", ("pagedown",), group=READING,
    ),
    Command(
        "prompt.top", "To the beginning", "to the beginning of the conversation",
        "screen.scroll_text(-1000)", ("ctrl+home",), group=READING,
    ),
    Command(
        "prompt.bottom", "To the end", "to the newest text",
        "screen.scroll_text(1000)", ("ctrl+end",), group=READING,
    ),
    Command(
        "prompt.home", "Line start", "line start; while the box is empty, to the beginning",
        "to_edge(-1)", ("home",), group=WRITING,
    ),
    Command(
        "prompt.end", "Line end", "line end; while the box is empty, to the newest text",
        "to_edge(1)", ("end",), group=WRITING,
    ),
    Command(
        "chat.stop", "Stop", "stop the answer; what has been said stays",
        "stop", ("escape",), slash="stop", group=ANSWERS, in_footer=True,
    ),
    Command(
        "chat.new", "New chat", "begin a new chat",
        "new_chat", ("ctrl+n",), slash="new", group=CHATS, in_footer=True,
    ),
    Command(
        "chat.copy", "Copy answer", "copy the last answer",
        "last('copy')", ("ctrl+y",), slash="copy", group=ANSWERS, in_footer=True, is_priority=True,
    ),
    Command(
        "chat.thoughts", "Thoughts", "show or hide what the model thought",
        "last('thoughts')", ("ctrl+t",), slash="thoughts", group=ANSWERS, is_priority=True,
    ),
    Command(
        "chat.models", "Models", "choose another model; the chat stays, Esc comes back to it",
        "app.show_models", ("ctrl+l",), slash="models", group=CHATS, in_footer=True,
    ),
    Command(
        "chat.regenerate", "Regenerate", "answer again, as another version",
        "last('regenerate')", ("ctrl+r",), slash="regen retry", group=ANSWERS, is_priority=True,
    ),
    Command(
        "chat.chats", "Chats", "all chats: search them, open one",
        "app.show_chats", ("ctrl+o",), slash="chats", group=CHATS, is_priority=True,
    ),
    Command(
        "chat.settings", "Settings", "how this chat is answered",
        "settings", ("ctrl+s",), slash="settings", group=CHATS, is_priority=True,
    ),
    Command(
        "chat.rename", "Rename", "give this chat a title of your own",
        "rename", ("f2",), slash="rename", argument="[TITLE]", group=CHATS,
    ),
    Command(
        "prompt.editor", "Editor", "write in your own editor ($VISUAL or $EDITOR)",
        "editor", ("ctrl+g",), slash="editor", group=WRITING,
    ),
    Command(
        "prompt.attach", "Attach a file", "look for a file to attach: text, code or PDF",
        keys=("@",), slash="attach", argument="FILE", group=WRITING, is_fixed=True,
    ),
    Command("attachments.before", "File before", "choose the file before (Shift+Tab leads there)",
        "choose(-1)", ("left",), group=WRITING, is_fixed=True),
    Command("attachments.after", "File after", "choose the file after", "choose(1)", ("right",),
        group=WRITING, is_fixed=True),
    Command("attachments.open", "Open", "put a pasted text back into the message",
        "open", ("enter",), group=WRITING, is_fixed=True),
    Command("attachments.remove", "Take away", "take the chosen file away", "remove",
        ("x", "delete", "backspace"), group=WRITING),
    Command("attachments.leave", "Text", "from the files back to the text", "leave",
        ("escape", "down"), group=WRITING, is_fixed=True),
    Command("transcript.up", "Up", "choose the message above", "move(-1)", ("up",), group=MESSAGES),
    Command("transcript.down", "Down", "choose the message below; below the last, write on",
        "move(1)", ("down",), group=MESSAGES),
    Command("transcript.edit", "Edit", "edit it, as another version", "want('edit')", ("e",),
        group=MESSAGES, in_footer=True),
    Command("transcript.regenerate", "Regenerate", "answer again, as another version",
        "want('regenerate')", ("r",), group=MESSAGES, in_footer=True),
    Command("transcript.continue", "Continue", "go on where the answer stopped",
        "want('continue')", ("c",), group=MESSAGES, in_footer=True),
    Command("transcript.older", "Older version", "show the version before", "want('version', -1)",
        ("left",), group=MESSAGES),
    Command("transcript.newer", "Newer version", "show the version after", "want('version', 1)",
        ("right",), group=MESSAGES),
    Command("transcript.copy", "Copy", "copy it", "want('copy')", ("y",), group=MESSAGES,
        in_footer=True),
    Command("transcript.code", "Copy code", "copy the code block of this number",
        "want('code', {key})", tuple("123456789"), group=MESSAGES),
    Command("transcript.delete", "Delete", "delete it", "want('delete')", ("d",), group=MESSAGES,
        in_footer=True),
    Command("transcript.undo", "Undo", "bring back what was deleted", "want('undo')", ("u",),
        group=MESSAGES),
    Command("transcript.fork", "Fork", "begin a new chat with everything up to it",
        "want('fork')", ("f",), group=MESSAGES, in_footer=True),
    Command("transcript.thoughts", "Thoughts", "show or hide what the model thought before it",
        "want('thoughts')", ("t",), group=MESSAGES),
    Command("transcript.leave", "Write", "write on", "want('leave')", ("escape", "tab"),
        group=MESSAGES, in_footer=True, key_display="esc"),
    Command("grid.choose", "Chat", "chat with the model, as the grid has it",
        "choose", ("enter",), group=MODELS, in_footer=True, is_fixed=True),
    Command("grid.leave", "List", "from the grid back to the list",
        "leave", ("tab", "shift+tab"), group=MODELS, in_footer=True, key_display="←",
        is_fixed=True),
    Command("list.choose", "Chat", "chat with the model, in the best way for this machine",
        "select", ("enter",), group=MODELS, in_footer=True, is_fixed=True),
    Command("list.enter", "Choices", "from the list to the grid of its choices",
        "enter", ("right", "tab"), group=MODELS, in_footer=True, key_display="→",
        is_fixed=True),
    Command("pane.kv", "KV cache", "plan with a q8_0 KV cache, or with f16 again",
        "toggle_kv", ("k",), group=MODELS, in_footer=True),
    Command("models.search", "Search", "search the list; Enter then asks the Hub",
        "search", ("slash",), group=MODELS, in_footer=True, place="picker", key_display="/"),
    Command("models.filter", "Filter", "show other models; of the Hub, of another size",
        "filter", ("f",), group=MODELS, in_footer=True, place="picker"),
    Command("models.sort", "Sort", "sort by another thing", "sort", ("s",),
        group=MODELS, in_footer=True, place="picker"),
    Command("models.leave_search", "Leave search", "leave the search", "leave_search", ("escape",),
        group=MODELS, place="picker", is_fixed=True),
    Command("models.author", "Author", "at a result of the Hub: only of this author, or of all",
        "author", ("a",), group=MODELS, place="picker"),
    Command("models.remove", "Remove", "remove the file from this disk, after a question",
        "remove", ("x", "delete"), group=MODELS, in_footer=True, place="upkeep"),
    Command("models.measure", "Measure", "measure how fast this machine is", "measure", ("m",),
        group=MODELS, place="upkeep"),
    Command("models.open", "Open", "open a file by its path", "open_path", ("o",),
        group=MODELS, in_footer=True, place="upkeep"),
    Command("models.refresh", "Read again", "look again at folder and memory", "refresh", ("r",),
        group=MODELS),
    Command("models.back", "Back", "go back", "back", ("escape",), group=MODELS, in_footer=True),
    Command("downloadlist.up", "Up", "choose the download above", "move(-1)", ("up",),
        group=DOWNLOADS, is_fixed=True),
    Command("downloadlist.down", "Down", "choose the download below", "move(1)", ("down",),
        group=DOWNLOADS, is_fixed=True),
    Command("downloadlist.take", "Chat", "chat with what is here; go on with what waits", "take",
        ("enter",), group=DOWNLOADS, in_footer=True, is_fixed=True),
    Command("downloads.pause", "Pause", "pause, or go on", "pause", ("p",), group=DOWNLOADS,
        in_footer=True),
    Command("downloads.all", "Pause all", "pause all, or go on with all", "pause_all", ("a",),
        group=DOWNLOADS, in_footer=True),
    Command("downloads.cancel", "Stop", "stop for good, or take out of the list", "cancel",
        ("x", "delete"), group=DOWNLOADS, in_footer=True, key_display="x"),
    Command("downloads.earlier", "Earlier", "have its turn earlier", "move(-1)",
        ("minus", "shift+up"), group=DOWNLOADS, key_display="-"),
    Command("downloads.later", "Later", "have its turn later", "move(1)",
        ("plus", "shift+down"), group=DOWNLOADS, key_display="+"),
    Command("downloads.at_once", "At once", "how many run at once", "at_once", ("n",),
        group=DOWNLOADS, in_footer=True),
    Command("downloads.limit", "Limit", "how fast all may be together", "limit", ("b",),
        group=DOWNLOADS, in_footer=True),
    Command("downloads.back", "Back", "go back; downloads go on", "back", ("escape",),
        group=DOWNLOADS, in_footer=True, is_fixed=True),
    Command("chatrows.open", "Open", "open the chat; of a deleted one, bring it back", "select",
        ("enter",), group=LIST, in_footer=True, is_fixed=True),
    Command("chatlist.rename", "Rename", "give the chat another title", "rename", ("r", "f2"),
        group=LIST, in_footer=True),
    Command("chatlist.pin", "Pin", "keep the chat at the top, or let it go", "pin", ("p",),
        group=LIST),
    Command("chatlist.delete", "Delete", "delete the chat; u brings it back", "delete",
        ("d", "delete"), group=LIST, in_footer=True),
    Command("chatlist.undo", "Undo", "bring back the chat that was deleted last", "undo", ("u",),
        group=LIST, in_footer=True),
    Command("chatlist.restore", "Bring back", "bring back this deleted chat", "restore", ("b",),
        group=LIST, in_footer=True),
    Command("chatlist.export", "Export", "write the chat into a file", "export", ("e",),
        group=LIST, in_footer=True),
    Command("chats.search", "Search", "search every chat", "search", ("slash",), group=LIST,
        in_footer=True, key_display="/"),
    Command("chats.bin", "Deleted", "show deleted chats, or the others again", "bin", ("t",),
        group=LIST, in_footer=True),
    Command("chats.up", "Up", "move up, also from the search", "move(-1)", ("up",), group=LIST,
        is_fixed=True),
    Command("chats.down", "Down", "move down, also from the search", "move(1)", ("down",),
        group=LIST, is_fixed=True),
    Command("chats.back", "Back", "leave the search, or go back to the chat", "back",
        ("escape", "ctrl+o"), group=LIST, in_footer=True),
    Command("settings.save", "save", "answer like this from now on", "save", ("ctrl+s",),
        group=CHATS),
    Command("settings.keep", "keep as a persona", "keep these settings under a name", "keep",
        ("f3",), group=CHATS),
    Command("settings.leave", "go back", "leave the settings as they were", "leave", ("escape",),
        group=CHATS),
    Command("app.help", "Help", "every command and its keys", "help", ("f1",), slash="help ?",
        group=EVERYWHERE, in_footer=True),
    Command("app.downloads", "Downloads", "what is being downloaded", "show_downloads", ("ctrl+d",),
        slash="downloads", group=EVERYWHERE, is_priority=True),
    Command("app.palette", "Commands", "all commands by name, and themes",
        keys=("ctrl+p",), group=EVERYWHERE, is_fixed=True),
    Command("app.theme", "Theme", "change the colors", "change_theme",
        slash="theme", argument="[NAME]", group=EVERYWHERE),
    Command("app.quit", "Quit", "leave localchat", "quit", ("ctrl+q",), slash="quit bye exit",
        group=EVERYWHERE, in_footer=True, is_priority=True),
)  # fmt: skip
