"""Bitget: tickers per product line; intervals from a second endpoint."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_intervals, parsed_rows, settled_by_page
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_LINES = ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
_INVERSE = "COIN-FUTURES"
_PAGE = 100


async def _fetch(exchange: Exchange) -> object:
    return [await exchange.publicMixGetV2MixMarketTickers({"productType": line}) for line in _LINES]


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    for line, answer in zip(_LINES, fields.documents(payload), strict=True):
        build = _inverse_row if line == _INVERSE else _linear_row
        yield from parsed_rows(exchange, fields.entries(answer, "data"), build)


def _linear_row(parsed: Mapping[str, Any]) -> FundingRow:
    return funding_row(parsed, open_interest_contracts=fields.amount(parsed["info"].get("holdingAmount")))


def _inverse_row(parsed: Mapping[str, Any]) -> FundingRow:
    """`holdingAmount` is in base coins on every product line."""
    coins = fields.amount(parsed["info"].get("holdingAmount"))
    mark = fields.positive(parsed["markPrice"]) or fields.positive(parsed["indexPrice"])
    return funding_row(parsed, open_interest_usd=coins * mark if coins is not None and mark else None)


async def _intervals(exchange: Exchange) -> Mapping[str, timedelta]:
    found: dict[str, timedelta] = {}
    for line in _LINES:
        answer = await exchange.publicMixGetV2MixMarketCurrentFundRate({"productType": line})
        found |= parsed_intervals(exchange, answer, "data")
    return found


PROFILE = VenueProfile(
    venue="bitget",
    fetch=_fetch,
    rows=_rows,
    intervals=_intervals,
    settled=settled_by_page(_PAGE, "pageNo"),
    options={"options": {"fetchMarkets": {"types": ["swap"]}}},
    requires=(
        "publicMixGetV2MixMarketTickers",
        "publicMixGetV2MixMarketCurrentFundRate",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"open_interest", "mark_price", "index_price"}),
    note="tickers name no settlement: the coming one is derived from the interval",
)
