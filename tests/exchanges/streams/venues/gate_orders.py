"""Gate's forced orders on its socket and in its archive, the archive on 127.0.0.1."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitors.exchanges.streams.profile import Read, Settling
from monitors.exchanges.streams.venues.gate import PROFILE
from monitors.exchanges.venues.gate import PROFILE as FUNDING
from monitors.liquidation import Liquidation, PositionSide
from monitors.market import Dropped
from tests.builders import a_foreign_instrument
from tests.exchanges.streams.venues.listed import RECEIVED_MS, Json, Listed, inverse, linear
from tests.exchanges.venues.loopback import loopback

LISTED = Listed(
    {
        "BTC_USDT": linear("gate", contract_size=0.0001),
        "BTC_USD": inverse("gate", contract_size=1.0),
        "SOL_USD": a_foreign_instrument("SOL/USD:BTC", "gate", contract_size=1e-6),
        "ETH_USD": Dropped.QUANTO,
    }
)
SECOND = 1_799_999_999
"""Of the first print; the frames come in a second later."""


def a_row(size: Json = "-165", *, price: Json = "60000", contract: str = "BTC_USDT", at: float = 0) -> Json:
    """Build a row of the socket, so many seconds after the first, in milliseconds as documented."""
    return {
        "price": price,
        "size": size,
        "time": round((SECOND + at) * 1000) + 123,
        "contract": contract,
    }


def a_frame(result: Json) -> Json:
    return {
        "channel": "futures.public_liquidates",
        "event": "update",
        "time": SECOND,
        "time_ms": SECOND * 1000 + 900,
        "result": result,
    }


def an_order(size: Json = 165, *, left: Json = 0, contract: str = "BTC_USDT", at: int = 0) -> Json:
    """Build a row of the archive: the sign is the position's, the fill somewhat off the order's price."""
    return {
        "time": SECOND + at,
        "contract": contract,
        "size": size,
        "order_price": "60000",
        "fill_price": "60100",
        "left": left,
    }


async def archive(
    *orders: Json, inverse_ones: Sequence[Json] = (), since: int = SECOND, until: int = SECOND + 60
) -> Sequence[Read]:
    """Ask a loopback server that keeps the given orders."""
    reads, _ = await asked({"usdt": list(orders), "btc": list(inverse_ones)}, since, until)
    return reads


async def asked(orders: Mapping[str, Json], since: float, until: float) -> tuple[Sequence[Read], list[str]]:
    """Back-fill from a loopback server; returns what it read with the questions it took."""
    answers = {f"/api/v4/futures/{settle}/liq_orders": rows for settle, rows in orders.items()}
    return await asked_of(answers, since, until)


async def asked_of(
    answers: Mapping[str, Json], since: float, until: float
) -> tuple[Sequence[Read], list[str]]:
    assert PROFILE.backfill is not None
    times = (datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC))
    async with loopback(FUNDING, answers) as venue:
        reads = await PROFILE.backfill(venue.exchange, LISTED, *times, RECEIVED_MS)
    return reads, venue.requests


def settling() -> Settling:
    assert PROFILE.settle is not None
    return PROFILE.settle()


def weighed(learner: Settling, *rows: Json, received_ms: int = RECEIVED_MS) -> list[Read]:
    return list(learner.weigh(a_frame(list(rows)), LISTED, received_ms))


def prints(reads: Sequence[Read]) -> list[Liquidation]:
    return [told for told in reads if isinstance(told, Liquidation)]


def sides(reads: Sequence[Read]) -> list[PositionSide]:
    return [told.side for told in prints(reads)]


def released(learner: Settling, archived: Sequence[Read]) -> list[Liquidation]:
    """Compare with the archive, whose own prints come first, and return what else is certain now."""
    told = [one for one in learner.compare(archived) if isinstance(one, Liquidation)]
    assert told[: len(archived)] == list(archived)
    return told[len(archived) :]
