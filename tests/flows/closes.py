"""A market with closes, and what they come to, to be compared with what the bot counted."""

from collections.abc import Iterable

import pytest

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.values import Totals
from monitors.simulator.flow import Close
from monitors.simulator.model import Market
from tests.simulator.venues import START


def a_still_market(*, calm: float = 0) -> Market:
    """Build a market in which nothing is closed by force but in cascades, or at so many times the usual pace."""
    market = Market(started_at=START, seed=1, instruments=12, story=False)
    market.calm = calm
    return market


def summed(closes: Iterable[Close]) -> Totals:
    """Return what closes come to, each rounded to the cent."""
    cents = dict.fromkeys(PositionSide, 0)
    count = 0
    for each in closes:
        cents[each.side] += int(each.usd * 100 + 0.5)
        count += 1
    return Totals(cents[PositionSide.LONG] / 100, cents[PositionSide.SHORT] / 100, count)


def figures(totals: Totals) -> tuple[float, float, int]:
    """Return totals as numbers, to be compared with `like`."""
    return totals.long_usd, totals.short_usd, totals.count


def like(closes: Iterable[Close]) -> object:
    """Return what equals the figures of closes: dollars but for a cent a thousand prints, and their exact number."""
    return pytest.approx(figures(summed(closes)), rel=1e-9, abs=0.05)
