"""What a stream module owes: where a venue's liquidations are heard, and how its frames are read."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from monitors.exchanges.profile import Exchange
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.market import Dropped, Instrument

_JSON = frozenset("{[")


class Contracts(Protocol):
    """A venue's perpetuals by the ids that its frames carry."""

    def find(self, venue_id: str) -> Instrument | Dropped | None:
        """Return the contract of a venue's own id, why it is not taken, or None for one unheard of."""
        ...

    def market(self, instrument: Instrument) -> Mapping[str, Any]:
        """Return ccxt's market of an instrument (its `info`, `precision` and `limits` for instance)."""
        ...

    def all(self) -> Iterable[tuple[str, Instrument]]:
        """Yield every active perpetual with its venue id."""
        ...


Read = Liquidation | Skipped
"""What one row of a frame comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One connection: where, and what to say once connected."""

    name: str
    """Unique within the venue, such as `linear 2`."""
    url: str
    frames: tuple[Mapping[str, Any] | str, ...]
    """The subscriptions, sent in order."""


def decoded(text: str) -> object:
    """Decode JSON; other text, such as a pong, stays what it is.

    Raises:
        ValueError: it is broken.
    """
    return orjson.loads(text) if text[:1] in _JSON else text


def each_decoded(texts: Sequence[str]) -> Iterator[object]:
    """Decode frames one by one; the iterator goes on after one that is broken."""
    return map(decoded, texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedProfile:
    """One venue's liquidations. Every function is pure but for `backfill`, and none may raise for what a venue sends."""

    venue: str
    """The ccxt id."""
    grade: FeedGrade
    sockets: Callable[[Exchange, Contracts], Sequence[Socket]]
    """Return the connections that together hear all perpetuals; addresses come from `exchange.urls['api']`."""
    read: Callable[[Any, Contracts, int], Iterable[Read] | None]
    """Read a decoded frame that came at a time in ms: what is in it (possibly nothing), or None for a frame that
    is not about liquidations and goes to ccxt's own handler (pings, acknowledgements)."""
    decode: Callable[[Sequence[str]], Iterator[object]] = each_decoded
    """Decode the texts of frames that came together, for `read`: one item each, in their order. A broken one raises a
    ValueError, and the iterator goes on after it. Binary frames ccxt decodes."""
    refused: Callable[[Any], str | None] = lambda _: None
    """Return why the venue refuses a subscription, if a frame says so."""
    confirmed: Callable[[Any], bool] | None = None
    """Tell whether a frame acknowledges a subscription; None where the venue acknowledges nothing."""
    backfill: Callable[[Exchange, Contracts, datetime, datetime, int], Awaitable[Sequence[Read]]] | None = (
        None
    )
    """Ask the venue's archive for [since, until), at a time of receipt in ms; None where there is none."""
    settle: Callable[[], "Settling"] | None = None
    """Make what settles, at run time, what the venue means; None where the documents settle it."""
    quanto: bool = False
    """Whether contracts that settle in a third coin are read: the venue tells how much of it a contract is worth for
    each unit of its price, and `read` gives quantities in that."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """ccxt constructor options that the sockets need."""
    note: str = ""
    """One sentence for a reader: what the feed leaves out."""


class Settling(Protocol):
    """Learns from evidence what a venue's field means; until then its prints are `Skipped.UNSETTLED`."""

    @property
    def is_settled(self) -> bool:
        """Whether the meaning is proven."""
        ...

    @property
    def is_withholding(self) -> bool:
        """Whether prints are held back that nothing else tells: the venue's totals then lack them."""
        ...

    @property
    def note(self) -> str:
        """What is still open, in plain words; empty once settled."""
        ...

    def weigh(self, message: object, contracts: Contracts, received_ms: int) -> Iterable[Read]:
        """Read a frame by what is known so far and learn from it; what was held back comes once it is settled."""
        ...

    def recognise(self, archived: Sequence[Read]) -> Sequence[Read]:
        """Return an archive's prints, each that the socket told already under the identity that it had there."""
        ...

    def compare(self, archived: Sequence[Read]) -> Iterable[Read]:
        """Learn from what the archive says of the same prints; returns what was held back and is settled now."""
        ...


def liquidation(
    instrument: Instrument | Dropped | None,
    side: PositionSide | None,
    amounts: tuple[float, float],
    times: tuple[int, int],
    venue_id: str = "",
) -> Read:
    """Make one print from quantity and price, the venue's time and the time of receipt in ms; or say why not.

    `quantity` is in units of the price (linear) or in the quote currency (inverse): see `Liquidation`.
    """
    if isinstance(instrument, Instrument):
        quantity, price = amounts
        at_ms, received_ms = times
        if side is None or not (quantity > 0 and price > 0 and at_ms > 0):
            return Skipped.MALFORMED
        return tuple.__new__(Liquidation, (instrument, side, quantity, price, at_ms, received_ms, venue_id))
    match instrument:
        case None | Dropped.UNLISTED:
            return Skipped.UNLISTED
        case Dropped.DATED:
            return Skipped.DATED
        case Dropped.QUANTO:
            return Skipped.QUANTO
        case _:
            return Skipped.MALFORMED
