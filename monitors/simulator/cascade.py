"""A cascade of forced closes in the shape of 10 October 2025, scaled in time and money. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from math import exp, log

from monitors.liquidation import PositionSide

BUCKETS, PEAK, CALM_AGAIN = 40, 25, 65
"""The closes come in so many equal parts, most of them in one; the stress ends in the last (counted from 0)."""
PEAK_SHARE = 3.21 / 6.93
"""Of the 6.93 billion dollars closed from 20:50 to 21:30 UTC, 3.21 fell in the minute after 21:15 (Amberdata)."""
SLOPE = 6.0
"""Buckets in which the rest fades by e, on both sides of the peak."""
PREVAILING = 0.839
"""What was closed on the side that the cascade is about (Amberdata: 83.9 % longs)."""
PRICE_MOVE = 18 / 122
"""Bitcoin fell from 122 to 104 thousand dollars."""
OPEN_INTEREST_LOST = 0.186
DEPTH_LOST = 0.98
SPREAD_WIDENED = 30.0
PREMIUM = 0.008
RECOVERY = 160.0
"""Buckets in which price and open interest recover by e; of our own making, so that a long demonstration
drifts nowhere."""
FORGOTTEN = CALM_AGAIN + 8 * RECOVERY


def _shares() -> tuple[float, ...]:
    slopes = [0.0 if each == PEAK else exp(-abs(each - PEAK) / SLOPE) for each in range(BUCKETS)]
    rest = (1 - PEAK_SHARE) / sum(slopes)
    return tuple(PEAK_SHARE if each == PEAK else rest * slope for each, slope in enumerate(slopes))


SHARES = _shares()
"""The part of the money that falls in each bucket."""


@dataclass(frozen=True, slots=True)
class Strain:
    """What cascades do to a coin at one moment; the default is nothing."""

    stress: float = 0.0
    """0 to 1, how far depth and spread are gone."""
    price: float = 1.0
    """Factor."""
    open_interest: float = 1.0
    """Factor."""
    premium: float = 0.0
    """Added to the momentary premium."""

    @property
    def depth(self) -> float:
        """Return the factor of what waits in the book."""
        return 1 - DEPTH_LOST * self.stress

    @property
    def spread(self) -> float:
        """Return the factor of the distance between bid and ask."""
        return exp(self.stress * log(SPREAD_WIDENED))


CALM = Strain()


def together(strains: Iterable[Strain]) -> Strain:
    """Return what several cascades of one coin do to it."""
    return reduce(_added, strains, CALM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """One cascade, of one coin or of several at once."""

    started_at: datetime
    length: timedelta
    """How long the closes go on; the stress outlasts them by five eighths of it."""
    side: PositionSide
    """The side that is flushed."""
    tickers: tuple[str, ...]
    usd: float | None = None
    """What is closed in all, on the venues that tell; None is what the loss of open interest comes to."""

    def __post_init__(self) -> None:
        """Reject what could not be spread over time, coins or money."""
        if self.length <= timedelta(0):
            raise ValueError(f"a cascade must last a positive time, was {self.length}")
        if not self.tickers:
            raise ValueError("a cascade needs at least one coin, was given none")
        if self.usd is not None and self.usd <= 0:
            raise ValueError(f"a cascade must close a positive amount, was {self.usd} USD")

    @property
    def forgotten_at(self) -> datetime:
        """When nothing of it is left in any figure."""
        return self.bucket_at(FORGOTTEN)

    def bucket_at(self, bucket: float) -> datetime:
        """Return when a bucket begins."""
        return self.started_at + self.length * (bucket / BUCKETS)

    def bucket(self, at: datetime) -> float:
        """Return how many buckets have passed; negative before the start."""
        return (at - self.started_at) / self.length * BUCKETS

    def strain(self, at: datetime) -> Strain:
        """Return what it does to each of its coins."""
        bucket = self.bucket(at)
        if not 0 < bucket < FORGOTTEN:
            return CALM
        falling = self.side is PositionSide.LONG
        stress = max(0.0, min(bucket / PEAK, (CALM_AGAIN - bucket) / (CALM_AGAIN - PEAK)))
        lasting = _closed(bucket) * exp(-max(0.0, bucket - CALM_AGAIN) / RECOVERY)
        return Strain(
            stress=stress,
            price=1 - PRICE_MOVE * lasting if falling else 1 + PRICE_MOVE * lasting,
            open_interest=1 - OPEN_INTEREST_LOST * lasting,
            premium=-PREMIUM * stress if falling else PREMIUM * stress,
        )


def _closed(bucket: float) -> float:
    """Return the share of the money closed before a point in the cascade."""
    whole = min(int(bucket), BUCKETS)
    begun = SHARES[whole] * (bucket - whole) if whole < BUCKETS else 0.0
    return sum(SHARES[:whole]) + begun


def _added(one: Strain, other: Strain) -> Strain:
    return Strain(
        stress=max(one.stress, other.stress),
        price=one.price * other.price,
        open_interest=one.open_interest * other.open_interest,
        premium=one.premium + other.premium,
    )
