import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.lighter import PROFILE, side_of
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

LISTED = Listed({"0": linear("lighter", "ETH", contract_size=10_000.0), "1": linear("lighter")})


def a_trade(**fields: object) -> Json:
    documented = {
        "trade_id": 526801155,
        "tx_hash": "1998d9df580acb7540aa141cc369d6ef926d003b",
        "type": "liquidation",
        "market_id": 0,
        "size": "0.0346",
        "price": "3028.85",
        "usd_amount": "104.798210",
        "ask_id": 281475673670566,
        "bid_id": 562949291740362,
        "is_maker_ask": False,
        "block_height": 102322769,
        "timestamp": 1799999999215,
    }
    return documented | fields


def a_frame(*forced: Json, kind: str = "update/trade") -> Json:
    ordinary = a_trade(type="trade", trade_id=1)
    return {
        "channel": "trade:0",
        "liquidation_trades": list(forced),
        "nonce": 3159738569,
        "trades": [ordinary],
        "type": kind,
    }


@pytest.mark.parametrize(
    ("is_maker_ask", "side"), [(False, PositionSide.LONG), (True, PositionSide.SHORT), (None, None)]
)
def test_the_taker_was_liquidated_against_the_makers_side(
    is_maker_ask: object, side: PositionSide | None
) -> None:
    assert side_of({"is_maker_ask": is_maker_ask}) is side


def test_a_print_is_in_base_units_whatever_ccxt_takes_for_the_contracts_size() -> None:
    told = liquidated(PROFILE, a_frame(a_trade()), LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.0346, 3028.85)
    assert told.usd == pytest.approx(104.798210)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999215, RECEIVED_MS, "526801155")


def test_what_a_subscription_begins_with_is_read_and_deleveraging_is_left_out() -> None:
    frame = a_frame(a_trade(), a_trade(type="deleverage"), kind="subscribed/trade")

    told, deleveraged = read(PROFILE, frame, LISTED)

    assert isinstance(told, Liquidation)
    assert deleveraged is Skipped.DELEVERAGED


def test_ordinary_trades_and_settlements_give_nothing() -> None:
    frame = a_frame(a_trade(type="market-settlement")) | {"channel": "trade:1"}

    assert read(PROFILE, frame, LISTED) == ()
    assert read(PROFILE, a_frame() | {"liquidation_trades": None}, LISTED) == ()


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    trades = [
        a_trade(market_id=99),
        a_trade(is_maker_ask=None),
        a_trade(size=""),
        a_trade(timestamp="x"),
        {},
        a_trade(),
    ]

    *skipped, told = read(PROFILE, a_frame(*trades), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == [Skipped.UNLISTED] + 4 * [Skipped.MALFORMED]


@pytest.mark.parametrize(
    "message",
    [
        {"session_id": "8d354239", "type": "connected"},
        {"type": "ping"},
        {"type": "unsubscribed", "channel": "trade:0"},
        {"type": "update/trade", "channel": "account_all_trades:7"},
        {"type": "update/market_stats", "channel": "market_stats:all"},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_each_market_has_its_channel_on_the_address_that_only_reads() -> None:
    (socket,) = await sockets_of(PROFILE, LISTED)

    assert socket.url == "wss://mainnet.zklighter.elliot.ai/stream?readonly=true"
    assert socket.frames == (
        {"type": "subscribe", "channel": "trade/0"},
        {"type": "subscribe", "channel": "trade/1"},
    )


async def test_a_connection_holds_as_many_markets_as_the_venue_allows() -> None:
    listed = Listed({str(number): linear("lighter", f"C{number}") for number in range(501)})

    assert [len(socket.frames) for socket in await sockets_of(PROFILE, listed)] == [500, 1]


def test_the_first_answer_confirms_and_an_error_refuses() -> None:
    error = {"error": {"code": 30005, "message": "Invalid Channel:  (marketId)"}}
    already = {"error": {"code": 30003, "message": "Already Subscribed to : trade:0"}}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(a_frame(kind="subscribed/trade"))
    assert not PROFILE.confirmed(a_frame())
    assert PROFILE.refused(error) == "Invalid Channel:  (marketId)"
    assert PROFILE.refused(already) is None
    assert PROFILE.refused(a_frame()) is None
    assert (PROFILE.grade, PROFILE.backfill) == (FeedGrade.COMPLETE, None)


TRADES = rows_of(
    {
        "trade_id": st.integers(),
        "type": st.sampled_from(["liquidation", "deleverage", "trade"]),
        "market_id": st.sampled_from([0, 1, 7]),
        "size": st.floats(0.001, 1e6).map(str),
        "price": st.floats(0.001, 1e6).map(str),
        "is_maker_ask": st.booleans(),
        "timestamp": st.integers(1, 2_000_000_000_000),
    }
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "channel": st.just("trade:0") | SCALARS,
            "type": st.sampled_from(["update/trade", "subscribed/trade"]) | SCALARS,
            "liquidation_trades": st.lists(TRADES, max_size=3) | SCALARS,
            "error": SCALARS | st.fixed_dictionaries({}, optional={"code": SCALARS, "message": SCALARS}),
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
