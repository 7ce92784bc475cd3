"""KuCoin Futures: funding of all contracts in one answer; prices and open interest with the contracts."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, optional, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 100


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.utaV2GetMarketFundingRate(),
        await optional(exchange.futuresPublicGetContractsActive()),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    rates, contracts = (fields.entries(answer, "data") for answer in fields.documents(payload))
    build = partial(_row, fields.by_id(contracts, "symbol"))
    return parsed_rows(exchange, (rate for rate in rates if not _is_index(rate)), build)


def _is_index(rate: object) -> bool:
    """Tell the funding indices (`.XBTUSDTMFPI8H`) that come among the contracts."""
    return isinstance(rate, dict) and str(rate.get("symbol")).startswith(".")


def _row(contracts: Mapping[str, Any], parsed: Mapping[str, Any]) -> FundingRow:
    """`nextFundingTimestamp` is when the interval last changed, often years ago: only `fundingTime` counts."""
    contract = contracts.get(parsed["info"]["symbol"], {})
    return funding_row(
        parsed,
        mark_price=fields.positive(contract.get("markPrice")),
        index_price=fields.positive(contract.get("indexPrice")),
        open_interest_contracts=fields.amount(contract.get("openInterest")),
    )


PROFILE = VenueProfile(
    venue="kucoinfutures",
    fetch=_fetch,
    rows=_rows,
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    requires=(
        "utaV2GetMarketFundingRate",
        "futuresPublicGetContractsActive",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"open_interest", "mark_price", "index_price", "funding_at", "interval"}),
    note="8 h contracts settle at 04:00, 12:00 and 20:00 UTC",
)
