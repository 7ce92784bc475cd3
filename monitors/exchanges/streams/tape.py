"""What venues share that mark forced closes in their tape of all trades, where the side is the taker's order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import UNREADABLE
from monitors.exchanges.streams.profile import Read
from monitors.liquidation import PositionSide, Skipped
from monitors.market import Dropped, Instrument

_CLOSED: Mapping[str, PositionSide] = MappingProxyType({"sell": PositionSide.LONG, "buy": PositionSide.SHORT})


def closed_by(order_side: object) -> PositionSide | None:
    """Return whose position an order closed: selling closes a long. Upper and lower case are the same."""
    return _CLOSED.get(order_side.lower()) if isinstance(order_side, str) else None


def forced(trades: object, read: Callable[[Any], Sequence[Read]]) -> list[Read]:
    """Read the trades of a list; `read` returns nothing for an ordinary one, and may fail on an unreadable one.

    That costs only itself; whatever else a frame has in place of the list is malformed.
    """
    if not isinstance(trades, list):
        return [Skipped.MALFORMED]
    found: list[Read] = []
    for trade in trades:
        try:
            found += read(trade)
        except UNREADABLE:
            found.append(Skipped.MALFORMED)
    return found


def at_ms(value: object) -> int:
    """Read a time in milliseconds since 1970.

    Raises:
        ValueError: it is none, or not one of this century.
    """
    at = fields.moment(value)
    if at is None:
        raise ValueError(f"expected a time in milliseconds, was {value!r}")
    return fields.milliseconds(at)


def contract_size(instrument: Instrument | Dropped | None) -> float:
    """Return base units (linear) or dollars (inverse) per contract; 1 for what is not taken anyway."""
    return instrument.contract_size if isinstance(instrument, Instrument) else 1.0


def batches(ids: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Share ids out, so many at most to one connection or request."""
    return (ids[first : first + most] for first in range(0, len(ids), most))
