"""Documents as plain text of a given width: no colour, no markup, nothing wider than the page."""

from itertools import chain
from typing import assert_never
from unicodedata import category

from rich.cells import cell_len, chop_cells, set_cell_size

from bot.messages import numbers
from bot.messages.document import (
    Block,
    Cell,
    Document,
    Fields,
    Footer,
    Heading,
    Paragraph,
    Rate,
    Table,
)

WIDTH = 80
SIMULATED = "SIMULATED"

_GAP = "  "
_INDENT = "  "
_ELLIPSIS = "…"
_UNBROKEN = "\u00a0"
_NARROWEST = 10  # a text column is shortened to this many cells before a column is dropped


def as_text(document: Document, width: int = WIDTH) -> str:
    """Render a document; every line fits the width, in terminal cells."""
    first, *rest = document.blocks
    lines = _block(first, width - len(SIMULATED) - 1 if document.simulated else width)
    if document.simulated:
        lines = [f"{SIMULATED} {lines[0]}", *lines[1:]]
    for before, block in zip(document.blocks, rest, strict=False):
        if isinstance(block, Footer):
            lines.extend(_suggestions(document, width))
        own = _block(block, width)
        if own and (isinstance(block, Table | Fields) or isinstance(before, Table | Fields)):
            lines.append("")
        lines.extend(own)
    if not isinstance(document.blocks[-1], Footer):
        lines.extend(_suggestions(document, width))
    return "\n".join(line.rstrip() for line in lines)


def _suggestions(document: Document, width: int) -> list[str]:
    if not document.suggestions:
        return []
    return wrap(f"Did you mean: {', '.join(document.suggestions)}?", width)


def _block(block: Block, width: int) -> list[str]:
    match block:
        case Heading(text=text) | Paragraph(text=text):
            return list(chain.from_iterable(wrap(line, width) for line in text.split("\n")))
        case Fields():
            return _fields(block, width)
        case Table():
            return _table(block, width)
        case Footer():
            return _footer(block, width)
        case _:
            assert_never(block)


def _fields(fields: Fields, width: int) -> list[str]:
    """Return names and values side by side, or the values under the names where these need half the page."""
    names = max((cell_len(name) for name, _ in fields.rows), default=0)
    stacked = names > width // 2
    indent = " " * (2 * len(_GAP) if stacked else names + len(_GAP))
    lines: list[str] = []
    for name, cell in fields.rows:
        value = [indent + line for line in wrap(numbers.show(cell), width - len(indent))]
        if stacked:
            lines += [*wrap(name, width), *value]
        else:
            lines += [set_cell_size(clean(name), len(indent)) + value[0][len(indent) :], *value[1:]]
    return lines


def _footer(footer: Footer, width: int) -> list[str]:
    parts = [f"as of {numbers.second(footer.as_of)}"] if footer.as_of else []
    parts += [footer.note] if footer.note else []
    lines = wrap("; ".join(parts), width) if parts else []
    if footer.missing:
        lines += wrap(f"left out: {', '.join(footer.missing)}", width)
    return lines


def _table(table: Table, width: int) -> list[str]:
    if not table.rows:
        return [f"{_INDENT}none"]
    columns = [
        [clean(name), *(clean(_in_table(name, row[index])) for row in table.rows)]
        for index, name in enumerate(table.columns)
    ]
    texts = [all(isinstance(row[index], str | None) for row in table.rows) for index in range(len(columns))]
    widths = _fit(columns, texts, width)
    shown = list(zip(columns, widths, texts, strict=False))
    lines = [
        _GAP.join(_pad(column[row], size, to_left=text) for column, size, text in shown)
        for row in range(len(table.rows) + 1)
    ]
    if len(widths) < len(columns):
        lines += wrap(f"(no room for: {', '.join(table.columns[len(widths) :])})", width)
    return lines


def _in_table(column: str, cell: Cell) -> str:
    """Return a cell's text; under a heading that says APR a rate need not say it again."""
    if isinstance(cell, Rate) and column.endswith("APR"):
        return numbers.short_rate(cell.hourly, at_least=cell.at_least)
    return numbers.show(cell)


def _fit(columns: list[list[str]], texts: list[bool], width: int) -> list[int]:
    """Return the widths of the first columns that have room together; texts are shortened before one goes."""
    natural = [max(cell_len(text) for text in column) for column in columns]
    for count in range(len(natural), 0, -1):
        widths = natural[:count]
        excess = sum(widths) + len(_GAP) * (count - 1) - width
        for index in reversed(range(count)):
            if texts[index] and excess > 0:
                shortened = max(min(widths[index], _NARROWEST), widths[index] - excess)
                excess -= widths[index] - shortened
                widths[index] = shortened
        if excess <= 0:
            return widths
    return [width]


def _pad(text: str, size: int, *, to_left: bool) -> str:
    if cell_len(text) > size:
        return set_cell_size(text, size - 1) + _ELLIPSIS
    filler = " " * (size - cell_len(text))
    return text + filler if to_left else filler + text


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most `width` terminal cells; a longer word is cut.

    A number keeps its percent sign: the space between them does not break.
    """
    lines = [""]
    for word in clean(text).replace(" %", f"{_UNBROKEN}%").split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(candidate) <= width:
            lines[-1] = candidate
            continue
        if lines[-1]:
            lines.append("")
        lines[-1:] = chop_cells(word, width) or [""]
    return [line.replace(_UNBROKEN, " ") for line in lines]


def clean(text: str) -> str:
    """Replace control characters, which a terminal would obey; text from outside may hold any."""
    return "".join(" " if category(character).startswith("C") else character for character in text)
