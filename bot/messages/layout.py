"""What the renderers share: text broken into lines, the parts of a message, and what has room."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from unicodedata import category

from rich.cells import cell_len, chop_cells

from bot.messages import numbers, wording
from bot.messages.document import Block, Document, Footer, Heading, Tone

SIMULATED = "SIMULATED"
ELLIPSIS = "…"
UNBROKEN = "\u00a0"
"""A space at which no line breaks; it is shown as any other."""
JOINER = "\u2060"
"""The word joiner, which nobody sees: it parts what a chat would take for a mention or a link.

Not the zero-width joiner, which Telegram reads as a letter of the link (is_url_unicode_symbol in
https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp).
"""
SIGNS = {Tone.PLAIN: "", Tone.TROUBLE: "🔴 ", Tone.CALM: "✅ ", Tone.ERROR: "⚠️ "}
"""Told apart by their shapes; the heading's words say the same."""

LONGEST_HEADING = 1000
LONGEST_SUGGESTIONS = 500
"""In UTF-16 units: what a heading and the suggestions take of a message at most."""

_BETWEEN = 2  # line breaks between two parts, at most
_MENTION = re.compile(r"@(?=\S)")
_LINK = re.compile(r":(?=//)|(?<=\w)\.(?=[^\W\d_])|\.(?=\d+\.\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a message: it stands or falls whole, or loses rows from its end."""

    show: Callable[[int], str]
    """Returns the markup with the first so many rows, saying how many more there are."""
    rows: int = 0
    apart: bool = False
    """Whether an empty line keeps it from its neighbours."""


def whole(text: str, *, apart: bool = False) -> Part:
    """Return a part without rows."""
    return Part(show=lambda _: text, apart=apart)


def lines(texts: Sequence[str]) -> Part:
    """Return a part of which each line is a row, with air around it."""
    return Part(
        show=lambda count: "\n".join([*texts[:count], *more(len(texts) - count)]), rows=len(texts), apart=True
    )


def suggestions(
    codes: Iterable[str], size: Callable[[str], int], longest: int = LONGEST_SUGGESTIONS
) -> list[Part]:
    """Return the line that offers what was probably meant: each command whole, or not at all."""
    shown: list[str] = []
    for code in codes:
        if size(", ".join([*shown, code])) <= longest:
            shown.append(code)
    return [whole(f"Did you mean: {', '.join(shown)}?")] if shown else []


def fit(parts: Sequence[Part], *, last: Sequence[Part], room: int, size: Callable[[str], int]) -> str:
    """Join the parts that have room together, the most important first, and always the last ones.

    Rows go before a part does, and what was left out is counted: markup is never cut.
    """
    room -= sum(size(part.show(part.rows)) + _BETWEEN for part in (*last, _left_out(len(parts))))
    kept: list[Part] = []
    for part in parts:
        needed = size(part.show(min(part.rows, 1))) + _BETWEEN
        if needed <= room:
            room -= needed
            kept.append(part)
    shown: list[tuple[Part, str]] = []
    for part in kept:
        room += size(part.show(min(part.rows, 1)))
        text = part.show(_most_rows(part, room, size))
        room -= size(text)
        shown.append((part, text))
    dropped = [_left_out(len(parts) - len(kept))] if len(kept) < len(parts) else []
    return _joined([*shown, *((part, part.show(part.rows)) for part in (*dropped, *last))])


def _left_out(count: int) -> Part:
    return whole(f"{ELLIPSIS} {wording.plural(count, 'more part')} did not fit")


def _most_rows(part: Part, room: int, size: Callable[[str], int]) -> int:
    """Return how many rows have room where at least one has; all of them need no count of the rest."""
    if size(part.show(part.rows)) <= room:
        return part.rows
    return bisect_right(range(1, part.rows), room, key=lambda count: size(part.show(count)))


def _joined(shown: Sequence[tuple[Part, str]]) -> str:
    pieces: list[str] = []
    for index, (part, text) in enumerate(shown):
        if index:
            pieces.append("\n\n" if part.apart or shown[index - 1][0].apart else "\n")
        pieces.append(text)
    return "".join(pieces)


def more(count: int) -> list[str]:
    """Return the line that says how many rows were left out, if any were."""
    return [f"{ELLIPSIS} {wording.plural(count, 'more row')}"] if count else []


def sections(document: Document) -> tuple[Heading, tuple[Block, ...], Footer]:
    """Return the heading, which says what is simulated, the blocks between, and the footer; absent ones are empty."""
    blocks, heading, footer = document.blocks, Heading(text=""), Footer()
    if blocks and isinstance(blocks[0], Heading):
        heading, blocks = blocks[0], blocks[1:]
    if blocks and isinstance(blocks[-1], Footer):
        footer, blocks = blocks[-1], blocks[:-1]
    if document.simulated:
        heading = replace(heading, text=f"{SIMULATED} {heading.text}".rstrip())
    return heading, blocks, footer


def footer_lines(footer: Footer) -> list[str]:
    """Return age and note, then what is missing; nothing for a footer that has nothing to say."""
    parts = [f"as of {numbers.second(footer.as_of)}"] if footer.as_of else []
    parts += [footer.note] if footer.note else []
    lines = ["; ".join(parts)] if parts else []
    return [*lines, f"left out: {', '.join(footer.missing)}"] if footer.missing else lines


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most `width` terminal cells; a longer word is cut.

    A number keeps its percent sign: the space between them does not break.
    """
    lines = [""]
    for word in clean(text).replace(" %", f"{UNBROKEN}%").split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(candidate) <= width:
            lines[-1] = candidate
            continue
        if lines[-1]:
            lines.append("")
        lines[-1:] = chop_cells(word, width) or [""]
    return [line.replace(UNBROKEN, " ") for line in lines]


def clean(text: str) -> str:
    """Replace control characters, which a terminal would obey; text from outside may hold any."""
    return "".join(" " if category(character).startswith("C") else character for character in text)


def clean_lines(text: str) -> str:
    """Replace control characters in every line of a text; a number keeps its percent sign."""
    return "\n".join(clean(line) for line in text.split("\n")).replace(" %", f"{UNBROKEN}%")


def inert(text: str) -> str:
    """Part whatever a chat would make a mention or a link of; a number keeps its point."""
    return _LINK.sub(rf"\g<0>{JOINER}", _MENTION.sub(rf"\g<0>{JOINER}", text))


def utf16(text: str) -> int:
    """Return the length in UTF-16 units, which is never less than what a platform counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, room: int, size: Callable[[str], int] = utf16) -> tuple[str, str]:
    """Return as many whole words as have room and the rest; a word that has none is cut."""
    if size(text) <= room:
        return text, ""
    count = bisect_right(range(1, len(text) + 1), room, key=lambda length: size(text[:length]))
    at = text.rfind(" ", 0, count + 1)
    return (text[:at], text[at + 1 :]) if at > 0 else (text[:count], text[count:])


def shorten(text: str, room: int) -> str:
    """Return the whole words that have room, in UTF-16 units; an ellipsis says that there were more."""
    if utf16(text) <= room:
        return text
    return split(text, room - utf16(ELLIPSIS))[0] + ELLIPSIS
