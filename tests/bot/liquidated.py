"""What was heard of forced closes, for commands: feeds of every kind, prints, and cascades."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitors.liquidation import FeedGrade, FeedHealth, FeedState, Gap, Liquidation, PositionSide, Skipped
from monitors.market import Instrument
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Bucket, Cascade, HeardBefore, Stress, Totals
from tests.builders import NOON, an_instrument

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FEEDS = ("binanceusdm", "bybit", "okx")
WITHOUT_FEED = ("hyperliquid", "mexc")


def a_feed(
    venue: str = "bybit",
    state: FeedState = FeedState.LIVE,
    *,
    since: datetime = NOON - 2 * DAY,
    heard_at: datetime | None = NOON,
    event_at: datetime | None = None,
    reason: str = "",
    note: str = "",
    skipped: tuple[tuple[Skipped, int], ...] = (),
) -> FeedHealth:
    """Build a feed; only bybit's tells every print."""
    return FeedHealth(
        venue=venue,
        grade=FeedGrade.COMPLETE if venue == "bybit" else FeedGrade.THROTTLED,
        state=state,
        since=since,
        heard_at=heard_at,
        event_at=event_at,
        reason=reason,
        note=note,
        skipped=skipped,
    )


def a_print(
    minutes: float = 1,
    usd: float = 1e6,
    side: PositionSide = LONG,
    *,
    venue: str = "bybit",
    base: str = "BTC",
    price: float = 50_000.0,
    instrument: Instrument | None = None,
) -> Liquidation:
    """Build a print so many minutes before noon."""
    at_ms = round((NOON - minutes * MINUTE).timestamp() * 1000)
    owner = instrument or an_instrument(venue, base)
    return Liquidation(owner, side, usd / price, price, at_ms, at_ms)


PRINTS = (
    a_print(2, 7e6),
    a_print(30, 2e6, venue="okx"),
    a_print(40, 1e6, SHORT, venue="binanceusdm"),
    a_print(50, 5e6, SHORT, base="ETH"),
)
"""In the last hour 10 million of BTC, nine of them longs, and 5 million of ETH shorts."""


def a_cascade(
    base: str = "BTC",
    *,
    opened: float = 8,
    closed: float | None = None,
    bases: tuple[str, ...] = (),
    stress: float | None = 0.71,
    is_floor: bool = True,
    price_now: float | None = 49_000.0,
) -> Cascade:
    """Build a cascade of longs that opened, and perhaps closed, so many minutes before noon; it lasted five."""
    opened_at = NOON - opened * MINUTE
    score = None if stress is None else Stress(liquidations=0.9, score=stress, confirmations=2)
    return Cascade(
        base=base,
        side=LONG,
        opened_at=opened_at,
        updated_at=opened_at + 5 * MINUTE,
        closed_at=None if closed is None else NOON - closed * MINUTE,
        totals=Totals(12e6, 0.0, 40),
        peak_minute=opened_at + MINUTE,
        peak_minute_usd=5e6,
        price_before=50_000.0,
        price_now=price_now,
        bases=bases,
        stress=score,
        is_floor=is_floor,
    )


def a_board(
    prints: Sequence[Liquidation] = (),
    *,
    feeds: Sequence[FeedHealth] | None = None,
    gaps: Sequence[Gap] = (),
    running: Sequence[Cascade] = (),
    buckets: Sequence[Bucket] = (),
    silent: Sequence[str] = WITHOUT_FEED,
) -> LiquidationBoard:
    """Build what is known at noon; every feed was live for two days, until told otherwise."""
    told = [a_feed(venue) for venue in FEEDS] if feeds is None else feeds
    board = LiquidationBoard(
        HeardBefore(cascades=running, buckets=buckets),
        feeds=FEEDS if feeds is None else [one.venue for one in told],
        without_feed=silent,
        stale_after=timedelta(minutes=3),
        now=NOON,
    )
    for health in told:
        board.tape.health(a_feed(health.venue))
        board.tape.health(health)
    for gap in gaps:
        board.tape.gap(gap)
    board.tape.take(prints, NOON)
    return board
