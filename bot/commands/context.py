"""What a command is given beside its arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.ports import Backlog, MarketView, RuleDesk
from monitors.alerts.rules import Destination
from monitors.market import VenueHealth
from monitors.metrics.board import Board


class Who(IntEnum):
    """Who may give a command, and who gave it; the platform says so for every call."""

    MEMBER = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One chat at one moment, and the ports that answer it."""

    market: MarketView
    rules: RuleDesk
    backlog: Backlog
    destination: Destination
    now: datetime
    venues: tuple[str, ...]
    """The venues configured, by ccxt id."""
    poll_interval: timedelta
    stale_after: timedelta
    """How old an observation may be and still count."""
    min_open_interest: float
    """One-sided USD that a base, and a spread's leg, must have where it is known."""
    who: Who = Who.ADMIN
    simulated: bool = False

    async def board(self) -> Board:
        """Read the last observation of every instrument of the configured venues."""
        observations = [o for o in await self.market.latest() if o.funding.instrument.venue in self.venues]
        return Board(observations, stale_after=self.stale_after, min_open_interest=self.min_open_interest)

    async def health(self) -> tuple[VenueHealth, ...]:
        """Read what is known of each configured venue, in the order of the configuration."""
        known = await self.market.health()
        return tuple(known.get(venue, VenueHealth(venue=venue, answered_at=None)) for venue in self.venues)
