"""Buttons under a message: how they lie in rows, and the versioned line that each carries."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages.document import Button, Document

ROW_CELLS = 34
"""What a phone shows of a row, in terminal cells; the buttons of a row are equally wide."""
ROW_BUTTONS = 8
ALL_BUTTONS = 100
ALL_BYTES = 9_000
"""Telegram takes about 10 kB of markup; a rest is left for the keys of its JSON."""

_PADDING = 2  # cells that a button's own edges take
_AROUND = 40  # bytes of JSON around a button's label and line
_ANEW, _IN_PLACE = "1:", "1!"


def encode(button: Button) -> str:
    """Return what a press sends: a mark of version and manner, then the line."""
    return (_IN_PLACE if button.in_place else _ANEW) + button.line


def decode(data: str) -> tuple[str, bool] | None:
    """Return a pressed button's line and whether it is answered in place; None for another version's."""
    mark, line = data[: len(_ANEW)], data[len(_ANEW) :]
    return (line, mark == _IN_PLACE) if line and mark in (_ANEW, _IN_PLACE) else None


def keyboard(document: Document) -> InlineKeyboardMarkup | None:
    """Return a document's choices and buttons, the choices first; None without any."""
    choices = () if document.menu is None else document.menu.options
    kept = list(_within_limits((*choices, *document.buttons)))
    rows = [*_rows(kept[: len(choices)]), *_rows(kept[len(choices) :])]
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(one.label, callback_data=encode(one)) for one in row] for row in rows]
    )


def _within_limits(buttons: Sequence[Button]) -> Iterable[Button]:
    size = 0
    for button in buttons[:ALL_BUTTONS]:
        size += len(button.label.encode()) + len(button.line.encode()) + _AROUND
        if size > ALL_BYTES:
            return
        yield button


def _rows(buttons: Sequence[Button]) -> list[list[Button]]:
    """Fill rows in order, as far as the longest label of each stays readable."""
    rows: list[list[Button]] = []
    for button in buttons:
        if rows and _fits([*rows[-1], button]):
            rows[-1].append(button)
        else:
            rows.append([button])
    return rows


def _fits(row: Sequence[Button]) -> bool:
    widest = max(cell_len(button.label) for button in row) + _PADDING
    return len(row) <= ROW_BUTTONS and len(row) * widest <= ROW_CELLS
