"""The front door of the loopback Bot API: HTTP in, faults and limits, a method, HTTP out."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import assert_never

import orjson
from aiohttp import web

from tests.loopback.telegram.limits import Limits, Violation, Windows, retry_after
from tests.loopback.telegram.parameters import Parameters, read_parameters
from tests.loopback.telegram.refusals import (
    CONFLICT,
    NOT_FOUND,
    UNAUTHORIZED,
    WEBHOOK_ACTIVE,
    Faults,
    Outage,
    Refusal,
    RefusedError,
    flood,
)
from tests.loopback.telegram.standing import METHODS
from tests.loopback.telegram.values import Call, Json
from tests.loopback.telegram.world import World
from tests.loopback.telegram.writing import LIMITED

GET_UPDATES = "getUpdates"
LONGEST_POLL = 50
"""Seconds (https://core.telegram.org/bots/api#getupdates names none; the server holds no longer)."""
LARGEST = 50 * 1024 * 1024
"""Bytes of an upload (https://core.telegram.org/bots/api#sending-files)."""
_NAMES = {name.lower(): name for name in (*METHODS, GET_UPDATES)}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST, not FIN."""
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


class Front:
    """Answers the bot's calls; what it records is for tests to read."""

    def __init__(self, world: World, token: str) -> None:
        self.calls: list[Call] = []
        self.violations: list[Violation] = []
        self.faults = Faults()
        self._world = world
        self._token = token
        self._windows: Windows | None = None
        self._polls = 0
        self._is_closing = False

    def application(self) -> web.Application:
        """Return what serves `/bot<token>/<method>`."""
        application = web.Application(client_max_size=LARGEST)
        application.router.add_route("*", "/bot{token}/{method}", self._handle)
        return application

    def limit(self, limits: Limits | None) -> None:
        """Enforce limits from now on, or none."""
        self._windows = None if limits is None else Windows(limits)

    def close(self) -> None:
        """Let everything that waits go."""
        self._is_closing = True
        self._world.bell.ring()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self._token:
            return _refused(UNAUTHORIZED)
        parameters = await read_parameters(request)
        call = self._record(request.match_info["method"], parameters)
        fault = self.faults.strike(call)
        match fault:
            case None:
                return await self._answer(call, parameters)
            case Refusal():
                return _refused(fault)
            case Outage.BAD_GATEWAY | Outage.FORBIDDEN:
                return _page(502 if fault is Outage.BAD_GATEWAY else 403, fault)
            case Outage.DROPPED:
                return _dropped(request)
            case Outage.SILENT:
                await self._answer(call, parameters)
                return await self._silence()
            case _:
                assert_never(fault)

    def _record(self, method: str, parameters: Parameters) -> Call:
        chat = self._world.find(parameters.given.get("chat_id"))
        call = Call(
            method=_NAMES.get(method.lower(), method),
            parameters=parameters.given,
            chat=None if chat is None else chat.room.id,
            at=self._world.now(),
        )
        self.calls.append(call)
        self._world.bell.ring()
        return call

    async def _answer(self, call: Call, parameters: Parameters) -> web.Response:
        try:
            self._check_pace(call)
            if call.method == GET_UPDATES:
                return _ok(await self._updates(parameters))
            method = METHODS.get(call.method)
            if method is None:
                return _refused(NOT_FOUND)
            result = method(self._world, parameters)
        except RefusedError as error:
            return _refused(error.refusal)
        self._world.bell.ring()
        return _ok(result)

    def _check_pace(self, call: Call) -> None:
        if self._windows is None or call.chat is None or call.method not in LIMITED:
            return
        room = self._world.chats[call.chat].room
        violation = self._windows.admit(room, call.method, self._world.clock.monotonic())
        if violation is not None:
            self.violations.append(violation)
            raise RefusedError(flood(retry_after(violation)))

    async def _updates(self, parameters: Parameters) -> Json:
        updates = self._world.updates
        if self._world.webhook.url:
            raise RefusedError(WEBHOOK_ACTIVE)
        updates.allow(parameters.given.get("allowed_updates"))
        self._polls += 1
        mine = self._polls
        updates.batch(parameters.integer("offset") or 0)
        self._world.bell.ring()
        wait = min(parameters.integer("timeout") or 0, LONGEST_POLL)
        if wait > 0:
            await self._wait(lambda: len(updates) > 0 or self._polls != mine, seconds=wait)
        if self._polls != mine:
            raise RefusedError(CONFLICT)
        limit = parameters.integer("limit")
        return updates.batch(0, 100 if limit is None else limit)

    async def _silence(self) -> web.Response:
        """Hold the answer until the client or the server ends."""
        await self._wait(lambda: False, seconds=LONGEST_POLL)
        return web.Response(status=504)

    async def _wait(self, claim: Callable[[], bool], *, seconds: int) -> None:
        with suppress(TimeoutError):
            await self._world.bell.until(lambda: self._is_closing or claim(), timedelta(seconds=seconds))


def _ok(result: Json) -> web.Response:
    return _json({"ok": True, "result": result}, 200)


def _refused(refusal: Refusal) -> web.Response:
    return _json(refusal.json(), refusal.status)


def _json(document: Json, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")


def _page(status: int, title: str) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(f"{status} {title}"), content_type="text/html")


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
        )
        request.transport.abort()
    return web.Response()
