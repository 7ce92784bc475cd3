import pytest
from ccxt.base.errors import BadResponse
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.bitget import PROFILE, side_of
from monitors.exchanges.venues.bitget import PROFILE as FUNDING
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.venues.asked import FIRST_MS, LAST_MS, asked, sockets_of
from tests.exchanges.streams.venues.bitget_prints import (
    BASE_AMOUNTS,
    LISTED,
    QUOTE_AMOUNTS,
    a_frame,
    a_row,
    quantities,
    rows_with,
    settling,
)
from tests.exchanges.streams.venues.listed import (
    RECEIVED_MS,
    SCALARS,
    Json,
    assert_harmless,
    read,
    rows_of,
)

ARCHIVE = "/api/v3/market/liquidations"
USDT, COIN, USDC = (f"{ARCHIVE}?category={line}-FUTURES&limit=100" for line in ("USDT", "COIN", "USDC"))


def an_answer(*rows: Json, cursor: str = "") -> Json:
    return {"code": "00000", "msg": "success", "data": {"list": list(rows), "cursor": cursor}}


EMPTY = {COIN: an_answer(), USDC: an_answer()}


@pytest.mark.parametrize(
    ("side", "expected"), [("buy", PositionSide.LONG), ("sell", PositionSide.SHORT), ("", None), (None, None)]
)
def test_the_side_is_the_positions(side: object, expected: PositionSide | None) -> None:
    assert side_of({"side": side}) is expected


def test_without_a_proven_unit_prints_are_unsettled() -> None:
    rows = [
        a_row(),
        a_row(symbol="BTCUSDTZ26"),
        a_row(symbol="NEWUSDT"),
        a_row(side="left"),
        a_row(amount="x"),
        a_row(ts=None),
        7,
    ]

    assert read(PROFILE, a_frame(*rows), LISTED) == (
        Skipped.UNSETTLED,
        Skipped.DATED,
        Skipped.UNLISTED,
        *4 * (Skipped.MALFORMED,),
    )


async def test_the_archive_proves_its_unit_by_its_own_rows_those_before_the_gap_included() -> None:
    before = rows_with(BASE_AMOUNTS, ts=str(FIRST_MS - 1))
    after = a_row("7", ts=str(LAST_MS + 1))
    within = [a_row("0.5"), a_row("2", symbol="BTCUSD", side="sell")]

    reads, requests = await asked(
        PROFILE, FUNDING, EMPTY | {USDT: an_answer(after, *within, *before)}, LISTED
    )

    linear, inverse = reads
    assert isinstance(linear, Liquidation)
    assert isinstance(inverse, Liquidation)
    assert (linear.side, linear.quantity, linear.price) == (PositionSide.LONG, 0.5, 89000.0)
    assert (linear.at_ms, linear.received_ms, linear.id) == (1799999950162, RECEIVED_MS, "")
    assert (inverse.side, inverse.usd) == (PositionSide.SHORT, 178000.0)
    assert requests == [USDT, COIN, USDC]


async def test_values_are_divided_by_the_price() -> None:
    reads, _ = await asked(PROFILE, FUNDING, EMPTY | {USDT: an_answer(*rows_with(QUOTE_AMOUNTS))}, LISTED)

    assert quantities(reads) == pytest.approx([float(amount) / 89000 for amount in QUOTE_AMOUNTS])


@pytest.mark.parametrize("amounts", [BASE_AMOUNTS[:4], (*BASE_AMOUNTS, QUOTE_AMOUNTS[0])])
async def test_rows_that_prove_no_unit_leave_the_gap_open_for_now(amounts: tuple[str, ...]) -> None:
    with pytest.raises(VenueUnavailableError, match="the unit of Bitget's amounts") as caught:
        await asked(PROFILE, FUNDING, EMPTY | {USDT: an_answer(*rows_with(amounts))}, LISTED)

    assert not caught.value.blocked


async def test_unreadable_rows_of_the_archive_cost_only_themselves() -> None:
    strange = [7, a_row(ts=None), a_row(symbol="NEWUSDT")]
    page = [*strange, *rows_with(95 * ["0.5"]), a_row(ts=str(FIRST_MS - 1)), a_row(ts=None)]

    reads, _ = await asked(PROFILE, FUNDING, EMPTY | {USDT: an_answer(*page)}, LISTED)

    assert len(quantities(reads)) == 95
    skipped = [one for one in reads if isinstance(one, Skipped)]
    assert sorted(skipped) == 3 * [Skipped.MALFORMED] + [Skipped.UNLISTED]


async def test_an_empty_gap_needs_no_proof() -> None:
    answers = EMPTY | {USDT: an_answer(a_row(ts=str(FIRST_MS - 1)))}

    assert (await asked(PROFILE, FUNDING, answers, LISTED))[0] == []


async def test_the_archive_is_paged_back_until_before_the_gap() -> None:
    newest = 100 * [a_row("0.5", ts=str(LAST_MS))]
    older = 99 * [a_row("0.5", ts=str(FIRST_MS))] + [a_row("0.5", ts=str(FIRST_MS - 1))]
    answers = EMPTY | {USDT: an_answer(*newest, cursor="7"), f"{USDT}&cursor=7": an_answer(*older)}

    reads, requests = await asked(PROFILE, FUNDING, answers, LISTED)

    assert len(reads) == 199
    assert requests == [USDT, f"{USDT}&cursor=7", COIN, USDC]


@pytest.mark.parametrize("cursor", ["", "7"])
async def test_an_archive_that_ends_inside_the_gap_leaves_it_open(cursor: str) -> None:
    page = an_answer(*100 * [a_row("0.5", ts=str(LAST_MS))], cursor=cursor)

    with pytest.raises(VenueUnavailableError, match="does not reach back") as caught:
        await asked(PROFILE, FUNDING, EMPTY | {USDT: page, f"{USDT}&cursor=7": page}, LISTED)

    assert caught.value.blocked


@pytest.mark.parametrize("answer", ["<html></html>", {"code": "00000", "data": {}}, {"data": {"list": 7}}])
async def test_an_answer_that_is_no_list_is_no_empty_archive(answer: object) -> None:
    with pytest.raises(BadResponse, match="expected"):
        await asked(PROFILE, FUNDING, EMPTY | {USDT: answer}, LISTED)


@pytest.mark.parametrize(
    "message",
    [
        "pong",
        {"event": "subscribe", "arg": {"instType": "usdt-futures", "topic": "liquidation"}},
        {"action": "snapshot", "arg": {"instType": "usdt-futures", "topic": "ticker"}, "data": []},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None
    assert list(settling().weigh(message, LISTED, RECEIVED_MS)) == []


async def test_one_connection_carries_the_three_product_lines() -> None:
    (socket,) = await sockets_of(PROFILE, LISTED)

    assert socket.url == "wss://ws.bitget.com/v3/ws/public"
    assert socket.frames == tuple(
        {"op": "subscribe", "args": [{"instType": line, "topic": "liquidation"}]}
        for line in ("usdt-futures", "coin-futures", "usdc-futures")
    )


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    arg = {"instType": "usdt-futures", "topic": "liquidation"}
    acknowledged = {"event": "subscribe", "arg": arg, "connId": "a"}
    error = {"event": "error", "arg": arg, "code": 30001, "msg": "does not exist"}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame(a_row()))
    assert PROFILE.refused(error) == "does not exist"
    assert PROFILE.refused({"event": "error", "code": 30001}) == "30001"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.grade is FeedGrade.THROTTLED


ROWS = rows_of(
    {
        "symbol": st.sampled_from(["BTCUSDT", "BTCUSD", "BTCUSDTZ26"]),
        "side": st.sampled_from(["buy", "sell"]),
        "price": st.floats(0.001, 1e6).map(str),
        "amount": st.floats(0.0001, 1e9).map(str) | st.sampled_from(BASE_AMOUNTS),
        "ts": st.integers(1, 2_000_000_000_000).map(str),
    }
)
FRAMES = (
    st.fixed_dictionaries(
        {},
        optional={
            "arg": st.just({"topic": "liquidation"}) | SCALARS,
            "data": st.lists(ROWS, max_size=4) | SCALARS,
            "event": st.just("error") | SCALARS,
            "msg": SCALARS,
        },
    )
    | SCALARS
)


@given(FRAMES)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)


@given(st.lists(FRAMES, max_size=6))
def test_no_frame_makes_the_settling_raise(messages: list[Json]) -> None:
    learner = settling()

    for message in messages:
        for told in learner.weigh(message, LISTED, RECEIVED_MS):
            assert isinstance(told, Skipped) or learner.is_settled
        assert learner.note == "" or not learner.is_settled
