"""Alerts sent to chats, and what became of them."""

from datetime import timedelta

import pytest

from bot.messages.document import Button
from bot.platforms.telegram.platform import Telegram
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Moved, Refused
from monitors.alerts.rules import Severity
from tests.bot.platforms.telegram.world import a_post, chat, connected, running
from tests.fakes import FakeClock
from tests.loopback.telegram import (
    BLOCKED,
    NOT_FOUND,
    UNAUTHORIZED,
    Outage,
    Refusal,
    TelegramServer,
    bad_request,
    flood,
    kicked,
)
from tests.loopback.telegram.cast import ANN, DESK, FORUM, GROUP


async def test_an_alert_is_delivered_under_its_id(server: TelegramServer, telegram: Telegram) -> None:
    async with running(telegram):
        await connected(server)
        delivery = await telegram.send(chat(DESK.id), a_post(buttons=[Button(label="Why", line="/why 7")]))

    (message,) = server.sent(DESK)
    assert delivery == Delivered(message=str(message.id))
    assert (message.text, message.silent) == ("BTC funding is high", False)
    assert message.button("Why").data == "1:/why 7"
    assert server.called("sendMessage")[0].parameters["link_preview_options"] == {"is_disabled": True}


async def test_a_note_arrives_silently(server: TelegramServer, telegram: Telegram) -> None:
    async with running(telegram):
        await connected(server)
        await telegram.send(chat(DESK.id), a_post(severity=Severity.INFO))

    assert server.sent(DESK)[0].silent


async def test_a_thread_is_a_topic(server: TelegramServer, telegram: Telegram) -> None:
    thread = server.open_topic(FORUM, "Alerts")
    async with running(telegram):
        await connected(server)
        await telegram.send(chat(FORUM.id, str(thread)), a_post())

    assert server.sent(FORUM)[0].thread == thread


async def test_a_resolved_line_refers_to_the_alert(
    server: TelegramServer, telegram: Telegram, clock: FakeClock
) -> None:
    async with running(telegram):
        await connected(server)
        first = await telegram.send(chat(DESK.id), a_post())
        assert isinstance(first, Delivered)
        clock.advance(timedelta(minutes=1))
        await telegram.send(chat(DESK.id), a_post("Resolved", answers=first.message))

    assert server.sent(DESK)[1].reply_to == int(first.message)


async def test_an_alert_that_is_gone_does_not_stop_what_refers_to_it(
    server: TelegramServer, telegram: Telegram
) -> None:
    async with running(telegram):
        await connected(server)
        delivery = await telegram.send(chat(DESK.id), a_post("Resolved", answers="4040"))

    assert isinstance(delivery, Delivered)
    assert server.sent(DESK)[0].reply_to is None


class TestEditing:
    async def test_a_message_is_changed_in_place(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await telegram.send(chat(DESK.id), a_post())
            assert isinstance(first, Delivered)
            clock.advance(timedelta(minutes=1))
            second = await telegram.send(chat(DESK.id), a_post("It grew", edits=first.message))

        assert second == first
        assert [message.text for message in server.sent(DESK)] == ["It grew"]

    async def test_one_that_says_so_already_is_delivered(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await telegram.send(chat(DESK.id), a_post())
            assert isinstance(first, Delivered)
            clock.advance(timedelta(minutes=1))
            second = await telegram.send(chat(DESK.id), a_post(edits=first.message))

        assert second == first

    async def test_one_that_is_gone_is_delivered(self, server: TelegramServer, telegram: Telegram) -> None:
        async with running(telegram):
            await connected(server)
            delivery = await telegram.send(chat(DESK.id), a_post("It grew", edits="4040"))

        assert delivery == Delivered(message="4040")


class TestOutcomes:
    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [
            (flood(7), Deferred(after=timedelta(seconds=7))),
            (Outage.BAD_GATEWAY, Deferred(after=timedelta(seconds=5))),
            (Outage.DROPPED, Deferred(after=timedelta(seconds=5))),
            (UNAUTHORIZED, Deferred(after=timedelta(seconds=5))),
            (NOT_FOUND, Deferred(after=timedelta(seconds=5))),
            (BLOCKED, Refused(why="Forbidden: bot was blocked by the user", chat_lost=True)),
            (kicked(), Refused(why="Forbidden: bot was kicked from the group chat", chat_lost=True)),
            (bad_request("chat not found"), Refused(why="Chat not found", chat_lost=True)),
            (bad_request("TOPIC_CLOSED"), Refused(why="Topic_closed", chat_lost=False)),
            (bad_request("message is too long"), Refused(why="Message is too long", chat_lost=False)),
        ],
        ids=lambda value: str(value) if isinstance(value, Refusal | Outage) else "",
    )
    async def test_a_fault_is_an_outcome(
        self, server: TelegramServer, telegram: Telegram, fault: Refusal | Outage, outcome: Delivery
    ) -> None:
        async with running(telegram):
            await connected(server)
            server.fail(fault, method="sendMessage")
            delivery = await telegram.send(chat(DESK.id), a_post())

        assert delivery == outcome

    async def test_a_topic_that_is_gone_is_lost(self, server: TelegramServer, telegram: Telegram) -> None:
        async with running(telegram):
            await connected(server)
            delivery = await telegram.send(chat(FORUM.id, "404"), a_post())

        assert delivery == Refused(why="Message thread not found", chat_lost=True)

    async def test_a_group_that_moved_is_followed(self, server: TelegramServer, telegram: Telegram) -> None:
        async with running(telegram):
            await connected(server)
            server.migrate(GROUP, to=-1077, by=ANN)
            delivery = await telegram.send(chat(GROUP.id), a_post())

        assert delivery == Moved(to=chat(-1077))


class TestWaiting:
    async def test_what_comes_too_soon_for_its_chat_is_deferred(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        async with running(telegram):
            await connected(server)
            await telegram.send(chat(DESK.id), a_post())
            delivery = await telegram.send(chat(DESK.id), a_post())

        assert isinstance(delivery, Deferred)
        assert timedelta(seconds=1) <= delivery.after < timedelta(seconds=2)

    async def test_a_chat_that_was_flooded_is_left_alone_for_as_long_as_telegram_asks(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        async with running(telegram):
            await connected(server)
            server.fail(flood(30), place=DESK)
            await telegram.send(chat(DESK.id), a_post())
            held = await telegram.send(chat(DESK.id), a_post())
            other = await telegram.send(chat(GROUP.id), a_post())

        assert held == Deferred(after=timedelta(seconds=30))
        assert isinstance(other, Delivered)
        assert len(server.called("sendMessage")) == 2

    async def test_nothing_is_sent_while_not_connected(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        delivery = await telegram.send(chat(DESK.id), a_post())

        assert delivery == Deferred(after=timedelta(seconds=5))
        assert not server.calls
