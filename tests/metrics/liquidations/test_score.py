import pytest

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.score import stress
from monitors.metrics.liquidations.stress import StressInputs

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def test_every_symptom_is_weighed_and_saturates() -> None:
    found = stress(
        6.5,
        StressInputs(oi_change_15m=-0.012, premium=-0.002, depth_ratio=0.45, spread_ratio=3.0),
        LONG,
    )

    assert found.liquidations == pytest.approx(0.7)
    assert found.open_interest == pytest.approx(0.24)
    assert found.premium == pytest.approx(0.4)
    assert found.depth == pytest.approx(0.6875)
    assert found.spread == pytest.approx(0.47712125471966244)
    assert found.score == pytest.approx(0.5276931882079494)
    assert found.confirmations == 3


def test_what_is_not_known_leaves_the_mean_and_confirms_nothing() -> None:
    found = stress(9.0, StressInputs(depth_ratio=0.12, spread_ratio=9.0), LONG)

    assert (found.open_interest, found.premium) == (None, None)
    assert found.score == pytest.approx(0.9894405791013826)
    assert found.confirmations == 2


def test_with_liquidations_alone_the_score_is_theirs() -> None:
    found = stress(5.5, StressInputs(), LONG)

    assert found.score == pytest.approx(0.5)
    assert found.confirmations == 0


def test_a_premium_counts_only_against_the_side_that_is_liquidated() -> None:
    above = StressInputs(premium=0.005)

    assert stress(3.0, above, LONG).premium == 0.0
    assert stress(3.0, above, SHORT).premium == 1.0


def test_what_eases_counts_as_nothing_and_never_against() -> None:
    eased = StressInputs(oi_change_15m=0.2, premium=0.01, depth_ratio=3.0, spread_ratio=0.0)

    found = stress(-2.0, eased, LONG)

    assert (found.score, found.confirmations) == (0.0, 0)


def test_a_symptom_confirms_from_three_tenths_on() -> None:
    assert stress(3.0, StressInputs(spread_ratio=10**0.3001), LONG).confirmations == 1
    assert stress(3.0, StressInputs(spread_ratio=10**0.2999), LONG).confirmations == 0
