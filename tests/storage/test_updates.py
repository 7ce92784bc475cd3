"""A message is changed in place while its episode grows; what follows it refers to it."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Alert, Deferred, Delivered, Letter, Moved, Refused, Told
from monitors.alerts.states import SHOW_GAP, Reason
from storage.database import Database
from storage.outbox import LEASE, Outbox, OutboxCounts
from storage.silences import Silences
from tests.builders import HOME, NOON
from tests.storage.outboxes import (
    BEFORE,
    DUE,
    PLATFORM,
    SECOND,
    an_outbox,
    claim,
    fates,
    put,
    tell_all,
    word,
)

MINUTE = timedelta(minutes=1)
FIRST = word(Reason.FIRST)
GONE = Refused(why="gone", chat_lost=True)


async def _told(database: Database, *contents: Alert) -> Outbox:
    """Return an outbox without a group wait, whose contents were delivered."""
    outbox = await an_outbox(database, *contents, wait=timedelta(0))
    await tell_all(outbox, NOON)
    return outbox


async def test_growth_changes_the_message_that_told_the_episode_first(database: Database) -> None:
    outbox = await _told(database, FIRST)
    grown = word(Reason.GREW, 1)
    await put(database, outbox, [grown], NOON + MINUTE)

    (letter,) = await claim(outbox, NOON + MINUTE)

    assert letter.edits == Told(number=1, message="m1")
    assert letter.contents == (grown,)
    assert (letter.number, letter.destination, letter.group) == (1, HOME, "funding")


@pytest.mark.parametrize("reason", [Reason.ESCALATED, Reason.REPEAT, Reason.RESOLVED])
async def test_what_follows_a_first_alert_answers_it_and_changes_it(
    database: Database, reason: Reason
) -> None:
    outbox = await _told(database, FIRST)
    news = word(reason, 5)
    await put(database, outbox, [news], NOON + 5 * MINUTE)

    told = await tell_all(outbox, NOON + 5 * MINUTE)

    original = Told(number=1, message="m1")
    assert [(one.contents, one.answers, one.edits) for one in told] == [
        ((news,), original, None),
        ((news,), None, original),
    ]


async def test_a_first_alert_and_an_event_answer_nothing_and_change_nothing(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, word(Reason.EVENT, base="ETH"))

    told = await tell_all(outbox, DUE)

    assert [(one.edits, one.answers) for one in told] == [(None, None)] * 2
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_change_waits_for_its_original(database: Database) -> None:
    outbox = await an_outbox(database, FIRST, word(Reason.GREW, 1))
    early = await claim(outbox, NOON)
    (original,) = await claim(outbox, DUE)
    while_it_is_sent = await claim(outbox, DUE + 30 * SECOND)
    await outbox.settle(original, Delivered(message="m1"), DUE + 30 * SECOND)

    (change,) = await tell_all(outbox, DUE + 2 * LEASE)

    assert (early, while_it_is_sent) == ([], [])
    assert original.contents == (FIRST,)
    assert (change.contents, change.edits) == ((word(Reason.GREW, 1),), Told(number=1, message="m1"))


async def test_a_change_says_what_is_latest_when_it_is_claimed(database: Database) -> None:
    outbox = await _told(database, FIRST)
    await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)
    await claim(outbox, NOON + MINUTE)
    await put(database, outbox, [word(Reason.GREW, 2)], NOON + 2 * MINUTE)

    told = await tell_all(outbox, NOON + 2 * MINUTE)

    assert [one.contents for one in told] == [(word(Reason.GREW, 2),)]
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_newer_change_takes_the_place_of_those_that_wait(database: Database) -> None:
    outbox = await _told(database, FIRST)
    for minute in (1, 2, 3):
        await put(database, outbox, [word(Reason.GREW, minute)], NOON + minute * MINUTE)
    kept = await fates(database)

    told = await tell_all(outbox, NOON + 3 * MINUTE)

    assert kept == [("tell", "delivered"), ("update", "waiting")]
    assert [one.contents for one in told] == [(word(Reason.GREW, 3),)]


async def test_a_change_that_is_being_sent_is_not_taken_back(database: Database) -> None:
    outbox = await _told(database, FIRST)
    await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)
    (leased,) = await claim(outbox, NOON + MINUTE)
    await put(database, outbox, [word(Reason.GREW, 2)], NOON + 2 * MINUTE)
    await outbox.settle(leased, Delivered(message="m1"), NOON + 2 * MINUTE)

    told = await tell_all(outbox, NOON + 2 * MINUTE + SHOW_GAP)

    assert [one.contents for one in told] == [(word(Reason.GREW, 2),)]
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_the_same_change_is_put_once(database: Database) -> None:
    outbox = await _told(database, FIRST)
    for _ in range(2):
        await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)
        await tell_all(outbox, NOON + MINUTE)

    assert await fates(database) == [("tell", "delivered"), ("update", "delivered")]


async def test_an_unsettled_change_comes_back_after_its_lease_and_a_deferred_one_after_its_wait(
    database: Database,
) -> None:
    outbox = await _told(database, FIRST)
    await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)
    at = NOON + MINUTE
    claims = [await claim(outbox, at), await claim(outbox, at + LEASE)]
    await outbox.settle(claims[1][0], Deferred(after=7 * SECOND), at + LEASE)

    claims += [await claim(outbox, at + LEASE + wait * SECOND) for wait in (6, 7)]

    assert claims == [claims[0], claims[0], [], claims[0]]
    assert claims[0][0].contents == (word(Reason.GREW, 1),)


async def test_a_summary_is_changed_once_for_all_its_episodes(database: Database) -> None:
    bases = ("A", "B", "C", "D", "E")
    outbox = await _told(database, *(word(Reason.FIRST, base=base) for base in bases))
    news = {base: word(Reason.GREW, 1, base=base) for base in ("B", "D")}
    await put(database, outbox, list(news.values()), NOON + MINUTE)

    (letter,) = await tell_all(outbox, NOON + MINUTE)

    assert letter.contents == tuple(news.get(base, word(Reason.FIRST, base=base)) for base in bases)
    assert letter.edits == Told(number=1, message="m1")
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_summary_of_many_is_changed_no_oftener_than_one_message_may_be(database: Database) -> None:
    bases = [f"C{number}" for number in range(20)]
    outbox = await _told(database, *(word(Reason.FIRST, base=base) for base in bases))
    changes: list[tuple[datetime, Letter]] = []
    for second in range(1, 181):
        at = NOON + second * SECOND
        growing = [base for number, base in enumerate(bases) if (second - number) % 15 == 0]
        await put(database, outbox, [word(Reason.GREW, second / 60, base=base) for base in growing], at)
        changes += [(at, letter) for letter in await tell_all(outbox, at)]
    while (due := await outbox.next_due(PLATFORM, BEFORE)) is not None:
        changes += [(due, letter) for letter in await tell_all(outbox, due)]

    assert all(letter.edits == Told(number=1, message="m1") for _, letter in changes)
    assert [later - earlier for (earlier, _), (later, _) in pairwise(changes)] == [SHOW_GAP] * 12
    last = {content.episode: content.at for content in changes[-1][1].contents if isinstance(content, Alert)}
    assert min(last.values()) >= NOON + 180 * SECOND - SHOW_GAP


async def test_what_escalates_changes_its_message_at_once_and_says_what_waited(database: Database) -> None:
    bases = ("A", "B", "C", "D")
    outbox = await _told(database, *(word(Reason.FIRST, base=base) for base in bases))
    await put(database, outbox, [word(Reason.GREW, 1, base="A")], NOON + MINUTE)
    await tell_all(outbox, NOON + MINUTE)
    await put(database, outbox, [word(Reason.GREW, 1.05, base="B")], NOON + 63 * SECOND)
    grown = await tell_all(outbox, NOON + 63 * SECOND)
    await put(database, outbox, [word(Reason.ESCALATED, 1.1, base="C")], NOON + 66 * SECOND)

    ring, change = await tell_all(outbox, NOON + 66 * SECOND)

    assert grown == []
    assert ring.edits is None
    assert change.contents == (
        word(Reason.GREW, 1, base="A"),
        word(Reason.GREW, 1.05, base="B"),
        word(Reason.ESCALATED, 1.1, base="C"),
        word(Reason.FIRST, base="D"),
    )
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_the_pace_is_that_of_each_message(database: Database) -> None:
    outbox = await _told(database, FIRST, word(Reason.FIRST, base="ETH"))
    for seconds, base in ((60, "BTC"), (63, "ETH")):
        await put(database, outbox, [word(Reason.GREW, seconds / 60, base=base)], NOON + seconds * SECOND)

    told = [letter.number for second in (60, 63) for letter in await tell_all(outbox, NOON + second * SECOND)]

    assert told == [1, 2]


async def test_a_summary_that_tells_an_episode_again_does_not_take_the_change_of_its_first_message(
    database: Database,
) -> None:
    outbox = await _told(database, FIRST)
    again = word(Reason.ESCALATED, 5)
    others = [word(Reason.FIRST, 5, base=base) for base in ("A", "B", "C")]
    await put(database, outbox, [*others, again], NOON + 5 * MINUTE)
    await tell_all(outbox, NOON + 5 * MINUTE)
    at = NOON + 7 * MINUTE
    await put(database, outbox, [word(Reason.GREW, 7, base="A"), word(Reason.GREW, 7)], at)

    told = await tell_all(outbox, at)

    assert sorted(letter.edits.message for letter in told if letter.edits is not None) == ["m1", "m2"]
    assert [letter.contents for letter in told if letter.number == 1] == [(word(Reason.GREW, 7),)]


async def test_a_change_of_a_late_summary_still_says_that_it_was_late(database: Database) -> None:
    outbox = await an_outbox(database, FIRST)
    at = NOON + timedelta(hours=1)
    await put(database, outbox, [word(Reason.GREW, 60)], at)

    told = await tell_all(outbox, at + MINUTE)

    assert [(one.late, one.edits is None) for one in told] == [(True, True), (True, False)]


async def test_without_a_message_there_is_nothing_to_change_or_to_answer(database: Database) -> None:
    outbox = await an_outbox(database, FIRST)
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, GONE, DUE)
    resolved = word(Reason.RESOLVED, 5)
    await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)
    grown = await tell_all(outbox, NOON + MINUTE)
    await put(database, outbox, [resolved], NOON + 5 * MINUTE)

    (told, change) = await tell_all(outbox, NOON + 6 * MINUTE)

    assert grown == []
    assert (told.contents, told.answers) == ((resolved,), None)
    assert change.edits == Told(number=told.number, message=f"m{told.number}")


async def test_after_a_muted_first_alert_the_next_one_told_is_the_original(database: Database) -> None:
    silence = Silence(destination=HOME, since=NOON, until=NOON + 2 * MINUTE)
    await Silences(database).add(silence)
    outbox = await _told(database, FIRST, word(Reason.GREW, 1))
    escalated, grown = word(Reason.ESCALATED, 5), word(Reason.GREW, 7)
    await put(database, outbox, [escalated], NOON + 5 * MINUTE)
    await tell_all(outbox, NOON + 5 * MINUTE)
    await put(database, outbox, [grown], NOON + 7 * MINUTE)

    (letter,) = await tell_all(outbox, NOON + 7 * MINUTE)

    assert letter.contents == (grown,)
    assert letter.edits is not None
    assert (await fates(database))[letter.edits.number - 1] == ("tell", "delivered")


async def test_a_silence_does_not_stop_the_message_from_being_changed(database: Database) -> None:
    outbox = await _told(database, FIRST)
    await Silences(database).add(Silence(destination=HOME, since=NOON, until=NOON + 9 * MINUTE))
    grown = word(Reason.ESCALATED, 5)
    await put(database, outbox, [grown], NOON + 5 * MINUTE)

    told = await tell_all(outbox, NOON + 5 * MINUTE)

    assert [(one.contents, one.edits) for one in told] == [((grown,), Told(number=1, message="m1"))]


async def test_messages_of_before_a_move_are_left_alone(database: Database) -> None:
    outbox = await _told(database, FIRST, word(Reason.FIRST, base="ETH"))
    await put(database, outbox, [word(Reason.RESOLVED, 5)], NOON + 5 * MINUTE)
    (resolved,) = await claim(outbox, NOON + 5 * MINUTE, 1)
    moved = replace(HOME, chat="new")
    await outbox.settle(resolved, Moved(to=moved), NOON + 5 * MINUTE)

    told = await tell_all(outbox, NOON + 5 * MINUTE)

    assert [(one.destination, one.edits, one.answers) for one in told] == [(moved, None, None)]


async def test_changes_are_no_letters_of_their_own_in_the_counts(database: Database) -> None:
    outbox = await _told(database, FIRST)
    await put(database, outbox, [word(Reason.GREW, 1)], NOON + MINUTE)

    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=1, refused=0, late=0)


async def test_news_of_other_chats_goes_before_changes(database: Database) -> None:
    outbox = await _told(database, FIRST)
    other = replace(HOME, chat="other")
    await put(database, outbox, [word(Reason.GREW, 1), word(Reason.FIRST, 1, chat=other)], NOON + MINUTE)

    claimed = await claim(outbox, NOON + MINUTE)

    assert [(letter.destination, letter.edits is None) for letter in claimed] == [
        (other, True),
        (HOME, False),
    ]
