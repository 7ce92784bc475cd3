import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.dydx import PROFILE, side_of
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

LISTED = Listed({"BTC-USD": linear("dydx")})


def a_trade(**fields: object) -> Json:
    documented = {
        "id": "02b6148d0000000200000005",
        "side": "SELL",
        "size": "0.024",
        "price": "114581",
        "type": "LIQUIDATED",
        "createdAt": "2026-08-04T00:42:07.119Z",
        "createdAtHeight": "45487245",
    }
    return documented | fields


def an_update(*trades: Json, market: Json = "BTC-USD", kind: str = "channel_data") -> Json:
    return {
        "type": kind,
        "connection_id": "9011edff-d8f7-47fc-bbc6-0c7b5ba7dfae",
        "message_id": 3,
        "id": market,
        "channel": "v4_trades",
        "version": "2.1.0",
        "contents": {"trades": list(trades)},
    }


@pytest.mark.parametrize(
    ("side", "expected"), [("SELL", PositionSide.LONG), ("BUY", PositionSide.SHORT), ("", None), (1, None)]
)
def test_the_taker_was_liquidated_on_the_side_of_its_order(
    side: object, expected: PositionSide | None
) -> None:
    assert side_of({"side": side}) is expected


def test_a_liquidated_trade_is_a_print_in_base_units() -> None:
    told = liquidated(PROFILE, an_update(a_trade()), LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.024, 114581.0)
    assert (told.at_ms, told.received_ms) == (1785804127119, RECEIVED_MS)
    assert told.id == "02b6148d0000000200000005"


def test_the_first_answer_to_a_subscription_is_read_too() -> None:
    trades = [a_trade(type="LIMIT", id="a"), a_trade(id="b"), a_trade(type="DELEVERAGED", id="c")]

    told, deleveraged = read(PROFILE, an_update(*trades, kind="subscribed"), LISTED)

    assert isinstance(told, Liquidation)
    assert told.id == "b"
    assert deleveraged is Skipped.DELEVERAGED


def test_a_batch_of_updates_is_read_whole() -> None:
    batch = an_update(kind="channel_batch_data") | {
        "contents": [{"trades": [a_trade(id="a")]}, {"trades": [a_trade(id="b"), a_trade(id="c")]}]
    }

    assert len(read(PROFILE, batch, LISTED)) == 3


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    trades = [
        a_trade(side="LEFT"),
        a_trade(size="x"),
        a_trade(createdAt="soon"),
        a_trade(createdAt="2026-08-04T00:42:07"),
        a_trade(createdAt=None),
        7,
        a_trade(),
    ]

    *skipped, told = read(PROFILE, an_update(*trades), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == 6 * [Skipped.MALFORMED]
    assert read(PROFILE, an_update(a_trade(), market="NEW-USD"), LISTED) == (Skipped.UNLISTED,)
    assert read(PROFILE, an_update() | {"contents": []}, LISTED) == ()
    assert read(PROFILE, an_update() | {"contents": "x"}, LISTED) == (Skipped.MALFORMED,)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "connected", "connection_id": "004a1efa", "message_id": 0},
        {"type": "channel_data", "channel": "v4_markets", "contents": {}},
        {"type": "error", "message": "slow down", "connection_id": "9011edff", "message_id": 4},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_a_connection_holds_as_many_markets_as_the_venue_allows() -> None:
    listed = Listed({f"C{number}-USD": linear("dydx", f"C{number}") for number in range(70)})

    sockets = await sockets_of(PROFILE, listed)

    assert [len(socket.frames) for socket in sockets] == [32, 32, 6]
    assert {socket.url for socket in sockets} == {"wss://indexer.dydx.trade/v4/ws"}
    assert len({socket.name for socket in sockets}) == 3
    assert sockets[0].frames[0] == {"type": "subscribe", "channel": "v4_trades", "id": "C0-USD"}


def test_the_first_answer_confirms_and_an_error_refuses() -> None:
    error = {"type": "error", "message": "Per-connection subscription limit reached", "message_id": 4}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(an_update(kind="subscribed"))
    assert not PROFILE.confirmed(an_update(a_trade()))
    assert PROFILE.refused(error) == "Per-connection subscription limit reached"
    assert PROFILE.refused({"type": "error"}) == "no reason given"
    assert PROFILE.refused(an_update(kind="subscribed")) is None
    assert (PROFILE.grade, PROFILE.backfill) == (FeedGrade.COMPLETE, None)


TRADES = rows_of(
    {
        "id": st.text(max_size=4),
        "side": st.sampled_from(["SELL", "BUY"]),
        "size": st.floats(0.001, 1e6).map(str),
        "price": st.floats(0.001, 1e6).map(str),
        "type": st.sampled_from(["LIQUIDATED", "DELEVERAGED", "LIMIT"]),
        "createdAt": st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    }
)
CONTENTS = st.fixed_dictionaries({}, optional={"trades": st.lists(TRADES, max_size=3) | SCALARS}) | SCALARS


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["subscribed", "channel_data", "error"]) | SCALARS,
            "channel": st.just("v4_trades") | SCALARS,
            "id": st.just("BTC-USD") | SCALARS,
            "contents": CONTENTS | st.lists(CONTENTS, max_size=2),
            "message": SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
