"""Numbers as people read them; the only module that rounds for display."""

from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import assert_never

from bot.messages.document import (
    Cell,
    Countdown,
    Duration,
    IntervalRate,
    Moment,
    Money,
    Move,
    Price,
    Quantity,
    Rate,
    Ratio,
    Score,
    Share,
    Usd,
    UsdPerHour,
)
from monitors.market import HOURS_PER_YEAR
from monitors.metrics.registry import Unit

MISSING = "n/a"

LARGEST_ANNUALISED_PER_8H = 0.01
"""Beyond 1 % per 8 hours a yearly figure says nothing: the pace never lasts (-16 % per 8h is -17,520 % APR)."""

_LARGE = 100.0  # from here decimals are noise beside the venues' own jitter
_MOST_DECIMALS = 8
AT_LEAST = "≥ "
_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def show(cell: Cell) -> str:
    """Return a cell as text, unit included; a missing value is `n/a`."""
    match cell:
        case None:
            return MISSING
        case str():
            return cell
        case int():
            return f"{cell:,}"
        case Duration() | Moment() | Countdown():
            return _show_time(cell)
        case _:
            return _show_quantity(cell)


def _show_time(cell: Duration | Moment | Countdown) -> str:
    match cell:
        case Duration(length):
            return duration(length)
        case Moment(at):
            return moment(at)
        case Countdown(at=at, now=now):
            return countdown(at, now)
        case _:
            assert_never(cell)


def _show_quantity(cell: Quantity) -> str:
    match cell:
        case Rate(hourly, at_least):
            return rate(hourly, at_least=at_least)
        case IntervalRate(fraction, interval):
            return interval_rate(fraction, interval)
        case Usd() | UsdPerHour() | Price():
            return _show_money(cell)
        case Share() | Move() | Score():
            return _show_ratio(cell)
        case _:
            assert_never(cell)


def _show_money(cell: Money) -> str:
    match cell:
        case Usd(amount, at_least):
            return usd(amount, at_least=at_least)
        case UsdPerHour(amount):
            return usd_per_hour(amount)
        case Price(amount):
            return price(amount)
        case _:
            assert_never(cell)


def _show_ratio(cell: Ratio) -> str:
    match cell:
        case Share(part, at_least):
            return share(part, at_least=at_least)
        case Move(part):
            return move(part)
        case Score(z):
            return score(z)
        case _:
            assert_never(cell)


def is_annualised(hourly: float) -> bool:
    """Return whether a yearly figure of this rate is worth showing."""
    return abs(8 * hourly) <= LARGEST_ANNUALISED_PER_8H


def rate(hourly: float, *, at_least: bool = False) -> str:
    """Return a rate with its sign, `+43.80 % APR`, or `-2 %/h, -16 % per 8h` where a year would mislead."""
    if at_least:
        return f"{AT_LEAST}{rate(hourly)}"
    if not is_annualised(hourly):
        return f"{_significant(hourly * 100, 3, signed=True)} %/h, {_significant(hourly * 800, 3, signed=True)} % per 8h"
    return f"{_fixed(hourly * HOURS_PER_YEAR * 100, 2, signed=True)} % APR"


def short_rate(hourly: float, *, at_least: bool = False) -> str:
    """Return a rate for a column that says APR: `+43.80 %`, or `-2 %/h` where a year would mislead."""
    if at_least:
        return f"{AT_LEAST}{short_rate(hourly)}"
    if not is_annualised(hourly):
        return f"{_significant(hourly * 100, 3, signed=True)} %/h"
    return f"{_fixed(hourly * HOURS_PER_YEAR * 100, 2, signed=True)} %"


def interval_rate(fraction: float, interval: timedelta | None) -> str:
    """Return a rate as published: `0.0400 %/8h`, or `0.0400 %/?` when nobody knows the interval."""
    per = "?" if interval is None else duration(interval)
    return f"{_fixed(fraction * 100, 4)} %/{per}"


def level(value: float, unit: Unit = Unit.RATE) -> str:
    """Return a rule's level in its metric's unit: `65.7 % APR (0.06 %/8h)`, `$10M`, `80 %`, `z 3.5`, `8h`."""
    match unit:
        case Unit.RATE:
            return _rate_level(value)
        case Unit.USD:
            return usd(value)
        case Unit.SHARE:
            return share(value)
        case Unit.SCORE:
            return score(value)
        case Unit.HOURS:
            return duration(timedelta(hours=value))
        case _:
            assert_never(unit)


def _rate_level(hourly: float) -> str:
    """Return a rate both ways, or per hour where a year would mislead."""
    per_8h = f"{_significant(hourly * 800, 4)} %/8h"
    if not is_annualised(hourly):
        return f"{_significant(hourly * 100, 4)} %/h ({per_8h})"
    apr = _significant(hourly * HOURS_PER_YEAR * 100, 4).replace(",", "")  # so that it can be typed back
    return f"{apr} % APR ({per_8h})"


def usd(amount: float, *, at_least: bool = False) -> str:
    """Return dollars: `$1.2M`, `$850`, `-$3.4K`; `≥ $1.2M` for a floor."""
    if at_least:
        return f"{AT_LEAST}{usd(amount)}"
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    for scale, letter in _SCALES:
        if size >= scale * 0.9995:
            return f"{sign}${_significant(size / scale, 3)}{letter}"
    return f"{sign}${_significant(size, 3)}"


def usd_per_hour(amount: float) -> str:
    """Return a flow with its sign: `+$12.3K/h` is paid by longs."""
    return f"{'+' if amount > 0 else ''}{usd(amount)}/h"


def price(amount: float) -> str:
    """Return a price with six significant digits: `$60,123.4`, `$0.0000123456`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${_significant(abs(amount), 6)}"


def quantity(amount: float) -> str:
    """Return so many coins or contracts, to six significant digits: `0.3`, `1,250.5`."""
    return _significant(amount, 6)


def share(part: float, *, at_least: bool = False) -> str:
    """Return a part of a whole: `83 %`, `0.12 %`; `≥ 0.12 %` for a floor."""
    return f"{AT_LEAST if at_least else ''}{_significant(part * 100, 3)} %"


def rough_share(part: float) -> str:
    """Return a part of a whole beside a figure that matters more: `86 %`."""
    return f"{_significant(part * 100, 2)} %"


def move(part: float) -> str:
    """Return a relative change with its sign: `-1.2 %`, `+0.85 %`."""
    return f"{_significant(part * 100, 3, signed=True)} %"


def score(z: float) -> str:
    """Return a robust z: `z 4.8`."""
    return f"z {_significant(z, 3)}"


def times(ratio: float, *, at_least: bool = False) -> str:
    """Return a multiple: `24x`, `3.3x`; `≥ 24x` for a floor."""
    return f"{AT_LEAST if at_least else ''}{_significant(ratio, 2)}x"


def deviations(z: float, *, at_least: bool = False) -> str:
    """Return a robust z in words: `4.8 deviations above`, `0.5 deviations below`, `≥ 4.8 deviations above`."""
    mark = AT_LEAST if at_least and z >= 0 else ""
    return f"{mark}{_significant(abs(z), 2)} deviations {'below' if z < 0 else 'above'}"


def duration(length: timedelta) -> str:
    """Return the two largest units: `45s`, `2m`, `1h 30m`, `1d 3h`; what is smaller is cut off."""
    if length < timedelta(0):
        return f"-{duration(-length)}"
    seconds = int(length.total_seconds())
    parts: list[str] = []
    for size, letter in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count}{letter}" if count else "")
    return " ".join(filter(None, parts[:2])) or ("<1s" if length else "0s")


def moment(at: datetime) -> str:
    """Return a time in UTC to the minute, as a person compares it with others: `2026-03-14 12:03 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def second(at: datetime) -> str:
    """Return a time in UTC to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(at: datetime, now: datetime) -> str:
    """Return `12:03`, with its date unless that is today's; UTC."""
    same_day = at.astimezone(UTC).date() == now.astimezone(UTC).date()
    return f"{at.astimezone(UTC):%H:%M}" if same_day else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def countdown(at: datetime, now: datetime) -> str:
    """Return the wait for a coming time, `3h 59m`; `due` once it has come."""
    return duration(at - now) if at > now else "due"


def _fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """Return so many decimals, none from 100 up; significant digits where decimals would show it as nothing."""
    if not value:
        return f"{0:.{decimals}f}"
    places = 0 if abs(value) >= _LARGE else decimals
    if abs(value) < 0.5 * 10**-places:
        return _significant(value, 2, signed=signed)
    return f"{value:{'+' if signed else ''},.{places}f}"


def _significant(value: float, digits: int, *, signed: bool = False) -> str:
    """Return so many significant digits without trailing zeros; whole digits are never cut."""
    if not value:
        return "0"
    sign = "+" if signed else ""
    places = max(0, digits - 1 - floor(log10(abs(value))))
    if places > _MOST_DECIMALS + digits:
        return f"{value:{sign}.{digits - 1}e}"
    text = f"{value:{sign},.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
