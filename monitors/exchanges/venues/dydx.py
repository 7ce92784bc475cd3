"""dYdX v4: hourly funding of all markets in one answer of the indexer.

Source: docs.dydx.xyz, indexer HTTP API, "Get perpetual markets" and "Get historical funding". The oracle price is
the only one the protocol funds and margins with: it is given as the index and values the open interest, which is
in base units.
"""

from collections.abc import Iterator
from datetime import datetime

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile
from monitors.exchanges.venues.payload import market_of, rate_of, settled_page
from monitors.market import HOUR


async def _fetch(exchange: Exchange) -> object:
    return await exchange.indexerGetPerpetualMarkets()


def _rows(exchange: Exchange, payload: object) -> Iterator[FundingRow]:
    markets = payload.get("markets") if isinstance(payload, dict) else None
    for row in markets.values() if isinstance(markets, dict) else ():
        if isinstance(row, dict):
            yield FundingRow(
                symbol=market_of(exchange, row.get("ticker"))["symbol"],
                rate=rate_of(row.get("nextFundingRate")),
                index_price=fields.positive(row.get("oraclePrice")),
                open_interest_contracts=fields.amount(row.get("openInterest")),
            )


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    # The venue knows no start; it gives the newest rows up to a time, stamped with their block's milliseconds.
    newest = {"effectiveBeforeOrAt": exchange.iso8601(fields.milliseconds(until))}
    rates = await exchange.fetch_funding_rate_history(symbol, fields.milliseconds(since), None, newest)
    return settled_page(
        (fields.moment(rate["timestamp"]), fields.number(rate["fundingRate"]), HOUR) for rate in rates
    )


PROFILE = VenueProfile(
    venue="dydx",
    fetch=_fetch,
    rows=_rows,
    settled=_settled,
    settled_page_hours=100,  # API_LIMIT_V4 of the indexer: 100 at first, 1000 today
    default_interval=HOUR,
    requires=("indexerGetPerpetualMarkets", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "index_price"}),
    note="predicted rate of the running hour; the oracle price stands for index and mark",
)
