"""A tick becomes fact whole, or not at all; also when the machine dies in the middle."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerts.rules import Rule
from monitors.alerts.states import Firing
from monitors.alerts.tick import Tick
from monitors.metrics.liquidations.values import Heard
from storage.database import Database
from storage.journal import Journal
from storage.liquidations import Liquidations
from storage.observations import Observations
from storage.outbox import Outbox
from storage.rules import Rules
from tests.builders import NOON, a_health, a_rule, a_series, an_alert, an_instrument, an_observation
from tests.storage.forced_closes import (
    a_book,
    a_bucket,
    a_cascade,
    a_feed,
    a_followed,
    a_gap,
    a_print,
)

ROOT = Path(__file__).parents[2]
FIRING = Firing(since=NOON, told_at=NOON, told_value=0.001, peak=0.002, shown_at=NOON, shown_value=0.001)


def _a_journal(database: Database) -> Journal:
    return Journal(database, Observations(database), Outbox(database, group_wait=timedelta(0)))


def _a_tick(rule: Rule, *, retired: tuple[int, ...] = ()) -> Tick:
    return Tick(
        at=NOON,
        observations=(an_observation(),),
        intervals=((an_instrument(), timedelta(hours=8)),),
        states=(((rule.id, a_series()), FIRING),),
        retired=retired,
        contents=(an_alert(rule=rule),),
        health=a_health(),
        heard=Heard(
            prints=(a_print(instrument=an_instrument("okx")),),
            feeds=(a_feed(),),
            gaps=(a_gap(),),
            buckets=(a_bucket(),),
            cascades=(a_cascade(),),
            books=(a_book(),),
        ),
        followed=(((rule.id, a_series(), NOON), a_followed()),),
    )


POLLED = ("instruments", "polls", "latest", "observations", "states", "letters", "venues")
HEARD = ("prints", "feeds", "gaps", "buckets", "cascades", "books", "followed")


async def _everything(database: Database, tables: tuple[str, ...] = POLLED) -> tuple[int, ...]:
    return await database.read(lambda sql: tuple(sql.table(name).count for name in tables))


async def test_a_tick_is_stored_with_all_its_parts(database: Database) -> None:
    rule = await Rules(database).add(a_rule())

    await _a_journal(database).commit(_a_tick(rule))

    assert await _everything(database) == (2, 1, 1, 1, 1, 1, 1)
    assert await _everything(database, HEARD) == (1, 1, 1, 1, 1, 1, 1)
    assert await Observations(database).intervals() == {an_instrument(): timedelta(hours=8)}


async def test_a_failure_in_its_last_part_leaves_nothing_of_a_tick(database: Database) -> None:
    rule = await Rules(database).add(a_rule())
    await database.write(
        lambda sql: sql.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON letters BEGIN SELECT RAISE(ABORT, 'no letters'); END"
        )
    )

    with pytest.raises(Exception, match="no letters"):
        await _a_journal(database).commit(_a_tick(rule))

    assert await _everything(database, (*POLLED, *HEARD)) == (0,) * 14


async def test_after_a_tick_that_failed_the_next_prints_belong_to_their_own_instruments(
    database: Database,
) -> None:
    rule = await Rules(database).add(a_rule())
    journal = _a_journal(database)
    await database.write(
        lambda sql: sql.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON followed BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    )
    with pytest.raises(Exception, match="not this one"):
        await journal.commit(_a_tick(rule))
    heard = [a_print(instrument=an_instrument("gate")), a_print(instrument=an_instrument("okx"))]

    for one in heard:
        await journal.commit(Tick(at=NOON, observations=(an_observation("htx"),), heard=Heard(prints=(one,))))

    before = await Liquidations(database).heard_before(NOON)
    assert sorted(before.prints, key=hash) == sorted(heard, key=hash)


async def test_a_retired_rule_goes_with_its_states_and_its_letter_is_still_told(database: Database) -> None:
    rule = await Rules(database).add(a_rule())

    await _a_journal(database).commit(_a_tick(rule, retired=(rule.id,)))
    letters = await Outbox(database, group_wait=timedelta(0)).claim("console", NOON, 10)

    assert await Rules(database).load_all() == []
    assert await Rules(database).states() == {}
    assert [letter.contents for letter in letters] == [(an_alert(rule=rule),)]


async def test_an_empty_tick_changes_nothing(database: Database) -> None:
    await _a_journal(database).commit(Tick(at=NOON))

    assert await _everything(database, (*POLLED, *HEARD)) == (0,) * 14


@pytest.mark.parametrize("commits", [1, 7, 40])
async def test_a_kill_in_the_middle_of_many_commits_loses_no_commit_and_leaves_no_half(
    path: Path, commits: int
) -> None:
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.storage.busy_bot", str(path)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    told = [int(await bot.stdout.readline()) for _ in range(commits)]
    bot.kill()
    told += [int(line) async for line in bot.stdout if line.endswith(b"\n")]
    await bot.wait()

    database = await Database.open(path)
    _, polls, _, minutes, states, letters, _ = await _everything(database)
    prints, *_ = await _everything(database, HEARD)
    sound = await database.read(lambda sql: sql.execute("PRAGMA integrity_check").fetchone()[0])
    await database.close()

    assert sound == "ok"
    assert polls in {len(told), len(told) + 1}
    assert (minutes, states, letters, prints) == (20 * polls, polls, polls, 10 * polls)
