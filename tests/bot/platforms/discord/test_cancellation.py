"""The end of a bot whose gateway is silent: discord.py swallows a cancellation while it reconnects."""

import asyncio
import logging

import pytest
from typing_extensions import override

from tests.bot.platforms.discord.lives import a_platform
from tests.loopback.discord.faults import SOCKET, Silence
from tests.loopback.discord.gateway import ABNORMAL
from tests.loopback.discord.server import PATIENCE_SECONDS, DiscordServer


class Reconnects(logging.Handler):
    """Rings at the first reconnect, which discord.py logs right before it asks for a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Got a request to"):
            self.begun.set()


async def test_it_ends_when_it_is_cancelled_in_the_middle_of_a_reconnect(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reconnects, shards = Reconnects(), logging.getLogger("discord.shard")
    caplog.set_level("DEBUG", logger=shards.name)
    shards.addHandler(reconnects)
    try:
        async with DiscordServer() as server, asyncio.TaskGroup() as tasks:
            running = tasks.create_task(a_platform(server).run())
            await server.until(lambda: server.gateway.connected)
            server.fail(Silence(), on=SOCKET)
            await server.gateway.close(ABNORMAL)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reconnects.begun.wait()
            running.cancel()
            ended, _ = await asyncio.wait({running}, timeout=PATIENCE_SECONDS)
            running.cancel()
            server.heal()
    finally:
        shards.removeHandler(reconnects)

    assert ended
