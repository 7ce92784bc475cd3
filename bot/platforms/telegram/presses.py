"""Pressed buttons: the line that a button carries, answered in place or below."""

import structlog
from telegram import CallbackQuery, MaybeInaccessibleMessage, Message
from telegram.error import TelegramError

from bot.messages.document import Document, Heading
from bot.platforms.ports import FrontDesk
from bot.platforms.telegram.askers import Client, presser
from bot.platforms.telegram.buttons import decode
from bot.platforms.telegram.outcomes import words
from bot.platforms.telegram.replies import Replies
from bot.ports import Post
from monitors.alerts.rules import Severity

LONGEST_WORD = 200
"""Characters that can be shown at a press (https://core.telegram.org/bots/api#answercallbackquery)."""
OF_ANOTHER_VERSION = "This button is of an older version: /help"

_log = structlog.get_logger(__name__)


class Presses:
    """What people press."""

    def __init__(self, desk: FrontDesk, replies: Replies) -> None:
        self._desk = desk
        self._replies = replies

    async def hear(self, client: Client, query: CallbackQuery) -> None:
        """Do what a button says, unless Telegram takes no answer to the press any more: then it is long past.

        So a press is answered before it is known what comes of it, and what fails is told below like what does not.
        """
        asker, message = presser(client, query), query.message
        pressed = decode(query.data or "")
        if asker is None or message is None or pressed is None:
            await _is_taken(query, OF_ANOTHER_VERSION)
            return
        if not await _is_taken(query):
            return
        line, in_place = pressed
        document = await self._desk.answer(line, asker)
        if document is None:
            return
        below = str(message.message_id)
        is_fixed = document.failed or document.picture is not None or _shows_a_picture(message)
        in_place = in_place and not is_fixed
        post = Post(
            document=document,
            key="",
            severity=Severity.INFO,
            edits=below if in_place else "",
            answers="" if in_place else below,
        )
        self._replies.tell(asker.destination, post)


def _shows_a_picture(message: MaybeInaccessibleMessage) -> bool:
    """Tell whether other words in a message's place would stand under a picture that is not about them."""
    return isinstance(message, Message) and bool(message.photo)


async def _is_taken(query: CallbackQuery, word: str = "") -> bool:
    """End the waiting that the person sees, and tell whether they still waited; Telegram dates no press."""
    try:
        await query.answer(word or None, show_alert=bool(word))
    except TelegramError as error:
        _log.info("telegram.press_ignored", error=words(error))
        return False
    return True


def headline(document: Document) -> str:
    """Return a document's heading, as much as can be shown at a press."""
    texts = [block.text for block in document.blocks if isinstance(block, Heading)]
    text = " ".join(texts[:1]) or "That did not work."
    return text if len(text) <= LONGEST_WORD else text[: LONGEST_WORD - 1] + "…"
