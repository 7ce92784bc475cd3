"""What a chat does not want to hear is not told but counted, and the end of the silence says how much it was."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import TIME_TO_LIVE, Deferred, Missed, Notice
from monitors.alerts.states import Reason
from storage.database import Database
from storage.outbox import LEASE, Outbox, OutboxCounts
from storage.rules import Rules
from storage.silences import Silences
from tests.builders import HOME, NOON, a_level, a_rule
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

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FIRST = word(Reason.FIRST)
EVERYTHING = Silence(destination=HOME, since=NOON, until=NOON + HOUR)
EPISODE = replace(EVERYTHING, until=None, episode=FIRST.episode)


def _missed(silenced: str, count: int, *, hours: float = 1) -> Missed:
    return Missed(destination=HOME, silenced=silenced, count=count, since=NOON, at=NOON + hours * HOUR)


async def _quiet(database: Database, *silences: Silence) -> Outbox:
    for silence in silences:
        await Silences(database).add(silence)
    return await an_outbox(database, wait=timedelta(0))


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        (EVERYTHING, "everything"),
        (replace(EVERYTHING, base="BTC"), "BTC"),
        (replace(EVERYTHING, rule=7), "rule 7"),
        (replace(EVERYTHING, episode=FIRST.episode), "rule 7"),
    ],
)
async def test_what_is_covered_is_muted_and_the_end_says_how_much_that_was(
    database: Database, silence: Silence, words: str
) -> None:
    outbox = await _quiet(database, silence)
    await put(database, outbox, [FIRST, word(Reason.ESCALATED)], NOON)
    within = await tell_all(outbox, NOON)
    due = await outbox.next_due(PLATFORM, BEFORE)

    (end,) = await tell_all(outbox, NOON + HOUR)

    assert within == []
    assert due == NOON + HOUR
    assert (end.contents, end.group) == ((_missed(words, 2),), "silences")
    assert list(await Silences(database).of(HOME, NOON)) == []
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_what_is_not_covered_is_told(database: Database) -> None:
    elsewhere = replace(HOME, thread="7")
    outbox = await _quiet(database, replace(EVERYTHING, base="BTC"))
    wanted = [word(Reason.FIRST, base="ETH"), word(Reason.FIRST, chat=elsewhere)]
    await put(database, outbox, [FIRST, *wanted], NOON)

    told = await tell_all(outbox, NOON)

    assert sorted(letter.destination.thread for letter in told) == ["", "7"]
    assert [content for letter in told for content in letter.contents if content not in wanted] == []


async def test_a_silence_that_swallowed_nothing_ends_without_a_word(database: Database) -> None:
    outbox = await _quiet(database, EVERYTHING)

    assert await outbox.next_due(PLATFORM, BEFORE) is None
    assert await tell_all(outbox, NOON + HOUR) == []
    assert list(await Silences(database).of(HOME, NOON)) == []


async def test_a_swallowed_resolve_is_not_counted(database: Database) -> None:
    outbox = await _quiet(database, EVERYTHING)
    await put(database, outbox, [word(Reason.RESOLVED, 5)], NOON)

    told = [await tell_all(outbox, at) for at in (NOON, NOON + HOUR)]

    assert told == [[], []]
    assert await fates(database) == [("tell", "muted"), ("update", "moot")]


async def test_the_end_of_an_episode_is_the_end_of_its_silence_and_is_told(database: Database) -> None:
    outbox = await _quiet(database, EPISODE)
    grown, resolved = word(Reason.ESCALATED, 5), word(Reason.RESOLVED, 60)
    await put(database, outbox, [grown], NOON + 5 * MINUTE)
    within = await tell_all(outbox, NOON + 5 * MINUTE)
    await put(database, outbox, [resolved], NOON + HOUR)

    told = await tell_all(outbox, NOON + HOUR)

    assert within == []
    assert [letter.contents for letter in told if letter.edits is None] == [
        (resolved,),
        (_missed("rule 7", 1),),
    ]
    assert list(await Silences(database).of(HOME, NOON + HOUR)) == []


async def test_a_resolve_that_another_silence_swallows_ends_its_episodes_silence_too(
    database: Database,
) -> None:
    outbox = await _quiet(database, EPISODE, EVERYTHING)
    await put(database, outbox, [word(Reason.RESOLVED, 5)], NOON)
    await tell_all(outbox, NOON)

    assert await Silences(database).of(HOME, NOON) == [EVERYTHING]


async def test_what_two_silences_cover_is_counted_by_the_first_to_end(database: Database) -> None:
    outbox = await _quiet(database, replace(EVERYTHING, rule=7, until=NOON + 2 * HOUR), EVERYTHING)
    await put(database, outbox, [FIRST], NOON)
    await tell_all(outbox, NOON)

    told = [await tell_all(outbox, NOON + hours * HOUR) for hours in (1, 2)]

    assert [[letter.contents for letter in letters] for letters in told] == [
        [(_missed("everything", 1),)],
        [],
    ]


async def test_a_longer_silence_about_the_same_goes_on_with_the_count(database: Database) -> None:
    silences = Silences(database)
    outbox = await _quiet(database, EVERYTHING)
    await put(database, outbox, [FIRST], NOON)
    await tell_all(outbox, NOON)
    await silences.add(Silence(destination=HOME, since=NOON + MINUTE, until=NOON + 2 * HOUR))
    await put(database, outbox, [word(Reason.ESCALATED, 61)], NOON + HOUR)

    told = [await tell_all(outbox, NOON + hours * HOUR) for hours in (1, 2)]

    assert [[letter.contents for letter in letters] for letters in told] == [
        [],
        [(_missed("everything", 2, hours=2),)],
    ]


async def test_a_lifted_silence_says_at_once_what_was_missed(database: Database) -> None:
    outbox = await _quiet(database, EVERYTHING)
    await put(database, outbox, [FIRST], NOON)
    await tell_all(outbox, NOON)

    lifted = await Silences(database).lift(HOME, NOON + HOUR / 2)

    (end,) = await tell_all(outbox, NOON + HOUR / 2)
    assert lifted == 1
    assert end.contents == (_missed("everything", 1, hours=0.5),)


async def test_a_letter_that_was_claimed_before_stays_a_letter(database: Database) -> None:
    outbox = await an_outbox(database, FIRST)
    claimed = await claim(outbox, DUE)
    await Silences(database).add(EVERYTHING)

    again = await claim(outbox, DUE + LEASE)

    assert again == claimed


async def test_a_letter_deferred_past_its_time_is_told_although_the_chat_is_silent_now(
    database: Database,
) -> None:
    outbox = await an_outbox(database, FIRST)
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Deferred(after=TIME_TO_LIVE), DUE)
    await Silences(database).add(EVERYTHING)

    told = await tell_all(outbox, DUE + TIME_TO_LIVE)

    assert [(late.contents, late.late) for late in told] == [((FIRST,), True)]


async def test_what_is_muted_makes_no_summary(database: Database) -> None:
    outbox = await _quiet(database, replace(EVERYTHING, base="C"))
    wanted = [word(Reason.FIRST, base=base) for base in ("A", "B", "D")]
    await put(database, outbox, [*wanted, word(Reason.FIRST, base="C")], NOON)

    told = await tell_all(outbox, NOON)

    assert [letter.contents for letter in told] == [(content,) for content in wanted]


async def test_late_letters_that_are_muted_do_not_keep_fresh_ones_back(database: Database) -> None:
    outbox = await an_outbox(database, word(Reason.FIRST, base="A"), wait=timedelta(0))
    await Silences(database).add(replace(EVERYTHING, base="A"))
    fresh = word(Reason.FIRST, 30)
    await put(database, outbox, [fresh], NOON + 30 * MINUTE)

    told = await tell_all(outbox, NOON + 30 * MINUTE)

    assert [(letter.contents, letter.late) for letter in told] == [((fresh,), False)]


async def test_only_a_silence_about_everything_covers_word_of_a_venue(database: Database) -> None:
    notice = Notice(destination=HOME, venue="okx", silent_since=NOON, at=NOON, back=False, reason="HTTP 451")
    outbox = await _quiet(database, replace(EVERYTHING, base="BTC"))
    await put(database, outbox, [notice], NOON)
    told = await tell_all(outbox, NOON)
    await Silences(database).add(EVERYTHING)
    await put(database, outbox, [replace(notice, back=True)], NOON)

    muted = await tell_all(outbox, NOON)

    assert ([letter.contents for letter in told], muted) == ([(notice,)], [])


async def test_muted_letters_are_neither_waiting_nor_told_nor_refused(database: Database) -> None:
    outbox = await _quiet(database, EVERYTHING)
    await put(database, outbox, [FIRST], NOON)
    await tell_all(outbox, NOON)

    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=0, refused=0, late=0)


@pytest.mark.parametrize("end", ["changed", "removed"])
async def test_an_episode_that_will_never_be_resolved_keeps_nothing_silent(
    database: Database, end: str
) -> None:
    desk = Rules(database)
    rule, other = await desk.add(a_rule()), await desk.add(a_rule())
    first, another = (word(Reason.FIRST, rule=one.id) for one in (rule, other))
    silences = [replace(EPISODE, episode=one.episode) for one in (first, another)]
    outbox = await _quiet(database, *silences)
    await put(database, outbox, [first], NOON)
    await tell_all(outbox, NOON)

    await (desk.remove(rule) if end == "removed" else desk.change(replace(rule, level=a_level(0.5))))

    (told,) = await tell_all(outbox, NOON + SECOND)
    assert told.contents == (
        Missed(destination=HOME, silenced=f"rule {rule.id}", count=1, since=NOON, at=NOON + SECOND),
    )
    assert await Silences(database).of(HOME, NOON + SECOND) == [silences[1]]
