"""Bitfinex: one channel for all liquidations, and an archive of the same rows.

A liquidated position gives several rows within milliseconds: one that it was triggered, without a price, and one or
more with the price it was taken at, each with the size the position still has. Added up they would count it twice or
more (https://github.com/ccxt/ccxt/pull/20989 shows both kinds), and whether a row is a trigger or an execution
(`IS_MATCH`) does not tell the first priced one. So the position is the identity, and its first priced row counts.

https://docs.bitfinex.com/reference/ws-public-status
https://docs.bitfinex.com/reference/rest-public-liquidations
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ccxt.base.errors import BadResponse

from monitors.exchanges.parsing import UNREADABLE
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.archive import Budget, Span, rows_of, span_of, whole
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import at_ms, forced
from monitors.liquidation import FeedGrade, PositionSide

_KEY = "liq:global"
_SUBSCRIPTION = {"event": "subscribe", "channel": "status", "key": _KEY}
_KIND = "pos"
_POSITION, _TIME, _SYMBOL, _AMOUNT, _PRICE_ACQUIRED = 1, 2, 4, 5, 11
_DEEPEST = 4
"""Lists around a row: the archive wraps each in two."""
_PAGE = 500
_REQUESTS = 6
"""For one gap; the venue allows three a minute, and ccxt spaces them."""


def side_of(row: Sequence[Any]) -> PositionSide | None:
    """Return the liquidated side by the sign of the position's amount: above zero it was long."""
    amount = float(row[_AMOUNT])
    if not amount:
        return None
    return PositionSide.LONG if amount > 0 else PositionSide.SHORT


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    return (Socket(name="liquidations", url=exchange.urls["api"]["ws"]["public"], frames=(_SUBSCRIPTION,)),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read what follows the channel's number, unless it is a heartbeat: a row, or the rows it begins with."""
    match message:
        case [int(), [*content]]:
            return _prints(content, contracts, received_ms)
        case _:
            return None


def _prints(content: Sequence[Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    """Read rows in the order of their times, since the first of a position is the one that counts."""
    rows = sorted(_rows(content, _DEEPEST), key=_told_at)
    return forced(rows, partial(_print, contracts=contracts, received_ms=received_ms))


def _rows(content: object, depth: int) -> Iterator[Sequence[Any]]:
    """Yield the rows of lists in lists."""
    if not isinstance(content, list) or not content or depth == 0:
        return
    if content[0] == _KIND:
        yield content
        return
    for part in content:
        yield from _rows(part, depth - 1)


def _told_at(row: Sequence[Any]) -> int:
    try:
        return at_ms(row[_TIME])
    except UNREADABLE:
        return 0


def _print(row: Sequence[Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    price = row[_PRICE_ACQUIRED]
    if price is None:
        return ()
    instrument = contracts.find(str(row[_SYMBOL]))
    amounts = (abs(float(row[_AMOUNT])), float(price))
    times = (at_ms(row[_TIME]), received_ms)
    return (liquidation(instrument, side_of(row), amounts, times, str(int(row[_POSITION]))),)


async def _backfill(
    exchange: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
) -> Sequence[Read]:
    """Ask for all contracts at once.

    Raises:
        VenueUnavailableError: the gap holds more than the budget of requests reaches.
        BaseError: whatever ccxt raises.
    """
    rows = await whole(partial(_page, exchange), span_of(since, until), _PAGE, Budget(_REQUESTS))
    return _prints(rows, contracts, received_ms)


async def _page(exchange: Exchange, span: Span) -> Sequence[Any]:
    first, last = span
    question = {"start": first, "end": last, "limit": _PAGE, "sort": 1}
    rows = rows_of(await exchange.publicGetLiquidationsHist(question))
    if not all(isinstance(row, list) for row in rows):
        raise BadResponse(f"expected lists of liquidations, was {str(rows)[:20]!r}")
    return rows


def _refused(message: object) -> str | None:
    match message:
        case {"event": "error", "msg": str(reason)}:
            return reason
        case {"event": "error"}:
            return "no reason given"
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"event": "subscribed", "channel": "status", "key": "liq:global"}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="bitfinex",
    grade=FeedGrade.THROTTLED,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    backfill=_backfill,
    note="of a position that is liquidated in several steps only the first counts",
)
