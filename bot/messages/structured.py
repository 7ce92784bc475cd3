"""Documents as JSON values for programs: unrounded numbers with their units, times in ISO 8601."""

from datetime import UTC, datetime
from typing import assert_never

from bot.messages.document import (
    Block,
    Button,
    Cell,
    Countdown,
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    IntervalRate,
    Menu,
    Moment,
    Move,
    Paragraph,
    Price,
    Quantity,
    Rate,
    Ratio,
    Score,
    Share,
    Table,
    Usd,
    UsdPerHour,
)

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def as_json(document: Document) -> Json:
    """Return what `json.dumps` takes; rates are fractions, durations seconds, a missing value is null."""
    return {
        "failed": document.failed,
        "simulated": document.simulated,
        "blocks": [_block(block) for block in document.blocks],
        "suggestions": list(document.suggestions),
        "buttons": [_button(button) for button in document.buttons],
        "menu": None if document.menu is None else _menu(document.menu),
        "picture": None if document.picture is None else {"alt": document.picture.alt},
    }


def _button(button: Button) -> Json:
    return {"label": button.label, "line": button.line, "in_place": button.in_place}


def _menu(menu: Menu) -> Json:
    return {"prompt": menu.prompt, "options": [_button(option) for option in menu.options]}


def _block(block: Block) -> Json:
    match block:
        case Heading():
            return {"kind": "heading", "text": block.text, "tone": block.tone.value}
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Fields():
            return {"kind": "fields", "values": {name: cell_as_json(cell) for name, cell in block.rows}}
        case Table():
            return {"kind": "table", "columns": list(block.columns), "rows": _rows(block)}
        case Footer():
            as_of = None if block.as_of is None else _iso(block.as_of)
            return {"kind": "footer", "as_of": as_of, "missing": list(block.missing), "note": block.note}
        case _:
            assert_never(block)


def _rows(table: Table) -> list[Json]:
    return [
        {name: cell_as_json(cell) for name, cell in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]


def cell_as_json(cell: Cell) -> Json:
    """Return a text, a count or null as it is, and any quantity with its unit; a floor says that it is one."""
    match cell:
        case None | str() | int():
            return cell
        case Duration(length):
            return {"value": length.total_seconds(), "unit": "seconds"}
        case Moment(at) | Countdown(at=at):
            return {"value": _iso(at), "unit": "time"}
        case Rate(at_least=True) | Usd(at_least=True) | Share(at_least=True):
            return {**_quantity(cell), "at_least": True}
        case _:
            return _quantity(cell)


def _quantity(cell: Quantity) -> dict[str, Json]:
    match cell:
        case Rate(hourly):
            return {"value": hourly, "unit": "fraction per hour"}
        case IntervalRate(rate, interval):
            seconds = None if interval is None else interval.total_seconds()
            return {"value": rate, "unit": "fraction per interval", "interval_seconds": seconds}
        case Usd(amount) | Price(amount):
            return {"value": amount, "unit": "USD"}
        case UsdPerHour(amount):
            return {"value": amount, "unit": "USD per hour"}
        case _:
            return _ratio(cell)


def _ratio(cell: Ratio) -> dict[str, Json]:
    match cell:
        case Share(part):
            return {"value": part, "unit": "share"}
        case Move(part):
            return {"value": part, "unit": "relative change"}
        case Score(z):
            return {"value": z, "unit": "robust z"}
        case _:
            assert_never(cell)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
