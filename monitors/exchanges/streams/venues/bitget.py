"""Bitget: one topic a product line, of each contract and second the largest long and the largest short.

`side` is the position's: buy is a long. What `amount` counts is found out at run time, see `bitget_unit.py`. The
archive keeps three days, the newest rows first; it has no window, so that it is paged back to the gap.

https://www.bitget.com/api-doc/uta/websocket/public/Liquidation-Channel
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.archive import Budget, Span, rows_of, span_of
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.rows import each
from monitors.exchanges.streams.tape import at_ms
from monitors.exchanges.streams.venues.bitget_unit import Evidence, Told, UnitSettling
from monitors.liquidation import FeedGrade, PositionSide, Skipped
from monitors.market import Instrument
from monitors.ports import VenueUnavailableError

_TOPIC = "liquidation"
_LINES = ("usdt-futures", "coin-futures", "usdc-futures")
_SIDES: Mapping[str, PositionSide] = MappingProxyType({"buy": PositionSide.LONG, "sell": PositionSide.SHORT})
_PAGE = 100
_REQUESTS = 120
"""For one gap, 200 ms each as ccxt spaces them."""


def side_of(row: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated position's side, which is what Bitget sends: buy is a long."""
    return _SIDES.get(str(row.get("side")))


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    args = [{"instType": line, "topic": _TOPIC} for line in _LINES]
    frames = tuple({"op": "subscribe", "args": [arg]} for arg in args)
    return (Socket(name="liquidations", url=exchange.urls["api"]["ws"]["utaPublic"], frames=frames),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read without knowing what an amount counts: `UnitSettling` finds out."""
    prints = _told(message, contracts, received_ms)
    return None if prints is None else [_unsettled(told) for told in prints]


def _unsettled(told: Told | Skipped) -> Skipped:
    return told if isinstance(told, Skipped) else Skipped.UNSETTLED


def _told(message: object, contracts: Contracts, received_ms: int) -> Sequence[Told | Skipped] | None:
    match message:
        case {"arg": {"topic": "liquidation"}, "data": rows}:
            return each(rows, lambda row: _print(row, contracts, received_ms))
        case _:
            return None


def _print(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Told | Skipped:
    instrument = contracts.find(str(row["symbol"]))
    amount, price, at = float(row["amount"]), float(row["price"]), at_ms(row["ts"])
    readable = liquidation(instrument, side_of(row), (amount, price), (at, received_ms))
    if isinstance(readable, Skipped) or not isinstance(instrument, Instrument):
        return readable if isinstance(readable, Skipped) else Skipped.UNLISTED
    return Told(instrument, readable.side, amount, price, at, received_ms)


async def _backfill(
    exchange: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
) -> Sequence[Read]:
    """Ask for each product line; the unit is proven from the archive's own rows, those before the gap included.

    Raises:
        VenueUnavailableError: the gap is longer ago than the archive or the budget of requests reaches, or its
            prints cannot be understood yet.
        BaseError: whatever ccxt raises.
    """
    budget, span = Budget(_REQUESTS), span_of(since, until)
    rows = [row for line in _LINES for row in await _line(exchange, line.upper(), span, budget)]
    evidence = Evidence()
    inside: list[Told | Skipped] = []
    for told in each(rows, lambda row: _print(row, contracts, received_ms)):
        if isinstance(told, Told):
            evidence.weigh(told, contracts)
        if isinstance(told, Skipped) or span[0] <= told.at_ms <= span[1]:
            inside.append(told)
    return [told if isinstance(told, Skipped) else _proven(told, evidence) for told in inside]


def _proven(told: Told, evidence: Evidence) -> Read:
    if evidence.unit is None:
        raise VenueUnavailableError(evidence.note)
    return told.read_as(evidence.unit)


async def _line(exchange: Exchange, category: str, span: Span, budget: Budget) -> list[Any]:
    """Page back from the newest row until one lies before the span."""
    question = {"category": category, "limit": _PAGE}
    found: list[Any] = []
    while True:
        budget.spend()
        answer = await exchange.publicUtaGetV3MarketLiquidations(question)
        rows = rows_of(answer, "data", "list")
        found += rows
        if len(rows) < _PAGE or min(_times(rows), default=span[0]) < span[0]:
            return found
        cursor = answer["data"].get("cursor")
        if not cursor or cursor == question.get("cursor"):
            raise VenueUnavailableError("its archive does not reach back to the gap", blocked=True)
        question = question | {"cursor": cursor}


def _times(rows: Sequence[Any]) -> Iterator[float]:
    for row in rows:
        at = fields.number(row.get("ts")) if isinstance(row, dict) else None
        if at is not None:
            yield at


def _refused(message: object) -> str | None:
    match message:
        case {"event": "error", **rest}:
            return str(rest.get("msg") or rest.get("code") or "no reason given")
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"event": "subscribe", "arg": {"topic": "liquidation"}}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="bitget",
    grade=FeedGrade.THROTTLED,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    backfill=_backfill,
    settle=lambda: UnitSettling(_told),
    note="of each contract and second only the largest long and the largest short are sent",
)
