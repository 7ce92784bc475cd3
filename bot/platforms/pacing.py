"""Strict sliding windows, a gate before them, and a ledger of what is under way: what published limits ask of a sender."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from monitors.ports import Clock

_SHORTEST_SLEEP = timedelta(milliseconds=1)
"""A wait shorter than the clock can tell must still make time pass."""


@dataclass(slots=True)
class Window:
    """At most `count` turns in any `span`, wherever it begins."""

    count: int
    span: timedelta
    _taken: deque[float] = field(init=False)

    def __post_init__(self) -> None:
        """Remember as many turns as the window holds."""
        self._taken = deque(maxlen=self.count)

    def wait(self, at: float) -> float:
        """Return how many seconds after `at`, by a monotonic clock, the next turn is free; 0 or less for now."""
        if len(self._taken) < self.count:
            return 0.0
        return self._taken[0] + self.span.total_seconds() - at

    def take(self, at: float) -> None:
        """Take a turn."""
        self._taken.append(at)


class Gate:
    """Turns one after the other, within every window; the urgent ones come before all others."""

    def __init__(self, clock: Clock, *windows: Window) -> None:
        """Start with every window free."""
        self._clock = clock
        self._windows = windows
        self._urgent: deque[asyncio.Event] = deque()
        self._patient: deque[asyncio.Event] = deque()

    async def turn(self, *, urgent: bool) -> None:
        """Wait for a turn and take it."""
        queue = self._urgent if urgent else self._patient
        place = asyncio.Event()
        queue.append(place)
        try:
            while not await self._is_first(place):
                pass
            self._take()
        finally:
            with suppress(ValueError):
                queue.remove(place)
            self._call_first()

    async def _is_first(self, place: asyncio.Event) -> bool:
        """Tell whether a place is the first and the windows let it through; else come closer to that."""
        if self._first() is not place:
            await place.wait()
            place.clear()
            return False
        now = self._clock.monotonic()
        wait = max((window.wait(now) for window in self._windows), default=0.0)
        if wait > 0:
            await self._clock.sleep(at_least_a_tick(wait))
        return self._first() is place and wait <= 0

    def _take(self) -> None:
        now = self._clock.monotonic()
        for window in self._windows:
            window.take(now)

    def _first(self) -> asyncio.Event | None:
        queue = self._urgent or self._patient
        return queue[0] if queue else None

    def _call_first(self) -> None:
        first = self._first()
        if first is not None:
            first.set()


class Ledger:
    """At most `count` requests in any `span`, counted until a span after their answers.

    However long a request is on its way, no more than `count` can arrive within the span.
    """

    def __init__(self, clock: Clock, count: int, span: timedelta) -> None:
        self._clock = clock
        self._count = count
        self._span = span.total_seconds()
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._news = asyncio.Event()

    async def free(self) -> None:
        """Wait until there is a place."""
        while True:
            now = self._clock.monotonic()
            while self._answered and self._answered[0] + self._span <= now:
                self._answered.popleft()
            if self._under_way + len(self._answered) < self._count:
                return
            if self._answered:
                await self._clock.sleep(at_least_a_tick(self._answered[0] + self._span - now))
            else:
                self._news.clear()
                await self._news.wait()

    def leave(self) -> None:
        """Take a place."""
        self._under_way += 1

    def answered(self, at: float) -> None:
        """Give the place back, a span from now."""
        self._under_way -= 1
        self._answered.append(at)
        self._news.set()


def at_least_a_tick(seconds: float) -> timedelta:
    """Return a wait that moves any clock on, however short it should be."""
    return max(timedelta(seconds=seconds), _SHORTEST_SLEEP)
