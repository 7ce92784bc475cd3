"""What the metrics look at in one step."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitors.liquidation import Liquidation, PositionSide
from monitors.market import Observation
from monitors.metrics.board import Board, Comparison, Group
from monitors.metrics.intervals import IntervalChange
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Cascade, Key
from monitors.metrics.reading import Cut

NEWS = timedelta(minutes=1)
"""A print older than this is no news by itself: it came late, in a replay or from an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known after a step, and what the step changed of it."""

    board: Board
    liquidations: LiquidationBoard
    now: datetime
    cuts: Callable[[str], Collection[Cut]]
    """The sides and windows of a metric that rules are about."""
    asked: Callable[[str, Cut], Collection[tuple[str | None, str | None]] | None] = lambda _name, _cut: None
    """The bases (None: any) and venues (None: all together) of which rules ask a side and window; None is all."""
    observations: tuple[Observation, ...] = ()
    interval_changes: tuple[IntervalChange, ...] = ()
    prints: tuple[Liquidation, ...] = ()
    """New ones."""
    keys: Collection[Key] = ()
    """Whose liquidations are to be read: those that changed."""
    cascades: tuple[Cascade, ...] = ()
    """Those that opened, grew or closed."""
    _comparisons: dict[Group, Comparison] = field(default_factory=dict)
    _largest: dict[PositionSide | None, dict[Key, Liquidation]] = field(default_factory=dict)

    def groups(self) -> Iterator[tuple[Group, Comparison]]:
        """Yield the bases this poll spoke of, each with its comparison over all venues."""
        for observation in self.observations:
            instrument = observation.funding.instrument
            group = (instrument.base, instrument.margin)
            if group not in self._comparisons:
                self._comparisons[group] = self.board.compare(*group, self.now)
        yield from self._comparisons.items()

    def largest_prints(self, side: PositionSide | None) -> Mapping[Key, Liquidation]:
        """Return each instrument's largest new print that is news, of one side or of both."""
        if side not in self._largest:
            largest = self._largest[side] = {}
            for one in self.prints:
                if self.now - one.at <= NEWS and side in {None, one.side}:
                    key = Key(one.instrument.base, one.instrument.venue, one.instrument.symbol)
                    if key not in largest or one.usd > largest[key].usd:
                        largest[key] = one
        return self._largest[side]
