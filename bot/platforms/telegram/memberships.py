"""The bot let in and shown out: chats switched on and off, and a greeting to groups that are new."""

from datetime import datetime, timedelta

from telegram import ChatMember, ChatMemberRestricted, ChatMemberUpdated, Message
from telegram.constants import ChatMemberStatus, ChatType

from bot.platforms.ports import FrontDesk
from bot.platforms.telegram.askers import Client, inviter, whole_chat
from bot.platforms.telegram.lanes import Recent
from bot.platforms.telegram.replies import Replies
from bot.ports import Post
from monitors.ports import Clock

_OUTSIDE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_STARTS = "/start"
_LATELY = timedelta(minutes=1)
_REMEMBERED = 500


class Memberships:
    """What becomes of the bot in chats."""

    def __init__(self, desk: FrontDesk, replies: Replies, clock: Clock) -> None:
        self._desk = desk
        self._replies = replies
        self._clock = clock
        self._greeted: Recent[int, datetime] = Recent(_REMEMBERED)
        """When it became known, by chat, that a join there is none, or is answered by what comes with it."""

    def foresee(self, message: Message) -> None:
        """Learn from a message, before anything of its batch is heard, what makes a greeting needless.

        A group that becomes a supergroup is joined anew; a `?startgroup=` link joins and says /start.
        """
        now = self._clock.now()
        if message.migrate_to_chat_id is not None:
            self._greeted.put(message.migrate_to_chat_id, now)
        elif message.migrate_from_chat_id is not None or (message.text or "").startswith(_STARTS):
            self._greeted.put(message.chat.id, now)

    async def hear(self, client: Client, change: ChatMemberUpdated) -> None:
        """Switch a chat off or on; greet a group, for a private chat says /start and a channel's readers asked nothing."""
        place = whole_chat(change.chat.id)
        private = change.chat.type == ChatType.PRIVATE
        if not _is_inside(change.new_chat_member):
            await self._desk.lost(place, "the bot was blocked" if private else "the bot was removed")
            return
        await self._desk.found(place)
        is_group = change.chat.type in _GROUPS
        if not is_group or _is_inside(change.old_chat_member) or self._is_greeted(change.chat.id):
            return
        document = await self._desk.answer("/start", inviter(client, change))
        if document is not None:
            self._replies.tell(place, Post(document=document, key=""))

    def _is_greeted(self, chat: int) -> bool:
        at = self._greeted.get(chat)
        return at is not None and self._clock.now() - at <= _LATELY


def _is_inside(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in _OUTSIDE
