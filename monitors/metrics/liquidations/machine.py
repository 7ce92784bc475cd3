"""The cascade state machine of one base, a step a minute. Pure."""

from dataclasses import dataclass
from typing import assert_never

from monitors.metrics.liquidations.standing import Machine, Phase
from monitors.metrics.liquidations.values import Stress

SPIKE_Z = 3.5
"""Robust deviations above a base's own normal that make a spike."""
SPIKE_USD = 500_000.0
"""What a coin's five minutes must come to, however rare any liquidation of it is."""

_HOT_SCORE, _HOT_CONFIRMATIONS, _HOT_MINUTES = 0.60, 2, 2
_BURNING_SCORE, _BURNING_CONFIRMATIONS = 0.85, 3
_FADING_SCORE, _FADING_MINUTES = 0.35, 3
_CALM_SCORE, _CALM_Z, _CALM_MINUTES = 0.20, 1.5, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What one minute showed."""

    z: float
    """Of the last five minutes' liquidations against the base's own normal."""
    usd: float
    """Liquidated in the last five minutes."""
    stress: Stress
    is_heard: bool = True
    """False when a feed was silent that is usually heard: the minute may show stress, but it proves no calm."""


def advance(machine: Machine, minute: Minute) -> Machine:
    """Return the machine a minute later: at most one change of phase, by the counters with this minute in."""
    score, heard = minute.stress.score, minute.is_heard
    counted = Machine(
        phase=machine.phase,
        hot=_count(machine.hot, holds=_is_hot(minute.stress)),
        fading=_count(machine.fading, holds=heard and score < _FADING_SCORE),
        calm=_count(machine.calm, holds=heard and minute.z < _CALM_Z and score < _CALM_SCORE),
    )
    return Machine(phase=_next(counted, minute), hot=counted.hot, fading=counted.fading, calm=counted.calm)


def interrupted(machine: Machine) -> Machine:
    """Return the machine after minutes that nobody judged: where it was, but nothing has held on end."""
    return Machine(phase=machine.phase)


def _count(minutes: int, *, holds: bool) -> int:
    return minutes + 1 if holds else 0


def _next(machine: Machine, minute: Minute) -> Phase:
    match machine.phase:
        case Phase.QUIET:
            return Phase.SPIKE if _spikes(minute) else Phase.QUIET
        case Phase.SPIKE:
            return _after_spike(machine, minute)
        case Phase.CASCADE:
            return Phase.COOLING if machine.fading >= _FADING_MINUTES else Phase.CASCADE
        case Phase.COOLING:
            return _after_cooling(machine, minute)
        case _:
            assert_never(machine.phase)


def _after_spike(machine: Machine, minute: Minute) -> Phase:
    if _cascades(machine, minute.stress):
        return Phase.CASCADE
    return Phase.COOLING if minute.is_heard and minute.z < _CALM_Z else Phase.SPIKE


def _after_cooling(machine: Machine, minute: Minute) -> Phase:
    if _cascades(machine, minute.stress):
        return Phase.CASCADE
    if _spikes(minute):
        return Phase.SPIKE
    return Phase.QUIET if machine.calm >= _CALM_MINUTES else Phase.COOLING


def _spikes(minute: Minute) -> bool:
    return minute.z >= SPIKE_Z and minute.usd >= SPIKE_USD


def _is_hot(stress: Stress) -> bool:
    return stress.score >= _HOT_SCORE and stress.confirmations >= _HOT_CONFIRMATIONS


def _cascades(machine: Machine, stress: Stress) -> bool:
    burns = stress.score >= _BURNING_SCORE and stress.confirmations >= _BURNING_CONFIRMATIONS
    return burns or machine.hot >= _HOT_MINUTES
