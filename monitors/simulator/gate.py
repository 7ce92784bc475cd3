"""Gate perpetual futures on the wire (gate.com/docs/developers/apiv4, futures)."""

from collections.abc import Mapping

from monitors.liquidation import PositionSide
from monitors.market import HOUR, Margin
from monitors.simulator.book import asks, bids
from monitors.simulator.flow import Close
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
    power_of_ten,
    significant,
    trimmed,
)

HISTORY_LIMIT, HISTORY_DEFAULT = 1000, 100
BOOK_LIMIT, BOOK_DEFAULT = 300, 10
ARCHIVE_SPAN = 3600
"""Seconds that one look into the archive of liquidations may span."""

_PUBLIC = ("wallet", "futures", "margin", "delivery", "spot", "options", "sub_accounts", "earn")
_PRIVATE = (
    "withdrawals", "wallet", "futures", "margin", "delivery", "spot", "options", "subAccounts", "unified", "rebate",
    "earn", "account", "loan", "otc",
)  # fmt: skip

_CURRENCY = {
    "delisted": False,
    "withdraw_disabled": False,
    "withdraw_delayed": False,
    "deposit_disabled": False,
    "trade_disabled": False,
    "fixed_rate": "",
    "chains": [],
}

_CONTRACT = {
    "type": "direct",
    "status": "trading",
    "contract_type": "",
    "mark_type": "index",
    "in_delisting": False,
    "is_pre_market": False,
    "enable_bonus": True,
    "enable_credit": True,
    "enable_decimal": False,
    "enable_circuit_breaker": False,
    "interest_rate": "0.0003",
    "funding_offset": 0,
    "funding_cap_ratio": "0.75",
    "funding_impact_value": "60000",
    "leverage_min": "1",
    "leverage_max": "50",
    "cross_leverage_default": "10",
    "voucher_leverage": "0",
    "maintenance_rate": "0.01",
    "maker_fee_rate": "-0.0001",
    "taker_fee_rate": "0.00075",
    "ref_discount_rate": "0",
    "ref_rebate_rate": "0.2",
    "risk_limit_base": "1000000",
    "risk_limit_step": "1000000",
    "risk_limit_max": "8000000",
    "order_price_deviate": "0.2",
    "order_size_min": 1,
    "order_size_max": 1_000_000,
    "market_order_slip_ratio": "0.05",
    "market_order_size_max": "0",
    "orders_limit": 100,
    "long_users": 455,
    "short_users": 377,
    "trade_id": 10_851_092,
    "orderbook_id": 2_129_638_396,
}


def urls(base: str) -> Mapping[str, object]:
    """Return ccxt's address tree."""
    address = f"{base}/api/v4"
    return {"public": dict.fromkeys(_PUBLIC, address), "private": dict.fromkeys(_PRIVATE, address)}


def currencies(view: View, _: Query) -> object:
    """Return what ccxt asks for beside the contracts: the currencies, here without networks."""
    names = ["USDT", *(listing.coin.ticker for listing in view.listings())]
    return [{"currency": name, "name": name, "chain": name, **_CURRENCY} for name in names]


def contracts(view: View, query: Query) -> object:
    """Return a settlement currency's contracts: listing, prices and rate in one row."""
    return [_contract(view, quote) for quote in view.quotes(_margin(query))]


def contract(view: View, query: Query) -> object:
    """Return one contract."""
    return _contract(view, view.quote(_one(view, query)))


def order_book(view: View, query: Query) -> object:
    """Return one contract's order book, sizes in contracts."""
    listing = _one(view, query)
    limit = integer(query, "limit", BOOK_DEFAULT, _invalid("limit"))
    if not 1 <= limit <= BOOK_LIMIT:
        raise _invalid("limit")
    quote, now = view.quote(listing), milliseconds(view.now) / 1000
    sides = {"asks": asks(quote, limit), "bids": bids(quote, limit)}
    rows = {
        name: [{"s": round(amount / listing.lot), "p": significant(price)} for price, amount in side]
        for name, side in sides.items()
    }
    return {"current": now, "update": now, **rows}


def liq_orders(view: View, query: Query) -> object:
    """Return forced closes, newest first, of one contract or of all: times in seconds, sizes of the positions."""
    listings = view.listings(_margin(query)) if query.get("contract") is None else [_one(view, query)]
    until = integer(query, "to", milliseconds(view.now) // 1000, _invalid("to"))
    since = integer(query, "from", until - ARCHIVE_SPAN, _invalid("from"))
    limit = integer(query, "limit", HISTORY_DEFAULT, _invalid("limit"))
    if not 1 <= limit <= HISTORY_LIMIT:
        raise _invalid("limit")
    if not 0 <= until - since <= ARCHIVE_SPAN:
        raise _invalid("from")
    found = view.closes(moment(since * 1000), moment((until + 1) * 1000))
    return [_liquidation(each) for each in reversed(found) if each.listing in listings][:limit]


def funding_rate(view: View, query: Query) -> object:
    """Return settled rates, newest first; times are in seconds."""
    listing = _one(view, query)
    since = integer(query, "from", milliseconds(view.market.listed_at) // 1000, _invalid("from"))
    until = integer(query, "to", milliseconds(view.now) // 1000, _invalid("to"))
    limit = integer(query, "limit", HISTORY_DEFAULT, _invalid("limit"))
    if not 1 <= limit <= HISTORY_LIMIT:
        raise _invalid("limit")
    rows = [
        {"t": round(at.timestamp()), "r": f"{quote.rate:.6f}"}
        for at, quote in reversed(view.settled(listing, moment(since * 1000), moment(until * 1000)))
    ]
    return rows[:limit]


def name(listing: Listing) -> str:
    """Return the venue's id, such as BTC_USDT."""
    return f"{listing.coin.ticker}_{'USDT' if listing.margin is Margin.LINEAR else 'USD'}"


def contract_size(listing: Listing) -> str:
    """Return coins per contract; "0" stands for one dollar per contract (BTC_USD)."""
    return "0" if listing.margin is Margin.INVERSE else power_of_ten(listing.lot)


def contracts_closed(close: Close) -> int:
    """Return how many contracts a close was."""
    return round(close.quantity / close.listing.lot)


def _one(view: View, query: Query) -> Listing:
    wanted = query.get("contract")
    if wanted is None:
        raise _refused("MISSING_REQUIRED_PARAM", "Missing required parameter: contract")
    for listing in view.listings(_margin(query)):
        if name(listing) == wanted:
            return listing
    raise _refused("CONTRACT_NOT_FOUND", f"contract {wanted} not found")


def _liquidation(close: Close) -> dict[str, object]:
    size = contracts_closed(close) * (1 if close.side is PositionSide.LONG else -1)
    price = significant(close.price)
    return {
        "time": milliseconds(close.at) // 1000,
        "contract": name(close.listing),
        "size": size,
        "order_size": -size,
        "order_price": price,
        "fill_price": price,
        "left": 0,
    }


def _contract(view: View, quote: Quote) -> dict[str, object]:
    listing, size = quote.listing, contract_size(quote.listing)
    dollars = quote.open_interest * quote.mark
    contracts_open = dollars if listing.margin is Margin.INVERSE else quote.open_interest / float(size)
    listed_at = milliseconds(view.market.listed_at) // 1000
    return {
        **_CONTRACT,
        "name": name(listing),
        "type": "direct" if listing.margin is Margin.LINEAR else "inverse",
        "quanto_multiplier": size,
        "last_price": significant(quote.mark),
        "mark_price": significant(quote.mark),
        "index_price": significant(quote.index),
        "mark_price_round": power_of_ten(listing.coin.price / 1e5),
        "order_price_round": power_of_ten(listing.coin.price / 1e5),
        "funding_rate": f"{quote.rate:.6f}",
        "funding_rate_indicative": f"{quote.rate:.6f}",
        "funding_rate_limit": trimmed(listing.cap),
        "funding_interval": 3600 * (quote.interval // HOUR),
        "funding_next_apply": round(quote.next_funding_at.timestamp()),
        "position_size": round(contracts_open),
        "trade_size": 300 * round(contracts_open),
        "config_change_time": listed_at,
        "create_time": listed_at,
        "launch_time": listed_at,
    }


def _margin(query: Query) -> Margin:
    match query["settle"]:
        case "usdt":
            return Margin.LINEAR
        case "btc":
            return Margin.INVERSE
        case _:
            raise _invalid("settle")


def _invalid(parameter: str) -> RefusedError:
    return _refused("INVALID_PARAM_VALUE", f"Invalid request parameter `{parameter}` value")


def _refused(label: str, message: str) -> RefusedError:
    return RefusedError(400, {"label": label, "message": message})


GATE = Wire(
    venue="gate",
    urls=urls,
    endpoints=(
        Endpoint(path="/api/v4/spot/currencies", answer=currencies, funding=False),
        Endpoint(path="/api/v4/futures/{settle}/contracts", answer=contracts),
        Endpoint(path="/api/v4/futures/{settle}/contracts/{contract}", answer=contract),
        Endpoint(path="/api/v4/futures/{settle}/funding_rate", answer=funding_rate),
        Endpoint(path="/api/v4/futures/{settle}/order_book", answer=order_book, funding=False),
        Endpoint(path="/api/v4/futures/{settle}/liq_orders", answer=liq_orders, funding=False),
    ),
    too_many={"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"},
    empty=[],
)
