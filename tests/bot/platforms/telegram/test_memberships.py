"""The bot let in, shown out, and moved."""

from datetime import timedelta

import pytest

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, chat, running
from tests.fakes import FakeClock
from tests.loopback.telegram import Kind, Room, Status, TelegramServer
from tests.loopback.telegram.cast import ANN, DESK, GROUP

NEW = Room(id=-1050, kind=Kind.SUPERGROUP, title="New")
NEW_CHANNEL = Room(id=-1051, kind=Kind.CHANNEL, title="New channel")


async def test_a_new_group_is_switched_on_and_greeted(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.open(NEW, {ANN: Status.CREATOR}, bot=Status.LEFT)
    async with running(telegram):
        server.bot_becomes(NEW, Status.MEMBER, by=ANN)
        await server.until(lambda: bool(server.sent(NEW)))

        assert await desk.asker.is_admin()
    assert desk.found_chats == [chat(NEW.id)]
    assert desk.lines == ["/start"]
    assert server.sent(NEW)[0].text == "answer to /start"


async def test_a_new_channel_is_switched_on_and_its_readers_are_told_nothing(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.open(NEW_CHANNEL, {ANN: Status.CREATOR}, bot=Status.LEFT)
    async with running(telegram):
        server.bot_becomes(NEW_CHANNEL, Status.ADMINISTRATOR, by=ANN)
        server.post(NEW_CHANNEL, "/status")
        await server.until(lambda: bool(server.sent(NEW_CHANNEL)))

    assert desk.found_chats == [chat(NEW_CHANNEL.id)]
    assert desk.lines == ["/status"]


async def test_a_link_that_adds_the_bot_to_a_group_is_answered_and_no_greeting_besides(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.open(NEW, {ANN: Status.CREATOR}, bot=Status.LEFT)
    server.start(ANN, "subscribe", room=NEW)
    async with running(telegram):
        await server.until(lambda: bool(server.sent(NEW)))

    assert desk.found_chats == [chat(NEW.id)]
    assert desk.lines == ["/start subscribe"]


async def test_a_group_that_lets_the_bot_in_again_later_is_greeted_again(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
) -> None:
    async with running(telegram):
        server.say(ANN, DESK, "/start")
        await server.until(lambda: len(server.sent(DESK)) == 1)
        clock.advance(timedelta(minutes=2))
        server.bot_becomes(DESK, Status.LEFT, by=ANN)
        server.bot_becomes(DESK, Status.MEMBER, by=ANN)
        await server.until(lambda: len(server.sent(DESK)) == 2)

    assert desk.lines == ["/start", "/start"]


async def test_a_room_that_was_told_enough_is_not_greeted(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.open(NEW, {ANN: Status.CREATOR}, bot=Status.LEFT)
    desk.answers["/start"] = None
    async with running(telegram):
        server.bot_becomes(NEW, Status.MEMBER, by=ANN)
        server.say(ANN, NEW, "/status")
        await server.until(lambda: bool(server.sent(NEW)))

    assert [message.text for message in server.sent(NEW)] == ["answer to /status"]


async def test_a_promotion_is_no_arrival(server: TelegramServer, telegram: Telegram, desk: FakeDesk) -> None:
    async with running(telegram):
        server.bot_becomes(GROUP, Status.ADMINISTRATOR, by=ANN)
        await desk.until(lambda: bool(desk.found_chats))

    assert desk.found_chats == [chat(GROUP.id)]
    assert not desk.lines


@pytest.mark.parametrize("status", [Status.LEFT, Status.KICKED])
async def test_a_room_that_shows_the_bot_out_is_lost(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, status: Status
) -> None:
    async with running(telegram):
        server.bot_becomes(DESK, status, by=ANN)
        await desk.until(lambda: bool(desk.lost_chats))

    assert desk.lost_chats == [(chat(DESK.id), "the bot was removed")]


async def test_a_person_who_blocks_the_bot_is_lost_and_found_again(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.sent(ANN)))
        server.bot_becomes(ANN, Status.KICKED, by=ANN)
        server.bot_becomes(ANN, Status.MEMBER, by=ANN)
        await desk.until(lambda: bool(desk.found_chats))

    assert desk.lost_chats == [(chat(ANN.id), "the bot was blocked")]
    assert desk.found_chats == [chat(ANN.id)]
    assert desk.lines == ["/status"]


async def test_a_group_that_becomes_a_supergroup_is_followed_and_not_greeted(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        moved = server.migrate(GROUP, to=-1077, by=ANN)
        server.say(ANN, moved, "/status")
        await desk.until(lambda: "/status" in desk.lines)

    assert desk.moves == [(chat(GROUP.id), chat(-1077))]
    assert set(desk.found_chats) == {chat(-1077)}
    assert desk.lines == ["/status"]
