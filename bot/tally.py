"""What a run comes to, counted tick by tick as it becomes fact."""

from collections.abc import Callable
from dataclasses import dataclass, field

from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from monitors.metrics.liquidations.readings import CASCADE
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
    opened: int = 0
    """Cascades that were told."""
    closed: int = 0
    """Of those, the ones that are over."""
    delivered: int = 0
    """Contents that a chat has taken; known at the end."""
    lost: int = 0
    """Contents that were refused or still wait; known at the end."""

    def count(self, tick: Tick) -> None:
        """Add one tick."""
        reasons = [content.reason for content in tick.contents if isinstance(content, Alert)]
        if tick.observations and tick.health is not None:
            self.venues.add(tick.health.venue)
            self.polls += 1
        self.readings += tick.readings
        self.opened += self._of_cascades(tick, Reason.FIRST)
        self.closed += self._of_cascades(tick, Reason.RESOLVED)
        self.fired += reasons.count(Reason.FIRST)
        self.resolved += reasons.count(Reason.RESOLVED)

    @staticmethod
    def _of_cascades(tick: Tick, reason: Reason) -> int:
        alerts = (content for content in tick.contents if isinstance(content, Alert))
        return sum(alert.series.metric == CASCADE and alert.reason is reason for alert in alerts)


class CountingJournal:
    """A journal that counts what it stores and passes on what became fact."""

    def __init__(self, journal: Journal, heard: Callable[[Tick], None]) -> None:
        """Store in `journal`; `heard` is called with each tick once it is stored."""
        self.tally = Tally()
        self._journal = journal
        self._heard = heard

    async def commit(self, tick: Tick) -> None:
        """Store a tick whole, or not at all."""
        await self._journal.commit(tick)
        self.tally.count(tick)
        self._heard(tick)
