"""ccxt's clients as the hook leaves them: what reaches the ear, what reaches ccxt, and what ends nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from aiohttp import WSMessage, WSMsgType

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.defects import Contained
from monitors.exchanges.streams.hook import hooked
from monitors.exchanges.streams.profile import each_decoded
from tests.exchanges.streams.server import StreamServer


class Recording:
    """An ear that takes what the test says it takes, and is out of order where it says so."""

    def __init__(self, taken: object = None, defect: object = None) -> None:
        self.taken = taken
        self.defect = defect
        self.heard: list[object] = []
        self.turns = 0
        self.signs = 0
        self.defects = 0
        self._changed = asyncio.Event()

    def decode(self, texts: Sequence[str]) -> Iterator[object]:
        return each_decoded(texts)

    def hear(self, messages: Iterator[object]) -> Sequence[object]:
        heard = Contained(self.unreadable).collect(messages)
        self.heard += heard
        self.turns += 1
        self._changed.set()
        if self.defect in heard:
            raise ValueError("a defect")
        return [message for message in heard if message != self.taken]

    def alive(self) -> None:
        self.signs += 1
        self._changed.set()

    def unreadable(self) -> bool:
        self.defects += 1
        return self.defects == 1

    async def until_heard(self, number: int) -> None:
        """Wait until so many frames were heard, and what that led to is over."""
        await self.until(lambda: len(self.heard) == number and self.signs == self.turns)

    def is_at(self, turn: int) -> bool:
        return self.turns == turn

    async def until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def connected(server: StreamServer, ear: Recording) -> AsyncIterator[tuple[Exchange, Any]]:
    exchange = hooked("okx", {"timeout_on_exit": 0}, {server.url(): ear})
    exchange.open()
    client = exchange.client(server.url())
    await client.open(exchange.session)
    try:
        yield exchange, client
    finally:
        await exchange.close()


async def test_a_frame_that_the_ear_leaves_reaches_ccxt() -> None:
    ear = Recording(taken="ours")
    async with StreamServer() as server, connected(server, ear) as (exchange, _):
        reached: list[object] = []
        exchange.handle_pong = lambda _, message: reached.append(message)
        await server.say("ours", "pong")
        await ear.until_heard(2)

    assert ear.heard == ["ours", "pong"]
    assert reached == ["pong"]


async def test_a_pong_is_a_sign_of_life_without_being_a_frame() -> None:
    ear = Recording()
    async with StreamServer() as server, connected(server, ear) as (_, client):
        await client.connection.ping()
        await ear.until(lambda: ear.signs == 1)

        assert client.lastPong == client.last_message_at
    assert ear.heard == []


async def test_a_defect_of_the_ear_or_of_ccxt_ends_nothing_and_is_logged_once() -> None:
    ear = Recording(taken="after", defect="defect")
    async with StreamServer() as server, connected(server, ear) as (exchange, _):

        def handle_pong(_: object, message: object) -> None:
            raise KeyError(message)

        exchange.handle_pong = handle_pong
        with structlog.testing.capture_logs() as logs:
            for number, text in enumerate(("defect", "pong", "{broken", "after"), start=1):
                await server.say(text)
                await ear.until(partial(ear.is_at, number))

    assert ear.heard == ["defect", "pong", "after"]
    assert ear.defects == 3
    assert [line["event"] for line in logs] == ["feed.unreadable"]


async def test_text_that_comes_together_is_heard_together_and_before_what_follows_it() -> None:
    ear = Recording(taken="ours")
    async with StreamServer() as server, connected(server, ear) as (exchange, client):
        exchange.handle_pong = lambda *_: None
        for kind, text in ((WSMsgType.TEXT, "one"), (WSMsgType.TEXT, "{broken"), (WSMsgType.TEXT, "two")):
            client.handle_message(WSMessage(kind, text, None))
        before = list(ear.heard)
        client.handle_message(WSMessage(WSMsgType.PONG, b"", None))

    assert (before, ear.heard, ear.turns, ear.defects) == ([], ["one", "two"], 1, 1)


async def test_a_connection_without_an_ear_is_not_heard() -> None:
    ear = Recording()
    async with StreamServer() as server:
        other, reached = server.url("/other"), list[object]()
        exchange = hooked("okx", {"timeout_on_exit": 0}, {server.url(): ear})

        exchange.handle_pong = lambda _, message: reached.append(message)
        exchange.open()
        exchange.handle_message(exchange.client(other), "pong")
        await exchange.close()

    assert (ear.heard, reached) == ([], [])


def test_the_client_is_the_venues_own_with_the_options_given() -> None:
    options = {"streaming": {"keepAlive": 20_000}, "options": {"own": [1]}}

    exchange = hooked("bybit", options, {})
    exchange.options["own"].append(2)

    assert exchange.id == "bybit"
    assert exchange.streaming["keepAlive"] == 20_000
    assert exchange.streaming["maxPingPongMisses"] == 2
    assert options["options"] == {"own": [1]}
