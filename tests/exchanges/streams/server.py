"""A venue's WebSocket on 127.0.0.1 that does what a test says: answers, bursts, drops, falls silent, refuses."""

import asyncio
import json
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Answer = Callable[[Any], Iterable[object]]
"""What the server says to a frame that it received."""


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """A connection and what carries it."""

    path: str
    socket: web.WebSocketResponse
    transport: asyncio.Transport


class StreamServer:
    """Speaks WebSocket at every path; `answer` replies to what clients say, pings are answered unless mute."""

    def __init__(self, answer: Answer = lambda _: ()) -> None:
        self.answer = answer
        self.received: list[Any] = []
        """Frames from clients, decoded, in the order they came."""
        self.paths: list[str] = []
        """The path of each handshake, refused ones too."""
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers of the coming handshakes that are refused, one each."""
        self.is_mute = False
        """Whether connections neither answer nor pong nor close: half open."""
        self.open: list[Accepted] = []
        self.pongs = 0
        """How many pings were answered."""
        self._changed = asyncio.Event()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._accept)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self.open:
            connection.transport.abort()
        await self._server.close()

    def url(self, path: str = "/ws") -> str:
        """Return an address of this server."""
        return str(self._server.make_url(path)).replace("http://", "ws://")

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something holds that depends on what this server saw."""
        while not happened():
            self._changed.clear()
            await self._changed.wait()

    async def say(self, *frames: object, to: int = -1) -> None:
        """Send frames in one write each to the last connection, or to another one: text as it is, else JSON."""
        for frame in frames:
            await self.open[to].socket.send_str(_text(frame))

    async def ping(self, to: int = -1) -> None:
        """Ask a client for a sign of life, and wait for it."""
        awaited = self.pongs + 1
        await self.open[to].socket.ping()
        await self.until(lambda: self.pongs >= awaited)

    def burst(self, frames: Sequence[object], to: int = -1) -> None:
        """Send frames in one single TCP write."""
        self.open[to].transport.write(b"".join(_framed(_text(frame).encode()) for frame in frames))

    async def close(self, to: int = -1) -> None:
        """Close a connection as a well-behaved server does."""
        await self.open[to].socket.close()

    def drop(self, to: int = -1) -> None:
        """Break a connection without a goodbye."""
        self.open[to].transport.abort()

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        if self.refusals:
            status, headers = self.refusals.pop(0)
            self._changed.set()
            return web.Response(status=status, headers=headers)
        socket = web.WebSocketResponse(autoping=False, autoclose=False)
        await socket.prepare(request)
        assert request.transport is not None
        accepted = Accepted(request.path, socket, request.transport)
        self.open.append(accepted)
        self._changed.set()
        try:
            await self._serve(socket)
        finally:
            self.open.remove(accepted)
            self._changed.set()
        return socket

    async def _serve(self, connection: web.WebSocketResponse) -> None:
        while not connection.closed:
            message = await connection.receive()
            if message.type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
                return
            if self.is_mute:
                continue
            if message.type is WSMsgType.CLOSE:
                await connection.close()
            elif message.type is WSMsgType.PING:
                await connection.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs += 1
                self._changed.set()
            elif message.type is WSMsgType.TEXT:
                await self._take(connection, message.data)

    async def _take(self, connection: web.WebSocketResponse, text: str) -> None:
        frame = json.loads(text) if text.startswith(("{", "[")) else text
        self.received.append(frame)
        self._changed.set()
        for answer in self.answer(frame):
            await connection.send_str(_text(answer))


def _text(frame: object) -> str:
    return frame if isinstance(frame, str) else json.dumps(frame)


def _framed(payload: bytes) -> bytes:
    """Frame a text message as RFC 6455 has it, unmasked: a server's."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return bytes((0x81, 126)) + struct.pack("!H", len(payload)) + payload
