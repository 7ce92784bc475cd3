"""Gate: a channel for all contracts of a settlement currency, and an archive that tells the same forced orders.

A row of the socket has `contract`, `time`, `size` and `price`; one of the archive has `contract`, `time` in seconds,
`size` (the whole order, as the sign of the position), `left` (what did not fill), `order_price` and `fill_price`.
Contract, second and size, which both carry, identify a print, so that one told by both counts once. A contract that
settles in a third coin is worth `quanto_multiplier`, its size, in that coin for each unit of its price.

https://www.gate.com/docs/developers/futures/ws/en/#public-liquidates-order-api
https://www.gate.com/docs/developers/apiv4/en/#query-liquidation-order-history
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import product
from math import ceil, floor
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.archive import Budget, Span, pieces, rows_of, whole
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.rows import each
from monitors.exchanges.streams.tape import contract_size
from monitors.exchanges.streams.venues.gate_sign import SignSettling
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped

_CHANNEL = "futures.public_liquidates"
_SETTLEMENTS = ("usdt", "btc")
_FIRST_MS = 100_000_000_000
"""Smaller times are seconds: the socket told seconds until 20 August 2026, and tells milliseconds since."""
_SPAN = 3600
"""Seconds that one question to the archive may cover."""
_PAGE = 1000
_REQUESTS = 120
"""A gap: more than two days of both settlement currencies."""


def side_of_position(size: float) -> PositionSide | None:
    """Return the liquidated side by the sign of the position, which the archive gives."""
    if not size:
        return None
    return PositionSide.LONG if size > 0 else PositionSide.SHORT


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    return [
        Socket(
            name=settlement,
            url=exchange.urls["api"]["swap"][settlement],
            frames=(
                {"time": exchange.seconds(), "channel": _CHANNEL, "event": "subscribe", "payload": ["!all"]},
            ),
        )
        for settlement in _SETTLEMENTS
    ]


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read without knowing what the sign means: `SignSettling` finds out."""
    prints = _signed(message, contracts, received_ms)
    if prints is None:
        return None
    return [Skipped.UNSETTLED if isinstance(told, Liquidation) else told for told in prints]


def _signed(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read a frame as if the sign of `size` were the position's; it holds one forced order or a list."""
    match message:
        case {"channel": "futures.public_liquidates", "event": "update", "result": list() | dict() as result}:
            rows = result if isinstance(result, list) else [result]
            return _numbered(each(rows, lambda row: _print(row, contracts, received_ms)))
        case _:
            return None


def _print(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    size, instrument = float(row["size"]), contracts.find(row["contract"])
    at = float(row.get("time_ms") or row["time"])
    at_ms = int(at if at >= _FIRST_MS else at * 1000)
    amounts = (abs(size) * contract_size(instrument), float(row["price"]))
    identity = _identity(row, size, at_ms)
    return liquidation(instrument, side_of_position(size), amounts, (at_ms, received_ms), identity)


def _archived(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    size, instrument = float(row["size"]), contracts.find(row["contract"])
    at_ms = int(float(row["time"]) * 1000)
    filled = abs(size - float(row.get("left") or 0))
    price = float(row.get("fill_price") or 0) or float(row["order_price"])
    amounts = (filled * contract_size(instrument), price)
    identity = _identity(row, size, at_ms)
    return liquidation(instrument, side_of_position(size), amounts, (at_ms, received_ms), identity)


def _identity(row: Mapping[str, Any], size: float, at_ms: int) -> str:
    return f"{row['contract']}:{abs(size):.12g}:{at_ms // 1000}"


def _numbered(reads: Iterable[Read]) -> list[Read]:
    """Tell prints apart that share contract, size and second: they come in one frame, or in one answer."""
    seen: Counter[str] = Counter()
    numbered: list[Read] = []
    for read in reads:
        if isinstance(read, Liquidation):
            seen[read.id] += 1
            numbered.append(read._replace(id=f"{read.id}:{seen[read.id]}"))
        else:
            numbered.append(read)
    return numbered


async def _backfill(
    exchange: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
) -> Sequence[Read]:
    """Ask for whole seconds, without a contract and so for all of them.

    Raises:
        BadResponse: an answer is no list of rows; and whatever else ccxt raises.
        VenueUnavailableError: the span is too long.
    """

    async def page(settlement: str, span: Span) -> Sequence[Read]:
        question = {"settle": settlement, "from": span[0], "to": span[1] + 1, "limit": _PAGE}
        rows = rows_of(await exchange.publicFuturesGetSettleLiqOrders(question))
        return _numbered(each(rows, lambda row: _archived(row, contracts, received_ms)))

    budget, reads = Budget(_REQUESTS), list[Read]()
    spans = pieces((floor(since.timestamp()), ceil(until.timestamp()) - 1), _SPAN)
    budget.require(len(spans) * len(_SETTLEMENTS))
    for settlement, span in product(_SETTLEMENTS, spans):
        reads += await whole(partial(page, settlement), span, _PAGE, budget)
    return _once(reads)


def _once(reads: Iterable[Read]) -> list[Read]:
    """Drop what two pages told: neighbours share a second, since whether `to` is part of an answer is not documented."""
    prints: dict[str, Read] = {}
    skipped: list[Read] = []
    for read in reads:
        if isinstance(read, Liquidation):
            prints[read.id] = read
        else:
            skipped.append(read)
    return [*prints.values(), *skipped]


def _refused(message: object) -> str | None:
    match message:
        case {"channel": "futures.public_liquidates", "error": {"message": str(reason)}}:
            return reason
        case {"channel": "futures.public_liquidates", "error": str() | int() | dict() as error}:
            return str(error)
        case {
            "channel": "futures.public_liquidates",
            "event": "subscribe",
            "result": {"status": str(status)},
        }:
            return None if status == "success" else status
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"channel": "futures.public_liquidates", "event": "subscribe", "result": {"status": "success"}}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="gate",
    grade=FeedGrade.THROTTLED,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    backfill=_backfill,
    settle=lambda: SignSettling(_signed),
    quanto=True,
    note="the socket gives order prices, the archive fills",
)
