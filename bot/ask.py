"""`skewbell ask`: one command answered from the store, beside a running bot or without one."""

import asyncio
from random import random

from bot.app import a_reader, context_of
from bot.commands.context import Who
from bot.commands.errors import UsageError
from bot.commands.registry import answer, read
from bot.config import Settings
from bot.messages.document import Document, Heading, Tone
from bot.store import store_of
from bot.watching import closing, engine_of, sources_of
from monitors.jobs.funding import FundingJob
from monitors.jobs.pipeline import Pipeline
from monitors.ports import Clock
from storage.database import Database


async def ask(settings: Settings, clock: Clock, command: str) -> Document:
    """Answer a question; a command that changes what a chat is told belongs into that chat.

    Raises:
        StorageError: there is no database of this version to read.
    """
    if _changes_a_chat(command):
        text = "Expected a question such as /funding BTC: rules are changed in the bot's own chat (skewbell run)."
        return Document(blocks=(Heading(text=text, tone=Tone.ERROR),), failed=True)
    database = await Database.open_read_only(settings.database)
    try:
        store = store_of(database, settings.poll_interval)
        context = context_of(settings, store, store.rules, store.chats, clock, a_reader())
        return await answer(command, context)
    finally:
        await database.close()


async def poll_once(settings: Settings, clock: Clock) -> None:
    """Poll every venue once into the store, as a running bot would; what it finds is told at the next run.

    Raises:
        StorageError: the database cannot be written; a running bot holds it, and polls by itself.
    """
    database = await Database.open(settings.database)
    try:
        store = store_of(database, settings.poll_interval)
        pipeline = Pipeline(engine_of(settings, await store.memory(clock.now()), clock), store.journal, clock)
        async with closing(sources_of(settings, clock)) as sources, asyncio.TaskGroup() as group:
            for source in sources:
                job = FundingJob(source, pipeline, run_once=lambda *_: None, random=random)
                group.create_task(job.run())
    finally:
        await database.close()


def _changes_a_chat(command: str) -> bool:
    try:
        return read(command).who is not Who.MEMBER
    except UsageError:
        return False  # answered in words by answer()
