"""A running server with its cast, and the real SDK pointed at it."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from tests.fakes import FakeClock
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM, GROUP, NEWS
from tests.loopback.telegram.server import TelegramServer
from tests.loopback.telegram.values import Status


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(clock) as running:
        members = {ANN: Status.CREATOR, BEN: Status.MEMBER}
        running.bot_becomes(ANN, Status.MEMBER, by=ANN)
        running.open(GROUP, members)
        running.open(DESK, members, bot=Status.ADMINISTRATOR)
        running.open(FORUM, members)
        running.open(NEWS, members, bot=Status.ADMINISTRATOR)
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    """Return an initialized bot with nothing left to be told."""
    async with Bot(server.token, base_url=server.base_url) as running:
        await running.delete_webhook(drop_pending_updates=True)
        yield running
