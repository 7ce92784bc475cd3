"""The order book by itself: as deep and as wide as the quote that it belongs to."""

from datetime import timedelta

import pytest

from monitors.market import Margin
from monitors.simulator.book import asks, bids
from monitors.simulator.model import VENUES, Market, Quote
from tests.simulator.venues import START

MINUTE = timedelta(minutes=1)


def within(quote: Quote, levels: list[list[float]], size: float = 1.0) -> float:
    """Return the dollars of levels within 1 % of the mark price, at `size` units or dollars a lot."""
    inverse = quote.listing.margin is Margin.INVERSE
    near = [each for each in levels if abs(each[0] / quote.mark - 1) < 0.01]
    return sum(amount * size * (1 if inverse else price) for price, amount, *_ in near)


@pytest.mark.parametrize("stressed", [False, True], ids=["calm", "under stress"])
@pytest.mark.parametrize("venue", VENUES)
def test_a_book_is_as_deep_and_as_wide_as_its_quote(venue: str, *, stressed: bool) -> None:
    market = Market(started_at=START, story=False)
    if stressed:
        market.cascade(START - 25 * MINUTE, "BTC", length=40 * MINUTE)
    for listing in market.listings(venue) + market.listings(venue, Margin.INVERSE):
        [quote] = market.quotes([listing], START)
        lot_usd = listing.lot * (1 if listing.margin is Margin.INVERSE else quote.mark)

        (bid, _), (ask, _) = bids(quote, 1)[0], asks(quote, 1)[0]
        assert (ask - bid) / quote.mark == pytest.approx(quote.spread, rel=1e-2)
        for side in (bids(quote, 100), asks(quote, 100)):
            levels = [list(level) for level in side]
            assert within(quote, levels) == pytest.approx(quote.depth, abs=lot_usd + 0.02 * quote.depth)
            assert all(amount >= listing.lot for _, amount in side)
