"""Measures how long an event loop stands still."""

import asyncio
import time
from types import TracebackType
from typing import Self

_EVERY = 0.001


class Heartbeat:
    """Beats each millisecond on the running loop while it is open."""

    def __init__(self) -> None:
        self.longest_stall = 0.0
        """Seconds that a beat came late at most."""
        self.lags: list[float] = []
        """Seconds that each beat came late."""
        self.beats = 0
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._next: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._plan()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._next is not None:
            self._next.cancel()

    def _plan(self) -> None:
        self._due = time.perf_counter() + _EVERY
        self._next = self._loop.call_later(_EVERY, self._beat)

    def _beat(self) -> None:
        self.beats += 1
        self.lags.append(time.perf_counter() - self._due)
        self.longest_stall = max(self.longest_stall, self.lags[-1])
        self._plan()
