"""`bot.ports.Records`: what was told and who changed what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.ports import Records
from monitors.alerts.chats import Change, Past
from monitors.alerts.delivery import Content, Delivered, Letter
from monitors.alerts.rules import Destination
from storage import records as stored
from storage.database import Database
from storage.outbox import Outbox
from tests.builders import HOME, NOON, a_rule, a_series, an_alert
from tests.fakes import FakeRecords

MINUTE = timedelta(minutes=1)
OTHER = replace(HOME, chat="other")
THREAD = replace(HOME, thread="7")


@dataclass(frozen=True, slots=True)
class Desk:
    """The records, and what tells a chat something at noon and returns the letter."""

    records: Records
    tell: Callable[[Content], Awaitable[Letter]]


@pytest.fixture(params=["storage", "fake"])
def desk(request: pytest.FixtureRequest, database: Database) -> Desk:
    outbox, fake = Outbox(database, group_wait=timedelta(0)), FakeRecords()

    async def tell(content: Content) -> Letter:
        await database.write(lambda sql: outbox.put(sql, [content], NOON))
        (letter,) = await outbox.claim(content.destination.platform, NOON, 1)
        await outbox.settle(letter, Delivered(message="1"), NOON)
        return letter

    async def note(content: Content) -> Letter:
        number = len(fake.past) + 1
        letter = Letter(
            ids=(number,), destination=content.destination, group=content.group, contents=(content,)
        )
        fake.letters[number] = letter
        fake.past.append(Past(number=number, at=NOON, contents=(content,), state="delivered"))
        return letter

    if request.param == "fake":
        return Desk(fake, note)
    return Desk(stored.Records(database), tell)


def _alert(chat: Destination = HOME, base: str = "BTC") -> Content:
    return an_alert(rule=a_rule(destination=chat), series=a_series(base=base))


def _change(minute: int, chat: Destination = HOME) -> Change:
    return Change(destination=chat, at=NOON + minute * MINUTE, user="1", name="Ann", what=f"change {minute}")


async def test_a_chat_that_was_told_nothing_has_no_past(desk: Desk) -> None:
    assert list(await desk.records.told(HOME, 9)) == []
    assert list(await desk.records.changes(HOME, 9)) == []
    assert await desk.records.letter(HOME, 1) is None


async def test_a_letter_is_found_by_its_number_in_its_own_chat_only(desk: Desk) -> None:
    letter = await desk.tell(_alert())

    found = [await desk.records.letter(chat, letter.number) for chat in (HOME, OTHER, THREAD)]

    assert found == [letter, None, None]


async def test_a_chats_last_letters_are_told_the_newest_first(desk: Desk) -> None:
    contents = [_alert(base=base) for base in ("A", "B", "C")]
    letters = [await desk.tell(content) for content in contents]
    await desk.tell(_alert(OTHER))

    past = await desk.records.told(HOME, 2)

    assert list(past) == [
        Past(number=letter.number, at=NOON, contents=letter.contents, state="delivered")
        for letter in (letters[2], letters[1])
    ]


async def test_a_chats_last_changes_are_told_the_newest_first(desk: Desk) -> None:
    for minute in range(3):
        await desk.records.note(_change(minute))
    await desk.records.note(_change(9, OTHER))
    await desk.records.note(_change(9, THREAD))

    assert list(await desk.records.changes(HOME, 2)) == [_change(2), _change(1)]
    assert list(await desk.records.changes(THREAD, 2)) == [_change(9, THREAD)]
