"""step(): the only composition of metrics and alerts. Deterministic: no clock, no I/O; time is an argument.

The engine's memory is changed by a step before its tick is stored, so whoever fails to store a tick must stop the
program: the next start reads the store, and the tick has then never happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitors.alerts.delivery import Alert, Content, Notice
from monitors.alerts.judgement import Judgement, Ring
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Rule
from monitors.alerts.states import RuleKey, RuleState
from monitors.alerts.tick import Tick
from monitors.market import Instrument, Observation, Poll, VenueHealth
from monitors.metrics.board import Board
from monitors.metrics.intervals import IntervalChange, IntervalWatch
from monitors.metrics.reading import ALL_VENUES, Reading
from monitors.metrics.registry import METRICS, metric
from monitors.metrics.sanity import Quarantine
from monitors.metrics.view import View

SILENCE = timedelta(minutes=5)
"""A venue without a good answer for this long is told about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a restart hands back to the engine."""

    observations: Sequence[Observation] = ()
    intervals: Sequence[tuple[Instrument, timedelta]] = ()
    health: Sequence[VenueHealth] = ()
    rules: Iterable[Rule] = ()
    states: Iterable[tuple[RuleKey, RuleState]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """Which bases are watched: those named, or with none named all whose known open interest is large enough."""

    bases: frozenset[str] = frozenset()
    min_open_interest: float = 0.0
    """One-sided USD over all venues; a base whose open interest nobody publishes is watched."""


class Engine:
    """Everything between a venue's answer and what is told about it."""

    def __init__(self, *, universe: Universe, stale_after: timedelta, memory: Memory, now: datetime) -> None:
        """Take up at `now` where the store left off."""
        self._started_at = now
        self._universe = universe
        self._admitted: set[str] = set(universe.bases)
        self._board = Board(
            memory.observations, stale_after=stale_after, min_open_interest=universe.min_open_interest
        )
        self._quarantine = Quarantine()
        self._intervals = IntervalWatch(memory.intervals)
        self._health = {health.venue: health for health in memory.health}
        self.book = RuleBook(stale_after=stale_after)
        for rule in memory.rules:
            self.book.add(rule)
        self.book.restore(memory.states, self._seen())

    def step(self, poll: Poll, now: datetime) -> Tick:
        """Take in one venue's answer and judge everything it changes."""
        watched = [o for o in poll.observations if self._watches(o)]
        accepted = tuple(o for o in watched if self._quarantine.admits(o, self._board))
        for observation in accepted:
            self._board.put(observation)
        new = tuple(o for o in accepted if self._intervals.confirm(o))
        fresh = tuple(o for o in accepted if self._is_large(o) and self._board.is_fresh(o, now))
        changes = tuple(c for o in fresh if (c := self._intervals.observe(o)) is not None)
        view = View(board=self._board, observations=fresh, interval_changes=changes, now=now)
        readings = [r for each in METRICS if self.book.watches(each.name) for r in each.read(view)]
        health = VenueHealth(
            venue=poll.venue,
            answered_at=now,
            observed_at=max((o.funding.observed_at for o in poll.observations), default=None),
            instruments=len(accepted),
            dropped=sum(poll.dropped.values()),
            quarantined=len(watched) - len(accepted),
        )
        back = self._back(health)
        self._health[poll.venue] = health
        return self._judge(view, readings, health, back, _confirmed(new, changes), accepted)

    def fail(self, venue: str, reason: str, now: datetime, *, blocked: bool) -> Tick:
        """Note that a venue gave no usable answer; its series freeze, and a long silence is told once."""
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
        return self._judge(self._still(now), (), health, contents, (), ())

    def beat(self, now: datetime) -> tuple[Tick, ...]:
        """Judge what only the passing of time changes: what is due, and venues that are silent while left alone."""
        ticks = [self._judge(self._still(now), (), None, (), (), ())]
        for known in tuple(self._health.values()):
            health, contents = self._silence(known, now)
            if health is not known:
                self._health[known.venue] = health
                ticks.append(Tick(at=now, contents=contents, health=health))
        return tuple(tick for tick in ticks if tick.states or tick.contents or tick.retired or tick.health)

    def _judge(
        self,
        view: View,
        readings: Sequence[Reading],
        health: VenueHealth | None,
        contents: tuple[Content, ...],
        intervals: tuple[tuple[Instrument, timedelta], ...],
        accepted: tuple[Observation, ...],
    ) -> Tick:
        by_value = self.book.judge(readings, view.now)
        by_clock = self.book.judge_due(view.now)
        alerts = tuple(_alert(ring, view) for ring in (*by_value.rings, *by_clock.rings))
        return Tick(
            at=view.now,
            observations=accepted,
            intervals=intervals,
            states=_merge(by_value, by_clock),
            retired=(*by_value.retired, *by_clock.retired),
            contents=(*contents, *alerts),
            health=health,
            readings=len(readings),
        )

    def _watches(self, observation: Observation) -> bool:
        named = self._universe.bases
        return not named or observation.funding.instrument.base in named

    def _is_large(self, observation: Observation) -> bool:
        """Tell whether a base is large enough; once it was, it stays, so that no rule flaps with it."""
        instrument = observation.funding.instrument
        if instrument.base in self._admitted:
            return True
        group = self._board.group(instrument.base, instrument.margin)
        known = [o.open_interest.usd for o in group if o.open_interest is not None]
        if known and sum(known) >= self._universe.min_open_interest:
            self._admitted.add(instrument.base)
        return not known or instrument.base in self._admitted

    def _still(self, now: datetime) -> View:
        """Return the board at a moment that brought no answer."""
        return View(board=self._board, observations=(), interval_changes=(), now=now)

    def _silence(self, health: VenueHealth, now: datetime) -> tuple[VenueHealth, tuple[Content, ...]]:
        """Tell of a venue that has been failing for long, once; the time the bot was off does not count."""
        since = max(_silent_since(health, now), self._started_at)
        if health.failing_since is None or health.silence_told or now - since <= SILENCE:
            return health, ()
        return replace(health, silence_told=True), self._notices(health, health, now, back=False)

    def _back(self, health: VenueHealth) -> tuple[Content, ...]:
        before = self._health.get(health.venue)
        if before is None or not before.silence_told or health.answered_at is None:
            return ()
        return self._notices(health, before, health.answered_at, back=True)

    def _notices(
        self, health: VenueHealth, failed: VenueHealth, now: datetime, *, back: bool
    ) -> tuple[Content, ...]:
        return tuple(
            Notice(
                destination=destination,
                venue=health.venue,
                silent_since=_silent_since(failed, now),
                at=now,
                back=back,
                reason=failed.reason,
            )
            for destination in self.book.audience(health.venue)
        )

    def _seen(self) -> dict[str, datetime]:
        seen = {h.venue: h.answered_at for h in self._health.values() if h.answered_at is not None}
        if seen:
            seen[ALL_VENUES] = max(seen.values())
        return seen


def _silent_since(health: VenueHealth, now: datetime) -> datetime:
    return health.answered_at or health.failing_since or now


def _confirmed(
    new: tuple[Observation, ...], changes: tuple[IntervalChange, ...]
) -> tuple[tuple[Instrument, timedelta], ...]:
    observations = (*new, *(change.observation for change in changes))
    return tuple((o.funding.instrument, o.funding.interval) for o in observations if o.funding.interval)


def _merge(first: Judgement, second: Judgement) -> tuple[tuple[RuleKey, RuleState | None], ...]:
    return tuple((dict(first.states) | dict(second.states)).items())


def _alert(ring: Ring, view: View) -> Alert:
    return Alert(
        reason=ring.reason,
        rule=ring.rule,
        series=ring.series,
        value=ring.value,
        at=view.now,
        since=ring.since,
        peak=ring.peak,
        evidence=metric(ring.series.metric).explain(view, ring.series),
    )
