"""WOO X: predicted rate, interval and next settlement of all perpetuals in one answer.

Source: developer.woox.io, v3 "Get funding rate" and "Get funding rate history". ccxt's `fetch_funding_rates` is
not used: one symbol that its markets do not list raises BadSymbol for all.
"""

from collections.abc import Iterator

from monitors.exchanges import fields
from monitors.exchanges.parsing import settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at

_PAGE = 25


async def _fetch(exchange: Exchange) -> object:
    return await exchange.v3PublicGetFundingRate()


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    for row in rows_at(payload, "data", "rows"):
        yield FundingRow(
            symbol=market_of(exchange, row.get("symbol"))["symbol"],
            rate=rate_of(row.get("estFundingRate")),
            interval=fields.hours(row.get("estFundingIntervalHours")),
            funding_at=fields.moment(row.get("nextFundingTime")),
            observed_at=fields.moment(row.get("estFundingRateTimestamp")),
        )


PROFILE = VenueProfile(
    venue="woo",
    fetch=_fetch,
    rows=_rows,
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    requires=("v3PublicGetFundingRate", "fetch_funding_rate_history"),
    fills=frozenset({"funding_at", "interval"}),
    note="estimate for the coming settlement; the answer carries neither open interest nor prices",
)
