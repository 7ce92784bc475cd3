import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog
from typing_extensions import override

from bot.dispatcher import Dispatcher
from bot.messages.compose import compose
from bot.ports import Post
from monitors.alerts.chats import ChatSettings
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Letter, Moved, Refused, Told
from monitors.alerts.rules import Destination, Severity
from tests.builders import HOME, NOON, a_rule, an_alert
from tests.fakes import FakeClock, FakeOutbox, FakePlatform

SECOND = timedelta(seconds=1)
NEW = Destination(platform="console", chat="new")


def a_chat(number: int) -> Destination:
    return Destination(platform="console", chat=f"chat {number}")


def a_letter(
    number: int = 1, *, to: Destination = HOME, severity: Severity = Severity.WARNING, late: bool = False
) -> Letter:
    """Build a letter about one alert."""
    alert = an_alert(rule=a_rule(destination=to, severity=severity))
    return Letter(ids=(number,), destination=to, group="funding", contents=(alert,), late=late)


class FakeSwitchboard:
    """Chats with settings, and what was heard of them."""

    def __init__(self) -> None:
        self.configured: dict[Destination, ChatSettings] = {}
        self.heard: list[object] = []

    async def settings(self, destination: Destination) -> ChatSettings:
        return self.configured.get(destination, ChatSettings())

    async def lost(self, destination: Destination, why: str) -> None:
        self.heard.append((destination, why))

    async def moved(self, old: Destination, new: Destination) -> None:
        self.heard.append((old, new))


class Slow(FakePlatform):
    """A platform that takes its time until it is let go, and knows how many were with it at once."""

    def __init__(self, at_once: int = 1) -> None:
        super().__init__(at_once=at_once)
        self.let_go = asyncio.Event()
        self.arrived = asyncio.Condition()
        self.inside: list[Destination] = []
        self.together: list[tuple[Destination, ...]] = []

    @override
    async def send(self, destination: Destination, post: Post) -> Delivery:
        self.inside.append(destination)
        self.together.append(tuple(self.inside))
        async with self.arrived:
            self.arrived.notify_all()
        await self.let_go.wait()
        self.inside.remove(destination)
        return await super().send(destination, post)

    async def until_inside(self, count: int) -> None:
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.inside) == count)


class Desk:
    """A dispatcher between a fake outbox and a fake platform."""

    def __init__(self, *letters: Letter, due: datetime = NOON, platform: FakePlatform | None = None) -> None:
        self.clock = FakeClock()
        self.outbox = FakeOutbox()
        self.platform = platform or FakePlatform()
        self.chats = FakeSwitchboard()
        for letter in letters:
            self.outbox.put(letter, due)
        self.dispatcher = Dispatcher(self.outbox, self.chats, self.clock, compose)
        self.lane = self.dispatcher.open(self.platform)

    @property
    def told(self) -> list[str]:
        return [post.key for _, post in self.platform.sent]

    async def drain(self) -> None:
        await self.dispatcher.drain(ahead=timedelta(0))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            task = group.create_task(self.lane.run())
            yield task
            task.cancel()

    async def until_settled(self, count: int) -> None:
        """Wait until so many letters are settled, as the outbox's own promise has it."""
        while len(self.outbox.settled) < count:
            turned = asyncio.Event()
            asyncio.get_running_loop().call_soon(turned.set)
            await turned.wait()


async def test_a_due_letter_is_composed_sent_and_settled() -> None:
    letter = a_letter()
    desk = Desk(letter)

    await desk.drain()

    assert desk.platform.sent == [
        (HOME, Post(document=compose(letter, NOON), key="1", severity=Severity.WARNING))
    ]
    assert desk.outbox.settled == [(letter, Delivered(message="1"))]
    assert not desk.outbox.waiting


async def test_nothing_is_sent_before_it_is_due() -> None:
    desk = Desk(a_letter(), due=NOON + SECOND)

    await desk.drain()

    assert desk.told == []


async def test_what_falls_due_within_the_time_ahead_is_drained_too() -> None:
    desk = Desk(a_letter(), due=NOON + 20 * SECOND)

    await desk.dispatcher.drain(ahead=20 * SECOND)

    assert desk.told == ["1"]


async def test_a_drain_sends_everything_and_tries_each_letter_once() -> None:
    desk = Desk(*(a_letter(number, to=a_chat(number % 3)) for number in range(7)))
    desk.platform.outcomes = [Deferred(after=timedelta(0))]

    await desk.drain()

    assert len(desk.told) == 4
    assert {letter.destination for _, letter in desk.outbox.waiting.values()} == {a_chat(0)}


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred(after=30 * SECOND),
        Refused(why="too long", chat_lost=False),
        Refused(why="bot was kicked", chat_lost=True),
        Moved(to=NEW),
    ],
    ids=["deferred", "refused", "lost", "moved"],
)
async def test_whatever_the_platform_says_is_settled_and_logged(outcome: Deferred | Refused | Moved) -> None:
    letter = a_letter()
    desk = Desk(letter)
    desk.platform.outcomes = [outcome]

    with structlog.testing.capture_logs() as logs:
        await desk.drain()

    level = "debug" if isinstance(outcome, Deferred) else "warning"
    assert (letter, outcome) in desk.outbox.settled
    assert [(line["event"], line["log_level"]) for line in logs] == [("letter.undelivered", level)]


async def test_a_chat_that_refuses_for_good_is_switched_off() -> None:
    desk = Desk(a_letter())
    desk.platform.outcomes = [Refused(why="bot was kicked", chat_lost=True)]

    await desk.drain()

    assert desk.chats.heard == [(HOME, "bot was kicked")]


async def test_a_message_that_is_not_taken_costs_the_chat_nothing() -> None:
    desk = Desk(a_letter())
    desk.platform.outcomes = [Refused(why="too long", chat_lost=False)]

    await desk.drain()

    assert desk.chats.heard == []


async def test_a_moved_chats_letter_follows_it_and_everybody_hears_of_it() -> None:
    desk = Desk(a_letter())
    desk.platform.outcomes = [Moved(to=NEW)]

    await desk.drain()

    assert desk.chats.heard == [(HOME, NEW)]
    assert [destination for destination, _ in desk.platform.sent] == [NEW]


async def test_letters_of_another_platform_are_left_alone() -> None:
    elsewhere = a_letter(1, to=Destination(platform="telegram", chat="-100"))
    desk = Desk(elsewhere, a_letter(2))

    await desk.drain()

    assert desk.told == ["2"]
    assert [letter for _, letter in desk.outbox.waiting.values()] == [elsewhere]


async def test_a_platform_that_takes_too_long_gets_the_letter_again_later() -> None:
    letter = a_letter()
    desk = Desk(letter)
    desk.platform.outcomes = [TimeoutError()]

    await desk.drain()

    assert desk.outbox.settled == [(letter, Deferred(after=10 * SECOND))]


async def test_a_letter_that_cannot_be_told_is_logged_tried_again_and_keeps_nobody_from_theirs() -> None:
    poison = a_letter(1, to=a_chat(1))
    desk = Desk(poison, *(a_letter(number, to=a_chat(number)) for number in range(2, 6)))
    desk.platform.outcomes = [AttributeError("a defect")]

    with structlog.testing.capture_logs() as logs:
        await desk.drain()

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["letter.failed"]
    assert (poison, Deferred(after=timedelta(minutes=1))) in desk.outbox.settled
    assert sorted(desk.told) == ["2", "3", "4", "5"]


async def test_a_letter_that_still_cannot_be_told_when_its_time_is_over_is_given_up() -> None:
    desk = Desk(a_letter())
    desk.clock.advance(timedelta(minutes=11))
    desk.platform.outcomes = [AttributeError("a defect")]

    await desk.drain()

    ((_, outcome),) = desk.outbox.settled
    assert isinstance(outcome, Refused)
    assert not outcome.chat_lost
    assert not desk.outbox.waiting


async def test_nothing_is_claimed_for_a_platform_that_is_not_connected() -> None:
    desk = Desk(a_letter())
    desk.platform.is_connected = False

    await desk.drain()

    assert desk.told == []
    assert desk.outbox.settled == []
    assert await desk.outbox.next_due("console", NOON - SECOND) == NOON


async def test_what_waited_for_the_connection_is_told_as_soon_as_there_is_one() -> None:
    desk = Desk(a_letter())
    desk.platform.is_connected = False

    async with desk.running(), asyncio.timeout(4):  # less than the longest nap
        desk.dispatcher.wake()
        turned = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, turned.set)
        await turned.wait()
        desk.platform.is_connected = True
        await desk.until_settled(1)

    assert desk.told == ["1"]


async def test_letters_go_in_order_of_urgency() -> None:
    desk = Desk(
        a_letter(1, to=a_chat(1), severity=Severity.INFO),
        a_letter(2, to=a_chat(2), severity=Severity.WARNING),
        a_letter(3, to=a_chat(3), severity=Severity.CRITICAL),
    )

    await desk.drain()

    assert desk.told == ["3", "2", "1"]


@pytest.mark.parametrize(("severity", "called"), [(Severity.CRITICAL, "42"), (Severity.WARNING, "")])
async def test_only_a_critical_letter_calls_the_chats_role(severity: Severity, called: str) -> None:
    desk = Desk(a_letter(severity=severity))
    desk.chats.configured[HOME] = ChatSettings(mention="42")

    await desk.drain()

    ((_, post),) = desk.platform.sent
    assert post.mention == called


async def test_a_letter_says_which_message_it_changes_and_then_calls_nobody() -> None:
    letter = replace(a_letter(8, severity=Severity.CRITICAL), edits=Told(number=5, message="m5"))
    desk = Desk(letter)
    desk.chats.configured[HOME] = ChatSettings(mention="42")

    await desk.drain()

    ((_, post),) = desk.platform.sent
    assert (post.edits, post.answers, post.severity, post.mention) == ("m5", "", Severity.INFO, "")


async def test_a_letter_says_which_message_it_refers_to() -> None:
    desk = Desk(replace(a_letter(8), answers=Told(number=5, message="m5")))

    await desk.drain()

    ((_, post),) = desk.platform.sent
    assert (post.edits, post.answers, post.key) == ("", "m5", "8")


async def test_so_many_are_under_way_at_once_and_never_two_to_one_chat() -> None:
    letters = [a_letter(number, to=a_chat(number // 2)) for number in range(8)]
    platform = Slow(at_once=3)
    desk = Desk(*letters, platform=platform)

    async with desk.running():
        await platform.until_inside(3)
        platform.let_go.set()
        await desk.until_settled(8)

    assert max(map(len, platform.together)) == 3
    assert all(len(set(inside)) == len(inside) for inside in platform.together)
    assert sorted(desk.told) == sorted(str(letter.ids[0]) for letter in letters)


async def test_letters_of_one_chat_keep_their_order() -> None:
    platform = Slow(at_once=3)
    desk = Desk(*(a_letter(number) for number in range(5)), platform=platform)
    platform.let_go.set()

    async with desk.running():
        await desk.until_settled(5)

    assert desk.told == ["0", "1", "2", "3", "4"]


async def test_news_ends_the_nap() -> None:
    desk = Desk()

    async with desk.running(), asyncio.timeout(4):  # less than the nap lasts
        desk.outbox.put(a_letter())
        desk.dispatcher.wake()
        await desk.until_settled(1)

    assert desk.told == ["1"]


async def test_the_nap_ends_when_the_next_letter_falls_due() -> None:
    class Impatient(FakeOutbox):
        """An outbox whose reader's clock jumps to the next due time once it was told."""

        @override
        async def next_due(self, platform: str, after: datetime) -> datetime | None:
            due = await super().next_due(platform, after)
            desk.clock.present = due or desk.clock.present
            return due

    desk = Desk()
    desk.outbox = Impatient()
    desk.outbox.put(a_letter(), NOON + SECOND)
    desk.lane = Dispatcher(desk.outbox, desk.chats, desk.clock, compose).open(desk.platform)

    async with desk.running():
        await desk.until_settled(1)

    assert desk.told == ["1"]


async def test_a_letter_under_way_when_the_lane_is_cancelled_waits_for_its_lease() -> None:
    platform = Slow()
    desk = Desk(a_letter(), platform=platform)

    async with desk.running():
        await platform.until_inside(1)

    assert desk.outbox.settled == []
    assert await desk.outbox.next_due("console", NOON) == NOON + desk.outbox.lease
