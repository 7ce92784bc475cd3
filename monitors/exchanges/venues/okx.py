"""OKX: funding of all swaps in one answer; mark prices and open interest in two more."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, optional, parsed_rows, settled_page
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile

_PAGE = 100


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.publicGetPublicFundingRate({"instId": "ANY"}),
        await optional(exchange.publicGetPublicMarkPrice({"instType": "SWAP"})),
        await optional(exchange.publicGetPublicOpenInterest({"instType": "SWAP"})),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    rates, prices, interests = (fields.entries(answer, "data") for answer in fields.documents(payload))
    marks, open_interests = fields.by_id(prices, "instId"), fields.by_id(interests, "instId")
    return parsed_rows(exchange, rates, partial(_row, marks, open_interests))


def _row(
    marks: Mapping[str, Any], open_interests: Mapping[str, Any], parsed: Mapping[str, Any]
) -> FundingRow:
    info = parsed["info"]
    open_interest = open_interests.get(info["instId"], {})
    return funding_row(
        parsed,
        interval=_interval(info),
        observed_at=fields.moment(info.get("ts")),
        mark_price=fields.positive(marks.get(info["instId"], {}).get("markPx")),
        open_interest_contracts=fields.amount(open_interest.get("oi")),
        open_interest_usd=fields.amount(open_interest.get("oiUsd")),
    )


def _interval(info: Mapping[str, Any]) -> timedelta | None:
    """The gap that ends at `fundingTime`; ccxt gives the one after it, which differs while OKX shortens it."""
    funding_at = fields.moment(info.get("fundingTime"))
    before = fields.moment(info.get("prevFundingTime"))
    after = fields.moment(info.get("nextFundingTime"))
    if funding_at and before and before < funding_at:
        return funding_at - before
    return after - funding_at if funding_at and after and after > funding_at else None


async def _settled(exchange: Exchange, symbol: str, _since: datetime, until: datetime) -> SettledPage:
    """The page pages back only: `after` gives the settlements before a time, newest first.

    https://www.okx.com/docs-v5/en/#public-data-rest-api-get-funding-rate-history
    """
    after = {"after": str(fields.milliseconds(until))}
    return settled_page(await exchange.fetch_funding_rate_history(symbol, None, _PAGE, after))


PROFILE = VenueProfile(
    venue="okx",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=_PAGE,
    options={"options": {"fetchMarkets": {"types": ["swap"]}}},
    requires=(
        "publicGetPublicFundingRate",
        "publicGetPublicMarkPrice",
        "publicGetPublicOpenInterest",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"open_interest", "mark_price", "funding_at", "interval"}),
    note="history reaches back about three months",
)
