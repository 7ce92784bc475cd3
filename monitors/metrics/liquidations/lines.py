"""Sums that grow with every second, and one instrument's prints on their way into them. Pure state."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter, sub

from typing_extensions import override

from monitors.liquidation import Liquidation
from monitors.market import Instrument, Margin
from monitors.metrics.liquidations.values import Key

_SECOND = itemgetter(0)
_NEVER = -(10**12)
_SLACK = 600
"""Seconds that are kept longer than need be, so that forgetting is rare."""

FULL_MINUTE = 50
"""Seconds of a minute with prints of one instrument: a throttle of one a second was then nearly always full."""

TOGETHER = 64
"""Prints that may wait in a line: entered together they cost half as much, and no reading has long to catch up."""


@dataclass(slots=True, eq=False)
class Sums:
    """What was liquidated of one key, in packed integers: a coin's are asked of its instruments, which are few."""

    key: Key
    lines: list["Line"] = field(default_factory=list["Line"])
    """The instruments that are summed."""
    is_touched: bool = False

    def since(self, second: int) -> int:
        """Return the sum from a second on."""
        return sum(line.total.since(second) for line in self.lines)

    def forget(self, second: int) -> None:
        """Forget what came before a second; it may be kept for some minutes."""


@dataclass(slots=True, eq=False)
class Running(Sums):
    """The sums up to and with each second that had prints.

    Any window is the difference of two, so that nothing is done when time passes. The first second is none: it stands
    for all that is forgotten.
    """

    _seconds: list[int] = field(default_factory=lambda: [_NEVER])
    _running: list[int] = field(default_factory=lambda: [0])

    def add(self, seconds: Sequence[int], packed: Sequence[int]) -> None:
        """Add packed sums by their seconds, which come in the order of time, each once."""
        if seconds[0] == self._seconds[-1]:
            self._running[-1] += packed[0]
            seconds, packed = seconds[1:], packed[1:]
        if not seconds:
            return
        if seconds[0] > self._seconds[-1]:
            self._seconds.extend(seconds)
            self._running.extend(accumulate(packed, initial=self._running.pop()))
        else:
            self._merge(seconds, packed)

    @override
    def since(self, second: int) -> int:
        return self._running[-1] - self._running[bisect_left(self._seconds, second) - 1]

    @override
    def forget(self, second: int) -> None:
        if len(self._seconds) > 1 and self._seconds[1] < second - _SLACK:
            gone = bisect_left(self._seconds, second - _SLACK) - 1
            del self._seconds[:gone], self._running[:gone]

    def is_full(self, since: int) -> bool:
        """Tell whether there were prints in nearly every second of some minute since a second."""
        seconds = self._seconds[bisect_left(self._seconds, since) :]
        return any(map((60).__gt__, map(sub, seconds[FULL_MINUTE - 1 :], seconds)))

    def _merge(self, seconds: Sequence[int], packed: Sequence[int]) -> None:
        """Add to seconds some of which are there already."""
        at = bisect_left(self._seconds, seconds[0])
        known = dict(zip(self._seconds[at:], self._running[at:], strict=True))
        added = dict(zip(seconds, packed, strict=True))
        del self._seconds[at:], self._running[at:]
        before = total = self._running[-1]
        for second in sorted(known.keys() | added.keys()):
            now = known.get(second, before)
            total += now - before + added.get(second, 0)
            before = now
            self._seconds.append(second)
            self._running.append(total)


def together(added: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return seconds in the order of time, each once, with the sum of what is added to it."""
    sums: dict[int, int] = {}
    for second, packed in added:
        sums[second] = sums.get(second, 0) + packed
    seconds = tuple(sorted(sums))
    return seconds, tuple(sums[second] for second in seconds)


class Line:
    """One instrument. A few prints at a time wait until they are asked for."""

    __slots__ = ("_peaks", "is_inverse", "is_touched", "sums", "total", "venue", "waiting")

    def __init__(self, instrument: Instrument, total: Running, others: tuple[Sums, ...]) -> None:
        """Start without prints; they enter its own `total`, and somebody else adds them to `others` that run."""
        self.venue = instrument.venue
        self.is_inverse = instrument.margin is Margin.INVERSE
        self.is_touched = False
        self.total = total
        """Its own sums, of what is settled."""
        self.sums = (total, *others)
        """Those of every key that counts the instrument."""
        self.waiting: list[Fresh] = []
        """Those that have entered nothing yet; settle them when there are `TOGETHER`."""
        self._peaks: list[tuple[int, float, Liquidation]] = []

    def settle(self) -> None:
        """Let what waits enter, if anything does."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        waiting.sort(key=_SECOND)
        seconds, packed, usd, prints = zip(*waiting, strict=True)
        self._raise(seconds, usd, prints)
        if len(set(seconds)) < len(seconds):
            seconds, packed = together(zip(seconds, packed, strict=True))
        self.total.add(seconds, packed)

    def largest(self, since: int) -> tuple[float, Liquidation] | None:
        """Return the largest print since a second, with its dollars, of what is settled."""
        at = bisect_left(self._peaks, since, key=_SECOND)
        return self._peaks[at][1:] if at < len(self._peaks) else None

    def forget(self, second: int) -> None:
        """Forget a second that has left the longest window, and what came before it."""
        self.settle()
        del self._peaks[: bisect_left(self._peaks, second + 1, key=_SECOND)]
        for sums in self.sums:
            sums.forget(second)

    def _raise(self, seconds: Sequence[int], usd: Sequence[float], prints: Sequence[Liquidation]) -> None:
        """Remember the largest, and of those that come later again the largest."""
        at = 0
        while at < len(usd) and (highest := max(usd[at:])):
            at = usd.index(highest, at)
            self._rise(seconds[at], highest, prints[at])
            at += 1

    def _rise(self, second: int, usd: float, liquidation: Liquidation) -> None:
        """Remember a print unless a later one is as large: whatever window holds this one holds that one too."""
        peaks = self._peaks
        at = len(peaks)
        while at and peaks[at - 1][0] >= second:
            at -= 1
        if at < len(peaks) and peaks[at][1] >= usd:
            return
        start = at
        while start and peaks[start - 1][1] <= usd:
            start -= 1
        peaks[start:at] = [(second, usd, liquidation)]


Fresh = tuple[int, int, float, Liquidation]
"""A print on its way: its second, packed, its dollars and itself."""
