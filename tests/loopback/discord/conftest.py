"""A server for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.loopback.discord.server import DiscordServer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@pytest_asyncio.fixture
async def channel(server: DiscordServer) -> int:
    """Return a channel of the server's one guild."""
    return server.world.add_channel(server.world.add_guild())
