"""Work in order within a lane and side by side between lanes; and a memory that forgets the oldest."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import structlog

Work = Callable[[], Awaitable[object]]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_log = structlog.get_logger(__name__)


class Lanes:
    """One lane a chat: what is put into one is done in order, in the background of a group."""

    def __init__(self, group: asyncio.TaskGroup, *, at_once: int, longest: int) -> None:
        """Work on at most `at_once` lanes at a time, each holding at most `longest` pieces of work."""
        self._group = group
        self._turns = asyncio.Semaphore(at_once)
        self._longest = longest
        self._lanes: dict[Hashable, deque[tuple[Work, asyncio.Event]]] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, lane: Hashable, work: Work) -> asyncio.Event | None:
        """Do something after all else in its lane; return what is set once it is done, None if the lane is full."""
        waiting = self._lanes.get(lane)
        if waiting is None:
            waiting = self._lanes[lane] = deque()
            self._idle.clear()
            self._group.create_task(self._work_off(lane, waiting))
        if len(waiting) >= self._longest:
            return None
        done = asyncio.Event()
        waiting.append((work, done))
        return done

    async def idle(self) -> None:
        """Wait until all is done."""
        await self._idle.wait()

    async def _work_off(self, lane: Hashable, waiting: deque[tuple[Work, asyncio.Event]]) -> None:
        while waiting:
            work, done = waiting[0]
            async with self._turns:
                await _guarded(work)
            waiting.popleft()
            done.set()
        del self._lanes[lane]
        if not self._lanes:
            self._idle.set()


async def _guarded(work: Work) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001 - a defect over one update must not come back with it for ever
        _log.exception("telegram.work_failed")


class Recent(Generic[K, V]):
    """The last facts by key, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._facts: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return a fact, None if it was forgotten or never known."""
        return self._facts.get(key)

    def put(self, key: K, fact: V) -> None:
        """Keep a fact and forget the oldest one beyond the most."""
        self._facts[key] = fact
        self._facts.move_to_end(key)
        if len(self._facts) > self._most:
            self._facts.popitem(last=False)
