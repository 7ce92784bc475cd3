"""What happens in the simulated market: one coin after another is crowded, rings, and calms down again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from monitors.simulator.draw import draw, shuffled

LEAD = 1 / 6
"""Calm before the first episode, in episodes."""
STEP = 2 / 3
"""From one episode's start to the next, in episodes: they overlap, each with another coin."""
RISEN, FALLING = 0.2, 0.6
"""Where within an episode the pressure is full, and where it begins to ease."""
STRENGTHS = (1.0, 0.85, 0.7, 0.45, 0.05)
"""How much of the pressure each venue shows, the crowded ones first: spreads open between them."""
PEAK = (0.006, 0.009)
"""Premium per 8 hours at full pressure (0.6 to 0.9 %): 600 to 900 % a year, far below 4 % an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A schedule of episodes after `started_at`; pure: the same seed tells the same story."""

    seed: int
    cast: tuple[str, ...]
    """Tickers that episodes are about, in the order of their first appearance after a seeded shuffle."""
    venues: tuple[str, ...]
    started_at: datetime
    episode: timedelta

    def __post_init__(self) -> None:
        """Reject a story that nobody plays in: overlapping episodes need a coin each."""
        least = ceil(1 / STEP)
        if len(self.cast) < least:
            raise ValueError(f"a story needs a cast of at least {least}, was {len(self.cast)}")
        if self.episode <= timedelta(0):
            raise ValueError(f"an episode must last a positive time, was {self.episode}")

    def pressures(self, at: datetime) -> dict[tuple[str, str], float]:
        """Return the extra premium per 8 hours by (venue, ticker), only where there is any."""
        elapsed = (at - self.started_at) / self.episode - LEAD
        first = max(0, ceil((elapsed - 1) / STEP))
        pressures: dict[tuple[str, str], float] = {}
        for number in range(first, floor(elapsed / STEP) + 1):
            pressures.update(self._act(number, elapsed - number * STEP))
        return pressures

    def _act(self, number: int, progress: float) -> dict[tuple[str, str], float]:
        order = shuffled(self.seed, "cast", self.cast)
        ticker = order[number % len(order)]
        sign = -1 if number % 2 else 1
        peak = sign * draw(self.seed, "peak", number, low=PEAK[0], high=PEAK[1]) * envelope(progress)
        crowded = shuffled(self.seed, f"venues {number}", self.venues)
        return {(venue, ticker): peak * share for venue, share in zip(crowded, STRENGTHS, strict=True)}


def envelope(progress: float) -> float:
    """Return the share of the peak, 0 to 1, at a point of an episode, 0 to 1."""
    return max(0.0, min(progress / RISEN, 1.0, (1 - progress) / (1 - FALLING)))
