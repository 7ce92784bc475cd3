import struct

import ccxt.pro as ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.paradex import PROFILE, side_of
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from tests.exchanges.streams.venues.asked import sockets_of
from tests.exchanges.streams.venues.listed import (
    RECEIVED_MS,
    SCALARS,
    Json,
    Listed,
    assert_harmless,
    linear,
    liquidated,
    read,
    rows_of,
)

LISTED = Listed({"BTC-USD-PERP": linear("paradex"), "kBONK-USD-PERP": linear("paradex", "BONK")})
TRADE_ID = "1799999999230201709233240002"


def a_trade(**fields: object) -> Json:
    documented = {
        "id": TRADE_ID,
        "market": "BTC-USD-PERP",
        "side": "SELL",
        "size": "0.026",
        "price": "69578.2",
        "created_at": 1799999999230,
        "trade_type": "LIQUIDATION",
    }
    return documented | fields


def a_frame(trade: Json) -> Json:
    params = {"channel": "trades.ALL", "data": trade}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def a_binary_frame(
    *,
    template: int = 1,
    kind: int = 2,
    side: int = 2,
    market: bytes = b"BTC-USD-PERP",
    appended: bytes = b"",
) -> bytes:
    """Build a trade event as the schema has it; later versions append to the block."""
    block = struct.pack(
        "<qqqBqqqB", 1799999999231000, 7, 1, side, 6957820000000, 2600000, 1799999999230999, kind
    )
    block += appended
    texts = b"".join(bytes([len(text)]) + text for text in (market, TRADE_ID.encode()))
    return struct.pack("<HHHH", len(block), template, 1, 3) + block + texts


@pytest.mark.parametrize(
    ("side", "expected"), [("SELL", PositionSide.LONG), ("BUY", PositionSide.SHORT), (None, None)]
)
def test_the_taker_was_liquidated_on_the_side_of_its_order(
    side: object, expected: PositionSide | None
) -> None:
    assert side_of({"side": side}) is expected


@pytest.mark.parametrize(
    "message",
    [a_frame(a_trade()), a_binary_frame(), a_binary_frame(appended=b"\x01\x02")],
    ids=["json", "binary", "of a later version"],
)
def test_a_liquidation_says_the_same_in_either_encoding(message: Json) -> None:
    told = liquidated(PROFILE, message, LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.026, 69578.2)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999230, RECEIVED_MS, TRADE_ID)


def test_a_binary_frame_is_read_as_ccxt_reads_it() -> None:
    frame = a_binary_frame(side=1)

    parsed: Json = ccxt.paradex().parse_sbe_message(frame)

    expected = liquidated(PROFILE, a_frame(parsed["params"]["data"]), LISTED)
    assert liquidated(PROFILE, frame, LISTED) == expected


@pytest.mark.parametrize("kind", ["FILL", "UNWIND_TRANSFER", "SETTLE_MARKET", "RPI", "BLOCK_TRADE"])
def test_other_trades_give_nothing(kind: str) -> None:
    assert read(PROFILE, a_frame(a_trade(trade_type=kind)), LISTED) == ()


@pytest.mark.parametrize("kind", [1, 3, 4, 5, 6, 200])
def test_other_binary_trades_give_nothing(kind: int) -> None:
    assert read(PROFILE, a_binary_frame(kind=kind), LISTED) == ()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (a_binary_frame(market=b"NEW-USD-PERP"), Skipped.UNLISTED),
        (a_binary_frame(side=0), Skipped.MALFORMED),
        (a_binary_frame()[:40], Skipped.MALFORMED),
        (a_binary_frame()[:-1], Skipped.MALFORMED),
        (a_binary_frame(market=b"\xff"), Skipped.MALFORMED),
        (b"\x01", Skipped.MALFORMED),
        (a_frame(a_trade(market="BTC-USD-31DEC26-100000-C")), Skipped.UNLISTED),
        (a_frame(a_trade(size="x")), Skipped.MALFORMED),
        (a_frame(a_trade(created_at=None)), Skipped.MALFORMED),
        (a_frame([]), Skipped.MALFORMED),
    ],
)
def test_what_is_no_print_of_a_perpetual_says_why(message: Json, why: Skipped) -> None:
    assert read(PROFILE, message, LISTED) == (why,)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "result": {"channel": "trades.ALL"}, "usIn": 1, "usDiff": 1, "id": 1},
        {"jsonrpc": "2.0", "params": {"channel": "markets_summary", "data": {}}},
        a_binary_frame(template=4),
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_one_channel_carries_all_markets_in_the_required_encoding() -> None:
    (socket,) = await sockets_of(PROFILE, LISTED)

    assert socket.url == "wss://ws.api.prod.paradex.trade/v1?sbeSchemaId=1&sbeSchemaVersion=3"
    (frame,) = socket.frames
    assert not isinstance(frame, str)
    assert (frame["method"], frame["params"]) == ("subscribe", {"channel": "trades.ALL"})


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"jsonrpc": "2.0", "result": {"channel": "trades.ALL"}, "id": 1}
    error = {"jsonrpc": "2.0", "id": 0, "error": {"code": -32600, "message": "invalid subscribe request"}}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_binary_frame())
    assert PROFILE.refused(error) == "invalid subscribe request"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.refused(a_binary_frame()) is None
    assert (PROFILE.grade, PROFILE.backfill) == (FeedGrade.COMPLETE, None)


TRADES = rows_of(
    {
        "id": st.text(max_size=4),
        "market": st.just("BTC-USD-PERP"),
        "side": st.sampled_from(["SELL", "BUY"]),
        "size": st.floats(0.001, 1e6).map(str),
        "price": st.floats(0.001, 1e6).map(str),
        "created_at": st.integers(1, 2_000_000_000_000),
        "trade_type": st.just("LIQUIDATION"),
    }
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "params": st.fixed_dictionaries(
                {}, optional={"channel": st.just("trades.ALL") | SCALARS, "data": TRADES}
            )
            | SCALARS,
            "error": SCALARS,
            "result": SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)


@given(
    st.binary(max_size=120) | st.binary(max_size=90).map(lambda rest: struct.pack("<HHH", 50, 1, 1) + rest)
)
def test_no_bytes_make_the_reader_raise(frame: bytes) -> None:
    assert_harmless(PROFILE, frame, LISTED)


def test_a_print_of_a_thousand_coins_keeps_the_venues_unit() -> None:
    told = liquidated(
        PROFILE, a_frame(a_trade(market="kBONK-USD-PERP", size="34028", price="0.028776")), LISTED
    )

    assert isinstance(told, Liquidation)
    assert told.usd == pytest.approx(34028 * 0.028776)
