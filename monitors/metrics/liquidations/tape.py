"""What was liquidated: one place that takes every print once and answers for all windows. Pure state."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from monitors.liquidation import (
    FeedGrade,
    FeedHealth,
    Gap,
    Liquidation,
    PositionSide,
    Skipped,
    Window,
)
from monitors.metrics.liquidations.baseline import Baseline
from monitors.metrics.liquidations.buckets import Buckets
from monitors.metrics.liquidations.coverage import Hearing
from monitors.metrics.liquidations.deduplication import Seen, told_ms
from monitors.metrics.liquidations.packing import packed_of, totals_of
from monitors.metrics.liquidations.values import (
    MARKET,
    Bucket,
    Coverage,
    HeardBefore,
    Key,
    Spike,
    Totals,
    VenueFlow,
)
from monitors.metrics.liquidations.windows import DAY, Windows

_AT_ONCE = 10000
"""Prints of a former run that are entered at once: the memory they take on their way stays small and near."""


class Tape:
    """The prints of a day, what they sum to, how much of it was heard, and four weeks of what is normal.

    Windows end at the second after the latest moment that was named, so that the running second counts; answers are
    about that moment. A print that comes late lands in its own second, however late, up to a day; one that is older is
    returned and enters no window. What tells prints apart is the venue's id, or else time, side, price and quantity.
    """

    def __init__(
        self, memory: HeardBefore | None = None, *, venues: Sequence[str], silent: Sequence[str] = ()
    ) -> None:
        """Take up what a former run heard; `venues` have a feed, `silent` ones are polled and publish none."""
        memory = HeardBefore() if memory is None else memory
        self._windows = Windows()
        self._seen = Seen()
        self._hearing = Hearing(venues, silent, memory.feeds, memory.gaps)
        self._buckets = Buckets(memory.buckets)
        self._baseline = Baseline(memory.buckets)
        self._finished: dict[tuple[datetime, str], Bucket] = {}
        self._replay(memory.prints)

    def take(self, liquidations: Iterable[Liquidation], now: datetime) -> tuple[Liquidation, ...]:
        """Count what is new and return it, in the order given, with times ahead of ours set to the receipt."""
        self.advance(now)
        new = self._windows.count(liquidations, self._seen, int(now.timestamp() * 1000))
        oldest, finished = (self._windows.end - DAY) * 1000, self._buckets.finished * 1000
        late = [one for one in new if oldest <= one.at_ms < finished]
        for one in late:
            self._buckets.add(one.at_ms // 1000, one.instrument.base, packed_of(one))
        if late:
            self._learn()
        return tuple(new)

    def leave_out(self, venue: str, reason: Skipped) -> None:
        """Count a print that could not be taken."""
        self._windows.skipped[venue, reason] += 1

    def health(self, health: FeedHealth) -> None:
        """Take what a feed is about now."""
        self._hearing.report(health)

    def gap(self, gap: Gap) -> None:
        """Take a gap's beginning, end or filling."""
        self._hearing.gap(gap)

    def advance(self, now: datetime) -> None:
        """Let the windows age; a moment before the latest one changes nothing."""
        end = int(now.timestamp()) + 1
        if end <= self._windows.end:
            return
        self._windows.advance(end)
        self._buckets.advance(end - 1, self._hearing.is_covered, self._windows.by_base)
        self._seen.advance(end)
        self._hearing.forget(end - DAY - 600)
        self._learn()

    def touched(self) -> frozenset[Key]:
        """Return the keys whose totals grew or aged since this was last asked."""
        return self._windows.touched()

    def keys(self) -> Collection[Key]:
        """Return every key that ever had a print, and the market's."""
        return self._windows.keys()

    def totals(self, key: Key, window: Window) -> Totals:
        """Return what was liquidated of a key in a window."""
        return totals_of(self._windows.packed(key, window))

    def bases(self, window: Window, side: PositionSide | None = None) -> tuple[str, ...]:
        """Return the bases of which something was liquidated, of one side or both, the largest first."""
        sums = [(totals_of(packed).of(side), base) for base, packed in self._windows.bases(window)]
        return tuple(base for usd, base in sorted(sums, key=lambda one: (-one[0], one[1])) if usd)

    def flows(self, key: Key, window: Window) -> tuple[VenueFlow, ...]:
        """Return what each venue adds to a total, the largest first."""
        flows = (
            VenueFlow(
                venue=venue,
                grade=self._hearing.grade(venue),
                totals=totals_of(packed),
                saturated=is_full and self._hearing.grade(venue) is FeedGrade.THROTTLED,
            )
            for venue, packed, is_full in self._windows.venues(key, window)
        )
        return tuple(sorted(flows, key=lambda flow: (-flow.totals.usd, flow.venue)))

    def largest(self, key: Key, window: Window) -> Liquidation | None:
        """Return a key's largest print in a window."""
        return self._windows.largest(key, window)

    def coverage(self, window: Window, now: datetime, venue: str = "") -> Coverage:
        """Return how much of a window that ends now was heard, over all venues or of one."""
        return self._hearing.coverage(window, now, venue)

    def coverage_since(self, at: datetime, now: datetime) -> Coverage:
        """Return how much was heard over all venues from a time until now."""
        return self._hearing.since(at, now)

    def grade(self, venue: str) -> FeedGrade:
        """Return how much of what happens a venue's feed tells."""
        return self._hearing.grade(venue)

    def spike(self, key: Key, window: Window, now: datetime, before: datetime | None = None) -> Spike:
        """Judge a base's window, or the market's, against its normal, as that was `before` the event under way.

        Raises:
            ValueError: the window has no normal, or the key is a venue's.
        """
        if key.venue:
            raise ValueError(f"expected a base or the market, found {key}")
        usd = self.totals(key, window).usd
        return self._baseline.spike(usd, key.base or MARKET, window, now, before)

    def skipped(self) -> Mapping[tuple[str, Skipped], int]:
        """Return how many prints were left out or set right, by venue and reason, since the start."""
        return self._windows.skipped

    def feeds(self) -> tuple[FeedHealth, ...]:
        """Return what the feeds of this run are about, by venue."""
        return self._hearing.feeds()

    def gaps(self, venue: str, since: datetime) -> tuple[Gap, ...]:
        """Return a venue's gaps that touch the time from `since` on, oldest first."""
        return self._hearing.gaps(venue, since)

    def pauses(self) -> tuple[Gap, ...]:
        """Return the gaps that ended when this run first heard a venue, since this was last asked, for the store."""
        return self._hearing.pauses()

    def finished(self) -> tuple[Bucket, ...]:
        """Return the buckets that were finished, or changed by a late print, since this was last asked."""
        finished, self._finished = self._finished, {}
        return tuple(finished.values())

    def _replay(self, liquidations: Sequence[Liquidation]) -> None:
        """Fill the windows with what a former run heard; buckets that it told hold these prints already."""
        if not liquidations:
            return
        newest = max(one.at_ms for one in liquidations)
        self._windows.advance(newest // 1000 + 1)
        self._seen.advance(newest // 1000 + 1)
        for start in range(0, len(liquidations), _AT_ONCE):
            self._windows.count(liquidations[start : start + _AT_ONCE], self._seen, newest)
        for one in liquidations:
            told = told_ms(one)
            if told is not None:
                self._know(one, told)

    def _know(self, one: Liquidation, at_ms: int) -> None:
        """Mark a print that was set back as the venue tells it, should it tell it again."""
        line = self._windows.lines[one.instrument.venue][one.instrument.symbol]
        mark = hash((line, at_ms, one.side is PositionSide.LONG, one.price, one.quantity))
        self._seen.marks.add(mark)
        self._seen.shelf.append(mark)

    def _learn(self) -> None:
        """Teach the baseline what was finished or changed, and keep it for the store."""
        buckets = self._buckets.take()
        self._baseline.learn(buckets)
        for bucket in buckets:
            self._finished[bucket.at, bucket.base] = bucket
