from datetime import timedelta

import pytest

from monitors.market import FundingRate, Margin, OpenInterest
from tests.builders import a_foreign_instrument, a_rate, an_instrument

NAN = float("nan")


def test_a_rate_is_the_same_in_every_unit() -> None:
    rate = a_rate(0.0004, hours=4)

    assert rate.hourly == pytest.approx(0.0001)
    assert rate.per_8h == pytest.approx(0.0008)
    assert rate.apr == pytest.approx(0.876)


def test_an_unknown_interval_has_no_other_unit() -> None:
    rate = a_rate(0.0004, hours=None)

    assert (rate.hourly, rate.per_8h, rate.apr) == (None, None, None)


@pytest.mark.parametrize("size", [0.0, -1.0, NAN, float("inf")])
def test_sizes_that_no_contract_has_are_refused(size: float) -> None:
    with pytest.raises(ValueError, match="contract size must be positive, was"):
        an_instrument(contract_size=size)


@pytest.mark.parametrize("multiplier", [-1000.0, NAN])
def test_multipliers_that_no_contract_has_are_refused(multiplier: float) -> None:
    with pytest.raises(ValueError, match="multiplier must be positive, was"):
        an_instrument(multiplier=multiplier)


@pytest.mark.parametrize("margin", Margin)
def test_a_usual_contract_counts_dollars(margin: Margin) -> None:
    assert an_instrument(margin=margin).counts_dollars


@pytest.mark.parametrize(
    ("symbol", "margin"),
    [
        ("ETH/BTC:BTC", Margin.LINEAR),
        ("BTC/EUR:EUR", Margin.LINEAR),
        ("ETH/USD:BTC", Margin.LINEAR),
        ("ETH/BTC:USDT", Margin.LINEAR),
        ("BTC/EUR:BTC", Margin.INVERSE),
    ],
)
def test_a_contract_whose_price_or_worth_is_in_another_currency_counts_no_dollars(
    symbol: str, margin: Margin
) -> None:
    assert not a_foreign_instrument(symbol, margin=margin).counts_dollars


def test_what_cannot_be_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="funding rate must be finite, was nan"):
        a_rate(NAN)
    with pytest.raises(ValueError, match="funding interval must be positive, was 0:00:00"):
        a_rate(hours=0)


@pytest.mark.parametrize("usd", [-1.0, NAN])
def test_what_cannot_be_an_open_interest_is_refused(usd: float) -> None:
    with pytest.raises(ValueError, match="open interest must not be negative, was"):
        OpenInterest(contracts=None, usd=usd)


def test_two_rates_of_one_moment_are_equal() -> None:
    assert a_rate() == a_rate()
    assert isinstance(hash(a_rate()), int)
    assert a_rate().interval == timedelta(hours=8)
    assert isinstance(a_rate(), FundingRate)
