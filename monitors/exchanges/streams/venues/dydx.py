"""dYdX: the tape of each market, a trade's type saying that its taker was liquidated.

Auto-deleveraging is a type of its own. A subscription begins with the latest trades, so that old ones come again.

https://docs.dydx.xyz/indexer-client/websockets#trades
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import batches, closed_by, forced
from monitors.liquidation import FeedGrade, PositionSide, Skipped
from monitors.market import Dropped, Instrument

_CHANNEL = "v4_trades"
_MARKETS = 32
"""Subscriptions of a channel that one connection may hold: https://github.com/dydxprotocol/v4-chain/pull/3131."""


def side_of(trade: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side: `side` is the taker's order, and the taker is who was liquidated."""
    return closed_by(trade.get("side"))


def _sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
    ids = [venue_id for venue_id, _ in contracts.all()]
    return [
        Socket(
            name=f"trades {number}",
            url=exchange.urls["api"]["ws"],
            frames=tuple({"type": "subscribe", "channel": _CHANNEL, "id": market} for market in some),
        )
        for number, some in enumerate(batches(ids, _MARKETS), start=1)
    ]


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read the latest trades that a subscription begins with, a single update, or a batch of updates."""
    match message:
        case {"channel": "v4_trades", "id": str(market), "contents": contents}:
            instrument = contracts.find(market)
            parts = contents if isinstance(contents, list) else [contents]
            return [read for part in parts for read in _prints(part, instrument, received_ms)]
        case _:
            return None


def _prints(part: object, instrument: Instrument | Dropped | None, received_ms: int) -> Sequence[Read]:
    trades = part.get("trades") if isinstance(part, dict) else None
    return forced(trades, lambda trade: _print(trade, instrument, received_ms))


def _print(
    trade: Mapping[str, Any], instrument: Instrument | Dropped | None, received_ms: int
) -> Sequence[Read]:
    match trade.get("type"):
        case "LIQUIDATED":
            times = (_at_ms(trade["createdAt"]), received_ms)
            amounts = (float(trade["size"]), float(trade["price"]))
            return (liquidation(instrument, side_of(trade), amounts, times, str(trade["id"])),)
        case "DELEVERAGED":
            return (Skipped.DELEVERAGED,)
        case _:
            return ()


def _at_ms(text: str) -> int:
    """Read a time such as 2025-08-04T00:42:07.119Z."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"expected a time with its zone, was {text!r}")
    return fields.milliseconds(at)


def _refused(message: object) -> str | None:
    match message:
        case {"type": "error", "message": str(reason)}:
            return reason
        case {"type": "error"}:
            return "no reason given"
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"type": "subscribed", "channel": "v4_trades"}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="dydx",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    note="auto-deleveraging is left out; a gap is filled as far as the latest trades of each market reach back",
)
