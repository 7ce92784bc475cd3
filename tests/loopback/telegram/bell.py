"""Waiting for a change instead of sleeping, from whichever thread the change comes."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

PATIENCE = timedelta(seconds=60)
"""How long anybody waits at most; only a hang takes that long."""


class Bell:
    """Rung on each change; wakes everybody who waits for a claim to come true."""

    def __init__(self) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        """Tell that something changed."""
        for loop, woken in tuple(self._waiting):
            loop.call_soon_threadsafe(woken.set)

    async def until(self, claim: Callable[[], bool], within: timedelta = PATIENCE) -> None:
        """Return as soon as the claim holds.

        Raises:
            TimeoutError: it did not come true in time.
        """
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not claim():
                    await waiter[1].wait()
                    waiter[1].clear()
        finally:
            self._waiting.discard(waiter)
