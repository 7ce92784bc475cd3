"""Binance USDⓈ-M futures on the wire (developers.binance.com, USDⓈ-M futures, market data REST)."""

from collections.abc import Mapping
from operator import itemgetter

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
)

PERPETUAL_DELIVERY = 4_133_404_800_000
"""The delivery date that stands for "never"."""
STANDARD_HOURS = 8
"""Symbols charged every 8 hours are absent from fundingInfo unless their caps were adjusted."""
HISTORY_LIMIT, HISTORY_DEFAULT = 1000, 100
BOOK_LIMITS, BOOK_DEFAULT = (5, 10, 20, 50, 100, 500, 1000), 500

_ADDRESSES = {
    "public": "/api/v3", "private": "/api/v3", "v1": "/api/v1",
    "fapiPublic": "/fapi/v1", "fapiPublicV2": "/fapi/v2", "fapiPublicV3": "/fapi/v3", "fapiData": "/futures/data",
    "fapiPrivate": "/fapi/v1", "fapiPrivateV2": "/fapi/v2", "fapiPrivateV3": "/fapi/v3",
    "dapiPublic": "/dapi/v1", "dapiPrivate": "/dapi/v1", "dapiPrivateV2": "/dapi/v2", "dapiData": "/futures/data",
    "eapiPublic": "/eapi/v1", "eapiPrivate": "/eapi/v1", "papi": "/papi/v1", "papiV2": "/papi/v2",
    "sapi": "/sapi/v1", "sapiV2": "/sapi/v2", "sapiV3": "/sapi/v3", "sapiV4": "/sapi/v4",
}  # fmt: skip


def urls(base: str) -> Mapping[str, object]:
    """Return ccxt's address tree."""
    return {name: base + path for name, path in _ADDRESSES.items()}


def exchange_info(view: View, _: Query) -> object:
    """Return every perpetual and one dated future."""
    future = f"BTCUSDT_{view.market.delivery:%y%m%d}"
    bitcoin = view.listings()[0]
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(view.now),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(view, listing, symbol(listing)) for listing in view.listings()]
        + [
            _symbol(view, bitcoin, future)
            | {"contractType": "CURRENT_QUARTER", "deliveryDate": milliseconds(view.market.delivery)}
        ],
    }


def premium_index(view: View, query: Query) -> object:
    """Return mark, index and predicted rate of all symbols, or of one."""
    rows = [_premium(view, quote) for quote in view.quotes()]
    dated = dict(rows[0], symbol=f"BTCUSDT_{view.market.delivery:%y%m%d}")
    rows.append(dated | {"lastFundingRate": "", "interestRate": "", "nextFundingTime": 0})
    wanted = query.get("symbol")
    if wanted is None:
        return rows
    for row in rows:
        if row["symbol"] == wanted:
            return row
    raise _refused(-1121, "Invalid symbol.")


def funding_info(view: View, _: Query) -> object:
    """Return interval and caps of the adjusted symbols only."""
    hours = {listing: view.market.hours(listing, view.now) for listing in view.listings()}
    return [
        {
            "symbol": symbol(listing),
            "adjustedFundingRateCap": f"{listing.cap:.8f}",
            "adjustedFundingRateFloor": f"{-listing.cap:.8f}",
            "fundingIntervalHours": interval,
            "disclaimer": False,
            "updateTime": milliseconds(view.market.started_at),
        }
        for listing, interval in hours.items()
        if interval != STANDARD_HOURS
    ]


def funding_rate(view: View, query: Query) -> object:
    """Return settled rates, oldest first: from `startTime` on, else the latest; without a symbol, of all."""
    limit = integer(
        query, "limit", HISTORY_DEFAULT, _refused(-1130, "Data sent for parameter 'limit' is not valid.")
    )
    wanted = query.get("symbol")
    listings = [each for each in view.listings() if wanted in (None, symbol(each))]
    if not listings:
        raise _refused(-1121, "Invalid symbol.")
    bad = _refused(-1130, "Data sent for parameter 'startTime' is not valid.")
    day = 86_400_000
    until = integer(query, "endTime", milliseconds(view.now), bad)
    earliest = milliseconds(view.market.listed_at) if wanted else until - day
    since = integer(query, "startTime", earliest, bad)
    stamped = [row for each in listings for row in _settled(view, each, since, until)]
    rows = [row for _, row in sorted(stamped, key=itemgetter(0))]
    limit = max(1, min(limit, HISTORY_LIMIT))
    return rows[:limit] if "startTime" in query else rows[-limit:]


def depth(view: View, query: Query) -> object:
    """Return one symbol's order book."""
    limit = integer(
        query, "limit", BOOK_DEFAULT, _refused(-1130, "Data sent for parameter 'limit' is not valid.")
    )
    if limit not in BOOK_LIMITS:
        raise _refused(-4021, f"'{limit}' is not valid depth limit.")
    quote = _one(view, query)
    now = milliseconds(view.now)
    sides = {"bids": bids(quote, limit), "asks": asks(quote, limit)}
    rows = {
        name: [[significant(price), plain(amount)] for price, amount in side] for name, side in sides.items()
    }
    return {"lastUpdateId": now, "E": now, "T": now, **rows}


def open_interest(view: View, query: Query) -> object:
    """Return one symbol's open interest in units of the base."""
    quote = _one(view, query)
    interest = plain(round(quote.open_interest / quote.listing.lot) * quote.listing.lot)
    return {"openInterest": interest, "symbol": symbol(quote.listing), "time": milliseconds(view.now)}


def symbol(listing: Listing) -> str:
    """Return the venue's id, such as 1000PEPEUSDT."""
    return f"{_base(listing)}USDT"


def _one(view: View, query: Query) -> Quote:
    for listing in view.listings():
        if symbol(listing) == query.get("symbol"):
            return view.quote(listing)
    raise _refused(-1121, "Invalid symbol.")


def _base(listing: Listing) -> str:
    return f"{listing.unit if listing.unit > 1 else ''}{listing.coin.ticker}"


def _symbol(view: View, listing: Listing, name: str) -> dict[str, object]:
    tick = power_of_ten(listing.coin.price * listing.unit / 1e5)
    step = power_of_ten(listing.lot)
    return {
        "symbol": name,
        "pair": symbol(listing),
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY,
        "onboardDate": milliseconds(view.market.listed_at),
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": _base(listing),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": len(tick.partition(".")[2]),
        "quantityPrecision": len(step.partition(".")[2]),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "10000000", "stepSize": step},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _premium(view: View, quote: Quote) -> dict[str, object]:
    return {
        "symbol": symbol(quote.listing),
        "markPrice": f"{quote.mark:.8f}",
        "indexPrice": f"{quote.index:.8f}",
        "estimatedSettlePrice": f"{quote.index:.8f}",
        "lastFundingRate": f"{quote.rate:.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": milliseconds(quote.next_funding_at),
        "time": milliseconds(view.now),
    }


def _settled(view: View, listing: Listing, since: int, until: int) -> list[tuple[int, dict[str, object]]]:
    """Return (time, row) in [since, until]; the venue stamps a settlement some milliseconds past the hour."""
    rows = []
    for at, quote in view.settled(listing, moment(since - 1000), moment(until)):
        stamp = milliseconds(at) + at.hour % 5
        if since <= stamp <= until:
            row: dict[str, object] = {
                "symbol": symbol(listing),
                "fundingTime": stamp,
                "fundingRate": f"{quote.rate:.8f}",
                "markPrice": f"{quote.mark:.8f}",
            }
            rows.append((stamp, row))
    return rows


def _refused(code: int, message: str) -> RefusedError:
    return RefusedError(400, {"code": code, "msg": message})


BINANCEUSDM = Wire(
    venue="binanceusdm",
    urls=urls,
    endpoints=(
        Endpoint(path="/fapi/v1/exchangeInfo", answer=exchange_info, funding=False),
        Endpoint(path="/fapi/v1/premiumIndex", answer=premium_index),
        Endpoint(path="/fapi/v1/fundingInfo", answer=funding_info),
        Endpoint(path="/fapi/v1/fundingRate", answer=funding_rate),
        Endpoint(path="/fapi/v1/depth", answer=depth, funding=False),
        Endpoint(path="/fapi/v1/openInterest", answer=open_interest, funding=False),
    ),
    too_many={"code": -1003, "msg": "Too many requests; current limit of IP is 2400 requests per minute."},
    empty=[],
)
