"""What every answer shares: documents, refusals, identifiers; the fake's one home of Any."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeAlias

import orjson
from aiohttp import web

Document: TypeAlias = dict[str, Any]
"""A JSON object; Discord's own schemas say what is in it (tests/loopback/openapi.py)."""
Payload: TypeAlias = Document | list[Document] | None

JSON = "application/json"
"""Exactly this: discord.py takes a body whose content type names a charset for text."""
DISCORD_EPOCH = 1_420_070_400_000
"""The first millisecond of 2015, from which snowflakes count."""
EPHEMERAL, LOADING, IS_COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
"""Message flags (docs.discord.com, Message Object)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer: HTTP status, Discord's own code and text, and for 50035 the tree of what is wrong."""

    status: int
    code: int
    message: str
    errors: Document | None = None

    @property
    def document(self) -> Document:
        """The answer's body."""
        body: Document = {"message": self.message, "code": self.code}
        return body if self.errors is None else body | {"errors": self.errors}


UNAUTHORIZED = Refusal(status=401, code=0, message="401: Unauthorized")
NO_SUCH_ROUTE = Refusal(status=404, code=0, message="404: Not Found")
UNKNOWN_CHANNEL = Refusal(status=404, code=10003, message="Unknown Channel")
UNKNOWN_GUILD = Refusal(status=404, code=10004, message="Unknown Guild")
UNKNOWN_MESSAGE = Refusal(status=404, code=10008, message="Unknown Message")
UNKNOWN_USER = Refusal(status=404, code=10013, message="Unknown User")
UNKNOWN_WEBHOOK = Refusal(status=404, code=10015, message="Unknown Webhook")
UNKNOWN_INTERACTION = Refusal(status=404, code=10062, message="Unknown interaction")
ALREADY_ACKNOWLEDGED = Refusal(status=400, code=40060, message="Interaction has already been acknowledged.")
MISSING_ACCESS = Refusal(status=403, code=50001, message="Missing Access")
NOT_THE_AUTHOR = Refusal(status=403, code=50005, message="Cannot edit a message authored by another user")
EMPTY_MESSAGE = Refusal(status=400, code=50006, message="Cannot send an empty message")
CANNOT_SEND_TO_USER = Refusal(status=403, code=50007, message="Cannot send messages to this user")
MISSING_PERMISSIONS = Refusal(status=403, code=50013, message="Missing Permissions")
INVALID_WEBHOOK_TOKEN = Refusal(status=401, code=50027, message="Invalid Webhook Token")


class RefusedError(Exception):
    """Carries a refusal out of a handler; caught by the server, which answers it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """A 429: seconds to wait, and whose limit it was (`user`, `shared` or `global`)."""

    retry_after: float
    scope: str = "user"

    @property
    def document(self) -> Document:
        """The answer's body."""
        text = "You are being rate limited."
        return {
            "message": text,
            "retry_after": self.retry_after,
            "global": self.scope == "global",
            "code": 0,
        }

    @property
    def headers(self) -> dict[str, str]:
        """What comes with it; without `Via` discord.py believes that Cloudflare banned it."""
        limited = {
            "Retry-After": str(math.ceil(self.retry_after)),
            "X-RateLimit-Scope": self.scope,
            "Via": "1.1 google",
        }
        return limited | ({"X-RateLimit-Global": "true"} if self.scope == "global" else {})


def answer(document: Payload, status: int, headers: Mapping[str, str]) -> web.Response:
    """Return a JSON answer, or an empty one for 204."""
    if status == HTTPStatus.NO_CONTENT:
        return web.Response(status=status, headers=headers)
    return web.Response(body=orjson.dumps(document), status=status, content_type=JSON, headers=headers)


def iso(moment: datetime | None) -> str | None:
    """Return a moment as Discord writes it."""
    return None if moment is None else moment.isoformat(timespec="microseconds")


class Snowflakes:
    """Identifiers that rise, and tell when they were made."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: datetime) -> int:
        """Return an identifier of this moment, above every earlier one."""
        stamp = int(now.timestamp() * 1000) - DISCORD_EPOCH
        self._last = max(stamp << 22, self._last + 1)
        return self._last
