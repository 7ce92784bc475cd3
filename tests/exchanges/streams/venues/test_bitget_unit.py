import pytest

from monitors.exchanges.streams.venues.bitget_unit import Unit, only_reading
from monitors.liquidation import Liquidation, PositionSide, Skipped
from tests.builders import an_instrument
from tests.exchanges.streams.venues.bitget_prints import (
    BASE_AMOUNTS,
    QUOTE_AMOUNTS,
    a_market,
    a_row,
    quantities,
    rows_with,
    settling,
    weighed,
)
from tests.exchanges.streams.venues.listed import RECEIVED_MS, Json


@pytest.mark.parametrize("amount", BASE_AMOUNTS)
def test_a_multiple_of_the_step_below_the_least_value_can_only_be_base_coins(amount: str) -> None:
    assert only_reading(float(amount), a_market()) is Unit.BASE


@pytest.mark.parametrize("amount", QUOTE_AMOUNTS)
def test_what_is_no_multiple_of_the_step_can_only_be_a_value(amount: str) -> None:
    assert only_reading(float(amount), a_market()) is Unit.QUOTE


@pytest.mark.parametrize(
    ("amount", "market"),
    [
        (7.0, a_market()),
        (0.00003, a_market()),
        (3.3, a_market(step=1.0)),
        (1e15, a_market()),
        (0.5, a_market(step=None)),
        (0.5, {}),
        (0.5, {"precision": None, "limits": None, "info": None}),
    ],
)
def test_what_both_readings_or_neither_allow_is_no_evidence(amount: float, market: Json) -> None:
    assert only_reading(amount, market) is None


def test_a_quantity_below_the_contracts_least_can_only_be_a_value() -> None:
    assert only_reading(40.0, a_market(step=1.0, least=50.0)) is Unit.QUOTE


def test_the_least_value_is_the_contracts_own_or_five_dollars() -> None:
    assert only_reading(6.0, a_market(cost=10.0)) is Unit.BASE
    assert only_reading(4.0, a_market(cost=None)) is Unit.BASE
    assert only_reading(4.0, a_market(cost=None) | {"info": {}}) is Unit.BASE


def test_prints_wait_for_the_fifth_piece_of_evidence_and_come_with_it() -> None:
    learner = settling()

    before = weighed(learner, *rows_with(BASE_AMOUNTS[:4]))
    note = learner.note
    after = weighed(learner, a_row(BASE_AMOUNTS[4]))

    assert before == 4 * [Skipped.UNSETTLED]
    assert note == "the unit of Bitget's amounts waits for proof (4 of 5 prints)"
    assert quantities(after) == [float(amount) for amount in BASE_AMOUNTS]
    assert (learner.is_settled, learner.note) == (True, "")


def test_prints_that_prove_nothing_are_held_too() -> None:
    learner = settling()

    reads = weighed(learner, a_row("7"), *rows_with(BASE_AMOUNTS))

    assert quantities(reads) == [7.0, *map(float, BASE_AMOUNTS)]


def test_once_settled_each_print_is_told_at_once() -> None:
    learner = settling()
    weighed(learner, *rows_with(QUOTE_AMOUNTS))

    reads = weighed(learner, a_row("89"), a_row("1780", symbol="BTCUSD", side="sell"), a_row("x"))

    long, short, unreadable = reads
    assert isinstance(long, Liquidation)
    assert isinstance(short, Liquidation)
    assert long.side is PositionSide.LONG
    assert (long.quantity, long.usd) == pytest.approx((0.001, 89))
    assert (short.side, short.usd) == (PositionSide.SHORT, 1780.0)
    assert unreadable is Skipped.MALFORMED


def test_an_inverse_quantity_of_base_coins_is_worth_its_price() -> None:
    learner = settling()
    weighed(learner, *rows_with(BASE_AMOUNTS))

    (told,) = weighed(learner, a_row("0.5", symbol="BTCUSD"))

    assert isinstance(told, Liquidation)
    assert told.usd == 44500.0


def test_contradictory_evidence_stays_unsettled_and_says_so() -> None:
    learner = settling()

    reads = weighed(learner, a_row(QUOTE_AMOUNTS[0]), *rows_with(2 * BASE_AMOUNTS))

    assert set(reads) == {Skipped.UNSETTLED}
    assert not learner.is_settled
    assert list(learner.compare([an_archived(0.5)])) == []
    assert learner.note == (
        "the unit of Bitget's amounts is contradictory (10 say base coins, 1 say quote value): "
        "its prints are not counted"
    )


def test_no_more_than_a_thousand_prints_are_held() -> None:
    learner = settling()
    weighed(learner, *rows_with(1500 * ["7"]))

    reads = weighed(learner, *rows_with(BASE_AMOUNTS))

    assert len(quantities(reads)) == 1000


def an_archived(quantity: float, *, price: float = 89000.0, symbol: str = "BTC/USDT:USDT") -> Liquidation:
    instrument = an_instrument("bitget", symbol=symbol)
    return Liquidation(instrument, PositionSide.LONG, quantity, price, 1799999950162, RECEIVED_MS)


@pytest.mark.parametrize(("quantity", "expected"), [(7.0, 7.0), (7 / 89000, 7 / 89000)])
def test_a_held_print_that_the_archive_tells_too_proves_the_unit(quantity: float, expected: float) -> None:
    learner = settling()
    weighed(learner, a_row("7"))

    reads = list(learner.compare([Skipped.UNSETTLED, an_archived(quantity)]))

    assert quantities(reads) == [pytest.approx(expected)]
    assert learner.is_settled
    assert list(learner.compare([an_archived(quantity)])) == []


@pytest.mark.parametrize(
    "archived",
    [
        an_archived(1.5),
        an_archived(7.0, price=88999.0),
        an_archived(7.0, symbol="ETH/USDT:USDT"),
    ],
)
def test_other_prints_of_the_archive_prove_nothing(archived: Liquidation) -> None:
    learner = settling()
    weighed(learner, a_row("7"))

    assert list(learner.compare([archived])) == []
    assert not learner.is_settled
