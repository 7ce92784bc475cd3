import pytest
from ccxt.base.errors import BadResponse
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.htx import PROFILE, side_of, side_of_archived
from monitors.exchanges.venues.htx import PROFILE as FUNDING
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Skipped
from monitors.market import Dropped
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.venues.asked import FIRST_MS, LAST_MS, asked, sockets_of
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
from tests.exchanges.venues.loopback import recorded_json

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
LISTED = Listed(
    {
        "BTC-USDT": linear("htx", contract_size=0.001),
        "BTC-USD": inverse("htx", contract_size=100.0),
        "BTC-USDT-270326": Dropped.DATED,
    }
)
ONLY_LINEAR = Listed({"BTC-USDT": linear("htx", contract_size=0.001)})
LINEAR, INVERSE = "/v5/market/liquidation_orders", "/swap-api/v3/swap_liquidation_orders"
HOUR_MS = 3_600_000


def a_row(**fields: object) -> Json:
    documented = {
        "symbol": "BTC",
        "contract_code": "BTC-USDT",
        "direction": "sell",
        "offset": "close",
        "volume": 479,
        "price": 51441.7,
        "created_at": 1799999999864,
        "amount": 0.479,
        "trade_turnover": 24640.5743,
        "contract_type": "swap",
        "pair": "BTC-USDT",
        "business_type": "swap",
    }
    return documented | fields


def a_frame(*rows: Json) -> Json:
    topic = "public.*.liquidation_orders"
    return {"op": "notify", "topic": topic, "ts": 1799999999900, "data": list(rows)}


def an_archived(**fields: object) -> Json:
    documented = {
        "id": "150153038758",
        "contract_code": "BTC-USDT",
        "liquidation_time": "1799999950165",
        "side": "buy",
        "position_side": "short",
        "volume": "2",
        "amount": "2",
        "bankrupt_price": "62978.5",
        "trade_turnover": "125.957",
    }
    return documented | fields


def an_answer(*rows: Json) -> Json:
    return {"code": 200, "message": "Success", "data": list(rows), "ts": 1799999999221}


@pytest.mark.parametrize(
    ("direction", "offset", "side"),
    [
        ("sell", "close", LONG),
        ("buy", "close", SHORT),
        ("sell", "both", LONG),
        ("sell", "open", None),
        ("", "close", None),
    ],
)
def test_an_order_that_closes_by_selling_ends_a_long(
    direction: str, offset: str, side: PositionSide | None
) -> None:
    assert side_of({"direction": direction, "offset": offset}) is side


@pytest.mark.parametrize(
    ("order_side", "position_side", "side"),
    [("buy", "short", SHORT), ("sell", "long", LONG), ("sell", "both", LONG), ("", "both", None)],
)
def test_the_archive_names_the_position_or_else_the_order(
    order_side: str, position_side: str, side: PositionSide | None
) -> None:
    assert side_of_archived({"side": order_side, "position_side": position_side}) is side


def test_a_linear_print_is_contracts_of_base_units() -> None:
    told = liquidated(PROFILE, a_frame(a_row()), LISTED)

    assert (told.side, told.price) == (LONG, 51441.7)
    assert told.quantity == pytest.approx(0.479)
    assert told.usd == pytest.approx(24640.5743)
    assert (told.at_ms, told.received_ms, told.id) == (1799999999864, RECEIVED_MS, "")


def test_an_inverse_print_is_contracts_of_dollars() -> None:
    row = a_row(
        contract_code="BTC-USD", direction="buy", volume=173, price=17102.9, amount=1.0115243613656164
    )

    told = liquidated(PROFILE, a_frame(row), LISTED)

    assert (told.side, told.usd) == (SHORT, 17300.0)


def test_the_recorded_frame_agrees_with_its_own_turnover() -> None:
    frame = recorded_json("jkorf-htx/Subscriptions/UsdtMarginSwap/Liquidation.txt")

    told = liquidated(PROFILE, frame, Listed({"O3-USDT": linear("htx", "O3")}))

    assert (told.side, told.at_ms) == (LONG, 1639122193172)
    assert told.usd == pytest.approx(339.4656)


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    rows = [
        a_row(contract_code="BTC-USDT-270326"),
        a_row(contract_code="NEW-USDT"),
        a_row(offset="open"),
        a_row(volume="x"),
        a_row(created_at=None),
        {},
        a_row(),
    ]

    *skipped, told = read(PROFILE, a_frame(*rows), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == [Skipped.DATED, Skipped.UNLISTED] + 4 * [Skipped.MALFORMED]


async def test_a_print_told_by_the_archive_too_is_the_same_print() -> None:
    archived = an_archived(
        volume="479", bankrupt_price="51441.7", liquidation_time="1799999999864", position_side="long"
    )

    (told,), _ = await asked(PROFILE, FUNDING, {LINEAR: an_answer(archived)}, ONLY_LINEAR)

    assert told == liquidated(PROFILE, a_frame(a_row()), ONLY_LINEAR)


async def test_the_archive_is_asked_for_each_contract_of_either_margin() -> None:
    older = a_row(contract_code="BTC-USD", volume=173, price=17102.9)
    answers = {LINEAR: an_answer(an_archived()), INVERSE: an_answer(older)}

    reads, requests = await asked(PROFILE, FUNDING, answers, LISTED)

    assert [round(one.usd, 6) for one in reads if isinstance(one, Liquidation)] == [125.957, 17300.0]
    window = f"start_time={FIRST_MS}&end_time={LAST_MS}"
    assert requests == [
        f"{LINEAR}?contract_code=BTC-USDT&{window}&limit=100",
        f"{INVERSE}?contract=BTC-USD&trade_type=0&{window}",
    ]


async def test_a_long_gap_is_asked_for_two_hours_at_a_time() -> None:
    _, requests = await asked(
        PROFILE, FUNDING, {LINEAR: an_answer()}, ONLY_LINEAR, until_ms=FIRST_MS + 3 * HOUR_MS
    )

    first = f"start_time={FIRST_MS}&end_time={FIRST_MS + 2 * HOUR_MS - 1}"
    second = f"start_time={FIRST_MS + 2 * HOUR_MS}&end_time={FIRST_MS + 3 * HOUR_MS - 1}"
    assert [request.split("&", 1)[1] for request in requests] == [f"{first}&limit=100", f"{second}&limit=100"]


async def test_a_full_page_is_asked_for_again_in_halves() -> None:
    def path(first: int, last: int) -> str:
        return f"{LINEAR}?contract_code=BTC-USDT&start_time={first}&end_time={last}&limit=100"

    middle = (FIRST_MS + LAST_MS) // 2
    answers = {
        path(FIRST_MS, LAST_MS): an_answer(*100 * [an_archived()]),
        path(FIRST_MS, middle): an_answer(*99 * [an_archived(side="sell", position_side="long")]),
        path(middle + 1, LAST_MS): an_answer(an_archived()),
    }

    reads, _ = await asked(PROFILE, FUNDING, answers, ONLY_LINEAR)

    sides = [one.side for one in reads if isinstance(one, Liquidation)]
    assert (sides.count(LONG), sides.count(SHORT)) == (99, 1)


async def test_a_gap_beyond_the_budget_costs_no_request() -> None:
    listed = Listed({f"C{number}-USDT": linear("htx") for number in range(200)})

    with pytest.raises(VenueUnavailableError, match="too long for its archive") as caught:
        await asked(PROFILE, FUNDING, {}, listed, until_ms=FIRST_MS + 8 * HOUR_MS)

    assert caught.value.blocked


@pytest.mark.parametrize("answer", ["<html></html>", {"code": 200}, {"data": "busy"}])
async def test_an_answer_that_is_no_list_is_no_empty_archive(answer: object) -> None:
    with pytest.raises(BadResponse, match="expected"):
        await asked(PROFILE, FUNDING, {LINEAR: answer}, ONLY_LINEAR)


async def test_a_list_that_is_null_is_empty() -> None:
    assert (await asked(PROFILE, FUNDING, {LINEAR: {"data": None}}, ONLY_LINEAR))[0] == []


@pytest.mark.parametrize(
    "message",
    [
        {"op": "ping", "ts": "1492420473058"},
        {"op": "sub", "cid": "1", "topic": "public.*.liquidation_orders", "err-code": 0},
        {"op": "notify", "topic": "public.BTC-USDT.funding_rate", "data": []},
        None,
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_each_margin_that_is_listed_has_its_connection() -> None:
    sockets = await sockets_of(PROFILE, LISTED)

    assert [(socket.name, socket.url) for socket in sockets] == [
        ("linear", "wss://api.hbdm.vn/linear-swap-notification"),
        ("inverse", "wss://api.hbdm.vn/swap-notification"),
    ]
    subscription = {"op": "sub", "cid": "1", "topic": "public.*.liquidation_orders"}
    assert all(socket.frames == (subscription,) for socket in sockets)
    assert [socket.name for socket in await sockets_of(PROFILE, ONLY_LINEAR)] == ["linear"]


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"op": "sub", "cid": "1", "topic": "public.*.liquidation_orders", "err-code": 0}
    error = acknowledged | {"err-code": 4007, "err-msg": "not available"}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(error)
    assert not PROFILE.confirmed(a_frame(a_row()))
    assert PROFILE.refused(error) == "not available"
    assert PROFILE.refused(acknowledged | {"err-code": 2002}) == "error 2002"
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.grade is FeedGrade.COMPLETE


ROWS = rows_of(
    {
        "contract_code": st.sampled_from(["BTC-USDT", "BTC-USD", "BTC-USDT-270326"]),
        "direction": st.sampled_from(["sell", "buy"]),
        "offset": st.sampled_from(["close", "open", "both"]),
        "volume": st.floats(0.001, 1e6),
        "price": st.floats(0.001, 1e6),
        "created_at": st.integers(1, 2_000_000_000_000),
    }
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["notify", "sub"]) | SCALARS,
            "topic": st.just("public.*.liquidation_orders") | SCALARS,
            "data": st.lists(ROWS, max_size=3) | SCALARS,
            "err-code": SCALARS,
            "err-msg": SCALARS,
        },
    )
    | SCALARS
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
