from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.alerts.rules import Direction, Level, Timing, default_clear
from monitors.alerts.states import (
    Cooling,
    Firing,
    Pending,
    Reason,
    Recovering,
    RuleState,
    after_gap,
    due_at,
    evaluate,
    quiet_range,
)
from tests.builders import NOON, a_level

MINUTE = timedelta(minutes=1)
ABOVE = a_level(1.0)
BELOW = a_level(-1.0, Direction.BELOW)
PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0), step=100.0)


def tell(
    values: list[float], *, level: Level = ABOVE, timing: Timing = PROMPT, every: timedelta = MINUTE
) -> list[tuple[int, Reason]]:
    """Run a series through a rule, one value a minute, and return what is told at which minute."""
    state: RuleState | None = None
    told = []
    for minute, value in enumerate(values):
        verdict = evaluate(level, timing, state, value, NOON + minute * every)
        state = verdict.state
        if verdict.reason is not None:
            told.append((minute, verdict.reason))
    return told


def rung(values: list[float], *, timing: Timing) -> list[tuple[int, Reason]]:
    """Return what is told but for what only changes a message."""
    return [line for line in tell(values, timing=timing) if line[1] is not Reason.GREW]


def test_a_value_that_trembles_at_its_level_rings_once() -> None:
    assert tell([0.9, 1.0, 0.95, 1.01, 0.9, 1.0, 0.81, 0.79]) == [(1, Reason.FIRST), (7, Reason.RESOLVED)]


def test_below_is_the_mirror_of_above() -> None:
    values = [0.9, 1.0, 0.95, 1.6, 0.79]

    assert tell([-v for v in values], level=BELOW) == tell(values)


def test_a_level_must_hold_for_its_pending_time() -> None:
    timing = Timing(pending_for=2 * MINUTE, repeat_every=timedelta(0), cooldown=timedelta(0), step=100.0)

    assert tell([1.1, 0.9, 1.1, 1.1, 1.1], timing=timing) == [(4, Reason.FIRST)]


def test_a_resolve_waits_until_the_value_stays_clear() -> None:
    timing = Timing(keep_firing_for=2 * MINUTE, repeat_every=timedelta(0), cooldown=timedelta(0), step=100.0)

    told = tell([1.1, 0.5, 0.9, 0.5, 0.5, 0.5], timing=timing)

    assert told == [(0, Reason.FIRST), (5, Reason.RESOLVED)]


def test_an_episode_that_goes_on_is_repeated() -> None:
    timing = Timing(repeat_every=3 * MINUTE, cooldown=timedelta(0), step=100.0)

    assert tell([1.1] * 7, timing=timing) == [(0, Reason.FIRST), (3, Reason.REPEAT), (6, Reason.REPEAT)]


def test_a_step_up_rings_at_once_but_not_within_the_gap() -> None:
    timing = Timing(repeat_every=timedelta(0), step=1.5, step_gap=2 * MINUTE)

    assert rung([1.0, 1.6, 1.6, 2.3, 2.5], timing=timing) == [
        (0, Reason.FIRST),
        (2, Reason.ESCALATED),
        (4, Reason.ESCALATED),
    ]


@pytest.mark.parametrize(("grown", "shown"), [(1.09, []), (1.11, [Reason.GREW]), (-1.0, [Reason.RESOLVED])])
def test_a_told_episode_is_shown_again_from_a_tenth_more_on(grown: float, shown: list[Reason]) -> None:
    assert [reason for _, reason in tell([1.0, grown])] == [Reason.FIRST, *shown]


def test_growth_is_measured_from_what_the_message_shows() -> None:
    assert tell([1.0, 1.2, 1.3, 1.33, 1.2, 1.4, 1.47]) == [
        (0, Reason.FIRST),
        (1, Reason.GREW),
        (3, Reason.GREW),
        (6, Reason.GREW),
    ]


def test_growth_from_near_zero_is_measured_by_the_level() -> None:
    level = a_level(-1.0, clear_at=-1.2)

    assert tell([-0.01, 0.05, 0.1], level=level) == [(0, Reason.FIRST), (2, Reason.GREW)]


@pytest.mark.parametrize("direction", list(Direction))
def test_nothing_grows_at_a_level_of_zero_and_a_value_of_zero(direction: Direction) -> None:
    level = a_level(0.0, direction)
    timing = Timing(repeat_every=timedelta(0))

    assert tell([0.0] * 60, level=level, timing=timing) == [(0, Reason.FIRST)]
    assert tell([0.0, -direction.sign, 0.0], level=level, timing=timing)[1:] == [(1, Reason.RESOLVED)]


def test_growth_is_shown_at_most_every_15_seconds_and_then_although_the_value_stays() -> None:
    told = tell([1.0, 1.5, 2.0, 2.5, 3.0, 3.0, 3.0, 3.0], every=MINUTE / 12)

    assert told == [(0, Reason.FIRST), (3, Reason.GREW), (6, Reason.GREW)]


def test_growth_rings_nobody_and_postpones_no_ring() -> None:
    timing = Timing(repeat_every=6 * MINUTE, cooldown=timedelta(0), step=2.0, step_gap=4 * MINUTE)

    told = tell([1.0, 1.2, 1.5, 1.8, 2.0, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3], timing=timing)

    assert told == [
        (0, Reason.FIRST),
        *[(minute, Reason.GREW) for minute in (1, 2, 3)],
        (4, Reason.ESCALATED),
        (5, Reason.GREW),
        (10, Reason.REPEAT),
    ]


def test_a_ring_shows_the_value_too() -> None:
    timing = replace(PROMPT, repeat_every=2 * MINUTE)

    assert tell([1.0, 1.0, 1.5, 1.55], timing=timing) == [(0, Reason.FIRST), (2, Reason.REPEAT)]


def test_what_the_message_shows_is_told_apart_from_what_was_rung_about() -> None:
    state: RuleState | None = None
    for minute, value in enumerate([1.0, 1.2]):
        state = evaluate(ABOVE, PROMPT, state, value, NOON + minute * MINUTE).state

    assert state == Firing(
        since=NOON, told_at=NOON, told_value=1.0, peak=1.2, shown_at=NOON + MINUTE, shown_value=1.2
    )


def test_after_a_resolve_the_rule_cools_down_unless_the_step_is_reached() -> None:
    timing = Timing(repeat_every=timedelta(0), cooldown=10 * MINUTE, step=2.0)

    assert tell([1.0, 0.5, 1.1, 0.5, 1.1], timing=timing) == [(0, Reason.FIRST), (1, Reason.RESOLVED)]
    assert tell([1.0, 0.5, 2.0], timing=timing)[-1] == (2, Reason.FIRST)
    assert tell([1.0, 0.5, *[1.1] * 9], timing=timing)[-1] == (10, Reason.FIRST)


def test_the_peak_is_the_furthest_value_of_the_episode() -> None:
    state: RuleState | None = None
    for minute, value in enumerate([1.0, 1.4, 1.2]):
        state = evaluate(ABOVE, PROMPT, state, value, NOON + minute * MINUTE).state

    resolved = evaluate(ABOVE, PROMPT, state, 0.5, NOON + 3 * MINUTE)

    assert resolved.firing is not None
    assert resolved.firing.peak == 1.4
    assert resolved.firing.since == NOON


@pytest.mark.parametrize(
    ("direction", "fire_at", "clear_at"),
    [(Direction.ABOVE, 1.0, 0.8), (Direction.BELOW, -1.0, -0.8), (Direction.ABOVE, -1.0, -1.2),
     (Direction.BELOW, 1.0, 1.2), (Direction.ABOVE, 0.0, 0.0)],
)  # fmt: skip
def test_the_default_clear_level_lies_on_the_calm_side(
    direction: Direction, fire_at: float, clear_at: float
) -> None:
    assert default_clear(direction, fire_at) == pytest.approx(clear_at)


def test_a_clear_level_on_the_wrong_side_is_refused() -> None:
    with pytest.raises(ValueError, match="clear level must not be above the fire level"):
        a_level(1.0, clear_at=1.1)
    with pytest.raises(ValueError, match="clear level must not be below the fire level"):
        a_level(-1.0, Direction.BELOW, clear_at=-1.1)


def test_timings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="step must be greater than 1"):
        Timing(step=1.0)
    with pytest.raises(ValueError, match="cooldown must not be negative"):
        Timing(cooldown=-MINUTE)


def test_time_without_data_counts_neither_as_trouble_nor_as_calm() -> None:
    firing = Firing(since=NOON, told_at=NOON, told_value=1.0, peak=1.0, shown_at=NOON, shown_value=1.0)
    cooling = Cooling(until=NOON, told_value=1.0)

    assert after_gap(Pending(since=NOON), MINUTE) == Pending(since=NOON + MINUTE)
    assert after_gap(Recovering(firing=firing, since=NOON), MINUTE) == Recovering(
        firing=firing, since=NOON + MINUTE
    )
    assert after_gap(firing, MINUTE) == firing
    assert after_gap(cooling, MINUTE) == cooling


@pytest.mark.parametrize(
    ("value", "shown_value", "due"),
    [
        (1.0, 1.0, None),
        (1.1, 1.0, timedelta(seconds=15)),
        (2.0, 2.0, 5 * MINUTE),
        (2.0, 1.0, timedelta(seconds=15)),
    ],
    ids=["as it was told", "grown", "shown a step up", "a step up"],
)
def test_an_episode_that_has_grown_is_due_when_its_message_may_be_changed_or_rung_about(
    value: float, shown_value: float, due: timedelta | None
) -> None:
    timing = Timing(repeat_every=timedelta(0), step=2.0, step_gap=5 * MINUTE)
    firing = Firing(
        since=NOON, told_at=NOON, told_value=1.0, peak=value, shown_at=NOON, shown_value=shown_value
    )

    assert due_at(ABOVE, timing, firing, value) == (None if due is None else NOON + due)


LEVELS = st.builds(
    lambda direction, fire_at: a_level(fire_at, direction),
    st.sampled_from(Direction),
    st.floats(-2, 2).filter(lambda level: level == 0 or abs(level) > 1e-6),
)
WAITS = st.sampled_from([timedelta(0), MINUTE, 3 * MINUTE])
TIMINGS = st.builds(
    Timing, pending_for=WAITS, keep_firing_for=WAITS, repeat_every=WAITS, cooldown=WAITS,
    step=st.sampled_from([1.2, 2.0]), step_gap=WAITS,
)  # fmt: skip
VALUES = st.lists(st.just(0.0) | st.floats(-4, 4), min_size=1, max_size=60)


@given(values=VALUES, level=LEVELS, timing=TIMINGS)
def test_first_and_resolved_alternate(values: list[float], level: Level, timing: Timing) -> None:
    told = [reason for _, reason in tell(values, level=level, timing=timing)]

    ends = [reason for reason in told if reason in (Reason.FIRST, Reason.RESOLVED)]
    assert ends == [Reason.FIRST, Reason.RESOLVED] * (len(ends) // 2) + [Reason.FIRST] * (len(ends) % 2)


@given(values=VALUES, level=LEVELS, timing=TIMINGS, shift=st.integers(1, 10**6))
def test_only_the_passing_of_time_matters_not_the_date(
    values: list[float], level: Level, timing: Timing, shift: int
) -> None:
    here = there = None
    for minute, value in enumerate(values):
        at = NOON + minute * MINUTE
        first = evaluate(level, timing, here, value, at)
        second = evaluate(level, timing, there, value, at + timedelta(seconds=shift))
        assert first.reason == second.reason
        here, there = first.state, second.state


@given(values=VALUES, level=LEVELS, timing=TIMINGS)
def test_a_value_in_the_quiet_range_changes_nothing_before_the_state_is_due(
    values: list[float], level: Level, timing: Timing
) -> None:
    state: RuleState | None = None
    for minute, value in enumerate(values):
        at = NOON + minute * MINUTE
        if state is not None:
            low, high = quiet_range(level, timing, state)
            due = due_at(level, timing, state, value)
            if low < value < high and (due is None or at < due):
                assert evaluate(level, timing, state, value, at).state == state
        state = evaluate(level, timing, state, value, at).state
