"""One open WebSocket of a simulated venue: what it tells, what it answers, and how it fails."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from monitors.ports import Clock
from monitors.simulator.faults import AHEAD, Fault, Faults
from monitors.simulator.flow import Close
from monitors.simulator.model import Market
from monitors.simulator.streams.feed import Feed, Frame, Session, begun, told, windows
from monitors.simulator.streams.rubbish import Rubbish, as_text
from monitors.simulator.wire import View

BEAT = 0.1
"""Seconds after which a line looks what there is to tell, at the latest."""
REPLAYED = timedelta(minutes=1)
"""What comes again after a subscription."""

_HANGUPS = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})
_PONG = b"\x8a\x00"
"""A pong frame that carries nothing."""
_SHORT, _MEDIUM = 126, 1 << 16
"""From which lengths on a frame's length takes two bytes more, and eight (RFC 6455, 5.2)."""


class Line:
    """A connection; what is due is told before anything is answered, so an answer proves that all was told."""

    def __init__(self, venue: str, feed: Feed, market: Market, clock: Clock, faults: Faults) -> None:
        self._venue, self._feed, self._market, self._clock, self._faults = venue, feed, market, clock, faults
        self._socket = web.WebSocketResponse(timeout=1, autoping=False, autoclose=False, compress=False)
        self._transport: asyncio.Transport | None = None
        self._session = Session(path="")
        self._told_until = begun(clock.now(), feed.window)
        self._waiting: list[str] = []
        self._rubbish = Rubbish()

    @property
    def is_subscribed(self) -> bool:
        """Whether the client hears anything."""
        return bool(self._session.topics)

    def cut(self) -> None:
        """Break off without a word."""
        if self._transport is not None:
            self._transport.abort()

    def pong(self) -> None:
        """Say that the connection is alive, unasked (RFC 6455, 5.5.3), unless it is half open."""
        if self._transport is not None and not self._has(Fault.HALF_OPEN):
            self._transport.write(_PONG)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Shake hands, then tell and answer until either side hangs up."""
        self._session = Session(path=request.path.removeprefix(f"/{self._venue}"))
        await self._socket.prepare(request)
        self._transport = request.transport
        while await self._goes_on():
            message = await self._receive()
            if message is not None and message.type in _HANGUPS:
                await self._socket.close()
                break
            self._tell()
            if message is not None and not self._has(Fault.HALF_OPEN):
                await self._answer(message)
        return self._socket

    async def _goes_on(self) -> bool:
        if self._faults.use(self._venue, Fault.SOCKET_DROP):
            self.cut()
            return False
        if self._faults.use(self._venue, Fault.SOCKET_CLOSE):
            await self._socket.close(code=WSCloseCode.GOING_AWAY)
            return False
        return True

    async def _receive(self) -> WSMessage | None:
        try:
            return await self._socket.receive(timeout=BEAT)
        except TimeoutError:
            return None

    async def _answer(self, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            known = set(self._session.topics)
            now = self._clock.now()
            self._write(
                as_text(each) for each in self._feed.hear(self._view(now), self._session, message.data)
            )
            if self._session.topics - known and (self._feed.replays or self._has(Fault.REPLAY)):
                closes = self._closes(self._told_until - REPLAYED, self._told_until)
                self._deliver(self._feed.frames(self._session, closes, now))

    def _tell(self) -> None:
        """Tell the windows that have ended since the last time."""
        since, until = self._told_until, begun(self._clock.now(), self._feed.window)
        frames: list[Frame] = []
        if until > since:
            self._told_until = until
            for end, closes in windows(self._closes(since, until), self._feed.window).items():
                frames += self._feed.frames(self._session, closes, end)
        self._deliver(frames)

    def _closes(self, since: datetime, until: datetime) -> list[Close]:
        found = told(self._view(until).closes(since, until), self._feed)
        if self._has(Fault.CLOCK_AHEAD):
            return [replace(each, at=each.at + AHEAD) for each in found]
        return found

    def _deliver(self, frames: Sequence[Frame]) -> None:
        """Send frames as the faults in force would have it."""
        if self._has(Fault.SILENCE) or self._has(Fault.HALF_OPEN):
            return
        for frame in frames:
            if self._faults.use(self._venue, Fault.MALFORMED):
                self._waiting.append(self._rubbish.of(frame))
            times = 2 if self._faults.use(self._venue, Fault.DUPLICATES) else 1
            self._waiting += [as_text(frame)] * times
        if self._is_due():
            disordered = self._has(Fault.OUT_OF_ORDER)
            self._write(reversed(self._waiting) if disordered else self._waiting)
            self._waiting = []

    def _is_due(self) -> bool:
        waiting = len(self._waiting)
        if self._has(Fault.BURST):
            wanted = self._faults.remaining(self._venue, Fault.BURST)
            if wanted is None or waiting < wanted:
                return False
            self._faults.end(self._venue, Fault.BURST)
        return waiting > 1 if self._has(Fault.OUT_OF_ORDER) else waiting > 0

    def _write(self, texts: Iterable[str]) -> None:
        """Send any number of frames in one write, as a busy venue's do arrive."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(map(_framed, texts)))

    def _view(self, now: datetime) -> View:
        return View(market=self._market, venue=self._venue, now=now)

    def _has(self, fault: Fault) -> bool:
        return self._faults.holds(self._venue, fault)


def _framed(text: str) -> bytes:
    """Return a final, unmasked text frame (RFC 6455, 5.2)."""
    payload = text.encode()
    length = len(payload)
    if length < _SHORT:
        head = bytes((0x81, length))
    elif length < _MEDIUM:
        head = bytes((0x81, 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x81, 127)) + length.to_bytes(8, "big")
    return head + payload
