"""Fakes of the ports, kept to the contracts that the real ones are tested against."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import assert_never

from bot.ports import Post
from monitors.alerts.chats import Change, ChatSettings, Past, Silence
from monitors.alerts.delivery import PRIORITY, Deferred, Delivered, Delivery, Letter, Moved, Refused
from monitors.alerts.rules import Destination, Rule
from monitors.alerts.states import Episode
from monitors.alerts.tick import Tick
from monitors.liquidation import FeedHealth
from monitors.market import (
    Backfill,
    FundingRate,
    Instrument,
    Observation,
    OpenInterest,
    Poll,
    VenueHealth,
)
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import BookSample, Cascade
from monitors.ports import VenueUnavailableError
from tests.builders import NOON


@dataclass(slots=True)
class FakeClock:
    """A clock that moves only when told, or when somebody sleeps."""

    present: datetime = NOON
    elapsed: float = 0.0

    def now(self) -> datetime:
        return self.present

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, duration: timedelta) -> None:
        self.advance(duration)

    def advance(self, duration: timedelta) -> None:
        self.present += duration
        self.elapsed += duration.total_seconds()


@dataclass(slots=True)
class FakeMarketView:
    """A store that holds what the test gave it; of an instrument given twice, the later observation."""

    observations: Sequence[Observation] = ()
    settled_rates: Sequence[FundingRate] = ()
    venues: Sequence[VenueHealth] = ()

    async def latest(self) -> Sequence[Observation]:
        return tuple({o.funding.instrument: o for o in self.observations}.values())

    async def settled(self, instrument: Instrument, since: datetime) -> Sequence[FundingRate]:
        kept = [
            rate
            for rate in self.settled_rates
            if rate.instrument == instrument and rate.funding_at is not None and rate.funding_at >= since
        ]
        return sorted(kept, key=lambda rate: rate.funding_at or since)

    async def health(self) -> Mapping[str, VenueHealth]:
        return {health.venue: health for health in self.venues}


@dataclass(slots=True)
class FakeLiquidationsView:
    """Liquidations that the test made known; those of the board given, and the cascades told."""

    known: LiquidationBoard
    clock: FakeClock = field(default_factory=FakeClock)
    told: Sequence[Cascade] = ()

    async def board(self) -> LiquidationBoard:
        self.known.tape.advance(self.clock.now())
        return self.known

    async def feeds(self) -> Sequence[FeedHealth]:
        return self.known.tape.feeds()

    async def cascades(self, since: datetime, limit: int) -> Sequence[Cascade]:
        going_on = [one for one in self.told if one.closed_at is None or one.closed_at >= since]
        return sorted(going_on, key=lambda one: (-one.opened_at.timestamp(), one.base))[:limit]


@dataclass(slots=True)
class FakeRuleDesk:
    """Rules in a dictionary, ids counted from 1 and never given twice."""

    rules: dict[int, Rule] = field(default_factory=dict)
    firing_counts: dict[int, int] = field(default_factory=dict)
    going_on: list[Episode] = field(default_factory=list)
    given: int = 0

    async def of(self, destination: Destination) -> Sequence[Rule]:
        return [rule for _, rule in sorted(self.rules.items()) if rule.destination == destination]

    async def add(self, rule: Rule) -> Rule:
        self.given = max([self.given, *self.rules]) + 1
        kept = replace(rule, id=self.given)
        self.rules[kept.id] = kept
        return kept

    async def change(self, rule: Rule) -> bool:
        if rule.id not in self.rules:
            return False
        self.rules[rule.id] = rule
        self.firing_counts.pop(rule.id, None)
        return True

    async def remove(self, rule: Rule) -> None:
        self.rules.pop(rule.id, None)
        self.firing_counts.pop(rule.id, None)

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        own = {rule.id for rule in await self.of(destination)}
        return {rule_id: count for rule_id, count in self.firing_counts.items() if rule_id in own}

    async def episodes(self, destination: Destination) -> Sequence[Episode]:
        own = {rule.id for rule in await self.of(destination)}
        return [episode for episode in self.going_on if episode.rule in own]


@dataclass(frozen=True, slots=True)
class FakeCounts:
    """What became of letters that nobody wrote."""

    waiting: int = 0
    delivered: int = 0
    late: int = 0
    refused: int = 0


@dataclass(slots=True)
class FakeBacklog:
    """An outbox of which only the counts matter."""

    letters: FakeCounts = FakeCounts()

    async def counts(self) -> FakeCounts:
        return self.letters


@dataclass(slots=True)
class FakeChats:
    """Settings by platform and chat; what was forgotten is remembered."""

    kept: dict[tuple[str, str], ChatSettings] = field(default_factory=dict)
    forgotten: list[Destination] = field(default_factory=list)
    forgotten_users: list[tuple[str, str]] = field(default_factory=list)

    async def settings(self, destination: Destination) -> ChatSettings:
        return self.kept.get((destination.platform, destination.chat), ChatSettings())

    async def configure(self, destination: Destination, settings: ChatSettings) -> None:
        self.kept[destination.platform, destination.chat] = settings

    async def forget(self, destination: Destination) -> None:
        self.kept.pop((destination.platform, destination.chat), None)
        self.forgotten.append(destination)

    async def forget_user(self, platform: str, user: str) -> None:
        for (own, chat), settings in self.kept.items():
            if own == platform:
                left = tuple(mark for mark in settings.editors if mark != f"user:{user}")
                self.kept[own, chat] = replace(settings, editors=left)
        self.forgotten_users.append((platform, user))


@dataclass(slots=True)
class FakeSilences:
    """Silences in a list."""

    kept: list[Silence] = field(default_factory=list)

    async def of(self, destination: Destination, now: datetime) -> Sequence[Silence]:
        own = [one for one in self.kept if one.destination == destination and _holds(one, now)]
        return sorted(own, key=lambda one: (one.until is None, one.until or now))

    async def add(self, silence: Silence) -> None:
        about = attrgetter("destination", "base", "rule", "episode")
        self.kept = [*(one for one in self.kept if about(one) != about(silence)), silence]

    async def lift(self, destination: Destination, now: datetime) -> int:
        own = await self.of(destination, now)
        self.kept = [one for one in self.kept if one not in own]
        return len(own)


def _holds(silence: Silence, now: datetime) -> bool:
    return silence.since <= now and (silence.until is None or now < silence.until)


@dataclass(slots=True)
class FakeRecords:
    """Letters by number, and audit lines in a list."""

    letters: dict[int, Letter] = field(default_factory=dict)
    past: list[Past] = field(default_factory=list)
    lines: list[Change] = field(default_factory=list)

    async def letter(self, destination: Destination, number: int) -> Letter | None:
        found = self.letters.get(number)
        return found if found is not None and found.destination == destination else None

    async def told(self, destination: Destination, limit: int) -> Sequence[Past]:
        own = [one for one in self.past if one.contents[0].destination == destination]
        return sorted(own, key=lambda one: one.number, reverse=True)[:limit]

    async def changes(self, destination: Destination, limit: int) -> Sequence[Change]:
        own = [line for line in self.lines if line.destination == destination]
        return own[::-1][:limit]

    async def note(self, change: Change) -> None:
        self.lines.append(change)


@dataclass(slots=True)
class FakeNotebook:
    """Facts in a dictionary."""

    facts: dict[str, str] = field(default_factory=dict)

    async def recall(self, name: str) -> str | None:
        return self.facts.get(name)

    async def remember(self, name: str, value: str) -> None:
        self.facts[name] = value


@dataclass(slots=True)
class FakeOutbox:
    """Letters in a dictionary, each with when it falls due."""

    waiting: dict[tuple[int, ...], tuple[datetime, Letter]] = field(default_factory=dict)
    settled: list[tuple[Letter, Delivery]] = field(default_factory=list)
    lease: timedelta = timedelta(minutes=1)

    def put(self, letter: Letter, due: datetime = NOON) -> None:
        self.waiting[letter.ids] = (due, letter)

    async def claim(
        self, platform: str, now: datetime, limit: int, *, busy: Collection[Destination] = ()
    ) -> Sequence[Letter]:
        for ids, (at, letter) in list(self.waiting.items()):
            if letter.destination not in busy:
                self.waiting[ids] = (max([at, *(due for due, _ in self._ahead(letter))]), letter)
        due = sorted(
            (_urgency(letter), at, ids)
            for ids, (at, letter) in self.waiting.items()
            if at <= now and letter.destination.platform == platform and not self._ahead(letter)
        )
        first: dict[Destination, Letter] = {}
        for *_, ids in due:
            letter = self.waiting[ids][1]
            if letter.destination not in busy:
                first.setdefault(letter.destination, letter)
        claimed = list(first.values())[:limit]
        for letter in claimed:
            self.put(letter, now + self.lease)
        return claimed

    async def settle(self, letter: Letter, delivery: Delivery, now: datetime) -> None:
        if letter.ids not in self.waiting:
            return
        self.settled.append((letter, delivery))
        match delivery:
            case Delivered() | Refused():
                del self.waiting[letter.ids]
            case Deferred(after=after):
                self.put(letter, now + after)
            case Moved(to=to):
                self.put(replace(letter, destination=to), now)
            case _:
                assert_never(delivery)

    async def next_due(self, platform: str, after: datetime) -> datetime | None:
        own = (due for due, letter in self.waiting.values() if letter.destination.platform == platform)
        return min((due for due in own if due > after), default=None)

    def _ahead(self, letter: Letter) -> list[tuple[datetime, Letter]]:
        """Return what must be told before a letter: the earlier ones of its chat and group."""
        queue = (letter.destination, letter.group)
        return [
            (due, one)
            for due, one in self.waiting.values()
            if (one.destination, one.group) == queue and one.ids < letter.ids
        ]


def _urgency(letter: Letter) -> int:
    return min(PRIORITY[content.severity] for content in letter.contents)


@dataclass(slots=True)
class FakePlatform:
    """A chat platform that remembers; it answers with the queued outcomes first, then takes everything.

    An outcome that is an error is raised: a platform that is out of time or out of order.
    """

    name: str = "console"
    at_once: int = 1
    is_connected: bool = True
    outcomes: list[Delivery | Exception] = field(default_factory=list)
    sent: list[tuple[Destination, Post]] = field(default_factory=list)

    async def send(self, destination: Destination, post: Post) -> Delivery:
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            if not isinstance(outcome, Delivered):
                return outcome
        self.sent.append((destination, post))
        return Delivered(message=post.edits or post.key)


@dataclass(slots=True)
class FakeSource:
    """A venue that answers what the test queued: polls or errors, the last of them for ever.

    Settled rates are given by symbol; of those, the window asked for is answered.
    """

    venue: str = "bybit"
    answers: list[Poll | VenueUnavailableError] = field(default_factory=list)
    listed: Sequence[Instrument] | VenueUnavailableError = ()
    settled_answers: dict[str, Sequence[FundingRate] | VenueUnavailableError] = field(default_factory=dict)
    polled: int = 0
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    closed: bool = False

    async def poll(self) -> Poll:
        self.polled += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, VenueUnavailableError):
            raise answer
        return answer

    async def instruments(self) -> Sequence[Instrument]:
        if isinstance(self.listed, VenueUnavailableError):
            raise self.listed
        return self.listed

    async def settled(
        self, instrument: Instrument, since: datetime, until: datetime
    ) -> Sequence[FundingRate]:
        self.asked.append((instrument.symbol, since, until))
        answer = self.settled_answers.get(instrument.symbol, ())
        if isinstance(answer, VenueUnavailableError):
            raise answer
        return [rate for rate in answer if rate.funding_at is not None and since <= rate.funding_at < until]

    async def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class FakeStressSource:
    """A venue that answers, by symbol, the books and open interest the test gave it; what it lacks it refuses.

    Each request lasts `takes` of the clock, if there is one.
    """

    venue: str = "bybit"
    open_interest_requests: int = 1
    books: dict[str, BookSample | VenueUnavailableError | None] = field(default_factory=dict)
    interests: dict[str, OpenInterest | VenueUnavailableError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    clock: FakeClock | None = None
    takes: timedelta = timedelta(0)

    async def book(self, instrument: Instrument) -> BookSample | None:
        self._note(f"book {instrument.symbol}")
        book = self.books.get(instrument.symbol, _UNLISTED)
        if isinstance(book, VenueUnavailableError):
            raise book
        return book

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        if not self.open_interest_requests:
            raise VenueUnavailableError("has no request for one instrument's open interest")
        self._note(f"open interest {instrument.symbol}")
        interest = self.interests.get(instrument.symbol, _UNLISTED)
        if isinstance(interest, VenueUnavailableError):
            raise interest
        return interest

    def _note(self, request: str) -> None:
        self.asked.append(request)
        if self.clock is not None:
            self.clock.advance(self.takes)


_UNLISTED = VenueUnavailableError("does not list an instrument it was asked for")


@dataclass(slots=True)
class FakeJournal:
    """A journal in a list."""

    ticks: list[Tick] = field(default_factory=list)

    async def commit(self, tick: Tick) -> None:
        self.ticks.append(tick)


@dataclass(slots=True)
class FakeArchive:
    """Settled rates by instrument and settlement, and how far back each instrument was fetched."""

    spans: dict[Instrument, Backfill] = field(default_factory=dict)
    rates: dict[tuple[Instrument, datetime | None], FundingRate] = field(default_factory=dict)

    async def backfills(self) -> Mapping[Instrument, Backfill]:
        return dict(self.spans)

    async def add_settled(self, rates: Sequence[FundingRate], backfill: Backfill) -> None:
        for rate in rates:
            known = self.rates.setdefault((rate.instrument, rate.funding_at), rate)
            self.rates[rate.instrument, rate.funding_at] = replace(
                known, interval=known.interval or rate.interval
            )
        self.spans[backfill.instrument] = backfill
