"""What one step of the engine came to: all of it is stored in one transaction, or none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.alerts.aftermath import Followed, FollowedKey
from monitors.alerts.delivery import Content
from monitors.alerts.states import RuleKey, RuleState
from monitors.market import Instrument, Observation, VenueHealth
from monitors.metrics.liquidations.values import NOTHING_HEARD, Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The outcome of one step."""

    at: datetime
    observations: tuple[Observation, ...] = ()
    """What passed the sanity bounds."""
    intervals: tuple[tuple[Instrument, timedelta], ...] = ()
    """Instruments whose funding interval is now known for certain, and what it is."""
    states: tuple[tuple[RuleKey, RuleState | None], ...] = ()
    """Rule states that changed; None is the quiet rest."""
    retired: tuple[int, ...] = ()
    """Rules whose time or single shot is over."""
    contents: tuple[Content, ...] = ()
    """What to tell."""
    health: VenueHealth | None = None
    heard: Heard = NOTHING_HEARD
    """What was learned of liquidations."""
    followed: tuple[tuple[FollowedKey, Followed | None], ...] = ()
    """Episodes over whose aftermath is still to be told; None for one that is done with."""
    readings: int = 0
    """How many readings were judged."""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to store."""
        said = (self.observations, self.states, self.contents, self.retired, self.followed)
        return not any(said) and self.health is None and self.heard == NOTHING_HEARD
