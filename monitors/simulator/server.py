"""The simulated venues on loopback: one aiohttp server, an address per venue, faults over HTTP."""

import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from operator import attrgetter
from types import TracebackType
from typing import Self

import orjson
from aiohttp import web

from monitors.ports import Clock
from monitors.simulator.binanceusdm import BINANCEUSDM
from monitors.simulator.bybit import BYBIT
from monitors.simulator.faults import HANDSHAKE_FAULTS, JSON, SOCKET_FAULTS, Failure, Fault, Faults, failure
from monitors.simulator.flow import Close, closes
from monitors.simulator.gate import GATE
from monitors.simulator.hyperliquid import HYPERLIQUID
from monitors.simulator.model import Market
from monitors.simulator.okx import OKX
from monitors.simulator.streams.feed import SECOND, Feed, begun, told
from monitors.simulator.streams.line import Line
from monitors.simulator.streams.registry import STREAMS
from monitors.simulator.wire import Endpoint, Query, RefusedError, View, Wire

HOST = "127.0.0.1"
WIRES = (BINANCEUSDM, BYBIT, OKX, GATE, HYPERLIQUID)

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST, not FIN."""


class Simulator:
    """A running market; use it as an async context manager."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self.market = market
        self.requests: Counter[tuple[str, str]] = Counter()
        """How often each (venue, path) was asked or dialled; Hyperliquid's one path is told apart by type."""
        self._clock = clock
        self._faults = Faults()
        self._lines: dict[str, set[Line]] = {wire.venue: set() for wire in WIRES}
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=1
        )
        self._port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let held requests go, break off the sockets and stop listening."""
        self._faults.clear()
        for lines in self._lines.values():
            for line in lines:
                line.cut()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{HOST}:{self._port}"

    @property
    def venues(self) -> tuple[str, ...]:
        """The ccxt ids of the simulated venues."""
        return tuple(wire.venue for wire in WIRES)

    def ccxt_config(self) -> dict[str, dict[str, object]]:
        """Return constructor options per venue that replace ccxt's addresses and nothing else."""
        return {wire.venue: {"urls": {"api": self._addresses(wire)}} for wire in WIRES}

    def liquidations(self, since: datetime, until: datetime) -> list[Close]:
        """Return what is really closed by force in [since, until), on all venues, oldest first."""
        found = [each for wire in WIRES for each in closes(self.market, wire.venue, since, until)]
        return sorted(found, key=attrgetter("at"))

    def told(self, since: datetime, until: datetime, *venues: str) -> list[Close]:
        """Return what of it the feeds of some venues tell, or of all, throttled as they are: a perfect listener's."""
        first, last = begun(since, SECOND), begun(until, SECOND) + SECOND
        found = [
            each
            for venue, stream in STREAMS.items()
            if stream.feed is not None and (not venues or venue in venues)
            for each in told(closes(self.market, venue, first, last), stream.feed)
            if since <= each.at < until
        ]
        return sorted(found, key=attrgetter("at"))

    def subscribed(self, venue: str) -> int:
        """Return how many connections of a venue have a subscription."""
        return sum(line.is_subscribed for line in self._lines[venue])

    def pong(self) -> None:
        """Have every connection say that it is alive, for tests that let minutes pass at once."""
        for line in (line for lines in self._lines.values() for line in lines):
            line.pong()

    def set_fault(
        self, venue: str, fault: Fault, *, count: int | None = None, funding_only: bool = False
    ) -> None:
        """Put a fault in force for the next `count` requests (connections, frames), or until it is cleared.

        Raises:
            ValueError: no such venue, or a fault this venue or this count cannot have.
        """
        if venue not in self.venues:
            raise ValueError(f"venue must be one of {', '.join(self.venues)}, was {venue!r}")
        if fault in SOCKET_FAULTS and STREAMS[venue].feed is None:
            raise ValueError(f"{fault} needs a venue that publishes liquidations, {venue} does not")
        now = self._clock.now()
        if fault is Fault.INTERVAL_SWITCH:
            self.market.switch_interval(venue, now)
        self._faults.set(venue, fault, since=now, count=count, funding_only=funding_only)

    def clear_faults(self, venue: str | None = None) -> None:
        """End the faults of one venue, or of all."""
        for each in self.venues if venue is None else (venue,):
            self.market.switch_interval(each, None)
        self._faults.clear(venue)

    def _application(self) -> web.Application:
        application = web.Application()
        for wire in WIRES:
            for path, method in sorted({(each.path, each.method) for each in wire.endpoints}):
                application.router.add_route(method, f"/{wire.venue}{path}", self._handler(wire, path))
            feed = STREAMS[wire.venue].feed
            if feed is not None:
                for path in feed.paths:
                    application.router.add_get(f"/{wire.venue}{path}", self._dialled(wire, feed))
        application.router.add_post("/faults", self._post_fault)
        application.router.add_delete("/faults", self._delete_faults)
        return application

    def _handler(self, wire: Wire, path: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        endpoints = {each.kind: each for each in wire.endpoints if each.path == path}

        async def handle(request: web.Request) -> web.StreamResponse:
            query = await _query(request)
            endpoint = endpoints.get(query.get("type"), endpoints[None])
            asked = request.path.removeprefix(f"/{wire.venue}")
            self.requests[wire.venue, f"{asked} {endpoint.kind}" if endpoint.kind else asked] += 1
            fault = self._faults.strike(wire.venue, funding=endpoint.funding)
            return (
                self._answer(wire, endpoint, query)
                if fault is None
                else await self._fail(request, wire, fault)
            )

        return handle

    def _dialled(self, wire: Wire, feed: Feed) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests[wire.venue, request.path.removeprefix(f"/{wire.venue}")] += 1
            for fault, answer in HANDSHAKE_FAULTS.items():
                if self._faults.use(wire.venue, fault):
                    return _failed(failure(answer, wire))
            line = Line(wire.venue, feed, self.market, self._clock, self._faults)
            self._lines[wire.venue].add(line)
            try:
                return await line.serve(request)
            finally:
                self._lines[wire.venue].discard(line)

        return handle

    def _addresses(self, wire: Wire) -> dict[str, object]:
        sockets = STREAMS[wire.venue].addresses(f"ws://{HOST}:{self._port}/{wire.venue}")
        return {**wire.urls(f"{self.url}/{wire.venue}"), **sockets}

    def _answer(self, wire: Wire, endpoint: Endpoint, query: Query) -> web.Response:
        frozen_at = self._faults.since(wire.venue, Fault.FROZEN)
        view = View(
            market=self.market,
            venue=wire.venue,
            now=frozen_at or self._clock.now(),
            unlisted=self._faults.since(wire.venue, Fault.UNLISTED) is not None,
        )
        try:
            return _json(endpoint.answer(view, query))
        except RefusedError as refusal:
            return _json(refusal.document, refusal.status)

    async def _fail(self, request: web.Request, wire: Wire, fault: Fault) -> web.StreamResponse:
        if fault is Fault.TIMEOUT:
            await self._faults.hold()
            return web.Response(status=504)
        if fault is Fault.RESET:
            if request.transport is not None:
                connection = request.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                request.transport.abort()
            return web.Response()
        return _failed(failure(fault, wire))

    async def _post_fault(self, request: web.Request) -> web.Response:
        order = await _query(request)
        try:
            count = order.get("count")
            self.set_fault(
                order.get("venue", ""),
                Fault(order.get("fault", "")),
                count=None if count is None else int(count),
                funding_only=order.get("funding_only") == "True",
            )
        except ValueError as error:
            return _json({"error": str(error), "faults": list(Fault)}, 400)
        return _json({"armed": order})

    async def _delete_faults(self, request: web.Request) -> web.Response:
        self.clear_faults(request.query.get("venue"))
        return _json({"armed": {}})


async def _query(request: web.Request) -> Query:
    """Return path, query-string and JSON-body parameters as one mapping of text; a body that is no JSON is none."""
    try:
        body: object = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError:
        body = {}
    fields: Mapping[str, object] = body if isinstance(body, dict) else {}
    given = {key: str(value) for key, value in fields.items() if value is not None}
    return {**request.query, **request.match_info, **given}


def _failed(failed: Failure) -> web.Response:
    headers = {"Retry-After": f"{failed.retry_after.total_seconds():.0f}"} if failed.retry_after else {}
    if failed.content_type == JSON:
        return _json(failed.document, failed.status, headers)
    return web.Response(
        text=failed.text, status=failed.status, content_type=failed.content_type, headers=headers
    )


def _json(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(document), status=status, content_type=JSON, headers=headers)
