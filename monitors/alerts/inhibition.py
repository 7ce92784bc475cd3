"""What hides what in a chat: the market's cascade those of the coins, a critical alert the lesser ones. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitors.alerts.rules import Destination, Rule, Severity
from monitors.metrics.liquidations.values import MARKET
from monitors.metrics.reading import Series
from monitors.metrics.registry import metric


@dataclass(frozen=True, slots=True)
class Shields:
    """The chats that hear of a series by something larger already."""

    all: frozenset[Destination]
    """Where everything about it is hidden."""
    lesser: frozenset[Destination]
    """Where all but what is critical is hidden."""

    def hide(self, rule: Rule) -> bool:
        """Tell whether a rule has nothing to say now: it is judged again once nothing hides it."""
        if rule.destination in self.all:
            return True
        return rule.severity is not Severity.CRITICAL and rule.destination in self.lesser


def overarching(series: Series) -> Series | None:
    """Return the series whose episode hides this one: the market's, where a metric says so."""
    if series.base == MARKET or not metric(series.metric).any_includes_market:
        return None
    return series._replace(base=MARKET)


def shields_of(here: Iterable[Rule], above: Iterable[Rule]) -> Shields:
    """Return what the rules with an episode on a series, and on the one above it, hide."""
    return Shields(
        all=frozenset(rule.destination for rule in above),
        lesser=frozenset(rule.destination for rule in here if rule.severity is Severity.CRITICAL),
    )
