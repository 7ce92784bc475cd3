"""Bitget's prints, contracts with the rules that tell their unit, and settlings of it."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from monitors.exchanges.streams.profile import Read, Settling
from monitors.exchanges.streams.venues.bitget import PROFILE
from monitors.liquidation import Liquidation
from monitors.market import Dropped, Instrument
from tests.exchanges.streams.venues.listed import RECEIVED_MS, Json, Listed, inverse, linear

BASE_AMOUNTS = ("0.0002", "0.5", "1.25", "0.031", "4")
"""Of BTC, with a step of 0.0001: less than five dollars each, were they values."""
QUOTE_AMOUNTS = ("37.722858", "5012.33333", "12.34567", "900.00001", "6.123456")
"""No multiples of the step."""


def a_market(*, step: float | None = 0.0001, least: float | None = None, cost: float | None = 5.0) -> Json:
    """Build what ccxt knows of a contract's rules."""
    return {
        "precision": {"amount": step, "price": 0.1},
        "limits": {"amount": {"min": least, "max": None}, "cost": {"min": cost, "max": None}},
        "info": {"minTradeUSDT": "5"},
    }


class Ruled(Listed):
    """Contracts with one set of rules for all."""

    @override
    def market(self, instrument: Instrument) -> Mapping[str, Json]:
        rules: Mapping[str, Json] = a_market()
        return rules


LISTED = Ruled(
    {
        "BTCUSDT": linear("bitget"),
        "BTCUSD": inverse("bitget"),
        "BTCUSDTZ26": Dropped.DATED,
    }
)


def a_row(amount: Json = "0.5", **fields: object) -> Json:
    documented = {
        "symbol": "BTCUSDT",
        "side": "buy",
        "price": "89000",
        "amount": amount,
        "ts": "1799999950162",
    }
    return documented | fields


def a_frame(*rows: Json, line: str = "usdt-futures") -> Json:
    return {
        "data": list(rows),
        "arg": {"instType": line, "topic": "liquidation"},
        "action": "update",
        "ts": 1799999950200,
    }


def settling() -> Settling:
    assert PROFILE.settle is not None
    return PROFILE.settle()


def weighed(learner: Settling, *rows: Json) -> list[Read]:
    return list(learner.weigh(a_frame(*rows), LISTED, RECEIVED_MS))


def rows_with(amounts: Sequence[str], **fields: object) -> list[Json]:
    return [a_row(amount, **fields) for amount in amounts]


def quantities(reads: Sequence[Read]) -> list[float]:
    return [one.quantity for one in reads if isinstance(one, Liquidation)]
