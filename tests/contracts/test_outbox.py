"""`bot.ports.Outbox`: letters that wait, at least once each."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

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
NEW = Destination(platform="console", chat="new")

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


def contents(*severities: Severity) -> list[Content]:
    return [
        an_alert(rule=a_rule(severity=severity), series=a_series(base=f"C{number}"))
        for number, severity in enumerate(severities)
    ]


ONE = contents(Severity.WARNING)


async def test_an_empty_outbox_has_nothing_to_claim_and_no_next(filled: Filled) -> None:
    outbox = await filled()

    assert list(await outbox.claim(NOON + LATER, 5)) == []
    assert await outbox.next_due() is None


async def test_a_due_letter_is_claimed_whole_and_an_early_one_is_not(filled: Filled) -> None:
    outbox = await filled(*ONE)

    early = await outbox.claim(NOON - SECOND, 5)
    due = await outbox.claim(NOON, 5)

    assert list(early) == []
    assert [(letter.destination, list(letter.contents)) for letter in due] == [(HOME, ONE)]


async def test_a_claimed_letter_is_leased_and_comes_back_unchanged(filled: Filled) -> None:
    outbox = await filled(*ONE)
    claimed = await outbox.claim(NOON, 5)

    within = await outbox.claim(NOON + SECOND, 5)
    lease_ends = await outbox.next_due()
    assert lease_ends is not None
    after = await outbox.claim(lease_ends, 5)

    assert list(within) == []
    assert lease_ends > NOON + SECOND
    assert list(after) == list(claimed)


async def test_the_most_urgent_letters_are_claimed_first_and_no_more_than_asked_for(filled: Filled) -> None:
    calm, urgent, usual = contents(Severity.INFO, Severity.CRITICAL, Severity.WARNING)
    outbox = await filled(calm, urgent, usual)

    first = await outbox.claim(NOON, 2)
    rest = await outbox.claim(NOON, 2)

    assert [letter.contents for letter in first] == [(urgent,), (usual,)]
    assert [letter.contents for letter in rest] == [(calm,)]


async def test_next_due_is_when_the_next_letter_falls_due(filled: Filled) -> None:
    outbox = await filled(*ONE)

    assert await outbox.next_due() == NOON


@pytest.mark.parametrize("outcome", [Delivered(message="42"), Refused(why="kicked")], ids=["told", "refused"])
async def test_what_was_told_or_refused_never_comes_back(filled: Filled, outcome: Delivery) -> None:
    outbox = await filled(*ONE)
    (letter,) = await outbox.claim(NOON, 5)

    await outbox.settle(letter, outcome, NOON)

    assert list(await outbox.claim(NOON + LATER, 5)) == []
    assert await outbox.next_due() is None


async def test_a_deferred_letter_falls_due_again_after_its_wait(filled: Filled) -> None:
    outbox = await filled(*ONE)
    (letter,) = await outbox.claim(NOON, 5)

    await outbox.settle(letter, Deferred(after=90 * SECOND), NOON)

    assert await outbox.next_due() == NOON + 90 * SECOND
    assert list(await outbox.claim(NOON + 89 * SECOND, 5)) == []
    assert list(await outbox.claim(NOON + 90 * SECOND, 5)) == [letter]


async def test_a_moved_letter_is_due_at_once_in_its_new_chat(filled: Filled) -> None:
    outbox = await filled(*ONE)
    (letter,) = await outbox.claim(NOON, 5)

    await outbox.settle(letter, Moved(to=NEW), NOON)

    (again,) = await outbox.claim(NOON, 5)
    assert again.destination == NEW
    assert (again.ids, again.contents) == (letter.ids, letter.contents)


@pytest.mark.parametrize(
    "second",
    [Refused(why="late"), Deferred(after=SECOND), Moved(to=NEW)],
    ids=["refused", "deferred", "moved"],
)
async def test_a_letter_that_was_told_stays_told(filled: Filled, second: Delivery) -> None:
    outbox = await filled(*ONE)
    (letter,) = await outbox.claim(NOON, 5)
    await outbox.settle(letter, Delivered(message="42"), NOON)

    await outbox.settle(letter, second, NOON)

    assert await outbox.next_due() is None


async def test_settling_one_letter_leaves_the_others(filled: Filled) -> None:
    outbox = await filled(*contents(Severity.CRITICAL, Severity.INFO))
    first, second = await outbox.claim(NOON, 5)

    await outbox.settle(first, Delivered(message="42"), NOON)

    assert list(await outbox.claim(NOON + timedelta(minutes=5), 5)) == [second]
