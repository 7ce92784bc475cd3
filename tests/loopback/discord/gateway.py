"""The gateway: sessions, sequence numbers, resumes, and how a connection can end."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from http import HTTPStatus

import orjson
from aiohttp import WSMsgType, web

from tests.loopback.discord.wire import Document, answer
from tests.loopback.discord.world import World

ABNORMAL = 1006
"""Not a code that travels: the connection is cut without a close frame."""
AUTHENTICATION_FAILED = 4004
_LOSES_SESSION = {1000, 1001, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014}
"""docs.discord.com, Gateway Close Event Codes."""
_IDENTIFIES_A_DAY = 1000
_GUILDS_THEMSELVES = {"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"}


class Op(IntEnum):
    """The opcodes the fake speaks (docs.discord.com, Gateway Opcodes)."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """An IDENTIFY; `at` in seconds of the monotonic clock, `shard` as (id, count)."""

    at: float
    shard: tuple[int, int] | None
    intents: int
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A RESUME, whether or not it was answered; `sequence` is the last event the client saw."""

    at: float
    session: str
    sequence: int


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """A WebSocket that was opened at `at`."""

    at: float
    query: Mapping[str, str]
    socket: web.WebSocketResponse
    cut: Callable[[], None]
    is_open: bool = True
    heartbeats: int = 0
    session: "Session | None" = None

    async def send(
        self, op: Op, data: object, *, event: str | None = None, sequence: int | None = None
    ) -> None:
        """Send one frame; nothing where the connection has ended."""
        if self.is_open and not self.socket.closed:
            frame = orjson.dumps({"op": op, "d": data, "t": event, "s": sequence}).decode()
            with suppress(ConnectionResetError):
                await self.socket.send_str(frame)


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """What survives a connection: every event by its sequence number, for a resume."""

    id: str
    shard: tuple[int, int] | None
    connection: Connection | None
    events: list[tuple[str, Document]] = field(default_factory=list)

    def hears(self, event: str, data: Document) -> bool:
        """Return whether an event belongs to this session's shard (docs.discord.com, Sharding)."""
        if self.shard is None:
            return True
        shard, shards = self.shard
        guild_id = data.get("id" if event in _GUILDS_THEMSELVES else "guild_id", 0)
        return int(guild_id) // 2**22 % shards == shard

    async def dispatch(self, event: str, data: Document) -> None:
        """Number an event, keep it, and send it where a connection is there."""
        self.events.append((event, data))
        if self.connection is not None:
            await self.connection.send(Op.DISPATCH, data, event=event, sequence=len(self.events))


class Gateway:
    """All connections and sessions, and the switches of what goes wrong."""

    def __init__(
        self,
        world: World,
        token: Callable[[], str],
        monotonic: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.connections: list[Connection] = []
        self.identifies: list[Identified] = []
        self.resumes: list[Resumed] = []
        self.url = ""
        """Its own address, once the server listens."""
        self.heartbeat_ms = 41_250
        self.acknowledges_heartbeats = True
        self.answers_resume = True
        self.rejects_identify: int | None = None
        """A close code (4010 to 4014, …) that every IDENTIFY meets."""
        self.shards = 1
        """How many `GET /gateway/bot` recommends."""
        self._world = world
        self._token = token
        self._monotonic = monotonic
        self._changed = changed
        self._sessions: dict[str, Session] = {}

    @property
    def connected(self) -> list[Connection]:
        """The connections that are open and have a session."""
        return [each for each in self.connections if each.is_open and each.session is not None]

    def bot_document(self) -> Document:
        """Return the answer of `GET /gateway/bot`."""
        limit = {
            "total": _IDENTIFIES_A_DAY, "remaining": _IDENTIFIES_A_DAY - len(self.identifies),
            "reset_after": 86_400_000, "max_concurrency": 1,
        }  # fmt: skip
        return {"url": self.url, "shards": self.shards, "session_start_limit": limit}

    async def dispatch(self, event: str, data: Document) -> None:
        """Tell an event to the sessions of its shard, those away included: they hear it when they resume.

        Raises:
            LookupError: no session of that shard was ever begun.
        """
        hearers = [session for session in self._sessions.values() if session.hears(event, data)]
        if not hearers:
            raise LookupError(
                f"a session to hear {event} was expected, found {len(self._sessions)} of other shards"
            )
        for session in hearers:
            await session.dispatch(event, data)

    async def send_text(self, text: str) -> None:
        """Send a raw frame, such as one that is no JSON."""
        for connection in self.connected:
            await connection.socket.send_str(text)

    async def ask_reconnect(self) -> None:
        """Send op 7."""
        for connection in self.connected:
            await connection.send(Op.RECONNECT, None)

    async def invalidate(self, *, resumable: bool) -> None:
        """Send op 9; a session that is not resumable is forgotten."""
        for connection in self.connected:
            if not resumable and connection.session is not None:
                self._sessions.pop(connection.session.id, None)
            await connection.send(Op.INVALID_SESSION, resumable)

    async def close(self, code: int) -> None:
        """End every connection with a close code, or with 1006 abruptly; fatal codes end the session too."""
        for connection in [each for each in self.connections if each.is_open]:
            await self._close(connection, code)

    def forget_sessions(self) -> None:
        """Lose every session, so that no RESUME succeeds."""
        self._sessions.clear()

    def cut(self) -> None:
        """End every connection abruptly."""
        for connection in self.connections:
            connection.cut()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until it ends."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return answer({"message": "Upgrade Required", "code": 0}, HTTPStatus.UPGRADE_REQUIRED, {})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(
            at=self._monotonic(), query=dict(request.query), socket=socket, cut=lambda: _abort(request)
        )
        self.connections.append(connection)
        try:
            await connection.send(Op.HELLO, {"heartbeat_interval": self.heartbeat_ms})
            self._changed()
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(connection, orjson.loads(frame.data))
                    self._changed()
        finally:
            self._ended(connection)
        return socket

    async def _receive(self, connection: Connection, frame: Document) -> None:
        data = frame["d"]
        match frame["op"]:
            case Op.HEARTBEAT:
                connection.heartbeats += 1
                if self.acknowledges_heartbeats:
                    await connection.send(Op.HEARTBEAT_ACK, None)
            case Op.IDENTIFY:
                await self._identify(connection, data)
            case Op.RESUME:
                await self._resume(connection, data)
            case _:
                """Presence and member requests are nothing this bot has an answer to wait for."""

    async def _identify(self, connection: Connection, data: Document) -> None:
        session = Session(id=f"{self._world.new_id():x}", shard=_shard(data), connection=connection)
        self.identifies.append(
            Identified(at=self._monotonic(), shard=session.shard, intents=data["intents"], session=session.id)
        )
        if data["token"] != self._token():
            await self._close(connection, AUTHENTICATION_FAILED)
            return
        if self.rejects_identify is not None:
            await self._close(connection, self.rejects_identify)
            return
        self._sessions[session.id] = session
        connection.session = session
        guilds = [each.id for each in self._world.guilds.values() if each.installed]
        own = [each for each in guilds if session.hears("GUILD_CREATE", {"id": each})]
        await session.dispatch("READY", self._ready(session, own))
        for guild_id in own:
            await session.dispatch("GUILD_CREATE", self._world.guild_event(guild_id))

    async def _resume(self, connection: Connection, data: Document) -> None:
        sequence = data["seq"] or 0
        self.resumes.append(Resumed(at=self._monotonic(), session=str(data["session_id"]), sequence=sequence))
        if not self.answers_resume:
            return
        if data["token"] != self._token():
            await self._close(connection, AUTHENTICATION_FAILED)
            return
        session = self._sessions.get(str(data["session_id"]))
        if session is None:
            await connection.send(Op.INVALID_SESSION, data=False)
            return
        connection.session, session.connection = session, connection
        for number, (event, missed) in enumerate(session.events[sequence:], sequence + 1):
            await connection.send(Op.DISPATCH, missed, event=event, sequence=number)
        await session.dispatch("RESUMED", {})

    def _ready(self, session: Session, guilds: list[int]) -> Document:
        world = self._world
        ready: Document = {
            "v": 10, "user": world.bot(), "session_id": session.id, "resume_gateway_url": self.url,
            "guilds": [{"id": str(each), "unavailable": True} for each in guilds],
            "application": {"id": str(world.application_id), "flags": 0},
        }  # fmt: skip
        return ready if session.shard is None else ready | {"shard": list(session.shard)}

    async def _close(self, connection: Connection, code: int) -> None:
        if code in _LOSES_SESSION and connection.session is not None:
            self._sessions.pop(connection.session.id, None)
        if code == ABNORMAL:
            connection.cut()
        else:
            await connection.socket.close(code=code)

    def _ended(self, connection: Connection) -> None:
        connection.is_open = False
        if connection.session is not None and connection.session.connection is connection:
            connection.session.connection = None
        self._changed()


def _shard(data: Document) -> tuple[int, int] | None:
    shard = data.get("shard")
    return None if shard is None else (shard[0], shard[1])


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
