"""Totals of the last minute to the last day, by event time, of every instrument, base, venue and the market. Pure state.

A window is half-open, [t - W, t), and made of whole seconds: t is the second after `now`, so that the running second
counts. Sums are integers of cents: any order and any delay of the same prints gives the same windows.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from monitors.liquidation import Liquidation, Window
from monitors.market import Instrument
from monitors.metrics.liquidations.lines import TOGETHER, Fresh, Line, Running, Sums
from monitors.metrics.liquidations.values import Key

DAY = 86400
_SPANS = {window: int(window.length.total_seconds()) for window in Window}


def span(window: Window) -> int:
    """Return a window's length in seconds."""
    return _SPANS[window]


class Windows:
    """The sums, and which instruments had prints in each second of a day, so that they age.

    A few prints of an instrument wait in its line until they are asked for.
    """

    def __init__(self) -> None:
        """Start empty, before all time."""
        self.end = 0
        """The second t at which every window ends."""
        self.lines: dict[tuple[str, str], Line] = {}
        """By venue and symbol."""
        self._ahead: list[Fresh] = []
        self._sums: dict[Key, Sums] = {}
        self._running: dict[Key, Running] = {}
        self._bases: list[Sums] = []
        self._venues: dict[str, list[Sums]] = {}
        self._shared: dict[str, tuple[Running, Running]] = {}
        self._seconds: dict[int, list[Line]] = {}
        self._touched: list[Line] = []
        self._keep(Key())

    def open(self, instrument: Instrument) -> Line:
        """Begin the line of an instrument that had none."""
        base, venue, symbol = instrument.base, instrument.venue, instrument.symbol
        if venue not in self._shared:
            self._shared[venue] = (self._keep(Key(venue=venue)), self._keep(Key()))
        others = (self._ask(Key(base, venue)), self._ask(Key(base)), *self._shared[venue])
        line = Line(instrument, self._keep(Key(base, venue, symbol)), others)
        self.lines[venue, symbol] = line
        for sums in line.sums:
            sums.lines.append(line)
        return line

    def enter(self, fresh: Sequence[Fresh]) -> None:
        """Let prints enter the sums; those whose second has not begun wait for it, those older than a day stay out."""
        seconds = [one[1] for one in fresh]
        if seconds and self.end - DAY <= min(seconds) <= max(seconds) < self.end:
            self._enter(fresh)
        else:
            self._enter([one for one in fresh if self.end - DAY <= one[1] < self.end])
            self._ahead += [one for one in fresh if one[1] >= self.end]

    def advance(self, end: int) -> None:
        """Let the windows end at a later second."""
        before, self.end = self.end, end
        for length in _SPANS.values():
            for second in self._between(before - length, min(before, end - length)):
                self._touch(self._seconds[second])
        if self._ahead:
            ahead, self._ahead = self._ahead, []
            self.enter(ahead)
        for second in self._between(before - DAY, end - DAY):
            for line in self._seconds.pop(second):
                line.forget(second)

    def by_base(self, since: int, until: int) -> dict[str, int]:
        """Return what was liquidated of each base in the seconds [since, until) of the last day, packed."""
        found = (
            (sums.key.base, sums.since(since) - sums.since(until)) for sums in map(_settled, self._bases)
        )
        return {base: packed for base, packed in found if packed}

    def packed(self, key: Key, window: Window) -> int:
        """Return a key's packed sum."""
        sums = self._sums.get(key)
        if sums is None:
            return 0
        return (_settled(sums) if key.base else sums).since(self.end - _SPANS[window])

    def keys(self) -> Collection[Key]:
        """Return every key that ever had a print, and the market's."""
        return self._sums.keys()

    def bases(self, window: Window) -> Iterator[tuple[str, int]]:
        """Yield the bases with prints in a window, each with its packed sum."""
        since = self.end - _SPANS[window]
        for sums in map(_settled, self._bases):
            if packed := sums.since(since):
                yield sums.key.base, packed

    def touched(self) -> frozenset[Key]:
        """Return whose sums changed since this was last asked."""
        lines, self._touched = self._touched, []
        touched: list[Sums] = []
        for line in lines:
            line.is_touched = False
            for sums in line.sums:
                if not sums.is_touched:
                    sums.is_touched = True
                    touched.append(sums)
        for sums in touched:
            sums.is_touched = False
        return frozenset(sums.key for sums in touched)

    def venues(self, key: Key, window: Window) -> Iterator[tuple[str, int, bool]]:
        """Yield a key's venues with prints in a window: the packed sum, and whether an instrument's minute was full."""
        since = self.end - _SPANS[window]
        for part in map(_settled, self._parts(key)):
            if packed := part.since(since):
                yield part.key.venue, packed, any(line.is_full(since) for line in part.lines)

    def largest(self, key: Key, window: Window) -> Liquidation | None:
        """Return a key's largest print in a window."""
        sums, since = self._sums.get(key), self.end - _SPANS[window]
        peaks = (line.largest(since) for line in (() if sums is None else _settled(sums).lines))
        return max((peak for peak in peaks if peak), key=lambda peak: peak[0], default=(0.0, None))[1]

    def _parts(self, key: Key) -> Iterable[Sums]:
        """Return the sums that make up a key's, one a venue."""
        if not key.venue:
            return self._venues.get(key.base, ())
        return (self._sums[key],) if key in self._sums else ()

    def _keep(self, key: Key) -> Running:
        """Return the running sums of a key."""
        if key not in self._running:
            self._running[key] = Running(key)
            self._note(self._running[key])
        return self._running[key]

    def _ask(self, key: Key) -> Sums:
        """Return the sums of a key that are asked of its instruments."""
        if key not in self._sums:
            self._note(Sums(key))
        return self._sums[key]

    def _note(self, sums: Sums) -> None:
        key = sums.key
        self._sums[key] = sums
        if key.venue and not key.symbol:
            self._venues.setdefault(key.base, []).append(sums)
        elif key.base and not key.venue:
            self._bases.append(sums)

    def _enter(self, fresh: Sequence[Fresh]) -> None:
        """Hand prints to their lines and the shared sums; written for speed."""
        sums: dict[str, dict[int, int]] = {}
        latest, here = -1, list[Line]()
        for one in fresh:
            line, second, packed, _, _ = one
            if second != latest:  # what comes together is mostly in the order of time
                latest, here = second, self._seconds.setdefault(second, [])
            here.append(line)
            waiting = line.waiting
            waiting.append(one)
            if len(waiting) >= TOGETHER:
                line.settle()
            if not line.is_touched:
                line.is_touched = True
                self._touched.append(line)
            added = sums.get(line.venue)
            if added is None:
                added = sums[line.venue] = {}
            added[second] = added.get(second, 0) + packed
        for venue, added in sums.items():
            seconds = sorted(added)
            packed_sums = [added[second] for second in seconds]
            for shared in self._shared[venue]:
                shared.add(seconds, packed_sums)

    def _touch(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if not line.is_touched:
                line.is_touched = True
                self._touched.append(line)

    def _between(self, since: int, until: int) -> list[int]:
        """Return the seconds in [since, until) that had prints."""
        if until - since > len(self._seconds):
            return [second for second in self._seconds if since <= second < until]
        return [second for second in range(since, until) if second in self._seconds]


def _settled(sums: Sums) -> Sums:
    """Return sums in which nothing is missing that their lines took in."""
    for line in sums.lines:
        line.settle()
    return sums
