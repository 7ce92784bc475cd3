"""METRICS: the one place a metric is added; commands, help, grammar and rules learn it from here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from monitors.metrics.instruments import (
    FUNDING,
    INTERVAL_CHANGE,
    explain_instrument,
    read_funding,
    read_interval_change,
)
from monitors.metrics.reading import Evidence, Reading, Series
from monitors.metrics.venues import (
    FUNDING_OI,
    SPREAD,
    explain_funding_oi,
    explain_spread,
    read_funding_oi,
    read_spread,
)
from monitors.metrics.view import View


class Unit(StrEnum):
    """What a metric's values are."""

    RATE = "rate"
    """A fraction per hour; shown as simple yearly percentage and per 8 hours."""
    HOURS = "hours"


class Scope(StrEnum):
    """What one series of a metric spans."""

    INSTRUMENT = "instrument"
    """One venue's instrument: a rule may name the venue."""
    ALL_VENUES = "all venues"
    """All venues of a base together: a rule names no venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing a rule can watch."""

    name: str
    title: str
    """What a message calls it."""
    description: str
    """One sentence for help."""
    unit: Unit
    scope: Scope
    default_level: str
    """A sensible level as a person would type it; empty for an event metric, which has none."""
    read: Callable[[View], Iterator[Reading]]
    explain: Callable[[View, Series], Evidence]

    @property
    def is_event(self) -> bool:
        """Tell whether every reading is news by itself, without a level."""
        return not self.default_level


METRICS = (
    Metric(
        name=FUNDING,
        title="funding",
        description="The funding rate of one venue's perpetual; positive means longs pay shorts.",
        unit=Unit.RATE,
        scope=Scope.INSTRUMENT,
        default_level="65.7% apr",
        read=read_funding,
        explain=explain_instrument,
    ),
    Metric(
        name=FUNDING_OI,
        title="OI-weighted funding",
        description="The funding rate over all venues, weighted by one-sided open interest.",
        unit=Unit.RATE,
        scope=Scope.ALL_VENUES,
        default_level="32.85% apr",
        read=read_funding_oi,
        explain=explain_funding_oi,
    ),
    Metric(
        name=SPREAD,
        title="funding spread",
        description="The gap between the highest and the lowest funding rate of fresh venues.",
        unit=Unit.RATE,
        scope=Scope.ALL_VENUES,
        default_level="50% apr",
        read=read_spread,
        explain=explain_spread,
    ),
    Metric(
        name=INTERVAL_CHANGE,
        title="funding interval",
        description="A venue changed how often an instrument pays funding.",
        unit=Unit.HOURS,
        scope=Scope.INSTRUMENT,
        default_level="",
        read=read_interval_change,
        explain=explain_instrument,
    ),
)

_BY_NAME = {metric.name: metric for metric in METRICS}


def metric(name: str) -> Metric:
    """Return a metric by its name.

    Raises:
        LookupError: there is none of that name; the message lists those there are.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(_BY_NAME)
        raise LookupError(f"expected one of {known}, found {name!r}") from None
