"""Answers on their way: in order within a chat, in the background, so that nobody's question waits for them."""

from datetime import timedelta
from functools import partial
from typing import assert_never

import structlog

from bot.messages.document import Document
from bot.platforms.ports import FrontDesk
from bot.platforms.telegram.askers import whole_chat
from bot.platforms.telegram.lanes import Lanes, Recent, Work
from bot.platforms.telegram.speech import Speech
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Moved, Refused
from monitors.alerts.rules import Destination, Severity
from monitors.ports import Clock

_ATTEMPTS = 3
_LONGEST_WAIT = timedelta(minutes=1)
"""A reply that could only come later than this answers a question long forgotten."""
_REMEMBERED = 2_000

_log = structlog.get_logger(__name__)

Question = tuple[str, str]
"""A chat and the id of the message in it that was answered."""


class Replies:
    """What people are told because they asked."""

    def __init__(self, speech: Speech, desk: FrontDesk, lanes: Lanes, clock: Clock) -> None:
        self._speech = speech
        self._desk = desk
        self._lanes = lanes
        self._clock = clock
        self._answers: Recent[Question, str] = Recent(_REMEMBERED)
        """The messages that answered; "" for one with a picture, in which words alone cannot be changed."""

    def answer(self, destination: Destination, document: Document, *, to: str, quote: bool) -> None:
        """Answer a message, which is quoted where others read along; a known answer is changed into this one.

        Where either has a picture, this one comes anew: the old picture would stay with the new words.
        """
        self._put(destination, partial(self._answer, destination, document, to, quote=quote))

    def tell(self, destination: Destination, post: Post) -> None:
        """Say something in answer to no message."""
        self._put(destination, partial(self._deliver, destination, post))

    def _put(self, destination: Destination, work: Work) -> None:
        if self._lanes.put(destination.chat, work) is None:
            _log.warning("telegram.reply_dropped", chat=destination.chat, why="too many wait already")

    async def _answer(self, destination: Destination, document: Document, to: str, *, quote: bool) -> None:
        question = (destination.chat, to)
        is_fixed = document.picture is not None
        post = Post(
            document=document,
            key="",
            severity=Severity.WARNING,
            edits="" if is_fixed else self._answers.get(question) or "",
            answers=to if quote else "",
        )
        message = await self._deliver(destination, post)
        if message is not None:
            self._answers.put(question, "" if is_fixed else message)

    async def _deliver(self, destination: Destination, post: Post) -> str | None:
        """Say something, if need be a few times; return the message's id once the chat has it."""
        for _ in range(_ATTEMPTS):
            match await self._speech.say(destination, post, urgent=True):
                case Delivered(message=message):
                    return message
                case Deferred(after=after):
                    if after > _LONGEST_WAIT:
                        break
                    await self._clock.sleep(after)
                case Moved(to=to):
                    await self._desk.moved(whole_chat(int(destination.chat)), to)
                    destination = to
                case Refused(why=why, chat_lost=chat_lost):
                    _log.info("telegram.reply_refused", chat=destination.chat, why=why)
                    if chat_lost:
                        await self._desk.lost(destination, why)
                    return None
                case unknown:
                    assert_never(unknown)
        _log.warning(
            "telegram.reply_dropped", chat=destination.chat, why="Telegram could not be reached in time"
        )
        return None
