"""The connection: updates confirmed once stored, and every way it breaks and mends."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, a_post, chat, connected, running
from tests.fakes import FakeClock, FakeNotebook
from tests.loopback.telegram import (
    CONFLICT,
    NOT_FOUND,
    UNAUTHORIZED,
    Outage,
    Refusal,
    TelegramServer,
    bad_request,
    flood,
)
from tests.loopback.telegram.cast import ANN, BEN, DESK

REVOKED = "123456:ABC-a-token-that-was-revoked"


def told(logs: Sequence[EventDict]) -> list[str]:
    return [str(line["event"]) for line in logs if str(line["event"]).startswith("telegram.")]


class TestConfirming:
    async def test_an_update_is_confirmed_only_once_its_effect_is_stored(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.held["/slow"] = asyncio.Event()
        async with running(telegram):
            server.say(ANN, ANN, "/slow")
            await desk.until(lambda: bool(desk.asked))
            before = server.pending
            desk.held["/slow"].set()
            await server.until(lambda: server.pending == 0)

        assert before == 1
        assert desk.answered == ["/slow"]

    async def test_what_was_not_stored_when_the_bot_ended_is_told_again(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.held["/slow"] = asyncio.Event()
        async with running(telegram):
            server.say(ANN, ANN, "/slow")
            await desk.until(lambda: bool(desk.asked))
        pending = server.pending
        desk.held.clear()
        async with running(telegram):
            await desk.until(lambda: desk.answered == ["/slow"])

        assert pending == 1

    async def test_what_is_under_way_at_the_end_is_finished_and_confirmed(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.held["/slow"] = asyncio.Event()
        async with running(telegram) as task:
            server.say(ANN, ANN, "/slow")
            await desk.until(lambda: bool(desk.asked))
            task.cancel()
            desk.held["/slow"].set()

        assert [message.text for message in server.sent(ANN)] == ["answer to /slow"]
        assert server.pending == 0

    async def test_an_update_that_cannot_be_read_holds_up_no_other(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        event = server.say(ANN, ANN, "/broken")
        message = event.update["message"]
        assert isinstance(message, dict)
        del message["chat"]
        server.say(BEN, BEN, "/status")
        async with running(telegram):
            await desk.until(lambda: bool(desk.answered))
            await server.until(lambda: server.pending == 0)

        assert desk.lines == ["/status"]


class TestTrouble:
    @pytest.mark.parametrize(
        "fault",
        [UNAUTHORIZED, NOT_FOUND, CONFLICT, Outage.BAD_GATEWAY, Outage.DROPPED, flood(3), bad_request("?")],
        ids=str,
    )
    async def test_polling_goes_on_after_any_fault(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, fault: Refusal | Outage
    ) -> None:
        server.fail(fault, times=3, method="getUpdates")
        with capture_logs() as logs:
            async with running(telegram):
                server.say(ANN, ANN, "/status")
                await server.until(lambda: bool(server.sent(ANN)))

        assert desk.lines == ["/status"]
        kind = "telegram.conflict" if fault is CONFLICT else "telegram.unreachable"
        assert told(logs).count(kind) == 1
        (recovery,) = [line for line in logs if line["event"] == "telegram.recovered"]
        assert recovery["failures"] == 3

    async def test_the_waits_grow_up_to_a_minute(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        server.fail(Outage.BAD_GATEWAY, times=9, method="getUpdates")
        async with running(telegram):
            await server.until(lambda: len(server.called("getUpdates")) == 10)

        times = [call.at for call in server.called("getUpdates")]
        waits = [after - before for before, after in pairwise(times)]
        assert timedelta(seconds=1) <= waits[0] < timedelta(seconds=2)
        assert all(timedelta(seconds=30) <= wait <= timedelta(minutes=1) for wait in waits[5:])

    async def test_a_webhook_that_was_set_is_deleted(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        async with running(telegram):
            await connected(server)

        assert [call.method for call in server.calls].index("deleteWebhook") < [
            call.method for call in server.calls
        ].index("getUpdates")

    async def test_a_bot_that_starts_while_telegram_is_down_comes_up_later(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        server.fail(Outage.DROPPED, times=4, method="getMe")
        async with running(telegram):
            server.say(ANN, ANN, "/status")
            await server.until(lambda: bool(server.sent(ANN)))

        assert desk.lines == ["/status"]

    async def test_a_refused_token_is_told_without_telling_it_and_tried_every_five_minutes(
        self, server: TelegramServer, desk: FakeDesk, clock: FakeClock, notebook: FakeNotebook
    ) -> None:
        telegram = Telegram(REVOKED, desk=desk, clock=clock, notebook=notebook, api_url=server.url)
        began = clock.monotonic()
        with capture_logs() as logs:
            async with running(telegram):
                await until_slept(clock, timedelta(minutes=15))

        assert told(logs) == ["telegram.token_refused"]
        assert "TELEGRAM_BOT_TOKEN" in str(logs[0]["advice"])
        assert REVOKED not in str(logs)
        assert (clock.monotonic() - began) % timedelta(minutes=5).total_seconds() == 0

    async def test_a_token_that_was_good_is_tried_again_soon(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            server.say(ANN, ANN, "/status")
            await server.until(lambda: bool(server.sent(ANN)))
            began = clock.monotonic()
            server.fail(UNAUTHORIZED, times=2, method="getMe")
            server.fail(UNAUTHORIZED, method="getUpdates")
            server.say(BEN, BEN, "/status")
            await server.until(lambda: len(server.called("getMe")) == 4)

        assert clock.monotonic() - began < 60

    async def test_an_alert_waits_for_the_connection(
        self, server: TelegramServer, desk: FakeDesk, clock: FakeClock, notebook: FakeNotebook
    ) -> None:
        telegram = Telegram(REVOKED, desk=desk, clock=clock, notebook=notebook, api_url=server.url)
        async with running(telegram):
            await until_slept(clock, timedelta(minutes=5))
            delivery = await telegram.send(chat(DESK.id), a_post())

        assert type(delivery).__name__ == "Deferred"


async def until_slept(clock: FakeClock, duration: timedelta) -> None:
    """Let the bot run until its waits come to that much."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    goal = clock.monotonic() + duration.total_seconds()

    def look() -> None:
        if clock.monotonic() >= goal:
            ready.set()
        else:
            loop.call_soon(look)

    look()
    await ready.wait()


class TestMenus:
    async def test_members_and_admins_see_what_they_may_give(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        async with running(telegram):
            await connected(server)

        members = names(server, "all_group_chats")
        admins = names(server, "all_chat_administrators")
        assert "funding" in members
        assert {"funding", "alert", "subscribe"} <= set(admins)
        assert len(set(admins)) == len(admins)
        assert set(members) <= set(admins)
        assert names(server, "all_private_chats") == admins

    async def test_they_are_set_once_and_again_only_if_they_changed(
        self, server: TelegramServer, telegram: Telegram, notebook: FakeNotebook
    ) -> None:
        async with running(telegram):
            await connected(server)
        first = len(server.called("setMyCommands"))
        async with running(telegram):
            await server.until(lambda: len(server.called("getMe")) == 2)
            await server.until(lambda: len(server.called("deleteWebhook")) == 2)
        second = len(server.called("setMyCommands"))
        notebook.facts["telegram.menus"] = "those of an older version"
        async with running(telegram):
            await server.until(lambda: len(server.called("deleteWebhook")) == 3)

        assert (first, second, len(server.called("setMyCommands"))) == (3, 3, 6)

    async def test_the_bot_works_without_them(self, server: TelegramServer, telegram: Telegram) -> None:
        server.fail(flood(60), times=None, method="setMyCommands")
        async with running(telegram):
            server.say(ANN, ANN, "/status")
            await server.until(lambda: bool(server.sent(ANN)))

        assert server.sent(ANN)[0].text == "answer to /status"


def names(server: TelegramServer, scope: str) -> list[str]:
    menu = server.menu(f'{{"type": "{scope}"}}')
    return [str(entry["command"]) for entry in menu if isinstance(entry, dict)]
