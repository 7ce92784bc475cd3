"""OKX perpetual swaps on the wire (okx.com/docs-v5, public data and market data REST)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from monitors.market import Margin
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
    power_of_ten,
    significant,
    trimmed,
)

HISTORY_LIMIT = 100
BOOK_LIMIT = 400
HISTORY_DEPTH = timedelta(days=92)
"""Older settlements are not public."""


def urls(base: str) -> Mapping[str, object]:
    """Return ccxt's address tree."""
    return {"rest": base}


def instruments(view: View, query: Query) -> object:
    """Return all swaps; the venue's other instrument types are empty here."""
    if _type(query) != "SWAP":
        return _answer([])
    return _answer([_instrument(view, listing) for listing in _listings(view)])


def funding_rate(view: View, query: Query) -> object:
    """Return predicted rates, of one instrument or of ANY; `nextFundingTime` is the settlement after it."""
    wanted = query.get("instId")
    if wanted is None:
        raise _refused("50014", "Parameter instId can not be empty")
    rows = [_rate(view, quote) for quote in _quotes(view) if wanted in ("ANY", instrument_id(quote.listing))]
    if not rows:
        raise _unknown_instrument()
    return _answer(rows)


def funding_rate_history(view: View, query: Query) -> object:
    """Return settled rates, newest first; `before` asks for newer ones than a time, `after` for older."""
    listings = [each for each in _listings(view) if instrument_id(each) == query.get("instId")]
    if not listings:
        raise _unknown_instrument()
    newer = integer(query, "before", 0, _refused("51000", "Parameter before error"))
    older = integer(query, "after", milliseconds(view.now) + 1, _refused("51000", "Parameter after error"))
    limit = integer(query, "limit", HISTORY_LIMIT, _refused("51000", "Parameter limit error"))
    since = max(moment(newer + 1), view.now - HISTORY_DEPTH)
    rows = [
        {
            "instType": "SWAP",
            "instId": query["instId"],
            "formulaType": "withRate",
            "fundingRate": significant(quote.rate, 13),
            "fundingTime": str(milliseconds(at)),
            "method": "current_period",
            "realizedRate": significant(quote.rate, 13),
        }
        for at, quote in reversed(view.settled(listings[0], since, moment(older - 1)))
    ]
    return _answer(rows[: max(1, min(limit, HISTORY_LIMIT))])


def open_interest(view: View, query: Query) -> object:
    """Return one-sided open interest of all swaps: contracts, coins and dollars."""
    if _type(query) != "SWAP":
        return _answer([])
    wanted = query.get("instId")
    return _answer(
        [
            _open_interest(view, quote)
            for quote in _quotes(view)
            if wanted in (None, instrument_id(quote.listing))
        ]
    )


def books(view: View, query: Query) -> object:
    """Return one instrument's order book, in contracts."""
    depth = integer(query, "sz", 1, _refused("51000", "Parameter sz error"))
    if not 1 <= depth <= BOOK_LIMIT:
        raise _refused("51000", "Parameter sz error")
    listings = [each for each in _listings(view) if instrument_id(each) == query.get("instId")]
    if not listings:
        raise _unknown_instrument()
    quote, size = view.quote(listings[0]), float(contract_size(listings[0]))
    sides = {"asks": asks(quote, depth), "bids": bids(quote, depth)}
    rows = {
        name: [[significant(price), plain(amount / size), "0", "1"] for price, amount in side]
        for name, side in sides.items()
    }
    return _answer([{**rows, "ts": str(milliseconds(view.now)), "seqId": milliseconds(view.now)}])


def mark_price(view: View, query: Query) -> object:
    """Return the mark prices of all swaps."""
    if _type(query) != "SWAP":
        return _answer([])
    now = str(milliseconds(view.now))
    return _answer(
        [
            {
                "instType": "SWAP",
                "instId": instrument_id(quote.listing),
                "markPx": significant(quote.mark),
                "ts": now,
            }
            for quote in _quotes(view)
        ]
    )


def index_tickers(view: View, query: Query) -> object:
    """Return the indices quoted in one currency, or one index."""
    currency, wanted = query.get("quoteCcy"), query.get("instId")
    if currency is None and wanted is None:
        raise _refused("50014", "Parameter quoteCcy or instId can not be empty")
    now = str(milliseconds(view.now))
    rows = []
    for quote in _quotes(view):
        index, price = _pair(quote.listing), significant(quote.index)
        if (wanted or index) == index and index.endswith(f"-{currency or index.partition('-')[2]}"):
            day = dict.fromkeys(("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), price)
            rows.append({"instId": index, "idxPx": price, **day, "ts": now})
    return _answer(rows)


def instrument_id(listing: Listing) -> str:
    """Return the venue's id, such as BTC-USDT-SWAP."""
    return f"{_pair(listing)}-SWAP"


def contract_size(listing: Listing) -> str:
    """Return coins per contract (linear) or dollars per contract (inverse)."""
    return power_of_ten(listing.lot)


def _pair(listing: Listing) -> str:
    return f"{listing.coin.ticker}-{'USDT' if listing.margin is Margin.LINEAR else 'USD'}"


def _listings(view: View) -> list[Listing]:
    return view.listings() + view.listings(Margin.INVERSE)


def _quotes(view: View) -> list[Quote]:
    return view.quotes() + view.quotes(Margin.INVERSE)


def _instrument(view: View, listing: Listing) -> dict[str, object]:
    linear = listing.margin is Margin.LINEAR
    return {
        "instType": "SWAP",
        "instId": instrument_id(listing),
        "instFamily": _pair(listing),
        "uly": _pair(listing),
        "category": "1",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": "USDT" if linear else listing.coin.ticker,
        "ctType": "linear" if linear else "inverse",
        "ctVal": contract_size(listing),
        "ctMult": "1",
        "ctValCcy": listing.coin.ticker if linear else "USD",
        "optType": "",
        "stk": "",
        "alias": "",
        "listTime": str(milliseconds(view.market.listed_at)),
        "expTime": "",
        "lever": "50",
        "tickSz": power_of_ten(listing.coin.price / 1e5),
        "lotSz": "1",
        "minSz": "1",
        "maxLmtSz": "100000000",
        "maxMktSz": "100000",
        "ruleType": "normal",
        "state": "live",
    }


def _rate(view: View, quote: Quote) -> dict[str, object]:
    cap = trimmed(quote.listing.cap)
    return {
        "instType": "SWAP",
        "instId": instrument_id(quote.listing),
        "formulaType": "withRate",
        "method": "current_period",
        "fundingRate": significant(quote.rate, 13),
        "fundingTime": str(milliseconds(quote.next_funding_at)),
        "nextFundingRate": "",
        "nextFundingTime": str(milliseconds(quote.next_funding_at + quote.interval)),
        "prevFundingTime": str(milliseconds(quote.next_funding_at - quote.interval)),
        "interestRate": "0.0001",
        "impactValue": "10000",
        "minFundingRate": f"-{cap}",
        "maxFundingRate": cap,
        "premium": significant(quote.premium, 13),
        "settFundingRate": significant(quote.rate, 13),
        "settState": "settled",
        "ts": str(milliseconds(view.now)),
    }


def _open_interest(view: View, quote: Quote) -> dict[str, object]:
    coins, dollars = quote.open_interest, quote.open_interest * quote.mark
    quantity = coins if quote.listing.margin is Margin.LINEAR else dollars
    return {
        "instType": "SWAP",
        "instId": instrument_id(quote.listing),
        "oi": significant(quantity / float(contract_size(quote.listing))),
        "oiCcy": significant(coins),
        "oiUsd": significant(dollars),
        "ts": str(milliseconds(view.now)),
    }


def _type(query: Query) -> str:
    kind = query.get("instType")
    if kind not in ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"):
        raise _refused("51000", "Parameter instType error")
    return kind


def _answer(rows: Sequence[Mapping[str, object]]) -> object:
    return {"code": "0", "data": rows, "msg": ""}


def _unknown_instrument() -> RefusedError:
    return _refused("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def _refused(code: str, message: str) -> RefusedError:
    return RefusedError(400, {"code": code, "data": [], "msg": message})


OKX = Wire(
    venue="okx",
    urls=urls,
    endpoints=(
        Endpoint(path="/api/v5/public/instruments", answer=instruments, funding=False),
        Endpoint(path="/api/v5/public/funding-rate", answer=funding_rate),
        Endpoint(path="/api/v5/public/funding-rate-history", answer=funding_rate_history),
        Endpoint(path="/api/v5/public/open-interest", answer=open_interest),
        Endpoint(path="/api/v5/market/books", answer=books, funding=False),
        Endpoint(path="/api/v5/public/mark-price", answer=mark_price),
        Endpoint(path="/api/v5/market/index-tickers", answer=index_tickers),
    ),
    too_many={"code": "50011", "data": [], "msg": "Too Many Requests"},
    empty={"code": "0", "data": [], "msg": ""},
)
