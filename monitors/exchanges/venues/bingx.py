"""BingX: one `premiumIndex` for the linear and one for the coin-margined perpetuals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile

_PAGE = 1000

_linear_settled = settled_by_time(_PAGE)


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.swapV2PublicGetQuotePremiumIndex(),
        await exchange.cswapV1PublicGetMarketPremiumIndex(),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    for answer in fields.documents(payload):
        yield from parsed_rows(exchange, fields.entries(answer, "data"), _row)


def _row(parsed: Mapping[str, Any]) -> FundingRow:
    return funding_row(parsed, funding_at=fields.moment(parsed["nextFundingTimestamp"]))


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    if exchange.market(symbol)["inverse"]:
        return SettledPage(rows=())
    return await _linear_settled(exchange, symbol, since, until)


PROFILE = VenueProfile(
    venue="bingx",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=_PAGE,
    requires=(
        "swapV2PublicGetQuotePremiumIndex",
        "cswapV1PublicGetMarketPremiumIndex",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"mark_price", "index_price", "funding_at", "interval"}),
    note="no public history of coin-margined funding",
)
