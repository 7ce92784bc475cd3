from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.depth import BOOKS, BookClient
from monitors.exchanges.registry import VENUES, profile
from monitors.market import Instrument, OpenInterest
from monitors.ports import StressSource, VenueUnavailableError
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.venues import (
    test_aster,
    test_bitget,
    test_bybit,
    test_deribit,
    test_gate,
    test_htx,
    test_krakenfutures,
    test_kucoinfutures,
    test_okx,
)
from tests.exchanges.venues.loopback import Loopback, at, loopback
from tests.fakes import FakeClock

NOW = at("2026-03-05T17:02:04")
NOW_MS = round(NOW.timestamp() * 1000)
BIDS = [["59990", "2"], ["59500", "3"], ["59000", "100"]]
ASKS = [["60010", "1"], ["60500", "4"], ["61000", "100"]]
"""The middle is 60,000: the last level of each side lies without the band."""
BID_COINS, ASK_COINS = 59990 * 2 + 59500 * 3, 60010 + 60500 * 4
"""Dollars within the band where quantities are coins."""

USDM_INFO, COINM_INFO = "/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"
USDM_MARKETS: dict[str, object] = {
    USDM_INFO: {"symbols": [a_contract("BTCUSDT"), a_contract("1000PEPEUSDT")]}
}
COINM_MARKETS: dict[str, object] = {
    COINM_INFO: {"symbols": [a_contract("BTCUSD_PERP", quote="USD", margin="BTC")]}
}
GATE_MARKETS: dict[str, object] = {
    test_gate.USDT: [test_gate.a_contract()],
    test_gate.BTC: [test_gate.a_contract("BTC_USD", type="inverse", quanto_multiplier="0")],
}
HYPERLIQUID_MARKETS: dict[str, object] = {
    "/info": [
        {"universe": [{"name": "BTC", "szDecimals": 2, "maxLeverage": 40}]},
        [{"funding": "0", "markPx": "60000", "oraclePx": "60000", "openInterest": "1"}],
    ]
}
KUCOIN_MARKETS: dict[str, object] = {
    test_kucoinfutures.ACTIVE: test_kucoinfutures.a_document(test_kucoinfutures.a_contract())
}


def rows_of(price: str, quantity: str, rows: list[list[str]]) -> list[dict[str, object]]:
    return [{price: row[0], quantity: float(row[1])} for row in rows]


def a_document(**fields: object) -> dict[str, object]:
    return {"bids": BIDS, "asks": ASKS, **fields}


BINANCE = a_document(lastUpdateId=1, E=NOW_MS, T=NOW_MS)
BYBIT = {"retCode": 0, "result": {"s": "BTCUSDT", "b": BIDS, "a": ASKS, "ts": NOW_MS}}
OKX = test_okx.a_document(a_document(ts=str(NOW_MS)))
GATE = {
    "current": NOW_MS / 1000,
    "update": NOW_MS / 1000,
    "asks": rows_of("p", "s", ASKS),
    "bids": rows_of("p", "s", BIDS),
}
BITGET = {"code": "00000", "data": a_document(ts=str(NOW_MS))}
HYPERLIQUID = {
    "coin": "BTC",
    "time": NOW_MS,
    "levels": [[{"px": p, "sz": s, "n": 1} for p, s in side] for side in (BIDS, ASKS)],
}
KUCOIN = {"code": "200000", "data": a_document(ts=NOW_MS * 1_000_000)}
HTX = {"status": "ok", "tick": a_document(ts=NOW_MS)}
KRAKEN = {"result": "success", "serverTime": "2026-03-05T17:02:04.000Z", "orderBook": a_document()}
DERIBIT = {"result": a_document(timestamp=NOW_MS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A venue's book as it answers it, what was asked for, and the depth in dollars."""

    venue: str
    markets: Mapping[str, object]
    symbol: str
    request: str
    answer: object
    depths: tuple[float, float]

    @property
    def name(self) -> str:
        return f"{self.venue} {self.symbol}"


def coins(size: float) -> tuple[float, float]:
    """Return both depths of linear contracts of so many coins."""
    return BID_COINS * size, ASK_COINS * size


def dollars(size: float) -> tuple[float, float]:
    """Return both depths of inverse contracts of so many dollars."""
    return 5 * size, 5 * size


CASES = (
    Case(
        venue="binanceusdm",
        markets=USDM_MARKETS,
        symbol="BTC/USDT:USDT",
        request="/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
        answer=BINANCE,
        depths=coins(1),
    ),
    Case(
        venue="binancecoinm",
        markets=COINM_MARKETS,
        symbol="BTC/USD:BTC",
        request="/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000",
        answer=BINANCE,
        depths=dollars(100),
    ),
    Case(
        venue="bybit",
        markets=test_bybit.LISTED,
        symbol="BTC/USDT:USDT",
        request="/v5/market/orderbook?symbol=BTCUSDT&category=linear&limit=500",
        answer=BYBIT,
        depths=coins(1),
    ),
    Case(
        venue="bybit",
        markets=test_bybit.LISTED,
        symbol="BTC/USD:BTC",
        request="/v5/market/orderbook?symbol=BTCUSD&category=inverse&limit=500",
        answer=BYBIT,
        depths=dollars(1),
    ),
    Case(
        venue="okx",
        markets=test_okx.LISTED,
        symbol="BTC/USDT:USDT",
        request="/api/v5/market/books?instId=BTC-USDT-SWAP&sz=400",
        answer=OKX,
        depths=coins(0.01),
    ),
    Case(
        venue="okx",
        markets=test_okx.LISTED,
        symbol="BTC/USD:BTC",
        request="/api/v5/market/books?instId=BTC-USD-SWAP&sz=400",
        answer=OKX,
        depths=dollars(100),
    ),
    Case(
        venue="bitget",
        markets=test_bitget.LISTED,
        symbol="BTC/USDT:USDT",
        request="/api/v2/mix/market/merge-depth?symbol=BTCUSDT&productType=USDT-FUTURES",
        answer=BITGET,
        depths=coins(1),
    ),
    Case(
        venue="bitget",
        markets=test_bitget.LISTED,
        symbol="BTC/USD:BTC",
        request="/api/v2/mix/market/merge-depth?symbol=BTCUSD&productType=COIN-FUTURES",
        answer=BITGET,
        depths=coins(1),
    ),
    Case(
        venue="gate",
        markets=GATE_MARKETS,
        symbol="BTC/USDT:USDT",
        request="/api/v4/futures/usdt/order_book?contract=BTC_USDT&limit=300&with_id=true",
        answer=GATE,
        depths=coins(0.0001),
    ),
    Case(
        venue="gate",
        markets=GATE_MARKETS,
        symbol="BTC/USD:BTC",
        request="/api/v4/futures/btc/order_book?contract=BTC_USD&limit=300&with_id=true",
        answer=GATE,
        depths=dollars(1),
    ),
    Case(
        venue="hyperliquid",
        markets=HYPERLIQUID_MARKETS,
        symbol="BTC/USDC:USDC",
        request="/info",
        answer=HYPERLIQUID,
        depths=coins(1),
    ),
    Case(
        venue="aster",
        markets=test_aster.LISTED,
        symbol="BTC/USDT:USDT",
        request="/fapi/v3/depth?symbol=BTCUSDT&limit=1000",
        answer=BINANCE,
        depths=coins(1),
    ),
    Case(
        venue="kucoinfutures",
        markets=KUCOIN_MARKETS,
        symbol="BTC/USDT:USDT",
        request="/api/v1/level2/depth100?symbol=XBTUSDTM",
        answer=KUCOIN,
        depths=coins(0.001),
    ),
    Case(
        venue="htx",
        markets=test_htx.LISTED,
        symbol="BTC/USDT:USDT",
        request="/linear-swap-ex/market/depth?type=step0&contract_code=BTC-USDT",
        answer=HTX,
        depths=coins(0.001),
    ),
    Case(
        venue="htx",
        markets=test_htx.LISTED,
        symbol="BTC/USD:BTC",
        request="/swap-ex/market/depth?type=step0&contract_code=BTC-USD",
        answer=HTX,
        depths=dollars(100),
    ),
    Case(
        venue="krakenfutures",
        markets=test_krakenfutures.answers(),
        symbol="ENJ/USD:USD",
        request="/derivatives/api/v3/orderbook?symbol=PF_ENJUSD",
        answer=KRAKEN,
        depths=coins(1),
    ),
    Case(
        venue="krakenfutures",
        markets=test_krakenfutures.answers(),
        symbol="ETH/USD:ETH",
        request="/derivatives/api/v3/orderbook?symbol=PI_ETHUSD",
        answer=KRAKEN,
        depths=dollars(1),
    ),
    Case(
        venue="deribit",
        markets=test_deribit.answers(),
        symbol="BTC/USDC:USDC",
        request="/api/v2/public/get_order_book?instrument_name=BTC_USDC-PERPETUAL&depth=1000",
        answer=DERIBIT,
        depths=coins(1),
    ),
    Case(
        venue="deribit",
        markets=test_deribit.answers(),
        symbol="BTC/USD:BTC",
        request="/api/v2/public/get_order_book?instrument_name=BTC-PERPETUAL&depth=1000",
        answer=DERIBIT,
        depths=dollars(1),
    ),
)
USDM = CASES[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A source of a venue on 127.0.0.1, its markets loaded, and an instrument of it."""

    source: StressSource
    instrument: Instrument
    answers: dict[str, object]
    server: Loopback


@asynccontextmanager
async def asked(venue: str, markets: Mapping[str, object], symbol: str) -> AsyncIterator[Asked]:
    answers = dict(markets)
    async with loopback(profile(venue), answers) as server:
        clock = FakeClock(present=NOW)
        client = VenueClient(profile(venue), clock, configuration=server.configuration)
        try:
            (instrument,) = [known for known in await client.instruments() if known.symbol == symbol]
            server.requests.clear()
            yield Asked(BookClient(client, clock), instrument, answers, server)
        finally:
            await client.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_book_is_one_request_and_its_depth_in_dollars(case: Case) -> None:
    async with asked(case.venue, case.markets, case.symbol) as venue:
        venue.answers[case.request.split("?")[0]] = case.answer
        book = await venue.source.book(venue.instrument)

    assert venue.server.requests == [case.request]
    assert book is not None
    assert book.instrument == venue.instrument
    assert (book.bid_depth_usd, book.ask_depth_usd) == pytest.approx(case.depths)
    assert book.spread_bps == pytest.approx(20 / 60_000 * 10_000)
    assert (book.truncated, book.at) == (False, NOW)


def test_every_venue_whose_books_can_be_read_is_tried_and_polled() -> None:
    assert {case.venue for case in CASES} == set(BOOKS)
    assert set(BOOKS) <= {known.venue for known in VENUES}


async def ask_binance(answer: object) -> object:
    async with asked(USDM.venue, USDM.markets, USDM.symbol) as venue:
        venue.answers["/fapi/v1/depth"] = answer
        return await venue.source.book(venue.instrument)


async def test_a_thousand_of_a_coin_is_counted_at_the_price_of_a_thousand() -> None:
    async with asked("binanceusdm", USDM_MARKETS, "1000PEPE/USDT:USDT") as venue:
        venue.answers["/fapi/v1/depth"] = {
            "bids": [["0.0099", "1000"]],
            "asks": [["0.0101", "1000"]],
            "T": NOW_MS,
        }
        book = await venue.source.book(venue.instrument)

    assert book is not None
    assert book.bid_depth_usd == pytest.approx(9.9)
    assert (book.instrument.base, book.truncated) == ("PEPE", True)


@pytest.mark.parametrize(
    "document",
    [a_document(T=NOW_MS, bids=[]), a_document(T=NOW_MS, asks=[]), a_document(T=NOW_MS, asks=BIDS[:1])],
    ids=["no bids", "no asks", "locked"],
)
async def test_a_book_without_a_middle_is_none(document: object) -> None:
    assert await ask_binance(document) is None


@pytest.mark.parametrize("answer", ["<html>maintenance</html>", "", {}, [], {"bids": [], "asks": []}])
async def test_an_answer_without_a_book_is_a_failure(answer: object) -> None:
    with pytest.raises(VenueUnavailableError, match="answered"):
        await ask_binance(answer)


@pytest.mark.parametrize("level", [["60000", "0"], ["0", "5"], ["60000", None], [None, "5"], ["x", "5"]])
async def test_a_level_without_price_or_quantity_is_none(level: list[object]) -> None:
    with_it, without = [await ask_binance(a_document(T=NOW_MS, bids=bids)) for bids in ([*BIDS, level], BIDS)]

    assert with_it == without


async def test_a_book_older_than_a_day_is_taken_as_of_now() -> None:
    yesterday = NOW_MS - round(timedelta(hours=25).total_seconds() * 1000)

    stale, late = [await ask_binance(a_document(T=time)) for time in (yesterday, NOW_MS - 240_000)]

    assert [getattr(book, "at", None) for book in (stale, late)] == [NOW, NOW - timedelta(minutes=4)]


TICKERS = "/v5/market/tickers"
USDM_INTEREST = {"symbol": "BTCUSDT", "openInterest": "90000.5", "time": NOW_MS}
COINM_INTEREST = {"symbol": "BTCUSD_PERP", "pair": "BTCUSD", "openInterest": "5000", "time": NOW_MS}
OKX_INTEREST = {
    "instId": "BTC-USDT-SWAP",
    "instType": "SWAP",
    "oi": "2500000",
    "oiCcy": "25000",
    "oiUsd": "1700000000",
    "ts": str(NOW_MS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestCase:
    """What a venue answers when asked for open interest, what was asked for, and what it comes to."""

    of: Case
    answers: Mapping[str, object]
    requests: list[str]
    expected: OpenInterest


COINM, BYBIT_LINEAR, BYBIT_INVERSE, OKX_LINEAR = CASES[1:5]

INTERESTS = (
    InterestCase(
        of=USDM,
        answers={"/fapi/v1/openInterest": USDM_INTEREST, "/fapi/v1/premiumIndex": a_premium("BTCUSDT")},
        requests=["/fapi/v1/openInterest?symbol=BTCUSDT", "/fapi/v1/premiumIndex?symbol=BTCUSDT"],
        expected=OpenInterest(contracts=90000.5, usd=90000.5 * 68000.12345678),
    ),
    InterestCase(
        of=COINM,
        answers={"/dapi/v1/openInterest": COINM_INTEREST},
        requests=["/dapi/v1/openInterest?symbol=BTCUSD_PERP"],
        expected=OpenInterest(contracts=5000, usd=500_000),
    ),
    InterestCase(
        of=BYBIT_LINEAR,
        answers={TICKERS: test_bybit.a_page("linear", test_bybit.a_ticker())},
        requests=[f"{TICKERS}?category=linear&symbol=BTCUSDT"],
        expected=OpenInterest(contracts=25_000, usd=25_000 * 68_000),
    ),
    InterestCase(
        of=BYBIT_INVERSE,
        answers={TICKERS: test_bybit.a_page("inverse", test_bybit.a_ticker("BTCUSD"))},
        requests=[f"{TICKERS}?category=inverse&symbol=BTCUSD"],
        expected=OpenInterest(contracts=None, usd=25_000),
    ),
    InterestCase(
        of=OKX_LINEAR,
        answers={test_okx.INTERESTS: test_okx.a_document(OKX_INTEREST)},
        requests=[f"{test_okx.INTERESTS}?instType=SWAP&uly=BTC-USDT&instId=BTC-USDT-SWAP"],
        expected=OpenInterest(contracts=2_500_000, usd=1.7e9),
    ),
)


@pytest.mark.parametrize("case", INTERESTS, ids=lambda case: case.of.name)
async def test_open_interest_is_one_sided_and_takes_the_requests_that_were_announced(
    case: InterestCase,
) -> None:
    async with asked(case.of.venue, case.of.markets, case.of.symbol) as venue:
        venue.answers.update(case.answers)
        found = await venue.source.open_interest(venue.instrument)

    assert found == case.expected
    assert venue.server.requests == case.requests
    assert len(case.requests) == venue.source.open_interest_requests


async def test_a_venue_without_such_a_request_announces_none_and_is_not_asked() -> None:
    async with asked("gate", GATE_MARKETS, "BTC/USDT:USDT") as venue:
        with pytest.raises(VenueUnavailableError, match="has no request"):
            await venue.source.open_interest(venue.instrument)

    assert (venue.source.open_interest_requests, venue.server.requests) == (0, [])


@pytest.mark.parametrize("answer", ["<html></html>", "", {}, test_bybit.a_page("inverse")])
async def test_an_answer_without_open_interest_is_a_failure(answer: object) -> None:
    async with asked(BYBIT_INVERSE.venue, BYBIT_INVERSE.markets, BYBIT_INVERSE.symbol) as venue:
        venue.answers[TICKERS] = answer
        with pytest.raises(VenueUnavailableError, match="answered"):
            await venue.source.open_interest(venue.instrument)


async def test_an_open_interest_that_cannot_be_read_is_a_failure() -> None:
    async with asked("okx", test_okx.LISTED, "BTC/USDT:USDT") as venue:
        venue.answers[test_okx.INTERESTS] = test_okx.a_document(OKX_INTEREST | {"oi": "", "oiUsd": ""})
        with pytest.raises(VenueUnavailableError, match="answered no open interest"):
            await venue.source.open_interest(venue.instrument)
