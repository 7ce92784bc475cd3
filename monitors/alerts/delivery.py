"""What is told, where, and what became of it. Pure values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from monitors.alerts.rules import Destination, Rule, Severity
from monitors.alerts.states import Reason
from monitors.metrics.reading import Evidence, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell about one episode of one rule on one series."""

    reason: Reason
    rule: Rule
    series: Series
    value: float
    """Fraction per hour (funding metrics) or hours (`interval_change`)."""
    at: datetime
    """When the judgement was made."""
    since: datetime
    """When the episode began."""
    peak: float
    evidence: Evidence

    @property
    def destination(self) -> Destination:
        """Return the rule's chat."""
        return self.rule.destination

    @property
    def group(self) -> str:
        """Return what is told together: one chat's alerts of one metric."""
        return self.rule.metric

    @property
    def severity(self) -> Severity:
        """Return how loudly to tell it: a resolve is never louder than a note."""
        return Severity.INFO if self.reason is Reason.RESOLVED else self.rule.severity

    @property
    def episode(self) -> str:
        """Return the key that is the same for every alert of one episode."""
        return f"{self.rule.id}/{'/'.join(self.series)}/{self.since.timestamp():.0f}"

    @property
    def key(self) -> str:
        """Return the key that no two tellings share: the outbox keeps one letter a key."""
        return f"{self.episode}/{self.reason}/{self.at.timestamp():.3f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Word about a venue itself, told once when it falls silent and once when it is back."""

    destination: Destination
    venue: str
    silent_since: datetime
    """The last good answer."""
    at: datetime
    back: bool
    reason: str
    """The last failure in plain words."""

    @property
    def group(self) -> str:
        """Return what is told together."""
        return "venues"

    @property
    def severity(self) -> Severity:
        """Return how loudly to tell it."""
        return Severity.INFO

    @property
    def key(self) -> str:
        """Return the key that no two tellings share."""
        return f"venue/{self.venue}/{self.silent_since.timestamp():.0f}/{'back' if self.back else 'silent'}"


Content = Alert | Notice


class Priority(IntEnum):
    """Which letter goes first when many wait; smaller is sooner."""

    CRITICAL = 1
    WARNING = 2
    INFO = 3


PRIORITY = {
    Severity.CRITICAL: Priority.CRITICAL,
    Severity.WARNING: Priority.WARNING,
    Severity.INFO: Priority.INFO,
}

TIME_TO_LIVE = timedelta(minutes=10)
"""A letter older than this is told in a summary that says so: late news must not look fresh."""

LARGEST_UNGROUPED = 3
"""Up to this many alerts of a group are told one by one, more in one summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is told in one message: a single content, or a summary of several of one group."""

    ids: tuple[int, ...]
    """The outbox's rows; the first names the message for good."""
    destination: Destination
    group: str
    contents: tuple[Content, ...]
    late: bool = False

    def __post_init__(self) -> None:
        """Reject a letter that says nothing."""
        if not self.contents or len(self.ids) != len(self.contents):
            raise ValueError(f"expected one id per content, found {len(self.ids)} and {len(self.contents)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The platform took it; `message` is its id there."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now: try again after the wait."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never: the chat is gone or the bot is not welcome."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The chat lives elsewhere now; the same letter goes there."""

    to: Destination


Delivery = Delivered | Deferred | Refused | Moved
