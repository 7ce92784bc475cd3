"""Three sums in one integer, so that adding a print to a window is one addition and exact in any order. Pure."""

from monitors.liquidation import Liquidation, PositionSide
from monitors.metrics.liquidations.values import Totals

LONG_SHIFT = 128
SHORT_SHIFT = 64
COUNT_MASK = (1 << SHORT_SHIFT) - 1
"""Cents of longs, cents of shorts and the count of prints take 64 bits each: room for 90 million prints of the
largest size that is believed, and no sum is ever negative."""


def pack(long_cents: int, short_cents: int, count: int) -> int:
    """Return the three sums as one integer."""
    return long_cents << LONG_SHIFT | short_cents << SHORT_SHIFT | count


def packed_of(one: Liquidation) -> int:
    """Return one print as one integer."""
    cents = int(one.usd * 100 + 0.5)
    return pack(cents, 0, 1) if one.side is PositionSide.LONG else pack(0, cents, 1)


def unpack(packed: int) -> tuple[int, int, int]:
    """Return cents of longs, cents of shorts and the count."""
    return packed >> LONG_SHIFT, packed >> SHORT_SHIFT & COUNT_MASK, packed & COUNT_MASK


def totals_of(packed: int) -> Totals:
    """Return the sums in dollars."""
    long_cents, short_cents, count = unpack(packed)
    return Totals(long_cents / 100, short_cents / 100, count)
