"""Readings over venues: the open-interest-weighted rate and the spread. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from monitors.market import Margin, Observation
from monitors.metrics.board import Board, Comparison, Group
from monitors.metrics.funding import oi_weighted
from monitors.metrics.reading import ALL_VENUES, Evidence, LeftOut, Leg, Reading, Series
from monitors.metrics.view import View

FUNDING_OI = "funding_oi"
SPREAD = "spread"

MIN_VENUES = 2
MIN_COVERAGE = 0.5
"""An aggregate over less than half of the known open interest is not shown as one."""
MIN_COVERAGE_TO_JUDGE = 0.9
"""Over less than this share of the known open interest a weighted rate is shown, but judges no rule."""


_hourly = attrgetter("funding.hourly")
"""Of observations that may be compared, whose interval is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """The open-interest-weighted rate of a base, per hour, and how much it rests on."""

    hourly: float
    venues: int
    open_interest_share: float
    weighed: tuple[Observation, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The widest gap between two venues of a base, per hour: short the high leg, long the low leg."""

    hourly: float
    high: Observation
    low: Observation
    left_out: tuple[LeftOut, ...]
    is_floor: bool
    """A silent venue's last word lies outside the two legs: the true spread may be wider."""


def weighted_funding(board: Board, base: str, margin: Margin, now: datetime) -> Weighted | None:
    """Weigh a base's fresh rates by one-sided open interest.

    None under two venues with known open interest, or when they hold less than half of what is known.
    """
    return _weigh(board.compare(base, margin, now))


def widest_spread(board: Board, base: str, margin: Margin, now: datetime) -> Spread | None:
    """Find the widest spread between fresh venues whose open interest, where known, is large enough."""
    return _widest(board, board.compare(base, margin, now))


def read_funding_oi(view: View) -> Iterator[Reading]:
    """Yield the weighted rate of every base the poll spoke of, unless too much of it is silent."""
    for group, comparison in view.groups():
        weighted = _weigh(comparison)
        if weighted is not None and weighted.open_interest_share >= MIN_COVERAGE_TO_JUDGE:
            yield Reading(_series(FUNDING_OI, group), weighted.hourly, _oldest(weighted.weighed))


def read_spread(view: View) -> Iterator[Reading]:
    """Yield the widest spread of every base the poll spoke of."""
    for group, comparison in view.groups():
        spread = _widest(view.board, comparison)
        if spread is not None:
            at = _oldest((spread.high, spread.low))
            yield Reading(_series(SPREAD, group), spread.hourly, at, is_floor=spread.is_floor)


def explain_funding_oi(view: View, series: Series) -> Evidence:
    """Return every venue's part in a weighted rate."""
    weighted = weighted_funding(view.board, series.base, series.margin, view.now)
    if weighted is None:
        return Evidence(legs=())
    return Evidence(
        legs=tuple(_leg(o) for o in weighted.weighed),
        left_out=weighted.left_out,
        open_interest_share=weighted.open_interest_share,
    )


def explain_spread(view: View, series: Series) -> Evidence:
    """Return the high and the low leg of a spread."""
    spread = widest_spread(view.board, series.base, series.margin, view.now)
    if spread is None:
        return Evidence(legs=())
    legs = (_leg(spread.high), _leg(spread.low))
    return Evidence(legs=legs, left_out=spread.left_out, is_floor=spread.is_floor)


def _weigh(comparison: Comparison) -> Weighted | None:
    weighed = tuple(o for o in comparison.fresh if o.open_interest is not None and o.open_interest.usd > 0)
    venues = {o.funding.instrument.venue for o in weighed}
    if len(venues) < MIN_VENUES:
        return None
    covered, silent = _open_interest(weighed), _open_interest(comparison.silent)
    share = covered / (covered + silent)
    value = oi_weighted(
        [(_hourly(o), o.open_interest.usd if o.open_interest else None) for o in weighed]
    ).value
    if share < MIN_COVERAGE or value is None:
        return None
    unweighed = tuple(
        LeftOut(venue=o.funding.instrument.venue, why="open interest unknown")
        for o in comparison.fresh
        if o.funding.instrument.venue not in venues
    )
    return Weighted(
        hourly=value,
        venues=len(venues),
        open_interest_share=share,
        weighed=weighed,
        left_out=(*comparison.left_out, *unweighed),
    )


def _widest(board: Board, comparison: Comparison) -> Spread | None:
    candidates = comparison.per_venue
    legs = [o for o in candidates if _is_large(board, o)]
    if len(legs) < MIN_VENUES:
        return None
    low, *_, high = sorted(legs, key=_hourly)
    floor, ceiling = _hourly(low), _hourly(high)
    too_small = tuple(
        LeftOut(venue=o.funding.instrument.venue, why="open interest below the floor")
        for o in (candidates if len(legs) < len(candidates) else ())
        if not _is_large(board, o)
    )
    return Spread(
        hourly=ceiling - floor,
        high=high,
        low=low,
        left_out=(*comparison.left_out, *too_small),
        is_floor=any(not floor <= _hourly(o) <= ceiling for o in comparison.silent if _is_large(board, o)),
    )


def _is_large(board: Board, observation: Observation) -> bool:
    size = observation.open_interest
    return size is None or size.usd >= board.min_open_interest


def _open_interest(observations: tuple[Observation, ...]) -> float:
    return sum(o.open_interest.usd for o in observations if o.open_interest is not None)


def _oldest(observations: tuple[Observation, ...]) -> datetime:
    return min(o.funding.observed_at for o in observations)


def _series(metric: str, group: Group) -> Series:
    base, margin = group
    return Series(metric, base, margin, ALL_VENUES, "")


def _leg(observation: Observation) -> Leg:
    return Leg(funding=observation.funding, open_interest=observation.open_interest)
