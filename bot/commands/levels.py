"""Levels as people type them, kept in the unit of their metric; and durations."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import floor, log10

from bot.commands.errors import UsageError
from bot.messages import numbers
from monitors.market import HOUR, HOURS_PER_YEAR
from monitors.metrics.registry import Unit
from monitors.metrics.sanity import MAX_HOURLY

LONGEST = timedelta(days=30)

EXAMPLES = {
    Unit.RATE: "0.05%/8h, 40% apr, -20% apr or 10bp/8h",
    Unit.HOURS: "none: it has no level",
    Unit.USD: "$5M, 250k, 1.2b or $1,500,000",
    Unit.SHARE: "80% or 0.5%",
    Unit.SCORE: "3.5 or 8",
}
"""Levels of each unit, in words."""

_NUMBER = r"[+-]?(?:[0-9]{1,7}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})"
_AMOUNT = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?:\.[0-9]{1,20})?"
_PATTERNS = {
    Unit.RATE: rf"(?P<number>{_NUMBER})\s*(?P<unit>%|bps?\b)?\s*(?P<year>apr\b)?(?:(?:/\s*|per\s+)(?P<count>[0-9]{{1,3}})?(?P<per>[hd])\b)?",
    Unit.HOURS: r"(?!)",
    Unit.USD: rf"(?P<sign>[+-]?)\$?(?P<number>{_AMOUNT})\s?(?P<scale>k|mn?|bn?)?",
    Unit.SHARE: r"(?P<number>[+-]?[0-9]{1,7}(?:\.[0-9]{1,20})?)\s?(?P<unit>%)?",
    Unit.SCORE: r"(?P<number>[+-]?[0-9]{1,7}(?:\.[0-9]{1,20})?)",
}
_COMPILED = {
    unit: re.compile(rf"{pattern}(?=\s|$)", re.IGNORECASE | re.ASCII) for unit, pattern in _PATTERNS.items()
}
_DURATION = re.compile(
    r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?", re.IGNORECASE | re.ASCII
)
_SMALLEST_YEARLY = 0.001  # in percent: under it a level would be typed with an exponent
_FRACTION = {"%": 100.0, "bp": 10_000.0, "bps": 10_000.0}
_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_LEAST_USD, _MOST_USD = 1.0, 100e9
_MOST_SCORE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLevel:
    """A level in the unit of its metric, rates per hour, and how it was written."""

    value: float
    typed: str
    assumed: str = ""
    """What was taken for granted because the person did not say it, such as `per 8h`."""


def parse_level(text: str, unit: Unit) -> TypedLevel:
    """Read a whole text as a level.

    Raises:
        UsageError: it is none, or beyond what there can be.
    """
    level, rest = read_level(text.strip(), unit)
    if rest:
        raise UsageError(_expected(unit, text.strip()))
    return level


def read_level(text: str, unit: Unit, after: str = "") -> tuple[TypedLevel, str]:
    """Read the level that a text begins with, and return what follows it; `after` names the word before it.

    A percentage of funding without an interval is per 8 hours.

    Raises:
        UsageError: it begins with none, or with one beyond what there can be.
    """
    match = _COMPILED[unit].match(text)
    if match is None:
        found = text.split(maxsplit=1)[0] if after and text else text
        raise UsageError(_expected(unit, found or ("the end of the line" if after else ""), after))
    return _READERS[unit](match), text[match.end() :]


def _expected(unit: Unit, found: str, after: str = "") -> str:
    where = f" after {after!r}" if after else ""
    return f"Expected {_WHAT[unit]} such as {EXAMPLES[unit]}{where}, found {found!r}."


_WHAT = {
    Unit.RATE: "a level",
    Unit.HOURS: "a level",
    Unit.USD: "US dollars",
    Unit.SHARE: "a percentage",
    Unit.SCORE: "a z, how many usual spreads above the usual,",
}


def _read_rate(match: re.Match[str]) -> TypedLevel:
    typed = match[0]
    unit, year, per = (match["unit"] or "").lower(), match["year"], match["per"]
    if not unit and not year:
        raise UsageError(f"Expected a unit after {typed!r}, such as {EXAMPLES[Unit.RATE]}.")
    if year and per:
        raise UsageError(f"Expected either a yearly level or one per interval, found both in {typed!r}.")
    fraction = float(match["number"]) / _FRACTION[unit or "%"]
    hours = float(HOURS_PER_YEAR) if year else _hours(match["count"], per)
    hourly = fraction / hours
    if abs(hourly) > 2 * MAX_HOURLY:  # a spread has two legs, each at most the bound
        raise UsageError(f"Expected a level of at most {200 * MAX_HOURLY:.0f} % an hour, found {typed!r}.")
    return TypedLevel(value=hourly, typed=typed, assumed="" if year or per else "per 8h")


def _read_usd(match: re.Match[str]) -> TypedLevel:
    scale = _SCALES[(match["scale"] or "").lower()[:1]]
    amount = float(Decimal(match["number"].replace(",", "")) * scale)
    if match["sign"] == "-" or not _LEAST_USD <= amount <= _MOST_USD:
        bounds = f"{numbers.usd(_LEAST_USD)} to {numbers.usd(_MOST_USD)}"
        raise UsageError(f"Expected US dollars from {bounds}, found {match[0]!r}.")
    return TypedLevel(value=amount, typed=match[0])


def _read_share(match: re.Match[str]) -> TypedLevel:
    number = Decimal(match["number"])
    if match["unit"] is None:
        share = "" if abs(number) > 1 else f"{_plain(100 * number)}% or "
        raise UsageError(f"Expected a % after {match[0]!r}: is it {share}{match['number']}%?")
    if not 0 < number / 100 <= 1:
        raise UsageError(f"Expected a percentage above 0 % and up to 100 %, found {match[0]!r}.")
    return TypedLevel(value=float(number / 100), typed=match[0])


def _read_score(match: re.Match[str]) -> TypedLevel:
    score = float(match["number"])
    if not 0 < score <= _MOST_SCORE:
        raise UsageError(f"Expected a z above 0 and up to {_MOST_SCORE:.0f}, found {match[0]!r}.")
    return TypedLevel(value=score, typed=match[0])


_READERS: dict[Unit, Callable[[re.Match[str]], TypedLevel]] = {
    Unit.RATE: _read_rate,
    Unit.USD: _read_usd,
    Unit.SHARE: _read_share,
    Unit.SCORE: _read_score,
}


def typed_level(value: float, unit: Unit) -> str:
    """Return a level as a person would type it, to three or four digits: `65.7% apr`, `$12.5M`, `0.5%`, `3.5`.

    A rate is kept within what `parse_level` takes; the others may be beyond it.
    """
    match unit:
        case Unit.USD:
            return numbers.usd(value)
        case Unit.SHARE:
            return numbers.share(value).replace(" ", "")
        case Unit.SCORE:
            return f"{value:.3g}"
        case _:
            return typed_apr(value)


def exact_level(value: float, unit: Unit) -> str:
    """Return a level so that `parse_level` makes the very same of it, without an exponent."""
    match unit:
        case Unit.USD:
            return f"${_plain(Decimal(repr(value)))}"
        case Unit.SHARE:
            return f"{_plain(100 * Decimal(repr(value)))}%"
        case Unit.SCORE:
            return _plain(Decimal(repr(value)))
        case _:
            return f"{_plain(Decimal(f'{100 * value:.12f}'))}%/h"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed_apr(hourly: float) -> str:
    """Return a rate as a person would type it, to four digits and within what `parse_level` takes: `65.7% apr`."""
    bound = 1.99 * MAX_HOURLY  # rounding must not lead beyond what is taken
    yearly = 100 * HOURS_PER_YEAR * max(-bound, min(bound, hourly))
    if abs(yearly) < _SMALLEST_YEARLY:
        return "0% apr"
    return f"{round(yearly, 3 - floor(log10(abs(yearly)))):g}% apr"


def _hours(count: str | None, per: str | None) -> float:
    if per is None:
        return 8.0
    hours = int(count or 1) * (24 if per.lower() == "d" else 1)
    if not hours:
        raise UsageError("Expected an interval longer than nothing, found 0h.")
    return float(hours)


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `2m`, `4h`, `1d` or `1h30m`.

    Raises:
        UsageError: it is no duration, or longer than 30 days.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise UsageError(f"Expected a duration such as 90s, 2m, 4h or 1h30m, found {text.strip()!r}.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    length = days * 24 * HOUR + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if length > LONGEST:
        raise UsageError(f"Expected a duration of at most {LONGEST.days}d, found {text.strip()!r}.")
    return length
