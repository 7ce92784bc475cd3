"""The simulated market: what every venue's figures are computed from. Pure; time is an argument."""

from calendar import FRIDAY
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from math import log10

from monitors.liquidation import PositionSide
from monitors.market import HOUR, Margin
from monitors.simulator.cascade import CALM, Cascade, Strain
from monitors.simulator.cascades import Cascades
from monitors.simulator.coins import Coin, coins
from monitors.simulator.draw import draw
from monitors.simulator.rates import funding_rate
from monitors.simulator.story import Story
from monitors.simulator.swings import FLICKER, swing

HISTORY = timedelta(days=400)
"""How long before the start every instrument was listed."""
MAJORS = frozenset({"BTC", "ETH"})
DEPTH = 0.01
"""What waits in a calm book within 1 % of the mid price, on each side, as a part of the open interest."""
SPREADS = (0.00005, 0.0002)
"""Between a calm book's bid and ask, relative: of majors, and of the others."""
MARKS = 8192
"""How many mark prices are remembered: an hour of a venue's closes at twenty times the usual pace, and some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one venue lists and charges."""

    hours: tuple[int, ...]
    """The funding intervals in use, one drawn per instrument; majors have the first."""
    per_8h: bool
    """Whether the formula yields 8 hours' funding, charged in parts; else each interval's premium in full."""
    multiples: bool
    """Whether cheap coins are listed as a multiple (1000PEPE)."""
    lot_usd: float
    """What one lot is worth, roughly."""
    inverse: Mapping[str, float] = field(default_factory=dict)
    """Tickers that also have a coin-margined perpetual, with the dollars that one lot of it is worth."""


VENUES: Mapping[str, Rules] = {
    "binanceusdm": Rules(hours=(8, 4, 1), per_8h=True, multiples=True, lot_usd=5),
    "bybit": Rules(
        hours=(8, 4, 2), per_8h=False, multiples=True, lot_usd=5, inverse={"BTC": 1.0, "ETH": 1.0}
    ),
    "okx": Rules(
        hours=(8, 4, 2), per_8h=False, multiples=False, lot_usd=1000, inverse={"BTC": 100.0, "ETH": 10.0}
    ),
    "gate": Rules(hours=(8, 4, 2, 1), per_8h=True, multiples=False, lot_usd=10, inverse={"BTC": 1.0}),
    "hyperliquid": Rules(hours=(1,), per_8h=True, multiples=True, lot_usd=1),
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
    lot: float
    """The smallest amount: a power of ten of units (linear), or dollars (inverse)."""


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
    depth: float
    """Dollars that wait within 1 % of the mark price, on each side."""
    spread: float
    """Between bid and ask, relative to the mark price."""


@dataclass(frozen=True, slots=True)
class _Feeling:
    """What moves one listing besides its waves."""

    pressure: float
    strain: Strain


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
        flushes: bool = False,
    ) -> None:
        if instruments < 1:
            raise ValueError(f"a market needs at least one instrument, was given {instruments}")
        self.started_at = started_at
        self.seed = seed
        self.calm = 1.0
        """The pace of the closes outside cascades; 0 is none."""
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
                seed=seed,
                cast=cast,
                venues=tuple(VENUES),
                started_at=started_at,
                episode=episode,
                flushes=flushes,
            )
        self.cascades = Cascades(self._story)
        self.mark = lru_cache(maxsize=MARKS)(self._mark)
        """Return a listing's mark price at a moment."""

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
        strains = self.cascades.strains(at)
        upcoming = {each: _upcoming(at, each) for each in {self.hours(every, at) for every in listings}}
        quotes = []
        for listing in listings:
            interval = self.hours(listing, at)
            ticker = listing.coin.ticker
            feeling = _Feeling(pressures.get((listing.venue, ticker), 0.0), strains.get(ticker, CALM))
            quotes.append(self._quote(listing, _hours(at), feeling, interval, upcoming[interval]))
        return quotes

    def cascade(
        self,
        at: datetime,
        *tickers: str,
        side: PositionSide = PositionSide.LONG,
        usd: float | None = None,
        length: timedelta = timedelta(seconds=60),
    ) -> Cascade:
        """Let the closes of one coin, or of several at once, cascade from a moment on.

        `usd` is what is closed in all; without it, as much as the open interest loses.

        Raises:
            ValueError: an unknown coin, or no coin, time or money to spread.
        """
        unknown = [each for each in tickers if each not in self._swings]
        if unknown:
            raise ValueError(f"a cascade needs coins of this market, {', '.join(unknown)} is none")
        cascade = Cascade(started_at=at, length=length, side=side, tickers=tickers, usd=usd)
        self.cascades.add(cascade)
        self.mark.cache_clear()
        return cascade

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

    def _mark(self, listing: Listing, at: datetime) -> float:
        [quote] = self.quotes([listing], at)
        return quote.mark

    def _quote(
        self, listing: Listing, hours: float, feeling: _Feeling, interval: int, upcoming: datetime
    ) -> Quote:
        rules, moves, strain = VENUES[listing.venue], self._swings[listing.coin.ticker], feeling.strain
        skew = moves.skew(listing.venue, hours) + feeling.pressure
        average = skew if rules.per_8h else skew * interval / 8
        premium = average + FLICKER.at(hours + moves.share[listing.venue]) + strain.premium
        calm = listing.unit * moves.price(hours)
        index = calm * strain.price
        open_interest = moves.open_interest(listing.venue, hours) / listing.unit
        return Quote(
            listing=listing,
            mark=index * (1 + premium),
            index=index,
            premium=premium,
            open_interest=open_interest * strain.open_interest,
            rate=funding_rate(average, hours=interval, per_8h=rules.per_8h, cap=listing.cap),
            interval=interval * HOUR,
            next_funding_at=upcoming,
            depth=DEPTH * open_interest * calm * strain.depth,
            spread=SPREADS[0 if listing.coin.ticker in MAJORS else 1] * strain.spread,
        )

    def _list(self, venue: str, listed: Sequence[Coin]) -> list[Listing]:
        linear = [self._listing(venue, coin, Margin.LINEAR) for coin in listed]
        inverse = [coin for coin in listed if coin.ticker in VENUES[venue].inverse]
        return linear + [self._listing(venue, coin, Margin.INVERSE) for coin in inverse]

    def _listing(self, venue: str, coin: Coin, margin: Margin) -> Listing:
        rules = VENUES[venue]
        major = coin.ticker in MAJORS
        chosen = 0 if major else int(draw(self.seed, "hours", venue, coin.ticker, high=len(rules.hours)))
        unit = coin.multiplier if rules.multiples else 1
        linear = margin is Margin.LINEAR
        return Listing(
            venue=venue,
            coin=coin,
            margin=margin,
            unit=unit,
            hours=rules.hours[chosen],
            cap=0.04 if venue == "hyperliquid" else 0.003 if major else 0.02,
            lot=10.0 ** round(log10(rules.lot_usd / (coin.price * unit)))
            if linear
            else rules.inverse[coin.ticker],
        )


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _upcoming(at: datetime, interval: int) -> datetime:
    """Return the first settlement after a moment: settlements are multiples of the interval since the epoch."""
    return datetime.fromtimestamp((_hours(at) // interval + 1) * interval * 3600, UTC)


def _ends_quarter(day: datetime) -> bool:
    return day.weekday() == FRIDAY and day.month % 3 == 0 and (day + timedelta(days=7)).month != day.month
