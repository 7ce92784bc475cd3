"""Aster: Binance's format, third version of its paths."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_intervals, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 1000


async def _fetch(exchange: Exchange) -> object:
    return await exchange.fapiPublicGetV3PremiumIndex()


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    return parsed_rows(exchange, fields.entries(payload), _row)


def _row(parsed: Mapping[str, Any]) -> FundingRow:
    return funding_row(parsed, funding_at=fields.moment(parsed["nextFundingTimestamp"]))


async def _intervals(exchange: Exchange) -> Mapping[str, timedelta]:
    return parsed_intervals(exchange, await exchange.fapiPublicGetV3FundingInfo())


PROFILE = VenueProfile(
    venue="aster",
    fetch=_fetch,
    rows=_rows,
    intervals=_intervals,
    default_interval=timedelta(hours=8),
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    requires=(
        "fapiPublicGetV3PremiumIndex",
        "fapiPublicGetV3FundingInfo",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"mark_price", "index_price", "funding_at"}),
    note="an instrument absent from fundingInfo settles every 8 h",
)
