"""A bot that tells on both platforms, composed as the program composes it; only nobody polls any venue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import HttpUrl, SecretStr

from bot.app import Bot
from bot.config import Settings
from bot.services import Service, services_of
from bot.store import Store, store_of
from bot.watching import engine_of
from monitors.alerts.delivery import Content
from monitors.ports import Clock
from storage.database import Database

_NO_ENV_FILE: dict[str, Any] = {"_env_file": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where the platforms are, and how the bot is let in."""

    telegram_url: str
    telegram_token: str
    discord_url: str
    discord_token: str


@asynccontextmanager
async def connecting(path: Path, doors: Doors, clock: Clock) -> AsyncIterator[tuple[Bot, Sequence[Service]]]:
    """Answer people, and be ready to tell, until left."""
    settings = Settings(
        **_NO_ENV_FILE,
        database=path,
        telegram_api_url=HttpUrl(doors.telegram_url),
        telegram_bot_token=SecretStr(doors.telegram_token),
        discord_api_url=HttpUrl(doors.discord_url),
        discord_bot_token=SecretStr(doors.discord_token),
    )
    async with AsyncExitStack() as stack:
        database = await Database.open(path)
        stack.push_async_callback(database.close)
        store = store_of(database, settings.poll_interval)
        bot = Bot(
            settings,
            clock,
            store,
            engine_of(settings, await store.memory(clock.now()), clock),
            simulated=False,
        )
        await bot.wake_up()
        services = services_of(settings, bot.desk, store.notebook, clock)
        await stack.enter_async_context(_meanwhile([service.run for service in services]))
        yield bot, services


@asynccontextmanager
async def telling(path: Path, doors: Doors, clock: Clock) -> AsyncIterator[Bot]:
    """Tell what waits in a file, and answer people, until left."""
    async with (
        connecting(path, doors, clock) as (bot, services),
        _meanwhile([bot.dispatcher.open(service).run for service in services]),
    ):
        yield bot


@asynccontextmanager
async def _meanwhile(jobs: Sequence[Callable[[], Coroutine[None, None, None]]]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job()) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def put(store: Store, contents: Iterable[Content], clock: Clock) -> None:
    """Let contents wait in the outbox as if their group wait were over."""
    since = clock.now() - store.group_wait
    await store.database.write(lambda sql: store.outbox.put(sql, contents, since))


async def put_ahead(path: Path, contents: Iterable[Content], clock: Clock) -> None:
    """Let contents wait in the file of a bot that does not run."""
    database = await Database.open(path)
    try:
        await put(store_of(database, Settings(**_NO_ENV_FILE).poll_interval), contents, clock)
    finally:
        await database.close()
