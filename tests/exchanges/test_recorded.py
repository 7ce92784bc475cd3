"""Payloads recorded by third parties, through ccxt's own parsing into our mapping."""

import gzip
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.registry import profile
from monitors.market import Dropped, Instrument, Margin, Observation, OpenInterest, Poll
from tests.exchanges.served import Served
from tests.exchanges.venues.loopback import at
from tests.fakes import FakeClock

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "recorded"
HOUR = timedelta(hours=1)
Document: TypeAlias = Any
GOCRYPTOTRADER = "gocryptotrader/binance_futures_http.json.gz"


def recorded(path: str) -> Document:
    """Return a recorded document, or skip the test where the recordings are not at hand."""
    file = RECORDED / path
    if not file.exists():
        pytest.skip(f"no recorded payload {path}")
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    return json.loads(text.split("\n", 3)[3] if file.suffix == ".txt" else text)


def cryptofeed(name: str) -> Document:
    return recorded(f"cryptofeed/rest/{name}")["body"]


def jkorf(venue: str, endpoint: str) -> Document:
    return recorded(f"jkorf-{venue}/Endpoints/{endpoint}.txt")


def gocryptotrader(path: str, query: str = "") -> Document:
    exchanges = recorded(GOCRYPTOTRADER)[path]["GET"]
    return next(exchange["data"] for exchange in exchanges if exchange["queryString"] == query)


async def polled(venue: str, answers: Mapping[str, object], now: datetime) -> Poll:
    async with Served(answers) as served:
        client = VenueClient(
            profile(venue), FakeClock(present=now), configuration=served.configuration(venue)
        )
        try:
            return await client.poll()
        finally:
            await client.close()


def of(poll: Poll, symbol: str) -> Observation:
    return next(known for known in poll.observations if known.funding.instrument.symbol == symbol)


def rates(poll: Poll) -> dict[str, float]:
    return {known.funding.instrument.symbol: known.funding.rate for known in poll.observations}


def assert_sound(poll: Poll) -> None:
    """Check what holds for every poll of a healthy venue."""
    for known in poll.observations:
        funding = known.funding
        assert abs(funding.rate) <= 0.04
        assert funding.funding_at is None or funding.funding_at > poll.received_at
        assert funding.observed_at <= poll.received_at + timedelta(seconds=5)
        assert funding.instrument.base.isupper() or not funding.instrument.base.isalpha()


def usd_margined() -> dict[str, object]:
    return {
        "/fapi/v1/exchangeInfo": cryptofeed("BINANCE_FUTURES__fapi_v1_exchangeInfo.json.gz"),
        "/fapi/v1/premiumIndex": gocryptotrader("/fapi/v1/premiumIndex"),
        "/fapi/v1/fundingInfo": gocryptotrader("/fapi/v1/fundingInfo"),
    }


async def test_binance_usd_margined() -> None:
    poll = await polled("binanceusdm", usd_margined(), at("2020-10-16T03:46:10"))

    assert_sound(poll)
    assert set(rates(poll)) == {f"{coin}/USDT:USDT" for coin in ("EOS", "SUSHI", "BAL", "BTT", "KNC")}
    sushi = of(poll, "SUSHI/USDT:USDT").funding
    assert (sushi.rate, sushi.mark_price, sushi.index_price) == (0.0001, 0.69218591, 0.69190731)
    assert (sushi.funding_at, sushi.interval) == (at("2020-10-16T08:00"), 8 * HOUR)


async def test_binance_coin_margined_with_dated_and_unlisted_rows() -> None:
    paths = ("/dapi/v1/exchangeInfo", "/dapi/v1/premiumIndex", "/dapi/v1/fundingInfo")

    poll = await polled(
        "binancecoinm", {path: gocryptotrader(path) for path in paths}, at("2023-09-11T03:06:30")
    )

    assert_sound(poll)
    assert (rates(poll), poll.dropped) == ({"FIL/USD:FIL": 0.00004207}, {Dropped.UNLISTED: 5})
    (fil,) = poll.observations
    assert (fil.funding.instrument.margin, fil.funding.instrument.contract_size) == (Margin.INVERSE, 10)
    assert (fil.funding.funding_at, fil.funding.interval) == (at("2023-09-11T08:00"), 8 * HOUR)


async def test_binances_settled_rates_of_january_2020() -> None:
    query = "endTime=1580515200000&limit=1000&startTime=1577836800000&symbol=BTCUSDT"
    answers = usd_margined() | {"/fapi/v1/fundingRate": gocryptotrader("/fapi/v1/fundingRate", query)}
    async with Served(answers) as served:
        client = VenueClient(
            profile("binanceusdm"), FakeClock(), configuration=served.configuration("binanceusdm")
        )
        listed = await client.instruments()
        bitcoin: Instrument = next(known for known in listed if known.symbol == "BTC/USDT:USDT")
        settled = await client.settled(bitcoin, at("2020-01-01T00:00"), at("2020-02-01T00:00"))
        await client.close()

    assert [rate.rate for rate in settled[:2]] == [-0.00012359, -0.00012383]
    assert [rate.funding_at for rate in settled[:2]] == [at("2020-01-01T00:00"), at("2020-01-01T08:00")]
    assert {rate.interval for rate in settled} == {8 * HOUR}


async def test_okx() -> None:
    folder = "UnifiedApi/ExchangeData/"
    answers = {
        "/api/v5/public/instruments": cryptofeed("OKX__api_v5_public_instruments_instType_SWAP.json.gz"),
        "/api/v5/public/funding-rate": jkorf("okx", folder + "GetFundingRates"),
        "/api/v5/public/mark-price": jkorf("okx", folder + "GetMarkPrices"),
        "/api/v5/public/open-interest": jkorf("okx", folder + "GetOpenInterests"),
    }

    poll = await polled("okx", answers, at("2023-12-20T11:11:26"))

    assert_sound(poll)
    bitcoin = of(poll, "BTC/USDT:USDT")
    assert (bitcoin.funding.rate, bitcoin.funding.interval) == (0.0000792386885340, 8 * HOUR)
    assert bitcoin.funding.funding_at == at("2023-12-20T16:00")
    assert bitcoin.funding.observed_at == at("2023-12-20T11:11:25.309")
    assert bitcoin.open_interest == OpenInterest(contracts=5000, usd=5000 * 0.01 * 200)


async def test_okx_tells_coins_whose_name_begins_with_a_digit() -> None:
    markets = {
        "/api/v5/public/instruments": cryptofeed("OKX__api_v5_public_instruments_instType_SWAP.json.gz")
    }
    async with Served(markets) as served:
        client = VenueClient(profile("okx"), FakeClock(), configuration=served.configuration("okx"))
        listed = {known.symbol: known for known in await client.instruments()}
        await client.close()

    assert len(listed) > 150
    assert {known.multiplier for known in listed.values()} == {1.0}
    assert listed["1INCH/USD:1INCH"].base == "1INCH"
    assert listed["BTC/USD:BTC"].margin is Margin.INVERSE


async def test_gate() -> None:
    contracts = cryptofeed("GATEIO_FUTURES__api_v4_futures_usdt_contracts.json.gz")
    answers = {"/api/v4/futures/usdt/contracts": contracts, "/api/v4/futures/btc/contracts": []}

    poll = await polled("gate", answers, at("2023-05-24T12:09:24"))

    assert_sound(poll)
    assert len(poll.observations) == len(contracts) == 302
    kyber = of(poll, "KNC/USDT:USDT")
    assert (kyber.funding.rate, kyber.funding.interval, kyber.funding.mark_price) == (
        0.0001,
        8 * HOUR,
        0.6104,
    )
    assert kyber.funding.funding_at == at("2023-05-24T16:00")
    assert kyber.open_interest == OpenInterest(contracts=51137, usd=51137 * 1 * 0.6104)
    assert {known.funding.interval for known in poll.observations} <= {HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR}
    assert all(known.open_interest is not None for known in poll.observations)


async def test_hyperliquid() -> None:
    answer = recorded("goat-hyperliquid/metaAndAssetCtxs.json.gz")

    poll = await polled("hyperliquid", {"/info": answer}, at("2024-11-01T12:30"))

    assert_sound(poll)
    assert len(poll.observations) + sum(poll.dropped.values()) == len(answer[0]["universe"]) == 142
    solana = of(poll, "SOL/USDC:USDC")
    assert (solana.funding.rate, solana.funding.interval) == (0.0000125, HOUR)
    assert solana.funding.funding_at == at("2024-11-01T13:00")
    assert solana.open_interest == OpenInterest(contracts=7029.78, usd=7029.78 * 200.4)
    thousands = {
        known.funding.instrument.base
        for known in poll.observations
        if known.funding.instrument.multiplier == 1000
    }
    assert thousands == {"PEPE", "SHIB", "BONK", "LUNC", "DOGS", "NEIRO"}


async def test_kucoin() -> None:
    rate = jkorf("kucoin", "Unified/ExchangeData/GetFundingRate")["data"]
    text = (RECORDED / "jkorf-kucoin/Endpoints/Futures/ExchangeData/GetOpenContracts.txt").read_text()
    contract = rate | {
        "symbol": "XBTUSDTM",
        "currentGranularity": 28800000,
        "newGranularityStartTime": 1690000000000,
    }
    answers = {
        "/api/v1/contracts/active": json.loads(text[text.index("{") :]),
        "/api/ua/v2/market/funding-rate": {"code": "200000", "data": [rate, contract]},
    }

    poll = await polled("kucoinfutures", answers, at("2025-06-20T07:30"))

    assert_sound(poll)
    (bitcoin,) = poll.observations
    assert (bitcoin.funding.rate, bitcoin.funding.interval) == (0.00003, 8 * HOUR)
    assert bitcoin.funding.funding_at == at("2025-06-20T08:00")
    assert bitcoin.open_interest == OpenInterest(contracts=5191275, usd=5191275 * 0.001 * 44514.03)
    assert poll.dropped == {}


async def test_bybit_inverse() -> None:
    folder = "V5Api/ExchangeData/"
    instrument = jkorf("bybit", folder + "GetLinearInverseSymbols")["result"]["list"][0]
    inverse = instrument | {
        "symbol": "BTCUSD",
        "contractType": "InversePerpetual",
        "quoteCoin": "USD",
        "settleCoin": "BTC",
        "lotSizeFilter": {"minOrderQty": "1", "qtyStep": "1"},
    }
    listed = {"retCode": 0, "result": {"category": "inverse", "list": [inverse], "nextPageCursor": ""}}
    answers = {
        "/v5/market/instruments-info": listed,
        "/v5/market/tickers": jkorf("bybit", folder + "GetLinearInverseTickers"),
    }

    poll = await polled("bybit", answers, at("2022-12-30T05:01:37"))

    assert_sound(poll)
    (bitcoin,) = poll.observations
    assert (bitcoin.funding.rate, bitcoin.funding.interval) == (-0.001034, 8 * HOUR)
    assert bitcoin.funding.funding_at == at("2022-12-30T08:00")
    assert bitcoin.open_interest == OpenInterest(contracts=None, usd=373504107 / 2)


async def test_htx_linear() -> None:
    folder = "UsdtMarginSwap/ExchangeData/"
    answers = {
        "/linear-swap-api/v1/swap_contract_info": cryptofeed(
            "HUOBI_SWAP__linear_swap_api_v1_swap_contract_info.json.gz"
        ),
        "/swap-api/v1/swap_contract_info": cryptofeed("HUOBI_SWAP__swap_api_v1_swap_contract_info.json"),
        "/api/v1/contract_contract_info": cryptofeed("HUOBI_SWAP__swap_api_v1_swap_contract_info.json"),
        "/linear-swap-api/v1/swap_batch_funding_rate": jkorf("htx", folder + "GetFundingRates"),
        "/linear-swap-api/v1/swap_open_interest": jkorf("htx", folder + "GetSwapOpenInterest"),
        "/swap-api/v1/swap_batch_funding_rate": {"status": "ok", "data": []},
    }

    poll = await polled("htx", answers, at("2021-02-23T02:00"))

    assert_sound(poll)
    assert rates(poll) == {"ETC/USDT:USDT": -0.0075, "ADA/USDT:USDT": -0.0075}
    assert {known.funding.interval for known in poll.observations} == {None}


async def test_mexc() -> None:
    folder = "FuturesApi/ExchangeData/"
    answers = {
        "/api/v3/exchangeInfo": {"symbols": []},
        "/api/v1/contract/detail": jkorf("mexc", folder + "GetSymbols"),
        "/api/v1/contract/funding_rate": jkorf("mexc", folder + "GetFundingRates"),
        "/api/v1/contract/ticker": jkorf("mexc", folder + "GetTickers"),
    }

    poll = await polled("mexc", answers, at("2021-01-05T06:57"))

    assert_sound(poll)
    bitcoin = of(poll, "BTC/USDT:USDT")
    assert (bitcoin.funding.rate, bitcoin.funding.interval) == (-0.000489, 8 * HOUR)
    assert bitcoin.funding.funding_at == at("2021-01-05T08:00")
    assert bitcoin.open_interest == OpenInterest(contracts=55102960, usd=55102960 * 0.0001 * 31199.5)


async def test_aster() -> None:
    folder = "Futures/ExchangeData/"
    dogecoin = jkorf("aster", folder + "GetExchangeInfo")["symbols"][0]
    bitcoin_market = dogecoin | {"symbol": "BTCUSDT", "pair": "BTCUSDT", "baseAsset": "BTC"}
    answers = {
        "/api/v3/exchangeInfo": {"symbols": []},
        "/fapi/v3/exchangeInfo": {"symbols": [dogecoin, bitcoin_market]},
        "/fapi/v3/premiumIndex": jkorf("aster", folder + "GetMarkPrices"),
        "/fapi/v3/fundingInfo": jkorf("aster", folder + "GetFundingInfo"),
    }

    poll = await polled("aster", answers, at("2020-08-14T02:01:36"))

    assert_sound(poll)
    (bitcoin,) = poll.observations
    assert (bitcoin.funding.rate, bitcoin.funding.interval) == (0.00038246, 8 * HOUR)
    assert bitcoin.funding.funding_at == at("2020-08-14T08:00")
