import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.markets import MarketsCache, beside_the_loop
from monitors.exchanges.venues.binanceusdm import PROFILE
from monitors.exchanges.venues.hyperliquid import PROFILE as HYPERLIQUID
from tests.builders import NOON
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.heartbeat import Heartbeat
from tests.exchanges.served import Answer, Served
from tests.fakes import FakeClock

INFO, PREMIUM, FUNDING_INFO = "/fapi/v1/exchangeInfo", "/fapi/v1/premiumIndex", "/fapi/v1/fundingInfo"
MARKETS: list[dict[str, Any]] = [
    {"id": "BTCUSDT", "symbol": "BTC/USDT:USDT", "contractSize": 1.0},
    {"id": "ETHUSDT"},
]


def answers(*symbols: str) -> dict[str, object]:
    return {
        INFO: {"symbols": [a_contract(symbol) for symbol in symbols]},
        PREMIUM: [a_premium(symbol) for symbol in symbols],
        FUNDING_INFO: [],
    }


def a_cache(directory: Path, venue: str = "okx", **configuration: object) -> MarketsCache:
    return MarketsCache(directory, venue, configuration)


def test_markets_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    a_cache(tmp_path / "new" / "folder").store(MARKETS, NOON)

    assert a_cache(tmp_path / "new" / "folder").restore() == (MARKETS, NOON)


def test_each_venue_has_its_own_file(tmp_path: Path) -> None:
    a_cache(tmp_path).store(MARKETS, NOON)

    assert a_cache(tmp_path, "gate").restore() is None


def test_markets_of_other_options_are_none(tmp_path: Path) -> None:
    a_cache(tmp_path, urls={"api": "https://okx.example"}).store(MARKETS, NOON)

    assert a_cache(tmp_path, urls={"api": "http://127.0.0.1"}).restore() is None


def test_markets_of_another_ccxt_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_cache(tmp_path).store(MARKETS, NOON)
    monkeypatch.setattr("ccxt.async_support.__version__", "4.5.91")

    assert a_cache(tmp_path).restore() is None


@pytest.mark.parametrize("damage", ["", "{", "null\n", "[]\n{}", '{"fingerprint": 5}\n', "\x00\xff"])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, damage: str) -> None:
    a_cache(tmp_path).store(MARKETS, NOON)
    (file,) = tmp_path.iterdir()
    file.write_text(damage)

    assert a_cache(tmp_path).restore() is None


def test_a_file_cut_short_is_none(tmp_path: Path) -> None:
    a_cache(tmp_path).store(MARKETS, NOON)
    (file,) = tmp_path.iterdir()
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))

    assert a_cache(tmp_path).restore() is None


def test_no_secret_is_written(tmp_path: Path) -> None:
    a_cache(tmp_path, apiKey="s3cret").store(MARKETS, NOON)
    (file,) = tmp_path.iterdir()

    assert "s3cret" not in file.read_text()


def test_a_disk_that_takes_nothing_costs_no_poll(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    a_cache(in_the_way).store(MARKETS, NOON)

    assert in_the_way.read_text() == ""


async def test_a_second_start_restores_the_markets_without_a_request(tmp_path: Path) -> None:
    async with Served(answers("BTCUSDT", "ETHUSDT")) as served:
        client = partial(
            VenueClient,
            PROFILE,
            FakeClock(),
            configuration=served.configuration("binanceusdm"),
            cache=tmp_path,
        )
        first, second = client(), client()
        await first.poll()
        served.requests.clear()
        poll = await second.poll()
        await first.close()
        await second.close()

    assert [known.funding.instrument.base for known in poll.observations] == ["BTC", "ETH"]
    assert served.requests == [FUNDING_INFO, PREMIUM]


async def test_markets_restored_after_six_hours_are_loaded_anew_and_used_where_that_fails(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with Served(answers("BTCUSDT")) as served:
        client = partial(
            VenueClient, PROFILE, clock, configuration=served.configuration("binanceusdm"), cache=tmp_path
        )
        first, second = client(), client()
        await first.poll()
        clock.advance(timedelta(hours=7))
        served.answers[INFO] = Answer(503, "down")
        poll = await second.poll()
        await first.close()
        await second.close()

    assert len(poll.observations) == 1
    assert served.asked(INFO) == 2


async def test_a_restored_venue_whose_helpers_ccxt_did_not_keep_can_still_be_read(tmp_path: Path) -> None:
    answer = [
        {"universe": [{"name": "kPEPE", "szDecimals": 0, "maxLeverage": 10}]},
        [{"funding": "0.0000125", "openInterest": "5", "markPx": "0.01", "oraclePx": "0.01"}],
    ]
    async with Served({"/info": answer}) as served:
        client = partial(
            VenueClient,
            HYPERLIQUID,
            FakeClock(),
            configuration=served.configuration("hyperliquid"),
            cache=tmp_path,
        )
        first, second = client(), client()
        await first.poll()
        served.requests.clear()
        poll = await second.poll()
        await first.close()
        await second.close()

    (known,) = poll.observations
    assert (known.funding.instrument.base, known.funding.instrument.multiplier) == ("PEPE", 1000.0)
    assert served.requests == ["/info"]


@pytest.mark.parametrize("start", ["loaded", "restored"])
async def test_seven_hundred_markets_leave_the_loop_free(start: str, tmp_path: Path) -> None:
    async with Served(answers(*(f"C{number}USDT" for number in range(700)))) as served:
        client = partial(
            VenueClient,
            PROFILE,
            FakeClock(),
            configuration=served.configuration("binanceusdm"),
            cache=tmp_path,
        )
        first, second = client(), client()
        if start == "restored":
            await first.instruments()
        async with Heartbeat() as heart:
            instruments = await second.instruments()
        await first.close()
        await second.close()

    assert len(instruments) == 700
    assert heart.beats > 10, "the loop goes on beating; how evenly is for the benchmark to say"


async def test_work_beside_the_loop_runs_on_a_loop_of_its_own_and_gives_its_result() -> None:
    here = asyncio.get_running_loop()

    async def work() -> bool:
        return asyncio.get_running_loop() is not here

    assert await beside_the_loop(work)


async def test_cancelling_reaches_the_work_beside_the_loop() -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    here = asyncio.get_running_loop()

    async def endless() -> None:
        here.call_soon_threadsafe(started.set)
        try:
            await asyncio.Event().wait()
        finally:
            here.call_soon_threadsafe(ended.set)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(beside_the_loop(endless))
        await started.wait()
        task.cancel()

    await asyncio.wait_for(ended.wait(), timeout=60)
    assert task.cancelled()
