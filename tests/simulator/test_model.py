"""The simulated market by itself: calm, then a story, the same for the same seed."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.market import HOUR, HOURS_PER_YEAR
from monitors.simulator.model import VENUES, Market, Quote
from monitors.simulator.rates import funding_rate
from tests.simulator.venues import START

EXTREME, CALM = 1.5, 0.4
SEEDS = st.integers(0, 2**32)


def a_market(*, seed: int = 1, instruments: int = 40, story: bool = True) -> Market:
    return Market(started_at=START, seed=seed, instruments=instruments, story=story)


def quotes(market: Market, seconds: float) -> list[Quote]:
    """Return what all venues show some seconds after the start."""
    at = START + timedelta(seconds=seconds)
    return [quote for venue in VENUES for quote in market.quotes(market.listings(venue), at)]


def apr(quote: Quote) -> float:
    return quote.rate / (quote.interval / HOUR) * HOURS_PER_YEAR


def extremes(market: Market, seconds: float) -> set[tuple[str, str]]:
    """Return (ticker, venue) wherever the yearly rate is extreme."""
    return {
        (quote.listing.coin.ticker, quote.listing.venue)
        for quote in quotes(market, seconds)
        if abs(apr(quote)) > EXTREME
    }


@settings(max_examples=25)
@given(seed=SEEDS)
def test_the_first_episode_is_extreme_on_three_venues_within_twenty_seconds(seed: int) -> None:
    found = extremes(a_market(seed=seed), 15)

    assert len({ticker for ticker, _ in found}) == 1
    assert len({venue for _, venue in found}) >= 3


@settings(max_examples=25)
@given(seed=SEEDS)
def test_the_first_episode_stays_for_ten_seconds_and_is_over_by_thirty_five(seed: int) -> None:
    market = a_market(seed=seed)
    crowded = extremes(market, 12)
    coins = {ticker for ticker, _ in crowded}

    assert crowded <= extremes(market, 22)
    assert all(abs(apr(each)) < CALM for each in quotes(market, 35) if each.listing.coin.ticker in coins)


def test_episodes_go_on_with_other_coins_in_both_directions() -> None:
    market = a_market()
    peaks = [quotes(market, 15 + 20 * number) for number in range(6)]

    crowded = [max(peak, key=lambda quote: abs(apr(quote))) for peak in peaks]

    assert len({quote.listing.coin.ticker for quote in crowded}) == 6
    assert [quote.rate > 0 for quote in crowded] == [True, False] * 3


def test_an_episode_opens_a_spread_between_venues() -> None:
    market = a_market()
    crowded = max(quotes(market, 15), key=apr).listing.coin

    rates = [apr(quote) for quote in quotes(market, 15) if quote.listing.coin is crowded]

    assert max(rates) - min(rates) > EXTREME


def test_a_longer_episode_stretches_the_story() -> None:
    slow = Market(started_at=START, episode=timedelta(minutes=10))

    assert extremes(slow, 15) == set()
    assert extremes(slow, 15 * 20) == extremes(a_market(), 15) != set()


@given(seed=SEEDS, hours=st.floats(0, 24 * 365))
def test_without_a_story_nothing_comes_near_an_extreme(seed: int, hours: float) -> None:
    shown = quotes(a_market(seed=seed, instruments=12, story=False), hours * 3600)

    assert max(abs(apr(quote)) for quote in shown) < 0.75 * CALM


@given(seed=SEEDS, seconds=st.floats(0, 3600))
def test_no_rate_is_absurd_at_any_moment_of_the_story(seed: int, seconds: float) -> None:
    shown = quotes(a_market(seed=seed, instruments=12), seconds)

    assert max(abs(apr(quote)) for quote in shown) < 0.04 * HOURS_PER_YEAR
    assert max(abs(quote.mark / quote.index - 1) for quote in shown) < 0.025


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    first, again, other = (quotes(a_market(seed=seed), 15) for seed in (7, 7, 8))

    assert first == again
    assert [quote.rate for quote in first] != [quote.rate for quote in other]


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_mixes_intervals_unless_it_has_only_one(venue: str) -> None:
    hours = {listing.hours for listing in a_market().listings(venue)}

    assert hours == set(VENUES[venue].hours)


@pytest.mark.parametrize(
    ("premium", "hours", "per_8h", "expected"),
    [
        pytest.param(0.0002, 8, True, 0.0001, id="anchored at the interest"),
        pytest.param(0.0002, 1, True, 0.0000125, id="anchored, one hour of eight"),
        pytest.param(0.0010, 8, True, 0.0005, id="premium less the damper"),
        pytest.param(-0.0010, 4, True, -0.00025, id="discount plus the damper, half of it"),
        pytest.param(0.0002, 4, False, 0.00005, id="anchored at the interval's own interest"),
        pytest.param(0.0010, 4, False, 0.0005, id="the interval's premium in full"),
        pytest.param(0.5, 8, True, 0.02, id="capped"),
        pytest.param(-0.5, 8, False, -0.02, id="floored"),
    ],
)
def test_the_rate_follows_the_venues_formula(
    *, premium: float, hours: int, per_8h: bool, expected: float
) -> None:
    assert funding_rate(premium, hours=hours, per_8h=per_8h, cap=0.02) == pytest.approx(expected)


@pytest.mark.parametrize("venue", VENUES)
def test_history_has_every_settlement_and_splitting_the_span_changes_nothing(venue: str) -> None:
    market = a_market()
    listing = market.listings(venue)[5]
    since, middle = START - timedelta(days=40), START - timedelta(days=17, hours=3, minutes=5)

    whole = market.settled(listing, since, START)
    parts = market.settled(listing, since, middle) + market.settled(listing, middle, START)

    gaps = {later - earlier for (earlier, _), (later, _) in pairwise(whole)}
    assert gaps == {listing.hours * HOUR}
    assert whole == parts


def test_what_was_predicted_just_before_a_settlement_is_what_was_settled() -> None:
    market = a_market()
    listing = market.listings("bybit")[3]
    [before] = market.quotes([listing], START)

    [(at, settled)] = market.settled(listing, START, before.next_funding_at)

    assert at == before.next_funding_at
    assert settled.rate == pytest.approx(before.rate, abs=1e-4)


def test_history_ends_where_the_instrument_was_listed() -> None:
    market = a_market()
    listing = market.listings("okx")[0]

    [(first, _), *_] = market.settled(listing, START - timedelta(days=1000), START - timedelta(days=399))

    assert first - market.listed_at < 8 * HOUR


def test_a_switched_interval_holds_from_its_moment_on() -> None:
    market = a_market()
    listing = market.switchable("okx")
    switched_at = START - timedelta(hours=20)
    market.switch_interval("okx", switched_at)

    times = [at for at, _ in market.settled(listing, START - timedelta(days=3), START)]

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps.index(HOUR) > 0
    assert set(gaps[: gaps.index(HOUR) - 1]) == {8 * HOUR}
    assert set(gaps[gaps.index(HOUR) :]) == {HOUR}
    assert market.quotes([listing], START)[0].interval == HOUR


def test_a_switched_interval_can_be_switched_back() -> None:
    market = a_market()
    market.switch_interval("okx", START)
    market.switch_interval("okx", None)

    assert market.hours(market.switchable("okx"), START) == 8


def test_an_hourly_venue_has_no_interval_to_switch() -> None:
    with pytest.raises(ValueError, match="hyperliquid has none"):
        a_market().switch_interval("hyperliquid", START)


def test_a_large_market_has_generated_tickers_and_distinct_ids() -> None:
    market = a_market(instruments=700)

    tickers = [listing.coin.ticker for listing in market.listings("gate")]

    assert len(set(tickers)) == 700
    assert tickers[-1] == "SIM660"


@pytest.mark.parametrize("instruments", [0, 1, 2, 3])
def test_a_market_too_small_for_its_story_is_refused(instruments: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        a_market(instruments=instruments)


def test_a_market_needs_an_instrument() -> None:
    with pytest.raises(ValueError, match="at least one instrument, was given 0"):
        a_market(instruments=0, story=False)


def test_an_episode_must_take_time() -> None:
    with pytest.raises(ValueError, match="positive"):
        Market(started_at=START, episode=timedelta(0))


def test_dated_futures_end_on_a_quarters_last_friday() -> None:
    delivery = a_market().delivery

    assert f"{delivery:%A %d %B %Y %H:%M}" == "Friday 26 June 2026 08:00"
