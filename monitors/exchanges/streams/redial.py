"""What became of a connection, in words that leak nothing, and how long to wait before the next. Pure."""

from collections.abc import Callable
from datetime import timedelta

from aiohttp import ClientConnectionError, WSServerHandshakeError
from ccxt.base.errors import BaseError, ExchangeError, NetworkError, RequestTimeout

from monitors.exchanges.errors import unavailable
from monitors.ports import VenueUnavailableError

LASTING = timedelta(seconds=60)
"""A connection that stayed up this long was no failure to connect."""
PARKED = timedelta(hours=6)
"""Before a venue that refuses this place is dialled again."""
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(seconds=60)
_MOST_DOUBLINGS = 6
_REFUSED = frozenset({403, 451})
_RATE_LIMITED = frozenset({418, 429})
_RATE_LIMIT_WAIT = timedelta(seconds=60)
_LONGEST_ASKED = timedelta(days=3)


class SubscriptionRefusedError(VenueUnavailableError):
    """The venue does not know what was asked for, or will not give it; it may list something else by now."""


def pause(error: VenueUnavailableError, failures: int, random: Callable[[], float]) -> timedelta:
    """Return how long to wait after the `failures`-th failure in a row, counted from 1.

    Doubles from 1 to 60 s, the upper half of it by chance (`random` returns numbers in [0, 1)), and is never less
    than the venue asked for.
    """
    if error.blocked:
        return PARKED
    ceiling: timedelta = min(_LONGEST, _SHORTEST * 2 ** min(failures, _MOST_DOUBLINGS))
    return max(ceiling * (1 + random()) / 2, error.retry_after or timedelta(0))


def refusal(reason: str) -> VenueUnavailableError:
    """Translate a venue's refusal of a subscription, which may mean that it refuses this place."""
    known = unavailable(ExchangeError(reason))
    if known.blocked or known.retry_after is not None:
        return known
    return SubscriptionRefusedError(f"refused a subscription: {reason}")


def loss(error: BaseException, asked_wait: float | None) -> VenueUnavailableError:
    """Translate what ended a connection; `asked_wait` are the seconds of a failed handshake's Retry-After."""
    cause: object = error.args[0] if error.args else None
    if isinstance(error, VenueUnavailableError):
        return error
    if isinstance(cause, WSServerHandshakeError):
        return _handshake(cause.status, asked_wait)
    if isinstance(error, BaseError) and not isinstance(error, NetworkError):
        return unavailable(error)
    return VenueUnavailableError(_words(error, cause))


def _words(error: BaseException, cause: object) -> str:
    if isinstance(error, RequestTimeout | TimeoutError):
        return "timed out"
    if isinstance(cause, ClientConnectionError):
        return "is unreachable"
    if isinstance(error, OSError) or "closed by remote server" in str(error):
        return "closed the connection"
    return f"lost the connection ({type(cause if isinstance(cause, Exception) else error).__name__})"


def _handshake(status: int, asked_wait: float | None) -> VenueUnavailableError:
    if status in _REFUSED:
        return VenueUnavailableError(f"refuses connections from here (HTTP {status})", blocked=True)
    least = _RATE_LIMIT_WAIT.total_seconds() if status in _RATE_LIMITED else 0.0
    seconds = min(_LONGEST_ASKED.total_seconds(), max(least, asked_wait or 0.0))
    words = "rate limited" if status in _RATE_LIMITED else "refused the handshake"
    wait = timedelta(seconds=seconds) if seconds > 0 else None
    return VenueUnavailableError(f"{words} (HTTP {status})", retry_after=wait)
