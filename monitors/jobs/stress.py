"""Books and open interest of the bases under stress, and the books that make tomorrow's normal: a few a minute."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from monitors.market import Instrument, OpenInterest
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import Clock, StressSource, VenueUnavailableError

BUDGET = 20
"""Requests a minute in all: at the dearest (20 of Binance's 2400 a minute each) a sixth of what one venue allows an
address, so that the funding polls never wait for them."""
LARGEST = 10
"""Bases sampled every minute whether under stress or not, so that their books have a normal; half the budget."""
_REST = timedelta(minutes=5)
_WITHIN = timedelta(seconds=50)
"""What has not been asked for by then is left: the next minute's run asks anew."""

_log = structlog.get_logger(__name__)


class StressSink(Protocol):
    """Takes what a run learned."""

    async def sampled(
        self, books: Sequence[BookSample], interests: Sequence[tuple[Instrument, OpenInterest]]
    ) -> None:
        """Take books and open interest; at least one of the two holds something."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What to look at."""

    stressed: Callable[[], Sequence[str]]
    """Bases under stress, the most stressed first."""
    largest: Callable[[], Sequence[str]]
    """Bases by open interest, the largest first."""
    instrument: Callable[[str], Instrument | None]
    """The instrument to ask a base's book of: the one with the most open interest on the venues that have a source."""


@dataclass(frozen=True, slots=True)
class _Errand:
    instrument: Instrument
    with_interest: bool


@dataclass(frozen=True, slots=True)
class _Found:
    books: list[BookSample] = field(default_factory=list)
    interests: list[tuple[Instrument, OpenInterest]] = field(default_factory=list)


class StressJob:
    """Asks venues for what only matters under stress; one that fails is left alone for five minutes."""

    def __init__(
        self, sources: Sequence[StressSource], attention: Attention, sink: StressSink, clock: Clock
    ) -> None:
        self._sources: Mapping[str, StressSource] = {source.venue: source for source in sources}
        self._attention = attention
        self._sink = sink
        self._clock = clock
        self._resting: dict[str, datetime] = {}

    async def run(self) -> None:
        """Ask once around, venues side by side and each venue's requests one after the other; call once a minute.

        What a venue does raises nothing; what the sink raises goes through.
        """
        now = self._clock.now()
        lanes: dict[str, list[_Errand]] = {}
        for errand in self._errands(now):
            lanes.setdefault(errand.instrument.venue, []).append(errand)
        found = _Found()
        async with asyncio.TaskGroup() as group:
            for venue, errands in lanes.items():
                group.create_task(self._visit(self._sources[venue], errands, found, now + _WITHIN))
        if found.books or found.interests:
            await self._sink.sampled(found.books, found.interests)

    def _errands(self, now: datetime) -> Iterator[_Errand]:
        """Spend the budget: on bases under stress first, then on the largest."""
        left = BUDGET
        stressed = dict.fromkeys(self._attention.stressed())
        calm = (base for base in self._attention.largest()[:LARGEST] if base not in stressed)
        for base in (*stressed, *calm):
            if left == 0:
                return
            instrument = self._attention.instrument(base)
            if instrument is None or not self._may_ask(instrument.venue, now):
                continue
            left -= 1
            cost = self._sources[instrument.venue].open_interest_requests
            with_interest = base in stressed and 0 < cost <= left
            left -= cost if with_interest else 0
            yield _Errand(instrument, with_interest)

    def _may_ask(self, venue: str, now: datetime) -> bool:
        return venue in self._sources and self._resting.get(venue, now) <= now

    async def _visit(
        self, source: StressSource, errands: Sequence[_Errand], found: _Found, until: datetime
    ) -> None:
        try:
            for errand in errands:
                if self._clock.now() >= until:
                    return
                await self._ask(source, errand, found)
        except VenueUnavailableError as error:
            self._failed(source.venue, error)
        else:
            self._answered(source.venue)

    async def _ask(self, source: StressSource, errand: _Errand, found: _Found) -> None:
        book = await source.book(errand.instrument)
        if book is not None:
            found.books.append(book)
        if errand.with_interest:
            found.interests.append((errand.instrument, await source.open_interest(errand.instrument)))

    def _failed(self, venue: str, error: VenueUnavailableError) -> None:
        """Leave a venue alone for five minutes, or as long as it asked for."""
        if venue not in self._resting:
            _log.warning("stress.failed", venue=venue, reason=error.reason)
        self._resting[venue] = self._clock.now() + max(_REST, error.retry_after or _REST)

    def _answered(self, venue: str) -> None:
        if self._resting.pop(venue, None) is not None:
            _log.info("stress.recovered", venue=venue)
