"""Totals of the last minute to the last day, by event time, of every instrument, base, venue and the market. Pure state.

A window is half-open, [t - W, t), and made of whole seconds: t is the second after `now`, so that the running second
counts. Sums are integers of cents: any order and any delay of the same prints gives the same windows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from monitors.liquidation import LARGEST_USD, Liquidation, PositionSide, Skipped, Window
from monitors.market import Instrument
from monitors.metrics.liquidations.deduplication import Seen, set_back
from monitors.metrics.liquidations.lines import TOGETHER, Fresh, Line, Running, Sums
from monitors.metrics.liquidations.packing import LONG_SHIFT, SHORT_SHIFT
from monitors.metrics.liquidations.values import Key

DAY = 86400
AHEAD_MS = 5000
"""How far a venue's clock may run ahead of ours."""
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
        self.lines = defaultdict[str, dict[str, Line]](dict)
        """By venue and symbol."""
        self._ahead: list[tuple[Line, Fresh]] = []
        self.skipped: Counter[tuple[str, Skipped]] = Counter()
        """How many prints were left out or set right, by venue and reason."""
        self._sums: dict[Key, Sums] = {}
        self._running: dict[Key, Running] = {}
        self._bases: list[Sums] = []
        self._venues: dict[str, list[Sums]] = {}
        self._shared: dict[str, tuple[Running, Running]] = {}
        self._seconds: dict[int, list[Line]] = {}
        self._touched: list[Line] = []
        self._keep(Key())

    def count(self, prints: Iterable[Liquidation], seen: Seen, now_ms: int) -> list[Liquidation]:  # noqa: PLR0915  # one loop: two take a third more time
        """Count what is new and return it, with times ahead of ours set to the receipt.

        What comes together is mostly of one venue and in the order of time. A print whose second has not begun waits for
        it; one of more than a day ago is returned and enters no sum.
        """
        marks, remember, long = seen.marks, seen.shelf.append, PositionSide.LONG
        since, end, touched = self.end - DAY, self.end, self._touched
        sums = defaultdict[str, Counter[int]](Counter)
        venue, latest, total, lines, here = "", -1, 0, dict[str, Line](), list[Line]()
        new: list[Liquidation] = []
        for one in prints:
            instrument, side, quantity, price, at_ms, _, name = one
            if instrument.venue is not venue:
                sums[venue][latest] += total
                venue, latest, total, lines = instrument.venue, -1, 0, self.lines[instrument.venue]
            line = lines.get(instrument.symbol) or self._open(instrument)
            usd = quantity if line.is_inverse else quantity * price
            mark = hash((line, name) if name else (line, at_ms, side is long, price, quantity))
            if mark in marks or not usd <= LARGEST_USD:
                self.skipped[line.venue, Skipped.DUPLICATE if mark in marks else Skipped.TOO_LARGE] += 1
                continue
            marks.add(mark)
            remember(mark)
            cents, second = int(usd * 100 + 0.5), at_ms // 1000
            packed = (cents << LONG_SHIFT if side is long else cents << SHORT_SHIFT) + 1
            if second != latest:
                if not since <= second < end:
                    new.append(self._put_by(line, (second, packed, usd, one), now_ms))
                    continue
                sums[venue][latest] += total
                latest, total, here = second, 0, self._seconds.setdefault(second, [])
            total += packed
            here.append(line)
            waiting = line.waiting
            waiting.append((second, packed, usd, one))
            new.append(one)
            if len(waiting) >= TOGETHER:
                line.settle()
            if not line.is_touched:
                line.is_touched = True
                touched.append(line)
        sums[venue][latest] += total
        self._share(sums)
        return new

    def advance(self, end: int) -> None:
        """Let the windows end at a later second."""
        before, self.end = self.end, end
        for length in _SPANS.values():
            for second in self._between(before - length, min(before, end - length)):
                self._touch(self._seconds[second])
        if self._ahead:
            self._begin()
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
                yield part.key.venue, packed, any(line.total.is_full(since) for line in part.lines)

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

    def _open(self, instrument: Instrument) -> Line:
        """Begin the line of an instrument that had none."""
        base, venue, symbol = instrument.base, instrument.venue, instrument.symbol
        if venue not in self._shared:
            self._shared[venue] = (self._keep(Key(venue=venue)), self._keep(Key()))
        others = (self._ask(Key(base, venue)), self._ask(Key(base)), *self._shared[venue])
        line = Line(instrument, self._keep(Key(base, venue, symbol)), others)
        self.lines[venue][symbol] = line
        for sums in line.sums:
            sums.lines.append(line)
        return line

    def _put_by(self, line: Line, fresh: Fresh, now_ms: int) -> Liquidation:
        """Count a print that is ahead of us, now or once its second begins; one of more than a day ago is not counted."""
        second, packed, usd, one = fresh
        if one.at_ms > now_ms + AHEAD_MS:
            self.skipped[line.venue, Skipped.CLOCK_SKEW] += 1
            one = set_back(one, now_ms)
            second = one.at_ms // 1000
        if second >= self.end - DAY:
            self._ahead.append((line, (second, packed, usd, one)))
            self._begin()
        return one

    def _begin(self) -> None:
        """Count those that were put by and whose second has begun."""
        ahead, self._ahead = self._ahead, []
        for line, fresh in ahead:
            second, packed, *_ = fresh
            if second >= self.end:
                self._ahead.append((line, fresh))
                continue
            self._seconds.setdefault(second, []).append(line)
            line.waiting.append(fresh)
            self._touch((line,))
            self._share({line.venue: {second: packed}})

    def _share(self, sums: Mapping[str, Mapping[int, int]]) -> None:
        """Add packed sums by venue and second to the venues' and the market's."""
        for venue, added in sums.items():
            seconds = sorted(second for second, packed in added.items() if packed)
            totals = [added[second] for second in seconds]
            for shared in self._shared[venue] if seconds else ():
                shared.add(seconds, totals)

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
