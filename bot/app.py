"""The composition root: alone constructs things, starts them, and ends them in order."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from bot.commands.completion import Vocabulary, vocabulary
from bot.commands.context import Asker, Context
from bot.commands.registry import answer
from bot.config import Settings
from bot.dispatcher import Dispatcher
from bot.front_desk import Desk
from bot.live_chats import LiveChats
from bot.live_liquidations import LiveLiquidations, StoredLiquidations
from bot.live_market import LiveMarket
from bot.messages.compose import compose
from bot.messages.document import Document
from bot.platforms.console import HERE
from bot.ports import ChatPlatform, Chats, RuleDesk
from bot.rule_desk import LiveRules
from bot.services import services_of
from bot.spam_guard import SpamGuard
from bot.store import Store, store_of
from bot.supervisor import keep_running
from bot.tally import CountingJournal, Tally
from bot.watching import Watching, closing, engine_of, sources_of, universe_of
from monitors.alerts.tick import Tick
from monitors.engine import Engine
from monitors.jobs.pipeline import Pipeline
from monitors.metrics.liquidations.cascades import QUIET
from monitors.ports import Clock
from storage.database import Database
from storage.errors import StorageError
from storage.retention import Retention, roll

QUIET_OF_A_DEMO = timedelta(seconds=15)
"""A simulated cascade is scaled in time, and so is the silence that ends it."""
_LAST_DISPATCH = 10.0
"""Seconds at the end for telling what waits; the rest is told after the next start."""

_log = structlog.get_logger(__name__)


class Bot:
    """A running bot, as its conversation sees it."""

    def __init__(
        self, settings: Settings, clock: Clock, store: Store, engine: Engine, *, simulated: bool
    ) -> None:
        """Wire the parts; nothing runs yet."""
        self.settings = settings
        self.clock = clock
        self.store = store
        changes = asyncio.Lock()
        self.chats = LiveChats(store.chats, store.rules, engine.book, clock, lock=changes)
        self.dispatcher = Dispatcher(store.outbox, self.chats, clock, partial(compose, simulated=simulated))
        self.desk = Desk(self._context, self.chats, SpamGuard(clock))
        self.market = LiveMarket(store.observations)
        self._liquidations = LiveLiquidations(engine.liquidations, store.liquidations, clock)
        self._journal = CountingJournal(store.journal, self._hear)
        self.pipeline = Pipeline(engine, self._journal, clock)
        self._rules = LiveRules(store.rules, engine.book, changes)
        self._simulated = simulated

    async def wake_up(self) -> None:
        """Learn what was kept, and take over what an earlier life was about to tell."""
        await self.market.load()
        await self.chats.load()
        await self.store.outbox.take_over(self.clock.now())

    @property
    def tally(self) -> Tally:
        """Return what the run came to so far."""
        return self._journal.tally

    async def answer(self, text: str) -> Document:
        """Answer one line of the console."""
        return await answer(text, self._context(an_owner()))

    async def vocabulary(self) -> Vocabulary:
        """Return the names that completion offers."""
        return await vocabulary(self._context(an_owner()))

    @asynccontextmanager
    async def telling(self, platform: ChatPlatform) -> AsyncIterator[None]:
        """Tell letters through a platform meanwhile."""
        lane = self.dispatcher.open(platform)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(lane.run())
            try:
                yield
            finally:
                task.cancel()

    def _context(self, asker: Asker) -> Context:
        context = context_of(self.settings, self.store, self._rules, self.chats, self.clock, asker)
        return replace(
            context, market=self.market, liquidations=self._liquidations, simulated=self._simulated
        )

    def _hear(self, tick: Tick) -> None:
        self.market.put(tick.observations)
        if tick.contents:
            self.dispatcher.wake()


Conversation = Callable[[Bot], Coroutine[None, None, None]]
"""Talks with people until they leave; it makes its platform known to the bot first."""


async def serve(
    settings: Settings, clock: Clock, conversation: Conversation, *, simulated: bool = False
) -> Tally:
    """Run the whole bot until the conversation ends or a signal comes, then end it in order.

    Monitors stop first, one last dispatch tells what waits, then exchanges and the database are closed.

    Raises:
        StorageError: the database cannot be used; while running, in a group with whatever ended because of it.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        store = store_of(database, settings.poll_interval)
        quiet = QUIET_OF_A_DEMO if simulated else QUIET
        engine = engine_of(settings, await store.memory(clock.now()), clock, quiet=quiet)
        gc.collect()
        gc.freeze()  # rules and the board live as long as the program: no collection need walk them
        sources = await stack.enter_async_context(closing(sources_of(settings, clock)))
        bot = Bot(settings, clock, store, engine, simulated=simulated)
        await bot.wake_up()
        _log.info("bot.started", venues=len(sources), rules=len(engine.book), database=str(settings.database))
        before = await store.outbox.counts()
        watching = Watching(
            settings=settings, clock=clock, store=store, engine=engine, pipeline=bot.pipeline, clients=sources
        )
        await _until_the_end(bot, watching, conversation)
        after = await store.outbox.counts()
        bot.tally.delivered = after.delivered - before.delivered
        bot.tally.lost = after.waiting + after.refused - before.refused
    _log.info("bot.stopped")
    return bot.tally


def context_of(
    settings: Settings, store: Store, rules: RuleDesk, chats: Chats, clock: Clock, asker: Asker
) -> Context:
    """Return what a command is given now."""
    return Context(
        market=store.observations,
        liquidations=StoredLiquidations(
            store.liquidations, universe_of(settings), settings.stale_after, clock
        ),
        rules=rules,
        backlog=store.outbox,
        chats=chats,
        silences=store.silences,
        records=store.records,
        asker=asker,
        now=clock.now(),
        venues=settings.venues,
        poll_interval=settings.poll_interval,
        stale_after=settings.stale_after,
        min_open_interest=settings.min_open_interest,
    )


def an_owner() -> Asker:
    """Return whoever sits at the console: the program is theirs."""
    return _at_the_console(is_admin=True)


def a_reader() -> Asker:
    """Return whoever asks from outside the running bot."""
    return _at_the_console(is_admin=False)


def _at_the_console(*, is_admin: bool) -> Asker:
    async def answer_for_all() -> bool:
        return is_admin

    return Asker(destination=HERE, user="console", name="console", is_admin=answer_for_all, private=True)


async def _until_the_end(bot: Bot, watching: Watching, conversation: Conversation) -> None:
    async with asyncio.TaskGroup() as group:
        monitors = [group.create_task(watching.run(partial(_retain, bot)))]
        services = services_of(bot.settings, bot.desk, bot.store.notebook, bot.clock)
        platforms = [group.create_task(_keep(bot, one.name, one.run)) for one in services]
        lanes = [group.create_task(_keep(bot, "lane", bot.dispatcher.open(one).run)) for one in services]
        talking = group.create_task(conversation(bot))
        with _interruptible(talking):
            await asyncio.wait([talking])
        await _end(monitors)
        await _end(lanes)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_DISPATCH):
                await bot.dispatcher.drain(ahead=bot.store.group_wait)
        await _end(platforms)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def _keep(bot: Bot, part: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
    await keep_running(part, run, bot.clock, fatal=(StorageError,))


@contextmanager
def _interruptible(task: asyncio.Task[None]) -> Iterator[None]:
    """End a task at Ctrl-C or when the system asks the program to stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _retain(bot: Bot) -> None:
    await roll(bot.store.database, bot.clock.now(), Retention())
    await bot.chats.purge()
