"""OKX: one channel for all swaps, at most one print a second of each.

https://www.okx.com/docs-v5/en/#public-data-websocket-liquidation-orders-channel
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.rows import each
from monitors.exchanges.streams.tape import closed_by, contract_size
from monitors.liquidation import FeedGrade, PositionSide, Skipped
from monitors.market import Dropped, Instrument

_CHANNEL = "liquidation-orders"
_SUBSCRIPTION = {"op": "subscribe", "args": [{"channel": _CHANNEL, "instType": "SWAP"}]}
_POSITIONS: Mapping[str, PositionSide] = MappingProxyType(
    {"long": PositionSide.LONG, "short": PositionSide.SHORT}
)


def side_of(order_side: str, position_side: str) -> PositionSide | None:
    """Return the liquidated side by the order's; a position's side (`net` or nothing in net mode) must agree."""
    side = closed_by(order_side)
    return side if _POSITIONS.get(position_side, side) is side else None


def _sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
    return (Socket(name="swaps", url=f"{exchange.urls['api']['ws']}/public", frames=(_SUBSCRIPTION,)),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"arg": {"channel": "liquidation-orders"}, "data": list(rows)}:
            return [read for row in rows for read in _prints(row, contracts, received_ms)]
        case _:
            return None


def _prints(row: object, contracts: Contracts, received_ms: int) -> Sequence[Read]:
    match row:
        case {"instId": str(venue_id), "details": list(details)}:
            instrument = contracts.find(venue_id)
            return each(details, lambda detail: _print(instrument, detail, received_ms))
        case _:
            return (Skipped.MALFORMED,)


def _print(instrument: Instrument | Dropped | None, detail: Mapping[str, Any], received_ms: int) -> Read:
    """`sz` is in contracts: of base units (linear) or dollars (inverse); `bkPx` is the bankruptcy price."""
    amounts = (float(detail["sz"]) * contract_size(instrument), float(detail["bkPx"]))
    side = side_of(detail["side"], detail.get("posSide", ""))
    return liquidation(instrument, side, amounts, (int(detail["ts"]), received_ms))


def _refused(message: object) -> str | None:
    match message:
        case {"event": "error", "msg": str(reason)} if reason:
            return reason
        case {"event": "error"}:
            return "no reason given"
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"event": "subscribe", "arg": {"channel": "liquidation-orders"}}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="okx",
    grade=FeedGrade.THROTTLED,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    note="at most one print a second of each contract; prices are bankruptcy prices, not fills",
)
