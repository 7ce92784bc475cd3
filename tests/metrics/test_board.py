from datetime import timedelta

import pytest

from monitors.market import Margin, Observation, OpenInterest
from monitors.metrics.board import Board
from monitors.metrics.reading import LeftOut
from monitors.metrics.registry import metric
from monitors.metrics.venues import weighted_funding, widest_spread
from tests.builders import NOON, STALE, a_rate, a_view, an_instrument, an_observation

LINEAR = Margin.LINEAR


def a_board(*observations: Observation, min_open_interest: float = 0.0) -> Board:
    return Board(observations, stale_after=STALE, min_open_interest=min_open_interest)


def venues(board: Board, base: str = "BTC") -> set[str]:
    return {o.funding.instrument.venue for o in board.compare(base, Margin.LINEAR, NOON).fresh}


def test_a_stale_observation_is_left_out_with_its_age() -> None:
    board = a_board(an_observation("bybit"), an_observation("okx", observed_at=NOON - timedelta(minutes=6)))

    comparison = board.compare("BTC", Margin.LINEAR, NOON)

    assert venues(board) == {"bybit"}
    assert comparison.left_out == (LeftOut(venue="okx", why="stale 6m"),)


def test_an_unknown_interval_never_enters_a_comparison() -> None:
    board = a_board(an_observation("bybit"), an_observation("mexc", hours=None))

    assert venues(board) == {"bybit"}
    assert widest_spread(board, "BTC", Margin.LINEAR, NOON) is None


def test_a_last_word_of_yesterday_is_forgotten() -> None:
    board = a_board(an_observation("bybit"), an_observation("okx", observed_at=NOON - timedelta(hours=25)))

    assert board.compare("BTC", Margin.LINEAR, NOON).left_out == ()


def test_a_silent_venue_that_could_widen_a_spread_makes_it_a_floor() -> None:
    silent = NOON - timedelta(minutes=10)
    legs = (an_observation("bybit", rate=0.0001), an_observation("okx", rate=0.0003))
    beyond = widest_spread(
        a_board(*legs, an_observation("gate", rate=0.0009, observed_at=silent)), "BTC", LINEAR, NOON
    )
    within = widest_spread(
        a_board(*legs, an_observation("gate", rate=0.0002, observed_at=silent)), "BTC", LINEAR, NOON
    )

    assert beyond is not None
    assert within is not None
    assert (beyond.hourly, beyond.is_floor) == (within.hourly, True)
    assert not within.is_floor


def test_too_much_silence_judges_no_weighted_rate_but_shows_it() -> None:
    silent = NOON - timedelta(minutes=10)
    legs = (an_observation("bybit"), an_observation("okx"))
    board = a_board(*legs, an_observation("gate", observed_at=silent, usd=30e6))

    weighted = weighted_funding(board, "BTC", Margin.LINEAR, NOON)
    readings = list(metric("funding_oi").read(a_view(*legs, board=board)))

    assert weighted is not None
    assert weighted.open_interest_share == pytest.approx(200 / 230)
    assert readings == []


def test_two_coins_that_share_a_ticker_are_told_apart_by_price() -> None:
    board = a_board(
        an_observation("bybit", mark_price=2.0),
        an_observation("okx", mark_price=2.05),
        an_observation("mexc", rate=0.01, mark_price=0.4),
    )

    comparison = board.compare("BTC", Margin.LINEAR, NOON)

    assert venues(board) == {"bybit", "okx"}
    assert [out.venue for out in comparison.left_out] == ["mexc"]
    assert "perhaps another coin" in comparison.left_out[0].why


def test_of_two_prices_that_disagree_the_larger_market_is_believed() -> None:
    board = a_board(
        an_observation("bybit", mark_price=2.0, usd=5e6), an_observation("mexc", mark_price=4.0, usd=9e6)
    )

    assert venues(board) == {"mexc"}


def test_a_multiplier_is_taken_out_before_prices_are_compared() -> None:
    board = a_board(
        an_observation("bybit", "PEPE", multiplier=1000, mark_price=0.0101),
        an_observation("okx", "PEPE", mark_price=0.00001),
    )

    assert venues(board, "PEPE") == {"bybit", "okx"}


def test_a_venue_without_a_mark_price_cannot_be_doubted() -> None:
    board = a_board(
        an_observation("bybit", mark_price=2.0), an_observation("okx", mark_price=None),
        an_observation("mexc", mark_price=9.0, usd=None),
    )  # fmt: skip

    assert venues(board) == {"bybit", "okx"}


def test_linear_and_inverse_are_never_compared() -> None:
    board = a_board(an_observation("bybit"), an_observation("okx", margin=Margin.INVERSE))

    assert venues(board) == {"bybit"}
    assert board.bases(Margin.INVERSE) == ("BTC",)


def test_a_venue_is_represented_by_its_largest_contract() -> None:
    large = an_observation("bybit", rate=0.0001, usd=9e6)
    other = a_rate(0.0009, instrument=an_instrument("bybit", symbol="BTC/USDC:USDC"))
    small = Observation(funding=other, open_interest=OpenInterest(contracts=None, usd=1e6))

    for order in ((small, large), (large, small)):
        (kept,) = a_board(*order).compare("BTC", Margin.LINEAR, NOON).per_venue
        assert kept == large


def test_the_latest_word_of_an_instrument_replaces_the_one_before() -> None:
    board = a_board(an_observation(rate=0.0001))

    board.put(an_observation(rate=0.0002))

    assert len(board.group("BTC")) == 1
    known = board.at(an_instrument())
    assert known is not None
    assert known.funding.rate == 0.0002
    assert board.at(an_instrument("okx")) is None


def test_bases_are_sorted_by_open_interest() -> None:
    board = a_board(an_observation(base="ETH", usd=1e6), an_observation(base="BTC", usd=9e6))

    assert board.bases() == ("BTC", "ETH")


def test_the_weighted_rate_needs_two_venues_and_half_of_the_open_interest() -> None:
    stale = NOON - timedelta(hours=1)
    alone = a_board(an_observation("bybit"))
    uncovered = a_board(
        an_observation("bybit", usd=1e6), an_observation("okx", usd=1e6),
        an_observation("gate", usd=9e6, observed_at=stale),
    )  # fmt: skip

    assert weighted_funding(alone, "BTC", Margin.LINEAR, NOON) is None
    assert weighted_funding(uncovered, "BTC", Margin.LINEAR, NOON) is None


def test_the_weighted_rate_says_what_it_rests_on() -> None:
    board = a_board(
        an_observation("bybit", rate=0.0001, usd=3e6),
        an_observation("okx", rate=0.0005, usd=1e6),
        an_observation("binanceusdm", usd=None),
    )

    weighted = weighted_funding(board, "BTC", Margin.LINEAR, NOON)

    assert weighted is not None
    assert weighted.hourly * 8 == 0.0002
    assert (weighted.venues, weighted.open_interest_share) == (2, 1.0)
    assert weighted.left_out == (LeftOut(venue="binanceusdm", why="open interest unknown"),)


def test_a_leg_below_the_floor_makes_no_spread() -> None:
    board = a_board(
        an_observation("bybit", rate=0.0001), an_observation("okx", rate=0.0003),
        an_observation("mexc", rate=0.009, usd=10_000), min_open_interest=1e6,
    )  # fmt: skip

    spread = widest_spread(board, "BTC", Margin.LINEAR, NOON)

    assert spread is not None
    assert (spread.high.funding.instrument.venue, spread.low.funding.instrument.venue) == ("okx", "bybit")
    assert spread.left_out == (LeftOut(venue="mexc", why="open interest below the floor"),)
