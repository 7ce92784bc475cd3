"""One venue's failure domain: when to ask again after a failure, and when to leave it alone. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from monitors.ports import VenueUnavailableError

_FIRST_WAIT = timedelta(seconds=15)
_LONGEST_WAIT = timedelta(minutes=15)
_PARKED = timedelta(hours=6)
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Closed:
    """The venue answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The venue failed `failures` times in a row and is not asked before `until`."""

    until: datetime
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The venue refuses us where we are (a geo-block); asked again only after a long while."""

    until: datetime


Breaker = Closed | Open | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What a poll's outcome made of the breaker."""

    breaker: Breaker
    is_news: bool
    """Whether to log it: the first failure, the first refusal, the recovery."""


def allows(breaker: Breaker, now: datetime) -> bool:
    """Tell whether the venue may be asked now."""
    match breaker:
        case Closed():
            return True
        case Open(until=until) | Blocked(until=until):
            return now >= until
        case _:
            assert_never(breaker)


def failed(
    breaker: Breaker, error: VenueUnavailableError, now: datetime, random: Callable[[], float]
) -> Transition:
    """Wait longer after each failure: exponential with full jitter, never less than the venue asked for.

    `random` returns numbers in [0, 1).
    """
    if error.blocked:
        return Transition(breaker=Blocked(until=now + _PARKED), is_news=not isinstance(breaker, Blocked))
    failures = breaker.failures + 1 if isinstance(breaker, Open) else 1
    ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures - 1, _MOST_DOUBLINGS))
    wait = max(ceiling * random(), error.retry_after or timedelta(0))
    return Transition(breaker=Open(until=now + wait, failures=failures), is_news=failures == 1)


def succeeded(breaker: Breaker) -> Transition:
    """Close the breaker."""
    return Transition(breaker=Closed(), is_news=not isinstance(breaker, Closed))
