"""The cascade of the market: bases that start to cascade within a minute, and those that join them. Pure state."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitors.metrics.liquidations.course import Course
from monitors.metrics.liquidations.moment import Moment
from monitors.metrics.liquidations.recent import Print
from monitors.metrics.liquidations.values import MARKET, Cascade, Stress, Totals

_BASES = 3
_TOGETHER = timedelta(seconds=60)


class MarketWide:
    """Whether the market cascades, and what its members' cascades come to together.

    A member whose cascade has closed stays counted; if it cascades again, it is counted further.
    """

    def __init__(self, cascade: Cascade | None, known: Iterable[Cascade]) -> None:
        """Take up the market's cascade after a restart, if it ran, and what its members' `known` cascades came to."""
        self.course = None if cascade is None else Course(cascade, cascade.opened_at)
        self._cents = dict.fromkeys(() if cascade is None else cascade.bases, 0)
        for one in known:
            if cascade is not None and one.base in self._cents and _overlap(one, cascade):
                self._cents[one.base] += round(one.totals.usd * 100)

    def recount_minutes(self, prints: Mapping[str, Iterable[Print]]) -> None:
        """Learn again, from the bases' prints counted before a restart, what each minute came to."""
        if self.course is not None:
            self.course.recount_minutes([p for base in self._cents for p in prints.get(base, ())])

    def opened(self, courses: Mapping[str, Course], latest: Course, now: datetime) -> None:
        """Take in a base that starts to cascade; the third within a minute opens the market's own cascade."""
        if self.course is not None:
            self._join(self.course, latest)
            return
        together = [course for course in courses.values() if now - course.found_at <= _TOGETHER]
        if len(together) >= _BASES:
            self.course = _opened_by(together, now)
            for member in together:
                self._join(self.course, member)

    def count(self, base: str, new: Print) -> None:
        """Count a print of a running cascade, if it is a member's."""
        if self.course is not None and base in self._cents:
            self.course.count(new)
            self._cents[base] += new.cents

    def tell(self, courses: Mapping[str, Course], moment: Moment) -> tuple[Cascade, ...]:
        """Return the market's cascade if there is more to tell of it than was told, closed if it is over."""
        if self.course is None or not (self.course.has_grown or self._is_over(courses)):
            return ()
        stresses = [courses[base].known.stress for base in self._cents if base in courses]
        self.course.known = replace(
            self.course.known,
            bases=tuple(sorted(self._cents, key=lambda base: (-self._cents[base], base))),
            stress=_strongest(stresses) or self.course.known.stress,
        )
        told = self.course.tell(price=None, is_floor=moment.is_floor)
        if not self._is_over(courses):
            return (told,)
        self.course, self._cents = None, {}
        return (replace(told, closed_at=moment.now),)

    def _is_over(self, courses: Mapping[str, Course]) -> bool:
        return self._cents.keys().isdisjoint(courses)

    def _join(self, market: Course, member: Course) -> None:
        market.absorb(member)
        base = member.known.base
        self._cents[base] = self._cents.get(base, 0) + member.tally.cents


def _opened_by(courses: list[Course], now: datetime) -> Course:
    first = min((course.known for course in courses), key=lambda cascade: cascade.opened_at)
    totals = [course.tally.totals for course in courses]
    side = Totals(sum(t.long_usd for t in totals), sum(t.short_usd for t in totals), 0).heavier
    opened = replace(
        first,
        base=MARKET,
        side=side,
        totals=Totals(0.0, 0.0, 0),
        venues=(),
        peak_minute_usd=0.0,
        price_before=None,
    )
    return Course(opened, now)


def _overlap(one: Cascade, market: Cascade) -> bool:
    return one.closed_at is None or one.closed_at > market.opened_at


def _strongest(stresses: Iterable[Stress | None]) -> Stress | None:
    return max((s for s in stresses if s is not None), key=lambda stress: stress.score, default=None)
