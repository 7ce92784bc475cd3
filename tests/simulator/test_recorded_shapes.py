"""Simulated frames have the fields, and the kinds of values, that recorded ones have."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.ears import Json, a_listener
from tests.simulator.venues import START

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "recorded"
MINUTE = timedelta(minutes=1)


def recorded(path: str, *, frame: bool = True) -> Json:
    """Return the message in a recording: after the line that announces it, or the whole answer."""
    file = RECORDED / path
    if not file.exists():
        pytest.skip(f"third-party recordings are not at hand: {path}")
    text = file.read_text(encoding="utf-8")
    start = text.index("\n=") + 2 if frame else text.index("[")
    found = json.loads(text[start:])
    message: Json = found if isinstance(found, dict) else found[0]
    return message


def shape(value: object) -> object:
    """Return the fields and kinds of a document; of a list, those of its first item."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])]
    return type(value).__name__


async def first_frame(venue: str) -> Json:
    market = Market(started_at=START, story=False, instruments=8)
    market.cascade(START, "ETH")
    clock = FakeClock(present=START)
    async with Simulator(market, clock) as simulator, a_listener(simulator, venue) as ear:
        clock.advance(MINUTE)
        return (await ear.frames())[0]


async def test_binance_frames_have_the_recorded_shape() -> None:
    real = recorded("jkorf-binance/Subscriptions/UsdFutures/Liquidations.txt")["data"]

    assert shape(await first_frame("binanceusdm")) == shape(real)


async def test_bybit_frames_have_the_recorded_shape() -> None:
    real = recorded("jkorf-bybit/Subscriptions/V5/Linear/Liquidations.txt")

    assert shape(await first_frame("bybit")) == shape(real)


async def test_gates_archive_has_the_recorded_fields() -> None:
    real = recorded("jkorf-gateio/Endpoints/PerpetualFutures/ExchangeData/GetLiquidations.txt", frame=False)
    clock = FakeClock(present=START)
    async with Simulator(Market(started_at=START, story=False), clock) as simulator:
        url = f"{simulator.url}/gate/api/v4/futures/usdt/liq_orders"
        async with ClientSession() as session, session.get(url) as response:
            row = (await response.json())[0]

    fields = shape(row)
    expected = shape(real)
    assert isinstance(fields, dict)
    assert isinstance(expected, dict)
    assert expected.items() <= fields.items()
