"""Documents that carry a picture: under it, after it, and without it where it cannot be shown."""

from datetime import timedelta

import pytest

from bot.messages.document import Button, Document, Heading, Paragraph
from bot.messages.html import CAPTION_LIMIT
from bot.platforms.telegram.platform import Telegram
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Refused
from monitors.alerts.rules import Severity
from tests.bot.messages.pictures import a_picture, a_png
from tests.bot.platforms.telegram.world import FakeDesk, a_document, a_post, chat, connected, running
from tests.fakes import FakeClock, FakeNotebook
from tests.loopback.telegram import Refusal, TelegramServer, bad_request, flood
from tests.loopback.telegram.cast import ANN, DESK, FORUM

WHY = Button(label="Why", line="/why 7")
NEXT = Button(label="Next", line="/top 2", in_place=True)
BLOCK = "x" * 400
FORBIDDEN = ("not enough rights to send photos", "CHAT_SEND_PHOTOS_FORBIDDEN", "CHAT_SEND_MEDIA_FORBIDDEN")


def a_chart(text: str = "BTC funding", *blocks: str, buttons: tuple[Button, ...] = (WHY,)) -> Document:
    paragraphs = [Paragraph(text=block) for block in blocks]
    return Document(blocks=(Heading(text=text), *paragraphs), buttons=buttons, picture=a_picture())


def a_letter(
    document: Document, *, severity: Severity = Severity.WARNING, edits: str = "", answers: str = ""
) -> Post:
    return Post(document=document, key="7", severity=severity, edits=edits, answers=answers)


def a_long_one() -> Document:
    return a_chart("BTC funding", BLOCK, BLOCK, BLOCK)


async def told(telegram: Telegram, clock: FakeClock, post: Post) -> str:
    """Send until it is delivered, as the outbox does, and return the message's id."""
    for _ in range(5):
        match await telegram.send(chat(DESK.id), post):
            case Delivered(message=message):
                clock.advance(timedelta(minutes=1))
                return message
            case Deferred(after=after):
                clock.advance(after)
            case outcome:
                raise AssertionError(f"expected a delivery, found {outcome}")
    raise AssertionError("expected a delivery, found one deferral after another")


class TestCaptions:
    async def test_short_words_stand_under_the_picture(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            alert = await told(telegram, clock, a_post())
            delivery = await telegram.send(chat(DESK.id), a_letter(a_chart(), answers=alert))

        message = server.sent(DESK)[1]
        assert delivery == Delivered(message=str(message.id))
        assert message.file is not None
        assert (message.media, message.file.content) == ("photo", a_png())
        assert (message.text, message.html) == ("BTC funding", "<b>BTC funding</b>")
        assert message.button("Why").data == "1:/why 7"
        assert (message.reply_to, message.silent) == (int(alert), False)

    async def test_a_note_with_a_picture_arrives_silently_in_its_topic(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        thread = server.open_topic(FORUM, "Alerts")
        async with running(telegram):
            await connected(server)
            await telegram.send(chat(FORUM.id, str(thread)), a_letter(a_chart(), severity=Severity.INFO))

        (message,) = server.sent(FORUM)
        assert (message.thread, message.silent) == (thread, True)

    @pytest.mark.parametrize(("over", "messages"), [(0, 1), (1, 2)], ids=["the most", "one more"])
    async def test_a_caption_holds_1024_characters_as_they_are_read(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock, over: int, messages: int
    ) -> None:
        rest = CAPTION_LIMIT - len("&\n") - len("😀😀")
        document = a_chart("&", "😀" + "x" * (rest + over))
        async with running(telegram):
            await connected(server)
            await told(telegram, clock, a_letter(document))

        assert len(server.sent(DESK)) == messages

    async def test_an_upload_counts_against_the_pace_of_its_chat(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        async with running(telegram):
            await connected(server)
            await telegram.send(chat(DESK.id), a_letter(a_chart()))
            delivery = await telegram.send(chat(DESK.id), a_post())

        assert isinstance(delivery, Deferred)
        assert timedelta(seconds=1) <= delivery.after < timedelta(seconds=2)


class TestLongWords:
    async def test_an_alert_follows_its_picture_after_the_pause_that_a_chat_takes(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await telegram.send(chat(DESK.id), a_letter(a_long_one()))
            assert isinstance(first, Deferred)
            clock.advance(first.after)
            second = await telegram.send(chat(DESK.id), a_letter(a_long_one()))

        picture, words = server.sent(DESK)
        assert first.after < timedelta(seconds=2)
        assert second == Delivered(message=str(words.id))
        assert (picture.media, picture.text, picture.silent, picture.buttons) == ("photo", "", True, ())
        assert words.text == f"BTC funding\n{BLOCK}\n{BLOCK}\n{BLOCK}"
        assert (words.media, words.silent, words.reply_to) == (None, False, picture.id)
        assert words.button("Why").data == "1:/why 7"

    async def test_a_resolved_line_refers_to_the_alert_and_not_to_its_own_picture(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            alert = await told(telegram, clock, a_post())
            await told(telegram, clock, a_letter(a_long_one(), answers=alert))

        assert [message.reply_to for message in server.sent(DESK)] == [None, int(alert), int(alert)]

    async def test_an_answer_comes_whole_and_in_order(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.answers["/funding BTC"] = a_long_one()
        async with running(telegram):
            for _ in range(2):
                server.say(ANN, ANN, "/funding BTC")
            await server.until(lambda: len(server.sent(ANN)) == 4)

        assert [message.media for message in server.sent(ANN)] == ["photo", None, "photo", None]

    async def test_what_follows_is_edited(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            message = await told(telegram, clock, a_letter(a_long_one()))
            await told(telegram, clock, a_letter(a_chart("It grew"), edits=message))

        picture, words = server.sent(DESK)
        assert (picture.text, words.text) == ("", "It grew")
        assert len(server.called("sendPhoto")) == 1


class TestEditing:
    async def test_words_under_a_picture_are_changed_there(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await told(telegram, clock, a_letter(a_chart()))
            again = await told(telegram, clock, a_letter(a_document("It grew", buttons=[NEXT]), edits=first))

        (message,) = server.sent(DESK)
        assert again == first
        assert (message.html, message.media) == ("<b>It grew</b>", "photo")
        assert [button.text for row in message.buttons for button in row] == ["Next"]
        assert not server.called("editMessageText")

    async def test_too_many_words_for_a_caption_go_by_whole_blocks(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await told(telegram, clock, a_letter(a_chart()))
            await told(telegram, clock, a_letter(a_long_one(), edits=first))

        (message,) = server.sent(DESK)
        assert message.text == f"BTC funding\n{BLOCK}\n{BLOCK}\n… 1 more part did not fit"

    async def test_a_message_of_before_the_restart_turns_out_to_have_a_picture(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await told(telegram, clock, a_letter(a_chart()))
        polls = len(server.called("getUpdates"))
        anew = Telegram(server.token, desk=desk, clock=clock, notebook=FakeNotebook(), api_url=server.url)
        async with running(anew):
            await server.until(lambda: len(server.called("getUpdates")) > polls)
            for text in ("It grew", "It grew more"):
                await told(anew, clock, a_letter(a_document(text), edits=first))

        assert [message.text for message in server.sent(DESK)] == ["It grew more"]
        assert len(server.called("editMessageText")) == 1

    async def test_one_that_says_so_already_is_delivered(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock
    ) -> None:
        async with running(telegram):
            await connected(server)
            first = await told(telegram, clock, a_letter(a_chart()))
            again = await telegram.send(chat(DESK.id), a_letter(a_chart(), edits=first))

        assert again == Delivered(message=first)


class TestAnsweringAnew:
    async def test_a_page_with_a_picture_leaves_the_page_before_as_it_is(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.answers["/top"] = a_document("Page 1", buttons=[NEXT])
        desk.answers["/top 2"] = a_chart("Page 2")
        async with running(telegram):
            server.say(ANN, ANN, "/top")
            await server.until(lambda: bool(server.sent(ANN)))
            page = server.sent(ANN)[0]
            server.press(ANN, page, page.button("Next").data or "")
            await server.until(lambda: len(server.sent(ANN)) == 2)

        pages = [(each.text, each.media) for each in server.sent(ANN)]
        assert pages == [("Page 1", None), ("Page 2", "photo")]
        assert server.sent(ANN)[1].reply_to == page.id

    async def test_a_page_does_not_take_the_place_of_one_with_a_picture(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk
    ) -> None:
        desk.answers["/top"] = a_chart("Page 1", buttons=(NEXT,))
        desk.answers["/top 2"] = a_document("Page 2")
        async with running(telegram):
            server.say(ANN, ANN, "/top")
            await server.until(lambda: bool(server.sent(ANN)))
            page = server.sent(ANN)[0]
            server.press(ANN, page, page.button("Next").data or "")
            await server.until(lambda: len(server.sent(ANN)) == 2)

        pages = [(each.text, each.media) for each in server.sent(ANN)]
        assert pages == [("Page 1", "photo"), ("Page 2", None)]

    async def test_an_edited_command_is_answered_anew_where_either_answer_has_a_picture(
        self, server: TelegramServer, telegram: Telegram, desk: FakeDesk, clock: FakeClock
    ) -> None:
        desk.answers |= {"/funding BTC": a_chart("BTC"), "/funding ETH": a_chart("ETH")}
        async with running(telegram):
            said = server.say(ANN, ANN, "/funding BTC")
            server.say(ANN, ANN, "/status")
            await server.until(lambda: len(server.sent(ANN)) == 2)
            clock.advance(timedelta(hours=1))
            for coin in ("ETH", "SOL", "BTC"):
                server.rewrite(said, f"/funding {coin}")
            await server.until(lambda: len(server.sent(ANN)) == 5)

        texts = [message.text for message in server.sent(ANN)]
        assert texts == ["BTC", "answer to /status", "ETH", "answer to /funding SOL", "BTC"]


class TestOutcomes:
    @pytest.mark.parametrize("why", FORBIDDEN)
    async def test_where_no_picture_may_be_sent_the_words_are(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock, why: str
    ) -> None:
        server.fail(bad_request(why), method="sendPhoto", times=None)
        async with running(telegram):
            await connected(server)
            await told(telegram, clock, a_letter(a_chart()))

        (message,) = server.sent(DESK)
        assert (message.text, message.media, message.reply_to) == ("BTC funding", None, None)
        assert message.button("Why").data == "1:/why 7"
        assert len(server.called("sendPhoto")) == 1

    async def test_a_picture_that_is_too_large_is_refused_and_the_chat_stays(
        self, server: TelegramServer, telegram: Telegram
    ) -> None:
        server.fail(Refusal(413, "Request Entity Too Large"), method="sendPhoto")
        async with running(telegram):
            await connected(server)
            delivery = await telegram.send(chat(DESK.id), a_letter(a_chart()))

        assert delivery == Refused(why="Request entity too large", chat_lost=False)

    @pytest.mark.parametrize("document", [a_chart(), a_long_one()], ids=["short", "long"])
    async def test_a_flood_is_waited_out(
        self, server: TelegramServer, telegram: Telegram, clock: FakeClock, document: Document
    ) -> None:
        server.fail(flood(7), method="sendPhoto")
        async with running(telegram):
            await connected(server)
            first = await telegram.send(chat(DESK.id), a_letter(document))
            clock.advance(timedelta(seconds=7))
            await told(telegram, clock, a_letter(document))

        assert first == Deferred(after=timedelta(seconds=7))
        assert len([message for message in server.sent(DESK) if message.media]) == 1
