"""The simulated market: what every venue's figures are computed from. Pure; time is an argument."""

from calendar import FRIDAY
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from monitors.market import HOUR, Margin
from monitors.metrics.funding import decompose
from monitors.simulator.coins import Coin, coins
from monitors.simulator.draw import draw
from monitors.simulator.story import Story
from monitors.simulator.swings import FLICKER, swing

INTEREST = 0.0001
"""The interest component per 8 hours, the same on all five venues."""
DAMPER = 0.0005
"""How far the rate may leave the premium to follow the interest, per interval."""
HISTORY = timedelta(days=400)
"""How long before the start every instrument was listed."""
MAJORS = frozenset({"BTC", "ETH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one venue lists and charges."""

    hours: tuple[int, ...]
    """The funding intervals in use, one drawn per instrument; majors have the first."""
    per_8h: bool
    """Whether the formula yields 8 hours' funding, charged in parts; else each interval's premium in full."""
    multiples: bool
    """Whether cheap coins are listed as a multiple (1000PEPE)."""
    inverse: tuple[str, ...] = ()
    """Tickers that also have a coin-margined perpetual."""


VENUES: Mapping[str, Rules] = {
    "binanceusdm": Rules(hours=(8, 4, 1), per_8h=True, multiples=True),
    "bybit": Rules(hours=(8, 4, 2), per_8h=False, multiples=True, inverse=("BTC", "ETH")),
    "okx": Rules(hours=(8, 4, 2), per_8h=False, multiples=False, inverse=("BTC", "ETH")),
    "gate": Rules(hours=(8, 4, 2, 1), per_8h=True, multiples=False, inverse=("BTC",)),
    "hyperliquid": Rules(hours=(1,), per_8h=True, multiples=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One perpetual on one venue."""

    venue: str
    coin: Coin
    margin: Margin
    unit: int
    """Coins per unit of price and quantity: 1000 for 1000PEPE."""
    hours: int
    """The funding interval it was listed with."""
    cap: float
    """The highest rate per interval; the floor is its negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a venue would say of one listing at one moment; prices and quantities are per `listing.unit`."""

    listing: Listing
    mark: float
    index: float
    premium: float
    open_interest: float
    """One-sided, in units of the base (1000PEPE counts thousands)."""
    rate: float
    """Predicted, per interval."""
    interval: timedelta
    next_funding_at: datetime


def funding_rate(premium: float, *, hours: int, per_8h: bool, cap: float) -> float:
    """Return premium + clamp(interest - premium) for one interval, within the cap.

    Venues that publish an 8-hour formula charge hours/8 of it; the others scale the interest alone
    (Binance and Bybit: "Introduction to funding rates" in their help centres).
    """
    share = hours / 8
    interest, scale = (INTEREST, share) if per_8h else (INTEREST * share, 1.0)
    return round(clamp(decompose(premium, interest, damper=DAMPER, scale=scale).rate, cap), 8)


def clamp(value: float, limit: float) -> float:
    """Return the value within ±limit."""
    return max(-limit, min(limit, value))


class Market:
    """Every venue's listings, and their figures as a function of time."""

    def __init__(
        self,
        *,
        started_at: datetime,
        seed: int = 1,
        instruments: int = 40,
        story: bool = True,
        episode: timedelta = timedelta(seconds=30),
    ) -> None:
        if instruments < 1:
            raise ValueError(f"a market needs at least one instrument, was given {instruments}")
        self.started_at = started_at
        self._seed = seed
        every = coins(instruments + 1)
        listed = every[:-1]
        self._swings = {coin.ticker: swing(seed, coin, tuple(VENUES)) for coin in every}
        self._listings = {venue: self._list(venue, listed) for venue in VENUES}
        self._newcomers = {venue: self._listing(venue, every[-1], Margin.LINEAR) for venue in VENUES}
        self._switched: dict[Listing, datetime] = {}
        self._story: Story | None = None
        if story:
            cast = tuple(coin.ticker for coin in listed if coin.ticker not in MAJORS)
            self._story = Story(
                seed=seed, cast=cast, venues=tuple(VENUES), started_at=started_at, episode=episode
            )

    @property
    def listed_at(self) -> datetime:
        """When all instruments were listed; no settlement is older."""
        return self.started_at - HISTORY

    @cached_property
    def delivery(self) -> datetime:
        """When the dated futures end: 08:00 UTC of a quarter's last Friday, at least a month ahead."""
        day = self.started_at.astimezone(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
        day += timedelta(days=30)
        while not _ends_quarter(day):
            day += timedelta(days=1)
        return day

    def listings(self, venue: str, margin: Margin = Margin.LINEAR) -> list[Listing]:
        """Return a venue's perpetuals, the largest first."""
        return [listing for listing in self._listings[venue] if listing.margin is margin]

    def newcomer(self, venue: str) -> Listing:
        """Return a perpetual that the venue trades but has not listed yet."""
        return self._newcomers[venue]

    def quotes(self, listings: Sequence[Listing], at: datetime) -> list[Quote]:
        """Return what each listing shows at a moment."""
        pressures = self._story.pressures(at) if self._story else {}
        upcoming = {each: _upcoming(at, each) for rules in VENUES.values() for each in (*rules.hours, 1)}
        quotes = []
        for listing in listings:
            interval = self.hours(listing, at)
            pressure = pressures.get((listing.venue, listing.coin.ticker), 0.0)
            quotes.append(self._quote(listing, _hours(at), pressure, interval, upcoming[interval]))
        return quotes

    def hours(self, listing: Listing, at: datetime) -> int:
        """Return the funding interval in force at a moment."""
        switched_at = self._switched.get(listing) if self._switched else None
        return listing.hours if switched_at is None or at < switched_at else 1

    def switchable(self, venue: str) -> Listing:
        """Return the instrument whose interval would switch: the largest 8-hour one that is no major.

        Raises:
            ValueError: the venue charges every instrument hourly already.
        """
        for listing in self.listings(venue):
            if listing.hours == VENUES[venue].hours[0] > 1 and listing.coin.ticker not in MAJORS:
                return listing
        raise ValueError(f"an interval to switch needs an instrument charged every 8 hours, {venue} has none")

    def switch_interval(self, venue: str, at: datetime | None) -> None:
        """Charge `switchable(venue)` hourly from a moment on; None undoes it."""
        if at is None:
            self._switched = {each: since for each, since in self._switched.items() if each.venue != venue}
        else:
            self._switched[self.switchable(venue)] = at

    def settled(self, listing: Listing, since: datetime, until: datetime) -> list[tuple[datetime, Quote]]:
        """Return every settlement in [since, until], oldest first, with what the venue showed just before it."""
        at = datetime.fromtimestamp(-(-max(since, self.listed_at).timestamp() // 3600) * 3600, UTC)
        settlements = []
        while at <= until:
            before = at - timedelta(milliseconds=1)
            if _hours(at) % self.hours(listing, before) == 0:
                [quote] = self.quotes([listing], before)
                settlements.append((at, quote))
            at += HOUR
        return settlements

    def _quote(
        self, listing: Listing, hours: float, pressure: float, interval: int, upcoming: datetime
    ) -> Quote:
        rules, moves = VENUES[listing.venue], self._swings[listing.coin.ticker]
        skew = moves.skew(listing.venue, hours) + pressure
        average = skew if rules.per_8h else skew * interval / 8
        premium = average + FLICKER.at(hours + moves.share[listing.venue])
        index = listing.unit * moves.price(hours)
        return Quote(
            listing=listing,
            mark=index * (1 + premium),
            index=index,
            premium=premium,
            open_interest=moves.open_interest(listing.venue, hours) / listing.unit,
            rate=funding_rate(average, hours=interval, per_8h=rules.per_8h, cap=listing.cap),
            interval=interval * HOUR,
            next_funding_at=upcoming,
        )

    def _list(self, venue: str, listed: Sequence[Coin]) -> list[Listing]:
        linear = [self._listing(venue, coin, Margin.LINEAR) for coin in listed]
        inverse = [
            self._listing(venue, coin, Margin.INVERSE)
            for coin in listed
            if coin.ticker in VENUES[venue].inverse
        ]
        return linear + inverse

    def _listing(self, venue: str, coin: Coin, margin: Margin) -> Listing:
        rules = VENUES[venue]
        major = coin.ticker in MAJORS
        chosen = 0 if major else int(draw(self._seed, "hours", venue, coin.ticker, high=len(rules.hours)))
        return Listing(
            venue=venue,
            coin=coin,
            margin=margin,
            unit=coin.multiplier if rules.multiples else 1,
            hours=rules.hours[chosen],
            cap=0.04 if venue == "hyperliquid" else 0.003 if major else 0.02,
        )


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _upcoming(at: datetime, interval: int) -> datetime:
    """Return the first settlement after a moment: settlements are multiples of the interval since the epoch."""
    return datetime.fromtimestamp((_hours(at) // interval + 1) * interval * 3600, UTC)


def _ends_quarter(day: datetime) -> bool:
    return day.weekday() == FRIDAY and day.month % 3 == 0 and (day + timedelta(days=7)).month != day.month
