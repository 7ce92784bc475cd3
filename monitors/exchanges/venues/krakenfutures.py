"""Kraken Futures: hourly funding, published as an absolute amount that only the price makes a rate.

Source: docs.kraken.com, Futures API, "Get tickers" and "Historical funding rates". ccxt's `fetch_funding_rates`
is not used: it divides by the mark price for inverse contracts too (wrong by the price squared), clamps at 25 %
an hour and raises BadSymbol for the whole batch on one unlisted id.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import nan
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at, settled_page
from monitors.market import HOUR, Margin
from monitors.metrics.funding import relative_from_absolute


async def _fetch(exchange: Exchange) -> object:
    return await exchange.publicGetTickers()


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    # A row's `lastTime` is its last trade, hours ago in a quiet market; the answer's own time is `serverTime`.
    server_time = payload.get("serverTime") if isinstance(payload, dict) else None
    observed_at = fields.moment(exchange.parse8601(server_time))
    for ticker in rows_at(payload, "tickers"):
        market = market_of(exchange, ticker.get("symbol"))
        yield FundingRow(
            symbol=market["symbol"],
            rate=_relative(ticker, market),
            observed_at=observed_at,
            mark_price=fields.positive(ticker.get("markPrice")),
            index_price=fields.positive(ticker.get("indexPrice")),
            open_interest_contracts=fields.amount(ticker.get("openInterest")),
        )


def _relative(ticker: Mapping[str, Any], market: Mapping[str, Any]) -> float | None:
    """Return the running hour's rate as a fraction; PF_ contracts are linear, PI_ are inverse."""
    absolute, is_inverse = rate_of(ticker.get("fundingRate")), market["inverse"]
    if absolute is None or is_inverse is None:
        return None
    mark_price = fields.positive(ticker.get("markPrice"))
    margin = Margin.INVERSE if is_inverse else Margin.LINEAR
    return nan if mark_price is None else relative_from_absolute(absolute, mark_price, margin)


async def _settled(exchange: Exchange, symbol: str, _since: datetime, _until: datetime) -> SettledPage:
    # The endpoint takes no window; ccxt reads `relativeFundingRate`, which is right for both kinds of contract.
    rates = await exchange.fetch_funding_rate_history(symbol)
    return settled_page(
        (fields.moment(rate["timestamp"]), fields.number(rate["fundingRate"]), HOUR) for rate in rates
    )


PROFILE = VenueProfile(
    venue="krakenfutures",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    default_interval=HOUR,
    requires=("publicGetTickers", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price"}),
    note="rate of the running hour, already fixed; made relative with the mark price",
)
