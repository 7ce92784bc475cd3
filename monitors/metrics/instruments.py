"""Readings of single instruments: the funding rate itself and a change of its interval. Pure."""

from collections.abc import Iterator

from monitors.market import HOUR, Observation
from monitors.metrics.reading import Evidence, Leg, Reading, Series
from monitors.metrics.view import View

FUNDING = "funding"
INTERVAL_CHANGE = "interval_change"


def read_funding(view: View) -> Iterator[Reading]:
    """Yield the hourly rate of every instrument of the poll; an unknown interval yields nothing."""
    for observation in view.observations:
        hourly = observation.funding.hourly
        if hourly is not None:
            yield Reading(_series(FUNDING, observation), hourly, observation.funding.observed_at)


def read_interval_change(view: View) -> Iterator[Reading]:
    """Yield the new interval in hours of every instrument whose interval changed for certain."""
    for change in view.interval_changes:
        interval = change.observation.funding.interval
        if interval is not None:
            series = _series(INTERVAL_CHANGE, change.observation)
            at = change.observation.funding.observed_at
            yield Reading(series, interval / HOUR, at, is_event=True)


def explain_instrument(view: View, series: Series) -> Evidence:
    """Return the instrument's own last observation, and its interval before a change that the poll confirmed."""
    before = {
        _series(INTERVAL_CHANGE, change.observation): change.before for change in view.interval_changes
    }.get(series)
    for observation in view.board.group(series.base, series.margin):
        if _series(series.metric, observation) == series:
            leg = Leg(funding=observation.funding, open_interest=observation.open_interest)
            return Evidence(legs=(leg,), previous_interval=before)
    return Evidence(legs=(), previous_interval=before)


def _series(metric: str, observation: Observation) -> Series:
    instrument = observation.funding.instrument
    return Series(metric, instrument.base, instrument.margin, instrument.venue, instrument.symbol)
