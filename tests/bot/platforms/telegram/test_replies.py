"""Replies that meet trouble on their way."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, chat, running
from tests.loopback.telegram import Outage, TelegramServer, bad_request, flood
from tests.loopback.telegram.cast import ANN, BEN, DESK


async def test_it_comes_after_the_wait_that_telegram_asks_for(
    server: TelegramServer, telegram: Telegram
) -> None:
    server.fail(flood(7), method="sendMessage")
    async with running(telegram):
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.sent(ANN)))

    first, second = server.called("sendMessage")
    assert second.at - first.at >= timedelta(seconds=7)


async def test_it_follows_a_group_to_its_new_id(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.held["/status"] = asyncio.Event()
    async with running(telegram):
        server.say(ANN, DESK, "/status")
        await desk.until(lambda: bool(desk.lines))
        moved = server.migrate(DESK, to=-1009, by=ANN)
        desk.held["/status"].set()
        await server.until(lambda: bool(server.sent(moved)))

    assert (chat(DESK.id), chat(-1009)) in desk.moves


async def test_a_chat_that_takes_no_word_is_lost(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.fail(bad_request("not enough rights to send text messages to the chat"), method="sendMessage")
    async with running(telegram):
        server.say(ANN, DESK, "/status")
        await desk.until(lambda: bool(desk.lost_chats))

    assert desk.lost_chats == [(chat(DESK.id), "Not enough rights to send text messages to the chat")]


async def test_it_is_tried_a_few_times_and_then_dropped(server: TelegramServer, telegram: Telegram) -> None:
    server.fail(Outage.BAD_GATEWAY, times=None, method="sendMessage", place=ANN)
    with capture_logs() as logs:
        async with running(telegram):
            server.say(ANN, ANN, "/status")
            await server.until(lambda: len(server.called("sendMessage")) == 3)
            server.heal()
            server.say(ANN, ANN, "/top")
            await server.until(lambda: bool(server.sent(ANN)))

    assert [message.text for message in server.sent(ANN)] == ["answer to /top"]
    assert [line["chat"] for line in logs if line["event"] == "telegram.reply_dropped"] == [str(ANN.id)]


async def test_more_than_a_chat_can_read_is_dropped(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    server.fail(Outage.SILENT, method="sendMessage", place=ANN)
    with capture_logs() as logs:
        async with running(telegram) as task:
            server.say(ANN, ANN, "/status")
            await server.until(lambda: bool(server.called("sendMessage")))
            for _ in range(30):
                server.say(ANN, ANN, "/top")
            await desk.until(lambda: len(desk.answered) == 31)
            task.cancel()

    dropped = [line for line in logs if line["event"] == "telegram.reply_dropped"]
    assert 10 <= len(dropped) <= 11


async def test_one_that_would_come_much_too_late_is_dropped(
    server: TelegramServer, telegram: Telegram
) -> None:
    server.fail(flood(600), method="sendMessage")
    async with running(telegram):
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.called("sendMessage")))
        server.say(BEN, BEN, "/status")
        await server.until(lambda: bool(server.sent(BEN)))

    assert not server.sent(ANN)
