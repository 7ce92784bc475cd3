"""The one-line language of rules: `funding BTC above 0.05%/8h on bybit for 2m every 4h`, clauses in any order."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.commands.errors import UsageError
from bot.commands.levels import EXAMPLES, LEVEL_PATTERN, TypedLevel, level_of, parse_duration
from bot.commands.suggest import closest
from monitors.alerts.rules import NEVER, Direction, Severity
from monitors.market import Margin

ANY = "any"
ALL = "all"
LARGEST_STEP = 1000.0

_DIRECTIONS = frozenset(direction.value for direction in Direction)
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


def parse_clauses(text: str) -> Clauses:
    """Read a line's clauses, everything behind its metric and base.

    Raises:
        UsageError: a word is no clause, a clause lacks its value or is said twice.
    """
    clauses, rest, said = Clauses(), text, set[str]()
    while match := _WORD.match(rest):
        keyword = match[1].lower()
        read = _CLAUSES.get(keyword)
        if read is None:
            raise _no_clause(match[1])
        topic = "level" if keyword in _DIRECTIONS else keyword
        if topic in said:
            raise UsageError(f"Expected each clause once, found a second {keyword!r}.")
        said.add(topic)
        clauses, rest = read(clauses, rest[match.end() :])
    return clauses


def keywords() -> tuple[str, ...]:
    """Return the words that begin a clause."""
    return tuple(_CLAUSES)


def _no_clause(word: str) -> UsageError:
    expected = f"Expected one of {', '.join(_CLAUSES)}, found {word!r}."
    return UsageError(expected, closest(word, _CLAUSES))


def _next_word(rest: str, after: str, example: str) -> tuple[str, str]:
    match = _WORD.match(rest)
    if match is None:
        raise UsageError(f"Expected {example} after {after!r}, found the end of the line.")
    return match[1], rest[match.end() :]


def _level(rest: str, after: str) -> tuple[TypedLevel, str]:
    text = rest.lstrip()
    match = LEVEL_PATTERN.match(text)
    if match is None:
        found = text.split(maxsplit=1)[0] if text else "the end of the line"
        raise UsageError(f"Expected a level such as {EXAMPLES} after {after!r}, found {found!r}.")
    return level_of(match), text[match.end() :]


def _fire(direction: Direction) -> Callable[[Clauses, str], Read]:
    def read(clauses: Clauses, rest: str) -> Read:
        fire, rest = _level(rest, direction.value)
        return replace(clauses, direction=direction, fire=fire), rest

    return read


def _clear(clauses: Clauses, rest: str) -> Read:
    clear, rest = _level(rest, "clear")
    return replace(clauses, clear=clear), rest


def _on(clauses: Clauses, rest: str) -> Read:
    venue, rest = _next_word(rest, "on", "a venue, any or all")
    return replace(clauses, venue=venue), rest


def _margin(margin: Margin) -> Callable[[Clauses, str], Read]:
    return lambda clauses, rest: (replace(clauses, margin=margin), rest)


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


_CLAUSES: dict[str, Callable[[Clauses, str], Read]] = {
    "above": _fire(Direction.ABOVE),
    "below": _fire(Direction.BELOW),
    "on": _on,
    "linear": _margin(Margin.LINEAR),
    "inverse": _margin(Margin.INVERSE),
    "for": _for,
    "keep": _keep,
    "every": _every,
    "step": _step,
    "clear": _clear,
    "cooldown": _cooldown,
    "severity": _severity,
    "once": _once,
    "until": _until,
    "forever": _forever,
}
