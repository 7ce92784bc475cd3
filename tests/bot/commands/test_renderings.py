"""Whatever a command answers: it fits the page, it is JSON, and both tell the same facts."""

import json
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from bot.commands.registry import answer
from bot.messages import numbers
from bot.messages.document import Cell, Document, Fields, Footer, Rate, Table
from bot.messages.plain import as_text
from bot.messages.structured import Json, as_json, cell_as_json
from tests.bot.contexts import a_context, a_history
from tests.builders import a_rule

LINES = (
    "/funding",
    "/funding btc",
    "/funding 1000PEPE binanceusdm",
    "/top",
    "/top spread",
    "/top flow 25",
    "/spread",
    "/spread btc",
    "/next",
    "/next btc",
    "/subscribe",
    "/unsubscribe",
    "/alert add funding BTC above 0.05% on bybit",
    "/alert list",
    "/alert edit 3 every never",
    "/alert pause 3",
    "/alert resume 4",
    "/alert rm 3",
    "/alert test 3",
    "/threshold 3 40% apr",
    "/status",
    "/help",
    "/help alert add",
    "/nonsense",
    "/funding NONSENSE",
)
WIDE = 400


async def answered(line: str) -> Document:
    return await answer(line, a_context(rules=[a_rule(3), a_rule(4, paused=True)], settled=a_history()))


def cells(document: Document) -> Iterator[tuple[str, Cell]]:
    for block in document.blocks:
        match block:
            case Table():
                for row in block.rows:
                    yield from zip(block.columns, row, strict=True)
            case Fields():
                yield from block.rows
            case _:
                pass


def values(rendered: Json) -> Iterator[Json]:
    assert isinstance(rendered, dict)
    blocks = rendered["blocks"]
    assert isinstance(blocks, list)
    for block in blocks:
        assert isinstance(block, dict)
        rows = block.get("rows", [block.get("values", {})])
        assert isinstance(rows, list)
        for row in rows:
            assert isinstance(row, dict)
            yield from row.values()


def shown(name: str, cell: Cell) -> str:
    return (
        numbers.short_rate(cell.hourly)
        if isinstance(cell, Rate) and name.endswith("APR")
        else numbers.show(cell)
    )


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("width", [40, 80, 132])
async def test_every_answer_fits_the_page(line: str, width: int) -> None:
    text = as_text(await answered(line), width)

    assert max(cell_len(one) for one in text.split("\n")) <= width


@pytest.mark.parametrize("line", LINES)
async def test_text_and_json_tell_the_same_facts(line: str) -> None:
    document = await answered(line)

    text, rendered = as_text(document, WIDE), json.loads(json.dumps(as_json(document), allow_nan=False))

    assert list(values(rendered)) == [cell_as_json(cell) for _, cell in cells(document)]
    assert [shown(name, cell) for name, cell in cells(document) if shown(name, cell) not in text] == []


@pytest.mark.parametrize("line", LINES)
async def test_every_answer_that_was_understood_ends_with_what_is_missing(line: str) -> None:
    document = await answered(line)

    understood = not document.failed and not line.startswith("/help") and not line.startswith("/alert test")
    assert isinstance(document.blocks[-1], Footer) is not document.failed
    if understood:
        assert isinstance(document.blocks[-1], Footer)
        assert "mexc (blocked here: HTTP 451)" in document.blocks[-1].missing
