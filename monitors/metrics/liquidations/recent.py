"""One base's prints of the last five minutes, and the run of either side among them. Pure state."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from monitors.liquidation import Liquidation, PositionSide

SPAN_MS = 300_000
"""The window a run is judged over: that of the ladder its floor is taken from."""
GAP_MS = 60_000
"""Same-side prints further apart than this belong to two runs."""


class Print(NamedTuple):
    """What of a liquidation a cascade counts; whole cents add up the same in any order. Sorts by event time."""

    at_ms: int
    side: PositionSide
    cents: int
    venue: str

    @classmethod
    def of(cls, liquidation: Liquidation) -> "Print":
        """Take what counts of a liquidation."""
        return cls(
            liquidation.at_ms,
            liquidation.side,
            round(liquidation.usd * 100),
            liquidation.instrument.venue,
        )


@dataclass(slots=True, kw_only=True)
class Run:
    """Prints of one side, none more than a minute from the next; counted are those of the last five minutes."""

    first_ms: int
    """The event time of its first print, counted or not."""
    last_ms: int
    count: int
    cents: int


class Recent:
    """The prints of one base by event time, in the order they come: out of order by a little is usual."""

    def __init__(self) -> None:
        """Start with none."""
        self.newest_ms = 0
        self._prints: deque[tuple[Print, Run | None]] = deque()
        self._runs: dict[PositionSide, Run] = {}

    @property
    def runs(self) -> Collection[Run]:
        """Return the latest run of either side."""
        return self._runs.values()

    def begin(self, run: Run) -> int:
        """Return the event time of the first print that is counted of a run."""
        return min(p.at_ms for p, its in self._prints if its is run)

    def since(self, at_ms: int) -> list[Print]:
        """Return the prints at or after a time."""
        return [p for p, _ in self._prints if p.at_ms >= at_ms]

    def take(self, new: Print) -> Run | None:
        """Take a print and return its run.

        None is one that is too late: five minutes behind the newest, or of a run that is over.
        """
        if new.at_ms <= self.newest_ms - SPAN_MS:
            return None
        self.newest_ms = max(self.newest_ms, new.at_ms)
        run = self._extended(new)
        self._prints.append((new, run))
        while self._prints[0][0].at_ms <= self.newest_ms - SPAN_MS:
            _forget(*self._prints.popleft())
        return run

    def _extended(self, new: Print) -> Run | None:
        run = self._runs.get(new.side)
        if run is None or new.at_ms > run.last_ms + GAP_MS:
            run = Run(first_ms=new.at_ms, last_ms=new.at_ms, count=1, cents=new.cents)
            self._runs[new.side] = run
            return run
        if new.at_ms < run.first_ms - GAP_MS:
            return None
        run.first_ms = min(run.first_ms, new.at_ms)
        run.last_ms = max(run.last_ms, new.at_ms)
        run.count += 1
        run.cents += new.cents
        return run


def _forget(old: Print, run: Run | None) -> None:
    if run is not None:
        run.count -= 1
        run.cents -= old.cents
