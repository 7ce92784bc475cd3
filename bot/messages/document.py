"""A message before any platform: neutral blocks in order of importance, holding typed values, not text."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Rate:
    """A funding rate per hour; shown as a simple yearly percentage where that makes sense."""

    hourly: float
    at_least: bool = False
    """Something that could only add to it is missing: shown with `≥`."""


@dataclass(frozen=True, slots=True)
class IntervalRate:
    """A rate as the venue published it, a fraction per its own interval; never annualised.

    None is an unknown interval.
    """

    rate: float
    interval: timedelta | None


@dataclass(frozen=True, slots=True)
class Usd:
    """An amount of US dollars."""

    amount: float


@dataclass(frozen=True, slots=True)
class UsdPerHour:
    """What longs pay shorts in US dollars an hour; negative when shorts pay longs."""

    amount: float


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars."""

    amount: float


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1; below 0 or above 1 for a difference of prices."""

    part: float


@dataclass(frozen=True, slots=True)
class Duration:
    """An age, a wait or an interval."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, shown in UTC."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """A coming point in time, shown as the wait from `now`."""

    at: datetime
    now: datetime


Cell = (
    str | int | Rate | IntervalRate | Usd | UsdPerHour | Price | Share | Duration | Moment | Countdown | None
)
"""None is shown as missing, never as zero."""


class Tone(StrEnum):
    """What a heading is about; renderers may colour it but always say it in words too."""

    PLAIN = "plain"
    TROUBLE = "trouble"
    CALM = "calm"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The first line: what, side, size in words."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Plain sentences."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Named values."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns, most important first: a narrow page drops the last ones; the first names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Reject ragged rows and columns that cannot be told apart."""
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"expected columns of different names, found {self.columns}")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"expected {len(self.columns)} cells, found {len(row)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """Age, coverage and what is missing: always the last block."""

    as_of: datetime | None = None
    missing: tuple[str, ...] = ()
    note: str = ""


Block = Heading | Paragraph | Fields | Table | Footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One message; a renderer drops whole blocks from the middle to fit a limit, never the first or the last."""

    blocks: tuple[Block, ...]
    suggestions: tuple[str, ...] = field(default=())
    """Commands or values that the reader probably meant."""
    failed: bool = False
    """Whether this is the answer to something that could not be done."""
    simulated: bool = False
    """Whether the market behind it is made up; every renderer says so in the first line."""
