"""Polling, calls, webhooks and threads, as the real SDK finds them."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from anyio.from_thread import start_blocking_portal
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    InvalidToken,
    TelegramError,
)

from tests.fakes import FakeClock
from tests.loopback.telegram import (
    NOT_FOUND,
    TelegramServer,
    bad_request,
)
from tests.loopback.telegram.cast import ANN, BEN, DESK, EMPTY_PNG

WORD = "open-sesame"
FOR_EVER = 50
"""Seconds to poll for; the event that is waited for ends it."""


class TestPolling:
    async def test_an_update_stays_until_a_later_offset_confirms_it(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        ids = [server.say(ANN, ANN, text).id for text in "abc"]

        first = await bot.get_updates(timeout=0, limit=2)
        again = await bot.get_updates(offset=ids[0], timeout=0)
        rest = await bot.get_updates(offset=ids[1] + 1, timeout=0)
        assert [each.update_id for each in first] == ids[:2]
        assert [each.update_id for each in again] == ids
        assert [each.update_id for each in rest] == ids[2:]
        assert server.pending == 1

    async def test_a_negative_offset_forgets_all_but_the_last(self, server: TelegramServer, bot: Bot) -> None:
        ids = [server.say(ANN, ANN, text).id for text in "abc"]

        last = await bot.get_updates(offset=-1, timeout=0)
        assert [each.update_id for each in last] == ids[2:]
        assert server.pending == 1

    async def test_a_long_poll_ends_with_the_first_update(self, server: TelegramServer, bot: Bot) -> None:
        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(bot.get_updates(timeout=FOR_EVER))
            await server.until(lambda: len(server.called("getUpdates")) == 1)
            event = server.say(ANN, ANN, "hello")

        assert [each.update_id for each in poll.result()] == [event.id]

    async def test_a_second_poll_ends_the_first(self, server: TelegramServer, bot: Bot) -> None:
        async with asyncio.TaskGroup() as tasks:
            poll = tasks.create_task(_failure(bot.get_updates(timeout=FOR_EVER)))
            await server.until(lambda: len(server.called("getUpdates")) == 1)
            await _with_another(server)

        assert isinstance(poll.result(), Conflict)

    async def test_polling_excludes_a_webhook(self, server: TelegramServer, bot: Bot) -> None:
        await bot.set_webhook("https://bot.example/hook", secret_token=WORD)

        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates(timeout=0)

    async def test_only_kinds_asked_for_are_told(self, server: TelegramServer, bot: Bot) -> None:
        await bot.get_updates(timeout=0, allowed_updates=["inline_query"])
        server.say(ANN, ANN, "hello")
        server.inline(ANN, "BTC")

        (update,) = await bot.get_updates(timeout=0)
        assert update.inline_query is not None


class TestCalls:
    async def test_the_bot_knows_itself(self, server: TelegramServer, bot: Bot) -> None:
        assert (bot.id, bot.username) == (server.bot.id, server.bot.username)

    async def test_another_token_is_unauthorized(self, server: TelegramServer) -> None:
        with pytest.raises(InvalidToken):
            async with Bot("1:another", base_url=server.base_url):
                pass

    async def test_an_unknown_method_is_not_found(self, server: TelegramServer) -> None:
        status, answer = await _post(server, "sendMoney", {})

        assert (status, answer) == (404, NOT_FOUND.json())

    async def test_parameters_are_taken_as_json_too(self, server: TelegramServer) -> None:
        server.say(ANN, ANN, "hello")
        status, _ = await _post(server, "SENDMESSAGE", {"chat_id": ANN.id, "text": "42"})

        assert status == 200
        assert [(call.method, call.chat, call.parameters["text"]) for call in server.calls] == [
            ("sendMessage", ANN.id, "42")
        ]
        assert [message.text for message in server.sent(ANN)] == ["42"]

    async def test_calls_are_kept_in_order_with_their_time(
        self, server: TelegramServer, bot: Bot, clock: FakeClock
    ) -> None:
        before = clock.now()
        await bot.send_message(ANN.id, "7")
        clock.advance(timedelta(hours=1))
        await bot.send_photo(DESK.id, EMPTY_PNG)

        assert [(call.method, call.at - before) for call in server.calls[-2:]] == [
            ("sendMessage", timedelta(0)),
            ("sendPhoto", timedelta(hours=1)),
        ]
        assert server.calls[-2].parameters == {"chat_id": ANN.id, "text": "7"}
        assert len(server.called("sendPhoto", DESK)) == 1

    async def test_a_number_must_be_one(self, server: TelegramServer) -> None:
        status, answer = await _post(server, "getUpdates", {"offset": "soon"})

        why = bad_request("parameter offset must be an integer, was 'soon'")
        assert (status, answer) == (400, why.json())

    async def test_closing_and_logging_out_are_confirmed(self, bot: Bot) -> None:
        assert await bot.close()
        assert await bot.log_out()


class TestElsewhere:
    async def test_a_push_reaches_the_webhook_with_its_secret(self, server: TelegramServer, bot: Bot) -> None:
        seen: list[tuple[str | None, object]] = []

        async def hook(request: web.Request) -> web.Response:
            seen.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
            return web.Response()

        application = web.Application()
        application.router.add_post("/hook", hook)
        async with TestServer(application) as listening:
            event = server.say(ANN, ANN, "hello")
            status = await server.push(event, str(listening.make_url("/hook")), WORD)

        assert (status, seen, server.pending) == (200, [(WORD, event.update)], 0)

    async def test_a_refused_push_stays_pending(self, server: TelegramServer, bot: Bot) -> None:
        async with TestServer(web.Application()) as listening:
            status = await server.push(server.say(ANN, ANN, "x"), str(listening.make_url("/")), "")

        assert (status, server.pending) == (404, 1)

    async def test_a_webhook_is_described_as_it_was_set(self, server: TelegramServer, bot: Bot) -> None:
        await bot.set_webhook("https://bot.example/hook", secret_token=WORD, allowed_updates=["message"])
        server.say(ANN, ANN, "hello")

        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.allowed_updates) == (
            "https://bot.example/hook",
            1,
            ("message",),
        )
        assert server.webhook.secret == WORD
        with pytest.raises(BadRequest, match="an https url must be provided"):
            await bot.set_webhook("http://bot.example/hook")
        with pytest.raises(BadRequest, match="unallowed characters"):
            await bot.set_webhook("https://bot.example/hook", secret_token=WORD + "!")

    async def test_a_server_in_a_thread_is_waited_for_from_outside(self, clock: FakeClock) -> None:
        server = TelegramServer(clock)
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(server):
            server.say(BEN, BEN, "hello")
            async with Bot(server.token, base_url=server.base_url) as bot, asyncio.TaskGroup() as tasks:
                tasks.create_task(bot.send_message(BEN.id, "hello yourself"))
                await server.until(lambda: len(server.sent(BEN)) == 1)

            assert [message.text for message in server.sent(BEN)] == ["hello yourself"]

    async def test_a_claim_that_stays_false_tells_what_was_called(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        with pytest.raises(TimeoutError, match=r"latest calls: .*getMe"):
            await server.until(lambda: False, within=timedelta(milliseconds=1))

    async def test_leaving_lets_a_held_poll_go(self, clock: FakeClock) -> None:
        async with asyncio.TaskGroup() as tasks, TelegramServer(clock) as server:
            poll = tasks.create_task(_poll(server))
            await server.until(lambda: len(server.called("getUpdates")) == 1)

        assert poll.result() == 0


async def _failure(call: Awaitable[object]) -> TelegramError | None:
    try:
        await call
    except TelegramError as error:
        return error
    return None


async def _with_another(server: TelegramServer) -> None:
    async with Bot(server.token, base_url=server.base_url) as other:
        await other.get_updates(timeout=0)


async def _poll(server: TelegramServer) -> int:
    async with Bot(server.token, base_url=server.base_url) as bot:
        return len(await bot.get_updates(timeout=FOR_EVER))


async def _post(server: TelegramServer, method: str, parameters: dict[str, object]) -> tuple[int, object]:
    url = f"{server.base_url}{server.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=parameters) as answer:
        return answer.status, await answer.json()
