"""What a run comes to, counted tick by tick as it becomes fact."""

from collections.abc import Callable
from dataclasses import dataclass, field

from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from monitors.ports import Journal


@dataclass(slots=True)
class Tally:
    """Counts since the start."""

    venues: set[str] = field(default_factory=set)
    """The venues that answered."""
    polls: int = 0
    readings: int = 0
    fired: int = 0
    resolved: int = 0
    told: int = 0
    """Contents handed to the outbox."""
    delivered: int = 0
    """Of those, how many a chat has taken; known at the end."""

    @property
    def lost(self) -> int:
        """Return how many were told to nobody."""
        return self.told - self.delivered

    def count(self, tick: Tick) -> None:
        """Add one tick."""
        reasons = [content.reason for content in tick.contents if isinstance(content, Alert)]
        if tick.observations and tick.health is not None:
            self.venues.add(tick.health.venue)
            self.polls += 1
        self.readings += tick.readings
        self.fired += reasons.count(Reason.FIRST)
        self.resolved += reasons.count(Reason.RESOLVED)
        self.told += len(tick.contents)


class CountingJournal:
    """A journal that counts what it stores and calls out when there is something to tell."""

    def __init__(self, journal: Journal, news: Callable[[], None]) -> None:
        """Store in `journal`; `news` is called after each tick that has contents."""
        self.tally = Tally()
        self._journal = journal
        self._news = news

    async def commit(self, tick: Tick) -> None:
        """Store a tick whole, or not at all."""
        await self._journal.commit(tick)
        self.tally.count(tick)
        if tick.contents:
            self._news()
