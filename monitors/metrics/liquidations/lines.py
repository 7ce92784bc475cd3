"""Sums that grow with every second, and one instrument's prints on their way into them. Pure state."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter

from monitors.liquidation import Liquidation
from monitors.market import Instrument, Margin
from monitors.metrics.liquidations.packing import COUNT_MASK
from monitors.metrics.liquidations.values import Key

_SECOND = itemgetter(0)
_NEVER = -(10**12)
_SLACK = 600
"""Seconds that are kept longer than need be, so that forgetting is rare."""

FULL_MINUTE = 50
"""Prints of one instrument in a minute that a throttle of one a second lets through only if it is nearly full."""

TOGETHER = 16
"""Prints that may wait in a line: entered together they cost half as much, and no reading has long to catch up."""


@dataclass(slots=True, eq=False)
class Sums:
    """What was liquidated of one key up to and with each second that had prints, in packed integers.

    Any window is the difference of two, so that nothing is done when time passes. The first second is none: it stands
    for all that is forgotten.
    """

    key: Key
    lines: list["Line"] = field(default_factory=list["Line"])
    """The instruments that are summed."""
    is_touched: bool = False
    _seconds: list[int] = field(default_factory=lambda: [_NEVER])
    _running: list[int] = field(default_factory=lambda: [0])

    def add(self, added: Mapping[int, int]) -> None:
        """Add packed sums by their seconds, which come in the order of time."""
        first = next(iter(added))
        if first > self._seconds[-1]:
            self._seconds.extend(added)
            self._running.extend(accumulate(added.values(), initial=self._running.pop()))
        else:
            self._merge(first, added)

    def since(self, second: int) -> int:
        """Return the sum from a second on."""
        return self._running[-1] - self._running[bisect_left(self._seconds, second) - 1]

    def forget(self, second: int) -> None:
        """Forget what came before a second; it may be kept for some minutes."""
        if len(self._seconds) > 1 and self._seconds[1] < second - _SLACK:
            gone = bisect_left(self._seconds, second - _SLACK) - 1
            del self._seconds[:gone], self._running[:gone]

    def _merge(self, first: int, added: Mapping[int, int]) -> None:
        """Add to seconds from `first` on, some of which are there already."""
        at = bisect_left(self._seconds, first)
        known = dict(zip(self._seconds[at:], self._running[at:], strict=True))
        del self._seconds[at:], self._running[at:]
        before = total = self._running[-1]
        for second in sorted(known.keys() | added.keys()):
            now = known.get(second, before)
            total += now - before + added.get(second, 0)
            before = now
            self._seconds.append(second)
            self._running.append(total)


class Line:
    """One instrument. A few prints at a time wait until they are asked for."""

    __slots__ = (
        "_minutes", "_own", "_peaks", "base", "full_at", "is_inverse", "is_touched", "shared", "venue", "waiting",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, own: tuple[Sums, ...], shared: tuple[Sums, ...]) -> None:
        """Start without prints; they enter the sums that are its `own`, and somebody else adds them to the `shared`."""
        self.venue = instrument.venue
        self.base = instrument.base
        self.is_inverse = instrument.margin is Margin.INVERSE
        self.shared = shared
        self.is_touched = False
        self.full_at = _NEVER
        """The second in which the last full minute began, of what is settled."""
        self._own = own
        self.waiting: list[Fresh] = []
        """Those that have entered nothing yet; settle them when there are `TOGETHER`."""
        self._minutes: dict[int, int] = {}
        self._peaks: list[tuple[int, float, Liquidation]] = []

    @property
    def sums(self) -> tuple[Sums, ...]:
        """Return those of every key that counts the instrument."""
        return (*self._own, *self.shared)

    def settle(self) -> None:
        """Let what waits enter, if anything does."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        added: dict[int, int] = {}
        for _, second, packed, _, _ in waiting:
            added[second] = added.get(second, 0) + packed
        in_order = dict(sorted(added.items()))
        for sums in self._own:
            sums.add(in_order)
        for second, packed in in_order.items():
            self._count(second, packed)
        self._raise(waiting)

    def largest(self, since: int) -> tuple[float, Liquidation] | None:
        """Return the largest print since a second, with its dollars, of what is settled."""
        at = bisect_left(self._peaks, since, key=_SECOND)
        return self._peaks[at][1:] if at < len(self._peaks) else None

    def forget(self, second: int) -> None:
        """Forget a second that has left the longest window, and what came before it."""
        self.settle()
        self._minutes.pop(second - second % 60, None)
        del self._peaks[: bisect_left(self._peaks, second + 1, key=_SECOND)]
        for sums in self.sums:
            sums.forget(second)

    def _count(self, second: int, packed: int) -> None:
        """Count prints in the minute of their second."""
        minute = second - second % 60
        prints = self._minutes[minute] = self._minutes.get(minute, 0) + (packed & COUNT_MASK)
        if prints >= FULL_MINUTE:
            self.full_at = max(self.full_at, minute)

    def _raise(self, waiting: Sequence["Fresh"]) -> None:
        """Remember the largest, passing over those that a later one outdoes."""
        highest, latest = 0.0, _NEVER
        kept: list[Fresh] = []
        for one in reversed(waiting):
            _, second, _, usd, _ = one
            if usd >= highest or second > latest:
                kept.append(one)
                highest, latest = (usd, second) if usd > highest else (highest, latest)
        for _, second, _, usd, liquidation in reversed(kept):
            if usd:
                self._rise(second, usd, liquidation)

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


Fresh = tuple[Line, int, int, float, Liquidation]
"""A print on its way: its line and second, packed, its dollars and itself."""
