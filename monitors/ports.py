"""What the jobs need of the world; each docstring is the contract that every implementation is tested against."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitors.alerts.tick import Tick
from monitors.liquidation import FeedGrade, FeedHealth, Gap, Liquidation
from monitors.market import FundingRate, Instrument, OpenInterest, Poll
from monitors.metrics.liquidations.values import BookSample


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait."""
        ...


class VenueUnavailableError(Exception):
    """A venue gave no usable answer; the funding job catches it, logs the first and counts the rest.

    `blocked` marks a refusal that repeating cannot cure (a geo-block), `retry_after` a wait the venue asked for.
    """

    def __init__(self, reason: str, *, blocked: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.blocked = blocked
        self.retry_after = retry_after


class FundingSource(Protocol):
    """One venue's funding."""

    @property
    def venue(self) -> str:
        """The ccxt id."""
        ...

    async def poll(self) -> Poll:
        """Fetch what the venue says of all its perpetuals now, in as few requests as it allows.

        Raises:
            VenueUnavailableError: no answer, an empty one, or one that is not what the venue documents.
        """
        ...

    async def instruments(self) -> Sequence[Instrument]:
        """Return the venue's active perpetuals, loading its markets if need be.

        Raises:
            VenueUnavailableError: the markets could not be loaded.
        """
        ...

    async def settled(
        self, instrument: Instrument, since: datetime, until: datetime
    ) -> Sequence[FundingRate]:
        """Fetch the settled rates in [since, until), oldest first, each with its own interval where known.

        Raises:
            VenueUnavailableError: no answer, or one that is not what the venue documents.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...


class Inbox(Protocol):
    """Takes what a feed hears, at once and without waiting; nothing here raises."""

    def heard(self, liquidations: Sequence[Liquidation]) -> None:
        """Take prints in the order they came; the same print may come again."""
        ...

    def health(self, health: FeedHealth) -> None:
        """Take what the feed is about now; called at every change, and every few seconds for the ages."""
        ...

    def gap(self, gap: Gap) -> None:
        """Take the beginning (`until` None), the end, or the filling of a gap; `since` names it."""
        ...


class LiquidationFeed(Protocol):
    """One venue's liquidations."""

    @property
    def venue(self) -> str:
        """The ccxt id."""
        ...

    @property
    def grade(self) -> FeedGrade:
        """How much of what happens it tells."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled, through every failure of the venue: dial again, subscribe again, fill gaps.

        Raises nothing for what a venue does or sends.
        """
        ...


class StressSource(Protocol):
    """One venue's order books and open interest, an instrument at a time."""

    @property
    def venue(self) -> str:
        """The ccxt id."""
        ...

    @property
    def open_interest_requests(self) -> int:
        """How many requests one open interest takes; 0 where an instrument's own cannot be asked for."""
        ...

    async def book(self, instrument: Instrument) -> BookSample | None:
        """Fetch an instrument's book, as deep as one request gives; takes one request.

        Returns None where a side is empty or the best quotes meet or cross.

        Raises:
            VenueUnavailableError: no answer, or one that is not what the venue documents.
        """
        ...

    async def open_interest(self, instrument: Instrument) -> OpenInterest:
        """Fetch an instrument's open interest, counted on one side.

        Raises:
            VenueUnavailableError: no answer, one that is not what the venue documents, or none can be asked for.
        """
        ...


class Journal(Protocol):
    """Where a tick becomes fact."""

    async def commit(self, tick: Tick) -> None:
        """Store observations, changed rule states and letters in one transaction, or nothing of them."""
        ...
