"""A venue's markets: loaded beside the main event loop, kept on disk, restored without a request.

Loading parses megabytes; done on the main loop it would stall every other venue, so it runs in a worker thread on
an event loop and a ccxt client of its own, and the finished tables are then shared with the main client. Threads
share the interpreter, so `_considerate` keeps the one that computes from holding it for long.
"""

import asyncio
import gc
import hashlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import ccxt.async_support as ccxt
import orjson

from monitors.exchanges.identity import identify_all
from monitors.exchanges.profile import Exchange
from monitors.market import Dropped, Instrument
from monitors.ports import VenueUnavailableError

T = TypeVar("T")

_LOAD_WITHIN = timedelta(minutes=2)
_SWITCH_WITHIN = timedelta(microseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """A venue's contracts, parsed."""

    holder: Exchange
    """A closed ccxt client, only there to be shared from (`set_markets_from_exchange`)."""
    instruments: Mapping[str, Instrument | Dropped]
    loaded_at: datetime


class MarketsCache:
    """Markets on disk, one file a venue: a line that says what it is, then a line a market.

    Reading line by line keeps each parse short; a single document would hold the interpreter for as long as it
    takes. A file of another ccxt version or of other options, or one that cannot be read, counts as none.
    """

    def __init__(self, directory: Path, venue: str, configuration: Mapping[str, Any]) -> None:
        text = json.dumps([ccxt.__version__, configuration], sort_keys=True, default=str)
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()
        self._path = directory / f"{venue}.markets.jsonl"

    def restore(self) -> tuple[list[dict[str, Any]], datetime] | None:
        """Return the markets and when they were loaded, or None."""
        try:
            with self._path.open("rb") as lines:
                head = orjson.loads(next(lines, b""))
                if head["fingerprint"] != self._fingerprint:
                    return None
                markets = [orjson.loads(line) for line in lines]
                whole = len(markets) == head["count"]
                return (markets, datetime.fromtimestamp(head["loaded_at"], UTC)) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, markets: Sequence[Mapping[str, Any]], loaded_at: datetime) -> None:
        """Replace the file at once; a disk that cannot take it costs the next start a request, nothing more."""
        head = {
            "fingerprint": self._fingerprint,
            "count": len(markets),
            "loaded_at": loaded_at.timestamp(),
        }
        unfinished = self._path.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.writelines(orjson.dumps(line) + b"\n" for line in (head, *markets))
            unfinished.replace(self._path)


async def load(build: Callable[[], Exchange], cache: MarketsCache | None, now: datetime) -> Markets:
    """Ask the venue for its markets, beside the running loop.

    Raises:
        VenueUnavailableError: the venue lists no contract.
        BaseError: whatever ccxt raises.
    """
    with _Considerate():
        return await beside_the_loop(lambda: _load(build, cache, now))


async def _load(build: Callable[[], Exchange], cache: MarketsCache | None, now: datetime) -> Markets:
    exchange = build()
    try:
        async with asyncio.timeout(_LOAD_WITHIN.total_seconds()):
            await exchange.load_markets()
    finally:
        await exchange.close()
    kept = [market for market in exchange.markets.values() if market.get("swap") or market.get("future")]
    if not kept:
        raise VenueUnavailableError("lists no perpetual")
    if cache is not None:
        cache.store(kept, now)
    return _tabulate(build, kept, now)


async def restore(build: Callable[[], Exchange], cache: MarketsCache) -> Markets | None:
    """Take the markets from disk, beside the running loop and without a request; None where there are none."""
    with _Considerate():
        return await asyncio.to_thread(_restore, build, cache)


def _restore(build: Callable[[], Exchange], cache: MarketsCache) -> Markets | None:
    found = cache.restore()
    if found is None:
        return None
    try:
        return _tabulate(build, *found)
    except (AttributeError, KeyError, TypeError):
        return None


def _tabulate(
    build: Callable[[], Exchange], markets: Sequence[Mapping[str, Any]], loaded_at: datetime
) -> Markets:
    holder = build()
    holder.set_markets(markets)
    for helper in holder.options.get("marketHelperProps", ()):
        holder.options.setdefault(helper, None)  # ccxt shares these by name and stumbles over an absent one
    instruments = dict(identify_all(holder.id, holder.markets))
    return Markets(holder=holder, instruments=instruments, loaded_at=loaded_at)


class _Considerate:
    """Keeps the main loop quick while threads compute, from the first of them to the last.

    They hand the interpreter over within half a millisecond each instead of five. No cycle is looked for: ccxt
    makes none, and walking a hundred thousand dictionaries holds the interpreter for 50 ms. For the same reason the
    tables are then frozen; they go when their last user does, without a collection.
    """

    _under_way: ClassVar[int] = 0
    _usual: ClassVar[float]

    def __enter__(self) -> None:
        if _Considerate._under_way == 0:
            _Considerate._usual = sys.getswitchinterval()
            sys.setswitchinterval(_SWITCH_WITHIN.total_seconds())
            gc.collect()  # garbage must not be frozen; all that is old already is, so this is quick
            gc.disable()
        _Considerate._under_way += 1

    def __exit__(self, *_: object) -> None:
        _Considerate._under_way -= 1
        if _Considerate._under_way == 0:
            gc.freeze()
            gc.enable()
            sys.setswitchinterval(_Considerate._usual)


async def beside_the_loop(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine in a worker thread, on a loop of its own; cancelling cancels it there as well."""
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def noted() -> T:
        task = asyncio.current_task()
        if task is not None:
            running.append((asyncio.get_running_loop(), task))
        return await work()

    try:
        return await asyncio.to_thread(lambda: asyncio.run(noted()))
    except asyncio.CancelledError:
        for loop, task in running:
            with suppress(RuntimeError):  # it ended in the meantime
                loop.call_soon_threadsafe(task.cancel)
        raise
