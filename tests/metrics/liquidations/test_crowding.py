from datetime import timedelta

import pytest

from monitors.liquidation import PositionSide
from monitors.market import FundingRate, Margin, RateKind
from monitors.metrics.board import Board
from monitors.metrics.liquidations.crowding import Crowd, weighed
from monitors.metrics.liquidations.values import Crowding
from tests.builders import NOON, a_rate, an_instrument, an_observation

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def hours_ago(hours: float) -> timedelta:
    return timedelta(hours=-hours)


@pytest.mark.parametrize(
    ("per_8h", "flushed", "crowded"),
    [
        (0.0003, LONG, True),
        (0.00029, LONG, False),
        (0.0003, SHORT, False),
        (-0.0001, SHORT, True),
        (-0.00009, SHORT, False),
        (-0.0001, LONG, False),
    ],
    ids=str,
)
def test_funding_is_crowded_from_the_watch_levels_on_and_on_the_side_that_pays(
    per_8h: float, flushed: PositionSide, *, crowded: bool
) -> None:
    crowd = Crowd()
    crowd.observe("BTC", per_8h / 8, NOON)

    found = crowd.crowding("BTC", flushed, NOON)

    assert found == (Crowding(side=flushed, hourly=per_8h / 8, at=NOON) if crowded else None)


def test_the_largest_funding_of_the_last_day_is_told_with_its_time() -> None:
    crowd = Crowd()
    crowd.observe("BTC", 0.0009, NOON + hours_ago(25))
    crowd.observe("BTC", 0.0004, NOON + hours_ago(9))
    crowd.observe("BTC", 0.0005, NOON + hours_ago(8.9))
    crowd.observe("BTC", 0.0001, NOON + hours_ago(8.8))
    crowd.observe("BTC", 0.0002, NOON)

    found = crowd.crowding("BTC", LONG, NOON)

    assert found == Crowding(side=LONG, hourly=0.0005, at=NOON + hours_ago(8.9))


def test_the_side_that_paid_most_decides_though_the_other_paid_too() -> None:
    crowd = Crowd()
    crowd.observe("BTC", 0.0004, NOON + hours_ago(20))
    crowd.observe("BTC", -0.0006, NOON + hours_ago(1))

    assert crowd.crowding("BTC", LONG, NOON) is None
    assert crowd.crowding("BTC", SHORT, NOON) is not None


def test_a_base_that_was_never_heard_is_not_crowded() -> None:
    assert Crowd().crowding("BTC", LONG, NOON) is None


def test_bases_are_kept_apart() -> None:
    crowd = Crowd()
    crowd.observe("BTC", 0.0005, NOON)

    assert crowd.crowding("ETH", LONG, NOON) is None


def test_a_crowd_a_day_ago_is_forgotten_even_if_nothing_came_since() -> None:
    crowd = Crowd()
    crowd.observe("BTC", 0.0005, NOON)

    assert crowd.crowding("BTC", LONG, NOON + timedelta(hours=24)) is not None
    assert crowd.crowding("BTC", LONG, NOON + timedelta(hours=24, seconds=1)) is None


def paid(venue: str, rate: float, *, hours: float | None = 8, margin: Margin = Margin.LINEAR) -> FundingRate:
    at = NOON + timedelta(seconds=3)
    instrument = an_instrument(venue, margin=margin)
    return a_rate(
        rate, instrument=instrument, hours=hours, kind=RateKind.SETTLED, funding_at=at, observed_at=at
    )


def test_what_was_paid_while_the_bot_was_off_is_weighted_by_the_open_interest_known() -> None:
    board = Board(
        (
            an_observation("bybit", usd=3e6),
            an_observation("okx", usd=1e6),
            an_observation("gate", usd=None),
        ),
        stale_after=timedelta(minutes=3),
    )
    rates = [paid("bybit", 0.0008), paid("okx", 0.0004), paid("gate", 0.5), paid("htx", 0.5)]
    rates += [paid("bybit", 0.5, margin=Margin.INVERSE), paid("okx", 0.5, hours=None)]

    ((base, hourly, at),) = weighed(rates, board)
    assert (base, at) == ("BTC", NOON)
    assert hourly == pytest.approx(0.0007 / 8)


def test_one_venue_alone_tells_of_no_crowd() -> None:
    board = Board(
        (an_observation("bybit", usd=3e6),),
        stale_after=timedelta(minutes=3),
    )

    assert list(weighed([paid("bybit", 0.01)], board)) == []
