from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.market import Margin
from monitors.metrics import funding

MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)


def test_unequal_intervals_compare_per_hour() -> None:
    eight = funding.normalise(0.0001, timedelta(hours=8))
    one = funding.normalise(0.0000125, timedelta(hours=1))

    assert eight.hourly == pytest.approx(one.hourly)
    assert eight.apr == pytest.approx(0.1095)


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(hours=-8)])
def test_an_interval_that_is_none_is_refused(interval: timedelta) -> None:
    with pytest.raises(ValueError, match="interval must be positive"):
        funding.normalise(0.0001, interval)
    with pytest.raises(ValueError, match="interval must be positive"):
        funding.next_settlements(MIDNIGHT, interval, count=1)


def test_an_absolute_rate_needs_a_price() -> None:
    with pytest.raises(ValueError, match="price must be positive, was 0"):
        funding.relative_from_absolute(1e-7, 0.0, Margin.LINEAR)


def test_settlements_stamped_late_still_give_the_interval() -> None:
    times = [MIDNIGHT + timedelta(hours=4 * n, milliseconds=7 * n) for n in range(4)]

    assert funding.infer_interval(times) == timedelta(hours=4)


def test_the_newest_of_two_equally_frequent_gaps_is_the_interval() -> None:
    times = [MIDNIGHT, MIDNIGHT + timedelta(hours=8), MIDNIGHT + timedelta(hours=12)]

    assert funding.infer_interval(times) == timedelta(hours=4)


@pytest.mark.parametrize("times", [[], [MIDNIGHT], [MIDNIGHT, MIDNIGHT]])
def test_too_few_settlements_give_no_interval(times: list[datetime]) -> None:
    assert funding.infer_interval(times) is None


def test_nothing_to_average_is_an_error_and_not_zero() -> None:
    with pytest.raises(ValueError, match="at least one settled rate"):
        funding.realised([])
    with pytest.raises(ValueError, match="at least one venue"):
        funding.aggregate([])


def test_no_rates_at_all_weigh_to_nothing() -> None:
    weighted = funding.oi_weighted([])

    assert (weighted.value, weighted.simple_mean, weighted.covered) == (None, None, 0)


def test_an_aggregate_without_open_interest_has_no_weighted_figures() -> None:
    result = funding.aggregate([("bybit", 0.0001, None), ("okx", 0.0003, None)])

    assert result.oi_weighted is None
    assert result.weighted_deviation is None
    assert (result.high, result.low) == ("okx", "bybit")


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    hours=st.sampled_from([1, 2, 4, 8]),
)
def test_the_next_settlement_is_later_and_within_one_interval(now: datetime, hours: int) -> None:
    interval = timedelta(hours=hours)

    (coming,) = funding.next_settlements(now, interval, count=1)

    assert now < coming <= now + interval
    assert coming.timestamp() % interval.total_seconds() == 0
