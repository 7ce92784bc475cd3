"""Aster: Binance's format on combined streams."""

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.venues.binance import binance_feed


def _address(exchange: Exchange) -> str:
    return str(exchange.urls["api"]["ws"]["public"]["swap"])


PROFILE = binance_feed(
    "aster", _address, "at most one print a second of each contract, the latest: the rest is never sent"
)
