"""How crowded each base's funding was over the last day, and whether the crowded side is now flushed. Pure state."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from monitors.liquidation import PositionSide
from monitors.market import FundingRate, Margin
from monitors.metrics.board import Board
from monitors.metrics.funding import oi_weighted
from monitors.metrics.liquidations.values import Crowding

LONGS_CROWDED = 0.0003 / 8
"""Per hour: three times the usual anchor of 0.01 % per 8 hours, near 33 % a year."""
SHORTS_CROWDED = -0.0001 / 8
"""Per hour: negative funding is rare, so less of it is a crowd."""

_MEMORY = timedelta(hours=24)
_EVERY = timedelta(minutes=5)
_AGAIN = timedelta(minutes=1)
"""After a look at a base of which too few venues were known yet."""


def weighed(paid: Iterable[FundingRate], board: Board) -> Iterator[tuple[str, float, datetime]]:
    """Yield what each base paid at each hour (base, fraction per hour, when), weighted by the last open interest.

    Only linear contracts, and only hours in which two venues with known open interest settled.
    """
    hours: dict[tuple[str, datetime], list[FundingRate]] = {}
    for rate in paid:
        if rate.funding_at is not None and rate.instrument.margin is Margin.LINEAR:
            hour = rate.funding_at.replace(minute=0, second=0, microsecond=0)
            hours.setdefault((rate.instrument.base, hour), []).append(rate)
    for (base, hour), rates in hours.items():
        pairs = [
            (rate.hourly, known.open_interest.usd)
            for rate in rates
            if rate.hourly is not None
            and (known := board.at(rate.instrument)) is not None
            and known.open_interest is not None
        ]
        weighted = oi_weighted(pairs).value if len(pairs) > 1 else None
        if weighted is not None:
            yield base, weighted, hour


class Crowd:
    """The largest funding of every base by hour: at most 25 readings a base, however often it is fed."""

    def __init__(self) -> None:
        """Start knowing nothing; feeding it the stored readings of a day warms it."""
        self._hours: dict[str, dict[datetime, tuple[float, datetime]]] = {}
        self._looked: dict[str, datetime] = {}

    def observe(self, base: str, hourly: float, at: datetime) -> None:
        """Take a base's funding, weighted by open interest, as a fraction per hour; positive: longs pay."""
        hours = self._hours.setdefault(base, {})
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour not in hours:
            for old in [known for known in hours if known < hour - _MEMORY]:
                del hours[old]
        if hour not in hours or abs(hourly) >= abs(hours[hour][0]):
            hours[hour] = (hourly, at)

    def is_due(self, base: str, now: datetime) -> bool:
        """Tell whether a base has not been looked at for a while."""
        looked = self._looked.get(base)
        if looked is not None and now - looked < _EVERY:
            return False
        self._looked[base] = now
        return True

    def postpone(self, base: str, now: datetime) -> None:
        """Note that nothing could be said of a base that was due: it is due again in a minute."""
        self._looked[base] = now + _AGAIN - _EVERY

    def crowding(self, base: str, flushed: PositionSide, now: datetime) -> Crowding | None:
        """Return the largest funding of the last 24 hours if it was crowded and the flushed side paid it."""
        heard = [reading for reading in self._hours.get(base, {}).values() if now - reading[1] <= _MEMORY]
        if not heard:
            return None
        hourly, at = max(heard, key=lambda reading: (abs(reading[0]), reading[1]))
        crowded = hourly >= LONGS_CROWDED if flushed is PositionSide.LONG else hourly <= SHORTS_CROWDED
        return Crowding(side=flushed, hourly=hourly, at=at) if crowded else None
