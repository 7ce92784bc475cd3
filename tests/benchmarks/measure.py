"""Timing and the one line a figure that `make bench` prints."""

import gc
import time
from collections.abc import Awaitable, Callable


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long one call took, the collector kept out of it."""
    gc.disable()
    try:
        start = time.perf_counter()
        work()
        return 1000 * (time.perf_counter() - start)
    finally:
        gc.enable()


async def awaited_ms(work: Awaitable[object]) -> float:
    """Return how long something took that is awaited, the collector kept out of it."""
    gc.disable()
    try:
        start = time.perf_counter()
        await work
        return 1000 * (time.perf_counter() - start)
    finally:
        gc.enable()


def figure(name: str, value: float, unit: str) -> None:
    """Print one figure the way scripts can read it."""
    print(f"bench {name} {value:.4g} {unit}", flush=True)
