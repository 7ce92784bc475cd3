"""Order books and open interest by symbol: what ccxt reads agrees with the model, calm or under stress."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from monitors.exchanges.profile import Exchange
from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator.model import VENUES
from monitors.simulator.server import Simulator
from monitors.simulator.wire import milliseconds
from tests.fakes import FakeClock
from tests.simulator.test_book import within
from tests.simulator.venues import START, unified

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE = timedelta(minutes=1)
DEEPEST = {"binanceusdm": 100, "bybit": 100, "okx": 100, "gate": 100, "hyperliquid": None}


def every_book() -> list[tuple[str, Margin]]:
    return [(venue, Margin.LINEAR) for venue in VENUES] + [
        ("bybit", Margin.INVERSE),
        ("okx", Margin.INVERSE),
        ("gate", Margin.INVERSE),
    ]


@pytest.mark.parametrize(("venue", "margin"), every_book())
async def test_ccxt_reads_the_models_book(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str, margin: Margin
) -> None:
    listing = simulator.market.listings(venue, margin)[0]
    [quote] = simulator.market.quotes([listing], START)
    client = clients[venue]

    book = await client.fetch_order_book(unified(listing), DEEPEST[venue])

    size = client.market(unified(listing))["contractSize"] if venue in ("okx", "gate") else 1.0
    assert [level[0] for level in book["bids"]] == sorted((each[0] for each in book["bids"]), reverse=True)
    assert [level[0] for level in book["asks"]] == sorted(each[0] for each in book["asks"])
    assert book["asks"][0][0] - book["bids"][0][0] == pytest.approx(quote.spread * quote.mark, rel=1e-2)
    expected = quote.depth if venue != "hyperliquid" else quote.depth * 20 / 25  # it shows 20 prices a side
    for side in ("bids", "asks"):
        assert within(quote, book[side], size) == pytest.approx(expected, rel=0.02)
    assert book["timestamp"] is None or abs(book["timestamp"] - milliseconds(START)) <= 1


@pytest.mark.parametrize("venue", ["binanceusdm", "okx", "hyperliquid"])
async def test_ccxt_reads_the_open_interest_of_one_symbol(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    listing = simulator.market.listings(venue)[2]
    [quote] = simulator.market.quotes([listing], START)

    row = await clients[venue].fetch_open_interest(unified(listing))

    size = clients[venue].market(unified(listing))["contractSize"]
    assert row["symbol"] == unified(listing)
    assert row["openInterestAmount"] * size == pytest.approx(quote.open_interest, rel=1e-4)


async def test_bybit_gives_open_interest_at_the_ends_of_intervals_counting_both_sides(
    simulator: Simulator, clients: Mapping[str, Exchange], clock: FakeClock
) -> None:
    listing = simulator.market.listings("bybit")[2]
    clock.advance(7 * MINUTE)
    [quote] = simulator.market.quotes([listing], START + 5 * MINUTE)

    row = await clients["bybit"].fetch_open_interest(unified(listing), {"interval": "5m"})

    assert row["timestamp"] == milliseconds(START + 5 * MINUTE)
    assert row["openInterestAmount"] == pytest.approx(2 * quote.open_interest, rel=1e-6)


async def test_bybit_gives_the_open_interest_of_an_inverse_contract_in_dollars(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    listing = simulator.market.listings("bybit", Margin.INVERSE)[0]
    [quote] = simulator.market.quotes([listing], START)

    row = await clients["bybit"].fetch_open_interest(unified(listing), {"interval": "5m"})

    assert row["openInterestValue"] == pytest.approx(2 * quote.open_interest * quote.mark, rel=1e-6)


async def test_gate_gives_one_contract_by_its_name(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    [quote] = simulator.market.quotes(simulator.market.listings("gate")[:1], START)

    row = await clients["gate"].publicFuturesGetSettleContractsContract({"settle": "usdt", "contract": "BTC_USDT"})  # fmt: skip

    size = clients["gate"].market("BTC/USDT:USDT")["contractSize"]
    assert float(row["position_size"]) * size == pytest.approx(quote.open_interest, rel=1e-6)


async def test_bids_and_asks_in_bybits_tickers_are_those_of_the_book(
    clients: Mapping[str, Exchange],
) -> None:
    ticker = await clients["bybit"].fetch_ticker("BTC/USDT:USDT")
    book = await clients["bybit"].fetch_order_book("BTC/USDT:USDT")

    assert [ticker["bid"], ticker["ask"]] == [book["bids"][0][0], book["asks"][0][0]]


async def test_gates_archive_has_every_close_the_newest_first_with_the_positions_sign(
    simulator: Simulator, clients: Mapping[str, Exchange], clock: FakeClock
) -> None:
    clock.advance(60 * MINUTE)
    happened = [
        each
        for each in simulator.liquidations(START, START + 60 * MINUTE)
        if each.listing.venue == "gate" and each.listing.margin is Margin.LINEAR
    ]

    rows = await clients["gate"].publicFuturesGetSettleLiqOrders(
        {"settle": "usdt", "limit": 1000, "from": round(START.timestamp()), "to": round(clock.now().timestamp())}
    )  # fmt: skip

    assert len(happened) > 50
    assert [(int(row["time"]), float(row["fill_price"])) for row in rows] == [
        (milliseconds(each.at) // 1000, each.price) for each in reversed(happened)
    ]
    for row, each in zip(rows, reversed(happened), strict=True):
        size = int(row["size"])
        assert (size > 0) is (each.side is PositionSide.LONG)
        assert abs(size) * each.listing.lot == pytest.approx(each.quantity)
        assert int(row["order_size"]) == -size


async def test_ccxt_reads_one_contract_of_gates_archive(
    simulator: Simulator, clients: Mapping[str, Exchange], clock: FakeClock
) -> None:
    simulator.market.cascade(START, "AVAX", usd=1e6)
    clock.advance(2 * MINUTE)

    rows = await clients["gate"].fetch_liquidations("AVAX/USDT:USDT")

    assert {row["symbol"] for row in rows} == {"AVAX/USDT:USDT"}


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        pytest.param("/binanceusdm/fapi/v1/depth?symbol=NOPE", 400, {"code": -1121}, id="binance symbol"),
        pytest.param("/binanceusdm/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, {"code": -4021}, id="binance limit"),
        pytest.param("/binanceusdm/fapi/v1/openInterest", 400, {"code": -1121}, id="binance open interest"),
        pytest.param("/bybit/v5/market/orderbook?category=linear", 200, {"retCode": 10001}, id="bybit symbol"),
        pytest.param(
            "/bybit/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=501", 200, {"retCode": 10001},
            id="bybit limit",
        ),
        pytest.param(
            "/bybit/v5/market/open-interest?category=linear&symbol=BTCUSDT", 200, {"retCode": 10001},
            id="bybit interval",
        ),
        pytest.param(
            "/bybit/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=201", 200,
            {"retCode": 10001}, id="bybit open interest limit",
        ),
        pytest.param("/okx/api/v5/market/books?instId=NOPE", 400, {"code": "51001"}, id="okx instrument"),
        pytest.param("/okx/api/v5/market/books?instId=BTC-USDT-SWAP&sz=401", 400, {"code": "51000"}, id="okx size"),
        pytest.param("/gate/api/v4/futures/usdt/order_book", 400, {"label": "MISSING_REQUIRED_PARAM"}, id="gate none"),
        pytest.param(
            "/gate/api/v4/futures/usdt/order_book?contract=BTC_USDT&limit=0", 400, {"label": "INVALID_PARAM_VALUE"},
            id="gate limit",
        ),
        pytest.param(
            "/gate/api/v4/futures/usdt/liq_orders?limit=1001", 400, {"label": "INVALID_PARAM_VALUE"},
            id="gate archive limit",
        ),
        pytest.param(
            "/gate/api/v4/futures/usdt/liq_orders?from=1773135000&to=1773138601", 400,
            {"label": "INVALID_PARAM_VALUE"}, id="gate archive span",
        ),
        pytest.param(
            "/gate/api/v4/futures/usdt/liq_orders?contract=NO_USDT", 400, {"label": "CONTRACT_NOT_FOUND"},
            id="gate archive contract",
        ),
    ],
)  # fmt: skip
async def test_a_bad_request_gets_the_venues_own_refusal(
    simulator: Simulator, path: str, status: int, expected: dict[str, object]
) -> None:
    async with ClientSession() as session, session.get(simulator.url + path) as response:
        document = await response.json()

        assert response.status == status
        assert expected.items() <= document.items()


async def test_hyperliquid_refuses_a_book_of_an_unknown_coin(simulator: Simulator) -> None:
    body = {"type": "l2Book", "coin": "NOPE"}
    async with (
        ClientSession() as session,
        session.post(f"{simulator.url}/hyperliquid/info", json=body) as response,
    ):
        assert response.status == 422
