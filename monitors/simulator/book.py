"""The order book of a quote: as deep and as wide as the quote says. Pure."""

from collections.abc import Iterator
from itertools import islice
from math import ceil

from monitors.market import Margin
from monitors.simulator.model import Quote

NEAR = 0.01
"""How far from the mid price the quote's depth lies."""
LEVELS = 25
"""Prices a side within that distance; as many wait beyond it, as far again."""

Level = tuple[float, float]
"""Price, and quantity in units (linear) or dollars (inverse)."""


def bids(quote: Quote, limit: int) -> list[Level]:
    """Return what would be bought, the highest price first."""
    return list(islice(_side(quote, -1), limit))


def asks(quote: Quote, limit: int) -> list[Level]:
    """Return what would be sold, the lowest price first."""
    return list(islice(_side(quote, 1), limit))


def _side(quote: Quote, sign: int) -> Iterator[Level]:
    """Yield equal amounts at equal distances, in whole lots that add up."""
    half = quote.spread / 2
    step = (NEAR - half) / (LEVELS - 0.5)  # so that none lies on the line
    dollars = quote.depth / LEVELS
    amount = dollars if quote.listing.margin is Margin.INVERSE else dollars / quote.mark
    lots = amount / quote.listing.lot
    for number in range(2 * LEVELS):
        whole = ceil((number + 1) * lots) - ceil(number * lots)
        if whole:
            price = float(f"{quote.mark * (1 + sign * (half + number * step)):.8g}")
            yield price, round(whole * quote.listing.lot, 12)
