"""`bot.ports.Outbox`: letters that wait, at least once each."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.ports import Outbox
from monitors.alerts.delivery import Content, Deferred, Delivered, Delivery, Letter, Moved, Refused
from monitors.alerts.rules import Destination, Severity
from storage import outbox as stored
from storage.database import Database
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.fakes import FakeOutbox

SECOND = timedelta(seconds=1)
LATER = timedelta(minutes=30)
BEFORE = NOON - LATER
PLATFORM = HOME.platform
NEW = Destination(platform=PLATFORM, chat="new")
GONE = Refused(why="kicked", chat_lost=True)

Filled = Callable[..., Awaitable[Outbox]]


@pytest.fixture(params=["storage", "fake"])
def filled(request: pytest.FixtureRequest, database: Database) -> Filled:
    """Return what makes an outbox in which each of some contents waits in a letter of its own, due at noon."""

    async def storage(*contents: Content) -> Outbox:
        outbox = stored.Outbox(database, group_wait=timedelta(0))
        await database.write(lambda sql: outbox.put(sql, contents, NOON))
        return outbox

    async def fake(*contents: Content) -> Outbox:
        outbox = FakeOutbox()
        for number, content in enumerate(contents, start=1):
            outbox.put(_alone(number, content))
        return outbox

    return storage if request.param == "storage" else fake


def _alone(number: int, content: Content) -> Letter:
    return Letter(ids=(number,), destination=content.destination, group=content.group, contents=(content,))


def contents(*severities: Severity, chats: bool = False) -> list[Content]:
    """Return alerts on different series, each in a chat of its own if so wished."""
    return [
        an_alert(
            rule=a_rule(severity=severity, destination=replace(HOME, chat=str(number)) if chats else HOME),
            series=a_series(base=f"C{number}"),
        )
        for number, severity in enumerate(severities)
    ]


ONE = contents(Severity.WARNING)


async def claim(
    outbox: Outbox, now: datetime, limit: int = 5, *, busy: Collection[Destination] = ()
) -> list[Letter]:
    return list(await outbox.claim(PLATFORM, now, limit, busy=busy))


async def test_an_empty_outbox_has_nothing_to_claim_and_no_next(filled: Filled) -> None:
    outbox = await filled()

    assert await claim(outbox, NOON + LATER) == []
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_due_letter_is_claimed_whole_and_an_early_one_is_not(filled: Filled) -> None:
    outbox = await filled(*ONE)

    early = await claim(outbox, NOON - SECOND)
    due = await claim(outbox, NOON)

    assert early == []
    assert [(letter.destination, list(letter.contents)) for letter in due] == [(HOME, ONE)]


async def test_a_platform_is_handed_its_own_letters_only(filled: Filled) -> None:
    outbox = await filled(*ONE)

    elsewhere = await outbox.claim("elsewhere", NOON, 5)

    assert list(elsewhere) == []
    assert await outbox.next_due("elsewhere", BEFORE) is None


async def test_a_claimed_letter_is_leased_and_comes_back_unchanged(filled: Filled) -> None:
    outbox = await filled(*ONE)
    claimed = await claim(outbox, NOON)

    within = await claim(outbox, NOON + SECOND)
    lease_ends = await outbox.next_due(PLATFORM, BEFORE)
    assert lease_ends is not None
    after = await claim(outbox, lease_ends)

    assert within == []
    assert lease_ends > NOON + SECOND
    assert after == claimed


async def test_the_most_urgent_letters_are_claimed_first_and_no_more_than_asked_for(filled: Filled) -> None:
    calm, urgent, usual = contents(Severity.INFO, Severity.CRITICAL, Severity.WARNING, chats=True)
    outbox = await filled(calm, urgent, usual)

    first = await claim(outbox, NOON, 2)
    rest = await claim(outbox, NOON, 2)

    assert [letter.contents for letter in first] == [(urgent,), (usual,)]
    assert [letter.contents for letter in rest] == [(calm,)]


async def test_a_chat_is_handed_one_letter_at_a_time_and_a_busy_one_none(filled: Filled) -> None:
    here = contents(Severity.INFO, Severity.INFO)
    (there,) = contents(Severity.INFO, chats=True)
    outbox = await filled(*here, there)

    busy = await claim(outbox, NOON, busy=[HOME])
    free = await claim(outbox, NOON)

    assert [letter.contents for letter in busy] == [(there,)]
    assert [letter.contents for letter in free] == [(here[0],)]


async def test_a_later_letter_of_a_chat_and_group_does_not_overtake_a_deferred_one(filled: Filled) -> None:
    outbox = await filled(*contents(Severity.INFO, Severity.CRITICAL))
    (first,) = await claim(outbox, NOON)
    await outbox.settle(first, Deferred(after=90 * SECOND), NOON)

    early = await claim(outbox, NOON + 89 * SECOND)
    due = await outbox.next_due(PLATFORM, BEFORE)
    (again,) = await claim(outbox, NOON + 90 * SECOND)

    assert early == []
    assert due == NOON + 90 * SECOND
    assert again == first


async def test_next_due_is_when_the_next_letter_falls_due(filled: Filled) -> None:
    outbox = await filled(*ONE)

    assert await outbox.next_due(PLATFORM, BEFORE) == NOON


async def test_what_is_due_is_not_what_falls_due_next(filled: Filled) -> None:
    outbox = await filled(*contents(Severity.INFO, Severity.INFO, chats=True))
    (first,) = await claim(outbox, NOON, 1)
    await outbox.settle(first, Deferred(after=90 * SECOND), NOON)

    dues = [await outbox.next_due(PLATFORM, NOON + wait * SECOND) for wait in (-1, 0, 89, 90)]

    assert dues == [NOON, NOON + 90 * SECOND, NOON + 90 * SECOND, None]


@pytest.mark.parametrize("outcome", [Delivered(message="42"), GONE], ids=["told", "refused"])
async def test_what_was_told_or_refused_never_comes_back(filled: Filled, outcome: Delivery) -> None:
    outbox = await filled(*ONE)
    (letter,) = await claim(outbox, NOON)

    await outbox.settle(letter, outcome, NOON)

    assert await claim(outbox, NOON + LATER) == []
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_deferred_letter_falls_due_again_after_its_wait(filled: Filled) -> None:
    outbox = await filled(*ONE)
    (letter,) = await claim(outbox, NOON)

    await outbox.settle(letter, Deferred(after=90 * SECOND), NOON)

    assert await outbox.next_due(PLATFORM, BEFORE) == NOON + 90 * SECOND
    assert await claim(outbox, NOON + 89 * SECOND) == []
    assert await claim(outbox, NOON + 90 * SECOND) == [letter]


async def test_a_moved_letter_is_due_at_once_in_its_new_chat(filled: Filled) -> None:
    outbox = await filled(*ONE)
    (letter,) = await claim(outbox, NOON)

    await outbox.settle(letter, Moved(to=NEW), NOON)

    (again,) = await claim(outbox, NOON)
    assert again.destination == NEW
    assert (again.ids, again.contents) == (letter.ids, letter.contents)


@pytest.mark.parametrize(
    "second", [GONE, Deferred(after=SECOND), Moved(to=NEW)], ids=["refused", "deferred", "moved"]
)
async def test_a_letter_that_was_told_stays_told(filled: Filled, second: Delivery) -> None:
    outbox = await filled(*ONE)
    (letter,) = await claim(outbox, NOON)
    await outbox.settle(letter, Delivered(message="42"), NOON)

    await outbox.settle(letter, second, NOON)

    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_settling_one_letter_leaves_the_others(filled: Filled) -> None:
    outbox = await filled(*contents(Severity.CRITICAL, Severity.INFO, chats=True))
    first, second = await claim(outbox, NOON)

    await outbox.settle(first, Delivered(message="42"), NOON)

    assert await claim(outbox, NOON + timedelta(minutes=5)) == [second]
