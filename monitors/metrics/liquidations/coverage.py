"""How much of a span each venue's feed told, from its states and its gaps. Pure state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from math import inf

from monitors.liquidation import FeedGrade, FeedHealth, FeedState, Gap, Window
from monitors.metrics.liquidations.values import Coverage

TOLERATED = 30.0
"""Seconds of a span that may go unheard in all: a reconnect is no gap worth a word."""
NOT_RUNNING = "the bot was not listening"

BLIND_SHARE = 0.05
"""The part of a span above which what is unheard leaves open whether it was calm."""
_AWAY = 3600.0
"""Seconds without a word after which a venue is away, and nobody waits for it."""
MUTE_AFTER = 60.0
"""Seconds after its last frame or pong from which a feed that was not reported lost counts as unheard.

A feed is asked for a sign of life every 20 seconds: this tells a machine that slept, or a line that hangs.
"""
_MEMORY = timedelta(hours=24)
_HEARING = {FeedState.LIVE, FeedState.PARTIAL}
_Span = tuple[float, float]
"""From one second since 1970 to another."""


class Part(Enum):
    """How much of a span a venue told."""

    HEARD = auto()
    PARTIAL = auto()
    MISSING = auto()


@dataclass(slots=True)
class _Ear:
    """What is known of one venue's feed."""

    health: FeedHealth | None = None
    reported: bool = False
    """Whether the health is of this run."""
    heard: bool = False
    """Whether something was heard in this run."""
    deaf_since: float | None = -inf
    """While nothing is heard, since when."""
    part_since: float | None = None
    """While some sockets are down, since when."""
    deaf: list[_Span] = field(default_factory=list[_Span])
    part: list[_Span] = field(default_factory=list[_Span])
    gaps: dict[datetime, Gap] = field(default_factory=dict[datetime, Gap])
    left_open: list[Gap] = field(default_factory=list[Gap])
    """Gaps that the former run did not see the end of."""

    def deaf_spans(self) -> list[_Span]:
        """Return when nothing was heard, by the feed's states, and from its last sign of life on."""
        heard_at = None if self.health is None or not self.reported else self.health.heard_at
        silent = [] if heard_at is None else [(heard_at.timestamp() + MUTE_AFTER, inf)]
        now = [] if self.deaf_since is None else [(self.deaf_since, inf)]
        return [*self.deaf, *now, *silent]

    def unheard_spans(self) -> list[_Span]:
        """Return when something was not heard, by states and gaps."""
        part = self.part if self.part_since is None else [*self.part, (self.part_since, inf)]
        return [*self.deaf_spans(), *part, *(_span(gap) for gap in self.gaps.values() if not gap.filled)]

    def filled_spans(self) -> list[_Span]:
        """Return what the archive gave."""
        return [_span(gap) for gap in self.gaps.values() if gap.filled]


class Hearing:
    """Every venue's feed: what it is about, and since when it was not heard."""

    def __init__(
        self,
        venues: Sequence[str],
        silent: Sequence[str],
        feeds: Iterable[FeedHealth] = (),
        gaps: Iterable[Gap] = (),
    ) -> None:
        """Take up what a former run knew; from when it last heard a venue, that venue is not heard."""
        self._silent = tuple(silent)
        self._ears = {venue: _Ear() for venue in venues}
        self._pauses: list[Gap] = []
        self._known: dict[tuple[Window, str], tuple[float, Coverage]] = {}
        for health in feeds:
            heard_at = health.heard_at or health.since
            ended = heard_at if health.state in _HEARING else min(heard_at, health.since)
            self._ears[health.venue] = _Ear(health=health, deaf_since=ended.timestamp())
        for gap in gaps:
            self.gap(gap)
            if gap.until is None:
                self._ears[gap.venue].left_open.append(gap)

    def report(self, health: FeedHealth) -> None:
        """Take what a feed is about now; the same again only renews its ages."""
        ear = self._ears.setdefault(health.venue, _Ear())
        since, hears = health.since.timestamp(), health.state in _HEARING
        if hears and ear.deaf_since is not None:
            if not ear.heard:
                self._pause(ear, ear.deaf_since, health)
            ear.deaf.append((ear.deaf_since, since))
            ear.deaf_since = None
        elif not hears and ear.deaf_since is None:
            ear.deaf_since = since
        if health.state is not FeedState.PARTIAL and ear.part_since is not None:
            ear.part.append((ear.part_since, since))
            ear.part_since = None
        elif health.state is FeedState.PARTIAL and ear.part_since is None:
            ear.part_since = since
        ear.health = health
        ear.reported = True
        ear.heard = ear.heard or hears
        self._known.clear()

    def gap(self, gap: Gap) -> None:
        """Take a gap's beginning, end or filling."""
        self._ears.setdefault(gap.venue, _Ear()).gaps[gap.since] = gap
        self._known.clear()

    def pauses(self) -> tuple[Gap, ...]:
        """Return the gaps that ended when this run first heard a venue, found since this was last asked."""
        found, self._pauses = tuple(self._pauses), []
        return found

    def feeds(self) -> tuple[FeedHealth, ...]:
        """Return what the feeds of this run are about, by venue."""
        return tuple(ear.health for _, ear in sorted(self._ears.items()) if ear.health and ear.reported)

    def grade(self, venue: str) -> FeedGrade:
        """Return a feed's grade; one that is not known yet tells not everything."""
        ear = self._ears.get(venue)
        return FeedGrade.THROTTLED if ear is None or ear.health is None else ear.health.grade

    def gaps(self, venue: str, since: datetime) -> tuple[Gap, ...]:
        """Return a venue's gaps that touch the time from `since` on, oldest first."""
        ear = self._ears.get(venue, _Ear())
        touching = [gap for gap in ear.gaps.values() if gap.until is None or gap.until > since]
        return tuple(sorted(touching, key=lambda gap: gap.since))

    def coverage(self, window: Window, now: datetime, venue: str = "") -> Coverage:
        """Return how much of a window that ends now was heard, of all venues or of one."""
        until = now.timestamp()
        at, known = self._known.get((window, venue), (-inf, None))
        if known is None or int(at) != int(until):
            known = self._cover(int(until) + 1 - window.length.total_seconds(), until, venue)
            self._known[window, venue] = (until, known)
        return known

    def since(self, at: datetime, now: datetime) -> Coverage:
        """Return how much was heard of all venues from a time until now."""
        return self._cover(min(at, now - timedelta(seconds=1)).timestamp(), now.timestamp(), "")

    def is_covered(self, since: float, until: float) -> bool:
        """Tell whether every feed that is not away was heard throughout a span, and there was one."""
        here = [ear for ear in self._ears.values() if not _is_away(ear, until)]
        return bool(here) and all(_part(ear, since, until) is Part.HEARD for ear in here)

    def forget(self, before: float) -> None:
        """Forget what ended before a second."""
        for ear in self._ears.values():
            ear.deaf = [one for one in ear.deaf if one[1] >= before]
            ear.part = [one for one in ear.part if one[1] >= before]
            ear.gaps = {since: gap for since, gap in ear.gaps.items() if _span(gap)[1] >= before}

    def _cover(self, since: float, until: float, venue: str) -> Coverage:
        parts = {
            name: _part(ear, since, until) for name, ear in sorted(self._ears.items()) if venue in {"", name}
        }
        heard = _those(parts, Part.HEARD)
        return Coverage(
            heard=heard,
            throttled=tuple(name for name in heard if self.grade(name) is FeedGrade.THROTTLED),
            partial=_those(parts, Part.PARTIAL),
            missing=_those(parts, Part.MISSING),
            silent=tuple(name for name in self._silent if venue in {"", name}),
            is_blind=any(_blinds(self._ears[name], since, until) for name in parts),
        )

    def _pause(self, ear: _Ear, deaf_since: float, health: FeedHealth) -> None:
        """Note that a venue was not heard before this run heard it, so that the next run knows."""
        earliest = health.since - _MEMORY
        since = earliest if deaf_since < earliest.timestamp() else datetime.fromtimestamp(deaf_since, UTC)
        if since < health.since:
            self._found(ear, Gap(venue=health.venue, since=since, until=health.since, why=NOT_RUNNING))
        for gap in ear.left_open:
            self._found(ear, replace(gap, until=health.since))
        ear.left_open.clear()

    def _found(self, ear: _Ear, gap: Gap) -> None:
        ear.gaps[gap.since] = gap
        self._pauses.append(gap)


def _part(ear: _Ear, since: float, until: float) -> Part:
    filled = ear.filled_spans()
    told = _measure(filled, since, until)
    unheard = _measure([*ear.unheard_spans(), *filled], since, until) - told
    if unheard <= TOLERATED:
        return Part.HEARD
    deaf = _measure([*ear.deaf_spans(), *filled], since, until) - told
    return Part.MISSING if until - since - deaf < 1 else Part.PARTIAL


def _blinds(ear: _Ear, since: float, until: float) -> bool:
    """Tell whether a venue that is not away was unheard for more of a span than can be passed over."""
    filled = ear.filled_spans()
    unheard = _measure([*ear.unheard_spans(), *filled], since, until) - _measure(filled, since, until)
    return not _is_away(ear, until) and unheard > max(TOLERATED, BLIND_SHARE * (until - since))


def _is_away(ear: _Ear, until: float) -> bool:
    """Tell whether a venue was not heard at all for so long that nobody waits for it."""
    return _part(ear, until - _AWAY, until) is Part.MISSING


def _measure(spans: Iterable[_Span], since: float, until: float) -> float:
    """Return how many seconds of [since, until) lie in any of the spans."""
    total, reached = 0.0, since
    for start, end in sorted(spans):
        total += max(0.0, min(end, until) - max(start, reached))
        reached = max(reached, min(end, until))
    return total


def _span(gap: Gap) -> _Span:
    return gap.since.timestamp(), inf if gap.until is None else gap.until.timestamp()


def _those(parts: Mapping[str, Part], part: Part) -> tuple[str, ...]:
    return tuple(name for name, one in parts.items() if one is part)
