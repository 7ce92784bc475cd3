"""How the simulated coins move: sums of slow waves, so that any moment can be computed by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sin, tau

from monitors.simulator.coins import Coin
from monitors.simulator.draw import draw


@dataclass(frozen=True, slots=True)
class Wave:
    """A slow swing: amplitude, period in hours, phase in turns."""

    amplitude: float
    period: float
    phase: float

    def at(self, hours: float) -> float:
        """Return the height at a time, in hours since the epoch."""
        return self.amplitude * sin(tau * (hours / self.period + self.phase))


FLICKER = Wave(0.00004, 0.05, 0.0)
"""What the momentary premium adds to its average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """How one coin moves."""

    coin: Coin
    prices: tuple[Wave, Wave]
    skews: tuple[Wave, Wave]
    """The average premium per 8 hours, common to all venues; with `taste` it stays below 0.07 %."""
    taste: Mapping[str, Wave]
    """What each venue adds to it."""
    share: Mapping[str, float]
    """Each venue's part of the coin's open interest."""

    def price(self, hours: float) -> float:
        """Return the index price of one coin."""
        tide, swell = self.prices
        return self.coin.price * exp(tide.at(hours) + swell.at(hours))

    def skew(self, venue: str, hours: float) -> float:
        """Return the average premium per 8 hours."""
        mood, whim = self.skews
        return mood.at(hours) + whim.at(hours) + self.taste[venue].at(hours)

    def open_interest(self, venue: str, hours: float) -> float:
        """Return the coins open on one side."""
        return self.coin.open_interest * self.share[venue] / self.coin.price * (1 + self.prices[0].at(hours))


def swing(seed: int, coin: Coin, venues: Sequence[str]) -> Swing:
    """Draw one coin's waves."""

    def wave(name: str, amplitude: float, shortest: float, longest: float) -> Wave:
        period = draw(seed, name, "period", coin.ticker, low=shortest, high=longest)
        return Wave(amplitude, period, draw(seed, name, "phase", coin.ticker))

    return Swing(
        coin=coin,
        prices=(wave("tide", 0.03, 40, 90), wave("swell", 0.006, 2, 6)),
        skews=(wave("mood", 0.00045, 60, 200), wave("whim", 0.00012, 5, 17)),
        taste={venue: wave(venue, 0.00006, 9, 30) for venue in venues},
        share={venue: draw(seed, "share", venue, coin.ticker, low=0.3, high=1.6) for venue in venues},
    )
