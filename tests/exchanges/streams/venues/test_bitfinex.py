import pytest
from ccxt.base.errors import BaseError
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.bitfinex import PROFILE, side_of
from monitors.exchanges.venues.bitfinex import PROFILE as FUNDING
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.venues.asked import FIRST_MS, LAST_MS, asked, sockets_of
from tests.exchanges.streams.venues.listed import (
    RECEIVED_MS,
    SCALARS,
    Json,
    Listed,
    assert_harmless,
    linear,
    liquidated,
    read,
)

LISTED = Listed({"tBTCF0:USTF0": linear("bitfinex"), "tAVAXF0:USTF0": linear("bitfinex", "AVAX")})
ARCHIVE = "/v2/liquidations/hist"


def a_row(
    position: Json = 171085137,
    *,
    at: Json = 1799999999788,
    symbol: Json = "tBTCF0:USTF0",
    amount: Json = 0.0392,
    price: Json = 42735,
    is_match: int = 1,
) -> Json:
    return ["pos", position, at, None, symbol, amount, 42990.5, None, is_match, 1, None, price]


def a_frame(*rows: Json) -> Json:
    return [91684, list(rows)]


@pytest.mark.parametrize(("amount", "side"), [(0.5, PositionSide.LONG), (-8, PositionSide.SHORT), (0, None)])
def test_the_amounts_sign_is_the_positions(amount: float, side: PositionSide | None) -> None:
    assert side_of(a_row(amount=amount)) is side


def test_a_print_is_in_base_units_at_the_price_the_position_was_taken_at() -> None:
    row = a_row(symbol="tAVAXF0:USTF0", amount=-8, price=33.255)

    told = liquidated(PROFILE, a_frame(row), LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.SHORT, 8.0, 33.255)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999788, RECEIVED_MS, "171085137")


def test_a_trigger_without_a_price_gives_nothing() -> None:
    assert read(PROFILE, a_frame(a_row(price=None, is_match=0)), LISTED) == ()


def test_a_row_may_come_bare_and_its_time_may_have_a_fraction() -> None:
    told = liquidated(PROFILE, [91684, a_row(at=1799999999788.2002)], LISTED)

    assert told.at_ms == 1799999999788


def test_all_rows_of_one_position_share_an_identity_and_the_first_priced_one_comes_first() -> None:
    trigger = a_row(at=1799999998752, price=None, is_match=0)
    taken = a_row(at=1799999998753, is_match=0)
    sold = a_row(at=1799999998757, amount=0.03908247)

    reads = read(PROFILE, a_frame(sold, taken, trigger), LISTED)

    assert [(one.id, one.quantity) for one in reads if isinstance(one, Liquidation)] == [
        ("171085137", 0.0392),
        ("171085137", 0.03908247),
    ]


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    rows = [
        a_row(symbol="tBTCUSD", at=1),
        a_row(amount=0, at=2),
        a_row(amount="x", at=3),
        a_row("x", at=4),
        ["pos", 1, 5],
        a_row(price=-1, at=6),
        a_row(),
    ]

    reads = read(PROFILE, a_frame(*rows), LISTED)

    assert len([one for one in reads if isinstance(one, Liquidation)]) == 1
    assert sorted(one for one in reads if isinstance(one, Skipped)) == 5 * [Skipped.MALFORMED] + [
        Skipped.UNLISTED
    ]


async def test_the_archive_gives_the_same_rows_for_all_contracts_at_once() -> None:
    later, earlier = a_row(2, at=1799999970000), a_row(1, at=1799999950000, price=None, is_match=0)

    reads, requests = await asked(
        PROFILE, FUNDING, {ARCHIVE: [[later], [earlier], [a_row(1, at=1799999950001)]]}, LISTED
    )

    assert [one.id for one in reads if isinstance(one, Liquidation)] == ["1", "2"]
    assert requests == [f"{ARCHIVE}?start={FIRST_MS}&end={LAST_MS}&limit=500&sort=1"]


async def test_a_full_page_is_asked_for_again_in_halves_and_too_many_leave_the_gap_open() -> None:
    middle = (FIRST_MS + LAST_MS) // 2
    full = [[a_row(number)] for number in range(500)]
    halves = {
        f"{ARCHIVE}?start={FIRST_MS}&end={LAST_MS}&limit=500&sort=1": full,
        f"{ARCHIVE}?start={FIRST_MS}&end={middle}&limit=500&sort=1": full[:300],
        f"{ARCHIVE}?start={middle + 1}&end={LAST_MS}&limit=500&sort=1": [*full[300:], [a_row(500)]],
    }

    reads, _ = await asked(PROFILE, FUNDING, halves, LISTED)

    assert len({one.id for one in reads if isinstance(one, Liquidation)}) == len(reads) == 501
    with pytest.raises(VenueUnavailableError, match="too long for its archive"):
        await asked(PROFILE, FUNDING, {ARCHIVE: full}, LISTED)


@pytest.mark.parametrize("answer", ["<html></html>", ["error", 10020, "limit: invalid"], {}])
async def test_an_answer_that_is_no_list_of_rows_is_no_empty_archive(answer: object) -> None:
    with pytest.raises(BaseError):
        await asked(PROFILE, FUNDING, {ARCHIVE: answer}, LISTED)


@pytest.mark.parametrize(
    "message",
    [
        [91684, "hb"],
        {"event": "info", "version": 2, "serverId": "a", "platform": {"status": 1}},
        {"event": "subscribed", "channel": "status", "chanId": 91684, "key": "liq:global"},
        [91684],
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_one_channel_carries_all_contracts() -> None:
    (socket,) = await sockets_of(PROFILE, LISTED)

    assert socket.url == "wss://api-pub.bitfinex.com/ws/2"
    assert socket.frames == ({"event": "subscribe", "channel": "status", "key": "liq:global"},)


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"event": "subscribed", "channel": "status", "chanId": 91684, "key": "liq:global"}
    error = {"event": "error", "msg": "key: invalid", "code": 10300}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame(a_row()))
    assert PROFILE.refused(error) == "key: invalid"
    assert PROFILE.refused({"event": "error"}) == "no reason given"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.grade is FeedGrade.THROTTLED


FIELDS = SCALARS | st.sampled_from(["pos", "tBTCF0:USTF0"]) | st.floats(0.001, 1e6) | st.integers(1, 10**12)
ROWS = st.lists(FIELDS, max_size=12).map(lambda row: ["pos", *row]) | st.lists(FIELDS, max_size=3)


@given(
    st.tuples(SCALARS, ROWS | st.lists(ROWS | st.lists(ROWS, max_size=2), max_size=3) | SCALARS).map(list)
    | st.builds(
        a_row,
        FIELDS,
        at=FIELDS,
        symbol=FIELDS,
        amount=FIELDS,
        price=FIELDS,
    ).map(lambda row: [7, row])
    | st.fixed_dictionaries({}, optional={"event": st.just("error") | SCALARS, "msg": SCALARS})
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
