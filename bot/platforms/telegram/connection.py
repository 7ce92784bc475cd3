"""Clients of the Bot API: how one is built, and that it is closed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.ext import ExtBot

from bot.platforms.proxies import proxy_for
from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.limiter import Limiter
from bot.platforms.telegram.transport import PollingTransport, Transport

LONGEST_POLL = timedelta(seconds=30)
"""How long Telegram may hold a request for updates while there are none."""

_OFFICIAL = "https://api.telegram.org"
_CONNECTIONS = 16
_LONGEST_CALL = timedelta(seconds=7)
"""Below the dispatcher's 10 seconds for a letter, with a rest for its turn."""
_POLLING_CONNECTIONS = 2
_POLL_SLACK = timedelta(seconds=10)

_log = structlog.get_logger(__name__)


class TokenRefusedError(TelegramError):
    """Telegram knows no bot of this token; the platform tries again, seldom."""


@asynccontextmanager
async def connected(token: str, api_url: str | None, limiter: Limiter) -> AsyncIterator[Client]:
    """Open a client, known to Telegram by name, and close it at the end.

    Raises:
        TokenRefusedError: there is no such bot; it does not hold the token, as the library's own error does.
        TelegramError: Telegram could not be reached.
        ProxyError: the proxy that the environment names cannot be used.
    """
    client = _client(token, api_url, limiter)
    try:
        try:
            await client.initialize()
        except InvalidToken:
            raise TokenRefusedError("no such bot") from None
        except (KeyError, TypeError) as error:  # what the library makes of another program's answer
            raise NetworkError("no Bot API answer") from error
        _log.info("telegram.connected", bot=client.username)
        yield client
    finally:
        await client.shutdown()


def _client(token: str, api_url: str | None, limiter: Limiter) -> Client:
    base = (api_url or _OFFICIAL).rstrip("/")
    proxy = proxy_for(base)
    return ExtBot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=Transport(connections=_CONNECTIONS, longest=_LONGEST_CALL, proxy=proxy),
        get_updates_request=PollingTransport(
            connections=_POLLING_CONNECTIONS, longest=LONGEST_POLL + _POLL_SLACK, proxy=proxy
        ),
        rate_limiter=limiter,
    )
