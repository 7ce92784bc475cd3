"""Alerts about forced closes: one of each metric for each reason, and of any content."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, PositionSide, Window
from monitors.metrics.liquidations.score import WEIGHTS
from monitors.metrics.liquidations.values import (
    MARKET,
    Cascade,
    Coverage,
    Crowding,
    Flush,
    Stress,
    Totals,
    VenueFlow,
)
from monitors.metrics.reading import ALL_VENUES
from monitors.metrics.registry import METRICS, Source
from tests.builders import (
    NOON,
    a_cascade,
    a_coverage,
    a_flow,
    a_flush,
    a_flush_alert,
    a_level,
    a_liquidation,
    a_spike,
)

MINUTE = timedelta(minutes=1)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
FLUSH_METRICS = tuple(one.name for one in METRICS if one.source is Source.LIQUIDATIONS)
HOLES = a_coverage(
    "binanceusdm",
    "bybit",
    throttled=("binanceusdm",),
    partial=("gate",),
    missing=("htx",),
    silent=("hyperliquid", "kucoinfutures"),
)
STRAINED = Stress(
    liquidations=0.9,
    open_interest=0.4,
    premium=0.6,
    spread=0.2,
    score=(0.35 * 0.9 + 0.2 * 0.4 + 0.15 * 0.6 + 0.15 * 0.2) / (sum(WEIGHTS.values()) - WEIGHTS["depth"]),
    confirmations=2,
)
FULL = a_flush(
    a_flow("binanceusdm", 7.4e6, 1.1e6, 1234, grade=FeedGrade.THROTTLED, saturated=True),
    a_flow("bybit", 3.1e6, 0.4e6, 321),
    a_flow("gate", 0.1e6, 0.03e6, 8),
    coverage=HOLES,
    severity=2,
    largest=a_liquidation(),
    spike=a_spike(12.13e6),
    open_interest_usd=4e9,
    crowding=Crowding(side=LONG, hourly=0.0006 / 8, at=NOON - 180 * MINUTE),
)
"""Three venues, of which everything is known that can be, with every kind of hole."""

_VALUES = {
    "liquidations": 10.6e6,
    "liquidation_spike": 4.8,
    "dominance": 10.6 / 12.13,
    "liquidations_to_oi": 12.13e6 / 4e9,
}


def a_told_flush(metric: str, reason: Reason) -> Alert:
    """Build an alert as rich as it can be."""
    if metric == "cascade":
        return a_told_cascade(reason)
    if metric == "single_liquidation":
        return a_print_alert(reason)
    side = LONG if metric == "liquidations" else None
    window = Window.M5 if metric == "liquidation_spike" else Window.H1
    value = _VALUES[metric]
    return a_flush_alert(metric, value, FULL, reason, side=side, window=window, peak=1.25 * value)


def a_print_alert(reason: Reason = Reason.EVENT) -> Alert:
    """Build an alert about one forced close of 2.4 million."""
    only = a_flow("bybit", 2.4e6, 0.0, 1)
    flush = replace(FULL, window=None, venues=(only,), totals=only.totals, spike=None, severity=0)
    return a_flush_alert(
        "single_liquidation", 2.4e6, flush, reason, venue="bybit", symbol="BTC/USDT:USDT", window=None
    )


def a_told_cascade(
    reason: Reason = Reason.FIRST, *, base: str = "ETH", cascade: Cascade | None = None
) -> Alert:
    """Build an alert about a cascade; once it is over its value is nothing, and its total what it came to."""
    is_over = reason in {Reason.RESOLVED, Reason.AFTERMATH}
    known = cascade or a_cascade(base, is_floor=True, stress=STRAINED, closed_at=NOON if is_over else None)
    flush = replace(FULL, window=None, totals=known.totals, cascade=known)
    if reason is Reason.AFTERMATH:
        known = replace(known, prices_after=((5, 58_500.0), (15, 59_270.4)))
        flush = Flush.of_cascade(known)
    value = 0.0 if reason is Reason.RESOLVED else known.totals.usd
    return a_flush_alert(
        "cascade", value, flush, reason, base=base, window=None, peak=known.totals.usd, level=a_level(2e6)
    )


def reasons_of(metric: str) -> tuple[Reason, ...]:
    """Return why an alert of a metric can be told."""
    if metric == "single_liquidation":
        return (Reason.EVENT,)
    after = (Reason.AFTERMATH,) if metric == "cascade" else ()
    lasting = (
        Reason.FIRST,
        Reason.ESCALATED,
        Reason.GREW,
        Reason.REPEAT,
        Reason.RESOLVED,
        Reason.UNWATCHED,
    )
    return (*lasting, *after)


EVERY_KIND = {
    f"{metric} {reason}": a_told_flush(metric, reason)
    for metric in FLUSH_METRICS
    for reason in reasons_of(metric)
}

_USD = st.floats(0, 5e9).map(lambda usd: round(usd, 2))
_VENUES = ("binanceusdm", "binancecoinm", "bybit", "okx", "gate", "htx", "bitget", "krakenfutures", "aster")
_BASES = ("BTC", "ETH", "1000CHEEMS", MARKET)


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    part = dict(zip(_VENUES, draw(st.lists(st.integers(0, 3), min_size=9, max_size=9)), strict=True))
    silent = draw(st.sampled_from([(), ("hyperliquid", "kucoinfutures", "mexc", "bingx", "phemex", "woo")]))
    return Coverage(
        heard=tuple(venue for venue, kind in part.items() if kind <= 1),
        throttled=tuple(venue for venue, kind in part.items() if kind == 1),
        partial=tuple(venue for venue, kind in part.items() if kind == 2),
        missing=tuple(venue for venue, kind in part.items() if kind == 3),
        silent=silent,
    )


_TOTALS = st.builds(Totals, _USD, _USD, st.integers(0, 100_000))
_FLOWS = st.lists(st.sampled_from(_VENUES), unique=True).flatmap(
    lambda venues: st.tuples(
        *(
            st.builds(
                VenueFlow,
                venue=st.just(venue),
                grade=st.sampled_from(FeedGrade),
                totals=_TOTALS,
                saturated=st.booleans(),
            )
            for venue in venues
        )
    )
)
_SPIKES = (
    st.none()
    | st.builds(
        a_spike, _USD, z=st.floats(-5, 50), ratio=st.just(0.0) | st.floats(1e-9, 1e4), is_spike=st.booleans()
    )
    | st.builds(
        a_spike, _USD, z=st.none(), ratio=st.none(), samples=st.integers(0, 39), severity=st.integers(2, 5)
    )
)
_PRICES = st.none() | st.floats(1e-9, 1e6)
_CASCADES = st.builds(
    a_cascade,
    side=st.sampled_from(PositionSide),
    lasted=st.timedeltas(timedelta(0), timedelta(days=2)),
    totals=_TOTALS,
    price_before=_PRICES,
    price_now=_PRICES,
    bases=st.sampled_from([(), ("BTC", "ETH", "SOL"), tuple(f"C{n}" for n in range(60))]),
    stress=st.sampled_from([None, STRAINED]),
    is_floor=st.booleans(),
    prices_after=st.lists(st.tuples(st.sampled_from([5, 15, 60]), st.floats(1e-9, 1e6)), max_size=3).map(
        tuple
    ),
)


@st.composite
def flush_alerts(draw: st.DrawFn) -> Alert:
    """Draw an alert about forced closes of any content that can be."""
    metric = draw(st.sampled_from(FLUSH_METRICS))
    flush = a_flush(
        *draw(_FLOWS),
        totals=draw(_TOTALS),
        coverage=draw(coverages()),
        severity=draw(st.integers(0, 5)),
        largest=draw(st.none() | st.builds(a_liquidation, st.sampled_from(PositionSide))),
        spike=draw(_SPIKES),
        open_interest_usd=draw(st.none() | _USD),
        crowding=draw(st.sampled_from([None, FULL.crowding])),
        cascade=draw(_CASCADES) if metric == "cascade" else None,
    )
    unit = 1.0 if metric in {"dominance", "liquidations_to_oi"} else 100.0
    value = draw(st.floats(0, unit)) if metric in _VALUES and metric != "liquidations" else draw(_USD)
    return a_flush_alert(
        metric,
        value,
        draw(st.sampled_from([flush, flush, flush, None])),
        draw(st.sampled_from(reasons_of(metric))),
        base=draw(st.sampled_from(_BASES)),
        venue=draw(st.sampled_from([ALL_VENUES, "bybit"])),
        side=draw(st.sampled_from([None, *PositionSide])),
        window=None if metric in {"cascade", "single_liquidation"} else draw(st.sampled_from(Window)),
    )
