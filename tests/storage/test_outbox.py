"""Nothing is lost, nothing is told twice once settled, and late news does not look fresh."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.alerts.delivery import (
    LARGEST_UNGROUPED,
    TIME_TO_LIVE,
    Content,
    Deferred,
    Delivered,
    Letter,
    Moved,
    Notice,
    Refused,
)
from monitors.alerts.rules import Destination, Severity
from storage.database import Database
from storage.outbox import LEASE, Outbox, OutboxCounts
from storage.rules import Rules
from tests.builders import HOME, NOON, a_rule, a_series, an_alert

WAIT = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
DUE = NOON + WAIT


def _alerts(
    count: int, *, metric: str = "funding", chat: Destination = HOME, severity: Severity = Severity.WARNING
) -> list[Content]:
    rule = a_rule(metric=metric, destination=chat, severity=severity)
    return [an_alert(rule=rule, series=a_series(metric, base=f"C{n}")) for n in range(count)]


async def _an_outbox(database: Database, *contents: Content, at: datetime = NOON) -> Outbox:
    outbox = Outbox(database, group_wait=WAIT)
    await _put(database, outbox, contents, at)
    return outbox


async def _put(database: Database, outbox: Outbox, contents: Sequence[Content], at: datetime) -> None:
    await database.write(lambda sql: outbox.put(sql, contents, at))


async def test_a_letter_waits_for_its_group(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))

    early = await outbox.claim(DUE - SECOND, 10)
    due = await outbox.claim(DUE, 10)

    assert early == []
    assert [letter.contents for letter in due] == [tuple(_alerts(1))]


async def test_a_later_row_falls_due_with_its_group_and_does_not_push_it_back(database: Database) -> None:
    contents = _alerts(4)
    outbox = await _an_outbox(database, *contents[:2])
    await _put(database, outbox, contents[2:], DUE - SECOND)

    letters = await outbox.claim(DUE, 10)

    assert [letter.contents for letter in letters] == [tuple(contents)]


@pytest.mark.parametrize(("waiting", "letters"), [(1, 1), (3, 3), (4, 1), (50, 1)])
async def test_up_to_three_are_told_one_by_one_and_more_in_one_summary(
    database: Database, waiting: int, letters: int
) -> None:
    outbox = await _an_outbox(database, *_alerts(waiting))

    claimed = await outbox.claim(DUE, 10)

    assert len(claimed) == letters
    assert [content for letter in claimed for content in letter.contents] == _alerts(waiting)


async def test_chats_threads_and_groups_are_not_mixed(database: Database) -> None:
    thread = replace(HOME, thread="7")
    outbox = await _an_outbox(database, *_alerts(4), *_alerts(4, metric="spread"), *_alerts(4, chat=thread))

    claimed = await outbox.claim(DUE, 10)

    assert {(letter.destination, letter.group) for letter in claimed} == {
        (HOME, "funding"),
        (HOME, "spread"),
        (thread, "funding"),
    }


async def test_the_same_content_is_put_once_and_one_notice_reaches_every_chat(database: Database) -> None:
    notices = [
        Notice(
            destination=Destination(platform="console", chat=chat),
            venue="okx",
            silent_since=NOON,
            at=NOON,
            back=False,
            reason="HTTP 451",
        )
        for chat in ("a", "b")
    ]
    outbox = await _an_outbox(database, *notices, *notices)

    claimed = await outbox.claim(DUE, 10)

    assert [letter.contents for letter in claimed] == [(notice,) for notice in notices]


async def test_the_most_urgent_letter_goes_first(database: Database) -> None:
    calm = _alerts(1, metric="spread", severity=Severity.INFO)
    urgent = _alerts(1, severity=Severity.CRITICAL)
    outbox = await _an_outbox(database, *calm)
    await _put(database, outbox, urgent, NOON + SECOND)

    claimed = await outbox.claim(DUE + SECOND, 1)

    assert [letter.contents for letter in claimed] == [tuple(urgent)]


async def test_no_more_letters_are_claimed_than_asked_for_and_the_rest_is_not_leased(
    database: Database,
) -> None:
    outbox = await _an_outbox(database, *_alerts(3))

    first = await outbox.claim(DUE, 2)
    second = await outbox.claim(DUE, 2)

    assert [len(first), len(second)] == [2, 1]


async def test_an_unsettled_letter_comes_back_unchanged_after_its_lease(database: Database) -> None:
    contents = _alerts(6)
    outbox = await _an_outbox(database, *contents[:4])
    claimed = await outbox.claim(DUE, 10)
    await _put(database, outbox, contents[4:], DUE + SECOND)

    within = await outbox.claim(DUE + LEASE - SECOND, 10)
    after = await outbox.claim(DUE + LEASE, 10)

    assert [letter.contents for letter in within] == [(contents[4],), (contents[5],)]
    assert after == claimed


async def test_a_letter_whose_lease_ended_long_ago_is_still_the_same_letter(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(2))
    claimed = await outbox.claim(DUE, 10)

    again = await outbox.claim(DUE + 2 * TIME_TO_LIVE, 10)

    assert again == claimed


async def test_a_delivered_letter_is_never_handed_out_again(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    (letter,) = await outbox.claim(DUE, 10)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    again = await outbox.claim(DUE + timedelta(days=1), 10)

    assert again == []
    assert await outbox.next_due() is None


async def test_a_delivery_is_kept_with_its_message_and_time(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    (letter,) = await outbox.claim(DUE, 10)

    await outbox.settle(letter, Delivered(message="42"), DUE)

    kept = await database.read(
        lambda sql: sql.execute("SELECT state, message, settled_ms, attempt FROM letters").fetchall()
    )
    assert kept == [("delivered", "42", int(DUE.timestamp() * 1000), 1)]


async def test_a_content_that_was_told_is_not_put_again(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    (letter,) = await outbox.claim(DUE, 10)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    await _put(database, outbox, _alerts(1), DUE)

    assert await outbox.next_due() is None


async def test_a_deferred_letter_is_the_same_letter_when_its_wait_is_over(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(4))
    (letter,) = await outbox.claim(DUE, 10)
    await outbox.settle(letter, Deferred(after=30 * SECOND), DUE)

    early = await outbox.claim(DUE + 29 * SECOND, 10)
    again = await outbox.claim(DUE + 30 * SECOND, 10)

    assert early == []
    assert again == [letter]


async def test_a_refused_letter_is_never_tried_again_and_says_why(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    (letter,) = await outbox.claim(DUE, 10)
    await outbox.settle(letter, Refused(why="bot was kicked"), DUE)

    again = await outbox.claim(DUE + timedelta(days=1), 10)
    why = await database.read(lambda sql: sql.execute("SELECT error FROM letters").fetchone()[0])

    assert again == []
    assert why == "bot was kicked"


async def test_a_letter_settled_twice_stays_as_it_was_first(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    (letter,) = await outbox.claim(DUE, 10)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    for outcome in (Refused(why="late"), Deferred(after=SECOND), Moved(to=replace(HOME, chat="new"))):
        await outbox.settle(letter, outcome, DUE)

    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=1, refused=0, late=0)
    assert await outbox.next_due() is None


async def test_a_moved_chat_takes_its_letters_and_rules_along_threads_included(database: Database) -> None:
    old, new = (Destination(platform="telegram", chat=chat) for chat in ("-1", "-100"))
    desk = Rules(database)
    kept = [await desk.add(a_rule(destination=chat)) for chat in (old, replace(old, thread="7"), HOME)]
    outbox = await _an_outbox(
        database, *_alerts(1, chat=old), *_alerts(1, metric="spread", chat=replace(old, thread="7"))
    )
    (letter, *_) = await outbox.claim(DUE, 1)

    await outbox.settle(letter, Moved(to=new), DUE)

    letters = await outbox.claim(DUE, 10)
    assert letters[0] == replace(letter, destination=new)
    assert letters[1].destination == replace(new, thread="7")
    assert [rule.destination for rule in await desk.load_all()] == [new, replace(new, thread="7"), HOME]
    assert [rule.id for rule in kept] == [rule.id for rule in await desk.load_all()]


async def test_late_letters_are_told_in_one_summary_that_says_so(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(2))
    fresh = _alerts(3)[2:]
    await _put(database, outbox, fresh, NOON + TIME_TO_LIVE - SECOND)

    claimed = await outbox.claim(NOON + TIME_TO_LIVE, 10)

    assert [(letter.late, list(letter.contents)) for letter in claimed] == [
        (True, _alerts(2)),
        (False, fresh),
    ]


async def test_letters_deferred_past_their_time_are_folded_into_one_late_summary(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(3))
    for letter in await outbox.claim(DUE, 10):
        await outbox.settle(letter, Deferred(after=TIME_TO_LIVE), DUE)

    (summary,) = await outbox.claim(DUE + TIME_TO_LIVE, 10)
    await outbox.settle(summary, Delivered(message="1"), DUE + TIME_TO_LIVE)

    assert summary.late
    assert list(summary.contents) == _alerts(3)
    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=3, refused=0, late=3)


async def test_a_late_summary_whose_lease_ended_is_still_late(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(2))
    claimed = await outbox.claim(NOON + TIME_TO_LIVE, 10)

    again = await outbox.claim(NOON + TIME_TO_LIVE + LEASE, 10)

    assert again == claimed
    assert again[0].late


async def test_next_due_is_the_group_wait_then_the_lease_then_the_backoff(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(1))
    dues = [await outbox.next_due()]
    (letter,) = await outbox.claim(DUE, 10)
    dues.append(await outbox.next_due())
    await outbox.settle(letter, Deferred(after=7 * SECOND), DUE)
    dues.append(await outbox.next_due())

    assert dues == [DUE, DUE + LEASE, DUE + 7 * SECOND]


async def test_counts_tell_what_waits_and_what_became_of_the_rest(database: Database) -> None:
    outbox = await _an_outbox(database, *_alerts(3))
    first, second, _ = await outbox.claim(DUE, 10)
    await outbox.settle(first, Delivered(message="1"), DUE)
    await outbox.settle(second, Refused(why="gone"), DUE)

    assert await outbox.counts() == OutboxCounts(waiting=1, delivered=1, refused=1, late=0)


async def test_letters_survive_a_restart(path: Path) -> None:
    before = await Database.open(path)
    await _an_outbox(before, *_alerts(4))
    await before.close()
    after = await Database.open(path)

    claimed = await Outbox(after, group_wait=WAIT).claim(DUE, 10)
    await after.close()

    assert [list(letter.contents) for letter in claimed] == [_alerts(4)]


puts = st.tuples(st.just("put"), st.integers(0, 2), st.integers(1, 6))
claims = st.tuples(st.just("claim"), st.integers(1, 5), st.just(0))
settles = st.tuples(st.sampled_from(["deliver", "defer", "crash"]), st.integers(0, 5), st.integers(1, 700))
waits = st.tuples(st.just("wait"), st.just(0), st.sampled_from([1, 5, 30, 61, 700]))


class Dispatch:
    """Plays a run of the outbox and keeps its own account of what was put, handed out and told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(database, group_wait=WAIT)
        self.now = NOON
        self.put: list[str] = []
        self.told: Counter[str] = Counter()
        self.held: list[Letter] = []
        self.lapsing: dict[tuple[int, ...], Letter] = {}

    async def play(self, step: tuple[str, int, int]) -> None:
        match step:
            case ("put", chat, count):
                await self._put(chat, count)
            case ("claim", limit, _):
                await self._claim(limit)
            case ("wait", _, seconds):
                self.now += seconds * SECOND
            case (outcome, index, seconds):
                await self._settle(outcome, index, seconds)

    async def drain(self) -> None:
        while (due := await self.outbox.next_due()) is not None:
            self.now = max(self.now, due)
            await self._claim(4)
            while self.held:
                await self._settle("deliver", 0, 0)

    async def _put(self, chat: int, count: int) -> None:
        rule = a_rule(destination=Destination(platform="console", chat=str(chat)))
        start = len(self.put)
        contents = [
            an_alert(rule=rule, series=a_series(base=f"C{start + n}"), at=self.now) for n in range(count)
        ]
        self.put += [content.key for content in contents]
        await _put(self.database, self.outbox, contents, self.now)

    async def _claim(self, limit: int) -> None:
        for letter in await self.outbox.claim(self.now, limit):
            assert letter.late or len(letter.contents) == 1 or len(letter.contents) > LARGEST_UNGROUPED
            assert self.told.keys().isdisjoint(content.key for content in letter.contents)
            overlapping = [ids for ids in self.lapsing if set(ids) & set(letter.ids)]
            assert all(self.lapsing.pop(ids) == letter for ids in overlapping)
            self.held.append(letter)

    async def _settle(self, outcome: str, index: int, seconds: int) -> None:
        if not self.held:
            return
        letter = self.held.pop(index % len(self.held))
        if outcome == "crash":
            self.lapsing[letter.ids] = letter
        elif outcome == "defer":
            await self.outbox.settle(letter, Deferred(after=seconds * SECOND), self.now)
        else:
            await self.outbox.settle(letter, Delivered(message="1"), self.now)
            self.told.update(content.key for content in letter.contents)


@settings(max_examples=40, deadline=None)
@given(st.lists(puts | claims | settles | waits, max_size=25))
def test_whatever_happens_everything_is_told_and_nothing_twice(steps: list[tuple[str, int, int]]) -> None:
    async def run() -> Dispatch:
        with tempfile.TemporaryDirectory() as folder:
            database = await Database.open(Path(folder) / "skewbell.db")
            dispatch = Dispatch(database)
            for step in steps:
                await dispatch.play(step)
            for letter in dispatch.held:  # whoever held these has crashed
                dispatch.lapsing[letter.ids] = letter
            dispatch.held = []
            await dispatch.drain()
            await database.close()
            return dispatch

    dispatch = asyncio.run(run())

    assert dispatch.told == Counter(dispatch.put)
