"""Builders of what a tape takes."""

from datetime import datetime, timedelta

from monitors.liquidation import FeedGrade, FeedHealth, FeedState, Gap, Liquidation, PositionSide
from monitors.market import Instrument
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import MARKET, Bucket, HeardBefore
from tests.builders import NOON, an_instrument

VENUES = ("binanceusdm", "bybit", "okx")
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def after(seconds: float) -> datetime:
    """Return a moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def a_print(
    seconds: float = 0,
    usd: float = 1_000_000,
    side: PositionSide = LONG,
    *,
    name: str = "",
    instrument: Instrument | None = None,
) -> Liquidation:
    """Build a print at a price of 1, so many seconds after noon."""
    at_ms = round(after(seconds).timestamp() * 1000)
    return Liquidation(instrument or an_instrument(), side, usd, 1.0, at_ms, at_ms, name)


def a_tape(memory: HeardBefore | None = None) -> Tape:
    """Build a tape of three venues with a feed and one without."""
    return Tape(memory, venues=VENUES, silent=("hyperliquid",))


def a_feed(
    venue: str = "bybit",
    state: FeedState = FeedState.LIVE,
    *,
    since: float = -86400,
    heard: float | None = None,
    grade: FeedGrade = FeedGrade.COMPLETE,
) -> FeedHealth:
    """Build a feed in a state since so many seconds after noon."""
    heard_at = None if heard is None else after(heard)
    return FeedHealth(venue=venue, grade=grade, state=state, since=after(since), heard_at=heard_at)


def a_gap(since: float, until: float | None = None, *, venue: str = "bybit", filled: bool = False) -> Gap:
    """Build a gap between so many seconds after noon."""
    return Gap(venue=venue, since=after(since), until=None if until is None else after(until), filled=filled)


def a_bucket(
    at: datetime, base: str = MARKET, usd: float = 0, *, short_usd: float = 0, count: int = 1
) -> Bucket:
    """Build five minutes of a base, or of the market."""
    return Bucket(
        at=at, base=base, long_cents=round(usd * 100), short_cents=round(short_usd * 100), count=count
    )
