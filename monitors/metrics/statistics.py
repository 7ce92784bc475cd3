"""Statistics that a few odd values cannot move. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from statistics import fmean, median

MAD_TO_DEVIATION = 1.482602218505602
"""The median absolute deviation of a normal distribution times this is its standard deviation."""
MEAN_AD_TO_DEVIATION = 1.2533141373155001
"""The same for the mean absolute deviation, which stands in where more than half of all values are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Where a history lies and how far it spreads, in the unit of its values."""

    median: float
    mad: float
    """The median absolute deviation from the median; 0 where half of the history or more is one value."""
    mean_ad: float
    """The mean absolute deviation from the median."""
    scale: float
    """What stands for a standard deviation; no smaller than the floor."""
    floored: bool
    """Whether the floor, and not the history, is the scale."""

    def z(self, value: float) -> float:
        """Return how many scales a value lies above the median."""
        return (value - self.median) / self.scale


def spread(history: Sequence[float], *, floor: float) -> Spread:
    """Measure a history robustly, after Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).

    Raises:
        ValueError: the history is empty, or it has no spread and the floor is 0.
    """
    if not history:
        raise ValueError("expected at least one value, found none")
    middle = median(history)
    deviations = [abs(value - middle) for value in history]
    mad, mean_ad = median(deviations), fmean(deviations)
    raw = mad * MAD_TO_DEVIATION if mad > 0 else mean_ad * MEAN_AD_TO_DEVIATION
    scale = max(raw, floor)
    if isclose(scale, 0.0):
        raise ValueError(f"a history without spread needs a floor above 0, was {floor}")
    return Spread(median=middle, mad=mad, mean_ad=mean_ad, scale=scale, floored=raw < floor)
