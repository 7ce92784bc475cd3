from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context, Who
from bot.commands.registry import answer
from bot.messages.document import Table
from monitors.alerts.chats import Past
from monitors.alerts.delivery import Content, Letter, Missed, Notice
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason
from tests.bot.commands.saying import chosen, pressed, said, words_of
from tests.bot.contexts import a_context
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.fakes import FakeRecords

NOTICE = Notice(destination=HOME, venue="okx", silent_since=NOON, at=NOON, back=False, reason="timeout")
MISSED = Missed(destination=HOME, silenced="rule 7", count=3, since=NOON - timedelta(hours=1), at=NOON)


def told(*contents: Content, number: int = 12, who: Who = Who.MEMBER) -> Context:
    ids = tuple(range(number, number + len(contents)))
    letter = Letter(ids=ids, destination=HOME, group="funding", contents=contents)
    past = Past(number=number, at=NOON, contents=contents, state="delivered")
    return replace(a_context(who=who), records=FakeRecords(letters={number: letter}, past=[past]))


def many(count: int) -> list[Content]:
    """Build alerts of coins C1, C2, … whose rates grow, so that the last is shown first."""
    return [
        an_alert(rule=a_rule(number), series=a_series(base=f"C{number}"), value=0.0001 * number)
        for number in range(1, count + 1)
    ]


def column(document_rows: Sequence[Sequence[object]], index: int = 0) -> list[object]:
    return [row[index] for row in document_rows]


async def test_an_alert_is_explained_with_what_can_be_done_about_it() -> None:
    document = await answer("/why #12", told(an_alert()))

    assert words_of(document)[0] == "Why: BTC funding on bybit: longs pay shorts +140 % APR, predicted"
    assert pressed(document) == {
        "Mute 1 h": "/mute 1h 7",
        "Mute 8 h": "/mute 8h 7",
        "Mute until over": "/mute resolved #12",
        "Edit": "/alert edit 7",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [(NOTICE, "okx is silent since 12:00, for 0s"), (MISSED, "Missed while rule 7 was muted: 3 alerts")],
)
async def test_what_is_no_alert_says_itself_what_it_is(content: Content, words: str) -> None:
    assert (await said("/why 12", told(content)))[0] == words


async def test_a_summary_shows_all_its_rows_and_lets_choose_one() -> None:
    context = told(*many(7))

    document = await answer("/why 12", context)

    (table,) = (block for block in document.blocks if isinstance(block, Table))
    assert words_of(document)[0] == "7 funding alerts: 7 new"
    assert table.columns == ("row", "what", "value", "state", "since")
    assert column(table.rows) == [7, 6, 5, 4, 3, 2, 1]
    assert chosen(document)["7: C7 on bybit"] == "/why 12 7"
    assert pressed(document) == {}


async def test_a_row_is_explained_and_leads_back() -> None:
    document = await answer("/why 12 3", told(*many(7)))

    assert words_of(document)[0].startswith("Why: C3 funding on bybit")
    assert pressed(document)["All rows"] == "/why 12"
    assert pressed(document)["Mute 1 h"] == "/mute 1h 3"


async def test_a_long_summary_comes_in_pages_that_leave_nothing_out() -> None:
    context = told(*many(45))

    pages = [await answer(f"/why 12 page {page}", context) for page in (1, 2, 3)]

    rows = [row for page in pages for block in page.blocks if isinstance(block, Table) for row in block.rows]
    assert sorted(int(str(row[0])) for row in rows) == list(range(1, 46))
    assert pressed(await answer("/why 12", context)) == {"Next page": "/why 12 page 2"}
    assert [pressed(page) for page in pages[1:]] == [
        {"Previous page": "/why 12 page 1", "Next page": "/why 12 page 3"},
        {"Previous page": "/why 12 page 2"},
    ]
    assert [len(chosen(page)) for page in pages] == [20, 20, 5]
    assert "page 1 of 3" in words_of(pages[0])[-1]


async def test_a_summary_of_all_kinds_names_each() -> None:
    resolved = an_alert(Reason.RESOLVED, series=a_series(base="ETH"))

    document = await answer("/why 12", told(NOTICE, MISSED, resolved, an_alert()))

    assert list(chosen(document)) == ["4: BTC on bybit", "3: ETH on bybit", "1: okx", "2: rule 7 muted"]


async def test_the_rows_of_a_late_letter_are_its_episodes_not_all_that_was_said_of_them() -> None:
    eth = an_alert(series=a_series(base="ETH"))
    context = told(an_alert(), eth, an_alert(Reason.ESCALATED), NOTICE)

    page = await answer("/why 12", context)
    second = await said("/why 12 2", context)
    beyond = await said("/why 12 4", context)
    alone = await said("/why 12", told(an_alert(), an_alert(Reason.RESOLVED)))

    assert sorted(chosen(page)) == ["1: ETH on bybit", "2: BTC on bybit", "3: okx"]
    assert second[0].startswith("Why: Escalated: BTC")
    assert beyond[0] == "Expected a row from 1 to 3 or a page such as page 2, found '4'."
    assert alone[0].startswith("Why: Resolved: BTC")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/why 13", "Expected the number of an alert told here (the last: 12), found 13."),
        ("/why twelve", "Expected an alert's number, as /alert history shows it, found 'twelve'."),
        ("/why", "Expected an alert's number, as /alert history shows it. Usage: /why <alert> [row]"),
        ("/why 12 8", "Expected a row from 1 to 7 or a page such as page 2, found '8'."),
        ("/why 12 0", "Expected a row from 1 to 7 or a page such as page 2, found '0'."),
        ("/why 12 some", "Expected a row from 1 to 7 or a page such as page 2, found 'some'."),
        ("/why 12 page 2", "Expected a page from 1 to 1, found 2."),
    ],
)
async def test_a_number_that_leads_nowhere_says_which_do(line: str, words: str) -> None:
    document = await answer(line, told(*many(7)))

    assert document.failed
    assert " ".join(words_of(document)[:2]).startswith(words)


async def test_another_chats_alert_is_out_of_reach() -> None:
    context = told(an_alert())
    stranger = replace(context.asker, destination=Destination(platform="console", chat="elsewhere"))

    lines = await said("/why 12", replace(context, asker=stranger))

    assert lines[0] == "Expected an alert, but this chat was told none yet, found 12."
