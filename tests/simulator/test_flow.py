"""The forced closes of the simulated market: a calm rate, and cascades in the shape of 10 October 2025."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from math import isclose
from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.liquidation import PositionSide
from monitors.market import HOUR, Margin
from monitors.simulator.cascade import CALM, SHARES, Cascade, together
from monitors.simulator.flow import CALM_PER_MINUTE, Close, closes
from monitors.simulator.model import VENUES, Market
from tests.simulator.venues import START

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def a_market(*, seed: int = 1, story: bool = False, flushes: bool = False) -> Market:
    return Market(started_at=START, seed=seed, story=story, flushes=flushes)


def everywhere(market: Market, since: timedelta, until: timedelta) -> list[Close]:
    return [each for venue in VENUES for each in closes(market, venue, START + since, START + until)]


def usd(found: Sequence[Close]) -> float:
    return sum(each.usd for each in found)


@pytest.mark.parametrize(("venue", "rate"), CALM_PER_MINUTE.items())
def test_a_quiet_day_has_the_venues_rate_and_a_heavy_tail(venue: str, rate: float) -> None:
    found = closes(a_market(), venue, START, START + 24 * HOUR)

    assert len(found) == pytest.approx(1440 * rate, rel=0.06)
    sizes = [each.usd for each in found]
    assert mean(sizes) > 2 * median(sizes)
    assert max(sizes) < 5e6
    assert 0.45 < sum(each.side is PositionSide.LONG for each in found) / len(found) < 0.55


def test_hyperliquid_publishes_nothing() -> None:
    market = a_market()
    market.cascade(START, "BTC")

    assert closes(market, "hyperliquid", START, START + HOUR) == []


@given(seed=st.integers(0, 2**32), venue=st.sampled_from(sorted(CALM_PER_MINUTE)))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_closes_the_same_and_another_seed_something_else(seed: int, venue: str) -> None:
    first, again, other = (
        closes(a_market(seed=each), venue, START, START + 20 * MINUTE) for each in (seed, seed, seed + 1)
    )

    assert first == again != other


@given(cut=st.integers(1, 179_999), venue=st.sampled_from(sorted(CALM_PER_MINUTE)))
@settings(max_examples=25, deadline=None)
def test_splitting_a_span_changes_nothing(cut: int, venue: str) -> None:
    market = a_market()
    market.cascade(START + timedelta(seconds=20.0123), "WIF", usd=2e6)
    middle, end = START + timedelta(milliseconds=cut), START + 3 * MINUTE

    whole = closes(market, venue, START, end)

    assert whole == closes(market, venue, START, middle) + closes(market, venue, middle, end)
    assert whole == sorted(whole, key=lambda each: each.at)


@pytest.mark.parametrize("side", PositionSide)
def test_a_cascade_has_its_peak_minute_and_its_side(side: PositionSide) -> None:
    market = a_market()
    market.calm = 0
    cascade = market.cascade(START, "BTC", "ETH", side=side, usd=69.3e6, length=40 * MINUTE)

    found = everywhere(market, timedelta(0), HOUR)

    total = usd(found)
    peak = usd([each for each in found if START + 25 * MINUTE <= each.at < START + 26 * MINUTE])
    assert total == pytest.approx(69.3e6, rel=0.01)
    assert peak / total == pytest.approx(3.21 / 6.93, rel=0.01)
    assert usd([each for each in found if each.side is side]) / total == pytest.approx(0.839, rel=0.01)
    assert max(each.at for each in found) < cascade.started_at + cascade.length


def test_the_buckets_are_those_of_the_calibration() -> None:
    assert sum(SHARES) == pytest.approx(1)
    assert 6.93e9 * SHARES[0] == pytest.approx(5_541_566.78, rel=1e-6)
    assert 6.93e9 * SHARES[24] == pytest.approx(302_559_294.29, rel=1e-6)


def test_a_cascade_is_scaled_in_time_and_money() -> None:
    market = a_market()
    market.calm = 0
    market.cascade(START + MINUTE, "SUI", usd=5e6, length=MINUTE)

    found = everywhere(market, timedelta(0), HOUR)

    assert usd(found) == pytest.approx(5e6, rel=0.02)
    assert min(each.at for each in found) >= START + MINUTE
    assert max(each.at for each in found) < START + 2 * MINUTE
    assert {each.listing.coin.ticker for each in found} == {"SUI"}


def test_a_market_wide_cascade_closes_all_its_coins_on_all_venues_that_tell() -> None:
    market = a_market()
    market.calm = 0
    market.cascade(START, "BTC", "SOL", "WIF", usd=60e6)

    found = everywhere(market, timedelta(0), HOUR)

    assert {(each.listing.venue, each.listing.coin.ticker) for each in found} == {
        (venue, ticker) for venue in CALM_PER_MINUTE for ticker in ("BTC", "SOL", "WIF")
    }
    assert {each.listing.margin for each in found} == set(Margin)


def test_without_a_sum_a_cascade_closes_what_the_open_interest_loses() -> None:
    market = a_market()
    market.calm = 0
    market.cascade(START, "SOL")
    listings = [market.listings(venue)[2] for venue in CALM_PER_MINUTE]
    held = sum(each.open_interest * each.mark for each in market.quotes(listings, START))

    assert usd(everywhere(market, timedelta(0), HOUR)) == pytest.approx(0.186 * held, rel=0.01)


def test_quantities_are_whole_lots_and_prices_follow_the_mark() -> None:
    market = a_market()
    market.cascade(START, "SOL")

    for each in everywhere(market, timedelta(0), MINUTE):
        lots = each.quantity / each.listing.lot
        assert isclose(lots, round(lots), rel_tol=1e-9)
        assert lots > 0.5
        assert each.price == pytest.approx(
            market.mark(each.listing, each.at.replace(microsecond=0)), rel=1e-7
        )


@pytest.mark.parametrize(
    ("side", "sign"), [pytest.param(PositionSide.LONG, -1, id="longs"), pytest.param(PositionSide.SHORT, 1, id="shorts")]
)  # fmt: skip
@pytest.mark.parametrize("venue", VENUES)
def test_price_premium_open_interest_and_book_move_with_the_cascade(
    venue: str, side: PositionSide, sign: int
) -> None:
    market, calm = a_market(), a_market()
    market.cascade(START, "SOL", side=side, length=40 * SECOND)
    sol, other = market.listings(venue)[2], market.listings(venue)[1]

    at = {each: START + each * SECOND for each in (0, 25, 40, 65)}
    now = {each: market.quotes([sol], at[each])[0] for each in at}
    usual = {each: calm.quotes([sol], at[each])[0] for each in at}

    assert now[0] == usual[0]
    assert now[25].depth / usual[25].depth == pytest.approx(0.02)
    assert now[25].spread / usual[25].spread == pytest.approx(30)
    assert now[25].premium - usual[25].premium == pytest.approx(sign * 0.008)
    assert now[40].open_interest / usual[40].open_interest == pytest.approx(1 - 0.186)
    assert now[40].index / usual[40].index == pytest.approx(1 + sign * 18 / 122)
    assert now[65].depth == pytest.approx(usual[65].depth)
    assert now[65].premium == pytest.approx(usual[65].premium)
    assert market.quotes([other], at[25]) == calm.quotes([other], at[25])


def test_a_cascade_is_forgotten_in_the_end() -> None:
    cascade = Cascade(started_at=START, length=MINUTE, side=PositionSide.LONG, tickers=("SOL",))

    assert cascade.strain(cascade.forgotten_at) == cascade.strain(START) == CALM
    before = cascade.strain(cascade.forgotten_at - SECOND)
    assert before.price == pytest.approx(1, abs=1e-4)
    assert before.open_interest == pytest.approx(1, abs=1e-4)


def test_cascades_of_one_coin_add_up() -> None:
    one = Cascade(started_at=START, length=MINUTE, side=PositionSide.LONG, tickers=("SOL",)).strain(
        START + MINUTE
    )

    both = together([one, one])

    assert both.stress == one.stress
    assert both.price == pytest.approx(one.price**2)
    assert both.open_interest == pytest.approx(one.open_interest**2)
    assert both.premium == pytest.approx(2 * one.premium)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_the_storys_first_cascade_flushes_the_crowded_coin_within_two_minutes(seed: int) -> None:
    market = a_market(seed=seed, story=True, flushes=True)
    market.calm = 0

    found = everywhere(market, timedelta(0), 2 * MINUTE)

    crowded = max(
        market.quotes([each for venue in VENUES for each in market.listings(venue)], START + 12 * SECOND),
        key=lambda quote: quote.rate / quote.interval.total_seconds(),
    ).listing.coin.ticker
    assert {each.listing.coin.ticker for each in found} == {crowded}
    assert START + 15 * SECOND <= min(each.at for each in found) < START + 30 * SECOND
    assert max(each.at for each in found) < START + 75 * SECOND
    assert usd(found) > 1e6
    assert usd([each for each in found if each.side is PositionSide.LONG]) / usd(found) > 0.8


def test_the_story_goes_on_with_other_coins_and_the_other_side() -> None:
    cascades = a_market(story=True, flushes=True).cascades.felt(START, START + 15 * MINUTE)

    assert [each.side.value for each in cascades] == ["long", "short", "long", "short", "long"]
    assert len({each.tickers for each in cascades}) == 5
    starts = [each.started_at for each in cascades]
    assert {later - earlier for earlier, later in pairwise(starts)} == {3 * MINUTE}


def test_a_story_flushes_nobody_unless_it_is_told_to() -> None:
    assert a_market(story=True).cascades.felt(START, START + HOUR) == []


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        pytest.param({"tickers": ("NOPE",)}, "NOPE is none", id="unknown coin"),
        pytest.param({"tickers": ()}, "at least one coin", id="no coin"),
        pytest.param({"tickers": ("BTC",), "usd": 0.0}, "positive amount, was 0.0 USD", id="no money"),
        pytest.param({"tickers": ("BTC",), "length": timedelta(0)}, "positive time", id="no time"),
    ],
)
def test_an_impossible_cascade_is_refused_with_the_reason(given_: dict[str, object], said: str) -> None:
    market = a_market()
    tickers, usd_, length = given_["tickers"], given_.get("usd"), given_.get("length", MINUTE)
    assert isinstance(tickers, tuple)
    assert usd_ is None or isinstance(usd_, float)
    assert isinstance(length, timedelta)

    with pytest.raises(ValueError, match=said):
        market.cascade(START, *tickers, usd=usd_, length=length)
