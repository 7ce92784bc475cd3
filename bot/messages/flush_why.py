"""The arithmetic behind an alert about forced closes: what was counted where, and against what it was held."""

from collections.abc import Sequence
from math import isclose
from typing import NamedTuple

from bot.messages import flush_words, numbers, wording
from bot.messages.document import Block, Fields, Paragraph, Share, Table
from bot.messages.flush import after_table, cascade_rows, flow_table, print_rows
from monitors.alerts.delivery import Alert
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, Liquidation, PositionSide, Window
from monitors.market import Margin
from monitors.metrics.liquidations.baseline import SPIKE_RATIO, SPIKE_Z
from monitors.metrics.liquidations.dominance import TELLING_COUNT, TELLING_USD
from monitors.metrics.liquidations.readings import (
    CASCADE,
    DOMINANCE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
    dominant,
    strength,
)
from monitors.metrics.liquidations.score import CONFIRMS, WEIGHTS
from monitors.metrics.liquidations.severity import share_of_open_interest
from monitors.metrics.liquidations.values import Cascade, Flush, Spike, Stress

_SUMMED = 5
"""How many venues a sum names."""


def reckoned(alert: Alert) -> list[Block]:
    """Return what was counted and how the value follows from it."""
    flush = alert.evidence.flush
    if flush is None:
        return [Paragraph(text="Its inputs were not known any more at the judgement.")]
    if flush_words.is_dark(alert):
        return _paragraphs(["Nothing was heard any more at the judgement.", *_lacks(flush)])
    if alert.series.metric == SINGLE_LIQUIDATION:
        return _print(flush)
    if alert.series.metric == CASCADE:
        return _cascade(alert, flush)
    return _window(alert, flush)


def _window(alert: Alert, flush: Flush) -> list[Block]:
    span = alert.series.window
    counted = f"Counted, by the venues' own times: the {span or 'time'} up to {numbers.second(alert.at)}."
    texts = [_sum(alert, flush), _divided(alert, flush), _interest(alert, flush)]
    if flush.spike is not None:
        texts.append(_spike(flush.spike, flush, span))
    texts += [flush_words.alone(flush), *_largest(flush), *_lacks(flush), _other_value(alert, flush)]
    return [Paragraph(text=counted), flow_table(flush), *_paragraphs(texts)]


def _cascade(alert: Alert, flush: Flush) -> list[Block]:
    cascade = flush.cascade
    if cascade is None:
        return []
    course = Fields(rows=cascade_rows(cascade, alert.at))
    if alert.reason is Reason.AFTERMATH:
        return [course, after_table(cascade)]
    totals, at_least = cascade.totals, cascade.is_floor
    both = [
        f"{numbers.usd(totals.of(side), at_least=at_least)} of {flush_words.sides(side)}"
        for side in PositionSide
    ]
    prints = wording.plural(totals.count, "print")
    texts = [
        f"{' + '.join(both)} = {numbers.usd(totals.usd, at_least=at_least)} in {prints} since it opened.",
        *([] if flush.spike is None else [_spike(flush.spike, flush, Window.M5)]),
        flush_words.alone(flush),
    ]
    venues = [flow_table(flush)] if flush.venues else []
    lacks = _paragraphs([*_largest(flush), *_lacks(flush)])
    return [course, *_paragraphs(texts), *_stress(cascade), *venues, *lacks]


def _print(flush: Flush) -> list[Block]:
    largest = flush.largest
    if largest is None:
        return []
    words = f"{_notional(largest)}. The price is the venue's: its average fill, or the bankruptcy price."
    interest = flush_words.of_open_interest(largest.usd, flush, at_least=False)
    return [Fields(rows=print_rows(largest)), *_paragraphs([words, flush_words.sentence([interest])])]


def _notional(one: Liquidation) -> str:
    if one.instrument.margin is Margin.INVERSE:
        return f"The face value of the contracts: {numbers.usd(one.usd)}"
    price = numbers.price(flush_words.coin_price(one))
    return f"{flush_words.coins(one)} at {price} = {numbers.usd(one.usd)}"


def _paragraphs(texts: Sequence[str]) -> list[Block]:
    return [Paragraph(text=text) for text in texts if text]


def _sum(alert: Alert, flush: Flush) -> str:
    """Return the total as the sum of the venues' parts, of the side that is counted."""
    side = alert.series.side
    whose = "Both sides" if side is None else flush_words.sides(side).capitalize()
    partial = () if flush.coverage is None else flush.coverage.partial
    parts = [
        numbers.usd(
            venue.totals.of(side), at_least=venue.grade is FeedGrade.THROTTLED or venue.venue in partial
        )
        + f" {venue.venue}"
        for venue in flush.venues
    ]
    more = len(parts) - _SUMMED
    shown = [*parts[:_SUMMED], *([wording.plural(more, "venue") + " more"] if more > 0 else [])]
    total = numbers.usd(flush.totals.of(side), at_least=flush_words.is_floor(alert))
    prints = wording.plural(flush.totals.count, "print")
    return f"{whose}: {' + '.join(shown)} = {total}; {prints} of both sides." if shown else ""


def _divided(alert: Alert, flush: Flush) -> str:
    if alert.series.metric != DOMINANCE:
        return ""
    side, totals = alert.series.side or flush.totals.heavier, flush.totals
    least = f"From {numbers.usd(TELLING_USD)} and {TELLING_COUNT} prints on a side can prevail"
    if totals.usd <= 0:
        return f"{least}; nothing was liquidated."
    part = numbers.share(totals.of(side) / totals.usd)
    return (
        f"{numbers.usd(totals.of(side))} of {flush_words.sides(side)} ÷ {numbers.usd(totals.usd)} = {part}, "
        f"of what was heard. {least}."
    )


def _interest(alert: Alert, flush: Flush) -> str:
    at_least = flush_words.is_floor(alert)
    usd = flush.totals.of(alert.series.side)
    interest = flush_words.of_open_interest(usd, flush, at_least=at_least)
    if not interest:
        unknown = "The open interest is not known any more."
        return unknown if alert.series.metric == LIQUIDATIONS_TO_OI else ""
    return f"{numbers.usd(usd, at_least=at_least)} is {interest}, one-sided."


def _spike(spike: Spike, flush: Flush, span: Window | None) -> str:
    """Return the comparison with what is usual, and from where on it counts as a spike."""
    if spike.z is None or spike.ratio is None:
        return ""
    at_least = flush_words.is_short_of_its_feed(flush)
    usual = f"{numbers.usd(spike.usd / spike.ratio)}" if spike.ratio > 0 else "not known"
    verdict = "a spike" if spike.is_spike else "no spike"
    return (
        f"Usual{flush_words.within(span)} at this hour of day, over 28 days: {usual} (the median of "
        f"{wording.plural(spike.samples, 'sample')}, or a least amount). {numbers.usd(spike.usd)} ÷ {usual} = "
        f"{numbers.times(spike.ratio, at_least=at_least)}, {numbers.score(spike.z)}: {verdict}. "
        f"It is one from {numbers.score(SPIKE_Z)} with {numbers.times(SPIKE_RATIO)}, or from severity 2 on."
    )


def _largest(flush: Flush) -> list[str]:
    one = flush.largest
    if one is None:
        return []
    owner = one.instrument
    what = f"a {one.side} of {owner.symbol} on {owner.venue}, {numbers.usd(one.usd)}"
    price = numbers.price(flush_words.coin_price(one))
    return [f"Largest: {what} at {price}, {numbers.second(one.at)}."]


def _lacks(flush: Flush) -> list[str]:
    lost = "" if flush.coverage is None else flush_words.unheard(flush.coverage)
    return [flush_words.saturated(flush), lost]


def _other_value(alert: Alert, flush: Flush) -> str:
    """Say so where the value judged is older than what is counted here, as when time alone made it ring."""
    here = _value(alert, flush)
    if here is not None and isclose(here, alert.value, rel_tol=1e-6, abs_tol=1e-9):
        return ""
    value = numbers.show(flush_words.amount(alert.value, alert))
    return f"It was judged by {value}: the last value before these inputs changed."


def _value(alert: Alert, flush: Flush) -> float | None:
    side = alert.series.side
    if alert.series.metric == DOMINANCE:
        return dominant(flush.totals, side)
    if alert.series.metric == LIQUIDATIONS_TO_OI:
        return share_of_open_interest(flush.totals.of(side), flush.open_interest_usd)
    if alert.series.metric == LIQUIDATION_SPIKE:
        return None if flush.spike is None else strength(flush.spike)
    return flush.totals.of(side)


class _Symptom(NamedTuple):
    name: str
    weight: float
    reached: float | None


def _stress(cascade: Cascade) -> list[Block]:
    """Return the score's parts, and how they make it."""
    stress = cascade.stress
    if stress is None:
        return []
    symptoms = _symptoms(stress)
    known = [(one.weight, one.reached) for one in symptoms if one.reached is not None]
    weights = sum(weight for weight, _ in known)
    summed = sum(weight * reached for weight, reached in known)
    words = (
        f"Score: weighted mean of what is known, {summed:.3f} ÷ {weights:.2f} = {stress.score:.2f} of 1; "
        f"{wording.plural(stress.confirmations, 'symptom')} beside the liquidations at {numbers.share(CONFIRMS)} or more."
    )
    table = Table(
        columns=("symptom", "weight", "reached"),
        rows=tuple(
            (one.name, Share(one.weight), None if one.reached is None else Share(one.reached))
            for one in symptoms
        ),
    )
    return [table, Paragraph(text=words)]


def _symptoms(stress: Stress) -> tuple[_Symptom, ...]:
    reached = (stress.liquidations, stress.open_interest, stress.premium, stress.depth, stress.spread)
    return tuple(
        _Symptom(name, weight, part) for (name, weight), part in zip(WEIGHTS.items(), reached, strict=True)
    )
