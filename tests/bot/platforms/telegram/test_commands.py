"""What people write, as the front desk is asked and as they are answered."""

import asyncio
from datetime import timedelta

import pytest

from bot.platforms.telegram.platform import Telegram
from tests.bot.platforms.telegram.world import FakeDesk, a_document, chat, connected, running
from tests.fakes import FakeClock
from tests.loopback.telegram import Event, Person, Sent, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM, NEWS


async def test_a_command_in_a_private_chat_is_answered_without_quoting_it(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, ANN, "/funding BTC")
        await server.until(lambda: bool(server.sent(ANN)))

    (answer,) = server.sent(ANN)
    assert (answer.text, answer.reply_to, answer.silent) == ("answer to /funding BTC", None, False)
    assert desk.asker.destination == chat(ANN.id)
    assert (desk.asker.user, desk.asker.name) == ("101", "Ann")
    assert desk.asker.marks == frozenset({"user:101"})
    assert desk.asker.private
    assert desk.asker.reachable


async def test_a_command_in_a_group_is_answered_as_a_reply(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        said = server.say(BEN, DESK, "/funding@skewbell_bot BTC")
        await server.until(lambda: bool(server.sent(DESK)))

    (answer,) = server.sent(DESK)
    assert said.message is not None
    assert answer.reply_to == said.message.id
    assert desk.lines == ["/funding BTC"]
    assert not desk.asker.private


async def test_what_is_not_meant_for_the_bot_is_let_be(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    other = Person(id=500, name="Other bot", is_bot=True)
    async with running(telegram):
        server.say(BEN, DESK, "good morning")
        server.say(BEN, DESK, "/funding@another_bot BTC")
        server.say(other, DESK, "/funding BTC")
        server.post(NEWS, "Markets are up")
        server.say(BEN, DESK, "/status")
        await desk.until(lambda: "/status" in desk.lines)

    assert desk.lines == ["/status"]


async def test_plain_text_in_a_private_chat_is_a_command_line(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, ANN, "funding btc")
        await desk.until(lambda: bool(desk.lines))

    assert desk.lines == ["funding btc"]


async def test_a_deep_link_arrives_as_start_with_its_payload(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.start(ANN, "follow_7")
        await desk.until(lambda: bool(desk.lines))

    assert desk.lines == ["/start follow_7"]


async def test_a_topic_is_a_thread_and_is_answered_in(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    thread = server.open_topic(FORUM, "Alerts")
    async with running(telegram):
        server.say(ANN, FORUM, "/status", topic=thread)
        await server.until(lambda: bool(server.sent(FORUM)))

    assert desk.asker.destination == chat(FORUM.id, str(thread))
    assert server.sent(FORUM)[0].thread == thread


async def test_a_reply_outside_a_forum_is_in_no_thread(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    async with running(telegram):
        server.say(ANN, DESK, "/status")
        await server.until(lambda: bool(server.sent(DESK)))
        server.say(ANN, DESK, "/top", reply_to=server.sent(DESK)[0])
        await desk.until(lambda: len(desk.lines) == 2)

    assert desk.asker.destination == chat(DESK.id)


async def test_nothing_is_said_to_who_writes_too_fast(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/top"] = None
    async with running(telegram):
        server.say(ANN, ANN, "/top")
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.sent(ANN)))

    assert [message.text for message in server.sent(ANN)] == ["answer to /status"]


async def test_a_chat_is_answered_in_order_and_holds_up_no_other(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.held["/slow"] = asyncio.Event()
    async with running(telegram):
        server.say(ANN, ANN, "/slow")
        server.say(ANN, ANN, "/second")
        server.say(BEN, BEN, "/funding")
        await server.until(lambda: bool(server.sent(BEN)))
        before = list(desk.lines)
        desk.held["/slow"].set()
        await server.until(lambda: len(server.sent(ANN)) == 2)

    assert "/second" not in before
    assert [message.text for message in server.sent(ANN)] == ["answer to /slow", "answer to /second"]


class TestEdits:
    async def test_an_edited_command_changes_its_answer(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            said = server.say(ANN, ANN, "/funding BCT")
            await server.until(lambda: bool(server.sent(ANN)))
            clock.advance(timedelta(hours=1))
            server.rewrite(said, "/funding BTC")
            await server.until(lambda: server.sent(ANN)[0].text == "answer to /funding BTC")

        assert len(server.sent(ANN)) == 1

    async def test_an_old_one_whose_answer_is_not_known_is_let_be(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
    ) -> None:
        async with running(telegram):
            said = server.say(ANN, DESK, "what about funding?")
            clock.advance(timedelta(minutes=2))
            server.rewrite(said, "/funding BTC")
            server.say(ANN, DESK, "/status")
            await desk.until(lambda: "/status" in desk.lines)

        assert desk.lines == ["/status"]

    async def test_a_fresh_one_is_answered(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        async with running(telegram):
            said = server.say(ANN, DESK, "funding BTC")
            server.rewrite(said, "/funding BTC")
            await server.until(lambda: bool(server.sent(DESK)))

        assert desk.lines == ["/funding BTC"]

    @pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=5)], ids=["at once", "hours later"])
    async def test_one_that_changes_nothing_is_no_second_command(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock, later: timedelta
    ) -> None:
        async with running(telegram):
            said = server.say(ANN, DESK, "/settings allow user:102")
            await server.until(lambda: bool(server.sent(DESK)))
            clock.advance(later)
            server.rewrite(said, "/settings allow user:102")
            server.say(ANN, DESK, "/status")
            await desk.until(lambda: "/status" in desk.lines)

        assert desk.lines == ["/settings allow user:102", "/status"]

    @pytest.mark.parametrize("line", ["/alert resume 7", "/start subscribe_extremes"])
    async def test_one_of_what_is_not_known_changes_nothing_in_the_chat(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, line: str
    ) -> None:
        async with running(telegram):
            said = server.say(ANN, DESK, "good morning")
            server.rewrite(said, line)
            server.rewrite(said, "/nothing@skewbell_bot like it")
            await desk.until(lambda: bool(desk.lines))

        assert desk.lines == ["/nothing like it"]


class TestPeopleNamed:
    """`/settings allow` is about a person, who is named by answering one of their messages."""

    @pytest.mark.parametrize("word", ["allow", "disallow"])
    async def test_the_writer_of_the_message_answered_is_meant(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, word: str
    ) -> None:
        theirs = written(server.say(BEN, DESK, "hello"))
        async with running(telegram):
            server.say(ANN, DESK, f"/settings {word}", reply_to=theirs)
            await desk.until(lambda: bool(desk.lines))

        assert desk.lines == [f"/settings {word} user:102"]

    async def test_a_person_named_in_words_is_not_replaced(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        theirs = written(server.say(BEN, DESK, "hello"))
        async with running(telegram):
            server.say(ANN, DESK, "/settings allow user:7", reply_to=theirs)
            await desk.until(lambda: bool(desk.lines))

        assert desk.lines == ["/settings allow user:7"]

    async def test_other_commands_are_about_nobody(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        theirs = written(server.say(BEN, DESK, "hello"))
        async with running(telegram):
            server.say(ANN, DESK, "/settings", reply_to=theirs)
            await desk.until(lambda: bool(desk.lines))

        assert desk.lines == ["/settings"]


async def test_a_defect_over_one_message_does_not_stop_the_next(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/broken"] = RuntimeError("a defect")
    async with running(telegram):
        server.say(ANN, ANN, "/broken")
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.sent(ANN)))
        await server.until(lambda: server.pending == 0)

    assert [message.text for message in server.sent(ANN)] == ["answer to /status"]


async def test_text_from_outside_is_escaped(
    server: TelegramServer, telegram: Telegram, desk: FakeDesk
) -> None:
    desk.answers["/status"] = a_document("<b>1 < 2</b> & more")
    async with running(telegram):
        server.say(ANN, ANN, "/status")
        await server.until(lambda: bool(server.sent(ANN)))

    assert server.sent(ANN)[0].text == "<b>1 < 2</b> & more"


async def test_only_what_is_heard_is_asked_for(server: TelegramServer, telegram: Telegram) -> None:
    async with running(telegram):
        await connected(server)

    assert server.allowed_updates == (
        "message",
        "edited_message",
        "channel_post",
        "callback_query",
        "my_chat_member",
        "inline_query",
    )


def written(event: Event) -> Sent:
    assert event.message is not None
    return event.message
