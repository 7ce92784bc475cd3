"""What a metric yields: readings to judge, and the evidence behind one. Pure values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitors.liquidation import PositionSide, Window
from monitors.market import FundingRate, Margin, OpenInterest
from monitors.metrics.liquidations.values import Flush

ALL_VENUES = "all"


class Series(NamedTuple):
    """One line of readings over time: a metric of a base, on one venue's instrument or over all venues."""

    metric: str
    base: str
    margin: Margin
    venue: str
    """The ccxt id, or `all`."""
    symbol: str
    """The unified symbol; empty over all venues, and for a venue's total of a base."""
    side: PositionSide | None = None
    """The liquidated side that is counted; None for both, and for what has no sides."""
    window: Window | None = None
    """The span that is counted; None for what has none."""


class Cut(NamedTuple):
    """What of a metric is counted: a side, or with None both, in a window, or with None in none."""

    side: PositionSide | None = None
    window: Window | None = None


class Reading(NamedTuple):
    """One number to judge, in the unit of its metric: funding per hour, liquidations in US dollars."""

    series: Series
    value: float
    at: datetime
    """When the oldest observation behind it was made."""
    is_floor: bool = False
    """A venue is silent whose last word would add to the value: it is at least this far, and proves no calm."""
    is_event: bool = False
    """Something that happened once: a rule whose level it meets rings, and nothing lasts or is resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One venue's part in a reading."""

    funding: FundingRate
    open_interest: OpenInterest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A venue that should have had a part in a reading and had none."""

    venue: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a reading rests on, for the message that tells it.

    For a spread `legs` are the high and the low leg, in that order; otherwise every venue's part.
    `open_interest_share` is the part of the known open interest that the legs cover, 0 to 1.
    """

    legs: tuple[Leg, ...]
    left_out: tuple[LeftOut, ...] = ()
    open_interest_share: float | None = None
    is_floor: bool = False
    """What is silent could only add to the value."""
    previous_interval: timedelta | None = None
    """For `interval_change`: the interval before."""
    flush: Flush | None = None
    """For metrics of liquidations: what was counted, where, and what it lacks."""
