"""The pace, against a Telegram that enforces its limits on the same clock."""

from datetime import timedelta

import pytest

from bot.platforms.telegram.platform import Telegram
from monitors.alerts.delivery import Deferred, Delivered
from monitors.alerts.rules import Destination
from tests.bot.platforms.telegram.world import YieldingClock, a_post, chat, connected, running
from tests.fakes import FakeClock
from tests.loopback.telegram import Kind, Limits, Person, Room, TelegramServer

CROWD = 70


@pytest.fixture
def clock() -> FakeClock:
    return YieldingClock()


async def test_replies_to_many_chats_keep_to_every_limit(server: TelegramServer, telegram: Telegram) -> None:
    people = [Person(id=1000 + number, name=f"Person {number}") for number in range(CROWD)]
    server.limit(Limits())
    async with running(telegram):
        await connected(server)
        for person in people:
            server.say(person, person, "/status")
            server.say(person, person, "/top")
        await server.until(lambda: all(len(server.sent(person)) == 2 for person in people))

    assert not server.violations


async def test_alerts_to_many_groups_keep_to_every_limit(
    server: TelegramServer, telegram: Telegram, clock: FakeClock
) -> None:
    rooms = [
        server.open(Room(id=-2000 - number, kind=Kind.GROUP, title=f"Group {number}")) for number in range(40)
    ]
    server.limit(Limits())
    began = clock.monotonic()
    async with running(telegram):
        await connected(server)
        for _ in range(3):
            for room in rooms:
                await until_delivered(telegram, chat(room.id), clock)
    share = 3 * len(rooms) / (clock.monotonic() - began) / Limits().overall

    assert not server.violations
    assert share > 0.95


async def test_a_busy_group_keeps_a_place_for_replies(
    server: TelegramServer, telegram: Telegram, clock: FakeClock
) -> None:
    room = server.open(Room(id=-2000, kind=Kind.GROUP, title="Busy"))
    person = Person(id=77, name="Cy")
    server.limit(Limits())
    async with running(telegram):
        await connected(server)
        while True:
            delivery = await telegram.send(chat(room.id), a_post())
            if isinstance(delivery, Deferred) and delivery.after > timedelta(seconds=2):
                break
            clock.advance(timedelta(seconds=1))
        full = clock.monotonic()
        server.say(person, room, "/status")
        await server.until(lambda: server.sent(room)[-1].text == "answer to /status")

    assert clock.monotonic() - full <= 1
    assert not server.violations


async def until_delivered(telegram: Telegram, destination: Destination, clock: FakeClock) -> None:
    while not isinstance(delivery := await telegram.send(destination, a_post()), Delivered):
        assert isinstance(delivery, Deferred)
        clock.advance(delivery.after)
