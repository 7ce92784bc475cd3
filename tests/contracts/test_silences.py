"""`bot.ports.Silences`: what chats do not want to hear for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ports import Silences
from monitors.alerts.chats import Silence
from storage import silences as stored
from storage.database import Database
from tests.builders import HOME, NOON
from tests.fakes import FakeSilences

HOUR = timedelta(hours=1)
SILENCE = Silence(destination=HOME, since=NOON, until=NOON + HOUR)
THREAD = replace(HOME, thread="7")


@pytest.fixture(params=["storage", "fake"])
def silences(request: pytest.FixtureRequest, database: Database) -> Silences:
    return stored.Silences(database) if request.param == "storage" else FakeSilences()


async def test_a_chat_wants_to_hear_everything_at_first(silences: Silences) -> None:
    assert list(await silences.of(HOME, NOON)) == []


async def test_a_silence_holds_from_its_beginning_until_its_end(silences: Silences) -> None:
    await silences.add(SILENCE)

    held = [list(await silences.of(HOME, NOON + minutes * HOUR / 60)) for minutes in (-1, 0, 59, 60)]

    assert held == [[], [SILENCE], [SILENCE], []]


async def test_a_silence_until_an_episode_ends_outlasts_the_others_and_comes_last(silences: Silences) -> None:
    longer = replace(SILENCE, until=NOON + 2 * HOUR, base="BTC")
    open_ended = replace(SILENCE, until=None, episode="7/x")
    for silence in (open_ended, longer, SILENCE):
        await silences.add(silence)

    held = [list(await silences.of(HOME, NOON + hours * HOUR)) for hours in (0, 1, 99)]

    assert held == [[SILENCE, longer, open_ended], [longer, open_ended], [open_ended]]


async def test_chats_and_threads_have_their_own(silences: Silences) -> None:
    await silences.add(SILENCE)

    assert list(await silences.of(THREAD, NOON)) == []
    assert list(await silences.of(replace(HOME, chat="other"), NOON)) == []


@pytest.mark.parametrize(
    "about",
    [SILENCE, replace(SILENCE, base="BTC"), replace(SILENCE, rule=7), replace(SILENCE, episode="7/x")],
    ids=["everything", "base", "rule", "episode"],
)
async def test_a_silence_replaces_one_about_the_same_and_no_other(silences: Silences, about: Silence) -> None:
    others = [replace(SILENCE, base="ETH"), replace(SILENCE, rule=8), replace(about, destination=THREAD)]
    for silence in (*others, about):
        await silences.add(silence)
    longer = replace(about, until=NOON + 2 * HOUR)

    await silences.add(longer)

    assert list(await silences.of(HOME, NOON)) == [*others[:2], longer]
    assert list(await silences.of(THREAD, NOON)) == [others[2]]


async def test_lifting_ends_all_that_hold_in_the_chat_and_says_how_many(silences: Silences) -> None:
    elsewhere = replace(SILENCE, destination=THREAD)
    for silence in (SILENCE, replace(SILENCE, until=None, episode="7/x"), elsewhere):
        await silences.add(silence)
    over = replace(SILENCE, until=NOON + HOUR / 2, base="BTC")
    await silences.add(over)

    lifted = [await silences.lift(HOME, NOON + HOUR / 2) for _ in range(2)]

    assert lifted == [2, 0]
    assert list(await silences.of(HOME, NOON + HOUR / 2)) == []
    assert list(await silences.of(THREAD, NOON + HOUR / 2)) == [elsewhere]
