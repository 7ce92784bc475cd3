"""Documents as one Discord embed: its markdown escaped, nobody mentioned by data, each limit kept."""

import re
from datetime import UTC
from typing import NotRequired, TypedDict, assert_never

from bot.messages import layout, numbers
from bot.messages.document import Block, Document, Fields, Footer, Heading, Paragraph, Table, Tone
from bot.messages.layout import ELLIPSIS, Part, shorten, whole
from bot.messages.tables import table_rows

TITLE_LIMIT = 256
DESCRIPTION_LIMIT = 4096
FOOTER_LIMIT = 1024
"""Half of what Discord allows, so that the three together stay under the 6000 of all embeds of a message.

Source of the limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits, counted here in
UTF-16 units.
"""

WIDTH = 32
"""Columns of a code block that an embed shows on a phone, where it has less room than the 40 of a desktop.

A broken line would cost more than a narrow table.
"""

_COLOURS = {Tone.PLAIN: 0x95A5A6, Tone.TROUBLE: 0xD93025, Tone.CALM: 0x1E8E3E, Tone.ERROR: 0xF9AB00}
_MARKDOWN = re.compile(r"[\\*_~`|<\[]|:(?=[\w+-]+:)")
_LINE_START = re.compile(r"^\s*(?=-?#|>|[+-]\s)|^\s*\d+(?=\.\s)", re.MULTILINE)


class EmbedFooter(TypedDict):
    """The small line at the bottom; it knows no markdown."""

    text: str


class Embed(TypedDict):
    """What `discord.Embed.from_dict` takes."""

    title: str
    color: int
    description: NotRequired[str]
    footer: NotRequired[EmbedFooter]
    timestamp: NotRequired[str]
    """The data's age, which Discord shows in the reader's own time zone."""


def as_embed(document: Document) -> Embed:
    """Render a document as an embed; its buttons and its menu, prompt included, are the adapter's.

    What does not fit goes by whole rows and whole blocks, and is counted.
    """
    heading, blocks, footer = layout.sections(document)
    title, over = _titled(heading)
    parts = [*over, *(_part(block) for block in blocks)]
    codes = [f"`{_verbatim(layout.clean(text))}`" for text in document.suggestions]
    last = layout.suggestions(codes, layout.utf16)
    description = layout.fit(parts, last=last, room=DESCRIPTION_LIMIT, size=layout.utf16)
    embed = Embed(title=title, color=_COLOURS[heading.tone])
    if description:
        embed["description"] = description
    if lines := layout.footer_lines(footer):
        embed["footer"] = EmbedFooter(text=shorten("\n".join(map(layout.clean, lines)), FOOTER_LIMIT))
    if footer.as_of:
        embed["timestamp"] = footer.as_of.astimezone(UTC).isoformat()
    return embed


def _titled(heading: Heading) -> tuple[str, list[Part]]:
    """Return the title, and what has no room in it as the description's first part."""
    sign = layout.SIGNS[heading.tone]
    room = TITLE_LIMIT - layout.utf16(sign + ELLIPSIS)
    line, _, below = heading.text.partition("\n")
    title, over = layout.split(line, room, size=lambda text: layout.utf16(_text(text)))
    rest = "\n".join(part for part in (over and ELLIPSIS + over, below) if part)
    parts = [whole(_text(shorten(rest, layout.LONGEST_HEADING)))] if rest else []
    return f"{sign}{_text(title)}{ELLIPSIS if over else ''}", parts


def _part(block: Block) -> Part:
    match block:
        case Heading(text=text):
            return whole(f"**{_text(shorten(text, layout.LONGEST_HEADING))}**")
        case Paragraph(text=text):
            return whole(_text(text))
        case Fields():
            lines = [f"**{_text(name)}**: {_text(numbers.show(cell))}" for name, cell in block.rows]
            return layout.lines(lines)
        case Table():
            rows = table_rows(block, WIDTH)
            return Part(show=lambda count: f"```\n{_verbatim(rows.first(count))}\n```", rows=len(rows.rows))
        case Footer():
            return whole(_text("\n".join(layout.footer_lines(block))), apart=True)
        case _:
            assert_never(block)


def _verbatim(text: str) -> str:
    """Replace what would end the code; nothing else means anything in it."""
    return text.replace("`", "\N{MODIFIER LETTER GRAVE ACCENT}")


def _text(text: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\g<0>", layout.inert(layout.clean_lines(text)))
    return _LINE_START.sub(r"\g<0>\\", escaped)
