"""Discord as a chat platform: sends posts, and keeps the client alive that hears what people do."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b

import discord
import structlog
from typing_extensions import override

from bot.platforms.discord.api import Traffic, learn_gateway, proxy_to_discord, served_at
from bot.platforms.discord.client import SkewbellClient
from bot.platforms.discord.components import view_of
from bot.platforms.discord.embeds import embed_of, files_of
from bot.platforms.discord.interactions import PLATFORM
from bot.platforms.discord.outcomes import NO_HISTORY, NO_PERMISSION, SOON, TRANSIENT, outcome_of
from bot.platforms.discord.supervision import Identifies, Pulse, Supervisor, close_within, end_of, in_words
from bot.platforms.ports import FrontDesk, Notebook
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered, Delivery
from monitors.alerts.rules import Destination, Severity
from monitors.ports import Clock

_NONCE_BYTES = 12  # 24 hexadecimal digits; Discord takes 25 characters
_CLOSE_TIMEOUT = 2.5  # seconds; discord.py would wait 30 for a gateway that does not close its side
_BETWEEN_IDENTIFIES = timedelta(seconds=5)  # what Discord lets a bot of few servers do

_log = structlog.get_logger(__name__)


class Discord:
    """All servers, channels, threads and private conversations of one bot."""

    name = PLATFORM
    at_once = 16
    """Enough to fill 45 requests a second with round trips of 350 ms."""

    patience = 8.0
    """Seconds for a message to be taken; the dispatcher gives up after 10."""

    def __init__(
        self,
        token: str,
        api_url: str | None,
        *,
        desk: FrontDesk,
        notebook: Notebook,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Take the REST base in place of Discord's own, such as `https://proxy.example.org/api/v10`, or None.

        `random` returns numbers in [0, 1).
        """
        self._token = token
        self._api_url = api_url
        self._desk = desk
        self._notebook = notebook
        self._clock = clock
        self._random = random
        self._traffic = Traffic(clock)
        self._identifies = Identifies(notebook, clock)
        self._client: _Client | None = None

    @property
    def is_connected(self) -> bool:
        """Tell whether a client is logged in; sending needs no gateway."""
        return self._client is not None

    async def run(self) -> None:
        """Hear and be able to send until cancelled, whatever happens to the connection; then close within 3 s."""
        supervisor = Supervisor(
            self._live, identifies=self._identifies, clock=self._clock, random=self._random
        )
        with served_at(self._api_url):
            await supervisor.run()

    async def send(self, destination: Destination, post: Post) -> Delivery:
        """Send or edit a message; the same key within a few minutes is the same message.

        An edit takes away what called somebody: it was said in old words, and it rang already. It keeps a picture for
        which it has no other.
        """
        client, chat = self._client, int(destination.thread or destination.chat)
        place = f"{'PATCH' if post.edits else 'POST'} {chat}"
        wait = self._traffic.wait(place)
        if client is None or wait > timedelta(0):
            return Deferred(after=max(wait, SOON) if client is None else wait)
        channel = client.get_partial_messageable(chat)
        try:
            with self._traffic.alert(place):
                async with asyncio.timeout(self.patience):
                    return await _tell(channel, post)
        except TRANSIENT as error:
            return outcome_of(error, post)
        except RuntimeError:
            if not client.is_closed():
                raise
            return Deferred(after=SOON)  # aiohttp's way to say that the client was closed meanwhile

    async def _live(self, pulse: Pulse) -> None:
        """Live a client's life: log in, connect, until that ends."""
        client = self._new_client(pulse)
        self._traffic.pace(client)
        async with asyncio.TaskGroup() as tasks:
            life = tasks.create_task(end_of(self._connect(client, pulse)))
            try:
                await asyncio.wait([life])
            finally:
                self._client = None
                await close_within(client, _CLOSE_TIMEOUT)
        raise life.result()

    def _new_client(self, pulse: Pulse) -> "_Client":
        """Return a client that tells that pulse how it fares.

        Raises:
            ProxyError: the environment names a proxy that cannot be used.
        """
        return _Client(
            desk=self._desk,
            notebook=self._notebook,
            pulse=pulse,
            identifies=self._identifies,
            clock=self._clock,
            proxy=proxy_to_discord(self._api_url),
        )

    async def _connect(self, client: "_Client", pulse: Pulse) -> None:
        """Log in and stay connected; discord.py swallows a cancellation while it reconnects, a closing ends it."""
        await client.login(self._token)
        self._client = client
        if self._api_url is not None:
            await learn_gateway(client)
        pulse.launch()
        await client.connect()


class _Client(SkewbellClient):
    """A client that tells how its shards fare, and counts its sessions."""

    def __init__(
        self,
        *,
        desk: FrontDesk,
        notebook: Notebook,
        pulse: Pulse,
        identifies: Identifies,
        clock: Clock,
        proxy: str | None,
    ) -> None:
        super().__init__(desk=desk, notebook=notebook, heard=pulse.hear, proxy=proxy)
        self._pulse = pulse
        self._identifies = identifies
        self._clock = clock

    @override
    async def setup_hook(self) -> None:
        """Go on without new commands if Discord refuses them: alerts must be told all the same."""
        try:
            await super().setup_hook()
        except (discord.HTTPException, discord.RateLimited) as error:
            if isinstance(error, discord.DiscordServerError):
                raise
            _log.error("discord.commands_refused", error=in_words(error))

    @override
    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        match event, args:
            case (("shard_connect" | "shard_resumed"), (int(shard),)):
                self._pulse.stand(shard, of=self.shard_count or 1)
            case "shard_disconnect", (int(shard),):
                self._pulse.fall(shard)
            case _:
                """The rest is for those who listen."""
        super().dispatch(event, *args, **kwargs)

    @override
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await self._clock.sleep(_BETWEEN_IDENTIFIES)
        await self._identifies.spend()


async def _tell(channel: discord.PartialMessageable, post: Post) -> Delivered:
    try:
        return await (_edit if post.edits else _send)(channel, post)
    except discord.HTTPException as error:
        lesser = _without_right(post, error.code)
        if lesser is None:
            raise
    return await _tell(channel, lesser)


def _without_right(post: Post, code: int) -> Post | None:
    """Return a post that may not need the right which the bot lacks; None where nothing can be left away."""
    if code == NO_HISTORY and post.answers:
        return replace(post, answers="")
    if code == NO_PERMISSION and post.document.picture:
        return replace(post, document=replace(post.document, picture=None))
    return None


async def _edit(channel: discord.PartialMessageable, post: Post) -> Delivered:
    message = channel.get_partial_message(int(post.edits))
    await message.edit(
        content=None,
        embed=embed_of(post.document),
        attachments=files_of(post.document) or discord.utils.MISSING,
        view=view_of(post.document),
        allowed_mentions=discord.AllowedMentions.none(),
    )
    return Delivered(message=post.edits)


async def _send(channel: discord.PartialMessageable, post: Post) -> Delivered:
    embed = embed_of(post.document)
    content, mentions = _call(post, embed)
    send = partial(
        channel.send,
        content,
        embed=embed,
        files=files_of(post.document) or discord.utils.MISSING,
        view=view_of(post.document) or discord.utils.MISSING,
        nonce=blake2b(post.key.encode(), digest_size=_NONCE_BYTES).hexdigest(),
        allowed_mentions=mentions,
        silent=post.severity is Severity.INFO,
    )
    message = await (send(reference=_reference(channel.id, post.answers)) if post.answers else send())
    return Delivered(message=str(message.id))


def _reference(channel_id: int, message_id: str) -> discord.MessageReference:
    return discord.MessageReference(
        message_id=int(message_id), channel_id=channel_id, fail_if_not_exists=False
    )


def _call(post: Post, embed: discord.Embed) -> tuple[str | None, discord.AllowedMentions]:
    """Return the content that calls the role of a critical alert, and nobody else; mentions in embeds call nobody.

    It says the headline too, since a push notification begins with the content.
    """
    if post.severity is not Severity.CRITICAL or not post.mention:
        return None, discord.AllowedMentions.none()
    roles = [discord.Object(int(post.mention))]
    mentions = discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)
    return f"<@&{post.mention}> {embed.title}", mentions
