"""Turns a venue's rows into `FundingRow`s through ccxt's own parsers, one row at a time."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import nan
from typing import Any

from ccxt.base.errors import BadResponse, BaseError, DDoSProtection, RateLimitExceeded

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage

UNREADABLE = (ArithmeticError, AttributeError, BaseError, LookupError, TypeError, ValueError)
"""What ccxt's parsers raise over a row that is not of the documented shape."""

Field = Any
"""One field of a `FundingRow`; which it is, its name says."""

_MOST_PAGES = 200


def parsed_rows(
    exchange: Exchange, rows: Iterable[Any], build: Callable[[Mapping[str, Any]], FundingRow] | None = None
) -> Iterator[FundingRow]:
    """Parse each row with ccxt's `parse_funding_rate`; a row that it cannot read costs only itself."""
    build = build or funding_row
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise TypeError(f"expected a row, found {row!r}")
            yield build(exchange.parse_funding_rate(row))
        except UNREADABLE:
            yield FundingRow(symbol=repr(row)[:40], rate=nan)


def funding_row(parsed: Mapping[str, Any], **known: Field) -> FundingRow:
    """Translate ccxt's funding-rate structure; `known` are fields read better from the venue's own row.

    Raises:
        ValueError: the row names no instrument.
    """
    if parsed["symbol"] is None:
        raise ValueError("expected a row with an instrument's id, found none")
    row = FundingRow(
        symbol=parsed["symbol"],
        rate=parsed["fundingRate"],
        interval=fields.interval(parsed["interval"]),
        funding_at=fields.moment(parsed["fundingTimestamp"]),
        observed_at=fields.moment(parsed["timestamp"]),
        mark_price=fields.positive(parsed["markPrice"]),
        index_price=fields.positive(parsed["indexPrice"]),
    )
    return replace(row, **known)


def parsed_intervals(exchange: Exchange, answer: object, *path: str) -> dict[str, timedelta]:
    """Read an endpoint of funding intervals, by unified symbol; rows that name none are left out.

    Raises:
        BadResponse: the answer is text (HTML, an empty body), which must not pass for "no interval is adjusted".
    """
    if isinstance(answer, str) and answer != "null":  # Binance COIN-M sends null for an empty list
        raise BadResponse(f"expected a list of funding intervals, was {answer[:20]!r}")
    read = parsed_rows(exchange, fields.entries(answer, *path))
    return {row.symbol: row.interval for row in read if row.interval is not None}


async def optional(request: Awaitable[object]) -> object:
    """Await a side answer (open interest, mark prices); without it the funding rates still count.

    Returns None when it failed, except for a rate limit, which concerns the whole venue.
    """
    try:
        return await request
    except (RateLimitExceeded, DDoSProtection):
        raise
    except BaseError:
        return None


def settled_by_time(
    limit: int,
) -> Callable[[Exchange, str, datetime, datetime], Awaitable[SettledPage]]:
    """Ask ccxt's `fetch_funding_rate_history` for a window; `limit` is the venue's largest page."""

    async def settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
        before = fields.milliseconds(until) - 1
        start = fields.milliseconds(since)
        return settled_page(
            await exchange.fetch_funding_rate_history(symbol, start, limit, {"until": before})
        )

    return settled


def settled_by_page(
    limit: int, page_number: str
) -> Callable[[Exchange, str, datetime, datetime], Awaitable[SettledPage]]:
    """Page back from the newest settlement to `since` by page number, for venues that know no time window."""

    async def settled(exchange: Exchange, symbol: str, since: datetime, _until: datetime) -> SettledPage:
        rows: dict[datetime, tuple[datetime, float, None]] = {}
        for page in range(1, _MOST_PAGES + 1):
            answer = await exchange.fetch_funding_rate_history(symbol, None, limit, {page_number: page})
            fresh = [row for row in settled_page(answer).rows if row[0] not in rows]
            rows |= {at: (at, rate, None) for at, rate, _ in fresh}
            if len(answer) < limit or not fresh or min(rows) <= since:
                break
        return SettledPage(rows=tuple(rows.values()))

    return settled


def settled_page(rates: Iterable[Mapping[str, Any]]) -> SettledPage:
    """Translate ccxt's funding-rate history; rows without a time or a rate are left out."""
    read = [(fields.moment(row["timestamp"]), fields.number(row["fundingRate"])) for row in rates]
    return SettledPage(
        rows=tuple((at, rate, None) for at, rate in read if at is not None and rate is not None)
    )
