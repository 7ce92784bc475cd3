from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import GROUP_WAIT, store_of
from monitors.alerts.states import Firing
from monitors.alerts.tick import Tick
from monitors.metrics.liquidations.values import Heard
from storage.database import Database
from tests.builders import NOON, a_health, a_rule, a_series, an_observation
from tests.storage.forced_closes import a_followed, a_print

MINUTE = timedelta(minutes=1)
FIRING = Firing(since=NOON, told_at=NOON, told_value=1.0, peak=1.0, shown_at=NOON, shown_value=1.0)


async def test_everything_is_handed_back_after_a_restart(path: Path) -> None:
    database = await Database.open(path)
    rule = await store_of(database, MINUTE).rules.add(a_rule())
    observation, state = an_observation("bybit"), ((rule.id, a_series()), FIRING)
    interval = (observation.funding.instrument, timedelta(hours=8))
    tick = Tick(
        at=NOON,
        observations=(observation,),
        intervals=(interval,),
        states=(state,),
        health=a_health("bybit"),
        heard=Heard(prints=(a_print(),)),
        followed=(((rule.id, a_series(), NOON), a_followed()),),
    )
    await store_of(database, MINUTE).journal.commit(tick)
    await database.close()

    reopened = await Database.open(path)
    memory = await store_of(reopened, MINUTE).memory(NOON)
    await reopened.close()

    assert list(memory.observations) == [observation]
    assert list(memory.intervals) == [interval]
    assert list(memory.health) == [a_health("bybit")]
    assert list(memory.rules) == [rule]
    assert list(memory.states) == [state]
    assert list(memory.heard.prints) == [a_print()]
    assert list(memory.followed) == [((rule.id, a_series(), NOON), a_followed())]


async def test_a_new_store_has_nothing_to_hand_back(database: Database) -> None:
    memory = await store_of(database, MINUTE).memory(NOON)

    assert not any((memory.observations, memory.intervals, memory.health, memory.rules, memory.states))
    assert not any((memory.heard.prints, memory.heard.buckets, memory.heard.cascades, memory.followed))


@pytest.mark.parametrize(
    ("poll", "wait"), [(MINUTE, GROUP_WAIT), (timedelta(seconds=6), timedelta(seconds=2))]
)
async def test_a_group_waits_at_most_a_third_of_the_poll_interval(
    database: Database, poll: timedelta, wait: timedelta
) -> None:
    assert store_of(database, poll).group_wait == wait
