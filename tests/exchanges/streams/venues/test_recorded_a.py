"""Frames that third parties recorded, or keep as the vendors' examples, read by what is shipped.

They hold no liquidation of OKX's present format and none of Gate's socket: those rest on documents.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import fsum

import pytest

from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.venues import aster, binanceusdm, bybit, okx
from monitors.liquidation import Liquidation, PositionSide
from tests.builders import an_instrument
from tests.exchanges.streams.venues.gate_orders import archive
from tests.exchanges.streams.venues.listed import RECEIVED_MS, Json, Listed, linear, liquidated, read
from tests.exchanges.venues.loopback import RECORDED, recorded

TARDIS_SIDES = {"sell": PositionSide.LONG, "buy": PositionSide.SHORT}
"""Tardis gives the forced order's side: https://docs.tardis.dev/downloadable-csv-files#liquidations."""
LOGS = [
    "forceorder-20250718/binance_forceOrder_20240412.csv",
    "forceorder-20250718/binance_forceOrder_20250718.csv.gz",
]


def tardis(exchange: str) -> list[Json]:
    """Return raw frames with Tardis's own reading of them, those about liquidations alone."""
    lines = recorded(f"tardis-node/messages/{exchange}.jsonl").splitlines()
    frames = [json.loads(line) for line in lines]
    return [frame for frame in frames if any(told["type"] == "liquidation" for told in frame["tardis"])]


def jkorf(path: str) -> tuple[Json, Json]:
    """Return the acknowledgement and the frame of a subscription; its placeholder for a number is made one."""
    text = re.sub(r"(?<!\")\|(\d+)\|(?!\")", r"\1", recorded(path))
    _, acknowledged, frame = re.split(r"^[<=] ", text, maxsplit=2, flags=re.MULTILINE)
    return json.loads(acknowledged), json.loads(frame)


def test_binances_forced_order_agrees_with_tardis_but_for_the_price_which_is_the_fills() -> None:
    (frame,) = tardis("binance-futures")
    (theirs,) = frame["tardis"]
    listed = Listed({"BTCUSDT": linear("binanceusdm")})
    without_fill = {**frame["raw"]["data"], "o": {**frame["raw"]["data"]["o"], "ap": "0"}}

    ours = liquidated(binanceusdm.PROFILE, frame["raw"], listed)

    assert (ours.side, ours.quantity) == (TARDIS_SIDES[theirs["side"]], theirs["amount"])
    assert f"{ours.at:%FT%T}.{ours.at_ms % 1000:03}Z" == theirs["timestamp"]
    assert ours.price == float(frame["raw"]["data"]["o"]["ap"])
    assert liquidated(binanceusdm.PROFILE, without_fill, listed).price == theirs["price"]


def test_okx_stopped_sending_the_format_that_tardis_recorded_and_it_is_none_of_ours() -> None:
    """`swap/liquidation` belongs to the third version of OKX's API; ours is the fifth."""
    listed = Listed({"BTC-USDT-SWAP": linear("okx", contract_size=0.01)})
    raw = [frame["raw"] for frame in tardis("okex-swap")]

    assert {frame["table"] for frame in raw} == {"swap/liquidation"}
    assert all(okx.PROFILE.read(frame, listed, RECEIVED_MS) is None for frame in raw)


@pytest.mark.parametrize(
    ("profile", "path", "venue_id"),
    [
        (binanceusdm.PROFILE, "jkorf-binance/Subscriptions/UsdFutures/Liquidations.txt", "BTCUSDT"),
        (aster.PROFILE, "jkorf-aster/Subscriptions/Futures/Liquidation.txt", "BTCUSDT"),
    ],
    ids=["binance", "aster"],
)
def test_a_forced_sell_of_binances_format_closes_a_long(
    profile: FeedProfile, path: str, venue_id: str
) -> None:
    acknowledged, frame = jkorf(path)

    told = liquidated(profile, frame, Listed({venue_id: linear(profile.venue)}))

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.014, 9910.0)
    assert told.at_ms == 1568014460893
    assert profile.confirmed is not None
    assert profile.confirmed(acknowledged)


def test_bybits_position_of_the_sell_side_is_a_short() -> None:
    acknowledged, frame = jkorf("jkorf-bybit/Subscriptions/V5/Linear/Liquidations.txt")

    told = liquidated(bybit.PROFILE, frame, Listed({"ETHUSDT": linear("bybit", "ETH")}))

    assert (told.side, told.quantity, told.price) == (PositionSide.SHORT, 20000.0, 0.04499)
    assert told.at_ms == 1739502302929
    assert bybit.PROFILE.confirmed is not None
    assert bybit.PROFILE.confirmed(acknowledged)


async def test_gates_archive_of_a_long_position_is_a_long() -> None:
    text = recorded("jkorf-gateio/Endpoints/PerpetualFutures/ExchangeData/GetLiquidations.txt")
    orders = json.loads(text[text.index("[") :])

    (told,) = await archive(*orders, since=orders[0]["time"], until=orders[0]["time"] + 1)

    assert isinstance(told, Liquidation)
    assert (told.side, told.price, told.at_ms) == (PositionSide.LONG, 3424.0, 1548654951000)
    assert told.quantity == pytest.approx(600 * 0.0001)


def logged(path: str) -> list[Mapping[str, str]]:
    """Return the rows of a recorded day of Binance's forced orders."""
    file = RECORDED / path
    if not file.exists():
        pytest.skip(f"no recorded log {path}")
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    return list(csv.DictReader(text.splitlines()))


def as_sent(row: Mapping[str, str]) -> Json:
    """Build the event that a row of the log was made from."""
    names = {
        "s": "wire_symbol",
        "S": "side",
        "o": "order_type",
        "f": "time_in_force",
        "q": "original_quantity",
        "p": "price",
        "ap": "average_price",
        "X": "order_status",
        "l": "last_fill_quantity",
        "z": "accumulated_fill_quantity",
    }
    order = {name: row[column] for name, column in names.items()}
    at = int(row["trade_time"])
    return {"e": "forceOrder", "E": at + 2, "o": {**order, "T": at}}


def listed_in(rows: list[Mapping[str, str]]) -> Listed:
    """List every contract that a log names; which base it has is nothing to these tests."""
    venue_ids = {row["wire_symbol"] for row in rows}
    return Listed({name: an_instrument("binanceusdm", name, symbol=name) for name in venue_ids})


def prints_of(rows: list[Mapping[str, str]]) -> Iterator[Liquidation]:
    listed = listed_in(rows)
    for row in rows:
        (told,) = read(binanceusdm.PROFILE, json.loads(json.dumps(as_sent(row))), listed)
        assert isinstance(told, Liquidation)
        yield told


def exact_dollars(rows: list[Mapping[str, str]], order_side: str) -> Decimal:
    """Sum one side of a log without rounding."""
    return sum(
        (
            Decimal(row["average_price"]) * Decimal(row["accumulated_fill_quantity"])
            for row in rows
            if row["side"] == order_side
        ),
        Decimal(0),
    )


@pytest.mark.parametrize("path", LOGS, ids=["2024-04-12", "2025-07-18"])
def test_a_days_dollars_equal_an_exact_sum_over_the_log(path: str) -> None:
    rows = logged(path)

    prints = list(prints_of(rows))

    assert len(prints) == len(rows)
    for order_side, side in (("SELL", PositionSide.LONG), ("BUY", PositionSide.SHORT)):
        ours = fsum(told.usd for told in prints if told.side is side)
        assert ours == pytest.approx(float(exact_dollars(rows, order_side)), rel=1e-9)
        assert ours > 0
