"""The only composition of metrics and alerts: each method is one step. Deterministic: no clock, no I/O; time is an argument.

The engine's memory is changed by a step before its tick is stored, so whoever fails to store a tick must stop the
program: the next start reads the store, and the tick has then never happened.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from monitors.alerts.aftermath import Aftermaths, Followed, FollowedKey
from monitors.alerts.delivery import Alert, Content
from monitors.alerts.judgement import Judgement, Ring
from monitors.alerts.notices import Feeds, Polls
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Rule
from monitors.alerts.states import RuleKey, RuleState
from monitors.alerts.tick import Tick
from monitors.liquidation import FeedHealth, Gap, Liquidation
from monitors.market import FundingRate, Instrument, Margin, Observation, OpenInterest, Poll, VenueHealth
from monitors.metrics.board import Board
from monitors.metrics.intervals import IntervalChange, IntervalWatch
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.cascades import QUIET
from monitors.metrics.liquidations.crowding import weighed
from monitors.metrics.liquidations.readings import key_of, over
from monitors.metrics.liquidations.values import BookSample, Cascade, Heard, HeardBefore, Key
from monitors.metrics.reading import ALL_VENUES, Reading
from monitors.metrics.registry import METRICS, Source, metric
from monitors.metrics.sanity import Quarantine
from monitors.metrics.venues import weighted_funding
from monitors.metrics.view import View

CROWDS_A_POLL = 50
"""Bases whose weighted rate is taken at a poll: some 2 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a restart hands back to the engine."""

    observations: Sequence[Observation] = ()
    intervals: Sequence[tuple[Instrument, timedelta]] = ()
    health: Sequence[VenueHealth] = ()
    rules: Iterable[Rule] = ()
    states: Iterable[tuple[RuleKey, RuleState]] = ()
    heard: HeardBefore = field(default_factory=HeardBefore)
    followed: Iterable[tuple[FollowedKey, Followed]] = ()
    interests: Iterable[tuple[Instrument, OpenInterest, datetime]] = ()
    """Open interest as polled in the last 20 minutes, oldest first."""
    paid: Sequence[FundingRate] = ()
    """What was settled in the last 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """Which bases are watched: those named, or with none named all whose known open interest is large enough."""

    bases: frozenset[str] = frozenset()
    min_open_interest: float = 0.0
    """One-sided USD over all venues; a base whose open interest nobody publishes is watched."""
    feeds: tuple[str, ...] = ()
    """The venues whose liquidations are heard."""
    without_feed: tuple[str, ...] = ()
    """The venues polled that publish none."""
    quiet: timedelta = QUIET
    """Without a print for so long a cascade is over."""


class Engine:
    """Everything between what a venue says and what is told about it."""

    def __init__(self, *, universe: Universe, stale_after: timedelta, memory: Memory, now: datetime) -> None:
        """Take up at `now` where the store left off."""
        self._universe = universe
        self._admitted: set[str] = set(universe.bases)
        self._board = Board(
            memory.observations, stale_after=stale_after, min_open_interest=universe.min_open_interest
        )
        self._quarantine = Quarantine()
        self._intervals = IntervalWatch(memory.intervals)
        self.liquidations = LiquidationBoard(
            memory.heard,
            feeds=universe.feeds,
            without_feed=universe.without_feed,
            stale_after=stale_after,
            quiet=universe.quiet,
            now=now,
        )
        self._remember_stress(memory, now)
        for base, hourly, at in weighed(memory.paid, self._board):
            self.liquidations.crowd.observe(base, hourly, at)
        self._aftermaths = Aftermaths(dict(memory.followed))
        self.book = RuleBook(stale_after=stale_after)
        self._polls = Polls(memory.health, partial(self.book.audience, source=Source.POLLS), now)
        self._feeds = Feeds(memory.heard.feeds, partial(self.book.audience, source=Source.LIQUIDATIONS), now)
        for rule in memory.rules:
            self.book.add(rule)
        seen = self._polls.answered_at()
        self.book.restore(memory.states, seen | {ALL_VENUES: max(seen.values())} if seen else seen)
        for number in {number for number, _, _ in self._aftermaths.followed}:
            known = self.book.rule(number)
            if known is not None and known.once:
                self.book.spend(known)

    @property
    def board(self) -> Board:
        """What the venues last said."""
        return self._board

    def step(self, poll: Poll, now: datetime) -> Tick:
        """Take in one venue's answer and judge everything it changes."""
        watched = [o for o in poll.observations if self._watches(o.funding.instrument)]
        accepted = tuple(o for o in watched if self._quarantine.admits(o, self._board))
        for observation in accepted:
            self._board.put(observation)
        self.liquidations.polled(accepted, now)
        new = tuple(o for o in accepted if self._intervals.confirm(o))
        fresh = tuple(o for o in accepted if self._is_large(o) and self._board.is_fresh(o, now))
        changes = tuple(c for o in fresh if (c := self._intervals.observe(o)) is not None)
        self._watch_crowds(fresh, now)
        view = self._view(now, observations=fresh, interval_changes=changes)
        health = VenueHealth(
            venue=poll.venue,
            answered_at=now,
            observed_at=max((o.funding.observed_at for o in poll.observations), default=None),
            instruments=len(accepted),
            dropped=sum(poll.dropped.values()),
            quarantined=len(watched) - len(accepted),
        )
        back = self._polls.answered(health)
        tick = self._judge(view, self._read(view, Source.POLLS), back)
        return replace(tick, observations=accepted, intervals=_confirmed(new, changes), health=health)

    def fail(self, venue: str, reason: str, now: datetime, *, blocked: bool) -> Tick:
        """Note that a venue gave no usable answer; its series freeze, and a long silence is told once."""
        health, contents = self._polls.failed(venue, reason, now, blocked=blocked)
        return replace(self._judge(self._view(now), (), contents), health=health)

    def hear(self, prints: Sequence[Liquidation], now: datetime) -> Tick:
        """Take in what the feeds heard, if anything, and judge what it changes and what has aged."""
        wanted = [one for one in prints if self._watches(one.instrument)]
        new, cascades = self.liquidations.take(wanted, now)
        tape = self.liquidations.tape
        view = self._view(now, prints=new, keys=tape.touched(), cascades=cascades)
        tick = self._judge(view, self._read(view, Source.LIQUIDATIONS), ())
        standing = self.liquidations.standing()
        heard = Heard(prints=new, cascades=cascades, buckets=tape.finished(), standing=standing)
        return replace(tick, heard=heard)

    def feed(self, feeds: Sequence[FeedHealth], gaps: Sequence[Gap], now: datetime) -> Tick:
        """Note how well liquidations are heard; the next `hear` judges what a gap means."""
        contents: tuple[Content, ...] = ()
        for health in feeds:
            self.liquidations.tape.health(health)
            contents += self._feeds.heard(health)
        for gap in gaps:
            self.liquidations.tape.gap(gap)
        kept = tuple(one for health in feeds if (one := self._feeds.worth_keeping(health, now)) is not None)
        heard = Heard(feeds=kept, gaps=(*gaps, *self.liquidations.tape.pauses()))
        return Tick(at=now, contents=contents, heard=heard)

    def sample(
        self,
        books: Sequence[BookSample],
        interests: Sequence[tuple[Instrument, OpenInterest]],
        now: datetime,
    ) -> Tick:
        """Take in order books and open interest of bases under stress; the next `hear` judges by them."""
        self.liquidations.sampled(books, interests, now)
        return Tick(at=now, heard=Heard(books=tuple(books)))

    def beat(self, now: datetime) -> tuple[Tick, ...]:
        """Judge what only the passing of time changes: what is due, what ages, and venues left alone in silence."""
        self.liquidations.tape.advance(now)
        active = self.book.active(Source.LIQUIDATIONS)
        keys = {*self.liquidations.tape.keys(), *map(key_of, active)}
        view = self._view(now, keys=keys, cascades=self.liquidations.running())
        readings = [*self._read(view, Source.LIQUIDATIONS), *over(view, active)]
        ticks = [self._judge(view, readings, self._feeds.overdue(now))]
        for health, contents in self._polls.overdue(now):
            ticks.append(Tick(at=now, contents=contents, health=health))
        return tuple(tick for tick in ticks if not tick.is_empty)

    def _view(
        self,
        now: datetime,
        *,
        observations: tuple[Observation, ...] = (),
        interval_changes: tuple[IntervalChange, ...] = (),
        prints: tuple[Liquidation, ...] = (),
        keys: Collection[Key] = (),
        cascades: tuple[Cascade, ...] = (),
    ) -> View:
        return View(
            board=self._board,
            liquidations=self.liquidations,
            now=now,
            cuts=self.book.cuts,
            asked=self.book.interests.asked,
            observations=observations,
            interval_changes=interval_changes,
            prints=prints,
            keys=keys,
            cascades=cascades,
        )

    def _read(self, view: View, source: Source) -> list[Reading]:
        wanted = (each for each in METRICS if each.source is source and self.book.watches(each.name))
        return [reading for each in wanted for reading in each.read(view)]

    def _judge(self, view: View, readings: Sequence[Reading], contents: tuple[Content, ...]) -> Tick:
        by_value = self.book.judge(readings, view.now)
        by_clock = self.book.judge_due(view.now)
        alerts = tuple(_alert(ring, view) for ring in (*by_value.rings, *by_clock.rings))
        aftermaths, followed = self._aftermaths.tell(
            self.book.rule, partial(self.liquidations.price, now=view.now), view.now
        )
        followed |= self._aftermaths.follow(alerts)
        retired = self._retire((*by_value.retired, *by_clock.retired), alerts)
        return Tick(
            at=view.now,
            states=_merge(by_value, by_clock),
            retired=retired,
            contents=(*contents, *alerts, *aftermaths),
            followed=tuple(followed.items()),
            readings=len(readings),
        )

    def _retire(self, over: Collection[int], alerts: Iterable[Alert]) -> tuple[int, ...]:
        """Return the rules that are gone; one whose last episode is followed stays until all is told of that."""
        followed = {number for number, _, _ in self._aftermaths.followed}
        for alert in alerts:
            if alert.rule.id in over and alert.rule.id in followed:
                self.book.spend(alert.rule)
        done = tuple(number for number in self.book.spent if number not in followed)
        for number in done:
            self.book.remove(number)
        return (*(number for number in over if number not in self.book.spent), *done)

    def _remember_stress(self, memory: Memory, now: datetime) -> None:
        """Know prices and what open interest was, so that the first minute is judged as the last one was."""
        for instrument, interest, at in memory.interests:
            self.liquidations.sampled((), [(instrument, interest)], at)
        fresh = (o for o in memory.observations if self._board.is_fresh(o, now))
        self.liquidations.polled([replace(o, open_interest=None) for o in fresh], now)

    def _watch_crowds(self, observations: Sequence[Observation], now: datetime) -> None:
        """Note how crowded some of the bases are, so that each is noted every few minutes and no poll takes long."""
        crowd, bases = self.liquidations.crowd, dict.fromkeys(o.funding.instrument.base for o in observations)
        for base in islice((base for base in bases if crowd.is_due(base, now)), CROWDS_A_POLL):
            weighted = weighted_funding(self._board, base, Margin.LINEAR, now)
            if weighted is None:
                crowd.postpone(base, now)
            else:
                crowd.observe(base, weighted.hourly, now)

    def _watches(self, instrument: Instrument) -> bool:
        named = self._universe.bases
        return not named or instrument.base in named

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
