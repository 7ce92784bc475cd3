"""Nothing is lost, nothing is told twice once settled, and late news does not look fresh."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerts.delivery import TIME_TO_LIVE, Deferred, Delivered, Moved, Notice, Refused
from monitors.alerts.rules import Destination, Severity
from storage.database import Database
from storage.outbox import LEASE, Outbox, OutboxCounts
from storage.rules import Rules
from tests.builders import HOME, NOON, a_rule
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

GONE = Refused(why="gone", chat_lost=True)


async def test_a_letter_waits_for_its_group(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))

    early = await claim(outbox, DUE - SECOND)
    due = await claim(outbox, DUE)

    assert early == []
    assert [letter.contents for letter in due] == [tuple(alerts(1))]


async def test_a_later_row_falls_due_with_its_group_and_does_not_push_it_back(database: Database) -> None:
    contents = alerts(4)
    outbox = await an_outbox(database, *contents[:2])
    await put(database, outbox, contents[2:], DUE - SECOND)

    letters = await claim(outbox, DUE)

    assert [letter.contents for letter in letters] == [tuple(contents)]


@pytest.mark.parametrize(("waiting", "letters"), [(1, 1), (3, 3), (4, 1), (50, 1)])
async def test_up_to_three_are_told_one_by_one_and_more_in_one_summary(
    database: Database, waiting: int, letters: int
) -> None:
    outbox = await an_outbox(database, *alerts(waiting))

    told = await tell_all(outbox, DUE)

    assert len(told) == letters
    assert [content for letter in told for content in letter.contents] == alerts(waiting)


async def test_chats_threads_and_groups_are_not_mixed(database: Database) -> None:
    thread = replace(HOME, thread="7")
    outbox = await an_outbox(database, *alerts(4), *alerts(4, metric="spread"), *alerts(4, chat=thread))

    told = await tell_all(outbox, DUE)

    assert len(told) == 3
    assert {(letter.destination, letter.group) for letter in told} == {
        (HOME, "funding"),
        (HOME, "spread"),
        (thread, "funding"),
    }


async def test_a_chat_is_handed_one_letter_at_a_time_and_a_busy_one_none(database: Database) -> None:
    threads = [replace(HOME, thread=str(n)) for n in range(3)]
    contents = [content for chat in threads for content in alerts(2, chat=chat)]
    outbox = await an_outbox(database, *contents, *alerts(1, metric="spread", chat=threads[0]))

    claimed = await claim(outbox, DUE, busy=[threads[1]])

    assert [letter.destination for letter in claimed] == [threads[0], threads[2]]


async def test_each_platform_is_handed_its_own(database: Database) -> None:
    elsewhere = Destination(platform="telegram", chat="1")
    outbox = await an_outbox(database, *alerts(1, chat=elsewhere))

    here = await claim(outbox, DUE, busy=[replace(elsewhere, platform=PLATFORM)])
    there = await outbox.claim("telegram", DUE, 10, busy=[replace(elsewhere, platform=PLATFORM)])

    assert here == []
    assert [letter.destination for letter in there] == [elsewhere]
    assert await outbox.next_due(PLATFORM, BEFORE) is None


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
    outbox = await an_outbox(database, *notices, *notices)

    claimed = await claim(outbox, DUE)

    assert [letter.contents for letter in claimed] == [(notice,) for notice in notices]


async def test_the_most_urgent_letter_goes_first_within_a_chat_and_over_chats(database: Database) -> None:
    other = replace(HOME, chat="other")
    calm = alerts(1, metric="spread", severity=Severity.INFO)
    urgent = alerts(1, severity=Severity.CRITICAL)
    usual = alerts(1, chat=other)
    outbox = await an_outbox(database, *calm)
    await put(database, outbox, [*usual, *urgent], NOON + SECOND)

    claimed = [await claim(outbox, DUE + SECOND, 1, busy=busy) for busy in ([], [HOME], [other])]

    assert [[letter.contents for letter in letters] for letters in claimed] == [
        [tuple(urgent)],
        [tuple(usual)],
        [tuple(calm)],
    ]


async def test_no_more_letters_are_claimed_than_asked_for_and_the_rest_is_not_leased(
    database: Database,
) -> None:
    chats = [replace(HOME, chat=str(n)) for n in range(3)]
    outbox = await an_outbox(database, *(alert for chat in chats for alert in alerts(1, chat=chat)))

    first = await claim(outbox, DUE, 2)
    second = await claim(outbox, DUE, 2)

    assert [letter.destination for letter in first] == chats[:2]
    assert [letter.destination for letter in second] == chats[2:]


async def test_an_unsettled_letter_comes_back_unchanged_after_its_lease(database: Database) -> None:
    contents = alerts(6)
    outbox = await an_outbox(database, *contents[:4])
    claimed = await claim(outbox, DUE)
    await put(database, outbox, contents[4:], DUE + SECOND)

    within = await claim(outbox, DUE + LEASE - SECOND)
    after = await claim(outbox, DUE + LEASE)

    assert within == []
    assert after == claimed


async def test_what_is_newer_waits_for_the_lease_or_the_backoff_of_its_group(database: Database) -> None:
    contents = alerts(2)
    outbox = await an_outbox(database, contents[0])
    (letter,) = await claim(outbox, DUE)
    await put(database, outbox, contents[1:], DUE)
    await outbox.settle(letter, Deferred(after=30 * SECOND), DUE)

    early = await claim(outbox, DUE + WAIT)
    due = await outbox.next_due(PLATFORM, BEFORE)
    told = await tell_all(outbox, DUE + 30 * SECOND)

    assert early == []
    assert due == DUE + 30 * SECOND
    assert [list(letter.contents) for letter in told] == [[content] for content in contents]


async def test_other_groups_of_a_chat_do_not_wait_for_a_deferred_letter(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Deferred(after=30 * SECOND), DUE)
    await put(database, outbox, alerts(1, metric="spread"), NOON)

    told = await tell_all(outbox, DUE)

    assert [letter.group for letter in told] == ["spread"]


async def test_a_new_life_need_not_wait_for_the_leases_of_the_last_one(database: Database) -> None:
    contents = alerts(2)
    outbox = await an_outbox(database, contents[0])
    leased = await claim(outbox, DUE)
    await put(database, outbox, contents[1:], DUE)
    held = await claim(outbox, DUE + WAIT)

    await outbox.take_over(DUE + WAIT)

    told = await tell_all(outbox, DUE + WAIT)
    assert held == []
    assert told[:1] == leased
    assert [list(letter.contents) for letter in told] == [[content] for content in contents]


async def test_a_deferred_letter_keeps_its_wait_over_a_restart(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Deferred(after=timedelta(seconds=90)), DUE)

    await outbox.take_over(DUE + SECOND)

    assert await claim(outbox, DUE + SECOND) == []


async def test_a_letter_whose_lease_ended_long_ago_is_still_the_same_letter(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(2))
    claimed = await claim(outbox, DUE)

    again = await claim(outbox, DUE + 2 * TIME_TO_LIVE)

    assert again == claimed


async def test_a_delivered_letter_is_never_handed_out_again(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    again = await claim(outbox, DUE + timedelta(days=1))

    assert again == []
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_delivery_is_kept_with_its_message_and_time(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)

    await outbox.settle(letter, Delivered(message="42"), DUE)

    kept = await database.read(
        lambda sql: sql.execute("SELECT state, message, settled_ms, attempt FROM letters").fetchall()
    )
    assert kept == [("delivered", "42", int(DUE.timestamp() * 1000), 1)]


async def test_a_content_that_was_told_is_not_put_again(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    await put(database, outbox, alerts(1), DUE)

    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_deferred_letter_is_the_same_letter_when_its_wait_is_over(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(4))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Deferred(after=30 * SECOND), DUE)

    early = await claim(outbox, DUE + 29 * SECOND)
    again = await claim(outbox, DUE + 30 * SECOND)

    assert early == []
    assert again == [letter]


async def test_a_refused_letter_is_never_tried_again_and_says_why(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Refused(why="bot was kicked", chat_lost=True), DUE)

    again = await claim(outbox, DUE + timedelta(days=1))
    why = await database.read(lambda sql: sql.execute("SELECT error FROM letters").fetchone()[0])

    assert again == []
    assert why == "bot was kicked"


async def test_a_letter_settled_twice_stays_as_it_was_first(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Delivered(message="42"), DUE)

    for outcome in (GONE, Deferred(after=SECOND), Moved(to=replace(HOME, chat="new"))):
        await outbox.settle(letter, outcome, DUE)

    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=1, refused=0, late=0)
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_moved_chat_takes_its_letters_and_rules_along_threads_included(database: Database) -> None:
    old, new = (Destination(platform=PLATFORM, chat=chat) for chat in ("-1", "-100"))
    desk = Rules(database)
    kept = [await desk.add(a_rule(destination=chat)) for chat in (old, replace(old, thread="7"), HOME)]
    outbox = await an_outbox(
        database, *alerts(1, chat=old), *alerts(1, metric="spread", chat=replace(old, thread="7"))
    )
    (letter, *_) = await claim(outbox, DUE, 1)

    await outbox.settle(letter, Moved(to=new), DUE)

    letters = await claim(outbox, DUE)
    assert letters[0] == replace(letter, destination=new)
    assert letters[1].destination == replace(new, thread="7")
    assert [rule.destination for rule in await desk.load_all()] == [new, replace(new, thread="7"), HOME]
    assert [rule.id for rule in kept] == [rule.id for rule in await desk.load_all()]


async def test_late_letters_are_told_in_one_summary_that_says_so(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(2))
    fresh = alerts(3)[2:]
    await put(database, outbox, fresh, NOON + TIME_TO_LIVE - SECOND)

    told = await tell_all(outbox, NOON + TIME_TO_LIVE)

    assert [(letter.late, list(letter.contents)) for letter in told] == [(True, alerts(2)), (False, fresh)]


async def test_letters_deferred_past_their_time_are_folded_into_one_late_summary(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(3))
    (letter,) = await claim(outbox, DUE)
    await outbox.settle(letter, Deferred(after=TIME_TO_LIVE), DUE)

    (summary,) = await tell_all(outbox, DUE + TIME_TO_LIVE)

    assert summary.late
    assert list(summary.contents) == alerts(3)
    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=3, refused=0, late=3)


async def test_a_late_summary_whose_lease_ended_is_still_late(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(2))
    claimed = await claim(outbox, NOON + TIME_TO_LIVE)

    again = await claim(outbox, NOON + TIME_TO_LIVE + LEASE)

    assert again == claimed
    assert again[0].late


async def test_next_due_is_the_group_wait_then_the_lease_then_the_backoff(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1))
    dues = [await outbox.next_due(PLATFORM, BEFORE)]
    (letter,) = await claim(outbox, DUE)
    dues.append(await outbox.next_due(PLATFORM, BEFORE))
    await outbox.settle(letter, Deferred(after=7 * SECOND), DUE)
    dues.append(await outbox.next_due(PLATFORM, BEFORE))

    assert dues == [DUE, DUE + LEASE, DUE + 7 * SECOND]


async def test_counts_tell_what_waits_and_what_became_of_the_rest(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(3))
    for outcome in (Delivered(message="1"), GONE):
        (letter,) = await claim(outbox, DUE)
        await outbox.settle(letter, outcome, DUE)
    before = await outbox.counts()
    await claim(outbox, DUE)

    assert before == await outbox.counts() == OutboxCounts(waiting=1, delivered=1, refused=1, late=0)


async def test_letters_survive_a_restart(path: Path) -> None:
    before = await Database.open(path)
    await an_outbox(before, *alerts(4))
    await before.close()
    after = await Database.open(path)

    claimed = await claim(Outbox(after, group_wait=WAIT), DUE)
    await after.close()

    assert [list(letter.contents) for letter in claimed] == [alerts(4)]


async def test_a_letter_put_while_the_clock_was_ahead_holds_up_no_news(database: Database) -> None:
    early, news = alerts(2)
    outbox = await an_outbox(database, early, at=NOON + timedelta(hours=2))

    await put(database, outbox, [news], NOON)

    assert await outbox.next_due(PLATFORM, NOON) == DUE
    assert [letter.contents for letter in await claim(outbox, DUE)] == [(news,)]


async def test_a_new_life_tells_what_was_put_while_the_clock_was_ahead(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1), at=NOON + timedelta(hours=2))

    await outbox.take_over(NOON)

    assert await claim(outbox, NOON) == []
    assert [list(letter.contents) for letter in await claim(outbox, DUE)] == [alerts(1)]
