"""A Discord on 127.0.0.1 for an unmodified discord.py: REST, gateway, faults, limits and everything it saw.

    async with DiscordServer() as server:
        discord.http.Route.BASE = server.rest_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway.url)
        channel = server.world.add_channel(server.world.add_guild())
        ... start the bot with server.token ...
        await server.until(lambda: server.messages.in_channel(channel))

- `server.world`: guilds, channels, threads, roles, private chats (`add_*`, `private_chat`), and `refuse(channel,
  MISSING_ACCESS)`. Make them before the bot connects; a connected one learns of changes by `join`, `leave`,
  `remove_channel`, or any event by `server.gateway.dispatch(name, document)`.
- `server.messages.in_channel(id)`: `Message`s as they stand after edits; `.repeated` counts enforced nonces
  that came again and stored nothing; `len()` counts all; `forget_nonces()` is the passing of some minutes.
- `server.interactions`: `call`, `complete`, `press`, `submit`, `replay` act as a `Caller` and return an
  `Interaction`: its `callback`, `replies` (ephemeral ones too), `choices`, `modal`; set `.expired` for 10062.
  `.commands` holds what was registered, global ones under None.
- `server.gateway`: `dispatch(event, document)`, malformed ones too; `connections`, `connected`, `identifies`,
  `resumes`; `close(code)` (1006 cuts), `ask_reconnect` (op 7), `invalidate(resumable=)` (op 9),
  `forget_sessions`, `send_text` (frames that are no JSON); switches `acknowledges_heartbeats`,
  `answers_resume`, `rejects_identify`, `heartbeat_ms`, `shards`.
- `server.fail(fault, on=, count=)` and `heal()`: `RateLimited`, a `Refusal`, `Broken(503)`, `Reset`, `Silence`, on
  "POST /channels/{channel_id}/messages", the same with the ids filled in, SOCKET, or everything.
  `await stop_listening()` and `await listen()` are an outage: nothing answers at the same port.
- `server.limits` says which published limits are in force; `server.violations` counts by `overall`, `channel` and
  `contents` how often they were broken. Faults never count there.
- `server.exchanges`: every REST request with its time, JSON, status and answer; `server.asked(on)` picks one route's.

`client.py` has `led_to(server)`, which points discord.py here and back, and a small bot that `running` runs.
All of it belongs to the loop the server runs in. Nothing is global: a thread or a process may have its own.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self

from aiohttp import web

from monitors.clock import SystemClock
from tests.loopback.discord.callbacks import Callbacks
from tests.loopback.discord.exchanges import Endpoint, Exchange, Reply, read
from tests.loopback.discord.faults import SOCKET, Broken, Fault, Faults, Reset, Silence
from tests.loopback.discord.gateway import Gateway
from tests.loopback.discord.interactions import Interactions
from tests.loopback.discord.limits import Limits, Meter, Quota
from tests.loopback.discord.messages import Messages
from tests.loopback.discord.rest import Rest
from tests.loopback.discord.wire import (
    NO_SUCH_ROUTE,
    UNAUTHORIZED,
    RateLimited,
    Refusal,
    RefusedError,
    answer,
)
from tests.loopback.discord.world import Kind, World

HOST = "127.0.0.1"
LOOPBACK = "MTA.loopback.token"
PATIENCE_SECONDS = 60
"""A hang is a failure; nothing shorter is, for machines are shared."""

_API = "/api/v10"
_LARGEST_REQUEST = 26 * 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST, not FIN."""


class DiscordServer:
    """See the module; use it as an async context manager."""

    def __init__(self, *, token: str = LOOPBACK, limits: Limits | None = None) -> None:
        clock = SystemClock()
        self.token = token
        """What the bot must show; change it, and the bot's is revoked."""
        self.exchanges: list[Exchange] = []
        self.world = World(clock.now)
        self.messages = Messages(self.world)
        self.gateway = Gateway(self.world, lambda: self.token, clock.monotonic, self._changed)
        self.interactions = Interactions(self.world, self.messages, self.gateway.dispatch)
        self._clock = clock
        self._meter = Meter(limits or Limits(), clock.monotonic)
        self._faults = Faults()
        self._change = asyncio.Event()
        self._healed = asyncio.Event()
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=1
        )
        self._site: web.TCPSite | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self._runner.setup()
        await self.listen()
        self.gateway.url = f"ws://{HOST}:{self._port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let held requests go, cut every connection and stop listening."""
        self.heal()
        self.gateway.cut()
        await self._runner.cleanup()

    @property
    def rest_url(self) -> str:
        """What `discord.http.Route.BASE` must be."""
        return f"http://{HOST}:{self._port}{_API}"

    @property
    def limits(self) -> Limits:
        """The published limits in force."""
        return self._meter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._meter.limits = limits

    @property
    def violations(self) -> Counter[str]:
        """How often which limit was broken."""
        return self._meter.violations

    def fail(self, fault: Fault, *, on: str | None = None, count: int | None = None) -> None:
        """Put a fault in force on a route, or on everything, for `count` requests or until `heal`."""
        self._faults.set(fault, on, count)

    def heal(self) -> None:
        """End every fault and cut the requests that wait in silence."""
        self._faults.clear()
        self._healed.set()
        self._healed = asyncio.Event()

    async def listen(self) -> None:
        """Listen, at the port it had if it had one."""
        self._site = web.TCPSite(self._runner, HOST, self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def stop_listening(self) -> None:
        """Refuse connections and cut those there are; what is stored stays."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.gateway.cut()
        for connection in self._runner.server.connections if self._runner.server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def join(self, guild_id: int) -> None:
        """Make the bot a member and tell it; `unavailable` comes only with guilds it knew (discord.py's state.py)."""
        self.world.guild(guild_id).installed = True
        event = self.world.guild_event(guild_id)
        del event["unavailable"]
        await self.gateway.dispatch("GUILD_CREATE", event)

    async def leave(self, guild_id: int) -> None:
        """Remove the bot from a guild and tell it."""
        self.world.guild(guild_id).installed = False
        await self.gateway.dispatch("GUILD_DELETE", {"id": str(guild_id)})

    async def remove_channel(self, channel_id: int) -> None:
        """Delete a channel or thread and tell the bot."""
        document = self.world.channel_document(channel_id)
        kind = "THREAD" if self.world.channels.pop(channel_id).kind is Kind.THREAD else "CHANNEL"
        await self.gateway.dispatch(f"{kind}_DELETE", document)

    def asked(self, on: str) -> list[Exchange]:
        """Return the requests of a route, named as `POST /channels/{channel_id}/messages` or with ids filled in."""
        return [each for each in self.exchanges if on in (each.on, f"{each.method} {each.path}")]

    def clear(self) -> None:
        """Forget the requests and messages seen so far, as a long run needs."""
        self.exchanges.clear()
        self.messages.clear()

    async def until(self, claim: Callable[[], object]) -> None:
        """Wait until a claim about the server holds; it is asked again at each change.

        Raises:
            TimeoutError: it did not hold within a minute.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim():
                await self._change.wait()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        rest = Rest(self.world, self.messages, self.interactions, self.gateway, self._meter)
        callbacks = Callbacks(self.world, self.messages, self.interactions, self._meter)
        for endpoint in (*rest.endpoints(), *callbacks.endpoints()):
            application.router.add_route(endpoint.method, _API + endpoint.route, self._serving(endpoint))
        application.router.add_get("/", self._serve_gateway)
        unknown = Endpoint("*", "/{path}", _unknown, authorized=False)
        application.router.add_route("*", _API + "/{path:.*}", self._serving(unknown))
        return application

    def _serving(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            exchange = await read(request, endpoint.route, self._clock.monotonic())
            self.exchanges.append(exchange)
            quota, excess = self._meter.admit(exchange.on, exchange.params.get("channel_id", ""))
            fault = excess or self._faults.strike(exchange.on, f"{exchange.method} {exchange.path}")
            if isinstance(fault, (Silence, Reset)):
                return await self._cut_short(request, endpoint, exchange, fault)
            if isinstance(fault, Broken):
                return self._broken(exchange, fault)
            return self._respond(endpoint, exchange, quota, fault)

        return serve

    async def _serve_gateway(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.strike(SOCKET)
        match fault:
            case None:
                return await self.gateway.serve(request)
            case Broken(status):
                return web.Response(status=status)
            case Reset():
                return _reset(request)
            case Silence():
                await self._healed.wait()
                return _reset(request)
            case _:
                return answer(fault.document, 429 if isinstance(fault, RateLimited) else fault.status, {})

    def _respond(
        self, endpoint: Endpoint, exchange: Exchange, quota: Quota, fault: RateLimited | Refusal | None
    ) -> web.StreamResponse:
        headers = quota.headers(self._clock.now().timestamp())
        if isinstance(fault, RateLimited):
            headers |= fault.headers
            exchange.status, exchange.response = HTTPStatus.TOO_MANY_REQUESTS, fault.document
        else:
            exchange.status, exchange.response = self._outcome(endpoint, exchange, fault)
        exchange.answered_at = self._clock.monotonic()
        self._changed()
        return answer(exchange.response, exchange.status, headers)

    def _outcome(self, endpoint: Endpoint, exchange: Exchange, refusal: Refusal | None) -> Reply:
        if endpoint.authorized and exchange.authorization != f"Bot {self.token}":
            return UNAUTHORIZED.status, UNAUTHORIZED.document
        if refusal is not None:
            return refusal.status, refusal.document
        try:
            return endpoint.handle(exchange)
        except RefusedError as error:
            return error.refusal.status, error.refusal.document

    def _broken(self, exchange: Exchange, fault: Broken) -> web.Response:
        exchange.status = fault.status
        self._changed()
        page = f"<html><head><title>{fault.status}</title></head></html>"
        return web.Response(status=fault.status, text=page, content_type="text/html")

    async def _cut_short(
        self, request: web.Request, endpoint: Endpoint, exchange: Exchange, fault: Silence | Reset
    ) -> web.StreamResponse:
        if isinstance(fault, Silence) or fault.stored:
            self._outcome(endpoint, exchange, None)
        self._changed()
        if isinstance(fault, Silence):
            await self._healed.wait()
        return _reset(request)


def _unknown(_: Exchange) -> Reply:
    return NO_SUCH_ROUTE.status, NO_SUCH_ROUTE.document


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        request.transport.abort()
    return web.Response()
