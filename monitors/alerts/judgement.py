"""What judging a batch of readings comes to. Pure values."""

from dataclasses import dataclass, field
from datetime import datetime

from monitors.alerts.rules import Rule
from monitors.alerts.states import Firing, Reason, RuleKey, RuleState
from monitors.metrics.reading import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A rule has something to tell about a series."""

    rule: Rule
    series: Series
    reason: Reason
    value: float
    since: datetime
    peak: float

    @classmethod
    def of(cls, rule: Rule, series: Series, value: float, reason: Reason, firing: Firing) -> "Ring":
        """Ring about an episode."""
        return cls(rule=rule, series=series, reason=reason, value=value, since=firing.since, peak=firing.peak)

    @classmethod
    def event(cls, rule: Rule, series: Series, value: float, now: datetime) -> "Ring":
        """Ring about something that just happened."""
        return cls(rule=rule, series=series, reason=Reason.EVENT, value=value, since=now, peak=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a batch of readings came to."""

    rings: tuple[Ring, ...]
    states: tuple[tuple[RuleKey, RuleState | None], ...]
    retired: tuple[int, ...]


@dataclass(slots=True)
class Round:
    """The outcome of one judgement while it is being made."""

    now: datetime
    rings: list[Ring] = field(default_factory=list)
    states: dict[RuleKey, RuleState | None] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)

    def judgement(self) -> Judgement:
        """Return the outcome."""
        return Judgement(
            rings=tuple(self.rings), states=tuple(self.states.items()), retired=tuple(self.retired)
        )
