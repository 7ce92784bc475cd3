"""`bot.ports.RuleDesk`: the rules of all chats."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.ports import RuleDesk
from bot.rule_desk import LiveRules
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.states import Firing
from monitors.alerts.tick import Tick
from storage.database import Database
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from storage.rules import Rules
from tests.builders import HOME, NOON, a_level, a_rule, a_series
from tests.fakes import FakeRuleDesk

MINUTE = timedelta(minutes=1)
THREAD = replace(HOME, thread="7")
FIRING = Firing(since=NOON, told_at=NOON, told_value=1.0, peak=1.0, shown_at=NOON, shown_value=1.0)


@dataclass(frozen=True, slots=True)
class Desk:
    """A rule desk, and what makes one of its rules fire on two series."""

    rules: RuleDesk
    fire: Callable[[int], Awaitable[None]]


@pytest.fixture(params=["storage", "fake", "live over storage", "live over fake"])
def desk(request: pytest.FixtureRequest, database: Database) -> Desk:
    fake = FakeRuleDesk()

    async def fire_in_storage(rule_id: int) -> None:
        series = (a_series(venue="okx"), a_series(venue="bybit"))
        journal = Journal(database, Observations(database), Outbox(database, group_wait=MINUTE))
        await journal.commit(Tick(at=NOON, states=tuple(((rule_id, one), FIRING) for one in series)))

    async def fire_in_fake(rule_id: int) -> None:
        fake.firing_counts[rule_id] = 2

    stored = "storage" in request.param
    kept: RuleDesk = Rules(database) if stored else fake
    rules = LiveRules(kept, RuleBook(stale_after=MINUTE), asyncio.Lock()) if "live" in request.param else kept
    return Desk(rules, fire_in_storage if stored else fire_in_fake)


async def test_a_chat_without_rules_has_none(desk: Desk) -> None:
    assert list(await desk.rules.of(HOME)) == []
    assert dict(await desk.rules.firing(HOME)) == {}


async def test_an_added_rule_comes_back_with_its_own_id_and_as_it_was(desk: Desk) -> None:
    wish = a_rule(0, preset="extremes")

    first = await desk.rules.add(wish)
    second = await desk.rules.add(wish)

    assert first.id != second.id
    assert replace(first, id=0) == wish
    assert list(await desk.rules.of(HOME)) == sorted([first, second], key=lambda rule: rule.id)


async def test_an_id_is_not_given_again_after_its_rule_is_gone(desk: Desk) -> None:
    first = await desk.rules.add(a_rule())
    await desk.rules.remove(first)

    second = await desk.rules.add(a_rule())

    assert second.id != first.id


async def test_chats_and_threads_see_their_own_rules_only(desk: Desk) -> None:
    here = await desk.rules.add(a_rule(destination=HOME))
    there = await desk.rules.add(a_rule(destination=THREAD))
    await desk.fire(there.id)

    assert list(await desk.rules.of(HOME)) == [here]
    assert list(await desk.rules.of(THREAD)) == [there]
    assert dict(await desk.rules.firing(HOME)) == {}


async def test_a_change_replaces_the_rule_and_starts_its_states_anew(desk: Desk) -> None:
    rule, other = await desk.rules.add(a_rule()), await desk.rules.add(a_rule())
    await desk.fire(rule.id)
    changed = replace(rule, level=a_level(0.5), paused=True)

    before = dict(await desk.rules.firing(HOME))
    was_there = await desk.rules.change(changed)

    assert was_there
    assert before == {rule.id: 2}
    assert list(await desk.rules.of(HOME)) == [changed, other]
    assert dict(await desk.rules.firing(HOME)) == {}


async def test_a_change_of_a_rule_that_is_gone_does_not_bring_it_back(desk: Desk) -> None:
    rule = await desk.rules.add(a_rule())
    await desk.rules.remove(rule)

    was_there = await desk.rules.change(rule)

    assert not was_there
    assert list(await desk.rules.of(HOME)) == []


async def test_a_removed_rule_is_gone_with_its_states_and_the_others_stay(desk: Desk) -> None:
    rule, other = await desk.rules.add(a_rule()), await desk.rules.add(a_rule())
    await desk.fire(rule.id)
    await desk.fire(other.id)

    await desk.rules.remove(rule)

    assert list(await desk.rules.of(HOME)) == [other]
    assert dict(await desk.rules.firing(HOME)) == {other.id: 2}


async def test_removing_twice_is_removing_once(desk: Desk) -> None:
    rule = await desk.rules.add(a_rule())

    await desk.rules.remove(rule)
    await desk.rules.remove(rule)

    assert list(await desk.rules.of(HOME)) == []
