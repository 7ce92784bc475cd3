"""What a venue module owes: how to ask a venue through ccxt, and how to read its answer."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Exchange = Any
"""A ccxt async client; ccxt ships no types, so this package is the one home of Any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRow:
    """One row of a venue's answer in market terms, not yet matched to an instrument.

    Units are already right (fractions per `interval`, one-sided open interest); what the venue does not say is
    None. Which rows are perpetuals, which interval holds where the row has none, and which settlement is the
    coming one is decided once for all venues, in `mapping.py`.
    """

    symbol: str
    """The unified symbol, or the venue's raw id where ccxt knows no market for it."""
    rate: float | None
    interval: timedelta | None = None
    funding_at: datetime | None = None
    """The settlement as published, even if it lies in the past."""
    observed_at: datetime | None = None
    mark_price: float | None = None
    index_price: float | None = None
    open_interest_contracts: float | None = None
    """One-sided, in contracts of the market's `contractSize`."""
    open_interest_usd: float | None = None
    """One-sided; leave None to have it computed from contracts, size and mark price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPage:
    """One page of settled rates, any order: (settled at, rate per interval, interval where the venue says it)."""

    rows: tuple[tuple[datetime, float, timedelta | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """One venue: what it can fill and how."""

    venue: str
    """The ccxt id."""
    fetch: Callable[[Exchange], Awaitable[Any]]
    """Ask for all perpetuals in as few requests as the venue allows; returns what `rows` reads."""
    rows: Callable[[Exchange, Any], Iterable[FundingRow]]
    """Read an answer; pure apart from the exchange's loaded markets. A row without a rate is given with rate
    None, one that cannot be read with rate NaN; a payload that is no answer at all (HTML, an empty body, an
    error document) yields nothing."""
    settled: Callable[[Exchange, str, datetime, datetime], Awaitable[SettledPage]] | None = None
    """Fetch one page of settled rates of a symbol in [since, until), None where no history is public. The page
    may hold the oldest or the newest rows of the window and may overshoot it; the pager in `history.py` calls
    again with a narrower window until the span is covered."""
    settled_page_hours: int = 0
    """The widest span in hours that one page surely covers at one-hour settlements, so the rows one page holds:
    a page with fewer rows in its window is complete. 0: one call gives the whole window."""
    intervals: Callable[[Exchange], Awaitable[Mapping[str, timedelta]]] | None = None
    """The venue's endpoint of funding intervals, by unified symbol; cached for six hours."""
    default_interval: timedelta | None = None
    """The venue's own rule for instruments that neither the row nor the endpoint gives an interval for."""
    continuous: bool = False
    """Whether funding accrues without settlement events (then there is no next settlement)."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """ccxt constructor options, such as which markets to load."""
    requires: tuple[str, ...] = ()
    """The ccxt methods this profile calls, unified or implicit; checked against the installed ccxt."""
    fills: frozenset[str] = frozenset()
    """Which of `open_interest`, `mark_price`, `index_price`, `funding_at`, `interval` an answer carries."""
    note: str = ""
    """One line for people: what is peculiar about this venue's figures."""
