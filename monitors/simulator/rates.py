"""How a funding rate follows from a premium, on all simulated venues."""

from monitors.metrics.funding import decompose

INTEREST = 0.0001
"""The interest component per 8 hours, the same on all five venues."""
DAMPER = 0.0005
"""How far the rate may leave the premium to follow the interest, per interval."""


def funding_rate(premium: float, *, hours: int, per_8h: bool, cap: float) -> float:
    """Return premium + clamp(interest - premium) for one interval, within the cap.

    Venues that publish an 8-hour formula charge hours/8 of it; the others scale the interest alone
    (Binance and Bybit: "Introduction to funding rates" in their help centres).
    """
    share = hours / 8
    interest, scale = (INTEREST, share) if per_8h else (INTEREST * share, 1.0)
    return round(clamp(decompose(premium, interest, damper=DAMPER, scale=scale).rate, cap), 8)


def clamp(value: float, limit: float) -> float:
    """Return the value within ±limit."""
    return max(-limit, min(limit, value))
