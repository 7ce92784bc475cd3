"""What the venues' wire modules share: endpoints, views of the market, refusals, and figures as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, log10

from monitors.market import Margin
from monitors.simulator.flow import Close, closes
from monitors.simulator.model import Listing, Market, Quote

Query = Mapping[str, str]
"""A request's parameters: path, query string or JSON body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The market as one venue shows it now."""

    market: Market
    venue: str
    now: datetime
    unlisted: bool = False
    """Whether batches hold an instrument that the venue does not list yet."""

    def listings(self, margin: Margin = Margin.LINEAR) -> list[Listing]:
        """Return what the venue lists."""
        return self.market.listings(self.venue, margin)

    def quotes(self, margin: Margin = Margin.LINEAR) -> list[Quote]:
        """Return a batch: every listed perpetual, and the unlisted one if it shows."""
        listings = self.listings(margin)
        if self.unlisted and margin is Margin.LINEAR:
            listings.append(self.market.newcomer(self.venue))
        return self.market.quotes(listings, self.now)

    def quote(self, listing: Listing) -> Quote:
        """Return what one perpetual shows."""
        [quote] = self.market.quotes([listing], self.now)
        return quote

    def closes(self, since: datetime, until: datetime) -> list[Close]:
        """Return what was closed by force in [since, until) and is not in the future, oldest first."""
        return closes(self.market, self.venue, since, min(until, self.now))

    def settled(self, listing: Listing, since: datetime, until: datetime) -> list[tuple[datetime, Quote]]:
        """Return what was settled in [since, until], oldest first."""
        return self.market.settled(listing, since, min(until, self.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing a venue can be asked."""

    path: str
    """Below the venue's address; `{name}` parts become parameters."""
    answer: Callable[[View, Query], object]
    """Return the JSON document; raises RefusedError for a bad request."""
    funding: bool = True
    """Whether a poll of funding asks it, as opposed to market listings alone."""
    method: str = "GET"
    kind: str | None = None
    """The body's `type` that this endpoint serves; None serves any other, and every path has such a one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One venue's format."""

    venue: str
    urls: Callable[[str], Mapping[str, object]]
    """Return ccxt's tree of REST addresses (`urls.api`) for the address of this venue."""
    endpoints: tuple[Endpoint, ...]
    too_many: object
    """The venue's document for a request over the limit (status 429)."""
    empty: object
    """A well-formed answer without a row."""


class RefusedError(Exception):
    """A request the venue would refuse; the server answers with its status and document."""

    def __init__(self, status: int, document: object) -> None:
        super().__init__(f"refused with status {status}: {document}")
        self.status = status
        self.document = document


def integer(query: Query, name: str, default: int, refusal: RefusedError) -> int:
    """Return a whole parameter, the default where it is absent; raise the refusal for anything else."""
    text = query.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise refusal from None


def milliseconds(at: datetime) -> int:
    """Return a Unix time in milliseconds."""
    return round(at.timestamp() * 1000)


def moment(ms: float) -> datetime:
    """Return the moment of a Unix time in milliseconds; what no calendar holds becomes its nearest end."""
    earliest, latest = 0, 4_102_444_800_000  # the years 1970 and 2100
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(earliest, min(ms, latest)))


def trimmed(value: float) -> str:
    """Return a rate as decimal text without trailing zeros."""
    text = f"{value:.8f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def plain(value: float) -> str:
    """Return an amount of whole lots as decimal text without trailing zeros."""
    text = f"{value:.12f}".rstrip("0")
    return text.removesuffix(".")


def significant(value: float, digits: int = 8) -> str:
    """Return a figure as plain decimal text with at least so many significant digits."""
    text = f"{value:#.{digits}g}"
    if "e" not in text:
        return text.rstrip(".")
    return f"{value:.{max(0, digits - 1 - floor(log10(abs(value))))}f}"


def power_of_ten(value: float) -> str:
    """Return the nearest power of ten as plain text: contract sizes and steps are such."""
    exponent = round(log10(value))
    return str(10**exponent) if exponent >= 0 else f"{10.0**exponent:.{-exponent}f}"
