"""The messages as they stand, edits applied, and as Discord shows them."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from tests.loopback.discord.wire import (
    EMPTY_MESSAGE,
    EPHEMERAL,
    LOADING,
    UNKNOWN_MESSAGE,
    Document,
    RefusedError,
    iso,
)
from tests.loopback.discord.world import World, a_user

NONCE_LIFETIME = timedelta(minutes=5)
"""Discord enforces a nonce for "the past few minutes" (docs.discord.com, Create Message)."""

_EDITABLE = ("content", "embeds", "components")
_KEPT_FLAGS = LOADING | EPHEMERAL
_DEFAULT, _REPLY, _COMMAND = 0, 19, 20
_STRING_SELECT, _FIRST_SELECT, _LAST_SELECT = 3, 5, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An uploaded file."""

    id: int
    filename: str
    content: bytes
    description: str | None = None

    def document(self, channel_id: int) -> Document:
        """Return the attachment as Discord shows it."""
        path = f"{channel_id}/{self.id}/{self.filename}"
        shown: Document = {
            "id": str(self.id), "filename": self.filename, "size": len(self.content),
            "url": f"https://cdn.discordapp.com/attachments/{path}",
            "proxy_url": f"https://media.discordapp.net/attachments/{path}",
        }  # fmt: skip
        return shown if self.description is None else shown | {"description": self.description}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of a multipart request; `index` is the n of its field `files[n]`."""

    index: int
    filename: str
    content: bytes


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message as it stands; embeds, components, reference and mentions as the bot sent them."""

    id: int
    channel_id: int
    created_at: datetime
    content: str = ""
    embeds: list[Document] = field(default_factory=list)
    components: list[Document] = field(default_factory=list)
    flags: int = 0
    message_reference: Document | None = None
    allowed_mentions: Document | None = None
    attachments: list[Attachment] = field(default_factory=list)
    nonce: str | None = None
    edited_at: datetime | None = None
    edits: int = 0
    interaction: Document | None = None
    """Which interaction made it (`interaction_metadata`)."""

    @property
    def ephemeral(self) -> bool:
        """Whether only the caller sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still says that the bot is thinking."""
        return bool(self.flags & LOADING)

    def pings(self, kind: str) -> list[str]:
        """Return the ids (for `everyone`: the words) that content mentions and the allowed mentions let ring.

        `kind` is `roles`, `users` or `everyone`; embeds ring nobody.
        """
        patterns = {"roles": r"<@&(\d+)>", "users": r"<@!?(\d+)>", "everyone": r"@(everyone|here)"}
        mentioned = dict.fromkeys(re.findall(patterns[kind], self.content))
        if self.allowed_mentions is None or kind in (self.allowed_mentions.get("parse") or ()):
            return list(mentioned)
        allowed = {str(each) for each in self.allowed_mentions.get(kind) or ()}
        return [each for each in mentioned if each in allowed]


class Messages:
    """All messages, and how often a nonce was repeated."""

    def __init__(self, world: World) -> None:
        self.repeated = 0
        self._world = world
        self._messages: dict[int, Message] = {}
        self._channels: defaultdict[int, list[Message]] = defaultdict(list)
        self._nonces: dict[tuple[int, str], Message] = {}

    def __len__(self) -> int:
        """Return how many there are, ephemeral ones included."""
        return len(self._messages)

    def in_channel(self, channel_id: int) -> list[Message]:
        """Return the messages of a channel that all see, the oldest first."""
        return [each for each in self._channels.get(channel_id, ()) if not each.ephemeral]

    def find(self, message_id: int, channel_id: int | None = None) -> Message:
        """Return a message, of this channel if one is named, or refuse with 10008."""
        message = self._messages.get(message_id)
        if message is None or channel_id not in (None, message.channel_id):
            raise RefusedError(UNKNOWN_MESSAGE)
        return message

    def knows(self, message_id: int) -> bool:
        """Return whether a message is there."""
        return message_id in self._messages

    def earlier(self, channel_id: int, payload: Document) -> Message | None:
        """Return the message that an enforced nonce already made, and count the repetition."""
        known = self._nonces.get((channel_id, str(payload.get("nonce"))))
        if not payload.get("enforce_nonce") or known is None:
            return None
        if known.created_at + NONCE_LIFETIME < self._world.now():
            return None
        self.repeated += 1
        return known

    def store(
        self,
        channel_id: int,
        payload: Document,
        uploads: Sequence[Upload],
        interaction: Document | None = None,
    ) -> Message:
        """Keep a new message.

        Raises:
            RefusedError: it holds nothing.
        """
        message = Message(
            id=self._world.new_id(),
            channel_id=channel_id,
            created_at=self._world.now(),
            interaction=interaction,
        )
        message.flags = payload.get("flags") or 0
        message.message_reference = payload.get("message_reference")
        message.nonce = payload.get("nonce")
        self._apply(message, payload, uploads)
        self._messages[message.id] = message
        self._channels[channel_id].append(message)
        if message.nonce is not None:
            self._nonces[channel_id, str(message.nonce)] = message
        return message

    def edit(self, message: Message, payload: Document, uploads: Sequence[Upload]) -> Message:
        """Change what the payload names; a loading message stops loading."""
        changed = replace(message)
        if "flags" in payload:
            changed.flags = (payload["flags"] or 0) | (message.flags & _KEPT_FLAGS)
        changed.flags &= ~LOADING
        self._apply(changed, payload, uploads)
        for name in ("flags", "attachments", "allowed_mentions", *_EDITABLE):
            setattr(message, name, getattr(changed, name))
        message.edited_at = self._world.now()
        message.edits += 1
        return message

    def delete(self, message: Message) -> None:
        """Forget a message; its nonce stays known."""
        del self._messages[message.id]
        self._channels[message.channel_id].remove(message)

    def forget_nonces(self) -> None:
        """Let every nonce be used again, as after some minutes."""
        self._nonces.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self._channels.clear()
        self._nonces.clear()

    def document(self, message: Message) -> Document:
        """Return a message as Discord shows it to the bot."""
        attachments = [each.document(message.channel_id) for each in message.attachments]
        urls = {f"attachment://{each['filename']}": each["url"] for each in attachments}
        numbers = count(1)
        shown: Document = {
            "id": str(message.id), "channel_id": str(message.channel_id), "author": self._world.bot(),
            "type": self._type(message), "content": message.content, "flags": message.flags,
            "timestamp": iso(message.created_at), "edited_timestamp": iso(message.edited_at),
            "mentions": [a_user(int(user), f"user{user}") for user in message.pings("users")],
            "mention_roles": message.pings("roles"), "mention_everyone": bool(message.pings("everyone")),
            "attachments": attachments, "embeds": [_embed(each, urls) for each in message.embeds],
            "components": [_component(each, numbers) for each in message.components],
            "pinned": False, "tts": False, "application_id": str(self._world.application_id),
        }  # fmt: skip
        if message.nonce is not None:
            shown["nonce"] = message.nonce
        if message.interaction is not None:
            shown |= {
                "interaction_metadata": message.interaction,
                "webhook_id": str(self._world.application_id),
            }
        return shown | self._reference(message)

    def _type(self, message: Message) -> int:
        if message.interaction is not None:
            return _COMMAND
        return _DEFAULT if message.message_reference is None else _REPLY

    def _reference(self, message: Message) -> Document:
        if message.message_reference is None:
            return {}
        referenced = self._messages.get(int(message.message_reference["message_id"]))
        guild_id = self._world.channel(message.channel_id).guild_id
        reference = {
            "type": 0,
            "channel_id": str(message.channel_id),
            "message_id": str(message.message_reference["message_id"]),
        } | ({} if guild_id is None else {"guild_id": str(guild_id)})
        shown = None if referenced is None else self.document(replace(referenced, message_reference=None))
        return {"message_reference": reference, "referenced_message": shown}

    def _apply(self, message: Message, payload: Document, uploads: Sequence[Upload]) -> None:
        for name in _EDITABLE:
            if name in payload:
                setattr(message, name, payload[name] or type(getattr(message, name))())
        if "allowed_mentions" in payload:
            message.allowed_mentions = payload["allowed_mentions"]
        message.attachments = self._attachments(message, payload, uploads)
        if not (
            message.content or message.embeds or message.components or message.attachments or message.loading
        ):
            raise RefusedError(EMPTY_MESSAGE)

    def _attachments(
        self, message: Message, payload: Document, uploads: Sequence[Upload]
    ) -> list[Attachment]:
        listed: Sequence[Document] | None = payload.get("attachments")
        kept = message.attachments
        if listed is not None:
            kept = [each for each in kept if any(str(each.id) == str(entry["id"]) for entry in listed)]
        told = {str(entry["id"]): entry for entry in listed or ()}
        return kept + [self._attachment(each, told.get(str(each.index), {})) for each in uploads]

    def _attachment(self, upload: Upload, told: Document) -> Attachment:
        return Attachment(
            id=self._world.new_id(),
            filename=told.get("filename") or upload.filename,
            content=upload.content,
            description=told.get("description"),
        )


def _embed(embed: Document, urls: Mapping[str, str]) -> Document:
    shown = {name: value for name, value in deepcopy(embed).items() if value not in (None, [])}
    for part in ("image", "thumbnail"):
        if part in shown:
            shown[part]["url"] = urls.get(shown[part]["url"], shown[part]["url"])
    for each in shown.get("fields", ()):
        each.setdefault("inline", False)
    return shown | {"type": "rich"}


def _component(component: Document, numbers: "count[int]") -> Document:
    """Return a component with the number Discord gives it and its defaults written out."""
    shown: Document = {"id": next(numbers)} | {
        name: value for name, value in component.items() if value is not None
    }
    if shown["type"] == _STRING_SELECT or _FIRST_SELECT <= shown["type"] <= _LAST_SELECT:
        shown = {"min_values": 1, "max_values": 1} | shown
    if "components" in shown:
        shown["components"] = [_component(each, numbers) for each in shown["components"]]
    if "accessory" in shown:
        shown["accessory"] = _component(shown["accessory"], numbers)
    return shown
