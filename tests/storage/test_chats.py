"""What becomes of all that is kept of a chat when it is switched off, moved or forgotten."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlite_utils import Database as Sql

from monitors.alerts.chats import Change, ChatSettings, Silence
from monitors.alerts.rules import Destination
from monitors.alerts.states import Firing, Reason
from storage import followed, rules
from storage.chats import KEPT_OFF, Chats
from storage.database import Database
from storage.outbox import LEASE, OutboxCounts
from storage.records import Records
from storage.rules import Rules
from storage.silences import Silences
from tests.builders import HOME, NOON, a_rule, a_series
from tests.storage.forced_closes import a_followed
from tests.storage.outboxes import BEFORE, PLATFORM, an_outbox, claim, put, tell_all, word

HOUR = timedelta(hours=1)
THREAD = replace(HOME, thread="7")
OTHER = replace(HOME, chat="other")
NEW = replace(HOME, chat="new")
SETTINGS = ChatSettings(mention="role", editors=("user:1", "role:2"))
FIRING = Firing(since=NOON, told_at=NOON, told_value=0.001, peak=0.002, shown_at=NOON, shown_value=0.001)
TABLES = ("rules", "letters", "silences", "changes", "chats_off")


async def _lived_in(database: Database, *places: Destination) -> None:
    """Keep one of everything for each chat or thread, and settings of each chat."""
    chats, desk, records = Chats(database), Rules(database), Records(database)
    for place in places:
        await chats.configure(place, SETTINGS)
        rule = await desk.add(a_rule(destination=place))
        await database.write(partial(rules.record_states, states=[((rule.id, a_series()), FIRING)]))
        await database.write(partial(followed.record, followed=[((rule.id, a_series(), NOON), a_followed())]))
        await Silences(database).add(
            Silence(destination=place, since=NOON, until=None, episode=f"{rule.id}/x")
        )
        await records.note(Change(destination=place, at=NOON, user="1", name="Ann", what="added a rule"))
        outbox = await an_outbox(database, word(Reason.FIRST, chat=place, rule=rule.id), wait=timedelta(0))
        await tell_all(outbox, NOON)
        await put(database, outbox, [word(Reason.REPEAT, 60, chat=place, rule=rule.id)], NOON + HOUR)


async def _rows(database: Database, place: Destination) -> dict[str, int]:
    """Count what is kept of a chat or thread."""

    own = [place.platform, place.chat, place.thread]

    def read(sql: Sql) -> dict[str, int]:
        here = "platform = ? AND chat = ? AND thread = ?"
        of_its_rules = "rule IN (SELECT id FROM rules WHERE platform = ? AND chat = ? AND thread = ?)"
        return {
            **{name: sql.table(name).count_where(here, own) for name in TABLES},
            "states": sql.table("states").count_where(of_its_rules, own),
            "followed": sql.table("followed").count_where(of_its_rules, own),
            "chats": sql.table("chats").count_where("platform = ? AND chat = ?", own[:2]),
        }

    return await database.read(read)


ALL = {
    "rules": 1,
    "states": 1,
    "followed": 1,
    "letters": 3,
    "silences": 1,
    "changes": 1,
    "chats": 1,
    "chats_off": 0,
}
NOTHING = dict.fromkeys(ALL, 0)


async def test_a_chat_is_forgotten_with_its_threads_and_no_other_is(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    await Chats(database).switch_off(THREAD, "left", NOON)

    await Chats(database).forget(THREAD)

    assert [await _rows(database, place) for place in (HOME, THREAD, OTHER)] == [NOTHING, NOTHING, ALL]


async def test_a_chat_that_is_off_keeps_its_rules_which_are_not_watched(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    desk = Rules(database)

    await Chats(database).switch_off(HOME, "bot was kicked", NOON)

    assert [rule.destination for rule in await desk.load_all()] == [OTHER]
    assert [rule.destination for rule in await desk.in_chat(HOME)] == [HOME, THREAD]
    assert [len(await desk.of(place)) for place in (HOME, THREAD)] == [1, 1]
    assert await Chats(database).off() == {HOME: "bot was kicked"}


async def test_a_thread_can_be_off_alone(database: Database) -> None:
    await _lived_in(database, HOME, THREAD)

    await Chats(database).switch_off(THREAD, "topic closed", NOON)

    assert [rule.destination for rule in await Rules(database).load_all()] == [HOME]
    kept = [await _rows(database, place) for place in (HOME, THREAD)]
    rest = [(counts["states"], counts["followed"], counts["silences"]) for counts in kept]
    assert rest == [(1, 1, 1), (0, 0, 0)]


async def test_what_waits_for_a_chat_that_is_off_is_refused_with_its_reason(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    outbox = await an_outbox(database)

    await Chats(database).switch_off(HOME, "bot was kicked", NOON)

    told = await tell_all(outbox, NOON + HOUR)
    errors = await database.read(
        lambda sql: sql.execute("SELECT error FROM letters WHERE state = 'refused'").fetchall()
    )
    assert {letter.destination for letter in told} == {OTHER}
    assert errors == [("bot was kicked",)] * 4  # a repeat and its change, here and in the thread
    assert await outbox.counts() == OutboxCounts(waiting=0, delivered=4, refused=2, late=0)


async def test_a_letter_under_way_or_put_while_a_chat_is_off_is_refused_when_it_comes_up(
    database: Database,
) -> None:
    outbox = await an_outbox(database, word(Reason.FIRST, chat=THREAD), wait=timedelta(0))
    await claim(outbox, NOON)
    await Chats(database).switch_off(HOME, "bot was kicked", NOON)
    waiting = [await outbox.counts()]
    await put(database, outbox, [word(Reason.FIRST)], NOON)

    told = await tell_all(outbox, NOON + LEASE)

    waiting.append(await outbox.counts())
    assert told == []
    assert [(counts.waiting, counts.refused) for counts in waiting] == [(1, 0), (0, 2)]
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_chat_is_switched_on_with_its_threads_and_its_rules_start_anew(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    chats = Chats(database)
    for place in (HOME, THREAD, OTHER):
        await chats.switch_off(place, "left", NOON)

    await chats.switch_on(HOME)

    assert await chats.off() == {OTHER: "left"}
    assert [rule.destination for rule in await Rules(database).load_all()] == [HOME, THREAD]
    assert await Rules(database).states() == {}


async def test_what_is_said_in_one_thread_switches_no_other_on(database: Database) -> None:
    here, gone = replace(HOME, thread="9"), THREAD
    await _lived_in(database, HOME, here, gone)
    chats = Chats(database)
    for place in (HOME, here, gone):
        await chats.switch_off(place, "left", NOON)

    await chats.switch_on(here)

    assert await chats.off() == {gone: "left"}
    assert [rule.destination for rule in await Rules(database).load_all()] == [HOME, here]


async def test_a_chat_is_forgotten_30_days_after_it_was_first_switched_off(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    chats = Chats(database)
    await chats.switch_off(HOME, "bot was kicked", NOON)
    await chats.switch_off(HOME, "chat not found", NOON + HOUR)
    await chats.switch_off(OTHER, "bot was kicked", NOON + HOUR)
    why = (await chats.off())[HOME]

    purged = [await chats.purge(NOON + KEPT_OFF + wait) for wait in (-HOUR, timedelta(0))]

    assert why == "chat not found"
    assert purged == [[], [HOME]]
    assert await chats.off() == {OTHER: "bot was kicked"}
    assert [await _rows(database, place) for place in (HOME, THREAD)] == [NOTHING, NOTHING]
    assert (await _rows(database, OTHER))["rules"] == 1


async def test_a_thread_that_was_off_alone_is_forgotten_alone(database: Database) -> None:
    await _lived_in(database, HOME, THREAD)
    await Chats(database).switch_off(THREAD, "topic closed", NOON)

    purged = await Chats(database).purge(NOON + KEPT_OFF)

    assert purged == [THREAD]
    assert await _rows(database, THREAD) == {**NOTHING, "chats": 1}
    assert await _rows(database, HOME) == ALL


async def test_a_moved_chat_takes_everything_along_threads_included(database: Database) -> None:
    await _lived_in(database, HOME, THREAD, OTHER)
    await Chats(database).switch_off(THREAD, "topic closed", NOON)
    before = [await _rows(database, place) for place in (HOME, THREAD)]

    await Chats(database).move(HOME, NEW)

    after = [await _rows(database, place) for place in (NEW, replace(NEW, thread="7"))]
    assert after == before
    assert [await _rows(database, place) for place in (HOME, THREAD, OTHER)] == [NOTHING, NOTHING, ALL]


async def test_a_chat_that_moves_into_a_thread_keeps_its_other_threads(database: Database) -> None:
    await _lived_in(database, HOME, THREAD)

    await Chats(database).move(HOME, replace(NEW, thread="1"))

    assert [rule.destination for rule in await Rules(database).load_all()] == [
        replace(NEW, thread="1"),
        replace(NEW, thread="7"),
    ]


@pytest.mark.parametrize(
    ("own", "merged"),
    [
        (ChatSettings(), SETTINGS),
        (
            ChatSettings(editors=("user:3", "user:1")),
            replace(SETTINGS, editors=("user:3", "user:1", "role:2")),
        ),
        (ChatSettings(mention="other"), replace(SETTINGS, mention="other")),
    ],
)
async def test_settings_of_both_sides_hold_after_a_move(
    database: Database, own: ChatSettings, merged: ChatSettings
) -> None:
    chats = Chats(database)
    await chats.configure(HOME, SETTINGS)
    await chats.configure(NEW, own)

    await chats.move(HOME, NEW)

    assert [await chats.settings(place) for place in (NEW, HOME)] == [merged, ChatSettings()]


@pytest.mark.parametrize("to", [HOME, THREAD])
async def test_a_move_within_a_chat_keeps_its_settings(database: Database, to: Destination) -> None:
    await _lived_in(database, HOME)

    await Chats(database).move(HOME, to)

    assert await Chats(database).settings(HOME) == SETTINGS
    assert await _rows(database, to) == ALL


async def test_moving_twice_is_moving_once(database: Database) -> None:
    await _lived_in(database, HOME)
    await Chats(database).move(HOME, NEW)
    once = await _rows(database, NEW)

    await Chats(database).move(HOME, NEW)

    assert await _rows(database, NEW) == once == ALL


async def test_a_forgotten_person_leaves_the_audit_line_without_id_and_name(database: Database) -> None:
    chats, records = Chats(database), Records(database)
    await chats.configure(HOME, SETTINGS)
    await chats.configure(replace(HOME, platform="telegram"), SETTINGS)
    await chats.configure(OTHER, ChatSettings(editors=("user:11",)))
    lines = [Change(destination=HOME, at=NOON, user=user, name="Ann", what="muted") for user in ("1", "11")]
    for line in lines:
        await records.note(line)

    await chats.forget_user(PLATFORM, "1")

    assert await records.changes(HOME, 9) == [lines[1], replace(lines[0], user="", name="")]
    assert await chats.settings(HOME) == replace(SETTINGS, editors=("role:2",))
    assert await chats.settings(OTHER) == ChatSettings(editors=("user:11",))
    assert await chats.settings(replace(HOME, platform="telegram")) == SETTINGS


async def test_a_forgotten_person_is_named_in_no_audit_line(database: Database) -> None:
    chats, records = Chats(database), Records(database)
    lines = ("user 42 may change rules", "user 421 may change rules", "1 of user 42, user 42: rule 42")
    for what in lines:
        await records.note(Change(destination=HOME, at=NOON, user="7", name="Ann", what=what))
    elsewhere = replace(HOME, platform="telegram")
    await records.note(Change(destination=elsewhere, at=NOON, user="7", name="Ann", what=lines[0]))

    await chats.forget_user(PLATFORM, "42")

    found = [line.what for line in await records.changes(HOME, 9)]
    assert found == ["1 of somebody, somebody: rule 42", lines[1], "somebody may change rules"]
    assert [line.what for line in await records.changes(elsewhere, 9)] == [lines[0]]
