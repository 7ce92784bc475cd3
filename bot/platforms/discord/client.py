"""The Discord client: what it hears of, and where that goes."""

from collections.abc import Callable

import discord
import structlog
from typing_extensions import override

from bot.platforms.discord.api import without_voice
from bot.platforms.discord.counter import serve
from bot.platforms.discord.interactions import PLATFORM, Interaction
from bot.platforms.discord.tree import Tree
from bot.platforms.ports import FrontDesk, Notebook
from monitors.alerts.rules import Destination

_LONGEST_HOLD = 30.0
"""Seconds that a request may wait for its rate limit, the least that discord.py takes; beyond it the request fails."""

_log = structlog.get_logger(__name__)


class SkewbellClient(discord.AutoShardedClient):
    """A client that keeps nothing but servers, channels and roles, and asks for no privileged intent."""

    def __init__(
        self, *, desk: FrontDesk, notebook: Notebook, heard: Callable[[], None], proxy: str | None = None
    ) -> None:
        """Call `heard` at every event of the gateway."""
        without_voice()
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_LONGEST_HOLD,
            proxy=proxy,
        )
        self._desk = desk
        self._notebook = notebook
        self._heard = heard
        self.tree = Tree(self, desk)

    @override
    async def setup_hook(self) -> None:
        """Tell Discord of the commands if they changed since it was told last."""
        name, now = f"discord commands {self.application_id}", self.tree.fingerprint()
        if await self._notebook.recall(name) != now:
            await self.tree.sync()
            await self._notebook.remember(name, now)
            _log.info("discord.commands.synced", commands=len(self.tree.get_commands()))

    async def on_socket_event_type(self, _event: str) -> None:
        """Note a sign of life."""
        self._heard()

    async def on_interaction(self, interaction: Interaction) -> None:
        """Serve what the tree does not."""
        await serve(interaction, self._desk)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Wake up a chat that let the bot in again; nothing is posted, since no right to is known of."""
        await self._desk.found(_server(guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Switch off a chat that removed the bot; an outage is another event."""
        await self._desk.lost(_server(guild.id), "the bot was removed from the server")

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Switch off what was told to a channel that is no more."""
        await self._desk.lost(_server(channel.guild.id, channel.id), "the channel was deleted")

    async def on_raw_thread_delete(self, deleted: discord.RawThreadDeleteEvent) -> None:
        """Switch off what was told to a thread that is no more."""
        await self._desk.lost(_server(deleted.guild_id, deleted.thread_id), "the thread was deleted")


def _server(guild: int, thread: int | None = None) -> Destination:
    return Destination(platform=PLATFORM, chat=str(guild), thread="" if thread is None else str(thread))
