import asyncio

import ccxt.pro as ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.okx import PROFILE, side_of
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

LISTED = Listed(
    {
        "BTC-USDT-SWAP": linear("okx", contract_size=0.01),
        "BTC-USD-SWAP": inverse("okx", contract_size=100.0),
        "BTC-USDT-270326": Dropped.DATED,
    }
)


def a_detail(**fields: object) -> Json:
    documented = {
        "bkLoss": "0",
        "bkPx": "60000",
        "ccy": "",
        "posSide": "long",
        "side": "sell",
        "sz": "13",
        "ts": "1799999999010",
    }
    return documented | fields


def a_row(*details: Json, instrument: Json = "BTC-USDT-SWAP") -> Json:
    return {
        "details": list(details),
        "instFamily": "BTC-USDT",
        "instId": instrument,
        "instType": "SWAP",
        "uly": "BTC-USDT",
    }


def a_frame(*rows: Json) -> Json:
    return {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": list(rows)}


@pytest.mark.parametrize(
    ("order_side", "position_side", "side"),
    [
        ("sell", "long", PositionSide.LONG),
        ("buy", "short", PositionSide.SHORT),
        ("sell", "net", PositionSide.LONG),
        ("buy", "", PositionSide.SHORT),
        ("sell", "short", None),
        ("buy", "long", None),
        ("", "long", None),
    ],
)
def test_the_side_is_the_orders_and_the_positions_must_agree(
    order_side: str, position_side: str, side: PositionSide | None
) -> None:
    assert side_of(order_side, position_side) is side


def test_a_linear_print_is_in_contracts_of_base_units() -> None:
    told = liquidated(PROFILE, a_frame(a_row(a_detail())), LISTED)

    assert (told.side, told.price) == (PositionSide.LONG, 60000.0)
    assert told.quantity == pytest.approx(0.13)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999010, RECEIVED_MS, "")
    assert told.usd == pytest.approx(7800.0)


def test_an_inverse_print_is_in_contracts_of_dollars() -> None:
    row = a_row(a_detail(side="buy", posSide="net", sz="50"), instrument="BTC-USD-SWAP")

    told = liquidated(PROFILE, a_frame(row), LISTED)

    assert (told.side, told.usd) == (PositionSide.SHORT, 5000.0)


def test_all_details_of_all_rows_are_told() -> None:
    rows = [
        a_row(a_detail(sz="1"), a_detail(sz="2"), a_detail(sz="3")),
        a_row(a_detail(sz="4"), instrument="BTC-USD-SWAP"),
    ]

    reads = read(PROFILE, a_frame(*rows), LISTED)

    told = [one.quantity for one in reads if isinstance(one, Liquidation)]
    assert told == pytest.approx([0.01, 0.02, 0.03, 400])


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    rows = [
        a_row(a_detail(), instrument="BTC-USDT-270326"),
        a_row(a_detail(), instrument="NEW-USDT-SWAP"),
        a_row(a_detail(posSide="short"), a_detail(sz=""), a_detail(ts=None), 7),
        {"instId": "BTC-USDT-SWAP"},
        a_row(a_detail(), instrument=[]),
        a_row(a_detail()),
    ]

    *skipped, told = read(PROFILE, a_frame(*rows), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == [Skipped.DATED, Skipped.UNLISTED] + 6 * [Skipped.MALFORMED]


def test_a_detail_without_the_positions_side_goes_by_the_orders() -> None:
    detail = a_detail()
    del detail["posSide"]

    assert liquidated(PROFILE, a_frame(a_row(detail)), LISTED).side is PositionSide.LONG


@pytest.mark.parametrize(
    "message",
    [
        "pong",
        {"event": "subscribe", "arg": {"channel": "liquidation-orders", "instType": "SWAP"}},
        {"arg": {"channel": "tickers"}, "data": []},
        {"arg": {"channel": "liquidation-orders"}},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_one_channel_carries_all_swaps() -> None:
    exchange = ccxt.okx()
    await asyncio.wait_for(exchange.close(), timeout=60)

    (socket,) = PROFILE.sockets(exchange, LISTED)

    assert socket.url == "wss://ws.okx.com:443/ws/v5/public"
    channel = {"channel": "liquidation-orders", "instType": "SWAP"}
    assert socket.frames == ({"op": "subscribe", "args": [channel]},)


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {
        "event": "subscribe",
        "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
        "connId": "a4d3ae55",
    }
    error = {"event": "error", "msg": "Wrong URL or channel", "code": "60018", "connId": "439535f1"}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame(a_row(a_detail())))
    assert PROFILE.refused(error) == "Wrong URL or channel"
    assert PROFILE.refused({"event": "error"}) == "no reason given"
    assert PROFILE.refused(acknowledged) is None


def test_the_feed_is_a_floor() -> None:
    assert PROFILE.grade is FeedGrade.THROTTLED
    assert PROFILE.backfill is None


DETAILS = rows_of(
    {
        "side": st.sampled_from(["sell", "buy"]),
        "posSide": st.sampled_from(["long", "short", "net", ""]),
        "sz": st.floats(0.001, 1e6).map(str),
        "bkPx": st.floats(0.001, 1e6).map(str),
        "ts": st.integers(1, 2_000_000_000_000).map(str),
    }
)
ROWS = rows_of(
    {
        "instId": st.sampled_from(["BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-270326"]),
        "details": st.lists(DETAILS, max_size=3),
    }
)


@given(
    st.fixed_dictionaries(
        {
            "arg": st.just({"channel": "liquidation-orders"}) | SCALARS,
            "data": st.lists(ROWS, max_size=3) | ROWS,
        },
        optional={
            "event": st.just("error") | SCALARS,
            "msg": SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
