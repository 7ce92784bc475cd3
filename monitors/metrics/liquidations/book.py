"""What an order book says of liquidity: spread, and depth around its middle. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

BAND = 0.01
"""Depth is counted within 1 % of the middle."""

Levels = Sequence[tuple[float, float]]
"""(price in US dollars, quantity in units of that price), the best first; all positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMetrics:
    """One book at one moment; prices and depths in US dollars."""

    mid: float
    spread_bps: float
    """Above zero."""
    bid_depth: float
    ask_depth: float
    imbalance: float | None
    """(bids - asks) / (bids + asks), -1 to 1; None where nothing lies within the band."""
    truncated: bool
    """A side ends within the band, as far as the venue tells it: its depth is then a lower bound."""


def book_metrics(bids: Levels, asks: Levels, *, band: float = BAND) -> BookMetrics | None:
    """Measure a book within `band` (a fraction) of the middle between the best quotes, its edges included.

    Returns None where a side is empty or the best quotes meet or cross: there is no middle then.
    """
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        return None
    best_bid, best_ask = bids[0][0], asks[0][0]
    mid = (best_bid + best_ask) / 2
    lowest, highest = mid * (1 - band), mid * (1 + band)
    bid_depth = sum(price * quantity for price, quantity in bids if price >= lowest)
    ask_depth = sum(price * quantity for price, quantity in asks if price <= highest)
    both = bid_depth + ask_depth
    return BookMetrics(
        mid=mid,
        spread_bps=(best_ask - best_bid) / mid * 10_000,
        bid_depth=bid_depth,
        ask_depth=ask_depth,
        imbalance=(bid_depth - ask_depth) / both if both > 0 else None,
        truncated=bids[-1][0] >= lowest or asks[-1][0] <= highest,
    )
