"""Messages as the bot hears them: commands answered, edited ones answered anew, migrations followed."""

from datetime import datetime, timedelta

import structlog
from telegram import Message

from bot.commands.context import Who
from bot.commands.errors import UsageError
from bot.commands.registry import Start, read
from bot.messages.document import Document, Heading, Paragraph, Tone
from bot.platforms.ports import FrontDesk
from bot.platforms.telegram.askers import Client, whole_chat, writer
from bot.platforms.telegram.lanes import Recent
from bot.platforms.telegram.lines import line_of
from bot.platforms.telegram.replies import Replies
from monitors.ports import Clock

MUCH_TOO_LATE = timedelta(minutes=10)
"""How old a command may be: who wrote it before an outage may have wanted something else since."""

MISSED = Document(
    blocks=(
        Heading(text="I was away", tone=Tone.ERROR),
        Paragraph(text="What was written here meanwhile was not done. Send again what you still want."),
    ),
    failed=True,
)

_STILL_FRESH = timedelta(minutes=1)
"""How old a message may be whose edit is heard although it is not known what it said before."""
_REMEMBERED = 2_000

_log = structlog.get_logger(__name__)


class Commands:
    """What people write."""

    def __init__(self, desk: FrontDesk, replies: Replies, clock: Clock, names: frozenset[str]) -> None:
        """Hear the commands of those names, such as `alert add`."""
        self._desk = desk
        self._replies = replies
        self._clock = clock
        self._names = names
        self._lines: Recent[tuple[int, int], str] = Recent(_REMEMBERED)
        """What was heard, by chat and message."""
        self._told: Recent[int, datetime] = Recent(_REMEMBERED)
        """When a chat was told that something was missed."""

    async def hear(self, client: Client, message: Message) -> None:
        """Answer a message if it is a command."""
        if message.migrate_to_chat_id is not None:
            await self._follow(message.chat.id, message.migrate_to_chat_id)
            return
        line = line_of(message, client.username, self._names)
        if line is not None:
            await self._answer(client, message, line)

    async def hear_edited(self, client: Client, message: Message) -> None:
        """Answer a command anew, in place of its answer, if an edit changed it.

        Telegram tells of an edit when somebody reacts to a message, too. Where it is not known what was there before, as
        after a restart, an old message is let be, and so is what would change something in the chat a second time.
        """
        line = line_of(message, client.username, self._names)
        if line is None:
            return
        before = self._lines.get(_key(message))
        is_fresh = self._clock.now() - message.date <= _STILL_FRESH
        if (is_fresh and _only_asks(line)) if before is None else line != before:
            await self._answer(client, message, line)

    async def _answer(self, client: Client, message: Message, line: str) -> None:
        self._lines.put(_key(message), line)
        asker = writer(client, message)
        written = message.edit_date or message.date
        is_late = self._clock.now() - written > MUCH_TOO_LATE
        document = self._missed(message.chat.id, written) if is_late else await self._desk.answer(line, asker)
        if document is not None:
            to = str(message.message_id)
            self._replies.answer(asker.destination, document, to=to, quote=not asker.private)

    def _missed(self, chat: int, written: datetime) -> Document | None:
        """Return what a chat is told of a command that comes too late, once: all of an outage was written before."""
        told = self._told.get(chat)
        if told is not None and written <= told:
            return None
        _log.info("telegram.missed", chat=chat)
        self._told.put(chat, self._clock.now())
        return MISSED

    async def _follow(self, old: int, new: int) -> None:
        """Follow a group that became a supergroup, where the bot is still welcome."""
        await self._desk.moved(whole_chat(old), whole_chat(new))
        await self._desk.found(whole_chat(new))


def _key(message: Message) -> tuple[int, int]:
    return message.chat.id, message.message_id


def _only_asks(line: str) -> bool:
    """Tell whether a command changes nothing in the chat; what cannot be understood does not, and a link may."""
    try:
        command = read(line)
    except UsageError:
        return True
    return command.who is Who.MEMBER and not (isinstance(command, Start) and command.payload)
