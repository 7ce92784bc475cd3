"""Builders of values with sensible defaults, so that a test names only what it is about."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitors.alerts.delivery import Alert
from monitors.alerts.rules import (
    Destination,
    Direction,
    Level,
    Rule,
    Selector,
    Severity,
    Timing,
    default_clear,
)
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Window
from monitors.market import (
    FundingRate,
    Instrument,
    Margin,
    Observation,
    OpenInterest,
    RateKind,
    VenueHealth,
)
from monitors.metrics.board import Board
from monitors.metrics.intervals import IntervalChange
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import (
    Cascade,
    Coverage,
    Crowding,
    Flush,
    HeardBefore,
    Key,
    Spike,
    Stress,
    Totals,
    VenueFlow,
)
from monitors.metrics.reading import ALL_VENUES, Cut, Evidence, Leg, Series
from monitors.metrics.view import View

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""The present of the tests."""

HOME = Destination(platform="console", chat="console")

STALE = timedelta(minutes=3)
"""How old an observation of the tests may be."""


def an_instrument(
    venue: str = "binanceusdm",
    base: str = "BTC",
    *,
    margin: Margin = Margin.LINEAR,
    symbol: str = "",
    multiplier: float = 1.0,
    contract_size: float = 1.0,
) -> Instrument:
    """Build a perpetual quoted in USDT, or in USD and settled in its base when inverse."""
    quote, settle = ("USDT", "USDT") if margin is Margin.LINEAR else ("USD", base)
    prefix = f"{multiplier:.0f}" if multiplier != 1 else ""
    return Instrument(
        venue=venue,
        symbol=symbol or f"{prefix}{base}/{quote}:{settle}",
        base=base,
        quote=quote,
        settle=settle,
        margin=margin,
        contract_size=contract_size,
        multiplier=multiplier,
    )


def a_foreign_instrument(
    symbol: str = "ETH/BTC:BTC",
    venue: str = "binanceusdm",
    *,
    margin: Margin = Margin.LINEAR,
    contract_size: float = 1.0,
) -> Instrument:
    """Build a perpetual that counts no dollars, of the coins that its unified symbol names."""
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    plain = an_instrument(venue, base, margin=margin, symbol=symbol, contract_size=contract_size)
    return replace(plain, quote=quote, settle=settle)


def a_rate(
    rate: float = 0.0001,
    *,
    instrument: Instrument | None = None,
    hours: float | None = 8,
    kind: RateKind = RateKind.PREDICTED,
    funding_at: datetime | None = NOON + timedelta(hours=4),
    observed_at: datetime = NOON,
    mark_price: float | None = 60_000.0,
    index_price: float | None = None,
) -> FundingRate:
    """Build a rate as a fraction per interval of so many hours; None is an unknown interval."""
    return FundingRate(
        instrument=instrument or an_instrument(),
        rate=rate,
        interval=None if hours is None else timedelta(hours=hours),
        kind=kind,
        funding_at=funding_at,
        observed_at=observed_at,
        mark_price=mark_price,
        index_price=index_price,
    )


def an_observation(
    venue: str = "binanceusdm",
    base: str = "BTC",
    rate: float = 0.0001,
    *,
    hours: float | None = 8,
    usd: float | None = 100e6,
    margin: Margin = Margin.LINEAR,
    multiplier: float = 1.0,
    funding_at: datetime | None = NOON + timedelta(hours=4),
    observed_at: datetime = NOON,
    mark_price: float | None = 60_000.0,
    index_price: float | None = None,
) -> Observation:
    """Build what a venue said; `usd` is the one-sided open interest, None when the venue gives none."""
    return Observation(
        funding=a_rate(
            rate,
            instrument=an_instrument(venue, base, margin=margin, multiplier=multiplier),
            hours=hours,
            funding_at=funding_at,
            observed_at=observed_at,
            mark_price=mark_price,
            index_price=index_price,
        ),
        open_interest=None if usd is None else OpenInterest(contracts=None, usd=usd),
    )


def a_level(
    fire_at: float = 0.0006 / 8,
    direction: Direction = Direction.ABOVE,
    *,
    clear_at: float | None = None,
    typed: str = "0.06%/8h",
) -> Level:
    """Build a level per hour; it clears at 80 % of itself unless told otherwise."""
    clear = default_clear(direction, fire_at) if clear_at is None else clear_at
    return Level(direction=direction, fire_at=fire_at, clear_at=clear, typed=typed)


def a_rule(
    rule_id: int = 7,
    *,
    metric: str = "funding",
    base: str | None = "BTC",
    venue: str | None = None,
    margin: Margin = Margin.LINEAR,
    side: PositionSide | None = None,
    window: Window | None = None,
    level: Level | None = None,
    timing: Timing | None = None,
    severity: Severity = Severity.WARNING,
    destination: Destination = HOME,
    paused: bool = False,
    once: bool = False,
    until: datetime | None = None,
    preset: str = "",
) -> Rule:
    """Build a rule; `interval_change` has no level, everything else has one above unless told otherwise."""
    return Rule(
        id=rule_id,
        destination=destination,
        metric=metric,
        selector=Selector(base=base, venue=venue, margin=margin, side=side, window=window),
        level=None if metric == "interval_change" else level or a_level(),
        timing=timing or Timing(),
        severity=severity,
        paused=paused,
        once=once,
        until=until,
        preset=preset,
    )


def a_series(
    metric: str = "funding",
    base: str = "BTC",
    *,
    venue: str = "bybit",
    symbol: str = "BTC/USDT:USDT",
    margin: Margin = Margin.LINEAR,
) -> Series:
    """Build a line of readings."""
    return Series(metric=metric, base=base, margin=margin, venue=venue, symbol=symbol)


def a_leg(observation: Observation) -> Leg:
    """Build a reading's part from an observation."""
    return Leg(funding=observation.funding, open_interest=observation.open_interest)


def an_alert(
    reason: Reason = Reason.FIRST,
    *,
    rule: Rule | None = None,
    series: Series | None = None,
    value: float = 0.00016,
    at: datetime = NOON,
    since: datetime = NOON - timedelta(minutes=2),
    peak: float | None = None,
    evidence: Evidence | None = None,
) -> Alert:
    """Build an alert about BTC on bybit, whose only leg pays the alert's value."""
    leg = a_leg(an_observation("bybit", "BTC", value * 8, usd=1.2e9, observed_at=at))
    return Alert(
        reason=reason,
        rule=rule or a_rule(venue="bybit"),
        series=series or a_series(),
        value=value,
        at=at,
        since=since,
        peak=value if peak is None else peak,
        evidence=evidence or Evidence(legs=(leg,)),
    )


def a_health(
    venue: str = "binanceusdm",
    *,
    answered_at: datetime | None = NOON,
    observed_at: datetime | None = None,
    instruments: int = 1,
    dropped: int = 0,
    quarantined: int = 0,
    failing_since: datetime | None = None,
    reason: str = "",
    blocked: bool = False,
) -> VenueHealth:
    """Build what is known of a venue's answers."""
    return VenueHealth(
        venue=venue,
        answered_at=answered_at,
        observed_at=observed_at or answered_at,
        instruments=instruments,
        dropped=dropped,
        quarantined=quarantined,
        failing_since=failing_since,
        failures=0 if failing_since is None else 1,
        reason=reason,
        blocked=blocked,
    )


def a_liquidation(
    side: PositionSide = PositionSide.LONG,
    *,
    instrument: Instrument | None = None,
    quantity: float = 40.0,
    price: float = 60_000.0,
    at: datetime = NOON,
) -> Liquidation:
    """Build a forced close of BTC that was received as it happened."""
    at_ms = int(at.timestamp() * 1000)
    return Liquidation(instrument or an_instrument("bybit"), side, quantity, price, at_ms, at_ms)


def a_flow(
    venue: str = "bybit",
    long_usd: float = 8.1e6,
    short_usd: float = 1.2e6,
    count: int = 321,
    *,
    grade: FeedGrade = FeedGrade.COMPLETE,
    saturated: bool = False,
) -> VenueFlow:
    """Build one venue's part of a total."""
    totals = Totals(long_usd=long_usd, short_usd=short_usd, count=count)
    return VenueFlow(venue=venue, grade=grade, totals=totals, saturated=saturated)


def a_coverage(
    *heard: str,
    throttled: tuple[str, ...] = (),
    partial: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
    silent: tuple[str, ...] = (),
) -> Coverage:
    """Build what was heard of a window: bybit throughout unless told otherwise."""
    return Coverage(
        heard=heard or ("bybit",), throttled=throttled, partial=partial, missing=missing, silent=silent
    )


def a_spike(
    usd: float = 9.3e6,
    *,
    z: float | None = 4.8,
    ratio: float | None = 24.0,
    samples: int = 84,
    severity: int = 0,
    is_spike: bool = True,
) -> Spike:
    """Build a comparison with the usual; with z and ratio None there is no baseline yet."""
    return Spike(usd=usd, z=z, ratio=ratio, samples=samples, needed=40, severity=severity, is_spike=is_spike)


def a_cascade(
    base: str = "BTC",
    *,
    side: PositionSide = PositionSide.LONG,
    opened_at: datetime = NOON - timedelta(minutes=3),
    lasted: timedelta = timedelta(minutes=3),
    closed_at: datetime | None = None,
    totals: Totals | None = None,
    price_before: float | None = 60_000.0,
    price_now: float | None = 58_800.0,
    bases: tuple[str, ...] = (),
    stress: Stress | None = None,
    is_floor: bool = False,
    prices_after: tuple[tuple[int, float], ...] = (),
) -> Cascade:
    """Build a cascade that runs; its largest minute is the second and took 3 million."""
    return Cascade(
        base=base,
        side=side,
        opened_at=opened_at,
        updated_at=opened_at + lasted,
        closed_at=closed_at,
        totals=totals or Totals(long_usd=8.1e6, short_usd=0.2e6, count=120),
        peak_minute=opened_at + timedelta(minutes=1),
        peak_minute_usd=3e6,
        price_before=price_before,
        price_now=price_now,
        bases=bases,
        stress=stress,
        is_floor=is_floor,
        prices_after=prices_after,
    )


def a_flush(
    *venues: VenueFlow,
    window: Window | None = Window.H1,
    totals: Totals | None = None,
    coverage: Coverage | None = None,
    severity: int = 0,
    largest: Liquidation | None = None,
    spike: Spike | None = None,
    open_interest_usd: float | None = None,
    crowding: Crowding | None = None,
    cascade: Cascade | None = None,
) -> Flush:
    """Build what an alert about liquidations rests on; its totals are those of its venues, at first bybit's."""
    flows = venues or (a_flow(),)
    summed = Totals(
        sum(flow.totals.long_usd for flow in flows),
        sum(flow.totals.short_usd for flow in flows),
        sum(flow.totals.count for flow in flows),
    )
    return Flush(
        window=window,
        totals=totals or (cascade.totals if cascade else summed),
        venues=flows,
        coverage=coverage or a_coverage(*(flow.venue for flow in flows)),
        severity=severity,
        largest=largest,
        spike=spike,
        open_interest_usd=open_interest_usd,
        crowding=crowding,
        cascade=cascade,
    )


def a_flush_alert(
    metric: str,
    value: float,
    flush: Flush | None,
    reason: Reason = Reason.FIRST,
    *,
    base: str = "BTC",
    venue: str = ALL_VENUES,
    symbol: str = "",
    side: PositionSide | None = None,
    window: Window | None = Window.H1,
    level: Level | None = None,
    since: datetime = NOON - timedelta(minutes=2),
    peak: float | None = None,
) -> Alert:
    """Build an alert about liquidations; more may have happened than was counted if its coverage says so."""
    coverage = None if flush is None else flush.coverage
    return Alert(
        reason=reason,
        rule=a_rule(metric=metric, level=level or a_level(value / 2, typed="half of it")),
        series=Series(metric, base, Margin.LINEAR, venue, symbol, side, window),
        value=value,
        at=NOON,
        since=since,
        peak=value if peak is None else peak,
        evidence=Evidence(legs=(), flush=flush, is_floor=coverage is not None and coverage.is_floor),
    )


def a_liquidation_board(
    before: HeardBefore | None = None,
    *,
    feeds: Sequence[str] = ("bybit",),
    without_feed: Sequence[str] = (),
    now: datetime = NOON,
) -> LiquidationBoard:
    """Build a board that has heard only what it is told of."""
    return LiquidationBoard(
        before or HeardBefore(), feeds=feeds, without_feed=without_feed, stale_after=STALE, now=now
    )


def a_view(
    *observations: Observation,
    board: Board | None = None,
    liquidations: LiquidationBoard | None = None,
    now: datetime = NOON,
    cuts: Collection[Cut] = (),
    changes: tuple[IntervalChange, ...] = (),
    prints: tuple[Liquidation, ...] = (),
    keys: Collection[Key] = (),
    cascades: tuple[Cascade, ...] = (),
) -> View:
    """Build a view after a poll; `cuts` are what rules are about, whatever the metric."""
    return View(
        board=board or Board(observations, stale_after=STALE),
        liquidations=liquidations or a_liquidation_board(),
        now=now,
        cuts=lambda _: cuts,
        observations=observations,
        interval_changes=changes,
        prints=prints,
        keys=keys,
        cascades=cascades,
    )
