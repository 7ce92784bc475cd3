"""Who asks, and where: messages and presses as askers, their rights looked up when they are needed."""

from collections.abc import Awaitable, Callable
from functools import partial

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, User
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.commands.context import Asker
from bot.platforms.telegram.limiter import Urgency
from monitors.alerts.rules import Destination

NAME = "telegram"

Client = ExtBot[Urgency]
_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


def whole_chat(chat_id: int) -> Destination:
    """Return a chat with all its topics."""
    return Destination(platform=NAME, chat=str(chat_id))


def destination_of(message: Message) -> Destination:
    """Return where a message stands.

    Outside forums a thread id only names the message that a reply answers.
    """
    thread = message.message_thread_id if message.is_topic_message else None
    return Destination(platform=NAME, chat=str(message.chat.id), thread="" if thread is None else str(thread))


def writer(client: Client, message: Message) -> Asker:
    """Return who wrote a message."""
    chat, posted_as, user = message.chat, message.sender_chat, message.from_user
    destination = destination_of(message)
    if chat.type == ChatType.CHANNEL or (posted_as is not None and posted_as.id == chat.id):
        # only admins post in a channel, or in the name of their group
        return Asker(destination=destination, user="", name=message.author_signature or "", is_admin=_yes)
    if posted_as is not None or user is None:
        name = "" if posted_as is None else posted_as.effective_name or ""
        return Asker(destination=destination, user="", name=name, is_admin=_no)
    return _person(client, user, chat, destination)


def presser(client: Client, query: CallbackQuery) -> Asker | None:
    """Return who pressed a button, None where Telegram does not tell under which message."""
    message = query.message
    if message is None:
        return None
    destination = destination_of(message) if isinstance(message, Message) else whole_chat(message.chat.id)
    return _person(client, query.from_user, message.chat, destination)


def inviter(client: Client, change: ChatMemberUpdated) -> Asker:
    """Return who let the bot in."""
    return _person(client, change.from_user, change.chat, whole_chat(change.chat.id))


def onlooker(user: User) -> Asker:
    """Return who asks from any chat of theirs, where the bot is not: they may read."""
    return Asker(
        destination=whole_chat(user.id),
        user=str(user.id),
        name=user.full_name,
        is_admin=_no,
        private=True,
        reachable=False,
    )


def _person(client: Client, user: User, chat: Chat, destination: Destination) -> Asker:
    private = chat.type == ChatType.PRIVATE
    is_admin: Callable[[], Awaitable[bool]] = (
        _yes if private else partial(_administers, client, chat.id, user.id)
    )
    return Asker(
        destination=destination,
        user=str(user.id),
        name=user.full_name,
        is_admin=is_admin,
        marks=frozenset({f"user:{user.id}"}),
        private=private,
    )


async def _administers(client: Client, chat_id: int, user_id: int) -> bool:
    """Ask Telegram; who cannot be looked up is no admin."""
    try:
        member = await client.get_chat_member(chat_id, user_id)
    except TelegramError:
        return False
    return member.status in _ADMINS


async def _yes() -> bool:
    return True


async def _no() -> bool:
    return False
