"""Whatever a command answers: it fits the page, it is JSON, and both tell the same facts."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.commands.registry import COMMANDS, answer, read
from bot.messages import numbers
from bot.messages.document import Button, Cell, Document, Fields, Footer, Rate, Table
from bot.messages.plain import as_text
from bot.messages.structured import Json, as_json, cell_as_json
from monitors.alerts.chats import Past
from monitors.alerts.delivery import Letter
from monitors.alerts.states import Episode, Reason
from tests.bot.contexts import a_context, a_history
from tests.builders import HOME, NOON, a_rule, an_alert
from tests.fakes import FakeRecords, FakeRuleDesk

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
    "/alert",
    "/alert add",
    "/alert add funding",
    "/alert add funding BTC",
    "/alert add spread any",
    "/alert show 3",
    "/alert edit 3",
    "/alert history",
    "/why 12",
    "/why 12 1",
    "/why 13",
    "/why 14",
    "/mute 1h BTC",
    "/mute 8h #14",
    "/unmute",
    "/settings",
    "/settings allow user:42",
    "/privacy",
    "/forget",
    "/start",
    "/status",
    "/status feeds",
    "/liq",
    "/liq BTC 1m",
    "/top liq",
    "/cascades",
    "/help",
    "/help alert add",
    "/nonsense",
    "/funding NONSENSE",
)
LETTERS = (
    Letter(ids=(12, 13), destination=HOME, group="funding", contents=(an_alert(), an_alert(Reason.RESOLVED))),
    Letter(ids=(14,), destination=HOME, group="funding", contents=(an_alert(),)),
)
WIDE = 400
OFF_THE_MARKET = (
    "/help",
    "/alert test",
    "/alert history",
    "/why",
    "/mute",
    "/unmute",
    "/settings",
    "/privacy",
    "/forget",
    "/start",
)
"""What says nothing of the market as it is now."""
ABOUT_FEEDS = ("/liq", "/top liq", "/cascades", "/status feeds")
"""What rests on feeds of liquidations and not on what the venues answer."""


async def answered(line: str) -> Document:
    context = a_context(settled=a_history())
    going_on = Episode(rule=7, series=an_alert().series, since=an_alert().since)
    rules = FakeRuleDesk(rules={3: a_rule(3), 4: a_rule(4, paused=True), 7: a_rule(7)}, going_on=[going_on])
    past = [
        Past(number=letter.number, at=NOON, contents=letter.contents, state="delivered") for letter in LETTERS
    ]
    records = FakeRecords(letters={letter.number: letter for letter in LETTERS}, past=past)
    return await answer(line, replace(context, rules=rules, records=records))


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

    understood = not document.failed and not line.startswith(OFF_THE_MARKET)
    assert isinstance(document.blocks[-1], Footer) is not document.failed
    if understood:
        assert isinstance(document.blocks[-1], Footer)
        missing = "no public feed" if line.startswith(ABOUT_FEEDS) else "blocked here: HTTP 451"
        assert f"mexc ({missing})" in document.blocks[-1].missing


def buttons_of(document: Document) -> list[Button]:
    return [*document.buttons, *(document.menu.options if document.menu else ())]


@pytest.mark.parametrize("line", LINES)
async def test_every_button_gives_a_command_that_is_understood(line: str) -> None:
    for button in buttons_of(await answered(line)):
        assert type(read(button.line)) in COMMANDS
        assert len(button.label) <= 80


@pytest.mark.parametrize("line", LINES)
async def test_no_answer_has_more_to_press_than_platforms_carry(line: str) -> None:
    document = await answered(line)

    assert len(document.buttons) <= 5
    assert document.menu is None or len(document.menu.options) <= 25
    assert len({button.label for button in buttons_of(document)}) == len(buttons_of(document))


WORDS = st.sampled_from(
    [
        "3",
        "#14",
        "12",
        "1h",
        "resolved",
        "all",
        "BTC",
        "any",
        "funding",
        "page 2",
        "user:4",
        "yes",
        "above 1%",
    ]
)


@given(
    command=st.sampled_from([command.name for command in COMMANDS]),
    words=st.lists(WORDS | st.text(max_size=6), max_size=3),
)
@settings(max_examples=300, deadline=None)
async def test_whatever_is_typed_there_is_an_answer(command: str, words: list[str]) -> None:
    document = await answered(" ".join([f"/{command}", *words]))

    assert as_text(document)
    assert document.failed is (not isinstance(document.blocks[-1], Footer))
