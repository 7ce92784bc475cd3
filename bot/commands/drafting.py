"""Lines to rules: what the grammar read, checked against the market, the venues and the metrics."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

from bot.commands.clauses import spans_market
from bot.commands.context import Context
from bot.commands.errors import UsageError
from bot.commands.grammar import ALL, ANY, Clauses, parse_clauses
from bot.commands.levels import TypedLevel
from bot.commands.names import find_base, find_metric, find_venue
from bot.commands.usual import EVEN, directions, usual_clear, usual_timing, usual_window
from bot.messages import numbers
from monitors.alerts.rules import Direction, Level, Rule, Selector, Severity, Timing
from monitors.liquidation import NO_FEED
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.baseline import NEEDED, SPIKE_RATIO, SPIKE_Z
from monitors.metrics.liquidations.readings import DOMINANCE, LIQUIDATION_SPIKE
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import Metric, Scope, Source, metric
from monitors.metrics.venues import FUNDING_OI, SPREAD

EXAMPLE = "funding BTC above 0.05%/8h on bybit for 2m every 4h"
EXAMPLE_OF_LIQUIDATIONS = "liquidations BTC long above $10M window 1h"

_SAMPLED = timedelta(hours=3)
"""What a baseline samples of each day: this hour and its two neighbours."""

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
    clauses = parse_clauses(rest, watched)
    margin = clauses.margin or Margin.LINEAR
    base = None if coin.lower() == ANY else base_of(coin, watched, margin, board)
    return redraft(blank(watched, base, margin, context), clauses, context)


def blank(watched: Metric, base: str | None, margin: Margin, context: Context) -> Rule:
    """Return a rule of this chat without a level."""
    return Rule(
        id=0,
        destination=context.destination,
        metric=watched.name,
        selector=Selector(base=base, margin=margin, window=usual_window(watched)),
        level=None,
        timing=usual_timing(watched),
    )


def redraft(rule: Rule, clauses: Clauses, context: Context) -> Draft:
    """Change what the clauses speak of and keep the rest; a new level brings its own clear level.

    Raises:
        UsageError: the changes make no sense together.
    """
    watched, venue = _scope(rule, clauses.venue, context)
    if clauses.fire is not None:
        check_level(watched, clauses.fire)
    level = _level(watched, rule.level, clauses)
    if level is None and watched.has_level:
        sides = " or ".join(directions(watched))
        raise UsageError(f"Expected {sides} and a level, such as: above {watched.default_level}")
    changed = replace(
        rule,
        metric=watched.name,
        selector=_selector(rule.selector, venue, clauses),
        level=level,
        timing=_timing(rule.timing, clauses),
        severity=_severity(rule, clauses),
        once=_or(clauses.once, rule.once and not clauses.forever),
        until=_until(clauses, context.now) or (None if clauses.forever else rule.until),
    )
    return Draft(
        rule=changed, remarks=(*_remarks(level, clauses), *_stand_in(changed.selector, watched, clauses))
    )


def _or(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value


def base_of(text: str, watched: Metric, margin: Margin, board: Board) -> str:
    """Return the base that a text names, or `MARKET` where the metric can span it.

    Raises:
        UsageError: it names none that the metric can be of.
    """
    if text.lower() == MARKET:
        if not spans_market(watched):
            raise UsageError(
                f"Expected a base or any: {watched.title} is not known of the market as a whole."
            )
        return MARKET
    base = find_base(text, board)
    if watched.source is Source.LIQUIDATIONS:
        return base
    if board.bases(margin) and base not in board.bases(margin):
        other = "linear" if margin is Margin.INVERSE else "inverse"
        raise UsageError(f"Expected a base with {margin} perpetuals, but {base} is only {other} here.")
    return base


def _selector(before: Selector, venue: str | None, clauses: Clauses) -> Selector:
    return replace(
        before,
        venue=venue,
        margin=_or(clauses.margin, before.margin),
        side=None if clauses.both else _or(clauses.side, before.side),
        window=_or(clauses.window, before.window),
    )


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
    if where == ANY and watched.scope is Scope.TOTAL:
        raise UsageError(f"Expected one venue, or all for their sum: {watched.name} is a total.")
    if where in {ANY, ALL}:
        return watched, None
    if watched.scope is Scope.ALL_VENUES:
        raise UsageError(f"Expected no venue: the {watched.title} spans all of them; found {typed!r}.")
    venue = find_venue(typed, context.venues)
    if watched.source is Source.LIQUIDATIONS and venue in NO_FEED:
        raise UsageError(f"Expected a venue that publishes its liquidations, but {venue} does not.")
    return watched, venue


def check_level(watched: Metric, fire: TypedLevel) -> None:
    """Accept a level that a metric can pass.

    Raises:
        UsageError: it never can, or nothing less than it is news.
    """
    if watched.name == SPREAD and fire.value < 0:
        raise UsageError(f"Expected a positive level: a spread is never negative; found {fire.typed!r}.")
    if watched.name == DOMINANCE and fire.value <= EVEN:
        raise UsageError(
            f"Expected more than {numbers.share(EVEN)}: the larger side always has that; found {fire.typed!r}."
        )
    if watched.name == LIQUIDATION_SPIKE and fire.value < SPIKE_Z:
        raise UsageError(
            f"Expected a z of at least {SPIKE_Z:g}: below it, under {SPIKE_RATIO:g} times the usual or of too few "
            f"dollars, nothing is a spike; found {fire.typed!r}."
        )


def _level(watched: Metric, before: Level | None, clauses: Clauses) -> Level | None:
    if clauses.fire is None or clauses.direction is None:
        if clauses.clear is None or before is None:
            return before
        return replace(before, clear_at=_clear(before.direction, before.fire_at, clauses.clear, before.typed))
    direction, fire = clauses.direction, clauses.fire
    clear_at = usual_clear(watched, direction, fire.value)
    if clauses.clear is not None:
        clear_at = _clear(direction, fire.value, clauses.clear, fire.typed)
    return Level(direction=direction, fire_at=fire.value, clear_at=clear_at, typed=fire.typed)


def _clear(direction: Direction, fire_at: float, clear: TypedLevel, typed: str) -> float:
    if direction.sign * clear.value > direction.sign * fire_at:
        side = "below" if direction is Direction.ABOVE else "above"
        raise UsageError(f"Expected a clear level {side} the level {typed!r}, found {clear.typed!r}.")
    return clear.value


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


def _stand_in(selector: Selector, watched: Metric, clauses: Clauses) -> Iterator[str]:
    """Yield what is judged while a spike's window has too few samples, for a level or a window that is new."""
    is_new = clauses.fire is not None or clauses.window is not None
    if watched.name != LIQUIDATION_SPIKE or selector.window is None or not is_new:
        return
    needed = numbers.duration(timedelta(days=ceil(NEEDED / (_SAMPLED / selector.window.length))))
    yield (
        f"Until a coin has a baseline, about {needed} of listening for a window of {selector.window}, "
        "absolute levels stand in for its usual."
    )
