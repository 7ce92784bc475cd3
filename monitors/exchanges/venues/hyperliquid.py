"""Hyperliquid: all perpetuals of the main order book in one answer."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 500


async def _fetch(exchange: Exchange) -> object:
    return await exchange.publicPostInfo({"type": "metaAndAssetCtxs"})


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    """Join the two lists of the answer, which run in the same order."""
    match payload:
        case [{"universe": [*universe]}, [*contexts]] if len(universe) == len(contexts):
            return parsed_rows(exchange, map(_joined, universe, contexts), _row)
        case _:
            return ()


def _joined(asset: object, context: object) -> object:
    return {**asset, **context} if isinstance(asset, dict) and isinstance(context, dict) else None


def _row(parsed: Mapping[str, Any]) -> FundingRow:
    """The settlement ccxt gives is computed from this machine's clock, so it is left to the 1 h interval."""
    return funding_row(
        parsed,
        funding_at=None,
        open_interest_contracts=fields.amount(parsed["info"].get("openInterest")),
    )


PROFILE = VenueProfile(
    venue="hyperliquid",
    fetch=_fetch,
    rows=_rows,
    default_interval=timedelta(hours=1),
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    options={"options": {"fetchMarkets": {"types": ["swap"]}}},
    requires=("publicPostInfo", "parse_funding_rate", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price", "interval"}),
    note="the main order book; builder-deployed perpetuals (HIP-3) are left out",
)
