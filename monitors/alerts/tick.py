"""What one step of the engine came to: all of it is stored in one transaction, or none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.alerts.delivery import Content
from monitors.alerts.states import RuleKey, RuleState
from monitors.market import Instrument, Observation, VenueHealth


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
    readings: int = 0
    """How many readings were judged."""
