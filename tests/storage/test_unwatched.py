"""What was told under a rule that is changed or removed is changed once more: it is no longer watched."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from monitors.alerts.chats import Silence
from monitors.alerts.delivery import Alert, Told
from monitors.alerts.rules import Rule
from monitors.alerts.states import Firing, Reason
from storage import rules
from storage.database import Database
from storage.outbox import Outbox
from storage.rules import Rules
from storage.silences import Silences
from tests.builders import HOME, NOON, a_level, a_rule, a_series
from tests.storage.outboxes import BEFORE, PLATFORM, SINCE, an_outbox, put, tell_all, word

MINUTE = timedelta(minutes=1)
FIRING = Firing(since=SINCE, told_at=NOON, told_value=0.001, peak=0.002, shown_at=NOON, shown_value=0.001)
LATER = NOON + 5 * MINUTE
BASES = ("A", "B", "C", "D")


async def a_firing_rule(database: Database, *bases: str) -> Rule:
    """Keep a rule that is firing on each of the bases."""
    kept = await Rules(database).add(a_rule(base=None))
    states = [((kept.id, a_series(base=base)), FIRING) for base in bases]
    await database.write(lambda sql: rules.record_states(sql, states))
    return kept


async def told(database: Database, rule: Rule, *bases: str) -> Outbox:
    """Return an outbox that told of an episode on each of the bases."""
    outbox = await an_outbox(
        database, *(word(Reason.FIRST, base=base, rule=rule.id) for base in bases), wait=timedelta(0)
    )
    await tell_all(outbox, NOON)
    return outbox


async def paused(desk: Rules, rule: Rule) -> None:
    await desk.change(replace(rule, paused=True))


async def edited(desk: Rules, rule: Rule) -> None:
    await desk.change(replace(rule, level=a_level(0.5)))


async def removed(desk: Rules, rule: Rule) -> None:
    await desk.remove(rule)


def unwatched(base: str, rule: Rule, minute: float = 0) -> Alert:
    return replace(word(Reason.FIRST, minute, base=base, rule=rule.id), reason=Reason.UNWATCHED)


@pytest.mark.parametrize("end", [paused, edited, removed])
async def test_its_message_is_changed_once_and_keeps_its_figures(
    database: Database, end: Callable[[Rules, Rule], Awaitable[None]]
) -> None:
    rule = await a_firing_rule(database, "BTC")
    outbox = await told(database, rule, "BTC")
    await end(Rules(database), rule)

    letters = await tell_all(outbox, LATER)

    assert [(one.contents, one.edits, one.answers) for one in letters] == [
        ((unwatched("BTC", rule),), Told(number=1, message="m1"), None)
    ]
    assert await outbox.next_due(PLATFORM, BEFORE) is None


async def test_a_summary_says_it_of_each_in_one_change(database: Database) -> None:
    rule = await a_firing_rule(database, *BASES)
    outbox = await told(database, rule, *BASES)
    await Rules(database).remove(rule)

    (letter,) = await tell_all(outbox, LATER)

    assert letter.contents == tuple(unwatched(base, rule) for base in BASES)


async def test_the_last_figures_that_waited_are_the_ones_that_stay(database: Database) -> None:
    rule = await a_firing_rule(database, "BTC")
    outbox = await told(database, rule, "BTC")
    await put(database, outbox, [word(Reason.GREW, 1, base="BTC", rule=rule.id)], NOON + MINUTE)
    await Rules(database).remove(rule)

    (letter,) = await tell_all(outbox, LATER)

    assert letter.contents == (unwatched("BTC", rule, 1),)


async def test_a_resolve_of_the_same_tick_is_the_last_word(database: Database) -> None:
    rule = await a_firing_rule(database, "BTC")
    outbox = await told(database, rule, "BTC")
    resolved = word(Reason.RESOLVED, 5, base="BTC", rule=rule.id)
    await database.write(lambda sql: rules.retire(sql, [rule.id]))
    await put(database, outbox, [resolved], LATER)

    letters = await tell_all(outbox, LATER)

    assert [one.contents for one in letters] == [(resolved,), (resolved,)]


async def test_what_was_muted_or_never_told_has_no_message_to_change(database: Database) -> None:
    rule = await a_firing_rule(database, "BTC", "ETH")
    await Silences(database).add(Silence(destination=HOME, since=NOON, until=NOON + MINUTE, base="BTC"))
    outbox = await told(database, rule, "BTC")
    await Rules(database).remove(rule)

    letters = await tell_all(outbox, NOON)

    assert letters == []


async def test_a_rule_at_rest_changes_nothing(database: Database) -> None:
    rule = await a_firing_rule(database)
    outbox = await told(database, rule, "BTC")
    await Rules(database).remove(rule)

    assert await tell_all(outbox, LATER) == []
