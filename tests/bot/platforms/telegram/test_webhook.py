"""Updates posted to the bot."""

import asyncio
import io
import socket
from datetime import timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs
from telegram import Bot

from bot.platforms.telegram.platform import Telegram
from bot.platforms.telegram.webhook import HEADER, Webhook
from tests.bot.platforms.telegram.world import FakeDesk, running
from tests.fakes import FakeClock, FakeNotebook
from tests.loopback.telegram import TelegramServer
from tests.loopback.telegram.cast import ANN

HOST = "127.0.0.1"
PUBLIC = "https://bot.example.org/telegram"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def address(port: int) -> str:
    return f"http://{HOST}:{port}/telegram"


@pytest.fixture
def telegram(server: TelegramServer, desk: FakeDesk, notebook: FakeNotebook, port: int) -> Telegram:
    clock = PatientClock()
    return Telegram(
        server.token,
        desk=desk,
        clock=clock,
        notebook=notebook,
        api_url=server.url,
        webhook=Webhook(url=PUBLIC, host=HOST, port=port),
    )


class PatientClock:
    """A clock on which nobody's wait ends before the test wants it to."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.now = self._clock.now
        self.monotonic = self._clock.monotonic

    async def sleep(self, duration: object) -> None:
        await asyncio.Event().wait()


class SteppingClock:
    """A clock on which whoever waits does so until the test comes by."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.now = clock.now
        self.monotonic = clock.monotonic
        self._asleep, self._waked = asyncio.Event(), asyncio.Event()

    async def sleep(self, duration: timedelta) -> None:
        self._asleep.set()
        await self._waked.wait()
        self._waked.clear()

    async def looked(self) -> None:
        """Wait until somebody sleeps, and put time forward once they woke up and sleep again."""
        await self._asleep.wait()
        self._asleep.clear()
        self._clock.advance(timedelta(minutes=5))
        self._waked.set()


async def listening(server: TelegramServer) -> str:
    """Wait until the bot listens, and return the secret that Telegram was given."""
    await server.until(lambda: bool(server.called("getWebhookInfo")))
    return server.webhook.secret


async def test_what_is_posted_with_the_secret_is_answered(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, address: str
) -> None:
    async with running(telegram):
        secret = await listening(server)
        status = await server.push(server.say(ANN, ANN, "/status"), address, secret)
        await server.until(lambda: bool(server.sent(ANN)))

    assert status == 200
    assert desk.answered == ["/status"]
    assert server.webhook.url == PUBLIC
    assert server.pending == 0


@pytest.mark.parametrize("secret", ["", "guessed"])
async def test_without_the_secret_it_is_refused(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, address: str, secret: str
) -> None:
    async with running(telegram):
        await listening(server)
        status = await server.push(server.say(ANN, ANN, "/status"), address, secret)

    assert status == 403
    assert not desk.asked


async def test_it_is_taken_only_once_its_effect_is_stored(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, address: str
) -> None:
    desk.held["/slow"] = asyncio.Event()
    async with running(telegram), asyncio.TaskGroup() as group:
        secret = await listening(server)
        push = group.create_task(server.push(server.say(ANN, ANN, "/slow"), address, secret))
        await desk.until(lambda: bool(desk.asked))
        before = push.done()
        desk.held["/slow"].set()
        status = await push

    assert not before
    assert status == 200


async def test_what_is_posted_twice_is_heard_once(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, address: str
) -> None:
    async with running(telegram):
        secret = await listening(server)
        event = server.say(ANN, ANN, "/status")
        await server.push(event, address, secret)
        again = await server.push(event, address, secret)

    assert again == 200
    assert desk.lines == ["/status"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no json", 400), (b"[]", 400), (b"{}", 400), (b"x" * (2 << 20), 413), (b'{"update_id": 1}', 200)],
    ids=["no json", "a list", "no number", "too large", "nothing to hear"],
)
async def test_what_is_no_update_is_not_heard(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk, address: str, body: bytes, status: int
) -> None:
    async with running(telegram):
        headers = {HEADER: await listening(server)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(address, data=io.BytesIO(body), headers=headers) as answer,
        ):
            found = answer.status

    assert found == status
    assert not desk.asked


async def test_a_webhook_that_another_program_took_is_taken_back(
    server: TelegramServer, desk: FakeDesk, notebook: FakeNotebook, port: int
) -> None:
    webhook = Webhook(url=PUBLIC, host=HOST, port=port)
    telegram = Telegram(
        server.token, desk=desk, clock=FakeClock(), notebook=notebook, api_url=server.url, webhook=webhook
    )
    with capture_logs() as logs:
        async with running(telegram), Bot(server.token, base_url=server.base_url) as rival:
            await listening(server)
            await rival.delete_webhook()
            await server.until(lambda: len(server.called("setWebhook")) == 2)

    assert [line["log_level"] for line in logs if line["event"] == "telegram.conflict"] == ["error"]


async def test_a_webhook_that_nobody_reaches_is_logged_whenever_that_is_news(
    server: TelegramServer, desk: FakeDesk, notebook: FakeNotebook, port: int
) -> None:
    clock, webhook = FakeClock(), Webhook(url=PUBLIC, host=HOST, port=port)
    stepping = SteppingClock(clock)
    telegram = Telegram(
        server.token, desk=desk, clock=stepping, notebook=notebook, api_url=server.url, webhook=webhook
    )
    with capture_logs() as logs:
        async with running(telegram):
            await stepping.looked()
            for failure in ("Connection refused", "Connection refused", "502", "", "502"):
                if failure:
                    server.webhook.failed_at, server.webhook.failure = clock.now(), failure
                await stepping.looked()

    told = [line["error"] for line in logs if line["event"] == "telegram.webhook_fails"]
    assert told == ["Connection refused", "502", "502"]


async def test_each_start_makes_a_new_secret(server: TelegramServer, telegram: Telegram) -> None:
    async with running(telegram):
        first = await listening(server)
    async with running(telegram):
        await server.until(lambda: len(server.called("getWebhookInfo")) == 2)

    assert first
    assert server.webhook.secret != first


async def test_an_address_in_use_is_tried_again(
    server: TelegramServer, desk: FakeDesk, clock: FakeClock, notebook: FakeNotebook
) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        webhook = Webhook(url=PUBLIC, host=HOST, port=taken.getsockname()[1])
        telegram = Telegram(
            server.token, desk=desk, clock=clock, notebook=notebook, api_url=server.url, webhook=webhook
        )
        async with running(telegram):
            await server.until(lambda: len(server.called("getMe")) == 3)

    assert not server.called("setWebhook")
