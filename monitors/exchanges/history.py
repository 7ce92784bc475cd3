"""Pages through a venue's settled funding; ccxt's own paging loses rows of intervals under eight hours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from monitors.exchanges.profile import Exchange, VenueProfile
from monitors.market import HOUR, FundingRate, Instrument, RateKind
from monitors.metrics.funding import infer_interval

Settlement = tuple[datetime, float, timedelta | None]
Window = tuple[datetime, datetime]

_NEIGHBOURS = 4
"""How many earlier settlements tell the spacing at one of them."""


async def settled_rates(
    profile: VenueProfile, exchange: Exchange, instrument: Instrument, since: datetime, until: datetime
) -> tuple[FundingRate, ...]:
    """Fetch the settled rates in [since, until), oldest first, each with its own interval where known."""
    found = await _settlements(profile, exchange, instrument.symbol, (since, until))
    ordered = sorted(found.values())
    times = [at for at, _, _ in ordered]
    return tuple(
        FundingRate(
            instrument=instrument,
            rate=rate,
            interval=interval or interval_at(times, position),
            kind=RateKind.SETTLED,
            funding_at=at,
            observed_at=at,
        )
        for position, (at, rate, interval) in enumerate(ordered)
    )


async def _settlements(
    profile: VenueProfile, exchange: Exchange, symbol: str, window: Window
) -> dict[datetime, Settlement]:
    """Ask for the window, then for what lies before and behind the rows of a full page, until nothing is new."""
    found: dict[datetime, Settlement] = {}
    open_windows = [window] if profile.settled is not None else []
    while open_windows and profile.settled is not None:
        since, until = open_windows.pop()
        page = await profile.settled(exchange, symbol, since, until)
        rows = [(whole_minute(at), rate, interval) for at, rate, interval in page.rows]
        inside = {row[0]: row for row in rows if since <= row[0] < until}
        fresh = inside.keys() - found.keys()
        found |= inside
        if fresh and len(inside) >= profile.settled_page_hours > 0:
            open_windows += _uncovered((since, until), sorted(inside))
    return found


def _uncovered(window: Window, covered: Sequence[datetime]) -> list[Window]:
    """Return what a page left of its window; no settlement follows another within the hour."""
    since, until = window
    before, behind = (since, covered[0]), (covered[-1] + timedelta(minutes=1), until)
    return [(start, end) for start, end in (before, behind) if end - start > HOUR - timedelta(minutes=1)]


def whole_minute(at: datetime) -> datetime:
    """Round away the milliseconds by which venues stamp a settlement late."""
    minutes = round(at.timestamp() / 60)
    return datetime.fromtimestamp(minutes * 60, UTC)


def interval_at(times: Sequence[datetime], position: int) -> timedelta | None:
    """Infer the interval that ended at one of some settlement times, oldest first.

    Equal gaps before and after it decide, else the mode of the gaps around; a shorter gap before it is the
    interval itself, while a longer one may be a hole in the history.
    """
    nearby = times[max(0, position - _NEIGHBOURS) : position + 2]
    usual = infer_interval(nearby)
    gaps = [later - earlier for earlier, later in pairwise(times[max(0, position - 1) : position + 1])]
    return min([usual, *gaps]) if usual is not None else None


def latest_spacing(rates: Sequence[FundingRate]) -> timedelta | None:
    """Return the spacing of the latest settlements, None for fewer than three: one gap may be a hole."""
    times = [rate.funding_at for rate in rates[-_NEIGHBOURS - 1 :] if rate.funding_at is not None]
    return infer_interval(times) if len(times) > _NEIGHBOURS // 2 else None
