"""Every venue whose liquidations are heard, and the check that the installed ccxt can listen to each."""

from collections.abc import Iterator, Sequence

import ccxt.pro

from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.venues import (
    aster,
    binancecoinm,
    binanceusdm,
    bitfinex,
    bitget,
    bybit,
    deribit,
    dydx,
    gate,
    htx,
    krakenfutures,
    lighter,
    okx,
    paradex,
)

FEEDS: tuple[FeedProfile, ...] = (
    binanceusdm.PROFILE,
    binancecoinm.PROFILE,
    bybit.PROFILE,
    okx.PROFILE,
    gate.PROFILE,
    bitget.PROFILE,
    htx.PROFILE,
    deribit.PROFILE,
    krakenfutures.PROFILE,
    aster.PROFILE,
    bitfinex.PROFILE,
    lighter.PROFILE,
    dydx.PROFILE,
    paradex.PROFILE,
)

_NEEDED = ("handle_message", "client", "check_ws_proxy_settings", "get_socks_proxy_session")
"""What the hook and the sockets call of a ccxt.pro client."""


def feed(venue: str) -> FeedProfile | None:
    """Return a venue's feed, or None where it publishes none (`NO_FEED`)."""
    return next((known for known in FEEDS if known.venue == venue), None)


def faults(profiles: Sequence[FeedProfile] = FEEDS) -> tuple[str, ...]:
    """Compare what the feeds need with the installed ccxt; each fault is one readable line."""
    return tuple(_faults(profiles))


def _faults(profiles: Sequence[FeedProfile]) -> Iterator[str]:
    for needed in profiles:
        client = getattr(ccxt.pro, needed.venue, None)
        if client is None:
            yield f"ccxt.pro {ccxt.pro.__version__} has no venue {needed.venue}"
            continue
        for method in _NEEDED:
            if not hasattr(client, method):
                yield f"ccxt.pro's {needed.venue} has no method {method}"
