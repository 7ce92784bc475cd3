"""What of liquidations is judged by rules, and what an alert about them rests on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.liquidation import FeedGrade, FeedState, Liquidation, PositionSide, Window
from monitors.market import Margin
from monitors.metrics.liquidations.baseline import NEEDED, SPIKE_Z
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.readings import (
    dominant,
    explain_cascade,
    explain_print,
    explain_total,
    open_interest,
    read_cascades,
    read_dominance,
    read_prints,
    read_shares,
    read_spikes,
    read_totals,
    strength,
)
from monitors.metrics.liquidations.values import MARKET, Crowding, Flush, HeardBefore, Key, Totals
from monitors.metrics.reading import ALL_VENUES, Cut, LeftOut, Reading, Series
from monitors.metrics.view import View
from tests.builders import (
    NOON,
    a_cascade,
    a_liquidation_board,
    a_spike,
    a_view,
    an_instrument,
    an_observation,
)
from tests.metrics.liquidations.prints import LONG, SHORT, a_bucket, a_feed, a_gap, a_print, after

BYBIT, OKX = an_instrument("bybit"), an_instrument("okx")
HOUR = Cut(window=Window.H1)
KEYS = (Key("BTC"), Key("BTC", "bybit"), Key(venue="bybit"), Key())


def a_series(
    metric: str,
    base: str = "BTC",
    *,
    venue: str = ALL_VENUES,
    symbol: str = "",
    side: PositionSide | None = None,
    window: Window | None = Window.H1,
) -> Series:
    return Series(metric, base, Margin.LINEAR, venue, symbol, side, window)


def heard(
    *prints: Liquidation, venues: Sequence[str] = ("bybit",), before: HeardBefore | None = None
) -> LiquidationBoard:
    """Build a board whose feeds were live for a day and told these prints at noon."""
    board = a_liquidation_board(before, feeds=venues, without_feed=("hyperliquid",))
    for venue in venues:
        board.tape.health(a_feed(venue, grade=FeedGrade.COMPLETE))
    board.take(prints, NOON)
    return board


def bybits(seconds: float, usd: float, side: PositionSide = LONG) -> Liquidation:
    return a_print(seconds, usd, side, instrument=BYBIT, name=f"{seconds} {usd} {side}")


def seen(board: LiquidationBoard, *cuts: Cut, keys: Sequence[Key] = KEYS) -> View:
    return a_view(an_observation("bybit", usd=1e9), liquidations=board, cuts=cuts, keys=keys)


def values(readings: Sequence[Reading]) -> dict[tuple[str, str], float]:
    """Return values by base and venue."""
    found = {(r.series.base, r.series.venue): r.value for r in readings}
    assert len(found) == len(readings)
    return found


TWO_SIDES = (bybits(-30, 3e6), bybits(-120, 1e6, SHORT), bybits(-7200, 9e6))


@pytest.mark.parametrize(
    ("cut", "usd"),
    [
        (Cut(window=Window.M1), 3e6),
        (Cut(window=Window.H1), 4e6),
        (Cut(LONG, Window.H1), 3e6),
        (Cut(SHORT, Window.H1), 1e6),
        (Cut(LONG, Window.H24), 12e6),
    ],
)
def test_a_total_is_of_the_side_and_window_that_a_rule_names(cut: Cut, usd: float) -> None:
    readings = list(read_totals(seen(heard(*TWO_SIDES), cut)))

    assert values(readings) == {
        ("BTC", ALL_VENUES): usd, ("BTC", "bybit"): usd, (MARKET, "bybit"): usd, (MARKET, ALL_VENUES): usd,
    }  # fmt: skip
    assert {(r.series.side, r.series.window) for r in readings} == {(cut.side, cut.window)}
    assert {(r.at, r.is_floor, r.is_event) for r in readings} == {(NOON, False, False)}


def test_an_instruments_own_total_is_not_read_beside_that_of_its_base() -> None:
    board = heard(*TWO_SIDES)
    own = Key("BTC", "bybit", BYBIT.symbol)

    assert own in board.tape.touched()
    assert list(read_totals(seen(board, HOUR, keys=[own]))) == []


def test_what_no_rule_is_about_is_not_read() -> None:
    view = seen(heard(*TWO_SIDES))

    for read in (read_totals, read_dominance, read_shares, read_spikes, read_prints, read_cascades):
        assert list(read(view)) == []


def test_a_gap_makes_every_figure_a_floor_but_those_of_venues_without_one() -> None:
    board = heard(*TWO_SIDES, venues=("bybit", "okx"))
    board.tape.gap(a_gap(-900, -500, venue="okx"))
    view = seen(board, HOUR, keys=(Key("BTC"), Key("BTC", "bybit")))

    floors = {
        read: {r.series.venue: r.is_floor for r in read(view)}
        for read in (read_totals, read_dominance, read_shares, read_spikes)
    }

    assert floors[read_totals] == {ALL_VENUES: True, "bybit": False}
    assert floors[read_dominance] == {"bybit": False}  # a share of what was heard proves nothing
    assert floors[read_shares] == floors[read_spikes] == {ALL_VENUES: True}


def test_a_feed_that_throttles_or_a_venue_without_one_makes_no_gap() -> None:
    board = a_liquidation_board(without_feed=("hyperliquid",))
    board.tape.health(a_feed("bybit", grade=FeedGrade.THROTTLED))

    (reading,) = read_totals(seen(board, HOUR, keys=[Key("BTC")]))

    assert not reading.is_floor


def test_while_nothing_is_heard_there_is_no_reading_not_even_zero() -> None:
    board = heard(*TWO_SIDES)
    board.tape.health(a_feed("bybit", FeedState.DOWN, since=0))
    later = NOON + timedelta(hours=2)
    board.tape.advance(later)
    view = a_view(an_observation("bybit", usd=1e9), liquidations=board, now=later, cuts=[HOUR], keys=KEYS)

    for read in (read_totals, read_dominance, read_shares, read_spikes):
        assert list(read(view)) == []


@pytest.mark.parametrize(
    ("totals", "side", "share"),
    [
        (Totals(7.5e5, 2.5e5, 10), None, 0.75),
        (Totals(2.5e5, 7.5e5, 10), None, 0.75),
        (Totals(2.5e5, 7.5e5, 10), LONG, 0.25),
        (Totals(7.5e5, 2.49e5, 10), None, 0.0),
        (Totals(7.5e5, 2.5e5, 9), None, 0.0),
        (Totals(0.0, 0.0, 0), SHORT, 0.0),
    ],
)
def test_a_side_prevails_from_a_million_dollars_and_ten_prints_on(
    totals: Totals, side: PositionSide | None, share: float
) -> None:
    assert dominant(totals, side) == share


def test_dominance_is_read_of_bases_venues_and_the_market() -> None:
    prints = [bybits(-n, 1e6, SHORT if n < 3 else LONG) for n in range(10)]
    readings = list(read_dominance(seen(heard(*prints), HOUR, Cut(SHORT, Window.H1))))

    assert {(r.series.side, r.value) for r in readings} == {(None, 0.7), (SHORT, 0.3)}
    assert len(readings) == 2 * len(KEYS)


def test_a_share_is_of_the_open_interest_of_all_margins_and_only_where_some_is_known() -> None:
    known = (an_observation("bybit", usd=1e9), an_observation("bybit", usd=6e8, margin=Margin.INVERSE))
    board = heard(bybits(-10, 4e6), a_print(-10, 1e6, instrument=an_instrument("bybit", "ETH")))
    view = a_view(*known, liquidations=board, cuts=[HOUR], keys=(*KEYS, Key("ETH")))

    assert values(list(read_shares(view))) == {("BTC", ALL_VENUES): 4e6 / 1.6e9}
    assert open_interest(view.board, "ETH") is None


def test_an_open_interest_of_nothing_gives_no_share() -> None:
    view = a_view(
        an_observation("bybit", usd=0.0), liquidations=heard(*TWO_SIDES), cuts=[HOUR], keys=[Key("BTC")]
    )

    assert list(read_shares(view)) == []


def a_month(usd: float) -> HeardBefore:
    """Build four weeks in which every five minutes of BTC came to about so much."""
    times = [NOON - timedelta(minutes=5 * back) for back in range(1, 28 * 288 + 1)]
    return HeardBefore(
        buckets=[
            bucket
            for back, at in enumerate(times)
            for bucket in (a_bucket(at, MARKET, usd), a_bucket(at, "BTC", usd * (1 + back % 7 / 10)))
        ]
    )


def test_a_spike_is_read_as_its_z_against_a_known_normal() -> None:
    board = heard(bybits(-10, 30e6), before=a_month(1e5))
    view = seen(board, Cut(window=Window.M5), Cut(window=None))

    (of_market, of_base) = sorted(read_spikes(view), key=lambda r: r.series.base != MARKET)

    assert (of_market.series.base, of_base.series.base) == (MARKET, "BTC")
    assert of_base.value == board.tape.spike(Key("BTC"), Window.M5, NOON).z
    assert of_base.value > SPIKE_Z


def test_without_a_normal_a_total_of_the_ladders_second_step_counts_as_a_spike_that_just_is() -> None:
    board = heard(bybits(-10, 14e6))

    (reading,) = read_spikes(seen(board, Cut(window=Window.M5), keys=[Key("BTC")]))

    assert board.tape.spike(Key("BTC"), Window.M5, NOON).samples < NEEDED
    assert reading.value == SPIKE_Z


@pytest.mark.parametrize(
    ("z", "is_spike", "value"),
    [(4.8, True, 4.8), (2.0, True, SPIKE_Z), (None, True, SPIKE_Z), (2.0, False, 2.0), (None, False, 0.0)],
)
def test_the_strength_of_a_spike(z: float | None, *, is_spike: bool, value: float) -> None:
    assert strength(a_spike(z=z, is_spike=is_spike, severity=2)) == value


def test_what_is_no_spike_stays_below_the_level_of_one_whatever_its_z() -> None:
    assert strength(a_spike(z=9.0, is_spike=False)) < SPIKE_Z


def prints_of(view: View) -> list[tuple[str, PositionSide | None, float]]:
    readings = list(read_prints(view))
    assert all(reading.is_event for reading in readings)
    return [(r.series.symbol, r.series.side, r.value) for r in readings]


def test_a_print_is_news_for_a_minute_and_of_its_side_only() -> None:
    prints = (bybits(0, 1e6), bybits(-61, 5e6), bybits(-60, 2e6, SHORT))
    cuts = [Cut(), Cut(LONG), Cut(SHORT)]

    found = prints_of(a_view(prints=prints, cuts=cuts))

    assert found == [
        (BYBIT.symbol, None, 2e6),
        (BYBIT.symbol, LONG, 1e6),
        (BYBIT.symbol, SHORT, 2e6),
    ]
    assert prints_of(a_view(prints=prints)) == []


def test_of_prints_that_came_together_each_instruments_largest_is_told() -> None:
    prints = (bybits(0, 1e6), bybits(1, 3e6), bybits(2, 2e6), a_print(0, 4e6, instrument=OKX))
    view = a_view(prints=prints, cuts=[Cut()], now=after(2), liquidations=heard(*prints))

    readings = list(read_prints(view))

    assert [(r.series.venue, r.value) for r in readings] == [("bybit", 3e6), ("okx", 4e6)]
    for reading in readings:
        flush = explain_print(view, reading.series).flush
        assert flush is not None
        assert flush.largest is not None
        assert flush.largest.usd == reading.value


def test_cascades_are_read_the_markets_first_and_0_once_they_are_over() -> None:
    cascades = (
        a_cascade("BTC", closed_at=NOON),
        a_cascade("ETH", side=SHORT),
        a_cascade(MARKET, bases=("BTC", "ETH", "SOL")),
    )

    readings = list(read_cascades(a_view(cascades=cascades, cuts=[Cut(), Cut(SHORT)])))

    assert [(r.series.base, r.series.side, r.value) for r in readings] == [
        (MARKET, None, 8.3e6),
        ("BTC", None, 0.0),
        ("ETH", None, 8.3e6),
        ("ETH", SHORT, 8.3e6),
    ]


def explained(board: LiquidationBoard, series: Series, *, prints: tuple[Liquidation, ...] = ()) -> Flush:
    view = a_view(an_observation("bybit", usd=1e9), liquidations=board, prints=prints)
    explain = {"cascade": explain_cascade, "single_liquidation": explain_print}.get(
        series.metric, explain_total
    )
    flush = explain(view, series).flush
    assert flush is not None
    return flush


def test_a_total_is_explained_by_all_that_is_known_of_its_window() -> None:
    board = heard(bybits(-10, 14e6), bybits(-20, 2e6, SHORT), before=a_month(1e5))
    board.crowd.observe("BTC", 0.001, NOON - timedelta(hours=2))

    flush = explained(board, a_series("liquidations", window=Window.M5))

    assert flush.window is Window.M5
    assert flush.totals == Totals(14e6, 2e6, 2)
    assert [(flow.venue, flow.totals.usd) for flow in flush.venues] == [("bybit", 16e6)]
    assert flush.coverage == board.tape.coverage(Window.M5, NOON)
    assert flush.severity == 2  # 16 of BTC's 4.4, 13.6 and 33.6 million
    assert flush.largest is not None
    assert flush.largest.usd == 14e6
    assert flush.spike == board.tape.spike(Key("BTC"), Window.M5, NOON)
    assert flush.open_interest_usd == 1e9
    assert flush.crowding == Crowding(side=LONG, hourly=0.001, at=NOON - timedelta(hours=2))
    assert flush.cascade is None


def test_the_severity_of_one_sides_total_is_of_that_side() -> None:
    board = heard(bybits(-10, 14e6), bybits(-20, 2e6, SHORT))

    assert explained(board, a_series("liquidations", side=SHORT, window=Window.M5)).severity == 0
    assert explained(board, a_series("liquidations", side=LONG, window=Window.M5)).severity == 2


def test_crowded_longs_are_no_reason_for_shorts_that_are_flushed() -> None:
    board = heard(bybits(-10, 1e6), bybits(-20, 2e6, SHORT))
    board.crowd.observe("BTC", 0.001, NOON - timedelta(hours=2))

    assert explained(board, a_series("liquidations")).crowding is None
    assert explained(board, a_series("liquidations", side=LONG)).crowding is None


@pytest.mark.parametrize(("base", "venue"), [(MARKET, ALL_VENUES), ("BTC", "bybit")])
def test_the_market_and_a_venues_part_have_no_open_interest_and_no_crowd(base: str, venue: str) -> None:
    board = heard(bybits(-10, 1e6))
    board.crowd.observe("BTC", 0.001, NOON)

    flush = explained(board, a_series("liquidations", base, venue=venue))

    assert (flush.totals.usd, flush.open_interest_usd, flush.crowding) == (1e6, None, None)
    assert (flush.spike is None) == (venue != ALL_VENUES)


def test_a_window_without_a_normal_has_no_spike() -> None:
    assert explained(heard(*TWO_SIDES), a_series("liquidations", window=Window.H4)).spike is None


def test_the_evidence_names_who_was_not_heard_and_why() -> None:
    board = heard(*TWO_SIDES, venues=("bybit", "gate", "okx"))
    board.tape.gap(a_gap(-600, -500, venue="gate"))
    board.tape.health(a_feed("okx", FeedState.DOWN, since=-7200))

    evidence = explain_total(seen(board), a_series("liquidations"))

    assert evidence.left_out == (
        LeftOut(venue="gate", why="gap in its feed"),
        LeftOut(venue="okx", why="not heard"),
        LeftOut(venue="hyperliquid", why="publishes no liquidations"),
    )
    assert evidence.is_floor


def test_a_print_is_explained_by_itself_and_its_bases_hour() -> None:
    print_ = bybits(-10, 2e6, SHORT)
    board = heard(*TWO_SIDES, print_)
    board.crowd.observe("BTC", -0.001, NOON)
    series = a_series("single_liquidation", venue="bybit", symbol=BYBIT.symbol, side=SHORT, window=None)

    flush = explained(board, series, prints=(print_,))

    assert flush.largest == print_
    assert (flush.window, flush.totals, flush.severity) == (None, Totals(0.0, 2e6, 1), 0)
    assert [(flow.venue, flow.totals) for flow in flush.venues] == [("bybit", flush.totals)]
    assert (flush.open_interest_usd, flush.spike, flush.cascade) == (1e9, None, None)
    assert flush.crowding is not None
    assert flush.coverage == board.tape.coverage(Window.H1, NOON)


def test_a_print_of_longs_counts_as_longs() -> None:
    series = a_series("single_liquidation", venue="bybit", symbol=BYBIT.symbol, window=None)

    flush = explained(heard(TWO_SIDES[0]), series, prints=TWO_SIDES[:1])

    assert flush.totals == Totals(3e6, 0.0, 1)


def test_a_print_that_is_no_news_any_more_explains_nothing() -> None:
    series = a_series("single_liquidation", venue="bybit", symbol=BYBIT.symbol, window=None)

    assert explain_print(seen(heard(*TWO_SIDES)), series).flush is None


@pytest.mark.parametrize("ago", [timedelta(seconds=30), timedelta(seconds=59.5), timedelta(minutes=5)])
def test_a_cascade_is_explained_by_all_since_it_opened(ago: timedelta) -> None:
    opened_at = NOON - ago
    over = replace(
        a_cascade(opened_at=opened_at, lasted=timedelta(0), closed_at=NOON),
        venues=(("bybit", Totals(8e6, 0.0, 1)),),
    )
    before = HeardBefore(cascades=[over], prints=[bybits(-ago.total_seconds(), 8e6)])
    board = heard(before=before)
    board.crowd.observe("BTC", 0.001, NOON)

    flush = explained(board, a_series("cascade", window=None))

    assert (flush.window, flush.totals, flush.cascade) == (None, over.totals, over)
    assert [(flow.venue, flow.totals.usd) for flow in flush.venues] == [("bybit", 8e6)]
    assert flush.largest is not None
    assert flush.largest.usd == 8e6
    assert flush.open_interest_usd == 1e9
    assert flush.crowding is not None
    assert flush.spike is not None
    assert flush.severity == 0


def test_a_print_from_before_a_cascade_is_not_its_largest() -> None:
    cascade = a_cascade(opened_at=NOON - timedelta(minutes=2), lasted=timedelta(minutes=2))
    board = heard(before=HeardBefore(cascades=[cascade], prints=[bybits(-200, 1e6)]))

    assert explained(board, a_series("cascade", window=None)).largest is None


@pytest.mark.parametrize(("grave", "value"), [(2, SPIKE_Z), (3, 5.0), (4, 8.0), (5, 12.0)])
def test_without_a_baseline_the_ladder_stands_in_so_that_a_spike_can_grow(grave: int, value: float) -> None:
    assert strength(a_spike(z=None, is_spike=True, severity=grave)) == value


def test_the_markets_cascade_has_no_open_interest_and_no_crowd() -> None:
    whole = a_cascade(MARKET, bases=("BTC", "ETH", "SOL"))
    board = heard(bybits(-10, 60e6), before=HeardBefore(cascades=[whole]))

    flush = explained(board, a_series("cascade", MARKET, window=None))

    assert (flush.open_interest_usd, flush.crowding, flush.severity) == (None, None, 1)
    assert flush.cascade is not None


def test_a_base_that_never_cascaded_explains_nothing() -> None:
    assert explain_cascade(seen(heard()), a_series("cascade", "ETH", window=None)).flush is None
