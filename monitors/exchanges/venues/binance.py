"""Binance's two futures markets share one format: `premiumIndex` for all, `fundingInfo` for adjusted intervals."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from monitors.exchanges import fields
from monitors.exchanges.parsing import parsed_intervals, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 1000


def binance_profile(venue: str, *, api: str, market_type: str, note: str) -> VenueProfile:
    """Describe one of the two markets; `api` is ccxt's prefix of its implicit methods."""
    premium_index, funding_info = f"{api}GetPremiumIndex", f"{api}GetFundingInfo"

    async def fetch(exchange: Exchange) -> object:
        return await getattr(exchange, premium_index)()

    async def intervals(exchange: Exchange) -> Mapping[str, timedelta]:
        answer = await getattr(exchange, funding_info)()
        return parsed_intervals(exchange, answer)

    return VenueProfile(
        venue=venue,
        fetch=fetch,
        rows=_rows,
        intervals=intervals,
        default_interval=timedelta(hours=8),
        settled=settled_by_time(_PAGE),
        settled_page_hours=_PAGE,
        options={"options": {"fetchMarkets": {"types": [market_type]}}},
        requires=(premium_index, funding_info, "parse_funding_rate", "fetch_funding_rate_history"),
        fills=frozenset({"mark_price", "index_price", "funding_at"}),
        note=note,
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    return parsed_rows(exchange, fields.entries(payload))
