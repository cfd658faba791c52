"""A chat as one HTML page that needs nothing else: no script, no address, no font from elsewhere.

Knows nothing of versions that are not shown; the JSON document keeps those.
"""

from html import escape
from typing import Final

from markdown_it import MarkdownIt

from localchat import sanitize
from localchat.chat.exchange import markdown
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import FILE, Message

# A model writes the Markdown: its HTML stays text, and pictures are not fetched from anywhere.
_RENDERER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_RENDERER.disable("image")

_STYLE: Final = """\
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.55;
  font-family: system-ui, sans-serif; }
article { margin: 1.5rem 0; padding-left: 1rem; border-left: 3px solid #8884; }
article.user { border-left-color: #3a7bd5; }
h2 { font-size: 1rem; margin: 0 0 .4rem; }
pre { overflow-x: auto; padding: .7rem; background: #8882; border-radius: 4px; }
table { border-collapse: collapse; } td, th { border: 1px solid #8886; padding: .2rem .5rem; }
.remark, time { color: #888; font-size: .85rem; }
"""


def write(chat: WholeChat, *, with_thoughts: bool = False) -> str:
    """Write a chat as a page."""
    record = chat.record
    title = escape(sanitize.line(record.title, 200) or "Chat")
    system = record.settings.system
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f"<time>{markdown.day(record.created_seconds)}</time>",
    ]
    if system:
        parts.append(f"<article><h2>System prompt</h2>{_lines(system)}</article>")
    parts += [_message(each, with_thoughts) for each in chat.tree.path()]
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _message(message: Message, with_thoughts: bool) -> str:
    parts = [f'<article class="{message.role}"><h2>{escape(markdown.speaker(message))}</h2>']
    for part in message.files:
        name = escape(sanitize.line(part.name or part.kind, 200))
        content = f"<pre>{_safe(part.text)}</pre>" if part.kind == FILE else ""
        parts.append(f"<details><summary>{name}</summary>{content}</details>")
    if with_thoughts and message.reasoning:
        thoughts = _lines(message.reasoning)
        parts.append(f"<details><summary>Thoughts</summary>{thoughts}</details>")
    if message.role == "assistant":
        parts.append(_RENDERER.render(sanitize.text(message.text)))
    else:
        parts.append(_lines(message.text))
    if said := markdown.remark(message):
        parts.append(f'<p class="remark">{escape(said)}</p>')
    return "\n".join([*parts, "</article>"])


def _lines(text: str) -> str:
    return f'<p style="white-space: pre-wrap">{_safe(text)}</p>' if text else ""


def _safe(text: str) -> str:
    return escape(sanitize.text(text))
