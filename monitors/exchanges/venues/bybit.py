"""Bybit: the tickers of a category carry funding, open interest and prices in one answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import funding_row, parsed_rows, settled_by_time
from monitors.exchanges.profile import Exchange, FundingRow, VenueProfile

_PAGE = 200


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.publicGetV5MarketTickers({"category": "linear"}),
        await exchange.publicGetV5MarketTickers({"category": "inverse"}),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    for answer in fields.documents(payload):
        tickers = fields.entries(answer, "result", "list")
        build = _inverse_row if tickers and answer["result"].get("category") == "inverse" else _linear_row
        yield from parsed_rows(exchange, (_timed(ticker, answer) for ticker in tickers), build)


def _timed(ticker: object, answer: Mapping[str, Any]) -> object:
    return {**ticker, "timestamp": answer.get("time")} if isinstance(ticker, dict) else ticker


def _linear_row(parsed: Mapping[str, Any]) -> FundingRow:
    return _row(parsed, open_interest_contracts=_one_sided(parsed["info"]))


def _inverse_row(parsed: Mapping[str, Any]) -> FundingRow:
    return _row(parsed, open_interest_usd=_one_sided(parsed["info"]))


def _row(parsed: Mapping[str, Any], **open_interest: float | None) -> FundingRow:
    """Prefer the ticker's interval: the one ccxt gives comes from markets that may be hours old."""
    interval = fields.hours(parsed["info"].get("fundingIntervalHour")) or fields.interval(parsed["interval"])
    return funding_row(parsed, interval=interval, **open_interest)


def _one_sided(ticker: Mapping[str, Any]) -> float | None:
    """`openInterest` counts both sides (base coins; dollars if inverse); `singleOpenInterest` one, where sent.

    https://bybit-exchange.github.io/docs/v5/market/tickers
    """
    single = fields.amount(ticker.get("singleOpenInterest"))
    both = fields.amount(ticker.get("openInterest"))
    return single if single is not None or both is None else both / 2


PROFILE = VenueProfile(
    venue="bybit",
    fetch=_fetch,
    rows=_rows,
    settled=settled_by_time(_PAGE),
    settled_page_hours=_PAGE,
    options={"options": {"fetchMarkets": {"types": ["linear", "inverse"]}}},
    requires=("publicGetV5MarketTickers", "parse_funding_rate", "fetch_funding_rate_history"),
    fills=frozenset({"open_interest", "mark_price", "index_price", "funding_at", "interval"}),
    note="open interest is published for both sides and halved here where no one-sided figure is sent",
)
