"""Rules in plain words: what rings, when, how often, and until when."""

from datetime import datetime, timedelta

from bot.commands.clauses import why_not
from bot.commands.grammar import ANY
from bot.commands.levels import exact_level
from bot.commands.usual import usual_clear, usual_timing, usual_window
from bot.messages import numbers, wording
from bot.messages.document import Cell, Moment
from monitors.alerts.rules import Level, Rule, Selector, Severity, Timing
from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
)
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.registry import Metric, Scope, Source, Unit, metric


def line_of(rule: Rule) -> str:
    """Return the rule as one can type it behind `/alert add`, without what goes without saying."""
    selector = rule.selector
    parts = [rule.metric, selector.base or ANY, selector.side or ""]
    parts += [f"{rule.level.direction} {rule.level.typed}"] if rule.level else []
    parts += [f"on {selector.venue}"] if selector.venue else []
    return " ".join(filter(None, [*parts, *_other_clauses(rule)]))


def more_clauses(rule: Rule) -> str:
    """Return all clauses but the level and the venue, without what goes without saying."""
    return " ".join(filter(None, [rule.selector.side, *_other_clauses(rule)]))


def _other_clauses(rule: Rule) -> list[str]:
    """Return the clauses that differ from the usual and can be typed: an older rule may hold some that cannot."""
    watched, selector = metric(rule.metric), rule.selector
    parts = [selector.margin.value] if selector.margin is not Margin.LINEAR else []
    if selector.window is not None and selector.window is not usual_window(watched):
        parts.append(f"window {selector.window}")
    parts += _timing_clauses(rule.timing, usual_timing(watched))
    parts += _clear_clause(watched, rule.level) if rule.level else []
    parts += [f"severity {rule.severity}"] if rule.severity is not Severity.WARNING else []
    parts += ["once"] if rule.once else []
    parts += [f"until {rule.until:%Y-%m-%d %H:%M}"] if rule.until else []
    return [clause for clause in parts if not why_not(watched, clause.split(" ")[0])]


def _timing_clauses(timing: Timing, usual: Timing) -> list[str]:
    clauses = (
        ("for", timing.pending_for, usual.pending_for),
        ("keep", timing.keep_firing_for, usual.keep_firing_for),
        ("every", timing.repeat_every, usual.repeat_every),
        ("cooldown", timing.cooldown, usual.cooldown),
    )
    said = [f"{word} {_typed(length)}" for word, length, default in clauses if length != default]
    said = ["every never" if clause == "every 0s" else clause for clause in said]
    return said + ([f"step {timing.step:g}"] if timing.step != usual.step else [])


def _typed(length: timedelta) -> str:
    """Return every unit of a duration, so that nothing is lost when it is typed back."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count)
    return "".join(parts) or "0s"


def _clear_clause(watched: Metric, level: Level) -> list[str]:
    if level.clear_at == usual_clear(watched, level.direction, level.fire_at):
        return []
    return [f"clear {exact_level(level.clear_at, watched.unit)}"]


def sentence(rule: Rule) -> str:
    """Return what the rule watches, in a sentence without its timing."""
    watched = metric(rule.metric)
    if watched.source is Source.LIQUIDATIONS:
        return _of_liquidations(rule, watched)
    base = rule.selector.base or "any base"
    where = _where(rule.selector, watched)
    subject = f"{watched.title} of {wording.coin(base, rule.selector.margin)} {where}"
    if rule.level is None:
        return f"{subject}, at every change"
    return f"{subject} {rule.level.direction} {numbers.level(rule.level.fire_at)}"


def _where(selector: Selector, watched: Metric) -> str:
    if watched.scope is Scope.INSTRUMENT:
        return f"on {selector.venue or 'any venue'}"
    return f"on {selector.venue}" if selector.venue else "over all venues"


def _of_liquidations(rule: Rule, watched: Metric) -> str:
    """Say what is counted: `longs liquidated of BTC over all venues within 1h above $10M`."""
    selector = rule.selector
    base, where = _base_in_words(selector, watched), _where(selector, watched)
    span = f" within {numbers.duration(selector.window.length)}" if selector.window else ""
    at = numbers.level(rule.level.fire_at, watched.unit) if rule.level else ""
    counted = f"{_sides(selector.side)} liquidated of {base} {where}{span}"
    sentences = {
        CASCADE: f"a cascade{f' of {selector.side}s liquidated' if selector.side else ''} of {base} of {at} or more",
        SINGLE_LIQUIDATION: f"one {selector.side or 'position'} of {base} liquidated {where}, of {at} or more",
        DOMINANCE: f"{_part(selector.side)} what was liquidated of {base} {where}{span} above {at}",
        LIQUIDATION_SPIKE: f"{counted} against the usual of this hour of day, {at} or more",
        LIQUIDATIONS_TO_OI: f"{counted} as a share of open interest, above {at}",
    }
    return sentences.get(watched.name, f"{counted} above {at}")


def _base_in_words(selector: Selector, watched: Metric) -> str:
    if selector.base == MARKET:
        return "the whole market"
    if selector.base is not None:
        return selector.base
    return "any base, or of the market," if watched.any_includes_market else "any base"


def _sides(side: PositionSide | None) -> str:
    return "longs and shorts" if side is None else f"{side}s"


def _part(side: PositionSide | None) -> str:
    return "the larger side's share of" if side is None else f"the share of {side}s in"


def particulars(rule: Rule) -> tuple[tuple[str, Cell], ...]:
    """Return everything else a rule's author may want to check."""
    watched = metric(rule.metric)
    rows = _ringing(rule, watched)
    if rule.timing.cooldown and not watched.is_event:
        rows.append(
            ("quiet for", f"{numbers.duration(rule.timing.cooldown)} after an alert, before a new one")
        )
    rows.append(("severity", rule.severity.value))
    if rule.once or rule.until:
        rows.append(("ends", _end(rule)))
    if rule.preset:
        rows.append(("preset", rule.preset))
    return tuple(rows)


def _ringing(rule: Rule, watched: Metric) -> list[tuple[str, Cell]]:
    if rule.level is None:
        return [("rings", "at every change")]
    if watched.is_event:
        return [("rings", "at the largest print of each moment and contract, from that size on")]
    if watched.name == CASCADE:
        return _of_a_cascade(rule.timing)
    rows = _patience(rule.timing, can_grow=_can_grow(watched, rule.level, rule.timing))
    rows.insert(1, ("clears at", numbers.level(rule.level.clear_at, watched.unit)))
    return rows


def _of_a_cascade(timing: Timing) -> list[tuple[str, Cell]]:
    step = timing.step
    multiple = f"{step:.4g}"
    grown = "doubles" if multiple == "2" else f"is {multiple} times what was last told"
    return [
        ("rings", "once, as soon as it is that large; the message then changes as it grows"),
        ("rings again", f"each time it {grown}: {multiple}x, {step**2:.4g}x, …"),
        ("resolves", "when it is over, with its total, duration and price move"),
    ]


def _can_grow(watched: Metric, level: Level, timing: Timing) -> bool:
    """Tell whether a step can be reached: a share ends at the whole."""
    return watched.unit is not Unit.SHARE or timing.step * level.fire_at <= 1


def _patience(timing: Timing, *, can_grow: bool) -> list[tuple[str, Cell]]:
    hold = f"once it has held for {numbers.duration(timing.pending_for)}" if timing.pending_for else "at once"
    rows: list[tuple[str, Cell]] = [("rings", hold)]
    if timing.keep_firing_for:
        rows.append(("resolves", f"after {numbers.duration(timing.keep_firing_for)} clear of that"))
    every = f"every {numbers.duration(timing.repeat_every)} while it lasts"
    rows.append(("repeats", every if timing.repeat_every else "never"))
    share = f"{100 * (timing.step - 1):.4g}"
    if can_grow:
        rows.append(("escalates", f"when it grows by {share} % of what was last told"))
    return rows


def _end(rule: Rule) -> Cell:
    if not rule.until:
        return "after the first episode"
    if rule.once:
        return f"after the first episode, at the latest {numbers.moment(rule.until)}"
    return Moment(rule.until)


def state_of(rule: Rule, firing: int, now: datetime) -> str:
    """Return `firing on 3`, `paused`, `ended` or `quiet`."""
    if rule.paused:
        return "paused"
    if rule.until is not None and rule.until <= now:
        return "ended"
    return f"firing on {firing}" if firing else "quiet"
