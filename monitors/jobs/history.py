"""Settled funding: back-fills what is missing and keeps up with what is settled, slowly enough to disturb nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from monitors.market import HOUR, Backfill, FundingRate, Instrument
from monitors.metrics.funding import next_settlements
from monitors.ports import Clock, FundingSource, VenueUnavailableError

_LATEST = timedelta(minutes=5)
"""Venues publish a settlement within minutes; asking sooner would find a gap."""
_REST = timedelta(minutes=10)
_AFTER_FAILURE = timedelta(minutes=1)
_PATIENCE = 3
_PROGRESS_EVERY = 50

Window = tuple[datetime, datetime]

_log = structlog.get_logger(__name__)


class Archive(Protocol):
    """Where settled rates are kept, and how far each instrument's history reaches."""

    async def backfills(self) -> Mapping[Instrument, Backfill]:
        """Return the span of each instrument's history that has been fetched; one not begun is not there."""
        ...

    async def add_settled(self, rates: Sequence[FundingRate], backfill: Backfill) -> None:
        """Keep rates, each once, and in the same transaction the span that has now been fetched."""
        ...


class HistoryJob:
    """Keeps one venue's settled history complete."""

    def __init__(
        self,
        source: FundingSource,
        archive: Archive,
        clock: Clock,
        *,
        bases: frozenset[str],
        span: timedelta,
        pause: timedelta,
    ) -> None:
        """Reach back `span`, one instrument of `bases` (empty: any) at a time with a `pause` after each."""
        self._source = source
        self._archive = archive
        self._clock = clock
        self._bases = bases
        self._span = span
        self._pause = pause
        self._intervals: dict[Instrument, timedelta] = {}

    async def run(self) -> None:
        """Work until cancelled; after a restart it goes on where it was."""
        while True:
            try:
                await self._round()
            except VenueUnavailableError as error:
                _log.info("history.waits", venue=self._source.venue, reason=error.reason)
            await self._clock.sleep(_REST)

    async def _round(self) -> None:
        """Visit every instrument that is behind; one that fails waits for the next round.

        Raises:
            VenueUnavailableError: several failed in a row, so it is the venue.
        """
        until = self._clock.now() - _LATEST
        behind = await self._behind(until)
        failures = 0
        for done, (instrument, wanted, missing) in enumerate(behind, start=1):
            try:
                rates = await self._source.settled(instrument, *missing)
            except VenueUnavailableError:
                failures += 1
                if failures == _PATIENCE:
                    raise
                await self._clock.sleep(_AFTER_FAILURE)
                continue
            failures = 0
            self._learn_interval(instrument, rates)
            await self._archive.add_settled(rates, wanted)
            if done % _PROGRESS_EVERY == 0 or done == len(behind):
                _log.info("history.progress", venue=self._source.venue, done=done, of=len(behind))
            await self._clock.sleep(self._pause)

    async def _behind(self, until: datetime) -> list[tuple[Instrument, Backfill, Window]]:
        """Return what is missing: the instrument, the span once it is there, and the window to ask for."""
        fetched = await self._archive.backfills()
        behind = []
        for instrument in await self._source.instruments():
            if self._bases and instrument.base not in self._bases:
                continue
            known = fetched.get(instrument)
            since = until - self._span
            if known is None or since < known.since:
                wanted = Backfill(instrument=instrument, since=since, until=until)
                behind.append((instrument, wanted, (since, until)))
            elif self._has_settled(instrument, known.until, until):
                wanted = Backfill(instrument=instrument, since=known.since, until=until)
                behind.append((instrument, wanted, (known.until, until)))
        return behind

    def _has_settled(self, instrument: Instrument, since: datetime, until: datetime) -> bool:
        """Tell whether a settlement may lie between; an interval not seen yet could be the shortest there is."""
        interval = self._intervals.get(instrument, HOUR)
        return next_settlements(since, interval, count=1)[0] < until

    def _learn_interval(self, instrument: Instrument, rates: Sequence[FundingRate]) -> None:
        if rates and rates[-1].interval is not None:
            self._intervals[instrument] = rates[-1].interval
