"""What came of a cascade after it closed: told in reply, 5, 15 and 60 minutes later. Pure state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Reason
from monitors.metrics.liquidations.values import Cascade, Flush
from monitors.metrics.reading import Evidence, Series

AFTER = (5, 15, 60)
"""Minutes after the close at which the price is told."""
_LATEST = timedelta(minutes=2)
"""A time missed by more than this, while the program was off, is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An episode that is over, and what is still to be told of it."""

    since: datetime
    """When the episode began: it names the message that is replied to."""
    peak: float
    cascade: Cascade
    waits: tuple[int, ...] = AFTER
    """The minutes still to come, at least one."""

    @property
    def due_at(self) -> datetime:
        """Return when the next price is told."""
        return (self.cascade.closed_at or self.cascade.updated_at) + timedelta(minutes=self.waits[0])


FollowedKey = tuple[int, Series, datetime]
"""The rule, the series, and when the episode began."""
Changes = dict[FollowedKey, Followed | None]
"""Episodes that are followed from here on, or further; None for one that is done with."""


@dataclass(slots=True)
class Aftermaths:
    """The episodes that are followed."""

    followed: dict[FollowedKey, Followed] = field(default_factory=dict)

    def follow(self, alerts: Iterable[Alert]) -> Changes:
        """Follow the cascades of single coins that these alerts say are over."""
        changes: Changes = {}
        for alert in alerts:
            flush = alert.evidence.flush
            cascade = None if flush is None else flush.cascade
            if alert.reason is Reason.RESOLVED and cascade is not None and not cascade.bases:
                key = (alert.rule.id, alert.series, alert.since)
                changes[key] = Followed(since=alert.since, peak=alert.peak, cascade=cascade)
        self.followed |= {key: followed for key, followed in changes.items() if followed is not None}
        return changes

    def tell(
        self,
        rule_of: Callable[[int], Rule | None],
        price_of: Callable[[str], float | None],
        now: datetime,
    ) -> tuple[Sequence[Alert], Changes]:
        """Return what is to be told now, and what remains.

        `price_of` returns one coin's price of a base; one that is unknown is waited for a little. At a time that is
        long past, or whose rule is gone, nothing is told.
        """
        alerts, changes = list[Alert](), Changes()
        for key, followed in list(self.followed.items()):
            if followed.due_at <= now:
                price = price_of(followed.cascade.base)
                if price is None and now - followed.due_at <= _LATEST:
                    continue
                told = _with_price(followed, price, now)
                rule = rule_of(key[0])
                if rule is not None and told is not followed:
                    alerts.append(_alert(rule, key, told, now))
                changes[key] = self._further(key, told, now)
        return alerts, changes

    def _further(self, key: FollowedKey, told: Followed, now: datetime) -> Followed | None:
        closed_at = told.cascade.closed_at or told.cascade.updated_at
        waits = tuple(wait for wait in told.waits if closed_at + timedelta(minutes=wait) > now)
        if not waits:
            del self.followed[key]
            return None
        self.followed[key] = replace(told, waits=waits)
        return self.followed[key]


def _with_price(followed: Followed, price: float | None, now: datetime) -> Followed:
    if price is None or now - followed.due_at > _LATEST:
        return followed
    after = (*followed.cascade.prices_after, (followed.waits[0], price))
    return replace(followed, cascade=replace(followed.cascade, prices_after=after))


def _alert(rule: Rule, key: FollowedKey, told: Followed, now: datetime) -> Alert:
    cascade = told.cascade
    return Alert(
        reason=Reason.AFTERMATH,
        rule=rule,
        series=key[1],
        value=cascade.totals.usd,
        at=now,
        since=told.since,
        peak=told.peak,
        evidence=Evidence(legs=(), is_floor=cascade.is_floor, flush=Flush.of_cascade(cascade)),
    )
