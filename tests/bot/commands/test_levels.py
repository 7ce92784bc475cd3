from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.errors import UsageError
from bot.commands.levels import exact_level, parse_duration, parse_level, typed_level
from bot.messages import numbers
from monitors.metrics.registry import Unit

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
    assert parse_level(typed, Unit.RATE).value == pytest.approx(hourly, rel=1e-12)


def test_a_level_says_what_was_taken_for_granted() -> None:
    assert parse_level("0.05%", Unit.RATE).assumed == "per 8h"
    assert parse_level("0.05%/8h", Unit.RATE).assumed == ""
    assert parse_level("40% apr", Unit.RATE).assumed == ""


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
        parse_level(typed, Unit.RATE)

    assert words in caught.value.text


def attempt(parse: Callable[[str], Parsed], text: str) -> Parsed | UsageError:
    try:
        return parse(text)
    except UsageError as error:
        return error


@given(st.text(max_size=40) | st.from_regex(r"[+-]?[0-9._e]{0,9} ?(%|bp|bps)? ?(apr)?(/[0-9]{0,4}[hd])?"))
@example("9" * 400 + "%")
def test_garbage_raises_nothing_but_the_one_error(text: str) -> None:
    outcome = attempt(partial(parse_level, unit=Unit.RATE), text)

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected")
    else:
        assert abs(outcome.value) <= 0.08


@given(st.floats(min_value=1e-6, max_value=0.04), st.sampled_from([1, -1]))
def test_a_level_shown_can_be_typed_back(size: float, sign: int) -> None:
    shown = numbers.level(sign * size)
    first, second = shown.removesuffix(")").split(" (")

    assert parse_level(first, Unit.RATE).value == pytest.approx(sign * size, rel=1e-3)
    assert parse_level(second, Unit.RATE).value == pytest.approx(sign * size, rel=1e-3)


@pytest.mark.parametrize(
    ("typed", "dollars"),
    [
        ("$5M", 5e6),
        ("5m", 5e6),
        ("5 M", 5e6),
        ("$250k", 250e3),
        ("1.2b", 1.2e9),
        ("2.5MN", 2.5e6),
        ("3bn", 3e9),
        ("1000000", 1e6),
        ("$1,500,000", 1.5e6),
        ("+$1", 1.0),
        ("100b", 100e9),
    ],
)
def test_dollars_are_read_with_or_without_their_sign_and_scale(typed: str, dollars: float) -> None:
    level = parse_level(typed, Unit.USD)

    assert (level.value, level.typed, level.assumed) == (dollars, typed, "")


@pytest.mark.parametrize(
    ("typed", "unit", "value"),
    [
        ("80%", Unit.SHARE, 0.8),
        ("0.5 %", Unit.SHARE, 0.005),
        ("100%", Unit.SHARE, 1.0),
        ("3.5", Unit.SCORE, 3.5),
    ],
)
def test_shares_and_scores_are_read_in_their_unit(typed: str, unit: Unit, value: float) -> None:
    assert parse_level(typed, unit).value == value


@pytest.mark.parametrize(
    ("typed", "unit", "words"),
    [
        ("", Unit.USD, "Expected US dollars such as $5M, 250k, 1.2b or $1,500,000, found ''."),
        ("40% apr", Unit.USD, "Expected US dollars such as $5M, 250k, 1.2b or $1,500,000, found '40% apr'."),
        ("5 million", Unit.USD, "Expected US dollars such as"),
        ("1,50,000", Unit.USD, "Expected US dollars such as"),
        ("0", Unit.USD, "Expected US dollars from $1 to $100B, found '0'."),
        ("-5m", Unit.USD, "Expected US dollars from $1 to $100B, found '-5m'."),
        ("100.1bn", Unit.USD, "Expected US dollars from $1 to $100B, found '100.1bn'."),
        ("0.8", Unit.SHARE, "Expected a % after '0.8': is it 80% or 0.8%?"),
        ("80", Unit.SHARE, "Expected a % after '80': is it 80%?"),
        ("101%", Unit.SHARE, "Expected a percentage above 0 % and up to 100 %, found '101%'."),
        ("0%", Unit.SHARE, "Expected a percentage above 0 %"),
        ("$5M", Unit.SHARE, "Expected a percentage such as 80% or 0.5%, found '$5M'."),
        (
            "3.5%",
            Unit.SCORE,
            "Expected a z, how many usual spreads above the usual, such as 3.5 or 8, found '3.5%'.",
        ),
        ("-4", Unit.SCORE, "Expected a z above 0 and up to 100, found '-4'."),
        ("1000", Unit.SCORE, "Expected a z above 0 and up to 100, found '1000'."),
        ("8h", Unit.HOURS, "it has no level"),
    ],
)
def test_what_is_no_level_of_a_unit_is_refused_with_what_it_takes(typed: str, unit: Unit, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_level(typed, unit)

    assert words in caught.value.text


@given(st.sampled_from(Unit), st.text(max_size=20) | st.from_regex(r"[+-]?\$?[0-9.,]{0,20} ?(%|k|mn?|bn?)?"))
def test_garbage_of_any_unit_raises_nothing_but_the_one_error(unit: Unit, text: str) -> None:
    outcome = attempt(partial(parse_level, unit=unit), text)

    if isinstance(outcome, UsageError):
        assert outcome.text.startswith("Expected")
    else:
        assert abs(outcome.value) <= 100e9


VALUES = (
    st.tuples(st.just(Unit.USD), st.floats(min_value=1, max_value=100e9))
    | st.tuples(st.just(Unit.SHARE), st.floats(min_value=1e-6, max_value=1))
    | st.tuples(st.just(Unit.SCORE), st.floats(min_value=1e-3, max_value=100))
)


@given(VALUES)
def test_a_level_written_exactly_is_read_as_the_very_same(unit_and_value: tuple[Unit, float]) -> None:
    unit, value = unit_and_value

    assert parse_level(exact_level(value, unit), unit).value == value


@given(VALUES)
def test_a_level_written_as_a_person_would_is_read_as_nearly_the_same(
    unit_and_value: tuple[Unit, float],
) -> None:
    unit, value = unit_and_value

    assert parse_level(typed_level(value, unit), unit).value == pytest.approx(value, rel=0.006)


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
