"""Discord's published rates, counted as Discord counts them, and what they answer."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha1

from tests.loopback.discord.bounds import Problem, refusal_of
from tests.loopback.discord.wire import RateLimited, RefusedError

OVERALL_REQUESTS, OVERALL_SECONDS = 50, 1.0
"""docs.discord.com, Rate Limits: 50 requests per second over all routes."""
CHANNEL_MESSAGES, CHANNEL_SECONDS = 5, 5.0
"""Messages to, and edits in, one channel: what the headers of those routes have said for years."""
UNLIMITED, UNLIMITED_SECONDS = 1000, 1.0
"""What the headers say where nothing is limited."""

_IN_A_CHANNEL = {"POST /channels/{channel_id}/messages", "PATCH /channels/{channel_id}/messages/{message_id}"}
_EXEMPT = ("/interactions/", "/webhooks/")
"""Interaction answers and follow-ups do not count (docs.discord.com, Receiving and Responding, Endpoints)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which published limits are in force."""

    overall: bool = False
    """50 requests in any second."""
    channels: bool = False
    """5 messages, and 5 edits, per channel in 5 seconds."""
    contents: bool = True
    """What a message, a modal or choices may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the rate-limit headers of an answer say; times in seconds."""

    bucket: str
    limit: int = UNLIMITED
    remaining: int = UNLIMITED - 1
    reset_after: float = UNLIMITED_SECONDS

    def headers(self, now: float) -> dict[str, str]:
        """Return the headers, given the present as seconds since 1970."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{now + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


@dataclass(slots=True)
class _Window:
    opened_at: float
    used: int = 0


class Meter:
    """Counts requests against the limits in force; `violations` says how often which was broken."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self.violations: Counter[str] = Counter()
        self._monotonic = monotonic
        self._accepted: deque[float] = deque()
        self._windows: dict[tuple[str, str], _Window] = {}

    def admit(self, on: str, channel: str) -> tuple[Quota, RateLimited | None]:
        """Count one request (`on` is method and route) and return its headers, and the 429 it earned."""
        quota = Quota(bucket=sha1(on.encode(), usedforsecurity=False).hexdigest()[:32])
        if self.limits.overall and not on.partition(" ")[2].startswith(_EXEMPT):
            excess = self._overall()
            if excess is not None:
                self.violations["overall"] += 1
                return quota, excess
        if self.limits.channels and on in _IN_A_CHANNEL:
            return self._channel(on, channel, quota.bucket)
        return quota, None

    def check(self, problems: Iterable[Problem]) -> None:
        """Refuse what has problems, where contents are checked at all."""
        refusal = refusal_of(problems)
        if self.limits.contents and refusal is not None:
            self.violations["contents"] += 1
            raise RefusedError(refusal)

    def _overall(self) -> RateLimited | None:
        now = self._monotonic()
        while self._accepted and self._accepted[0] <= now - OVERALL_SECONDS:
            self._accepted.popleft()
        if len(self._accepted) < OVERALL_REQUESTS:
            self._accepted.append(now)
            return None
        return RateLimited(retry_after=round(self._accepted[0] + OVERALL_SECONDS - now, 3), scope="global")

    def _channel(self, on: str, channel: str, bucket: str) -> tuple[Quota, RateLimited | None]:
        now = self._monotonic()
        window = self._windows.get((on, channel))
        if window is None or window.opened_at + CHANNEL_SECONDS <= now:
            window = self._windows[on, channel] = _Window(now)
        window.used += 1
        left = round(window.opened_at + CHANNEL_SECONDS - now, 3)
        remaining = max(CHANNEL_MESSAGES - window.used, 0)
        quota = Quota(bucket=bucket, limit=CHANNEL_MESSAGES, remaining=remaining, reset_after=left)
        if window.used <= CHANNEL_MESSAGES:
            return quota, None
        self.violations["channel"] += 1
        return quota, RateLimited(retry_after=left)
