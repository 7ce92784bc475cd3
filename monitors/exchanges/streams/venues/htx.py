"""HTX: one topic for all swaps of a margin, and an archive that is asked for contract by contract.

Rows count contracts (`volume`); `amount` is documented in coins, but the archive's own example gives contracts there,
so quantities are contracts times contract size everywhere, which agrees with `trade_turnover` in every example. The
socket gives no id, hence the archive's is not used either: a print told by both counts once by time, side, price and
quantity.

https://www.htx.com/en-us/opend/newApiPages/?id=5d51592a-77b6-11ed-9966-0242ac110003 (socket)
https://www.htx.com/en-us/opend/newApiPages/?id=8cb89359-77b5-11ed-9966-19b975edf5a (archive)
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.archive import Budget, Span, pieces, rows_of, span_of, whole
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.rows import each
from monitors.exchanges.streams.tape import at_ms, closed_by, contract_size
from monitors.liquidation import FeedGrade, PositionSide
from monitors.market import Margin

_TOPIC = "liquidation_orders"
_SUBSCRIPTION = {"op": "sub", "cid": "1", "topic": f"public.*.{_TOPIC}"}
_CLOSING = frozenset({"close", "both"})
"""What an order that ends a position says of it: it closes, or its account knows one position a contract."""
_POSITIONS: Mapping[str, PositionSide] = MappingProxyType(
    {"long": PositionSide.LONG, "short": PositionSide.SHORT}
)
_LONGEST_MS = timedelta(hours=2) // timedelta(milliseconds=1)
_LINEAR_PAGE, _INVERSE_PAGE = 100, 50
_REQUESTS = 600
"""For one gap: all contracts once for each two hours, so that some four hours can be filled."""


def side_of(row: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side of the socket's row: `direction` is the order's, selling closes a long."""
    return closed_by(row.get("direction")) if row.get("offset") in _CLOSING else None


def side_of_archived(row: Mapping[str, Any]) -> PositionSide | None:
    """Return the liquidated side of the archive's row: its position's, else (`both`) by its order's `side`."""
    return _POSITIONS.get(str(row.get("position_side"))) or closed_by(row.get("side"))


def _sockets(exchange: Exchange, contracts: Contracts) -> Sequence[Socket]:
    """The notifications' sockets are private ones; this topic needs no authentication."""
    addresses = exchange.urls["api"]["ws"]["api"]["swap"]
    listed = {known.margin for _, known in contracts.all()}
    return [
        Socket(name=margin.value, url=addresses[margin.value]["private"], frames=(_SUBSCRIPTION,))
        for margin in Margin
        if margin in listed
    ]


def _read(message: object, contracts: Contracts, received_ms: int) -> Sequence[Read] | None:
    match message:
        case {"op": "notify", "topic": str(topic), "data": rows} if topic.endswith(_TOPIC):
            return each(rows, lambda row: _print(row, contracts, received_ms))
        case _:
            return None


def _print(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    """`price` is the bankruptcy price."""
    instrument = contracts.find(str(row["contract_code"]))
    amounts = (float(row["volume"]) * contract_size(instrument), float(row["price"]))
    return liquidation(instrument, side_of(row), amounts, (at_ms(row["created_at"]), received_ms))


def _archived(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    instrument = contracts.find(str(row["contract_code"]))
    amounts = (float(row["volume"]) * contract_size(instrument), float(row["bankrupt_price"]))
    times = (at_ms(row["liquidation_time"]), received_ms)
    return liquidation(instrument, side_of_archived(row), amounts, times)


async def _backfill(
    exchange: Exchange, contracts: Contracts, since: datetime, until: datetime, received_ms: int
) -> Sequence[Read]:
    """Ask for each contract in turn, two hours at a time.

    Raises:
        VenueUnavailableError: the gap is longer than the budget of requests reaches.
        BaseError: whatever ccxt raises.
    """
    budget = Budget(_REQUESTS)
    spans = pieces(span_of(since, until), _LONGEST_MS)
    listed = list(contracts.all())
    budget.require(len(spans) * len(listed))
    found: list[Read] = []
    for venue_id, known in listed:
        page, most, read = _ARCHIVES[known.margin]
        for span in spans:
            rows = await whole(partial(page, exchange, venue_id), span, most, budget)
            found += _all(rows, read, contracts, received_ms)
    return found


def _all(
    rows: list[Any], read: Callable[[Any, Contracts, int], Read], contracts: Contracts, received_ms: int
) -> Sequence[Read]:
    return each(rows, lambda row: read(row, contracts, received_ms))


async def _linear_page(exchange: Exchange, venue_id: str, span: Span) -> Sequence[Any]:
    first, last = span
    question = {"contract_code": venue_id, "start_time": first, "end_time": last, "limit": _LINEAR_PAGE}
    return rows_of(await exchange.contractPublicGetV5MarketLiquidationOrders(question), "data")


async def _inverse_page(exchange: Exchange, venue_id: str, span: Span) -> Sequence[Any]:
    """Coin-margined swaps have an archive of an older kind, whose rows are the socket's."""
    first, last = span
    question = {"contract": venue_id, "trade_type": 0, "start_time": first, "end_time": last}
    return rows_of(await exchange.contractPublicGetSwapApiV3SwapLiquidationOrders(question), "data")


_ARCHIVES = MappingProxyType(
    {
        Margin.LINEAR: (_linear_page, _LINEAR_PAGE, _archived),
        Margin.INVERSE: (_inverse_page, _INVERSE_PAGE, _print),
    }
)


def _refused(message: object) -> str | None:
    match message:
        case {"op": "sub", "err-code": code, **rest} if code != 0:
            return str(rest.get("err-msg") or f"error {code}")
        case _:
            return None


def _confirmed(message: object) -> bool:
    match message:
        case {"op": "sub", "err-code": 0, "topic": str(topic)}:
            return topic.endswith(_TOPIC)
        case _:
            return False


PROFILE = FeedProfile(
    venue="htx",
    grade=FeedGrade.COMPLETE,
    sockets=_sockets,
    read=_read,
    refused=_refused,
    confirmed=_confirmed,
    backfill=_backfill,
    note="prices are bankruptcy prices, not fills; gaps of more than about four hours stay open",
)
