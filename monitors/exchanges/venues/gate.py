"""Gate: the contracts of a settlement currency carry funding, prices and positions."""

from collections.abc import Iterable, Mapping
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 1000


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.publicFuturesGetSettleContracts({"settle": "usdt"}),
        await exchange.publicFuturesGetSettleContracts({"settle": "btc"}),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    for contracts in fields.documents(payload):
        yield from parsed_rows(exchange, fields.entries(contracts), _row)


def _row(parsed: Mapping[str, Any]) -> FundingRow:
    """`position_size` is the long side alone: https://www.gate.com/docs/developers/apiv4/en/#contract."""
    return funding_row(parsed, open_interest_contracts=fields.amount(parsed["info"].get("position_size")))


PROFILE = VenueProfile(
    venue="gate",
    fetch=_fetch,
    rows=_rows,
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    options={"options": {"fetchMarkets": {"types": ["swap"]}}},
    requires=("publicFuturesGetSettleContracts", "parse_funding_rate", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price", "funding_at", "interval"}),
    note="contracts settled in a third coin are left out",
)
