"""What the venues' streams share: subscriptions, windows in which closes are told, and what a throttle leaves out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from monitors.simulator.flow import Close
from monitors.simulator.wire import View, milliseconds

SECOND = timedelta(seconds=1)

Frame = Mapping[str, object] | str
"""A message before it becomes text."""


@dataclass(slots=True, kw_only=True)
class Session:
    """What one client of a venue is subscribed to."""

    path: str
    """Below the venue's address."""
    topics: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One venue's stream of forced closes."""

    paths: tuple[str, ...]
    """Where it is dialled, below the venue's address; a `{stream}` part is whatever the client likes."""
    window: timedelta
    """How often it tells; windows are counted from the epoch."""
    hear: Callable[[View, Session, str], Sequence[Frame]]
    """Answer what a client says, and change its subscriptions; never raises."""
    frames: Callable[[Session, Sequence[Close], datetime], Sequence[Frame]]
    """Tell a client what it is subscribed to, at a time."""
    throttled: bool = False
    """Whether of each contract and second only the latest close is told."""
    replays: bool = False
    """Whether the closes of the last minute come again after a subscription."""


def told(closes: Iterable[Close], feed: Feed) -> list[Close]:
    """Return the closes, oldest first, that a feed tells; seconds must be whole for a throttled one."""
    if not feed.throttled:
        return list(closes)
    latest = {(each.listing, milliseconds(each.at) // 1000): each for each in closes}
    return sorted(latest.values(), key=lambda each: each.at)


def windows(closes: Iterable[Close], window: timedelta) -> dict[datetime, list[Close]]:
    """Return closes, oldest first, by the end of the window they fall into."""
    found: dict[datetime, list[Close]] = {}
    for each in closes:
        found.setdefault(begun(each.at, window) + window, []).append(each)
    return found


def begun(at: datetime, window: timedelta) -> datetime:
    """Return when the window began that holds a moment."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // window * window


def parsed(text: str) -> Mapping[str, object] | None:
    """Return a JSON object, or None for anything else."""
    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def texts(value: object) -> list[str] | None:
    """Return a list that holds nothing but text, or None for anything else."""
    if not isinstance(value, list):
        return None
    found = [each for each in value if isinstance(each, str)]
    return found if len(found) == len(value) else None
