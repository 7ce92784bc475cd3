from math import log

import pytest

from monitors.liquidation import Window
from monitors.metrics.liquidations.severity import (
    LADDER,
    severity,
    severity_level,
    share_of_open_interest,
)
from monitors.metrics.liquidations.values import MARKET


@pytest.mark.parametrize(("usd", "level"), [(9.9, 0), (10.0, 1), (19.9, 1), (20.0, 2), (1e12, 2)])
def test_a_level_is_reached_at_its_threshold(usd: float, level: int) -> None:
    assert severity_level(usd, (10.0, 20.0)) == level


def test_a_threshold_is_the_markets_and_bases_need_their_part_of_it() -> None:
    for base, usd in ((MARKET, 100e6), ("BTC", 40e6), ("ETH", 25e6), ("SOL", 10e6)):
        assert severity(usd, Window.H1, base) == 2
        assert severity(0.99 * usd, Window.H1, base) == 1


def test_published_totals_have_the_severity_they_were_told_with() -> None:
    assert severity(3.21e9, Window.M1) == 5
    assert severity(160e6, Window.H1) == 2
    assert severity(577e6, Window.H1) == 4
    assert severity(1.36e9, Window.H24) == 3
    assert severity(2.0e9, Window.H24) == 4


@pytest.mark.parametrize(
    ("window", "shorter", "longer"),
    [(Window.M5, Window.M1, Window.M15), (Window.H4, Window.H1, Window.H24)],
)
def test_windows_without_anchors_lie_between_their_neighbours(
    window: Window, shorter: Window, longer: Window
) -> None:
    way = log(window.length / shorter.length) / log(longer.length / shorter.length)
    between = [low * (high / low) ** way for low, high in zip(LADDER[shorter], LADDER[longer], strict=True)]

    assert list(LADDER[window]) == [float(f"{usd:.1e}") for usd in between]


def test_a_share_of_open_interest_needs_an_open_interest() -> None:
    assert share_of_open_interest(160e6, 60e9) == pytest.approx(0.0026666666666666666)
    assert share_of_open_interest(160e6, None) is None
    assert share_of_open_interest(160e6, 0.0) is None
