import pytest
from ccxt.base.errors import BadResponse
from hypothesis import given
from hypothesis import strategies as st

from monitors.exchanges.streams.venues.krakenfutures import PROFILE, side_of
from monitors.exchanges.venues.krakenfutures import PROFILE as FUNDING
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

LISTED = Listed(
    {
        "PF_XBTUSD": linear("krakenfutures"),
        "PI_XBTUSD": inverse("krakenfutures"),
        "FI_XBTUSD_270326": Dropped.DATED,
    }
)
TICKERS = "/derivatives/api/v3/tickers"
EXECUTIONS = "/api/history/v3/market/{}/executions"


def a_trade(**fields: object) -> Json:
    documented = {
        "feed": "trade",
        "product_id": "PF_XBTUSD",
        "uid": "05af78ac-a774-478c-a50c-8b9c234e071e",
        "side": "sell",
        "type": "liquidation",
        "seq": 653355,
        "time": 1799999999519,
        "qty": 0.5,
        "price": 34969.5,
    }
    return documented | fields


def a_snapshot(*trades: Json) -> Json:
    return {"feed": "trade_snapshot", "product_id": "PF_XBTUSD", "trades": list(trades)}


def an_execution(uid: str = "2d485b71", *, kind: str = "Liquidation", **taker: object) -> Json:
    order = {
        "uid": "04de3ee0-9125-4960-bf8f-f63b577b6790",
        "tradeable": "PF_XBTUSD",
        "direction": "Sell",
        "quantity": "0.0002",
        "timestamp": "1799999950000",
        "limitPrice": "71187.00",
        "orderType": kind,
        "reduceOnly": False,
        "lastUpdateTimestamp": "1799999950000",
    }
    execution = {
        "uid": uid,
        "makerOrder": order | {"direction": "Buy", "orderType": "Post"},
        "takerOrder": order | taker,
        "timestamp": "1799999950607",
        "quantity": "0.0002",
        "price": "71907",
        "markPrice": "71903.32715463147",
        "limitFilled": False,
        "usdValue": "14.38",
    }
    event = {"Execution": {"execution": execution, "takerReducedQuantity": ""}}
    return {"uid": "a5105030", "timestamp": "1799999950607", "event": event}


def a_page(*elements: Json, following: str = "") -> Json:
    page = {"elements": list(elements), "len": len(elements)}
    return page | ({"continuationToken": following} if following else {})


def tickers(**turnover: float) -> Json:
    said = [{"symbol": symbol, "volumeQuote": volume} for symbol, volume in turnover.items()]
    return {"result": "success", "tickers": said, "serverTime": "2026-10-22T11:02:31.335Z"}


@pytest.mark.parametrize(
    ("side", "expected"), [("sell", PositionSide.LONG), ("buy", PositionSide.SHORT), ("", None)]
)
def test_the_taker_was_liquidated_on_the_side_of_its_order(side: str, expected: PositionSide | None) -> None:
    assert side_of({"side": side}) is expected


def test_a_linear_quantity_is_base_units() -> None:
    told = liquidated(PROFILE, a_trade(), LISTED)

    assert (told.side, told.quantity, told.price) == (PositionSide.LONG, 0.5, 34969.5)
    assert (told.at_ms, told.received_ms) == (1799999999519, RECEIVED_MS)
    assert told.id == "05af78ac-a774-478c-a50c-8b9c234e071e"


def test_an_inverse_quantity_is_dollars() -> None:
    told = liquidated(PROFILE, a_trade(product_id="PI_XBTUSD", side="buy", qty=15000), LISTED)

    assert (told.side, told.usd) == (PositionSide.SHORT, 15000.0)


@pytest.mark.parametrize("kind", ["fill", "block", "termination", "assignment"])
def test_other_trades_give_nothing(kind: str) -> None:
    assert read(PROFILE, a_trade(type=kind), LISTED) == ()


def test_the_latest_trades_that_a_subscription_begins_with_are_read_too() -> None:
    reads = read(PROFILE, a_snapshot(a_trade(uid="a"), a_trade(type="fill"), a_trade(uid="b")), LISTED)

    assert [one.id for one in reads if isinstance(one, Liquidation)] == ["a", "b"]


def test_what_is_no_print_of_a_perpetual_says_why_and_costs_only_itself() -> None:
    trades = [
        a_trade(product_id="FI_XBTUSD_270326"),
        a_trade(product_id="PF_NEWUSD"),
        a_trade(side=None),
        a_trade(qty=-1),
        a_trade(time="x"),
        {},
        a_trade(),
    ]

    *skipped, told = read(PROFILE, a_snapshot(*trades), LISTED)

    assert isinstance(told, Liquidation)
    assert skipped == [Skipped.DATED, Skipped.UNLISTED] + 4 * [Skipped.MALFORMED]
    assert read(PROFILE, {"feed": "trade_snapshot"}, LISTED) == (Skipped.MALFORMED,)


async def test_the_archive_gives_liquidations_of_every_kind_among_all_executions() -> None:
    elements = [
        an_execution("a"),
        an_execution("b", kind="PartialLiquidation", direction="Buy"),
        an_execution("c", kind="Market"),
        {},
    ]
    answers = {TICKERS: tickers(PF_XBTUSD=1e6), EXECUTIONS.format("PF_XBTUSD"): a_page(*elements)}

    long, short, unreadable = (await asked(PROFILE, FUNDING, answers, LISTED))[0]

    assert isinstance(long, Liquidation)
    assert isinstance(short, Liquidation)
    assert (long.id, long.side, long.quantity, long.price) == ("a", PositionSide.LONG, 0.0002, 71907.0)
    assert (short.id, short.side, short.at_ms) == ("b", PositionSide.SHORT, 1799999950607)
    assert unreadable is Skipped.MALFORMED


async def test_the_busiest_contracts_are_asked_for_first_and_their_pages_to_the_end() -> None:
    first = EXECUTIONS.format("PI_XBTUSD")
    question = f"?since={FIRST_MS}&before={LAST_MS}&sort=asc&count=1000"
    answers = {
        TICKERS: tickers(PF_XBTUSD=1e6, PI_XBTUSD=2e6, PF_NEWUSD=3e6),
        first + question: a_page(an_execution("a"), following="next"),
        first + question + "&continuation_token=next": a_page(an_execution("b")),
        EXECUTIONS.format("PF_XBTUSD"): a_page(an_execution("c")),
    }

    reads, requests = await asked(PROFILE, FUNDING, answers, LISTED)

    assert [one.id for one in reads if isinstance(one, Liquidation)] == ["a", "b", "c"]
    assert requests == [
        TICKERS,
        first + question,
        first + question + "&continuation_token=next",
        EXECUTIONS.format("PF_XBTUSD") + question,
    ]


async def test_only_the_sixty_busiest_contracts_are_asked_for() -> None:
    ids = [f"PF_C{number}USD" for number in range(70)]
    listed = Listed({venue_id: linear("krakenfutures", venue_id) for venue_id in ids})
    answers = {TICKERS: tickers(**{venue_id: float(place) for place, venue_id in enumerate(ids)})}
    pages = {EXECUTIONS.format(venue_id): a_page() for venue_id in ids}

    _, requests = await asked(PROFILE, FUNDING, answers | pages, listed)

    assert len(requests) == 61
    assert requests[1].startswith(EXECUTIONS.format("PF_C69USD"))


async def test_a_gap_that_takes_too_many_pages_stays_open() -> None:
    pages = {
        f"{EXECUTIONS.format('PF_XBTUSD')}?since={FIRST_MS}&before={LAST_MS}&sort=asc&count=1000"
        + (f"&continuation_token={page}" if page else ""): a_page(an_execution(), following=str(page + 1))
        for page in range(201)
    }

    with pytest.raises(VenueUnavailableError, match="too long for its archive") as caught:
        await asked(PROFILE, FUNDING, pages | {TICKERS: tickers(PF_XBTUSD=1)}, LISTED)

    assert caught.value.blocked


@pytest.mark.parametrize("answer", ["<html></html>", {"result": "error"}, {"elements": 7}])
async def test_an_answer_that_is_no_list_is_no_empty_archive(answer: object) -> None:
    answers = {TICKERS: tickers(PF_XBTUSD=1), EXECUTIONS.format("PF_XBTUSD"): answer}

    with pytest.raises(BadResponse, match="expected"):
        await asked(PROFILE, FUNDING, answers, LISTED)


@pytest.mark.parametrize(
    "message",
    [
        {"event": "info", "version": 1},
        {"event": "subscribed", "feed": "trade", "product_ids": ["PF_XBTUSD"]},
        {"feed": "heartbeat", "time": 1534262350627},
        "pong",
    ],
)
def test_frames_about_something_else_are_left_to_ccxt(message: Json) -> None:
    assert PROFILE.read(message, LISTED, RECEIVED_MS) is None


async def test_one_connection_carries_all_perpetuals_a_hundred_a_request() -> None:
    listed = Listed({f"PF_C{number}USD": linear("krakenfutures") for number in range(150)})

    (socket,) = await sockets_of(PROFILE, listed)

    assert socket.url == "wss://futures.kraken.com/ws/v1"
    requests = [frame for frame in socket.frames if not isinstance(frame, str)]
    assert [len(request["product_ids"]) for request in requests] == [100, 50]
    assert (requests[0]["event"], requests[0]["feed"]) == ("subscribe", "trade")


def test_an_acknowledgement_confirms_and_an_error_refuses() -> None:
    acknowledged = {"event": "subscribed ", "feed": "trade", "product_ids": ["PI_XBTUSD"]}
    error = {"event": "error", "message": "Invalid product id"}
    again = {"event": "alert", "message": "Already subscribed to feed, re-requesting"}
    assert PROFILE.confirmed is not None

    assert PROFILE.confirmed(acknowledged)
    assert not PROFILE.confirmed(acknowledged | {"event": "subscribed_failed"})
    assert not PROFILE.confirmed(a_trade())
    assert PROFILE.refused(error) == "Invalid product id"
    assert PROFILE.refused(acknowledged | {"event": "subscribed_failed"}) == "no reason given"
    assert PROFILE.refused(again) is None
    assert PROFILE.refused(acknowledged) is None
    assert PROFILE.grade is FeedGrade.COMPLETE


TRADES = rows_of(
    {
        "feed": st.just("trade"),
        "product_id": st.sampled_from(["PF_XBTUSD", "PI_XBTUSD", "FI_XBTUSD_270326"]),
        "uid": st.text(max_size=4),
        "side": st.sampled_from(["sell", "buy"]),
        "type": st.sampled_from(["liquidation", "fill"]),
        "time": st.integers(1, 2_000_000_000_000),
        "qty": st.floats(0.001, 1e6),
        "price": st.floats(0.001, 1e6),
    }
)


@given(
    TRADES
    | st.fixed_dictionaries(
        {},
        optional={
            "feed": st.just("trade_snapshot") | SCALARS,
            "trades": st.lists(TRADES, max_size=3) | SCALARS,
            "event": st.sampled_from(["alert", "error"]) | SCALARS,
            "message": SCALARS,
        },
    )
)
def test_no_frame_makes_the_reader_raise(message: Json) -> None:
    assert_harmless(PROFILE, message, LISTED)
