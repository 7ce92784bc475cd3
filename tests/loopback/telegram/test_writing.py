"""What the bot sends and edits, as the real SDK finds it."""

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity, ReplyParameters
from telegram.error import BadRequest, Forbidden

from tests.loopback.telegram import Status, TelegramServer
from tests.loopback.telegram.cast import ANN, BEN, DESK, EMPTY_PNG, FORUM, GROUP, NEWS, a_keyboard


class TestSending:
    async def test_what_is_sent_stands_in_the_chat(self, server: TelegramServer, bot: Bot) -> None:
        answer = await bot.send_message(
            ANN.id, "<b>BTC</b> &lt; 1 %", parse_mode="HTML", disable_notification=True
        )

        (sent,) = server.sent(ANN)
        assert (sent.id, sent.text, sent.html, sent.silent) == (
            answer.message_id,
            "BTC < 1 %",
            "<b>BTC</b> &lt; 1 %",
            True,
        )
        assert (answer.text, answer.text_html) == ("BTC < 1 %", "<b>BTC</b> &lt; 1 %")
        assert answer.from_user is not None
        assert answer.from_user.id == bot.id

    @pytest.mark.parametrize(
        ("html", "why"),
        [
            ("<x>a</x>", 'Unsupported start tag "x" at byte offset 0'),
            ("é < 1", 'Unsupported start tag "" at byte offset 3'),
            ("<b>a", "Can't find end tag corresponding to start tag b"),
            ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
            ("a</b>", "Unexpected end tag at byte offset 1"),
            ("a <b", "Unclosed start tag at byte offset 2"),
            ("<b>a</b", "Unclosed end tag at byte offset 4"),
            (
                "<a href=>x</a>",
                'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0',
            ),
            ('a <b x="', 'Unclosed start tag "b" at byte offset 2'),
            ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ],
    )
    async def test_broken_html_is_refused(
        self, server: TelegramServer, bot: Bot, html: str, why: str
    ) -> None:
        with pytest.raises(BadRequest) as caught:
            await bot.send_message(ANN.id, html, parse_mode="HTML")

        assert caught.value.message == f"can't parse entities: {why}".capitalize()
        assert server.sent(ANN) == []

    @pytest.mark.parametrize(
        ("html", "text", "marks"),
        [
            ("😀 <b>x</b>", "😀 x", [("bold", 3, 1)]),
            ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1)]),
            ('<a href="https://a.b/?x=1&amp;y">a</a>', "a", [("text_link", 0, 1)]),
            ('<tg-emoji emoji-id="53">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2)]),
            ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
            ("<i>a<u>b</u></i>", "ab", [("italic", 0, 2), ("underline", 1, 1)]),
            ("<b></b>x", "x", []),
            ("  <b>x</b> \n", "x", [("bold", 0, 1)]),
            ("&nbsp;&ltx&#65;&#x42;&quot;", '&nbsp;&ltxAB"', []),
            (
                "@ann_trades <code>@ann_trades</code>",
                "@ann_trades @ann_trades",
                [("mention", 0, 11), ("code", 12, 11)],
            ),
        ],
    )
    async def test_html_becomes_text_and_entities(
        self, server: TelegramServer, bot: Bot, html: str, text: str, marks: list[tuple[str, int, int]]
    ) -> None:
        answer = await bot.send_message(ANN.id, html, parse_mode="HTML")

        assert answer.text == text
        assert [(each.type, each.offset, each.length) for each in answer.entities] == marks

    @pytest.mark.parametrize(
        ("text", "why"), [("x" * 4097, "Message is too long"), ("<b> </b>", "Message text is empty")]
    )
    async def test_length_counts_after_parsing(self, bot: Bot, text: str, why: str) -> None:
        kept = await bot.send_message(ANN.id, f"<b>{'x' * 4096}</b>", parse_mode="HTML")

        with pytest.raises(BadRequest, match=why):
            await bot.send_message(ANN.id, text, parse_mode="HTML")
        assert kept.text == "x" * 4096

    @pytest.mark.parametrize(
        ("keyboard", "why"),
        [
            (a_keyboard(1, data="x" * 65), "Button_data_invalid"),
            (a_keyboard(9), "More than 8 buttons in a row"),
            (a_keyboard(*[8] * 13), "Reply markup is too long"),
            (a_keyboard(*[8] * 12, 4, data="x" * 64, label="x" * 10), "Reply markup is too long"),
            (
                InlineKeyboardMarkup([[InlineKeyboardButton("", callback_data="x")]]),
                "button text must be non-empty",
            ),
            (InlineKeyboardMarkup([[InlineKeyboardButton("x")]]), "Text buttons are unallowed"),
        ],
    )
    async def test_a_keyboard_beyond_the_limits_is_refused(
        self, bot: Bot, keyboard: InlineKeyboardMarkup, why: str
    ) -> None:
        with pytest.raises(BadRequest, match=why):
            await bot.send_message(ANN.id, "x", reply_markup=keyboard)

    async def test_an_empty_keyboard_is_no_keyboard(self, server: TelegramServer, bot: Bot) -> None:
        await bot.send_message(ANN.id, "x", reply_markup=InlineKeyboardMarkup([]))

        assert server.sent(ANN)[0].markup is None

    async def test_what_this_server_cannot_read_is_refused(self, bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Unsupported parse_mode"):
            await bot.send_message(ANN.id, "*x*", parse_mode="MarkdownV2")
        with pytest.raises(BadRequest, match="entities from html alone"):
            await bot.send_message(ANN.id, "x", entities=[MessageEntity("bold", 0, 1)])

    async def test_a_missing_button_is_named(self, server: TelegramServer, bot: Bot) -> None:
        await bot.send_message(ANN.id, "x", reply_markup=a_keyboard(1))

        with pytest.raises(LookupError, match=r"'Mute', found \['0.0'\]"):
            server.sent(ANN)[0].button("Mute")

    async def test_buttons_are_seen_row_by_row(self, server: TelegramServer, bot: Bot) -> None:
        await bot.send_message(ANN.id, "x", reply_markup=a_keyboard(2, 8, data="é" * 32))

        (sent,) = server.sent(ANN)
        assert [len(row) for row in sent.buttons] == [2, 8]
        assert sent.button("1.7").data == "é" * 32

    async def test_a_reply_needs_its_message(self, server: TelegramServer, bot: Bot) -> None:
        first = await bot.send_message(ANN.id, "first")
        reply = await bot.send_message(ANN.id, "reply", reply_parameters=ReplyParameters(first.message_id))
        loose = await bot.send_message(
            ANN.id, "loose", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True)
        )

        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(ANN.id, "lost", reply_parameters=ReplyParameters(99))
        assert reply.reply_to_message is not None
        assert reply.reply_to_message.message_id == first.message_id
        assert loose.reply_to_message is None
        assert [each.reply_to for each in server.sent(ANN)] == [None, first.message_id, None]

    async def test_a_topic_must_exist_and_be_open(self, server: TelegramServer, bot: Bot) -> None:
        thread = server.open_topic(FORUM, "Alerts")
        sent = await bot.send_message(FORUM.id, "x", message_thread_id=thread)
        server.close_topic(FORUM, thread)

        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(FORUM.id, "x", message_thread_id=thread)
        server.delete_topic(FORUM, thread)
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(FORUM.id, "x", message_thread_id=thread)
        assert (sent.message_thread_id, sent.is_topic_message) == (thread, True)

    async def test_files_are_kept_as_uploaded(self, server: TelegramServer, bot: Bot) -> None:
        photo = await bot.send_photo(ANN.id, EMPTY_PNG, caption="<i>chart</i>", parse_mode="HTML")
        document = await bot.send_document(ANN.id, b"a;b", filename="rules.csv", caption="x" * 1024)
        again = await bot.send_photo(ANN.id, photo.photo[0].file_id)

        shown = server.sent(ANN)
        assert [(each.media, each.text) for each in shown[:2]] == [
            ("photo", "chart"),
            ("document", "x" * 1024),
        ]
        assert [each.file.content if each.file else None for each in shown] == [EMPTY_PNG, b"a;b", EMPTY_PNG]
        assert (photo.photo[0].width, photo.photo[0].height) == (640, 480)
        assert document.document is not None
        assert document.document.file_name == "rules.csv"
        assert again.photo == photo.photo

    async def test_files_that_telegram_would_not_take_are_refused(self, bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Image_process_failed"):
            await bot.send_photo(ANN.id, b"GIF")
        with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
            await bot.send_photo(ANN.id, EMPTY_PNG.replace(b"\0\0\x02\x80", b"\0\1\x02\x80"))
        with pytest.raises(BadRequest, match="Message caption is too long"):
            await bot.send_photo(ANN.id, EMPTY_PNG, caption="x" * 1025)
        with pytest.raises(BadRequest, match="Wrong file identifier"):
            await bot.send_document(ANN.id, "unknown")
        with pytest.raises(BadRequest, match="File must be non-empty"):
            await bot.send_document(ANN.id, b"")

    async def test_a_chat_that_cannot_be_written_to_says_why(self, server: TelegramServer, bot: Bot) -> None:
        server.bot_becomes(BEN, Status.LEFT, by=BEN)
        server.bot_becomes(ANN, Status.KICKED, by=ANN)
        server.bot_becomes(DESK, Status.KICKED, by=ANN)
        server.bot_becomes(GROUP, Status.LEFT, by=ANN)
        server.bot_becomes(NEWS, Status.MEMBER, by=ANN)

        for chat, error, why in (
            (BEN.id, Forbidden, "bot can't initiate conversation with a user"),
            (ANN.id, Forbidden, "bot was blocked by the user"),
            (DESK.id, Forbidden, "bot was kicked from the supergroup chat"),
            (GROUP.id, Forbidden, "bot is not a member of the group chat"),
            (NEWS.id, BadRequest, "Need administrator rights in the channel chat"),
            (-5, BadRequest, "Chat not found"),
        ):
            with pytest.raises(error, match=why):
                await bot.send_message(chat, "x")

    async def test_a_channel_is_written_to_by_name_and_speaks_for_itself(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        desk = await bot.send_message("@the_desk", "x")
        post = await bot.send_message(NEWS.id, "x")

        assert desk.chat.id == DESK.id
        assert (post.from_user, post.sender_chat and post.sender_chat.id) == (None, NEWS.id)
        assert len(server.sent(NEWS)) == 1


class TestEditing:
    async def test_an_edit_replaces_text_and_buttons(self, server: TelegramServer, bot: Bot) -> None:
        sent = await bot.send_message(ANN.id, "firing", reply_markup=a_keyboard(1))
        edited = await bot.edit_message_text("<b>resolved</b>", ANN.id, sent.message_id, parse_mode="HTML")

        assert isinstance(edited, Message)
        assert edited.edit_date is not None
        assert [(each.text, each.buttons) for each in server.sent(ANN)] == [("resolved", ())]

    async def test_an_edit_must_change_something(self, bot: Bot) -> None:
        sent = await bot.send_message(ANN.id, "x", reply_markup=a_keyboard(1))

        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_text("x", ANN.id, sent.message_id, reply_markup=a_keyboard(1))
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_reply_markup(ANN.id, sent.message_id, reply_markup=a_keyboard(1))

    async def test_buttons_alone_can_be_edited(self, server: TelegramServer, bot: Bot) -> None:
        sent = await bot.send_message(ANN.id, "x", reply_markup=a_keyboard(1))
        await bot.edit_message_reply_markup(ANN.id, sent.message_id)

        assert [(each.text, each.buttons) for each in server.sent(ANN)] == [("x", ())]

    async def test_a_caption_is_edited_under_what_it_belongs_to(
        self, server: TelegramServer, bot: Bot
    ) -> None:
        photo = await bot.send_photo(ANN.id, EMPTY_PNG, caption="chart")
        text = await bot.send_message(ANN.id, "x")
        await bot.edit_message_caption(ANN.id, photo.message_id, caption="<b>grew</b>", parse_mode="HTML")

        shown = server.sent(ANN)[0]
        assert (shown.text, shown.html, shown.media) == ("grew", "<b>grew</b>", "photo")
        with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
            await bot.edit_message_caption(ANN.id, text.message_id, caption="y")
        with pytest.raises(BadRequest, match="Message caption is too long"):
            await bot.edit_message_caption(ANN.id, photo.message_id, caption="x" * 1025)

    async def test_only_a_text_of_its_own_is_edited(self, server: TelegramServer, bot: Bot) -> None:
        theirs = server.say(ANN, ANN, "hello").message
        photo = await bot.send_photo(ANN.id, EMPTY_PNG)
        sent = await bot.send_message(ANN.id, "x")
        server.delete(server.sent(ANN)[-1])

        assert theirs is not None
        for message, why in (
            (theirs.id, "Message can't be edited"),
            (photo.message_id, "There is no text in the message to edit"),
            (sent.message_id, "Message to edit not found"),
        ):
            with pytest.raises(BadRequest, match=why):
                await bot.edit_message_text("y", ANN.id, message)
