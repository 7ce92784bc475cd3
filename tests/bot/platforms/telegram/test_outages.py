"""What people wrote while the bot was away."""

from datetime import timedelta
from functools import partial

from bot.platforms.telegram.commands import MUCH_TOO_LATE
from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, running
from tests.fakes import FakeClock
from tests.loopback.telegram import TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK


async def test_an_old_command_is_not_done_and_the_chat_is_told_so_once(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
) -> None:
    server.say(ANN, DESK, "/subscribe extremes")
    server.say(BEN, DESK, "/funding BTC")
    server.say(ANN, ANN, "/status")
    clock.advance(MUCH_TOO_LATE + timedelta(seconds=1))
    async with running(telegram):
        server.say(ANN, DESK, "/status")
        await server.until(lambda: len(server.sent(DESK)) == 2 and bool(server.sent(ANN)))

    assert desk.lines == ["/status"]
    told, answer = server.sent(DESK)
    assert "I was away" in told.text
    assert answer.text == "answer to /status"
    assert server.sent(ANN)[0].text == told.text


async def test_what_is_not_that_old_is_done(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
) -> None:
    server.say(ANN, DESK, "/status")
    clock.advance(MUCH_TOO_LATE)
    async with running(telegram):
        await desk.until(lambda: bool(desk.lines))

    assert desk.lines == ["/status"]


async def test_another_outage_is_told_again(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
) -> None:
    async with running(telegram):
        for count in (1, 2):
            server.say(ANN, DESK, "/status")
            clock.advance(timedelta(hours=1))
            await server.until(partial(has_told, server, count))
            clock.advance(timedelta(seconds=1))

    assert not desk.lines


def has_told(server: TelegramServer, count: int) -> bool:
    return len(server.sent(DESK)) == count
