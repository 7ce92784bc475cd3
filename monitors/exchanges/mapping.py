"""Matches a venue's rows to its instruments: what becomes an observation, and why the rest does not. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from monitors.exchanges import fields
from monitors.exchanges.profile import FundingRow, VenueProfile
from monitors.market import Dropped, FundingRate, Instrument, Margin, Observation, OpenInterest, RateKind
from monitors.metrics.funding import next_settlements

_LARGEST_RATE = 1.0
"""100 % in one interval: no venue's cap comes near (Hyperliquid's 4 % an hour is 32 % in eight)."""
_OLDEST = timedelta(days=1)
_AHEAD = timedelta(seconds=5)
"""How far a venue's clock may run before ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is known of a venue beside its answer."""

    profile: VenueProfile
    instruments: Mapping[str, Instrument | Dropped]
    """By unified symbol; what is none of ours with the reason."""
    intervals: Mapping[str, timedelta] | None = None
    """From the venue's intervals endpoint; None while it has not answered, and then its rule does not hold."""
    spacing: Mapping[str, timedelta] | None = None
    """Gaps between settlements seen in the history."""


def observations(
    rows: Iterable[FundingRow], listing: Listing, now: datetime
) -> tuple[tuple[Observation, ...], Mapping[Dropped, int]]:
    """Turn rows into observations, one an instrument, and count what was left out.

    A row that cannot be used costs only itself. `now` is the time of receipt.
    """
    kept: dict[str, Observation] = {}
    dropped: Counter[Dropped] = Counter()
    for row in rows:
        match observe(row, listing, now):
            case Observation() as observation:
                kept[row.symbol] = observation
            case reason:
                dropped[reason] += 1
    return tuple(kept.values()), dict(dropped)


def observe(row: FundingRow, listing: Listing, now: datetime) -> Observation | Dropped:
    """Turn one row into an observation, or say why not."""
    if row.rate is not None and not abs(row.rate) <= _LARGEST_RATE:
        return Dropped.MALFORMED
    instrument = listing.instruments.get(row.symbol, Dropped.UNLISTED)
    if isinstance(instrument, Dropped):
        return instrument
    if row.rate is None:
        return Dropped.NO_RATE
    interval = funding_interval(row, listing, now)
    funding = FundingRate(
        instrument=instrument,
        rate=row.rate,
        interval=interval,
        kind=RateKind.PREDICTED,
        funding_at=coming_settlement(row, interval, now, continuous=listing.profile.continuous),
        observed_at=observation_time(row.observed_at, now),
        mark_price=fields.positive(row.mark_price),
        index_price=fields.positive(row.index_price),
    )
    return Observation(funding=funding, open_interest=open_interest(row, instrument))


def funding_interval(row: FundingRow, listing: Listing, now: datetime) -> timedelta | None:
    """Resolve the interval: row, intervals endpoint, the venue's rule, spacing of settlements, else unknown.

    What does not come with the row may be old; it is passed over where the published settlement contradicts it.
    """
    if row.interval is not None and row.interval > timedelta(0):
        return row.interval
    endpoint, profile = listing.intervals, listing.profile
    rule = profile.default_interval if profile.intervals is None or endpoint is not None else None
    adjusted = (endpoint or {}).get(row.symbol)
    found = (adjusted if adjusted is not None else rule, (listing.spacing or {}).get(row.symbol))
    return next((interval for interval in found if interval is not None and _fits(interval, row, now)), None)


def _fits(interval: timedelta, row: FundingRow, now: datetime) -> bool:
    """Tell whether the published settlement, if yet to come, can be the next of such an interval."""
    if row.funding_at is None or row.funding_at <= now:
        return True
    on_the_grid = row.funding_at.timestamp() % interval.total_seconds() == 0
    return on_the_grid and row.funding_at - now <= interval


def coming_settlement(
    row: FundingRow, interval: timedelta | None, now: datetime, *, continuous: bool
) -> datetime | None:
    """Return the next settlement: as published if it is yet to come, else the next whole multiple of the interval."""
    if continuous:
        return None
    if row.funding_at is not None and row.funding_at > now:
        return row.funding_at
    return next_settlements(now, interval, count=1)[0] if interval is not None else None


def observation_time(published: datetime | None, now: datetime) -> datetime:
    """Return the venue's own time where it is believable, else the time of receipt."""
    believable = published is not None and now - _OLDEST <= published <= now + _AHEAD
    return published if published is not None and believable else now


def open_interest(row: FundingRow, instrument: Instrument) -> OpenInterest | None:
    """Value the open interest in dollars: contracts x size (x mark price if linear).

    None where unknown, or where the instrument counts no dollars: most venues give a value in its quote currency.
    """
    if not instrument.counts_dollars:
        return None
    contracts, usd = fields.amount(row.open_interest_contracts), fields.amount(row.open_interest_usd)
    if usd is None and contracts is not None:
        usd = _value(contracts, row, instrument)
    return OpenInterest(contracts=contracts, usd=usd) if usd is not None and isfinite(usd) else None


def _value(contracts: float, row: FundingRow, instrument: Instrument) -> float | None:
    quantity = contracts * instrument.contract_size
    if instrument.margin is Margin.INVERSE:
        return quantity
    price = fields.positive(row.mark_price) or fields.positive(row.index_price)
    return quantity * price if price is not None else None
