import asyncio
from datetime import datetime, timedelta

import pytest
import structlog
from typing_extensions import override

from bot.dispatcher import AT_ONCE, Dispatcher
from bot.messages.compose import compose
from monitors.alerts.delivery import Deferred, Delivered, Letter, Moved, Refused
from monitors.alerts.rules import Destination, Severity
from tests.builders import HOME, NOON, a_rule, an_alert
from tests.fakes import FakeClock, FakeOutbox, FakePlatform

SECOND = timedelta(seconds=1)


def a_letter(
    number: int = 1, *, to: Destination = HOME, severity: Severity = Severity.WARNING, late: bool = False
) -> Letter:
    """Build a letter about one alert."""
    alert = an_alert(rule=a_rule(destination=to, severity=severity))
    return Letter(ids=(number,), destination=to, group="funding", contents=(alert,), late=late)


class Desk:
    """A dispatcher between a fake outbox and a fake platform."""

    def __init__(self, *letters: Letter, due: datetime = NOON) -> None:
        self.clock = FakeClock()
        self.outbox = FakeOutbox()
        self.platform = FakePlatform()
        for letter in letters:
            self.outbox.put(letter, due)
        self.dispatcher = Dispatcher(self.outbox, {"console": self.platform}, self.clock, compose)

    @property
    def told(self) -> list[str]:
        return [key for _, _, key in self.platform.sent]


async def test_a_due_letter_is_composed_sent_and_settled() -> None:
    letter = a_letter()
    desk = Desk(letter)

    sent = await desk.dispatcher.send_due()

    assert sent == 1
    assert desk.platform.sent == [(HOME, compose(letter, NOON), "1")]
    assert desk.outbox.settled == [(letter, Delivered(message="1"))]
    assert not desk.outbox.waiting


async def test_nothing_is_sent_before_it_is_due() -> None:
    desk = Desk(a_letter(), due=NOON + SECOND)

    sent = await desk.dispatcher.send_due()

    assert sent == 0
    assert desk.told == []


async def test_what_falls_due_within_the_time_ahead_is_sent_too() -> None:
    desk = Desk(a_letter(), due=NOON + 20 * SECOND)

    sent = await desk.dispatcher.send_due(ahead=20 * SECOND)

    assert sent == 1
    assert desk.told == ["1"]


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred(after=30 * SECOND),
        Refused(why="bot was kicked"),
        Moved(to=Destination(platform="console", chat="new")),
    ],
    ids=["deferred", "refused", "moved"],
)
async def test_whatever_the_platform_says_is_settled_and_logged(outcome: Deferred | Refused | Moved) -> None:
    letter = a_letter()
    desk = Desk(letter)
    desk.platform.outcomes = [outcome]

    with structlog.testing.capture_logs() as logs:
        await desk.dispatcher.send_due()

    assert desk.outbox.settled == [(letter, outcome)]
    assert [(line["event"], line["ids"], line["outcome"]) for line in logs] == [
        ("letter.undelivered", (1,), outcome)
    ]


async def test_a_deferred_letter_is_sent_again_when_its_wait_is_over() -> None:
    desk = Desk(a_letter())
    desk.platform.outcomes = [Deferred(after=30 * SECOND)]

    sent = [await desk.dispatcher.send_due()]
    desk.clock.advance(29 * SECOND)
    sent.append(await desk.dispatcher.send_due())
    desk.clock.advance(SECOND)
    sent.append(await desk.dispatcher.send_due())

    assert sent == [1, 0, 1]
    assert desk.told == ["1"]


async def test_a_moved_chats_letter_follows_it_at_once() -> None:
    new = Destination(platform="console", chat="new")
    desk = Desk(a_letter())
    desk.platform.outcomes = [Moved(to=new)]

    await desk.dispatcher.send_due()
    await desk.dispatcher.send_due()

    assert [destination for destination, _, _ in desk.platform.sent] == [new]


async def test_a_platform_that_is_not_set_up_refuses_its_letters() -> None:
    elsewhere = a_letter(1, to=Destination(platform="telegram", chat="-100"))
    here = a_letter(2)
    desk = Desk(elsewhere, here)

    await desk.dispatcher.send_due()

    assert desk.outbox.settled == [
        (elsewhere, Refused(why="telegram is not set up")),
        (here, Delivered(message="2")),
    ]


async def test_a_platform_that_takes_too_long_gets_the_letter_again_later() -> None:
    letter = a_letter()
    desk = Desk(letter)
    desk.platform.outcomes = [TimeoutError()]

    await desk.dispatcher.send_due()

    assert desk.outbox.settled == [(letter, Deferred(after=10 * SECOND))]


async def test_a_defect_of_a_platform_is_not_taken_for_an_outcome() -> None:
    desk = Desk(a_letter())
    desk.platform.outcomes = [AttributeError("a defect")]

    with pytest.raises(AttributeError, match="a defect"):
        await desk.dispatcher.send_due()

    assert desk.outbox.settled == []


async def test_letters_go_in_order_of_urgency() -> None:
    desk = Desk(
        a_letter(1, severity=Severity.INFO),
        a_letter(2, severity=Severity.WARNING),
        a_letter(3, severity=Severity.CRITICAL),
    )

    await desk.dispatcher.send_due()

    assert desk.told == ["3", "2", "1"]


async def test_many_letters_are_claimed_a_few_at_a_time() -> None:
    desk = Desk(*(a_letter(number) for number in range(AT_ONCE + 2)))

    sent = [await desk.dispatcher.send_due() for _ in range(3)]

    assert sent == [AT_ONCE, 2, 0]


class Loud(FakePlatform):
    """A platform that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()
        self.silent = asyncio.Event()

    @override
    async def send(self, destination: Destination, document: object, *, idempotency_key: str) -> Delivered:
        self.heard.set()
        await self.silent.wait()
        return Delivered(message=idempotency_key)


async def test_news_ends_the_nap() -> None:
    desk = Desk()
    platform = Loud()
    platform.silent.set()
    dispatcher = Dispatcher(desk.outbox, {"console": platform}, desk.clock, compose)

    async with asyncio.timeout(4), asyncio.TaskGroup() as group:  # less than the nap lasts
        running = group.create_task(dispatcher.run())
        group.create_task(_put(desk.outbox, dispatcher))
        await platform.heard.wait()
        running.cancel()

    assert running.cancelled()


async def _put(outbox: FakeOutbox, dispatcher: Dispatcher) -> None:
    outbox.put(a_letter())
    dispatcher.wake()


async def test_the_nap_ends_when_the_next_letter_falls_due() -> None:
    class Impatient(FakeOutbox):
        """An outbox whose reader's clock jumps to the next due time once it was told."""

        @override
        async def next_due(self) -> datetime | None:
            due = await super().next_due()
            clock.present = due or clock.present
            return due

    outbox, platform, clock = Impatient(), Loud(), FakeClock()
    outbox.put(a_letter(), NOON + SECOND)
    platform.silent.set()

    async with asyncio.timeout(4), asyncio.TaskGroup() as group:
        running = group.create_task(Dispatcher(outbox, {"console": platform}, clock, compose).run())
        await platform.heard.wait()
        running.cancel()

    assert clock.now() == NOON + SECOND


async def test_a_letter_under_way_when_the_dispatcher_is_cancelled_waits_for_its_lease() -> None:
    letter = a_letter()
    desk = Desk(letter)
    platform = Loud()
    dispatcher = Dispatcher(desk.outbox, {"console": platform}, desk.clock, compose)

    async with asyncio.timeout(4), asyncio.TaskGroup() as group:
        running = group.create_task(dispatcher.run())
        await platform.heard.wait()
        running.cancel()

    assert desk.outbox.settled == []
    assert await desk.outbox.next_due() == NOON + desk.outbox.lease
