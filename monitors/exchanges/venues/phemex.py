"""Phemex: plain decimals for stablecoin-margined contracts, scaled integers for the others.

Source: phemex-docs.github.io, "Query 24 hours ticker for all symbols" of both contract APIs. A key that ends in
Rr, Rp or Rv holds the number itself; Er and Ep hold it times ten to the market's `ratioScale` or `priceScale`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at, settled_page

_PAGE = 100
_NANOSECONDS_PER_MILLISECOND = 1_000_000
_HOURS_PER_DAY = 24


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.v2GetMdV2Ticker24hrAll(),
        await exchange.v1GetMdTicker24hrAll(),
    )


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    plain, scaled = fields.documents(payload)
    for ticker in rows_at(plain, "result"):
        yield _plain_row(ticker, market_of(exchange, ticker.get("symbol")))
    for ticker in rows_at(scaled, "result"):
        yield _scaled_row(ticker, market_of(exchange, ticker.get("symbol")))


def _plain_row(ticker: Mapping[str, Any], market: Mapping[str, Any]) -> FundingRow:
    return FundingRow(
        symbol=market["symbol"],
        rate=rate_of(ticker.get("fundingRateRr")),
        interval=_interval(market),
        observed_at=_observed_at(ticker),
        mark_price=fields.positive(ticker.get("markPriceRp")),
        index_price=fields.positive(ticker.get("indexPriceRp")),
        open_interest_contracts=fields.amount(ticker.get("openInterestRv")),
    )


def _scaled_row(ticker: Mapping[str, Any], market: Mapping[str, Any]) -> FundingRow:
    ratio_scale, price_scale = market.get("ratioScale"), market.get("priceScale")
    return FundingRow(
        symbol=market["symbol"],
        rate=_unscaled(rate_of(ticker.get("fundingRateEr")), ratio_scale),
        interval=_interval(market),
        observed_at=_observed_at(ticker),
        mark_price=_unscaled(fields.positive(ticker.get("markEp")), price_scale),
        index_price=_unscaled(fields.positive(ticker.get("indexEp")), price_scale),
        open_interest_contracts=fields.amount(ticker.get("openInterest")),
    )


def _unscaled(value: float | None, scale: int | None) -> float | None:
    return None if value is None or scale is None else value / 10.0**scale


def _observed_at(ticker: Mapping[str, Any]) -> datetime | None:
    nanoseconds = fields.number(ticker.get("timestamp"))
    return None if nanoseconds is None else fields.moment(nanoseconds / _NANOSECONDS_PER_MILLISECOND)


def _interval(market: Mapping[str, Any]) -> timedelta | None:
    """Return the market's funding interval: seconds in the product list, hours in its older twin (inverse)."""
    length = fields.positive((market["info"] or {}).get("fundingInterval"))
    is_in_hours = length is not None and length <= _HOURS_PER_DAY
    return fields.hours(length) if is_in_hours else fields.seconds(length)


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    rates = await exchange.fetch_funding_rate_history(
        symbol, fields.milliseconds(since), _PAGE, {"until": fields.milliseconds(until)}
    )
    return settled_page(
        (
            fields.moment(rate["timestamp"]),
            fields.number(rate["fundingRate"]),
            fields.seconds(rate["info"].get("intervalSeconds")),
        )
        for rate in rates
    )


PROFILE = VenueProfile(
    venue="phemex",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=_PAGE,
    default_interval=timedelta(hours=8),
    requires=("v2GetMdV2Ticker24hrAll", "v1GetMdTicker24hrAll", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price", "interval"}),
    note="rate of the running period; one request for stablecoin-margined contracts, one for the others",
)
