from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.app import Bot, a_reader, an_owner, context_of, serve
from bot.commands.context import Who
from bot.messages.plain import as_text
from bot.platforms.console import HERE
from bot.store import Store, store_of
from bot.watching import closing, engine_of, sources_of
from monitors.alerts.delivery import Deferred
from monitors.alerts.rules import Destination
from monitors.alerts.tick import Tick
from monitors.clock import SystemClock
from monitors.engine import Memory
from storage.database import Database
from tests.bot.markets import a_market, settings_for
from tests.builders import NOON, a_rule, an_alert, an_observation
from tests.fakes import FakeClock, FakePlatform, FakeSource

MINUTE = timedelta(minutes=1)


def a_store(database: Database) -> Store:
    return store_of(database, MINUTE)


async def a_letter_waits(path: Path) -> None:
    """Leave a database in which an alert of just now waits for its group."""
    now = SystemClock().now()
    database = await Database.open(path)
    await a_store(database).journal.commit(Tick(at=now, contents=(an_alert(at=now),)))
    await database.close()


async def test_there_is_a_source_for_each_configured_venue(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "okx", "bybit")

    sources = sources_of(settings, FakeClock())

    assert [source.venue for source in sources] == ["okx", "bybit"]


async def test_every_source_is_closed_even_when_the_work_fails() -> None:
    sources = (FakeSource(venue="okx"), FakeSource(venue="bybit"))

    with pytest.raises(ValueError, match="a defect"):
        async with closing(sources):
            raise ValueError("a defect")

    assert [source.closed for source in sources] == [True, True]


async def test_the_engine_goes_on_where_the_store_left_off(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path, "bybit"), FakeClock()
    memory = Memory(observations=[an_observation("bybit")], rules=[a_rule(1), a_rule(2)])

    engine = engine_of(settings, memory, clock)

    assert len(engine.book) == 2


async def test_a_context_carries_what_is_configured_and_the_present(
    tmp_path: Path, database: Database
) -> None:
    settings, clock, store = settings_for(tmp_path, "okx", "bybit"), FakeClock(), a_store(database)

    context = context_of(settings, store, store.rules, store.chats, clock, a_reader())

    assert (context.venues, context.now) == (("okx", "bybit"), NOON)
    assert (context.poll_interval, context.stale_after) == (MINUTE, 3 * MINUTE)
    assert context.min_open_interest == 1_000_000
    assert context.destination == HERE
    assert not context.simulated


async def test_the_console_is_its_owners_and_a_question_from_outside_changes_nothing(
    tmp_path: Path, database: Database
) -> None:
    settings, clock, store = settings_for(tmp_path, "bybit"), FakeClock(), a_store(database)

    allowed = [
        await context_of(settings, store, store.rules, store.chats, clock, asker).allows(Who.EDITOR)
        for asker in (an_owner(), a_reader())
    ]

    assert allowed == [True, False]


async def test_rules_of_a_platform_that_is_not_set_up_wait(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "bybit")
    elsewhere = a_rule(2, destination=Destination(platform="telegram", chat="-100"))

    with structlog.testing.capture_logs() as logs:
        engine = engine_of(settings, Memory(rules=[a_rule(1), elsewhere]), FakeClock())

    assert len(engine.book) == 1
    assert [(line["event"], line["count"]) for line in logs] == [("rules.waiting", 1)]


@dataclass(slots=True)
class Talk:
    """A conversation that puts its lines and leaves."""

    lines: Sequence[str]
    platform: FakePlatform
    answers: list[str]

    async def __call__(self, bot: Bot) -> None:
        async with bot.telling(self.platform):
            self.answers += [as_text(await bot.answer(line)) for line in self.lines]
            self.answers += (await bot.vocabulary()).venues


async def test_a_conversation_is_answered_and_its_end_ends_the_bot(tmp_path: Path) -> None:
    talk = Talk(("/alert add funding BTC above 40% apr", "/nonsense"), FakePlatform(), [])
    async with a_market(tmp_path, "bybit") as (_, settings):
        await serve(settings, SystemClock(), talk, simulated=True)

    added, unknown, *venues = talk.answers
    assert added.startswith("SIMULATED")
    assert "Rule 1 is kept" in added
    assert "Expected /funding" in unknown
    assert venues == ["bybit"]


async def test_rules_given_in_a_conversation_are_kept_and_watched_by(tmp_path: Path) -> None:
    async def talk(bot: Bot) -> None:
        await bot.answer("/alert add funding BTC above 40% apr")

    async with a_market(tmp_path, "bybit") as (_, settings):
        await serve(settings, SystemClock(), talk)

    database = await Database.open_read_only(settings.database)
    (rule,) = await a_store(database).rules.of(HERE)
    await database.close()
    assert rule.selector.base == "BTC"


async def test_at_the_end_what_waits_for_its_group_is_told(tmp_path: Path) -> None:
    talk = Talk((), FakePlatform(), [])
    async with a_market(tmp_path, "bybit") as (_, settings):
        await a_letter_waits(settings.database)

        tally = await serve(settings, SystemClock(), talk)

    assert len(talk.platform.sent) == 1
    assert (tally.delivered, tally.lost) == (1, 0)


async def test_what_cannot_be_told_at_the_end_waits_for_the_next_start(tmp_path: Path) -> None:
    talk = Talk((), FakePlatform(outcomes=[Deferred(after=timedelta(hours=1))]), [])
    async with a_market(tmp_path, "bybit") as (_, settings):
        await a_letter_waits(settings.database)

        tally = await serve(settings, SystemClock(), talk)

    database = await Database.open_read_only(settings.database)
    counts = await a_store(database).outbox.counts()
    await database.close()
    assert (tally.delivered, tally.lost) == (0, 1)
    assert counts.waiting == 1


async def test_history_is_kept_while_people_talk(tmp_path: Path) -> None:
    async def talk(bot: Bot) -> None:
        while not await bot.store.observations.backfills():
            await bot.clock.sleep(timedelta(milliseconds=10))

    async with a_market(tmp_path, "bybit") as (_, settings):
        watching = settings.model_copy(update={"backfill_days": 2})

        await serve(watching, SystemClock(), talk)

    database = await Database.open_read_only(settings.database)
    spans = await a_store(database).observations.backfills()
    await database.close()
    assert all(span.until - span.since == timedelta(days=2) for span in spans.values())


async def test_sources_are_closed_and_the_file_is_free_after_a_conversation_that_failed(
    tmp_path: Path,
) -> None:
    async def talk(_: Bot) -> None:
        raise LookupError("a defect")

    async with a_market(tmp_path, "bybit") as (_, settings):
        with pytest.raises(ExceptionGroup) as caught:
            await serve(settings, SystemClock(), talk)

    await (await Database.open(settings.database)).close()
    assert caught.group_contains(LookupError, match="a defect")
