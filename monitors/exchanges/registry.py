"""Every venue that is polled, and the check that the installed ccxt still is the one they were written for."""

from collections.abc import Iterator, Mapping, Sequence

import ccxt.async_support as ccxt

from monitors.exchanges.profile import VenueProfile
from monitors.exchanges.venues import (
    aster,
    binancecoinm,
    binanceusdm,
    bingx,
    bitfinex,
    bitget,
    bybit,
    deribit,
    dydx,
    gate,
    htx,
    hyperliquid,
    krakenfutures,
    kucoinfutures,
    lighter,
    mexc,
    okx,
    paradex,
    phemex,
    woo,
)

VENUES: tuple[VenueProfile, ...] = (
    binanceusdm.PROFILE,
    binancecoinm.PROFILE,
    bybit.PROFILE,
    okx.PROFILE,
    bitget.PROFILE,
    gate.PROFILE,
    hyperliquid.PROFILE,
    kucoinfutures.PROFILE,
    bingx.PROFILE,
    aster.PROFILE,
    mexc.PROFILE,
    htx.PROFILE,
    krakenfutures.PROFILE,
    deribit.PROFILE,
    dydx.PROFILE,
    lighter.PROFILE,
    paradex.PROFILE,
    bitfinex.PROFILE,
    phemex.PROFILE,
    woo.PROFILE,
)

LEFT_OUT: Mapping[str, str] = {
    "bitmex": "ccxt no longer has it",
    "coinbaseinternational": "ccxt reads no funding rate out of its answers",
    "cryptocom": "it has no batch request: each poll would take one request an instrument",
}
"""Venues people ask for, and why they are not polled."""

CCXT_VERSION = "4.5.90"
"""The only version the profiles are tested with: ccxt drops venues and changes meanings in patch releases."""


class UnknownVenueError(LookupError):
    """A venue that is not polled; whoever reads the settings shows the message."""


def profile(venue: str) -> VenueProfile:
    """Return a venue's profile.

    Raises:
        UnknownVenueError: it is none of ours; the message says why, or which there are.
    """
    for known in VENUES:
        if known.venue == venue:
            return known
    if venue in LEFT_OUT:
        raise UnknownVenueError(f"{venue} is left out: {LEFT_OUT[venue]}")
    names = ", ".join(known.venue for known in VENUES)
    raise UnknownVenueError(f"expected one of {names}, found {venue!r}")


def faults(profiles: Sequence[VenueProfile] = VENUES, version: str = CCXT_VERSION) -> tuple[str, ...]:
    """Compare what the profiles need with the installed ccxt; each fault is one readable line."""
    return tuple(_faults(profiles, version))


def _faults(profiles: Sequence[VenueProfile], version: str) -> Iterator[str]:
    if ccxt.__version__ != version:
        yield f"expected ccxt {version}, found {ccxt.__version__}"
    for needed in profiles:
        client = getattr(ccxt, needed.venue, None)
        if client is None:
            yield f"ccxt {ccxt.__version__} has no venue {needed.venue}"
            continue
        for method in needed.requires:
            if not hasattr(client, method):
                yield f"ccxt's {needed.venue} has no method {method}"
