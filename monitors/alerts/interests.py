"""What rules are about, without asking each of them: metrics, sides and windows, and the chats a venue concerns."""

from collections import Counter
from collections.abc import Collection, Mapping

from monitors.alerts.rules import Destination, Rule
from monitors.metrics.reading import Cut
from monitors.metrics.registry import Source, metric

Of = tuple[str | None, str | None]
"""A base or any, a venue or all."""
Asked = tuple[Cut, str | None, str | None]
"""What of a metric, of which base or of any, and on which venue or on all."""


class Interests:
    """Counts of what the rules are about. Pure state."""

    def __init__(self) -> None:
        self._chats: dict[tuple[str | None, Source], Counter[Destination]] = {}
        self._asked: dict[str, Counter[Asked]] = {}
        self._known: dict[str, Mapping[Cut, frozenset[Of]]] = {}

    def add(self, rule: Rule) -> None:
        """Count a rule in."""
        self._chats.setdefault(_topic(rule), Counter())[rule.destination] += 1
        self._asked.setdefault(rule.metric, Counter())[_asked(rule)] += 1
        self._known.pop(rule.metric, None)

    def discard(self, rule: Rule) -> None:
        """Count a rule out."""
        self._chats[_topic(rule)][rule.destination] -= 1
        self._asked[rule.metric][_asked(rule)] -= 1
        self._known.pop(rule.metric, None)

    def cuts(self, name: str) -> Collection[Cut]:
        """Return the sides and windows of a metric that rules are about."""
        return self._by_cut(name).keys()

    def asked(self, name: str, cut: Cut) -> Collection[tuple[str | None, str | None]]:
        """Return the bases (None: any) and venues (None: all together) of which rules ask a side and window."""
        return self._by_cut(name).get(cut, frozenset())

    def _by_cut(self, name: str) -> Mapping[Cut, frozenset[Of]]:
        if name not in self._known:
            known: dict[Cut, set[Of]] = {}
            for cut, base, venue in +self._asked.get(name, Counter[Asked]()):
                known.setdefault(cut, set()).add((base, venue))
            self._known[name] = {cut: frozenset(asked) for cut, asked in known.items()}
        return self._known[name]

    def audience(self, venue: str, source: Source) -> tuple[Destination, ...]:
        """Return the chats that have a rule which this venue's data of that kind can touch."""
        counts = (self._chats.get((about, source), Counter[Destination]()) for about in (venue, None))
        return tuple(sum(counts, Counter[Destination]()))


def _asked(rule: Rule) -> Asked:
    selector = rule.selector
    return Cut(selector.side, selector.window), selector.base, selector.venue


def _topic(rule: Rule) -> tuple[str | None, Source]:
    return rule.selector.venue, metric(rule.metric).source
