"""Word about the venues themselves: who fell silent, told once, and who is back. Pure state."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitors.alerts.delivery import Content, Notice
from monitors.alerts.rules import Destination
from monitors.liquidation import FeedHealth, FeedState
from monitors.market import VenueHealth

SILENCE = timedelta(minutes=5)
"""A venue without a good answer, or a feed that is not heard, for this long is told about."""

KEEP_EVERY = timedelta(minutes=1)
"""How old the stored age of a feed may be: what was heard since is a gap after a crash."""

Audience = Callable[[str], tuple[Destination, ...]]
"""Returns the chats that a venue's silence concerns."""


class Polls:
    """How the venues answer what they are asked."""

    def __init__(self, kept: Iterable[VenueHealth], audience: Audience, now: datetime) -> None:
        """Take up at `now`; the time the program was off counts for no silence."""
        self._started_at = now
        self._health = {health.venue: health for health in kept}
        self._audience = audience

    def answered_at(self) -> dict[str, datetime]:
        """Return when each venue last answered."""
        return {h.venue: h.answered_at for h in self._health.values() if h.answered_at is not None}

    def answered(self, health: VenueHealth) -> tuple[Content, ...]:
        """Note a good answer; returns that the venue is back, if it was told to be silent."""
        before = self._health.get(health.venue)
        self._health[health.venue] = health
        if before is None or not before.silence_told or health.answered_at is None:
            return ()
        return self._notices(health.venue, before, health.answered_at, back=True)

    def failed(
        self, venue: str, reason: str, now: datetime, *, blocked: bool
    ) -> tuple[VenueHealth, tuple[Content, ...]]:
        """Note that a venue gave no usable answer; a long silence is told once."""
        known = self._health.get(venue, VenueHealth(venue=venue, answered_at=None))
        health = replace(
            known,
            failing_since=known.failing_since or now,
            failures=known.failures + 1,
            reason=reason,
            blocked=blocked,
        )
        health, contents = self._silence(health, now)
        self._health[venue] = health
        return health, contents

    def overdue(self, now: datetime) -> Iterator[tuple[VenueHealth, tuple[Content, ...]]]:
        """Yield the venues whose silence became long while nobody asked them."""
        for known in tuple(self._health.values()):
            health, contents = self._silence(known, now)
            if health is not known:
                self._health[known.venue] = health
                yield health, contents

    def _silence(self, health: VenueHealth, now: datetime) -> tuple[VenueHealth, tuple[Content, ...]]:
        since = max(_silent_since(health, now), self._started_at)
        if health.failing_since is None or health.silence_told or now - since <= SILENCE:
            return health, ()
        return replace(health, silence_told=True), self._notices(health.venue, health, now, back=False)

    def _notices(self, venue: str, failed: VenueHealth, now: datetime, *, back: bool) -> tuple[Content, ...]:
        return tuple(
            Notice(
                destination=destination,
                venue=venue,
                silent_since=_silent_since(failed, now),
                at=now,
                back=back,
                reason=failed.reason,
            )
            for destination in self._audience(venue)
        )


class Feeds:
    """How the venues' liquidations are heard."""

    def __init__(self, kept: Sequence[FeedHealth], audience: Audience, now: datetime) -> None:
        """Take up at `now`; the time the program was off counts for no silence.

        What was told of before is told again under the same key, which the outbox ignores.
        """
        self._audience = audience
        self._started_at = now
        self._remembered = {health.venue for health in kept}
        self._kept: dict[str, tuple[FeedHealth, datetime]] = {}
        self._lost = {health.venue: health for health in kept if health.state is not FeedState.LIVE}
        self._told: set[str] = set()

    def heard(self, health: FeedHealth) -> tuple[Content, ...]:
        """Note what a feed is about; returns that it is heard again, if it was told to be lost."""
        if health.state is not FeedState.LIVE:
            lost = self._lost.get(health.venue, health)
            self._lost[health.venue] = replace(health, since=lost.since)
            return ()
        before = self._lost.pop(health.venue, None)
        if before is None or health.venue not in self._told:
            return ()
        self._told.discard(health.venue)
        return self._notices(before, health.since, back=True)

    def worth_keeping(self, health: FeedHealth, now: datetime) -> FeedHealth | None:
        """Return what to store of a feed: since when it is lost; None for what is as it was a short while ago.

        Until it is heard, what an earlier life last heard stays: from then on the venue is unheard.
        """
        if health.heard_at is None and health.venue in self._remembered:
            return None
        kept = self._kept.get(health.venue)
        if kept is not None and now - kept[1] < KEEP_EVERY and _same(kept[0], health):
            return None
        self._kept[health.venue] = (health, now)
        lost = self._lost.get(health.venue)
        return health if lost is None else replace(health, since=lost.since)

    def overdue(self, now: datetime) -> tuple[Content, ...]:
        """Return word of the feeds that have been lost for long and were not told of yet."""
        contents: tuple[Content, ...] = ()
        for venue, health in self._lost.items():
            if venue not in self._told and now - max(health.since, self._started_at) > SILENCE:
                self._told.add(venue)
                contents += self._notices(health, now, back=False)
        return contents

    def _notices(self, lost: FeedHealth, now: datetime, *, back: bool) -> tuple[Content, ...]:
        return tuple(
            Notice(
                destination=destination,
                venue=lost.venue,
                silent_since=lost.since,
                at=now,
                back=back,
                reason=lost.reason,
                liquidations=True,
            )
            for destination in self._audience(lost.venue)
        )


def _same(before: FeedHealth, after: FeedHealth) -> bool:
    return (before.state, before.reason, before.note) == (after.state, after.reason, after.note)


def _silent_since(health: VenueHealth, now: datetime) -> datetime:
    return health.answered_at or health.failing_since or now
