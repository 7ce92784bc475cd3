"""A flush that never was, as large as a rule's level asks: what a test of a rule about liquidations shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Window
from monitors.market import Instrument, Margin
from monitors.metrics.board import Board
from monitors.metrics.liquidations.baseline import NEEDED, SPIKE_WINDOWS
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
)
from monitors.metrics.liquidations.severity import LADDER, scale_of, severity
from monitors.metrics.liquidations.values import (
    MARKET,
    Cascade,
    Coverage,
    Flush,
    Spike,
    Stress,
    Totals,
    VenueFlow,
)
from monitors.metrics.reading import ALL_VENUES, Evidence, Series

_BEYOND = 1.25
"""How far beyond the level it goes."""
_PARTS = (0.6, 0.3, 0.1)
"""What the first venues add to it."""
_ONE_SIDE = 0.8
_PRICE, _INTEREST = 100.0, 1e9
"""Of a coin of which nothing is known."""
_MOVE = 0.03
_USUAL_RATIO = 24.0
_PRINTS = 137
_STRESS = Stress(liquidations=1.0, open_interest=0.6, premium=0.5, score=0.75, confirmations=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Where a made-up flush plays."""

    rule: Rule
    at: float
    """The rule's level."""
    base: str
    side: PositionSide
    feeds: tuple[tuple[str, FeedGrade], ...]
    """At least one, the largest first; not all of them need to have told something."""
    silent: tuple[str, ...] = ()
    """Venues that publish nothing, which a figure of all venues lacks."""
    instrument: Instrument
    """On the first of the venues."""
    price: float
    """Of one coin."""
    interest: float
    market: tuple[str, ...]
    """Bases that a cascade of the market would span."""
    now: datetime

    @property
    def window(self) -> Window:
        return self.rule.selector.window or Window.H1

    @property
    def coverage(self) -> Coverage:
        return Coverage(
            heard=tuple(venue for venue, _ in self.feeds),
            throttled=tuple(venue for venue, grade in self.feeds if grade is FeedGrade.THROTTLED),
            silent=self.silent,
        )


def made_up(
    rule: Rule, board: Board, feeds: Sequence[tuple[str, FeedGrade]], silent: tuple[str, ...], now: datetime
) -> Alert:
    """Return an alert of a rule with a level about liquidations, as if it rang now.

    `feeds` are the venues that can be heard, at least one, `silent` those that publish nothing.

    Raises:
        ValueError: the rule has no level.
    """
    if rule.level is None:
        raise ValueError(f"expected a rule with a level, found rule {rule.id} of {rule.metric}")
    scene = _scene(rule, rule.level.fire_at, board, feeds, now)
    if rule.selector.venue is None:
        scene = replace(scene, silent=silent)
    value, flush = _flush(scene)
    is_single = rule.metric == SINGLE_LIQUIDATION
    venue = scene.feeds[0][0] if is_single else rule.selector.venue or ALL_VENUES
    return Alert(
        reason=Reason.EVENT if is_single else Reason.FIRST,
        rule=rule,
        series=Series(
            metric=rule.metric,
            base=scene.base,
            margin=Margin.LINEAR,
            venue=venue,
            symbol=scene.instrument.symbol if is_single else "",
            side=rule.selector.side,
            window=rule.selector.window,
        ),
        value=value,
        at=now,
        since=now - rule.timing.pending_for,
        peak=value,
        evidence=Evidence(legs=(), is_floor=scene.coverage.is_floor, flush=flush),
    )


def _scene(
    rule: Rule, at: float, board: Board, feeds: Sequence[tuple[str, FeedGrade]], now: datetime
) -> _Scene:
    known = board.bases()[: len(_PARTS)] or ("BTC", "ETH", "SOL")
    base = rule.selector.base or known[0]
    coin = known[0] if base == MARKET else base
    heard = tuple(feed for feed in feeds if rule.selector.venue in {None, feed[0]})
    group = board.group(coin)
    listed = {one.funding.instrument.venue: one.funding.instrument for one in group}
    prices = [
        one.funding.mark_price / one.funding.instrument.multiplier for one in group if one.funding.mark_price
    ]
    interests = [one.open_interest.usd for one in group if one.open_interest is not None]
    return _Scene(
        rule=rule,
        at=at,
        base=base,
        side=rule.selector.side or PositionSide.LONG,
        feeds=heard,
        instrument=listed.get(heard[0][0]) or _instrument(heard[0][0], coin),
        price=prices[0] if prices else _PRICE,
        interest=sum(interests) or _INTEREST,
        market=known,
        now=now,
    )


def _instrument(venue: str, base: str) -> Instrument:
    return Instrument(
        venue=venue,
        symbol=f"{base}/USDT:USDT",
        base=base,
        quote="USDT",
        settle="USDT",
        margin=Margin.LINEAR,
        contract_size=1.0,
        multiplier=1.0,
    )


def _flush(scene: _Scene) -> tuple[float, Flush]:
    """Return the reading and what it rests on: both say the same."""
    name, beyond = scene.rule.metric, _BEYOND * scene.at
    if name in {SINGLE_LIQUIDATION, CASCADE}:
        return beyond, _told(scene, beyond, 1.0)
    if name == DOMINANCE:
        share = (1 + scene.at) / 2
        return share, _told(scene, _grave(scene), share)
    if name == LIQUIDATION_SPIKE:
        return beyond, _told(scene, _grave(scene), _ONE_SIDE, z=beyond)
    usd = beyond
    if name == LIQUIDATIONS_TO_OI:
        beyond = min(beyond, 1.0)
        usd = beyond * scene.interest
    counted = usd if scene.rule.selector.side is None else usd / _ONE_SIDE
    return beyond, _told(scene, counted, _ONE_SIDE)


def _grave(scene: _Scene) -> float:
    """Return a total that is large for the base in the window."""
    return 2 * scale_of(scene.base) * LADDER[scene.window][1]


def _told(scene: _Scene, usd: float, share: float, z: float = 6.2) -> Flush:
    is_single, is_cascade = (scene.rule.metric == name for name in (SINGLE_LIQUIDATION, CASCADE))
    totals = _totals(scene.side, usd, share, 1 if is_single else _PRINTS)
    of_market = scene.base == MARKET
    over_all = scene.rule.selector.venue is None and not is_single
    spike = _spike(scene, usd, z) if over_all and (is_cascade or scene.window in SPIKE_WINDOWS) else None
    return Flush(
        window=None if is_single or is_cascade else scene.window,
        totals=totals,
        venues=_flows(scene, totals, 1 if is_single else len(_PARTS)),
        coverage=scene.coverage,
        severity=_severity(scene, totals),
        largest=_largest(scene, usd if is_single else usd / 10),
        spike=spike,
        open_interest_usd=None if of_market else scene.interest,
        cascade=_cascade(scene, totals) if is_cascade else None,
    )


def _totals(side: PositionSide, usd: float, share: float, count: int) -> Totals:
    mine, other = share * usd, (1 - share) * usd
    return Totals(mine, other, count) if side is PositionSide.LONG else Totals(other, mine, count)


def _flows(scene: _Scene, totals: Totals, venues: int) -> tuple[VenueFlow, ...]:
    shown = scene.feeds[:venues]
    parts = [part / sum(_PARTS[: len(shown)]) for part in _PARTS[: len(shown)]]
    return tuple(
        VenueFlow(
            venue=venue,
            grade=grade,
            totals=Totals(
                part * totals.long_usd, part * totals.short_usd, max(1, round(part * totals.count))
            ),
        )
        for (venue, grade), part in zip(shown, parts, strict=True)
    )


def _severity(scene: _Scene, totals: Totals) -> int:
    """Return how grave the total is; of a cascade, which its base's last hour is judged by, at least notable."""
    if scene.rule.metric == SINGLE_LIQUIDATION:
        return 0
    known = severity(totals.of(scene.side), scene.window, scene.base)
    return max(1, known) if scene.rule.metric == CASCADE else known


def _spike(scene: _Scene, usd: float, z: float) -> Spike:
    return Spike(
        usd=usd,
        z=z,
        ratio=_USUAL_RATIO,
        samples=2 * NEEDED,
        needed=NEEDED,
        severity=severity(usd, scene.window, scene.base),
        is_spike=True,
    )


def _largest(scene: _Scene, usd: float) -> Liquidation:
    at_ms = int(scene.now.timestamp() * 1000)
    price = scene.price * scene.instrument.multiplier
    return Liquidation(scene.instrument, scene.side, usd / price, price, at_ms, at_ms)


def _cascade(scene: _Scene, totals: Totals) -> Cascade:
    opened_at = scene.now - timedelta(minutes=2)
    of_market = scene.base == MARKET
    fell = scene.side is PositionSide.LONG
    return Cascade(
        base=scene.base,
        side=scene.side,
        opened_at=opened_at,
        updated_at=scene.now,
        closed_at=None,
        totals=totals,
        peak_minute=opened_at.replace(second=0, microsecond=0) + timedelta(minutes=1),
        peak_minute_usd=_PARTS[0] * totals.usd,
        price_before=None if of_market else scene.price,
        price_now=None if of_market else scene.price * (1 - _MOVE if fell else 1 + _MOVE),
        venues=tuple((flow.venue, flow.totals) for flow in _flows(scene, totals, len(_PARTS))),
        bases=scene.market if of_market else (),
        stress=_STRESS,
        is_floor=scene.coverage.is_floor,
    )
