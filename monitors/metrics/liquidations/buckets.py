"""Liquidations in steps of five minutes, exact for a day: what the store keeps and baselines learn. Pure state."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from monitors.metrics.liquidations.packing import pack, unpack
from monitors.metrics.liquidations.values import MARKET, Bucket

STEP = 300
"""Seconds in a bucket."""
_DAY = 24 * 3600 // STEP
_IsCovered = Callable[[float, float], bool]
"""Tells whether some feed was live throughout a span of seconds."""
_ByBase = Callable[[int, int], dict[str, int]]
"""Gives the packed sums of a span of seconds."""


def number(at: datetime) -> int:
    """Return which bucket since 1970 a moment lies in."""
    return int(at.timestamp()) // STEP


class Buckets:
    """The last day's finished buckets; one that was not covered is no sample, and is never told."""

    def __init__(self, told: Sequence[Bucket] = ()) -> None:
        """Take up those of a former run; their sums are the whole truth about their five minutes."""
        last = max((number(one.at) for one in told), default=-1)
        self.finished = (last + 1) * STEP
        """The second up to which all buckets are finished; 0 before the first advance of a first run."""
        self._sums: dict[int, dict[str, int]] = {}
        self._due: dict[int, set[str]] = {}
        for one in told:
            index = number(one.at)
            if index >= last - _DAY:
                sums = self._sums.setdefault(index, {})
                if one.base != MARKET:
                    sums[one.base] = pack(one.long_cents, one.short_cents, one.count)

    def add(self, second: int, base: str, packed: int) -> None:
        """Count what came late; its bucket is due again, unless it was not covered."""
        index = second // STEP
        if index in self._sums:
            sums = self._sums[index]
            sums[base] = sums.get(base, 0) + packed
            self._due.setdefault(index, set()).add(base)

    def advance(self, second: int, is_covered: _IsCovered, by_base: _ByBase) -> None:
        """Finish the buckets that end by a second and were covered, and forget those of more than a day ago."""
        running, first = second // STEP, self.finished // STEP
        if running <= first:
            return
        for index in range(max(first, running - _DAY) if self.finished else running, running):
            since, until = index * STEP, (index + 1) * STEP
            if is_covered(since, until):
                self._sums[index] = by_base(since, until)
                self._due[index] = set(self._sums[index])
        self.finished = running * STEP
        self._sums = {index: sums for index, sums in self._sums.items() if index >= running - _DAY}

    def take(self) -> list[Bucket]:
        """Return what was finished or changed since this was last asked: the market's first, then its bases'."""
        due, self._due = self._due, {}
        return [bucket for index, bases in sorted(due.items()) for bucket in self._told(index, bases)]

    def _told(self, index: int, bases: set[str]) -> Iterator[Bucket]:
        sums = self._sums[index]
        yield _bucket(index, MARKET, sum(sums.values()))
        for base in sorted(bases):
            yield _bucket(index, base, sums[base])


def _bucket(index: int, base: str, packed: int) -> Bucket:
    long_cents, short_cents, count = unpack(packed)
    at = datetime.fromtimestamp(index * STEP, UTC)
    return Bucket(at=at, base=base, long_cents=long_cents, short_cents=short_cents, count=count)
