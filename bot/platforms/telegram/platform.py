"""Telegram, whole: connected for as long as it runs, through whatever happens to the connection."""

import asyncio
from contextlib import suppress
from random import random

from telegram.error import TelegramError

from bot.commands.registry import specs
from bot.platforms.ports import FrontDesk, Notebook
from bot.platforms.proxies import ProxyError
from bot.platforms.telegram.askers import NAME, Client
from bot.platforms.telegram.commands import Commands
from bot.platforms.telegram.connection import connected
from bot.platforms.telegram.ears import Ears
from bot.platforms.telegram.inline import Inline
from bot.platforms.telegram.lanes import Lanes
from bot.platforms.telegram.limiter import Limiter
from bot.platforms.telegram.memberships import Memberships
from bot.platforms.telegram.menus import show_menus
from bot.platforms.telegram.polling import BATCH, Poller
from bot.platforms.telegram.presses import Presses
from bot.platforms.telegram.replies import Replies
from bot.platforms.telegram.speech import Speech
from bot.platforms.telegram.trouble import Trouble
from bot.platforms.telegram.webhook import Webhook, WebhookListener
from bot.ports import Post
from monitors.alerts.delivery import Delivery
from monitors.alerts.rules import Destination
from monitors.ports import Clock

_CHATS_HEARD_AT_ONCE = 32
_CHATS_TOLD_AT_ONCE = 256
_REPLIES_PER_CHAT = 20
_TO_FINISH = 2.0
"""Seconds that what is under way gets at the end."""


class Telegram:
    """One bot on Telegram."""

    name = NAME
    at_once = 2

    def __init__(
        self,
        token: str,
        *,
        desk: FrontDesk,
        clock: Clock,
        notebook: Notebook,
        api_url: str | None = None,
        webhook: Webhook | None = None,
    ) -> None:
        """Speak for the bot of that token; without `api_url` with Telegram's own server.

        With a webhook, updates are posted to it; without one they are asked for.
        """
        self._token = token
        self._api_url = api_url
        self._webhook = webhook
        self._desk = desk
        self._clock = clock
        self._notebook = notebook
        self._limiter = Limiter(clock)
        self._speech = Speech()

    @property
    def is_connected(self) -> bool:
        """Tell whether there is a client to send through."""
        return self._speech.client is not None

    async def send(self, destination: Destination, post: Post) -> Delivery:
        """Tell a chat something; while not connected, and for a chat that must wait, it is a deferral."""
        return await self._speech.say(destination, post, urgent=False)

    async def run(self) -> None:
        """Stay connected until cancelled: whatever ends a connection is logged, and another one made.

        What is under way when it is cancelled gets two seconds.
        """
        trouble = Trouble(self._clock, random)
        async with asyncio.TaskGroup() as group:
            hearing = Lanes(group, at_once=_CHATS_HEARD_AT_ONCE, longest=BATCH)
            telling = Lanes(group, at_once=_CHATS_TOLD_AT_ONCE, longest=_REPLIES_PER_CHAT)
            listener = self._listener(self._ears(hearing, telling), trouble)
            while True:
                try:
                    async with connected(self._token, self._api_url, self._limiter) as client:
                        await self._serve(client, listener, hearing, telling)
                except (TelegramError, ProxyError, OSError) as error:
                    await trouble.wait_out(error)

    async def _serve(
        self, client: Client, listener: Poller | WebhookListener, hearing: Lanes, telling: Lanes
    ) -> None:
        self._speech.client = client
        try:
            await show_menus(client, specs(), self._notebook)
            await listener.listen(client)
        finally:
            with suppress(TimeoutError, TelegramError):
                async with asyncio.timeout(_TO_FINISH):
                    await hearing.idle()
                    await listener.confirm(client)
                    await telling.idle()
            self._speech.client = None

    def _listener(self, ears: Ears, trouble: Trouble) -> Poller | WebhookListener:
        if self._webhook is None:
            return Poller(ears, trouble)
        return WebhookListener(self._webhook, ears, trouble, self._clock)

    def _ears(self, hearing: Lanes, telling: Lanes) -> Ears:
        replies = Replies(self._speech, self._desk, telling, self._clock)
        names = frozenset(spec.name for spec in specs())
        return Ears(
            hearing,
            commands=Commands(self._desk, replies, self._clock, names),
            presses=Presses(self._desk, replies),
            inline=Inline(self._desk),
            memberships=Memberships(self._desk, replies, self._clock),
        )
