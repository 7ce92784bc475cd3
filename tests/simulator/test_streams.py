"""What the simulated venues say over WebSockets is what really happened, in the venues' own words."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.ears import FEEDS, PATHS, a_listener, an_ear, due, expected, subscription, understood
from tests.simulator.venues import START

MINUTE = timedelta(minutes=1)
every_feed = pytest.mark.parametrize("venue", FEEDS)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(present=START)


@pytest.fixture
async def simulator(clock: FakeClock) -> AsyncIterator[Simulator]:
    async with Simulator(Market(started_at=START, story=False), clock) as running:
        yield running


@every_feed
async def test_a_listener_hears_exactly_what_the_ledger_says_was_told(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    simulator.market.cascade(START + MINUTE, "SOL", "WIF")
    async with a_listener(simulator, venue) as ear:
        heard = []
        for _ in range(5):
            clock.advance(MINUTE)
            heard += understood(simulator, venue, await ear.frames())

    assert sorted(heard) == due(simulator, venue, START, clock.now())
    assert len(heard) > 50


@pytest.mark.parametrize("venue", ["bybit", "gate"])
async def test_coin_margined_perpetuals_are_told_at_an_address_of_their_own(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    simulator.market.cascade(START, "BTC")
    path, order = {
        "bybit": ("/v5/public/inverse", {"op": "subscribe", "args": ["allLiquidation.BTCUSD"]}),
        "gate": ("/v4/ws/btc", subscription(simulator, "gate")),
    }[venue]
    async with an_ear(simulator, venue, path) as ear:
        await ear.ask(order)
        clock.advance(2 * MINUTE)
        heard = understood(simulator, venue, await ear.frames())

    happened = [each for each in simulator.told(START, clock.now()) if each.listing.coin.ticker == "BTC"]
    assert sorted(heard) == sorted(expected(happened, venue, Margin.INVERSE))
    assert heard


@every_feed
async def test_who_is_not_subscribed_hears_nothing(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    simulator.market.cascade(START, "SOL")
    async with an_ear(simulator, venue) as ear:
        clock.advance(5 * MINUTE)

        assert await ear.texts() == []


async def test_a_throttled_feed_tells_only_the_latest_of_each_contract_and_second(
    simulator: Simulator,
) -> None:
    simulator.market.cascade(START, "SOL")
    happened, told = (
        {
            venue: [each for each in ledger if each.listing.venue == venue]
            for venue in ("binanceusdm", "bybit", "okx", "gate")
        }
        for ledger in (simulator.liquidations(START, START + MINUTE), simulator.told(START, START + MINUTE))
    )

    assert [len(told[venue]) < len(happened[venue]) / 5 for venue in FEEDS] == [True, False, True, False]
    assert [told[venue] == happened[venue] for venue in FEEDS] == [False, True, False, True]
    seconds = [(each.listing, each.at.replace(microsecond=0)) for each in told["okx"]]
    assert len(seconds) == len(set(seconds))


async def test_binance_says_its_orders_as_documented(simulator: Simulator, clock: FakeClock) -> None:
    simulator.market.cascade(START, "SOL")
    async with a_listener(simulator, "binanceusdm") as ear:
        clock.advance(MINUTE)
        frames = await ear.frames()

    assert {tuple(frame) for frame in frames} == {("e", "E", "o")}
    assert {tuple(frame["o"]) for frame in frames} == {
        ("s", "S", "o", "f", "q", "p", "ap", "X", "l", "z", "T")
    }
    assert all(float(frame["o"]["l"]) <= float(frame["o"]["z"]) for frame in frames)
    assert any(frame["o"]["l"] != frame["o"]["z"] for frame in frames)
    assert all(0 < frame["E"] - frame["o"]["T"] <= 1000 for frame in frames)
    for order in (frame["o"] for frame in frames):  # a sell's limit lies below what it was filled at
        assert (float(order["p"]) < float(order["ap"])) is (order["S"] == "SELL")


async def test_bybit_sends_a_topics_closes_of_half_a_second_in_one_frame(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.market.cascade(START, "SOL")
    async with a_listener(simulator, "bybit") as ear:
        clock.advance(MINUTE)
        frames = await ear.frames()

    assert {tuple(frame) for frame in frames} == {("topic", "type", "ts", "data")}
    assert {tuple(row) for frame in frames for row in frame["data"]} == {("T", "s", "S", "v", "p")}
    assert all(0 < frame["ts"] - row["T"] <= 500 for frame in frames for row in frame["data"])
    assert max(len(frame["data"]) for frame in frames) > 10
    stamps = [(frame["topic"], frame["ts"]) for frame in frames]
    assert len(stamps) == len(set(stamps))


async def test_okx_puts_several_details_and_contracts_in_a_push_the_latest_first(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.market.cascade(START, "SOL", "WIF", "PEPE")
    async with a_listener(simulator, "okx") as ear:
        clock.advance(MINUTE)
        frames = await ear.frames()

    rows = [row for frame in frames for row in frame["data"]]
    assert {tuple(frame) for frame in frames} == {("arg", "data")}
    assert max(len(frame["data"]) for frame in frames) >= 3
    assert max(len(row["details"]) for row in rows) == 2
    assert all(
        [int(each["ts"]) for each in row["details"]]
        == sorted((int(each["ts"]) for each in row["details"]), reverse=True)
        for row in rows
    )
    assert {each["posSide"] for row in rows for each in row["details"]} == {"long", "short", "net"}


async def test_okx_replays_the_last_minute_after_a_subscription(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.market.cascade(START, "SOL")
    clock.advance(2 * MINUTE)
    async with an_ear(simulator, "okx") as ear:
        await ear.ask(subscription(simulator, "okx"))
        [replay] = await ear.frames()

    heard = understood(simulator, "okx", [replay])
    assert sorted(heard) == due(simulator, "okx", START + MINUTE, START + 2 * MINUTE)


async def test_gate_sends_a_contracts_closes_of_a_second_in_arrays_of_twenty_at_most(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.market.cascade(START, "SOL")
    async with a_listener(simulator, "gate") as ear:
        clock.advance(MINUTE)
        frames = await ear.frames()

    assert max(len(frame["result"]) for frame in frames) == 20
    assert all(len({row["contract"] for row in frame["result"]}) == 1 for frame in frames)
    assert all(isinstance(row["size"], int) for frame in frames for row in frame["result"])


@pytest.mark.parametrize(
    ("venue", "said", "answered"),
    [
        pytest.param("binanceusdm", {"method": "SUBSCRIBE", "params": ["btcusdt@forceOrder"], "id": 7},
                     {"result": None, "id": 7}, id="binance subscribes"),
        pytest.param("binanceusdm", {"method": "UNSUBSCRIBE", "params": ["btcusdt@forceOrder"], "id": 8},
                     {"result": None, "id": 8}, id="binance unsubscribes"),
        pytest.param("binanceusdm", {"method": "LIST_SUBSCRIPTIONS", "id": 9}, {"result": [], "id": 9},
                     id="binance lists"),
        pytest.param("binanceusdm", {"method": "JUMP", "id": 1},
                     {"error": {"code": 2, "msg": "Invalid request: unknown variant `JUMP`"}, "id": 1},
                     id="binance refuses a method"),
        pytest.param("binanceusdm", {"method": "SUBSCRIBE", "params": "x", "id": 1},
                     {"error": {"code": 2, "msg": "Invalid request: params must be an array of strings"}, "id": 1},
                     id="binance refuses params"),
        pytest.param("binanceusdm", "{", {"id": None}, id="binance refuses broken JSON"),
        pytest.param("bybit", {"op": "subscribe", "args": ["allLiquidation.BTCUSDT"], "req_id": "3"},
                     {"success": True, "ret_msg": "", "req_id": "3", "op": "subscribe"}, id="bybit subscribes"),
        pytest.param("bybit", {"op": "unsubscribe", "args": ["allLiquidation.BTCUSDT"]},
                     {"success": True, "op": "unsubscribe"}, id="bybit unsubscribes"),
        pytest.param("bybit", {"op": "ping", "req_id": "4"},
                     {"success": True, "ret_msg": "pong", "op": "ping", "req_id": "4"}, id="bybit pongs"),
        pytest.param("bybit", {"op": "subscribe", "args": ["allLiquidation.BTCUSDT", "allLiquidation.NOPE"]},
                     {"success": False, "ret_msg": "error:handler not found,topic:allLiquidation.NOPE"},
                     id="bybit refuses a topic"),
        pytest.param("bybit", {"op": "dance"}, {"success": False, "ret_msg": "error:invalid op"},
                     id="bybit refuses an operation"),
        pytest.param("okx", {"op": "subscribe", "args": [{"channel": "liquidation-orders", "instType": "FUTURES"}]},
                     {"event": "subscribe", "arg": {"channel": "liquidation-orders", "instType": "FUTURES"}},
                     id="okx subscribes"),
        pytest.param("okx", {"op": "unsubscribe", "args": [{"channel": "liquidation-orders", "instType": "SWAP"}]},
                     {"event": "unsubscribe", "arg": {"channel": "liquidation-orders", "instType": "SWAP"}},
                     id="okx unsubscribes"),
        pytest.param("okx", {"op": "subscribe", "args": [{"channel": "liquidations"}]},
                     {"event": "error", "code": "60018"}, id="okx refuses a channel"),
        pytest.param("okx", {"op": "subscribe", "args": ["liquidation-orders"]}, {"event": "error", "code": "60012"},
                     id="okx refuses text"),
        pytest.param("okx", "nonsense", {"event": "error", "code": "60012", "msg": "Invalid request: nonsense"},
                     id="okx refuses nonsense"),
        pytest.param("gate", {"channel": "futures.public_liquidates", "event": "subscribe", "payload": ["BTC_USDT"],
                              "id": 5},
                     {"event": "subscribe", "id": 5, "result": {"status": "success"}}, id="gate subscribes"),
        pytest.param("gate", {"channel": "futures.public_liquidates", "event": "unsubscribe", "payload": ["!all"]},
                     {"event": "unsubscribe", "result": {"status": "success"}}, id="gate unsubscribes"),
        pytest.param("gate", {"time": 1, "channel": "futures.ping"},
                     {"channel": "futures.pong", "event": "", "result": None}, id="gate pongs"),
        pytest.param("gate", {"channel": "futures.public_liquidates", "event": "subscribe", "payload": ["NO_USDT"]},
                     {"error": {"code": 2, "message": "unknown contract NO_USDT"}}, id="gate refuses a contract"),
        pytest.param("gate", {"channel": "futures.gossip", "event": "subscribe", "payload": ["!all"]},
                     {"error": {"code": 2, "message": "unknown channel futures.gossip"}}, id="gate refuses a channel"),
        pytest.param("gate", {"channel": "futures.public_liquidates", "event": "subscribe"},
                     {"error": {"code": 2, "message": "invalid argument"}}, id="gate refuses no payload"),
        pytest.param("gate", "[]", {"error": {"code": 1, "message": "invalid request body"}}, id="gate refuses a list"),
    ],
)  # fmt: skip
async def test_a_venue_answers_in_its_own_words(
    simulator: Simulator, venue: str, said: object, answered: dict[str, Any]
) -> None:
    async with an_ear(simulator, venue) as ear:
        answer = await ear.ask(said)

    assert answered.items() <= answer.items()


async def test_okx_answers_a_text_ping_with_a_text_pong(simulator: Simulator) -> None:
    async with an_ear(simulator, "okx") as ear:
        await ear.say("ping")

        assert (await ear.socket.receive()).data == "pong"


async def test_bybit_refuses_more_arguments_than_a_connection_may_have(clock: FakeClock) -> None:
    market = Market(started_at=START, story=False, instruments=1000)
    async with Simulator(market, clock) as simulator, an_ear(simulator, "bybit") as ear:
        order = subscription(simulator, "bybit")
        topics = order["args"]
        assert isinstance(topics, list)

        refused = await ear.ask(order)
        accepted = await ear.ask({"op": "subscribe", "args": topics[:500]})
        too_late = await ear.ask({"op": "subscribe", "args": topics[500:]})

    assert [answer["success"] for answer in (refused, accepted, too_late)] == [False, True, False]


@pytest.mark.parametrize(
    ("venue", "order", "name"),
    [
        pytest.param("binanceusdm", {"method": "SUBSCRIBE", "params": ["solusdt@forceOrder"], "id": 1}, "SOLUSDT", id="binance"),
        pytest.param("bybit", {"op": "subscribe", "args": ["allLiquidation.SOLUSDT"]}, "SOLUSDT", id="bybit"),
        pytest.param("gate", {"channel": "futures.public_liquidates", "event": "subscribe", "payload": ["SOL_USDT"]}, "SOL_USDT", id="gate"),
    ],
)  # fmt: skip
async def test_one_contract_can_be_heard_alone(
    simulator: Simulator, clock: FakeClock, venue: str, order: dict[str, object], name: str
) -> None:
    simulator.market.cascade(START, "SOL", "WIF")
    async with an_ear(simulator, venue) as ear:
        await ear.ask(order)
        clock.advance(MINUTE)
        heard = understood(simulator, venue, await ear.frames())

    assert {each.name for each in heard} == {name}


async def test_two_listeners_hear_the_same(simulator: Simulator, clock: FakeClock) -> None:
    async with a_listener(simulator, "gate") as one, a_listener(simulator, "gate") as other:
        clock.advance(20 * MINUTE)

        assert await one.texts() == await other.texts() != []
        assert simulator.subscribed("gate") == 2


async def test_the_simulator_closes_with_listeners_still_connected(clock: FakeClock) -> None:
    async with Simulator(Market(started_at=START, story=False), clock) as simulator:
        ear = an_ear(simulator, "bybit")
        listener = await ear.__aenter__()

    assert (await listener.socket.receive()).data is None
    await ear.__aexit__(None, None, None)


async def test_without_the_quiet_trickle_only_cascades_are_told(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.market.calm = 0
    async with a_listener(simulator, "binanceusdm") as ear:
        clock.advance(10 * MINUTE)
        before = await ear.frames()
        simulator.market.cascade(clock.now(), "LTC", side=PositionSide.SHORT)
        clock.advance(MINUTE)
        after = await ear.frames()

    assert before == []
    assert {frame["o"]["s"] for frame in after} == {"LTCUSDT"}


async def test_dialling_is_counted(simulator: Simulator) -> None:
    async with an_ear(simulator, "okx"), an_ear(simulator, "okx"):
        assert simulator.requests["okx", PATHS["okx"]] == 2
