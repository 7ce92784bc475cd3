"""The market's values: what a venue said, in the field's own terms. Pure; imports nothing of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

HOURS_PER_YEAR = 8760
HOUR = timedelta(hours=1)

DOLLARS = frozenset(
    {"USD", "USDT", "USDC", "USD1", "USDE", "FDUSD", "BUSD", "TUSD", "USDF", "USDG", "USDH", "USDT0", "DAI"}
)
"""The US dollar and the coins that are worth one: what is counted in any of them is counted in dollars."""


class Margin(StrEnum):
    """What a perpetual is margined and settled in; the two kinds are never compared with each other."""

    LINEAR = "linear"
    """Settles in the quote currency or a stable coin; a quanto, which settles in a third coin, is of this kind too."""
    INVERSE = "inverse"
    """Settles in the base coin ("coin-margined")."""


class RateKind(StrEnum):
    """Whether a funding rate can still change."""

    PREDICTED = "predicted"
    """Live: the venue's estimate for the coming settlement, or the rate accruing now."""
    SETTLED = "settled"
    """Final: what was paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One perpetual on one venue.

    `base` is the coin without its multiplier: `1000PEPE` and `kPEPE` have base `PEPE`, multiplier 1000, so
    that `price / multiplier` compares across venues.
    """

    venue: str
    """The ccxt id, such as `binanceusdm`."""
    symbol: str
    """The unified symbol, such as `BTC/USDT:USDT`."""
    base: str
    quote: str
    settle: str
    margin: Margin
    contract_size: float
    """Base units (linear) or quote units (inverse) per contract; of a quanto, `settle` per contract and unit of price."""
    multiplier: float = 1.0
    counts_dollars: bool = field(init=False, repr=False, compare=False)
    """Whether its price and the value of its contracts are in US dollars; told once, since every print asks for it."""

    def __post_init__(self) -> None:
        """Reject sizes that no contract has."""
        if not (isfinite(self.contract_size) and self.contract_size > 0):
            raise ValueError(f"contract size must be positive, was {self.contract_size}")
        if not (isfinite(self.multiplier) and self.multiplier > 0):
            raise ValueError(f"multiplier must be positive, was {self.multiplier}")
        counted_in = {self.quote} if self.margin is Margin.INVERSE else {self.quote, self.settle}
        object.__setattr__(self, "counts_dollars", counted_in <= DOLLARS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRate:
    """What one instrument pays: positive means longs pay shorts.

    `rate` is a fraction (0.0001 is 0.01 %) per `interval`; `interval` is None when nobody could tell it, and
    then no hourly, 8-hour or yearly figure exists.
    """

    instrument: Instrument
    rate: float
    interval: timedelta | None
    kind: RateKind
    funding_at: datetime | None
    """The settlement this rate belongs to: upcoming while predicted, past once settled; None if continuous."""
    observed_at: datetime
    """The venue's own time where it gives one, else the time of receipt."""
    mark_price: float | None = None
    index_price: float | None = None
    hourly: float | None = field(init=False, repr=False, compare=False)
    """The rate per hour, None while the interval is unknown; reckoned once, since every comparison asks for it."""

    def __post_init__(self) -> None:
        """Reject what cannot be a rate."""
        if not isfinite(self.rate):
            raise ValueError(f"funding rate must be finite, was {self.rate}")
        if self.interval is not None and self.interval <= timedelta(0):
            raise ValueError(f"funding interval must be positive, was {self.interval}")
        hourly = None if self.interval is None else self.rate / (self.interval / HOUR)
        object.__setattr__(self, "hourly", hourly)

    @property
    def per_8h(self) -> float | None:
        """Return the 8-hour equivalent, which compares unequal intervals."""
        return None if self.hourly is None else 8 * self.hourly

    @property
    def apr(self) -> float | None:
        """Return the simple yearly rate (never compounded)."""
        return None if self.hourly is None else HOURS_PER_YEAR * self.hourly


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterest:
    """Contracts outstanding, counted on one side only.

    `contracts` is None where a venue gives no unit we can convert; `usd` is always the one-sided value.
    """

    contracts: float | None
    usd: float

    def __post_init__(self) -> None:
        """Reject what cannot be an open interest."""
        if not (isfinite(self.usd) and self.usd >= 0):
            raise ValueError(f"open interest must not be negative, was {self.usd}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a venue said of one instrument at one moment."""

    funding: FundingRate
    open_interest: OpenInterest | None = None


class Dropped(StrEnum):
    """Why a row of a venue's answer did not become an observation."""

    DATED = "dated"
    """A future with an expiry, a spot or an option row."""
    UNLISTED = "unlisted"
    """An id that the venue's loaded markets do not hold, or an inactive market."""
    QUANTO = "quanto"
    """Settles in a third coin: never compared, since its rate carries a bet on that coin too."""
    NO_RATE = "no rate"
    """The row carries no funding rate."""
    MALFORMED = "malformed"
    """A field could not be read as what the venue documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One venue's answer to one poll.

    Never empty: a venue that answers with nothing has failed.
    """

    venue: str
    received_at: datetime
    observations: tuple[Observation, ...]
    dropped: Mapping[Dropped, int]
    """How many rows of the answer were left out, by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The span [since, until) of an instrument's settled history that has been fetched."""

    instrument: Instrument
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueHealth:
    """What is known of a venue's answers, for status and for the notice that it fell silent."""

    venue: str
    answered_at: datetime | None
    """The last good answer; None before the first."""
    observed_at: datetime | None = None
    """The newest observation of that answer: a venue can answer and yet stand still."""
    instruments: int = 0
    """How many observations the last good answer gave."""
    dropped: int = 0
    """How many of its rows were left out."""
    quarantined: int = 0
    """How many of its observations failed the sanity bounds and were not used."""
    failing_since: datetime | None = None
    """The first of the failures since the last good answer; None while all is well."""
    failures: int = 0
    reason: str = ""
    """The last failure in plain words."""
    blocked: bool = False
    """The venue refuses this place; it is asked again rarely."""
    silence_told: bool = False
    """Whether the chats have been told that it is silent."""
