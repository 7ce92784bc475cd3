"""`bot.ports.Chats`: what is kept about chats beside their rules."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.live_chats import LiveChats
from bot.ports import Chats
from monitors.alerts.chats import ChatSettings
from monitors.alerts.rulebook import RuleBook
from storage import chats as stored
from storage.database import Database
from storage.rules import Rules
from tests.builders import HOME
from tests.fakes import FakeChats, FakeClock

THREAD = replace(HOME, thread="7")
OTHER = replace(HOME, chat="other")
ELSEWHERE = replace(HOME, platform="elsewhere")
SETTINGS = ChatSettings(mention="role", editors=("user:1", "role:2"))


def _live(database: Database) -> Chats:
    book = RuleBook(stale_after=timedelta(minutes=1))
    return LiveChats(stored.Chats(database), Rules(database), book, FakeClock(), lock=asyncio.Lock())


MADE: dict[str, Callable[[Database], Chats]] = {
    "storage": stored.Chats,
    "live over storage": _live,
    "fake": lambda _: FakeChats(),
}


@pytest.fixture(params=MADE)
def chats(request: pytest.FixtureRequest, database: Database) -> Chats:
    return MADE[request.param](database)


async def test_a_chat_never_seen_has_the_defaults(chats: Chats) -> None:
    assert await chats.settings(HOME) == ChatSettings()


async def test_settings_hold_for_the_whole_chat_and_no_other(chats: Chats) -> None:
    await chats.configure(THREAD, SETTINGS)

    found = [await chats.settings(chat) for chat in (HOME, THREAD, OTHER, ELSEWHERE)]

    assert found == [SETTINGS, SETTINGS, ChatSettings(), ChatSettings()]


async def test_settings_are_replaced_whole(chats: Chats) -> None:
    await chats.configure(HOME, SETTINGS)
    await chats.configure(HOME, ChatSettings(editors=("user:3",)))

    assert await chats.settings(HOME) == ChatSettings(editors=("user:3",))


async def test_a_forgotten_chat_is_as_if_never_seen_and_the_others_stay(chats: Chats) -> None:
    for chat in (HOME, OTHER):
        await chats.configure(chat, SETTINGS)

    await chats.forget(THREAD)

    assert [await chats.settings(chat) for chat in (HOME, OTHER)] == [ChatSettings(), SETTINGS]


async def test_a_forgotten_person_has_no_rights_left_on_that_platform(chats: Chats) -> None:
    for chat in (HOME, OTHER, ELSEWHERE):
        await chats.configure(chat, SETTINGS)

    await chats.forget_user(HOME.platform, "1")

    found = [await chats.settings(chat) for chat in (HOME, OTHER, ELSEWHERE)]
    left = replace(SETTINGS, editors=("role:2",))
    assert found == [left, left, SETTINGS]
