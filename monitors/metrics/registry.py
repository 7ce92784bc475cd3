"""METRICS: the one place a metric is added; commands, help, grammar and rules learn it from here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitors.liquidation import Window
from monitors.metrics.instruments import (
    FUNDING,
    INTERVAL_CHANGE,
    explain_instrument,
    read_funding,
    read_interval_change,
)
from monitors.metrics.liquidations.baseline import SPIKE_WINDOWS
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
    explain_cascade,
    explain_print,
    explain_total,
    read_cascades,
    read_dominance,
    read_prints,
    read_shares,
    read_spikes,
    read_totals,
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


class Source(StrEnum):
    """Where a metric's figures come from, and so whose silence concerns its rules."""

    POLLS = "polls"
    LIQUIDATIONS = "liquidations"


class Unit(StrEnum):
    """What a metric's values are."""

    RATE = "rate"
    """A fraction per hour; shown as simple yearly percentage and per 8 hours."""
    HOURS = "hours"
    USD = "usd"
    """US dollars."""
    SHARE = "share"
    """A part of a whole, 0 to 1; shown in percent."""
    SCORE = "score"
    """A robust z: how many usual spreads above the usual."""


class Scope(StrEnum):
    """What one series of a metric spans."""

    INSTRUMENT = "instrument"
    """One venue's instrument: a rule may name the venue."""
    ALL_VENUES = "all venues"
    """All venues of a base together: a rule names no venue."""
    TOTAL = "total"
    """A sum: a rule without a venue is about all of them together, one with a venue about that venue's part.

    Its base may also be the market's: all bases together."""


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
    is_event: bool = False
    """Whether every reading is news by itself: nothing lasts, repeats or is resolved."""
    sided: bool = False
    """Whether a rule may name the liquidated side."""
    windows: tuple[Window, ...] = ()
    """The windows a rule may name, the usual one first; empty for what has none."""
    source: Source = Source.POLLS
    """What is heard in a stream is told at once, and what follows waits; what is polled waits for company."""
    any_includes_market: bool = False
    """Whether a rule for any base hears of the market too, whose episode then hides the coins' own."""
    step: float = 1.5
    """The multiple at which a rule rings again unless it says otherwise."""
    step_gap: timedelta = timedelta(minutes=5)
    """The least time between an alert and its escalation."""

    @property
    def has_level(self) -> bool:
        """Tell whether a rule needs a level."""
        return bool(self.default_level)


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
        is_event=True,
    ),
    Metric(
        name=LIQUIDATIONS,
        title="liquidations",
        description="What was closed by force within a window, in US dollars, of longs, shorts or both.",
        unit=Unit.USD,
        scope=Scope.TOTAL,
        default_level="$10M",
        read=read_totals,
        explain=explain_total,
        sided=True,
        windows=(Window.H1, Window.M1, Window.M5, Window.M15, Window.H4, Window.H24),
        source=Source.LIQUIDATIONS,
        step=2.0,
    ),
    Metric(
        name=LIQUIDATION_SPIKE,
        title="liquidation spike",
        description="Liquidations against the coin's own normal at this hour of day, as a robust z.",
        unit=Unit.SCORE,
        scope=Scope.ALL_VENUES,
        default_level="3.5",
        read=read_spikes,
        explain=explain_total,
        windows=SPIKE_WINDOWS,
        source=Source.LIQUIDATIONS,
        step=2.0,
    ),
    Metric(
        name=SINGLE_LIQUIDATION,
        title="single liquidation",
        description="One forced close of at least this size.",
        unit=Unit.USD,
        scope=Scope.INSTRUMENT,
        default_level="$1M",
        read=read_prints,
        explain=explain_print,
        is_event=True,
        sided=True,
        source=Source.LIQUIDATIONS,
        step=2.0,
    ),
    Metric(
        name=DOMINANCE,
        title="liquidation dominance",
        description="The share of the liquidated dollars that was of one side, from $1M and 10 prints on.",
        unit=Unit.SHARE,
        scope=Scope.TOTAL,
        default_level="80%",
        read=read_dominance,
        explain=explain_total,
        sided=True,
        windows=(Window.H1, Window.M1, Window.M5, Window.M15, Window.H4, Window.H24),
        source=Source.LIQUIDATIONS,
    ),
    Metric(
        name=LIQUIDATIONS_TO_OI,
        title="liquidations to open interest",
        description="What was closed by force within a window, as a share of the known open interest.",
        unit=Unit.SHARE,
        scope=Scope.ALL_VENUES,
        default_level="0.5%",
        read=read_shares,
        explain=explain_total,
        sided=True,
        windows=(Window.H1, Window.M5, Window.M15, Window.H4, Window.H24),
        source=Source.LIQUIDATIONS,
        step=2.0,
    ),
    Metric(
        name=CASCADE,
        title="liquidation cascade",
        description="Forced closes that feed on themselves: told once, changed as they grow, closed with a total.",
        unit=Unit.USD,
        scope=Scope.ALL_VENUES,
        default_level="$2M",
        read=read_cascades,
        explain=explain_cascade,
        sided=True,
        source=Source.LIQUIDATIONS,
        any_includes_market=True,
        step=2.0,
        step_gap=timedelta(seconds=30),
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
