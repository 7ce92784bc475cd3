"""The one-line language of rules: `liquidations BTC long above $10M window 1h every 4h`, clauses in any order."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.commands.clauses import SYNONYMS, clauses_of, why_not
from bot.commands.errors import UsageError
from bot.commands.levels import TypedLevel, parse_duration, read_level
from bot.commands.suggest import closest
from monitors.alerts.rules import NEVER, Direction, Severity
from monitors.liquidation import PositionSide, Window
from monitors.market import Margin
from monitors.metrics.registry import Metric, Unit

ANY = "any"
ALL = "all"
LARGEST_STEP = 1000.0

BOTH = "both"

_SIDES = {
    **{side.value: side for side in PositionSide},
    **{f"{side}s": side for side in PositionSide},
    BOTH: None,
}
_TOPICS = {
    **{direction.value: "level" for direction in Direction},
    **dict.fromkeys([*_SIDES, "side"], "side"),
    "in": "window",
}
_WORD = re.compile(r"\s*(\S+)")
_STEP = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?", re.ASCII)
_UNTIL = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}))?(?=\s|$)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """What a line says; None is what it leaves open."""

    direction: Direction | None = None
    fire: TypedLevel | None = None
    clear: TypedLevel | None = None
    venue: str | None = None
    """As typed; may be `any` or `all`."""
    margin: Margin | None = None
    side: PositionSide | None = None
    both: bool = False
    """Both sides: only an edit needs to say so."""
    window: Window | None = None
    pending_for: timedelta | None = None
    keep_firing_for: timedelta | None = None
    repeat_every: timedelta | None = None
    cooldown: timedelta | None = None
    step: float | None = None
    severity: Severity | None = None
    once: bool | None = None
    until: datetime | None = None
    forever: bool = False
    """Neither once nor until: only an edit needs to say so."""


Read = tuple[Clauses, str]
"""The clauses so far, and the text still to be read."""
Reader = Callable[[Clauses, str], Read]
"""Reads the value behind a clause's first word."""


def parse_clauses(text: str, watched: Metric) -> Clauses:
    """Read the clauses of a line about a metric, everything behind its metric and base.

    Raises:
        UsageError: a word is no clause or none of that metric's, a clause lacks its value or is said twice.
    """
    clauses, rest, said = Clauses(), text, set[str]()
    while match := _WORD.match(rest):
        keyword = match[1].lower()
        read = _of_a_metric(watched).get(keyword) or _CLAUSES.get(keyword)
        senseless = why_not(watched, SYNONYMS.get(keyword, keyword))
        if read is None or senseless:
            raise _no_clause(match[1], watched, senseless)
        topic = _TOPICS.get(keyword, keyword)
        if topic in said:
            raise UsageError(f"Expected each clause once, found a second {keyword!r}.")
        said.add(topic)
        clauses, rest = read(clauses, rest[match.end() :])
    return clauses


def _no_clause(word: str, watched: Metric, why: str) -> UsageError:
    known = clauses_of(watched)
    if why:
        return UsageError(f"Expected no {word!r}: {why}. It takes {', '.join(known)}.")
    return UsageError(f"Expected one of {', '.join(known)}, found {word!r}.", closest(word, known))


def _next_word(rest: str, after: str, example: str) -> tuple[str, str]:
    match = _WORD.match(rest)
    if match is None:
        raise UsageError(f"Expected {example} after {after!r}, found the end of the line.")
    return match[1], rest[match.end() :]


def _of_a_metric(watched: Metric) -> dict[str, Reader]:
    """Return the clauses whose values depend on the metric."""
    return {
        **{direction.value: _fire(direction, watched.unit) for direction in Direction},
        "clear": _clear(watched.unit),
        "window": _window(watched),
        "in": _window(watched),
    }


def _fire(direction: Direction, unit: Unit) -> Reader:
    def read(clauses: Clauses, rest: str) -> Read:
        fire, rest = read_level(rest.lstrip(), unit, direction.value)
        return replace(clauses, direction=direction, fire=fire), rest

    return read


def _clear(unit: Unit) -> Reader:
    def read(clauses: Clauses, rest: str) -> Read:
        clear, rest = read_level(rest.lstrip(), unit, "clear")
        return replace(clauses, clear=clear), rest

    return read


def _window(watched: Metric) -> Reader:
    def read(clauses: Clauses, rest: str) -> Read:
        known = [window for window in Window if window in watched.windows]
        word, rest = _next_word(rest, "window", f"one of {', '.join(known)}")
        window = next((one for one in known if one.length == parse_duration(word)), None)
        if window is None:
            raise UsageError(f"Expected a window of {', '.join(known)} for {watched.name}, found {word!r}.")
        return replace(clauses, window=window), rest

    return read


def _on(clauses: Clauses, rest: str) -> Read:
    venue, rest = _next_word(rest, "on", "a venue, any or all")
    return replace(clauses, venue=venue), rest


def _margin(margin: Margin) -> Reader:
    return lambda clauses, rest: (replace(clauses, margin=margin), rest)


def _side(named: str) -> Reader:
    side = _SIDES[named]
    return lambda clauses, rest: (replace(clauses, side=side, both=side is None), rest)


def _named_side(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "side", "long, short or both")
    if word.lower() not in _SIDES:
        raise UsageError(f"Expected long, short or both after 'side', found {word!r}.", closest(word, _SIDES))
    return _side(word.lower())(clauses, rest)


def _for(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "for", "a duration such as 2m")
    return replace(clauses, pending_for=parse_duration(word)), rest


def _keep(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "keep", "a duration such as 5m")
    return replace(clauses, keep_firing_for=parse_duration(word)), rest


def _every(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "every", "a duration such as 4h, or never")
    return replace(clauses, repeat_every=NEVER if word.lower() == "never" else parse_duration(word)), rest


def _cooldown(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "cooldown", "a duration such as 15m")
    return replace(clauses, cooldown=parse_duration(word)), rest


def _step(clauses: Clauses, rest: str) -> Read:
    word, rest = _next_word(rest, "step", "a factor such as 1.5")
    step = float(word) if _STEP.fullmatch(word) else 0.0
    if not 1 < step <= LARGEST_STEP:
        raise UsageError(
            f"Expected a step above 1 and up to {LARGEST_STEP:.0f}, such as 1.5, found {word!r}."
        )
    return replace(clauses, step=step), rest


def _severity(clauses: Clauses, rest: str) -> Read:
    known = [severity.value for severity in Severity]
    word, rest = _next_word(rest, "severity", f"one of {', '.join(known)}")
    if word.lower() not in known:
        raise UsageError(f"Expected one of {', '.join(known)}, found {word!r}.", closest(word, known))
    return replace(clauses, severity=Severity(word.lower())), rest


def _once(clauses: Clauses, rest: str) -> Read:
    return replace(clauses, once=True), rest


def _until(clauses: Clauses, rest: str) -> Read:
    match = _UNTIL.match(rest)
    try:
        until = None if match is None else _end(match)
    except (ValueError, OverflowError):  # a 30th of February, a 25th hour, the end of all years
        until = None
    if match is None or until is None:
        found = rest.strip() or "the end of the line"
        raise UsageError(
            f"Expected a date such as 2026-12-31 or 2026-12-31 14:00 after 'until', found {found!r}."
        )
    return replace(clauses, until=until), rest[match.end() :]


def _end(match: re.Match[str]) -> datetime:
    """Return the moment meant: a day without a time ends when it is over."""
    if match[2]:
        return datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    day = date.fromisoformat(match[1])
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _forever(clauses: Clauses, rest: str) -> Read:
    return replace(clauses, forever=True), rest


_CLAUSES: dict[str, Reader] = {
    **{word: _side(word) for word in _SIDES},
    "side": _named_side,
    "on": _on,
    "linear": _margin(Margin.LINEAR),
    "inverse": _margin(Margin.INVERSE),
    "for": _for,
    "keep": _keep,
    "every": _every,
    "step": _step,
    "cooldown": _cooldown,
    "severity": _severity,
    "once": _once,
    "until": _until,
    "forever": _forever,
}
