import asyncio
import json

import ccxt.pro as ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.profile import Socket
from monitors.exchanges.streams.venues.bybit import PROFILE, side_of
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
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

BTC, COIN = linear("bybit"), inverse("bybit", contract_size=1.0)
LISTED = Listed({"BTCUSDT": BTC, "BTCUSD": COIN, "BTCUSDT-26MAR27": Dropped.DATED})


def a_row(**fields: object) -> Json:
    return {"T": 1799999999292, "s": "BTCUSDT", "S": "Buy", "v": "0.25", "p": "60000.5"} | fields


def a_frame(*rows: Json) -> Json:
    return {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": 1799999999320, "data": list(rows)}


@pytest.mark.parametrize(
    ("position_side", "side"), [("Buy", PositionSide.LONG), ("Sell", PositionSide.SHORT), ("buy", None)]
)
def test_the_side_is_the_positions(position_side: str, side: PositionSide | None) -> None:
    assert side_of(position_side) is side


def test_a_linear_print_is_in_base_units_at_the_bankruptcy_price() -> None:
    told = liquidated(PROFILE, a_frame(a_row()), LISTED)

    assert told.instrument is BTC
    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.25, 60000.5)
    assert (told.at_ms, told.received_ms) == (1799999999292, RECEIVED_MS)
    assert told.usd == 15000.125


def test_an_inverse_print_is_in_dollars_already() -> None:
    told = liquidated(PROFILE, a_frame(a_row(s="BTCUSD", S="Sell", v="20000")), LISTED)

    assert (told.side, told.usd) == (PositionSide.SHORT, 20000.0)


def test_every_row_of_a_frame_is_told_in_its_order() -> None:
    rows = [a_row(v=str(number)) for number in range(1, 6)]

    reads = read(PROFILE, a_frame(*rows), LISTED)

    assert [told.quantity for told in reads if isinstance(told, Liquidation)] == [1, 2, 3, 4, 5]


def test_a_row_that_cannot_be_read_costs_only_itself() -> None:
    rows = [a_row(), a_row(v="?"), 7, a_row(s="BTCUSDT-26MAR27"), a_row(s="GONEUSDT"), a_row(S=None), a_row()]

    first, *others, last = read(PROFILE, a_frame(*rows), LISTED)

    assert isinstance(first, Liquidation)
    assert first == last
    unreadable, unlisted = Skipped.MALFORMED, Skipped.UNLISTED
    assert others == [unreadable, unreadable, Skipped.DATED, unlisted, unreadable]


def test_a_topic_without_its_rows_is_malformed() -> None:
    assert read(PROFILE, {"topic": "allLiquidation.BTCUSDT"}, LISTED) == (Skipped.MALFORMED,)


@pytest.mark.parametrize(
    "message", [{"op": "pong"}, {"topic": "tickers.BTCUSDT", "data": []}, [], "pong", None]
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def connections(listed: Listed) -> list[Socket]:
    exchange = ccxt.bybit()
    await asyncio.wait_for(exchange.close(), timeout=60)
    return list(PROFILE.sockets(exchange, listed))


def topics_of(socket: Socket) -> list[str]:
    return [topic for frame in socket.frames if not isinstance(frame, str) for topic in frame["args"]]


async def test_linear_and_inverse_have_connections_of_their_own_and_dated_contracts_none() -> None:
    sockets = await connections(LISTED)

    assert [(socket.name, socket.url, topics_of(socket)) for socket in sockets] == [
        ("linear 1", "wss://stream.bybit.com/v5/public/linear", ["allLiquidation.BTCUSDT"]),
        ("inverse 1", "wss://stream.bybit.com/v5/public/inverse", ["allLiquidation.BTCUSD"]),
    ]


async def test_a_thousand_contracts_are_shared_out_within_the_limit_of_arguments() -> None:
    names = [f"COIN{number}USDT" for number in range(1000)]
    listed = Listed({name: linear("bybit", name) for name in names})

    sockets = await connections(listed)

    assert [socket.name for socket in sockets] == ["linear 1", "linear 2"]
    assert [topic for socket in sockets for topic in topics_of(socket)] == [
        f"allLiquidation.{name}" for name in names
    ]
    assert all(len(json.dumps(topics_of(socket))) <= 21_000 for socket in sockets)
    assert len(json.dumps(topics_of(sockets[0]))) > 20_900


async def test_no_request_asks_for_more_than_200_topics() -> None:
    listed = Listed({f"COIN{number}USDT": linear("bybit", f"COIN{number}") for number in range(450)})

    (socket,) = await connections(listed)

    sizes = [len(frame["args"]) for frame in socket.frames if not isinstance(frame, str)]
    assert sizes == [200, 200, 50]


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"success": True, "ret_msg": "", "conn_id": "3cd84cb1", "req_id": "1", "op": "subscribe"}
    pong = {"success": True, "ret_msg": "pong", "conn_id": "3cd84cb1", "op": "ping"}
    error = {"success": False, "ret_msg": "error:handler not found", "conn_id": "3cd84cb1", "op": "subscribe"}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(pong)
    assert not PROFILE.confirmed(error)
    assert PROFILE.refused(error) == "error:handler not found"
    assert PROFILE.refused({"success": False}) == "no reason given"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.refused(a_frame(a_row())) is None


def test_the_feed_is_complete() -> None:
    assert PROFILE.grade is FeedGrade.COMPLETE


ROWS = rows_of(
    {
        "s": st.sampled_from(["BTCUSDT", "BTCUSD", "BTCUSDT-26MAR27", "GONEUSDT"]),
        "S": st.sampled_from(["Buy", "Sell"]),
        "v": st.floats(0.001, 1e6).map(str),
        "p": st.floats(0.001, 1e6).map(str),
        "T": st.integers(1, 2_000_000_000_000),
    }
)


@given(
    st.fixed_dictionaries(
        {"topic": st.just("allLiquidation.BTCUSDT") | SCALARS},
        optional={
            "data": st.lists(ROWS, max_size=3) | ROWS,
            "success": SCALARS,
            "ret_msg": SCALARS,
            "op": SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
