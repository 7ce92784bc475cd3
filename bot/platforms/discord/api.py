"""Where Discord's REST API is, and how fast it may be asked.

The pace is kept below discord.py, in aiohttp's tracing of its session, which awaits these functions right before each
request and right after each answer. So everything counts that leaves (also what discord.py or its webhooks repeat by
themselves), at the moment it leaves: a turn taken any earlier would be spent waiting for a bucket, and turns from
several buckets would fall into one second.

An alert waits for nothing here, since a worker that waits holds up all other chats. discord.py has two waits of its
own, and both are kept from happening to an alert: it sleeps inside a 429 or a 5xx (and is left unable to send
anything if it is cancelled during a global one), so those are raised before it sees them; and it sleeps inside the
request that takes the last token of a bucket, so the last token is never taken. `max_ratelimit_timeout` is no help:
it is 30 s at least, and bounds neither.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.pacing import Gate, Ledger, Window
from bot.platforms.proxies import proxy_for
from monitors.ports import Clock

PACE = (7, timedelta(milliseconds=155))
"""Requests and their window: 45/s. Few large windows would lose less to late timers, and let more fall together."""

TOGETHER = (49, timedelta(seconds=1.005))
"""Requests that may arrive within a second, counted until a second after their answers: however long some are on their
way, no more arrive. The published limit is 50/s: https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
"""

MOST_INVALID = (5000, timedelta(minutes=10))
"""Half of the 401, 403 and 429 that make Cloudflare ban the address:
https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans"""

UNSAID = timedelta(seconds=5)
"""The wait after an answer that names none."""

_BROKEN = timedelta(seconds=3)
_INVALID = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
_CALLBACK = re.compile(r"/interactions/\d+/[^/]+/callback$")
_LAST_TOKEN = 1

_place: ContextVar[str | None] = ContextVar("place", default=None)
"""Where the alert goes that the running task sends; None while it sends no alert."""

_log = structlog.get_logger(__name__)


class LaterError(Exception):
    """Discord takes an alert not now but `after` a while; the outcomes catch it."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"expected to be let through, found a wait of {after.total_seconds():.1f} s")
        self.after = after


@contextmanager
def served_at(base: str | None) -> Iterator[None]:
    """Lead discord.py to another REST base, and back at the end; None is Discord's own.

    discord.py keeps this address and the gateway's in its classes, so there is one of them at a time.
    """
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = before[0] if base is None else base.rstrip("/")
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


def proxy_to_discord(base: str | None) -> str | None:
    """Return the proxy on the way to a REST base, None for none; discord.py takes it for the gateway too.

    Raises:
        ProxyError: the environment names one that cannot be used.
    """
    return proxy_for(base or Route.BASE)


def without_voice() -> None:
    """Keep the next client from warning that it cannot speak, which the bot never does, at every start."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


async def learn_gateway(client: discord.Client) -> None:
    """Take the gateway's address from the REST base; a client takes the default one whenever it starts anew.

    Raises:
        discord.HTTPException: there is no answer to be had.
    """
    answer = await client.http.request(Route("GET", "/gateway"))
    url = type(DiscordWebSocket.DEFAULT_GATEWAY)
    DiscordWebSocket.DEFAULT_GATEWAY = url(answer["url"])


class Traffic:
    """Everything that goes to the REST API, through one gate; replies go before alerts."""

    def __init__(self, clock: Clock) -> None:
        """Start with nothing sent."""
        self._clock = clock
        self._gate = Gate(clock, Window(*PACE))
        self._ledger = Ledger(clock, *TOGETHER)
        self._invalid = Window(*MOST_INVALID)
        self._closed_until = 0.0
        self._held: dict[str, float] = {}

    def pace(self, client: discord.Client) -> None:
        """Send all that a client sends through the gate; to be called before it logs in."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._before)
        trace.on_request_end.append(self._after)
        trace.on_request_exception.append(self._without)
        client.http.http_trace = trace

    def wait(self, place: str) -> timedelta:
        """Return how long no alert may go to a place, such as `POST 42` for new messages in a channel."""
        now = self._clock.monotonic()
        until = max(self._held.get(place, 0.0), self._closed_until)
        if until <= now:
            self._held.pop(place, None)
        return timedelta(seconds=max(0.0, until - now, self._invalid.wait(now)))

    @contextmanager
    def alert(self, place: str) -> Iterator[None]:
        """Send what is sent within as an alert: after all replies, and without any wait inside discord.py.

        A 429 or a 5xx raises `LaterError`.
        """
        token = _place.set(place)
        try:
            yield
        finally:
            _place.reset(token)

    async def _before(
        self, _: aiohttp.ClientSession, request: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        """Wait for a turn; answers to interactions have three seconds and are limited by nothing global."""
        request.counted = not _CALLBACK.search(params.url.path)
        if request.counted:
            await self._gate.turn(urgent=_place.get() is None)
            await self._ledger.free()
            self._ledger.leave()

    async def _without(
        self, _: aiohttp.ClientSession, request: SimpleNamespace, __: aiohttp.TraceRequestExceptionParams
    ) -> None:
        """Count a request that had no answer, or whose answer was taken back."""
        self._close(request)

    def _close(self, request: SimpleNamespace) -> None:
        if request.counted:
            request.counted = False
            self._ledger.answered(self._clock.monotonic())

    async def _after(
        self, _: aiohttp.ClientSession, request: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        """Learn from an answer, and take an alert back from discord.py where it would begin to wait."""
        self._close(request)
        place, response = _place.get(), params.response
        self._count(response)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._hold(response, place)
        if place is None:
            return
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise LaterError(self.wait(place))
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise LaterError(_BROKEN)
        remaining = _number(response, "X-RateLimit-Remaining")
        reset_after = _number(response, "X-RateLimit-Reset-After")
        if remaining is not None and remaining <= _LAST_TOKEN and reset_after is not None:
            self._held[place] = self._clock.monotonic() + reset_after

    def _hold(self, response: aiohttp.ClientResponse, place: str | None) -> None:
        """Keep to the wait of a 429: a global one, or one that came from Cloudflare (no `Via`), is for all."""
        seconds = _number(response, "Retry-After")
        until = self._clock.monotonic() + (UNSAID.total_seconds() if seconds is None else seconds)
        if "X-RateLimit-Global" in response.headers or "Via" not in response.headers:
            if self._closed_until < self._clock.monotonic():
                _log.warning("discord.limited", seconds=seconds, by_cloudflare="Via" not in response.headers)
            self._closed_until = max(self._closed_until, until)
        elif place is not None:
            self._held[place] = until

    def _count(self, response: aiohttp.ClientResponse) -> None:
        """Count what Discord counts as invalid: limits shared with other bots are not our fault."""
        if response.status not in _INVALID or response.headers.get("X-RateLimit-Scope") == "shared":
            return
        now = self._clock.monotonic()
        held = self._invalid.wait(now) > 0
        self._invalid.take(now)
        if not held and self._invalid.wait(now) > 0:
            _log.error("discord.alerts_held", reason=f"{MOST_INVALID[0]} refusals in {MOST_INVALID[1]}")


def _number(response: aiohttp.ClientResponse, header: str) -> float | None:
    try:
        return float(response.headers[header])
    except (KeyError, ValueError):
        return None
