"""Rules in plain words: what rings, when, how often, and until when."""

from datetime import datetime, timedelta

from bot.commands.grammar import ANY
from bot.messages import numbers, wording
from bot.messages.document import Cell, Moment
from monitors.alerts.rules import Level, Rule, Severity, Timing, default_clear
from monitors.market import Margin
from monitors.metrics.registry import Scope, metric


def line_of(rule: Rule) -> str:
    """Return the rule as one can type it behind `/alert add`, without what goes without saying."""
    selector = rule.selector
    parts = [rule.metric, selector.base or ANY]
    parts += [f"{rule.level.direction} {rule.level.typed}"] if rule.level else []
    parts += [f"on {selector.venue}"] if selector.venue else []
    return " ".join(filter(None, [*parts, more_clauses(rule)]))


def more_clauses(rule: Rule) -> str:
    """Return the clauses behind the level and the venue, without what goes without saying."""
    parts = [rule.selector.margin.value] if rule.selector.margin is not Margin.LINEAR else []
    parts += _timing_clauses(rule.timing)
    parts += _clear_clause(rule.level) if rule.level else []
    parts += [f"severity {rule.severity}"] if rule.severity is not Severity.WARNING else []
    parts += ["once"] if rule.once else []
    parts += [f"until {rule.until:%Y-%m-%d %H:%M}"] if rule.until else []
    return " ".join(parts)


def _timing_clauses(timing: Timing) -> list[str]:
    usual = Timing()
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


def _clear_clause(level: Level) -> list[str]:
    if level.clear_at == default_clear(level.direction, level.fire_at):
        return []
    return [f"clear {100 * level.clear_at:.12f}".rstrip("0").rstrip(".") + "%/h"]


def sentence(rule: Rule) -> str:
    """Return what the rule watches, in a sentence without its timing."""
    watched, selector = metric(rule.metric), rule.selector
    base = "any base" if selector.base is None else selector.base
    where = "over all venues"
    if watched.scope is Scope.INSTRUMENT:
        where = f"on {selector.venue or 'any venue'}"
    subject = f"{watched.title} of {wording.coin(base, selector.margin)} {where}"
    if rule.level is None:
        return f"{subject}, at every change"
    return f"{subject} {rule.level.direction} {numbers.level(rule.level.fire_at)}"


def particulars(rule: Rule) -> tuple[tuple[str, Cell], ...]:
    """Return everything else a rule's author may want to check."""
    rows: list[tuple[str, Cell]] = []
    if rule.level is not None:
        rows = _patience(rule.timing)
        rows.insert(1, ("clears at", numbers.level(rule.level.clear_at)))
    if rule.timing.cooldown:
        rows.append(
            ("quiet for", f"{numbers.duration(rule.timing.cooldown)} after an alert, before a new one")
        )
    rows.append(("severity", rule.severity.value))
    if rule.once or rule.until:
        rows.append(("ends", _end(rule)))
    if rule.preset:
        rows.append(("preset", rule.preset))
    return tuple(rows)


def _patience(timing: Timing) -> list[tuple[str, Cell]]:
    hold = f"once it has held for {numbers.duration(timing.pending_for)}" if timing.pending_for else "at once"
    rows: list[tuple[str, Cell]] = [("rings", hold)]
    if timing.keep_firing_for:
        rows.append(("resolves", f"after {numbers.duration(timing.keep_firing_for)} clear of that"))
    every = f"every {numbers.duration(timing.repeat_every)} while it lasts"
    rows.append(("repeats", every if timing.repeat_every else "never"))
    share = f"{100 * (timing.step - 1):.4g}"
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
