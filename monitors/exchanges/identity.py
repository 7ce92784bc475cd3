"""Tells which coin a market is about: its base without the multiplier, and the contract as an `Instrument`. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from monitors.exchanges import fields
from monitors.market import DOLLARS, Dropped, Instrument, Margin

_THOUSANDS = re.compile(r"(10{3,9})([A-Z].*)")
"""1000PEPE, 10000SATS, 1000000MOG; 1INCH, 0G and 100X are names of coins."""
_MILLION = re.compile(r"1M([A-Z]{4,})")
"""1MBABYDOGE."""
_KILO = re.compile(r"k([A-Z][A-Z0-9]+)")
"""kPEPE: a small k before capitals; KAVA and KAS are names of coins."""
_WRITTEN_OUT = {"SHIB1000": ("SHIB", 1000.0)}
"""Bybit's one market with the multiplier behind the coin."""


def base_of(market: Mapping[str, Any]) -> tuple[str, float]:
    """Return a market's coin and how many of it one unit of the market's price stands for.

    ccxt upper-cases `base`, so a leading k is read from the venue's own names.
    """
    for name in (market.get("baseName"), market.get("baseId")):
        if kilo := _KILO.fullmatch(str(name)):
            return kilo[1], 1000.0
    return split_multiplier(str(market["base"]))


def split_multiplier(base: str) -> tuple[str, float]:
    """Split a base such as 1000PEPE into PEPE and 1000.0."""
    if base in _WRITTEN_OUT:
        return _WRITTEN_OUT[base]
    if thousands := _THOUSANDS.fullmatch(base):
        return thousands[2], float(thousands[1])
    if million := _MILLION.fullmatch(base):
        return million[1], 1_000_000.0
    return base, 1.0


def identify(venue: str, market: Mapping[str, Any], *, quanto: bool = False) -> Instrument | Dropped:
    """Describe the perpetual behind a ccxt market, or say why it is none we take.

    Linear are those that settle in their quote or another dollar, inverse those that settle in their base. Those that
    settle in a third coin are only described on demand (`quanto`): as linear, see `Instrument.contract_size`.
    """
    if not market.get("swap"):
        return Dropped.DATED
    if market.get("active") is False:
        return Dropped.UNLISTED
    margin = _margin(market) or (Margin.LINEAR if quanto else None)
    if margin is None:
        return Dropped.QUANTO
    size = fields.positive(market.get("contractSize"))
    if size is None:
        return Dropped.MALFORMED
    base, multiplier = base_of(market)
    return Instrument(
        venue=venue,
        symbol=market["symbol"],
        base=base,
        quote=market["quote"],
        settle=market["settle"],
        margin=margin,
        contract_size=size,
        multiplier=multiplier,
    )


def _margin(market: Mapping[str, Any]) -> Margin | None:
    settle, quote = market.get("settle"), market.get("quote")
    if settle == market.get("base"):
        return Margin.INVERSE
    if settle == quote or {settle, quote} <= DOLLARS:
        return Margin.LINEAR
    return None


def identify_all(
    venue: str, markets: Mapping[str, Mapping[str, Any]], *, quanto: bool = False
) -> Iterator[tuple[str, Instrument | Dropped]]:
    """Describe all markets of a venue as `identify` does, by unified symbol."""
    for symbol, market in markets.items():
        try:
            yield symbol, identify(venue, market, quanto=quanto)
        except (KeyError, TypeError, ValueError):
            yield symbol, Dropped.MALFORMED
