"""What people and platforms do at the same time: the store and the rule book agree whatever comes first."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.commands.context import Asker, Context
from bot.front_desk import Desk
from bot.live_chats import LiveChats
from bot.messages.document import Document
from bot.messages.plain import as_text
from bot.rule_desk import LiveRules
from bot.spam_guard import SpamGuard
from bot.store import store_of
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination
from monitors.metrics.reading import Reading
from storage.database import Database
from tests.bot.contexts import a_context, an_asker
from tests.builders import HOME, NOON, a_level, a_rule, a_series
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)
ADD = "/alert add funding BTC above 0.1%/8h on bybit"
ROUNDS = 20
"""Of two things at once: which of them the store does first is its own affair."""


class Running:
    """Chats and rules of a running bot over a store on disk, and its front desk."""

    def __init__(self, database: Database) -> None:
        self.store = store_of(database, MINUTE)
        self.book = RuleBook(stale_after=3 * MINUTE)
        clock, lock = FakeClock(), asyncio.Lock()
        self.chats = LiveChats(self.store.chats, self.store.rules, self.book, clock, lock=lock)
        self.rules = LiveRules(self.store.rules, self.book, lock)
        self.desk = Desk(self._context, self.chats, SpamGuard(clock))
        self.answers: list[str] = []

    def _context(self, asker: Asker) -> Context:
        records, chats = self.store.records, self.chats
        return replace(a_context(), rules=self.rules, records=records, chats=chats, asker=asker)

    async def ask(self, line: str) -> None:
        """Give a command and remember the first line of the answer."""
        answer = await self.desk.answer(line, an_asker())
        assert isinstance(answer, Document)
        self.answers.append(as_text(answer).splitlines()[0])


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Running]:
    database = await Database.open(tmp_path / "skewbell.db")
    yield Running(database)
    await database.close()


async def at_once(*doings: Coroutine[object, object, object]) -> None:
    async with asyncio.TaskGroup() as group:
        for doing in doings:
            group.create_task(doing)


async def test_a_rule_removed_while_it_is_changed_is_gone_from_the_book_too(bot: Running) -> None:
    for _ in range(ROUNDS):
        rule = await bot.rules.add(a_rule())

        await at_once(bot.rules.change(replace(rule, once=True)), bot.rules.remove(rule))

        assert (len(bot.book), list(await bot.rules.of(HOME))) == (0, [])


async def test_a_rule_added_while_its_chat_is_forgotten_is_watched_if_it_is_kept(bot: Running) -> None:
    for _ in range(ROUNDS):
        await bot.rules.add(a_rule())

        await at_once(bot.chats.forget(HOME), bot.rules.add(a_rule()))

        assert len(bot.book) == len(await bot.rules.of(HOME))
        await bot.chats.forget(HOME)


async def test_a_chat_lost_and_found_while_others_go_is_on_in_store_and_book(bot: Running) -> None:
    here, there, moved = (Destination(platform="telegram", chat=chat) for chat in ("1", "2", "3"))
    rule = await bot.rules.add(a_rule(destination=here, level=a_level(1.0)))
    for number in range(ROUNDS):
        others = [bot.chats.forget(there), bot.chats.purge(), bot.chats.moved(there, moved)]

        await at_once(bot.chats.lost(here, "kicked"), *others)
        await at_once(bot.chats.found(here), bot.chats.forget(there), bot.chats.purge())

        now = NOON + number * 10 * MINUTE
        rings = bot.book.judge([Reading(series=a_series(), value=2.0, at=now)], now).rings
        assert [ring.rule for ring in rings] == [rule]
        assert await bot.store.chats.off() == {}


async def test_a_rule_changed_twice_at_once_is_watched_as_it_is_kept(bot: Running) -> None:
    rule = await bot.rules.add(a_rule(level=a_level(1.0)))

    await at_once(
        *(bot.rules.change(replace(rule, level=a_level(level))) for level in (2.0, 3.0, 4.0)),
    )

    (kept,) = await bot.rules.of(HOME)
    assert kept.level is not None
    for number, value in enumerate((kept.level.fire_at - 0.5, kept.level.fire_at + 0.5)):
        now = NOON + number * MINUTE
        rings = bot.book.judge([Reading(series=a_series(), value=value, at=now)], now).rings
        assert [ring.rule for ring in rings] == [kept] * number


async def test_what_is_asked_for_twice_at_once_is_kept_once(bot: Running) -> None:
    await at_once(bot.ask(ADD), bot.ask(ADD))
    await at_once(bot.ask("/subscribe"), bot.ask("/subscribe"))

    rules = await bot.rules.of(HOME)
    wishes = [replace(rule, id=0) for rule in rules]
    assert all(wishes.count(wish) == 1 for wish in wishes)
    assert len(bot.book) == len(rules)
    assert bot.answers[0].startswith("Rule 1 is kept: ")
    assert bot.answers[1].startswith("Rule 1 is kept already: ")
    assert bot.answers[2] != bot.answers[3]
