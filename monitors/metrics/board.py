"""The last word of every venue on every instrument, and which of it may be compared right now. Pure state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors.market import Instrument, Margin, Observation
from monitors.metrics.reading import LeftOut

PRICE_TOLERANCE = 0.05
"""Prices of one coin agree within this share across venues; two coins that share a ticker do not."""

FORGOTTEN = timedelta(hours=24)
"""A last word older than this belongs to a delisted contract or a venue that is gone: nobody waits for it."""

_QUOTES = ("USDT", "USDC", "USD")  # which contract stands for a venue when open interest cannot tell

Group = tuple[str, Margin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One base's instruments at one moment: those that may be compared, and the venues left out, with why."""

    fresh: tuple[Observation, ...]
    left_out: tuple[LeftOut, ...]
    silent: tuple[Observation, ...] = ()
    """Last words that would be compared if they were not too old."""

    @property
    def per_venue(self) -> tuple[Observation, ...]:
        """Return one observation a venue: the one with the most open interest, else the usual quote currency."""
        best: dict[str, Observation] = {}
        for observation in self.fresh:
            venue = observation.funding.instrument.venue
            if venue not in best or _weight(observation) > _weight(best[venue]):
                best[venue] = observation
        return tuple(best.values())


class Board:
    """The latest observation of every instrument."""

    def __init__(
        self,
        observations: Iterable[Observation] = (),
        *,
        stale_after: timedelta,
        min_open_interest: float = 0.0,
    ) -> None:
        """Start from stored observations.

        `stale_after` is how old an observation may be and still count; `min_open_interest` the one-sided USD a
        spread's leg must have when its open interest is known.
        """
        self.stale_after = stale_after
        self.min_open_interest = min_open_interest
        self._groups: dict[Group, dict[tuple[str, str], Observation]] = {}
        for observation in observations:
            self.put(observation)

    def put(self, observation: Observation) -> None:
        """Take a newer observation in."""
        instrument = observation.funding.instrument
        group = self._groups.setdefault((instrument.base, instrument.margin), {})
        group[instrument.venue, instrument.symbol] = observation

    def at(self, instrument: Instrument) -> Observation | None:
        """Return the last observation of an instrument, however old."""
        group = self._groups.get((instrument.base, instrument.margin), {})
        return group.get((instrument.venue, instrument.symbol))

    def bases(self, margin: Margin = Margin.LINEAR) -> tuple[str, ...]:
        """Return the bases known, largest open interest first."""
        sizes = {
            base: sum(o.open_interest.usd for o in group.values() if o.open_interest is not None)
            for (base, kind), group in self._groups.items()
            if kind is margin
        }
        return tuple(sorted(sizes, key=lambda base: (-sizes[base], base)))

    def group(self, base: str, margin: Margin = Margin.LINEAR) -> tuple[Observation, ...]:
        """Return the last observations of a base, however old."""
        return tuple(self._groups.get((base, margin), {}).values())

    def compare(self, base: str, margin: Margin, now: datetime) -> Comparison:
        """Split a base's instruments into those that may be compared at `now` and those left out."""
        forgotten, stale = now - FORGOTTEN, now - self.stale_after
        remembered = [o for o in self.group(base, margin) if o.funding.observed_at >= forgotten]
        known = [o for o in remembered if o.funding.interval is not None]
        fresh, strangers = _same_coin([o for o in known if o.funding.observed_at >= stale])
        silent = tuple(o for o in known if o.funding.observed_at < stale)
        left_out = [_left_out(o, "interval unknown") for o in remembered if o.funding.interval is None]
        left_out += [_left_out(o, f"stale {_minutes(now - o.funding.observed_at)}m") for o in silent]
        left_out += [_left_out(o, "price differs by more than 5 %: perhaps another coin") for o in strangers]
        return Comparison(fresh=fresh, left_out=tuple(left_out), silent=silent)

    def is_fresh(self, observation: Observation, now: datetime) -> bool:
        """Tell whether an observation is young enough to count."""
        return now - observation.funding.observed_at <= self.stale_after


def _left_out(observation: Observation, why: str) -> LeftOut:
    return LeftOut(venue=observation.funding.instrument.venue, why=why)


def _minutes(age: timedelta) -> int:
    return age // timedelta(minutes=1)


def _weight(observation: Observation) -> tuple[float, int]:
    """Order a venue's contracts on one base: by open interest, then by how usual the quote is."""
    quote = observation.funding.instrument.quote
    usualness = -_QUOTES.index(quote) if quote in _QUOTES else -len(_QUOTES)
    return (-1.0 if observation.open_interest is None else observation.open_interest.usd, usualness)


def _coin_price(observation: Observation) -> float | None:
    """Return the price of one coin, the contract's multiplier taken out."""
    mark = observation.funding.mark_price
    return None if mark is None or mark <= 0 else mark / observation.funding.instrument.multiplier


def _same_coin(
    observations: Sequence[Observation],
) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """Part the coin most agree on from others that share its ticker.

    The price with the most instruments within 5 % of it wins, a tie goes to the larger open interest; those
    without a mark price cannot be told apart and stay.
    """
    priced = [(o, price) for o in observations if (price := _coin_price(o)) is not None]
    prices = [price for _, price in priced]
    if not prices or max(prices) - min(prices) <= PRICE_TOLERANCE * min(prices):
        return tuple(observations), ()
    reference = max(prices, key=lambda price: _support(priced, price))
    strangers = {id(o) for o, price in priced if not _agree(price, reference)}
    return (
        tuple(o for o in observations if id(o) not in strangers),
        tuple(o for o in observations if id(o) in strangers),
    )


def _agree(price: float, reference: float) -> bool:
    return abs(price - reference) <= PRICE_TOLERANCE * reference


def _support(priced: Sequence[tuple[Observation, float]], reference: float) -> tuple[int, float]:
    """Count the instruments that agree with a price, and the open interest behind them."""
    allies = [o for o, price in priced if _agree(price, reference)]
    return len(allies), sum(o.open_interest.usd for o in allies if o.open_interest is not None)
