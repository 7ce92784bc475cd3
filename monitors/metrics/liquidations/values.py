"""What is known of forced closes at one moment, for metrics, messages and answers. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

from monitors.liquidation import FeedGrade, FeedHealth, Gap, Liquidation, PositionSide, Window
from monitors.market import Instrument
from monitors.metrics.liquidations.standing import Standing

MARKET = "market"
"""The base that stands for all bases together; real ones are upper case."""


class Key(NamedTuple):
    """Whose total: an instrument's, a base's on a venue or over all, a venue's, or the market's (all empty)."""

    base: str = ""
    venue: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was liquidated in a window: US dollars a side, to the cent, and how many prints."""

    long_usd: float
    short_usd: float
    count: int

    @property
    def usd(self) -> float:
        """Return both sides together."""
        return self.long_usd + self.short_usd

    @property
    def heavier(self) -> PositionSide:
        """Return the side with more dollars."""
        return PositionSide.LONG if self.long_usd >= self.short_usd else PositionSide.SHORT

    def of(self, side: PositionSide | None) -> float:
        """Return one side's dollars, or with None both."""
        if side is None:
            return self.usd
        return self.long_usd if side is PositionSide.LONG else self.short_usd


class Lean(StrEnum):
    """Which side's liquidations prevail."""

    LONG = "long_liquidations_dominate"
    SHORT = "short_liquidations_dominate"
    MIXED = "mixed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a window was heard, over the feeds that could have told.

    A total is complete only if `throttled`, `partial`, `missing` are empty; any of them makes it a floor (`≥`).
    """

    heard: tuple[str, ...]
    """Venues whose feed was alive throughout, whatever its grade."""
    throttled: tuple[str, ...] = ()
    """Of the heard ones, those that leave prints out by design."""
    partial: tuple[str, ...] = ()
    """Venues with a gap inside the window that was not filled, longer than 30 s in all."""
    missing: tuple[str, ...] = ()
    """Venues not heard at all in the window."""
    silent: tuple[str, ...] = ()
    """Venues polled for funding that publish no feed: every total lacks them, always."""
    is_blind: bool = False
    """Whether so much of it was not heard that the figure proves no calm: nothing is resolved by it.

    A venue that was away for the whole last hour, as one that refuses this place, is only missed in the figure: a
    rule would else never end."""

    @property
    def is_floor(self) -> bool:
        """Tell whether the truth can only be larger."""
        return bool(self.throttled or self.partial or self.missing or self.silent)

    @property
    def has_gap(self) -> bool:
        """Tell whether something that is usually heard was not: such a figure proves no calm."""
        return bool(self.partial or self.missing)

    @property
    def is_dark(self) -> bool:
        """Tell whether nothing at all was heard: there is no figure then, not even zero."""
        return not self.heard and not self.partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A window's total against the base's own normal: same length, same hour of day ± 1 h, 28 days.

    `z` and `ratio` are None while the baseline has too few samples: only absolute levels are judged then.
    """

    usd: float
    z: float | None
    ratio: float | None
    """Total over the baseline's median, that median no smaller than a floor."""
    samples: int
    needed: int
    """Samples below which there is no baseline."""
    severity: int
    """0 to 5 by the absolute ladder, scaled to the base."""
    is_spike: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFlow:
    """One venue's part of a total."""

    venue: str
    grade: FeedGrade
    totals: Totals
    saturated: bool = False
    """The venue's throttle is visibly full (50 prints a minute or more of one instrument): far more happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowding:
    """Funding crowded on the side that is now flushed: the largest |OI-weighted rate| of the last 24 hours."""

    side: PositionSide
    """The side that paid."""
    hourly: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """The score's components, each 0 to 1; None is not known and leaves the weighted mean."""

    liquidations: float
    open_interest: float | None = None
    premium: float | None = None
    depth: float | None = None
    spread: float | None = None
    score: float
    confirmations: int
    """How many inputs besides liquidations are at 0.3 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """One cascade of one base, or of the market: from its first print to its close."""

    base: str
    """A base, or `MARKET`."""
    side: PositionSide
    opened_at: datetime
    updated_at: datetime
    """The event time of the last print of its side; it closes when nothing came for long after."""
    closed_at: datetime | None
    totals: Totals
    peak_minute: datetime
    peak_minute_usd: float
    price_before: float | None
    """One coin's price when it opened; None where no price is known (and for the market)."""
    price_now: float | None
    venues: tuple[tuple[str, Totals], ...] = ()
    """What each venue added, the largest first; together they are the totals."""
    bases: tuple[str, ...] = ()
    """For the market: the bases that cascade, the largest first."""
    stress: Stress | None = None
    """The last score; None while cascades are judged by absolute levels alone (no baseline yet)."""
    is_floor: bool = True
    prices_after: tuple[tuple[int, float], ...] = ()
    """After the close: (minutes, price) at 5, 15 and 60."""

    @property
    def price_move(self) -> float | None:
        """Return the relative price change since it opened."""
        if self.price_before is None or self.price_now is None or self.price_before <= 0:
            return None
        return self.price_now / self.price_before - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """What an alert about liquidations rests on."""

    window: Window | None
    totals: Totals
    venues: tuple[VenueFlow, ...]
    coverage: Coverage | None
    """None for what came of a cascade afterwards."""
    severity: int
    largest: Liquidation | None = None
    spike: Spike | None = None
    open_interest_usd: float | None = None
    """The base's known one-sided open interest."""
    crowding: Crowding | None = None
    cascade: Cascade | None = None

    @classmethod
    def of_cascade(cls, cascade: Cascade) -> "Flush":
        """Say of a cascade that is over only what it came to."""
        return cls(window=None, totals=cascade.totals, venues=(), coverage=None, severity=0, cascade=cascade)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Five minutes of a base's liquidations, or of the market's: what baselines are made of.

    The market's bucket is there whenever some feed was live throughout, even with nothing in it: it says that the
    five minutes were covered.
    """

    at: datetime
    """The beginning, a multiple of five minutes."""
    base: str
    """A base, or `MARKET`."""
    long_cents: int
    short_cents: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSample:
    """One look at an order book."""

    instrument: Instrument
    at: datetime
    bid_depth_usd: float
    """US dollars bid within 1 % below the mid price."""
    ask_depth_usd: float
    spread_bps: float
    """Best ask less best bid, in hundredths of a percent of the mid price."""
    truncated: bool
    """The book as given ends inside the 1 %: depths are lower bounds."""

    def __post_init__(self) -> None:
        """Reject what no book has."""
        if not (isfinite(self.spread_bps) and self.spread_bps > 0):
            raise ValueError(f"spread must be positive, was {self.spread_bps}")
        if not (0 <= self.bid_depth_usd < float("inf") and 0 <= self.ask_depth_usd < float("inf")):
            raise ValueError(
                f"depths must not be negative, were {self.bid_depth_usd} and {self.ask_depth_usd}"
            )

    def hit_depth_usd(self, side: PositionSide) -> float:
        """Return the depth that liquidations of a side eat: forced sells take bids, forced buys take asks."""
        return self.bid_depth_usd if side is PositionSide.LONG else self.ask_depth_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a step learned of liquidations, to be stored; every part may be empty."""

    prints: tuple[Liquidation, ...] = ()
    feeds: tuple[FeedHealth, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Gaps that began, ended or were filled; venue and `since` name one."""
    buckets: tuple[Bucket, ...] = ()
    """Finished ones, and older ones that a late print changed: each in place of the one of its time and base."""
    cascades: tuple[Cascade, ...] = ()
    """Those that opened, grew or closed; base and `opened_at` name one."""
    books: tuple[BookSample, ...] = ()
    standing: Standing | None = None
    """In place of the last one; None where it is still true."""


NOTHING_HEARD = Heard()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardBefore:
    """What a restart hands back."""

    prints: Sequence[Liquidation] = ()
    """Of the last 24 hours, oldest first."""
    feeds: Sequence[FeedHealth] = ()
    gaps: Sequence[Gap] = ()
    """That touch the last 24 hours."""
    buckets: Sequence[Bucket] = ()
    """Of the last 28 days."""
    cascades: Sequence[Cascade] = ()
    """Open, or closed within the last day."""
    books: Sequence[BookSample] = ()
    """Of the last 24 hours."""
    standing: Standing | None = None
    """None where nothing stood."""
