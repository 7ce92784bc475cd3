import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from typing_extensions import override

from bot.live_chats import LiveChats
from monitors.alerts.chats import ChatSettings
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule
from monitors.metrics.reading import Reading
from monitors.metrics.registry import Source
from tests.builders import NOON, a_level, a_rule, a_series
from tests.fakes import FakeChats, FakeClock

MINUTE = timedelta(minutes=1)
GROUP = Destination(platform="telegram", chat="-100")
TOPIC = replace(GROUP, thread="5")
OTHER = replace(GROUP, chat="-200")
WHY = "bot was kicked from the group chat"


@dataclass(slots=True)
class KeptInMemory(FakeChats):
    """The store's side of chats and their rules."""

    rules: list[Rule] = field(default_factory=list)
    switched_off: dict[Destination, str] = field(default_factory=dict)
    to_purge: list[Destination] = field(default_factory=list)

    async def in_chat(self, destination: Destination) -> Sequence[Rule]:
        return [rule for rule in self.rules if rule.destination.chat == destination.chat]

    async def off(self) -> Mapping[Destination, str]:
        return dict(self.switched_off)

    async def switch_off(self, destination: Destination, why: str, now: datetime) -> None:
        self.switched_off[destination] = why

    async def switch_on(self, destination: Destination) -> None:
        for off in [off for off in self.switched_off if off.chat == destination.chat]:
            if not destination.thread or off.thread in ("", destination.thread):
                del self.switched_off[off]

    async def move(self, old: Destination, new: Destination) -> None:
        self.rules = [
            replace(rule, destination=replace(new, thread=rule.destination.thread))
            if rule.destination.chat == old.chat
            else rule
            for rule in self.rules
        ]

    async def purge(self, now: datetime) -> Sequence[Destination]:
        gone, self.to_purge = self.to_purge, []
        for destination in gone:
            self.switched_off.pop(destination, None)
        return gone


class Running:
    """Chats of a running bot: a store in memory, a real book, and readings of BTC on bybit."""

    def __init__(self, *chats: Destination) -> None:
        self.kept = KeptInMemory(
            rules=[
                a_rule(number, destination=chat, level=a_level(1.0)) for number, chat in enumerate(chats, 1)
            ]
        )
        self.book = RuleBook(stale_after=3 * MINUTE)
        for rule in self.kept.rules:
            self.book.add(rule)
        self.chats = LiveChats(self.kept, self.kept, self.book, FakeClock(), lock=asyncio.Lock())
        self.now = NOON

    def reads(self, value: float) -> list[tuple[int, str, Destination]]:
        """Take in a value; return which rules ring, why and where."""
        self.now += MINUTE
        judged = self.book.judge([Reading(series=a_series(), value=value, at=self.now)], self.now)
        return [(ring.rule.id, str(ring.reason), ring.rule.destination) for ring in judged.rings]


async def test_nothing_rings_in_a_chat_that_was_lost_topics_included() -> None:
    bot = Running(GROUP, TOPIC, OTHER)

    await bot.chats.lost(GROUP, WHY)

    assert bot.reads(2.0) == [(3, "first", OTHER)]
    assert bot.kept.switched_off == {GROUP: WHY}


async def test_a_lost_topic_costs_its_chat_nothing_else() -> None:
    bot = Running(GROUP, TOPIC)

    await bot.chats.lost(TOPIC, "topic closed")

    assert bot.reads(2.0) == [(1, "first", GROUP)]


async def test_a_chat_that_is_found_again_is_told_what_goes_on_now() -> None:
    bot = Running(GROUP)
    before = bot.reads(2.0)
    await bot.chats.lost(GROUP, WHY)
    while_lost = bot.reads(2.1)

    await bot.chats.found(TOPIC)

    assert (before, while_lost) == ([(1, "first", GROUP)], [])
    assert bot.reads(2.2) == [(1, "first", GROUP)]
    assert bot.kept.switched_off == {}


async def test_finding_one_topic_tells_nothing_twice_in_the_others() -> None:
    bot = Running(GROUP, TOPIC)
    bot.reads(2.0)
    await bot.chats.lost(TOPIC, "topic closed")

    await bot.chats.found(GROUP)

    assert bot.reads(2.0) == [(2, "first", TOPIC)]


async def test_a_word_in_one_topic_brings_the_chat_and_that_topic_back_and_no_other() -> None:
    here, gone = TOPIC, replace(GROUP, thread="77")
    bot = Running(GROUP, here, gone)
    for place in (GROUP, here, gone):
        await bot.chats.lost(place, WHY)

    await bot.chats.found(here)
    told = bot.reads(2.0)
    await bot.chats.found(GROUP)

    assert told == [(1, "first", GROUP), (2, "first", here)]
    assert bot.reads(2.0) == [(3, "first", gone)]
    assert bot.kept.switched_off == {}


async def test_a_topic_that_is_gone_wakes_nobody_however_often_the_others_are_spoken_to() -> None:
    gone = replace(GROUP, thread="77")
    bot = Running(gone)
    await bot.chats.lost(gone, "the channel was deleted")

    await bot.chats.found(TOPIC)

    assert bot.kept.switched_off == {gone: "the channel was deleted"}
    assert len(bot.book) == 0


async def test_a_chat_lost_while_the_store_is_read_is_found_again() -> None:
    class Slow(KeptInMemory):
        """A store whose answer is on its way while the chat is lost."""

        @override
        async def off(self) -> Mapping[Destination, str]:
            found = dict(self.switched_off)
            reading.set()
            await losing.wait()
            return found

    async def lose() -> None:
        await reading.wait()
        losing.set()
        await chats.lost(GROUP, WHY)

    reading, losing = asyncio.Event(), asyncio.Event()
    kept, book = Slow(), RuleBook(stale_after=3 * MINUTE)
    chats = LiveChats(kept, kept, book, FakeClock(), lock=asyncio.Lock())
    async with asyncio.TaskGroup() as group:
        group.create_task(chats.purge())
        group.create_task(lose())

    await chats.found(GROUP)

    assert kept.switched_off == {}


async def test_a_chat_lost_twice_keeps_its_first_reason() -> None:
    bot = Running(GROUP)

    await bot.chats.lost(GROUP, WHY)
    await bot.chats.lost(GROUP, "something else")

    assert bot.kept.switched_off == {GROUP: WHY}


async def test_what_was_off_before_a_restart_comes_back_when_spoken_to() -> None:
    bot = Running()
    bot.kept.rules = [a_rule(1, destination=GROUP, level=a_level(1.0))]
    bot.kept.switched_off = {GROUP: WHY}
    await bot.chats.load()

    silent = bot.reads(2.0)
    await bot.chats.found(GROUP)

    assert silent == []
    assert bot.reads(2.0) == [(1, "first", GROUP)]


async def test_an_episode_goes_on_in_the_chats_new_place() -> None:
    bot = Running(GROUP)
    bot.reads(2.0)

    await bot.chats.moved(GROUP, OTHER)

    assert bot.reads(0.1) == [(1, "resolved", OTHER)]
    assert bot.book.audience("bybit", Source.POLLS) == (OTHER,)


async def test_a_forgotten_chat_rings_no_more() -> None:
    bot = Running(GROUP, TOPIC, OTHER)

    await bot.chats.forget(GROUP)

    assert bot.kept.forgotten == [GROUP]
    assert bot.reads(2.0) == [(3, "first", OTHER)]


async def test_a_purged_chat_is_not_found_again() -> None:
    bot = Running(GROUP)
    await bot.chats.lost(GROUP, WHY)
    bot.kept.to_purge, bot.kept.rules = [GROUP], []

    await bot.chats.purge()
    await bot.chats.found(GROUP)

    assert len(bot.book) == 0


async def test_settings_and_people_are_the_stores_business() -> None:
    bot = Running(GROUP)

    await bot.chats.configure(GROUP, ChatSettings(mention="7"))
    await bot.chats.forget_user("telegram", "42")

    assert await bot.chats.settings(TOPIC) == ChatSettings(mention="7")
    assert bot.kept.forgotten_users == [("telegram", "42")]
