from datetime import timedelta

import pytest

from monitors.liquidation import FeedGrade, FeedState, Window
from monitors.metrics.liquidations.coverage import NOT_RUNNING
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import Coverage, HeardBefore
from tests.metrics.liquidations.prints import VENUES, a_feed, a_gap, a_tape, after

DEAF = (FeedState.CONNECTING, FeedState.DOWN, FeedState.BLOCKED)


def a_hearing_tape(memory: HeardBefore | None = None) -> Tape:
    """Build a tape that has heard all of its venues for a day, of which binanceusdm leaves prints out."""
    tape = a_tape(memory)
    for venue in VENUES:
        grade = FeedGrade.THROTTLED if venue == "binanceusdm" else FeedGrade.COMPLETE
        tape.health(a_feed(venue, grade=grade))
    return tape


def test_feeds_that_live_throughout_are_heard_each_by_its_grade() -> None:
    coverage = a_hearing_tape().coverage(Window.M5, after(0))

    assert coverage == Coverage(heard=VENUES, throttled=("binanceusdm",), silent=("hyperliquid",))
    assert not coverage.has_gap


def test_what_is_heard_meanwhile_changes_the_answer_of_the_same_second() -> None:
    tape = a_hearing_tape()
    answers = [tape.coverage(Window.M5, after(0)), tape.coverage(Window.M5, after(0.5))]

    tape.gap(a_gap(-100, -50))
    answers.append(tape.coverage(Window.M5, after(0.6)))

    assert [one.partial for one in answers] == [(), (), ("bybit",)]


def test_of_one_venue_only_that_venue_counts() -> None:
    tape = a_hearing_tape()

    assert tape.coverage(Window.M5, after(0), "bybit") == Coverage(heard=("bybit",))
    assert tape.coverage(Window.M5, after(0), "hyperliquid") == Coverage(heard=(), silent=("hyperliquid",))


def test_without_any_feed_all_is_dark() -> None:
    coverage = a_tape().coverage(Window.M1, after(0))

    assert coverage.missing == VENUES
    assert coverage.is_dark


@pytest.mark.parametrize("state", DEAF)
def test_a_venue_is_partial_once_more_than_half_a_minute_is_lost_and_missing_once_all_is(
    state: FeedState,
) -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=state, since=0))

    found = [tape.coverage(Window.M1, after(seconds)) for seconds in (29, 31, 58, 60)]

    assert ["bybit" in one.heard for one in found] == [True, False, False, False]
    assert ["bybit" in one.partial for one in found] == [False, True, True, False]
    assert ["bybit" in one.missing for one in found] == [False, False, False, True]


def test_a_venue_that_is_back_is_heard_again_once_its_loss_has_left_the_window() -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=FeedState.DOWN, since=0))
    tape.health(a_feed(state=FeedState.CONNECTING, since=40))
    tape.health(a_feed(since=60))

    found = [tape.coverage(Window.M5, after(seconds)).partial for seconds in (61, 328, 330)]

    assert found == [("bybit",), ("bybit",), ()]
    assert tape.coverage(Window.M15, after(330)).partial == ("bybit",)


def test_a_venue_some_of_whose_sockets_are_down_is_partial_never_missing() -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=FeedState.PARTIAL, since=0))
    during = tape.coverage(Window.M1, after(600))

    tape.health(a_feed(since=600))

    assert during.partial == ("bybit",)
    assert tape.coverage(Window.M1, after(660)).partial == ()
    assert tape.coverage(Window.M15, after(660)).partial == ("bybit",)


def test_a_venue_that_goes_from_partial_to_down_is_missing_by_and_by() -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=FeedState.PARTIAL, since=0))
    tape.health(a_feed(state=FeedState.PARTIAL, since=0, heard=90))
    tape.health(a_feed(state=FeedState.DOWN, since=100))

    assert tape.coverage(Window.M1, after(120)).partial == ("bybit",)
    assert tape.coverage(Window.M1, after(160)).missing == ("bybit",)


def test_gaps_add_up_and_what_overlaps_counts_once() -> None:
    tape = a_hearing_tape()
    tape.gap(a_gap(-100, -80))
    tape.gap(a_gap(-95, -85))
    tape.gap(a_gap(-60, -51))
    before = tape.coverage(Window.M5, after(0)).partial

    tape.gap(a_gap(-30, -28))

    assert before == ()
    assert tape.coverage(Window.M5, after(0)).partial == ("bybit",)


def test_a_gap_that_lasts_grows_until_it_ends() -> None:
    tape = a_hearing_tape()
    tape.gap(a_gap(0))
    during = [tape.coverage(Window.M5, after(seconds)).partial for seconds in (25, 35)]

    tape.gap(a_gap(0, 35))

    assert during == [(), ("bybit",)]
    assert tape.coverage(Window.M5, after(320)).partial == ()


def test_what_the_archive_filled_was_heard() -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=FeedState.DOWN, since=0))
    tape.health(a_feed(since=100))
    tape.gap(a_gap(0, 100))
    before = tape.coverage(Window.M5, after(100)).partial

    tape.gap(a_gap(0, 100, filled=True))

    assert before == ("bybit",)
    assert tape.coverage(Window.M5, after(100)).partial == ()


def test_gaps_are_told_oldest_first_and_forgotten_after_a_day() -> None:
    tape = a_hearing_tape()
    tape.health(a_feed(state=FeedState.DOWN, since=10))
    tape.health(a_feed(state=FeedState.PARTIAL, since=20))
    tape.health(a_feed(since=30))
    for gap in (a_gap(500), a_gap(100, 200), a_gap(0, 50)):
        tape.gap(gap)
    tape.advance(after(600))
    kept = tape.gaps("bybit", after(0)), tape.gaps("bybit", after(100)), tape.gaps("okex", after(0))

    tape.advance(after(90_000))

    assert kept == ((a_gap(0, 50), a_gap(100, 200), a_gap(500)), (a_gap(100, 200), a_gap(500)), ())
    assert tape.gaps("bybit", after(0)) == (a_gap(500),)


def test_feeds_are_those_that_told_of_themselves_in_this_run() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed("okx"), a_feed("bybit"))))

    tape.health(a_feed("okx", FeedState.CONNECTING, since=0))
    tape.health(a_feed("binanceusdm"))

    assert tape.feeds() == (a_feed("binanceusdm"), a_feed("okx", FeedState.CONNECTING, since=0))


def test_a_venue_first_heard_now_was_not_heard_before() -> None:
    tape = a_tape()
    tape.health(a_feed(since=0))

    assert tape.coverage(Window.M5, after(200), "bybit").partial == ("bybit",)
    assert tape.coverage(Window.M5, after(300), "bybit").heard == ("bybit",)
    (pause,) = tape.pauses()
    assert (pause.since, pause.until, pause.why) == (after(-86400), after(0), NOT_RUNNING)
    assert tape.pauses() == ()


def test_a_feed_that_was_alive_when_the_bot_ended_was_not_heard_until_it_is_again() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(since=-7200, heard=-600),)))
    before = tape.coverage(Window.M5, after(0), "bybit"), tape.coverage(Window.M15, after(0), "bybit")

    tape.health(a_feed(state=FeedState.CONNECTING, since=0))
    tape.health(a_feed(since=5))

    assert (before[0].missing, before[1].partial) == (("bybit",), ("bybit",))
    assert tape.coverage(Window.M15, after(310), "bybit").partial == ("bybit",)
    assert tape.coverage(Window.M5, after(310), "bybit").heard == ("bybit",)
    assert [(gap.since, gap.until) for gap in tape.pauses()] == [(after(-600), after(5))]


def test_a_feed_that_was_down_when_the_bot_ended_was_down_since() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(state=FeedState.DOWN, since=-7200, heard=-600),)))

    assert tape.coverage(Window.H1, after(0), "bybit").missing == ("bybit",)


def test_a_run_that_ended_before_it_heard_anything_hides_no_earlier_silence() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(state=FeedState.CONNECTING, since=-10, heard=-7200),)))

    assert tape.coverage(Window.H1, after(0), "bybit").missing == ("bybit",)


def test_a_restart_within_the_tolerance_leaves_no_gap() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(heard=-10),)))

    tape.health(a_feed(since=5))

    assert tape.coverage(Window.H24, after(60), "bybit").heard == ("bybit",)


def test_a_gap_that_the_former_run_left_open_ends_when_the_venue_is_heard() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(since=0, heard=0),), gaps=(a_gap(-100), a_gap(-900, -800))))
    during = tape.coverage(Window.M5, after(0), "bybit").partial

    tape.health(a_feed(since=0))

    assert during == ("bybit",)
    assert tape.coverage(Window.M5, after(300), "bybit").heard == ("bybit",)
    assert tape.pauses() == (a_gap(-100, 0),)
    assert tape.gaps("bybit", after(-1000)) == (a_gap(-900, -800), a_gap(-100, 0))


def test_a_feed_that_is_lost_and_found_again_in_one_run_leaves_no_pause() -> None:
    tape = a_hearing_tape()
    tape.pauses()

    tape.health(a_feed(state=FeedState.DOWN, since=0))
    tape.health(a_feed(since=100))

    assert tape.pauses() == ()


def test_a_venue_that_nobody_named_counts_once_it_tells_of_itself() -> None:
    tape = a_hearing_tape()

    tape.health(a_feed("gate"))

    assert "gate" in tape.coverage(Window.M5, after(0)).heard


def test_a_long_absence_is_told_as_a_day() -> None:
    tape = a_tape(HeardBefore(feeds=(a_feed(since=-900_000, heard=-800_000),)))

    tape.health(a_feed(since=0))

    (pause,) = tape.pauses()
    assert pause.until is not None
    assert pause.until - pause.since == timedelta(hours=24)
