"""Deribit: the tape of all futures in one channel; a trade says which of its sides was liquidated.

`amount` is in dollars for inverse contracts and in base coins for linear ones, whatever the contract's size.

https://docs.deribit.com/subscriptions/trades/tradeskindcurrencyinterval
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import at_ms, closed_by, forced
from monitors.liquidation import FeedGrade, PositionSide, Skipped

_CHANNEL = "trades.future.any.100ms"
"""Kind `future` holds the linear contracts too; the raw interval would ask for credentials."""
_SUBSCRIPTION = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "public/subscribe",
    "params": {"channels": [_CHANNEL]},
}
_TAKER, _MAKER = "T", "M"
_FLAGS = frozenset({_TAKER, _MAKER, _MAKER + _TAKER})


def sides_of(trade: Mapping[str, Any]) -> Mapping[str, PositionSide]:
    """Return the liquidated sides of a trade by who was liquidated, T (taker) or M (maker); of MT it is both.

    `direction` is the taker's order, so that a maker was liquidated on the other side.
    """
    flag, of_taker = trade.get("liquidation"), closed_by(trade.get("direction"))
    if of_taker is None or flag not in _FLAGS:
        return {}
    return {who: side for who, side in ((_TAKER, of_taker), (_MAKER, of_taker.other)) if who in flag}


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    return (Socket(name="futures", url=exchange.urls["api"]["ws"], frames=(_SUBSCRIPTION,)),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"params": {"channel": str(channel), "data": trades}} if channel.startswith("trades."):
            return forced(trades, lambda trade: list(_prints(trade, contracts, received_ms)))
        case _:
            return None


def _prints(trade: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Iterator[Read]:
    if trade.get("liquidation") is None:
        return
    sides = sides_of(trade)
    if not sides:
        yield Skipped.MALFORMED
    instrument = contracts.find(str(trade["instrument_name"]))
    for who, side in sides.items():
        amounts = (float(trade["amount"]), float(trade["price"]))
        venue_id = f"{trade['trade_id']}{who if len(sides) > 1 else ''}"
        yield liquidation(instrument, side, amounts, (at_ms(trade["timestamp"]), received_ms), venue_id)


def _refused(message: object) -> str | None:
    match message:
        case {"error": {"message": str(reason)}}:
            return reason
        case {"id": 1, "result": []}:
            return f"{_CHANNEL} is not among its channels"
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"id": 1, "result": [*channels]}:
            return _CHANNEL in channels
        case _:
            return False


PROFILE = FeedProfile(
    venue="deribit",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    note="each liquidated side of a trade counts; there is no archive to fill gaps from",
)
