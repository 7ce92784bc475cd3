"""Hyperliquid perpetuals on the wire (hyperliquid.gitbook.io, API, info endpoint)."""

from collections.abc import Mapping
from math import log10

from monitors.simulator.book import asks, bids
from monitors.simulator.model import Listing, Quote
from monitors.simulator.wire import (
    Endpoint,
    Query,
    RefusedError,
    View,
    Wire,
    integer,
    milliseconds,
    moment,
    plain,
    significant,
    trimmed,
)

HISTORY_LIMIT = 500
BOOK_LIMIT = 20

_DELISTED = {"name": "MATIC", "szDecimals": 1, "maxLeverage": 20, "marginTableId": 20, "isDelisted": True}
_DELISTED_CONTEXT = {
    "funding": "0.0", "openInterest": "0.0", "prevDayPx": "0.37621", "dayNtlVlm": "0.0", "premium": None,
    "oraclePx": "0.3762", "markPx": "0.37621", "midPx": None, "impactPxs": None, "dayBaseVlm": "0.0",
}  # fmt: skip


def urls(base: str) -> Mapping[str, object]:
    """Return ccxt's address tree."""
    return {"public": base, "private": base}


def meta_and_contexts(view: View, query: Query) -> object:
    """Return the universe and, in the same order, each coin's figures; one delisted coin closes it."""
    _main_dex(query)
    quotes = view.quotes()
    return [_universe(quotes), [*(_context(quote) for quote in quotes), _DELISTED_CONTEXT]]


def meta(view: View, query: Query) -> object:
    """Return the universe alone."""
    _main_dex(query)
    return _universe(view.quotes())


def spot_meta(_view: View, _query: Query) -> object:
    """Return the tokens, which ccxt reads as currencies, and no spot pair."""
    return {"universe": [], "tokens": [_USDC]}


def spot_meta_and_contexts(_view: View, _query: Query) -> object:
    """Return a spot market without pairs."""
    return [{"universe": [], "tokens": [_USDC]}, []]


def perp_dexs(_view: View, _query: Query) -> object:
    """Return the list of exchanges: the first party's own, which is null, and no builder's."""
    return [None]


def funding_history(view: View, query: Query) -> object:
    """Return settled rates, oldest first, at most 500 from `startTime` on."""
    listings = [each for each in view.listings() if name(each) == query.get("coin")]
    if not listings or "startTime" not in query:
        raise _unreadable()
    since = integer(query, "startTime", 0, _unreadable())
    until = integer(query, "endTime", milliseconds(view.now), _unreadable())
    rows = []
    for at, quote in view.settled(listings[0], moment(since - 1000), moment(until)):
        stamp = milliseconds(at) + 7 * at.hour % 60
        if since <= stamp <= until:
            rate, premium = trimmed(quote.rate), trimmed(quote.premium)
            rows.append({"coin": query["coin"], "fundingRate": rate, "premium": premium, "time": stamp})
    return rows[:HISTORY_LIMIT]


def l2_book(view: View, query: Query) -> object:
    """Return one coin's order book: 20 prices a side."""
    listings = [each for each in view.listings() if name(each) == query.get("coin")]
    if not listings:
        raise _unreadable()
    quote = view.quote(listings[0])
    levels = [
        [{"px": significant(price), "sz": plain(amount), "n": 1} for price, amount in side]
        for side in (bids(quote, BOOK_LIMIT), asks(quote, BOOK_LIMIT))
    ]
    return {"coin": query["coin"], "time": milliseconds(view.now), "levels": levels}


def unreadable(_view: View, _query: Query) -> object:
    """Refuse a body whose type is not known."""
    raise _unreadable()


def name(listing: Listing) -> str:
    """Return the venue's coin, such as BTC or kPEPE."""
    return f"k{listing.coin.ticker}" if listing.unit > 1 else listing.coin.ticker


def _universe(quotes: list[Quote]) -> dict[str, object]:
    coins: list[Mapping[str, object]] = [
        {
            "name": name(quote.listing),
            "szDecimals": max(0, round(log10(quote.index))),
            "maxLeverage": 20,
            "marginTableId": 20,
        }
        for quote in quotes
    ]
    return {"universe": [*coins, _DELISTED], "marginTables": [], "collateralToken": 0}


def _context(quote: Quote) -> dict[str, object]:
    mark = significant(quote.mark)
    return {
        "funding": trimmed(quote.rate),
        "openInterest": significant(quote.open_interest),
        "prevDayPx": mark,
        "dayNtlVlm": significant(3 * quote.open_interest * quote.mark),
        "premium": trimmed(quote.premium),
        "oraclePx": significant(quote.index),
        "markPx": mark,
        "midPx": mark,
        "impactPxs": [significant(bids(quote, 1)[0][0]), significant(asks(quote, 1)[0][0])],
        "dayBaseVlm": significant(3 * quote.open_interest),
    }


def _main_dex(query: Query) -> None:
    if query.get("dex"):
        raise RefusedError(500, None)


def _unreadable() -> RefusedError:
    return RefusedError(422, "Failed to deserialize the JSON body into the target type")


_USDC = {
    "name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True, "evmContract": None, "fullName": None,
}  # fmt: skip

HYPERLIQUID = Wire(
    venue="hyperliquid",
    urls=urls,
    endpoints=(
        Endpoint(path="/info", method="POST", kind="metaAndAssetCtxs", answer=meta_and_contexts),
        Endpoint(path="/info", method="POST", kind="meta", answer=meta, funding=False),
        Endpoint(path="/info", method="POST", kind="spotMeta", answer=spot_meta, funding=False),
        Endpoint(
            path="/info",
            method="POST",
            kind="spotMetaAndAssetCtxs",
            answer=spot_meta_and_contexts,
            funding=False,
        ),
        Endpoint(path="/info", method="POST", kind="perpDexs", answer=perp_dexs, funding=False),
        Endpoint(path="/info", method="POST", kind="fundingHistory", answer=funding_history),
        Endpoint(path="/info", method="POST", kind="l2Book", answer=l2_book, funding=False),
        Endpoint(path="/info", method="POST", answer=unreadable, funding=False),
    ),
    too_many=None,
    empty=[{"universe": [], "marginTables": [], "collateralToken": 0}, []],
)
