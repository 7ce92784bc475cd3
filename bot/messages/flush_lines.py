"""The first line of an alert about forced closes: what, side, size."""

from collections.abc import Callable
from dataclasses import replace

from bot.messages import flush_words, numbers, wording
from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.liquidation import PositionSide
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
)


def first_line(alert: Alert) -> str:
    """Return the first line, such as `BTC: ≥ $12.4M of longs liquidated in 1h`."""
    if flush_words.is_dark(alert):
        alert = replace(alert, evidence=replace(alert.evidence, flush=None))
    tell = _aftermath if alert.reason is Reason.AFTERMATH else _LINES[alert.series.metric]
    return wording.MARKS[alert.reason] + tell(alert)


def _total(alert: Alert) -> str:
    series = alert.series
    who, span = flush_words.who(series), flush_words.within(series.window)
    if not alert.value:
        whose = "longs or shorts" if series.side is None else flush_words.sides(series.side)
        heard = ", as far as was heard" if flush_words.is_floor(alert) else ""
        return f"{who}: no {whose} liquidated{span}{heard}"
    amount = numbers.usd(alert.value, at_least=flush_words.is_floor(alert))
    if series.side is not None:
        return f"{who}: {amount} of {flush_words.sides(series.side)} liquidated{span}"
    return f"{who}: {amount} liquidated{span}{_lean(alert)}"


def _spike(alert: Alert) -> str:
    series, flush = alert.series, alert.evidence.flush
    who, span = flush_words.who(series), flush_words.within(series.window)
    spike = None if flush is None else flush.spike
    if flush is None or spike is None:
        return f"{who}: liquidations{span} at {numbers.score(alert.value)}"
    amount = numbers.usd(spike.usd, at_least=flush_words.is_floor(alert))
    if spike.ratio is None:
        return f"{who}: {amount} liquidated{span}{_lean(alert)}"
    multiple = numbers.times(spike.ratio, at_least=flush_words.is_short_of_its_feed(flush))
    return f"{who}: liquidations {multiple} their usual at this hour, {amount}{span}{_lean(alert)}"


def _print(alert: Alert) -> str:
    flush = alert.evidence.flush
    largest = None if flush is None else flush.largest
    if largest is None:
        return f"{flush_words.who(alert.series)}: {numbers.usd(alert.value)} liquidated in one print"
    owner = largest.instrument
    base = wording.coin(owner.base, owner.margin)
    return f"{base}: a {largest.side} of {numbers.usd(largest.usd)} liquidated on {owner.venue}"


def _dominance(alert: Alert) -> str:
    series, flush = alert.series, alert.evidence.flush
    who, span = flush_words.who(series), flush_words.within(series.window)
    if not alert.value:
        return f"{who}: too little liquidated{span} for either side to prevail"
    share = numbers.share(alert.value)
    if flush is None:
        whose = "one side" if series.side is None else flush_words.sides(series.side)
        return f"{who}: {share} of what was liquidated{span} was of {whose}"
    side = series.side or flush.totals.heavier
    total = numbers.usd(flush.totals.usd, at_least=flush_words.is_floor(alert))
    return f"{who}: {share} of the {total} liquidated{span} were {flush_words.sides(side)}"


def _share(alert: Alert) -> str:
    series = alert.series
    who, span = flush_words.who(series), flush_words.within(series.window)
    share = numbers.share(alert.value, at_least=flush_words.is_floor(alert))
    if series.side is not None:
        return f"{who}: {flush_words.sides(series.side)} of {share} of open interest liquidated{span}"
    return f"{who}: {share} of open interest liquidated{span}{_lean(alert)}"


def _cascade(alert: Alert) -> str:
    name, flush = flush_words.cascade_of(alert), alert.evidence.flush
    cascade = None if flush is None else flush.cascade
    amount = numbers.usd(flush_words.counted(alert), at_least=flush_words.is_floor(alert))
    if cascade is None:
        return f"{name}: {amount} liquidated" if alert.value else f"{name}: over"
    sides, lasted = flush_words.sides(cascade.side), numbers.duration(flush_words.lasted(cascade))
    line = f"{name}: {sides} liquidated, {amount} in {lasted}{_other_side(cascade.side, alert)}"
    return f"{line}: {flush_words.foremost(cascade.bases)}" if cascade.bases else line


def _aftermath(alert: Alert) -> str:
    name, flush = flush_words.cascade_of(alert), alert.evidence.flush
    cascade = None if flush is None else flush.cascade
    if cascade is None or not cascade.prices_after:
        return f"{name}: what the price did is not known"
    minutes, price = cascade.prices_after[-1]
    moves = [
        f"{numbers.move(price / before - 1)} {since}"
        for before, since in ((cascade.price_before, "from before"), (cascade.price_now, "since the close"))
        if before
    ]
    return f"{name}, {minutes}m after its close: price {', '.join(moves) or numbers.price(price)}"


def _lean(alert: Alert) -> str:
    flush = alert.evidence.flush
    return "" if flush is None else flush_words.lean(flush.totals)


def _other_side(side: PositionSide, alert: Alert) -> str:
    """Say how the whole divides, unless all of it is of the side that the line names."""
    flush = alert.evidence.flush
    if flush is None or flush.totals.of(side) >= flush.totals.usd:
        return ""
    return flush_words.lean(flush.totals)


_LINES: dict[str, Callable[[Alert], str]] = {
    LIQUIDATIONS: _total,
    LIQUIDATION_SPIKE: _spike,
    SINGLE_LIQUIDATION: _print,
    DOMINANCE: _dominance,
    LIQUIDATIONS_TO_OI: _share,
    CASCADE: _cascade,
}
