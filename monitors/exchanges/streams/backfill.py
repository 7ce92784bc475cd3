"""Asks a venue's archive for what was missed: gaps one after another, each until it is had or an hour has passed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

import structlog

from monitors.exchanges import fields
from monitors.exchanges.streams.profile import Read
from monitors.liquidation import Gap
from monitors.ports import Clock, VenueUnavailableError

_MARGIN = timedelta(seconds=5)
"""Archives lag and clocks differ: asked for is a little more than the gap, once that time has come."""
_FIRST_WAIT = timedelta(seconds=10)
_LONGEST_WAIT = timedelta(minutes=10)
_MOST_DOUBLINGS = 10
_GIVE_UP_AFTER = timedelta(hours=1)

Ask = Callable[[datetime, datetime], Awaitable[Sequence[Read]]]
"""Asks the archive for [since, until).

Raises VenueUnavailableError.
"""

_log = structlog.get_logger(__name__)


class Backfilling:
    """Fills one venue's gaps."""

    def __init__(
        self,
        ask: Ask,
        take: Callable[[Sequence[Read], int], None],
        tell: Callable[[Gap], None],
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Give what `ask` finds to `take`, with the time of receipt in ms, and the filled gap to `tell`."""
        self._ask = ask
        self._take = take
        self._tell = tell
        self._clock = clock
        self._random = random
        self._wanted: asyncio.Queue[tuple[Gap, datetime, datetime]] = asyncio.Queue()

    def put(self, gap: Gap, until: datetime, *, further: timedelta = timedelta(0)) -> None:
        """Have a gap that ended at `until` filled, and `further` before it asked for as well."""
        self._wanted.put_nowait((gap, gap.since - _MARGIN - further, until + _MARGIN))

    async def run(self) -> NoReturn:
        """Fill until cancelled."""
        while True:
            gap, since, until = await self._wanted.get()
            missing = until - self._clock.now()
            if missing > timedelta(0):
                await self._clock.sleep(missing)
            await self._fill(gap, since, until)

    async def _fill(self, gap: Gap, since: datetime, until: datetime) -> None:
        failures = 0
        while True:
            try:
                found = await self._ask(since, until)
            except VenueUnavailableError as error:
                failures += 1
                wait = self._wait(error, failures)
                if error.blocked or self._clock.now() + wait > until + _GIVE_UP_AFTER:
                    _log.warning("feed.unfilled", venue=gap.venue, since=gap.since, reason=error.reason)
                    return
                await self._clock.sleep(wait)
            else:
                self._take(found, fields.milliseconds(self._clock.now()))
                self._tell(replace(gap, filled=True))
                return

    def _wait(self, error: VenueUnavailableError, failures: int) -> timedelta:
        ceiling: timedelta = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, _MOST_DOUBLINGS))
        return max(ceiling * (1 + self._random()) / 2, error.retry_after or timedelta(0))
