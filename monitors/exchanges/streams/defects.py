"""Keeps what cannot be read from ending a stream: logged the first time, counted ever after."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import structlog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Contained:
    """Ends a `with` block at an exception and goes on behind it; only cancellation passes."""

    def __init__(self, noted: Callable[[], bool]) -> None:
        """Call `noted` at each exception; it tells whether to log this one."""
        self._noted = noted

    def __enter__(self) -> Self:
        """Enter, as often as need be."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Log and go on."""
        if not isinstance(error, Exception):
            return False
        if self._noted():
            _log.error("feed.unreadable", exc_info=error)
        return True

    def collect(self, items: Iterator[T]) -> list[T]:
        """Return all items of an iterator that goes on after an exception, as `map` and `filter` do."""
        collected: list[T] = []
        is_through = False
        while not is_through:
            with self:
                collected.extend(items)
                is_through = True
        return collected
