"""Deribit: funding accrues continuously; `current_funding` is the live rate per 8 hours.

Source: docs.deribit.com, public/get_book_summary_by_currency and public/get_funding_rate_history. `funding_8h`
is what the trailing 8 hours came to, and so is `interest_8h` of the hourly history rows: adding those up would
count each hour eight times, hence `interest_1h`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at, settled_page
from monitors.market import HOUR

_CURRENCIES = ("BTC", "ETH", "USDC", "USDT")


async def _fetch(exchange: Exchange) -> object:
    return [
        await exchange.publicGetGetBookSummaryByCurrency({"currency": currency, "kind": "future"})
        for currency in _CURRENCIES
    ]


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    for answer in fields.documents(payload):
        for summary in rows_at(answer, "result"):
            market = market_of(exchange, summary.get("instrument_name"))
            yield FundingRow(
                symbol=market["symbol"],
                rate=rate_of(summary.get("current_funding")),
                observed_at=fields.moment(summary.get("creation_timestamp")),
                mark_price=fields.positive(summary.get("mark_price")),
                open_interest_contracts=_contracts(summary, market),
            )


def _contracts(summary: Mapping[str, Any], market: Mapping[str, Any]) -> float | None:
    """Return contracts; the venue counts the amount, in USD (inverse) or in coins (linear)."""
    amount, size = fields.amount(summary.get("open_interest")), fields.positive(market["contractSize"])
    return None if amount is None or size is None else amount / size


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    rates = await exchange.fetch_funding_rate_history(
        symbol, fields.milliseconds(since), None, {"until": fields.milliseconds(until)}
    )
    return settled_page(
        (fields.moment(rate["timestamp"]), fields.number(rate["info"].get("interest_1h")), HOUR)
        for rate in rates
    )


PROFILE = VenueProfile(
    venue="deribit",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=720,  # the venue returns at most 744 hourly rows
    default_interval=timedelta(hours=8),
    continuous=True,
    requires=("publicGetGetBookSummaryByCurrency", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price"}),
    note="accrues continuously: the rate is the live one per 8 hours, history is what each hour came to",
)
