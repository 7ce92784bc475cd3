"""How grave a total is by itself: the absolute ladder, and the share of open interest. Pure."""

from bisect import bisect_right
from collections.abc import Sequence

from monitors.liquidation import Window
from monitors.metrics.liquidations.values import MARKET

LADDER = {
    Window.M1: (5e6, 20e6, 50e6, 200e6, 1e9),
    Window.M5: (11e6, 34e6, 84e6, 250e6, 1e9),
    Window.M15: (20e6, 50e6, 120e6, 300e6, 1e9),
    Window.H1: (50e6, 100e6, 250e6, 500e6, 1e9),
    Window.H4: (110e6, 200e6, 460e6, 920e6, 2e9),
    Window.H24: (300e6, 500e6, 1e9, 2e9, 5e9),
}
"""US dollars market-wide from which a window is of severity 1 to 5.

Our proposal, anchored in published totals: 160 and 220 million in an hour are 2, 577 million 4; 1.36 billion in a
day are 3, 2 billion 4, the 19.2 billion of 10 October 2025 far beyond 5. 5 m and 4 h lie between their neighbours on
a straight line of logarithms (of dollars over length), rounded to two digits.
"""

_SCALES = {MARKET: 1.0, "BTC": 0.4, "ETH": 0.25}
_OTHERS = 0.1

OPEN_INTEREST_LEVELS = (0.0025, 0.005, 0.02)
"""The share of a base's open interest liquidated in an hour that is worth watching, an alert, and severe."""


def severity(usd: float, window: Window, base: str = MARKET) -> int:
    """Return 0 to 5 for US dollars liquidated of a base, or of the market, in a window."""
    scale = scale_of(base)
    return severity_level(usd, [scale * threshold for threshold in LADDER[window]])


def severity_level(usd: float, thresholds: Sequence[float]) -> int:
    """Return how many of the ascending thresholds are reached."""
    return bisect_right(thresholds, usd)


def scale_of(base: str) -> float:
    """Return a base's part of the market-wide ladder: about its usual share of all liquidations."""
    return _SCALES.get(base, _OTHERS)


def share_of_open_interest(usd: float, open_interest_usd: float | None) -> float | None:
    """Return what was liquidated as a share of the one-sided open interest; None where that is unknown or nothing."""
    return None if open_interest_usd is None or open_interest_usd <= 0 else usd / open_interest_usd
