"""What the dispatcher and the commands need of the world; each docstring is the contract."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.messages.document import Document
from monitors.alerts.delivery import Delivery, Letter
from monitors.alerts.rules import Destination, Rule
from monitors.market import FundingRate, Instrument, Observation, VenueHealth


class ChatPlatform(Protocol):
    """One chat platform."""

    @property
    def name(self) -> str:
        """The platform's part of a destination, such as `console`."""
        ...

    async def send(self, destination: Destination, document: Document, *, idempotency_key: str) -> Delivery:
        """Tell a chat something; the same key twice is the same message where the platform can tell.

        Returns what became of it; raises only on a defect.
        """
        ...


class Outbox(Protocol):
    """Letters that wait, at least once each."""

    async def claim(self, now: datetime, limit: int) -> Sequence[Letter]:
        """Lease what is due, most urgent first; an unsettled letter comes back unchanged after its lease."""
        ...

    async def settle(self, letter: Letter, delivery: Delivery, now: datetime) -> None:
        """Record what became of a claimed letter."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next letter falls due, None when nothing waits."""
        ...


class MarketView(Protocol):
    """What the store knows of the market."""

    async def latest(self) -> Sequence[Observation]:
        """Return the last observation of every instrument, however old."""
        ...

    async def settled(self, instrument: Instrument, since: datetime) -> Sequence[FundingRate]:
        """Return the settled rates since then, oldest first."""
        ...

    async def health(self) -> Mapping[str, VenueHealth]:
        """Return what is known of each venue's answers."""
        ...


class RuleDesk(Protocol):
    """The rules of all chats; a change takes effect at the next reading."""

    async def of(self, destination: Destination) -> Sequence[Rule]:
        """Return a chat's rules by id."""
        ...

    async def add(self, rule: Rule) -> Rule:
        """Keep a new rule and return it with its id."""
        ...

    async def change(self, rule: Rule) -> None:
        """Replace the rule of that id; its states start anew."""
        ...

    async def remove(self, rule: Rule) -> None:
        """Forget a rule and its states."""
        ...

    async def firing(self, destination: Destination) -> Mapping[int, int]:
        """Return how many series each of a chat's rules is firing on."""
        ...


class LetterCounts(Protocol):
    """What became of the letters so far."""

    @property
    def waiting(self) -> int:
        """Neither delivered nor given up."""
        ...

    @property
    def delivered(self) -> int:
        """Told, late or in time."""
        ...

    @property
    def late(self) -> int:
        """Of the delivered ones, those told late."""
        ...

    @property
    def refused(self) -> int:
        """Given up: the chat is gone."""
        ...


class Backlog(Protocol):
    """How much was told and is still to be told."""

    async def counts(self) -> LetterCounts:
        """Return what became of the letters so far."""
        ...
