"""A loopback Telegram with people and rooms in it, and a bot that is not yet running."""

from collections.abc import AsyncIterator

import pytest

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk
from tests.fakes import FakeClock, FakeNotebook
from tests.loopback.telegram import Status, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM, GROUP, NEWS


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(clock) as running:
        members = {ANN: Status.CREATOR, BEN: Status.MEMBER}
        running.open(GROUP, members)
        running.open(DESK, members, bot=Status.ADMINISTRATOR)
        running.open(FORUM, members)
        running.open(NEWS, members, bot=Status.ADMINISTRATOR)
        yield running


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def notebook() -> FakeNotebook:
    return FakeNotebook()


@pytest.fixture
def telegram(server: TelegramServer, desk: FakeDesk, clock: FakeClock, notebook: FakeNotebook) -> Telegram:
    return Telegram(server.token, desk=desk, clock=clock, notebook=notebook, api_url=server.url)
