"""What is told, where, and what became of it. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from monitors.alerts.rules import Destination, Rule, Severity
from monitors.alerts.states import Episode, Reason
from monitors.metrics.reading import Evidence, Series
from monitors.metrics.registry import Source, metric

OVER = frozenset({Reason.RESOLVED, Reason.AFTERMATH, Reason.UNWATCHED})
"""Why one is told of an episode that goes on no more, or of which no more is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell about one episode of one rule on one series."""

    reason: Reason
    rule: Rule
    series: Series
    value: float
    """In the metric's unit: a fraction per hour for funding, US dollars for liquidations."""
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
        """Return how loudly to tell it: what is over is never louder than a note."""
        return Severity.INFO if self.reason in OVER else self.rule.severity

    @property
    def is_urgent(self) -> bool:
        """Tell whether it cannot wait for company: others of its group wait for it instead."""
        return metric(self.rule.metric).source is Source.LIQUIDATIONS

    @property
    def episode(self) -> str:
        """Return the key that is the same for every alert of one episode."""
        return Episode(rule=self.rule.id, series=self.series, since=self.since).key

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
    liquidations: bool = False
    """Whether it is the venue's feed of liquidations that fell silent, not its answers."""

    @property
    def group(self) -> str:
        """Return what is told together."""
        return "venues"

    @property
    def severity(self) -> Severity:
        """Return how loudly to tell it."""
        return Severity.INFO

    @property
    def is_urgent(self) -> bool:
        """Return False: it can wait for company."""
        return False

    @property
    def episode(self) -> str:
        """Return nothing: a silence and its end are told in two messages."""
        return ""

    @property
    def key(self) -> str:
        """Return the key that no two tellings share."""
        what = "feed" if self.liquidations else "venue"
        return f"{what}/{self.venue}/{self.silent_since.timestamp():.0f}/{'back' if self.back else 'silent'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """The end of a silence, and how many alerts it swallowed: at least one, else nothing is told."""

    destination: Destination
    silenced: str
    """What was silent, in words: `everything`, a base, or `rule 7`."""
    count: int
    since: datetime
    at: datetime

    @property
    def group(self) -> str:
        """Return what is told together."""
        return "silences"

    @property
    def severity(self) -> Severity:
        """Return how loudly to tell it."""
        return Severity.INFO

    @property
    def is_urgent(self) -> bool:
        """Return False: it can wait for company."""
        return False

    @property
    def episode(self) -> str:
        """Return nothing: a silence's end is told once."""
        return ""

    @property
    def key(self) -> str:
        """Return the key that no two tellings share."""
        return f"missed/{self.silenced}/{self.since.timestamp():.3f}"


Content = Alert | Notice | Missed


class Manner(StrEnum):
    """How something is told."""

    TELL = "tell"
    """In a message of its own."""
    UPDATE = "update"
    """In the message that told the episode first: it is changed in place, and nobody is called."""


_TOLD_ONLY = frozenset({Reason.FIRST, Reason.EVENT, Reason.AFTERMATH})
_CHANGED_ONLY = frozenset({Reason.GREW, Reason.UNWATCHED})


def manners(content: Content) -> tuple[Manner, ...]:
    """Return how a content is told: growth only changes the message, and what follows a first alert does both."""
    if not isinstance(content, Alert) or content.reason in _TOLD_ONLY:
        return (Manner.TELL,)
    return (Manner.UPDATE,) if content.reason in _CHANGED_ONLY else (Manner.TELL, Manner.UPDATE)


class Priority(IntEnum):
    """Which letter goes first when many wait; smaller is sooner."""

    CRITICAL = 1
    WARNING = 2
    INFO = 3
    UPDATE = 4


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
class Told:
    """A message that a platform has."""

    number: int
    """The letter that it told."""
    message: str
    """Its id on the platform."""


def last_words(contents: Sequence[Content]) -> tuple[Content, ...]:
    """Return of each episode its last content, and whatever has no episode, in order."""
    last = {content.episode: place for place, content in enumerate(contents)}
    return tuple(
        content
        for place, content in enumerate(contents)
        if not content.episode or place == last[content.episode]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is told in one message: a single content, or a summary of several of one group."""

    ids: tuple[int, ...]
    """The outbox's rows; the first names the message for good."""
    destination: Destination
    group: str
    contents: tuple[Content, ...]
    late: bool = False
    edits: Told | None = None
    """The message that is changed to say this, instead of a new one."""
    answers: Told | None = None
    """The message that told the episode first: this one refers to it."""

    def __post_init__(self) -> None:
        """Reject a letter that says nothing."""
        if not self.contents or not self.ids:
            raise ValueError(f"expected ids and contents, found {len(self.ids)} and {len(self.contents)}")

    @property
    def words(self) -> tuple[Content, ...]:
        """Return what is shown of the contents: of each episode the last only, and whatever has no episode."""
        return last_words(self.contents)

    @property
    def number(self) -> int:
        """Return the number by which a person can ask about the message: an edit does not change it."""
        return self.ids[0] if self.edits is None else self.edits.number

    @property
    def severity(self) -> Severity:
        """Return how loudly to tell it: as its most urgent content, and an edit calls nobody."""
        if self.edits is not None:
            return Severity.INFO
        return min((content.severity for content in self.contents), key=PRIORITY.__getitem__)


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
    """Never."""

    why: str
    chat_lost: bool
    """Whether nothing can be told there any more: the chat is gone or the bot is not welcome.

    Otherwise it is only this message that the platform does not take.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The chat lives elsewhere now; the same letter goes there."""

    to: Destination


Delivery = Delivered | Deferred | Refused | Moved
