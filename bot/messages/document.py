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
    at_least: bool = False
    """Something that could only add to it is missing: shown with `≥`."""


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
    at_least: bool = False
    """The part is of something that could only be larger: shown with `≥`."""


@dataclass(frozen=True, slots=True)
class Move:
    """A relative change, such as a price's: -0.012 is 1.2 % less; shown with its sign."""

    part: float


@dataclass(frozen=True, slots=True)
class Score:
    """A robust z: how many usual deviations above the usual."""

    z: float


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


Money = Usd | UsdPerHour | Price
Ratio = Share | Move | Score
Quantity = Rate | IntervalRate | Money | Ratio
Cell = str | int | Quantity | Duration | Moment | Countdown | None
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
    """Rows under columns, most important first; the first names the row.

    What a narrow page has no room for beside the others stands below its row, under its column's name.
    """

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

_PNG = b"\x89PNG\r\n\x1a\n"
_LONGEST_ALT = 1024  # Discord's limit for an attachment's description
LONGEST_LINE = 62
"""What fits behind a version mark into the 64 bytes that Telegram carries with a button, in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A command to press instead of typing it: whoever presses gives it, with their own rights."""

    label: str
    line: str
    in_place: bool = False
    """Whether the answer takes the place of the message that the button stands under, as for a next page."""

    def __post_init__(self) -> None:
        """Reject what no platform could carry."""
        size = len(self.line.encode())
        if not self.label or not 0 < size <= LONGEST_LINE:
            raise ValueError(
                f"expected a label and 1 to {LONGEST_LINE} bytes, found {self.label!r} with {size}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture beside the words: it shows nothing that they do not say too."""

    png: bytes
    alt: str
    """What it shows, in words, for who cannot see it; at most 1024 characters."""

    def __post_init__(self) -> None:
        """Reject what is no picture or goes without words."""
        if not self.png.startswith(_PNG) or not 0 < len(self.alt) <= _LONGEST_ALT:
            raise ValueError(
                f"expected a PNG and 1 to {_LONGEST_ALT} characters about it, found {self.png[:8]!r} "
                f"and {len(self.alt)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Commands to choose one from."""

    prompt: str
    options: tuple[Button, ...]

    def __post_init__(self) -> None:
        """Reject a menu without a choice."""
        if not self.options:
            raise ValueError("expected at least one option, found none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One message; a renderer drops whole blocks from the middle to fit a limit, never the first or the last."""

    blocks: tuple[Block, ...]
    suggestions: tuple[str, ...] = field(default=())
    """Commands or values that the reader probably meant."""
    buttons: tuple[Button, ...] = ()
    """What can be pressed below the message, most useful first."""
    menu: Menu | None = None
    """What can be chosen below the message."""
    picture: Picture | None = None
    failed: bool = False
    """Whether this is the answer to something that could not be done."""
    simulated: bool = False
    """Whether the market behind it is made up; every renderer says so in the first line."""
