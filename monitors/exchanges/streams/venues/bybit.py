"""Bybit: every liquidation, each contract a topic of its own, linear and inverse on connections of their own.

https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.rows import each
from monitors.liquidation import FeedGrade, PositionSide
from monitors.market import Margin

_TOPIC = "allLiquidation."
_CHARACTERS = 21_000
"""Of arguments a connection, quotes and commas counted too: https://bybit-exchange.github.io/docs/v5/ws/connect."""
_TOPICS = 200
"""A request. Futures have no documented limit; this many keep a request far below what a connection may ask for."""
_SIDES: Mapping[str, PositionSide] = MappingProxyType({"Buy": PositionSide.LONG, "Sell": PositionSide.SHORT})


def side_of(position_side: str) -> PositionSide | None:
    """Return the liquidated position's side, which is what Bybit sends: Buy is a long."""
    return _SIDES.get(position_side)


def _sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
    return [socket for margin in Margin for socket in _sockets_of(margin, exchange, contracts)]


def _sockets_of(margin: Margin, exchange: Exchange, contracts: Contracts) -> Iterator[Socket]:
    address = exchange.implode_hostname(exchange.urls["api"]["ws"]["public"][margin.value])
    topics = (f"{_TOPIC}{venue_id}" for venue_id, known in contracts.all() if known.margin is margin)
    for number, share in enumerate(_shares(topics), start=1):
        requests = (share[first : first + _TOPICS] for first in range(0, len(share), _TOPICS))
        frames = tuple({"op": "subscribe", "args": args} for args in requests)
        yield Socket(name=f"{margin.value} {number}", url=address, frames=frames)


def _shares(topics: Iterable[str]) -> Iterator[list[str]]:
    """Share the topics out so that each connection's arguments stay within the limit."""
    share: list[str] = []
    used = 0
    for topic in topics:
        length = len(f'"{topic}", ')
        if used + length > _CHARACTERS:
            yield share
            share, used = [], 0
        share.append(topic)
        used += length
    if share:
        yield share


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"topic": str(topic), **rest} if topic.startswith(_TOPIC):
            return each(rest.get("data"), lambda row: _print(row, contracts, received_ms))
        case _:
            return None


def _print(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    """`v` is in base units, of an inverse contract in dollars; `p` is the bankruptcy price."""
    amounts = (float(row["v"]), float(row["p"]))
    times = (int(row["T"]), received_ms)
    return liquidation(contracts.find(row["s"]), side_of(row["S"]), amounts, times)


def _refused(message: object) -> str | None:
    match message:
        case {"success": False, "ret_msg": str(reason)} if reason:
            return reason
        case {"success": False}:
            return "no reason given"
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"success": True, "op": "subscribe"}:
            return True
        case _:
            return False


PROFILE = FeedProfile(
    venue="bybit",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    note="prices are bankruptcy prices, not fills",
)
