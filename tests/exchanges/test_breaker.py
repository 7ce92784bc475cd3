from datetime import timedelta

import pytest

from monitors.exchanges.breaker import Blocked, Breaker, Closed, Open, allows, failed, succeeded
from monitors.ports import VenueUnavailableError
from tests.builders import NOON

DOWN = VenueUnavailableError("is unreachable")
REFUSED = VenueUnavailableError("refuses requests from here (HTTP 451)", blocked=True)


def at_most() -> float:
    return 1.0


def after_failures(count: int) -> Breaker:
    breaker: Breaker = Closed()
    for _ in range(count):
        breaker = failed(breaker, DOWN, NOON, at_most).breaker
    return breaker


def waited(breaker: Breaker) -> timedelta:
    assert isinstance(breaker, (Open, Blocked))
    return breaker.until - NOON


def test_a_venue_that_answers_may_be_asked() -> None:
    assert allows(Closed(), NOON)


def test_a_venue_that_failed_is_left_alone_until_its_time() -> None:
    breaker = Open(until=NOON + timedelta(seconds=15), failures=1)

    assert not allows(breaker, NOON + timedelta(seconds=14))
    assert allows(breaker, NOON + timedelta(seconds=15))


def test_each_failure_doubles_the_longest_wait_up_to_a_quarter_of_an_hour() -> None:
    waits = [waited(after_failures(count)).total_seconds() for count in (1, 2, 3, 6, 7, 8, 500)]

    assert waits == [15, 30, 60, 480, 900, 900, 900]


def test_the_wait_is_drawn_from_the_whole_range() -> None:
    drawn = failed(after_failures(2), DOWN, NOON, lambda: 0.25).breaker

    assert waited(drawn) == timedelta(seconds=15)


@pytest.mark.parametrize("luck", [0.0, 0.999])
def test_the_wait_is_never_shorter_than_the_venue_asked_for(luck: float) -> None:
    limited = VenueUnavailableError("rate limited (HTTP 429)", retry_after=timedelta(minutes=30))

    breaker = failed(Closed(), limited, NOON, lambda: luck).breaker

    assert waited(breaker) == timedelta(minutes=30)


def test_a_geo_block_parks_the_venue_for_hours() -> None:
    breaker = failed(Closed(), REFUSED, NOON, at_most).breaker

    assert isinstance(breaker, Blocked)
    assert not allows(breaker, NOON + timedelta(hours=5, minutes=59))
    assert allows(breaker, NOON + timedelta(hours=6))


def test_only_the_first_failure_is_news() -> None:
    first = failed(Closed(), DOWN, NOON, at_most)
    second = failed(first.breaker, DOWN, NOON, at_most)

    assert (first.is_news, second.is_news) == (True, False)


def test_a_refusal_is_news_once_even_after_failures() -> None:
    refused = failed(after_failures(3), REFUSED, NOON, at_most)
    again = failed(refused.breaker, REFUSED, NOON, at_most)

    assert (refused.is_news, again.is_news) == (True, False)


@pytest.mark.parametrize("breaker", [after_failures(1), after_failures(9), Blocked(until=NOON)])
def test_the_recovery_is_news_and_starts_anew(breaker: Breaker) -> None:
    recovered = succeeded(breaker)

    assert recovered.is_news
    assert recovered.breaker == Closed()
    assert waited(failed(recovered.breaker, DOWN, NOON, at_most).breaker) == timedelta(seconds=15)


def test_an_answer_as_always_is_no_news() -> None:
    assert not succeeded(Closed()).is_news
