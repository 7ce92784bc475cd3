"""MEXC: funding of all contracts from a path ccxt has no method for, prices and positions from the tickers."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, optional, parsed_rows, settled_by_page
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 100


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.request("funding_rate", ["contract", "public"]),
        await optional(exchange.contractPublicGetTicker()),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    rates, tickers = (fields.entries(answer, "data") for answer in fields.documents(payload))
    return parsed_rows(exchange, rates, partial(_row, fields.by_id(tickers, "symbol")))


def _row(tickers: Mapping[str, Any], parsed: Mapping[str, Any]) -> FundingRow:
    ticker = tickers.get(parsed["info"]["symbol"], {})
    return funding_row(
        parsed,
        mark_price=fields.positive(ticker.get("fairPrice")),
        index_price=fields.positive(ticker.get("indexPrice")),
        open_interest_contracts=fields.amount(ticker.get("holdVol")),
    )


PROFILE = VenueProfile(
    venue="mexc",
    fetch=_fetch,
    rows=_rows,
    settled=settled_by_page(_PAGE, "page_num"),
    requires=("request", "contractPublicGetTicker", "parse_funding_rate", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price", "funding_at", "interval"}),
    note="open interest as published (holdVol); the venue does not say whether it counts one side",
)
