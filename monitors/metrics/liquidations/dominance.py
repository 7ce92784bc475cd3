"""Which side's liquidations prevail. Pure."""

from dataclasses import dataclass

from monitors.metrics.liquidations.values import Lean, Totals

PREVAILS_AT = 0.65
"""The share of the total from which a side prevails."""
TELLING_USD = 1e6
TELLING_COUNT = 10
"""Under either, too little was liquidated for a share to mean anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dominance:
    """How a total divides; the shares are None where nothing was liquidated."""

    usd: float
    long_share: float | None
    short_share: float | None
    index: float | None
    """Long share less short share, -1 to 1."""
    lean: Lean


def dominance(long_usd: float, short_usd: float) -> Dominance:
    """Divide what was liquidated by side."""
    usd = long_usd + short_usd
    if usd <= 0:
        return Dominance(usd=usd, long_share=None, short_share=None, index=None, lean=Lean.NONE)
    long_share, short_share = long_usd / usd, short_usd / usd
    lean = Lean.MIXED
    if long_share >= PREVAILS_AT:
        lean = Lean.LONG
    elif short_share >= PREVAILS_AT:
        lean = Lean.SHORT
    return Dominance(
        usd=usd,
        long_share=long_share,
        short_share=short_share,
        index=(long_usd - short_usd) / usd,
        lean=lean,
    )


def is_telling(totals: Totals) -> bool:
    """Tell whether enough was liquidated for a share to mean something."""
    return totals.usd >= TELLING_USD and totals.count >= TELLING_COUNT
