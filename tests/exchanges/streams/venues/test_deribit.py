import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.deribit import PROFILE, sides_of
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.market import Dropped
from tests.exchanges.streams.venues.asked import sockets_of
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
from tests.exchanges.venues.loopback import RECORDED

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
LISTED = Listed(
    {
        "BTC-PERPETUAL": inverse("deribit", contract_size=10.0),
        "BTC_USDC-PERPETUAL": linear("deribit", contract_size=0.0001),
        "BTC-26MAR27": Dropped.DATED,
    }
)
CHANNEL = "trades.future.any.100ms"


def a_trade(**fields: object) -> Json:
    documented = {
        "trade_seq": 30289442,
        "trade_id": "48079269",
        "timestamp": 1799999999482,
        "tick_direction": 2,
        "price": 60000.5,
        "mark_price": 60002.7,
        "liquidation": "T",
        "instrument_name": "BTC-PERPETUAL",
        "index_price": 59980.1,
        "direction": "sell",
        "amount": 1120,
    }
    return documented | fields


def a_frame(*trades: Json) -> Json:
    return {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": CHANNEL, "data": list(trades)},
    }


@pytest.mark.parametrize(
    ("flag", "direction", "sides"),
    [
        ("T", "sell", {"T": LONG}),
        ("T", "buy", {"T": SHORT}),
        ("M", "sell", {"M": SHORT}),
        ("M", "buy", {"M": LONG}),
        ("MT", "sell", {"T": LONG, "M": SHORT}),
        ("X", "sell", {}),
        ("T", "", {}),
    ],
)
def test_the_taker_is_liquidated_by_its_order_and_the_maker_by_the_opposite(
    flag: str, direction: str, sides: dict[str, PositionSide]
) -> None:
    assert sides_of({"liquidation": flag, "direction": direction}) == sides


def test_an_inverse_amount_is_dollars_whatever_the_contracts_size() -> None:
    told = liquidated(PROFILE, a_frame(a_trade()), LISTED)

    assert (told.side, told.usd, told.price) == (LONG, 1120.0, 60000.5)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999482, RECEIVED_MS, "48079269")


def test_a_linear_amount_is_base_coins_whatever_the_contracts_size() -> None:
    trade = a_trade(instrument_name="BTC_USDC-PERPETUAL", amount=0.5, price=60000, trade_id="BTC_USDC-7")

    told = liquidated(PROFILE, a_frame(trade), LISTED)

    assert (told.quantity, told.usd, told.id) == (0.5, 30000.0, "BTC_USDC-7")


def test_a_trade_in_which_both_were_liquidated_is_two_prints() -> None:
    reads = read(PROFILE, a_frame(a_trade(liquidation="MT")), LISTED)

    told = [(one.side, one.id, one.usd) for one in reads if isinstance(one, Liquidation)]
    assert told == [(LONG, "48079269T", 1120.0), (SHORT, "48079269M", 1120.0)]


def test_ordinary_trades_give_nothing() -> None:
    ordinary = a_trade()
    del ordinary["liquidation"]

    assert read(PROFILE, a_frame(ordinary, ordinary), LISTED) == ()


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    trades = [
        a_trade(instrument_name="BTC-26MAR27"),
        a_trade(instrument_name="NEW-PERPETUAL"),
        a_trade(liquidation="X"),
        a_trade(amount=None),
        a_trade(timestamp=0),
        7,
        a_trade(),
    ]

    *skipped, told = read(PROFILE, a_frame(*trades), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == [Skipped.DATED, Skipped.UNLISTED] + 4 * [Skipped.MALFORMED]


def recorded_trades() -> Iterator[tuple[Json, list[Json]]]:
    """Yield recorded frames of trades with what tardis.dev made of them."""
    file = RECORDED / "tardis-node/messages/deribit.jsonl.gz"
    if not file.exists():
        pytest.skip("no recorded frames of Deribit")
    with gzip.open(file, "rt") as lines:
        for line in lines:
            record = json.loads(line)
            if str(record["raw"].get("params", {}).get("channel")).startswith("trades."):
                yield record["raw"], [one for one in record["tardis"] if one["type"] == "liquidation"]


def test_recorded_frames_agree_with_an_independent_reader_on_side_price_and_amount() -> None:
    checked = 0
    for raw, expected in recorded_trades():
        told = [one for one in read(PROFILE, raw, LISTED) if isinstance(one, Liquidation)]

        sides = {"sell": LONG, "buy": SHORT}
        assert [(one.id, one.side, one.price, one.usd) for one in told] == [
            (one["id"], sides[one["side"]], one["price"], one["amount"]) for one in expected
        ]
        checked += len(expected)
    assert checked >= 2


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": [CHANNEL]},
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "ticker.X.100ms", "data": {}}},
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_one_channel_carries_all_futures() -> None:
    (socket,) = await sockets_of(PROFILE, LISTED)

    assert socket.url == "wss://www.deribit.com/ws/api/v2"
    (frame,) = socket.frames
    assert not isinstance(frame, str)
    assert (frame["method"], frame["params"]) == ("public/subscribe", {"channels": [CHANNEL]})


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"jsonrpc": "2.0", "id": 1, "result": [CHANNEL], "testnet": False}
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Invalid params"}}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame(a_trade()))
    assert PROFILE.refused(error) == "Invalid params"
    assert PROFILE.refused({"id": 1, "result": []}) == f"{CHANNEL} is not among its channels"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.grade is FeedGrade.COMPLETE


TRADES = rows_of(
    {
        "liquidation": st.sampled_from(["T", "M", "MT"]),
        "direction": st.sampled_from(["sell", "buy"]),
        "amount": st.floats(0.001, 1e6),
        "price": st.floats(0.001, 1e6),
        "timestamp": st.integers(1, 2_000_000_000_000),
        "trade_id": st.text(max_size=4),
        "instrument_name": st.sampled_from(["BTC-PERPETUAL", "BTC_USDC-PERPETUAL", "BTC-26MAR27"]),
    }
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "params": st.fixed_dictionaries(
                {}, optional={"channel": st.just(CHANNEL) | SCALARS, "data": st.lists(TRADES) | SCALARS}
            )
            | SCALARS,
            "error": SCALARS,
            "result": SCALARS | st.lists(SCALARS, max_size=2),
            "id": st.just(1) | SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
