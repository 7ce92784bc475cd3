"""What is answered about liquidations where nothing was heard: why it is not known, and never that all is calm."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Footer, Heading
from monitors.liquidation import FeedHealth, FeedState, Gap
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import HeardBefore
from tests.bot.commands.saying import said
from tests.bot.contexts import a_context
from tests.bot.liquidated import FEEDS, WITHOUT_FEED, a_feed
from tests.builders import NOON
from tests.fakes import FakeLiquidationsView

TWO_HOURS_AGO = NOON - timedelta(hours=2)
QUESTIONS = ("/liq", "/liq btc 5m", "/cascades", "/top liq")


def after_a_start(feeds: Sequence[FeedHealth] = (), *, gaps: Sequence[Gap] = ()) -> Context:
    """Build a bot that began with nothing and was told so much of its feeds."""
    board = LiquidationBoard(
        HeardBefore(), feeds=FEEDS, without_feed=WITHOUT_FEED, stale_after=timedelta(minutes=3), now=NOON
    )
    for feed in feeds:
        board.tape.health(feed)
    for gap in gaps:
        board.tape.gap(gap)
    return replace(a_context(liquidations=FakeLiquidationsView(board)), venues=(*FEEDS, *WITHOUT_FEED))


def connecting() -> list[FeedHealth]:
    return [a_feed(venue, FeedState.CONNECTING, since=NOON, heard_at=None) for venue in FEEDS]


def down() -> Context:
    """Build a bot of which every feed was heard until two hours ago."""
    feeds = [a_feed(venue, since=NOON - timedelta(days=2), heard_at=TWO_HOURS_AGO) for venue in FEEDS]
    failed = [replace(feed, state=FeedState.DOWN, since=TWO_HOURS_AGO, reason="HTTP 503") for feed in feeds]
    gaps = [Gap(venue=venue, since=TWO_HOURS_AGO, until=None) for venue in FEEDS]
    return after_a_start([*feeds, *failed], gaps=gaps)


async def asked(line: str, context: Context) -> tuple[bool, str, tuple[str, ...]]:
    """Return whether an answer failed, its first line, and what its footer misses."""
    document = await answer(line, context)
    first, footer = document.blocks[0], document.blocks[-1]
    assert isinstance(first, Heading)
    assert isinstance(footer, Footer)
    return document.failed, first.text, footer.missing


@pytest.mark.parametrize("line", QUESTIONS)
@pytest.mark.parametrize("feeds", [[], connecting()], ids=["waiting", "connecting"])
async def test_right_after_the_start_it_is_said_that_no_feed_has_connected_yet(
    line: str, feeds: list[FeedHealth]
) -> None:
    failed, first, missing = await asked(line, after_a_start(feeds))

    assert failed
    assert "not known" in first
    assert first.endswith("no feed of liquidations has connected yet")
    assert missing[0] == f"binanceusdm ({'connecting' if feeds else 'not heard'})"


@pytest.mark.parametrize("line", QUESTIONS)
async def test_with_every_feed_down_it_is_said_since_when_and_why(line: str) -> None:
    failed, first, missing = await asked(line, down())

    assert failed
    assert "not known" in first
    assert first.endswith("no feed of liquidations was heard")
    expected = "10:00 to now" if line == "/cascades" else "not heard since 10:00: HTTP 503"
    assert all(expected in words for words in missing[: len(FEEDS)])


@pytest.mark.parametrize("line", QUESTIONS)
async def test_where_no_venue_has_a_feed_that_is_what_is_said(line: str) -> None:
    failed, first, _ = await asked(line, replace(after_a_start(), venues=WITHOUT_FEED))

    assert failed
    assert first.endswith("no venue watched here publishes its liquidations")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/liq", "All coins, last 1h: nothing was heard liquidated, but no feed was heard throughout"),
        ("/liq btc 5m", "BTC, last 5m: nothing was heard liquidated, but no feed was heard throughout"),
        ("/cascades", "No cascade is known to run, but no feed was heard throughout the last 5m"),
        ("/top liq", "Nothing was heard liquidated in the last 1h, but no feed was heard throughout"),
    ],
)
async def test_what_is_not_heard_for_long_enough_is_no_calm(line: str, words: str) -> None:
    context = after_a_start([a_feed(venue, since=NOON - timedelta(seconds=20)) for venue in FEEDS])

    assert (await asked(line, context))[:2] == (False, words)


async def test_the_status_says_that_there_is_nothing_to_hear() -> None:
    context = replace(after_a_start(), venues=WITHOUT_FEED)

    status, feeds = await said("/status", context), await said("/status feeds", context)

    assert any(line.endswith("No venue watched here publishes its liquidations") for line in status)
    assert feeds[0] == "No venue watched here publishes its liquidations"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "/liq nonsense",
            "Expected market, a base that is traded here such as BTC, or a window of 1m, 5m, 15m,",
        ),
        ("/liq 2h", "Expected market, a base that is traded here such as BTC, or a window of 1m, 5m, 15m,"),
        ("/liq btc 2h", "Expected one of 1m, 5m, 15m, 1h, 4h, 24h, found '2h'."),
        ("/top liq 2h", "Expected how many, 1 to 25, or of liq: 1m, 5m, 15m, 1h, 4h or 24h; found '2h'."),
        ("/cascades 3d", "Expected one of 24h, 7d, 30d, found '3d'."),
    ],
)
async def test_what_is_asked_of_no_base_and_no_window_is_answered_with_those_there_are(
    line: str, words: str
) -> None:
    document = await answer(line, a_context())

    first = document.blocks[0]
    assert document.failed
    assert isinstance(first, Heading)
    assert first.text.startswith(words)
