"""A rule's alert before it rings, through the real renderer: of the market of now, or made up where that is rare."""

from collections.abc import Iterator
from dataclasses import replace

from bot.commands.context import Context
from bot.commands.made_up import made_up
from bot.messages.compose import compose_one, marked
from bot.messages.document import Button, Document, Footer, Heading, Paragraph, Tone
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Direction, Rule
from monitors.alerts.states import Reason
from monitors.liquidation import NO_FEED
from monitors.market import HOUR, Margin
from monitors.metrics.board import Board
from monitors.metrics.instruments import FUNDING
from monitors.metrics.liquidations.values import MARKET, Key
from monitors.metrics.reading import Cut, Reading
from monitors.metrics.registry import Metric, Source, metric
from monitors.metrics.view import View

MARK = "[TEST] "
DISCLAIMER = "Only a test: nothing rang, and the value need not have passed the level."
MADE_UP = "Only a test: nothing rang, and every figure below is made up."


async def rehearse(rule: Rule, board: Board, context: Context) -> Document:
    """Return the alert that the rule would send; no state is touched.

    Funding is that of the rule's most extreme series now. A flush is made up: there is seldom one to show.
    """
    if metric(rule.metric).source is Source.LIQUIDATIONS:
        return await _of_liquidations(rule, board, context)
    view = await view_for(rule, board, context)
    found = list(readings(rule, view))
    if not found:
        heading = Heading(text=f"{MARK}Nothing fresh matches rule {rule.id} now", tone=Tone.ERROR)
        return Document(blocks=(heading, Footer(as_of=context.now)), failed=True)
    return _shown(_of_now(rule, found, view), DISCLAIMER, context)


async def _of_liquidations(rule: Rule, board: Board, context: Context) -> Document:
    tape = (await context.liquidations.board()).tape
    silent = tuple(venue for venue in context.venues if venue in NO_FEED)
    told = [venue for venue in context.venues if venue not in NO_FEED]
    if rule.selector.venue is not None and rule.selector.venue not in told:
        told.append(rule.selector.venue)  # configured when the rule was made
    feeds = [(venue, tape.grade(venue)) for venue in told]
    if not feeds:
        heading = Heading(text=f"{MARK}No venue watched here publishes its liquidations", tone=Tone.ERROR)
        return Document(blocks=(heading, Footer(as_of=context.now)), failed=True)
    return _shown(made_up(rule, board, feeds, silent, context.now), MADE_UP, context)


def _shown(alert: Alert, disclaimer: str, context: Context) -> Document:
    document = marked(compose_one(alert, context.now), MARK)
    headline, *rest = document.blocks
    edit = Button(label="Edit", line=f"/alert edit {alert.rule.id}")
    return replace(document, blocks=(headline, Paragraph(text=disclaimer), *rest), buttons=(edit,))


def _of_now(rule: Rule, found: list[Reading], view: View) -> Alert:
    sign = Direction.ABOVE.sign if rule.level is None else rule.level.direction.sign
    most = max(found, key=lambda reading: sign * reading.value)
    return Alert(
        reason=Reason.EVENT if rule.level is None else Reason.FIRST,
        rule=rule,
        series=most.series,
        value=most.value,
        at=view.now,
        since=view.now - rule.timing.pending_for,
        peak=most.value,
        evidence=metric(rule.metric).explain(view, most.series),
    )


def readings(rule: Rule, view: View) -> Iterator[Reading]:
    """Yield the readings that the rule watches; an event without a level has none at rest and borrows the rates'."""
    watched = metric(rule.metric)
    source = metric(FUNDING) if _borrows(watched) else watched
    for reading in source.read(view):
        series, selector = reading.series, rule.selector
        if (
            series.margin is selector.margin
            and selector.base in {None, series.base}
            and selector.venue in {None, series.venue}
        ):
            yield _as_event(reading, rule, view.board) if _borrows(watched) else reading


def _borrows(watched: Metric) -> bool:
    return watched.is_event and not watched.has_level


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


async def view_for(rule: Rule, board: Board, context: Context) -> View:
    """Return what is known now, as if all of it that the rule is about had just changed."""
    everything = [o for margin in Margin for base in board.bases(margin) for o in board.group(base, margin)]
    selector, liquidations = rule.selector, await context.liquidations.board()
    bases = board.bases() if selector.base is None else (selector.base,)
    return View(
        board=board,
        liquidations=liquidations,
        now=context.now,
        cuts=lambda _: (Cut(selector.side, selector.window),),
        observations=tuple(o for o in everything if board.is_fresh(o, context.now)),
        keys=[Key(base="" if base == MARKET else base, venue=selector.venue or "") for base in bases],
        cascades=liquidations.running(),
    )
