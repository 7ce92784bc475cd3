"""Why something was told: its inputs with their ages, the formula with its numbers, and what ends it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import isclose

from bot.messages import flush_why, numbers, wording
from bot.messages.compose import headline
from bot.messages.course import course
from bot.messages.document import (
    Block,
    Cell,
    Document,
    Fields,
    Footer,
    Heading,
    IntervalRate,
    Paragraph,
    Share,
    Table,
    Usd,
    UsdPerHour,
)
from bot.messages.flush import footer
from monitors.alerts.delivery import Alert
from monitors.market import HOUR, HOURS_PER_YEAR
from monitors.metrics.funding import oi_weighted
from monitors.metrics.instruments import FUNDING, INTERVAL_CHANGE
from monitors.metrics.reading import ALL_VENUES, Evidence, Leg
from monitors.metrics.registry import Source, metric
from monitors.metrics.venues import FUNDING_OI, SPREAD


def explain(alert: Alert, now: datetime) -> Document:
    """Return everything behind one alert; ages are those at its judgement."""
    evidence = alert.evidence
    blocks: list[Block] = [Heading(text=f"Why: {headline((alert,), now)}")]
    if metric(alert.series.metric).source is Source.LIQUIDATIONS:
        return Document(
            blocks=(*blocks, *flush_why.reckoned(alert), Fields(rows=course(alert)), footer(alert))
        )
    if evidence.legs:
        blocks += [Paragraph(text="Inputs, with their ages at the judgement:")]
        blocks += [wording.legs_table(evidence.legs, alert.at)]
        blocks += _FORMULAS[alert.series.metric](alert)
    else:
        blocks += [Paragraph(text="Its inputs were not known any more at the judgement.")]
    blocks += [Fields(rows=course(alert))]
    end = Footer(
        as_of=alert.at,
        missing=wording.left_out_in_words(evidence.left_out),
        note="; ".join([f"rule {alert.rule.id}, {alert.rule.severity}", *_coverage(alert)]),
    )
    return Document(blocks=(*blocks, end))


def _coverage(alert: Alert) -> list[str]:
    evidence = alert.evidence
    if alert.series.venue != ALL_VENUES:
        return []
    venues = len({leg.funding.instrument.venue for leg in evidence.legs})
    share = evidence.open_interest_share
    words = [] if share is None else [wording.coverage(share, venues)]
    return words if evidence.left_out else [*words, "no venue was left out"]


def _funding(alert: Alert) -> list[Block]:
    (leg, *_) = alert.evidence.legs
    hourly = leg.funding.hourly
    return [Paragraph(text=f"{_per_hour(leg)}{_a_year(hourly)}."), *_unless(hourly, alert)]


def _funding_oi(alert: Alert) -> list[Block]:
    weighed = _weighed(alert.evidence)
    total = sum(usd for _, _, usd in weighed)
    if not total:
        return []
    flow = sum(hourly * usd for _, hourly, usd in weighed)
    result = oi_weighted([(hourly, usd) for _, hourly, usd in weighed]).value
    table = Table(
        columns=("venue", "an hour", "OI", "paid an hour", "weight", "contract"),
        rows=tuple(_weighed_row(leg, hourly, usd, total) for leg, hourly, usd in weighed),
    )
    words = (
        f"Sum of rate times OI ÷ sum of OI: {numbers.usd_per_hour(flow)} ÷ {numbers.usd(total)} = "
        f"{numbers.interval_rate(flow / total, HOUR)}{_a_year(result)}."
    )
    return [table, Paragraph(text=words), *_unless(result, alert)]


def _weighed(evidence: Evidence) -> list[tuple[Leg, float, float]]:
    return [
        (leg, leg.funding.hourly, leg.open_interest.usd)
        for leg in evidence.legs
        if leg.funding.hourly is not None and leg.open_interest is not None
    ]


def _weighed_row(leg: Leg, hourly: float, usd: float, total: float) -> tuple[Cell, ...]:
    return (
        leg.funding.instrument.venue,
        IntervalRate(hourly, HOUR),
        Usd(usd),
        UsdPerHour(hourly * usd),
        Share(usd / total),
        leg.funding.instrument.symbol,
    )


def _spread(alert: Alert) -> list[Block]:
    legs = alert.evidence.legs
    high, low = legs[0].funding, legs[-1].funding
    if high.hourly is None or low.hourly is None:
        return []
    gap = high.hourly - low.hourly
    words = (
        f"Highest minus lowest: {high.instrument.venue} {numbers.rate(high.hourly)} less "
        f"{low.instrument.venue} {numbers.rate(low.hourly)} = "
        f"{numbers.rate(gap, at_least=alert.evidence.is_floor)}."
    )
    each = [Paragraph(text=f"{leg.funding.instrument.venue}: {_per_hour(leg)}.") for leg in legs]
    return [*each, Paragraph(text=words), *_unless(gap, alert)]


def _interval_change(alert: Alert) -> list[Block]:
    before, after = alert.evidence.previous_interval, timedelta(hours=alert.value)
    was = "what it was before is not known" if before is None else f"before it was {numbers.duration(before)}"
    words = f"Two polls in a row gave {numbers.duration(after)}; {was}. One poll alone is not believed."
    return [Paragraph(text=words)]


_FORMULAS: dict[str, Callable[[Alert], list[Block]]] = {
    FUNDING: _funding,
    FUNDING_OI: _funding_oi,
    SPREAD: _spread,
    INTERVAL_CHANGE: _interval_change,
}


def _per_hour(leg: Leg) -> str:
    """Return `0.0800 %/8h ÷ 8h = 0.0100 %/1h`."""
    funding = leg.funding
    published = numbers.interval_rate(funding.rate, funding.interval)
    if funding.hourly is None or funding.interval is None:
        return f"{published}, which cannot be compared"
    return (
        f"{published} ÷ {numbers.duration(funding.interval)} = {numbers.interval_rate(funding.hourly, HOUR)}"
    )


def _a_year(hourly: float | None) -> str:
    if hourly is None or not numbers.is_annualised(hourly):
        return ""
    return f"; times {HOURS_PER_YEAR:,} h a year = {numbers.rate(hourly)}"


def _unless(reckoned: float | None, alert: Alert) -> list[Block]:
    """Say so where the value judged is older than the inputs shown, as when time alone made it ring."""
    if reckoned is not None and isclose(reckoned, alert.value, rel_tol=1e-6, abs_tol=1e-12):
        return []
    value = numbers.rate(alert.value)
    return [Paragraph(text=f"It was judged by {value}: the last value before these inputs changed.")]
