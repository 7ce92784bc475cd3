from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.errors import UsageError
from bot.commands.levels import parse_duration, parse_level
from bot.messages import numbers

Parsed = TypeVar("Parsed")


@pytest.mark.parametrize(
    ("typed", "hourly"),
    [
        ("0.05%", 0.0005 / 8),
        ("0.05%/8h", 0.0005 / 8),
        ("0.05 % / 8h", 0.0005 / 8),
        ("0.05% per 8h", 0.0005 / 8),
        ("0.01%/1h", 0.0001),
        ("0.01%/h", 0.0001),
        ("0.12%/4h", 0.0003),
        ("2.4%/d", 0.001),
        ("40%apr", 0.4 / 8760),
        ("40% APR", 0.4 / 8760),
        ("-20 apr", -0.2 / 8760),
        ("+20apr", 0.2 / 8760),
        ("10bp", 0.001 / 8),
        ("10bp/8h", 0.001 / 8),
        ("5 bps/h", 0.0005),
        ("500bp apr", 0.05 / 8760),
        (".5%", 0.005 / 8),
        ("0%", 0.0),
    ],
)
def test_a_level_is_kept_per_hour_whatever_its_unit(typed: str, hourly: float) -> None:
    assert parse_level(typed).hourly == pytest.approx(hourly, rel=1e-12)


def test_a_level_says_what_was_taken_for_granted() -> None:
    assert parse_level("0.05%").assumed == "per 8h"
    assert parse_level("0.05%/8h").assumed == ""
    assert parse_level("40% apr").assumed == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Expected a level such as"),
        ("0.05", "Expected a unit after '0.05'"),
        ("40% apr/8h", "either a yearly level or one per interval"),
        ("1%/0h", "longer than nothing"),
        ("99%/h", "at most 8 % an hour"),
        ("nan%", "Expected a level"),
        ("inf apr", "Expected a level"),
        ("1e400%", "Expected a level"),
        ("1_000%", "Expected a level"),
        ("\uff10.\uff10\uff15%", "Expected a level"),
        ("0,05%", "Expected a level"),
        ("5%/year", "Expected a level"),
        ("--5%", "Expected a level"),
    ],
)
def test_what_is_no_level_is_refused_with_what_was_expected(typed: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_level(typed)

    assert words in caught.value.text


def attempt(parse: Callable[[str], Parsed], text: str) -> Parsed | UsageError:
    try:
        return parse(text)
    except UsageError as error:
        return error


@given(st.text(max_size=40) | st.from_regex(r"[+-]?[0-9._e]{0,9} ?(%|bp|bps)? ?(apr)?(/[0-9]{0,4}[hd])?"))
@example("9" * 400 + "%")
def test_garbage_raises_nothing_but_the_one_error(text: str) -> None:
    outcome = attempt(parse_level, text)

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected")
    else:
        assert abs(outcome.hourly) <= 0.08


@given(st.floats(min_value=1e-6, max_value=0.04), st.sampled_from([1, -1]))
def test_a_level_shown_can_be_typed_back(size: float, sign: int) -> None:
    shown = numbers.level(sign * size)
    first, second = shown.removesuffix(")").split(" (")

    assert parse_level(first).hourly == pytest.approx(sign * size, rel=1e-3)
    assert parse_level(second).hourly == pytest.approx(sign * size, rel=1e-3)


@pytest.mark.parametrize(
    ("typed", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("2m", timedelta(minutes=2)),
        ("4H", timedelta(hours=4)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("0s", timedelta(0)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_duration_is_read_in_units(typed: str, length: timedelta) -> None:
    assert parse_duration(typed) == length


@pytest.mark.parametrize("typed", ["", "2", "m", "2 m", "30m1h", "31d", "999999d", "-2m", "1.5h", "\uff12m"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected a duration"):
        parse_duration(typed)


@given(st.text(max_size=30) | st.from_regex(r"([0-9]{0,9}[dhms]){0,5}"))
def test_garbage_durations_raise_nothing_but_the_one_error(text: str) -> None:
    outcome = attempt(parse_duration, text)

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected a duration")
    else:
        assert timedelta(0) <= outcome <= timedelta(days=30)


@given(st.integers(min_value=1, max_value=30 * 24 * 60))
def test_a_duration_shown_can_be_typed_back(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    shown = parse_duration(numbers.duration(length).replace(" ", ""))

    assert timedelta(0) <= length - shown < timedelta(hours=1)
