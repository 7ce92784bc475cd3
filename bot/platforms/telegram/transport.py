"""HTTP below python-telegram-bot: waits as values, one limit for a whole request, updates that cannot be read."""

import asyncio
import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from httpx import create_ssl_context
from telegram import Update
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import HTTPXRequest
from typing_extensions import override

_UNSAID_WAIT = timedelta(seconds=5)
"""What to wait after a 429 that names no time, as a proxy may answer."""

_log = structlog.get_logger(__name__)


class LaterError(TelegramError):
    """Telegram asks for a wait, or our own pace does; `outcomes` makes it a deferral.

    In place of the library's RetryAfter, which warns of its own coming change whenever one is made.
    """

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"too early by {after.total_seconds():.1f} s")
        self.after = after


class Transport(HTTPXRequest):
    """Requests that take no longer than `longest` in all, waiting for a connection included."""

    def __init__(self, *, connections: int, longest: timedelta, proxy: str | None = None) -> None:
        seconds = longest.total_seconds()
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            pool_timeout=seconds,
            proxy=proxy,
            # the environment's proxies are read for all platforms alike; its certificates still count
            httpx_kwargs={"trust_env": False, "verify": create_ssl_context()},
        )
        self._longest = seconds

    @override
    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Ask, and raise LaterError for a 429, BadRequest for a 413 and TimedOut when it takes too long.

        What is not the Bot API's answer is a NetworkError: whatever stands between must not speak for Telegram.
        """
        try:
            async with asyncio.timeout(self._longest):
                code, payload = await super().do_request(*args, **kwargs)
        except TimeoutError as error:
            raise TimedOut from error
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise LaterError(_asked_wait(payload))
        if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # the library would take it for a fault of the network, which passes
            raise BadRequest("Request entity too large")
        is_success = HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES
        if not _is_an_answer(payload, "result" if is_success else "ok"):
            raise NetworkError("no Bot API answer")
        return code, payload

    @staticmethod
    @override
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; the library's own way logs all of what it cannot read, at every attempt."""
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("expected a JSON object, found something else")
        return answer


class PollingTransport(Transport):
    """Requests for updates: one that the library cannot read becomes an empty one, so that it holds up no others."""

    @staticmethod
    @override
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer, and its updates one by one."""
        answer = Transport.parse_json_payload(payload)
        result = answer.get("result")
        if isinstance(result, list):
            answer["result"] = [readable(update) for update in result]
        return answer


def readable(update: dict[str, Any]) -> dict[str, Any]:
    """Return the update itself, or only its number where the library cannot read the rest."""
    try:
        Update.de_json(update, None)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _log.warning("telegram.unreadable_update", update=update["update_id"], error=type(error).__name__)
        return {"update_id": update["update_id"]}
    return update


def _is_an_answer(payload: bytes, field: str) -> bool:
    """Tell whether a body is an object with that field (https://core.telegram.org/bots/api#making-requests)."""
    try:
        answer = json.loads(payload)
    except ValueError:
        return False
    return isinstance(answer, dict) and field in answer


def _asked_wait(payload: bytes) -> timedelta:
    """Return `parameters.retry_after` (https://core.telegram.org/bots/api#responseparameters), whole seconds."""
    try:
        return timedelta(seconds=json.loads(payload)["parameters"]["retry_after"])
    except (KeyError, TypeError, ValueError):
        return _UNSAID_WAIT
