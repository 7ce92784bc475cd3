"""Funding arithmetic: units, intervals, settlements, aggregation. Rates are fractions; positive: longs pay shorts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import fmean, median
from typing import Literal

from monitors.market import HOUR, HOURS_PER_YEAR, Margin

_MAD_TO_DEVIATION = 1.482602218505602  # of a normal distribution
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedRate:
    """One rate in every unit people use; `apr` is simple, `apy` compounds each interval and is never ranked on."""

    hourly: float
    per_8h: float
    apr: float
    apy: float


def normalise(rate: float, interval: timedelta) -> NormalisedRate:
    """Express a rate per `interval` in the other units.

    Raises:
        ValueError: the interval is not positive.
    """
    if interval <= timedelta(0):
        raise ValueError(f"funding interval must be positive, was {interval}")
    hours = interval / HOUR
    hourly = rate / hours
    apy = (1 + rate) ** (HOURS_PER_YEAR / hours) - 1
    return NormalisedRate(hourly=hourly, per_8h=8 * hourly, apr=HOURS_PER_YEAR * hourly, apy=apy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """A funding rate split as exchanges define it: rate = clip(premium + clip(interest - premium, ±damper)) x scale.

    `anchored` means the interest clamp was not reached, so the rate carries no premium information.
    """

    rate: float
    premium_part: float
    interest_part: float
    anchored: bool


def decompose(average_premium: float, interest: float, *, damper: float, scale: float) -> Decomposition:
    """Split a rate into premium and interest.

    `average_premium` and `interest` are fractions per 8 hours, `damper` the clamp (0.0005 at most venues) and
    `scale` the interval over 8 hours for venues that divide (Binance, Bitget, Gate), else 1.
    """
    gap = interest - average_premium
    interest_part = max(-damper, min(damper, gap)) * scale
    premium_part = average_premium * scale
    return Decomposition(
        rate=premium_part + interest_part,
        premium_part=premium_part,
        interest_part=interest_part,
        anchored=abs(gap) <= damper,
    )


def relative_from_absolute(absolute: float, price: float, margin: Margin) -> float:
    """Turn a rate quoted in currency per contract unit into a fraction.

    Kraken publishes quote per base unit (linear: divide by the price) and base per quote unit (inverse:
    multiply by it).

    Raises:
        ValueError: the price is not positive.
    """
    if price <= 0:
        raise ValueError(f"price must be positive, was {price}")
    return absolute / price if margin is Margin.LINEAR else absolute * price


def one_sided(open_interest: float, *, sides: Literal[1, 2], price: float) -> float:
    """Return the one-sided USD value of an open interest in base units that a venue counts on `sides` sides."""
    return open_interest * price / sides


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedRate:
    """What a run of settlements came to: `total` over `hours`, and the hour-weighted 8-hour equivalent."""

    total: float
    hours: float
    per_8h: float


def realised(settled: Sequence[tuple[float, timedelta]]) -> RealisedRate:
    """Average settled (rate, interval) pairs by hours, never by count: intervals change under stress.

    Raises:
        ValueError: nothing was settled.
    """
    if not settled:
        raise ValueError("expected at least one settled rate, found none")
    total = sum(rate for rate, _ in settled)
    hours = sum((interval for _, interval in settled), timedelta(0)) / HOUR
    return RealisedRate(total=total, hours=hours, per_8h=8 * total / hours)


def infer_interval(settled_at: Sequence[datetime]) -> timedelta | None:
    """Infer the funding interval from settlement times, oldest first: two latest equal gaps win, else the mode.

    Gaps are rounded to whole minutes, since venues stamp settlements some milliseconds late. Returns None for
    fewer than two times.
    """
    gaps = [
        timedelta(minutes=round((later - earlier) / timedelta(minutes=1)))
        for earlier, later in pairwise(settled_at)
        if later > earlier
    ]
    gaps = [gap for gap in gaps if gap > timedelta(0)]
    if not gaps:
        return None
    if len(gaps) > 1 and gaps[-1] == gaps[-2]:
        return gaps[-1]
    return Counter(reversed(gaps)).most_common(1)[0][0]


def next_settlements(
    now: datetime, interval: timedelta, *, count: int, offset: timedelta = timedelta(0)
) -> tuple[datetime, ...]:
    """Return the coming settlements at whole multiples of `interval` from the epoch, strictly later than `now`.

    Only a fallback: a venue's own next funding time comes first.

    Raises:
        ValueError: the interval is not positive.
    """
    if interval <= timedelta(0):
        raise ValueError(f"funding interval must be positive, was {interval}")
    passed = (now - _EPOCH - offset) // interval
    first = _EPOCH + offset + (passed + 1) * interval
    return tuple(first + step * interval for step in range(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedRate:
    """An aggregate over venues: `value` is None when no weight was known; `simple_mean` then stands in."""

    value: float | None
    simple_mean: float | None
    covered: int


def oi_weighted(rates: Sequence[tuple[float, float | None]]) -> WeightedRate:
    """Weight (rate, one-sided open interest in USD) pairs by open interest.

    Venues without open interest are left out and counted, never given weight zero silently; when all lack it
    the simple mean is returned beside None.
    """
    known = [(rate, weight) for rate, weight in rates if weight is not None and weight > 0]
    if not known:
        return WeightedRate(value=None, simple_mean=fmean(r for r, _ in rates) if rates else None, covered=0)
    total = sum(weight for _, weight in known)
    value = sum(rate * weight for rate, weight in known) / total
    return WeightedRate(value=value, simple_mean=None, covered=len(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossVenue:
    """One base over its venues; every figure in the unit of the rates given."""

    oi_weighted: float | None
    simple_mean: float
    median: float
    spread: float
    high: str
    low: str
    """The venues of the spread's legs."""
    dispersion: float
    """1.4826 x the median absolute deviation: a standard deviation that one odd venue cannot move."""
    weighted_deviation: float | None
    """The standard deviation weighted by open interest."""


def aggregate(rates: Sequence[tuple[str, float, float | None]]) -> CrossVenue:
    """Compare (venue, rate, one-sided open interest in USD) over venues.

    Raises:
        ValueError: no venue was given.
    """
    if not rates:
        raise ValueError("expected at least one venue, found none")
    by_rate = sorted(rates, key=lambda row: row[1])
    low, high = by_rate[0], by_rate[-1]
    values = [rate for _, rate, _ in rates]
    weighted = oi_weighted([(rate, weight) for _, rate, weight in rates]).value
    variance = (
        None
        if weighted is None
        else oi_weighted([((rate - weighted) ** 2, weight) for _, rate, weight in rates]).value
    )
    return CrossVenue(
        oi_weighted=weighted,
        simple_mean=fmean(values),
        median=median(values),
        spread=high[1] - low[1],
        high=high[0],
        low=low[0],
        dispersion=_MAD_TO_DEVIATION * median(abs(value - median(values)) for value in values),
        weighted_deviation=None if variance is None else sqrt(variance),
    )
