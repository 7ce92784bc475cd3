"""What happens in the simulated market: one coin after another is crowded, rings, and calms down or is flushed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from monitors.liquidation import PositionSide
from monitors.simulator.cascade import Cascade
from monitors.simulator.draw import draw, shuffled

LEAD = 1 / 6
"""Calm before the first episode, in episodes."""
STEP = 2 / 3
"""From one episode's start to the next, in episodes: they overlap, each with another coin."""
RISEN, FALLING = 0.2, 0.6
"""Where within an episode the pressure is full, and where it begins to ease."""
STRENGTHS = (1.0, 0.85, 0.7, 0.45, 0.05)
"""How much of the pressure each venue shows, the crowded ones first: spreads open between them."""
FLUSHED = 9
"""Every so many episodes the crowded side is flushed; an odd number, so that longs and shorts take turns."""
FLUSH_AT, FLUSH_LENGTH = 1 / 3, 2
"""When its cascade starts within the episode, and how many episodes' time it lasts."""
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
    flushes: bool = False
    """Whether crowded sides are flushed."""

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

    def cascades(self, since: datetime, until: datetime) -> list[Cascade]:
        """Return the cascades that are felt at some time in [since, until)."""
        if not self.flushes:
            return []
        pace = self.episode * (FLUSHED * STEP)
        first = self._cascade(0)
        start = max(0, ceil((since - first.forgotten_at) / pace))
        end = floor((until - first.started_at) / pace)
        return [self._cascade(number) for number in range(start, end + 1)]

    def _cascade(self, number: int) -> Cascade:
        act = number * FLUSHED
        return Cascade(
            started_at=self.started_at + self.episode * (LEAD + act * STEP + FLUSH_AT),
            length=self.episode * FLUSH_LENGTH,
            side=PositionSide.LONG if self._sign(act) > 0 else PositionSide.SHORT,
            tickers=(self._ticker(act),),
        )

    def _ticker(self, number: int) -> str:
        order = shuffled(self.seed, "cast", self.cast)
        return order[number % len(order)]

    def _sign(self, number: int) -> int:
        return -1 if number % 2 else 1

    def _act(self, number: int, progress: float) -> dict[tuple[str, str], float]:
        ticker, sign = self._ticker(number), self._sign(number)
        peak = sign * draw(self.seed, "peak", number, low=PEAK[0], high=PEAK[1]) * envelope(progress)
        crowded = shuffled(self.seed, f"venues {number}", self.venues)
        return {(venue, ticker): peak * share for venue, share in zip(crowded, STRENGTHS, strict=True)}


def envelope(progress: float) -> float:
    """Return the share of the peak, 0 to 1, at a point of an episode, 0 to 1."""
    return max(0.0, min(progress / RISEN, 1.0, (1 - progress) / (1 - FALLING)))
