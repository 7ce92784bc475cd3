"""Reads the rows of a frame one at a time: one that cannot be read costs only itself, and nothing is raised."""

from collections.abc import Callable
from typing import Any, TypeVar

from monitors.exchanges.parsing import UNREADABLE
from monitors.liquidation import Skipped

T = TypeVar("T")


def each(rows: object, read: Callable[[Any], T | Skipped]) -> list[T | Skipped]:
    """Read every row of a list; whatever else a frame has in its place is malformed."""
    if not isinstance(rows, list):
        return [Skipped.MALFORMED]
    return [_one(row, read) for row in rows]


def _one(row: object, read: Callable[[Any], T | Skipped]) -> T | Skipped:
    try:
        return read(row)
    except UNREADABLE:
        return Skipped.MALFORMED
