from datetime import timedelta
from pathlib import Path

import pytest

from bot.ask import ask, poll_once
from bot.commands.context import Who
from bot.commands.registry import COMMANDS
from bot.messages.plain import as_text
from bot.store import store_of
from monitors.alerts.tick import Tick
from monitors.clock import SystemClock
from monitors.market import Observation, VenueHealth
from monitors.metrics.liquidations.values import Heard
from monitors.simulator.faults import Fault
from storage.database import Database
from storage.errors import LockedError, NotMigratedError
from tests.bot.liquidated import a_feed, a_print
from tests.bot.markets import a_market, settings_for
from tests.builders import NOON, a_health, a_level, a_rule, an_observation
from tests.fakes import FakeClock
from tests.storage.forced_closes import commit

CHANGING = [f"/{command.name}" for command in COMMANDS if command.who is Who.ADMIN]


async def kept(path: Path) -> tuple[list[Observation], dict[str, VenueHealth]]:
    """Return what a database holds of the market."""
    database = await Database.open_read_only(path)
    try:
        store = store_of(database, settings_for(path.parent, "bybit").poll_interval)
        return list(await store.observations.latest()), dict(await store.observations.health())
    finally:
        await database.close()


async def test_a_question_is_answered_from_the_store(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path, "bybit"), FakeClock()
    database = await Database.open(settings.database)
    observation = an_observation("bybit", rate=0.0008)
    tick = Tick(at=clock.now(), observations=(observation,), health=a_health("bybit"))
    await store_of(database, settings.poll_interval).journal.commit(tick)
    await database.close()

    document = await ask(settings, clock, "/funding BTC")

    assert not document.failed
    assert as_text(document).startswith("BTC funding on bybit: longs pay shorts +87.60 % APR")


async def test_liquidations_are_told_as_of_when_the_bot_last_heard(tmp_path: Path) -> None:
    settings, clock = settings_for(tmp_path, "bybit", "hyperliquid"), FakeClock()
    database = await Database.open(settings.database)
    await commit(database, Heard(prints=(a_print(1, 7e6),), feeds=(a_feed(heard_at=NOON),)))
    await database.close()
    clock.advance(timedelta(minutes=20))

    hour, minute, feeds = [
        as_text(await ask(settings, clock, line)) for line in ("/liq btc", "/liq btc 1m", "/status feeds")
    ]

    assert hour.startswith("BTC, last 1h: ≥ $7M liquidated, 100 % longs")
    assert "as of 2026-03-14 12:00:00 UTC" in hour
    assert "left out: bybit (last heard 12:00), hyperliquid (no public feed)" in hour
    assert minute.startswith("BTC, last 1m: not known, no feed of liquidations was heard")
    assert feeds.startswith("0 of 1 feed of liquidations live")


async def test_a_question_is_answered_beside_a_running_bot(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "bybit")
    database = await Database.open(settings.database)

    document = await ask(settings, FakeClock(), "/status")
    await database.close()

    assert not document.failed


async def test_without_a_store_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(NotMigratedError, match="start the bot once"):
        await ask(settings_for(tmp_path, "bybit"), FakeClock(), "/status")


@pytest.mark.parametrize("command", CHANGING)
async def test_what_a_chat_is_told_is_not_changed_from_outside(tmp_path: Path, command: str) -> None:
    settings = settings_for(tmp_path, "bybit")
    await (await Database.open(settings.database)).close()

    document = await ask(settings, FakeClock(), f"{command} 1 40%apr")

    assert document.failed


async def test_polling_once_fills_the_store(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit", "gate") as (_, settings):
        await poll_once(settings, SystemClock())

    observations, health = await kept(settings.database)
    assert {observation.funding.instrument.venue for observation in observations} == {"bybit", "gate"}
    assert set(health) == {"bybit", "gate"}


async def test_a_venue_that_fails_leaves_the_others_their_answer(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit", "gate") as (simulator, settings):
        simulator.set_fault("gate", Fault.SERVER_ERROR)

        await poll_once(settings, SystemClock())

    observations, health = await kept(settings.database)
    assert {observation.funding.instrument.venue for observation in observations} == {"bybit"}
    assert health["gate"].failures == 1


async def test_what_polling_once_finds_waits_to_be_told_by_the_bot(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit") as (_, settings):
        database = await Database.open(settings.database)
        store = store_of(database, settings.poll_interval)
        await store.rules.add(a_rule(base=None, level=a_level(-1.0)))
        rules = await store.rules.load_all()
        await database.close()

        await poll_once(settings, SystemClock())

    reopened = await Database.open_read_only(settings.database)
    states = await store_of(reopened, settings.poll_interval).rules.states()
    counts = await store_of(reopened, settings.poll_interval).outbox.counts()
    await reopened.close()
    assert {rule for rule, _ in states} == {rule.id for rule in rules}
    assert counts.waiting == len(states)


async def test_polling_beside_a_running_bot_is_refused_before_any_venue_is_asked(tmp_path: Path) -> None:
    async with a_market(tmp_path, "bybit") as (simulator, settings):
        running = await Database.open(settings.database)

        with pytest.raises(LockedError):
            await poll_once(settings, SystemClock())
        await running.close()

    assert simulator.requests.total() == 0
