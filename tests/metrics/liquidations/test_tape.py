from datetime import timedelta
from itertools import product

import pytest

from monitors.liquidation import LARGEST_USD, FeedGrade, Liquidation, Skipped, Window
from monitors.metrics.liquidations.baseline import NEEDED
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import MARKET, HeardBefore, Key, Totals
from tests.builders import NOON, an_instrument
from tests.metrics.liquidations.prints import (
    LONG,
    SHORT,
    VENUES,
    a_bucket,
    a_feed,
    a_gap,
    a_print,
    a_tape,
    after,
)

DAY = 86400
BTC = an_instrument("bybit", "BTC")
ETH = an_instrument("okx", "ETH")
SOL = an_instrument("binanceusdm", "SOL")


def a_live_tape(memory: HeardBefore | None = None) -> Tape:
    """Build a tape that begins at noon, with all feeds alive for a day."""
    tape = a_tape(memory)
    for venue in VENUES:
        tape.health(a_feed(venue))
    tape.advance(NOON)
    return tape


def test_a_new_tape_knows_nothing() -> None:
    tape = Tape(venues=())

    assert tape.totals(Key(), Window.H24) == Totals(0, 0, 0)
    assert tape.bases(Window.H24) == ()
    assert tape.skipped() == {}
    assert tape.finished() == ()
    assert tape.coverage(Window.H1, NOON).is_dark


@pytest.mark.parametrize("other", [a_print(0, 7, LONG, name="1"), a_print(5, 8, SHORT, name="1")])
def test_where_a_venue_has_ids_the_same_id_is_the_same_print(other: Liquidation) -> None:
    tape = a_tape()
    tape.take([a_print(0, 7, LONG, name="1")], after(10))

    assert tape.take([other], after(10)) == ()


@pytest.mark.parametrize(
    "other", [a_print(0, 7, LONG, name="2"), a_print(0, 7, LONG, name="1", instrument=ETH)]
)
def test_another_id_or_instrument_is_another_print(other: Liquidation) -> None:
    tape = a_tape()
    tape.take([a_print(0, 7, LONG, name="1")], after(10))

    assert tape.take([other], after(10)) == (other,)


def test_without_ids_the_same_print_received_again_is_the_same() -> None:
    tape = a_tape()
    tape.take([a_print(0, 7)], after(10))

    assert tape.take([a_print(0, 7)._replace(received_ms=0)], after(10)) == ()


@pytest.mark.parametrize(
    "other",
    [
        a_print(0.001, 7),
        a_print(0, 8),
        a_print(0, 7, SHORT),
        a_print(0, 7)._replace(price=2.0),
        a_print(0, 7, instrument=BTC),
    ],
)
def test_without_ids_time_side_price_and_quantity_tell_prints_apart(other: Liquidation) -> None:
    tape = a_tape()
    tape.take([a_print(0, 7)], after(10))

    assert tape.take([other], after(10)) == (other,)


def test_a_duplicate_is_counted_by_venue_and_enters_no_window() -> None:
    tape = a_tape()

    taken = tape.take([a_print(0, 7), a_print(0, 7), a_print(0, 7, instrument=BTC)], NOON)

    assert taken == (a_print(0, 7), a_print(0, 7, instrument=BTC))
    assert tape.skipped() == {("binanceusdm", Skipped.DUPLICATE): 1}
    assert tape.totals(Key(), Window.M1) == Totals(14, 0, 2)


def test_a_print_is_known_for_a_day_and_then_forgotten() -> None:
    tape = a_tape()
    tape.take([a_print(0, 7)], NOON)

    known = [tape.take([a_print(0, 7)], after(seconds)) for seconds in (600, DAY, DAY + 299)]

    assert known == [(), (), ()]
    assert tape.take([a_print(0, 7)], after(DAY + 300)) == (a_print(0, 7),)


def test_a_print_of_more_than_a_day_ago_is_new_once_and_enters_no_window() -> None:
    tape = a_tape()
    old, just = a_print(-DAY, 7), a_print(-DAY + 1, 8)

    taken = tape.take([old, old, just], NOON)

    assert taken == (old, just)
    assert tape.totals(Key(), Window.H24) == Totals(8, 0, 1)


def test_a_clock_ahead_of_ours_is_set_back_and_counted() -> None:
    tape = a_tape()
    near, far = a_print(5, 1), a_print(5.001, 2)

    taken = tape.take([near, far], NOON)
    again = tape.take([far], after(6))

    assert taken == (near, far._replace(at_ms=a_print(0).at_ms, id=f"ahead:{far.at_ms}:long:1.0:2"))
    assert again == ()
    assert tape.skipped()["binanceusdm", Skipped.CLOCK_SKEW] == 1
    assert tape.totals(Key(), Window.M5) == Totals(3, 0, 2)


@pytest.mark.parametrize("name", ["", "x-1", "ahead:of its time"])
@pytest.mark.parametrize("later", [2, 60], ids=["still ahead", "no longer ahead"])
def test_a_print_that_was_set_back_counts_once_when_it_comes_again_after_a_restart(
    name: str, later: float
) -> None:
    far = a_print(30, name=name)._replace(received_ms=a_print(-1).at_ms)
    taken = a_tape().take([far], NOON)

    restarted = a_tape(HeardBefore(prints=taken))
    again = restarted.take([far], after(later))

    assert [one.at_ms for one in taken] == [far.received_ms]
    assert again == ()
    assert restarted.totals(Key(), Window.H24).count == 1


def test_two_prints_that_claim_one_moment_ahead_stay_two_after_a_restart() -> None:
    prints = [a_print(30, usd)._replace(received_ms=a_print(-1).at_ms) for usd in (1, 2)]
    taken = a_tape().take(prints, NOON)

    restarted = a_tape(HeardBefore(prints=taken))

    assert restarted.totals(Key(), Window.H24) == Totals(3, 0, 2)


def test_two_prints_that_are_set_back_to_one_moment_stay_two() -> None:
    prints = [a_print(30), a_print(31)]

    first, second = a_tape().take([one._replace(received_ms=a_print(0).at_ms) for one in prints], NOON)

    assert first.at_ms == second.at_ms
    assert first != second


@pytest.mark.parametrize("usd", [LARGEST_USD * 1.01, float("nan"), float("inf")])
def test_what_no_close_ever_came_to_is_left_out_and_counted(usd: float) -> None:
    tape = a_tape()

    taken = tape.take([a_print(0, usd), a_print(0, LARGEST_USD)], NOON)

    assert taken == (a_print(0, LARGEST_USD),)
    assert tape.skipped() == {("binanceusdm", Skipped.TOO_LARGE): 1}


def test_bases_come_largest_first_by_side_and_only_those_with_prints() -> None:
    tape = a_tape()
    tape.take(
        [
            a_print(0, 5, instrument=BTC),
            a_print(0, 5, instrument=ETH),
            a_print(0, 7, SHORT, instrument=SOL),
            a_print(-100, 9, instrument=an_instrument(base="XRP")),
        ],
        NOON,
    )

    assert tape.bases(Window.M1) == ("SOL", "BTC", "ETH")
    assert tape.bases(Window.M1, LONG) == ("BTC", "ETH")
    assert tape.bases(Window.M5, LONG) == ("XRP", "BTC", "ETH")


def test_flows_are_the_parts_of_a_total_by_venue() -> None:
    tape = a_tape()
    tape.health(a_feed("bybit", grade=FeedGrade.COMPLETE))
    tape.take(
        [
            a_print(0, 5, instrument=BTC),
            a_print(0, 4, SHORT, instrument=BTC),
            a_print(0, 3, instrument=ETH),
            a_print(0, 20, instrument=an_instrument("okx", "BTC")),
        ],
        NOON,
    )

    market, of_base = tape.flows(Key(), Window.M1), tape.flows(Key("BTC"), Window.M1)

    assert [(one.venue, one.totals, one.grade) for one in market] == [
        ("okx", Totals(23, 0, 2), FeedGrade.THROTTLED),
        ("bybit", Totals(5, 4, 2), FeedGrade.COMPLETE),
    ]
    assert [(one.venue, one.totals.usd) for one in of_base] == [("okx", 20), ("bybit", 9)]
    assert [one.totals.usd for one in tape.flows(Key("BTC", "bybit"), Window.M1)] == [9]
    assert [one.totals.usd for one in tape.flows(Key("BTC", "bybit", BTC.symbol), Window.M1)] == [9]
    assert [one.totals.usd for one in tape.flows(Key(venue="okx"), Window.M1)] == [23]
    tape.advance(after(60))
    assert tape.flows(Key(), Window.M1) == ()


@pytest.mark.parametrize(
    ("grade", "count", "saturated"),
    [
        (FeedGrade.THROTTLED, 50, {"binanceusdm"}),
        (FeedGrade.THROTTLED, 49, set[str]()),
        (FeedGrade.COMPLETE, 50, set[str]()),
    ],
)
def test_fifty_prints_a_minute_fill_a_throttled_feed(
    grade: FeedGrade, count: int, saturated: set[str]
) -> None:
    tape = a_tape()
    tape.health(a_feed("binanceusdm", grade=grade))

    for second in range(count):
        tape.take([a_print(second)], after(second))

    assert {one.venue for one in tape.flows(Key(), Window.M5) if one.saturated} == saturated
    assert {one.venue for one in tape.flows(Key("BTC"), Window.M5) if one.saturated} == saturated


def test_a_full_minute_flags_the_windows_that_hold_some_of_it() -> None:
    tape = a_tape()
    tape.take([a_print(second) for second in range(60)], after(60))
    tape.take([a_print(200)], after(200))

    flags = {window: tape.flows(Key(), window)[0].saturated for window in Window}

    assert flags == {window: window is not Window.M1 for window in Window}


def test_a_full_minute_is_forgotten_after_a_day() -> None:
    tape = a_tape()
    tape.take([a_print(second) for second in range(60)], after(60))

    tape.take([a_print(DAY + 60)], after(DAY + 60))

    assert [one.saturated for one in tape.flows(Key(), Window.H24)] == [False]


def test_five_minutes_that_were_heard_become_buckets_of_the_market_and_its_bases() -> None:
    tape = a_live_tape()
    tape.take([a_print(1, 5, instrument=BTC), a_print(299, 2.5, SHORT, instrument=SOL)], after(299))
    during = tape.finished()

    tape.advance(after(300))

    assert during == ()
    assert tape.finished() == (
        a_bucket(NOON, MARKET, 5, short_usd=2.5, count=2),
        a_bucket(NOON, "BTC", 5),
        a_bucket(NOON, "SOL", short_usd=2.5),
    )
    assert tape.finished() == ()


def test_a_quiet_bucket_says_that_it_was_heard() -> None:
    tape = a_live_tape()

    tape.advance(after(600))

    assert tape.finished() == (
        a_bucket(NOON, MARKET, count=0),
        a_bucket(after(300), MARKET, count=0),
    )


def test_a_bucket_that_no_feed_heard_throughout_is_no_bucket() -> None:
    tape = a_tape()
    tape.health(a_feed(since=100))
    tape.advance(NOON)
    tape.take([a_print(200, 5, instrument=BTC)], after(200))

    tape.advance(after(600))
    tape.take([a_print(201, 5, instrument=BTC)], after(601))

    assert tape.finished() == (a_bucket(after(300), MARKET, count=0),)


def test_a_late_print_tells_its_bucket_again() -> None:
    tape = a_live_tape()
    tape.take([a_print(1, 5, instrument=BTC), a_print(2, 9, instrument=SOL)], after(10))
    tape.advance(after(600))
    tape.finished()

    tape.take([a_print(3, 6, instrument=BTC), a_print(301, 7, instrument=ETH)], after(601))

    assert tape.finished() == (
        a_bucket(NOON, MARKET, 20, count=3),
        a_bucket(NOON, "BTC", 11, count=2),
        a_bucket(after(300), MARKET, 7),
        a_bucket(after(300), "ETH", 7),
    )


def test_a_bucket_of_a_day_ago_is_changed_as_long_as_its_prints_are_counted() -> None:
    tape = a_live_tape()
    tape.take([a_print(200, 5, instrument=BTC)], after(200))
    tape.advance(after(DAY + 200))
    tape.finished()

    tape.take([a_print(202, 6, instrument=BTC)], after(DAY + 201))
    tape.take([a_print(203, 6, instrument=BTC)], after(DAY + 203))
    tape.advance(after(2 * DAY))

    changed = [one for one in tape.finished() if one.at == NOON]
    assert changed == [a_bucket(NOON, MARKET, 11, count=2), a_bucket(NOON, "BTC", 11, count=2)]


def test_spikes_are_judged_against_what_the_tape_itself_heard() -> None:
    tape = a_live_tape()
    steps = 3 * 3600 // 300
    for step in range(steps):
        tape.take([a_print(300 * step, 1_000_000, instrument=BTC)], after(300 * step))
    now = after(3 * 3600)
    tape.take([a_print(3 * 3600, 12_000_000, instrument=BTC)], now)

    market, base = tape.spike(Key(), Window.M5, now), tape.spike(Key("BTC"), Window.M5, now)

    # at 15:00 the hours of 14, 15 and 16 count, and of these eleven buckets ended before the window
    assert (market.samples, base.samples) == (11, 11)
    assert (market.usd, market.z, market.needed) == (12e6, None, NEEDED)
    assert (market.severity, market.is_spike) == (1, False)
    assert (base.severity, base.is_spike) == (1, False)


def test_a_spike_is_a_bases_or_the_markets() -> None:
    with pytest.raises(ValueError, match="expected a base or the market, found Key"):
        a_tape().spike(Key("BTC", "bybit"), Window.M5, NOON)


def test_a_restart_finds_windows_buckets_and_marks_as_they_were() -> None:
    before = a_live_tape()
    prints = [a_print(60 * minute, 1000 + minute, instrument=BTC) for minute in range(30)]
    taken = [one for number, each in enumerate(prints) for one in before.take([each], after(60 * number))]
    memory = HeardBefore(
        prints=taken, feeds=[a_feed(venue, heard=1740) for venue in VENUES], buckets=before.finished()
    )

    restarted = a_live_tape(memory)
    again = restarted.take(prints, after(1750))
    before.advance(after(1750))

    assert again == ()
    for key, window in product((Key(), Key("BTC"), Key("BTC", "bybit")), Window):
        assert restarted.totals(key, window) == before.totals(key, window)
    assert restarted.largest(Key(), Window.H1) == before.largest(Key(), Window.H1)
    for tape in (before, restarted):
        tape.advance(after(1800))
        tape.finished()
        tape.take([a_print(30, 9, instrument=BTC)], after(1801))
    assert restarted.finished() == before.finished()


def test_what_was_heard_before_the_bot_ended_becomes_a_bucket_after_a_quick_restart() -> None:
    memory = HeardBefore(
        prints=[a_print(10, 5, instrument=BTC)],
        feeds=[a_feed(heard=15)],
        buckets=[a_bucket(after(-300), MARKET, count=0)],
    )
    tape = a_tape(memory)
    tape.advance(after(20))
    tape.health(a_feed(since=20))

    tape.advance(after(300))

    assert tape.finished() == (a_bucket(NOON, MARKET, 5), a_bucket(NOON, "BTC", 5))


def test_after_a_long_absence_no_bucket_is_made_of_it() -> None:
    memory = HeardBefore(
        feeds=[a_feed(heard=15)],
        gaps=[a_gap(-DAY, -DAY + 600)],
        buckets=[a_bucket(after(-300), MARKET, count=0), a_bucket(after(-3 * DAY), "BTC", 1)],
    )
    tape = a_tape(memory)
    later = after(5 * DAY)

    tape.health(a_feed(since=5 * DAY))
    tape.advance(later)
    tape.advance(later + timedelta(minutes=5))

    assert [one.at for one in tape.finished()] == [later]
