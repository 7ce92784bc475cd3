"""Who and what exists: the bot, users, guilds with roles, channels, threads and private chats."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from tests.loopback.discord.wire import (
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    Document,
    Refusal,
    RefusedError,
    Snowflakes,
    iso,
)

LOCALE = "en-US"


class Kind(IntEnum):
    """The channel types the fake knows (docs.discord.com, Channel Types)."""

    TEXT = 0
    PRIVATE = 1
    ANNOUNCEMENT = 5
    THREAD = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role of a guild; `permissions` as Discord's bit set."""

    id: int
    name: str
    position: int
    permissions: int

    @property
    def document(self) -> Document:
        """The role as Discord shows it."""
        return {
            "id": str(self.id), "name": self.name, "permissions": str(self.permissions), "position": self.position,
            "color": 0, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False, "managed": False, "mentionable": False, "icon": None, "unicode_emoji": None, "flags": 0,
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server of Discord; where `installed` is False the bot is no member, yet a user may have installed it."""

    id: int
    name: str
    installed: bool
    roles: list[Role] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A place for messages; while `refusal` is set the bot is refused everything here."""

    id: int
    kind: Kind
    name: str
    guild_id: int | None = None
    parent_id: int | None = None
    recipient: Document | None = None
    refusal: Refusal | None = None


def a_user(user_id: int, name: str, *, bot: bool = False) -> Document:
    """Return a user as Discord shows one."""
    return {
        "id": str(user_id), "username": name, "avatar": None, "discriminator": "0", "public_flags": 0, "flags": 0,
        "bot": bot, "global_name": None if bot else name.title(), "primary_guild": None,
    }  # fmt: skip


class World:
    """All of it; documents are made anew at each call, so that nobody can change the world through one."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self._now = now
        self._snowflakes = Snowflakes()
        self.application_id = self.new_id()
        self.bot_id = self.application_id
        """Equal to the application's, as for every bot made since 2016."""
        self.owner_id = self.new_id()

    def new_id(self) -> int:
        """Return a fresh identifier."""
        return self._snowflakes.next(self._now())

    def now(self) -> datetime:
        """Return the present."""
        return self._now()

    def add_guild(self, name: str = "Funding Watch", *, installed: bool = True) -> int:
        """Make a guild with its @everyone role and return its id; a connected bot learns it by `join`."""
        guild_id = self.new_id()
        everyone = Role(id=guild_id, name="@everyone", position=0, permissions=0b1 << 10 | 0b1 << 11)
        self.guilds[guild_id] = Guild(id=guild_id, name=name, installed=installed, roles=[everyone])
        return guild_id

    def add_role(self, guild_id: int, name: str, *, permissions: int = 0) -> int:
        """Make a role and return its id."""
        roles = self.guild(guild_id).roles
        roles.append(Role(id=self.new_id(), name=name, position=len(roles), permissions=permissions))
        return roles[-1].id

    def add_channel(self, guild_id: int, name: str = "alerts", *, kind: Kind = Kind.TEXT) -> int:
        """Make a channel of a guild and return its id."""
        return self._add(Channel(id=self.new_id(), kind=kind, name=name, guild_id=self.guild(guild_id).id))

    def add_thread(self, channel_id: int, name: str = "squeezes") -> int:
        """Make a public thread below a channel and return its id."""
        parent = self.channel(channel_id)
        thread = Channel(
            id=self.new_id(), kind=Kind.THREAD, name=name, guild_id=parent.guild_id, parent_id=parent.id
        )
        return self._add(thread)

    def private_chat(self, user_id: int, name: str = "ann") -> int:
        """Return the private chat with a user, made where there is none yet."""
        for channel in self.channels.values():
            if channel.recipient is not None and channel.recipient["id"] == str(user_id):
                return channel.id
        recipient = a_user(user_id, name)
        return self._add(Channel(id=self.new_id(), kind=Kind.PRIVATE, name="", recipient=recipient))

    def refuse(self, channel_id: int, refusal: Refusal | None) -> None:
        """Refuse the bot everything in a channel (`MISSING_ACCESS`, …), or with None nothing any longer."""
        self.channel(channel_id).refusal = refusal

    def guild(self, guild_id: int) -> Guild:
        """Return a guild, or refuse with 10004."""
        guild = self.guilds.get(guild_id)
        if guild is None:
            raise RefusedError(UNKNOWN_GUILD)
        return guild

    def channel(self, channel_id: int) -> Channel:
        """Return a channel, or refuse with 10003."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise RefusedError(UNKNOWN_CHANNEL)
        return channel

    def bot(self) -> Document:
        """Return the bot's user."""
        return a_user(self.bot_id, "skewbell", bot=True)

    def application(self) -> Document:
        """Return the application as its owner sees it."""
        return {
            "id": str(self.application_id), "name": "skewbell", "icon": None, "description": "", "type": None,
            "bot": self.bot(), "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64,
            "flags": 0, "flags_new": "0", "redirect_uris": [], "interactions_endpoint_url": None,
            "role_connections_verification_url": None, "owner": a_user(self.owner_id, "owner"),
            "approximate_guild_count": len(self.guilds), "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": None,
            "eligible_oauth2_scopes": ["applications.commands", "bot"],
        }  # fmt: skip

    def guild_document(self, guild_id: int) -> Document:
        """Return a guild as REST shows it."""
        guild = self.guild(guild_id)
        absent = (
            "icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id",
            "afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code",
            "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data",
        )  # fmt: skip
        zero = (
            "system_channel_flags", "verification_level", "default_message_notifications", "mfa_level",
            "explicit_content_filter", "premium_tier", "premium_subscription_count", "nsfw_level",
        )  # fmt: skip
        return {
            **dict.fromkeys(absent), **dict.fromkeys(zero, 0),
            "id": str(guild.id), "name": guild.name, "features": [], "owner_id": str(self.owner_id), "region": "deprecated",
            "afk_timeout": 300, "widget_enabled": False, "roles": [role.document for role in guild.roles],
            "max_members": 500_000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
            "preferred_locale": LOCALE, "premium_progress_bar_enabled": False, "nsfw": False, "emojis": [], "stickers": [],
        }  # fmt: skip

    def guild_event(self, guild_id: int) -> Document:
        """Return a guild as GUILD_CREATE shows it: with its channels, threads and the bot as a member."""
        own = [channel for channel in self.channels.values() if channel.guild_id == guild_id]
        return self.guild_document(guild_id) | {
            "joined_at": iso(self._now()), "large": False, "unavailable": False, "member_count": 2,
            "members": [self.member(self.bot(), ())], "voice_states": [], "presences": [], "stage_instances": [],
            "guild_scheduled_events": [], "soundboard_sounds": [],
            "channels": [self.channel_document(each.id) for each in own if each.kind is not Kind.THREAD],
            "threads": [self.channel_document(each.id) for each in own if each.kind is Kind.THREAD],
        }  # fmt: skip

    def channel_document(self, channel_id: int) -> Document:
        """Return a channel, thread or private chat."""
        channel = self.channel(channel_id)
        base: Document = {
            "id": str(channel.id),
            "type": int(channel.kind),
            "flags": 0,
            "last_message_id": None,
        }
        if channel.recipient is not None:
            return base | {"recipients": [channel.recipient]}
        base |= {"guild_id": str(channel.guild_id), "name": channel.name, "rate_limit_per_user": 0}
        if channel.kind is not Kind.THREAD:
            return base | {
                "position": 0, "parent_id": None, "topic": None, "nsfw": False, "permission_overwrites": [],
            }  # fmt: skip
        return base | {
            "parent_id": str(channel.parent_id), "owner_id": str(self.bot_id),
            "message_count": 0, "member_count": 1, "total_message_sent": 0,
            "thread_metadata": {
                "archived": False, "archive_timestamp": iso(self._now()), "auto_archive_duration": 4320,
                "locked": False, "create_timestamp": iso(self._now()),
            },
        }  # fmt: skip

    def member(self, user: Document, roles: tuple[int, ...]) -> Document:
        """Return a user as a member of a guild."""
        return {
            "user": user, "roles": [str(role) for role in roles], "nick": None, "avatar": None, "banner": None,
            "joined_at": iso(self._now()), "premium_since": None, "communication_disabled_until": None,
            "deaf": False, "mute": False, "pending": False, "flags": 0,
        }  # fmt: skip

    def _add(self, channel: Channel) -> int:
        self.channels[channel.id] = channel
        return channel.id
