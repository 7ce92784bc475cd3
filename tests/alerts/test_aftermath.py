"""What came of a cascade: told 5, 15 and 60 minutes after its close, and nothing of it twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

from monitors.alerts.aftermath import AFTER, Aftermaths, Followed, FollowedKey
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Reason
from monitors.metrics.liquidations.values import Cascade, Flush
from tests.builders import NOON, a_cascade, a_flush_alert, a_rule

MINUTE = timedelta(minutes=1)
SINCE = NOON - 6 * MINUTE
OVER = a_cascade(closed_at=NOON)


def an_end(cascade: Cascade = OVER, reason: Reason = Reason.RESOLVED) -> Alert:
    """Build the alert that says that a cascade is over."""
    return a_flush_alert(
        "cascade", 0.0, Flush.of_cascade(cascade), reason, base=cascade.base, since=SINCE, peak=8.3e6
    )


def following(*ends: Alert) -> Aftermaths:
    aftermaths = Aftermaths()
    aftermaths.follow(ends or [an_end()])
    return aftermaths


def a_rule_of(number: int) -> Rule | None:
    return a_rule(number, metric="cascade")


def no_rule(_number: int) -> Rule | None:
    return None


def tell(
    aftermaths: Aftermaths,
    minute: float,
    price: float | None = 60_000.0,
    *,
    rule_of: Callable[[int], Rule | None] = a_rule_of,
) -> list[tuple[tuple[int, float], ...]]:
    """Return the prices that each alert of that minute tells."""
    alerts, _ = aftermaths.tell(rule_of, lambda _: price, NOON + minute * MINUTE)
    flushes = [alert.evidence.flush for alert in alerts]
    return [
        flush.cascade.prices_after for flush in flushes if flush is not None and flush.cascade is not None
    ]


def test_the_price_is_told_three_times_each_with_those_before() -> None:
    aftermaths = following()

    told = [tell(aftermaths, minute, 60_000.0 + minute) for minute in range(70)]

    assert [(minute, prices) for minute, (prices,) in ((m, p) for m, p in enumerate(told) if p)] == [
        (5, ((5, 60_005.0),)),
        (15, ((5, 60_005.0), (15, 60_015.0))),
        (60, ((5, 60_005.0), (15, 60_015.0), (60, 60_060.0))),
    ]


def test_an_aftermath_answers_the_message_of_its_episode() -> None:
    end = an_end()
    (alert,), _ = following(end).tell(a_rule_of, lambda _: 1.0, NOON + 5 * MINUTE)

    assert (alert.reason, alert.at, alert.value) == (Reason.AFTERMATH, NOON + 5 * MINUTE, OVER.totals.usd)
    assert (alert.episode, alert.peak) == (end.episode, end.peak)
    assert alert.evidence.flush is not None
    assert alert.evidence.flush.coverage is None


def test_only_the_end_of_a_single_coins_cascade_has_an_aftermath() -> None:
    others = (
        an_end(reason=Reason.FIRST),
        an_end(a_cascade("market", closed_at=NOON, bases=("BTC", "ETH", "SOL"))),
        a_flush_alert("cascade", 0.0, None, Reason.RESOLVED),
        a_flush_alert("liquidations", 0.0, Flush.of_cascade(OVER), Reason.REPEAT),
    )

    assert Aftermaths().follow(others) == {}


def test_an_unknown_price_is_waited_for_two_minutes_and_then_passed_over() -> None:
    late, never = following(), following()

    assert [tell(late, minute, None) for minute in (5, 6, 7)] == [[], [], []]
    assert tell(late, 7) == [((5, 60_000.0),)]
    assert [tell(never, minute, None) for minute in (5, 7, 7.1)] == [[], [], []]
    assert tell(never, 14) == []
    assert tell(never, 15) == [((15, 60_000.0),)]


def test_a_time_missed_while_the_program_was_off_is_passed_over() -> None:
    aftermaths = following()

    assert tell(aftermaths, 20) == []
    assert tell(aftermaths, 60) == [((60, 60_000.0),)]
    assert tell(following(), 90) == []


def test_nothing_is_told_by_a_rule_that_is_gone_and_it_is_done_with_in_the_end() -> None:
    aftermaths = following()

    told = [tell(aftermaths, minute, rule_of=no_rule) for minute in range(70)]

    assert told == [[]] * 70
    assert aftermaths.followed == {}


def test_what_is_still_to_be_told_survives_a_restart() -> None:
    kept: dict[FollowedKey, Followed] = {}

    def store(changes: dict[FollowedKey, Followed | None]) -> None:
        for key, followed in changes.items():
            kept.pop(key, None)
            kept.update({} if followed is None else {key: followed})

    def live(minute: int) -> list[Reason]:
        """Start from what was stored, live for one step, and store."""
        aftermaths, now = Aftermaths(dict(kept)), NOON + minute * MINUTE
        alerts, changes = aftermaths.tell(a_rule_of, lambda _: 1.0, now)
        store(changes)
        return [alert.reason for alert in alerts]

    store(Aftermaths().follow([an_end()]))
    told = [minute for minute in range(70) if live(minute)]

    assert tuple(told) == AFTER
    assert kept == {}


def test_a_cascade_without_a_close_counts_from_its_last_print() -> None:
    cut: datetime = NOON - MINUTE
    aftermaths = following(an_end(a_cascade(opened_at=NOON - 4 * MINUTE, closed_at=None)))

    (followed,) = aftermaths.followed.values()

    assert followed.due_at == cut + 5 * MINUTE
    assert [bool(tell(aftermaths, minute)) for minute in (3, 4)] == [False, True]
