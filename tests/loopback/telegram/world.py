"""What is so on the loopback Telegram: people, chats with their members, topics and messages, and what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitors.ports import Clock
from tests.loopback.telegram.bell import Bell
from tests.loopback.telegram.refusals import (
    BLOCKED,
    NEVER_STARTED,
    RefusedError,
    bad_request,
    kicked,
    migrated,
    not_a_member,
)
from tests.loopback.telegram.updates import Updates
from tests.loopback.telegram.values import (
    Event,
    Json,
    JsonObject,
    Kind,
    Person,
    Place,
    Room,
    Sent,
    Status,
    Upload,
)


@dataclass(slots=True)
class Topic:
    """A thread of a forum, by the message that began it."""

    name: str
    is_closed: bool = False


@dataclass(slots=True)
class Chat:
    """A room as it stands."""

    room: Room
    members: dict[int, Status] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Sent] = field(default_factory=dict)
    moved_to: int | None = None
    last_id: int = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id


@dataclass(slots=True)
class Webhook:
    """Where the bot wants its updates sent; an empty address means it asks for them."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    failed_at: datetime | None = None
    failure: str = ""
    """Why an update could last not be posted, for tests to say."""


class World:
    """The whole state, which the methods change on behalf of the bot and the acts on behalf of people."""

    def __init__(self, clock: Clock, bot: Person) -> None:
        self.clock = clock
        self.bot = bot
        self.bell = Bell()
        self.updates = Updates()
        self.people: dict[int, Person] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.commands: dict[tuple[str, str], tuple[Json, ...]] = {}
        """Menus by scope (its JSON with sorted keys) and language."""
        self.webhook = Webhook()
        self.queries: set[str] = set()
        """Callback and inline queries that wait for an answer, or had one."""
        self.files: dict[str, Upload] = {}

    def open(self, room: Room, members: Mapping[Person, Status], bot: Status) -> Chat:
        """Add a chat."""
        self.people |= {person.id: person for person in members}
        standing = {person.id: status for person, status in members.items()}
        chat = Chat(room, {**standing, self.bot.id: bot})
        self.chats[room.id] = chat
        return chat

    def meet(self, person: Person) -> Chat:
        """Return the private chat with a person, adding one in which the bot was never started."""
        self.people[person.id] = person
        return self.chats.get(person.id) or self.open(person.room, {person: Status.MEMBER}, Status.LEFT)

    def chat(self, place: Place) -> Chat:
        """Return a chat that a test speaks of.

        Raises:
            LookupError: it was never opened.
        """
        chat = self.chats.get(chat_id(place))
        if chat is None:
            raise LookupError(f"expected one of the open rooms {sorted(self.chats)}, found {place}")
        return chat

    def find(self, given: Json) -> Chat | None:
        """Return the chat that a call names by id or @username, None if there is none."""
        if isinstance(given, int):
            return self.chats.get(given)
        names = (chat for chat in self.chats.values() if f"@{chat.room.username}" == given)
        return next(names, None)

    def existing(self, given: Json) -> Chat:
        """Return the chat that a call names.

        Raises:
            RefusedError: there is none, or it became a supergroup.
        """
        chat = self.find(given)
        if chat is None:
            raise RefusedError(bad_request("chat not found"))
        if chat.moved_to is not None:
            raise RefusedError(migrated(chat.moved_to))
        return chat

    def inside(self, given: Json) -> Chat:
        """Return the chat that a call names, in which the bot is.

        Raises:
            RefusedError: there is none, it became a supergroup, or the bot is not in it.
        """
        chat = self.existing(given)
        status, kind = chat.members[self.bot.id], chat.room.kind
        if status is Status.KICKED:
            raise RefusedError(BLOCKED if kind is Kind.PRIVATE else kicked(kind))
        if status is Status.LEFT:
            raise RefusedError(NEVER_STARTED if kind is Kind.PRIVATE else not_a_member(kind))
        return chat

    def writable(self, given: Json) -> Chat:
        """Return the chat that a call names, in which the bot may write.

        Raises:
            RefusedError: as `inside`, or a channel of which the bot is no administrator.
        """
        chat = self.inside(given)
        if chat.room.kind is Kind.CHANNEL and not chat.members[self.bot.id].is_admin:
            raise RefusedError(bad_request("need administrator rights in the channel chat"))
        return chat

    def now(self) -> datetime:
        return self.clock.now()

    def keep(self, message: Sent) -> Sent:
        """Store a message, new or changed."""
        self.chats[message.room.id].messages[message.id] = message
        self.bell.ring()
        return message

    def tell(
        self,
        kind: str,
        payload: JsonObject,
        *,
        message: Sent | None = None,
        query: str | None = None,
        is_told: bool = True,
    ) -> Event:
        """Make an update of what happened."""
        number, update = self.updates.put(kind, payload, is_told=is_told)
        self.bell.ring()
        return Event(update=update, id=number, message=message, query=query)

    def json(self, message: Sent, *, quoted: bool = False) -> JsonObject:
        """Return a message as the Bot API shows it; a quoted one without what it replies to itself."""
        shown: dict[str, Json] = {
            "message_id": message.id,
            "date": int(message.at.timestamp()),
            "chat": message.room.json(),
            **_authorship(message),
            **_content(message),
            **(message.service or {}),
        }
        if message.edited_at is not None:
            shown["edit_date"] = int(message.edited_at.timestamp())
        if message.markup is not None and "inline_keyboard" in message.markup:
            shown["reply_markup"] = message.markup
        if message.thread is not None:
            shown |= {"message_thread_id": message.thread, "is_topic_message": True}
        replied = self._replied(message)
        if replied is not None and not quoted:
            shown["reply_to_message"] = self.json(replied, quoted=True)
        return shown

    def _replied(self, message: Sent) -> Sent | None:
        """Return what a message replies to; in a topic that is its first message, unless a reply says otherwise."""
        target = message.reply_to if message.reply_to is not None else message.thread
        if target is None or target == message.id:
            return None
        return self.chats[message.room.id].messages.get(target)


def _authorship(message: Sent) -> JsonObject:
    shown: dict[str, Json] = {}
    if message.author is not None:
        shown["from"] = message.author.json()
    if message.sender_chat is not None:
        shown["sender_chat"] = message.sender_chat.json()
    return shown


def _content(message: Sent) -> JsonObject:
    entities = [entity.json() for entity in message.entities]
    shown: dict[str, Json] = {}
    if message.file is not None:
        shown |= _file(message.media, message.file)
    if message.text:
        shown["text" if message.media is None else "caption"] = message.text
    if entities:
        shown["entities" if message.media is None else "caption_entities"] = entities
    return shown


def _file(media: str | None, file: Upload) -> JsonObject:
    stored: dict[str, Json] = {
        "file_id": file.id,
        "file_unique_id": f"unique-{file.id}",
        "file_size": len(file.content),
    }
    if media == "photo":
        width, height = (int.from_bytes(file.content[at : at + 4], "big") for at in (16, 20))
        return {"photo": [{**stored, "width": width, "height": height}]}
    return {"document": {**stored, "file_name": file.name, "mime_type": file.type}}


def chat_id(place: Place) -> int:
    """Return the id of a place."""
    return place if isinstance(place, int) else place.id
