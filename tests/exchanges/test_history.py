from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.history import interval_at, latest_spacing, settled_rates
from monitors.exchanges.profile import SettledPage, VenueProfile
from monitors.exchanges.venues.okx import PROFILE
from monitors.market import FundingRate, RateKind
from tests.builders import NOON, a_rate, an_instrument

HOUR = timedelta(hours=1)
START = NOON - timedelta(days=60)
BTC = an_instrument("okx", "BTC")

Pick = Callable[[list[datetime], int], list[datetime]]


def oldest(times: list[datetime], limit: int) -> list[datetime]:
    return times[:limit]


def newest(times: list[datetime], limit: int) -> list[datetime]:
    return times[-limit:]


class Past:
    """A venue's settlements, `limit` a page."""

    def __init__(
        self, times: Sequence[datetime], limit: int, pick: Pick, late: timedelta = timedelta(0)
    ) -> None:
        self.times, self.limit, self.pick, self.late = list(times), limit, pick, late
        self.calls = 0

    def profile(self, page_hours: int | None = None) -> VenueProfile:
        hours = self.limit if page_hours is None else page_hours
        return replace(PROFILE, settled=self._settled, settled_page_hours=hours)

    async def _settled(
        self, _exchange: object, _symbol: str, since: datetime, until: datetime
    ) -> SettledPage:
        self.calls += 1
        asked = [at for at in self.times if since <= at < until]
        return SettledPage(rows=tuple((at + self.late, 0.0001, None) for at in self.pick(asked, self.limit)))


async def fetch(past: Past, since: datetime = START, until: datetime = NOON) -> tuple[FundingRate, ...]:
    return await settled_rates(past.profile(), None, BTC, since, until)


def times_of(rates: Sequence[FundingRate]) -> list[datetime | None]:
    return [rate.funding_at for rate in rates]


def hourly(count: int, start: datetime = START) -> list[datetime]:
    return [start + step * HOUR for step in range(count)]


@pytest.mark.parametrize("pick", [oldest, newest])
async def test_sixty_days_of_hourly_rates_come_whole_whichever_way_the_venue_pages(pick: Pick) -> None:
    past = Past(hourly(1440), 100, pick)

    rates = await fetch(past)

    assert times_of(rates) == past.times
    assert {rate.interval for rate in rates} == {HOUR}
    assert past.calls <= 16


async def test_a_page_that_is_not_full_ends_the_asking() -> None:
    past = Past([START + step * 8 * HOUR for step in range(90)], 100, newest)

    rates = await fetch(past)

    assert (len(rates), past.calls) == (90, 1)


async def test_a_venue_that_gives_the_whole_window_is_asked_once() -> None:
    past = Past(hourly(1440), 10_000, oldest)

    rates = await settled_rates(past.profile(page_hours=0), None, BTC, START, NOON)

    assert (len(rates), past.calls) == (1440, 1)


async def test_rows_outside_the_window_are_left_out() -> None:
    past = Past(hourly(48), 100, oldest)

    rates = await fetch(past, START + 10 * HOUR, START + 12 * HOUR)

    assert times_of(rates) == [START + 10 * HOUR, START + 11 * HOUR]


async def test_a_venue_that_repeats_its_page_does_not_hold_us_forever() -> None:
    past = Past(hourly(10), 10, oldest)

    async def stuck(*_: object) -> SettledPage:
        past.calls += 1
        return SettledPage(rows=tuple((at, 0.0001, None) for at in past.times))

    rates = await settled_rates(replace(past.profile(), settled=stuck), None, BTC, START, NOON)

    assert (len(rates), past.calls) == (10, 2)


async def test_a_venue_without_a_history_has_none() -> None:
    assert await settled_rates(replace(PROFILE, settled=None), None, BTC, START, NOON) == ()


async def test_settlements_stamped_late_are_put_back_on_the_minute() -> None:
    past = Past(hourly(3), 100, oldest, late=timedelta(milliseconds=31))

    assert times_of(await fetch(past)) == hourly(3)


async def test_a_settled_rate_is_final_and_of_its_own_time() -> None:
    rate = (await fetch(Past(hourly(2), 100, oldest)))[-1]

    assert (rate.kind, rate.observed_at, rate.rate) == (RateKind.SETTLED, START + HOUR, 0.0001)


async def test_a_single_settlement_has_no_interval() -> None:
    assert [rate.interval for rate in await fetch(Past(hourly(1), 100, oldest))] == [None]


async def test_the_venues_own_interval_is_kept() -> None:
    async def told(*_: object) -> SettledPage:
        return SettledPage(rows=((START, 0.0001, 4 * HOUR), (START + 8 * HOUR, 0.0001, None)))

    rates = await settled_rates(replace(PROFILE, settled=told), None, BTC, START, NOON)

    assert [rate.interval for rate in rates] == [4 * HOUR, 8 * HOUR]


def stamps(*gaps: int) -> list[datetime]:
    return [START + sum(gaps[:count]) * HOUR for count in range(len(gaps) + 1)]


def intervals(*gaps: int) -> list[int | None]:
    times = stamps(*gaps)
    found = [interval_at(times, position) for position in range(len(times))]
    return [None if interval is None else round(interval / HOUR) for interval in found]


def test_a_shortened_interval_holds_from_its_first_settlement() -> None:
    assert intervals(8, 8, 8, 4, 4, 1, 1, 1) == [8, 8, 8, 8, 4, 4, 1, 1, 1]


def test_a_lengthened_interval_holds_from_its_first_settlement() -> None:
    assert intervals(1, 1, 1, 4, 4, 4) == [1, 1, 1, 1, 4, 4, 4]


def test_a_hole_in_the_history_is_not_taken_for_an_interval() -> None:
    assert intervals(8, 8, 24, 8, 8) == [8, 8, 8, 8, 8, 8]


def test_the_spacing_is_known_from_three_settlements_on() -> None:
    rates = [a_rate(kind=RateKind.SETTLED, funding_at=at) for at in stamps(8, 4, 4)]

    assert (latest_spacing(rates), latest_spacing(rates[:2])) == (4 * HOUR, None)


@given(
    gaps=st.lists(st.sampled_from([1, 2, 4, 8]), max_size=40),
    limit=st.integers(1, 12),
    pick=st.sampled_from([oldest, newest]),
)
async def test_no_settlement_is_lost_or_told_twice(gaps: list[int], limit: int, pick: Pick) -> None:
    past = Past(stamps(*gaps), limit, pick)

    assert times_of(await fetch(past)) == past.times
