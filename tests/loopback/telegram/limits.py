"""Telegram's published limits on sends and edits, as strict sliding windows.

Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.loopback.telegram.values import Kind, Room

SECOND = 1.0
MINUTE = 60.0


class Limit(StrEnum):
    """Which window was overrun."""

    OVERALL = "overall"
    CHAT = "chat"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sends and edits a window takes: overall and per chat in a second, per group in a minute."""

    overall: int = 30
    chat: int = 1
    group: int = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """A call that came too early."""

    limit: Limit
    chat: int
    method: str
    wait: float
    """Seconds by which it came too early."""


class Windows:
    """What went through lately; a refused call takes no place in a window."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._passed: defaultdict[tuple[Limit, int], deque[float]] = defaultdict(deque)

    def admit(self, room: Room, method: str, now: float) -> Violation | None:
        """Count a call at `now` (seconds, monotonic), or return the window that has no place for longest."""
        windows = list(self._windows(room))
        waits = [
            (self._wait(key, capacity, span, now), key[0])
            for key, capacity, span in windows
            if self._wait(key, capacity, span, now) > 0
        ]
        if waits:
            wait, limit = max(waits)
            return Violation(limit, room.id, method, wait)
        for key, *_ in windows:
            self._passed[key].append(now)
        return None

    def _windows(self, room: Room) -> Iterator[tuple[tuple[Limit, int], int, float]]:
        yield (Limit.OVERALL, 0), self._limits.overall, SECOND
        yield (Limit.CHAT, room.id), self._limits.chat, SECOND
        if room.kind in (Kind.GROUP, Kind.SUPERGROUP):
            yield (Limit.GROUP, room.id), self._limits.group, MINUTE

    def _wait(self, key: tuple[Limit, int], capacity: int, span: float, now: float) -> float:
        passed = self._passed[key]
        while passed and now - passed[0] >= span:
            passed.popleft()
        return 0.0 if len(passed) < capacity else span - (now - passed[0])


def retry_after(violation: Violation) -> int:
    """Return the wait in the whole seconds that Telegram speaks in, at least one."""
    return max(1, math.ceil(violation.wait))
