"""What a message says now, and what a chat was told, whatever became of it."""

from dataclasses import replace
from datetime import timedelta

from monitors.alerts.chats import Past, Silence
from monitors.alerts.delivery import Delivered, Notice, Refused
from monitors.alerts.states import Reason
from storage.database import Database
from storage.records import Records
from storage.silences import Silences
from tests.builders import HOME, NOON
from tests.storage.outboxes import an_outbox, claim, put, tell_all, word

MINUTE = timedelta(minutes=1)
FIRST = word(Reason.FIRST)
GREW = word(Reason.GREW, 1)
RESOLVED = word(Reason.RESOLVED, 5)


async def test_a_message_says_the_latest_words_of_its_episode(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    (first,) = await tell_all(outbox, NOON)
    await put(database, outbox, [GREW], NOON + MINUTE)

    letter = await Records(database).letter(HOME, first.number)

    assert letter == replace(first, contents=(GREW,))


async def test_every_number_of_an_episode_leads_to_the_message_that_told_it_first(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    (first,) = await tell_all(outbox, NOON)
    await put(database, outbox, [RESOLVED], NOON + 5 * MINUTE)
    told = await tell_all(outbox, NOON + 5 * MINUTE)
    numbers = [letter.number for letter in told] + [row for letter in told for row in letter.ids]

    letters = [await Records(database).letter(HOME, number) for number in numbers]

    assert len(set(numbers)) == 3
    assert letters == [replace(first, contents=(RESOLVED,))] * 4


async def test_a_summary_is_itself_whatever_its_episodes_were_told_in(database: Database) -> None:
    bases = ("A", "B", "C", "D")
    outbox = await an_outbox(
        database, *(word(Reason.FIRST, base=base) for base in bases[:2]), wait=timedelta(0)
    )
    await tell_all(outbox, NOON)
    news = [word(Reason.REPEAT, 5, base=base) for base in bases]
    await put(database, outbox, news, NOON + 5 * MINUTE)
    (summary, *_) = await tell_all(outbox, NOON + 5 * MINUTE)

    by_any = [await Records(database).letter(HOME, row) for row in summary.ids]

    assert by_any == [summary] * 4


async def test_a_muted_letter_can_be_asked_about_too(database: Database) -> None:
    await Silences(database).add(Silence(destination=HOME, since=NOON, until=NOON + MINUTE))
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    await tell_all(outbox, NOON)

    letter = await Records(database).letter(HOME, 1)

    assert letter is not None
    assert letter.contents == (FIRST,)


async def test_word_of_venues_is_found_as_it_was_told(database: Database) -> None:
    venues = ("okx", "gate", "bybit", "mexc")
    notices = [
        Notice(destination=HOME, venue=venue, silent_since=NOON, at=NOON, back=False, reason="HTTP 451")
        for venue in venues
    ]
    outbox = await an_outbox(database, *notices, wait=timedelta(0))
    (told,) = await tell_all(outbox, NOON)

    assert await Records(database).letter(HOME, told.ids[2]) == told


async def test_a_number_belongs_to_one_chat(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    (first,) = await tell_all(outbox, NOON)
    records = Records(database)

    found = [
        await records.letter(place, number)
        for place, number in (
            (replace(HOME, chat="other"), first.number),
            (replace(HOME, thread="7"), first.number),
            (HOME, first.number + 1),
        )
    ]

    assert found == [None, None, None]


async def test_the_past_is_told_letter_by_letter_the_newest_first(database: Database) -> None:
    summary = [word(Reason.FIRST, base=base) for base in ("A", "B", "C", "D")]
    outbox = await an_outbox(database, *summary, wait=timedelta(0))
    await tell_all(outbox, NOON + MINUTE)
    await put(database, outbox, [FIRST, GREW], NOON)
    (refused, *_) = await claim(outbox, NOON, 1)
    await outbox.settle(refused, Refused(why="too long", chat_lost=False), NOON)
    await put(database, outbox, [RESOLVED], NOON)
    (leased,) = await claim(outbox, NOON, 1)
    await put(
        database, outbox, [word(Reason.FIRST, 6), word(Reason.FIRST, chat=replace(HOME, chat="other"))], NOON
    )

    past = await Records(database).told(HOME, 9)

    assert past == [
        Past(number=past[0].number, at=NOON, contents=(word(Reason.FIRST, 6),), state="waiting"),
        Past(number=leased.number, at=NOON, contents=(RESOLVED,), state="waiting"),
        Past(number=refused.number, at=NOON, contents=(FIRST,), state="refused"),
        Past(number=1, at=NOON + MINUTE, contents=tuple(summary), state="delivered"),
    ]
    assert await Records(database).told(HOME, 2) == past[:2]


async def test_what_was_muted_is_part_of_the_past(database: Database) -> None:
    await Silences(database).add(Silence(destination=HOME, since=NOON, until=NOON + MINUTE))
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    await tell_all(outbox, NOON)

    (past,) = await Records(database).told(HOME, 9)

    assert (past.contents, past.state) == ((FIRST,), "muted")


async def test_a_letter_delivered_twice_is_one_of_the_past(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, wait=timedelta(0))
    (letter,) = await claim(outbox, NOON)
    for at in (NOON, NOON + MINUTE):
        await outbox.settle(letter, Delivered(message="m1"), at)

    (past,) = await Records(database).told(HOME, 9)

    assert past == Past(number=letter.number, at=NOON, contents=(FIRST,), state="delivered")
