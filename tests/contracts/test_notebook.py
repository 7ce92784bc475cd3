"""`bot.platforms.ports.Notebook`: small facts that outlive a restart."""

import pytest

from bot.platforms.ports import Notebook
from storage import notebook as stored
from storage.database import Database
from tests.fakes import FakeNotebook


@pytest.fixture(params=["storage", "fake"])
def notebook(request: pytest.FixtureRequest, database: Database) -> Notebook:
    return stored.Notebook(database) if request.param == "storage" else FakeNotebook()


async def test_nothing_is_known_at_first(notebook: Notebook) -> None:
    assert await notebook.recall("offset") is None


async def test_a_fact_takes_the_place_of_what_had_its_name(notebook: Notebook) -> None:
    await notebook.remember("offset", "1")
    await notebook.remember("hash", "")
    await notebook.remember("offset", "2")

    assert [await notebook.recall(name) for name in ("offset", "hash", "other")] == ["2", "", None]
