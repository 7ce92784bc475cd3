"""`monitors.ports.Journal`: where a tick becomes fact."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import pytest

from bot.tally import CountingJournal
from monitors.alerts.delivery import Content
from monitors.alerts.states import Firing, RuleKey, RuleState
from monitors.alerts.tick import Tick
from monitors.liquidation import Liquidation
from monitors.market import Observation, VenueHealth
from monitors.metrics.liquidations.values import Cascade, Heard, Totals
from monitors.ports import Journal
from storage import journal as stored
from storage.database import Database
from storage.liquidations import Liquidations
from storage.observations import Observations
from storage.outbox import Outbox
from storage.records import Records
from storage.rules import Rules
from tests.builders import (
    HOME,
    NOON,
    a_cascade,
    a_health,
    a_liquidation,
    a_rule,
    a_series,
    an_alert,
    an_observation,
)
from tests.fakes import FakeJournal

FIRING = Firing(since=NOON, told_at=NOON, told_value=1.0, peak=1.0, shown_at=NOON, shown_value=1.0)
RULE = a_rule(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a journal has made fact."""

    observations: Sequence[Observation] = ()
    health: Sequence[VenueHealth] = ()
    states: Mapping[RuleKey, RuleState]
    contents: Sequence[Content] = ()
    prints: Sequence[Liquidation] = ()
    cascades: Sequence[Cascade] = ()


class Kept(Protocol):
    """A journal, and a look at what it has kept."""

    journal: Journal

    async def facts(self) -> Facts: ...


class Stored:
    def __init__(self, database: Database) -> None:
        self._observations = Observations(database)
        self._rules = Rules(database)
        self._records = Records(database)
        self._liquidations = Liquidations(database)
        outbox = Outbox(database, group_wait=timedelta(0))
        self.journal: Journal = stored.Journal(database, self._observations, outbox)

    async def facts(self) -> Facts:
        letters = await self._records.told(HOME, 10)
        heard = await self._liquidations.heard_before(NOON)
        return Facts(
            observations=await self._observations.latest(),
            health=tuple((await self._observations.health()).values()),
            states=await self._rules.states(),
            contents=[content for letter in reversed(letters) for content in letter.contents],
            prints=heard.prints,
            cascades=heard.cascades,
        )


class Faked:
    def __init__(self) -> None:
        self._fake = FakeJournal()
        self.journal: Journal = self._fake

    async def facts(self) -> Facts:
        states: dict[RuleKey, RuleState] = {}
        for tick in self._fake.ticks:
            for key, state in tick.states:
                states.pop(key, None)
                states |= {} if state is None else {key: state}
        return Facts(
            observations=[observation for tick in self._fake.ticks for observation in tick.observations],
            health=tuple(tick.health for tick in self._fake.ticks if tick.health is not None),
            states=states,
            contents=[content for tick in self._fake.ticks for content in tick.contents],
            prints=list(dict.fromkeys(one for tick in self._fake.ticks for one in tick.heard.prints)),
            cascades=list(
                {(c.base, c.opened_at): c for tick in self._fake.ticks for c in tick.heard.cascades}.values()
            ),
        )


@pytest.fixture(params=["storage", "fake", "counting over storage", "counting over fake"])
async def kept(request: pytest.FixtureRequest, database: Database) -> Kept:
    await Rules(database).add(RULE)
    inner: Stored | Faked = Stored(database) if "storage" in request.param else Faked()
    if "counting" in request.param:
        inner.journal = CountingJournal(inner.journal, _nobody)
    return inner


def _nobody(_: Tick) -> None:
    """Listen to nothing."""


WHOLE = Tick(
    at=NOON,
    observations=(an_observation("bybit"),),
    states=(((1, a_series()), FIRING),),
    contents=(an_alert(rule=RULE),),
    health=a_health("bybit"),
    heard=Heard(prints=(a_liquidation(),), cascades=(a_cascade(),)),
)
NOTHING = Facts(observations=[], states={}, contents=[], prints=[], cascades=[])


def whole() -> Facts:
    return Facts(
        observations=list(WHOLE.observations),
        health=(a_health("bybit"),),
        states={(1, a_series()): FIRING},
        contents=list(WHOLE.contents),
        prints=list(WHOLE.heard.prints),
        cascades=list(WHOLE.heard.cascades),
    )


async def test_all_of_a_tick_becomes_fact(kept: Kept) -> None:
    await kept.journal.commit(WHOLE)

    assert await kept.facts() == whole()


async def test_a_tick_without_anything_is_no_fact(kept: Kept) -> None:
    await kept.journal.commit(Tick(at=NOON))

    assert await kept.facts() == NOTHING


async def test_a_later_tick_adds_to_the_one_before(kept: Kept) -> None:
    await kept.journal.commit(Tick(at=NOON, observations=WHOLE.observations, states=WHOLE.states))

    await kept.journal.commit(Tick(at=NOON, contents=WHOLE.contents, health=WHOLE.health, heard=WHOLE.heard))

    assert await kept.facts() == whole()


async def test_a_state_that_came_to_rest_is_forgotten(kept: Kept) -> None:
    await kept.journal.commit(WHOLE)

    await kept.journal.commit(Tick(at=NOON, states=(((1, a_series()), None),)))

    assert (await kept.facts()).states == {}


async def test_a_print_heard_again_is_one_fact_and_a_cascade_that_grew_takes_its_own_place(
    kept: Kept,
) -> None:
    await kept.journal.commit(WHOLE)
    grown = replace(a_cascade(), totals=Totals(9e6, 0.0, 200))

    await kept.journal.commit(Tick(at=NOON, heard=replace(WHOLE.heard, cascades=(grown,))))

    assert await kept.facts() == replace(whole(), cascades=[grown])


async def test_a_commit_cancelled_under_way_is_whole_or_nothing(kept: Kept) -> None:
    async with asyncio.TaskGroup() as group:
        committing = group.create_task(kept.journal.commit(WHOLE))
        group.create_task(_cancel(committing.cancel))

    assert await kept.facts() in (whole(), NOTHING)


async def _cancel(cancel: Callable[[], bool]) -> None:
    cancel()
