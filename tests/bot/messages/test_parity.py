"""The same facts in every rendering: whoever reads on a phone is told what a terminal shows."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context, Who
from bot.commands.registry import COMMANDS, answer, read
from bot.messages import layout, numbers
from bot.messages.compose import compose
from bot.messages.document import Block, Cell, Document, Fields, Footer, Heading, Paragraph, Rate, Table
from bot.messages.embed import as_embed
from bot.messages.html import as_html
from bot.messages.plain import as_text
from monitors.alerts.chats import Change, Past
from monitors.alerts.delivery import Alert, Content, Letter, Missed, Notice
from monitors.alerts.rules import Severity
from monitors.alerts.states import Reason
from monitors.market import Margin
from monitors.metrics.reading import ALL_VENUES, Evidence, LeftOut
from tests.bot.contexts import a_context, a_history
from tests.bot.messages.documents import embed_text, seen_in_telegram
from tests.bot.messages.flushes import EVERY_KIND
from tests.builders import HOME, NOON, a_leg, a_rule, a_series, an_alert, an_observation
from tests.fakes import FakeRecords

MINUTE = timedelta(minutes=1)
HIGH = a_leg(an_observation("bybit", rate=0.0005, usd=1e9, observed_at=NOON - MINUTE))
LOW = a_leg(an_observation("okx", rate=0.00001, hours=1, usd=None, mark_price=59_900))
UNKNOWN = a_leg(an_observation("gate", rate=0.0003, hours=None, usd=None, funding_at=None))
INVERSE = a_leg(an_observation("binancecoinm", rate=-0.0005, margin=Margin.INVERSE))
LEFT_OUT = (LeftOut(venue="gate", why="stale 6m"), LeftOut(venue="mexc", why="interval unknown"))
NOTICE = Notice(
    destination=HOME, venue="okx", silent_since=NOON - 6 * MINUTE, at=NOON, back=False, reason="HTTP 503 <b>"
)


def an_aggregate() -> Alert:
    return an_alert(
        rule=a_rule(metric="funding_oi", severity=Severity.CRITICAL),
        series=a_series("funding_oi", venue=ALL_VENUES, symbol=""),
        value=0.00005,
        evidence=Evidence(legs=(HIGH, LOW, UNKNOWN), open_interest_share=0.83, left_out=LEFT_OUT),
    )


def a_spread(reason: Reason = Reason.FIRST, *, is_floor: bool = False) -> Alert:
    return an_alert(
        reason,
        rule=a_rule(metric="spread"),
        series=a_series("spread", venue=ALL_VENUES, symbol=""),
        value=0.0005 / 8 - 0.00001,
        evidence=Evidence(legs=(HIGH, LOW), left_out=LEFT_OUT, is_floor=is_floor),
    )


def an_event(before: timedelta | None) -> Alert:
    return an_alert(
        Reason.EVENT,
        rule=a_rule(metric="interval_change"),
        series=a_series("interval_change"),
        value=1,
        evidence=Evidence(legs=(HIGH,), previous_interval=before),
    )


CONTENTS: dict[str, tuple[Content, ...]] = {
    **{reason.value: (an_alert(reason, peak=0.00024),) for reason in Reason if reason is not Reason.EVENT},
    "event": (an_event(timedelta(hours=8)),),
    "event from nothing known": (an_event(None),),
    "spread": (a_spread(),),
    "spread floor": (a_spread(is_floor=True),),
    "spread resolved": (a_spread(Reason.RESOLVED),),
    "aggregate, venues left out": (an_aggregate(),),
    "unknown interval": (an_alert(evidence=Evidence(legs=(UNKNOWN,), left_out=LEFT_OUT)),),
    "nothing known": (an_alert(evidence=Evidence(legs=())),),
    "coin-margined": (
        an_alert(value=-0.02, series=a_series(margin=Margin.INVERSE), evidence=Evidence(legs=(INVERSE,))),
    ),
    "silent": (NOTICE,),
    "back": (replace(NOTICE, back=True),),
    "missed": (Missed(destination=HOME, silenced="rule 7", count=3, since=NOON - 90 * MINUTE, at=NOON),),
    **{kind: (alert,) for kind, alert in EVERY_KIND.items()},
    "feed silent": (replace(NOTICE, liquidations=True),),
    "feed back": (replace(NOTICE, liquidations=True, back=True),),
    "summary of flushes": tuple(alert for kind, alert in EVERY_KIND.items() if kind.startswith("cascade")),
    "summary": (an_alert(), a_spread(), an_aggregate(), *[an_alert(Reason.RESOLVED)] * 3, NOTICE),
}
LINES = (
    "/start",
    "/funding",
    "/funding btc",
    "/funding 1000PEPE binanceusdm",
    "/top",
    "/top spread",
    "/top flow 25",
    "/spread",
    "/spread btc",
    "/liq",
    "/liq btc 15m",
    "/cascades",
    "/next",
    "/next btc",
    "/subscribe",
    "/alert add funding BTC above 0.05% on bybit",
    "/alert list",
    "/alert show 3",
    "/alert history",
    "/alert test 3",
    "/why 12",
    "/why 13",
    "/why 13 2",
    "/settings show",
    "/status",
    "/status feeds",
    "/top liq",
    "/privacy",
    "/help",
    "/help alert add",
    "/nonsense",
    "/funding NONSENSE",
)
RENDERINGS: dict[str, Callable[[Document], str]] = {
    "plain": as_text,
    "telegram": lambda document: seen_in_telegram(as_html(document)),
    "discord": lambda document: embed_text(as_embed(document)),
}


def a_letter(*contents: Content, late: bool = False) -> Letter:
    return Letter(
        ids=tuple(range(12, 12 + len(contents))),
        destination=HOME,
        group="funding",
        contents=contents,
        late=late,
    )


def a_full_context() -> Context:
    context = a_context(rules=[a_rule(3), a_rule(4, paused=True)], settled=a_history(), simulated=True)
    letters = {12: a_letter(an_aggregate()), 13: a_letter(*CONTENTS["summary"])}
    past = [
        Past(number=n, at=NOON, state="delivered", contents=letter.contents) for n, letter in letters.items()
    ]
    change = Change(destination=HOME, at=NOON, user="42", name="Ann <@1>", what="rule 3 is changed")
    return replace(context, records=FakeRecords(letters=letters, past=past, lines=[change]))


def cells(document: Document) -> Iterator[str]:
    """Return every text of a document, each value as it is shown anywhere."""
    for block in document.blocks:
        yield from _of_block(block)
    yield from document.suggestions


def _of_block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text=text) | Paragraph(text=text):
            yield text
        case Fields(rows=rows):
            for name, cell in rows:
                yield from (name, numbers.show(cell))
        case Table(columns=columns, rows=rows):
            for row in rows:
                yield from (shown(name, cell) for name, cell in zip(columns, row, strict=True))
        case Footer(as_of=as_of, missing=missing, note=note):
            yield from () if as_of is None else (numbers.second(as_of),)
            yield from (*missing, note)


def shown(column: str, cell: Cell) -> str:
    """Return a cell as tables show it: under APR a rate need not say so."""
    if isinstance(cell, Rate) and column.endswith("APR"):
        return numbers.short_rate(cell.hourly, at_least=cell.at_least)
    return numbers.show(cell)


def words(*texts: str) -> Counter[str]:
    """Count the words of texts, without the punctuation between them."""
    return Counter(stripped for text in texts for word in text.split() if (stripped := word.strip(",;:?·")))


def facts(document: Document, texts: Iterator[str] | list[str]) -> Counter[str]:
    """Count the words that tell something: neither names of columns, which narrow pages repeat, nor signs."""
    frame = ["SIMULATED", "Did", "you", "mean", "as", "of", "left", "out", "none", "…", "/"]
    signs = [sign.strip() for sign in layout.SIGNS.values()]
    columns = [
        word
        for block in document.blocks
        if isinstance(block, Table)
        for word in " ".join(block.columns).split()
    ]
    told = words(*texts)
    for word in (*frame, *signs, *columns):
        del told[word]
    return told


def without_buttons(document: Document) -> Document:
    return replace(document, buttons=(), menu=None)


def assert_told_everywhere(document: Document) -> None:
    bare = without_buttons(document)
    expected = facts(bare, cells(bare))
    assert expected

    for name, render in RENDERINGS.items():
        told = facts(bare, [render(bare)])
        assert (name, expected - told, told - expected) == (name, Counter(), Counter())


@pytest.mark.parametrize("late", [False, True], ids=["on time", "late"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_every_alert_tells_the_same_everywhere(kind: str, *, late: bool) -> None:
    assert_told_everywhere(compose(a_letter(*CONTENTS[kind], late=late), NOON, simulated=True))


@pytest.mark.parametrize("line", LINES)
async def test_every_answer_tells_the_same_everywhere(line: str) -> None:
    assert_told_everywhere(await answer(line, a_full_context()))


def test_every_command_that_reads_is_compared() -> None:
    compared = {read(line).name for line in LINES if "nonsense" not in line}

    assert {command.name for command in COMMANDS if command.who is Who.MEMBER} <= compared


@pytest.mark.parametrize("line", LINES)
async def test_every_answer_says_first_that_it_is_simulated(line: str) -> None:
    document = await answer(line, a_full_context())

    firsts = [render(document).split("\n")[0] for render in RENDERINGS.values()]

    assert ["SIMULATED" in first for first in firsts] == [True] * len(firsts)


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_can_be_pressed_is_a_command_in_plain_text(kind: str) -> None:
    document = compose(a_letter(*CONTENTS[kind]), NOON)

    text = " ".join(as_text(document).split())

    assert document.buttons
    assert [b for b in document.buttons if f"{b.label}: {b.line}" not in text] == []


@pytest.mark.parametrize("kind", ["first", "spread", "aggregate, venues left out", "summary"])
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_a_lost_cell_would_be_noticed(kind: str, rendering: str) -> None:
    document = without_buttons(compose(a_letter(*CONTENTS[kind]), NOON))
    (table,) = (block for block in document.blocks if isinstance(block, Table))
    poorer = [
        replace(document, blocks=tuple(_without(block, table, column) for block in document.blocks))
        for column in range(len(table.columns))
    ]

    told = [facts(document, [RENDERINGS[rendering](each)]) for each in poorer]

    assert facts(document, cells(document)) not in told


def _without(block: Block, table: Table, column: int) -> Block:
    if block is not table:
        return block
    first, *rest = table.rows
    return replace(table, rows=((*first[:column], "", *first[column + 1 :]), *rest))
