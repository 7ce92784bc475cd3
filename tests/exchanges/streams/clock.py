"""A clock that a test moves by hand while others sleep on it."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


class HandClock:
    """Sleepers wake when a test advances past their time, and only then."""

    def __init__(self, present: datetime = NOON) -> None:
        self.present = present
        self.elapsed = 0.0
        self._sleepers: dict[asyncio.Future[None], tuple[float, float]] = {}
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        return self.present

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, duration: timedelta) -> None:
        seconds = duration.total_seconds()
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers[woken] = (self.elapsed + seconds, seconds)
        self._changed.set()
        try:
            await woken
        finally:
            self._sleepers.pop(woken, None)

    def advance(self, seconds: float) -> None:
        """Move on, and wake all whose time has come."""
        self.present += timedelta(seconds=seconds)
        self.elapsed += seconds
        self._wake({woken for woken, (until, _) in self._sleepers.items() if until <= self.elapsed})

    async def wake(self, seconds: float) -> None:
        """Wake whoever has lain down for that long, as if it had passed for them alone."""
        await self.asleep(seconds)
        self._wake({woken for woken, (_, length) in self._sleepers.items() if length == seconds})

    async def asleep(self, seconds: float) -> None:
        """Wait until somebody has lain down for that long."""
        while seconds not in {length for _, length in self._sleepers.values()}:
            self._changed.clear()
            await self._changed.wait()

    def _wake(self, sleepers: Collection[asyncio.Future[None]]) -> None:
        for woken in sleepers:
            del self._sleepers[woken]
            if not woken.done():
                woken.set_result(None)
