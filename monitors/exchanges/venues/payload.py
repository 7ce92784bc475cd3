"""Reads raw payloads for the venues whose figures ccxt's own parser gets wrong or does not know."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import nan
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, SettledPage


def rows_at(payload: object, *path: str) -> list[dict[str, Any]]:
    """Return the rows found along `path`; empty where the payload is not of that shape (HTML, an error)."""
    return [row for row in fields.entries(payload, *path) if isinstance(row, dict)]


def market_of(exchange: Exchange, venue_id: object) -> Mapping[str, Any]:
    """Return ccxt's market under a venue's id; a blank one with the raw id as its symbol where it has none."""
    name = "" if venue_id is None else str(venue_id)
    market: Mapping[str, Any] = exchange.safe_market(name, None, None, "swap")
    return market


def rate_of(value: object) -> float | None:
    """Read a rate: None where the venue gives none, NaN where what it gives cannot be read."""
    if value is None or value == "":
        return None
    rate = fields.number(value)
    return nan if rate is None else rate


def settled_page(
    rows: Iterable[tuple[datetime | None, float | None, timedelta | None]],
) -> SettledPage:
    """Make a page of (settled at, rate, interval); rows without a time or a rate are left out."""
    return SettledPage(
        rows=tuple((at, rate, interval) for at, rate, interval in rows if at is not None and rate is not None)
    )
