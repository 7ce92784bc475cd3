import asyncio

import ccxt.pro as ccxt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.venues import binance, binancecoinm, binanceusdm
from monitors.exchanges.streams.venues.binance import side_of
from monitors.liquidation import FeedGrade, PositionSide, Skipped
from monitors.market import Dropped
from tests.exchanges.streams.venues.listed import (
    RECEIVED_MS,
    SCALARS,
    Json,
    Listed,
    assert_harmless,
    inverse,
    linear,
    liquidated,
    read,
    rows_of,
)

BTC, COIN = linear("binanceusdm"), inverse("binancecoinm", contract_size=100.0)
USDM = Listed({"BTCUSDT": BTC, "BTCUSDT_260327": Dropped.DATED, "OLDUSDT": Dropped.UNLISTED})
COINM = Listed({"BTCUSD_PERP": COIN, "BTCUSD_260327": Dropped.DATED})


def a_frame(**order: object) -> Json:
    """Build the event of the vendor's documents: the last fill is a third of what was filled in all."""
    documented = {
        "s": "BTCUSDT",
        "S": "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": "0.030",
        "p": "59000.10",
        "ap": "60000.50",
        "X": "FILLED",
        "l": "0.010",
        "z": "0.030",
        "T": 1799999999123,
    }
    return {"e": "forceOrder", "E": 1799999999125, "o": documented | order}


@pytest.mark.parametrize(
    ("order_side", "side"),
    [("SELL", PositionSide.LONG), ("BUY", PositionSide.SHORT), ("sell", None), ("", None)],
)
def test_a_forced_sell_closes_a_long(order_side: str, side: PositionSide | None) -> None:
    assert side_of(order_side) is side


def test_a_print_is_what_the_order_filled_in_all_at_its_average_price() -> None:
    told = liquidated(binanceusdm.PROFILE, a_frame(), USDM)

    assert told.instrument is BTC
    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.03, 60000.5)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999123, RECEIVED_MS, "")
    assert told.usd == pytest.approx(1800.015)


def test_an_order_without_an_average_price_has_its_own() -> None:
    assert liquidated(binanceusdm.PROFILE, a_frame(ap="0"), USDM).price == 59000.1


def test_an_inverse_contract_counts_at_its_face_value_in_dollars() -> None:
    told = liquidated(binancecoinm.PROFILE, a_frame(s="BTCUSD_PERP", ps="BTCUSD", S="BUY", z="50"), COINM)

    assert (told.side, told.quantity, told.usd) == (PositionSide.SHORT, 5000.0, 5000.0)


def test_a_combined_streams_envelope_is_opened() -> None:
    bare = liquidated(binanceusdm.PROFILE, a_frame(), USDM)

    wrapped = liquidated(binanceusdm.PROFILE, {"stream": "!forceOrder@arr", "data": a_frame()}, USDM)

    assert wrapped == bare


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"s": "BTCUSDT_260327"}, Skipped.DATED),
        ({"s": "OLDUSDT"}, Skipped.UNLISTED),
        ({"s": "NEWUSDT"}, Skipped.UNLISTED),
        ({"S": "HOLD"}, Skipped.MALFORMED),
        ({"S": ["SELL"]}, Skipped.MALFORMED),
        ({"z": "0"}, Skipped.MALFORMED),
        ({"z": "many"}, Skipped.MALFORMED),
        ({"ap": "nan"}, Skipped.MALFORMED),
        ({"ap": "0", "p": "0"}, Skipped.MALFORMED),
        ({"T": None}, Skipped.MALFORMED),
        ({"T": 0}, Skipped.MALFORMED),
    ],
)
def test_what_is_no_print_of_a_perpetual_says_why(order: Json, why: Skipped) -> None:
    assert read(binanceusdm.PROFILE, a_frame(**order), USDM) == (why,)


@pytest.mark.parametrize("message", [{"e": "forceOrder"}, {"e": "forceOrder", "o": []}])
def test_an_event_without_its_order_is_malformed(message: Json) -> None:
    assert read(binanceusdm.PROFILE, message, USDM) == (Skipped.MALFORMED,)


@pytest.mark.parametrize(
    "message", [{"result": None, "id": 1}, {"e": "markPriceUpdate"}, [], "pong", {"stream": "x", "data": 1}]
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert binanceusdm.PROFILE.read(message, USDM, RECEIVED_MS) is None


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    profile = binanceusdm.PROFILE
    error = {"error": {"code": 2, "msg": "Invalid request: unknown stream"}, "id": 1}
    assert profile.confirmed is not None

    assert profile.confirmed({"result": None, "id": 1})
    assert not profile.confirmed(a_frame())
    assert not profile.confirmed(error)
    assert profile.refused(error) == "Invalid request: unknown stream"
    assert profile.refused({"code": 2, "msg": "Invalid request"}) == "Invalid request"
    assert profile.refused({"error": "too many requests"}) == "too many requests"
    assert profile.refused({"result": None, "id": 1}) is None
    assert profile.refused(a_frame()) is None


@pytest.mark.parametrize(
    ("profile", "address"),
    [
        (binanceusdm.PROFILE, "wss://fstream.binance.com/market/ws/0"),
        (binancecoinm.PROFILE, "wss://dstream.binance.com/ws/0"),
    ],
    ids=["usdm", "coinm"],
)
async def test_one_stream_carries_all_contracts(profile: FeedProfile, address: str) -> None:
    exchange = getattr(ccxt, profile.venue)()
    await asyncio.wait_for(exchange.close(), timeout=60)

    (socket,) = profile.sockets(exchange, USDM)

    assert socket.url == address
    assert socket.frames == ({"method": "SUBSCRIBE", "params": ["!forceOrder@arr"], "id": 1},)


@pytest.mark.parametrize("profile", [binanceusdm.PROFILE, binancecoinm.PROFILE], ids=["usdm", "coinm"])
def test_the_feed_is_a_floor(profile: FeedProfile) -> None:
    assert profile.grade is FeedGrade.THROTTLED
    assert profile.backfill is None
    assert "one print a second" in profile.note


ORDERS = rows_of(
    {
        "s": st.sampled_from(["BTCUSDT", "BTCUSDT_260327", "NEWUSDT"]),
        "S": st.sampled_from(["SELL", "BUY"]),
        "z": st.floats(0.001, 1e6).map(str),
        "ap": st.floats(0, 1e6).map(str),
        "p": st.floats(0.001, 1e6).map(str),
        "T": st.integers(1, 2_000_000_000_000),
    }
)


@given(
    st.fixed_dictionaries({"e": st.just("forceOrder") | SCALARS}, optional={"o": ORDERS, "result": SCALARS})
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(binanceusdm.PROFILE, message, USDM)
    assert_harmless(binanceusdm.PROFILE, {"stream": "!forceOrder@arr", "data": message}, USDM)


def test_frames_that_came_together_are_decoded_each_for_itself() -> None:
    order, bare, wrapped = orjson.dumps(a_frame()).decode(), a_frame(), {"stream": "x", "data": a_frame()}
    acknowledged, unlike = {"result": None, "id": 1}, a_frame(z="many")
    texts = [orjson.dumps(one).decode() for one in (bare, acknowledged, wrapped, unlike)]

    found = list(binance.decode([*texts, "pong"]))

    alone = next(binance.decode([order]))
    assert isinstance(alone, binance.Order)
    assert found == [alone, acknowledged, alone, unlike, "pong"]
    assert list(binance.decode([order, order])) == [alone, alone]


def test_a_broken_frame_costs_only_itself() -> None:
    order = orjson.dumps(a_frame()).decode()
    decoding = binance.decode([order, order[:-1], f"{order},{order}", order])

    assert isinstance(next(decoding), binance.Order)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"unexpected"):
            next(decoding)
    assert isinstance(next(decoding), binance.Order)
