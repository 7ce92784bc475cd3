"""What judging cascades asks of the world at one moment, each thing at most once. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from monitors.liquidation import PositionSide, Window
from monitors.metrics.liquidations.course import milliseconds
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Cascade, Coverage, Key, Spike, Totals

LATENESS = timedelta(seconds=5)
"""How long after the event a print may still come: until then no moment is known to have been quiet."""

Lookup = Callable[[str, PositionSide], StressInputs]
"""What else is known of a base, of which this side is liquidated."""
Floor = Callable[[str], float]
"""US dollars in five minutes from which a base's liquidations are large whatever its normal is."""


class TapeView(Protocol):
    """What cascades need of the tape of liquidations."""

    def totals(self, key: Key, window: Window) -> Totals:
        """Return what was liquidated in a window that ends now."""
        ...

    def spike(self, key: Key, window: Window, now: datetime, before: datetime | None = None) -> Spike:
        """Judge a window against its normal, as it was `before` the present event began."""
        ...

    def bases(self, window: Window) -> tuple[str, ...]:
        """Return the bases with prints in a window."""
        ...

    def coverage(self, window: Window, now: datetime) -> Coverage:
        """Return how much of a window was heard."""
        ...


class Moment:
    """The world at one step, and the cascades that closed in it."""

    def __init__(self, tape: TapeView, lookup: Lookup, floor: Floor, now: datetime) -> None:
        """Ask nothing yet."""
        self.tape = tape
        self.lookup = lookup
        self.now = now
        self.now_ms = milliseconds(now)
        self.settled_ms = milliseconds(now - LATENESS)
        """Up to here all prints have come that will come in time."""
        self.closed: list[Cascade] = []
        self._floor = floor
        self._floors: dict[str, float] = {}
        self._spikes: dict[str, Spike] = {}
        self._coverages: dict[Window, Coverage] = {}

    def floor_cents(self, base: str) -> float:
        """Return the base's absolute floor."""
        if base not in self._floors:
            self._floors[base] = self._floor(base) * 100
        return self._floors[base]

    def z(self, base: str, before: datetime | None = None) -> float | None:
        """Return how far the base's five minutes lie above its normal; None while there is no normal."""
        if base not in self._spikes:
            self._spikes[base] = self.tape.spike(Key(base=base), Window.M5, self.now, before)
        return self._spikes[base].z

    def is_deaf(self, window: Window) -> bool:
        """Tell whether a feed that was heard within the hour was not heard in a window: silence is no calm then.

        A feed that has been away for the whole hour, as one that refuses this place, told nothing of what runs.
        """
        heard = self._coverage(window)
        if heard.is_dark:
            return True
        away = self._coverage(Window.H1).missing
        return not {*heard.partial, *heard.missing}.issubset(away)

    @property
    def is_floor(self) -> bool:
        """Tell whether what was counted lately can only be less than the truth."""
        lately = self._coverage(Window.M5)
        return lately.is_floor or lately.is_dark

    def _coverage(self, window: Window) -> Coverage:
        if window not in self._coverages:
            self._coverages[window] = self.tape.coverage(window, self.now)
        return self._coverages[window]
