"""Binance USDⓈ-M futures."""

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.venues.binance import binance_feed


def _address(exchange: Exchange) -> str:
    """The market streams have a path of their own, which ccxt knows; the number tells its connections apart."""
    return f"{exchange.get_ws_url('linear', exchange.get_future_ws_category('forceOrder'))}/0"


PROFILE = binance_feed(
    "binanceusdm", _address, "at most one print a second of each contract, the latest: the rest is never sent"
)
