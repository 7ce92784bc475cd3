"""Hyperliquid publishes no market-wide liquidations (hyperliquid.gitbook.io, API, WebSocket subscriptions)."""

from collections.abc import Mapping


def addresses(base: str) -> Mapping[str, object]:
    """Return ccxt's tree of WebSocket addresses; nobody listens there."""
    return {"ws": {"public": f"{base}/ws"}}
