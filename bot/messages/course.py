"""What an alert is held against, how it went so far, and what comes next."""

from collections.abc import Sequence
from math import isfinite

from bot.messages import flush_words, numbers
from bot.messages.document import Cell, Moment, Rate
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Direction, Level
from monitors.alerts.states import Reason, step_level
from monitors.metrics.liquidations.readings import CASCADE, DOMINANCE
from monitors.metrics.registry import Unit, metric

Rows = tuple[tuple[str, Cell], ...]

_RINGS = {Reason.FIRST, Reason.REPEAT, Reason.ESCALATED}
"""What resets the waits: a message that was only changed in place does not."""
_ENDS = {Reason.RESOLVED: "resolved", Reason.AFTERMATH: "told", Reason.UNWATCHED: "last judged"}


def course(alert: Alert) -> Rows:
    """Return an alert's level, its episode and what ends, repeats or escalates it."""
    level = alert.rule.level
    if metric(alert.series.metric).is_event or level is None:
        rings = (
            "at every change" if level is None else f"at every one {level.direction} {_level(level, alert)}"
        )
        return (("rings", rings), ("judged at", Moment(alert.at)))
    lasted = numbers.duration(alert.at - alert.since)
    is_cascade = alert.series.metric == CASCADE
    clears: Rows = () if is_cascade else (("clears at", _amount(level.clear_at, alert)),)
    rows: Rows = (
        ("level", f"{level.direction} {_level(level, alert)}"),
        *clears,
        ("since", f"{numbers.moment(alert.since)}, for {lasted}"),
        ("peak", _peak(alert)),
    )
    if alert.reason in _ENDS:
        return (*rows, (_ENDS[alert.reason], Moment(alert.at)))
    ends = _CLOSES if is_cascade else _end(alert, level)
    return (*rows, ("resolves", ends), ("repeats", _repeat(alert)), *_escalation(alert, level))


_CLOSES = "when it closes: no print of its side for 2m, 10m while its market is strained, 15m where feeds are not heard"


def _peak(alert: Alert) -> Cell:
    is_rate = metric(alert.series.metric).unit is Unit.RATE
    return Rate(alert.peak) if is_rate else flush_words.amount(alert.peak, alert)


def _level(level: Level, alert: Alert) -> str:
    return _amount(level.fire_at, alert)


def _amount(value: float, alert: Alert) -> str:
    return numbers.level(value, metric(alert.series.metric).unit)


def _end(alert: Alert, level: Level) -> str:
    side = "below" if level.direction is Direction.ABOVE else "above"
    keep = alert.rule.timing.keep_firing_for
    stays = f" and stays there for {numbers.duration(keep)}" if keep else ""
    return f"when it is {side} {_amount(level.clear_at, alert)}{stays}"


def _repeat(alert: Alert) -> str:
    every = alert.rule.timing.repeat_every
    if not every:
        return "never"
    if alert.reason in _RINGS:
        return f"at {numbers.moment(alert.at + every)}, if it lasts"
    return f"every {numbers.duration(every)} while it lasts"


def _escalation(alert: Alert, level: Level) -> Sequence[tuple[str, Cell]]:
    timing, unit = alert.rule.timing, metric(alert.series.metric).unit
    if alert.reason not in _RINGS:
        share = numbers.share(timing.step - 1)
        return [("escalates", f"when it grows by {share} of what was last told")]
    reached = step_level(level, timing, alert.value)
    if not isfinite(reached):  # no multiple of 0 is larger
        return []
    if unit is Unit.SHARE and reached > 1 and alert.series.metric == DOMINANCE:
        return [("escalates", "never: no share is so much larger")]
    at = numbers.rate(reached) if unit is Unit.RATE else _amount(reached, alert)
    no_sooner = numbers.moment(alert.at + timing.step_gap)
    return [("escalates", f"at {at}, not before {no_sooner}")]
