"""A rule's alert before it rings: made up from the market of now, through the real renderer."""

from collections.abc import Iterator
from dataclasses import replace

from bot.commands.context import Context
from bot.messages.compose import compose_one, marked
from bot.messages.document import Button, Document, Footer, Heading, Paragraph, Tone
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Direction, Rule
from monitors.alerts.states import Reason
from monitors.market import HOUR, Margin
from monitors.metrics.board import Board
from monitors.metrics.instruments import FUNDING
from monitors.metrics.reading import Reading
from monitors.metrics.registry import metric
from monitors.metrics.view import View

MARK = "[TEST] "
DISCLAIMER = "Only a test: nothing rang, and the value need not have passed the level."


def rehearse(rule: Rule, board: Board, context: Context) -> Document:
    """Return the alert that the rule would send for its most extreme series now; no state is touched."""
    watched = metric(rule.metric)
    found = list(readings(rule, board, context))
    if not found:
        heading = Heading(text=f"{MARK}Nothing fresh matches rule {rule.id} now", tone=Tone.ERROR)
        return Document(blocks=(heading, Footer(as_of=context.now)), failed=True)
    sign = Direction.ABOVE.sign if rule.level is None else rule.level.direction.sign
    most = max(found, key=lambda reading: sign * reading.value)
    alert = Alert(
        reason=Reason.EVENT if rule.level is None else Reason.FIRST,
        rule=rule,
        series=most.series,
        value=most.value,
        at=context.now,
        since=context.now - rule.timing.pending_for,
        peak=most.value,
        evidence=watched.explain(_view(board, context), most.series),
    )
    document = marked(compose_one(alert, context.now), MARK)
    headline, *rest = document.blocks
    edit = Button(label="Edit", line=f"/alert edit {rule.id}")
    return replace(document, blocks=(headline, Paragraph(text=DISCLAIMER), *rest), buttons=(edit,))


def readings(rule: Rule, board: Board, context: Context) -> Iterator[Reading]:
    """Yield the readings that the rule watches; an event metric has none at rest and borrows the rates'."""
    watched = metric(rule.metric)
    source = metric(FUNDING) if watched.is_event else watched
    for reading in source.read(_view(board, context)):
        series, selector = reading.series, rule.selector
        if (
            series.margin is selector.margin
            and selector.base in {None, series.base}
            and selector.venue in {None, series.venue}
        ):
            yield _as_event(reading, rule, board) if watched.is_event else reading


def _as_event(reading: Reading, rule: Rule, board: Board) -> Reading:
    """Turn a rate's reading into one of its instrument's interval, in hours."""
    series = reading.series._replace(metric=rule.metric)
    intervals = [
        o.funding.interval / HOUR
        for o in board.group(series.base, series.margin)
        if o.funding.instrument.symbol == series.symbol
        and o.funding.instrument.venue == series.venue
        and o.funding.interval is not None
    ]
    return Reading(series, max(intervals), reading.at)


def _view(board: Board, context: Context) -> View:
    everything = [o for margin in Margin for base in board.bases(margin) for o in board.group(base, margin)]
    return View(
        board=board,
        observations=tuple(o for o in everything if board.is_fresh(o, context.now)),
        interval_changes=(),
        now=context.now,
    )
