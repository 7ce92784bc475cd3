"""Binance USDⓈ-M futures."""

from monitors.exchanges.venues.binance import binance_profile

PROFILE = binance_profile(
    "binanceusdm",
    api="fapiPublic",
    market_type="linear",
    note="fundingInfo lists adjusted intervals only: an absent instrument settles every 8 h",
)
