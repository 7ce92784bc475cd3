"""The forced closes of the simulated market as a function of time: a quiet trickle, and cascades. Pure."""

from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from math import ceil, exp, floor, log
from operator import attrgetter
from typing import NamedTuple

from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator.cascade import BUCKETS, OPEN_INTEREST_LOST, PREVAILING, SHARES, Cascade
from monitors.simulator.draw import draw
from monitors.simulator.model import Listing, Market

CALM_PER_MINUTE: Mapping[str, float] = {"binanceusdm": 12.0, "bybit": 2.2, "okx": 4.5, "gate": 1.8}
"""Closes in a quiet minute, by venue; only venues that publish them have any here."""
CASCADE_SHARES: Mapping[str, float] = {"binanceusdm": 0.35, "bybit": 0.3, "okx": 0.2, "gate": 0.15}
"""Each venue's part of a cascade."""
INVERSE_SHARE = 0.1
"""A coin-margined perpetual's weight beside the linear one of the same coin."""
CALM_USD = (500.0, 2e6)
"""The smallest and the largest close of a quiet time, Pareto distributed between."""
CALM_TAIL, CASCADE_TAIL = 1.1, 1.5
"""Pareto exponents: the smaller, the heavier the tail."""
CASCADE_USD = 25_000.0
"""What one close of a cascade comes to on average, unless that would be too many."""
PER_SECOND = 100
"""How many closes of one perpetual and side a second holds at most."""
_MINUTE = 60
_MINUTES = 256
"""How many quiet minutes are remembered: an hour of each venue's, since lines and archives ask for the same ones."""
_ROUNDED = timedelta(milliseconds=1)
"""How much earlier than drawn a close may be, since times are whole milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """One forced close as it really happened."""

    listing: Listing
    side: PositionSide
    """The side of the position."""
    quantity: float
    """Units of the listing's price (linear) or dollars (inverse); whole lots."""
    price: float
    """The mark price at the beginning of the second, to eight digits."""
    at: datetime
    """To the millisecond."""

    @property
    def usd(self) -> float:
        """Return the notional in US dollars."""
        return self.quantity if self.listing.margin is Margin.INVERSE else self.quantity * self.price


class _Plan(NamedTuple):
    """A close before its price and its lots."""

    listing: Listing
    side: PositionSide
    usd: float
    at: datetime


def closes(market: Market, venue: str, since: datetime, until: datetime) -> list[Close]:
    """Return what was closed by force on a venue in [since, until), oldest first; splitting the span changes nothing."""
    if venue not in CALM_PER_MINUTE:
        return []
    planned = [*_quiet(market, venue, since, until), *_cascading(market, venue, since, until)]
    happened = sorted((each for each in planned if since <= each.at < until), key=attrgetter("at"))
    return [close for each in happened if (close := _close(market, each)) is not None]


def _quiet(market: Market, venue: str, since: datetime, until: datetime) -> Iterator[_Plan]:
    rate = CALM_PER_MINUTE[venue] * market.calm
    if rate <= 0:
        return
    listings = tuple(_listed(market, venue))
    for minute in range(floor(since.timestamp() / _MINUTE), ceil(until.timestamp() / _MINUTE)):
        yield from _minute(market.seed, listings, minute, rate)


@lru_cache(maxsize=_MINUTES)
def _minute(seed: int, listings: tuple[Listing, ...], minute: int, rate: float) -> tuple[_Plan, ...]:
    """Return a venue's quiet closes of a minute since the epoch."""
    venue = listings[0].venue
    weights = tuple(accumulate(_weight(each) for each in listings))
    plans = []
    for number, second in enumerate(_arrivals(seed, venue, minute, rate)):
        name = ("quiet", venue, minute, number)
        picked = listings[bisect(weights, draw(seed, *name, "which", high=weights[-1]))]
        side = tuple(PositionSide)[int(draw(seed, *name, "side", high=2))]
        least, most = CALM_USD
        usd = min(least * _pareto(draw(seed, *name, "size"), CALM_TAIL), most)
        at = datetime.fromtimestamp(minute * _MINUTE, UTC) + timedelta(milliseconds=floor(second * 1000))
        plans.append(_Plan(picked, side, max(usd, _lot_usd(picked)), at))
    return tuple(plans)


def _arrivals(seed: int, venue: str, minute: int, rate: float) -> Iterator[float]:
    """Yield the seconds of a minute in which something is closed: exponential gaps."""
    second, number = 0.0, 0
    while True:
        second -= log(1 - draw(seed, "gap", venue, minute, number)) * _MINUTE / rate
        if second >= _MINUTE:
            return
        yield second
        number += 1


def _cascading(market: Market, venue: str, since: datetime, until: datetime) -> Iterator[_Plan]:
    for cascade in market.cascades.felt(since, until):
        first = max(0, floor(cascade.bucket(since)))
        last = min(BUCKETS, ceil(cascade.bucket(until + _ROUNDED)))
        if first >= last:
            continue
        for listing, usd in _stakes(market, cascade, venue):
            for bucket in range(first, last):
                yield from _bucket(market, cascade, listing, bucket, usd * SHARES[bucket])


def _stakes(market: Market, cascade: Cascade, venue: str) -> list[tuple[Listing, float]]:
    """Return what a cascade closes in all, by perpetual of a venue."""
    hit = [each for each in _listed(market, venue) if each.coin.ticker in cascade.tickers]
    whole = sum(_weight(each) for each in hit)
    usd = CASCADE_SHARES[venue] * (cascade.usd or OPEN_INTEREST_LOST * _open_interest_usd(market, cascade))
    return [(each, usd * _weight(each) / whole) for each in hit]


def _open_interest_usd(market: Market, cascade: Cascade) -> float:
    """Return what is open in a cascade's coins as it starts, on all venues that tell."""
    listings = [
        each
        for venue in CASCADE_SHARES
        for each in market.listings(venue)
        if each.coin.ticker in cascade.tickers
    ]
    quotes = market.quotes(listings, cascade.started_at)
    return sum(quote.open_interest * quote.mark for quote in quotes)


def _bucket(market: Market, cascade: Cascade, listing: Listing, bucket: int, usd: float) -> Iterator[_Plan]:
    started_at, length = cascade.bucket_at(bucket), cascade.length / BUCKETS
    begun = round(cascade.started_at.timestamp() * 1000)
    for side, money in ((cascade.side, usd * PREVAILING), (cascade.side.other, usd * (1 - PREVAILING))):
        name = ("cascade", begun, listing.venue, listing.coin.ticker, listing.margin, side, bucket)
        most = ceil(PER_SECOND * length.total_seconds())
        count = max(1, min(most, round(money / CASCADE_USD)))
        parts = [_pareto(draw(market.seed, *name, "size", each), CASCADE_TAIL) for each in range(count)]
        whole = sum(parts)
        for number, part in enumerate(parts):
            at = started_at + length * draw(market.seed, *name, "when", number)
            yield _Plan(listing, side, money * part / whole, _whole_milliseconds(at))


def _close(market: Market, plan: _Plan) -> Close | None:
    """Return a close of about so many dollars at the mark price, or None for less than half a lot."""
    listing, side, usd, at = plan
    price = float(f"{market.mark(listing, at.replace(microsecond=0)):.8g}")
    amount = usd if listing.margin is Margin.INVERSE else usd / price
    lots = round(amount / listing.lot)
    if not lots:
        return None
    return Close(listing=listing, side=side, quantity=round(lots * listing.lot, 12), price=price, at=at)


def _listed(market: Market, venue: str) -> list[Listing]:
    return market.listings(venue) + market.listings(venue, Margin.INVERSE)


def _weight(listing: Listing) -> float:
    return listing.coin.open_interest * (INVERSE_SHARE if listing.margin is Margin.INVERSE else 1.0)


def _lot_usd(listing: Listing) -> float:
    if listing.margin is Margin.INVERSE:
        return listing.lot
    return listing.lot * listing.coin.price * listing.unit


def _pareto(chance: float, tail: float) -> float:
    """Return a size of at least 1 from a chance in [0, 1)."""
    return exp(-log(1 - chance) / tail)


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
