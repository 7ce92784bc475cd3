"""Every simulated venue's WebSocket addresses, and what is told there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitors.simulator.streams import binanceusdm, bybit, gate, hyperliquid, okx
from monitors.simulator.streams.feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One venue's WebSockets."""

    addresses: Callable[[str], Mapping[str, object]]
    """Return what belongs into ccxt's address tree (`urls.api`) beside the REST addresses."""
    feed: Feed | None
    """Its forced closes; None where it tells of none."""


STREAMS: Mapping[str, Stream] = {
    "binanceusdm": Stream(addresses=binanceusdm.addresses, feed=binanceusdm.FEED),
    "bybit": Stream(addresses=bybit.addresses, feed=bybit.FEED),
    "okx": Stream(addresses=okx.addresses, feed=okx.FEED),
    "gate": Stream(addresses=gate.addresses, feed=gate.FEED),
    "hyperliquid": Stream(addresses=hyperliquid.addresses, feed=None),
}
