"""Binance COIN-M futures."""

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.venues.binance import binance_feed


def _address(exchange: Exchange) -> str:
    return f"{exchange.get_ws_url('inverse', 'market')}/0"


PROFILE = binance_feed(
    "binancecoinm",
    _address,
    "at most one print a second of each contract, the latest: the rest is never sent",
)
