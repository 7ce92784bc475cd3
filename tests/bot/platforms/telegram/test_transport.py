"""HTTP below the library."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.platforms.telegram.transport import LaterError, PollingTransport, Transport, readable
from tests.loopback.telegram import Outage, Refusal, TelegramServer, flood
from tests.loopback.telegram.cast import ANN

BRIEF = timedelta(milliseconds=300)


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    transport = Transport(connections=1, longest=timedelta(seconds=30))
    async with Bot(server.token, base_url=server.base_url, request=transport) as running:
        server.say(ANN, ANN, "hello")
        yield running


async def test_a_flood_is_a_wait_of_what_telegram_asks(server: TelegramServer, bot: Bot) -> None:
    server.fail(flood(17), method="sendMessage")

    with pytest.raises(LaterError) as later:
        await bot.send_message(ANN.id, "hello")

    assert later.value.after == timedelta(seconds=17)


@pytest.mark.parametrize("parameters", [{}, {"retry_after": "soon"}], ids=["none", "no number"])
async def test_a_flood_that_names_no_time_is_a_short_wait(
    server: TelegramServer, bot: Bot, parameters: dict[str, str]
) -> None:
    server.fail(Refusal(429, "Too Many Requests", parameters), method="sendMessage")

    with pytest.raises(LaterError) as later:
        await bot.send_message(ANN.id, "hello")

    assert later.value.after == timedelta(seconds=5)


async def test_a_page_in_place_of_an_answer_is_trouble_of_the_network_and_not_logged(
    server: TelegramServer, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(Outage.BAD_GATEWAY, method="sendMessage")

    with pytest.raises(NetworkError):
        await bot.send_message(ANN.id, "hello")

    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR", "CRITICAL")]


async def test_what_a_proxy_forbids_is_not_telegrams_word(server: TelegramServer, bot: Bot) -> None:
    server.fail(Outage.FORBIDDEN, method="sendMessage")

    with pytest.raises(NetworkError, match="no Bot API answer"):
        await bot.send_message(ANN.id, "hello")


async def test_a_success_without_a_result_is_not_telegrams_word(server: TelegramServer, bot: Bot) -> None:
    server.fail(Refusal(200, "hello"), method="sendMessage")

    with pytest.raises(NetworkError, match="no Bot API answer"):
        await bot.send_message(ANN.id, "hello")


@pytest.mark.parametrize("payload", [b"<html>", b"[]", b"\xff"], ids=["a page", "a list", "no text"])
def test_what_is_no_answer_is_an_error(payload: bytes) -> None:
    with pytest.raises(TelegramError, match="expected a JSON object"):
        Transport.parse_json_payload(payload)


async def test_an_answer_that_never_comes_ends_the_wait_though_the_message_was_stored(
    server: TelegramServer,
) -> None:
    server.say(ANN, ANN, "hello")
    bot = Bot(server.token, base_url=server.base_url, request=Transport(connections=1, longest=BRIEF))
    server.fail(Outage.SILENT, method="sendMessage")

    with pytest.raises(TimedOut):
        await bot.send_message(ANN.id, "hello")

    await bot.shutdown()
    assert [message.text for message in server.sent(ANN)] == ["hello"]


class TestUpdates:
    def test_what_can_be_read_is_left_as_it_is(self) -> None:
        update = {"update_id": 7, "inline_query": {"id": "1", "from": person(), "query": "", "offset": ""}}

        assert readable(update) is update

    @pytest.mark.parametrize(
        "message",
        [{"message_id": 1}, {"message_id": 1, "date": "noon", "chat": {"id": 1, "type": "private"}}, [1]],
        ids=["incomplete", "of a wrong type", "no object"],
    )
    def test_of_the_rest_only_the_number_is_kept(self, message: object) -> None:
        assert readable({"update_id": 7, "message": message}) == {"update_id": 7}

    def test_an_answer_without_updates_is_left_as_it_is(self) -> None:
        assert PollingTransport.parse_json_payload(b'{"ok": true, "result": true}') == {
            "ok": True,
            "result": True,
        }


def person() -> dict[str, object]:
    return {"id": 1, "is_bot": False, "first_name": "Ann"}
