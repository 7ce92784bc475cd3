from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.liquidation import Window
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.intervals import IntervalChange, IntervalWatch
from monitors.metrics.reading import ALL_VENUES, Cut, Series
from monitors.metrics.registry import METRICS, Source, metric
from monitors.metrics.sanity import Quarantine
from monitors.metrics.view import View
from tests.builders import (
    NOON,
    STALE,
    a_liquidation_board,
    a_view,
    an_instrument,
    an_observation,
)
from tests.metrics.liquidations.prints import a_feed, a_print

BYBIT = an_instrument("bybit")


def test_a_rate_beyond_any_cap_is_quarantined() -> None:
    board, quarantine = Board(stale_after=STALE), Quarantine()

    assert not quarantine.admits(an_observation(rate=0.33), board)
    assert not quarantine.admits(an_observation(rate=1.5, hours=None), board)
    assert quarantine.admits(an_observation(rate=-0.31), board)


def test_a_sudden_jump_must_be_said_twice() -> None:
    board, quarantine = Board([an_observation(rate=0.0001)], stale_after=STALE), Quarantine()
    jump = an_observation(rate=0.0021)

    assert [quarantine.admits(jump, board), quarantine.admits(jump, board)] == [False, True]


def test_a_jump_that_is_taken_back_needs_saying_twice_again() -> None:
    board, quarantine = Board([an_observation(rate=0.0001)], stale_after=STALE), Quarantine()
    jump = an_observation(rate=0.0021)

    said = [quarantine.admits(o, board) for o in (jump, an_observation(rate=0.0001), jump)]

    assert said == [False, True, False]


def test_a_rise_from_almost_nothing_is_no_jump() -> None:
    board, quarantine = Board([an_observation(rate=1e-9)], stale_after=STALE), Quarantine()

    assert quarantine.admits(an_observation(rate=0.0001), board)


def test_an_interval_change_counts_once_two_polls_agree() -> None:
    watch = IntervalWatch([(an_instrument(), timedelta(hours=8))])
    hourly = an_observation(hours=1)

    first, second, third = watch.observe(hourly), watch.observe(hourly), watch.observe(hourly)

    assert first is None
    assert second == IntervalChange(observation=hourly, before=timedelta(hours=8))
    assert third is None


def test_an_interval_that_flickers_is_no_change() -> None:
    watch = IntervalWatch([(an_instrument(), timedelta(hours=8))])

    seen = [watch.observe(an_observation(hours=h)) for h in (1, 8, 1, None, 1, 4)]

    assert seen == [None] * 6


def test_a_first_interval_is_taken_as_it_is() -> None:
    watch = IntervalWatch()

    assert not watch.confirm(an_observation(hours=None))
    assert watch.confirm(an_observation(hours=4))
    assert not watch.confirm(an_observation(hours=8))


def a_flush(cuts: Collection[Cut]) -> View:
    """Build a view right after ten prints of longs of bybit, which made a cascade of them."""
    board = a_liquidation_board()
    board.tape.health(a_feed("bybit"))
    new, cascades = board.take([a_print(n - 10, instrument=BYBIT, name=f"{n}") for n in range(10)], NOON)
    return a_view(
        an_observation("bybit", usd=1e9),
        liquidations=board,
        cuts=cuts,
        prints=new,
        keys=[key for key in board.tape.touched() if not key.venue],
        cascades=cascades,
    )


def test_every_metric_reads_what_it_says_and_can_explain_it() -> None:
    change = IntervalChange(observation=an_observation("bybit", hours=1), before=timedelta(hours=8))
    view = a_view(
        an_observation("bybit", rate=0.0001, hours=1), an_observation("okx", rate=0.0001), changes=(change,)
    )

    found = {each.name: list(each.read(view)) for each in METRICS if each.source is Source.POLLS}

    assert {name: len(readings) for name, readings in found.items()} == {
        "funding": 2, "funding_oi": 1, "spread": 1, "interval_change": 1,
    }  # fmt: skip
    assert found["spread"][0].value == pytest.approx(0.0001 * 7 / 8)
    assert found["spread"][0].series.venue == ALL_VENUES
    assert found["interval_change"][0].value == 1.0
    for name, readings in found.items():
        evidence = metric(name).explain(view, readings[0].series)
        assert evidence.legs
    assert metric("interval_change").explain(view, found["interval_change"][0].series).previous_interval == (
        timedelta(hours=8)
    )


def test_every_metric_of_liquidations_reads_what_it_says_and_can_explain_it() -> None:
    plain, windowed = a_flush([Cut()]), a_flush([Cut(window=Window.H1)])
    found = {
        each.name: sorted(each.read(windowed if each.windows else plain))
        for each in METRICS
        if each.source is Source.LIQUIDATIONS
    }

    assert {name: [(r.series.base, r.value) for r in readings] for name, readings in found.items()} == {
        "liquidations": [("BTC", 10e6), ("market", 10e6)],
        "liquidation_spike": [("BTC", 0.0), ("market", 0.0)],
        "single_liquidation": [("BTC", 1e6)],
        "dominance": [("BTC", 1.0), ("market", 1.0)],
        "liquidations_to_oi": [("BTC", 0.01)],
        "cascade": [("BTC", 10e6)],
    }
    for name, readings in found.items():
        flush = metric(name).explain(plain, readings[0].series).flush
        assert flush is not None
        assert flush.totals.usd == (1e6 if name == "single_liquidation" else 10e6)


def test_a_rule_can_name_only_what_its_metric_has() -> None:
    for each in METRICS:
        assert not each.windows or list(each.read(a_flush([Cut()]))) == [], each.name
        assert each.is_event or each.has_level, each.name
    assert {each.name for each in METRICS if each.sided} <= {
        each.name for each in METRICS if each.source is Source.LIQUIDATIONS
    }


def test_an_unknown_interval_gives_no_reading() -> None:
    view = a_view(an_observation("bybit", hours=None), an_observation("okx", hours=None))

    assert [list(each.read(view)) for each in METRICS] == [[]] * len(METRICS)


def test_what_is_gone_explains_itself_with_nothing() -> None:
    gone = Series("funding", "ETH", Margin.LINEAR, "bybit", "ETH/USDT:USDT")

    for each in METRICS:
        evidence = each.explain(a_view(), gone._replace(metric=each.name))
        assert evidence.legs == ()
        assert evidence.flush is None or evidence.flush.totals.usd == 0


def test_an_instrument_is_explained_by_itself_and_not_by_its_neighbours() -> None:
    view = a_view(an_observation("okx"), an_observation("bybit"))

    evidence = metric("funding").explain(view, Series("funding", "BTC", Margin.LINEAR, "bybit", BYBIT.symbol))

    assert [leg.funding.instrument.venue for leg in evidence.legs] == ["bybit"]


def test_a_change_without_an_interval_is_not_read() -> None:
    unknown = replace(an_observation(), funding=replace(an_observation().funding, interval=None))
    change = IntervalChange(observation=unknown, before=timedelta(hours=8))

    assert list(metric("interval_change").read(a_view(changes=(change,)))) == []


def test_an_unknown_metric_is_answered_with_those_there_are() -> None:
    with pytest.raises(LookupError, match="expected one of funding, funding_oi"):
        metric("fundin")
