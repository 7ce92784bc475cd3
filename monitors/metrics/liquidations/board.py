"""All that is known of liquidations and of the stress around them. Pure state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, partial

from monitors.liquidation import Liquidation, PositionSide, Skipped
from monitors.market import Instrument, Observation, OpenInterest
from monitors.metrics.liquidations.cascades import QUIET, Cascades
from monitors.metrics.liquidations.crowding import Crowd
from monitors.metrics.liquidations.dollars import in_dollars
from monitors.metrics.liquidations.severity import scale_of
from monitors.metrics.liquidations.standing import Standing
from monitors.metrics.liquidations.stress import StressBoard
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import BookSample, Cascade, Crowding, HeardBefore

RECENT = timedelta(minutes=5)
"""Prints of the last five minutes tell of runs that are under way."""

RUN_USD = 5e6
"""What a run of prints must come to in five minutes for the market as a whole; a base needs its usual part of it.

The same least totals as a spike's (`baseline.py`): 500,000 for a coin, 2 million for BTC.
"""


def floor_of_run(base: str) -> float:
    """Return the US dollars from which a run of a base's prints is large, whatever its normal is."""
    return RUN_USD * scale_of(base)


class LiquidationBoard:
    """The tape, the cascades on it, and what venues say of the bases under stress."""

    def __init__(
        self,
        before: HeardBefore,
        *,
        feeds: Sequence[str],
        without_feed: Sequence[str],
        stale_after: timedelta,
        quiet: timedelta = QUIET,
        now: datetime,
    ) -> None:
        """Take up what was heard before; `feeds` are the venues that are heard, `without_feed` those that cannot be."""
        self.tape = Tape(before, venues=feeds, silent=without_feed)
        self.tape.advance(now)
        self.heard_at = {feed.venue: feed.heard_at for feed in before.feeds if feed.heard_at is not None}
        """When an earlier life last heard each venue."""
        self.crowd = Crowd()
        self._stress = StressBoard(before.books, stale_after=stale_after)
        running = [cascade for cascade in before.cascades if cascade.closed_at is None]
        since = min((now - RECENT, *(cascade.opened_at for cascade in running)))
        counted = [one for one in before.prints if one.at >= since]
        kept = sorted(before.cascades, key=lambda one: one.opened_at)
        self._cascades = Cascades(kept, before.standing, floor=floor_of_run, counted=counted, quiet=quiet)
        self._standing = self._cascades.standing
        self._last = {one.base: one for one in kept}

    def take(
        self, prints: Sequence[Liquidation], now: datetime
    ) -> tuple[tuple[Liquidation, ...], tuple[Cascade, ...]]:
        """Take in what the feeds heard; returns what is new, in dollars, and the cascades that opened, grew or closed."""
        foreign = [one for one in prints if not one.instrument.counts_dollars]
        new = self.tape.take(self._in_dollars(prints, now) if foreign else prints, now)
        self.tape.advance(now)
        changed = self._cascades.step(self.tape, partial(self._stress.inputs, now=now), now, new)
        self._last |= {cascade.base: cascade for cascade in changed}
        return new, changed

    def polled(self, observations: Sequence[Observation], now: datetime) -> None:
        """Take in what a venue's poll said of prices and open interest."""
        self._stress.observe(observations, now)

    def sampled(
        self,
        books: Sequence[BookSample],
        interests: Sequence[tuple[Instrument, OpenInterest]],
        now: datetime,
    ) -> None:
        """Take in order books and open interest that were asked for."""
        for book in books:
            self._stress.sample(book)
        for instrument, interest in interests:
            self._stress.interest(instrument, interest, now)

    def running(self) -> tuple[Cascade, ...]:
        """Return the cascades that run."""
        return tuple(self._cascades.running.values())

    def recent(self, since: datetime) -> tuple[Cascade, ...]:
        """Return the last cascade of every base that closed since then, the newest first."""
        closed = [one for one in self._last.values() if one.closed_at is not None and one.closed_at >= since]
        return tuple(sorted(closed, key=lambda one: one.opened_at, reverse=True))

    def cascade(self, base: str) -> Cascade | None:
        """Return a base's cascade that runs, or else its last one."""
        return self._last.get(base)

    def standing(self) -> Standing | None:
        """Return what else of the cascades a restart needs, if it changed since this was last asked."""
        before, self._standing = self._standing, self._cascades.standing
        return None if self._standing == before else self._standing

    def stressed(self) -> tuple[str, ...]:
        """Return the bases of which more should be asked, the most stressed first."""
        return self._cascades.stressed()

    def crowding(self, base: str, flushed: PositionSide, now: datetime) -> Crowding | None:
        """Return how crowded the side that is flushed was; None where it was not."""
        return self.crowd.crowding(base, flushed, now)

    def price(self, base: str, now: datetime) -> float | None:
        """Return one coin's price in US dollars; None where none is known."""
        return self._stress.price(base, now)

    def _in_dollars(self, prints: Sequence[Liquidation], now: datetime) -> Sequence[Liquidation]:
        """Return prints in dollars; one that counts something of unknown price is left out and counted."""
        price = cache(partial(self.price, now=now))
        valued: list[Liquidation] = []
        for one in prints:
            found = in_dollars(one, price)
            if found is None:
                self.tape.leave_out(one.instrument.venue, Skipped.UNPRICED)
            else:
                valued.append(found)
        return valued
