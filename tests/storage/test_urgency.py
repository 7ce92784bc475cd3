"""What is urgent is told at once, and what follows it within the group wait is told together after that."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.delivery import Content, Delivered, Told
from monitors.alerts.states import Reason
from storage.database import Database
from storage.letters import Pace
from storage.outbox import Outbox
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.storage.outboxes import (
    BEFORE,
    DUE,
    PLATFORM,
    SECOND,
    WAIT,
    alerts,
    an_outbox,
    claim,
    put,
    tell_all,
)

METRIC = "liquidations"
ELSEWHERE = replace(HOME, chat="elsewhere")


def _urgent(first: int, last: int) -> list[Content]:
    return alerts(last, metric=METRIC)[first:]


async def _next(outbox: Outbox) -> datetime | None:
    return await outbox.next_due(PLATFORM, BEFORE)


async def test_what_is_urgent_is_due_at_once(database: Database) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))

    (letter,) = await claim(outbox, NOON)

    assert list(letter.contents) == _urgent(0, 1)


async def test_what_is_put_together_is_told_together(database: Database) -> None:
    outbox = await an_outbox(database, *_urgent(0, 40))

    told = await tell_all(outbox, NOON)

    assert [list(letter.contents) for letter in told] == [_urgent(0, 40)]


async def test_a_shock_on_a_hundred_coins_is_one_message_at_once_and_one_summary_after_the_wait(
    database: Database,
) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))
    told = [await tell_all(outbox, NOON)]
    for number in range(1, 100):
        at = NOON + number * WAIT / 100
        await put(database, outbox, _urgent(number, number + 1), at)
        told.append(await tell_all(outbox, at))

    summary = await tell_all(outbox, NOON + WAIT)

    assert [len(letters) for letters in told] == [1] + [0] * 99
    assert [list(letter.contents) for letter in summary] == [_urgent(1, 100)]


async def test_over_a_long_shock_no_two_messages_are_nearer_than_the_group_wait(database: Database) -> None:
    outbox = await an_outbox(database)
    told: list[datetime] = []
    for number in range(120):
        at = NOON + number * SECOND / 2
        contents = _urgent(4 * number, 4 * number + 4)
        await put(database, outbox, contents, at)
        told += [at] * len(await tell_all(outbox, at))

    assert told == [NOON + n * WAIT for n in range(12)]


async def test_what_comes_when_the_wait_is_over_is_told_at_once_again(database: Database) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))
    await tell_all(outbox, NOON)

    await put(database, outbox, _urgent(1, 2), DUE)

    assert await _next(outbox) == DUE


async def test_the_wait_runs_from_when_the_last_was_due(database: Database) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))
    await put(database, outbox, _urgent(1, 2), DUE - SECOND)
    await tell_all(outbox, DUE)

    await put(database, outbox, _urgent(2, 3), DUE + SECOND)

    assert await _next(outbox) == DUE + WAIT


async def test_a_message_that_was_not_yet_claimed_does_not_change_when_the_next_is_due(
    database: Database,
) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))
    await put(database, outbox, _urgent(1, 2), NOON + SECOND)

    (first,) = await claim(outbox, NOON + SECOND)
    await outbox.settle(first, Delivered(message="m"), NOON + SECOND)

    assert list(first.contents) == _urgent(0, 1)
    assert await _next(outbox) == DUE


@pytest.mark.parametrize(
    "other",
    [
        an_alert(rule=a_rule(metric="cascade"), series=a_series("cascade")),
        an_alert(rule=a_rule(metric=METRIC, destination=ELSEWHERE), series=a_series(METRIC)),
        an_alert(rule=a_rule(metric=METRIC, destination=replace(HOME, thread="7")), series=a_series(METRIC)),
    ],
    ids=["group", "chat", "thread"],
)
async def test_another_group_chat_or_thread_does_not_wait(database: Database, other: Content) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1))
    await tell_all(outbox, NOON)

    await put(database, outbox, [other], NOON + SECOND)

    assert await _next(outbox) == NOON + SECOND


async def test_what_is_not_urgent_still_waits_for_company(database: Database) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1), *alerts(1))
    await tell_all(outbox, NOON)

    assert await _next(outbox) == DUE


async def test_a_new_life_tells_the_next_at_once(database: Database) -> None:
    await tell_all(await an_outbox(database, *_urgent(0, 1)), NOON)
    reborn = Outbox(database, group_wait=WAIT)

    await put(database, reborn, _urgent(1, 2), NOON + SECOND)

    assert await _next(reborn) == NOON + SECOND


async def test_what_was_put_while_the_clock_was_ahead_holds_up_nothing_for_longer_than_the_wait(
    database: Database,
) -> None:
    outbox = await an_outbox(database, *_urgent(0, 1), at=NOON + timedelta(hours=2))

    await put(database, outbox, _urgent(1, 2), NOON)

    assert await _next(outbox) == DUE


async def test_the_aftermath_answers_the_message_that_told_the_episode_first(database: Database) -> None:
    rule, series = a_rule(metric=METRIC), a_series(METRIC)
    first = an_alert(rule=rule, series=series)
    after = an_alert(Reason.AFTERMATH, rule=rule, series=series, at=NOON + timedelta(minutes=5))
    outbox = await an_outbox(database, first)
    await tell_all(outbox, NOON)

    await put(database, outbox, [after], after.at)

    (letter,) = await tell_all(outbox, after.at)
    assert letter.contents == (after,)
    assert (letter.answers, letter.edits) == (Told(number=1, message="m1"), None)


@pytest.mark.parametrize("reason", [Reason.RESOLVED, Reason.AFTERMATH])
async def test_what_follows_a_message_that_was_never_told_here_is_told_by_itself(
    database: Database, reason: Reason
) -> None:
    content = an_alert(reason, rule=a_rule(metric=METRIC), series=a_series(METRIC))
    outbox = await an_outbox(database, content)

    told = await tell_all(outbox, NOON)

    assert [(letter.contents, letter.answers, letter.edits) for letter in told[:1]] == [
        ((content,), None, None)
    ]


@given(st.lists(st.tuples(st.integers(0, 12_000), st.sampled_from("ABC")), min_size=1, max_size=60))
def test_however_news_come_in_each_is_told_within_the_wait_and_no_two_messages_are_nearer_than_it(
    puts: list[tuple[int, str]],
) -> None:
    pace, wait, now = Pace(WAIT), WAIT // timedelta(milliseconds=1), 0
    dues: dict[str, list[int]] = {"A": [], "B": [], "C": []}
    for later, group in puts:
        now += later

        due = pace.due((group,), now)

        assert now <= due <= now + wait
        dues[group].append(due)
    for of_group in dues.values():
        told = sorted(set(of_group))
        assert of_group == sorted(of_group)
        assert all(second - first >= wait for first, second in pairwise(told))
