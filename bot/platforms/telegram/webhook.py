"""Updates posted by Telegram to a server of our own, behind a public HTTPS address."""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from telegram import Update
from telegram.error import Conflict

from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.ears import HEARD, Ears
from bot.platforms.telegram.transport import readable
from bot.platforms.telegram.trouble import Trouble
from monitors.ports import Clock

HEADER = "X-Telegram-Bot-Api-Secret-Token"
"""What Telegram says back to us (https://core.telegram.org/bots/api#setwebhook)."""

_LARGEST = 1 << 20
"""Bytes of one update; Telegram's are some kilobytes."""
_AT_ONCE = 32
_LOOK_EVERY = timedelta(minutes=5)
_SHUTDOWN = 2.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where Telegram posts updates, and where they arrive."""

    url: str
    """Public and https."""
    host: str
    port: int


class WebhookListener:
    """The server behind a webhook."""

    def __init__(self, webhook: Webhook, ears: Ears, trouble: Trouble, clock: Clock) -> None:
        self._webhook = webhook
        self._ears = ears
        self._trouble = trouble
        self._clock = clock

    async def listen(self, client: Client) -> None:
        """Listen until cancelled, under a new secret.

        Raises:
            OSError: nothing can listen at the address.
            TelegramError: the webhook could not be set, or another program changed it.
        """
        secret = secrets.token_urlsafe(32)
        application = web.Application(client_max_size=_LARGEST)
        path = urlsplit(self._webhook.url).path or "/"
        application.router.add_post(path, partial(self._hear, client, secret))
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._webhook.host, self._webhook.port).start()
            await client.set_webhook(
                self._webhook.url, secret_token=secret, allowed_updates=HEARD, max_connections=_AT_ONCE
            )
            self._trouble.over()
            await self._watch(client)
        finally:
            await runner.cleanup()

    async def confirm(self, client: Client) -> None:
        """Do nothing: an update was confirmed by the answer to its request."""

    async def _watch(self, client: Client) -> None:
        """Make sure that it is still ours, and that updates come through: who loses a webhook is not told.

        Of a failure Telegram tells the time of the latest only; the first look finds what was before.
        """
        info = await client.get_webhook_info()
        latest, said = info.last_error_date, ""
        while info.url == self._webhook.url:
            message = info.last_error_message or ""
            if info.last_error_date == latest:
                said = ""
            elif message != said:
                said = message
                _log.warning("telegram.webhook_fails", error=message, waiting=info.pending_update_count)
            latest = info.last_error_date
            await self._clock.sleep(_LOOK_EVERY)
            info = await client.get_webhook_info()
        raise Conflict("the webhook is another program's now")

    async def _hear(self, client: Client, secret: str, request: web.Request) -> web.Response:
        """Answer 200 only once the update's effect is stored: on anything else Telegram posts it again."""
        given = request.headers.get(HEADER, "").encode(errors="replace")
        if not compare_digest(given, secret.encode()):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        try:
            posted = json.loads(await request.read())
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        if not isinstance(posted, dict) or not isinstance(posted.get("update_id"), int):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        heard = await self._ears.take(client, Update.de_json(readable(posted), client))
        return web.Response(status=HTTPStatus.OK if heard else HTTPStatus.SERVICE_UNAVAILABLE)
