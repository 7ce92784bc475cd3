"""Lines to rules: what the grammar read, checked against the market, the venues and the metrics."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bot.commands.context import Context
from bot.commands.errors import UsageError
from bot.commands.grammar import ALL, ANY, Clauses, parse_clauses
from bot.commands.levels import TypedLevel
from bot.commands.names import find_base, find_metric, find_venue
from monitors.alerts.rules import Direction, Level, Rule, Selector, Severity, Timing, default_clear
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.instruments import FUNDING
from monitors.metrics.registry import Metric, Scope, metric
from monitors.metrics.venues import FUNDING_OI, SPREAD

EXAMPLE = "funding BTC above 0.05%/8h on bybit for 2m every 4h"

_EVENT_CLAUSES = ("on", "inverse", "cooldown", "severity", "once", "until")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule not yet kept, and what its author should know about it."""

    rule: Rule
    remarks: tuple[str, ...] = ()


def draft(line: str, context: Context, board: Board) -> Draft:
    """Read a whole line as a new rule of this chat; its id is still 0.

    Raises:
        UsageError: something in it could not be understood.
    """
    name, coin, rest = [*line.split(maxsplit=2), "", "", ""][:3]
    if not name:
        raise UsageError(f"Expected a metric, a base and a level, such as: {EXAMPLE}")
    watched = find_metric(name)
    if not coin:
        raise UsageError(f"Expected a base or any after {watched.name!r}, found the end of the line.")
    clauses = parse_clauses(rest)
    margin = clauses.margin or Margin.LINEAR
    base = None if coin.lower() == ANY else _base(coin, margin, board)
    return redraft(blank(watched, base, margin, context), clauses, context)


def blank(watched: Metric, base: str | None, margin: Margin, context: Context) -> Rule:
    """Return a rule of this chat without a level."""
    return Rule(
        id=0,
        destination=context.destination,
        metric=watched.name,
        selector=Selector(base=base, margin=margin),
        level=None,
    )


def redraft(rule: Rule, clauses: Clauses, context: Context) -> Draft:
    """Change what the clauses speak of and keep the rest; a new level brings its own clear level.

    Raises:
        UsageError: the changes make no sense together.
    """
    watched, venue = _scope(rule, clauses.venue, context)
    _refuse_senseless(watched, clauses)
    level = _level(rule.level, clauses)
    if level is None and not watched.is_event:
        raise UsageError(f"Expected above or below and a level, such as: above {watched.default_level}")
    changed = replace(
        rule,
        metric=watched.name,
        selector=replace(rule.selector, venue=venue, margin=_or(clauses.margin, rule.selector.margin)),
        level=level,
        timing=_timing(rule.timing, clauses),
        severity=_severity(rule, clauses),
        once=_or(clauses.once, rule.once and not clauses.forever),
        until=_until(clauses, context.now) or (None if clauses.forever else rule.until),
    )
    return Draft(rule=changed, remarks=tuple(_remarks(level, clauses)))


def _or(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value


def _base(text: str, margin: Margin, board: Board) -> str:
    base = find_base(text, board)
    if board.bases(margin) and base not in board.bases(margin):
        other = "linear" if margin is Margin.INVERSE else "inverse"
        raise UsageError(f"Expected a base with {margin} perpetuals, but {base} is only {other} here.")
    return base


def _scope(rule: Rule, typed: str | None, context: Context) -> tuple[Metric, str | None]:
    """Return the metric and the venue: `funding` on all venues is the weighted rate, and back."""
    watched = metric(rule.metric)
    where = None if typed is None else typed.lower()
    if watched.name == FUNDING and where == ALL:
        return metric(FUNDING_OI), None
    if watched.name == FUNDING_OI and where not in {None, ALL}:
        watched = metric(FUNDING)
    if typed is None:
        return watched, rule.selector.venue
    if where in {ANY, ALL}:
        return watched, None
    if watched.scope is Scope.ALL_VENUES:
        raise UsageError(f"Expected no venue: the {watched.title} spans all of them; found {typed!r}.")
    return watched, find_venue(typed, context.venues)


def _refuse_senseless(watched: Metric, clauses: Clauses) -> None:
    patience = (clauses.pending_for, clauses.keep_firing_for, clauses.repeat_every, clauses.step)
    leveled = clauses.fire or clauses.clear or any(value is not None for value in patience)
    if watched.is_event and leveled:
        raise UsageError(
            f"Expected no level and no waits: {watched.name} rings at every change. "
            f"It takes {', '.join(_EVENT_CLAUSES)}."
        )
    if watched.name == SPREAD and clauses.fire and clauses.fire.hourly < 0:
        raise UsageError(
            f"Expected a positive level: a spread is never negative; found {clauses.fire.typed!r}."
        )


def _level(before: Level | None, clauses: Clauses) -> Level | None:
    if clauses.fire is None or clauses.direction is None:
        if clauses.clear is None or before is None:
            return before
        return _checked(before.direction, before.fire_at, clauses.clear, before.typed)
    return _checked(clauses.direction, clauses.fire.hourly, clauses.clear, clauses.fire.typed)


def _checked(direction: Direction, fire_at: float, clear: TypedLevel | None, typed: str) -> Level:
    clear_at = default_clear(direction, fire_at) if clear is None else clear.hourly
    if clear is not None and direction.sign * clear_at > direction.sign * fire_at:
        side = "below" if direction is Direction.ABOVE else "above"
        raise UsageError(f"Expected a clear level {side} the level {typed!r}, found {clear.typed!r}.")
    return Level(direction=direction, fire_at=fire_at, clear_at=clear_at, typed=typed)


def _timing(before: Timing, clauses: Clauses) -> Timing:
    return replace(
        before,
        pending_for=_or(clauses.pending_for, before.pending_for),
        keep_firing_for=_or(clauses.keep_firing_for, before.keep_firing_for),
        repeat_every=_or(clauses.repeat_every, before.repeat_every),
        cooldown=_or(clauses.cooldown, before.cooldown),
        step=_or(clauses.step, before.step),
    )


def _severity(rule: Rule, clauses: Clauses) -> Severity:
    return _or(clauses.severity, rule.severity)


def _until(clauses: Clauses, now: datetime) -> datetime | None:
    if clauses.until is not None and clauses.until <= now:
        raise UsageError(f"Expected a date in the future, found {clauses.until:%Y-%m-%d %H:%M} UTC.")
    return clauses.until


def _remarks(level: Level | None, clauses: Clauses) -> list[str]:
    remarks = [
        f"{typed.typed!r} was read as {typed.typed} {typed.assumed}."
        for typed in (clauses.fire, clauses.clear)
        if typed is not None and typed.assumed
    ]
    if level is not None and clauses.fire is not None and level.direction.sign * level.fire_at < 0:
        side = "every negative" if level.direction is Direction.BELOW else "every positive"
        remarks.append(f"Mind the sign: {level.direction} {level.typed} holds for {side} rate too.")
    return remarks
