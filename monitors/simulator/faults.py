"""What goes wrong on demand: refusals, rubbish, silence, and a market that misbehaves."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitors.simulator.wire import Wire

PATIENCE = timedelta(seconds=60)
"""How long a request is held at most."""


class Fault(StrEnum):
    """One way in which a venue fails."""

    RATE_LIMITED = "rate-limited"
    """429 with Retry-After and the venue's own document."""
    GEO_BLOCKED = "geo-blocked"
    """451 and a sentence about restricted locations."""
    FORBIDDEN = "forbidden"
    """403 with CloudFront's page."""
    SERVER_ERROR = "server-error"
    """503 with a line of text."""
    HTML = "html"
    """A maintenance page with status 200."""
    EMPTY_BODY = "empty-body"
    """Status 200 and nothing."""
    EMPTY_ANSWER = "empty-answer"
    """A well-formed answer without a row."""
    TIMEOUT = "timeout"
    """No answer until the fault is cleared."""
    RESET = "reset"
    """The connection is reset; aiohttp's client, and so ccxt's, repeats a GET once by itself."""
    UNLISTED = "unlisted"
    """Batches hold an instrument that the venue does not list."""
    INTERVAL_SWITCH = "interval-switch"
    """One instrument is charged hourly instead of every 8 hours."""
    FROZEN = "frozen"
    """Values and timestamps stand still."""
    SOCKET_DROP = "socket-drop"
    """Connections break off without a word: the open ones at once, later ones as soon as they are made."""
    SOCKET_CLOSE = "socket-close"
    """The same with a close frame (1001, going away)."""
    SOCKET_RATE_LIMITED = "socket-rate-limited"
    """Handshakes are refused with 429."""
    SOCKET_GEO_BLOCKED = "socket-geo-blocked"
    """Handshakes are refused with 451."""
    SOCKET_UNAVAILABLE = "socket-unavailable"
    """Handshakes are refused with 503."""
    SILENCE = "silence"
    """Subscriptions and pings are answered, but nothing is told; what happens meanwhile is never told."""
    HALF_OPEN = "half-open"
    """Connections stay, but nothing is told or answered, not even a ping."""
    REPLAY = "replay"
    """After a subscription the last minute comes again."""
    DUPLICATES = "duplicates"
    """Frames come twice."""
    BURST = "burst"
    """Frames are held back until `count` of them wait, or the fault is cleared; then all come in one write."""
    OUT_OF_ORDER = "out-of-order"
    """Frames are held back until two or more wait, and come the latest first."""
    MALFORMED = "malformed"
    """Before every frame comes a broken copy of it: cut off, without fields, with wrong types, or a web page."""
    CLOCK_AHEAD = "clock-ahead"
    """Closes are stamped a minute later than they happened."""


HANDSHAKE_FAULTS = {
    Fault.SOCKET_RATE_LIMITED: Fault.RATE_LIMITED,
    Fault.SOCKET_GEO_BLOCKED: Fault.GEO_BLOCKED,
    Fault.SOCKET_UNAVAILABLE: Fault.SERVER_ERROR,
}
"""What a handshake is answered with."""
SOCKET_FAULTS = HANDSHAKE_FAULTS.keys() | {
    Fault.SOCKET_DROP,
    Fault.SOCKET_CLOSE,
    Fault.SILENCE,
    Fault.HALF_OPEN,
    Fault.REPLAY,
    Fault.DUPLICATES,
    Fault.BURST,
    Fault.OUT_OF_ORDER,
    Fault.MALFORMED,
    Fault.CLOCK_AHEAD,
}
"""Faults of WebSockets; requests do not meet them."""
MARKET_FAULTS = frozenset({Fault.UNLISTED, Fault.INTERVAL_SWITCH, Fault.FROZEN})
"""Faults of what is said; the others are faults of the saying."""
UNCOUNTED = MARKET_FAULTS | {
    Fault.SILENCE,
    Fault.HALF_OPEN,
    Fault.REPLAY,
    Fault.OUT_OF_ORDER,
    Fault.CLOCK_AHEAD,
}
"""Faults that nothing uses up."""
AHEAD = timedelta(minutes=1)
"""How far a clock is ahead."""


@dataclass(slots=True)
class Armed:
    """A fault that waits for requests, connections or frames."""

    since: datetime
    remaining: int | None
    """How many are left to strike, None until cleared."""
    funding_only: bool


class Faults:
    """The faults in force, by venue."""

    def __init__(self) -> None:
        self._armed: dict[str, dict[Fault, Armed]] = {}
        self._released = asyncio.Event()

    def set(
        self,
        venue: str,
        fault: Fault,
        *,
        since: datetime,
        count: int | None = None,
        funding_only: bool = False,
    ) -> None:
        """Put a fault in force for the next `count` requests (connections, frames), or until it is cleared.

        Raises:
            ValueError: a count below one, or one for a fault that nothing uses up.
        """
        if count is not None and (count < 1 or fault in UNCOUNTED):
            raise ValueError(
                f"a count of {fault} must be at least 1 and of an answer, a connection or frames, was {count}"
            )
        self._armed.setdefault(venue, {})[fault] = Armed(since, count, funding_only)

    def clear(self, venue: str | None = None) -> None:
        """End the faults of one venue or of all, and let held requests go."""
        if venue is None:
            self._armed.clear()
        else:
            self._armed.pop(venue, None)
        self._released.set()
        self._released = asyncio.Event()

    def since(self, venue: str, fault: Fault) -> datetime | None:
        """Return since when a fault is in force, None if it is not."""
        armed = self._armed.get(venue, {}).get(fault)
        return None if armed is None else armed.since

    def holds(self, venue: str, fault: Fault) -> bool:
        """Tell whether a fault is in force."""
        return self.since(venue, fault) is not None

    def remaining(self, venue: str, fault: Fault) -> int | None:
        """Return how many a fault in force has left to strike, None until cleared.

        Raises:
            KeyError: it is not in force.
        """
        return self._armed[venue][fault].remaining

    def end(self, venue: str, fault: Fault) -> None:
        """End one fault."""
        self._armed.get(venue, {}).pop(fault, None)

    def use(self, venue: str, fault: Fault) -> bool:
        """Tell whether a fault strikes, and count it."""
        armed = self._armed.get(venue, {}).get(fault)
        if armed is None:
            return False
        if armed.remaining is not None:
            armed.remaining -= 1
            if armed.remaining == 0:
                self.end(venue, fault)
        return True

    def strike(self, venue: str, *, funding: bool) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        faults = self._armed.get(venue, {})
        for fault, armed in faults.items():
            if fault in MARKET_FAULTS | SOCKET_FAULTS or (armed.funding_only and not funding):
                continue
            self.use(venue, fault)
            return fault
        return None

    async def hold(self, patience: timedelta = PATIENCE) -> None:
        """Wait until faults are cleared, but no longer than the patience."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await self._released.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer that is not what the client hoped for."""

    status: int
    content_type: str = "text/html"
    text: str = ""
    document: object = None
    """What to send as JSON where `content_type` says so."""
    retry_after: timedelta | None = None


_GEO_BLOCK = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in the terms of use. "
    "Please contact customer service if you believe you received this message in error."
)
_CLOUDFRONT = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><HTML><HEAD>'
    "<TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>"
    "<H2>The request could not be satisfied.</H2><P>The Amazon CloudFront distribution is configured to block "
    "access from your country.</P><P>Generated by cloudfront (CloudFront)</P></BODY></HTML>"
)
MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
)
JSON = "application/json"


def failure(fault: Fault, wire: Wire) -> Failure:
    """Return what a venue answers under a fault that has an answer."""
    answers = {
        Fault.RATE_LIMITED: Failure(
            status=429, content_type=JSON, document=wire.too_many, retry_after=timedelta(seconds=7)
        ),
        Fault.GEO_BLOCKED: Failure(status=451, content_type=JSON, document={"code": 0, "msg": _GEO_BLOCK}),
        Fault.FORBIDDEN: Failure(status=403, text=_CLOUDFRONT),
        Fault.SERVER_ERROR: Failure(status=503, content_type="text/plain", text="upstream connect error"),
        Fault.HTML: Failure(status=200, text=MAINTENANCE),
        Fault.EMPTY_BODY: Failure(status=200, content_type="text/plain"),
        Fault.EMPTY_ANSWER: Failure(status=200, content_type=JSON, document=wire.empty),
    }
    return answers[fault]
