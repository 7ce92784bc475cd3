"""How far a base is into a cascade: five symptoms weighed into one score, 0 to 1. Pure."""

from math import log10

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Stress

CONFIRMS = 0.3
"""A symptom this far along confirms what the liquidations say."""

WEIGHTS = {"liquidations": 0.35, "open interest": 0.20, "premium": 0.15, "depth": 0.15, "spread": 0.15}
"""What each symptom weighs in the score, in the order of a `Stress`."""
_LIQUIDATIONS, _OPEN_INTEREST, _PREMIUM, _DEPTH, _SPREAD = WEIGHTS.values()


def stress(z: float, inputs: StressInputs, side: PositionSide) -> Stress:
    """Score a base whose 5-minute liquidations, mostly of `side`, lie `z` robust deviations above its normal.

    The score is the weighted mean over the symptoms that are known. Each saturates: liquidations at z 8, open
    interest at -5 %, premium at 0.5 % against the liquidated side, depth at a fifth, spread at ten times.
    """
    liquidations = _clip((z - 3) / 5)
    against = -1 if side is PositionSide.LONG else 1
    open_interest = None if inputs.oi_change_15m is None else _clip(-inputs.oi_change_15m / 0.05)
    premium = None if inputs.premium is None else _clip(against * inputs.premium / 0.005)
    depth = None if inputs.depth_ratio is None else _clip((1 - inputs.depth_ratio) / 0.8)
    spread = None if inputs.spread_ratio is None else _clip(log10(max(1.0, inputs.spread_ratio)))
    weighed = (
        (_OPEN_INTEREST, open_interest),
        (_PREMIUM, premium),
        (_DEPTH, depth),
        (_SPREAD, spread),
    )
    known = [(weight, value) for weight, value in weighed if value is not None]
    total = _LIQUIDATIONS * liquidations + sum(weight * value for weight, value in known)
    return Stress(
        liquidations=liquidations,
        open_interest=open_interest,
        premium=premium,
        depth=depth,
        spread=spread,
        score=total / (_LIQUIDATIONS + sum(weight for weight, _ in known)),
        confirmations=sum(value >= CONFIRMS for _, value in known),
    )


def _clip(value: float) -> float:
    return max(0.0, min(1.0, value))
