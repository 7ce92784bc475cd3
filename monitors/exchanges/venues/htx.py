"""HTX: batch funding of the linear and of the coin-margined swaps; intervals by ten contracts a request."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.parsing import (
    funding_row,
    optional,
    parsed_intervals,
    parsed_rows,
    settled_by_page,
    settled_page,
)
from monitors.exchanges.profile import Exchange, FundingRow, SettledPage, VenueProfile

_LINEAR_PAGE = 100
_INVERSE_PAGE = 50
_CODES_PER_REQUEST = 10
_CONTRACT_API = ["contract", "public"]
_INVERSE_INTERVAL = timedelta(hours=8)
"""https://huobiapi.github.io/docs/coin_margined_swap/v1/en/: settled at 00:00, 08:00 and 16:00."""

_inverse_settled = settled_by_page(_INVERSE_PAGE, "page_index")


async def _fetch(exchange: Exchange) -> object:
    return (
        await exchange.request("linear-swap-api/v1/swap_batch_funding_rate", _CONTRACT_API, "GET", {}),
        await optional(exchange.request("linear-swap-api/v1/swap_open_interest", _CONTRACT_API, "GET", {})),
        await exchange.contractPublicGetSwapApiV1SwapBatchFundingRate(),
        await optional(exchange.contractPublicGetSwapApiV1SwapOpenInterest()),
    )


def _rows(exchange: Exchange, payload: object) -> Iterable[FundingRow]:
    linear, linear_interests, inverse, inverse_interests = fields.documents(payload)
    for rates, interests, build in (
        (linear, linear_interests, _linear_row),
        (inverse, inverse_interests, _inverse_row),
    ):
        known = fields.by_id(fields.entries(interests, "data"), "contract_code")
        observed_at = fields.moment(rates.get("ts")) if isinstance(rates, dict) else None
        row = partial(build, known, observed_at)
        yield from parsed_rows(exchange, fields.entries(rates, "data"), row)


def _linear_row(
    interests: Mapping[str, Any], observed_at: datetime | None, parsed: Mapping[str, Any]
) -> FundingRow:
    interest = interests.get(parsed["info"]["contract_code"], {})
    return funding_row(
        parsed,
        observed_at=observed_at,
        open_interest_contracts=_one_sided(interest.get("volume")),
        open_interest_usd=_one_sided(interest.get("value")),
    )


def _inverse_row(
    interests: Mapping[str, Any], observed_at: datetime | None, parsed: Mapping[str, Any]
) -> FundingRow:
    interest = interests.get(parsed["info"]["contract_code"], {})
    return funding_row(
        parsed,
        interval=fields.interval(parsed["interval"]) or _INVERSE_INTERVAL,
        observed_at=observed_at,
        open_interest_contracts=_one_sided(interest.get("volume")),
    )


def _one_sided(value: object) -> float | None:
    """Halve what HTX documents as the "sum of both buy and sell sides"."""
    both = fields.amount(value)
    return None if both is None else both / 2


async def _intervals(exchange: Exchange) -> Mapping[str, timedelta]:
    """Ask for ten contracts at a time, the most the endpoint takes; only it names two settlements."""
    linear = [market for market in exchange.markets.values() if market["swap"] and market["linear"]]
    codes = sorted(market["id"] for market in linear if market["active"])
    found: dict[str, timedelta] = {}
    for some in _chunks(codes):
        answer = await exchange.contractPublicGetV5MarketFundingRate({"contract_code": ",".join(some)})
        found |= parsed_intervals(exchange, answer, "data")
    return found


def _chunks(codes: Sequence[str]) -> Iterable[Sequence[str]]:
    return (codes[at : at + _CODES_PER_REQUEST] for at in range(0, len(codes), _CODES_PER_REQUEST))


async def _settled(exchange: Exchange, symbol: str, since: datetime, until: datetime) -> SettledPage:
    if exchange.market(symbol)["inverse"]:
        return await _inverse_settled(exchange, symbol, since, until)
    before = {"end_time": fields.milliseconds(until) - 1}
    start = fields.milliseconds(since)
    return settled_page(await exchange.fetch_funding_rate_history(symbol, start, _LINEAR_PAGE, before))


PROFILE = VenueProfile(
    venue="htx",
    fetch=_fetch,
    rows=_rows,
    intervals=_intervals,
    settled=_settled,
    settled_page_hours=_LINEAR_PAGE,
    options={"options": {"fetchMarkets": {"types": {"spot": False, "linear": True, "inverse": True}}}},
    requires=(
        "request",
        "contractPublicGetSwapApiV1SwapBatchFundingRate",
        "contractPublicGetSwapApiV1SwapOpenInterest",
        "contractPublicGetV5MarketFundingRate",
        "parse_funding_rate",
        "fetch_funding_rate_history",
    ),
    fills=frozenset({"open_interest", "funding_at"}),
    note="open interest is published for both sides and halved here; no mark or index price in the batch",
)
