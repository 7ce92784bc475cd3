"""Paradex: funding accrues every second; the rate is for one whole funding period of the market.

Source: docs.paradex.trade, "Get markets summary" and funding mechanism. Its funding history is a series of such
observations, not of payments, so there is no settled history here.
"""

from collections.abc import Iterator
from datetime import timedelta

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, rows_at


async def _fetch(exchange: Exchange) -> object:
    return await exchange.publicGetMarketsSummary({"market": "ALL"})


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    for row in rows_at(payload, "results"):
        market = market_of(exchange, row.get("symbol"))
        yield FundingRow(
            symbol=market["symbol"],
            rate=rate_of(row.get("funding_rate")),
            interval=fields.hours((market["info"] or {}).get("funding_period_hours")),
            observed_at=fields.moment(row.get("created_at")),
            mark_price=fields.positive(row.get("mark_price")),
            index_price=fields.positive(row.get("underlying_price")),
            open_interest_contracts=fields.amount(row.get("open_interest")),
        )


PROFILE = VenueProfile(
    venue="paradex",
    fetch=_fetch,
    rows=_rows,
    default_interval=timedelta(hours=8),
    continuous=True,
    requires=("publicGetMarketsSummary",),
    fills=frozenset({"open_interest", "mark_price", "index_price", "interval"}),
    note="accrues continuously, so no settled history; one answer weighs 1.6 MB, so poll it slowly",
)
