"""Silences from one start to the next."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitors.alerts.chats import Silence
from storage.database import Database
from storage.silences import Silences
from tests.builders import HOME, NOON

HOUR = timedelta(hours=1)
SILENCE = Silence(destination=HOME, since=NOON, until=NOON + HOUR)


async def test_silences_survive_a_restart_with_all_their_fields(path: Path) -> None:
    kept = [
        replace(SILENCE, base="BTC", rule=7),
        replace(SILENCE, until=NOON + 2 * HOUR, episode="7/x"),
        replace(SILENCE, until=None, episode="8/x"),
    ]
    before = await Database.open(path)
    for silence in reversed(kept):
        await Silences(before).add(silence)
    await before.close()
    after = await Database.open(path)

    found = await Silences(after).of(HOME, NOON)
    await after.close()

    assert found == kept
