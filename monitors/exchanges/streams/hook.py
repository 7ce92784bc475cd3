"""Makes ccxt.pro clients whose frames come to us first, and whose receive loop no exception can end.

ccxt hands decoded frames to `Exchange.handle_message`. An exception there, or while a frame is decoded, ends its
receive loop without a word (ccxt/async_support/base/ws/client.py, `receive_loop`), so every message is guarded.
Text that comes in one turn of the event loop is heard together in the next one, which in a burst of hundreds of
frames takes a third of the time.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import ccxt.pro
from aiohttp import WSMessage, WSMsgType

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.defects import Contained

_TEXT = WSMsgType.TEXT
_OWN = frozenset({WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})
"""What aiohttp says itself when a connection is gone; everything else came from the venue."""

Client = Any
"""ccxt's side of one connection."""


class Ear(Protocol):
    """What listens on one connection."""

    def decode(self, texts: Sequence[str], /) -> Iterator[object]:
        """Decode frames of text, for `hear`; one that is broken raises, and the iterator goes on after it."""
        ...

    def hear(self, messages: Iterator[object]) -> Sequence[object]:
        """Take decoded frames that came together, in their order; returns those that are left to ccxt.

        An item that cannot be decoded raises; the iterator goes on after it.
        """
        ...

    def alive(self) -> None:
        """Note that something came, frames or a pong: the line is alive."""
        ...

    def unreadable(self) -> bool:
        """Note that a message could not be read; tells whether it is the first one."""
        ...


def hooked(venue: str, options: Mapping[str, Any], ears: Mapping[str, Ear]) -> Exchange:
    """Construct a venue's ccxt.pro client that gives each frame to the ear of its connection's address.

    `options` are ccxt constructor options. A connection without an ear is over: what it still says is not heard.
    """
    base = getattr(ccxt.pro, venue)

    def handle_message(exchange: Exchange, client: Client, message: object) -> None:
        ear = ears.get(client.url)
        if ear is not None:
            for left in ear.hear(iter((message,))):
                base.handle_message(exchange, client, left)

    def client_of(exchange: Exchange, url: str) -> Client:
        is_known = url in (exchange.clients or {})
        client = base.client(exchange, url)
        if not is_known:
            leave = partial(base.handle_message, exchange, client)
            client.handle_message = _Hook(client, ears, leave).handle_message
        return client

    kind = type(venue, (base,), {"handle_message": handle_message, "client": client_of})
    return kind(copy.deepcopy(dict(options)))


class _Hook:
    """Stands between a client's socket and its own `handle_message`, and never raises.

    Whatever comes counts as a pong to ccxt's keep-alive: a line that speaks is not dead.
    """

    def __init__(self, client: Client, ears: Mapping[str, Ear], leave: Callable[[object], None]) -> None:
        """Give what the ear leaves to `leave`."""
        self._client = client
        self._ears = ears
        self._leave = leave
        self._handle: Callable[[WSMessage], None] = client.handle_message
        self._texts: list[str] = []
        self._contained = Contained(lambda: (ear := self._ear) is not None and ear.unreadable())

    @property
    def _ear(self) -> Ear | None:
        return self._ears.get(self._client.url)

    def handle_message(self, message: WSMessage) -> None:
        """Keep text for the loop's next turn; anything else comes after it, and goes its way through ccxt at once."""
        if message.type is _TEXT:
            if not self._texts:
                self._client.asyncio_loop.call_soon(self._hear, self._ear)
            self._texts.append(message.data)
            return
        ear = self._ear
        self._hear(ear)
        with self._contained:
            self._handle(message)
        self._client.lastPong = self._client.last_message_at
        if ear is not None and message.type not in _OWN:
            ear.alive()

    def _hear(self, ear: Ear | None) -> None:
        texts, self._texts = self._texts, []
        if ear is None or not texts:
            return
        self._client.last_message_at = self._client.lastPong = ccxt.pro.Exchange.milliseconds()
        with self._contained:
            left = ear.hear(ear.decode(texts))
            self._contained.collect(map(self._leave, left))
        ear.alive()
