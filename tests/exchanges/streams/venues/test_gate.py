import asyncio

import ccxt.pro as ccxt
import pytest
from ccxt.base.errors import BadResponse
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.gate import PROFILE, side_of_position
from monitors.exchanges.streams.venues.gate_sign import Sign, side_by
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.venues.gate_orders import (
    LISTED,
    SECOND,
    a_frame,
    a_row,
    an_order,
    archive,
    asked,
    asked_of,
    settling,
)
from tests.exchanges.streams.venues.listed import RECEIVED_MS, SCALARS, Json, assert_harmless, read, rows_of

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@pytest.mark.parametrize(("size", "side"), [(600, LONG), (-165, SHORT), (0, None)])
def test_the_archive_has_the_positions_sign(size: float, side: PositionSide | None) -> None:
    assert side_of_position(size) is side


@pytest.mark.parametrize(("size", "side"), [(-5, LONG), (5, SHORT)])
def test_an_orders_sign_is_the_other_way_round(size: float, side: PositionSide) -> None:
    read = side_of_position(size)

    assert read is not None
    assert side_by(Sign.ORDER, read) is side


async def test_the_archive_gives_what_was_filled_at_the_price_of_the_fill() -> None:
    (told,) = await archive(an_order(-165, left=-65))

    assert isinstance(told, Liquidation)
    assert (told.side, told.price) == (SHORT, 60100.0)
    assert told.quantity == pytest.approx(0.01)
    assert (told.at_ms, told.received_ms) == (SECOND * 1000, RECEIVED_MS)


async def test_an_inverse_contract_of_the_archive_is_a_dollar() -> None:
    order = an_order(600, contract="BTC_USD")

    (told,) = await archive(inverse_ones=[order])

    assert isinstance(told, Liquidation)
    assert (told.side, told.usd) == (LONG, 600.0)


async def test_a_contract_that_settles_in_a_third_coin_is_worth_its_size_in_it_for_each_dollar() -> None:
    order = an_order(1000, contract="SOL_USD") | {"fill_price": "180"}

    (told,) = await archive(inverse_ones=[order])

    assert isinstance(told, Liquidation)
    assert (told.quantity, told.price) == pytest.approx((0.001, 180.0))
    assert PROFILE.quanto


async def test_decimal_sizes_and_a_missing_fill_price_are_read() -> None:
    order = an_order("0.5", left="0") | {"fill_price": "0"}

    (told,) = await archive(order)

    assert isinstance(told, Liquidation)
    assert told.quantity == pytest.approx(0.00005)
    assert told.price == 60000.0


async def test_rows_of_the_archive_that_are_no_prints_say_why() -> None:
    rows = [an_order(contract="ETH_USD"), an_order(contract="NEW_USDT"), an_order("x"), 7, an_order(0)]

    reads = await archive(*rows)

    unreadable = Skipped.MALFORMED
    assert reads == [Skipped.QUANTO, Skipped.UNLISTED, unreadable, unreadable, unreadable]


async def test_all_contracts_are_asked_for_at_once_in_seconds_an_hour_at_most() -> None:
    _, questions = await asked({"usdt": [], "btc": []}, SECOND + 0.7, SECOND + 3700.2)

    spans = [(SECOND, SECOND + 3600), (SECOND + 3600, SECOND + 3701)]
    assert questions == [
        f"/api/v4/futures/{settle}/liq_orders?from={since}&to={until}&limit=1000"
        for settle in ("usdt", "btc")
        for since, until in spans
    ]


async def test_a_full_page_is_asked_for_again_in_halves_and_every_order_counts_once() -> None:
    path = "/api/v4/futures/usdt/liq_orders"
    early = [an_order(number + 1, at=1) for number in range(600)]
    late = [an_order(number + 1, at=3) for number in range(600)]
    border = [an_order(7, at=2), an_order(7, at=2)]
    answers = {
        f"{path}?from={SECOND}&to={SECOND + 4}&limit=1000": (early + border + late)[:1000],
        f"{path}?from={SECOND}&to={SECOND + 2}&limit=1000": early + border,
        f"{path}?from={SECOND + 2}&to={SECOND + 4}&limit=1000": border + late,
        "/api/v4/futures/btc/liq_orders": [],
    }

    reads, _ = await asked_of(answers, SECOND, SECOND + 4)

    assert len({told.id for told in reads if isinstance(told, Liquidation)}) == len(reads) == 1202


async def test_a_second_that_fills_a_page_alone_is_taken_as_it_is() -> None:
    orders = [an_order(number + 1) for number in range(1000)]

    reads, _ = await asked({"usdt": orders, "btc": []}, SECOND, SECOND + 1)

    assert len(reads) == 1000


async def test_a_gap_of_days_is_not_asked_for_at_all() -> None:
    with pytest.raises(VenueUnavailableError, match="too long"):
        await asked({}, SECOND, SECOND + 4 * 24 * 3600)


async def test_an_answer_that_is_no_list_is_no_empty_archive() -> None:
    with pytest.raises(BadResponse, match="expected a list of rows"):
        await asked({"usdt": {"message": "busy"}, "btc": []}, SECOND, SECOND + 60)


def test_the_sockets_prints_are_unsettled_by_themselves() -> None:
    rows = [a_row(), a_row(contract="ETH_USD"), a_row("0"), a_row(None), a_row(price="-1")]

    reads = read(PROFILE, a_frame(rows), LISTED)

    unreadable = Skipped.MALFORMED
    assert reads == (Skipped.UNSETTLED, Skipped.QUANTO, unreadable, unreadable, unreadable)


@pytest.mark.parametrize("result", [a_row(), [a_row()]], ids=["object", "array"])
def test_a_frame_holds_one_order_or_an_array(result: Json) -> None:
    assert read(PROFILE, a_frame(result), LISTED) == (Skipped.UNSETTLED,)


@pytest.mark.parametrize(
    "message",
    [
        {"channel": "futures.public_liquidates", "event": "subscribe", "result": {"status": "success"}},
        {"channel": "futures.pong", "event": "", "result": None},
        {"channel": "futures.tickers", "event": "update", "result": []},
        "pong",
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None
    assert list(settling().weigh(message, LISTED, RECEIVED_MS)) == []


async def test_each_settlement_currency_has_its_connection() -> None:
    exchange = ccxt.gate()
    await asyncio.wait_for(exchange.close(), timeout=60)

    sockets = PROFILE.sockets(exchange, LISTED)

    assert [(socket.name, socket.url) for socket in sockets] == [
        ("usdt", "wss://fx-ws.gateio.ws/v4/ws/usdt"),
        ("btc", "wss://fx-ws.gateio.ws/v4/ws/btc"),
    ]
    for socket in sockets:
        (frame,) = socket.frames
        assert not isinstance(frame, str)
        assert isinstance(frame["time"], int)
        assert frame["channel"] == "futures.public_liquidates"
        assert (frame["event"], frame["payload"]) == ("subscribe", ["!all"])


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    answer = {"time": SECOND, "channel": "futures.public_liquidates", "event": "subscribe"}
    acknowledged = answer | {"result": {"status": "success"}}
    error = answer | {"error": {"code": 2, "message": "unknown contract"}, "result": None}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame([a_row()]))
    assert PROFILE.refused(error) == "unknown contract"
    assert PROFILE.refused(answer | {"error": {"code": 2}}) == "{'code': 2}"
    assert PROFILE.refused(answer | {"result": {"status": "fail"}}) == "fail"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.refused(a_frame([a_row()])) is None


def test_the_feed_is_a_floor() -> None:
    assert PROFILE.grade is FeedGrade.THROTTLED


ROWS = rows_of(
    {
        "contract": st.sampled_from(["BTC_USDT", "BTC_USD", "ETH_USD", "NEW_USDT"]),
        "size": st.integers(-1000, 1000).map(str),
        "price": st.floats(0.001, 1e6).map(str),
        "time": st.integers(1, 2_000_000_000_000),
        "time_ms": st.integers(1, 2_000_000_000_000),
    }
)
FRAMES = (
    st.fixed_dictionaries(
        {
            "channel": st.just("futures.public_liquidates") | SCALARS,
            "event": st.sampled_from(["update", "subscribe"]) | SCALARS,
            "result": st.lists(ROWS, max_size=3) | ROWS,
        },
        optional={"error": SCALARS},
    )
    | SCALARS
)


@given(FRAMES)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)


@given(st.lists(FRAMES, max_size=5))
def test_no_frame_makes_the_settling_raise(messages: list[Json]) -> None:
    learner = settling()

    for message in messages:
        told = list(learner.weigh(message, LISTED, RECEIVED_MS))

        assert all(isinstance(one, Skipped) for one in told)
        assert list(learner.compare([Skipped.MALFORMED])) == []
