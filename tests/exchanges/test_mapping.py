from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.mapping import Listing, observations, observe
from monitors.exchanges.profile import FundingRow
from monitors.exchanges.venues.binanceusdm import PROFILE as BINANCE
from monitors.exchanges.venues.hyperliquid import PROFILE as HYPERLIQUID
from monitors.exchanges.venues.kucoinfutures import PROFILE as KUCOIN
from monitors.market import Dropped, Instrument, Margin, Observation, OpenInterest, RateKind
from tests.builders import NOON, a_foreign_instrument, an_instrument

HOUR = timedelta(hours=1)
BTC = an_instrument("binanceusdm", "BTC", contract_size=0.001)
SYMBOL = BTC.symbol
BROKEN_RATES = [nan, inf, -inf, 1.5, -30.0]


def a_listing(
    instrument: Instrument | Dropped = BTC,
    *,
    intervals: Mapping[str, timedelta] | None = None,
    spacing: Mapping[str, timedelta] | None = None,
) -> Listing:
    return Listing(profile=BINANCE, instruments={SYMBOL: instrument}, intervals=intervals, spacing=spacing)


def a_row(**fields: object) -> FundingRow:
    known: dict[str, Any] = {"symbol": SYMBOL, "rate": 0.0001} | fields
    return FundingRow(**known)


def observed(row: FundingRow, listing: Listing | None = None) -> Observation:
    observation = observe(row, listing or a_listing(), NOON)
    assert isinstance(observation, Observation), observation
    return observation


def test_a_row_becomes_a_predicted_rate_of_its_instrument() -> None:
    funding = observed(a_row(interval=8 * HOUR, mark_price=60_000.0, index_price=59_990.0)).funding

    assert (funding.instrument, funding.rate, funding.kind) == (BTC, 0.0001, RateKind.PREDICTED)
    assert (funding.mark_price, funding.index_price) == (60_000.0, 59_990.0)


def test_the_rows_own_interval_comes_before_the_endpoints() -> None:
    listing = a_listing(intervals={SYMBOL: 8 * HOUR})

    assert observed(a_row(interval=HOUR), listing).funding.interval == HOUR


def test_the_endpoints_interval_comes_before_the_venues_rule() -> None:
    listing = a_listing(intervals={SYMBOL: 4 * HOUR}, spacing={SYMBOL: HOUR})

    assert observed(a_row(), listing).funding.interval == 4 * HOUR


def test_the_venues_rule_holds_for_what_its_endpoint_does_not_list() -> None:
    assert observed(a_row(), a_listing(intervals={})).funding.interval == 8 * HOUR


def test_the_venues_rule_does_not_hold_before_its_endpoint_has_answered() -> None:
    assert observed(a_row(), a_listing(intervals=None)).funding.interval is None


def test_the_spacing_of_settlements_comes_last() -> None:
    listing = replace(a_listing(spacing={SYMBOL: 4 * HOUR}), profile=KUCOIN)

    assert observed(a_row(), listing).funding.interval == 4 * HOUR


def test_an_unknown_interval_stays_unknown_and_gives_no_yearly_rate() -> None:
    funding = observed(a_row(), replace(a_listing(), profile=KUCOIN)).funding

    assert (funding.interval, funding.apr, funding.funding_at) == (None, None, None)


@pytest.mark.parametrize("settles_in", [HOUR, 5 * HOUR, 12 * HOUR])
def test_an_old_interval_is_not_believed_against_the_published_settlement(settles_in: timedelta) -> None:
    listing = a_listing(intervals={SYMBOL: 8 * HOUR})

    assert observed(a_row(funding_at=NOON + settles_in), listing).funding.interval is None


def test_the_published_settlement_is_taken_while_it_is_to_come() -> None:
    at = NOON + timedelta(hours=3, minutes=7)

    assert observed(a_row(interval=8 * HOUR, funding_at=at)).funding.funding_at == at


@pytest.mark.parametrize("published", [None, NOON, NOON - timedelta(days=700)])
def test_a_settlement_that_is_not_to_come_is_derived_from_the_interval(published: object) -> None:
    row = a_row(interval=8 * HOUR, funding_at=published)

    assert observed(row).funding.funding_at == NOON + 4 * HOUR


def test_an_hourly_venue_settles_at_the_next_full_hour() -> None:
    listing = replace(a_listing(), profile=HYPERLIQUID)

    later = observe(a_row(), listing, NOON + timedelta(minutes=59))

    assert isinstance(later, Observation)
    assert later.funding.funding_at == NOON + HOUR


def test_a_continuous_venue_has_no_next_settlement() -> None:
    listing = replace(a_listing(), profile=replace(HYPERLIQUID, continuous=True))

    assert observed(a_row(funding_at=NOON + HOUR), listing).funding.funding_at is None


@pytest.mark.parametrize(
    "drift", [timedelta(days=-1), timedelta(seconds=-3), timedelta(0), timedelta(seconds=5)]
)
def test_the_venues_own_time_is_kept_where_it_is_believable(drift: timedelta) -> None:
    assert observed(a_row(observed_at=NOON + drift)).funding.observed_at == NOON + drift


@pytest.mark.parametrize("drift", [timedelta(days=-1, seconds=-1), timedelta(seconds=6), timedelta(days=400)])
def test_a_time_that_cannot_be_gives_way_to_the_time_of_receipt(drift: timedelta) -> None:
    assert observed(a_row(observed_at=NOON + drift)).funding.observed_at == NOON


def test_linear_open_interest_is_contracts_by_size_by_price() -> None:
    row = a_row(open_interest_contracts=2_000_000.0, mark_price=60_000.0)

    assert observed(row).open_interest == OpenInterest(contracts=2_000_000.0, usd=120e6)


def test_linear_open_interest_takes_the_index_where_there_is_no_mark() -> None:
    row = a_row(open_interest_contracts=1000.0, index_price=60_000.0)

    assert observed(row).open_interest == OpenInterest(contracts=1000.0, usd=60_000.0)


def test_inverse_open_interest_is_already_dollars() -> None:
    coin = an_instrument("binancecoinm", "BTC", margin=Margin.INVERSE, contract_size=100)
    row = a_row(open_interest_contracts=5_000.0, mark_price=60_000.0)

    assert observed(row, a_listing(coin)).open_interest == OpenInterest(contracts=5_000.0, usd=500_000.0)


def test_open_interest_in_dollars_is_taken_as_the_venue_says_it() -> None:
    row = a_row(open_interest_contracts=10.0, open_interest_usd=7e6, mark_price=60_000.0)

    assert observed(row).open_interest == OpenInterest(contracts=10.0, usd=7e6)


@pytest.mark.parametrize(
    "instrument",
    [
        a_foreign_instrument("ETH/BTC:BTC"),
        a_foreign_instrument("BTC/EUR:EUR"),
        a_foreign_instrument("BTC/EUR:BTC", margin=Margin.INVERSE),
    ],
    ids=lambda instrument: str(instrument.symbol),
)
@pytest.mark.parametrize("value", [None, 7e6])
def test_open_interest_that_counts_no_dollars_is_missing(instrument: Instrument, value: float | None) -> None:
    row = a_row(open_interest_contracts=10.0, open_interest_usd=value, mark_price=0.04)

    assert observed(row, a_listing(instrument)).open_interest is None


@pytest.mark.parametrize("contracts", [None, nan, -1.0])
def test_open_interest_that_is_not_known_is_missing(contracts: float | None) -> None:
    assert observed(a_row(open_interest_contracts=contracts, mark_price=60_000.0)).open_interest is None


def test_open_interest_without_any_price_is_missing() -> None:
    assert observed(a_row(open_interest_contracts=5.0)).open_interest is None


@pytest.mark.parametrize("price", [0.0, -1.0, nan, inf])
def test_a_price_that_cannot_be_is_missing_and_the_rate_stays(price: float) -> None:
    funding = observed(a_row(mark_price=price, index_price=price)).funding

    assert (funding.rate, funding.mark_price, funding.index_price) == (0.0001, None, None)


@pytest.mark.parametrize("reason", [Dropped.DATED, Dropped.QUANTO, Dropped.UNLISTED])
def test_a_row_of_no_instrument_of_ours_is_counted_by_its_reason(reason: Dropped) -> None:
    assert observations([a_row(rate=None)], a_listing(reason), NOON) == ((), {reason: 1})


def test_an_id_that_the_markets_do_not_hold_is_unlisted() -> None:
    assert observe(FundingRow(symbol="NEWUSDT", rate=0.1), a_listing(), NOON) is Dropped.UNLISTED


def test_a_row_without_a_rate_is_counted_and_never_zero() -> None:
    assert observe(a_row(rate=None), a_listing(), NOON) is Dropped.NO_RATE


@pytest.mark.parametrize("rate", BROKEN_RATES)
def test_a_rate_that_cannot_be_costs_only_its_own_row(rate: float) -> None:
    broken = FundingRow(symbol="ETH/USDT:USDT", rate=rate)

    kept, dropped = observations([broken, a_row(), broken], a_listing(), NOON)

    assert ([observation.funding.rate for observation in kept], dropped) == ([0.0001], {Dropped.MALFORMED: 2})


def test_an_instrument_is_observed_once_a_poll() -> None:
    kept, _ = observations([a_row(), a_row(rate=0.0002)], a_listing(), NOON)

    assert [observation.funding.rate for observation in kept] == [0.0002]


COINS = ("BTC", "ETH", "SOL", "PEPE", "DOGE", "XRP")
INSTRUMENTS: dict[str, Instrument | Dropped] = {
    f"{coin}/USDT:USDT": an_instrument("binanceusdm", coin) for coin in COINS
}
LISTING = Listing(profile=BINANCE, instruments=INSTRUMENTS | {"DATED": Dropped.DATED}, intervals={})
ROWS = st.lists(
    st.builds(
        FundingRow,
        symbol=st.sampled_from([*INSTRUMENTS, "DATED", "NEWUSDT"]),
        rate=st.none() | st.floats(-0.04, 0.04) | st.sampled_from(BROKEN_RATES),
        interval=st.none() | st.sampled_from([HOUR, 8 * HOUR]),
        open_interest_contracts=st.none() | st.floats(),
        mark_price=st.none() | st.floats(),
    ),
    unique_by=lambda row: row.symbol,
)


@given(st.data())
def test_rows_in_any_order_and_any_split_give_the_same_observations(data: st.DataObject) -> None:
    rows = data.draw(ROWS)
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))

    whole, dropped = observations(rows, LISTING, NOON)
    first, first_dropped = observations(shuffled[:cut], LISTING, NOON)
    second, second_dropped = observations(shuffled[cut:], LISTING, NOON)

    assert set(whole) == {*first, *second}
    assert len(whole) + sum(dropped.values()) == len(rows)
    for reason in Dropped:
        parts = first_dropped.get(reason, 0) + second_dropped.get(reason, 0)
        assert dropped.get(reason, 0) == parts
