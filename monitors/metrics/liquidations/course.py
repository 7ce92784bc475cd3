"""The figures of one running cascade, print by print. Pure state."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import NamedTuple

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.recent import Print
from monitors.metrics.liquidations.values import Cascade, Totals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS = 60_000


def milliseconds(at: datetime) -> int:
    """Return a time as whole milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment_of(at_ms: int) -> datetime:
    """Return whole milliseconds since 1970 as a time."""
    return _EPOCH + timedelta(milliseconds=at_ms)


class _Part(NamedTuple):
    """What one venue added, in whole cents."""

    long: int = 0
    short: int = 0
    prints: int = 0

    @classmethod
    def of(cls, totals: Totals) -> "_Part":
        return cls(round(totals.long_usd * 100), round(totals.short_usd * 100), totals.count)

    def plus(self, other: "_Part") -> "_Part":
        return _Part(self.long + other.long, self.short + other.short, self.prints + other.prints)

    @property
    def totals(self) -> Totals:
        return Totals(self.long / 100, self.short / 100, self.prints)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was counted, in whole cents: the same in whatever order prints come."""

    venues: dict[str, _Part]
    minutes: dict[int, int]
    """Both sides together, by the beginning of the minute of the event."""

    @classmethod
    def of(cls, cascade: Cascade) -> "Tally":
        """Take up a cascade's figures; of its minutes only the largest is known."""
        return cls(
            venues={venue: _Part.of(totals) for venue, totals in cascade.venues},
            minutes={milliseconds(cascade.peak_minute): round(cascade.peak_minute_usd * 100)},
        )

    @property
    def cents(self) -> int:
        """Return both sides together."""
        return self._whole.long + self._whole.short

    @property
    def totals(self) -> Totals:
        """Return what was counted in US dollars."""
        return self._whole.totals

    @property
    def by_venue(self) -> tuple[tuple[str, Totals], ...]:
        """Return what each venue added in US dollars, the largest first."""
        parts = sorted(self.venues.items(), key=lambda one: (-one[1].long - one[1].short, one[0]))
        return tuple((venue, part.totals) for venue, part in parts)

    @property
    def _whole(self) -> _Part:
        return reduce(_Part.plus, self.venues.values(), _Part())

    @property
    def peak(self) -> tuple[datetime, float]:
        """Return the minute with the most US dollars, the first of equal ones, and how many."""
        minute_ms, cents = max(self.minutes.items(), key=lambda minute: (minute[1], -minute[0]))
        return moment_of(minute_ms), cents / 100

    def add(self, new: Print) -> None:
        """Count a print."""
        minute_ms = _minute_ms(new)
        self.minutes[minute_ms] = self.minutes.get(minute_ms, 0) + new.cents
        is_long = new.side is PositionSide.LONG
        part = _Part(new.cents, 0, 1) if is_long else _Part(0, new.cents, 1)
        self._add(new.venue, part)

    def absorb(self, other: "Tally") -> None:
        """Count all that another has counted."""
        for venue, part in other.venues.items():
            self._add(venue, part)
        for minute_ms, cents in other.minutes.items():
            self.minutes[minute_ms] = self.minutes.get(minute_ms, 0) + cents

    def _add(self, venue: str, part: _Part) -> None:
        self.venues[venue] = self.venues.get(venue, _Part()).plus(part)


class Course:
    """One cascade while it runs: what is known of it, and what was counted since it opened."""

    def __init__(self, cascade: Cascade, found_at: datetime) -> None:
        """Start from what is known of a cascade; `found_at` is when it was noticed, no earlier than it opened."""
        self.known = cascade
        self.found_at = found_at
        self.opened_ms = milliseconds(cascade.opened_at)
        self.last_ms = milliseconds(cascade.updated_at)
        """The event time of the last print of its side."""
        self.tally = Tally.of(cascade)
        self.has_grown = False

    def count(self, new: Print) -> None:
        """Count a print that happened since it opened, a late one in its own minute."""
        self.tally.add(new)
        self.has_grown = True
        if new.side is self.known.side:
            self.last_ms = max(self.last_ms, new.at_ms)

    def absorb(self, other: "Course") -> None:
        """Count all that another course has counted."""
        self.tally.absorb(other.tally)
        self.has_grown = True
        self.last_ms = max(self.last_ms, other.last_ms)

    def recount_minutes(self, prints: Iterable[Print]) -> None:
        """Learn again, from prints counted before a restart, what each minute came to."""
        again: dict[int, int] = {}
        for old in prints:
            if old.at_ms >= self.opened_ms:
                again[_minute_ms(old)] = again.get(_minute_ms(old), 0) + old.cents
        for minute_ms, cents in again.items():
            self.tally.minutes[minute_ms] = max(cents, self.tally.minutes.get(minute_ms, 0))

    def tell(self, *, price: float | None, is_floor: bool) -> Cascade:
        """Return the cascade with all that was counted; it has then not grown since."""
        peak_minute, peak_minute_usd = self.tally.peak
        self.has_grown = False
        self.known = replace(
            self.known,
            updated_at=moment_of(self.last_ms),
            totals=self.tally.totals,
            venues=self.tally.by_venue,
            peak_minute=peak_minute,
            peak_minute_usd=peak_minute_usd,
            price_now=price,
            is_floor=self.known.is_floor or is_floor,
        )
        return self.known


def _minute_ms(of: Print) -> int:
    return of.at_ms - of.at_ms % _MINUTE_MS
