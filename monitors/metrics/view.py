"""What the metrics look at in one step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from monitors.market import Observation
from monitors.metrics.board import Board, Comparison, Group
from monitors.metrics.intervals import IntervalChange


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The board after a poll, and what the poll changed on it."""

    board: Board
    observations: tuple[Observation, ...]
    interval_changes: tuple[IntervalChange, ...]
    now: datetime
    _comparisons: dict[Group, Comparison] = field(default_factory=dict)

    def groups(self) -> Iterator[tuple[Group, Comparison]]:
        """Yield the bases this poll spoke of, each with its comparison over all venues."""
        for observation in self.observations:
            instrument = observation.funding.instrument
            group = (instrument.base, instrument.margin)
            if group not in self._comparisons:
                self._comparisons[group] = self.board.compare(*group, self.now)
        yield from self._comparisons.items()
