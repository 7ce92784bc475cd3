"""What a command is given beside its arguments: who asks, where, when, and the ports that answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.ports import Backlog, Chats, LiquidationsView, MarketView, Records, RuleDesk, Silences
from monitors.alerts.chats import Change
from monitors.alerts.rules import Destination
from monitors.market import VenueHealth
from monitors.metrics.board import Board


class Who(IntEnum):
    """Who may give a command; the platform is asked at every call."""

    MEMBER = 1
    EDITOR = 2
    """Whoever an admin allowed to change the chat's rules, and the admins."""
    ADMIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who gave a command, and where."""

    destination: Destination
    user: str
    """The platform's id of the person; empty where it does not tell, as in a Telegram channel."""
    name: str
    is_admin: Callable[[], Awaitable[bool]]
    """Asks the platform whether the person administers the chat; a conversation of two is everybody's own."""
    marks: frozenset[str] = frozenset()
    """What an admin may have allowed: `user:42`, `role:7`."""
    private: bool = False
    """Whether nobody else reads along."""
    reachable: bool = True
    """Whether the bot can write here unasked; it cannot where a person brought it along as their own tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One chat at one moment, and the ports that answer it."""

    market: MarketView
    liquidations: LiquidationsView
    rules: RuleDesk
    backlog: Backlog
    chats: Chats
    silences: Silences
    records: Records
    asker: Asker
    now: datetime
    venues: tuple[str, ...]
    """The venues configured, by ccxt id."""
    poll_interval: timedelta
    stale_after: timedelta
    """How old an observation may be and still count."""
    min_open_interest: float
    """One-sided USD that a base, and a spread's leg, must have where it is known."""
    simulated: bool = False

    @property
    def destination(self) -> Destination:
        """Return the chat that the command is about."""
        return self.asker.destination

    async def allows(self, who: Who) -> bool:
        """Tell whether the asker is at least that."""
        if who is Who.MEMBER or await self.asker.is_admin():
            return True
        editors = (await self.chats.settings(self.destination)).editors
        return who is Who.EDITOR and not self.asker.marks.isdisjoint(editors)

    async def note(self, what: str) -> None:
        """Leave an audit line: what was changed, in our words."""
        asker = self.asker
        await self.records.note(
            Change(destination=asker.destination, at=self.now, user=asker.user, name=asker.name, what=what)
        )

    async def board(self) -> Board:
        """Read the last observation of every instrument of the configured venues."""
        observations = [o for o in await self.market.latest() if o.funding.instrument.venue in self.venues]
        return Board(observations, stale_after=self.stale_after, min_open_interest=self.min_open_interest)

    async def health(self) -> tuple[VenueHealth, ...]:
        """Read what is known of each configured venue, in the order of the configuration."""
        known = await self.market.health()
        return tuple(known.get(venue, VenueHealth(venue=venue, answered_at=None)) for venue in self.venues)
