from typing import Any

import pytest

from monitors.exchanges.identity import base_of, identify, identify_all, split_multiplier
from monitors.market import Dropped, Instrument, Margin


def a_market(
    base: str = "BTC", quote: str = "USDT", settle: str = "USDT", **fields: object
) -> dict[str, Any]:
    market = {
        "symbol": f"{base}/{quote}:{settle}",
        "base": base,
        "quote": quote,
        "settle": settle,
        "swap": True,
        "active": True,
        "contractSize": 0.01,
        "expiry": None,
    }
    return market | fields


@pytest.mark.parametrize(
    ("base", "coin", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1e3),
        ("10000SATS", "SATS", 1e4),
        ("1000000MOG", "MOG", 1e6),
        ("10000000AIDOGE", "AIDOGE", 1e7),
        ("1MBABYDOGE", "BABYDOGE", 1e6),
        ("1000X", "X", 1e3),
        ("SHIB1000", "SHIB", 1e3),
        ("BTC", "BTC", 1.0),
        ("1INCH", "1INCH", 1.0),
        ("0G", "0G", 1.0),
        ("100X", "100X", 1.0),
        ("1000", "1000", 1.0),
        ("4", "4", 1.0),
        ("1MIL", "1MIL", 1.0),
        ("KAVA", "KAVA", 1.0),
        ("KPEPE", "KPEPE", 1.0),
    ],
)
def test_a_multiplier_is_told_from_a_name_that_begins_with_digits(
    base: str, coin: str, multiplier: float
) -> None:
    assert split_multiplier(base) == (coin, multiplier)


@pytest.mark.parametrize(
    ("name", "coin", "multiplier"),
    [
        ("kPEPE", "PEPE", 1e3),
        ("KAVA", "KAVA", 1.0),
        ("kava", "KAVA", 1.0),
        ("k", "K", 1.0),
        ("KAS", "KAS", 1.0),
    ],
)
def test_a_small_k_counts_only_as_the_venue_writes_it(name: str, coin: str, multiplier: float) -> None:
    assert base_of(a_market(name.upper(), baseName=name)) == (coin, multiplier)
    assert base_of(a_market(name.upper(), baseId=name)) == (coin, multiplier)


def test_a_perpetual_is_described_with_its_size_and_its_coin() -> None:
    assert identify("gate", a_market("1000PEPE")) == Instrument(
        venue="gate",
        symbol="1000PEPE/USDT:USDT",
        base="PEPE",
        quote="USDT",
        settle="USDT",
        margin=Margin.LINEAR,
        contract_size=0.01,
        multiplier=1000.0,
    )


@pytest.mark.parametrize(
    ("quote", "settle", "margin"),
    [
        ("USDT", "USDT", Margin.LINEAR),
        ("USD", "USDC", Margin.LINEAR),
        ("USDC", "USDC", Margin.LINEAR),
        ("USD", "BTC", Margin.INVERSE),
    ],
)
def test_linear_settles_in_dollars_and_inverse_in_the_coin(quote: str, settle: str, margin: Margin) -> None:
    described = identify("bybit", a_market("BTC", quote, settle))

    assert isinstance(described, Instrument)
    assert described.margin is margin


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        (a_market(swap=False, future=True, expiry=1774598400000), Dropped.DATED),
        (a_market(swap=False, spot=True), Dropped.DATED),
        (a_market(active=False), Dropped.UNLISTED),
        (a_market("ETH", "USD", "BTC"), Dropped.QUANTO),
        (a_market(contractSize=None), Dropped.MALFORMED),
        (a_market(contractSize=0), Dropped.MALFORMED),
    ],
)
def test_what_is_no_perpetual_of_ours_says_why(market: dict[str, Any], reason: Dropped) -> None:
    assert identify("gate", market) is reason


def test_a_contract_that_settles_in_a_third_coin_is_described_on_demand() -> None:
    described = identify("gate", a_market("ETH", "USD", "BTC", contractSize=1e-6), quanto=True)

    assert isinstance(described, Instrument)
    assert (described.base, described.quote, described.settle) == ("ETH", "USD", "BTC")
    assert (described.margin, described.contract_size) == (Margin.LINEAR, 1e-6)


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        (a_market("ETH", "USD", "BTC", active=False), Dropped.UNLISTED),
        (a_market("ETH", "USD", "BTC", contractSize=0), Dropped.MALFORMED),
        ({"swap": True, "settle": "BTC", "contractSize": 1}, Dropped.MALFORMED),
    ],
)
def test_a_demanded_contract_that_cannot_be_described_says_why(
    market: dict[str, Any], reason: Dropped
) -> None:
    assert list(identify_all("gate", {"ETH/USD:BTC": market}, quanto=True)) == [("ETH/USD:BTC", reason)]


def test_a_perpetual_that_deribit_lets_expire_in_a_thousand_years_is_a_perpetual() -> None:
    assert isinstance(identify("deribit", a_market(expiry=32503708800000)), Instrument)


def test_a_market_that_cannot_be_read_costs_only_itself() -> None:
    markets = {
        "BTC/USDT:USDT": a_market(),
        "?": {"swap": True, "active": True, "contractSize": 1, "settle": "USDT", "quote": "USDT"},
    }

    described = dict(identify_all("gate", markets))

    assert isinstance(described["BTC/USDT:USDT"], Instrument)
    assert described["?"] is Dropped.MALFORMED
