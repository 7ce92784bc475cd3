"""Reads single fields of a venue's answer; whatever cannot be read is None, never 0."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

_LATEST_MS = datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000
_LONGEST = timedelta(days=7)


def number(value: object) -> float | None:
    """Read a finite number from a number or its text."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if isfinite(parsed) else None


def positive(value: object) -> float | None:
    """Read a number above zero: a price or a size; venues send 0 for "not known"."""
    parsed = number(value)
    return parsed if parsed is not None and parsed > 0 else None


def amount(value: object) -> float | None:
    """Read a number that is zero or more."""
    parsed = number(value)
    return parsed if parsed is not None and parsed >= 0 else None


def moment(milliseconds: object) -> datetime | None:
    """Read a time in milliseconds since the epoch; 0, "" and times after 2100 are none."""
    parsed = number(milliseconds)
    if parsed is None or not 0 < parsed < _LATEST_MS:
        return None
    return datetime.fromtimestamp(parsed / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """Return a time as whole milliseconds since the epoch."""
    return round(at.timestamp() * 1000)


def hours(value: object) -> timedelta | None:
    """Read an interval given in hours."""
    parsed = positive(value)
    return _interval(parsed * 3600) if parsed is not None else None


def seconds(value: object) -> timedelta | None:
    """Read an interval given in seconds."""
    parsed = positive(value)
    return _interval(parsed) if parsed is not None else None


def interval(value: object) -> timedelta | None:
    """Read ccxt's `interval`: "8h", or raw milliseconds such as "7200000" where its table lacks the entry."""
    text = str(value)
    return hours(text[:-1]) if text.endswith("h") else seconds((number(value) or 0) / 1000)


def _interval(length: float) -> timedelta | None:
    return timedelta(seconds=length) if length <= _LONGEST.total_seconds() else None


def entries(document: object, *path: str) -> list[Any]:
    """Return the list at `path` of a document, or none where the document is not of that shape."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, list) else []


def documents(payload: object) -> Iterator[Any]:
    """Walk through a payload made of one answer, or of a tuple or list of answers."""
    yield from payload if isinstance(payload, (tuple, list)) else (payload,)


def by_id(rows: list[Any], key: str) -> dict[str, dict[str, Any]]:
    """Index the rows of a side answer by the venue's own id."""
    return {str(row[key]): row for row in rows if isinstance(row, dict) and key in row}
