import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from typing_extensions import override

from bot.rule_desk import LiveRules
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Rule
from monitors.metrics.reading import Reading
from tests.builders import HOME, NOON, a_level, a_rule, a_series
from tests.fakes import FakeRuleDesk

MINUTE = timedelta(minutes=1)


class Running:
    """Rules of a running bot: a fake store, a real book, and readings of BTC on bybit."""

    def __init__(self, kept: FakeRuleDesk | None = None) -> None:
        self.kept = kept or FakeRuleDesk()
        self.book = RuleBook(stale_after=3 * MINUTE)
        self.desk = LiveRules(self.kept, self.book, asyncio.Lock())
        self.now = NOON

    def reads(self, value: float) -> list[tuple[int, str]]:
        """Take in a value; return which rules ring and why."""
        self.now += MINUTE
        judged = self.book.judge([Reading(series=a_series(), value=value, at=self.now)], self.now)
        return [(ring.rule.id, str(ring.reason)) for ring in judged.rings]


def a_wish(fire_at: float = 1.0, rule_id: int = 0) -> Rule:
    return a_rule(rule_id, level=a_level(fire_at))


async def test_an_added_rule_judges_the_next_reading_even_of_the_same_value() -> None:
    bot = Running()
    before = bot.reads(2.0)

    added = await bot.desk.add(a_wish())

    assert before == []
    assert bot.reads(2.0) == [(added.id, "first")]
    assert await bot.kept.of(HOME) == [added]


async def test_a_changed_rule_starts_anew_at_the_next_reading() -> None:
    bot = Running()
    rule = await bot.desk.add(a_wish(1.0))
    bot.reads(2.0)

    await bot.desk.change(replace(rule, level=a_level(1.5)))

    assert bot.reads(2.0) == [(rule.id, "first")]
    assert bot.reads(1.4) == []


async def test_a_removed_rule_rings_no_more() -> None:
    bot = Running()
    rule = await bot.desk.add(a_wish())
    bot.reads(2.0)

    await bot.desk.remove(rule)

    assert bot.reads(0.0) == []
    assert bot.reads(3.0) == []
    assert await bot.desk.of(HOME) == []


async def test_a_paused_rule_is_kept_but_silent_until_it_is_resumed() -> None:
    bot = Running()
    rule = await bot.desk.add(a_wish())

    await bot.desk.change(replace(rule, paused=True))
    paused = bot.reads(2.0)
    await bot.desk.change(rule)

    assert paused == []
    assert bot.reads(2.0) == [(rule.id, "first")]


async def test_a_rule_that_retired_meanwhile_is_not_brought_back_by_a_change() -> None:
    bot = Running()
    rule = await bot.desk.add(a_wish())
    bot.kept.rules.clear()

    await bot.desk.change(replace(rule, level=a_level(1.5)))

    assert len(bot.book) == 0
    assert bot.reads(2.0) == []


async def test_a_tick_between_store_and_book_never_judges_by_the_rule_as_it_was() -> None:
    class Ticking(FakeRuleDesk):
        """A store during whose writes a tick comes in."""

        rung: Sequence[tuple[int, str]] = ()

        @override
        async def add(self, rule: Rule) -> Rule:
            kept = await super().add(rule)
            rings.append(bot.reads(2.0))
            return kept

        @override
        async def change(self, rule: Rule) -> bool:
            rings.append(bot.reads(2.0))
            was_there = await super().change(rule)
            rings.append(bot.reads(2.0))
            return was_there

        @override
        async def remove(self, rule: Rule) -> None:
            rings.append(bot.reads(3.0))
            await super().remove(rule)

    rings: list[list[tuple[int, str]]] = []
    bot = Running(Ticking())

    rule = await bot.desk.add(a_wish())
    await bot.desk.change(replace(rule, until=datetime.max.replace(tzinfo=NOON.tzinfo)))
    await bot.desk.remove(rule)

    assert rings == [[], [], [], []]


async def test_what_is_firing_comes_from_the_store() -> None:
    bot = Running(FakeRuleDesk(rules={7: a_rule(7)}, firing_counts={7: 2}))

    assert await bot.desk.firing(HOME) == {7: 2}
