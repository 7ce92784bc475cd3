"""Bybit V5 linear and inverse contracts on the wire (bybit-exchange.github.io/docs/v5/market)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from monitors.market import HOUR, Margin
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

INSTRUMENTS_LIMIT, INSTRUMENTS_DEFAULT = 1000, 500
HISTORY_LIMIT = 200
BOOK_LIMIT, BOOK_DEFAULT = 500, 25
INTERESTS_LIMIT, INTERESTS_DEFAULT = 200, 50
SIDES = 2
"""`openInterest` counts both sides of every contract; `singleOpenInterest` one."""

INTERVALS = {
    "5min": timedelta(minutes=5),
    "15min": timedelta(minutes=15),
    "30min": timedelta(minutes=30),
    "1h": HOUR,
    "4h": 4 * HOUR,
    "1d": 24 * HOUR,
}

_DATED_ROW = {"fundingRate": "", "nextFundingTime": "0", "fundingIntervalHour": "", "fundingCap": ""}


def urls(base: str) -> Mapping[str, object]:
    """Return ccxt's address tree."""
    return dict.fromkeys(("spot", "futures", "v2", "public", "private"), base)


def instruments_info(view: View, query: Query) -> object:
    """Return a category's instruments, page by page; nothing is ever in pre-launch."""
    margin = _margin(query)
    if query.get("status", "Trading") != "Trading":
        return _answer(view, query, [])
    rows = [_instrument(view, listing) for listing in view.listings(margin)]
    if margin is Margin.LINEAR:
        rows.append(_dated_instrument(view, view.listings()[0]))
    start = integer(query, "cursor", 0, _refused("Illegal cursor"))
    limit = integer(query, "limit", INSTRUMENTS_DEFAULT, _refused("Illegal limit"))
    end = start + max(1, min(limit, INSTRUMENTS_LIMIT))
    return _answer(view, query, rows[start:end], cursor=str(end) if end < len(rows) else "")


def tickers(view: View, query: Query) -> object:
    """Return a category's tickers: prices, rate, both open interests."""
    margin = _margin(query)
    rows = [_ticker(quote) for quote in view.quotes(margin)]
    if margin is Margin.LINEAR:
        delivery = str(milliseconds(view.market.delivery))
        rows.append(dict(rows[0], symbol=_dated_symbol(view), deliveryTime=delivery) | _DATED_ROW)
    wanted = query.get("symbol")
    rows = [row for row in rows if wanted in (None, row["symbol"])]
    if not rows:
        raise _refused("params error: symbol invalid")
    return _answer(view, query, rows)


def funding_history(view: View, query: Query) -> object:
    """Return settled rates, newest first; `startTime` without `endTime` is an error."""
    listing = _one(view, query)
    if "startTime" in query and "endTime" not in query:
        raise _refused("params error: endTime is required when startTime is given")
    bad = _refused("params error: time invalid")
    since = integer(query, "startTime", milliseconds(view.market.listed_at), bad)
    until = integer(query, "endTime", milliseconds(view.now), bad)
    limit = integer(query, "limit", HISTORY_LIMIT, _refused("params error: limit invalid"))
    if not 1 <= limit <= HISTORY_LIMIT:
        raise _refused("params error: limit must be in 1..200")
    rows = [
        {
            "symbol": query["symbol"],
            "fundingRate": trimmed(quote.rate),
            "fundingRateTimestamp": str(milliseconds(at)),
        }
        for at, quote in reversed(view.settled(listing, moment(since), moment(until)))
    ]
    return _answer(view, query, rows[:limit])


def orderbook(view: View, query: Query) -> object:
    """Return one symbol's order book."""
    quote = view.quote(_one(view, query))
    limit = integer(query, "limit", BOOK_DEFAULT, _refused("params error: limit invalid"))
    if not 1 <= limit <= BOOK_LIMIT:
        raise _refused("params error: limit must be in 1..500")
    now = milliseconds(view.now)
    sides = {"b": bids(quote, limit), "a": asks(quote, limit)}
    rows = {
        name: [[significant(price), plain(amount)] for price, amount in side] for name, side in sides.items()
    }
    result = {"s": query["symbol"], **rows, "ts": now, "u": now, "seq": now, "cts": now}
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now}


def open_interest(view: View, query: Query) -> object:
    """Return open interest, both sides counted, at the last ends of an interval, newest first."""
    listing = _one(view, query)
    interval = INTERVALS.get(query.get("intervalTime", ""))
    if interval is None:
        raise _refused("params error: intervalTime invalid")
    limit = integer(query, "limit", INTERESTS_DEFAULT, _refused("params error: limit invalid"))
    if not 1 <= limit <= INTERESTS_LIMIT:
        raise _refused("params error: limit must be in 1..200")
    step = round(interval.total_seconds() * 1000)
    last = milliseconds(view.now) // step * step
    rows = []
    for stamp in range(last, last - limit * step, -step):
        [quote] = view.market.quotes([listing], moment(stamp))
        interest = quote.open_interest * (1.0 if listing.margin is Margin.LINEAR else quote.mark)
        rows.append({"openInterest": significant(SIDES * interest), "timestamp": str(stamp)})
    result = {"symbol": query["symbol"], "category": query["category"], "list": rows, "nextPageCursor": ""}
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": milliseconds(view.now)}


def symbol(listing: Listing) -> str:
    """Return the venue's id, such as 1000PEPEUSDT or BTCUSD."""
    return _base(listing) + ("USDT" if listing.margin is Margin.LINEAR else "USD")


def _one(view: View, query: Query) -> Listing:
    for listing in view.listings(_margin(query)):
        if symbol(listing) == query.get("symbol"):
            return listing
    raise _refused("params error: symbol invalid")


def _base(listing: Listing) -> str:
    return f"{listing.unit if listing.unit > 1 else ''}{listing.coin.ticker}"


def _dated_symbol(view: View) -> str:
    return f"BTCUSDT-{view.market.delivery:%d%b%y}".upper()


def _instrument(view: View, listing: Listing) -> dict[str, object]:
    linear = listing.margin is Margin.LINEAR
    tick = power_of_ten(listing.coin.price * listing.unit / 1e5)
    step = power_of_ten(listing.lot)
    return {
        "symbol": symbol(listing),
        "contractType": "LinearPerpetual" if linear else "InversePerpetual",
        "status": "Trading",
        "baseCoin": _base(listing),
        "quoteCoin": "USDT" if linear else "USD",
        "settleCoin": "USDT" if linear else listing.coin.ticker,
        "launchTime": str(milliseconds(view.market.listed_at)),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(len(tick.partition(".")[2])),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999.80", "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": "10000000",
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": "10000000",
            "maxMktOrderQty": "1000000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 60 * view.market.hours(listing, view.now),
        "copyTrading": "both" if linear else "none",
        "upperFundingRate": trimmed(listing.cap),
        "lowerFundingRate": trimmed(-listing.cap),
        "isPreListing": False,
        "preListingInfo": None,
        "displayName": "",
    }


def _dated_instrument(view: View, bitcoin: Listing) -> dict[str, object]:
    return _instrument(view, bitcoin) | {
        "symbol": _dated_symbol(view),
        "contractType": "LinearFutures",
        "deliveryTime": str(milliseconds(view.market.delivery)),
        "deliveryFeeRate": "0.0005",
        "fundingInterval": 0,
        "upperFundingRate": "",
        "lowerFundingRate": "",
    }


def _ticker(quote: Quote) -> dict[str, object]:
    linear = quote.listing.margin is Margin.LINEAR
    dollars = quote.open_interest * quote.mark
    quantity, value = (quote.open_interest, dollars) if linear else (dollars, quote.open_interest)
    price = significant(quote.mark)
    (bid, bid_size), (ask, ask_size) = bids(quote, 1)[0], asks(quote, 1)[0]
    return {
        "symbol": symbol(quote.listing),
        "lastPrice": price,
        "indexPrice": significant(quote.index),
        "markPrice": price,
        "prevPrice24h": price,
        "price24hPcnt": "0",
        "highPrice24h": price,
        "lowPrice24h": price,
        "prevPrice1h": price,
        "openInterest": significant(SIDES * quantity),
        "openInterestValue": significant(SIDES * value),
        "singleOpenInterest": significant(quantity),
        "turnover24h": significant(3 * dollars),
        "volume24h": significant(3 * quantity),
        "fundingRate": trimmed(quote.rate),
        "nextFundingTime": str(milliseconds(quote.next_funding_at)),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "ask1Size": plain(ask_size),
        "bid1Price": significant(bid),
        "ask1Price": significant(ask),
        "bid1Size": plain(bid_size),
        "basis": "",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
        "fundingIntervalHour": str(quote.interval // HOUR),
        "fundingCap": trimmed(quote.listing.cap),
        "basisRateYear": "",
    }


def _margin(query: Query) -> Margin:
    category = query.get("category")
    if category not in ("linear", "inverse"):
        raise _refused("Illegal category")
    return Margin(category)


def _answer(view: View, query: Query, rows: Sequence[Mapping[str, object]], *, cursor: str = "") -> object:
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"category": query["category"], "list": rows, "nextPageCursor": cursor},
        "retExtInfo": {},
        "time": milliseconds(view.now),
    }


def _refused(message: str) -> RefusedError:
    """Return Bybit's refusal: status 200, the code in the document."""
    return RefusedError(200, {"retCode": 10001, "retMsg": message, "result": {}, "retExtInfo": {}})


BYBIT = Wire(
    venue="bybit",
    urls=urls,
    endpoints=(
        Endpoint(path="/v5/market/instruments-info", answer=instruments_info, funding=False),
        Endpoint(path="/v5/market/tickers", answer=tickers),
        Endpoint(path="/v5/market/funding/history", answer=funding_history),
        Endpoint(path="/v5/market/orderbook", answer=orderbook, funding=False),
        Endpoint(path="/v5/market/open-interest", answer=open_interest, funding=False),
    ),
    too_many={"retCode": 10006, "retMsg": "Too many visits!", "result": {}, "retExtInfo": {}},
    empty={"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": [], "nextPageCursor": ""}},
)
