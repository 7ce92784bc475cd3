"""Documents as plain text of a given width: no colour, no markup, nothing wider than the page."""

from itertools import chain
from typing import assert_never

from rich.cells import cell_len, set_cell_size

from bot.messages import layout, numbers
from bot.messages.document import (
    Block,
    Document,
    Fields,
    Footer,
    Heading,
    Paragraph,
    Table,
)
from bot.messages.layout import SIMULATED, UNBROKEN, clean, wrap
from bot.messages.tables import table_rows

WIDTH = 80

_INDENT = "    "
_GAP = "  "


def as_text(document: Document, width: int = WIDTH) -> str:
    """Render a document; every line fits the width, in terminal cells."""
    blocks = _with_picture(document)
    first, *rest = blocks
    lines = _block(first, width - len(SIMULATED) - 1 if document.simulated else width)
    if document.simulated:
        lines = [f"{SIMULATED} {lines[0]}", *lines[1:]]
    for before, block in zip(blocks, rest, strict=False):
        if isinstance(block, Footer):
            lines.extend(_suggestions(document, width))
        own = _block(block, width)
        if own and (isinstance(block, Table | Fields) or isinstance(before, Table | Fields)):
            lines.append("")
        lines.extend(own)
    if not isinstance(blocks[-1], Footer):
        lines.extend(_suggestions(document, width))
    lines.extend(_to_press(document, width))
    return "\n".join(line.rstrip() for line in lines)


def _with_picture(document: Document) -> tuple[Block, ...]:
    """Return the blocks, and before the footer in words what a picture would show there."""
    blocks, picture = document.blocks, document.picture
    if picture is None:
        return blocks
    at = len(blocks) - isinstance(blocks[-1], Footer)
    return (*blocks[:at], Paragraph(text=f"[picture: {picture.alt}]"), *blocks[at:])


def _suggestions(document: Document, width: int) -> list[str]:
    if not document.suggestions:
        return []
    return wrap(f"Did you mean: {', '.join(document.suggestions)}?", width)


def _to_press(document: Document, width: int) -> list[str]:
    """Return as commands what could be pressed elsewhere: there is nothing to press on a page of text."""
    lines: list[str] = []
    if menu := document.menu:
        options = (wrap(f"{option.label}: {option.line}", width - len(_GAP)) for option in menu.options)
        lines += [*wrap(menu.prompt, width), *(_GAP + line for line in chain.from_iterable(options))]
    items = [_unbroken(f"{button.label}: {button.line}", width) for button in document.buttons]
    return lines + wrap(" · ".join(items), width) if items else lines


def _unbroken(item: str, width: int) -> str:
    """Keep what has room on one line on one line, with the dot before the next."""
    return item.replace(" ", UNBROKEN) if cell_len(clean(item)) + len(" ·") <= width else item


def _block(block: Block, width: int) -> list[str]:
    match block:
        case Heading(text=text) | Paragraph(text=text):
            return list(chain.from_iterable(wrap(line, width) for line in text.split("\n")))
        case Fields():
            return _fields(block, width)
        case Table():
            laid_out = table_rows(block, width)
            return [*laid_out.head, *chain.from_iterable(laid_out.rows)]
        case Footer():
            return list(chain.from_iterable(wrap(line, width) for line in layout.footer_lines(block)))
        case _:
            assert_never(block)


def _fields(fields: Fields, width: int) -> list[str]:
    """Return names and values side by side, or the values under the names where these need half the page."""
    names = max((cell_len(name) for name, _ in fields.rows), default=0)
    stacked = names > width // 2
    indent = _INDENT if stacked else " " * (names + len(_GAP))
    lines: list[str] = []
    for name, cell in fields.rows:
        value = [indent + line for line in wrap(numbers.show(cell), width - len(indent))]
        if stacked:
            lines += [*wrap(name, width), *value]
        else:
            lines += [set_cell_size(clean(name), len(indent)) + value[0][len(indent) :], *value[1:]]
    return lines
