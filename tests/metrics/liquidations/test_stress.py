import pickle
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitors.liquidation import PositionSide
from monitors.market import Instrument, Margin, Observation, OpenInterest
from monitors.metrics.liquidations.stress import NEEDED_SAMPLES, StressBoard, StressInputs
from monitors.metrics.liquidations.values import BookSample
from tests.builders import NOON, an_instrument, an_observation

MINUTE = timedelta(minutes=1)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def a_board(memory: Iterable[BookSample] = ()) -> StressBoard:
    return StressBoard(memory, stale_after=3 * MINUTE)


def said(
    venue: str = "bybit",
    *,
    contracts: float | None = None,
    usd: float | None = None,
    at: datetime = NOON,
    mark: float | None = 60_000.0,
    index: float | None = None,
    margin: Margin = Margin.LINEAR,
    multiplier: float = 1.0,
) -> Observation:
    observation = an_observation(
        venue,
        usd=None,
        observed_at=at,
        mark_price=mark,
        index_price=index,
        margin=margin,
        multiplier=multiplier,
    )
    if contracts is None and usd is None:
        return observation
    value = (contracts or 0) * (mark or 0) if usd is None else usd
    return replace(observation, open_interest=OpenInterest(contracts=contracts, usd=value))


def told(board: StressBoard, *observations: Observation) -> None:
    for observation in observations:
        board.observe([observation], observation.funding.observed_at)


def now(
    board: StressBoard, side: PositionSide = LONG, at: datetime = NOON, base: str = "BTC"
) -> StressInputs:
    return board.inputs(base, side, at)


def a_book(
    at: datetime = NOON,
    *,
    venue: str = "okx",
    base: str = "BTC",
    bids: float = 1e6,
    asks: float = 2e6,
    spread: float = 1.0,
    truncated: bool = False,
) -> BookSample:
    return BookSample(
        instrument=an_instrument(venue=venue, symbol=f"{base}/USDT:USDT", base=base),
        at=at,
        bid_depth_usd=bids,
        ask_depth_usd=asks,
        spread_bps=spread,
        truncated=truncated,
    )


def a_past(
    count: int = NEEDED_SAMPLES, *, venue: str = "okx", until: datetime = NOON, truncated: bool = False
) -> list[BookSample]:
    return [
        a_book(until - minutes * MINUTE, venue=venue, truncated=truncated)
        for minutes in reversed(range(1, count + 1))
    ]


def size(board: StressBoard) -> int:
    """Measure what a board keeps, in bytes once written down."""
    return len(pickle.dumps(board))


class TestOpenInterest:
    def test_the_change_is_newest_over_a_quarter_of_an_hour_before(self) -> None:
        board = a_board()

        told(board, *(said(contracts=1000 - 10 * minute, at=NOON + minute * MINUTE) for minute in range(19)))

        then = NOON + 18 * MINUTE
        assert now(board, at=then).oi_change_15m == pytest.approx((1000 - 180) / (1000 - 30) - 1)

    def test_a_shorter_past_is_taken_whole(self) -> None:
        board = a_board()

        told(board, said(contracts=1000, at=NOON - 4 * MINUTE), said(contracts=950))

        assert now(board).oi_change_15m == pytest.approx(-0.05)

    def test_one_point_is_no_change(self) -> None:
        board = a_board()

        told(board, said(contracts=1000))

        assert now(board).oi_change_15m is None

    def test_two_points_more_than_twenty_minutes_apart_are_no_change(self) -> None:
        board = a_board()

        told(board, said(contracts=1000, at=NOON - 21 * MINUTE), said(contracts=900))

        assert now(board).oi_change_15m is None

    def test_a_price_move_is_no_change(self) -> None:
        board = a_board()

        told(
            board,
            said(contracts=1000, at=NOON - 10 * MINUTE, mark=60_000),
            said("okx", contracts=10, at=NOON - 10 * MINUTE, mark=60_000),
            said(contracts=1000, mark=40_000),
            said("okx", contracts=10, mark=40_000),
        )

        assert now(board).oi_change_15m == pytest.approx(0)

    def test_instruments_are_added_up_before_they_are_compared(self) -> None:
        board = a_board()

        told(
            board,
            said(contracts=3000, at=NOON - 10 * MINUTE),
            said("gate", contracts=1000, at=NOON - 10 * MINUTE),
            said(contracts=2400),
            said("gate", contracts=1000),
        )

        assert now(board).oi_change_15m == pytest.approx(3400 / 4000 - 1)

    def test_dollars_of_an_inverse_contract_are_its_contracts(self) -> None:
        board = a_board()

        told(
            board,
            said(usd=200e6, margin=Margin.INVERSE, at=NOON - 10 * MINUTE, mark=60_000),
            said(usd=180e6, margin=Margin.INVERSE, mark=50_000),
        )

        assert now(board).oi_change_15m == pytest.approx(-0.1)

    def test_dollars_alone_of_a_linear_contract_tell_nothing(self) -> None:
        board = a_board()

        told(board, said(usd=200e6, at=NOON - 10 * MINUTE), said(usd=100e6))

        assert now(board).oi_change_15m is None

    def test_a_venue_that_fell_silent_is_left_out(self) -> None:
        board = a_board()

        told(
            board,
            said("gate", contracts=1000, at=NOON - 10 * MINUTE),
            said("gate", contracts=100, at=NOON - 4 * MINUTE),
            said(contracts=1000, at=NOON - 10 * MINUTE),
            said(contracts=900),
        )

        assert now(board).oi_change_15m == pytest.approx(-0.1)

    def test_an_open_interest_that_is_no_longer_told_is_no_longer_compared(self) -> None:
        board = a_board()

        told(
            board,
            said(contracts=1000, at=NOON - 10 * MINUTE),
            said(contracts=900, at=NOON - 5 * MINUTE),
            said(),
        )

        assert now(board).oi_change_15m is None

    def test_what_was_asked_for_counts_like_what_a_poll_said(self) -> None:
        board, instrument = a_board(), an_instrument("binanceusdm")
        told(board, said("binanceusdm"))

        board.interest(instrument, OpenInterest(contracts=1000, usd=60e6), NOON - 2 * MINUTE)
        board.interest(instrument, OpenInterest(contracts=900, usd=54e6), NOON)

        assert now(board).oi_change_15m == pytest.approx(-0.1)

    def test_an_open_interest_without_a_price_is_not_compared(self) -> None:
        board, instrument = a_board(), an_instrument("binanceusdm")

        board.interest(instrument, OpenInterest(contracts=1000, usd=60e6), NOON - 2 * MINUTE)
        board.interest(instrument, OpenInterest(contracts=900, usd=54e6), NOON)

        assert now(board).oi_change_15m is None

    def test_an_open_interest_that_is_gone_is_not_divided_by(self) -> None:
        board = a_board()

        told(board, said(contracts=1000, at=NOON - 2 * MINUTE), said(contracts=0))

        assert now(board).oi_change_15m is None

    def test_a_figure_halved_at_a_resting_price_is_a_new_way_to_count(self) -> None:
        board = a_board()

        told(
            board,
            said(contracts=1000, at=NOON - 2 * MINUTE),
            said(contracts=500, at=NOON - MINUTE),
            said(contracts=490),
        )

        assert now(board).oi_change_15m == pytest.approx(-0.02)

    @pytest.mark.parametrize(
        ("left", "mark"), [(500, 58_000.0), (440, 60_000.0), (560, 60_000.0), (500, None)]
    )
    def test_a_loss_with_a_price_move_or_of_another_size_is_real(
        self, left: float, mark: float | None
    ) -> None:
        board = a_board()

        told(
            board,
            said(contracts=1000, at=NOON - 2 * MINUTE),
            said(contracts=left, usd=left * 60_000, mark=mark),
        )

        assert now(board).oi_change_15m == pytest.approx(left / 1000 - 1)

    def test_an_instrument_that_begins_with_nothing_is_no_new_way_to_count(self) -> None:
        board = a_board()

        told(board, said(contracts=0, at=NOON - 2 * MINUTE), said(contracts=10))

        assert now(board).oi_change_15m is None

    def test_frequent_polls_do_not_shorten_the_past(self) -> None:
        board = a_board()
        polls = range(0, 16 * 60 + 1, 5)

        told(board, *(said(contracts=1000 - n / 10, at=NOON + timedelta(seconds=n)) for n in polls))

        change = now(board, at=NOON + 16 * MINUTE).oi_change_15m
        assert change == pytest.approx((1000 - 96) / (1000 - 6) - 1, abs=0.006)

    def test_memory_is_bounded_however_often_is_polled(self) -> None:
        board, instrument = a_board(), an_instrument("bybit")
        sizes = []

        for second in range(4 * 3600):
            told_at = NOON + timedelta(seconds=second)
            board.interest(instrument, OpenInterest(contracts=1000 + second, usd=1), told_at)
            if second % 3600 == 3599:
                sizes.append(size(board))

        assert max(sizes) < 1.1 * min(sizes)
        assert max(sizes) < 5000


class TestPremium:
    def test_it_is_weighted_by_open_interest(self) -> None:
        board = a_board()

        told(
            board,
            said("bybit", usd=300e6, mark=59_400, index=60_000),
            said("gate", usd=100e6, mark=59_940, index=60_000),
        )

        assert now(board).premium == pytest.approx((300 * -0.01 + 100 * -0.001) / 400)

    def test_its_sign_is_the_same_for_either_side(self) -> None:
        board = a_board()
        told(
            board,
            said("bybit", usd=1e6, mark=60_600, index=60_000),
            said("gate", usd=1e6, mark=60_600, index=60_000),
        )

        assert now(board, LONG).premium == now(board, SHORT).premium == pytest.approx(0.01)

    @pytest.mark.parametrize(("mark", "index"), [(59_400, None), (None, 60_000)])
    def test_an_instrument_without_mark_or_index_is_not_counted(
        self, mark: float | None, index: float | None
    ) -> None:
        board = a_board()

        told(
            board,
            said("bybit", usd=100e6, mark=59_400, index=60_000),
            said("gate", usd=100e6, mark=59_400, index=60_000),
            said("okx", usd=150e6, mark=mark, index=index),
        )

        assert now(board).premium == pytest.approx(-0.01)

    def test_less_than_half_of_the_open_interest_speaks_for_nobody(self) -> None:
        board = a_board()

        told(
            board,
            said("bybit", usd=100e6, mark=59_400, index=60_000),
            said("gate", usd=100e6, mark=59_400, index=60_000),
            said("okx", usd=201e6, mark=59_400),
        )

        assert now(board).premium is None

    def test_one_venue_speaks_for_nobody(self) -> None:
        board = a_board()

        told(
            board,
            said("bybit", usd=100e6, mark=59_400, index=60_000),
            said("bybit", usd=100e6, mark=59_400, index=60_000, margin=Margin.INVERSE),
        )

        assert now(board).premium is None

    def test_without_open_interest_nothing_can_be_weighted(self) -> None:
        board = a_board()

        told(board, said("bybit", index=60_000), said("gate", index=60_000))

        assert now(board).premium is None

    def test_open_interest_that_was_asked_for_gives_a_weight(self) -> None:
        board = a_board()
        told(
            board,
            said("bybit", usd=100e6, mark=59_400, index=60_000),
            said("binanceusdm", mark=60_000, index=60_000),
        )

        board.interest(an_instrument("binanceusdm"), OpenInterest(contracts=5000, usd=300e6), NOON)

        assert now(board).premium == pytest.approx(-0.0025)

    def test_another_coin_under_the_same_ticker_is_left_out(self) -> None:
        board = a_board()

        told(
            board,
            said("bybit", usd=100e6, mark=59_400, index=60_000),
            said("gate", usd=100e6, mark=59_400, index=60_000),
            said("mexc", usd=900e6, mark=0.5, index=1.0),
        )

        assert now(board).premium == pytest.approx(-0.01)


class TestPrice:
    def test_it_is_the_median_of_one_coin(self) -> None:
        board = a_board()

        told(
            board,
            said("bybit", mark=10.0),
            said("okx", mark=10_100.0, multiplier=1000),
            said("gate", mark=10.2),
            said("htx", mark=None),
        )

        assert now(board).price == pytest.approx(10.1)

    def test_old_words_give_no_price(self) -> None:
        board = a_board()

        told(board, said(at=NOON - 4 * MINUTE))

        assert now(board).price is None


class TestBooks:
    def test_the_hit_side_is_compared_with_its_own_median(self) -> None:
        board = a_board(a_past())

        board.sample(a_book(bids=0.2e6, asks=3e6, spread=8.0))

        assert now(board, LONG).depth_ratio == pytest.approx(0.2)
        assert now(board, SHORT).depth_ratio == pytest.approx(1.5)
        assert now(board, LONG).spread_ratio == now(board, SHORT).spread_ratio == pytest.approx(8)

    def test_too_few_samples_make_no_normal(self) -> None:
        board = a_board(a_past(NEEDED_SAMPLES - 1))

        board.sample(a_book(bids=0.2e6))

        assert (now(board).depth_ratio, now(board).spread_ratio) == (None, None)

    def test_a_sample_older_than_three_minutes_is_unknown(self) -> None:
        board = a_board(a_past())
        board.sample(a_book())

        assert now(board, at=NOON + 3 * MINUTE).depth_ratio == pytest.approx(1)
        assert now(board, at=NOON + 3 * MINUTE + timedelta(seconds=1)).depth_ratio is None

    def test_the_normal_is_that_of_a_day(self) -> None:
        yesterday = [
            replace(book, bid_depth_usd=9e6) for book in a_past(500, until=NOON - timedelta(hours=24))
        ]
        board = a_board(yesterday + a_past())

        board.sample(a_book(bids=0.5e6))

        assert now(board).depth_ratio == pytest.approx(0.5)

    def test_samples_that_aged_since_the_last_one_no_longer_count(self) -> None:
        board = a_board(a_past(NEEDED_SAMPLES, until=NOON - timedelta(hours=22)))
        board.sample(a_book())

        assert now(board).depth_ratio == pytest.approx(1)
        assert now(board, at=NOON + MINUTE).depth_ratio is None

    def test_instruments_have_a_normal_of_their_own(self) -> None:
        board = a_board([*a_past(venue="okx"), *a_past(20, venue="bybit")])

        board.sample(a_book(venue="bybit", bids=0.1e6))
        board.sample(a_book(venue="okx", bids=0.4e6))
        board.sample(a_book(base="ETH", bids=0.3e6))

        assert now(board).depth_ratio == pytest.approx(0.4)
        assert now(board, base="ETH").depth_ratio is None

    def test_a_book_that_came_twice_is_one_sample(self) -> None:
        board = a_board(a_past(NEEDED_SAMPLES - 1))

        for _ in range(3):
            board.sample(a_book())

        assert now(board).depth_ratio is None

    def test_memory_may_come_in_any_order(self) -> None:
        board = a_board([a_book(bids=0.2e6), *reversed(a_past())])

        assert now(board).depth_ratio == pytest.approx(0.2)

    def test_a_side_that_is_usually_empty_has_no_normal(self) -> None:
        board = a_board([replace(book, bid_depth_usd=0.0) for book in a_past()])

        board.sample(a_book(bids=1e6))

        assert now(board).depth_ratio is None
        assert now(board, SHORT).depth_ratio == pytest.approx(1)

    def test_a_lower_bound_cannot_prove_that_usual_depth_is_gone(self) -> None:
        board = a_board(a_past(truncated=False))

        board.sample(a_book(bids=0.2e6, asks=3e6, truncated=True))

        assert now(board, LONG).depth_ratio is None
        assert now(board, SHORT).depth_ratio == pytest.approx(1.5)
        assert now(board, LONG).spread_ratio == pytest.approx(1)

    def test_lower_bounds_are_compared_with_lower_bounds(self) -> None:
        board = a_board(a_past(truncated=True))

        board.sample(a_book(bids=0.2e6, truncated=True))

        assert now(board).depth_ratio == pytest.approx(0.2)

    def test_books_no_longer_sampled_are_forgotten(self) -> None:
        board, fresh = a_board(a_past(1000, venue="bybit")), a_board()

        for kept in (board, fresh):
            kept.sample(a_book(NOON + timedelta(hours=25)))

        assert size(board) == size(fresh)


def test_of_an_unknown_base_nothing_is_known() -> None:
    assert now(a_board(), base="NEW") == StressInputs()


def test_instruments_of_one_venue_are_kept_apart() -> None:
    board = a_board()
    usdc: Instrument = an_instrument("bybit", symbol="BTC/USDC:USDC")
    told(board, said(contracts=1000, at=NOON - 2 * MINUTE), said(contracts=1000))

    board.interest(usdc, OpenInterest(contracts=10, usd=1), NOON)

    assert now(board).oi_change_15m == pytest.approx(0)
