from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Context
from bot.commands.registry import answer
from bot.messages.document import Document, Footer, Heading, Table, Usd
from monitors.liquidation import FeedHealth, FeedState, Gap, Liquidation, PositionSide, Skipped
from monitors.market import Margin
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import MARKET, Bucket, Cascade
from tests.bot.commands.saying import chosen, pressed, words_of
from tests.bot.contexts import a_context
from tests.bot.liquidated import FEEDS, PRINTS, a_board, a_cascade, a_feed, a_print
from tests.builders import NOON, an_instrument
from tests.fakes import FakeClock, FakeLiquidationsView

SHORT = PositionSide.SHORT
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def knowing(board: LiquidationBoard, told: Sequence[Cascade] = ()) -> Context:
    return a_context(liquidations=FakeLiquidationsView(board, told=told))


def heading_of(document: Document) -> str:
    first = document.blocks[0]
    assert isinstance(first, Heading)
    return first.text


def footer_of(document: Document) -> Footer:
    last = document.blocks[-1]
    assert isinstance(last, Footer)
    return last


def table_of(document: Document, first_column: str) -> Table:
    (table,) = (
        block for block in document.blocks if isinstance(block, Table) and block.columns[0] == first_column
    )
    return table


def dark() -> LiquidationBoard:
    down = [a_feed(venue, FeedState.DOWN, since=NOON - 2 * DAY, heard_at=None) for venue in FEEDS]
    board = a_board((), feeds=())
    for health in down:
        board.tape.health(health)
    return board


def whole(prints: Sequence[Liquidation] = PRINTS) -> LiquidationBoard:
    """Every feed tells every print and no venue is without one."""
    return a_board([one for one in prints if one.instrument.venue == "bybit"], feeds=[a_feed()], silent=())


async def test_a_base_is_told_by_side_window_and_venue() -> None:
    document = await answer("/liq btc 1h", knowing(a_board(PRINTS)))

    assert heading_of(document) == "BTC, last 1h: ≥ $10M liquidated, 90 % longs"
    assert table_of(document, "last").rows == (
        ("1m", Usd(0, at_least=True), Usd(0, at_least=True)),
        ("5m", Usd(7e6, at_least=True), Usd(0, at_least=True)),
        ("15m", Usd(7e6, at_least=True), Usd(0, at_least=True)),
        *((window, Usd(9e6, at_least=True), Usd(1e6, at_least=True)) for window in ("1h", "4h", "24h")),
    )
    assert [row[:4] for row in table_of(document, "venue").rows] == [
        ("bybit", Usd(7e6), Usd(0), 1),
        ("okx", Usd(2e6, at_least=True), Usd(0, at_least=True), 1),
        ("binanceusdm", Usd(0, at_least=True), Usd(1e6, at_least=True), 1),
    ]


async def test_a_total_is_exact_only_where_every_venue_tells_every_print() -> None:
    exact = await answer("/liq btc", knowing(whole()))
    floor = await answer("/liq btc", knowing(a_board([a_print(2, 7e6)], feeds=[a_feed()])))

    assert heading_of(exact) == "BTC, last 1h: $7M liquidated, 100 % longs"
    assert heading_of(floor) == "BTC, last 1h: ≥ $7M liquidated, 100 % longs"


@pytest.mark.parametrize("line", ["/liq btc 15m", "/liq 15m btc", "/LIQ BTC 15M", "/liq BTC/USDT:USDT 15m"])
async def test_base_and_window_come_in_any_order_and_spelling(line: str) -> None:
    document = await answer(line, knowing(a_board(PRINTS)))

    assert heading_of(document) == "BTC, last 15m: ≥ $7M liquidated, 100 % longs"


@pytest.mark.parametrize("line", ["/liq", "/liq market", "/liq 1h", "/liq 1h MARKET"])
async def test_without_a_base_the_market_is_told_with_its_largest_bases(line: str) -> None:
    document = await answer(line, knowing(a_board(PRINTS)))

    assert heading_of(document) == "All coins, last 1h: ≥ $15M liquidated, 60 % longs"
    assert [row[0] for row in table_of(document, "base").rows] == ["BTC", "ETH"]
    assert chosen(document) == {"BTC": "/liq BTC 1h", "ETH": "/liq ETH 1h"}


async def test_nothing_heard_is_said_so() -> None:
    document = await answer("/liq btc 1m", knowing(a_board(PRINTS)))

    assert heading_of(document) == "BTC, last 1m: nothing was heard liquidated"
    assert not document.failed


@pytest.mark.parametrize("line", ["/liq btc", "/liq", "/top liq", "/cascades"])
async def test_with_every_feed_down_nothing_is_known_not_even_zero(line: str) -> None:
    document = await answer(line, knowing(dark()))

    text = " ".join(words_of(document))
    assert document.failed
    assert "not known" in heading_of(document)
    assert "$0" not in text
    assert [name for name in FEEDS if f"{name} (not heard)" in footer_of(document).missing] == list(FEEDS)


async def test_a_base_unheard_of_is_met_with_what_was_probably_meant() -> None:
    document = await answer("/liq pepo", knowing(a_board(PRINTS)))

    assert document.failed
    assert document.suggestions == ("PEPE",)


async def test_a_base_that_is_only_heard_of_in_liquidations_is_told() -> None:
    document = await answer("/liq wif", knowing(a_board([a_print(2, 3e6, base="WIF")])))

    assert heading_of(document) == "WIF, last 1h: ≥ $3M liquidated, 100 % longs"


async def test_the_largest_print_is_told_with_all_that_is_known_of_it() -> None:
    thousands = an_instrument("bybit", "PEPE", multiplier=1000)
    inverse = an_instrument("bybit", "ETH", margin=Margin.INVERSE)
    at_ms = round(NOON.timestamp() * 1000) - 90_000
    face = Liquidation(inverse, SHORT, 5e5, 3000.0, at_ms, at_ms)
    board = a_board([a_print(2, 1e5, price=0.01, instrument=thousands), a_print(3, 5e4, base="PEPE"), face])

    pepe, eth = words_of(await answer("/liq pepe", knowing(board))), await answer("/liq eth", knowing(board))

    assert "largest  $100K of PEPE longs on bybit: 10,000,000,000 PEPE at $0.00001, 2m ago" in pepe
    assert "largest  $500K of ETH shorts on bybit: coin-margined at $3,000, 1m 30s ago" in words_of(eth)


async def test_a_total_is_put_into_proportion() -> None:
    board = a_board([a_print(2, 50e6)])
    board.crowd.observe("BTC", 0.0006 / 8, NOON - 3 * 60 * MINUTE)

    lines = words_of(await answer("/liq btc", knowing(board)))

    assert lines[1:4] == [
        "In 1h: severity ≥ 2 of 5 (large); ≥ 0.281 % of the $17.8B open interest known.",
        "Judged by absolute levels alone: no baseline yet (0 of 40 samples).",
        "Crowded, then flushed: longs were crowded, funding +65.70 % APR 3h ago.",
    ]


async def test_what_is_no_flush_leaves_a_crowd_crowded() -> None:
    board = a_board([a_print(2, 200)])
    board.crowd.observe("BTC", 0.0004 / 8, NOON - 3 * 60 * MINUTE)

    lines = words_of(await answer("/liq btc", knowing(board)))

    assert "Longs are crowded: funding +43.80 % APR 3h ago." in lines
    assert "flushed" not in " ".join(lines)


async def test_a_total_is_compared_with_its_usual_where_that_is_known() -> None:
    step = 5 * MINUTE
    buckets = [
        Bucket(at=NOON - n * step, base=base, long_cents=100_000_00 + n * 1_000_00, short_cents=0, count=1)
        for n in range(1, 12 * 24 * 20)
        for base in (MARKET, "BTC")
    ]
    board = a_board([a_print(2, 3e6)], buckets=buckets)

    usual = " ".join(words_of(await answer("/liq btc 5m", knowing(board))))
    no_usual = " ".join(words_of(await answer("/liq btc 24h", knowing(board))))
    (row,) = table_of(await answer("/top liq 5m", knowing(board)), "base").rows

    assert "x its usual at this hour" in usual
    assert "usual at this hour" not in no_usual
    assert str(row[4]).endswith("x")


async def test_a_feed_at_its_limit_is_named() -> None:
    full = [a_print(2 - n / 60, 1e4, venue="binanceusdm") for n in range(60)]

    lines = words_of(await answer("/liq btc", knowing(a_board(full))))

    assert any("binanceusdm's feed is at its limit: far more happened" in line for line in lines)


async def test_a_running_cascade_of_the_base_is_told() -> None:
    board = a_board(PRINTS, running=[a_cascade()])

    btc, eth = await answer("/liq btc", knowing(board)), await answer("/liq eth", knowing(board))

    story = "A cascade runs since 11:52: longs liquidated, ≥ $12M so far."
    assert story in words_of(btc)
    assert story not in words_of(eth)


async def test_the_footer_tells_who_was_heard_and_what_was_missed() -> None:
    gaps = [Gap(venue="bybit", since=NOON - 30 * MINUTE, until=NOON - 25 * MINUTE)]
    feeds = [
        a_feed("binanceusdm", heard_at=NOON - timedelta(seconds=4)),
        a_feed("bybit", heard_at=NOON - timedelta(seconds=9)),
        a_feed("okx", FeedState.DOWN, since=NOON - 5 * MINUTE, heard_at=NOON - 5 * MINUTE),
    ]

    footer = footer_of(await answer("/liq btc", knowing(a_board(PRINTS, feeds=feeds, gaps=gaps))))

    assert footer.as_of == NOON - timedelta(seconds=4)
    assert footer.note == "heard binanceusdm (throttled)"
    assert footer.missing == (
        "bybit (not heard 11:30 to 11:35)",
        "okx (last heard 11:55)",
        "hyperliquid (no public feed)",
        "mexc (no public feed)",
    )


async def test_gaps_that_touch_or_overlap_are_one() -> None:
    second = timedelta(seconds=1)
    spans = ((30, 29), (29, 27), (28, 25), (10, 9.5))
    gaps = [Gap(venue="bybit", since=NOON - a * MINUTE, until=NOON - b * MINUTE) for a, b in spans]
    close = Gap(venue="bybit", since=NOON - 25 * MINUTE + second, until=NOON - 24 * MINUTE)

    footer = footer_of(await answer("/liq btc", knowing(a_board(PRINTS, gaps=[*gaps, close]))))

    assert footer.missing[0] == "bybit (not heard 11:30 to 11:36, 11:50 for 30s)"


@pytest.mark.parametrize(
    ("later", "words"),
    [((), "heard since 11:24 only"), ((20, 18), "heard since 11:24 only; not heard 11:40 to 11:42")],
)
async def test_a_feed_first_heard_within_the_window_is_told_from_when_on(
    later: tuple[int, ...], words: str
) -> None:
    first = Gap(venue="bybit", since=NOON - DAY - 36 * MINUTE, until=NOON - 36 * MINUTE)
    again = Gap(venue="bybit", since=NOON - 36 * MINUTE, until=NOON - 35.5 * MINUTE)
    gaps = [first, again]
    gaps += (
        [Gap(venue="bybit", since=NOON - later[0] * MINUTE, until=NOON - later[1] * MINUTE)] if later else []
    )

    for line in ("/liq btc", "/cascades"):
        footer = footer_of(await answer(line, knowing(a_board(PRINTS, gaps=gaps))))

        assert footer.missing[0] == f"bybit ({words})"


async def test_a_feed_that_was_never_heard_again_has_a_span_up_to_now() -> None:
    gap = Gap(venue="bybit", since=NOON - 70 * MINUTE, until=None)

    footer = footer_of(await answer("/liq btc", knowing(a_board(PRINTS, gaps=[gap]))))

    assert footer.missing[0] == "bybit (not heard 10:50 to now)"


@pytest.mark.parametrize("line", ["/liq btc", "/top liq", "/cascades"])
async def test_a_stored_feed_of_a_venue_no_longer_configured_is_not_missed(line: str) -> None:
    down = a_feed("gate", FeedState.DOWN, since=NOON - 2 * DAY, heard_at=None)
    board = a_board([a_print(2, 7e6)], feeds=[a_feed(), down], silent=("mexc",))
    context = replace(knowing(board), venues=("bybit",))

    document = await answer(line, context)

    assert footer_of(document).missing == ()
    assert "≥" not in " ".join(words_of(document))


async def test_of_many_gaps_the_last_are_told_by_their_times_and_one_that_lasts_has_no_end() -> None:
    gaps = [
        Gap(venue="bybit", since=NOON - n * MINUTE, until=NOON - (n - 2) * MINUTE) for n in (50, 40, 30, 20)
    ]
    lasting = Gap(venue="bybit", since=NOON - 3 * MINUTE, until=None)

    footer = footer_of(await answer("/liq btc", knowing(a_board(PRINTS, gaps=[*gaps, lasting]))))

    assert footer.missing[0] == "bybit (not heard 11:40 to 11:42, 11:57 to now and 3 more)"


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        (a_feed(state=FeedState.PARTIAL, since=NOON - 20 * MINUTE), "heard in part since 11:40"),
        (a_feed(since=NOON - 20 * MINUTE), "heard in part"),
    ],
    ids=["some sockets are down", "some were"],
)
async def test_a_feed_heard_in_part_is_told_without_a_gap_of_its_own(feed: FeedHealth, words: str) -> None:
    board = a_board(PRINTS, feeds=[a_feed(state=FeedState.PARTIAL, since=NOON - 40 * MINUTE)])
    board.tape.health(feed)

    footer = footer_of(await answer("/liq btc", knowing(board)))

    assert footer.missing[0] == f"bybit ({words})"


async def test_liquidations_lead_on_by_buttons() -> None:
    document = await answer("/liq btc 4h", knowing(a_board(PRINTS)))

    assert pressed(document) == {
        **{window: f"/liq BTC {window}" for window in ("5m", "15m", "1h", "24h")},
        "Alert me": "/alert add liquidations BTC",
    }
    assert [one.label for one in document.buttons if not one.in_place] == ["Alert me"]


async def test_the_most_liquidated_are_ranked_by_dollars() -> None:
    document = await answer("/top liq", knowing(a_board(PRINTS)))

    assert heading_of(document) == "Most liquidated in the last 1h: 2 bases"
    rows = table_of(document, "base").rows
    assert [row[:3] for row in rows] == [
        ("BTC", Usd(10e6, at_least=True), "90 % longs"),
        ("ETH", Usd(5e6, at_least=True), "100 % shorts"),
    ]
    assert list(pressed(document).values())[:2] == ["/top liq 15m", "/top liq 24h"]
    assert chosen(document) == {"BTC": "/liq BTC 1h", "ETH": "/liq ETH 1h"}


async def test_as_many_are_ranked_as_asked_for_in_the_window_asked_for() -> None:
    one = await answer("/top 1 liq", knowing(a_board(PRINTS)))
    none = await answer("/top liq 1m", knowing(a_board(PRINTS)))

    assert [row[0] for row in table_of(one, "base").rows] == ["BTC"]
    assert heading_of(none) == "Nothing was heard liquidated in the last 1m"
    assert not none.failed


async def test_only_liquidations_are_ranked_over_a_window() -> None:
    document = await answer("/top apr 15m", knowing(a_board(PRINTS)))

    assert document.failed
    assert heading_of(document) == "Expected no window: only /top liq has one, found 15m."


async def test_running_cascades_come_first_the_markets_before_its_members() -> None:
    running = [a_cascade(), a_cascade(MARKET, bases=("BTC", "ETH", "SOL"), price_now=None, stress=None)]

    lines = words_of(await answer("/cascades", knowing(a_board(running=running))))

    assert lines[:9] == [
        "Cascade running: All coins, ≥ $12M of longs liquidated, and 1 more",
        "",
        "base       liquidated   total  since  price  stress  largest minute",
        "All coins  longs       ≥ $12M  11:52    n/a     n/a  11:53, ≥ $5M",
        "BTC        longs       ≥ $12M  11:52   -2 %    71 %  11:53, ≥ $5M",
        "",
        "All coins: BTC, ETH and SOL.",
        "Judged by absolute levels alone, no baseline yet: All coins.",
        "None was over in the last 24h.",
    ]


async def test_of_the_coins_of_a_market_wide_cascade_the_largest_are_named() -> None:
    running = [a_cascade(MARKET, bases=tuple(f"C{n}" for n in range(20)))]

    lines = words_of(await answer("/cascades", knowing(a_board(running=running))))

    assert "All coins: C0, C1, C2, C3, C4, C5, C6, C7 and 12 more." in lines


async def test_cascades_that_are_over_are_told_as_far_back_as_asked() -> None:
    told = [
        a_cascade("ETH", opened=200, closed=180, is_floor=False),
        a_cascade("SOL", opened=6000, closed=5990),
    ]

    day = await answer("/cascades", knowing(a_board(), told))
    week = await answer("/cascades 7d", knowing(a_board(), told))

    assert heading_of(day) == "No cascade is running, as far as 3 feeds can tell"
    assert "ETH   longs        $12M  08:40       5m   -2 %  08:41, $5M" in words_of(day)
    assert [row[0] for row in table_of(day, "base").rows] == ["ETH"]
    assert [row[0] for row in table_of(week, "base").rows] == ["ETH", "SOL"]


async def test_cascades_lead_on_by_buttons() -> None:
    assert list(pressed(await answer("/cascades", knowing(a_board()))).values()) == [
        "/cascades 7d",
        "/cascades 30d",
        "/liq",
        "/alert add cascade any",
    ]


FEED_STATES: list[FeedHealth] = [
    a_feed("binanceusdm", event_at=NOON - MINUTE, note="only the latest of a second is sent"),
    a_feed("bybit", heard_at=NOON - 10 * MINUTE),
    a_feed("okx", FeedState.DOWN, since=NOON - 5 * MINUTE, heard_at=NOON - 5 * MINUTE, reason="timeout"),
    a_feed("gate", skipped=((Skipped.UNSETTLED, 3), (Skipped.DUPLICATE, 9), (Skipped.DATED, 1200))),
]


async def test_status_has_a_page_of_feeds() -> None:
    gaps = [
        Gap(venue="binanceusdm", since=NOON - DAY - MINUTE, until=NOON - DAY + 2 * MINUTE),
        Gap(venue="binanceusdm", since=NOON - 9 * MINUTE, until=NOON - 8 * MINUTE),
        Gap(venue="binanceusdm", since=NOON - 7 * MINUTE, until=NOON - 6 * MINUTE, filled=True),
    ]

    lines = words_of(await answer("/status feeds", knowing(a_board(feeds=FEED_STATES, gaps=gaps))))

    assert lines == [
        "2 of 5 feeds of liquidations live",
        "",
        "venue         state    age  event  gaps 24h  feed",
        "binanceusdm   live      0s     1m  2, 3m     throttled",
        "binancecoinm  waiting  n/a    n/a  none      n/a",
        "bybit         silent   10m    n/a  none      complete",
        "okx           down      5m    n/a  none      throttled",
        "gate          live      0s    n/a  none      throttled",
        "",
        "binanceusdm: only the latest of a second is sent.",
        "okx: timeout.",
        "gate: since the start 1,200 dated, 3 unsettled.",
        "as of 2026-03-14 12:00:00 UTC; a quiet feed is no fault: its age is that of the",
        "last sign of life",
        "left out: hyperliquid (no public feed), mexc (no public feed)",
    ]


async def test_what_the_tape_left_out_is_told_too() -> None:
    board = a_board([a_print(-1), a_print(5, 3e9)])

    lines = words_of(await answer("/status feeds", knowing(board)))

    assert "bybit: since the start 1 clock skew, 1 too large." in lines


async def test_status_tells_in_a_line_how_many_feeds_are_live() -> None:
    context = knowing(a_board(feeds=FEED_STATES))

    lines = words_of(await answer("/status", context))

    assert "liquidations  2 of 5 feeds live; no public feed: hyperliquid, mexc" in lines


async def test_venues_that_are_not_configured_are_not_told_of() -> None:
    context = replace(knowing(a_board(feeds=FEED_STATES)), venues=("bybit", "mexc"))

    document = await answer("/status feeds", context)

    assert [row[0] for row in table_of(document, "venue").rows] == ["bybit"]
    assert footer_of(document).missing == ("mexc (no public feed)",)


async def test_feeds_of_a_bot_that_no_longer_listens_do_not_look_live() -> None:
    clock = FakeClock(present=NOON + 30 * MINUTE)
    view = FakeLiquidationsView(a_board(PRINTS), clock)
    context = replace(a_context(liquidations=view), now=clock.now())

    document = await answer("/status feeds", context)

    assert heading_of(document) == "0 of 5 feeds of liquidations live"
    assert footer_of(document).as_of == NOON
