"""How fast people may command: an answer costs the chat a part of its scarce bandwidth."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.commands.context import Asker
from monitors.ports import Clock

_MOST_REMEMBERED = 10_000


class Verdict(StrEnum):
    """What to do with a command."""

    ANSWER = "answer"
    WARN = "warn"
    """Too fast: say so, once."""
    IGNORE = "ignore"
    """Too fast, and told so already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many commands at once, and one more every so often."""

    burst: int
    every: timedelta


PER_PERSON = Allowance(burst=8, every=timedelta(seconds=3))
PER_CHAT = Allowance(burst=20, every=timedelta(seconds=1))
GLANCES = Allowance(burst=30, every=timedelta(seconds=1))
"""Of a person who types where every key is a question."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    warned: bool = False


class SpamGuard:
    """Counts commands by person and by chat, over all of a platform's chats."""

    def __init__(self, clock: Clock) -> None:
        """Start with every allowance full."""
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}

    def look(self, asker: Asker) -> Verdict:
        """Count one command and say what to do with it."""
        chat = asker.destination
        counted: list[tuple[Hashable, Allowance]] = [((chat.platform, chat.chat), PER_CHAT)]
        if asker.user:
            counted.append(((chat.platform, "", asker.user), PER_PERSON))
        buckets = [self._bucket(key, allowance) for key, allowance in counted]
        if all(bucket.left >= 1 for bucket in buckets):
            for bucket in buckets:
                bucket.left -= 1
                bucket.warned = False
            return Verdict.ANSWER
        empty = [bucket for bucket in buckets if bucket.left < 1]
        if all(bucket.warned for bucket in empty):
            return Verdict.IGNORE
        for bucket in empty:
            bucket.warned = True
        return Verdict.WARN

    def glance(self, asker: Asker) -> bool:
        """Count one question that is asked by typing, beside all commands, and tell whether to answer it."""
        bucket = self._bucket((asker.destination.platform, "glances", asker.user), GLANCES)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def _bucket(self, key: Hashable, allowance: Allowance) -> _Bucket:
        now = self._clock.monotonic()
        bucket = self._buckets.pop(key, None) or _Bucket(left=allowance.burst, at=now)
        gained = (now - bucket.at) / allowance.every.total_seconds()
        bucket.left, bucket.at = min(allowance.burst, bucket.left + gained), now
        self._buckets[key] = bucket  # at the end: the first one has been quiet for longest
        if len(self._buckets) > _MOST_REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        return bucket
