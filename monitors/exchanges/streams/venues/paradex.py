"""Paradex: the tape of all markets in one channel, a trade's type saying that its taker was liquidated.

Since 21 September 2026 trades come as binary frames (Simple Binary Encoding), acknowledgements and errors still as
JSON; both say the same. All of a trade event's numbers are little-endian: prices and sizes in units of 1e-8, times in
microseconds.

https://docs.paradex.trade/ws/web-socket-channels/trades-market-symbol/trades-market-symbol
https://docs.paradex.trade/ws/general-information/binary-encoding-sbe
"""

import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from monitors.exchanges.parsing import UNREADABLE
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import at_ms, closed_by, forced
from monitors.liquidation import FeedGrade, PositionSide, Skipped

_CHANNEL = "trades.ALL"
_SUBSCRIPTION = {"jsonrpc": "2.0", "method": "subscribe", "params": {"channel": _CHANNEL}, "id": 1}
_LIQUIDATION = "LIQUIDATION"

_HEADER = struct.Struct("<HHHH")
"""Length of the block, number of the template, of the schema, and its version."""
_BLOCK = struct.Struct("<qqqBqqqB")
"""Time, sequence, a shortened id, side, price, size, time of the trade, type; later versions may append to it."""
_TRADE, _SCHEMA = 1, 1
_SIDES: Mapping[int, str] = MappingProxyType({1: "BUY", 2: "SELL"})
_LIQUIDATED = 2
_UNITS = 1e8


def side_of(trade: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side: `side` is the taker's order, and the taker is who was liquidated."""
    return closed_by(trade.get("side"))


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    return (Socket(name="trades", url=exchange.get_ws_url(), frames=(_SUBSCRIPTION,)),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read a binary frame, or the JSON that stood in its place."""
    match message:
        case bytes():
            return _binary(message, contracts, received_ms)
        case {"params": {"channel": str(channel), "data": trade}} if channel.startswith("trades."):
            return forced([trade], lambda one: _print(one, contracts, received_ms))
        case _:
            return None


def _binary(frame: bytes, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    try:
        length, template, schema, _ = _HEADER.unpack_from(frame)
        if (template, schema) != (_TRADE, _SCHEMA):
            return None
        return _print(_trade(frame, length), contracts, received_ms)
    except (struct.error, *UNREADABLE):
        return (Skipped.MALFORMED,)


def _trade(frame: bytes, length: int) -> Mapping[str, Any]:
    """Decode a trade event into the fields of its JSON; one that is no liquidation is not decoded further."""
    _, _, _, side, price, size, created_us, kind = _BLOCK.unpack_from(frame, _HEADER.size)
    if kind != _LIQUIDATED:
        return {}
    market, rest = _text(frame, _HEADER.size + length)
    trade_id, _ = _text(frame, rest)
    return {
        "id": trade_id,
        "market": market,
        "side": _SIDES.get(side),
        "size": size / _UNITS,
        "price": price / _UNITS,
        "created_at": created_us // 1000,
        "trade_type": _LIQUIDATION,
    }


def _text(frame: bytes, start: int) -> tuple[str, int]:
    """Read a text that its length in one byte precedes; return it and where it ends.

    Raises:
        ValueError: the frame ends before the text does.
    """
    end = start + 1 + frame[start]
    if end > len(frame):
        raise ValueError(f"expected {end} bytes, found {len(frame)}")
    return frame[start + 1 : end].decode(), end


def _print(trade: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    if trade.get("trade_type") != _LIQUIDATION:
        return ()
    amounts = (float(trade["size"]), float(trade["price"]))
    times = (at_ms(trade["created_at"]), received_ms)
    instrument = contracts.find(str(trade["market"]))
    return (liquidation(instrument, side_of(trade), amounts, times, str(trade["id"])),)


def _refused(message: object) -> str | None:
    match message:
        case {"error": {"message": str(reason)}}:
            return reason
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"result": {"channel": "trades.ALL"}}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="paradex",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    note="positions taken over by transfer are left out; there is no archive to fill gaps from",
)
