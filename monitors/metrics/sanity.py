"""Bounds that no honest funding rate leaves, and patience with sudden jumps. Pure state."""

from monitors.market import Observation
from monitors.metrics.board import Board

MAX_HOURLY = 0.04
"""No venue charges more than 4 % an hour (Hyperliquid's cap is the widest)."""
MAX_UNKNOWN = 1.0
"""Where the interval is unknown, a rate of 100 % is beyond any venue's cap."""
JUMP = 20.0
"""A rate this many times the previous one must be said twice."""
ANCHOR = 0.0001 / 8
"""The interest anchor per hour: jumps are measured from it when the previous rate was smaller."""


class Quarantine:
    """Holds back what cannot be, and what needs saying twice."""

    def __init__(self) -> None:
        self._suspects: set[tuple[str, str]] = set()

    def admits(self, observation: Observation, board: Board) -> bool:
        """Tell whether an observation may be used; remembers a jump so that its repetition is admitted."""
        instrument = observation.funding.instrument
        key = (instrument.venue, instrument.symbol)
        if _is_absurd(observation):
            return False
        if _jumps(observation, board.at(instrument)) and key not in self._suspects:
            self._suspects.add(key)
            return False
        self._suspects.discard(key)
        return True


def _is_absurd(observation: Observation) -> bool:
    hourly = observation.funding.hourly
    if hourly is None:
        return abs(observation.funding.rate) > MAX_UNKNOWN
    return abs(hourly) > MAX_HOURLY


def _jumps(observation: Observation, previous: Observation | None) -> bool:
    now = observation.funding.hourly
    before = previous.funding.hourly if previous is not None else None
    return now is not None and before is not None and abs(now) > JUMP * max(abs(before), ANCHOR)
