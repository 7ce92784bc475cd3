"""What goes without saying in a rule, metric by metric: its waits, where it clears, and the levels worth offering."""

from dataclasses import replace
from datetime import timedelta

from bot.commands.levels import parse_level, typed_level
from monitors.alerts.rules import NEVER, Direction, Rule, Timing, default_clear
from monitors.liquidation import Window
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
)
from monitors.metrics.liquidations.severity import LADDER, OPEN_INTEREST_LEVELS, scale_of
from monitors.metrics.registry import Metric, Source, Unit, metric
from monitors.metrics.venues import SPREAD

EVEN = 0.5
"""The larger side's share is never less."""

RATES = ("0.03%/8h", "0.06%/8h", "0.1%/8h", "0.2%/8h")
"""Usual rates, in words without a space."""

_COOLDOWN = timedelta(minutes=30)
"""Forced closes come in waves: a second one within half an hour is the same news."""
_SCORE_BACK = 0.5
_LEVELS = {
    SINGLE_LIQUIDATION: ("$250K", "$1M", "$5M", "$10M"),
    CASCADE: ("$2M", "$10M", "$50M"),
    LIQUIDATION_SPIKE: ("3.5", "5", "8"),
    DOMINANCE: ("65%", "80%", "90%"),
    LIQUIDATIONS_TO_OI: tuple(typed_level(share, Unit.SHARE) for share in OPEN_INTEREST_LEVELS),
}
_STEPS_OFFERED = 4
_OF_DEFAULT = (0.5, 1.0, 2.0)


def usual_timing(watched: Metric) -> Timing:
    """Return how patient a rule is unless it says otherwise."""
    timing = replace(Timing(), step=watched.step, step_gap=watched.step_gap)
    if watched.name == CASCADE:  # each is its own event, and over only after a while of quiet
        return replace(timing, repeat_every=NEVER, cooldown=NEVER)
    if watched.source is Source.LIQUIDATIONS and not watched.is_event:
        return replace(timing, cooldown=_COOLDOWN)
    return timing


def usual_window(watched: Metric) -> Window | None:
    """Return the window of a rule that names none."""
    return watched.windows[0] if watched.windows else None


def usual_clear(watched: Metric, direction: Direction, fire_at: float) -> float:
    """Return where a rule clears unless it says otherwise: at 80 % of its level, whatever its sign.

    A z clears half a point back, and the share of one side half of the way back to an even division.
    """
    if watched.unit is Unit.SCORE:
        return fire_at - direction.sign * _SCORE_BACK
    if watched.name == DOMINANCE:
        return (fire_at + EVEN) / 2
    return default_clear(direction, fire_at)


def usual_levels(watched: Metric, direction: Direction, base: str, window: Window | None) -> tuple[str, ...]:
    """Return levels worth offering, as typed; totals by how grave they are for that base in that window."""
    if watched.name == LIQUIDATIONS:
        steps = LADDER[window or watched.windows[0]][:_STEPS_OFFERED]
        return tuple(typed_level(scale_of(base) * step, Unit.USD) for step in steps)
    if watched.name in _LEVELS:
        return _LEVELS[watched.name]
    usual = parse_level(watched.default_level, watched.unit).value
    return tuple(typed_level(direction.sign * factor * usual, watched.unit) for factor in _OF_DEFAULT)


def offered_levels(
    watched: Metric, direction: Direction, base: str = "", window: Window | None = None
) -> tuple[str, ...]:
    """Return usual levels in words without a space, of any base where none is named.

    There are none on a side that a rule cannot be on.
    """
    if not watched.has_level or direction not in directions(watched):
        return ()
    if watched.unit is Unit.RATE:
        return tuple(f"{'-' if direction is Direction.BELOW else ''}{level}" for level in RATES)
    return usual_levels(watched, direction, base, window or usual_window(watched))


def levels_for(rule: Rule) -> tuple[str, ...]:
    """Return usual levels of a rule's base and window on its side, in words without a space."""
    if rule.level is None:
        return ()
    selector = rule.selector
    return offered_levels(metric(rule.metric), rule.level.direction, selector.base or "", selector.window)


def directions(watched: Metric) -> tuple[Direction, ...]:
    """Return the sides of a level that a rule can be on: nothing falls below a spread or a total worth a ring."""
    upwards = watched.name == SPREAD or watched.source is Source.LIQUIDATIONS
    return (Direction.ABOVE,) if upwards else tuple(Direction)
