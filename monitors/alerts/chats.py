"""Chats: how one wants to be told, what it does not want to hear for a while, and who changed what. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from monitors.alerts.delivery import Alert, Content, Missed, Notice
from monitors.alerts.rules import Destination
from monitors.alerts.states import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """What holds for a whole chat, its threads included."""

    mention: str = ""
    """The role that critical alerts mention, by the platform's id; empty for nobody."""
    editors: tuple[str, ...] = ()
    """Who may change rules beside the admins: marks such as `user:42` or `role:7`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What a chat does not want to hear: everything, a base, a rule or one episode; it always ends."""

    destination: Destination
    since: datetime
    until: datetime | None
    """None: when the episode is resolved."""
    base: str | None = None
    rule: int | None = None
    episode: str | None = None

    def __post_init__(self) -> None:
        """Reject a silence without an end."""
        if self.until is None and self.episode is None:
            raise ValueError("expected a silence that ends at a time or with an episode, found neither")

    def covers(self, content: Content, at: datetime) -> bool:
        """Tell whether something is not to be told at a time; an episode's resolve ends its own silence."""
        if at < self.since or (self.until is not None and at >= self.until):
            return False
        match content:
            case Alert():
                return self._is_about(content)
            case Notice():
                return (self.base, self.rule, self.episode) == (None, None, None)
            case Missed():
                return False
            case _:
                assert_never(content)

    def _is_about(self, alert: Alert) -> bool:
        if self.episode is not None:
            return alert.episode == self.episode and alert.reason is not Reason.RESOLVED
        return self.base in (None, alert.series.base) and self.rule in (None, alert.rule.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a chat's audit: who changed what, in our words, never in theirs."""

    destination: Destination
    at: datetime
    user: str
    """The platform's id of the person; empty where the platform does not tell, as in a Telegram channel."""
    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One letter of a chat's past."""

    number: int
    at: datetime
    contents: Sequence[Content]
    state: str
    """What became of it: waiting, delivered, refused or muted."""
