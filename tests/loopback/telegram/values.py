"""What a Telegram test speaks of: people, rooms, messages, calls and updates, in the Bot API's shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = Mapping[str, Json]


class Kind(StrEnum):
    """The types of a chat."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Status(StrEnum):
    """What a person is in a room; in a private room the bot is a member, or kicked once the person blocked it."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def is_inside(self) -> bool:
        return self not in (Status.LEFT, Status.KICKED)

    @property
    def is_admin(self) -> bool:
        return self in (Status.CREATOR, Status.ADMINISTRATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A chat. Ids as Telegram gives them: groups negative, supergroups and channels from -100…, private a person's."""

    id: int
    kind: Kind
    title: str
    username: str | None = None
    is_forum: bool = False

    def json(self) -> JsonObject:
        name = "first_name" if self.kind is Kind.PRIVATE else "title"
        chat: dict[str, Json] = {"id": self.id, "type": self.kind.value, name: self.title}
        if self.username is not None:
            chat["username"] = self.username
        if self.is_forum:
            chat["is_forum"] = True
        return chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user, or a bot."""

    id: int
    name: str
    username: str | None = None
    language: str | None = "en"
    is_bot: bool = False

    @property
    def room(self) -> Room:
        """The private chat with this person."""
        return Room(id=self.id, kind=Kind.PRIVATE, title=self.name, username=self.username)

    def json(self) -> JsonObject:
        user: dict[str, Json] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        if self.username is not None:
            user["username"] = self.username
        if self.language is not None and not self.is_bot:
            user["language_code"] = self.language
        return user


ANONYMOUS = Person(id=1087968824, name="Group", username="GroupAnonymousBot", is_bot=True)
"""In whose name anonymous administrators write (https://core.telegram.org/bots/api#message)."""

Place: TypeAlias = Room | Person | int
"""Where a message stands: a room, a person for the private chat with them, or a chat id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A stretch of text with a meaning; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    extra: JsonObject

    def json(self) -> JsonObject:
        return {"type": self.type, "offset": self.offset, "length": self.length, **self.extra}


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button; `data` is what a press sends, None where the button does something else."""

    text: str
    data: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it was uploaded, under the id by which it can be sent again."""

    id: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as it stands now, the bot's or anybody's."""

    id: int
    room: Room
    at: datetime
    author: Person | None
    """None for a channel post."""
    sender_chat: Room | None = None
    by_bot: bool = False
    text: str = ""
    """Text or caption as read: plain, after parsing."""
    html: str = ""
    """Text or caption as handed in."""
    entities: tuple[Entity, ...] = ()
    markup: JsonObject | None = None
    thread: int | None = None
    reply_to: int | None = None
    silent: bool = False
    edited_at: datetime | None = None
    media: str | None = None
    """`photo` or `document`."""
    file: Upload | None = None
    service: JsonObject | None = None
    """The field that makes this a service message."""

    @property
    def buttons(self) -> tuple[tuple[Button, ...], ...]:
        """Inline buttons, row by row."""
        return tuple(tuple(_button(cell) for cell in row) for row in inline_rows(self.markup))

    def button(self, text: str) -> Button:
        """Return the button with this text.

        Raises:
            LookupError: there is none.
        """
        offered = [button for row in self.buttons for button in row]
        for button in offered:
            if button.text == text:
                return button
        raise LookupError(f"expected a button {text!r}, found {[button.text for button in offered]}")


def inline_rows(markup: JsonObject | None) -> list[list[JsonObject]]:
    """Return the rows of an inline keyboard, none for any other markup."""
    rows = (markup or {}).get("inline_keyboard")
    if not isinstance(rows, list):
        return []
    return [[cell for cell in row if isinstance(cell, dict)] for row in rows if isinstance(row, list)]


def _button(cell: JsonObject) -> Button:
    data, url = cell.get("callback_data"), cell.get("url")
    return Button(
        text=str(cell.get("text", "")),
        data=None if data is None else str(data),
        url=None if url is None else str(url),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the bot, recorded on arrival, whatever became of it."""

    method: str
    """As Telegram spells it, for example sendMessage."""
    parameters: JsonObject
    """Decoded, without uploaded files."""
    chat: int | None
    """The id of the chat it concerns, None where it names none, or none that exists."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a person did, as the bot is told."""

    update: JsonObject
    id: int
    """The update's id."""
    message: Sent | None = None
    """The message it made or changed, None where it made none."""
    query: str | None = None
    """The id of a callback or inline query, to be answered under it."""
