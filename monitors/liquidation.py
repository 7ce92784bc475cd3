"""Forced closes as venues report them, and how well each venue's feed is heard. Pure values."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from monitors.market import Instrument, Margin

LARGEST_USD = 2e9
"""No single close was ever larger: beyond this a print is a misread unit, and is left out and counted."""


class PositionSide(StrEnum):
    """The side of the position that was closed by force, never the side of the order that closed it."""

    LONG = "long"
    """A long was liquidated: a forced sell."""
    SHORT = "short"
    """A short was liquidated: a forced buy."""

    @property
    def other(self) -> "PositionSide":
        """Return the opposite side."""
        return PositionSide.SHORT if self is PositionSide.LONG else PositionSide.LONG


class Liquidation(NamedTuple):
    """One forced close. A tuple, since thousands a second are made."""

    instrument: Instrument
    side: PositionSide
    quantity: float
    """Units of the instrument's price (linear: base units, thousands for 1000PEPE) or US dollars (inverse).

    Of an instrument that does not count dollars it is what the venue tells, as is the price, until `in_dollars`.
    """
    price: float
    """As the venue gives it: average fill, or the bankruptcy price (Bybit, OKX)."""
    at_ms: int
    """The venue's time in milliseconds since 1970; one ahead of ours is set back to `received_ms`."""
    received_ms: int
    id: str = ""
    """The venue's own id where it has one; what else tells two prints apart is time, side, price and quantity."""

    @property
    def usd(self) -> float:
        """Return the notional in US dollars: quantity times price, or the face value of an inverse contract."""
        inverse = self.instrument.margin is Margin.INVERSE
        return self.quantity if inverse else self.quantity * self.price

    @property
    def at(self) -> datetime:
        """Return the venue's time."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


class Window(StrEnum):
    """The spans that totals are kept over."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    H24 = "24h"

    @property
    def length(self) -> timedelta:
        """Return the span."""
        return _LENGTHS[self]


_LENGTHS = {
    Window.M1: timedelta(minutes=1),
    Window.M5: timedelta(minutes=5),
    Window.M15: timedelta(minutes=15),
    Window.H1: timedelta(hours=1),
    Window.H4: timedelta(hours=4),
    Window.H24: timedelta(hours=24),
}


class FeedGrade(StrEnum):
    """How much of what happens a venue's feed tells."""

    COMPLETE = "complete"
    """Every print."""
    THROTTLED = "throttled"
    """The venue leaves prints out by design: a total is a floor, shown with `≥`."""


class FeedState(StrEnum):
    """What a feed is about now."""

    CONNECTING = "connecting"
    LIVE = "live"
    """All its sockets are subscribed and alive; silence is then real."""
    PARTIAL = "partial"
    """Some of its sockets are down, or prints are withheld until it is known what they mean."""
    DOWN = "down"
    BLOCKED = "blocked"
    """The venue refuses this place; it is dialled again rarely."""


class Skipped(StrEnum):
    """Why something a feed said did not become a liquidation."""

    UNLISTED = "unlisted"
    """A contract that the loaded markets do not hold, or hold as inactive."""
    DATED = "dated"
    QUANTO = "quanto"
    """Settles in a third coin, at a venue that does not tell what of it a contract is worth."""
    UNPRICED = "unpriced"
    """Counted in a coin, or in a currency that is no dollar, whose price in US dollars is not known."""
    DELEVERAGED = "deleveraged"
    """Auto-deleveraging of the winning side: forced, but no liquidation."""
    MALFORMED = "malformed"
    """A field could not be read as what the venue documents."""
    UNSETTLED = "unsettled"
    """What the venue means (a side, a unit) is not settled yet: shown as unknown, never guessed."""
    DUPLICATE = "duplicate"
    TOO_LARGE = "too large"
    CLOCK_SKEW = "clock skew"
    """Its time lay ahead of ours by more than the tolerance: kept, with the time of receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span in which a venue's feed, or a part of it, was not heard."""

    venue: str
    since: datetime
    until: datetime | None
    """None while it lasts."""
    why: str = ""
    filled: bool = False
    """Whether the venue's archive gave what was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How well a venue's liquidations are heard."""

    venue: str
    grade: FeedGrade
    state: FeedState
    since: datetime
    """When the state began."""
    heard_at: datetime | None = None
    """The last frame or pong, which proves that the line is alive."""
    event_at: datetime | None = None
    """The last liquidation; silence for hours is normal."""
    reason: str = ""
    """The last failure in plain words."""
    note: str = ""
    """What a reader should know: what is still being calibrated."""
    skipped: tuple[tuple[Skipped, int], ...] = ()
    """Since the start, by reason."""


NO_FEED = ("hyperliquid", "kucoinfutures", "mexc", "bingx", "phemex", "woo")
"""Venues that are polled for funding and publish no market-wide feed of liquidations: every total lacks them."""
