"""A tape that says what a test tells it, prints for it, and a watch over the cascades on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitors.liquidation import Liquidation, PositionSide, Window
from monitors.metrics.liquidations.cascades import Cascades
from monitors.metrics.liquidations.moment import Lookup
from monitors.metrics.liquidations.standing import Machine, Standing
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Cascade, Coverage, Key, Spike, Totals
from tests.builders import NOON, an_instrument

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT

WHOLE = Coverage(heard=("binanceusdm", "bybit"))
GAP = Coverage(heard=("bybit",), partial=("binanceusdm",))
DARK = Coverage(heard=(), missing=("binanceusdm", "bybit"))

PANIC = StressInputs(
    oi_change_15m=-0.055, premium=-0.011, depth_ratio=0.04, spread_ratio=22.0, price=60_000.0
)
"""All of the other symptoms at their worst."""
CALM = StressInputs(oi_change_15m=0.0, premium=0.0, depth_ratio=1.0, spread_ratio=1.0, price=59_000.0)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_print(
    seconds: float, usd: float = 100_000.0, side: PositionSide = LONG, base: str = "BTC"
) -> Liquidation:
    """Build a print of so many dollars, so many seconds after noon."""
    at_ms = round(after(seconds).timestamp() * 1000)
    return Liquidation(an_instrument(base=base), side, usd, 1.0, at_ms, at_ms)


def a_run(
    seconds: float = 0, *, usd: float = 1_000_000.0, side: PositionSide = LONG, base: str = "BTC"
) -> list[Liquidation]:
    """Build five prints a second apart, of so many dollars together."""
    return [a_print(seconds + n, usd / 5, side, base) for n in range(5)]


@dataclass(slots=True)
class FakeTape:
    """Says of every base what its fields say."""

    z: float | None = None
    now_usd: dict[str, Totals] = field(default_factory=dict)
    lately: Coverage = WHOLE
    hourly: Coverage = WHOLE
    befores: list[datetime | None] = field(default_factory=list)

    def totals(self, key: Key, window: Window) -> Totals:
        return self.now_usd.get(key.base, Totals(0.0, 0.0, 0))

    def spike(self, key: Key, window: Window, now: datetime, before: datetime | None = None) -> Spike:
        self.befores.append(before)
        return Spike(usd=0.0, z=self.z, ratio=None, samples=0, needed=40, severity=0, is_spike=False)

    def bases(self, window: Window) -> tuple[str, ...]:
        return tuple(self.now_usd)

    def coverage(self, window: Window, now: datetime) -> Coverage:
        return self.hourly if window is Window.H1 else self.lately


def nothing_known(_base: str, _side: PositionSide) -> StressInputs:
    return StressInputs()


def panic(_base: str, _side: PositionSide) -> StressInputs:
    return PANIC


def calm(_base: str, _side: PositionSide) -> StressInputs:
    return CALM


def a_floor(_base: str) -> float:
    return 1_000_000.0


def no_floor(_base: str) -> float:
    return float("inf")


def standing(seconds: float = -60, **machines: Machine) -> Standing:
    """Return where bases stood in the minute that began so many seconds after noon."""
    return Standing(minute_ms=round(after(seconds).timestamp() * 1000), machines=machines)


def watching(running: Sequence[Cascade] = (), counted: Sequence[Liquidation] = ()) -> Cascades:
    return Cascades(running, floor=a_floor, counted=counted)


def stepped(
    cascades: Cascades,
    seconds: float,
    new: Sequence[Liquidation] = (),
    *,
    tape: FakeTape | None = None,
    lookup: Lookup = nothing_known,
) -> tuple[Cascade, ...]:
    return cascades.step(tape or FakeTape(), lookup, after(seconds), new)


def opened(*, tape: FakeTape | None = None, lookup: Lookup = nothing_known) -> Cascades:
    """Return a watch over one cascade of BTC: five prints of longs, from noon to four seconds past."""
    cascades = watching()
    stepped(cascades, 4, a_run(), tape=tape, lookup=lookup)
    return cascades
