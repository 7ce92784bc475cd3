"""Lighter: settles every hour, publishes the rate per 8 hours.

Source: apidocs.lighter.xyz, funding-rates, orderBookDetails and fundings. `funding-rates` repeats the rates of
other exchanges and carries no open interest: that is a second request, in base units, valued with the last trade.
ccxt gives these markets `quote_multiplier` as contract size, so nothing here is counted in contracts.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import ceil
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import optional
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at, settled_page
from monitors.market import HOUR

_HOURS_QUOTED = 8
_PERCENT = 100
_SIGNS = {"long": 1, "short": -1}
"""Who pays: the history gives the amount without a sign."""


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.publicGetFundingRates(),
        await optional(exchange.publicGetOrderBookDetails()),
    )


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    rates, details = fields.documents(payload)
    books = fields.by_id(fields.entries(details, "order_book_details"), "market_id")
    for row in rows_at(rates, "funding_rates"):
        if row.get("exchange") != "lighter":
            continue
        market_id, rate = str(row.get("market_id")), rate_of(row.get("rate"))
        yield FundingRow(
            symbol=market_of(exchange, market_id)["symbol"],
            rate=None if rate is None else rate / _HOURS_QUOTED,
            open_interest_usd=_open_interest(books.get(market_id, {})),
        )


def _open_interest(book: Mapping[str, Any]) -> float | None:
    base_units, price = (
        fields.amount(book.get("open_interest")),
        fields.positive(book.get("last_trade_price")),
    )
    return None if base_units is None or price is None else base_units * price


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    answer = await exchange.publicGetFundings(
        {
            "market_id": exchange.market_id(symbol),
            "resolution": "1h",
            "start_timestamp": fields.milliseconds(since),
            "end_timestamp": fields.milliseconds(until),
            "count_back": ceil((until - since) / HOUR),
        }
    )
    return settled_page((_settled_at(row), _paid(row), HOUR) for row in rows_at(answer, "fundings"))


def _settled_at(row: Mapping[str, Any]) -> datetime | None:
    seconds = fields.number(row.get("timestamp"))
    return None if seconds is None else fields.moment(seconds * 1000)


def _paid(row: Mapping[str, Any]) -> float | None:
    """Return the signed fraction per hour; the venue gives percent and the paying side."""
    percent, sign = fields.number(row.get("rate")), _SIGNS.get(str(row.get("direction")))
    return None if percent is None or sign is None else sign * percent / _PERCENT


PROFILE = VenueProfile(
    venue="lighter",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=500,  # no documented maximum; pages of 720 rows have been seen
    default_interval=HOUR,
    requires=("publicGetFundingRates", "publicGetOrderBookDetails", "publicGetFundings"),
    fills=frozenset({"open_interest"}),
    note="published per 8 hours, settled and shown per hour; open interest is valued at the last trade",
)
