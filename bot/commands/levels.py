"""Levels and durations as people type them; levels are kept per hour."""

import re
from dataclasses import dataclass
from datetime import timedelta
from math import floor, log10

from bot.commands.errors import UsageError
from monitors.market import HOUR, HOURS_PER_YEAR
from monitors.metrics.sanity import MAX_HOURLY

LONGEST = timedelta(days=30)

EXAMPLES = "0.05%/8h, 40% apr, -20% apr or 10bp/8h"

_NUMBER = r"[+-]?(?:[0-9]{1,7}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})"
LEVEL_PATTERN = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>%|bps?\b)?\s*(?P<year>apr\b)?(?:(?:/\s*|per\s+)(?P<count>[0-9]{{1,3}})?(?P<per>[hd])\b)?"
    r"(?=\s|$)",
    re.IGNORECASE | re.ASCII,
)
_DURATION = re.compile(
    r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?", re.IGNORECASE | re.ASCII
)
_SMALLEST_YEARLY = 0.001  # in percent: under it a level would be typed with an exponent
_FRACTION = {"%": 100.0, "bp": 10_000.0, "bps": 10_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLevel:
    """A level per hour, and how it was written."""

    hourly: float
    typed: str
    assumed: str = ""
    """What was taken for granted because the person did not say it, such as `per 8h`."""


def parse_level(text: str) -> TypedLevel:
    """Read a whole text as a level.

    Raises:
        UsageError: it is none, or beyond any rate that a venue can charge.
    """
    match = LEVEL_PATTERN.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"Expected a level such as {EXAMPLES}, found {text.strip()!r}.")
    return level_of(match)


def level_of(match: re.Match[str]) -> TypedLevel:
    """Turn a match of `LEVEL_PATTERN` into a level; without an interval a percentage is per 8 hours.

    Raises:
        UsageError: it has no unit, two of them, or is beyond any rate that a venue can charge.
    """
    typed = match[0]
    unit, year, per = (match["unit"] or "").lower(), match["year"], match["per"]
    if not unit and not year:
        raise UsageError(f"Expected a unit after {typed!r}, such as {EXAMPLES}.")
    if year and per:
        raise UsageError(f"Expected either a yearly level or one per interval, found both in {typed!r}.")
    fraction = float(match["number"]) / _FRACTION[unit or "%"]
    hours = float(HOURS_PER_YEAR) if year else _hours(match["count"], per)
    hourly = fraction / hours
    if abs(hourly) > 2 * MAX_HOURLY:  # a spread has two legs, each at most the bound
        raise UsageError(f"Expected a level of at most {200 * MAX_HOURLY:.0f} % an hour, found {typed!r}.")
    return TypedLevel(hourly=hourly, typed=typed, assumed="" if year or per else "per 8h")


def typed_apr(hourly: float) -> str:
    """Return a level as a person would type it, to four digits and within what `parse_level` takes: `65.7% apr`."""
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
