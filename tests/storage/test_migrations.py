"""A file of an earlier version is brought up to date, and what it kept still holds."""

from pathlib import Path

import pytest

from monitors.alerts.states import Firing
from storage import migrations, rows
from storage.database import Database
from storage.rules import Rules
from tests.builders import NOON, a_rule, a_series

FIRING = Firing(since=NOON, told_at=NOON, told_value=0.1, peak=0.1, shown_at=NOON, shown_value=0.1)

INTO_RULES = "INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INTO_STATES = "INSERT INTO states VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


async def test_rules_and_states_of_before_there_were_sides_and_windows_go_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, series = a_rule(3), a_series()
    *kept, _, _ = rows.rule_row(rule)
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:4])
        older = await Database.open(path)
        await older.write(lambda sql: sql.execute(INTO_RULES, (3, *kept)))
        await older.write(
            lambda sql: sql.execute(
                INTO_STATES,
                (3, *series[:2], series.margin.value, *series[3:5], *rows.state_row(FIRING)),
            )
        )
        await older.close()

    database = await Database.open(path)
    found, states = await Rules(database).load_all(), await Rules(database).states()
    await database.close()

    assert found == [rule]
    assert states == {(3, series): FIRING}
