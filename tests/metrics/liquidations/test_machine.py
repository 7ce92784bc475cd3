from itertools import groupby, pairwise
from math import exp, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.machine import Minute, advance, interrupted
from monitors.metrics.liquidations.score import stress
from monitors.metrics.liquidations.standing import Machine, Phase
from monitors.metrics.liquidations.stress import StressInputs
from monitors.metrics.liquidations.values import Stress

QUIET, SPIKE, CASCADE, COOLING = Phase.QUIET, Phase.SPIKE, Phase.CASCADE, Phase.COOLING


def a_minute(
    score: float = 0.0, confirmations: int = 0, *, z: float = 0.0, usd: float = 1e6, is_heard: bool = True
) -> Minute:
    return Minute(
        z=z,
        usd=usd,
        stress=Stress(liquidations=0.0, score=score, confirmations=confirmations),
        is_heard=is_heard,
    )


def phases(machine: Machine, *minutes: Minute) -> list[Phase]:
    found = []
    for minute in minutes:
        machine = advance(machine, minute)
        found.append(machine.phase)
    return found


def test_a_spike_needs_both_an_unusual_and_a_sizeable_total() -> None:
    assert phases(Machine(), a_minute(z=3.5, usd=499_999)) == [QUIET]
    assert phases(Machine(), a_minute(z=3.4)) == [QUIET]
    assert phases(Machine(), a_minute(z=3.5, usd=500_000)) == [SPIKE]


def test_a_spike_becomes_a_cascade_at_the_second_hot_minute_on_end() -> None:
    hot, luke = a_minute(0.6, 2, z=5), a_minute(0.59, 2, z=5)

    assert phases(Machine(phase=SPIKE), hot, luke, hot, hot) == [SPIKE, SPIKE, SPIKE, CASCADE]


def test_without_another_symptom_a_spike_stays_a_spike() -> None:
    assert phases(Machine(phase=SPIKE), *[a_minute(1.0, 1, z=20)] * 5) == [SPIKE] * 5


def test_one_burning_minute_with_three_confirmations_is_enough() -> None:
    assert phases(Machine(phase=SPIKE), a_minute(0.85, 3, z=9)) == [CASCADE]
    assert phases(Machine(phase=SPIKE), a_minute(0.85, 2, z=9)) == [SPIKE]
    assert phases(Machine(phase=SPIKE), a_minute(0.84, 3, z=9)) == [SPIKE]


def test_after_minutes_that_nobody_judged_a_phase_goes_on_but_nothing_has_held_on_end() -> None:
    assert interrupted(Machine(phase=SPIKE, hot=1, fading=2, calm=3)) == Machine(phase=SPIKE)


def test_a_spike_that_passes_cools() -> None:
    assert phases(Machine(phase=SPIKE), a_minute(z=1.5), a_minute(z=1.4)) == [SPIKE, COOLING]


def test_a_cascade_cools_after_three_fading_minutes_on_end() -> None:
    fading, not_yet = a_minute(0.34, z=2), a_minute(0.35, z=2)

    assert phases(Machine(phase=CASCADE), fading, fading, not_yet, fading, fading, fading) == [
        *[CASCADE] * 5,
        COOLING,
    ]


def test_cooling_ends_after_five_calm_minutes_on_end() -> None:
    calm, restless, strained = a_minute(0.19, z=1.4), a_minute(0.19, z=1.5), a_minute(0.2, z=1.4)

    found = phases(Machine(phase=COOLING), *[calm] * 4, restless, *[calm] * 4, strained, *[calm] * 5)

    assert found == [*[COOLING] * 14, QUIET]


@pytest.mark.parametrize(
    ("minute", "phase"),
    [(a_minute(0.9, 3, z=9), CASCADE), (a_minute(0.3, z=4), SPIKE), (a_minute(0.3, z=2), COOLING)],
    ids=["cascade", "spike", "neither"],
)
def test_what_cools_may_flare_up_again(minute: Minute, phase: Phase) -> None:
    assert phases(Machine(phase=COOLING), minute) == [phase]


def test_counters_run_in_every_phase() -> None:
    hot = a_minute(0.6, 2, z=4)

    assert phases(Machine(), hot, hot) == [SPIKE, CASCADE]


@pytest.mark.parametrize("phase", [SPIKE, CASCADE, COOLING])
def test_minutes_that_were_not_wholly_heard_prove_no_calm(phase: Phase) -> None:
    assert phases(Machine(phase=phase), *[a_minute(is_heard=False)] * 10) == [phase] * 10


def test_minutes_that_were_not_wholly_heard_still_show_stress() -> None:
    assert phases(Machine(), a_minute(z=4, is_heard=False), a_minute(0.9, 3, z=9, is_heard=False)) == [
        SPIKE,
        CASCADE,
    ]


def test_a_crash_of_the_shape_of_october_2025_is_found_before_its_peak_and_left_once() -> None:
    """Replay $6.93B in 40 minutes with the peak of $3.21B in minute 25; the other symptoms rise and fall with it."""
    weights = [exp(-abs(minute - 25) / 6) for minute in range(40)]
    rest = sum(weights) - weights[25]
    usd = [3.21e9 if minute == 25 else 3.72e9 * weights[minute] / rest for minute in range(40)] + [0.0] * 40
    taken = [sum(usd[: minute + 1]) / 6.93e9 for minute in range(80)]
    open_interest = [1 - 0.186 * share for share in taken]
    found, machine = [], Machine()
    for minute in range(80):
        lately = sum(usd[max(0, minute - 4) : minute + 1])
        strain = minute / 25 if minute <= 25 else max(0.0, 1 - (minute - 25) / 40)
        inputs = StressInputs(
            oi_change_15m=open_interest[minute] / (open_interest[minute - 15] if minute >= 15 else 1.0) - 1,
            premium=-0.008 * strain,
            depth_ratio=1 - 0.98 * strain,
            spread_ratio=30**strain,
        )
        z = (log1p(lately) - 14.724549352581061) / 0.6625879396088323  # the baseline of golden case D60
        judged = stress(z, inputs, PositionSide.LONG)
        machine = advance(machine, Minute(z=z, usd=lately, stress=judged))
        found.append(machine.phase)

    assert usd[0] == pytest.approx(5_541_566.78)
    assert usd[24] == pytest.approx(302_559_294.29)
    assert [phase for phase, _ in groupby(found)] == [QUIET, SPIKE, CASCADE, COOLING, QUIET]
    assert found.index(CASCADE) <= 25 - 10
    assert found.index(COOLING) > 40


MINUTES = st.builds(
    a_minute,
    score=st.floats(0, 1),
    confirmations=st.integers(0, 4),
    z=st.floats(-3, 20),
    usd=st.floats(0, 1e9),
    is_heard=st.booleans(),
)


@given(st.lists(MINUTES, max_size=40))
def test_no_phase_is_skipped(minutes: list[Minute]) -> None:
    allowed = {
        QUIET: {QUIET, SPIKE},
        SPIKE: {SPIKE, CASCADE, COOLING},
        CASCADE: {CASCADE, COOLING},
        COOLING: {COOLING, CASCADE, SPIKE, QUIET},
    }

    walked = [QUIET, *phases(Machine(), *minutes)]

    assert all(later in allowed[earlier] for earlier, later in pairwise(walked))
