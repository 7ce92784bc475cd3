"""Builders for the simulator's tests: unmodified ccxt clients and the symbols they know."""

from datetime import UTC, datetime

import ccxt.async_support as ccxt

from monitors.exchanges.profile import Exchange
from monitors.market import Margin
from monitors.simulator.model import Listing
from monitors.simulator.server import Simulator

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
FETCHED = {
    "binanceusdm": {"types": ["linear"]},
    "bybit": {"types": ["linear", "inverse"]},
    "okx": {"types": ["swap"]},
    "gate": {"types": ["swap"]},
    "hyperliquid": {"types": ["swap"]},
}
"""Which markets each client loads, as a user of ccxt would restrict them."""


def a_client(simulator: Simulator, venue: str) -> Exchange:
    """Return ccxt's own client with other addresses; it needs closing."""
    options = {"options": {"fetchMarkets": FETCHED[venue]}, "enableRateLimit": False}
    return getattr(ccxt, venue)({**simulator.ccxt_config()[venue], **options})


def unified(listing: Listing) -> str:
    """Return the symbol by which ccxt knows a listing."""
    multiple = {1: "", 1000: "K" if listing.venue == "hyperliquid" else "1000"}[listing.unit]
    base = multiple + listing.coin.ticker
    if listing.margin is Margin.INVERSE:
        return f"{base}/USD:{base}"
    stable = "USDC" if listing.venue == "hyperliquid" else "USDT"
    return f"{base}/{stable}:{stable}"
