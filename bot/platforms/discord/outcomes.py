"""What became of a message, as a value: the one translation of what discord.py and aiohttp raise."""

from datetime import timedelta
from http import HTTPStatus

import aiohttp
import discord

from bot.platforms.discord.api import UNSAID, LaterError
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Refused

SOON = timedelta(seconds=5)
"""For what passes by itself. A message whose fate is unknown must come again while its nonce is remembered, which is
"the past few minutes": https://docs.discord.com/developers/resources/message#create-message"""

AFTER_REPAIR = timedelta(minutes=1)
"""For what somebody has to mend first: the token, or the proxy in front."""

UNKNOWN_MESSAGE = 10008
NO_HISTORY = 160002
"""Replying takes the right to read what was said before."""

NO_PERMISSION = 50013
"""Writing takes some, and a picture the right to attach files besides."""

_ARCHIVED = 50083
_CLOUDFLARE = 40333
"""An answer of what stands before Discord, which knows nothing of the channel."""
_CHAT_LOST = {
    10003: "the channel was deleted",
    10004: "the server is gone",
    50001: "the bot may not see the channel",
    50007: "the person takes no messages from the bot",
    50008: "the channel takes no messages",
    50009: "the channel's verification level keeps the bot out",
    NO_PERMISSION: "the bot may not write there: it needs View Channel, Send Messages (in Threads) and Embed Links",
    50024: "the channel takes no messages",
    40058: "the channel takes no messages, only posts with a title",
    160005: "the thread is locked",
    50278: "the person shares no server with the bot",
}
# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json

_IN_BETWEEN = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_LONGEST_TEXT = 200

TRANSIENT = (LaterError, discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
"""What a request may raise although nothing is wrong with the program; a `TimeoutError` is an `OSError`."""


def outcome_of(error: Exception, post: Post) -> Delivery:
    """Return what an error of `TRANSIENT` means for a post."""
    match error:
        case LaterError():
            return Deferred(after=error.after)
        case discord.RateLimited():
            return Deferred(after=timedelta(seconds=error.retry_after))
        case discord.HTTPException():
            return _answered(error, post)
        case _:
            return Deferred(after=SOON)


def _answered(error: discord.HTTPException, post: Post) -> Delivery:
    """Judge by Discord's own code; an error without one comes from what stands between: a proxy, Cloudflare."""
    if error.code == UNKNOWN_MESSAGE:
        return _gone(post)
    if error.code == _ARCHIVED:
        # Writing into an archived thread opens it, unless it is locked; changing a message there never does.
        return Refused(why="the thread is archived", chat_lost=not post.edits)
    if error.code in _CHAT_LOST:
        return Refused(why=_CHAT_LOST[error.code], chat_lost=True)
    after = _patience(error)
    if after is not None:
        return Deferred(after=after)
    text = error.text[:_LONGEST_TEXT]
    return Refused(why=f"HTTP {error.status}, code {error.code}: {text}", chat_lost=False)


def _patience(error: discord.HTTPException) -> timedelta | None:
    """Return when to try again, None for never."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SOON
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return UNSAID
    is_unsaid = error.status in _IN_BETWEEN and error.code in {0, _CLOUDFLARE}
    return AFTER_REPAIR if is_unsaid or error.status == HTTPStatus.UNAUTHORIZED else None


def _gone(post: Post) -> Delivery:
    """A message to change is gone, or one with this nonce was told and then deleted by somebody."""
    if post.edits:
        return Delivered(message=post.edits)
    return Refused(why="it was told already, and then deleted", chat_lost=False)
