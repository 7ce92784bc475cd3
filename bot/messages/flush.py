"""Alerts about forced closes as documents: size, level, how unusual, who was crowded, by venue, what is missing."""

from datetime import datetime, timedelta

from bot.messages import flush_words, numbers, wording
from bot.messages.document import (
    Block,
    Cell,
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    Moment,
    Move,
    Paragraph,
    Price,
    Table,
    Tone,
    Usd,
)
from bot.messages.flush_lines import first_line
from monitors.alerts.delivery import OVER, Alert
from monitors.alerts.states import Reason
from monitors.liquidation import FeedGrade, Liquidation, Window
from monitors.metrics.liquidations.readings import (
    CASCADE,
    LIQUIDATION_SPIKE,
    LIQUIDATIONS_TO_OI,
    SINGLE_LIQUIDATION,
)
from monitors.metrics.liquidations.values import Cascade, Flush, VenueFlow
from monitors.metrics.registry import metric

FLOW_COLUMNS = ("venue", "longs", "shorts", "prints", "feed")
MOST_COINS = 8
"""How many coins of a market-wide cascade are named."""
_TONES = {Reason.RESOLVED: Tone.CALM, Reason.AFTERMATH: Tone.PLAIN, Reason.UNWATCHED: Tone.PLAIN}


def tell(alert: Alert, now: datetime) -> Document:
    """Return what an alert about forced closes says."""
    flush = alert.evidence.flush
    blocks: list[Block] = [
        Heading(text=first_line(alert), tone=_TONES.get(alert.reason, Tone.TROUBLE)),
        Paragraph(text=_against_level(alert, now)),
    ]
    if flush is not None:
        blocks += [Paragraph(text=text) for text in _remarks(alert, flush) if text]
        blocks += _facts(alert, flush, now)
    return Document(blocks=(*blocks, footer(alert)))


def flow_table(flush: Flush) -> Table:
    """Return one row a venue: what was liquidated of each side, in how many prints, and how its feed is heard."""
    partial = () if flush.coverage is None else flush.coverage.partial
    return Table(
        columns=FLOW_COLUMNS,
        rows=tuple(_flow_row(venue, has_gap=venue.venue in partial) for venue in flush.venues),
    )


def footer(alert: Alert) -> Footer:
    """Return the judgement's time, how much was heard, the rule, and what every figure lacks."""
    flush = alert.evidence.flush
    coverage = None if flush is None or alert.series.metric == SINGLE_LIQUIDATION else flush.coverage
    heard = [] if coverage is None else flush_words.heard(coverage)
    return Footer(
        as_of=alert.at,
        missing=() if coverage is None else flush_words.missing(coverage),
        note="; ".join([*heard, f"rule {alert.rule.id}, {alert.rule.severity}"]),
    )


def print_rows(largest: Liquidation) -> tuple[tuple[str, Cell], ...]:
    """Return what is known of one print."""
    return (
        ("price", Price(flush_words.coin_price(largest))),
        ("contract", largest.instrument.symbol),
        ("at", numbers.second(largest.at)),
    )


def cascade_rows(cascade: Cascade, now: datetime) -> tuple[tuple[str, Cell], ...]:
    """Return how a cascade went so far: its beginning, its length, its largest minute, and its price or its coins."""
    largest = numbers.usd(cascade.peak_minute_usd, at_least=cascade.is_floor)
    rows: tuple[tuple[str, Cell], ...] = (
        ("opened", Moment(cascade.opened_at)),
        ("lasted", Duration(flush_words.lasted(cascade))),
        ("largest minute", f"{numbers.time_of_day(cascade.peak_minute, now)}, {largest}"),
    )
    if cascade.bases:
        return (*rows, ("coins", flush_words.foremost(cascade.bases, MOST_COINS)))
    return (*rows, ("price", _price(cascade)))


def after_table(cascade: Cascade) -> Table:
    """Return the price at each time after a cascade's close, against before it and since the close."""
    return Table(
        columns=("after", "price", "from before", "since close"),
        rows=tuple(
            (
                Duration(timedelta(minutes=minutes)),
                Price(price),
                None if not cascade.price_before else Move(price / cascade.price_before - 1),
                None if not cascade.price_now else Move(price / cascade.price_now - 1),
            )
            for minutes, price in cascade.prices_after
        ),
    )


def _against_level(alert: Alert, now: datetime) -> str:
    """Return the second line: the value against its level, in words."""
    level, unit = alert.rule.level, metric(alert.series.metric).unit
    in_words = "at every one" if level is None else f"{level.direction} {numbers.level(level.fire_at, unit)}"
    if alert.reason is Reason.AFTERMATH:
        return _came_to(alert)
    if metric(alert.series.metric).is_event:
        return f"It rings {in_words}."
    lasted = numbers.duration(alert.at - alert.since)
    if alert.reason is Reason.RESOLVED:
        return f"resolved after {lasted}{_peak(alert, ', ')}; it rang {in_words}"
    if alert.reason is Reason.UNWATCHED:
        return f"it rang {in_words}; {wording.UNWATCHED}"
    line = f"{in_words} since {numbers.time_of_day(alert.since, now)}"
    line += f", for {lasted}" if alert.at > alert.since else ""
    return line if alert.reason is Reason.FIRST else line + _peak(alert, "; ")


def _peak(alert: Alert, before: str) -> str:
    """Return the largest value of the episode; a cascade only grows, so that its first line says it already."""
    return (
        ""
        if alert.series.metric == CASCADE
        else f"{before}peak {numbers.show(flush_words.amount(alert.peak, alert))}"
    )


def _came_to(alert: Alert) -> str:
    amount = numbers.usd(flush_words.counted(alert), at_least=flush_words.is_floor(alert))
    flush = alert.evidence.flush
    if flush is None or flush.cascade is None:
        return f"It came to {amount}."
    lasted = numbers.duration(flush_words.lasted(flush.cascade))
    return f"It came to {amount} liquidated in {lasted}{flush_words.lean(flush.totals)}."


def _remarks(alert: Alert, flush: Flush) -> list[str]:
    """Return what puts the figure into proportion; of what is over, only what it may lack."""
    crowd = flush_words.flushed(flush, alert.at)
    if alert.series.metric == SINGLE_LIQUIDATION:
        return [_proportion(alert, flush), crowd]
    if alert.reason in OVER or flush_words.is_dark(alert):
        lost = "" if flush.coverage is None else flush_words.unheard(flush.coverage)
        return [lost, flush_words.saturated(flush)]
    return [_proportion(alert, flush), flush_words.alone(flush), crowd, flush_words.saturated(flush)]


def _proportion(alert: Alert, flush: Flush) -> str:
    """Return how grave the figure is, how unusual, and its share of open interest, each with the span it is of.

    What the first line says is left out.
    """
    of, at_least = alert.series.metric, flush_words.is_floor(alert)
    is_one_side = of not in {CASCADE, SINGLE_LIQUIDATION}
    usd = flush.totals.of(alert.series.side) if is_one_side else flush.totals.usd
    interest = flush_words.of_open_interest(usd, flush, at_least=at_least)
    if of == LIQUIDATIONS_TO_OI and interest:
        interest = f"{numbers.usd(usd, at_least=at_least)} of {flush_words.known_interest(flush)}"
    grave = flush_words.severity(flush.severity, at_least=at_least)
    unusual = _unusual(alert, flush)
    if of == SINGLE_LIQUIDATION:
        return flush_words.sentence([interest])
    if of == CASCADE:
        return flush_words.sentence(_of_cascade(grave, unusual, interest))
    return flush_words.over(alert.series.window, [grave, unusual, interest])


def _unusual(alert: Alert, flush: Flush) -> str:
    """Return how unusual the figure is; where the alert is about one side, of both, since a usual is of both."""
    if flush.spike is None:
        return ""
    at_least = flush_words.is_short_of_its_feed(flush)
    if alert.series.metric == LIQUIDATION_SPIKE:
        return flush_words.above_usual(flush.spike, at_least=at_least)
    beside_one_side = alert.series.metric != CASCADE and alert.series.side is not None
    return flush_words.spike(flush.spike, at_least=at_least, beside_one_side=beside_one_side)


def _of_cascade(grave: str, unusual: str, interest: str) -> list[str]:
    """Return what is known of a cascade: it is judged by its base's last hour, its last minutes and since it opened."""
    return [
        f"{grave} in the last {Window.H1}" if grave else "",
        f"the last {Window.M5} {unusual}" if unusual else "",
        f"{interest} since it opened" if interest else "",
    ]


def _facts(alert: Alert, flush: Flush, now: datetime) -> list[Block]:
    cascade = flush.cascade
    if alert.reason is Reason.AFTERMATH and cascade is not None:
        return [after_table(cascade)] if cascade.prices_after else []
    if alert.series.metric == SINGLE_LIQUIDATION:
        return [] if flush.largest is None else [Fields(rows=print_rows(flush.largest))]
    course: list[Block] = [] if cascade is None else [Fields(rows=cascade_rows(cascade, now))]
    return [*course, flow_table(flush)] if flush.venues else course


def _flow_row(flow: VenueFlow, *, has_gap: bool) -> tuple[Cell, ...]:
    at_least = has_gap or flow.grade is FeedGrade.THROTTLED
    return (
        flow.venue,
        Usd(flow.totals.long_usd, at_least),
        Usd(flow.totals.short_usd, at_least),
        flow.totals.count,
        f"{flow.grade}, gap" if has_gap else flow.grade.value,
    )


def _price(cascade: Cascade) -> Cell:
    move, before, now = cascade.price_move, cascade.price_before, cascade.price_now
    if move is None or before is None or now is None:
        return None
    return f"{numbers.move(move)} ({numbers.price(before)} → {numbers.price(now)})"
