"""Word about feeds of liquidations that fall silent; that of venues' answers is told in the engine's tests."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.delivery import Content, Notice
from monitors.alerts.notices import Feeds
from monitors.alerts.rules import Destination
from monitors.liquidation import FeedGrade, FeedHealth, FeedState
from tests.builders import HOME, NOON

MINUTE = timedelta(minutes=1)


def a_feed(state: FeedState, minute: float = 0, *, venue: str = "bybit", reason: str = "") -> FeedHealth:
    return FeedHealth(
        venue=venue,
        grade=FeedGrade.COMPLETE,
        state=state,
        since=NOON + minute * MINUTE,
        reason=reason,
    )


def for_home(_venue: str) -> tuple[Destination, ...]:
    return (HOME,)


def words(contents: tuple[Content, ...]) -> list[tuple[str, bool, datetime, str]]:
    notices = [content for content in contents if isinstance(content, Notice)]
    assert len(notices) == len(contents)
    assert all(notice.liquidations for notice in notices)
    return [(notice.venue, notice.back, notice.silent_since, notice.reason) for notice in notices]


def test_a_feed_that_is_lost_for_more_than_five_minutes_is_told_once_and_its_return_once() -> None:
    feeds = Feeds((), for_home, NOON)
    feeds.heard(a_feed(FeedState.DOWN, reason="timed out"))

    silent = [words(feeds.overdue(NOON + minute * MINUTE)) for minute in (4, 5, 5.1, 6, 60)]
    back = feeds.heard(a_feed(FeedState.LIVE, 61))

    assert silent == [[], [], [("bybit", False, NOON, "timed out")], [], []]
    assert words(back) == [("bybit", True, NOON, "timed out")]
    assert [content.at for content in back if isinstance(content, Notice)] == [NOON + 61 * MINUTE]
    assert feeds.heard(a_feed(FeedState.LIVE, 61)) == ()
    assert feeds.overdue(NOON + 120 * MINUTE) == ()


def test_a_loss_begins_with_the_first_state_that_is_not_live_whatever_follows() -> None:
    feeds = Feeds((), for_home, NOON)
    for minute, state in enumerate((FeedState.DOWN, FeedState.CONNECTING, FeedState.PARTIAL)):
        feeds.heard(a_feed(state, minute, reason=f"reason {minute}"))

    assert words(feeds.overdue(NOON + 6 * MINUTE)) == [("bybit", False, NOON, "reason 2")]


def test_a_short_loss_is_never_told() -> None:
    feeds = Feeds((), for_home, NOON)
    feeds.heard(a_feed(FeedState.DOWN))

    back = feeds.heard(a_feed(FeedState.LIVE, 4))

    assert back == ()
    assert feeds.overdue(NOON + 60 * MINUTE) == ()


def test_a_feed_that_was_never_lost_is_never_told() -> None:
    feeds = Feeds((), for_home, NOON)

    assert feeds.heard(a_feed(FeedState.LIVE)) == ()
    assert feeds.overdue(NOON + 60 * MINUTE) == ()


def test_each_loss_is_told_anew() -> None:
    feeds = Feeds((), for_home, NOON)

    told = list[Content]()
    for start in (0, 20):
        told += feeds.heard(a_feed(FeedState.DOWN, start))
        told += feeds.overdue(NOON + (start + 6) * MINUTE)
        told += feeds.heard(a_feed(FeedState.LIVE, start + 10))

    assert len({content.key for content in told}) == len(told) == 4


def test_a_loss_that_concerns_nobody_is_told_to_nobody() -> None:
    feeds = Feeds((), lambda venue: (HOME,) if venue == "okx" else (), NOON)
    feeds.heard(a_feed(FeedState.DOWN))
    feeds.heard(a_feed(FeedState.DOWN, venue="okx"))

    assert [venue for venue, *_ in words(feeds.overdue(NOON + 6 * MINUTE))] == ["okx"]


def test_a_feed_is_kept_when_it_changes_and_each_minute_for_its_ages() -> None:
    feeds = Feeds((), for_home, NOON)
    live, down = a_feed(FeedState.LIVE), a_feed(FeedState.DOWN, reason="timed out")

    kept = [
        feeds.worth_keeping(health, NOON + timedelta(seconds=second)) is not None
        for second, health in ((0, live), (59, live), (60, live), (61, down), (62, down), (63, live))
    ]

    assert kept == [True, False, True, True, False, True]


@given(states=st.lists(st.sampled_from(FeedState), max_size=30))
def test_silent_and_back_alternate(states: list[FeedState]) -> None:
    feeds, told = Feeds((), for_home, NOON), list[tuple[str, bool, datetime, str]]()
    for step, state in enumerate(states):
        told += words(feeds.heard(a_feed(state, 3 * step)))
        told += words(feeds.overdue(NOON + 3 * step * MINUTE))

    assert [back for _, back, *_ in told] == [n % 2 == 1 for n in range(len(told))]


def test_a_feed_lost_before_a_restart_is_told_after_five_minutes_of_this_life_under_its_old_name() -> None:
    feeds = Feeds((a_feed(FeedState.BLOCKED, -60),), for_home, NOON)
    feeds.heard(a_feed(FeedState.CONNECTING, 1))

    silent = [words(feeds.overdue(NOON + minute * MINUTE)) for minute in (4, 6)]
    back = feeds.heard(a_feed(FeedState.LIVE, 7))

    assert silent == [[], [("bybit", False, NOON - 60 * MINUTE, "")]]
    assert [(venue, is_back) for venue, is_back, *_ in words(back)] == [("bybit", True)]


def test_what_an_earlier_life_last_heard_is_kept_until_the_venue_is_heard_again() -> None:
    feeds = Feeds((replace(a_feed(FeedState.LIVE, -60), heard_at=NOON - MINUTE),), for_home, NOON)
    connecting = a_feed(FeedState.CONNECTING)
    live = replace(a_feed(FeedState.LIVE, 1), heard_at=NOON + MINUTE)

    assert feeds.worth_keeping(connecting, NOON) is None
    assert feeds.worth_keeping(live, NOON + MINUTE) == live


def test_a_lost_feed_is_kept_with_the_time_since_which_it_is_lost() -> None:
    feeds = Feeds((), for_home, NOON)
    for minute, state in enumerate((FeedState.DOWN, FeedState.CONNECTING)):
        feeds.heard(a_feed(state, minute))

    assert feeds.worth_keeping(a_feed(FeedState.CONNECTING, 1), NOON + MINUTE) == a_feed(FeedState.CONNECTING)
