"""What an error of Telegram's means for a message: the one translation from the library's errors."""

from datetime import timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.platforms.proxies import ProxyError
from bot.platforms.telegram.transport import LaterError
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Moved, Refused
from monitors.alerts.rules import Destination

AFTER_TROUBLE = timedelta(seconds=5)

_CHAT_LOST = (
    "chat not found",
    "chat_send_plain_forbidden",
    "chat_write_forbidden",
    "group chat was deactivated",
    "have no rights to send",
    "need administrator rights in the channel chat",
    "not enough rights",
    "peer_id_invalid",
    "user_deactivated",
    "user_is_blocked",
)
"""Parts of a 400's description, in lower case, after which nothing more can be told there."""

_TOPIC_LOST = ("message thread not found", "topic_closed", "topic_deleted")
"""The same for a topic. A forum's General topic has no thread, and that one closed leaves the others open."""

_NOTHING_TO_EDIT = (
    "message is not modified",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
)


def outcome(error: TelegramError, destination: Destination, *, edits: str = "") -> Delivery:
    """Return what became of a message for which the library raised; `edits` is the message it was to change."""
    match error:
        case LaterError(after=after):
            return Deferred(after=after)
        case ChatMigrated(new_chat_id=new):
            return Moved(to=Destination(platform=destination.platform, chat=str(new)))
        case Forbidden():
            return Refused(why=words(error), chat_lost=True)
        case BadRequest():  # a kind of NetworkError, but final
            return _refused(error, destination, edits)
        case (
            _
        ):  # the network's, or about the bot as a whole, as a 401 is: the message waits until that is over
            return Deferred(after=AFTER_TROUBLE)


def _refused(error: BadRequest, destination: Destination, edits: str) -> Delivery:
    said = error.message.lower()
    if edits and any(part in said for part in _NOTHING_TO_EDIT):
        return Delivered(message=edits)
    lost = (*_CHAT_LOST, *_TOPIC_LOST) if destination.thread else _CHAT_LOST
    return Refused(why=words(error), chat_lost=any(part in said for part in lost))


def words(error: Exception) -> str:
    """Return an error in words that hold no token: Telegram's own for a refusal, else only its kind."""
    if isinstance(error, BadRequest | Forbidden):
        return error.message
    if isinstance(error, ProxyError):
        return str(error)
    cause = error.__cause__
    return type(error).__name__ + (f" ({type(cause).__name__})" if cause else "")
