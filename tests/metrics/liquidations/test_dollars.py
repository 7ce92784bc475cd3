"""What counts a coin or another currency is told in US dollars, or left out: never taken for dollars as it is."""

from dataclasses import replace

import pytest

from monitors.liquidation import Liquidation, Skipped, Window
from monitors.market import Instrument, Margin, Observation
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.dollars import in_dollars
from monitors.metrics.liquidations.values import HeardBefore, Key
from tests.builders import (
    NOON,
    STALE,
    a_foreign_instrument,
    a_liquidation_board,
    an_instrument,
    an_observation,
)
from tests.metrics.liquidations.prints import LONG, a_print, after

PRICES = {"BTC": 60_000.0, "ETH": 2_400.0, "EUR": None}
AGAINST_BITCOIN = a_foreign_instrument("ETH/BTC:BTC")
QUANTO = a_foreign_instrument("ETH/USD:BTC", "gate", contract_size=1e-6)
EUROS = a_foreign_instrument("BTC/EUR:EUR")


def heard(
    instrument: Instrument, quantity: float = 10.0, price: float = 0.04, *, name: str = ""
) -> Liquidation:
    return a_print(instrument=instrument, name=name)._replace(quantity=quantity, price=price)


def a_board(*observations: Observation) -> LiquidationBoard:
    board = a_liquidation_board()
    board.polled(observations, NOON)
    return board


def bitcoin_at(mark: float) -> Observation:
    return an_observation("bybit", mark_price=mark)


@pytest.mark.parametrize("margin", Margin)
def test_what_counts_dollars_is_left_as_it_is(margin: Margin) -> None:
    told = heard(an_instrument(margin=margin))

    assert in_dollars(told, PRICES.get) is told


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "expected"),
    [
        (AGAINST_BITCOIN, 10.0, 0.04, (10.0, 2_400.0, 24_000.0)),
        (QUANTO, 0.001, 1_800.0, (60.0, 1_800.0, 108_000.0)),
        (a_foreign_instrument("SOL/ETH:BTC"), 0.5, 0.1, (12.5, 240.0, 3_000.0)),
        (a_foreign_instrument("ETH/BTC:USDT"), 100.0, 0.04, (100.0 / 60_000, 2_400.0, 4.0)),
        (a_foreign_instrument("SOL/ETH:SOL", margin=Margin.INVERSE), 2.0, 0.1, (4_800.0, 240.0, 4_800.0)),
    ],
    ids=lambda given: given.symbol if isinstance(given, Instrument) else "",
)
def test_price_and_value_are_told_in_dollars(
    instrument: Instrument, quantity: float, price: float, expected: tuple[float, float, float]
) -> None:
    told = in_dollars(heard(instrument, quantity, price), PRICES.get)

    assert told is not None
    assert (told.quantity, told.price, told.usd) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("symbol", "margin"),
    [
        ("BTC/EUR:EUR", Margin.LINEAR),
        ("BTC/EUR:BTC", Margin.INVERSE),
        ("ETH/EUR:BTC", Margin.LINEAR),
        ("ETH/BTC:EUR", Margin.LINEAR),
        ("ETH/XYZ:XYZ", Margin.LINEAR),
    ],
)
def test_what_has_no_known_price_has_no_value(symbol: str, margin: Margin) -> None:
    assert in_dollars(heard(a_foreign_instrument(symbol, margin=margin)), PRICES.get) is None


def test_a_venues_own_identity_is_kept() -> None:
    told = in_dollars(heard(AGAINST_BITCOIN, name="42"), PRICES.get)

    assert told is not None
    assert told.id == "42"


def test_prints_that_differ_in_what_the_venue_told_keep_apart() -> None:
    first = heard(AGAINST_BITCOIN)
    others = [
        first,
        first._replace(quantity=11.0),
        first._replace(price=0.05),
        first._replace(at_ms=first.at_ms + 1),
        a_print(side=LONG.SHORT, instrument=AGAINST_BITCOIN)._replace(quantity=10.0, price=0.04),
    ]

    ids = {told.id for one in others if (told := in_dollars(one, PRICES.get)) is not None}

    assert len(ids) == len(others)


def test_the_windows_count_dollars_at_the_price_that_the_polls_told() -> None:
    board = a_board(bitcoin_at(60_000.0))
    plain = heard(an_instrument("bybit"), 2.0, 60_000.0)

    new, _ = board.take([heard(AGAINST_BITCOIN), plain], NOON)

    assert [one.usd for one in new] == pytest.approx([24_000.0, 120_000.0])
    assert new[1] is plain
    assert board.tape.totals(Key("ETH", "binanceusdm"), Window.M1).long_usd == pytest.approx(24_000.0)
    assert board.tape.totals(Key(), Window.M1).usd == pytest.approx(144_000.0)
    assert board.tape.largest(Key("ETH"), Window.M1) == new[0]


def test_a_repetition_counts_once_although_the_rate_moved() -> None:
    board = a_board(bitcoin_at(60_000.0))
    first, _ = board.take([heard(AGAINST_BITCOIN)], NOON)
    board.polled([bitcoin_at(57_000.0)], after(1))

    again, _ = board.take([heard(AGAINST_BITCOIN)], after(2))

    assert (len(first), again) == (1, ())
    assert board.tape.skipped() == {("binanceusdm", Skipped.DUPLICATE): 1}


def test_a_repetition_after_a_restart_counts_once_and_the_value_is_that_of_then() -> None:
    before, _ = a_board(bitcoin_at(60_000.0)).take([heard(AGAINST_BITCOIN)], NOON)
    board = a_liquidation_board(HeardBefore(prints=before), now=after(10))
    board.polled([bitcoin_at(57_000.0)], after(10))

    again, _ = board.take([heard(AGAINST_BITCOIN)], after(11))

    assert again == ()
    assert board.tape.totals(Key("ETH"), Window.M1).usd == pytest.approx(24_000.0)


@pytest.mark.parametrize("instrument", [EUROS, QUANTO], ids=lambda one: str(one.symbol))
def test_what_has_no_price_is_left_out_and_counted_by_reason(instrument: Instrument) -> None:
    board = a_board(an_observation("bybit", "ETH", mark_price=2_400.0))

    new, _ = board.take([heard(instrument), heard(an_instrument("bybit", "ETH"), 1.0, 2_400.0)], NOON)

    assert [one.instrument.venue for one in new] == ["bybit"]
    assert board.tape.skipped() == {(instrument.venue, Skipped.UNPRICED): 1}


def test_a_price_that_is_too_old_is_none() -> None:
    board = a_board(bitcoin_at(60_000.0))

    new, _ = board.take([heard(QUANTO)], NOON + 2 * STALE)

    assert new == ()


def test_a_coins_price_is_not_learned_from_what_is_quoted_in_another_coin() -> None:
    told = an_observation("binanceusdm", "ETH", usd=None, mark_price=0.04)
    against_bitcoin = replace(told, funding=replace(told.funding, instrument=AGAINST_BITCOIN))

    assert a_board(against_bitcoin).price("ETH", NOON) is None
