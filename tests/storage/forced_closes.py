"""What the tests of stored liquidations have in common: values of every kind, and a journal to commit them."""

from datetime import datetime, timedelta

from monitors.alerts.aftermath import Followed
from monitors.alerts.tick import Tick
from monitors.liquidation import (
    FeedGrade,
    FeedHealth,
    FeedState,
    Gap,
    Liquidation,
    PositionSide,
    Skipped,
    Window,
)
from monitors.market import Instrument
from monitors.metrics.liquidations.values import (
    BookSample,
    Bucket,
    Cascade,
    Coverage,
    Crowding,
    Flush,
    Heard,
    Spike,
    Stress,
    Totals,
    VenueFlow,
)
from storage.database import Database
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from storage.rows import ms
from tests.builders import NOON, an_instrument

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOTALS = Totals(long_usd=2_000_000.5, short_usd=125_000.25, count=321)


def a_print(
    at: datetime = NOON,
    *,
    instrument: Instrument | None = None,
    side: PositionSide = PositionSide.LONG,
    quantity: float = 0.3,
    price: float = 60_000.1,
    name: str = "",
) -> Liquidation:
    """Return a forced close that was received 120 ms after it happened."""
    return Liquidation(instrument or an_instrument(), side, quantity, price, ms(at), ms(at) + 120, name)


def a_bucket(at: datetime = NOON, base: str = "BTC", *, count: int = 3) -> Bucket:
    """Return five minutes of a base."""
    return Bucket(at=at, base=base, long_cents=123_456_789_01, short_cents=0, count=count)


def a_gap(venue: str = "bybit", since: datetime = NOON, until: datetime | None = None) -> Gap:
    """Return a span that was not heard."""
    return Gap(venue=venue, since=since, until=until, why="closed by the venue")


def a_feed(venue: str = "bybit", state: FeedState = FeedState.LIVE) -> FeedHealth:
    """Return how a venue is heard, every field filled."""
    return FeedHealth(
        venue=venue,
        grade=FeedGrade.COMPLETE,
        state=state,
        since=NOON,
        heard_at=NOON,
        event_at=NOON,
        reason="closed by the venue",
        note="amounts are being calibrated",
        skipped=((Skipped.DATED, 2), (Skipped.TOO_LARGE, 1)),
    )


def a_cascade(opened_at: datetime = NOON, base: str = "BTC", *, closed_at: datetime | None = None) -> Cascade:
    """Return a cascade, every field filled."""
    return Cascade(
        base=base,
        side=PositionSide.LONG,
        opened_at=opened_at,
        updated_at=opened_at + MINUTE,
        closed_at=closed_at,
        totals=TOTALS,
        peak_minute=opened_at,
        peak_minute_usd=1e6,
        price_before=60_000.0,
        price_now=58_123.4,
        bases=("BTC", "ETH"),
        stress=Stress(liquidations=0.9, open_interest=0.4, score=0.7, confirmations=1),
        is_floor=True,
        prices_after=((5, 58_500.0),),
    )


def a_book(at: datetime = NOON, base: str = "BTC") -> BookSample:
    """Return one look at an order book."""
    return BookSample(
        instrument=an_instrument(base=base),
        at=at,
        bid_depth_usd=1.5e6,
        ask_depth_usd=1.25e6,
        spread_bps=0.7,
        truncated=True,
    )


def a_flush() -> Flush:
    """Return what an alert about liquidations rests on, every field filled."""
    return Flush(
        window=Window.M5,
        totals=TOTALS,
        venues=(VenueFlow(venue="bybit", grade=FeedGrade.COMPLETE, totals=TOTALS, saturated=True),),
        coverage=Coverage(heard=("bybit",), throttled=("okx",), partial=("gate",), missing=("htx",)),
        severity=4,
        largest=a_print(name="42"),
        spike=Spike(usd=2e6, z=4.2, ratio=None, samples=80, needed=30, severity=4, is_spike=True),
        open_interest_usd=1e9,
        crowding=Crowding(side=PositionSide.LONG, hourly=0.0001, at=NOON),
        cascade=a_cascade(),
    )


def a_followed() -> Followed:
    """Return an episode that is over and whose aftermath is still to be told."""
    return Followed(since=NOON, peak=3e6, cascade=a_cascade(closed_at=NOON + HOUR), waits=(15, 60))


async def commit(database: Database, heard: Heard, at: datetime = NOON) -> None:
    """Commit a tick that learned of nothing else."""
    journal = Journal(database, Observations(database), Outbox(database, group_wait=timedelta(0)))
    await journal.commit(Tick(at=at, heard=heard))
