import json
from datetime import datetime
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.book import BAND, BookMetrics, Levels, book_metrics
from monitors.metrics.liquidations.values import BookSample
from tests.builders import NOON, an_instrument

GOLDEN = [
    case
    for case in json.loads((Path(__file__).parents[2] / "data" / "golden.json").read_text("utf-8"))["cases"]
    if case["fn"] == "book_metrics"
]

levels = st.lists(
    st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e9)),
    min_size=1,
    max_size=30,
    unique_by=lambda level: level[0],
)


def measured(bids: Levels, asks: Levels, *, band: float = BAND) -> BookMetrics:
    metrics = book_metrics(bids, asks, band=band)
    assert metrics is not None
    return metrics


def a_sample(*, bids: float = 1e6, asks: float = 2e6, spread: float = 1.0, at: datetime = NOON) -> BookSample:
    return BookSample(
        instrument=an_instrument(),
        at=at,
        bid_depth_usd=bids,
        ask_depth_usd=asks,
        spread_bps=spread,
        truncated=False,
    )


@pytest.mark.parametrize("case", GOLDEN, ids=[case["id"] for case in GOLDEN])
def test_the_golden_books(case: dict[str, Any]) -> None:
    given_book, expected = case["inputs"], case["expected"]

    metrics = measured(given_book["bids"], given_book["asks"], band=given_book["pct"])

    assert {name: getattr(metrics, name) for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_depth_is_counted_within_one_per_cent_its_edge_included() -> None:
    metrics = measured([(99.5, 1), (99.0, 2), (98.9, 4)], [(100.5, 1), (101.0, 2), (101.1, 4)])

    assert metrics.bid_depth == pytest.approx(99.5 + 2 * 99.0)
    assert metrics.ask_depth == pytest.approx(100.5 + 2 * 101.0)
    assert metrics.truncated is False


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ([(99.9, 1)], [(100.1, 1), (200, 1)]),
        ([(99.9, 1), (50, 1)], [(100.1, 1)]),
    ],
    ids=["bids end", "asks end"],
)
def test_depth_is_a_lower_bound_where_either_side_ends_within_the_band(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> None:
    assert measured(bids, asks).truncated


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ([], [(100.0, 1.0)]),
        ([(100.0, 1.0)], []),
        ([(100.0, 1.0)], [(100.0, 1.0)]),
        ([(101.0, 1.0)], [(100.0, 1.0)]),
    ],
    ids=["no bids", "no asks", "locked", "crossed"],
)
def test_a_book_without_a_middle_has_no_metrics(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> None:
    assert book_metrics(bids, asks) is None


def test_quotes_wider_apart_than_the_band_leave_no_depth_and_no_imbalance() -> None:
    metrics = measured([(90.0, 5)], [(110.0, 5)])

    assert (metrics.bid_depth, metrics.ask_depth, metrics.imbalance) == (0, 0, None)
    assert metrics.spread_bps == pytest.approx(2000)
    assert not metrics.truncated


@given(bids=levels, asks=levels, band=st.floats(0.0001, 0.1))
def test_a_wider_band_never_holds_less(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]], band: float
) -> None:
    bids, asks = sorted(bids, reverse=True), sorted(asks)
    narrow, wide = book_metrics(bids, asks, band=band), book_metrics(bids, asks, band=2 * band)

    assert (narrow is None) == (wide is None) == (bids[0][0] >= asks[0][0])
    if narrow is not None and wide is not None:
        assert wide.bid_depth >= narrow.bid_depth >= 0
        assert wide.ask_depth >= narrow.ask_depth >= 0
        assert narrow.spread_bps > 0


def test_liquidated_longs_hit_the_bids_and_liquidated_shorts_the_asks() -> None:
    sample = a_sample(bids=3.0, asks=7.0)

    assert sample.hit_depth_usd(PositionSide.LONG) == 3.0
    assert sample.hit_depth_usd(PositionSide.SHORT) == 7.0


@pytest.mark.parametrize("spread", [0.0, -1.0, nan, inf])
def test_a_sample_without_a_spread_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread must be positive"):
        a_sample(spread=spread)


@pytest.mark.parametrize("depth", [-1.0, nan, inf])
def test_a_sample_with_an_impossible_depth_is_refused(depth: float) -> None:
    with pytest.raises(ValueError, match="depths must not be negative"):
        a_sample(bids=depth)
    with pytest.raises(ValueError, match="depths must not be negative"):
        a_sample(asks=depth)
