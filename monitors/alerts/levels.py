"""Fire levels kept sorted, so that a value finds the rules it crosses without looking at the others. Pure state."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter

from monitors.alerts.rules import Direction, Level, Rule
from monitors.liquidation import PositionSide, Window
from monitors.market import Margin
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import ALL_VENUES, Series
from monitors.metrics.registry import Scope, metric

BucketKey = tuple[str, Margin, str | None, str | None, PositionSide | None, Window | None]
"""Metric, margin, base or any, venue or any, side or both, window or none."""

_INFINITY = float("inf")
_level = itemgetter(0)


def key_of(rule: Rule) -> BucketKey:
    """Return the bucket a rule belongs in."""
    selector = rule.selector
    return (rule.metric, selector.margin, selector.base, selector.venue, selector.side, selector.window)


def keys_of(series: Series) -> tuple[BucketKey, ...]:
    """Return the buckets whose rules watch a series; any base is each of them, seldom all together."""
    watched = metric(series.metric)
    if series.venue == ALL_VENUES:
        venues: tuple[str | None, ...] = (None,)
    else:
        venues = (series.venue,) if watched.scope is Scope.TOTAL else (series.venue, None)
    alone = series.base == MARKET and not watched.any_includes_market
    bases = (series.base,) if alone else (series.base, None)
    return tuple(
        (series.metric, series.margin, base, venue, series.side, series.window)
        for base in bases
        for venue in venues
    )


def proves(value: float, level: Level | None) -> bool:
    """Tell whether a floor is enough to meet a level."""
    return level is not None and level.direction is Direction.ABOVE and value >= level.fire_at


class Bucket:
    """The rules of one selector: those with a level sorted by it, and those that ring at any event."""

    __slots__ = ("_above", "_below", "_events", "series")

    def __init__(self) -> None:
        self._above: list[tuple[float, int]] = []
        self._below: list[tuple[float, int]] = []
        self._events: dict[int, None] = {}
        self.series: list[Series] = []
        """The series that this bucket's rules watch, in the order they were first seen."""

    def add(self, rule: Rule) -> None:
        """Take a rule in, in place."""
        if rule.level is None:
            self._events[rule.id] = None
        else:
            insort(self._side(rule), (rule.level.fire_at, rule.id))

    def discard(self, rule: Rule) -> None:
        """Let a rule go."""
        if rule.level is None:
            self._events.pop(rule.id, None)
            return
        side = self._side(rule)
        place = bisect_left(side, (rule.level.fire_at, rule.id))
        if place < len(side) and side[place] == (rule.level.fire_at, rule.id):
            del side[place]

    def met(self, value: float) -> Iterator[int]:
        """Yield the rules whose level the value meets, and those that have none."""
        above = self._above[: bisect_right(self._above, value, key=_level)]
        below = self._below[bisect_left(self._below, value, key=_level) :]
        return chain(map(itemgetter(1), chain(above, below)), self._events)

    def crossed(self, before: float, value: float) -> Iterator[int]:
        """Yield the rules whose level lies between two values, on the side that fires."""
        if value > before:
            start = bisect_right(self._above, before, key=_level)
            passed = self._above[start : bisect_right(self._above, value, key=_level)]
        else:
            start = bisect_left(self._below, value, key=_level)
            passed = self._below[start : bisect_left(self._below, before, key=_level)]
        return map(itemgetter(1), passed)

    def quiet_range(self, value: float) -> tuple[float, float]:
        """Return the nearest levels around a value: inside this open range it can cross none."""
        high = bisect_right(self._above, value, key=_level)
        low = bisect_left(self._below, value, key=_level)
        return (
            self._below[low - 1][0] if low else -_INFINITY,
            self._above[high][0] if high < len(self._above) else _INFINITY,
        )

    def _side(self, rule: Rule) -> list[tuple[float, int]]:
        above = rule.level is not None and rule.level.direction is Direction.ABOVE
        return self._above if above else self._below
