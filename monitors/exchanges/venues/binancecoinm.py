"""Binance COIN-M futures."""

from monitors.exchanges.venues.binance import binance_profile

PROFILE = binance_profile(
    "binancecoinm",
    api="dapiPublic",
    market_type="inverse",
    note="coin-margined; fundingInfo lists adjusted intervals only: an absent instrument settles every 8 h",
)
