"""Readings of liquidations: totals, spikes, single prints, dominance, share of open interest, cascades. Pure."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from monitors.liquidation import Liquidation, PositionSide, Window
from monitors.market import Margin
from monitors.metrics.board import Board
from monitors.metrics.liquidations.baseline import SPIKE_WINDOWS, SPIKE_Z, minimum_usd
from monitors.metrics.liquidations.dominance import is_telling
from monitors.metrics.liquidations.packing import packed_of, totals_of
from monitors.metrics.liquidations.severity import severity, share_of_open_interest
from monitors.metrics.liquidations.values import (
    MARKET,
    Cascade,
    Coverage,
    Crowding,
    Flush,
    Key,
    Spike,
    Totals,
    VenueFlow,
)
from monitors.metrics.reading import ALL_VENUES, Cut, Evidence, LeftOut, Reading, Series
from monitors.metrics.view import View

LIQUIDATIONS = "liquidations"
LIQUIDATION_SPIKE = "liquidation_spike"
SINGLE_LIQUIDATION = "single_liquidation"
DOMINANCE = "dominance"
LIQUIDATIONS_TO_OI = "liquidations_to_oi"
CASCADE = "cascade"


_STAND_INS = {2: SPIKE_Z, 3: 5.0, 4: 8.0, 5: 12.0}
"""What a severity counts as while there is no baseline, so that a spike can still grow; of our own choosing."""


def read_totals(view: View) -> Iterator[Reading]:
    """Yield what was liquidated, for every base, venue and the market whose total changed."""
    for cut in view.cuts(LIQUIDATIONS):
        for key, totals, coverage in _totals(view, LIQUIDATIONS, cut):
            yield Reading(_series(LIQUIDATIONS, key, cut), totals.of(cut.side), view.now, coverage.is_blind)


def read_dominance(view: View) -> Iterator[Reading]:
    """Yield the share of one side, or of the larger; 0 while too little was liquidated for any to prevail.

    Nothing while too much is unheard: what is missing could turn a share either way.
    """
    for cut in view.cuts(DOMINANCE):
        for key, totals, coverage in _totals(view, DOMINANCE, cut):
            if not coverage.is_blind:
                yield Reading(_series(DOMINANCE, key, cut), dominant(totals, cut.side), view.now)


def read_shares(view: View) -> Iterator[Reading]:
    """Yield what was liquidated of each base as a share of its known open interest; nothing where none is known."""
    for cut in view.cuts(LIQUIDATIONS_TO_OI):
        for key, totals, coverage in _totals(view, LIQUIDATIONS_TO_OI, cut):
            interest = None if key.venue else open_interest(view.board, key.base)
            share = share_of_open_interest(totals.of(cut.side), interest)
            if share is not None:
                yield Reading(_series(LIQUIDATIONS_TO_OI, key, cut), share, view.now, coverage.is_blind)


def read_spikes(view: View) -> Iterator[Reading]:
    """Yield how far each base, and the market, is above its normal."""
    for cut in view.cuts(LIQUIDATION_SPIKE):
        for key, totals, coverage in _totals(view, LIQUIDATION_SPIKE, cut):
            if cut.window is not None and not key.venue:
                least = minimum_usd(cut.window, key.base or MARKET)
                is_large = totals.usd >= least  # a normal is only asked for where it matters
                spike = view.liquidations.tape.spike(key, cut.window, view.now) if is_large else None
                value = 0.0 if spike is None else strength(spike)
                yield Reading(_series(LIQUIDATION_SPIKE, key, cut), value, view.now, coverage.is_blind)


def read_prints(view: View) -> Iterator[Reading]:
    """Yield the size of every instrument's largest new print that is not too old to be news."""
    for cut in view.cuts(SINGLE_LIQUIDATION):
        for series, print_ in _largest_prints(view, cut):
            yield Reading(series, print_.usd, view.now, is_event=True)


def read_cascades(view: View) -> Iterator[Reading]:
    """Yield what each cascade has taken so far, and 0 once it is over; the market's first, since it hides others."""
    for cascade in sorted(view.cascades, key=lambda one: one.base != MARKET):
        for cut in view.cuts(CASCADE):
            if cut.side in {None, cascade.side}:
                value = cascade.totals.usd if cascade.closed_at is None else 0.0
                yield Reading(_series(CASCADE, Key(base=cascade.base), cut), value, view.now)


def over(view: View, active: Iterable[Series]) -> Iterator[Reading]:
    """Yield 0 for every cascade that some rule still takes for running: it closed while it was hidden, or long ago."""
    running = {cascade.base: cascade.side for cascade in view.cascades}
    for series in active:
        side = running.get(series.base)
        if series.metric == CASCADE and (side is None or series.side not in {None, side}):
            yield Reading(series, 0.0, view.now)


def key_of(series: Series) -> Key:
    """Return whose total a series is about."""
    return Key(
        base="" if series.base == MARKET else series.base,
        venue="" if series.venue == ALL_VENUES else series.venue,
    )


def explain_total(view: View, series: Series) -> Evidence:
    """Return what was counted in the series' window, venue by venue."""
    window = series.window or Window.H1
    key = key_of(series)
    tape = view.liquidations.tape
    coverage = tape.coverage(window, view.now, key.venue)
    of_base = not key.venue and series.base != MARKET
    flush = Flush(
        window=window,
        totals=tape.totals(key, window),
        venues=tape.flows(key, window),
        coverage=coverage,
        severity=severity(tape.totals(key, window).of(series.side), window, series.base),
        largest=tape.largest(key, window),
        spike=tape.spike(key, window, view.now) if window in SPIKE_WINDOWS and not key.venue else None,
        open_interest_usd=open_interest(view.board, series.base) if of_base else None,
        crowding=_crowding(view, series) if of_base else None,
    )
    return _evidence(flush, coverage)


def explain_print(view: View, series: Series) -> Evidence:
    """Return the largest new print of the series, and how much of its base's hour was heard."""
    largest = view.largest_prints(series.side).get(Key(series.base, series.venue, series.symbol))
    if largest is None:
        return Evidence(legs=())
    alone = totals_of(packed_of(largest))
    tape = view.liquidations.tape
    coverage = tape.coverage(Window.H1, view.now)
    flush = Flush(
        window=None,
        totals=alone,
        venues=tuple(
            VenueFlow(venue=flow.venue, grade=flow.grade, totals=alone)
            for flow in tape.flows(Key(series.base, series.venue), Window.H1)
        ),
        coverage=coverage,
        severity=0,
        largest=largest,
        open_interest_usd=open_interest(view.board, series.base),
        crowding=view.liquidations.crowding(series.base, largest.side, view.now),
    )
    return _evidence(flush, coverage)


def explain_cascade(view: View, series: Series) -> Evidence:
    """Return the cascade, running or just closed, with what its venues lost since it opened."""
    cascade = view.liquidations.cascade(series.base)
    if cascade is None:
        return Evidence(legs=())
    tape = view.liquidations.tape
    window, key = _spanning(cascade, view.now), key_of(series)
    largest = tape.largest(key, window)
    coverage = tape.coverage_since(cascade.opened_at, view.now)
    full = {flow.venue for flow in tape.flows(key, window) if flow.saturated}
    flush = Flush(
        window=None,
        totals=cascade.totals,
        venues=tuple(
            VenueFlow(venue=venue, grade=tape.grade(venue), totals=totals, saturated=venue in full)
            for venue, totals in cascade.venues
        ),
        coverage=coverage,
        severity=severity(tape.totals(key, Window.H1).of(cascade.side), Window.H1, series.base),
        largest=largest if largest is not None and largest.at >= cascade.opened_at else None,
        spike=tape.spike(key, Window.M5, view.now, cascade.opened_at),
        open_interest_usd=open_interest(view.board, series.base),
        crowding=view.liquidations.crowding(series.base, cascade.side, view.now),
        cascade=cascade,
    )
    return _evidence(flush, coverage)


def dominant(totals: Totals, side: PositionSide | None) -> float:
    """Return the share of a side, or with None of the larger one; 0 while too little was liquidated."""
    if not is_telling(totals):
        return 0.0
    part = max(totals.long_usd, totals.short_usd) if side is None else totals.of(side)
    return part / totals.usd


def strength(spike: Spike) -> float:
    """Return the robust z of a total that is large enough to matter; what is no spike stays below its level.

    Without a baseline the absolute ladder stands in (`_STAND_INS`).
    """
    if not spike.is_spike:
        return min(spike.z or 0.0, 0.99 * SPIKE_Z)
    return _STAND_INS[spike.severity] if spike.z is None else max(spike.z, SPIKE_Z)


def open_interest(board: Board, base: str) -> float | None:
    """Return the known one-sided open interest of a base in US dollars, linear and inverse; None where unknown."""
    known = [
        o.open_interest.usd
        for margin in Margin
        for o in board.group(base, margin)
        if o.open_interest is not None
    ]
    return sum(known) if known else None


def _totals(view: View, metric: str, cut: Cut) -> Iterator[tuple[Key, Totals, Coverage]]:
    """Yield every total that changed and of which something was heard; an instrument's own concerns no rule."""
    if cut.window is None:
        return
    tape, asked = view.liquidations.tape, view.asked(metric, cut)
    coverages: dict[str, Coverage] = {}
    for key in view.keys:
        if key.symbol or not (asked is None or _is_asked(key, asked)):
            continue
        if key.venue not in coverages:
            coverages[key.venue] = tape.coverage(cut.window, view.now, key.venue)
        if not coverages[key.venue].is_dark:
            yield key, tape.totals(key, cut.window), coverages[key.venue]


def _largest_prints(view: View, cut: Cut) -> Iterator[tuple[Series, Liquidation]]:
    """Yield the largest of the new prints of each series that are news."""
    for key, print_ in view.largest_prints(cut.side).items():
        yield _series(SINGLE_LIQUIDATION, key, cut), print_


def _is_asked(key: Key, asked: Collection[tuple[str | None, str | None]]) -> bool:
    venue = key.venue or None
    return (key.base or MARKET, venue) in asked or (bool(key.base) and (None, venue) in asked)


def _series(metric: str, key: Key, cut: Cut) -> Series:
    base, venue = key.base or MARKET, key.venue or ALL_VENUES
    return Series(metric, base, Margin.LINEAR, venue, key.symbol, cut.side, cut.window)


def _spanning(cascade: Cascade, now: datetime) -> Window:
    """Return the smallest window up to now that holds a cascade from its first print on."""
    ago = now - cascade.opened_at + timedelta(seconds=1)  # a window ends with the running second
    return next((window for window in Window if window.length >= ago), Window.H24)


def _crowding(view: View, series: Series) -> Crowding | None:
    totals = view.liquidations.tape.totals(key_of(series), series.window or Window.H1)
    if series.side not in {None, totals.heavier}:
        return None
    return view.liquidations.crowding(series.base, totals.heavier, view.now)


def _evidence(flush: Flush, coverage: Coverage) -> Evidence:
    reasons = ((coverage.partial, "gap in its feed"), (coverage.missing, "not heard"))
    left_out = [LeftOut(venue=venue, why=why) for venues, why in reasons for venue in venues]
    left_out += [LeftOut(venue=venue, why="publishes no liquidations") for venue in coverage.silent]
    return Evidence(legs=(), left_out=tuple(left_out), is_floor=coverage.is_floor, flush=flush)
