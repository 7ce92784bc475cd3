"""Documents as the HTML of Telegram's Bot API: few tags, each closed, and nobody mentioned by data."""

import re
from html import escape, unescape
from typing import assert_never

from bot.messages import layout, numbers
from bot.messages.document import Block, Document, Fields, Footer, Heading, Paragraph, Table
from bot.messages.layout import Part, shorten, whole
from bot.messages.tables import table_rows

LIMIT = 4096
"""Counted after the tags are read (https://core.telegram.org/bots/api#sendmessage), here in UTF-16 units."""

CAPTION_LIMIT = 1024
"""The same of the text under a picture (https://core.telegram.org/bots/api#sendphoto)."""

WIDTH = 32
"""Columns of monospaced text that a phone shows without breaking a line."""

_LONGEST_FOOTER = 1000
_LONGEST_PROMPT = 200
# of a message; of a caption they take the same share
_TAG = re.compile(r"<[^>]*>")


def as_html(document: Document, limit: int = LIMIT) -> str:
    """Render a document as a message's text for `parse_mode=HTML`; its buttons and its picture are the adapter's.

    What does not fit into `limit`, as `size` counts, goes by whole rows and whole blocks, and is counted.
    """
    heading, blocks, footer = layout.sections(document)
    parts = [_part(block, limit) for block in (heading, *blocks)]
    codes = [_code(text) for text in document.suggestions]
    suggestions = layout.suggestions(codes, size, _share(layout.LONGEST_SUGGESTIONS, limit))
    end = [_part(footer, limit)] if layout.footer_lines(footer) else []
    last = [*suggestions, *_prompt(document, limit), *end]
    return layout.fit(parts, last=last, room=limit, size=size)


def size(markup: str) -> int:
    """Return the length that Telegram's limits are about, in UTF-16 units."""
    return layout.utf16(unescape(_TAG.sub("", markup)))


def _share(longest: int, limit: int) -> int:
    return longest * limit // LIMIT


def _part(block: Block, limit: int) -> Part:
    match block:
        case Heading(text=text, tone=tone):
            text = shorten(text, _share(layout.LONGEST_HEADING, limit))
            return whole(f"<b>{layout.SIGNS[tone]}{_text(text)}</b>")
        case Paragraph(text=text):
            return whole(_text(text))
        case Fields():
            lines = [f"<b>{_text(name)}</b>: {_text(numbers.show(cell))}" for name, cell in block.rows]
            return layout.lines(lines)
        case Table():
            rows = table_rows(block, WIDTH)
            return Part(
                show=lambda count: f"<pre>{escape(rows.first(count), quote=False)}</pre>", rows=len(rows.rows)
            )
        case Footer():
            text = shorten("\n".join(layout.footer_lines(block)), _share(_LONGEST_FOOTER, limit))
            return whole(f"<i>{_text(text)}</i>", apart=True)
        case _:
            assert_never(block)


def _code(text: str) -> str:
    """Return a command as code, which a tap copies."""
    return f"<code>{escape(layout.clean(text), quote=False)}</code>"


def _prompt(document: Document, limit: int) -> list[Part]:
    """Say what the buttons of a menu are to choose: they have no place for it."""
    menu = document.menu
    return [] if menu is None else [whole(_text(shorten(menu.prompt, _share(_LONGEST_PROMPT, limit))))]


def _text(text: str) -> str:
    return escape(layout.inert(layout.clean_lines(text)), quote=False)
