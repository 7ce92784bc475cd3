"""Kill -9 at the worst moments, and every alert is still told: at least once, and twice under one key only."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import pytest
import pytest_asyncio
from sqlite_utils import Database as Sql

from monitors.alerts.delivery import Alert
from monitors.alerts.states import Pending
from monitors.metrics.reading import Series
from monitors.simulator.server import Simulator
from storage import rows
from tests.fakes import FakeClock
from tests.flows.lives import WATCHED, Life
from tests.flows.world import MINUTE, a_market, episode, running
from tests.simulator.venues import START

ROOT = Path(__file__).parents[2]
END = 40.0
"""Minutes, in which the first two episodes are over."""
WRITES = ((1, 1), (2, 0.5), (3, 2), (5, 5), (4, 1), (9, 0.5), (11, 2), (16, 1))
"""Which step of writing letters kills a life, and how many minutes pass before that life.

A letter is inserted, leased and settled, each before a commit, with the next transaction after it: nine steps.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is left of a bot's lives."""

    ends: Sequence[int]
    """How each ended: 0, or minus the signal."""
    told: Sequence[Mapping[str, str]]
    """The chat's own diary: idempotency key and text."""
    letters: Sequence[tuple[str, str, Alert]]
    """State, key of the message, and the alert, oldest first, without changes of messages in place."""

    def keys(self) -> Counter[str]:
        """Count how often each message was sent."""
        return Counter(entry["key"] for entry in self.told)

    def reasons(self) -> dict[tuple[int, Series], list[str]]:
        """Return what was told of each rule and series, oldest first."""
        found: dict[tuple[int, Series], list[str]] = defaultdict(list)
        for _, _, alert in self.letters:
            found[alert.rule.id, alert.series].append(alert.reason.value)
        return found


def a_life(death: str = "none", nth: int = 1, *, minutes: float = END, downtime: float = 1) -> Life:
    return Life(death=death, nth=nth, minutes=minutes, downtime=downtime)


PLANS = {
    "unsent": [a_life("unsent"), a_life(minutes=9)],
    "unsettled": [a_life("unsettled"), a_life(minutes=9)],
    "still firing": [a_life(minutes=8), a_life(minutes=11)],
}


async def lived(plans: Mapping[str, Sequence[Life]], directory: Path) -> dict[str, Past]:
    """Lead all the lives in one process that forks them, and read what they left."""
    directories = {name: directory / name.replace(" ", "-") for name in plans}
    for each in directories.values():
        each.mkdir()
    plan = json.dumps({str(directories[name]): lives for name, lives in plans.items()})
    program = ("-m", "tests.flows.lives", plan)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    ends = json.loads(out)
    return {name: past(each, ends[str(each)]) for name, each in directories.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pasts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Past]:
    return await lived(PLANS, tmp_path_factory.mktemp("lives"))


def past(directory: Path, ends: Sequence[int]) -> Past:
    with Sql(directory / "skewbell.db") as sql:
        found = sql.execute(
            "SELECT state, batch, id, kind, payload FROM letters WHERE manner = 'tell' ORDER BY id"
        ).fetchall()
    diary = (directory / "diary").read_text(encoding="utf-8").splitlines()
    contents = [(state, str(batch or row_id), rows.content(*kept)) for state, batch, row_id, *kept in found]
    return Past(
        ends=ends,
        told=[json.loads(line) for line in diary],
        letters=[(state, key, alert) for state, key, alert in contents if isinstance(alert, Alert)],
    )


def test_killed_between_commit_and_send_it_is_told_once_after_the_restart(
    pasts: Mapping[str, Past],
) -> None:
    seen = pasts["unsent"]

    assert seen.ends == [-SIGKILL, 0]
    assert seen.letters
    assert seen.keys() == Counter(key for _, key, _ in seen.letters)
    assert set(seen.keys().values()) == {1}


def test_killed_between_send_and_settle_it_is_told_again_under_the_same_key(
    pasts: Mapping[str, Past],
) -> None:
    seen = pasts["unsettled"]
    first, *others = seen.told

    assert seen.ends == [-SIGKILL, 0]
    assert [entry["key"] for entry in others].count(first["key"]) == 1
    assert [n for key, n in seen.keys().items() if key != first["key"]] == [1] * (len(seen.keys()) - 1)


def test_a_restart_while_a_rule_is_firing_sends_nothing_again(pasts: Mapping[str, Past]) -> None:
    seen = pasts["still firing"]

    assert seen.ends == [0, 0]
    assert seen.letters
    assert {tuple(reasons) for reasons in seen.reasons().values()} == {("first",)}
    assert set(seen.keys().values()) == {1}


async def test_kills_at_every_step_of_writing_lose_no_alert_and_repeat_none(tmp_path: Path) -> None:
    deaths = [a_life("write", nth, downtime=downtime) for nth, downtime in WRITES]

    seen = (await lived({"writes": [*deaths, a_life()]}, tmp_path))["writes"]

    told = {(series.venue, series.base): reasons for (_, series), reasons in seen.reasons().items()}
    assert seen.ends == [-SIGKILL] * len(WRITES) + [0]
    assert {state for state, _, _ in seen.letters} == {"delivered"}
    assert {key for _, key, _ in seen.letters} == set(seen.keys())
    assert sum(seen.keys().values()) <= len(seen.keys()) + len(WRITES)
    assert {tuple(reasons) for reasons in told.values()} <= {("first",), ("first", "resolved")}
    assert {key for key in over_by_the_end() if told.get(key) != ["first", "resolved"]} == set()


def over_by_the_end() -> set[tuple[str, str]]:
    """Return the venues and coins whose episodes the model lets begin and end while the lives last."""
    found = set()
    for venue in WATCHED:
        crowd = episode(a_market(), venue, START)
        while crowd.ends < START + (END - 2) * MINUTE:
            found |= {(venue, crowd.base)} if crowd.sign > 0 else set()
            crowd = episode(a_market(), venue, crowd.begins + MINUTE)
    assert len(found) >= len(WATCHED)
    return found


async def test_a_restart_while_pending_keeps_the_time_and_does_not_count_the_downtime(tmp_path: Path) -> None:
    clock, held = FakeClock(present=START), 6 * MINUTE
    async with Simulator(a_market(length=60 * MINUTE), clock) as simulator:
        crowd = episode(simulator.market, "bybit", START, length=60 * MINUTE)
        async with running(simulator, clock, tmp_path) as world:
            await world.watch_until(crowd.begins - 2 * MINUTE)
            await world.say(f"{crowd.rule()} for 6m")
            await world.watch_until(crowd.begins + 3 * MINUTE)
            [pending] = (await world.bot.store.rules.states()).values()
            seen = (await world.bot.store.observations.health())["bybit"].answered_at
        clock.advance(10 * MINUTE)
        restarted = clock.now()
        async with running(simulator, clock, tmp_path) as world:
            await world.watch(8 * MINUTE)
            [first] = await world.alerts("first")

    assert isinstance(pending, Pending)
    assert seen is not None
    assert first.at == restarted + held - (seen - pending.since)
