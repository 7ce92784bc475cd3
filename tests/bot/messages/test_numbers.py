from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import numbers
from bot.messages.document import (
    Cell,
    Countdown,
    Duration,
    IntervalRate,
    Moment,
    Move,
    Price,
    Rate,
    Score,
    Share,
    Usd,
    UsdPerHour,
)
from monitors.metrics.registry import Unit
from tests.builders import NOON

H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hourly", "shown"),
    [
        (0.00005, "+43.80 % APR"),
        (-0.0000125, "-10.95 % APR"),
        (0.00024, "+210 % APR"),
        (0.0, "0.00 % APR"),
        (1e-9, "+0.00088 % APR"),
        (-1e-15, "-8.8e-10 % APR"),
        (-0.02, "-2 %/h, -16 % per 8h"),
        (0.00125, "+1,095 % APR"),
        (0.0012501, "+0.125 %/h, +1 % per 8h"),
    ],
)
def test_a_rate_is_yearly_unless_a_year_would_mislead(hourly: float, shown: str) -> None:
    assert numbers.rate(hourly) == shown


@pytest.mark.parametrize(
    ("hourly", "shown"),
    [
        (0.000075, "65.7 % APR (0.06 %/8h)"),
        (-0.0000375, "-32.85 % APR (-0.03 %/8h)"),
        (0.00125, "1095 % APR (1 %/8h)"),
        (0.02, "2 %/h (16 %/8h)"),
        (0.0, "0 % APR (0 %/8h)"),
    ],
)
def test_a_level_is_shown_both_ways(hourly: float, shown: str) -> None:
    assert numbers.level(hourly) == shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "n/a"),
        ("text", "text"),
        (12_345, "12,345"),
        (0, "0"),
        (Rate(0.00005), "+43.80 % APR"),
        (IntervalRate(0.0004, 8 * H), "0.0400 %/8h"),
        (IntervalRate(-0.00000001, H), "-0.000001 %/1h"),
        (IntervalRate(0.0004, None), "0.0400 %/?"),
        (Usd(1.2e6), "$1.2M"),
        (Usd(999_999), "$1M"),
        (Usd(850), "$850"),
        (Usd(12.4e6, at_least=True), "≥ $12.4M"),
        (Share(0.0031, at_least=True), "≥ 0.31 %"),
        (Move(0.008), "+0.8 %"),
        (Move(-0.0122), "-1.22 %"),
        (Move(0.0), "0 %"),
        (Score(4.8), "z 4.8"),
        (Usd(-3400), "-$3.4K"),
        (Usd(0.004), "$0.004"),
        (UsdPerHour(12_300), "+$12.3K/h"),
        (UsdPerHour(-12_300), "-$12.3K/h"),
        (Price(60_123.4), "$60,123.4"),
        (Share(0.83), "83 %"),
        (Share(0.00001), "0.001 %"),
        (Moment(NOON), "2026-03-14 12:00 UTC"),
        (Moment(NOON.astimezone(timezone(9 * H))), "2026-03-14 12:00 UTC"),
        (Countdown(at=NOON + 4 * H, now=NOON), "4h"),
        (Countdown(at=NOON, now=NOON), "due"),
        (Duration(timedelta(minutes=2)), "2m"),
    ],
)
def test_a_cell_is_shown_with_its_unit(cell: Cell, shown: str) -> None:
    assert numbers.show(cell) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(0), "0s"),
        (timedelta(milliseconds=400), "<1s"),
        (timedelta(seconds=45.9), "45s"),
        (timedelta(minutes=59, seconds=59), "59m 59s"),
        (4 * H, "4h"),
        (timedelta(days=1, hours=3, minutes=59), "1d 3h"),
        (timedelta(days=1, minutes=3), "1d"),
        (timedelta(seconds=-90), "-1m 30s"),
    ],
)
def test_a_duration_is_its_two_largest_units(length: timedelta, shown: str) -> None:
    assert numbers.duration(length) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(60_123.4, "$60,123.4"), (0.0000123456, "$0.0000123456"), (1.0, "$1"), (123_456_789.0, "$123,456,789")],
)
def test_a_price_keeps_six_digits(amount: float, shown: str) -> None:
    assert numbers.price(amount) == shown


def test_a_time_of_another_day_says_its_date() -> None:
    yesterday = NOON - timedelta(days=1)

    assert numbers.time_of_day(NOON, NOON) == "12:00"
    assert numbers.time_of_day(yesterday, NOON) == "2026-03-13 12:00"
    assert numbers.second(datetime(2026, 3, 14, 13, tzinfo=timezone(H))) == "2026-03-14 12:00:00 UTC"


@given(st.floats(min_value=-1, max_value=1, allow_nan=False))
def test_what_is_not_zero_is_never_shown_as_zero(value: float) -> None:
    shown = [numbers.rate(value), numbers.short_rate(value), numbers.level(value)]
    shown += [numbers.interval_rate(value, H), numbers.usd(value), numbers.share(value), numbers.price(value)]

    nothing = [not any(digit in text.split(" ")[0] for digit in "123456789") for text in shown]
    assert nothing == [value == 0] * len(shown)


@given(st.floats(min_value=-0.04, max_value=0.04, allow_nan=False))
def test_a_rate_always_shows_its_sign(hourly: float) -> None:
    shown = numbers.rate(hourly)

    assert shown.startswith("+") == (hourly > 0)
    assert shown.startswith("-") == (hourly < 0)


def test_how_unusual_something_is_is_told_in_words() -> None:
    assert numbers.times(24.3) == "24x"
    assert numbers.times(3.26, at_least=True) == "≥ 3.3x"
    assert numbers.deviations(4.81) == "4.8 deviations above"
    assert numbers.deviations(4.81, at_least=True) == "≥ 4.8 deviations above"
    assert numbers.deviations(-0.5, at_least=True) == "0.5 deviations below"
    assert numbers.rough_share(0.8741) == "87 %"
    assert numbers.quantity(1250.5) == "1,250.5"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.0006 / 8, Unit.RATE, "65.7 % APR (0.06 %/8h)"),
        (10e6, Unit.USD, "$10M"),
        (0.8, Unit.SHARE, "80 %"),
        (3.5, Unit.SCORE, "z 3.5"),
        (8, Unit.HOURS, "8h"),
    ],
)
def test_a_level_is_shown_in_its_metrics_unit(value: float, unit: Unit, shown: str) -> None:
    assert numbers.level(value, unit) == shown
