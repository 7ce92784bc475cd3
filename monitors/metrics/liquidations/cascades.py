"""Which cascades run: what opens, grows and closes one. Pure state.

Two roads open a cascade, whichever is first: the state machine, once a minute and only against a known normal, and a
run of prints of one side, within seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from monitors.liquidation import Liquidation, PositionSide, Window
from monitors.metrics.liquidations.course import Course, milliseconds, moment_of
from monitors.metrics.liquidations.machine import SPIKE_USD, SPIKE_Z, Minute, advance, interrupted
from monitors.metrics.liquidations.market_wide import MarketWide
from monitors.metrics.liquidations.moment import Floor, Lookup, Moment, TapeView
from monitors.metrics.liquidations.recent import SPAN_MS, Print, Recent, Run
from monitors.metrics.liquidations.score import stress
from monitors.metrics.liquidations.standing import Machine, Phase, Standing
from monitors.metrics.liquidations.values import MARKET, Cascade, Key, Totals

RUN_OF = 5
"""Prints of one side that make a run, none more than a minute from the next."""

QUIET = timedelta(seconds=120)
"""Without a print of its side for so long a cascade is over, unless something speaks against it."""
_QUIET_UNDER_STRESS = timedelta(minutes=10) // timedelta(milliseconds=1)
"""The same while the state machine still sees a cascade."""
_QUIET_UNHEARD = timedelta(minutes=15) // timedelta(milliseconds=1)
"""However little was heard since: so long after the last print of its side a cascade is over."""

_MINUTE_MS = 60_000
_URGENCY = {Phase.CASCADE: 3, Phase.SPIKE: 2, Phase.COOLING: 1, Phase.QUIET: 0}


class Cascades:
    """The running cascades, one a base at most, and one of the market."""

    def __init__(
        self,
        before: Iterable[Cascade] = (),
        standing: Standing | None = None,
        *,
        floor: Floor,
        counted: Iterable[Liquidation] = (),
        quiet: timedelta = QUIET,
    ) -> None:
        """Take up what ran before a restart; `before` are the cascades that ran then, or closed within the day.

        `floor` gives the US dollars of one side in five minutes that are large for a base by absolute levels alone.
        `counted` are the prints since the earliest running cascade opened, or of the last five minutes, that an
        earlier life has counted: they tell the peak minute and the runs, and are counted nowhere again.
        """
        kept, standing = tuple(before), standing or Standing()
        cascades = {cascade.base: cascade for cascade in kept if cascade.closed_at is None}
        market = cascades.pop(MARKET, None)
        self._floor = floor
        self._quiet = quiet // timedelta(milliseconds=1)
        self._machines = dict(standing.machines)
        self._courses = {base: Course(one, _found_at(one, standing)) for base, one in cascades.items()}
        self._market = MarketWide(market, kept)
        self._recents: dict[str, Recent] = {}
        self._minute_ms: int = standing.minute_ms
        self._now_ms = 0
        self._deaf_ms = standing.deaf_ms
        self._recall(counted, {one.base: milliseconds(one.closed_at) for one in kept if one.closed_at})

    @property
    def running(self) -> Mapping[str, Cascade]:
        """Return the cascades that run, as last told, by base."""
        courses = [*self._courses.values(), *([self._market.course] if self._market.course else [])]
        return {course.known.base: course.known for course in courses}

    @property
    def standing(self) -> Standing:
        """Return what else a restart needs; of a calm world nothing."""
        if not self._machines and not self._courses:
            return Standing()
        return Standing(
            minute_ms=self._minute_ms,
            deaf_ms=self._deaf_ms,
            machines=dict(self._machines),
            found_ms={base: milliseconds(course.found_at) for base, course in self._courses.items()},
        )

    def stressed(self) -> tuple[str, ...]:
        """Return the bases of which more should be asked (open interest, book), the most stressed first.

        They cascade, spike or cool, or print so fast that half the floor of a run is reached.
        """
        urgency = {
            base: _URGENCY[m.phase] for base, m in self._machines.items() if m.phase is not Phase.QUIET
        }
        urgency |= dict.fromkeys(self._courses, _URGENCY[Phase.CASCADE])
        loudest = {base: max(run.cents for run in recent.runs) for base, recent in self._recents.items()}
        for base, recent in self._recents.items():
            if any(self._is_fast(run, self._floor(base) * 50) for run in recent.runs):
                urgency.setdefault(base, 0)
        return tuple(sorted(urgency, key=lambda base: (-urgency[base], -loudest.get(base, 0), base)))

    def step(
        self, tape: TapeView, lookup: Lookup, now: datetime, new: Sequence[Liquidation] = ()
    ) -> tuple[Cascade, ...]:
        """Judge the new prints, which the tape has taken already, and the time that has passed.

        Returns every cascade that opened, grew or closed, the market's first and what closed before what opened;
        `closed_at` is set once.
        """
        moment = Moment(tape, lookup, self._floor, now)
        self._now_ms = moment.now_ms
        if self._courses and moment.is_deaf(Window.M1):
            self._deaf_ms = moment.now_ms
        self._pass_minute(moment)
        for liquidation in new:
            self._take(liquidation.instrument.base, Print.of(liquidation), moment)
        for course in list(self._courses.values()):
            if self._is_over(course, moment.settled_ms):
                self._close(course, moment)
        return self._told(moment)

    def _recall(self, counted: Iterable[Liquidation], closed_ms: Mapping[str, int]) -> None:
        """Remember prints, but in a base's runs none that came before its last cascade closed."""
        prints: dict[str, list[Print]] = {}
        for liquidation in counted:
            base, old = liquidation.instrument.base, Print.of(liquidation)
            prints.setdefault(base, []).append(old)
            if liquidation.received_ms > closed_ms.get(base, 0):
                self._recents.setdefault(base, Recent()).take(old)
            self._minute_ms = max(self._minute_ms, _minute_of(liquidation.received_ms))
        for base, course in self._courses.items():
            course.recount_minutes(prints.get(base, ()))
        self._market.recount_minutes(prints)

    def _pass_minute(self, moment: Moment) -> None:
        minute_ms = _minute_of(moment.now_ms)
        if minute_ms == self._minute_ms:
            return
        if minute_ms != self._minute_ms + _MINUTE_MS:
            self._machines = self._interrupted(minute_ms - self._minute_ms)
        self._minute_ms = minute_ms
        oldest_ms = moment.now_ms - SPAN_MS
        self._recents = {base: r for base, r in self._recents.items() if r.newest_ms > oldest_ms}
        for base in dict.fromkeys(chain(self._machines, moment.tape.bases(Window.M5))):
            self._advance(base, moment)

    def _interrupted(self, away_ms: int) -> dict[str, Machine]:
        """Return the state machines after minutes that were not judged; after too many of them there are none."""
        if away_ms > _QUIET_UNHEARD:
            return {}
        return {base: interrupted(machine) for base, machine in self._machines.items()}

    def _advance(self, base: str, moment: Moment) -> None:
        """Move a base's state machine on by a minute; a quiet base with little liquidated needs none."""
        totals = moment.tape.totals(Key(base=base), Window.M5)
        before = self._machines.pop(base, Machine())
        if before.phase is Phase.QUIET and totals.usd < SPIKE_USD:
            return
        course = self._courses.get(base)
        z = moment.z(base, course.known.opened_at if course else None)
        if z is None:
            return
        side = course.known.side if course else totals.heavier
        score = stress(z, moment.lookup(base, side), side)
        minute = Minute(z=z, usd=totals.usd, stress=score, is_heard=not moment.is_deaf(Window.M5))
        machine = advance(before, minute)
        self._machines[base] = machine
        if course is not None:
            course.known = replace(course.known, stress=score)
        elif machine.phase is Phase.CASCADE and before.phase is not Phase.CASCADE:
            self._open(base, side, moment.now_ms - SPAN_MS, moment)

    def _take(self, base: str, new: Print, moment: Moment) -> None:
        course = self._courses.get(base)
        if course is not None and self._is_over(course, new.at_ms):
            self._close(course, moment)
            course = None
        recent = self._recents.get(base)
        if recent is None:
            recent = self._recents[base] = Recent()
        run = recent.take(new)
        if course is None:
            if run is not None and self._is_large(base, run, moment):
                self._open(base, new.side, recent.begin(run), moment)
        elif new.at_ms >= course.opened_ms:
            course.count(new)
            self._market.count(base, new)

    def _is_large(self, base: str, run: Run, moment: Moment) -> bool:
        """Tell whether a run that is under way is a cascade, also against the base's normal where there is one."""
        if run.count < RUN_OF or run.cents < moment.floor_cents(base):
            return False
        if moment.settled_ms - run.last_ms >= self._quiet:
            return False
        z = moment.z(base)
        return z is None or z >= SPIKE_Z

    def _open(self, base: str, side: PositionSide, opened_ms: int, moment: Moment) -> None:
        """Open a cascade with the prints since a time; without a print of this life there is none to tell of."""
        prints = self._recents[base].since(opened_ms) if base in self._recents else []
        if not prints:
            return
        known, z, opened_at = moment.lookup(base, side), moment.z(base), moment_of(opened_ms)
        cascade = Cascade(
            base=base,
            side=side,
            opened_at=opened_at,
            updated_at=opened_at,
            closed_at=None,
            totals=Totals(0.0, 0.0, 0),
            peak_minute=opened_at.replace(second=0, microsecond=0),
            peak_minute_usd=0.0,
            price_before=known.price,
            price_now=known.price,
            stress=None if z is None else stress(z, known, side),
            is_floor=False,
        )
        course = Course(cascade, moment.now)
        for old in prints:
            course.count(old)
        self._courses[base] = course
        self._market.opened(self._courses, course, moment.now)

    def _is_over(self, course: Course, at_ms: int) -> bool:
        """Tell whether a cascade's side was quiet up to a time for so long, and heard to be, that it is over."""
        quiet = at_ms - course.last_ms
        if quiet >= _QUIET_UNHEARD:
            return True
        if at_ms - max(course.last_ms, self._deaf_ms) < self._quiet:
            return False
        machine = self._machines.get(course.known.base)
        return quiet >= _QUIET_UNDER_STRESS or machine is None or machine.phase is not Phase.CASCADE

    def _close(self, course: Course, moment: Moment) -> None:
        """Close a cascade; the base's next one counts none of its prints."""
        base = course.known.base
        moment.closed.append(replace(_tell(course, moment), closed_at=moment.now))
        del self._courses[base]
        self._recents.pop(base, None)

    def _told(self, moment: Moment) -> tuple[Cascade, ...]:
        grown = [_tell(course, moment) for course in self._courses.values() if course.has_grown]
        return (*self._market.tell(self._courses, moment), *moment.closed, *grown)

    def _is_fast(self, run: Run, cents: float) -> bool:
        return run.count >= RUN_OF and run.cents >= cents and self._now_ms - run.last_ms < self._quiet


def _tell(course: Course, moment: Moment) -> Cascade:
    price = moment.lookup(course.known.base, course.known.side).price
    return course.tell(price=price, is_floor=moment.is_floor)


def _found_at(cascade: Cascade, standing: Standing) -> datetime:
    found_ms = standing.found_ms.get(cascade.base)
    return cascade.opened_at if found_ms is None else moment_of(found_ms)


def _minute_of(at_ms: int) -> int:
    return at_ms - at_ms % _MINUTE_MS
