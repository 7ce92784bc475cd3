"""How a post is said in a chat: rendered, paced, sent or changed in place, and what became of it."""

from dataclasses import replace
from datetime import timedelta

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from bot.messages.document import Picture
from bot.messages.html import CAPTION_LIMIT, as_html, size
from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.buttons import keyboard
from bot.platforms.telegram.lanes import Recent
from bot.platforms.telegram.limiter import Urgency
from bot.platforms.telegram.outcomes import outcome
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Delivery
from monitors.alerts.rules import Destination, Severity

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_UNTIL_CONNECTED = timedelta(seconds=5)
_REMEMBERED = 2_000
_HAS_A_CAPTION = "no text in the message to edit"
_NO_PICTURES = ("not enough rights to send photos", "chat_send_media_forbidden", "chat_send_photos_forbidden")
# parts of a 400's description, in lower case


class Speech:
    """The one way out: alerts and replies alike.

    A chat takes one message a second, and an alert waits for nothing: one that takes two requests is deferred between
    them, so what the first came to is remembered here.
    """

    def __init__(self) -> None:
        self.client: Client | None = None
        """Whoever is connected now; clients come and go, what waits to be said stays."""
        self._captions: Recent[tuple[str, str], bool] = Recent(_REMEMBERED)
        """Messages, by chat and id, that say their words as a caption."""
        self._pictures: Recent[tuple[Destination, str], str] = Recent(_REMEMBERED)
        """The message of the picture that went ahead of a post, by the post's key; "" where no picture may go."""

    async def say(self, destination: Destination, post: Post, *, urgent: bool) -> Delivery:
        """Say something, an urgent one before all that is not; a wait that is long becomes a deferral.

        The message delivered is the one that holds the words. A picture stays as it is when its words are changed.
        """
        client = self.client
        if client is None:
            return Deferred(after=_UNTIL_CONNECTED)
        pace = None if urgent else Urgency.ALERT
        try:
            if post.edits:
                await self._change(client, destination, post, pace)
                return Delivered(message=post.edits)
            return Delivered(message=await self._send(client, destination, post, pace))
        except TelegramError as error:
            return outcome(error, destination, edits=post.edits)

    async def _send(self, client: Client, destination: Destination, post: Post, pace: Urgency | None) -> str:
        """Send a post, its words under its picture or, where they are too long for that, after it."""
        picture, text = post.document.picture, as_html(post.document)
        if picture is None:
            return await _send_words(client, destination, post, text, pace)
        is_caption = size(text) <= CAPTION_LIMIT
        ahead = self._pictures.get((destination, post.key)) if post.key else None
        if ahead is None:
            ahead = await _send_picture(client, destination, post, picture, text if is_caption else "", pace)
            if is_caption and ahead:
                self._captions.put((destination.chat, ahead), fact=True)
                return ahead
            self._pictures.put((destination, post.key), ahead)
        post = replace(post, answers=post.answers or ahead)
        return await _send_words(client, destination, post, text, pace)

    async def _change(
        self, client: Client, destination: Destination, post: Post, pace: Urgency | None
    ) -> None:
        """Change a message's words; whether they are its text or a caption is known of what was sent lately."""
        message = (destination.chat, post.edits)
        if not self._captions.get(message):
            try:
                await _change_text(client, destination, post, pace)
            except BadRequest as error:
                if _HAS_A_CAPTION not in error.message.lower():
                    raise
                self._captions.put(message, fact=True)
            else:
                return
        await client.edit_message_caption(
            chat_id=int(destination.chat),
            message_id=int(post.edits),
            caption=as_html(post.document, CAPTION_LIMIT),
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard(post.document),
            rate_limit_args=pace,
        )


async def _send_words(
    client: Client, destination: Destination, post: Post, text: str, pace: Urgency | None
) -> str:
    message = await client.send_message(
        chat_id=int(destination.chat),
        message_thread_id=_topic(destination),
        text=text,
        parse_mode=ParseMode.HTML,
        disable_notification=post.severity is Severity.INFO,
        link_preview_options=NO_PREVIEW,
        reply_markup=keyboard(post.document),
        reply_parameters=_reference(post),
        rate_limit_args=pace,
    )
    return str(message.message_id)


async def _send_picture(
    client: Client, destination: Destination, post: Post, picture: Picture, caption: str, pace: Urgency | None
) -> str:
    """Send a picture, silently and without buttons if no caption is with it; "" where the bot may send none."""
    try:
        message = await client.send_photo(
            chat_id=int(destination.chat),
            message_thread_id=_topic(destination),
            photo=picture.png,
            filename="picture.png",
            caption=caption or None,
            parse_mode=ParseMode.HTML,
            disable_notification=not caption or post.severity is Severity.INFO,
            reply_markup=keyboard(post.document) if caption else None,
            reply_parameters=_reference(post),
            rate_limit_args=pace,
        )
    except BadRequest as error:
        said = error.message.lower()
        if not any(part in said for part in _NO_PICTURES):
            raise
        return ""
    return str(message.message_id)


async def _change_text(client: Client, destination: Destination, post: Post, pace: Urgency | None) -> None:
    await client.edit_message_text(
        chat_id=int(destination.chat),
        message_id=int(post.edits),
        text=as_html(post.document),
        parse_mode=ParseMode.HTML,
        link_preview_options=NO_PREVIEW,
        reply_markup=keyboard(post.document),
        rate_limit_args=pace,
    )


def _topic(destination: Destination) -> int | None:
    return int(destination.thread) if destination.thread else None


def _reference(post: Post) -> ReplyParameters | None:
    if not post.answers:
        return None
    return ReplyParameters(message_id=int(post.answers), allow_sending_without_reply=True)
