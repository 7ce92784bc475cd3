"""How strained a base's market is: open interest, premium, depth and spread against their own past. Pure state."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from monitors.liquidation import PositionSide
from monitors.market import DOLLARS, Instrument, Margin, Observation, OpenInterest
from monitors.metrics.board import Board
from monitors.metrics.funding import oi_weighted
from monitors.metrics.liquidations.values import BookSample

CHANGE_SPAN = timedelta(minutes=15)
"""What the change of open interest is taken over."""
KEPT = timedelta(minutes=20)
"""Two points further apart than this say nothing about 15 minutes."""
_POINT_EVERY = timedelta(seconds=45)
"""Polls more frequent than this replace the newest point, so that an instrument keeps at most some 28 of them."""

BASELINE = timedelta(hours=24)
NEEDED_SAMPLES = 120
"""One-minute samples before the latest below which a book has no normal to compare with."""
_SAMPLE_FRESH = timedelta(minutes=3)

_LEAST_VENUES = 2
_LEAST_COVERED = 0.5
"""A premium speaks for a base from two venues and half of its known open interest on."""

_RECOUNTED = (0.45, 0.55)
_STILL = 0.005
"""A venue that begins to count one side instead of both halves its figure within one poll, the price at rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StressInputs:
    """The score's inputs besides liquidations, at one moment; None is not known."""

    oi_change_15m: float | None = None
    """Relative change of contracts outstanding (-0.05 is 5 % fewer), so that no price move can fake it."""
    premium: float | None = None
    """(mark - index) / index weighted by open interest: negative when the perpetual trades below spot."""
    depth_ratio: float | None = None
    """Depth on the side that is hit over its median of 24 h."""
    spread_ratio: float | None = None
    """Spread over its median of 24 h."""
    price: float | None = None
    """One coin in US dollars."""


class _Point(NamedTuple):
    """One-sided open interest: contracts for the change, dollars for the weight, and the price it was seen at."""

    at: datetime
    contracts: float
    usd: float
    price: float | None


class StressBoard:
    """What venues said of prices and open interest lately, and the books sampled over a day.

    Instruments that share a ticker but not the coin, and those whose funding interval is unknown, are left out as
    they are of every comparison over venues.
    """

    def __init__(self, memory: Iterable[BookSample] = (), *, stale_after: timedelta) -> None:
        """Start from the stored samples of the last 24 hours, in any order.

        `stale_after` is how old an observation may be and still count.
        """
        self._board = Board(stale_after=stale_after)
        self._points: dict[Instrument, deque[_Point]] = {}
        self._samples: dict[Instrument, deque[BookSample]] = {}
        for book in sorted(memory, key=lambda book: book.at):
            self.sample(book)

    def observe(self, observations: Iterable[Observation], now: datetime) -> None:
        """Take in what a venue's poll said of prices and open interest."""
        for observation in observations:
            self._board.put(observation)
            if observation.open_interest is not None:
                self.interest(observation.funding.instrument, observation.open_interest, now)

    def interest(self, instrument: Instrument, open_interest: OpenInterest, now: datetime) -> None:
        """Take in an instrument's open interest; one that names no contracts gives no change."""
        contracts = _contracts(instrument, open_interest)
        if contracts is None:
            return
        known = self._board.at(instrument)
        price = None if known is None else known.funding.mark_price
        point = _Point(now, contracts, open_interest.usd, price)
        points = self._points.setdefault(instrument, deque())
        if points and _is_recount(points[-1], point):
            points.clear()
        if len(points) > 1 and points[-1].at - points[-2].at < _POINT_EVERY:
            points.pop()
        points.append(point)
        while points[0].at < now - KEPT:
            points.popleft()

    def sample(self, book: BookSample) -> None:
        """Take in a book; one no newer than the last of its instrument is known already."""
        key, since = book.instrument, book.at - BASELINE
        if key not in self._samples:
            self._samples = {own: kept for own, kept in self._samples.items() if kept[-1].at >= since}
        samples = self._samples.setdefault(key, deque())
        if samples and book.at <= samples[-1].at:
            return
        samples.append(book)
        while samples[0].at < since:
            samples.popleft()

    def inputs(self, base: str, side: PositionSide, now: datetime) -> StressInputs:
        """Return what is known of a base while positions of a side are liquidated."""
        fresh = self._fresh(base, now)
        samples = self._sampled(base, now)
        return StressInputs(
            oi_change_15m=self._open_interest_change(fresh, now),
            premium=self._premium(fresh, now),
            depth_ratio=_depth_ratio(samples, side),
            spread_ratio=_spread_ratio(samples),
            price=_price(fresh),
        )

    def price(self, base: str, now: datetime) -> float | None:
        """Return one coin in US dollars; None where no fresh venue tells."""
        return _price(self._fresh(base, now))

    def _fresh(self, base: str, now: datetime) -> Sequence[Observation]:
        return [o for margin in Margin for o in self._board.compare(base, margin, now).fresh]

    def _open_interest_change(self, fresh: Sequence[Observation], now: datetime) -> float | None:
        """Compare contracts now and 15 minutes ago, both valued at the newest price, over all instruments."""
        newest_usd = reference_usd = 0.0
        for observation in fresh:
            points = self._recent(observation.funding.instrument, now)
            if len(points) > 1 and points[-1].contracts > 0:
                reference = _reference(points)
                newest_usd += points[-1].usd
                reference_usd += points[-1].usd * (reference.contracts / points[-1].contracts)
        return newest_usd / reference_usd - 1 if reference_usd > 0 else None

    def _premium(self, fresh: Sequence[Observation], now: datetime) -> float | None:
        weighed = [(o, usd) for o in fresh if (usd := self._weight(o, now)) is not None]
        told = [(o, basis, usd) for o, usd in weighed if (basis := _basis(o)) is not None]
        covered, known = sum(usd for _, _, usd in told), sum(usd for _, usd in weighed)
        venues = {o.funding.instrument.venue for o, _, _ in told}
        if len(venues) < _LEAST_VENUES or covered < _LEAST_COVERED * known:
            return None
        return oi_weighted([(basis, usd) for _, basis, usd in told]).value

    def _weight(self, observation: Observation, now: datetime) -> float | None:
        """Return an instrument's open interest in dollars, from its poll or else as it was asked for."""
        if observation.open_interest is not None:
            return observation.open_interest.usd
        points = self._recent(observation.funding.instrument, now)
        return points[-1].usd if points else None

    def _recent(self, instrument: Instrument, now: datetime) -> Sequence[_Point]:
        """Return an instrument's points if the newest is fresh."""
        points = self._points.get(instrument, ())
        return points if points and points[-1].at >= now - self._board.stale_after else ()

    def _sampled(self, base: str, now: datetime) -> list[BookSample]:
        """Return a day of samples of the base's instrument with the longest past among those sampled just now.

        Empty where none was sampled just now, or none often enough to have a normal.
        """
        days = (
            [sample for sample in samples if sample.at >= now - BASELINE]
            for own, samples in self._samples.items()
            if own.base == base and samples[-1].at >= now - _SAMPLE_FRESH
        )
        return max((day for day in days if len(day) > NEEDED_SAMPLES), key=len, default=list[BookSample]())


def _contracts(instrument: Instrument, open_interest: OpenInterest) -> float | None:
    """Return contracts; an inverse contract's face value is in dollars, so there they follow from the value."""
    if open_interest.contracts is None and instrument.margin is Margin.INVERSE:
        return open_interest.usd / instrument.contract_size
    return open_interest.contracts


def _is_recount(before: _Point, after: _Point) -> bool:
    """Tell whether a venue changed how it counts: half the contracts gone and the price where it was."""
    if before.contracts <= 0 or before.price is None or after.price is None:
        return False
    lost = 1 - after.contracts / before.contracts
    moved = abs(after.price / before.price - 1)
    return _RECOUNTED[0] <= lost <= _RECOUNTED[1] and moved <= _STILL


def _reference(points: Sequence[_Point]) -> _Point:
    """Return the point to compare the newest with: 15 minutes older or barely more, else the oldest there is."""
    until = points[-1].at - CHANGE_SPAN
    return max(
        (point for point in points if point.at <= until), key=lambda point: point.at, default=points[0]
    )


def _basis(observation: Observation) -> float | None:
    mark, index = observation.funding.mark_price, observation.funding.index_price
    return None if mark is None or index is None else (mark - index) / index


def _price(fresh: Sequence[Observation]) -> float | None:
    prices = [
        o.funding.mark_price / o.funding.instrument.multiplier
        for o in fresh
        if o.funding.mark_price is not None and o.funding.instrument.quote in DOLLARS
    ]
    return median(prices) if prices else None


def _depth_ratio(samples: Sequence[BookSample], side: PositionSide) -> float | None:
    """Compare the hit side of the latest sample with the median of those before.

    A book that is told to a lower bound only, where it usually is told whole, cannot prove that depth is gone.
    """
    if not samples:
        return None
    *before, latest = samples
    normal = median(sample.hit_depth_usd(side) for sample in before)
    if normal <= 0:
        return None
    ratio = latest.hit_depth_usd(side) / normal
    usually_whole = 2 * sum(sample.truncated for sample in before) < len(before)
    return None if latest.truncated and usually_whole and ratio < 1 else ratio


def _spread_ratio(samples: Sequence[BookSample]) -> float | None:
    """Compare the spread of the latest sample with the median of those before."""
    if not samples:
        return None
    return samples[-1].spread_bps / median(sample.spread_bps for sample in samples[:-1])
