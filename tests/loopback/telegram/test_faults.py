"""Faults and limits, as the real SDK finds them."""

from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.fakes import FakeClock
from tests.loopback.telegram import (
    BLOCKED,
    CONFLICT,
    NOT_FOUND,
    UNAUTHORIZED,
    Limit,
    Limits,
    Outage,
    Refusal,
    TelegramServer,
    bad_request,
    flood,
    kicked,
    migrated,
)
from tests.loopback.telegram.cast import ANN, DESK, EMPTY_PNG, GROUP


@pytest.fixture(autouse=True)
def _waits_as_durations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


class TestFaults:
    @pytest.mark.parametrize(
        ("refusal", "error"),
        [
            (BLOCKED, Forbidden),
            (kicked(), Forbidden),
            (bad_request("strange"), BadRequest),
            (UNAUTHORIZED, InvalidToken),
            (NOT_FOUND, InvalidToken),
            (CONFLICT, Conflict),
        ],
        ids=lambda each: each.description if isinstance(each, Refusal) else each.__name__,
    )
    async def test_a_refusal_strikes_once_and_stores_nothing(
        self, server: TelegramServer, bot: Bot, refusal: Refusal, error: type[Exception]
    ) -> None:
        server.fail(refusal)

        with pytest.raises(error):
            await bot.send_message(ANN.id, "lost")
        await bot.send_message(ANN.id, "kept")
        assert [message.text for message in server.sent(ANN)] == ["kept"]

    async def test_flood_control_names_its_wait(self, server: TelegramServer, bot: Bot) -> None:
        server.fail(flood(7))

        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(ANN.id, "x")
        assert caught.value.retry_after == timedelta(seconds=7)

    async def test_a_migration_names_the_new_chat(self, server: TelegramServer, bot: Bot) -> None:
        server.fail(migrated(-1007))

        with pytest.raises(ChatMigrated) as caught:
            await bot.send_message(GROUP.id, "x")
        assert caught.value.new_chat_id == -1007

    async def test_a_fault_strikes_only_what_it_is_meant_for(self, server: TelegramServer, bot: Bot) -> None:
        server.fail(BLOCKED, times=2, method="sendMessage", place=DESK)
        sent = await bot.send_message(ANN.id, "x")
        await bot.send_photo(DESK.id, EMPTY_PNG)

        assert sent.text == "x"
        for _ in range(2):
            with pytest.raises(Forbidden):
                await bot.send_message(DESK.id, "x")
        await bot.send_message(DESK.id, "x")
        assert len(server.sent(DESK)) == 2

    async def test_a_fault_must_strike(self, server: TelegramServer) -> None:
        with pytest.raises(ValueError, match="at least once, was to strike 0 times"):
            server.fail(BLOCKED, times=0)

    async def test_a_lasting_fault_ends_when_healed(self, server: TelegramServer, bot: Bot) -> None:
        server.fail(UNAUTHORIZED, times=None, method="getUpdates")

        for _ in range(3):
            with pytest.raises(InvalidToken):
                await bot.get_updates(timeout=0)
        server.heal()
        assert await bot.get_updates(timeout=0) == ()

    @pytest.mark.parametrize("outage", [Outage.BAD_GATEWAY, Outage.DROPPED])
    async def test_an_outage_is_a_network_error_and_stores_nothing(
        self, server: TelegramServer, bot: Bot, outage: Outage
    ) -> None:
        server.fail(outage)

        with pytest.raises(NetworkError):
            await bot.send_message(ANN.id, "lost")
        assert server.sent(ANN) == []

    async def test_silence_comes_after_the_message_is_stored(self, server: TelegramServer, bot: Bot) -> None:
        server.fail(Outage.SILENT)

        with pytest.raises(TimedOut):
            await bot.send_message(ANN.id, "kept", read_timeout=1)
        assert [message.text for message in server.sent(ANN)] == ["kept"]


class TestLimits:
    async def test_a_chat_takes_one_a_second(
        self, server: TelegramServer, bot: Bot, clock: FakeClock
    ) -> None:
        server.limit(Limits())
        sent = await bot.send_message(ANN.id, "x")
        clock.advance(timedelta(seconds=0.9))
        with pytest.raises(RetryAfter) as caught:
            await bot.edit_message_text("y", ANN.id, sent.message_id)
        clock.advance(timedelta(seconds=0.2))
        await bot.edit_message_text("y", ANN.id, sent.message_id)

        assert caught.value.retry_after == timedelta(seconds=1)
        assert [(each.limit, each.chat, each.method) for each in server.violations] == [
            (Limit.CHAT, ANN.id, "editMessageText")
        ]

    async def test_a_group_takes_twenty_a_minute(
        self, server: TelegramServer, bot: Bot, clock: FakeClock
    ) -> None:
        server.limit(Limits())
        for _ in range(20):
            await bot.send_message(DESK.id, "x")
            clock.advance(timedelta(seconds=2))
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(DESK.id, "x")
        clock.advance(timedelta(seconds=20))
        await bot.send_message(DESK.id, "x")

        assert caught.value.retry_after == timedelta(seconds=20)
        assert [each.limit for each in server.violations] == [Limit.GROUP]

    async def test_all_chats_together_take_thirty_a_second(self, server: TelegramServer, bot: Bot) -> None:
        server.limit(Limits(chat=100))
        for _ in range(30):
            await bot.send_message(ANN.id, "x")
        with pytest.raises(RetryAfter):
            await bot.send_message(DESK.id, "x")

        assert [each.limit for each in server.violations] == [Limit.OVERALL]

    async def test_reading_and_answering_count_for_nothing(self, server: TelegramServer, bot: Bot) -> None:
        server.limit(Limits(overall=1))
        for _ in range(5):
            await bot.get_chat_member(DESK.id, ANN.id)
        await bot.send_message(DESK.id, "x")

        assert server.violations == []
