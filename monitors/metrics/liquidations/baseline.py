"""What is normal for a base, or for the market, at an hour of the day, and what is a spike against it. Pure state."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log1p
from statistics import median
from typing import TypeVar

from monitors.liquidation import Window
from monitors.metrics.liquidations.buckets import STEP, number
from monitors.metrics.liquidations.severity import LADDER, scale_of, severity
from monitors.metrics.liquidations.values import MARKET, Bucket, Spike
from monitors.metrics.liquidations.windows import span
from monitors.metrics.statistics import Spread, spread

SPIKE_WINDOWS = (Window.M5, Window.M15, Window.H1)
"""What has a normal to compare with: whole buckets, short enough to have 40 of them in 28 days."""
SPIKE_Z = 3.5
SPIKE_RATIO = 3.0
"""A spike is at least so far above its normal, in robust z and in multiples of the median."""
NEEDED = 40
"""Samples below which there is no normal: two weeks of an hour and its neighbours."""
SCALE_FLOOR = 0.25
"""In logarithms of dollars: less than a quarter is no deviation, however steady a base was."""
MEDIAN_FLOOR_USD = 100_000.0
"""Market-wide; the median of a quiet hour is often nothing. Scaled to a base as the ladder is."""

_MINIMUM_USD = 5e6
_SPIKE_SEVERITY = 2
_HOURS = tuple(back for back in range(28 * 24 + 1) if back % 24 in {0, 1, 23})
"""Hours back from the present one whose hour of the day is the present one or a neighbour."""
_PER_HOUR = 3600 // STEP
_REMEMBERED = 64
"""Questions whose answers are kept until the next bucket."""
_SLOTS = (28 * 24 + 2) * _PER_HOUR
_Question = tuple[Window, int, int]
"""A window, the present hour since 1970, and the number of the first window that is no sample any more."""
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A baseline: how totals of a window were spread, as ln(1 + dollars), and their median in dollars."""

    spread: Spread
    median_usd: float
    samples: int

    def z(self, usd: float) -> float:
        """Return how far a total lies above the normal."""
        return self.spread.z(log1p(usd))

    def ratio(self, usd: float, median_floor: float) -> float:
        """Return a total as a multiple of the median, that median no smaller than the floor."""
        return usd / max(self.median_usd, median_floor)


def normal(samples: Sequence[float], *, scale_floor: float = SCALE_FLOOR) -> Normal:
    """Measure totals in dollars; zeros count, since quiet is normal too.

    Raises:
        ValueError: there is no sample.
    """
    logarithms = [log1p(usd) for usd in samples]
    return Normal(
        spread=spread(logarithms, floor=scale_floor), median_usd=median(samples), samples=len(samples)
    )


def judge(usd: float, window: Window, base: str, known: Normal | None, samples: int) -> Spike:
    """Judge a total by its normal, and by the absolute ladder alone while there is none."""
    z = None if known is None else known.z(usd)
    ratio = None if known is None else known.ratio(usd, MEDIAN_FLOOR_USD * scale_of(base))
    grave = severity(usd, window, base)
    unusual = z is not None and ratio is not None and z >= SPIKE_Z and ratio >= SPIKE_RATIO
    return Spike(
        usd=usd,
        z=z,
        ratio=ratio,
        samples=samples,
        needed=NEEDED,
        severity=grave,
        is_spike=(unusual and usd >= minimum_usd(window, base)) or grave >= _SPIKE_SEVERITY,
    )


def minimum_usd(window: Window, base: str) -> float:
    """Return the dollars below which nothing is a spike: 5 million market-wide in 5 minutes, 500,000 of most bases.

    A base needs its part of the ladder, and other windows as much more as the ladder's first step asks of them.
    """
    return _MINIMUM_USD * scale_of(base) * LADDER[window][0] / LADDER[Window.M5][0]


class Baseline:
    """Four weeks of buckets, and the normals that follow from them.

    A base takes 32 kB: its dollars by bucket in single precision, in a ring.
    """

    def __init__(self, buckets: Sequence[Bucket] = ()) -> None:
        """Learn what a former run kept."""
        self._covered = array("q", [-1]) * _SLOTS
        """The number of the bucket that a slot holds."""
        self._usd: dict[str, array[float]] = {}
        self._normals: dict[str, dict[_Question, tuple[Normal | None, int]]] = {}
        self._slots: dict[_Question, list[int]] = {}
        self.learn(buckets)

    def learn(self, buckets: Sequence[Bucket]) -> None:
        """Take finished buckets, or changed ones; without the market's, five minutes were not covered."""
        for one in buckets:
            if one.base == MARKET:
                self._cover(number(one.at))
        for one in buckets:
            index = number(one.at)
            if self._covered[index % _SLOTS] == index:
                ring = self._usd.get(one.base)
                if ring is None:
                    ring = self._usd[one.base] = array("f", [0.0]) * _SLOTS
                ring[index % _SLOTS] = (one.long_cents + one.short_cents) / 100
                self._normals.pop(one.base, None)

    def spike(
        self, usd: float, base: str, window: Window, now: datetime, before: datetime | None = None
    ) -> Spike:
        """Judge a window that ends now against buckets that ended before it began, and before `before`.

        Raises:
            ValueError: the window has no normal.
        """
        if window not in SPIKE_WINDOWS:
            raise ValueError(f"expected a window of {', '.join(SPIKE_WINDOWS)}, found {window}")
        second, length = int(now.timestamp()), span(window)
        limit = second + 1 - length
        if before is not None:
            limit = min(limit, int(before.timestamp()))
        known, samples = self._normal(base, (window, second // 3600, limit // length))
        return judge(usd, window, base, known, samples)

    def _normal(self, base: str, asked: _Question) -> tuple[Normal | None, int]:
        """Return a base's normal, if there are samples enough, and how many there are."""
        kept = self._normals.setdefault(base, {})
        if asked not in kept:
            samples = self._samples(base, asked)
            known = normal(samples) if len(samples) >= NEEDED else None
            _keep(kept, asked, (known, len(samples)))
        return kept[asked]

    def _samples(self, base: str, asked: _Question) -> Sequence[float]:
        ring, width, slots = self._usd.get(base), span(asked[0]) // STEP, self._sample_slots(asked)
        if ring is None:
            return [0.0] * len(slots)
        if width == 1:
            return [ring[slot] for slot in slots]
        return [sum(ring[slot : slot + width]) for slot in slots]

    def _sample_slots(self, asked: _Question) -> list[int]:
        """Return where the covered samples begin: the same for every base."""
        if asked not in self._slots:
            window, hour, limit = asked
            width = span(window) // STEP
            firsts = [
                first
                for back in _HOURS
                for first in range((hour - back) * _PER_HOUR, (hour - back + 1) * _PER_HOUR, width)
                if first // width < limit
            ]
            _keep(self._slots, asked, [first % _SLOTS for first in firsts if self._is_covered(first, width)])
        return self._slots[asked]

    def _is_covered(self, first: int, width: int) -> bool:
        return all(self._covered[index % _SLOTS] == index for index in range(first, first + width))

    def _cover(self, index: int) -> None:
        slot = index % _SLOTS
        if self._covered[slot] >= index:  # known, or of four weeks before what the slot holds
            return
        self._covered[slot] = index
        for ring in self._usd.values():
            ring[slot] = 0.0
        self._slots.clear()
        self._normals.clear()


def _keep(answers: dict[_Question, _Answer], asked: _Question, answer: _Answer) -> None:
    if len(answers) >= _REMEMBERED:
        answers.clear()
    answers[asked] = answer
