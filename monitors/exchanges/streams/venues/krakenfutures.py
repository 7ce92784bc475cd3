"""Kraken Futures: the tape of all perpetuals, where a trade's type says that its taker was liquidated.

`qty` counts contracts: of base units (PF_) or dollars (PI_). A subscription begins with the latest 100 trades of each
contract, so that old ones come again. The archive tells every execution of one contract, with the type of the order
that took it, which can also be a partial liquidation.

https://docs.kraken.com/exchange/api-reference/futures-websocket/trade
https://docs.kraken.com/api/docs/futures-api/history/get-public-execution-events
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitors.exchanges import fields
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.archive import Budget, Span, rows_of, span_of
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.tape import at_ms, batches, closed_by, contract_size, forced
from monitors.liquidation import FeedGrade, PositionSide

_FEED = "trade"
_LIQUIDATION = "liquidation"
_PRODUCTS = 100
"""A request; no limit is documented, but a refusal concerns the whole request it answers."""
_BUSIEST = 60
_REQUESTS = 200
"""For one gap, 600 ms each as ccxt spaces them."""
_PAGE = 1000


def side_of(trade: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side: `side` is the taker's order, and the taker is who was liquidated."""
    return closed_by(trade.get("side"))


def _sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
    ids = [venue_id for venue_id, _ in contracts.all()]
    frames = tuple(
        {"event": "subscribe", "feed": _FEED, "product_ids": some} for some in batches(ids, _PRODUCTS)
    )
    return (Socket(name="trades", url=exchange.urls["api"]["ws"], frames=frames),)


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"feed": "trade", "product_id": str()}:
            trades: object = [message]
        case {"feed": "trade_snapshot", **rest}:
            trades = rest.get("trades")
        case _:
            return None
    return forced(trades, lambda trade: _print(trade, contracts, received_ms))


def _print(trade: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    """Other types are fills, block trades and terminations, in which a position passes to another trader."""
    if trade["type"] != _LIQUIDATION:
        return ()
    instrument = contracts.find(str(trade["product_id"]))
    amounts = (float(trade["qty"]) * contract_size(instrument), float(trade["price"]))
    times = (at_ms(trade["time"]), received_ms)
    return (liquidation(instrument, side_of(trade), amounts, times, str(trade["uid"])),)


def _executed(element: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Sequence[Read]:
    execution = element["event"]["Execution"]["execution"]
    taker = execution["takerOrder"]
    if _LIQUIDATION not in str(taker["orderType"]).lower():
        return ()
    instrument = contracts.find(str(taker["tradeable"]))
    amounts = (float(execution["quantity"]) * contract_size(instrument), float(execution["price"]))
    times = (at_ms(execution["timestamp"]), received_ms)
    side = closed_by(taker.get("direction"))
    return (liquidation(instrument, side, amounts, times, str(execution["uid"])),)


async def _backfill(
    exchange: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
) -> Sequence[Read]:
    """Ask for the busiest contracts; of the others the replay after subscribing reaches back far enough.

    Raises:
        VenueUnavailableError: the gap is longer than the budget of requests reaches.
        BaseError: whatever ccxt raises.
    """
    budget = Budget(_REQUESTS)
    span = span_of(since, until)
    found: list[Read] = []
    for venue_id in await _busiest(exchange, contracts):
        elements = await _executions(exchange, venue_id, span, budget)
        found += forced(elements, lambda element: _executed(element, contracts, received_ms))
    return found


async def _busiest(exchange: Exchange, contracts: Contracts) -> Sequence[str]:
    """Return the contracts with the most turnover in 24 hours, in dollars."""
    listed = {venue_id for venue_id, _ in contracts.all()}
    tickers = fields.by_id(rows_of(await exchange.publicGetTickers(), "tickers"), "symbol")
    turnover = {venue_id: fields.amount(row.get("volumeQuote")) or 0.0 for venue_id, row in tickers.items()}
    return sorted(listed & turnover.keys(), key=lambda venue_id: -turnover[venue_id])[:_BUSIEST]


async def _executions(exchange: Exchange, venue_id: str, span: Span, budget: Budget) -> list[Any]:
    first, last = span
    question = {"symbol": venue_id, "since": first, "before": last, "sort": "asc", "count": _PAGE}
    found: list[Any] = []
    while True:
        budget.spend()
        answer = await exchange.historyGetMarketSymbolExecutions(question)
        elements = rows_of(answer, "elements")
        found += elements
        token = answer.get("continuationToken")
        if not elements or not token or token == question.get("continuation_token"):
            return found
        question = question | {"continuation_token": token}


def _refused(message: object) -> str | None:
    match message:
        case {"event": "alert", "message": str(reason)} if "Already subscribed" in reason:
            return None
        case {"event": "alert" | "error" | "subscribed_failed", **rest}:
            return str(rest.get("message") or "no reason given")
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"event": str(event), "feed": "trade"}:
            return event.strip() == "subscribed"
        case _:
            return False


PROFILE = FeedProfile(
    venue="krakenfutures",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    backfill=_backfill,
    note=f"a gap is filled for the {_BUSIEST} busiest contracts, for the others from their last 100 trades",
)
