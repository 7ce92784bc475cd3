"""All of it together: the tape, the cascades on it, and what a restart hands back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitors.liquidation import Liquidation, Window
from monitors.market import OpenInterest
from monitors.metrics.liquidations.board import LiquidationBoard, floor_of_run
from monitors.metrics.liquidations.values import MARKET, BookSample, Cascade, HeardBefore, Key
from tests.builders import NOON, a_cascade, a_liquidation_board, an_instrument, an_observation
from tests.metrics.liquidations.prints import LONG, SHORT, a_bucket, a_feed, a_print, after

MINUTE = timedelta(minutes=1)


def a_run(seconds: float = 0, usd: float = 3e6, base: str = "BTC") -> list[Liquidation]:
    """Build five prints of longs a second apart, of so many dollars together."""
    instrument = an_instrument("bybit", base)
    return [a_print(seconds + n, usd / 5, instrument=instrument, name=f"{seconds + n}") for n in range(5)]


def a_board(before: HeardBefore | None = None, *, seconds: float = 0) -> LiquidationBoard:
    board = a_liquidation_board(before, now=after(seconds))
    board.tape.health(a_feed("bybit"))
    return board


def test_what_is_new_is_counted_and_what_it_opens_is_told() -> None:
    board = a_board()

    new, changed = board.take(a_run(), after(4))
    again = board.take(a_run(), after(5))

    assert (len(new), [cascade.base for cascade in changed]) == (5, ["BTC"])
    assert again == ((), ())
    assert board.running() == changed
    assert board.cascade("BTC") == changed[0]
    assert board.cascade("ETH") is None
    assert board.tape.totals(Key("BTC"), Window.M1).usd == 3e6
    assert board.stressed() == ("BTC",)


@pytest.mark.parametrize(("base", "usd"), [(MARKET, 5e6), ("BTC", 2e6), ("ETH", 1.25e6), ("DOGE", 500_000)])
def test_a_run_is_large_from_a_bases_part_of_five_million_on(base: str, usd: float) -> None:
    assert floor_of_run(base) == usd


def test_a_run_below_the_floor_opens_nothing() -> None:
    assert a_board().take(a_run(usd=1.9e6), after(4))[1] == ()


def test_a_cascade_that_closed_is_recent_and_the_last_of_its_base() -> None:
    board = a_board()
    for start in (0, 200):
        board.take(a_run(start, base="BTC"), after(start + 4))
        board.take(a_run(start + 1, base="ETH"), after(start + 5))
        board.take([], after(start + 180))

    recent = board.recent(NOON)

    assert board.running() == ()
    assert [(one.base, one.opened_at) for one in recent] == [("ETH", after(201)), ("BTC", after(200))]
    assert board.cascade("BTC") == recent[1]
    assert board.recent(after(381)) == ()


def a_life(seconds: float) -> tuple[HeardBefore, tuple[Cascade, ...]]:
    """Live through the first prints of a cascade; return what the store then hands back, and the cascades."""
    board = a_board()
    new, changed = board.take(a_run(), after(seconds))
    return HeardBefore(prints=new, feeds=board.tape.feeds(), cascades=changed), changed


def test_a_cascade_that_runs_goes_on_after_a_restart_and_is_not_opened_again() -> None:
    before, (opened,) = a_life(4)
    board = a_board(before, seconds=10)

    replayed = board.take(a_run(), after(10))
    _, (grown,) = board.take(a_run(12), after(16))

    assert replayed == ((), ())
    assert grown == replace(
        opened,
        updated_at=after(16),
        totals=grown.totals,
        venues=(("bybit", grown.totals),),
        peak_minute_usd=6e6,
        price_now=grown.price_now,
        is_floor=grown.is_floor,
    )
    assert (grown.totals.usd, grown.totals.count) == (6e6, 10)
    assert board.running() == (grown,)


def test_a_cascade_closes_after_a_restart_with_what_was_counted_before_it() -> None:
    before, (opened,) = a_life(4)
    board = a_board(before, seconds=10)

    changed = [one for second in range(11, 200) for one in board.take([], after(second))[1]]

    (closed,) = changed
    assert closed.closed_at is not None
    assert (closed.opened_at, closed.totals) == (opened.opened_at, opened.totals)


def test_a_run_that_was_under_way_at_a_restart_becomes_a_cascade_with_all_of_it() -> None:
    first, rest = a_run()[:3], a_run()[3:]
    eth = a_cascade("ETH", opened_at=after(2), lasted=timedelta(seconds=1))
    board = a_board(HeardBefore(prints=first, cascades=[eth]), seconds=3)

    _, changed = board.take(rest, after(5))

    assert [(one.base, one.totals.count) for one in changed] == [("BTC", 5)]


def test_the_windows_are_warm_after_a_restart() -> None:
    before, _ = a_life(4)

    board = a_board(before, seconds=62)

    assert board.tape.totals(Key(), Window.M1).usd == 2 * 600_000
    assert board.tape.totals(Key("BTC", "bybit"), Window.H1).usd == 3e6


def test_a_cascade_that_closed_before_a_restart_is_known_and_does_not_run() -> None:
    closed = a_cascade(closed_at=NOON)
    older = a_cascade(opened_at=NOON - timedelta(hours=2), closed_at=NOON - timedelta(hours=1))

    board = a_board(HeardBefore(cascades=[closed, older]))

    assert board.running() == ()
    assert board.cascade("BTC") == closed
    assert board.recent(NOON - timedelta(days=1)) == (closed,)


def test_the_price_is_that_of_one_coin_over_fresh_venues() -> None:
    board = a_board()
    board.polled([an_observation("bybit", "PEPE", multiplier=1000, mark_price=0.01)], NOON)

    assert board.price("PEPE", NOON) == pytest.approx(0.00001)
    assert board.price("PEPE", NOON + 4 * MINUTE) is None
    assert board.price("BTC", NOON) is None


def test_a_cascade_carries_the_price_before_and_now() -> None:
    board = a_board()
    board.polled([an_observation("bybit", mark_price=60_000.0)], NOON)
    board.take(a_run(), after(4))
    board.polled([an_observation("bybit", mark_price=57_000.0)], after(5))

    _, (grown,) = board.take(a_run(6), after(10))

    assert (grown.price_before, grown.price_now) == (60_000.0, 57_000.0)
    assert grown.price_move == pytest.approx(-0.05)


@pytest.mark.parametrize(("before", "now"), [(None, 1.0), (1.0, None), (0.0, 1.0)])
def test_a_move_from_or_to_no_price_is_unknown(before: float | None, now: float | None) -> None:
    assert a_cascade(price_before=before, price_now=now).price_move is None


def test_a_cascade_is_scored_by_the_books_and_open_interest_that_were_asked_for() -> None:
    times = [NOON - 5 * MINUTE * back for back in range(1, 28 * 288 + 1)]
    quiet = [a_bucket(at, base, 1e5) for at in times for base in (MARKET, "BTC")]
    bybit = an_instrument("bybit")

    def a_book(at: datetime, depth: float) -> BookSample:
        return BookSample(
            instrument=bybit, at=at, bid_depth_usd=depth, ask_depth_usd=1e6, spread_bps=1.0, truncated=False
        )

    usual = [a_book(NOON - MINUTE * back, 1e6) for back in range(1, 150)]
    board = a_board(HeardBefore(buckets=quiet, books=usual))
    board.polled([an_observation("bybit", usd=None)], NOON)
    board.sampled([], [(bybit, OpenInterest(contracts=1000.0, usd=6e7))], NOON - 15 * MINUTE)
    board.sampled([a_book(NOON, 2e5)], [(bybit, OpenInterest(contracts=950.0, usd=5.7e7))], NOON)

    _, (opened,) = board.take(a_run(), after(4))

    assert opened.stress is not None
    assert opened.stress.depth == pytest.approx(1.0)
    assert opened.stress.open_interest == pytest.approx(1.0)
    assert opened.stress.spread == 0.0


def test_the_crowd_that_paid_is_the_one_that_is_flushed() -> None:
    board = a_board()
    board.crowd.observe("BTC", 0.001, NOON)

    crowding = board.crowding("BTC", LONG, after(60))

    assert crowding is not None
    assert (crowding.side, crowding.hourly) == (LONG, 0.001)
    assert board.crowding("BTC", SHORT, after(60)) is None
    assert board.crowding("ETH", LONG, after(60)) is None
