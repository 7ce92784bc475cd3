"""Engine and journal in one: whatever a job learns is judged and stored, or the program stops."""

from collections.abc import Sequence

from monitors.alerts.tick import Tick
from monitors.engine import Engine
from monitors.liquidation import FeedHealth, Gap, Liquidation
from monitors.market import Instrument, OpenInterest, Poll
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import Clock, Journal, VenueUnavailableError


class Pipeline:
    """What the jobs tell; each method is one step of the engine and one transaction."""

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._journal = journal
        self.clock = clock

    async def answered(self, poll: Poll) -> None:
        """Take in a venue's answer."""
        await self._commit(self._engine.step(poll, self.clock.now()))

    async def failed(self, venue: str, error: VenueUnavailableError) -> None:
        """Note that a venue gave no answer."""
        now = self.clock.now()
        await self._commit(self._engine.fail(venue, error.reason, now, blocked=error.blocked))

    async def heard(self, prints: Sequence[Liquidation]) -> None:
        """Take in what the feeds heard; with nothing, let windows age."""
        await self._commit(self._engine.hear(prints, self.clock.now()))

    async def fed(self, feeds: Sequence[FeedHealth], gaps: Sequence[Gap]) -> None:
        """Take in how well the feeds are heard."""
        await self._commit(self._engine.feed(feeds, gaps, self.clock.now()))

    async def sampled(
        self, books: Sequence[BookSample], interests: Sequence[tuple[Instrument, OpenInterest]]
    ) -> None:
        """Take in order books and open interest."""
        await self._commit(self._engine.sample(books, interests, self.clock.now()))

    async def beat(self) -> None:
        """Judge what only the passing of time changes."""
        for tick in self._engine.beat(self.clock.now()):
            await self._commit(tick)

    async def _commit(self, tick: Tick) -> None:
        if not tick.is_empty:
            await self._journal.commit(tick)
