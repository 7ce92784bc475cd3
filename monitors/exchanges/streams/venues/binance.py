"""Binance's format of forced orders, which COIN-M and Aster share: one stream for all contracts of a market.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/All-Market-Liquidation-Order-Streams
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from monitors.exchanges.parsing import UNREADABLE
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.liquidation import FeedGrade, PositionSide, Skipped
from monitors.market import Instrument

_SIDES: Mapping[str, PositionSide] = MappingProxyType({"SELL": PositionSide.LONG, "BUY": PositionSide.SHORT})
_SUBSCRIPTION = {"method": "SUBSCRIBE", "params": ["!forceOrder@arr"], "id": 1}
_MALFORMED = (Skipped.MALFORMED,)


def binance_feed(venue: str, address: Callable[[Exchange], str], note: str) -> FeedProfile:
    """Describe one market that speaks this format; `address` is where its market-wide streams are."""

    def sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
        return (Socket(name="all", url=address(exchange), frames=(_SUBSCRIPTION,)),)

    return FeedProfile(
        venue=venue,
        grade=FeedGrade.THROTTLED,
        sockets=sockets,
        read=read,
        refused=refused,
        confirmed=confirmed,
        note=note,
    )


def side_of(order_side: str) -> PositionSide | None:
    """Return whose position a forced order closes: selling closes a long."""
    return _SIDES.get(order_side)


def read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read a forced order, bare or wrapped by a combined stream.

    Thousands a second come here in a crash, so that nothing is done that one print does not need.
    """
    if not isinstance(message, dict):
        return None
    event = message["data"] if "stream" in message and "data" in message else message
    if not isinstance(event, dict) or event.get("e") != "forceOrder":
        return None
    try:
        return (_print(event["o"], contracts, received_ms),)
    except UNREADABLE:
        return _MALFORMED


def _print(order: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    """`z` is what the order filled in all and `ap` its average price; `l` is its last fill alone."""
    instrument = contracts.find(order["s"])
    size = instrument.contract_size if isinstance(instrument, Instrument) else 1.0
    amounts = (float(order["z"]) * size, float(order["ap"]) or float(order["p"]))
    return liquidation(instrument, _SIDES.get(order["S"]), amounts, (int(order["T"]), received_ms))


def refused(message: object) -> str | None:
    """Read an error that answers a subscription."""
    match message:
        case {"error": {"msg": str(reason)}} | {"code": int(), "msg": str(reason)}:
            return reason
        case {"error": str() | int() | dict() as error}:
            return str(error)
        case _:
            return None


def confirmed(message: object) -> bool:
    """Recognise the acknowledgement `{"result": null, "id": 1}`."""
    match message:
        case {"result": None, "id": int() | str(), **rest}:
            return "error" not in rest
        case _:
            return False
