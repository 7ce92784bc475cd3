"""Lighter: a channel of trades for each market, forced ones in a list of their own.

`size` is in base units and `usd_amount` is size times price; ccxt's contract size, the venue's quote multiplier, has
nothing to do with it. A subscription begins with the latest forced trades, so that old ones come again.

https://apidocs.lighter.xyz/docs/websocket-reference#trade
"""

from collections.abc import Mapping, Sequence
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import at_ms, batches, forced
from monitors.liquidation import FeedGrade, PositionSide, Skipped

_MARKETS = 500
"""Subscriptions that one connection may hold: https://docs.rs/crate/df-lighter-core."""
_ALREADY = 30003
"""The code of "Already Subscribed", which refuses nothing."""


def side_of(trade: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side, the taker's: where the maker sells (asks), the taker buys a short back."""
    match trade.get("is_maker_ask"):
        case True:
            return PositionSide.SHORT
        case False:
            return PositionSide.LONG
        case _:
            return None


def _sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
    """`readonly` is what the venue offers to places it does not let trade."""
    ids = [venue_id for venue_id, _ in contracts.all()]
    return [
        Socket(
            name=f"trades {number}",
            url=f"{exchange.urls['api']['ws']}?readonly=true",
            frames=tuple({"type": "subscribe", "channel": f"trade/{market}"} for market in some),
        )
        for number, some in enumerate(batches(ids, _MARKETS), start=1)
    ]


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"channel": str(channel), "type": str(kind), **rest} if kind.endswith("/trade"):
            if not channel.startswith("trade:"):
                return None
            trades = rest.get("liquidation_trades") or []
            return forced(trades, lambda trade: _print(trade, contracts, received_ms))
        case _:
            return None


def _print(trade: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    match trade["type"]:
        case "liquidation":
            instrument = contracts.find(str(trade["market_id"]))
            amounts = (float(trade["size"]), float(trade["price"]))
            times = (at_ms(trade["timestamp"]), received_ms)
            return (liquidation(instrument, side_of(trade), amounts, times, str(trade["trade_id"])),)
        case "deleverage":
            return (Skipped.DELEVERAGED,)
        case _:
            return ()


def _refused(message: object) -> str | None:
    match message:
        case {"error": {"code": code}} if code == _ALREADY:
            return None
        case {"error": {"message": str(reason)}}:
            return reason
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"type": "subscribed/trade"}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="lighter",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    options={
        "rateLimit": 320
    },  # ms: ccxt's second a message would take minutes to subscribe; 200 a minute are allowed
    note="auto-deleveraging is left out; a gap is filled as far as the latest forced trades reach back",
)
