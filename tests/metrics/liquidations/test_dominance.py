import pytest

from monitors.metrics.liquidations.dominance import dominance, is_telling
from monitors.metrics.liquidations.values import Lean, Totals


@pytest.mark.parametrize(
    ("long_usd", "short_usd", "lean"),
    [
        (65.0, 35.0, Lean.LONG),
        (64.9, 35.1, Lean.MIXED),
        (35.0, 65.0, Lean.SHORT),
        (35.1, 64.9, Lean.MIXED),
    ],
)
def test_a_side_prevails_from_65_percent_on(long_usd: float, short_usd: float, lean: Lean) -> None:
    assert dominance(long_usd, short_usd).lean is lean


def test_shares_and_their_difference_are_of_the_total() -> None:
    found = dominance(150.0, 50.0)

    assert (found.usd, found.long_share, found.short_share, found.index) == (200.0, 0.75, 0.25, 0.5)


def test_of_nothing_no_side_has_a_share() -> None:
    found = dominance(0.0, 0.0)

    assert (found.long_share, found.short_share, found.index, found.lean) == (None, None, None, Lean.NONE)


def test_a_share_says_something_from_a_million_and_ten_prints_on() -> None:
    assert is_telling(Totals(600_000, 400_000, 10))
    assert not is_telling(Totals(600_000, 399_999, 10))
    assert not is_telling(Totals(600_000, 400_000, 9))
