"""The states of a rule on one series, and evaluate(): the whole life of an alert. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from monitors.alerts.rules import Level, Timing
from monitors.metrics.reading import Series

SHOW_STEP = 1.1
"""A told episode that grew to this multiple of what its message shows has the message changed, without ringing."""
SHOW_GAP = timedelta(seconds=15)
"""The least time between two such changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The level is passed but has not held long enough."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """The first alert was told; the episode goes on."""

    since: datetime
    told_at: datetime
    told_value: float
    peak: float
    shown_at: datetime
    shown_value: float
    """What the message shows, which may have been changed since it was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovering:
    """The value is clear, but not yet for long enough to say so."""

    firing: Firing
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """Resolved a short while ago: the same rule stays silent until then, unless the step is reached."""

    until: datetime
    told_value: float


RuleState = Pending | Firing | Recovering | Cooling
"""What a rule is about on one series; None stands for the quiet rest."""


class Reason(StrEnum):
    """Why one is told."""

    FIRST = "first"
    ESCALATED = "escalated"
    GREW = "grew"
    """Too little for a ring: only the message that was told is changed."""
    REPEAT = "repeat"
    RESOLVED = "resolved"
    EVENT = "event"
    AFTERMATH = "aftermath"
    """What came of an episode that is over."""
    UNWATCHED = "unwatched"
    """Its rule was changed, paused or removed: only the message that was told is changed, and how it ends is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a rule on a series: its next state, and what to tell, if anything."""

    state: RuleState | None
    reason: Reason | None = None
    firing: Firing | None = None
    """The episode to tell about, when there is a reason."""


def evaluate(level: Level, timing: Timing, state: RuleState | None, value: float, now: datetime) -> Verdict:
    """Judge one value of one series by one rule.

    Deterministic: the same calls in the same order give the same verdicts. FIRST and RESOLVED alternate.
    """
    match state:
        case None:
            return _from_rest(level, timing, value, now)
        case Pending():
            return _from_pending(level, timing, state, value, now)
        case Firing():
            return _from_firing(level, timing, state, value, now)
        case Recovering():
            return _from_recovering(level, timing, state, value, now)
        case Cooling():
            return _from_cooling(level, timing, state, value, now)
        case _:
            assert_never(state)


def step_level(level: Level, timing: Timing, told_value: float) -> float:
    """Return the value at which a told episode escalates; grows with the larger of what was told and the level.

    Where both are 0 there is nothing to grow by: it is infinite then.
    """
    return _grown(level, told_value, timing.step)


def show_level(level: Level, state: Firing) -> float:
    """Return the value at which the message of a told episode is changed to show how it grew.

    Infinite where the level and what is shown are both 0.
    """
    return _grown(level, state.shown_value, SHOW_STEP)


def due_at(level: Level, timing: Timing, state: RuleState, value: float) -> datetime | None:
    """Return when a state must be judged again even if the value stays; None if only a new value can change it."""
    match state:
        case Pending(since=since):
            return since + timing.pending_for
        case Recovering(since=since):
            return since + timing.keep_firing_for
        case Cooling(until=until):
            return until
        case Firing():
            times = [state.told_at + timing.repeat_every] if timing.repeat_every else []
            if _reaches(level, value, step_level(level, timing, state.told_value)):
                times.append(state.told_at + timing.step_gap)
            if _reaches(level, value, show_level(level, state)):
                times.append(state.shown_at + SHOW_GAP)
            return min(times, default=None)
        case _:
            assert_never(state)


def quiet_range(level: Level, timing: Timing, state: RuleState) -> tuple[float, float]:
    """Return the open range (low, high) of values that cannot change a state before it is due."""
    calm, trouble = -float("inf"), float("inf")
    sign = level.direction.sign
    match state:
        case Pending():
            calm = sign * level.fire_at
        case Firing(peak=peak):
            news = (peak, step_level(level, timing, state.told_value), show_level(level, state))
            calm, trouble = sign * level.clear_at, min(sign * value for value in news)
        case Recovering():
            trouble = sign * level.clear_at
        case Cooling(told_value=told):
            trouble = sign * step_level(level, timing, told)
        case _:
            assert_never(state)
    return (calm, trouble) if sign > 0 else (-trouble, -calm)


def after_gap(state: RuleState, gap: timedelta) -> RuleState:
    """Carry a state over a gap in the data: time without data counts neither as trouble nor as calm."""
    match state:
        case Pending(since=since):
            return Pending(since=since + gap)
        case Recovering():
            return replace(state, since=state.since + gap)
        case Firing() | Cooling():
            return state
        case _:
            assert_never(state)


def _grown(level: Level, value: float, step: float) -> float:
    growth = (step - 1) * max(abs(value), abs(level.fire_at)) or float("inf")
    return value + level.direction.sign * growth


def _reaches(level: Level, value: float, bound: float) -> bool:
    sign = level.direction.sign
    return sign * value >= sign * bound


def _from_rest(level: Level, timing: Timing, value: float, now: datetime) -> Verdict:
    if not _reaches(level, value, level.fire_at):
        return Verdict(state=None)
    if timing.pending_for:
        return Verdict(state=Pending(since=now))
    return _fire(value, now, since=now)


def _fire(value: float, now: datetime, *, since: datetime) -> Verdict:
    firing = Firing(since=since, told_at=now, told_value=value, peak=value, shown_at=now, shown_value=value)
    return Verdict(state=firing, reason=Reason.FIRST, firing=firing)


def _from_pending(level: Level, timing: Timing, state: Pending, value: float, now: datetime) -> Verdict:
    if not _reaches(level, value, level.fire_at):
        return Verdict(state=None)
    if now - state.since < timing.pending_for:
        return Verdict(state=state)
    return _fire(value, now, since=state.since)


def _from_firing(level: Level, timing: Timing, state: Firing, value: float, now: datetime) -> Verdict:
    if _reaches(level, value, state.peak):
        state = replace(state, peak=value)
    told = replace(state, told_at=now, told_value=value, shown_at=now, shown_value=value)
    waited = now - state.told_at
    if _reaches(level, value, step_level(level, timing, state.told_value)) and waited >= timing.step_gap:
        return Verdict(state=told, reason=Reason.ESCALATED, firing=told)
    if not _reaches(level, value, level.clear_at):
        return _recover(timing, Recovering(firing=state, since=now), now)
    if timing.repeat_every and waited >= timing.repeat_every:
        return Verdict(state=told, reason=Reason.REPEAT, firing=told)
    if _reaches(level, value, show_level(level, state)) and now - state.shown_at >= SHOW_GAP:
        shown = replace(state, shown_at=now, shown_value=value)
        return Verdict(state=shown, reason=Reason.GREW, firing=shown)
    return Verdict(state=state)


def _from_recovering(level: Level, timing: Timing, state: Recovering, value: float, now: datetime) -> Verdict:
    if _reaches(level, value, level.clear_at):
        return _from_firing(level, timing, state.firing, value, now)
    return _recover(timing, state, now)


def _recover(timing: Timing, state: Recovering, now: datetime) -> Verdict:
    if now - state.since < timing.keep_firing_for:
        return Verdict(state=state)
    until = state.firing.told_at + timing.cooldown
    cooling = Cooling(until=until, told_value=state.firing.told_value) if until > now else None
    return Verdict(state=cooling, reason=Reason.RESOLVED, firing=state.firing)


def _from_cooling(level: Level, timing: Timing, state: Cooling, value: float, now: datetime) -> Verdict:
    if now >= state.until:
        return _from_rest(level, timing, value, now)
    if _reaches(level, value, step_level(level, timing, state.told_value)):
        return _fire(value, now, since=now)
    return Verdict(state=state)


RuleKey = tuple[int, Series]
"""A rule state belongs to a rule and one series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What goes on between a first alert and its resolve."""

    rule: int
    series: Series
    since: datetime

    @property
    def key(self) -> str:
        """Return what every alert of the episode has in common."""
        metric, base, margin, venue, symbol, *cut = self.series
        named = [part for part in cut if part is not None]
        return "/".join(
            [str(self.rule), metric, base, margin, venue, symbol, *named, f"{self.since.timestamp():.0f}"]
        )
