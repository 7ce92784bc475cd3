"""Binance's format of forced orders, which COIN-M and Aster share: one stream for all contracts of a market.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/All-Market-Liquidation-Order-Streams
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, decoded, liquidation
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.market import Instrument

_SIDES: Mapping[str, PositionSide] = MappingProxyType({"SELL": PositionSide.LONG, "BUY": PositionSide.SHORT})
_SUBSCRIPTION = {"method": "SUBSCRIBE", "params": ["!forceOrder@arr"], "id": 1}
_FORCED = "forceOrder"


class Order(msgspec.Struct, gc=False):
    """What is read of a forced order; numbers come as text."""

    s: str
    """The contract."""
    S: str
    """The order's side."""
    p: float
    """The order's price."""
    ap: float
    """The average price of its fills."""
    z: float
    """What it filled in all; its `l` is the last fill alone."""
    T: int
    """When, in milliseconds since 1970."""


class _Event(msgspec.Struct, gc=False):
    e: str = ""
    o: Order | None = None


class _Frame(_Event, gc=False):
    """An event, bare or wrapped by a combined stream."""

    data: _Event | None = None


_ONE = msgspec.json.Decoder(_Frame, strict=False)
_MANY = msgspec.json.Decoder(list[_Frame], strict=False)


def binance_feed(venue: str, address: Callable[[Exchange], str], note: str) -> FeedProfile:
    """Describe one market that speaks this format; `address` is where its market-wide streams are."""

    def sockets(exchange: Exchange, _contracts: Contracts) -> Sequence[Socket]:
        return (Socket(name="all", url=address(exchange), frames=(_SUBSCRIPTION,)),)

    return FeedProfile(
        venue=venue,
        grade=FeedGrade.THROTTLED,
        sockets=sockets,
        decode=decode,
        read=read,
        refused=refused,
        confirmed=confirmed,
        note=note,
    )


def side_of(order_side: str) -> PositionSide | None:
    """Return whose position a forced order closes: selling closes a long."""
    return _SIDES.get(order_side)


def decode(texts: Sequence[str]) -> Iterator[object]:
    """Decode forced orders at once, or else one by one whatever the frames say: thousands a second come in a crash."""
    try:
        orders = [_order(frame) for frame in _MANY.decode(f"[{','.join(texts)}]")]
    except (msgspec.DecodeError, UnicodeError):
        orders = []
    return iter(orders) if len(orders) == len(texts) and None not in orders else map(_decoded, texts)


def _decoded(text: str) -> object:
    try:
        order = _order(_ONE.decode(text))
    except msgspec.DecodeError:
        order = None
    return decoded(text) if order is None else order


def _order(frame: _Frame) -> Order | None:
    event = frame.data or frame
    return event.o if event.e == _FORCED else None


def read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    """Read what was decoded of a frame."""
    if isinstance(message, Order):
        return (_print(message, contracts, received_ms),)
    if not isinstance(message, dict):
        return None
    event = message["data"] if "stream" in message and "data" in message else message
    if not isinstance(event, dict) or event.get("e") != _FORCED:
        return None
    try:
        order = msgspec.convert(event.get("o"), Order, strict=False)
    except msgspec.ValidationError:
        return (Skipped.MALFORMED,)
    return (_print(order, contracts, received_ms),)


def _print(order: Order, contracts: Contracts, received_ms: int) -> Read:
    instrument, side = contracts.find(order.s), _SIDES.get(order.S)
    if isinstance(instrument, Instrument):
        quantity, price, at_ms = order.z * instrument.contract_size, order.ap or order.p, order.T
        if side is not None and quantity > 0 and price > 0 and at_ms > 0:
            return tuple.__new__(Liquidation, (instrument, side, quantity, price, at_ms, received_ms, ""))
    return liquidation(instrument, side, (order.z, order.ap or order.p), (order.T, received_ms))


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
