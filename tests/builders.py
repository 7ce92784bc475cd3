"""Builders of values with sensible defaults, so that a test names only what it is about."""

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
from monitors.market import (
    FundingRate,
    Instrument,
    Margin,
    Observation,
    OpenInterest,
    RateKind,
    VenueHealth,
)
from monitors.metrics.reading import Evidence, Leg, Series

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""The present of the tests."""

HOME = Destination(platform="console", chat="console")


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
        selector=Selector(base=base, venue=venue, margin=margin),
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
