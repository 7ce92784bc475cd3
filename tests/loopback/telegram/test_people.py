"""What people do, as the real SDK is told of it."""

import pytest
from telegram import (
    Bot,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
)
from telegram.error import BadRequest

from tests.loopback.telegram import ANONYMOUS, Status, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK, FORUM, GROUP, NEWS, a_keyboard, change, news


async def said(bot: Bot) -> Message:
    """Fetch the one message the bot is to be told."""
    (update,) = await news(bot)
    assert update.effective_message is not None
    return update.effective_message


class TestSaying:
    async def test_a_private_message_names_its_writer(self, server: TelegramServer, bot: Bot) -> None:
        event = server.say(BEN, BEN, "hello")

        (update,) = await news(bot)
        assert update.update_id == event.id
        assert update.message is not None
        assert update.message.from_user is not None
        assert (update.message.text, update.message.from_user.id, update.message.chat.type) == (
            "hello",
            BEN.id,
            "private",
        )

    async def test_commands_are_marked_in_utf16_units(self, server: TelegramServer, bot: Bot) -> None:
        server.say(ANN, DESK, "😀 /funding@skewbell_bot BTC a/b /x/y")

        message = await said(bot)
        assert [(each.type, each.offset, each.length) for each in message.entities] == [
            ("bot_command", 3, 21)
        ]
        assert message.parse_entity(message.entities[0]) == "/funding@skewbell_bot"

    async def test_a_message_in_a_topic_replies_to_what_began_it(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        thread = server.open_topic(FORUM, "Alerts")
        server.say(ANN, FORUM, "/rules", topic=thread)

        message = await said(bot)
        assert (message.message_thread_id, message.is_topic_message) == (thread, True)
        assert message.reply_to_message is not None
        assert message.reply_to_message.forum_topic_created is not None
        assert message.reply_to_message.forum_topic_created.name == "Alerts"

    async def test_an_anonymous_administrator_speaks_as_the_group(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        server.say(ANN, DESK, "/mute", anonymous=True)

        message = await said(bot)
        assert message.from_user is not None
        assert message.sender_chat is not None
        assert (message.from_user.id, message.sender_chat.id) == (ANONYMOUS.id, DESK.id)

    async def test_a_member_cannot_be_anonymous(self, server: TelegramServer) -> None:
        with pytest.raises(ValueError, match="Ben is member"):
            server.say(BEN, DESK, "/mute", anonymous=True)

    async def test_a_channel_post_names_nobody(self, server: TelegramServer, bot: Bot) -> None:
        event = server.post(NEWS, "/funding")
        server.rewrite(event, "/funding BTC")

        post, edited = await news(bot)
        assert post.channel_post is not None
        assert (post.effective_user, post.channel_post.text) == (None, "/funding")
        assert edited.edited_channel_post is not None
        assert edited.edited_channel_post.text == "/funding BTC"

    async def test_an_edit_keeps_the_message(self, server: TelegramServer, bot: Bot) -> None:
        event = server.say(ANN, ANN, "/fundin")
        server.rewrite(event, "/funding")

        first, second = await news(bot)
        assert first.message is not None
        assert second.edited_message is not None
        assert second.edited_message.message_id == first.message.message_id
        assert (second.edited_message.text, second.edited_message.edit_date) != ("/fundin", None)

    async def test_a_reply_shows_what_it_replies_to(self, server: TelegramServer, bot: Bot) -> None:
        alert = await bot.send_message(DESK.id, "BTC fires")
        server.say(ANN, DESK, "/mute", reply_to=server.sent(DESK)[0])

        message = await said(bot)
        assert message.reply_to_message is not None
        assert message.reply_to_message.message_id == alert.message_id

    async def test_only_what_made_a_message_is_edited(self, server: TelegramServer) -> None:
        with pytest.raises(ValueError, match="expected an event that made a message"):
            server.rewrite(server.inline(ANN, "BTC"), "ETH")

    async def test_nobody_is_heard_where_the_bot_is_not(self, server: TelegramServer) -> None:
        server.bot_becomes(DESK, Status.KICKED, by=ANN)

        with pytest.raises(ValueError, match="cannot read in Desk"):
            server.say(ANN, DESK, "hello?")

    async def test_a_deep_link_unblocks_the_bot(self, server: TelegramServer, bot: Bot) -> None:
        server.bot_becomes(ANN, Status.KICKED, by=ANN)
        server.start(ANN, "rule_7")

        blocked, unblocked, started = await news(bot)
        assert change(blocked) == ("member", "kicked")
        assert change(unblocked) == ("kicked", "member")
        assert started.message is not None
        assert started.message.text == "/start rule_7"

    async def test_a_group_link_adds_the_bot(self, server: TelegramServer, bot: Bot) -> None:
        server.bot_becomes(GROUP, Status.LEFT, by=ANN)
        server.start(ANN, "desk", room=GROUP)

        _, added, started = await news(bot)
        assert change(added) == ("left", "member")
        assert started.message is not None
        assert started.message.text == "/start@skewbell_bot desk"


class TestQueries:
    async def test_a_press_carries_its_message_and_wants_an_answer(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        await bot.send_message(ANN.id, "BTC fires", reply_markup=a_keyboard(1, data="mute:1h"))
        (sent,) = server.sent(ANN)
        event = server.press(ANN, sent, "mute:1h")

        (update,) = await news(bot)
        assert update.callback_query is not None
        assert (update.callback_query.id, update.callback_query.data) == (event.query, "mute:1h")
        assert isinstance(update.callback_query.message, Message)
        assert update.callback_query.message.text == "BTC fires"
        assert await update.callback_query.answer("muted")

    async def test_a_press_under_a_deleted_message_has_no_text(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        await bot.send_message(ANN.id, "BTC fires", reply_markup=a_keyboard(1))
        (sent,) = server.sent(ANN)
        server.delete(sent)
        server.press(ANN, sent, "mute")

        (update,) = await news(bot)
        assert update.callback_query is not None
        assert update.callback_query.message is not None
        assert not update.callback_query.message.is_accessible

    async def test_an_answer_needs_a_query_and_a_short_text(self, server: TelegramServer, bot: Bot) -> None:
        await bot.send_message(ANN.id, "x")
        event = server.press(ANN, server.sent(ANN)[0], "mute")

        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query("7")
        with pytest.raises(BadRequest, match="Message_too_long"):
            await bot.answer_callback_query(event.query or "", "x" * 201)

    async def test_an_inline_query_is_answered_with_results(self, server: TelegramServer, bot: Bot) -> None:
        event = server.inline(ANN, "BTC")

        (update,) = await news(bot)
        assert update.inline_query is not None
        assert (update.inline_query.id, update.inline_query.query) == (event.query, "BTC")
        assert await update.inline_query.answer([_an_article("1", "<b>BTC</b>")])

    async def test_an_inline_answer_needs_its_query(self, bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_inline_query("7", [])

    @pytest.mark.parametrize(
        ("results", "why"),
        [
            ([("1", "x"), ("1", "y")], "Result_id_duplicate"),
            ([(str(number), "x") for number in range(51)], "Results_too_much"),
            ([("", "x")], "Result_id_invalid"),
            ([("1", "<b>")], "Can't parse entities"),
            ([("1", "x" * 4097)], "Message is too long"),
            ([("1", "<i></i>")], "Message text is empty"),
        ],
    )
    async def test_bad_inline_results_are_refused(
        self, server: TelegramServer, bot: Bot, results: list[tuple[str, str]], why: str
    ) -> None:
        event = server.inline(ANN, "BTC")

        with pytest.raises(BadRequest, match=why):
            await bot.answer_inline_query(event.query or "", [_an_article(*each) for each in results])


def _an_article(name: str, text: str) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(name, "BTC", InputTextMessageContent(text, parse_mode="HTML"))
