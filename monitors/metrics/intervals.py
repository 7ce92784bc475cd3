"""Funding intervals over time: a change counts once two polls agree on it. Pure state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitors.market import Instrument, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalChange:
    """A venue changed how often an instrument pays."""

    observation: Observation
    """The second observation with the new interval."""
    before: timedelta


class IntervalWatch:
    """The confirmed interval of every instrument."""

    def __init__(self, confirmed: Iterable[tuple[Instrument, timedelta]] = ()) -> None:
        """Start from what was confirmed before a restart."""
        self._confirmed = {(i.venue, i.symbol): interval for i, interval in confirmed}
        self._candidates: dict[tuple[str, str], timedelta] = {}

    def confirm(self, observation: Observation) -> bool:
        """Take a first interval as it is; tell whether the instrument was new."""
        key = _key(observation)
        if observation.funding.interval is None or key in self._confirmed:
            return False
        self._confirmed[key] = observation.funding.interval
        return True

    def observe(self, observation: Observation) -> IntervalChange | None:
        """Return the change that this observation confirms, if it does."""
        key, interval = _key(observation), observation.funding.interval
        before = self._confirmed.get(key)
        if interval is None or before is None or interval == before:
            self._candidates.pop(key, None)
            return None
        if self._candidates.get(key) != interval:
            self._candidates[key] = interval
            return None
        del self._candidates[key]
        self._confirmed[key] = interval
        return IntervalChange(observation=observation, before=before)


def _key(observation: Observation) -> tuple[str, str]:
    instrument = observation.funding.instrument
    return (instrument.venue, instrument.symbol)
